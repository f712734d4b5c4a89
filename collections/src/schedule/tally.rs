//! What a run has done so far: counts and records that a watcher may read at any time.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::Settings;
use super::config::Scheduler;
use super::report::{self, LayerReport, MOST_RECORDS, Made, RunReport, Sample, TaskRecord};
use super::usage::{self, Process};
use crate::graph::{Layer, Plan, TaskId};

/// More samples than this are thinned: each second one stays, and they are taken half as often.
const MOST_SAMPLES: usize = 2_000;
/// How often the first samples are taken.
const FIRST_INTERVAL: Duration = Duration::from_millis(20);

/// What a run has done so far, layer by layer.
#[derive(Debug)]
pub struct Tally {
    begun: Instant,
    scheduler: Scheduler,
    workers: usize,
    budget: u64,
    progress: bool,
    profile: bool,
    layers: Vec<Counters>,
    spilled: AtomicU64,
    held: AtomicU64,
    records: Mutex<Vec<TaskRecord>>,
    /// The tasks that the run waited for, one after another; known at its end.
    chain: Mutex<Vec<TaskId>>,
    samples: Mutex<Samples>,
}

#[derive(Debug, Default)]
struct Counters {
    tasks: AtomicU64,
    nanoseconds: AtomicU64,
    bytes: AtomicU64,
}

#[derive(Debug)]
struct Samples {
    list: Vec<Sample>,
    interval: Duration,
    /// This process and those of the workers, with the processor time that each had used before the run.
    processes: Vec<(Process, Duration)>,
}

impl Tally {
    pub(crate) fn new(plan: &Plan, settings: &Settings, workers: usize) -> Self {
        let own = (Process::This, usage::processor(Process::This));
        let records = if settings.profile { plan.len().min(MOST_RECORDS) } else { 0 };
        Tally {
            begun: Instant::now(),
            scheduler: settings.scheduler,
            workers,
            budget: settings.memory,
            progress: settings.progress,
            profile: settings.profile,
            layers: plan.layers().iter().map(|_| Counters::default()).collect(),
            spilled: AtomicU64::new(0),
            held: AtomicU64::new(0),
            records: Mutex::new(report::room_for_records(records)),
            chain: Mutex::new(Vec::new()),
            samples: Mutex::new(Samples { list: Vec::new(), interval: FIRST_INTERVAL, processes: vec![own] }),
        }
    }

    /// How long ago the run began.
    pub fn elapsed(&self) -> Duration {
        self.begun.elapsed()
    }

    /// [`elapsed`](Tally::elapsed) in nanoseconds: the clock of the run.
    #[inline]
    pub(super) fn now(&self) -> u64 {
        self.elapsed().as_nanos() as u64
    }

    /// How many tasks of layer `layer`, an index into [`Plan::layers`], are done.
    pub fn done(&self, layer: usize) -> u64 {
        self.layers[layer].tasks.load(Ordering::Relaxed)
    }

    /// Time spent in the tasks of layer `layer` that are done, summed over workers.
    pub fn busy(&self, layer: usize) -> Duration {
        Duration::from_nanos(self.layers[layer].nanoseconds.load(Ordering::Relaxed))
    }

    /// Bytes of the values that the run holds in memory.
    pub fn held(&self) -> u64 {
        self.held.load(Ordering::Relaxed)
    }

    /// Bytes that they may take.
    pub fn budget(&self) -> u64 {
        self.budget
    }

    /// Bytes of values that were written to the disk to make room.
    pub fn spilled(&self) -> u64 {
        self.spilled.load(Ordering::Relaxed)
    }

    /// How many tasks can run at once.
    pub fn workers(&self) -> usize {
        self.workers
    }

    /// Whether the run is to show its progress.
    pub fn shows_progress(&self) -> bool {
        self.progress
    }

    /// A report of the run while it goes on, given the layers of its plan and the records that are known already.
    pub(crate) fn so_far(&self, layers: &[Arc<Layer>], mut known: Vec<TaskRecord>) -> RunReport {
        known.extend_from_slice(locked(&self.records).get(known.len()..).unwrap_or_default());
        let samples = locked(&self.samples).list.clone();
        RunReport { records: known, samples, ..self.counts(layers) }
    }

    /// Counts what `worker` made.
    pub(super) fn count(&self, plan: &Plan, worker: usize, made: &[Made]) {
        // Tasks of one layer mostly follow each other: all workers write the counters, so each is written seldom.
        for made in made.chunk_by(|a, b| plan.layer_index(a.task) == plan.layer_index(b.task)) {
            let counters = &self.layers[plan.layer_index(made[0].task)];
            let took: u64 = made.iter().map(|made| made.took).sum();
            let bytes: usize = made.iter().map(|made| made.value.bytes()).sum();
            counters.tasks.fetch_add(made.len() as u64, Ordering::Relaxed);
            counters.nanoseconds.fetch_add(took, Ordering::Relaxed);
            counters.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
        }
        if let Some(first) = made.first().filter(|_| self.profile) {
            // A worker that takes several tasks begins each where the one before was done.
            let mut started = first.started;
            let record = |&Made { task, ref value, took, .. }: &Made| {
                started += took;
                TaskRecord {
                    task: task.0,
                    layer: plan.layer_index(task) as u32,
                    partition: plan.partition(task) as u32,
                    worker: worker as u32,
                    bytes: value.bytes() as u64,
                    started: started - took,
                    took,
                }
            };
            let mut records = locked(&self.records);
            let room = MOST_RECORDS.saturating_sub(records.len());
            records.extend(made.iter().take(room).map(record));
        }
    }

