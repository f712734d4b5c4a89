//! What happens during a run, for those who watch: progress bar, profiler, tests.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use crate::graph::{Plan, TaskId};

/// One thing that happened in a run.
#[derive(Clone, Copy, Debug)]
pub enum Event {
    /// The run begins.
    Started,
    /// A worker took a task.
    TaskStarted {
        /// The task.
        task: TaskId,
        /// Which worker took it.
        worker: usize,
    },
    /// A task made its value.
    TaskFinished {
        /// The task.
        task: TaskId,
        /// Which worker ran it.
        worker: usize,
        /// How long it ran.
        took: Duration,
        /// Size of the value.
        bytes: usize,
    },
    /// The last reader of a value is done and the value is freed.
    Released {
        /// The task whose value it was.
        task: TaskId,
    },
    /// The run ended.
    Finished {
        /// Whether every target was made.
        complete: bool,
    },
}

/// Watches runs.
pub trait Observer: Send + Sync {
    /// Called for each event of a run of `plan`, from the thread where it happens: return quickly.
    fn observe(&self, plan: &Plan, event: Event);
}

static OBSERVERS: RwLock<Vec<Arc<dyn Observer>>> = RwLock::new(Vec::new());

/// Lets `observer` watch every run from now on.
pub fn watch(observer: Arc<dyn Observer>) {
    OBSERVERS.write().unwrap_or_else(PoisonError::into_inner).push(observer);
}

/// Those who watch now.
pub(super) fn observers() -> Vec<Arc<dyn Observer>> {
    OBSERVERS.read().unwrap_or_else(PoisonError::into_inner).clone()
}
