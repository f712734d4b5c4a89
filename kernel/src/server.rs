//! The loop: one event after the other, all state in one place. Imports: everything above.

use crate::error::Error;
use crate::event::Event;
use crate::handlers::execute::{self, Execution};
use crate::handlers::{complete, inspect, interrupt};
use crate::input::{Question, Questions};
use crate::interpreter::{Failure, InputError, Interrupter, Launch, Outcome};
use crate::outbox::{Origin, Outbox};
use crate::queue::Queue;
use crate::session::Session;
use crate::status::Busy;
use crate::transport::{Connection, Incoming};
use crate::worker::{Answer, Worker};
use crossbeam_channel::{Receiver, Sender, select, unbounded};
use jupyter_protocol::{JupyterMessage, JupyterMessageContent as Content, Status};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long a running cell may take to stop when the kernel shuts down, and again to be ended. Jupyter sends SIGTERM after
/// 2.5 seconds.
const GRACE: Duration = Duration::from_secs(1);

/// Serves a connection until it is asked to shut down, or nobody is there any more.
///
/// ```
/// use jupyter_protocol::ShutdownRequest;
/// use lazuli_kernel::{interpreter::scripted::Script, serve, transport::{Incoming, memory}};
///
/// let (connection, frontend) = memory::pair();
/// frontend.requests.send(Incoming::Control(ShutdownRequest { restart: false }.into())).expect("the kernel listens");
/// serve(Script::new().launch(), connection)?;
/// # Ok::<(), lazuli_kernel::Error>(())
/// ```
pub fn serve(launch: Launch, connection: Connection) -> Result<(), Error> {
    let (events, happened) = unbounded();
    let mut server = Server::new(launch, connection, events)?;
    server.outbox.publish(Status::starting(), None);
    server.outbox.publish(Status::idle(), None);
    while !server.stopping {
        let incoming = server.incoming.clone();
        let event = select! {
            recv(incoming) -> message => message.map_or(Event::Disconnected, Event::from),
            recv(happened) -> event => event.expect("the server holds a sender of its own events"),
        };
        server.handle(event);
        server.advance();
    }
    server.stop(&happened);
    Ok(())
}

/// All that the loop owns.
pub(crate) struct Server {
    pub(crate) outbox: Outbox,
    pub(crate) session: Session,
    pub(crate) queue: Queue,
    pub(crate) language_version: String,
    /// Set when the kernel is to end; the loop looks at it after each event.
    pub(crate) stopping: bool,
    incoming: Receiver<Incoming>,
    events: Sender<Event>,
    interrupter: Arc<dyn Interrupter>,
    /// Taken when the kernel ends.
    worker: Option<Worker>,
    running: Option<Running>,
    questions: Questions,
}

/// What the interpreter does at the moment.
#[derive(Debug)]
enum Running {
    Cell(Execution),
    Completion(Busy, String),
    Inspection(Busy),
}

impl Server {
    fn new(launch: Launch, connection: Connection, events: Sender<Event>) -> Result<Self, Error> {
        let worker = Worker::spawn(launch.start, events.clone())?;
        Ok(Server {
            outbox: Outbox::new(connection.outgoing),
            session: Session::default(),
            queue: Queue::default(),
            language_version: launch.language_version,
            stopping: false,
            incoming: connection.incoming,
            events,
            interrupter: launch.interrupter,
            worker: Some(worker),
            running: None,
            questions: Questions::default(),
        })
    }

    fn handle(&mut self, event: Event) {
        match event {
            Event::Shell(message) => self.dispatch(Origin::Shell, message),
            Event::Control(message) => self.dispatch(Origin::Control, message),
            Event::Stdin(message) => self.take_input(&message),
            Event::Asked(question) => self.ask(question),
            Event::Finished(answer) => self.finish(answer),
            Event::Stopped | Event::Disconnected => self.stopping = true,
        }
    }

