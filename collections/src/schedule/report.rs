//! What the last run cost, layer by layer: what pictures are coloured by after a run.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::event::{self, Event, Observer};
use crate::graph::{Key, Plan, TaskId};

/// What a run cost.
#[derive(Clone, Debug)]
pub struct RunReport {
    /// From start to end.
    pub wall: Duration,
    /// Whether every target was made.
    pub complete: bool,
    /// The layers that ran, inputs first.
    pub layers: Vec<LayerReport>,
}

/// What one layer cost.
#[derive(Clone, Debug)]
pub struct LayerReport {
    /// Which layer.
    pub key: Key,
    /// Its operation.
    pub operation: &'static str,
    /// How many of its tasks ran.
    pub tasks: u64,
    /// Time spent in them, summed over workers.
    pub busy: Duration,
    /// Bytes of the values they made.
    pub bytes: u64,
}

impl RunReport {
    /// How many tasks ran, of all layers.
    ///
    /// ```standalone_crate
    /// use lazuli::prelude::*;
    /// call(|n: i32| n * 2, (call(|| 3, ()),)).compute().unwrap();
    /// assert_eq!(last_run().unwrap().tasks(), 2);
    /// ```
    pub fn tasks(&self) -> u64 {
        self.layers.iter().map(|layer| layer.tasks).sum()
    }

    /// What layer `key` cost, if it ran.
    pub fn layer(&self, key: Key) -> Option<&LayerReport> {
        self.layers.iter().find(|layer| layer.key == key)
    }
}

static LAST: Mutex<Option<Arc<RunReport>>> = Mutex::new(None);

/// The report of the last run that ended, successful or not.
pub fn last_run() -> Option<Arc<RunReport>> {
    LAST.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

/// What a run has done so far, layer by layer: counts that a watcher may read at any time.
#[derive(Debug)]
pub struct Tally {
    begun: Instant,
    layers: Vec<Counters>,
}

#[derive(Debug, Default)]
struct Counters {
    tasks: AtomicU64,
    nanoseconds: AtomicU64,
    bytes: AtomicU64,
}

impl Tally {
    pub(crate) fn new(plan: &Plan) -> Self {
        Tally { begun: Instant::now(), layers: plan.layers().iter().map(|_| Counters::default()).collect() }
    }

    /// How long ago the run began.
    pub fn elapsed(&self) -> Duration {
        self.begun.elapsed()
    }

    /// How many tasks of layer `layer`, an index into [`Plan::layers`], are done.
    pub fn done(&self, layer: usize) -> u64 {
        self.layers[layer].tasks.load(Ordering::Relaxed)
    }

    fn report(&self, plan: &Plan, complete: bool) -> RunReport {
        let report = |(layer, counters): (&Arc<crate::graph::Layer>, &Counters)| LayerReport {
            key: layer.key(),
            operation: layer.operation().name(),
            tasks: counters.tasks.load(Ordering::Relaxed),
            busy: Duration::from_nanos(counters.nanoseconds.load(Ordering::Relaxed)),
            bytes: counters.bytes.load(Ordering::Relaxed),
        };
        let layers = plan.layers().iter().zip(&self.layers).map(report).collect();
        RunReport { wall: self.elapsed(), complete, layers }
    }
}

/// Counts while a run goes on and tells the observers.
pub(super) struct Recorder {
    tally: Arc<Tally>,
    observers: Vec<Arc<dyn Observer>>,
}

impl Recorder {
    pub(super) fn start(plan: &Plan) -> Self {
        let recorder = Recorder { tally: Arc::new(Tally::new(plan)), observers: event::observers() };
        recorder.tell(plan, Event::Started { tally: &recorder.tally });
        recorder
    }

    pub(super) fn tell(&self, plan: &Plan, event: Event) {
        for observer in &self.observers {
            observer.observe(plan, event);
        }
    }

    pub(super) fn task_finished(&self, plan: &Plan, task: TaskId, worker: usize, took: Duration, bytes: usize) {
        let counters = &self.tally.layers[plan.layer_index(task)];
        counters.tasks.fetch_add(1, Ordering::Relaxed);
        counters.nanoseconds.fetch_add(took.as_nanos() as u64, Ordering::Relaxed);
        counters.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
        self.tell(plan, Event::TaskFinished { task, worker, took, bytes });
    }

    pub(super) fn finish(self, plan: &Plan, complete: bool) {
        self.tell(plan, Event::Finished { tally: &self.tally, complete });
        let report = self.tally.report(plan, complete);
        *LAST.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(report));
    }
}
