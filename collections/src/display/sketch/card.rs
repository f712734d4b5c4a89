//! A card: what a picture says of a layer, of one of its tasks, or of several layers together. Imports: graph.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::heat::Heat;
use crate::display::wording;
use crate::graph::Layer;

#[derive(Debug)]
pub(in crate::display) struct Card {
    pub title: String,
    /// The operations that run as one, inputs first, where fusion made it of several.
    pub parts: Vec<&'static str>,
    pub layers: usize,
    pub tasks: usize,
    /// Whether it stands for one task, not for whole layers.
    pub by_task: bool,
    /// Which partition, on the card of one task.
    pub place: String,
    pub detail: String,
    pub origin: String,
    pub collection: &'static str,
    pub grid: Vec<usize>,
    pub cost: Option<Cost>,
    /// How long each worker was busy with it.
    pub workers: BTreeMap<u32, Duration>,
    /// When its tasks are planned to run, in the mean: from 0, the first of all, to 1, the last.
    pub order: Option<f64>,
    /// Its tasks in the order of their partitions, where a picture is coloured by something they differ in.
    pub heat: Option<Heat>,
    /// Whether the critical path of the run comes by here.
    pub critical: bool,
    /// The tasks of a layer that was opened: all, or the first ones.
    pub opened: Vec<Card>,
}

/// What tasks cost in a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::display) struct Cost {
    pub busy: Duration,
    pub bytes: u64,
    pub tasks: u64,
    /// Whether the work was done, and is counted, with that of the layer that reads it.
    pub fused: bool,
}

impl Cost {
    /// The cost of a layer whose work is counted elsewhere.
    pub(super) fn of_fused(self) -> Cost {
        Cost { busy: Duration::ZERO, bytes: 0, fused: true, ..self }
    }

    /// The mean of its tasks.
    pub(super) fn mean(self) -> Cost {
        let tasks = self.tasks.max(1);
        Cost { busy: self.busy.div_f64(tasks as f64), bytes: self.bytes / tasks, tasks: 1, fused: self.fused }
    }

    fn and(self, other: Cost) -> Cost {
        Cost {
            busy: self.busy + other.busy,
            bytes: self.bytes + other.bytes,
            tasks: self.tasks + other.tasks,
            fused: self.fused && other.fused,
        }
    }

    /// How long it took, in a word.
    pub(in crate::display) fn time(&self) -> String {
        if self.fused { "fused".to_owned() } else { wording::time(self.busy) }
    }

    /// What it made, in a word.
    pub(in crate::display) fn size(&self) -> String {
        if self.fused { "fused".to_owned() } else { wording::bytes(self.bytes) }
    }

    /// How long it took and what it made.
    pub(super) fn words(&self) -> String {
        if self.fused {
            "fused with what reads it".to_owned()
        } else {
            format!("{}, {}", wording::time(self.busy), wording::bytes(self.bytes))
        }
    }
}

impl Card {
    /// The card of a layer, of which `tasks` would run.
    pub(super) fn of(layer: &Arc<Layer>, tasks: usize) -> Card {
        let picture = layer.picture();
        let parts: Vec<_> = layer.parts().iter().map(|part| part.operation().name()).collect();
        Card {
            title: layer.title().into_owned(),
            parts: if parts.len() > 1 { parts } else { Vec::new() },
            layers: 1,
            tasks,
            by_task: false,
            place: String::new(),
            detail: picture.detail.to_string(),
            origin: layer.origin().to_string(),
            collection: picture.collection,
            grid: picture.grid.to_vec(),
            cost: None,
            workers: BTreeMap::new(),
            order: None,
            heat: None,
            critical: false,
            opened: Vec::new(),
        }
    }

    /// The card of the task that makes `partition`.
    pub(super) fn of_task(layer: &Arc<Layer>, partition: usize) -> Card {
        let grid = &layer.picture().grid;
        let place = match layer.tasks() {
            1 => String::new(),
            tasks if grid.iter().product::<usize>() == tasks && !grid.is_empty() => {
                wording::place_in_grid(partition, grid)
            }
            _ => format!("({partition})"),
        };
        Card { by_task: true, place, ..Card::of(layer, 1) }
    }

    /// Takes another layer onto this card.
    pub(super) fn join(&mut self, other: Card) {
        self.layers += other.layers;
        self.tasks += other.tasks;
        if self.title != other.title {
            self.title = "several operations".to_owned();
            self.parts.clear();
        }
        if self.origin != other.origin {
            self.origin = "several places".to_owned();
        }
        if self.detail != other.detail {
            self.detail.clear();
        }
        self.cost = match (self.cost, other.cost) {
            (Some(a), Some(b)) => Some(a.and(b)),
            (one, other) => one.or(other),
        };
        for (worker, busy) in other.workers {
            *self.workers.entry(worker).or_default() += busy;
        }
        // The mean of the means, by the number of tasks.
        let share = other.tasks as f64 / self.tasks.max(1) as f64;
        self.order = self.order.zip(other.order).map(|(own, other)| own + (other - own) * share);
        self.heat = None;
        self.critical |= other.critical;
    }

    /// What it is called in words.
    pub(in crate::display) fn name(&self) -> String {
        match self.tasks {
            _ if self.by_task => format!("{}{}", self.title, self.place),
            tasks => format!("{} ×{}", self.title, wording::count(tasks)),
        }
    }

    /// The cards that it is made of: itself, and what is opened in it.
    pub(in crate::display) fn with_opened(&self) -> impl Iterator<Item = &Card> {
        std::iter::once(self).chain(&self.opened)
    }

    /// How many of its tasks are not shown though it is opened.
    pub(in crate::display) fn not_opened(&self) -> usize {
        if self.opened.is_empty() { 0 } else { self.tasks - self.opened.len() }
    }

    /// All there is to know of it, for those who point at it.
    pub(in crate::display) fn hover(&self) -> String {
        // There may be many tasks in a picture, so each says less.
        let (title, remark) =
            if self.by_task { (wording::NAME, wording::NAME) } else { (wording::TITLE, wording::REMARK) };
        let mut hover = format!("{}{}", wording::clipped(&self.title, title), self.place);
        if self.title.contains('…') && !self.parts.is_empty() {
            hover += &format!("\nruns as one: {}", wording::clipped(&self.parts.join(" → "), remark));
        }
        if self.layers > 1 {
            hover += &format!("\n{} of it", wording::counted(self.layers, "layer"));
        }
        if !self.by_task {
            hover += &format!("\n{}", wording::counted(self.tasks, "task"));
        }
        hover += format!("\n{} {}", self.collection, wording::clipped(&self.detail, remark)).trim_end();
        hover += &format!("\nbuilt in {}", wording::clipped_before(&self.origin, remark));
        if let Some(cost) = self.cost {
            hover += &format!("\nlast run: {}{}", cost.words(), self.by_whom());
        }
        if self.critical {
            hover += "\non the critical path";
        }
        hover
    }

    /// `, by worker 3`; of several, how many.
    fn by_whom(&self) -> String {
        match (self.workers.len(), self.workers.first_key_value()) {
            (1, Some((worker, _))) => format!(", by worker {worker}"),
            (0, _) | (_, None) => String::new(),
            (workers, _) => format!(", by {}", wording::counted(workers, "worker")),
        }
    }
}
