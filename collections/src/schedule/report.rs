//! What the last run cost, layer by layer: what pictures are coloured by after a run.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::event::{self, Event, Observer};
use crate::graph::{Key, Plan};

/// What a run cost.
#[derive(Clone, Debug)]
pub struct RunReport {
    /// From start to end.
    pub wall: Duration,
    /// Whether every target was made.
    pub complete: bool,
    /// Bytes of values that were written to the disk to make room.
    pub spilled: u64,
    /// The layers that ran, inputs first.
    pub layers: Vec<LayerReport>,
}

/// What one layer cost, or several that were fused into one.
#[derive(Clone, Debug)]
pub struct LayerReport {
    /// The layers that ran as one, inputs first; mostly there is one.
    pub parts: Vec<Key>,
    /// The operation that ends it.
    pub operation: &'static str,
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
    spilled: AtomicU64,
}

#[derive(Debug, Default)]
struct Counters {
    tasks: AtomicU64,
    nanoseconds: AtomicU64,
    bytes: AtomicU64,
}

impl Tally {
    pub(crate) fn new(plan: &Plan) -> Self {
        Tally {
            begun: Instant::now(),
            layers: plan.layers().iter().map(|_| Counters::default()).collect(),
            spilled: AtomicU64::new(0),
        }
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
            parts: layer.parts().iter().map(|part| part.key()).collect(),
            operation: layer.operation().name(),
            tasks: counters.tasks.load(Ordering::Relaxed),
            busy: Duration::from_nanos(counters.nanoseconds.load(Ordering::Relaxed)),
            bytes: counters.bytes.load(Ordering::Relaxed),
        };
        let layers = plan.layers().iter().zip(&self.layers).map(report).collect();
        let spilled = self.spilled.load(Ordering::Relaxed);
        RunReport { wall: self.elapsed(), complete, spilled, layers }
    }
}

/// Counts while a run goes on and tells the observers.
pub(super) struct Recorder {
    tally: Arc<Tally>,
    observers: Vec<Arc<dyn Observer>>,
    /// Whether someone wants to know of each task.
    watched: bool,
}

impl Recorder {
    pub(super) fn start(plan: &Plan) -> Self {
        let observers = event::observers();
        let watched = observers.iter().any(|observer| observer.watches_tasks());
        let recorder = Recorder { tally: Arc::new(Tally::new(plan)), observers, watched };
        let started = Event::Started { tally: &recorder.tally };
        recorder.observers.iter().for_each(|observer| observer.observe(plan, started));
        recorder
    }

    /// Tells of an event of a task those who want to know; nothing is made for nobody.
    #[inline]
    pub(super) fn tell<'e>(&self, plan: &Plan, event: impl FnOnce() -> Event<'e>) {
        if self.watched {
            let event = event();
            let watching = self.observers.iter().filter(|observer| observer.watches_tasks());
            watching.for_each(|observer| observer.observe(plan, event));
        }
    }

    /// Counts a task that is done.
    #[inline]
    pub(super) fn count(&self, layer: usize, took: Duration, bytes: u64) {
        let counters = &self.tally.layers[layer];
        counters.tasks.fetch_add(1, Ordering::Relaxed);
        counters.nanoseconds.fetch_add(took.as_nanos() as u64, Ordering::Relaxed);
        counters.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(super) fn count_spilled(&self, bytes: u64) {
        self.tally.spilled.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(super) fn finish(self, plan: &Plan, complete: bool) {
        let finished = Event::Finished { tally: &self.tally, complete };
        self.observers.iter().for_each(|observer| observer.observe(plan, finished));
        let report = self.tally.report(plan, complete);
        *LAST.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(report));
    }
}
