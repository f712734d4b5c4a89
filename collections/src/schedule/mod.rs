//! Runs a plan. One run state (what is ready, waiting, released), small backends around it:
//! `synchronous` in place, `threads` on the machine's cores. Imports: graph.

mod cancel;
mod event;
mod report;
mod state;
mod synchronous;
mod threads;
mod unwind;

use std::cell::Cell;
use std::sync::atomic::{AtomicU8, Ordering};

use crate::graph::{Failure, Origin, Plan, Value};

pub use cancel::{CancelToken, cancel_all};
pub use event::{Event, Observer, watch};
pub use report::{LayerReport, RunReport, Tally, last_run};
pub use unwind::Panicked;

/// What runs the tasks of a graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheduler {
    /// One task after another on the calling thread: the reference for every other scheduler, and the one to debug with.
    Synchronous,
    /// All cores of this machine; the default.
    Threads,
}

static DEFAULT: AtomicU8 = AtomicU8::new(Scheduler::Threads as u8);

thread_local! {
    static SCOPED: Cell<Option<Scheduler>> = const { Cell::new(None) };
}

impl Scheduler {
    /// Every scheduler there is.
    pub const ALL: [Scheduler; 2] = [Scheduler::Synchronous, Scheduler::Threads];

    /// The scheduler that `compute` uses here: that of the innermost [`with_scheduler`], else the one of [`set_scheduler`].
    pub fn current() -> Scheduler {
        let global = || Scheduler::ALL[DEFAULT.load(Ordering::Relaxed) as usize];
        SCOPED.get().unwrap_or_else(global)
    }

    /// The name that people and files use for it.
    pub fn name(self) -> &'static str {
        match self {
            Scheduler::Synchronous => "synchronous",
            Scheduler::Threads => "threads",
        }
    }
}

impl std::str::FromStr for Scheduler {
    type Err = UnknownScheduler;

    /// ```
    /// # use lazuli::Scheduler;
    /// assert_eq!("threads".parse::<Scheduler>().unwrap(), Scheduler::Threads);
    /// assert!("thread".parse::<Scheduler>().unwrap_err().to_string().contains("synchronous"));
    /// ```
    fn from_str(name: &str) -> Result<Self, UnknownScheduler> {
        Scheduler::ALL
            .into_iter()
            .find(|scheduler| scheduler.name() == name)
            .ok_or_else(|| UnknownScheduler { name: name.to_owned() })
    }
}

/// A scheduler's name that does not exist.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no scheduler `{name}`; choose `synchronous` or `threads`")]
pub struct UnknownScheduler {
    name: String,
}

/// Makes `scheduler` the one that every `compute` uses from now on.
///
/// ```
/// use lazuli::{Scheduler, set_scheduler};
/// set_scheduler(Scheduler::Synchronous);
/// assert_eq!(Scheduler::current(), Scheduler::Synchronous);
/// # set_scheduler(Scheduler::Threads);
/// ```
pub fn set_scheduler(scheduler: Scheduler) {
    DEFAULT.store(scheduler as u8, Ordering::Relaxed);
}

/// Runs `work` with `scheduler` for every `compute` inside it, then returns to the one before.
///
/// ```
/// use lazuli::{Scheduler, with_scheduler};
/// let inside = with_scheduler(Scheduler::Synchronous, Scheduler::current);
/// assert_eq!(inside, Scheduler::Synchronous);
/// assert_eq!(Scheduler::current(), Scheduler::Threads);
/// ```
pub fn with_scheduler<R>(scheduler: Scheduler, work: impl FnOnce() -> R) -> R {
    struct Restore(Option<Scheduler>);
    impl Drop for Restore {
        fn drop(&mut self) {
            SCOPED.set(self.0);
        }
    }
    let _restore = Restore(SCOPED.replace(Some(scheduler)));
    work()
}

/// Why a run stopped before its end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// A task returned an error.
    #[error("{operation} failed{} (built in {origin}): {source}", which(*.partition, *.partitions))]
    Task {
        /// The operation whose task failed.
        operation: &'static str,
        /// The partition it was making.
        partition: usize,
        /// How many partitions that layer has.
        partitions: usize,
        /// Where the layer was built.
        origin: Origin,
        /// What the task said.
        source: Failure,
    },
    /// The run was cancelled: by an interrupt, or from code.
    #[error("the run was cancelled; every variable is kept")]
    Cancelled,
}

fn which(partition: usize, partitions: usize) -> String {
    if partitions == 1 { String::new() } else { format!(" in partition {partition} of {partitions}") }
}

/// Runs `plan` on the current scheduler; the values of its targets in their order.
pub(crate) fn run(plan: &Plan) -> Result<Vec<Value>, RunError> {
    let token = CancelToken::for_run();
    let recorder = report::Recorder::start(plan);
    let result = match Scheduler::current() {
        Scheduler::Synchronous => synchronous::run(plan, &token, &recorder),
        Scheduler::Threads => threads::run(plan, &token, &recorder),
    };
    recorder.finish(plan, result.is_ok());
    result
}

/// Runs one task, its panic turned into an error that names the operation and where it was built.
fn run_task(plan: &Plan, claim: state::Claim) -> Result<Value, RunError> {
    let task = claim.task;
    let layer = plan.layer(task);
    unwind::caught(|| layer.operation().run(claim.receive(plan))).map_err(|source| RunError::Task {
        operation: layer.operation().name(),
        partition: plan.partition(task),
        partitions: layer.tasks(),
        origin: layer.origin(),
        source,
    })
}
