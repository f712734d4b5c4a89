//! What cards are coloured by: the fill of each, and what a legend says of it. Imports: nothing.

use std::collections::BTreeSet;
use std::time::Duration;

use super::palette::{self, CATEGORIES, GROUND};
use super::sketch::{Card, Colour, Heat, Sketch, tells_path};
use super::wording;

/// Cells of a heat strip have one of so many colours.
const STEPS: usize = 6;

/// The colours of one picture.
pub(super) struct Colouring {
    colour: Option<Colour>,
    /// The most of a whole card, and of a task or a cell of them.
    most: f64,
    most_of_task: f64,
    /// Workers or operations, in the order of their colours.
    categories: Vec<String>,
}

/// An entry of a legend.
#[derive(Debug)]
pub(super) struct Entry {
    pub swatch: Swatch,
    pub words: String,
}

#[derive(Debug)]
pub(super) enum Swatch {
    /// The edge of the cards of a collection.
    Edge(&'static str),
    Fill(String),
    /// Fills from less to more.
    Ramp(Vec<String>),
    /// The bold line of the critical path.
    Path,
}

impl Colouring {
    pub(super) fn of(sketch: &Sketch) -> Colouring {
        let colour = sketch.colour;
        let (mut most, mut most_of_task) = (0.0_f64, 0.0_f64);
        for card in sketch.all_cards() {
            let highest = if card.by_task { &mut most_of_task } else { &mut most };
            *highest = highest.max(value(colour, card).unwrap_or(0.0));
            most_of_task = most_of_task.max(card.heat.as_ref().map_or(0.0, |heat| heat.most()));
        }
        if colour == Some(Colour::Order) {
            (most, most_of_task) = (1.0, 1.0);
        }
        Colouring { colour, most, most_of_task, categories: categories(sketch) }
    }

    /// The ground of a card.
    pub(super) fn fill(&self, card: &Card) -> String {
        let most = if card.by_task { self.most_of_task } else { self.most };
        match self.colour {
            None => None,
            Some(Colour::Operation) => Some(palette::tint(self.category(&card.title)).to_owned()),
            Some(Colour::Worker) if card.by_task => {
                card.workers.first_key_value().map(|(worker, _)| palette::tint(self.worker(*worker)).to_owned())
            }
            Some(_) => value(self.colour, card).map(|value| self.ramp(value / most.max(f64::MIN_POSITIVE))),
        }
        .unwrap_or_else(|| GROUND.to_owned())
    }

    /// Which of a few steps a task, or the mean of several, is on: each step is a colour.
    pub(super) fn step(&self, value: f64) -> usize {
        (value / self.most_of_task.max(f64::MIN_POSITIVE) * (STEPS - 1) as f64).round() as usize
    }

    /// Whether the cells differ in what can be seen of them: cells that are all alike say no more than their card.
    pub(super) fn tells_apart(&self, heat: &Heat) -> bool {
        let mut steps = heat.cells.iter().map(|cell| cell.map_or(0, |value| self.step(value)));
        let first = steps.next();
        steps.any(|step| Some(step) != first)
    }

    /// What a card says that it cost: what it is coloured by, where that is a cost, else its time.
    pub(super) fn cost(&self, card: &Card) -> String {
        match (card.cost, self.colour) {
            (None, _) => String::new(),
            (Some(cost), Some(Colour::Bytes)) => cost.size(),
            (Some(cost), _) => cost.time(),
        }
    }

    pub(super) fn of_step(&self, step: usize) -> String {
        self.ramp(step as f64 / (STEPS - 1) as f64)
    }

    /// Whether colours stand for workers.
    pub(super) fn has_workers(&self) -> bool {
        self.colour == Some(Colour::Worker)
    }

    /// The number of a worker's colour.
    pub(super) fn worker(&self, worker: u32) -> usize {
        self.category(&name_of(worker))
    }

    fn category(&self, name: &str) -> usize {
        self.categories.iter().position(|known| known == name).unwrap_or(CATEGORIES.len())
    }

