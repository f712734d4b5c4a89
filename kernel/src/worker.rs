//! The interpreter's own thread: jobs in, answers out. Imports: interpreter, event.
//!
//! Also the only place where a panic of the interpreter is caught: it becomes the answer to its job, and the next job runs.

use crate::error::Error;
use crate::event::Event;
use crate::interpreter::{Cell, Completions, Discard, Failure, Interpreter, MimeBundle, Outcome, OutputSink};
use crossbeam_channel::{Receiver, Sender, unbounded};
use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;

/// The stack of rust-analyzer's deepest recursions, with room to spare; only what is touched costs memory.
const STACK: usize = 32 * 1024 * 1024;

/// Something to do for the interpreter.
pub(crate) enum Job {
    /// Run a cell, then the expressions a frontend wants to know the value of.
    Execute { cell: Cell, output: Arc<dyn OutputSink>, expressions: Vec<(String, String)> },
    /// Find what could stand at a byte offset.
    Complete { code: String, cursor: usize },
    /// Find what is known at a byte offset.
    Inspect { code: String, cursor: usize },
}

/// What came of a job.
#[derive(Debug)]
pub(crate) enum Answer {
    Executed { outcome: Outcome, expressions: Vec<(String, Outcome)> },
    Completed(Completions),
    Inspected(Option<MimeBundle>),
}

/// The server's handle of the thread. Dropping it ends the thread after the job at hand.
pub(crate) struct Worker {
    jobs: Sender<Job>,
}

impl Worker {
    /// Starts the thread, and on it the interpreter.
    pub(crate) fn spawn(
        start: impl FnOnce() -> Result<Box<dyn Interpreter>, Failure> + Send + 'static,
        events: Sender<Event>,
    ) -> Result<Self, Error> {
        let (jobs, inbox) = unbounded();
        thread::Builder::new()
            .name("interpreter".to_owned())
            .stack_size(STACK)
            .spawn(move || work(start, &inbox, &events))
            .map_err(|source| Error::Runtime { source })?;
        Ok(Worker { jobs })
    }

    /// Hands over a job; the answer comes as an event.
    pub(crate) fn submit(&self, job: Job) {
        self.jobs.send(job).expect("the thread works until this handle is dropped");
    }
}

impl fmt::Debug for Worker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Worker").field("jobs", &self.jobs.len()).finish()
    }
}

fn work(start: impl FnOnce() -> Result<Box<dyn Interpreter>, Failure>, inbox: &Receiver<Job>, events: &Sender<Event>) {
    let started = catch_unwind(AssertUnwindSafe(start)).unwrap_or_else(|panic| Err(fault(&*panic)));
    let mut interpreter = started.unwrap_or_else(|failure| {
        eprintln!("lazuli-kernel: the interpreter did not start: {}", failure.value);
        Box::new(Absent(failure))
    });
    for job in inbox {
        // The server outlives this thread, except when the process ends: then nobody waits for the answer.
        drop(events.send(Event::Finished(perform(interpreter.as_mut(), job))));
    }
    if catch_unwind(AssertUnwindSafe(|| interpreter.shutdown())).is_err() {
        eprintln!("lazuli-kernel: the interpreter panicked while it shut down");
    }
    drop(events.send(Event::Stopped));
}

fn perform(interpreter: &mut dyn Interpreter, job: Job) -> Answer {
    match job {
        Job::Execute { cell, output, expressions } => execute(interpreter, &cell, &output, expressions),
        Job::Complete { code, cursor } => Answer::Completed(
            catch_unwind(AssertUnwindSafe(|| interpreter.complete(&code, cursor)))
                .unwrap_or_else(|_| Completions::none(cursor)),
        ),
        Job::Inspect { code, cursor } => {
            Answer::Inspected(catch_unwind(AssertUnwindSafe(|| interpreter.inspect(&code, cursor))).unwrap_or(None))
        }
    }
}

fn execute(
    interpreter: &mut dyn Interpreter,
    cell: &Cell,
    output: &Arc<dyn OutputSink>,
    expressions: Vec<(String, String)>,
) -> Answer {
    // Interrupted while it waited, for a slow start perhaps: it does not begin.
    let outcome =
        if cell.interrupted() { Outcome::Failed(Failure::interrupted()) } else { run(interpreter, cell, output) };
    let expressions = match outcome {
        Outcome::Done { .. } => expressions,
        Outcome::Failed(_) => Vec::new(),
    };
    let nowhere: Arc<dyn OutputSink> = Arc::new(Discard);
    let expressions = expressions
        .into_iter()
        .map(|(name, code)| {
            let cell = Cell { code, silent: true, ..cell.clone() };
            (name, run(interpreter, &cell, &nowhere))
        })
        .collect();
    Answer::Executed { outcome, expressions }
}

fn run(interpreter: &mut dyn Interpreter, cell: &Cell, output: &Arc<dyn OutputSink>) -> Outcome {
    catch_unwind(AssertUnwindSafe(|| interpreter.execute(cell, output)))
        .unwrap_or_else(|panic| Outcome::Failed(fault(&*panic)))
}

/// A panic that is not the user's.
fn fault(panic: &(dyn Any + Send)) -> Failure {
    let text = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message");
    Failure::new(
        "KernelFault",
        format!("a fault of the kernel, not of your code; it goes on. The kernel panicked: {text}"),
    )
}

/// Stands in for an interpreter that did not start: says so to every cell.
struct Absent(Failure);

impl Interpreter for Absent {
    fn execute(&mut self, _: &Cell, _: &Arc<dyn OutputSink>) -> Outcome {
        Outcome::Failed(self.0.clone())
    }

    fn complete(&mut self, _: &str, cursor: usize) -> Completions {
        Completions::none(cursor)
    }

    fn inspect(&mut self, _: &str, _: usize) -> Option<MimeBundle> {
        None
    }

    fn shutdown(&mut self) {}
}
