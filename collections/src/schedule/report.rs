//! What runs cost, layer by layer and task by task: what pictures are coloured by, and what a profile shows.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use smallvec::SmallVec;

use super::Settings;
use super::config::Scheduler;
use super::event::{self, Event, Observer};
use super::sampler;
use super::tally::Tally;
use crate::graph::{Key, Origin, Plan, TaskId, Value};

/// What a run cost.
#[derive(Clone, Debug)]
pub struct RunReport {
    /// When it began.
    pub begun: Instant,
    /// From start to end.
    pub wall: Duration,
    /// Whether it is over: not in what [`Tally::so_far`] says.
    pub ended: bool,
    /// Whether every target was made.
    pub complete: bool,
    /// What ran it.
    pub scheduler: Scheduler,
    /// How many tasks could run at once.
    pub workers: usize,
    /// Bytes that its values were allowed to take.
    pub budget: u64,
    /// Bytes of values that were written to the disk to make room.
    pub spilled: u64,
    /// The layers that ran, inputs first.
    pub layers: Vec<LayerReport>,
    /// The tasks that ran, in the order in which they were done: all of them, or the first [`MOST_RECORDS`];
    /// none where the run was made with `config().profile(false)`.
    pub records: Vec<TaskRecord>,
    /// The chain of tasks that took longest, each of which reads the one before: indices into `records`. However
    /// many workers there are, a run takes at least the time of these tasks, its span. None in a run that did not
    /// end, or of which not every task was recorded.
    pub critical_path: Vec<u32>,
    /// Memory and processor over time; runs shorter than one look have none.
    pub samples: Vec<Sample>,
}

/// What one layer cost, or several that were fused into one.
#[derive(Clone, Debug)]
pub struct LayerReport {
    /// The layers that ran as one, inputs first; mostly there is one.
    pub parts: SmallVec<[Key; 1]>,
    /// Their operations, as [`Layer::title`](crate::graph::Layer::title) has them.
    pub title: Cow<'static, str>,
    /// The operation that ends it.
    pub operation: &'static str,
    /// Where that was built.
    pub origin: Origin,
    /// What it makes: `Array`, `Bag`, `DataFrame`, `Delayed`.
    pub collection: &'static str,
    /// How many partitions it has, whether they were needed or not.
    pub partitions: usize,
    /// How many of its tasks ran.
    pub tasks: u64,
    /// Time spent in them, summed over workers.
    pub busy: Duration,
    /// Bytes of the values they made.
    pub bytes: u64,
}

impl RunReport {
    /// How many tasks ran, of all layers; tasks that were fused count one by one.
    ///
    /// ```standalone_crate
    /// use lazuli::prelude::*;
    /// call(|n: i32| n * 2, (call(|| 3, ()),)).compute().unwrap();
    /// assert_eq!(last_run().unwrap().tasks(), 2);
    /// ```
    pub fn tasks(&self) -> u64 {
        self.layers.iter().map(|layer| layer.tasks * layer.parts.len() as u64).sum()
    }

    /// What layer `key` cost, together with those it was fused with, if it ran.
    pub fn layer(&self, key: Key) -> Option<&LayerReport> {
        self.layers.iter().find(|layer| layer.parts.contains(&key))
    }

    /// The time of the critical path: no number of workers runs it faster.
    pub fn span(&self) -> Duration {
        self.critical_path.iter().map(|&index| self.records[index as usize].took()).sum()
    }

    /// The time spent in tasks, summed over workers.
    pub fn busy(&self) -> Duration {
        self.layers.iter().map(|layer| layer.busy).sum()
    }
}

/// One task that ran.
#[derive(Clone, Copy, Debug)]
pub struct TaskRecord {
    /// Its number in the plan of the run: its priority.
    pub task: u32,
    /// Its layer, an index into [`RunReport::layers`].
    pub layer: u32,
    /// The partition it made.
    pub partition: u32,
    /// Which worker ran it.
    pub worker: u32,
    /// Size of the value that it made, in bytes.
    pub bytes: u64,
    pub(crate) started: u64,
    pub(crate) took: u64,
}

impl TaskRecord {
    /// How long after the start of the run it began.
    pub fn started(&self) -> Duration {
        Duration::from_nanos(self.started)
    }

    /// How long it ran.
    pub fn took(&self) -> Duration {
        Duration::from_nanos(self.took)
    }

    /// How long after the start of the run it was done.
    pub fn ended(&self) -> Duration {
        Duration::from_nanos(self.started + self.took)
    }
}

/// Memory and processor at one moment of a run.
#[derive(Clone, Copy, Debug)]
pub struct Sample {
    /// How long after the start of the run.
    pub at: Duration,
    /// Bytes of values that the run held in memory.
    pub held: u64,
    /// Bytes of memory that this process and its workers occupied.
    pub resident: u64,
    /// Processor time that this process and its workers had used since the run began.
    pub cpu: Duration,
}