    pub(super) fn count_spilled(&self, bytes: u64) {
        self.spilled.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Notes how many bytes of values the run holds now.
    pub(super) fn note_held(&self, bytes: u64) {
        self.held.store(bytes, Ordering::Relaxed);
    }

    /// Watches the process of a worker too.
    pub(super) fn watch_process(&self, process: u32) {
        let process = Process::Other(process);
        let mut samples = locked(&self.samples);
        if !samples.processes.iter().any(|(known, _)| *known == process) {
            samples.processes.push((process, usage::processor(process)));
        }
    }

    /// Looks at memory and processor, if the last look was long enough ago.
    pub(super) fn sample(&self) {
        let at = self.elapsed();
        let mut samples = locked(&self.samples);
        let Samples { list, interval, processes } = &mut *samples;
        if !self.profile || list.last().is_some_and(|last| at < last.at + *interval) {
            return;
        }
        let resident = processes.iter().map(|(process, _)| usage::resident(*process)).sum();
        let used = |(process, before): &(Process, Duration)| usage::processor(*process).saturating_sub(*before);
        list.push(Sample { at, held: self.held(), resident, cpu: processes.iter().map(used).sum() });
        if list.len() >= MOST_SAMPLES {
            let mut kept = false;
            list.retain(|_| {
                kept = !kept;
                kept
            });
            *interval *= 2;
        }
    }

    /// Notes the tasks that the run waited for.
    pub(super) fn note_chain(&self, chain: Vec<TaskId>) {
        *locked(&self.chain) = chain;
    }

    /// What it comes to; the records are moved there.
    pub(super) fn report(&self, plan: &Plan, complete: bool) -> RunReport {
        let records = std::mem::take(&mut *locked(&self.records));
        let all = complete && records.len() + plan.given().len() == plan.len();
        RunReport {
            ended: true,
            complete,
            critical_path: if all { places(&locked(&self.chain), &records) } else { Vec::new() },
            records,
            samples: std::mem::take(&mut locked(&self.samples).list),
            ..self.counts(plan.layers())
        }
    }

    /// What is counted of the layers of the plan.
    fn counts(&self, layers: &[Arc<Layer>]) -> RunReport {
        /// So many layers ahead the memory of one is asked for.
        const AHEAD: usize = 8;
        let layer = |(number, (layer, counters)): (usize, (&Arc<Layer>, &Counters))| {
            if let Some(later) = layers.get(number + AHEAD) {
                later.prefetch();
            }
            LayerReport {
                parts: layer.parts().iter().map(|part| part.key()).collect(),
                title: layer.title(),
                operation: layer.operation().name(),
                origin: layer.origin(),
                collection: layer.picture().collection,
                partitions: layer.tasks(),
                tasks: counters.tasks.load(Ordering::Relaxed),
                busy: Duration::from_nanos(counters.nanoseconds.load(Ordering::Relaxed)),
                bytes: counters.bytes.load(Ordering::Relaxed),
            }
        };
        let mut counted = report::room_for_layers(layers.len());
        counted.extend(layers.iter().zip(&self.layers).enumerate().map(layer));
        RunReport {
            begun: self.begun,
            wall: self.elapsed(),
            ended: false,
            complete: false,
            scheduler: self.scheduler,
            workers: self.workers,
            budget: self.budget,
            spilled: self.spilled(),
            layers: counted,
            records: Vec::new(),
            critical_path: Vec::new(),
            samples: Vec::new(),
        }
    }
}

/// The chain of tasks, each reading the one before, that took longest, given for each task how long the longest chain
/// took that ends with it. (Kelley and Walker, "Critical-path planning and scheduling", 1959, with measured times.)
pub(super) fn longest_chain(plan: &Plan, spans: &[u64]) -> Vec<TaskId> {
    let span = |task: &TaskId| spans[task.index()];
    let longest = |a: TaskId, b: TaskId| if span(&b) > span(&a) { b } else { a };
    let mut chain = Vec::new();
    let mut next = plan.tasks().reduce(longest);
    // What was given took no time of this run.
    while let Some(task) = next.filter(|task| span(task) > 0) {
        chain.push(task);
        next = plan.reads(task).iter().copied().reduce(longest);
    }
    chain.reverse();
    chain
}

/// Where the tasks of `chain` are in `records`, in which each stands after those that it waited for.
fn places(chain: &[TaskId], records: &[TaskRecord]) -> Vec<u32> {
    let mut rest = chain.iter().peekable();
    let mut places = Vec::with_capacity(chain.len());
    for (place, record) in records.iter().enumerate() {
        let Some(next) = rest.peek() else { break };
        if next.0 == record.task {
            places.push(place as u32);
            rest.next();
        }
    }
    places
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
