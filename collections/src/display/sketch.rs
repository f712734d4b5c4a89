//! What a picture of a graph shows, before it is drawn: cards and links between them.
//!
//! A card stands for a layer, for one task of it, or, where a graph has more layers than a reader can
//! take in (a layer for each `delayed` call), for the layers of one operation on one level.
//! Imports: graph, schedule.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use super::layout;
use super::wording;
use crate::graph::{Key, Layer, Plan, layers_under};
use crate::schedule::{LayerReport, RunReport};

/// How much of a graph is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Detail {
    /// Every task where there are few, else layers.
    Fitting,
    Layers,
    Tasks,
}

/// Up to so many tasks, all of them are drawn unasked.
const FEW_TASKS: usize = 50;
/// More are never drawn; a drawing stays below 200 kB.
const MOST_TASKS: usize = 200;
const MOST_LINKS: usize = 600;
/// Graphs up to this size are planned, so that the drawing counts only the tasks that would run.
const PLANNED: usize = 20_000;
/// More layers than this are drawn in groups.
const MOST_CARDS: usize = 60;
/// A graph with more levels than this is cut in the middle, with so many levels left at either end.
const MOST_LEVELS: usize = 30;
const KEPT_LEVELS: usize = 6;

#[derive(Debug)]
pub(super) struct Sketch {
    pub cards: Vec<Card>,
    pub links: Vec<Link>,
    pub layers: usize,
    pub tasks: usize,
    /// Whether each card is one task.
    pub by_task: bool,
    /// How long the last run took, and whether it reached its end, if it was a run of this graph.
    pub ran: Option<(Duration, bool)>,
    /// What is not shown, and why.
    pub note: Option<String>,
}

#[derive(Debug)]
pub(super) struct Card {
    pub title: String,
    pub layers: usize,
    pub tasks: usize,
    /// Which partition, on the card of one task.
    pub place: String,
    pub detail: String,
    pub origin: String,
    pub collection: &'static str,
    pub grid: Vec<usize>,
    pub cost: Option<Cost>,
}

/// What a card's tasks cost in the last run.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Cost {
    pub busy: Duration,
    pub bytes: u64,
    pub tasks: u64,
    /// Whether its work was done, and is counted, with that of the layer that reads it.
    pub fused: bool,
}

impl Cost {
    /// How long it took, in a word.
    pub fn time(&self) -> String {
        if self.fused { "fused".to_owned() } else { wording::time(self.busy) }
    }

    /// How long it took and what it made.
    fn words(&self) -> String {
        if self.fused {
            "fused".to_owned()
        } else {
            format!("{}, {}", wording::time(self.busy), wording::bytes(self.bytes))
        }
    }
}

#[derive(Debug)]
pub(super) struct Link {
    pub from: usize,
    pub to: usize,
    pub label: String,
}

impl Sketch {
    /// What to draw of everything under `targets`, with the costs of `run` if it ran them.
    pub(super) fn of(targets: &[Arc<Layer>], detail: Detail, run: Option<&RunReport>) -> Sketch {
        let layers = layers_under(targets);
        let run = run.filter(|run| targets.iter().all(|target| run.layer(target.key()).is_some()));
        let costs = run.map_or_else(HashMap::new, costs);
        let plan = (most_reads(&layers) <= PLANNED).then(|| Plan::of(targets));
        let mut sketch = match (detail, &plan) {
            (Detail::Fitting, Some(plan)) if plan.len() <= FEW_TASKS => of_tasks(plan, &costs),
            (Detail::Tasks, Some(plan)) if drawable(plan) => of_tasks(plan, &costs),
            _ => of_layers(&layers, plan.as_ref(), &costs),
        };
        if detail == Detail::Tasks && !sketch.by_task {
            sketch.note = Some(format!("too many tasks to draw each (at most {MOST_TASKS}): these are the layers"));
        }
        sketch.ran = run.map(|run| (run.wall, run.complete));
        sketch
    }

