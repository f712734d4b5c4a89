//! The course of a run as a time line: from what is recorded of tasks, memory and processor, while it goes on or
//! after. Imports: schedule.

use std::cmp::Reverse;
use std::time::Duration;

use super::palette::CATEGORIES;
use super::timeline::{Curve, Lane, MOST_LANES, Span, Timeline};
use super::wording;
use crate::schedule::{Sample, TaskRecord};

/// What is known of a run, finished or not.
#[derive(Clone, Copy, Debug)]
pub(super) struct Course<'a> {
    pub elapsed: Duration,
    pub workers: usize,
    pub budget: u64,
    /// Title of each layer, and the time spent in it.
    pub layers: &'a [(&'a str, Duration)],
    pub records: &'a [TaskRecord],
    pub samples: &'a [Sample],
}

impl Course<'_> {
    pub(super) fn timeline(&self, summary: String) -> Timeline {
        let (kinds, kind_of) = self.kinds();
        let mut lanes: Vec<Lane> = (0..self.workers.min(MOST_LANES))
            .map(|worker| Lane { name: format!("worker {worker}"), spans: Vec::new() })
            .collect();
        for (index, record) in self.records.iter().enumerate() {
            if let Some(lane) = lanes.get_mut(record.worker as usize) {
                lane.spans.push(Span {
                    start: record.started().as_secs_f64(),
                    end: record.ended().as_secs_f64(),
                    kind: kind_of[record.layer as usize],
                    index: index as u32,
                });
            }
        }
        let curves = vec![self.memory(), self.processor()];
        Timeline { summary, length: self.elapsed.as_secs_f64(), kinds, lanes, curves }
    }

    /// The operations by the time they took, longest first, as far as there are colours; and which of them each layer is.
    fn kinds(&self) -> (Vec<String>, Vec<usize>) {
        let mut operations: Vec<(&str, Duration)> = Vec::new();
        for &(name, busy) in self.layers {
            match operations.iter_mut().find(|(known, _)| *known == name) {
                Some((_, sum)) => *sum += busy,
                None => operations.push((name, busy)),
            }
        }
        operations.sort_by_key(|(_, busy)| Reverse(*busy));
        let most = CATEGORIES.len() - 1;
        let kind =
            |name: &str| operations.iter().position(|(known, _)| *known == name).map_or(most, |kind| kind.min(most));
        let kind_of = self.layers.iter().map(|(name, _)| kind(name)).collect();
        let spelt = |(name, busy): &(&str, Duration)| format!("{name} {}", wording::time(*busy));
        let mut kinds: Vec<String> = operations.iter().take(most).map(spelt).collect();
        if let Some(others) = operations.get(most..).filter(|others| !others.is_empty()) {
            let busy = others.iter().map(|(_, busy)| *busy).sum();
            kinds.push(format!("{} others {}", others.len(), wording::time(busy)));
        }
        (kinds, kind_of)
    }

    fn memory(&self) -> Curve {
        let points = |of: fn(&Sample) -> u64| -> Vec<(f64, f64)> {
            self.samples.iter().map(|sample| (sample.at.as_secs_f64(), of(sample) as f64)).collect()
        };
        Curve {
            name: "values held",
            points: points(|sample| sample.held),
            other: Some(("line: process,", points(|sample| sample.resident))),
            limit: (self.budget as f64, "budget"),
            least: 0.0,
            spelt: |bytes| wording::bytes(bytes as u64),
        }
    }

    /// Cores in use between one look and the next.
    fn processor(&self) -> Curve {
        // Over a few looks: the clocks of one are not read at the very same moment.
        const LOOKS: usize = 4;
        let between = |looks: &[Sample]| {
            let (first, last) = (looks[0], looks[looks.len() - 1]);
            let seconds = (last.at - first.at).as_secs_f64().max(1e-3);
            (last.at.as_secs_f64(), last.cpu.saturating_sub(first.cpu).as_secs_f64() / seconds)
        };
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Curve {
            name: "processor",
            points: self.samples.windows(LOOKS).map(between).collect(),
            other: None,
            limit: (cores as f64, "of"),
            least: cores as f64,
            spelt: |cores| format!("{cores:.1} cores"),
        }
    }
}
