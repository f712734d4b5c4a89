//! The course of a run as a picture: what ran when on which worker, memory and processor, while it goes on or after.
//! Imports: schedule.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use super::figure::Figure;
use super::palette::CATEGORIES;
use super::timeline::{Curve, Lane, MOST_LANES, Span, Timeline};
use super::wording;
use crate::schedule::{LayerReport, MOST_RECORDS, RunReport, Sample, TaskRecord};

/// Draws the course of `run`.
pub(super) fn picture(run: &RunReport) -> Figure {
    let hover = |index: u32| {
        let record = &run.records[index as usize];
        let layer = &run.layers[record.layer as usize];
        let (took, bytes) = (wording::time(record.took()), wording::bytes(record.bytes));
        let origin = wording::clipped_before(&layer.origin.to_string(), wording::NAME);
        format!("{}\n{took}, {bytes}\nbuilt in {origin}", named(layer, record))
    };
    timeline(run).draw(&hover)
}

/// The task's operations and partition.
pub(super) fn named(layer: &LayerReport, record: &TaskRecord) -> String {
    let title = wording::clipped(&layer.title, wording::NAME);
    match layer.partitions {
        1 => title,
        _ => format!("{title} ({})", record.partition),
    }
}

/// Whether it is known of tasks that ran when they did and on which worker.
pub(super) fn is_recorded(run: &RunReport) -> bool {
    !run.records.is_empty() || tasks(run) == 0
}

/// What is known of the tasks of a run and not shown, or not even known.
pub(super) fn notes(run: &RunReport) -> Vec<String> {
    let mut notes = Vec::new();
    if !is_recorded(run) {
        notes.push("tasks were not recorded one by one: config().profile(false)".to_owned());
    } else if run.records.len() >= MOST_RECORDS && tasks(run) > run.records.len() {
        notes.push(format!("the first {} were recorded", wording::counted(MOST_RECORDS, "task")));
    }
    if run.workers > MOST_LANES {
        notes.push(format!("the first {MOST_LANES} of {} are drawn", wording::counted(run.workers, "worker")));
    }
    notes
}

/// How many tasks have run; those that were fused count as one.
fn tasks(run: &RunReport) -> usize {
    run.layers.iter().map(|layer| layer.tasks).sum::<u64>() as usize
}

/// `414 tasks on 2 workers in 1.2 s: 2.1 s of work, 88 % busy; critical path 0.3 s`.
pub(super) fn summary(run: &RunReport) -> String {
    let ended = if run.complete || !run.ended { "in" } else { "stopped after" };
    let workers = wording::counted(run.workers, "worker");
    let (wall, busy) = (wording::time(run.wall), run.busy());
    let mut summary = format!("{} on {workers} {ended} {wall}", wording::counted(tasks(run), "task"));
    let share = busy.as_secs_f64() / (run.wall.as_secs_f64() * run.workers as f64).max(1e-9);
    summary += &format!(": {} of work, workers {:.0} % busy", wording::time(busy), (share * 100.0).min(100.0));
    if !run.critical_path.is_empty() {
        summary += &format!("; critical path {}", wording::time(run.span()));
    }
    if run.spilled > 0 {
        summary += &format!("; {} went to the disk", wording::bytes(run.spilled));
    }
    summary
}

fn timeline(run: &RunReport) -> Timeline {
    let (kinds, kind_of) = kinds(&run.layers);
    let mut lanes: Vec<Lane> = (0..run.workers.min(MOST_LANES))
        .map(|worker| Lane { name: format!("worker {worker}"), spans: Vec::new() })
        .collect();
    for (index, record) in run.records.iter().enumerate() {
        if let Some(lane) = lanes.get_mut(record.worker as usize) {
            lane.spans.push(Span {
                start: record.started().as_secs_f64(),
                end: record.ended().as_secs_f64(),
                kind: kind_of[record.layer as usize],
                index: index as u32,
            });
        }
    }
    let curves = vec![memory(run), processor(run)];
    Timeline { summary: summary(run), notes: notes(run), length: run.wall.as_secs_f64(), kinds, lanes, curves }
}

/// The operations by the time they took, longest first, as far as there are colours; and which of them each layer is.
fn kinds(layers: &[LayerReport]) -> (Vec<String>, Vec<usize>) {
    let mut sums: BTreeMap<&str, Duration> = BTreeMap::new();
    for layer in layers {
        *sums.entry(&layer.title).or_default() += layer.busy;
    }
    let mut operations: Vec<(&str, Duration)> = sums.into_iter().collect();
    operations.sort_by_key(|(_, busy)| Reverse(*busy));
    let most = CATEGORIES.len() - 1;
    let kinds: HashMap<&str, usize> = operations.iter().map(|(name, _)| *name).zip(0..).collect();
    let kind_of = layers.iter().map(|layer| kinds[&*layer.title].min(most)).collect();
    let spelt = |(name, busy): &(&str, Duration)| format!("{name} {}", wording::time(*busy));
    let mut kinds: Vec<String> = operations.iter().take(most).map(spelt).collect();
    if let Some(others) = operations.get(most..).filter(|others| !others.is_empty()) {
        let busy = others.iter().map(|(_, busy)| *busy).sum();
        kinds.push(format!("{} others {}", others.len(), wording::time(busy)));
    }
    (kinds, kind_of)
}

fn memory(run: &RunReport) -> Curve {
    let points = |of: fn(&Sample) -> u64| -> Vec<(f64, f64)> {
        run.samples.iter().map(|sample| (sample.at.as_secs_f64(), of(sample) as f64)).collect()
    };
    Curve {
        name: "values held",
        points: points(|sample| sample.held),
        other: Some(("process", points(|sample| sample.resident))),
        limit: (run.budget as f64, "budget"),
        least: 0.0,
        spelt: |bytes| wording::bytes(bytes as u64),
    }
}

/// Cores in use between one look and the next.
fn processor(run: &RunReport) -> Curve {
    // Over a few looks, where there were as many: the clocks of one are not read at the very same moment.
    const LOOKS: usize = 4;
    let start = Sample { at: Duration::ZERO, held: 0, resident: 0, cpu: Duration::ZERO };
    let looks: Vec<Sample> = std::iter::once(start).chain(run.samples.iter().copied()).collect();
    let until = |last: usize| {
        let (first, last) = (looks[last.saturating_sub(LOOKS - 1)], looks[last]);
        let seconds = (last.at - first.at).as_secs_f64().max(1e-3);
        (last.at.as_secs_f64(), last.cpu.saturating_sub(first.cpu).as_secs_f64() / seconds)
    };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    Curve {
        name: "processor",
        points: (1..looks.len()).map(until).collect(),
        other: None,
        limit: (cores as f64, "of"),
        least: cores as f64,
        spelt: |cores| format!("{cores:.1} cores"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_processor_is_drawn_from_the_first_look_on() {
        let ms = Duration::from_millis;
        // One core is busy, then two.
        let samples: Vec<Sample> = (1..=8)
            .map(|look| Sample {
                at: ms(20 * look),
                held: 0,
                resident: 0,
                cpu: ms(20 * (look + look.saturating_sub(4))),
            })
            .collect();
        let curve = processor(&RunReport { samples, ..crate::display::tests::report() });
        let cores: Vec<f64> = curve.points.iter().map(|(_, cores)| (cores * 100.0).round() / 100.0).collect();
        assert_eq!(curve.points[0].0, 0.02);
        assert_eq!(cores, [1.0, 1.0, 1.0, 1.0, 1.33, 1.67, 2.0, 2.0]);
    }
}
