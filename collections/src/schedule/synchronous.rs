//! Runs in place, one task after another: the reference that every other scheduler is tested against.

use std::time::Instant;

use super::event::Event;
use super::report::Recorder;
use super::state::RunState;
use super::{CancelToken, RunError, run_task};
use crate::graph::{Plan, Value};

pub(super) fn run(plan: &Plan, token: &CancelToken, recorder: &Recorder) -> Result<Vec<Value>, RunError> {
    let mut state = RunState::new(plan);
    let released = |task| recorder.tell(plan, Event::Released { task });
    while let Some(claim) = state.next(plan, released) {
        if token.is_cancelled() {
            return Err(RunError::Cancelled);
        }
        let task = claim.task;
        recorder.tell(plan, Event::TaskStarted { task, worker: 0 });
        let begun = Instant::now();
        let value = run_task(plan, claim)?;
        recorder.task_finished(plan, task, 0, begun.elapsed(), value.bytes());
        state.finished(task, value);
    }
    Ok(state.into_targets(plan))
}
