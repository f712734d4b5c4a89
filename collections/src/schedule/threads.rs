//! Workers on threads of this process.
//!
//! They are those of the one thread pool of the process, polars' own (a rayon pool, as many threads as cores): a
//! task that calls polars or rayon shares it instead of starting threads of its own, so together they never exceed
//! the cores. There is no more than one job of a run per thread, and a job ends when nothing is ready; a thread
//! without one is free to help the parallel work inside another's task. A job ends also when its [`TURN`] is over, and
//! begins again after all else that waits for the pool: several runs at once, and what polars does beside them, take
//! turns. Who asks for more workers than there are cores, for tasks that wait more than they compute, gets threads of
//! their own for the length of the run.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use polars_core::runtime::THREAD_POOL;
use rayon::Scope;

use super::RunError;
use super::local::{Executor, Here, Pause, Run};

/// How long a job has its thread.
const TURN: Duration = Duration::from_millis(10);

/// Workers if none are asked for: one a core.
pub(super) fn usual() -> usize {
    THREAD_POOL.current_num_threads()
}

pub(super) fn run(run: &Run, workers: usize) {
    if workers > usual() {
        return crowd(run, workers, &|_| Box::new(Here::new(run)));
    }
    let all = Workers { idle: (0..workers).rev().collect(), ..Workers::default() };
    let is_inner = THREAD_POOL.current_thread_index().is_some();
    // What a task computes has the turn of that task: its thread waits for it.
    let turn = if is_inner { Duration::MAX } else { TURN };
    let jobs = Jobs { run, turn, workers: Mutex::new(all), change: Condvar::new() };
    if is_inner {
        THREAD_POOL.scope(|scope| jobs.start(scope, workers));
    } else {
        THREAD_POOL.in_place_scope(|scope| {
            jobs.start(scope, workers);
            jobs.attend(scope);
        });
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
    turn: Duration,
    workers: Mutex<Workers>,
    /// Told of turns that are over, and of the end.
    change: Condvar,
}

#[derive(Default)]
struct Workers {
    /// Those that have no job.
    idle: Vec<usize>,
    /// Those whose turn is over.
    resting: Vec<usize>,
    /// Whether tasks became ready that found all of them busy.
    missed: bool,
    over: bool,
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
        let _attending = Fallen(&|| self.end());
        let pause = self.run.work(worker, &mut Here::new(self.run), self.turn, &|ready| self.start(scope, ready));
        match pause {
            Pause::Over => self.end(),
            Pause::Turn => {
                self.lock().resting.push(worker);
                self.change.notify_one();
            }
            Pause::Idle => {
                let mut workers = self.lock();
                workers.idle.push(worker);
                // What became ready between this worker's last look and now found it busy.
                if std::mem::take(&mut workers.missed) {
                    drop(workers);
                    self.start(scope, self.run.waiting());
                }
            }
        }
    }

    fn end(&self) {
        self.lock().over = true;
        self.change.notify_one();
    }

    /// On the thread that waits for the run, which is none of the pool: what it starts goes to the end of the queue.
    fn attend<'s>(&'s self, scope: &Scope<'s>) {
        let mut workers = self.lock();
        while !workers.over {
            for worker in workers.resting.drain(..) {
                scope.spawn(move |scope| self.job(scope, worker));
            }
            workers = self.change.wait(workers).unwrap_or_else(PoisonError::into_inner);
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
        let _others = Fallen(&|| {
            self.run.refuse(RunError::Cancelled);
            self.wake(1);
        });
        loop {
            let before = *self.woken.lock().unwrap_or_else(PoisonError::into_inner);
            if self.run.work(worker, executor, Duration::MAX, &|ready| self.wake(ready)) == Pause::Over {
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
struct Fallen<'a>(&'a dyn Fn());

impl Drop for Fallen<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0();
        }
    }
}