    /// Gives the interpreter its next job, if it has none.
    fn advance(&mut self) {
        if self.running.is_some() || self.stopping {
            return;
        }
        let Some((origin, message)) = self.queue.pop() else { return };
        let busy = Busy::begin(&self.outbox, origin, message);
        let request = Arc::clone(busy.request());
        let (running, job) = match &request.content {
            Content::ExecuteRequest(request) => {
                let (execution, job) = execute::begin(busy, request, &mut self.session, &self.events);
                (Running::Cell(execution), job)
            }
            Content::CompleteRequest(request) => {
                (Running::Completion(busy, request.code.clone()), complete::begin(request))
            }
            Content::InspectRequest(request) => (Running::Inspection(busy), inspect::begin(request)),
            other => unreachable!("{} does not need the interpreter", other.message_type()),
        };
        if let Some(worker) = &self.worker {
            worker.submit(job);
            self.running = Some(running);
        }
    }

    /// Replies to what the interpreter has done.
    fn finish(&mut self, answer: Answer) {
        match (self.running.take(), answer) {
            (Some(Running::Cell(execution)), Answer::Executed { outcome, expressions }) => {
                self.questions.close(InputError::Closed);
                let abort = execution.aborts_others(&outcome);
                execution.finish(outcome, expressions, &mut self.session);
                if abort {
                    self.abort_cells();
                }
            }
            (Some(Running::Completion(busy, code)), Answer::Completed(found)) => complete::finish(busy, &code, found),
            (Some(Running::Inspection(busy)), Answer::Inspected(found)) => inspect::finish(busy, found),
            (running, answer) => unreachable!("{answer:?} does not answer {running:?}"),
        }
    }

    /// Aborts all cells that were sent before their sender could know of the failure.
    fn abort_cells(&mut self) {
        while let Ok(message) = self.incoming.try_recv() {
            self.handle(Event::from(message));
        }
        for (origin, request) in self.queue.take_cells() {
            execute::abort(&self.outbox, origin, request, &self.session);
        }
    }

    /// Stops the running cell; does nothing if there is none.
    pub(crate) fn interrupt(&mut self) {
        if let Some(Running::Cell(execution)) = &self.running {
            interrupt::stop(execution, &mut self.questions, &*self.interrupter);
        }
    }

    fn take_input(&mut self, message: &JupyterMessage) {
        if let Content::InputReply(reply) = &message.content {
            let parent = message.parent_header.as_ref().map(|header| header.msg_id.as_str());
            self.questions.answer(parent, reply, &self.outbox);
        }
    }

    /// Puts a cell's question to the user. When no cell runs, or another than the one that is said to ask, there is no answer.
    fn ask(&mut self, question: Question) {
        match &self.running {
            Some(Running::Cell(execution)) if execution.is_of(&question.cell) => {
                self.questions.push(question, &self.outbox);
            }
            _ => question.settle(Err(InputError::Closed)),
        }
    }

    /// Whether the interpreter comes to its end within the grace period.
    fn await_end(&mut self, happened: &Receiver<Event>) -> bool {
        let deadline = Instant::now() + GRACE;
        loop {
            match happened.recv_deadline(deadline) {
                Ok(Event::Finished(answer)) => self.finish(answer),
                Ok(Event::Asked(question)) => question.settle(Err(InputError::Closed)),
                Ok(Event::Stopped) => return true,
                Ok(_) => {}
                Err(_) => return false,
            }
        }
    }

    /// Ends the interpreter, within the grace period if it can, and leaves no request without its reply.
    fn stop(mut self, happened: &Receiver<Event>) {
        self.abort_cells();
        self.interrupt();
        self.questions.close(InputError::Closed);
        drop(self.worker.take());
        if !self.await_end(happened) {
            self.interrupter.end();
            if !self.await_end(happened) {
                eprintln!("lazuli-kernel: the interpreter does not stop; the kernel ends without it");
            }
        }
        if let Some(Running::Cell(execution)) = self.running.take() {
            let failure = Failure::new("Shutdown", "the kernel was shut down while the cell ran");
            execution.finish(Outcome::Failed(failure), Vec::new(), &mut self.session);
        }
        while let Some((origin, request)) = self.queue.pop() {
            Busy::begin(&self.outbox, origin, request).refuse("Shutdown", "the kernel was shut down");
        }
        self.outbox.close();
    }
}