    /// The same picture in words, a line for each card.
    pub(super) fn text(&self) -> String {
        let mut text = self.summary();
        let label = |card: &Card| match card.tasks {
            _ if self.by_task => format!("{}{}", card.title, card.place),
            tasks => format!("{} ×{}", card.title, wording::count(tasks)),
        };
        let mut reads: Vec<Vec<&Link>> = self.cards.iter().map(|_| Vec::new()).collect();
        for link in &self.links {
            reads[link.to].push(link);
        }
        for (index, (card, links)) in self.cards.iter().zip(&reads).enumerate() {
            let mut line = format!("\n{index:>4}  {}", label(card));
            if !self.by_task && !card.detail.is_empty() {
                line += &format!("  {} {}", card.collection, wording::clipped(&card.detail, 60));
            }
            let sources = links.iter().map(|link| match &*link.label {
                "" => link.from.to_string(),
                label => format!("{} ({label})", link.from),
            });
            let sources: Vec<_> = sources.take(8).collect();
            if !sources.is_empty() {
                let more = if links.len() > sources.len() { ", …" } else { "" };
                line += &format!("  ← {}{more}", sources.join(", "));
            }
            if let (Some(cost), false) = (card.cost, self.by_task) {
                line += &format!("  {}", cost.words());
            }
            text += line.trim_end();
        }
        text
    }

    /// `6 layers, 231 tasks, ran in 1.2 s`.
    pub(super) fn summary(&self) -> String {
        let mut summary =
            format!("{}, {}", wording::counted(self.layers, "layer"), wording::counted(self.tasks, "task"));
        if let Some((wall, complete)) = self.ran {
            let ended = if complete { "ran in" } else { "stopped after" };
            summary += &format!(", {ended} {}", wording::time(wall));
        }
        if let Some(note) = &self.note {
            summary += &format!("; {note}");
        }
        summary
    }
}

impl Card {
    fn of(layer: &Layer, tasks: usize, costs: &HashMap<Key, Cost>) -> Card {
        let picture = layer.picture();
        Card {
            title: layer.operation().name().to_owned(),
            layers: 1,
            tasks,
            place: String::new(),
            detail: picture.detail.to_string(),
            origin: layer.origin().to_string(),
            collection: picture.collection,
            grid: picture.grid.clone(),
            cost: costs.get(&layer.key()).copied(),
        }
    }

    /// The card of one task; its cost is the mean of its layer's.
    fn of_task(plan: &Plan, task: crate::graph::TaskId, costs: &HashMap<Key, Cost>) -> Card {
        let layer = plan.layer(task);
        let partition = plan.partition(task);
        let grid = &layer.picture().grid;
        let mut card = Card::of(layer, 1, costs);
        card.place = match layer.tasks() {
            1 => String::new(),
            tasks if grid.iter().product::<usize>() == tasks && !grid.is_empty() => {
                wording::place_in_grid(partition, grid)
            }
            _ => format!("({partition})"),
        };
        card.cost = card.cost.map(|cost| Cost {
            busy: cost.busy.div_f64(cost.tasks as f64),
            bytes: cost.bytes / cost.tasks,
            tasks: 1,
            fused: cost.fused,
        });
        card
    }

    /// Takes another layer of the same operation onto this card.
    fn join(&mut self, other: Card) {
        self.layers += other.layers;
        self.tasks += other.tasks;
        if self.title != other.title {
            self.title = "several operations".to_owned();
        }
        if self.origin != other.origin {
            self.origin = "several places".to_owned();
        }
        if self.detail != other.detail {
            self.detail.clear();
        }
        self.cost = match (self.cost, other.cost) {
            (Some(a), Some(b)) => Some(Cost {
                busy: a.busy + b.busy,
                bytes: a.bytes + b.bytes,
                tasks: a.tasks + b.tasks,
                fused: a.fused && b.fused,
            }),
            (one, other) => one.or(other),
        };
    }

