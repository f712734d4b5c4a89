//! What happens during a run, for those who watch: progress bar, profiler, tests.

use std::sync::{Arc, LazyLock, PoisonError, RwLock};
use std::time::Duration;

use super::Tally;
use crate::graph::{Plan, TaskId};

/// One thing that happened in a run.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// The run begins.
    Started {
        /// What it has done so far: kept, it can be read until the run ends.
        tally: &'a Arc<Tally>,
    },
    /// All that a task reads is made.
    TaskQueued {
        /// The task.
        task: TaskId,
    },
    /// A worker began a task.
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
    /// A worker process died; its task runs again.
    TaskLost {
        /// The task.
        task: TaskId,
        /// Which worker died.
        worker: usize,
    },
    /// A value was written to the disk to make room.
    Spilled {
        /// The task whose value it is.
        task: TaskId,
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
        /// What it has done.
        tally: &'a Arc<Tally>,
        /// Whether every target was made.
        complete: bool,
    },
}

/// Watches runs.
pub trait Observer: Send + Sync {
    /// Called for each event of a run of `plan`, from the thread where it happens: return quickly.
    fn observe(&self, plan: &Plan, event: Event);

    /// Whether it wants to be told of each task, or only when runs start and finish: counts can be read from the
    /// tally at any time, and cost less.
    fn watches_tasks(&self) -> bool {
        true
    }

    /// Called at most ten times a second while a run goes on, from a thread that runs no tasks, for those who show
    /// what the tally says; not at all in a run shorter than that.
    fn pulse(&self, tally: &Arc<Tally>) {
        let _ = tally;
    }
}

/// Those who watch: first those that the library brings along.
static OBSERVERS: LazyLock<RwLock<Vec<Arc<dyn Observer>>>> = LazyLock::new(|| RwLock::new(crate::first_observers()));

/// Lets `observer` watch every run from now on, until what is returned is dropped.
pub fn watch(observer: Arc<dyn Observer>) -> Watch {
    OBSERVERS.write().unwrap_or_else(PoisonError::into_inner).push(observer.clone());
    Watch(observer)
}

/// An observer watches as long as this lives.
#[must_use = "the observer stops watching when this is dropped"]
pub struct Watch(Arc<dyn Observer>);

impl std::fmt::Debug for Watch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Watch")
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        OBSERVERS.write().unwrap_or_else(PoisonError::into_inner).retain(|other| !Arc::ptr_eq(other, &self.0));
    }
}

/// Those who watch now.
pub(super) fn observers() -> Vec<Arc<dyn Observer>> {
    OBSERVERS.read().unwrap_or_else(PoisonError::into_inner).clone()
}
