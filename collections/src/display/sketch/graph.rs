//! The graph to sketch: its layers, which of their tasks would run and when, and what a run measured of them.
//! Imports: graph.

use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::FixedState;

use super::heat::Heat;
use super::measured::Measured;
use super::{Card, Colour};
use crate::graph::{Input, Key, Layer, Pattern, Plan, TaskId, layers_under};

/// Graphs up to this size are planned, so that a drawing counts only the tasks that would run and knows their order.
const PLANNED: usize = 50_000;

pub(super) struct Graph<'a> {
    pub layers: Vec<Arc<Layer>>,
    /// The layers that are read: from, to, and how.
    pub edges: Vec<(usize, usize, Pattern)>,
    pub measured: Option<Measured<'a>>,
    planned: Option<Planned>,
    colour: Option<Colour>,
}

/// A plan, and the tasks of each layer by partition.
struct Planned {
    plan: Plan,
    tasks: Vec<Vec<TaskId>>,
}

impl<'a> Graph<'a> {
    pub(super) fn of(targets: &[Arc<Layer>], measured: Option<Measured<'a>>, colour: Option<Colour>) -> Graph<'a> {
        let layers = layers_under(targets);
        let planned = (most_reads(&layers) <= PLANNED).then(|| Planned::of(targets));
        let index: HashMap<Key, usize, FixedState> = layers.iter().map(|layer| layer.key()).zip(0..).collect();
        let edge = |to, input: &Input| (index[&input.layer.key()], to, input.pattern.clone());
        let of_layer = |(to, layer): (usize, &'_ Arc<Layer>)| {
            layer.inputs().iter().map(|input| edge(to, input)).collect::<Vec<_>>()
        };
        let edges = layers.iter().enumerate().flat_map(of_layer).collect();
        Graph { layers, edges, measured, planned, colour }
    }

    pub(super) fn is_planned(&self) -> bool {
        self.planned.is_some()
    }

    /// The plan, if it is small.
    pub(super) fn plan(&self) -> Option<&Plan> {
        self.planned.as_ref().map(|planned| &planned.plan)
    }

    pub(super) fn has_few_tasks(&self, tasks: usize, links: usize) -> bool {
        self.plan().is_some_and(|plan| {
            plan.len() <= tasks && plan.tasks().map(|task| plan.reads(task).len()).sum::<usize>() <= links
        })
    }

    /// How many tasks of `layer` would run: by the plan where there is one, else all.
    pub(super) fn tasks_of(&self, layer: usize) -> usize {
        self.planned.as_ref().map_or(self.layers[layer].tasks(), |planned| planned.tasks[layer].len())
    }

    pub(super) fn tasks(&self) -> usize {
        (0..self.layers.len()).map(|layer| self.tasks_of(layer)).sum()
    }

    /// The partition that the `number`th task of `layer` makes, of those that would run.
    pub(super) fn partition(&self, layer: usize, number: usize) -> usize {
        self.planned.as_ref().map_or(number, |planned| planned.plan.partition(planned.tasks[layer][number]))
    }

    /// The card of a whole layer.
    pub(super) fn card(&self, layer: usize) -> Card {
        let tasks = self.tasks_of(layer);
        let mut card = Card::of(&self.layers[layer], tasks);
        let places = (0..tasks).filter_map(|number| self.order(layer, number));
        card.order = self.planned.as_ref().map(|_| places.sum::<f64>() / tasks.max(1) as f64);
        card.heat = self.heat(layer);
        if let Some(measured) = &self.measured {
            let key = self.layers[layer].key();
            card.cost = measured.cost(key);
            card.workers = measured.workers(key, None);
            card.critical = measured.place(key, None).is_some_and(|place| measured.is_critical(place));
        }
        card
    }

    /// The card of the task that makes a partition of a layer, planned to run at `order`.
    pub(super) fn card_of_task(&self, layer: usize, partition: usize, order: Option<f64>) -> Card {
        let mut card = Card::of_task(&self.layers[layer], partition);
        card.order = order;
        if let Some(measured) = &self.measured {
            let key = self.layers[layer].key();
            card.cost = measured.cost_of_task(key, partition);
            card.workers = measured.workers(key, Some(partition));
            card.critical = measured.place(key, Some(partition)).is_some_and(|place| measured.is_critical(place));
        }
        card
    }

    /// Whether the critical path goes from a layer, or a partition of it, to another.
    pub(super) fn leads(&self, from: (usize, Option<usize>), to: (usize, Option<usize>)) -> bool {
        let Some(measured) = &self.measured else { return false };
        let place = |(layer, partition): (usize, Option<usize>)| measured.place(self.layers[layer].key(), partition);
        place(from).zip(place(to)).is_some_and(|(from, to)| measured.leads(from, to))
    }

    /// When a task of the plan runs: from 0, the first, to 1, the last.
    pub(super) fn order_in_plan(plan: &Plan, task: TaskId) -> f64 {
        task.index() as f64 / (plan.len().max(2) - 1) as f64
    }

    /// When the `number`th task of a layer is planned to run.
    pub(super) fn order(&self, layer: usize, number: usize) -> Option<f64> {
        let Planned { plan, tasks } = self.planned.as_ref()?;
        Some(Graph::order_in_plan(plan, tasks[layer][number]))
    }

    /// The tasks of a layer by what the picture is coloured by.
    fn heat(&self, layer: usize) -> Option<Heat> {
        let each = &self.layers[layer];
        let of = |values: &mut dyn Iterator<Item = (usize, f64)>| Heat::of(each.tasks(), &each.picture().grid, values);
        let measured = self.measured.as_ref().filter(|measured| measured.ends_with(each.key()));
        match self.colour? {
            Colour::Time => of(&mut measured?
                .records(each.key())
                .map(|record| (record.partition as usize, record.took().as_secs_f64()))),
            Colour::Bytes => {
                of(&mut measured?.records(each.key()).map(|record| (record.partition as usize, record.bytes as f64)))
            }
            Colour::Order => {
                let tasks = 0..self.tasks_of(layer);
                let place = |number| Some((self.partition(layer, number), self.order(layer, number)?));
                self.is_planned().then(|| of(&mut tasks.filter_map(place)))?
            }
            Colour::Worker | Colour::Operation => None,
        }
    }
}

impl Planned {
    fn of(targets: &[Arc<Layer>]) -> Planned {
        let plan = Plan::of(targets);
        let mut tasks = vec![Vec::new(); plan.layers().len()];
        for task in plan.tasks() {
            tasks[plan.layer_index(task)].push(task);
        }
        for tasks in &mut tasks {
            tasks.sort_by_key(|&task| plan.partition(task));
        }
        Planned { plan, tasks }
    }
}

/// At least as many tasks and reads as a plan of these layers would hold (of block arithmetic, an estimate).
fn most_reads(layers: &[Arc<Layer>]) -> usize {
    let reads = |layer: &Arc<Layer>| {
        let input = |input: &Input| match input.pattern {
            Pattern::All => layer.tasks().saturating_mul(input.layer.tasks()),
            Pattern::Tree(_) => input.layer.tasks(),
            Pattern::OneToOne | Pattern::Pick(_) | Pattern::Blocks(_) => layer.tasks(),
        };
        layer.inputs().iter().map(input).fold(layer.tasks(), usize::saturating_add)
    };
    layers.iter().map(reads).fold(0, usize::saturating_add)
}
