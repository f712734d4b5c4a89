//! What a run says of the layers and tasks of a picture. Imports: graph, schedule.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

use foldhash::fast::FixedState;

use super::card::Cost;
use crate::graph::{Key, Layer};
use crate::schedule::{RunReport, TaskRecord};

/// A run, looked up by what a picture shows of it.
pub(super) struct Measured<'a> {
    pub run: &'a RunReport,
    /// Which of the run's layers did the work of a layer.
    layers: HashMap<Key, u32, FixedState>,
    /// The records of each of the run's layers, by partition.
    records: Vec<Vec<u32>>,
    /// Pairs of places of which the second follows the first on the critical path, or is the same.
    steps: HashSet<(Place, Place), FixedState>,
}

/// A layer of a run, or one of its tasks.
pub(super) type Place = (u32, Option<u32>);

impl<'a> Measured<'a> {
    /// The run, if it made all of `targets`.
    pub(super) fn of(run: &'a RunReport, targets: &[std::sync::Arc<Layer>]) -> Option<Measured<'a>> {
        run.layer(targets.first()?.key())?;
        let mut layers = HashMap::default();
        for (index, layer) in run.layers.iter().enumerate() {
            layers.extend(layer.parts.iter().map(|&part| (part, index as u32)));
        }
        if !targets.iter().all(|target| layers.contains_key(&target.key())) {
            return None;
        }
        let mut records = vec![Vec::new(); run.layers.len()];
        for (index, record) in run.records.iter().enumerate() {
            records[record.layer as usize].push(index as u32);
        }
        for records in &mut records {
            records.sort_by_key(|&record| run.records[record as usize].partition);
        }
        Some(Measured { run, layers, records, steps: steps(run) })
    }

    /// Where in the run the work of layer `key`, or of one partition of it, was done.
    pub(super) fn place(&self, key: Key, partition: Option<usize>) -> Option<Place> {
        Some((*self.layers.get(&key)?, partition.map(|partition| partition as u32)))
    }

    /// Whether the critical path comes by this place.
    pub(super) fn is_critical(&self, place: Place) -> bool {
        self.steps.contains(&(place, place))
    }

    /// Whether the critical path goes from one place to the other, or through both in one task.
    pub(super) fn leads(&self, from: Place, to: Place) -> bool {
        self.steps.contains(&(from, to))
    }

    /// Whether what the run made as `key` is what it measured, not something on the way to it.
    pub(super) fn ends_with(&self, key: Key) -> bool {
        self.layers.get(&key).is_some_and(|&layer| self.run.layers[layer as usize].parts.last() == Some(&key))
    }

    /// What the tasks of a layer cost, of those that ran.
    pub(super) fn cost(&self, key: Key) -> Option<Cost> {
        let report = &self.run.layers[*self.layers.get(&key)? as usize];
        let whole = Cost { busy: report.busy, bytes: report.bytes, tasks: report.tasks, fused: false };
        (report.tasks > 0).then(|| if self.ends_with(key) { whole } else { whole.of_fused() })
    }

    /// What one task of a layer cost; where its tasks were not recorded, their mean.
    pub(super) fn cost_of_task(&self, key: Key, partition: usize) -> Option<Cost> {
        let cost = self.cost(key)?;
        if cost.fused || self.run.records.is_empty() {
            return Some(cost.mean());
        }
        let own = |record: &TaskRecord| Cost { busy: record.took(), bytes: record.bytes, tasks: 1, fused: false };
        self.record(key, partition).map(own)
    }

    /// How long each worker was busy with the tasks of a layer, or with one of them.
    pub(super) fn workers(&self, key: Key, partition: Option<usize>) -> BTreeMap<u32, Duration> {
        let mut busy = BTreeMap::new();
        let mut count = |record: &TaskRecord| *busy.entry(record.worker).or_default() += record.took();
        match partition {
            Some(partition) => self.record(key, partition).into_iter().for_each(count),
            None => self.records(key).for_each(&mut count),
        }
        busy
    }

    /// The records of the tasks of a layer, by partition.
    pub(super) fn records(&self, key: Key) -> impl Iterator<Item = &TaskRecord> {
        let layer = self.layers.get(&key).map(|&layer| &*self.records[layer as usize]);
        layer.unwrap_or_default().iter().map(|&record| &self.run.records[record as usize])
    }

    fn record(&self, key: Key, partition: usize) -> Option<&TaskRecord> {
        let records = &self.records[*self.layers.get(&key)? as usize];
        let partition_of = |record: &u32| self.run.records[*record as usize].partition as usize;
        let index = records.binary_search_by_key(&partition, partition_of).ok()?;
        Some(&self.run.records[records[index] as usize])
    }
}

/// Every step of the critical path as a reader of tasks, of layers, or of both sees it.
fn steps(run: &RunReport) -> HashSet<(Place, Place), FixedState> {
    let seen = |index: &u32| {
        let record = &run.records[*index as usize];
        [(record.layer, None), (record.layer, Some(record.partition))]
    };
    let path: Vec<[Place; 2]> = run.critical_path.iter().map(seen).collect();
    let pairs = path.iter().zip(&path).chain(path.iter().zip(path.iter().skip(1)));
    pairs.flat_map(|(from, to)| from.map(|from| to.map(|to| (from, to)))).flatten().collect()
}