    /// All there is to know of it, for those who point at it.
    pub(super) fn hover(&self) -> String {
        let mut hover = format!("{}{}", wording::clipped(&self.title, 120), self.place);
        if self.layers > 1 {
            hover += &format!("\n{} of it", wording::counted(self.layers, "layer"));
        }
        if self.place.is_empty() {
            hover += &format!("\n{}", wording::counted(self.tasks, "task"));
        }
        hover += format!("\n{} {}", self.collection, wording::clipped(&self.detail, 240)).trim_end();
        hover += &format!("\nbuilt in {}", wording::clipped(&self.origin, 240));
        if let Some(cost) = self.cost {
            hover += &format!("\nlast run: {}", cost.words());
        }
        hover
    }
}

fn costs(run: &RunReport) -> HashMap<Key, Cost> {
    let mut costs = HashMap::new();
    for &LayerReport { ref parts, busy, bytes, tasks, .. } in run.layers.iter().filter(|layer| layer.tasks > 0) {
        let (&last, fused) = parts.split_last().expect("a layer is one part at least");
        let with_last = Cost { tasks, fused: true, ..Cost::default() };
        costs.extend(fused.iter().map(|&part| (part, with_last)));
        costs.insert(last, Cost { busy, bytes, tasks, fused: false });
    }
    costs
}

/// At least as many tasks and reads as a plan of these layers would hold (of block arithmetic, an estimate).
fn most_reads(layers: &[Arc<Layer>]) -> usize {
    use crate::graph::Pattern;
    let reads = |layer: &Layer| {
        let input = |input: &crate::graph::Input| match input.pattern {
            Pattern::All => layer.tasks().saturating_mul(input.layer.tasks()),
            Pattern::Tree(_) => input.layer.tasks(),
            Pattern::OneToOne | Pattern::Pick(_) | Pattern::Blocks(_) => layer.tasks(),
        };
        layer.inputs().iter().map(input).fold(layer.tasks(), usize::saturating_add)
    };
    layers.iter().map(|layer| reads(layer)).fold(0, usize::saturating_add)
}

fn drawable(plan: &Plan) -> bool {
    let links: usize = plan.tasks().map(|task| plan.reads(task).len()).sum();
    plan.len() <= MOST_TASKS && links <= MOST_LINKS
}

fn of_tasks(plan: &Plan, costs: &HashMap<Key, Cost>) -> Sketch {
    let links = plan.tasks().flat_map(|task| {
        let mut reads = plan.reads(task).to_vec();
        reads.sort();
        reads.dedup();
        reads.into_iter().map(move |read| Link { from: read.0 as usize, to: task.0 as usize, label: String::new() })
    });
    Sketch {
        cards: plan.tasks().map(|task| Card::of_task(plan, task, costs)).collect(),
        links: links.collect(),
        layers: plan.layers().len(),
        tasks: plan.len(),
        by_task: true,
        ran: None,
        note: None,
    }
}

fn of_layers(layers: &[Arc<Layer>], plan: Option<&Plan>, costs: &HashMap<Key, Cost>) -> Sketch {
    let tasks = tasks_of_layers(layers, plan);
    let index: HashMap<Key, usize> = layers.iter().enumerate().map(|(index, layer)| (layer.key(), index)).collect();
    let edges: Vec<(usize, usize)> = layers
        .iter()
        .enumerate()
        .flat_map(|(to, layer)| layer.inputs().iter().map(move |input| (input, to)))
        .map(|(input, to)| (index[&input.layer.key()], to))
        .collect();
    let groups = groups(layers, &edges);
    let mut cards: Vec<Option<Card>> = Vec::new();
    for ((layer, &group), &tasks) in layers.iter().zip(&groups.of).zip(&tasks) {
        cards.resize_with(cards.len().max(group + 1), || None);
        let card = Card::of(layer, tasks, costs);
        match &mut cards[group] {
            Some(first) => first.join(card),
            empty => *empty = Some(card),
        }
    }
    let mut cards: Vec<Card> = cards.into_iter().map(|card| card.expect("every group has a layer")).collect();
    if let Some(middle) = groups.middle {
        let card = &mut cards[middle];
        card.title = wording::counted(card.layers, "layer");
        card.detail = "left out of the picture".to_owned();
    }
    Sketch {
        links: links(layers, &edges, &groups.of, costs),
        layers: layers.len(),
        tasks: tasks.iter().sum(),
        cards,
        by_task: false,
        ran: None,
        note: None,
    }
}