    fn ramp(&self, share: f64) -> String {
        match self.colour {
            Some(Colour::Bytes) => palette::size(share),
            Some(Colour::Order) => palette::order(share),
            _ => palette::heat(share),
        }
    }

    /// What the legend has to say: collections first.
    pub(super) fn legend(&self, sketch: &Sketch) -> Vec<Entry> {
        let collections: BTreeSet<_> =
            sketch.cards.iter().map(|card| card.collection).filter(|name| !name.is_empty()).collect();
        let collection = |name: &'static str| Entry { swatch: Swatch::Edge(name), words: name.to_owned() };
        let path = Entry { swatch: Swatch::Path, words: "critical path".to_owned() };
        let shown = sketch.shows_path() || sketch.cards.iter().any(|card| tells_path(&card.opened));
        let path = shown.then_some(path);
        collections.into_iter().map(collection).chain(self.entries()).chain(path).collect()
    }

    fn entries(&self) -> Vec<Entry> {
        match self.colour {
            None => Vec::new(),
            Some(Colour::Order) => self.scale("runs first to last".to_owned()),
            Some(Colour::Time) => self.scale(self.up_to(|seconds| wording::time(Duration::from_secs_f64(seconds)))),
            Some(Colour::Bytes) => self.scale(self.up_to(|bytes| wording::bytes(bytes as u64))),
            Some(Colour::Worker) => self.named(palette::category),
            Some(Colour::Operation) => self.named(palette::tint),
        }
    }

    /// One entry for all fills from less to more.
    fn scale(&self, words: String) -> Vec<Entry> {
        let last = 2 * STEPS - 1;
        let fills = (0..=last).map(|step| self.ramp(step as f64 / last as f64));
        vec![Entry { swatch: Swatch::Ramp(fills.collect()), words }]
    }

    /// An entry for each category that has a colour of its own, and one for the others.
    fn named(&self, fill: fn(usize) -> &'static str) -> Vec<Entry> {
        let own = CATEGORIES.len() - 1;
        let entry = |number: usize, words: String| Entry { swatch: Swatch::Fill(fill(number).to_owned()), words };
        let named = self.categories.iter().take(own).enumerate();
        let others = (self.categories.len() > own).then(|| entry(own, "others".to_owned()));
        named.map(|(number, name)| entry(number, wording::clipped(name, 40))).chain(others).collect()
    }

    /// `up to 1.2 s a layer, 35 ms a task`.
    fn up_to(&self, spelt: impl Fn(f64) -> String) -> String {
        match (self.most > 0.0, self.most_of_task > 0.0) {
            (true, true) => format!("up to {} a layer, {} a task", spelt(self.most), spelt(self.most_of_task)),
            (true, false) => format!("up to {} a layer", spelt(self.most)),
            (false, _) => format!("up to {} a task", spelt(self.most_of_task)),
        }
    }
}

/// What a card has of what is coloured on a ramp.
fn value(colour: Option<Colour>, card: &Card) -> Option<f64> {
    match colour? {
        Colour::Time => card.cost.map(|cost| cost.busy.as_secs_f64()),
        Colour::Bytes => card.cost.map(|cost| cost.bytes as f64),
        Colour::Order => card.order,
        Colour::Worker | Colour::Operation => None,
    }
}

/// The categories of a picture: workers by number, operations as they appear.
fn categories(sketch: &Sketch) -> Vec<String> {
    match sketch.colour {
        Some(Colour::Worker) => {
            let workers: BTreeSet<u32> = sketch.all_cards().flat_map(|card| card.workers.keys().copied()).collect();
            workers.into_iter().map(name_of).collect()
        }
        Some(Colour::Operation) => {
            let mut known = BTreeSet::new();
            let titles = sketch.all_cards().map(|card| &card.title);
            titles.filter(|title| known.insert(*title)).cloned().collect()
        }
        _ => Vec::new(),
    }
}

fn name_of(worker: u32) -> String {
    format!("worker {worker}")
}
