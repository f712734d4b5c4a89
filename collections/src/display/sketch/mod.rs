//! What a picture of a graph shows, before it is drawn: cards and links between them. Every form of a picture, SVG or
//! text or DOT, is made from this.
//!
//! A card stands for a layer, for one task of it, or, where a graph has more layers than a reader can
//! take in (a layer for each `delayed` call), for the layers of one operation on one level.
//! Imports: graph, schedule.

mod card;
mod graph;
mod groups;
mod heat;
mod layers;
mod measured;
mod tasks;
mod text;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

pub(super) use card::{Card, Cost};
pub(super) use heat::Heat;

use super::layout::Direction;
use super::wording;
use crate::graph::{Layer, fuse, layers_under};
use crate::schedule::RunReport;
use graph::Graph;
use measured::Measured;

/// What a reader asked to see of a graph.
#[derive(Clone, Debug)]
pub(super) struct View {
    pub detail: Detail,
    /// None: what there is to be seen, which is time after a run.
    pub colour: Option<Colour>,
    pub direction: Direction,
    /// Whether the graph is drawn as it runs, with layers that are fused as one.
    pub optimized: bool,
}

/// How much of a graph is drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Detail {
    /// Every task where there are few, else layers.
    Fitting,
    Layers,
    Tasks,
    /// Layers, those of one operation opened into their tasks.
    Opened(String),
}

/// What cards are coloured by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Colour {
    Time,
    Bytes,
    Order,
    Worker,
    Operation,
}

/// Up to so many tasks, all of them are drawn unasked.
const FEW_TASKS: usize = 50;
/// More are never drawn; a drawing stays below 200 kB.
const MOST_TASKS: usize = 120;
const MOST_LINKS: usize = 400;

#[derive(Debug)]
pub(super) struct Sketch {
    pub cards: Vec<Card>,
    pub links: Vec<Link>,
    pub layers: usize,
    pub tasks: usize,
    pub direction: Direction,
    /// What cards are coloured by; none where there is nothing to be seen.
    pub colour: Option<Colour>,
    /// The last run of this graph, if there was one.
    pub ran: Option<Ran>,
    /// What is not shown, and why.
    pub notes: Vec<String>,
}

/// A run as a whole.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ran {
    pub wall: Duration,
    /// Whether it reached its end.
    pub ended: bool,
    pub complete: bool,
    /// The time of all tasks together.
    pub busy: Duration,
    /// The time of those on the critical path, where it is known.
    pub span: Option<Duration>,
}

#[derive(Debug)]
pub(super) struct Link {
    pub from: usize,
    pub to: usize,
    /// How partitions are read, where whole layers are linked.
    pub pattern: String,
    /// How many bytes were there to be read in the last run.
    pub bytes: Option<u64>,
    /// Whether the critical path of the run goes along here.
    pub critical: bool,
}

impl View {
    /// What is drawn when nothing is asked for.
    pub(super) const fn of(detail: Detail) -> View {
        View { detail, colour: None, direction: Direction::Down, optimized: false }
    }
}

impl Sketch {
    /// What to draw of everything under `targets`, with the costs of the latest of `runs`, oldest first, that ran them.
    pub(super) fn of(targets: &[Arc<Layer>], view: &View, runs: &[Arc<RunReport>]) -> Sketch {
        let fused = if view.optimized { fuse(targets) } else { targets.to_vec() };
        let measured = runs.iter().rev().find_map(|run| Measured::of(run, &fused));
        let mut notes = Vec::new();
        let colour = seen(view.colour, measured.as_ref(), &mut notes);
        let graph = Graph::of(&fused, measured, colour);
        if colour == Some(Colour::Order) && !graph.is_planned() {
            notes.push("too many tasks to tell their order".to_owned());
        }
        let (cards, links) = match &view.detail {
            Detail::Fitting if graph.has_few_tasks(FEW_TASKS, MOST_LINKS) => tasks::drawn(&graph),
            Detail::Tasks if graph.has_few_tasks(MOST_TASKS, MOST_LINKS) => tasks::drawn(&graph),
            Detail::Tasks => {
                notes.push(format!("too many tasks to draw each (at most {MOST_TASKS}): these are the layers"));
                layers::drawn(&graph)
            }
            Detail::Opened(name) => layers::drawn_opened(&graph, name, &mut notes),
            Detail::Fitting | Detail::Layers => layers::drawn(&graph),
        };
        let ran = graph.measured.as_ref().map(|measured| Ran::of(measured.run));
        let (layers, tasks) = (graph.layers.len(), graph.tasks());
        Sketch { cards, links, layers, tasks, direction: view.direction, colour, ran, notes }
    }

    /// Whether each card is one task.
    pub(super) fn by_task(&self) -> bool {
        self.cards.iter().all(|card| card.by_task)
    }

    /// Every card, those of opened layers among them.
    pub(super) fn all_cards(&self) -> impl Iterator<Item = &Card> {
        self.cards.iter().flat_map(Card::with_opened)
    }

    /// Whether the critical path can be told from the rest, among whole cards.
    pub(super) fn shows_path(&self) -> bool {
        tells_path(&self.cards)
    }
}

/// Whether some of these are on the critical path and others are not: where all are, none stands out.
pub(super) fn tells_path(cards: &[Card]) -> bool {
    cards.iter().any(|card| card.critical) && !cards.iter().all(|card| card.critical)
}

impl Ran {
    fn of(run: &RunReport) -> Ran {
        let span = (!run.critical_path.is_empty()).then(|| run.span());
        Ran { wall: run.wall, ended: run.ended, complete: run.complete, busy: run.busy(), span }
    }

    /// What its tasks came to: how much work, and how much of it could go on at once.
    pub(super) fn shape(&self) -> Option<String> {
        let (span, most) = (self.span?, self.parallelism()?);
        let workers = if most < 1.05 { "1 worker".to_owned() } else { format!("{most:.1} workers") };
        let (busy, span) = (wording::time(self.busy), wording::time(span));
        Some(format!("{busy} of work, span {span}: at most {workers} busy"))
    }

    /// How many workers the run could have kept busy, with as many as it likes.
    fn parallelism(&self) -> Option<f64> {
        let span = self.span?.as_secs_f64();
        (span > 0.0).then(|| self.busy.as_secs_f64() / span)
    }
}

impl Link {
    /// The words beside it.
    pub(super) fn label(&self) -> String {
        match self.bytes {
            Some(bytes) => format!("{} · {}", self.pattern, wording::bytes(bytes)),
            None => self.pattern.clone(),
        }
    }
}

/// The colour that is seen of the one that was asked for; where it cannot be, a note says why.
fn seen(asked: Option<Colour>, measured: Option<&Measured>, notes: &mut Vec<String>) -> Option<Colour> {
    let word = match asked {
        None => return measured.map(|_| Colour::Time),
        Some(Colour::Order | Colour::Operation) => return asked,
        Some(Colour::Time) => "time",
        Some(Colour::Bytes) => "bytes",
        Some(Colour::Worker) => "worker",
    };
    match measured {
        None => notes.push(format!("not coloured by {word}: compute() this first")),
        Some(measured) if asked == Some(Colour::Worker) && measured.run.records.is_empty() => {
            notes.push("not coloured by worker: this was run with config().profile(false)".to_owned());
        }
        Some(_) => return asked,
    }
    None
}

/// The operations of a graph, each once, inputs first.
pub(super) fn operations(targets: &[Arc<Layer>]) -> Vec<&'static str> {
    let mut known = HashSet::new();
    layers_under(targets).iter().map(|layer| layer.operation().name()).filter(|name| known.insert(*name)).collect()
}