/// No more tasks of a run than this are recorded one by one.
pub const MOST_RECORDS: usize = 1_000_000;

/// How many reports are kept, and how many records of tasks in all of them.
const KEPT_REPORTS: usize = 16;
const KEPT_RECORDS: usize = 2 * MOST_RECORDS;

static REPORTS: Mutex<VecDeque<Arc<RunReport>>> = Mutex::new(VecDeque::new());

/// The memory of reports that are not kept any more: to get as much anew costs as much as to write into it.
static SPARE_LAYERS: Spare<LayerReport> = Spare(Mutex::new(Vec::new()));
static SPARE_RECORDS: Spare<TaskRecord> = Spare(Mutex::new(Vec::new()));

struct Spare<T>(Mutex<Vec<T>>);

impl<T> Spare<T> {
    /// An empty list with room for `length`, which takes not much more.
    fn room_for(&self, length: usize) -> Vec<T> {
        let mut spare = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if (length..=2 * length).contains(&spare.capacity()) {
            std::mem::take(&mut spare)
        } else {
            Vec::with_capacity(length)
        }
    }

    fn put(&self, mut list: Vec<T>) {
        list.clear();
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = list;
    }
}

/// Room for the layers of a report.
pub(super) fn room_for_layers(layers: usize) -> Vec<LayerReport> {
    SPARE_LAYERS.room_for(layers)
}

/// Room for the records of a report.
pub(super) fn room_for_records(records: usize) -> Vec<TaskRecord> {
    SPARE_RECORDS.room_for(records)
}

fn reports() -> MutexGuard<'static, VecDeque<Arc<RunReport>>> {
    REPORTS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The report of the last run that ended, successful or not.
pub fn last_run() -> Option<Arc<RunReport>> {
    reports().back().cloned()
}

/// The reports of the last runs that ended, oldest first: at most sixteen, fewer where they had millions of tasks.
pub fn last_runs() -> Vec<Arc<RunReport>> {
    reports().iter().cloned().collect()
}

fn keep(report: RunReport) {
    let mut reports = reports();
    reports.push_back(Arc::new(report));
    let mut records: usize = reports.iter().map(|report| report.records.len()).sum();
    while reports.len() > KEPT_REPORTS || records > KEPT_RECORDS {
        let Some(oldest) = reports.pop_front() else { break };
        records -= oldest.records.len();
        if let Some(oldest) = Arc::into_inner(oldest) {
            SPARE_LAYERS.put(oldest.layers);
            SPARE_RECORDS.put(oldest.records);
        }
    }
}

/// A task that a worker is done with.
pub(super) struct Made {
    pub task: TaskId,
    pub value: Value,
    /// When it began, and how long it ran, in nanoseconds by the clock of the [`Tally`].
    pub started: u64,
    pub took: u64,
}

/// Counts while a run goes on and tells the observers.
pub(super) struct Recorder<'a> {
    plan: &'a Plan,
    tally: Arc<Tally>,
    observers: Vec<Arc<dyn Observer>>,
    /// Whether someone wants to know of each task.
    watched: bool,
    ended: bool,
}

impl<'a> Recorder<'a> {
    pub(super) fn start(plan: &'a Plan, settings: &Settings, workers: usize) -> Self {
        let observers = event::observers();
        let watched = observers.iter().any(|observer| observer.watches_tasks());
        let tally = Arc::new(Tally::new(plan, settings, workers));
        let recorder = Recorder { plan, tally, observers, watched, ended: false };
        recorder.tell_all(Event::Started { tally: &recorder.tally });
        if settings.profile || settings.progress {
            sampler::watch(&recorder.tally, &recorder.observers);
        }
        recorder
    }

    fn tell_all(&self, event: Event) {
        self.observers.iter().for_each(|observer| observer.observe(self.plan, event));
    }

    pub(super) fn tally(&self) -> &Tally {
        &self.tally
    }

    /// Tells of an event of a task those who want to know; nothing is made for nobody.
    #[inline]
    pub(super) fn tell<'e>(&self, event: impl FnOnce() -> Event<'e>) {
        if self.watched {
            let event = event();
            let watching = self.observers.iter().filter(|observer| observer.watches_tasks());
            watching.for_each(|observer| observer.observe(self.plan, event));
        }
    }

    pub(super) fn finish(mut self, complete: bool) {
        self.end(complete);
    }

    fn end(&mut self, complete: bool) {
        self.ended = true;
        sampler::leave(&self.tally);
        self.tell_all(Event::Finished { tally: &self.tally, complete });
        keep(self.tally.report(self.plan, complete));
    }
}

impl Drop for Recorder<'_> {
    /// Where a fault of the library ends the run, those who watch it must not wait for its end.
    fn drop(&mut self) {
        if !self.ended {
            self.end(false);
        }
    }
}
