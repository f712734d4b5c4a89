//! Workers on threads of this process.
//!
//! They are those of the one thread pool of the process, polars' own (a rayon pool, as many threads as cores): a
//! task that calls polars or rayon shares it instead of starting threads of its own, so together they never exceed
//! the cores. There is no more than one job of a run per thread, and a job ends when nothing is ready; a thread
//! without one is free to help the parallel work inside another's task. Who asks for more workers than there are
//! cores, for tasks that wait more than they compute, gets threads of their own for the length of the run.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use polars_core::runtime::THREAD_POOL;
use rayon::Scope;

use super::RunError;
use super::local::{Executor, Here, Run};

/// Workers if none are asked for: one a core.
pub(super) fn usual() -> usize {
    THREAD_POOL.current_num_threads()
}

pub(super) fn run(run: &Run, workers: usize) {
    if workers <= usual() {
        let jobs = Jobs { run, workers: Mutex::new(Workers { idle: (0..workers).rev().collect(), missed: false }) };
        THREAD_POOL.scope(|scope| jobs.start(scope, workers));
    } else {
        crowd(run, workers, &|_| Box::new(Here::new(run)));
    }
}

/// Runs on threads of their own, each with an executor that is made on it.
pub(super) fn crowd<'r>(run: &Run, workers: usize, executor: &(dyn Fn(usize) -> Box<dyn Executor + 'r> + Sync)) {
    let crowd = Crowd { run, woken: Mutex::new(0), wake: Condvar::new() };
    std::thread::scope(|scope| {
        for worker in 0..workers {
            let crowd = &crowd;
            scope.spawn(move || crowd.work(worker, &mut *executor(worker)));
        }
    });
}

/// Jobs in the pool.
struct Jobs<'a> {
    run: &'a Run<'a>,
    workers: Mutex<Workers>,
}

struct Workers {
    /// Those that have no job.
    idle: Vec<usize>,
    /// Whether tasks became ready that found all of them busy.
    missed: bool,
}

impl Jobs<'_> {
    /// Starts a job for each of `ready` tasks, as far as there are workers without one.
    fn start<'s>(&'s self, scope: &Scope<'s>, ready: usize) {
        if ready == 0 {
            return;
        }
        let mut workers = self.lock();
        workers.missed |= ready > workers.idle.len();
        let first = workers.idle.len().saturating_sub(ready);
        for worker in workers.idle.drain(first..) {
            scope.spawn(move |scope| self.job(scope, worker));
        }
    }

    fn job<'s>(&'s self, scope: &Scope<'s>, worker: usize) {
        self.run.work(worker, &mut Here::new(self.run), &|ready| self.start(scope, ready));
        let mut workers = self.lock();
        workers.idle.push(worker);
        // What became ready between this worker's last look and now found it busy.
        if std::mem::take(&mut workers.missed) {
            drop(workers);
            self.start(scope, self.run.waiting());
        }
    }

    fn lock(&self) -> MutexGuard<'_, Workers> {
        self.workers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Threads that wait for each other.
struct Crowd<'a> {
    run: &'a Run<'a>,
    /// How often a worker made something ready, or ended the run.
    woken: Mutex<u64>,
    wake: Condvar,
}

impl Crowd<'_> {
    fn work(&self, worker: usize, executor: &mut dyn Executor) {
        let _others = Fallen(self);
        loop {
            let before = *self.woken.lock().unwrap_or_else(PoisonError::into_inner);
            self.run.work(worker, executor, &|ready| self.wake(ready));
            if self.run.is_over() {
                return self.wake(usize::MAX);
            }
            let woken = self.woken.lock().unwrap_or_else(PoisonError::into_inner);
            drop(self.wake.wait_while(woken, |woken| *woken == before));
        }
    }

    fn wake(&self, ready: usize) {
        if ready > 0 {
            *self.woken.lock().unwrap_or_else(PoisonError::into_inner) += 1;
            self.wake.notify_all();
        }
    }
}

/// Should this thread panic outside of a task, by a fault of the library or of an observer, the others must not wait
/// for what it had taken.
struct Fallen<'a, 'b>(&'a Crowd<'b>);

impl Drop for Fallen<'_, '_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.run.refuse(RunError::Cancelled);
            self.0.wake(1);
        }
    }
}
