//! Stopping runs: a token each run looks at between tasks.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// Says whether a run should stop.
#[derive(Clone, Debug, Default)]
pub struct CancelToken(Arc<AtomicBool>);

static RUNS: Mutex<Vec<Weak<AtomicBool>>> = Mutex::new(Vec::new());

impl CancelToken {
    /// The token of a run that starts now and that [`cancel_all`] reaches.
    pub(super) fn for_run() -> CancelToken {
        let token = CancelToken::default();
        let mut runs = RUNS.lock().unwrap_or_else(PoisonError::into_inner);
        runs.retain(|run| run.strong_count() > 0);
        runs.push(Arc::downgrade(&token.0));
        token
    }

    /// Asks the run to stop.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether the run was asked to stop.
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
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
