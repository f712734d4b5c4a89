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

/// Counts while a run goes on and tells the observers.
pub(super) struct Recorder {
    begun: Instant,
    layers: Vec<Counters>,
    observers: Vec<Arc<dyn Observer>>,
}

#[derive(Default)]
struct Counters {
    tasks: AtomicU64,
    nanoseconds: AtomicU64,
    bytes: AtomicU64,
}

impl Recorder {
    pub(super) fn start(plan: &Plan) -> Self {
        let layers = plan.layers().iter().map(|_| Counters::default()).collect();
        let recorder = Recorder { begun: Instant::now(), layers, observers: event::observers() };
        recorder.tell(plan, Event::Started);
        recorder
    }

    pub(super) fn tell(&self, plan: &Plan, event: Event) {
        for observer in &self.observers {
            observer.observe(plan, event);
        }
    }

    pub(super) fn task_finished(&self, plan: &Plan, task: TaskId, worker: usize, took: Duration, bytes: usize) {
        let counters = &self.layers[plan.layer_index(task)];
        counters.tasks.fetch_add(1, Ordering::Relaxed);
        counters.nanoseconds.fetch_add(took.as_nanos() as u64, Ordering::Relaxed);
        counters.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
        self.tell(plan, Event::TaskFinished { task, worker, took, bytes });
    }

    pub(super) fn finish(self, plan: &Plan, complete: bool) {
        self.tell(plan, Event::Finished { complete });
        let report = |(layer, counters): (&Arc<crate::graph::Layer>, Counters)| LayerReport {
            key: layer.key(),
            operation: layer.operation().name(),
            tasks: counters.tasks.into_inner(),
            busy: Duration::from_nanos(counters.nanoseconds.into_inner()),
            bytes: counters.bytes.into_inner(),
        };
        let layers = plan.layers().iter().zip(self.layers).map(report).collect();
        let report = RunReport { wall: self.begun.elapsed(), complete, layers };
        *LAST.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(report));
    }
}