/// How many tasks of each layer would run: by the plan where there is one, else all.
fn tasks_of_layers(layers: &[Arc<Layer>], plan: Option<&Plan>) -> Vec<usize> {
    let Some(plan) = plan else { return layers.iter().map(|layer| layer.tasks()).collect() };
    let mut tasks = vec![0; layers.len()];
    for task in plan.tasks() {
        tasks[plan.layer_index(task)] += 1;
    }
    tasks
}

/// The links between cards, each pair once, labelled with every pattern between them.
fn links(layers: &[Arc<Layer>], edges: &[(usize, usize)], group_of: &[usize], costs: &HashMap<Key, Cost>) -> Vec<Link> {
    struct Between {
        patterns: Vec<&'static str>,
        sources: BTreeMap<usize, u64>,
    }
    let mut between: BTreeMap<(usize, usize), Between> = BTreeMap::new();
    let patterns = layers.iter().flat_map(|layer| layer.inputs()).map(|input| input.pattern.label());
    for (&(from, to), pattern) in edges.iter().zip(patterns) {
        let ends = (group_of[from], group_of[to]);
        if ends.0 == ends.1 {
            continue;
        }
        let link = between.entry(ends).or_insert_with(|| Between { patterns: Vec::new(), sources: BTreeMap::new() });
        if !link.patterns.contains(&pattern) {
            link.patterns.push(pattern);
        }
        if let Some(cost) = costs.get(&layers[from].key()).filter(|cost| !cost.fused) {
            link.sources.insert(from, cost.bytes);
        }
    }
    let link = |((from, to), Between { patterns, sources })| {
        let mut label = patterns.join(", ");
        if !sources.is_empty() {
            label += &format!(" · {}", wording::bytes(sources.values().sum()));
        }
        Link { from, to, label }
    };
    between.into_iter().map(link).collect()
}

/// Which card each layer is on.
struct Groups {
    of: Vec<usize>,
    /// The card that stands for all levels left out.
    middle: Option<usize>,
}

/// Numbers the cards: one for each layer, or where those are too many, one for each operation on a
/// level, or one for each level, with the levels in the middle on one card.
fn groups(layers: &[Arc<Layer>], edges: &[(usize, usize)]) -> Groups {
    if layers.len() <= MOST_CARDS {
        return Groups { of: (0..layers.len()).collect(), middle: None };
    }
    // Edges go from a level to a deeper one, so cards that keep to one level, or to a run of levels, form no cycle.
    let levels = layout::ranks(layers.len(), edges);
    let (by_operation, cards) =
        numbered(layers.iter().zip(&levels).map(|(layer, level)| (*level, layer.operation().name())));
    if cards <= MOST_CARDS {
        return Groups { of: by_operation, middle: None };
    }
    let deepest = levels.iter().max().copied().unwrap_or(0);
    let cut = deepest >= MOST_LEVELS;
    let left_out = |level: usize| cut && level >= KEPT_LEVELS && level + KEPT_LEVELS <= deepest;
    let (of, _) = numbered(levels.iter().map(|&level| if left_out(level) { KEPT_LEVELS } else { level }));
    let middle = levels.iter().position(|&level| left_out(level)).map(|layer| of[layer]);
    Groups { of, middle }
}

/// A number for each distinct name, in order of appearance; and how many there are.
fn numbered<N: std::hash::Hash + Eq>(names: impl Iterator<Item = N>) -> (Vec<usize>, usize) {
    let mut numbers = HashMap::new();
    let of = names.map(|name| {
        let next = numbers.len();
        *numbers.entry(name).or_insert(next)
    });
    (of.collect(), numbers.len())
}
