//! Stopping a cell: the collections cancel their run between two tasks and every variable is kept.
//! Only a cell that comes to no such point within the grace period loses its process.

use std::process::Child;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::output::Channel;
use crate::interpreter::Interrupter;

/// How long a cell may take to stop by itself.
const GRACE: Duration = Duration::from_secs(5);
/// A cell that is still being compiled starts its run later: the cancel is repeated until then.
const REPEAT: Duration = Duration::from_millis(50);

type Process = Arc<Mutex<Child>>;

/// Whether a cell runs, and in which process.
#[derive(Default)]
pub struct Running {
    state: Mutex<State>,
    ended: Condvar,
}

#[derive(Default)]
struct State {
    /// Counts executions, so that a late interrupt never hits the next cell.
    execution: u64,
    process: Option<Process>,
}

/// Ends the execution when dropped.
pub struct Execution<'a>(&'a Running);

impl Running {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A cell runs in `process` until the result is dropped.
    pub fn begin(&self, process: Process) -> Execution<'_> {
        let mut state = self.lock();
        state.execution += 1;
        state.process = Some(process);
        Execution(self)
    }

    /// Ends the process of the cells for good.
    pub fn end_process(&self, process: &Process) {
        // It is gone already when this fails.
        let _ = process.lock().unwrap_or_else(PoisonError::into_inner).kill();
    }
}

impl Drop for Execution<'_> {
    fn drop(&mut self) {
        self.0.lock().process = None;
        self.0.ended.notify_all();
    }
}

/// What the server calls when the user presses stop.
pub struct Stop {
    pub running: Arc<Running>,
    pub channel: Arc<Channel>,
}

impl Interrupter for Stop {
    fn interrupt(&self) {
        let (running, channel) = (self.running.clone(), self.channel.clone());
        let state = running.lock();
        let execution = state.execution;
        if state.process.is_none() {
            return;
        }
        drop(state);
        std::thread::spawn(move || stop(&running, &channel, execution));
    }
}

fn stop(running: &Running, channel: &Channel, execution: u64) {
    let begun = Instant::now();
    let mut state = running.lock();
    while state.execution == execution
        && let Some(process) = state.process.clone()
    {
        if begun.elapsed() > GRACE {
            running.end_process(&process);
            return;
        }
        drop(state);
        channel.cancel();
        state = running.ended.wait_timeout(running.lock(), REPEAT).unwrap_or_else(PoisonError::into_inner).0;
    }
}
