//! Runs on the machine's cores, inside the one thread pool of the process.
//!
//! That pool is polars' own (a rayon pool, as many threads as cores): a task that calls polars or
//! rayon shares it instead of starting threads of its own, so together they never exceed the cores.
//! At most one job per thread is in the pool, and each takes ready tasks until there is none; a
//! thread without a task is therefore free to help the parallel work inside another's task.

use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use polars_core::runtime::THREAD_POOL;
use rayon::Scope;

use super::event::Event;
use super::report::Recorder;
use super::state::RunState;
use super::{CancelToken, RunError, run_task};
use crate::graph::{Plan, Value};

struct Shared {
    state: RunState,
    /// Jobs in the pool.
    jobs: usize,
    error: Option<RunError>,
}

struct Run<'a> {
    plan: &'a Plan,
    token: &'a CancelToken,
    recorder: &'a Recorder,
    shared: Mutex<Shared>,
}

pub(super) fn run(plan: &Plan, token: &CancelToken, recorder: &Recorder) -> Result<Vec<Value>, RunError> {
    let shared = Mutex::new(Shared { state: RunState::new(plan), jobs: 0, error: None });
    let run = Run { plan, token, recorder, shared };
    THREAD_POOL.scope(|scope| run.fill(scope, &mut run.lock(), 0));
    let shared = run.shared.into_inner().unwrap_or_else(PoisonError::into_inner);
    match shared.error {
        Some(error) => Err(error),
        None => Ok(shared.state.into_targets(plan)),
    }
}

impl<'a> Run<'a> {
    fn lock(&self) -> std::sync::MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts jobs into the pool for the ready tasks, of which the caller takes `mine` itself,
    /// as far as there are threads without a job.
    fn fill<'s>(&'s self, scope: &Scope<'s>, shared: &mut Shared, mine: usize) {
        let tasks = shared.state.ready().saturating_sub(mine);
        let threads = THREAD_POOL.current_num_threads().saturating_sub(shared.jobs);
        let wanted = tasks.min(threads);
        for _ in 0..wanted {
            shared.jobs += 1;
            scope.spawn(|scope| self.work(scope));
        }
    }

    /// One job: runs ready tasks until there is none or the run stops.
    fn work<'s>(&'s self, scope: &Scope<'s>) {
        let worker = THREAD_POOL.current_thread_index().unwrap_or(0);
        let mut shared = self.lock();
        while shared.error.is_none() {
            if self.token.is_cancelled() {
                shared.error = Some(RunError::Cancelled);
                break;
            }
            let released = |task| self.recorder.tell(self.plan, Event::Released { task });
            let Some(claim) = shared.state.next(self.plan, released) else { break };
            drop(shared);
            let task = claim.task;
            self.recorder.tell(self.plan, Event::TaskStarted { task, worker });
            let begun = Instant::now();
            let result = run_task(self.plan, claim);
            let took = begun.elapsed();
            if let Ok(value) = &result {
                self.recorder.task_finished(self.plan, task, worker, took, value.bytes());
            }
            shared = self.lock();
            match result {
                Ok(value) => {
                    shared.state.finished(task, value);
                    self.fill(scope, &mut shared, 1);
                }
                Err(error) => shared.error = shared.error.take().or(Some(error)),
            }
        }
        shared.jobs -= 1;
    }
}
