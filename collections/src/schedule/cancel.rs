//! Stopping runs: a token each run looks at between tasks.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use super::RunError;

/// Says whether a run should stop.
#[derive(Clone, Debug)]
pub(super) struct CancelToken {
    cancelled: Arc<AtomicBool>,
    /// When the run has taken too long, and what it was allowed.
    deadline: Option<(Instant, Duration)>,
}

static RUNS: Mutex<Vec<Weak<AtomicBool>>> = Mutex::new(Vec::new());

impl CancelToken {
    /// The token of a run that starts now and that [`cancel_all`] reaches.
    pub(super) fn for_run(timeout: Option<Duration>) -> CancelToken {
        let cancelled = Arc::new(AtomicBool::new(false));
        let mut runs = RUNS.lock().unwrap_or_else(PoisonError::into_inner);
        runs.retain(|run| run.strong_count() > 0);
        runs.push(Arc::downgrade(&cancelled));
        let deadline = timeout.and_then(|timeout| Some((Instant::now().checked_add(timeout)?, timeout)));
        CancelToken { cancelled, deadline }
    }

    /// Whether the run was asked to stop.
    #[inline]
    pub(super) fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }

    /// Why the run should stop, if it should.
    #[inline]
    pub(super) fn stopped(&self) -> Option<RunError> {
        if self.is_cancelled() {
            return Some(RunError::Cancelled);
        }
        let (_, timeout) = self.deadline.filter(|(deadline, _)| Instant::now() >= *deadline)?;
        Some(RunError::TimedOut { timeout })
    }
}

/// Cancels every run of this process between two tasks; what the kernel's interrupt calls.
/// Returns how many runs there were.
pub fn cancel_all() -> usize {
    let mut runs = RUNS.lock().unwrap_or_else(PoisonError::into_inner);
    let living: Vec<_> = runs.drain(..).filter_map(|run| run.upgrade()).collect();
    for run in &living {
        run.store(true, Ordering::Relaxed);
    }
    living.len()
}
