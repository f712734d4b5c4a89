//! A graph drawn layer by layer, of which some layers may be opened into their tasks. Imports: graph.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::graph::Graph;
use super::groups::groups;
use super::{Card, Link, MOST_LINKS};
use crate::display::wording;
use crate::graph::Pattern;

/// How many tasks an opened operation shows one by one; the next smaller number where links would be too many.
const OPENED: [usize; 4] = [48, 16, 6, 2];
/// No more partitions than this are asked what they read.
const MOST_ASKED: usize = 100_000;

/// The cards and links of all layers.
pub(super) fn drawn(graph: &Graph) -> (Vec<Card>, Vec<Link>) {
    let none = vec![0; graph.layers.len()];
    Cards::of(graph, &none).with_links(graph)
}

/// The same with the layers of operation `name` opened into their tasks.
pub(super) fn drawn_opened(graph: &Graph, name: &str, notes: &mut Vec<String>) -> (Vec<Card>, Vec<Link>) {
    let named = |layer: usize| graph.layers[layer].parts().iter().any(|part| part.operation().name() == name);
    let layers: Vec<usize> = (0..graph.layers.len()).filter(|&layer| named(layer)).collect();
    let all: usize = layers.iter().map(|&layer| graph.tasks_of(layer)).sum();
    let mut drawn = (Vec::new(), Vec::new());
    for most in OPENED {
        let mut left = most;
        let mut shown = vec![0; graph.layers.len()];
        for &layer in &layers {
            shown[layer] = graph.tasks_of(layer).min(left);
            left -= shown[layer];
        }
        drawn = Cards::of(graph, &shown).with_links(graph);
        let fewest = most == OPENED[OPENED.len() - 1];
        if drawn.1.len() <= MOST_LINKS || fewest {
            if left == 0 && all > most {
                let name = wording::clipped(name, 60);
                notes.push(format!("{most} of {} tasks of `{name}` are drawn one by one", wording::count(all)));
            }
            break;
        }
    }
    drawn
}

/// Which cards the tasks of a layer are on.
enum On {
    /// All on one.
    One(usize),
    /// From the first of these cards on, a card each; the others, if there are any, on the last.
    Each { cards: std::ops::Range<usize>, rest: bool },
}

impl On {
    /// The card of the `number`th task, of those that would run.
    fn of(&self, number: usize) -> usize {
        match self {
            On::One(card) => *card,
            On::Each { cards, .. } => (cards.start + number).min(cards.end - 1),
        }
    }

    /// The cards of single tasks, by number of the task.
    fn single(&self, card: usize) -> Option<usize> {
        match self {
            On::Each { cards, rest } if !*rest || card + 1 < cards.end => Some(card - cards.start),
            _ => None,
        }
    }
}

struct Cards {
    cards: Vec<Card>,
    /// For each layer.
    on: Vec<On>,
}

impl Cards {
    /// The cards of all layers, of each of which so many tasks are shown one by one.
    fn of(graph: &Graph, shown: &[usize]) -> Cards {
        let groups = groups(graph, &|layer| shown[layer] > 0);
        let mut cards: Vec<Card> = Vec::new();
        let mut on = Vec::new();
        let mut card_of_group: HashMap<usize, usize> = HashMap::new();
        for (layer, &shown) in shown.iter().enumerate() {
            if shown > 0 {
                let first = cards.len();
                let single = |number| graph.card_of_task(layer, graph.partition(layer, number), graph.order(layer, number));
                cards.extend((0..shown).map(single));
                let rest = shown < graph.tasks_of(layer);
                cards.extend(rest.then(|| graph.card_of_rest(layer, shown)));
                on.push(On::Each { cards: first..cards.len(), rest });
                continue;
            }
            let card = *card_of_group.entry(groups.of[layer]).or_insert(cards.len());
            on.push(On::One(card));
            match cards.get_mut(card) {
                Some(first) => first.join(graph.card(layer)),
                None => cards.push(graph.card(layer)),
            }
        }
        for group in groups.left_out {
            let card = &mut cards[card_of_group[&group]];
            card.title = wording::counted(card.layers, "layer");
            card.detail = "left out of the picture".to_owned();
            card.parts.clear();
        }
        Cards { cards, on }
    }

    /// The cards, and the links between them, each pair once, labelled with every pattern between whole layers.
    fn with_links(self, graph: &Graph) -> (Vec<Card>, Vec<Link>) {
        let mut between: BTreeMap<(usize, usize), Between> = BTreeMap::new();
        for &(from, to, ref pattern) in &graph.edges {
            if let (&On::One(source), &On::One(reader)) = (&self.on[from], &self.on[to]) {
                if source != reader {
                    between.entry((source, reader)).or_default().add(graph, from, to, pattern);
                }
                continue;
            }
            for (source, reader) in self.pairs(graph, from, to, pattern) {
                let place = |layer: usize, card| {
                    let number = self.on[layer].single(card);
                    (layer, number.map(|number| graph.partition(layer, number)))
                };
                let link = between.entry((source, reader)).or_default();
                link.critical |= graph.leads(place(from, source), place(to, reader));
            }
        }
        let links = between.into_iter().map(|((from, to), between)| between.link(from, to)).collect();
        (self.cards, links)
    }

    /// The cards of tasks that read each other, one of the layers at least being opened.
    fn pairs(&self, graph: &Graph, from: usize, to: usize, pattern: &Pattern) -> BTreeSet<(usize, usize)> {
        let partitions = graph.layers[from].tasks();
        let number_of: HashMap<usize, usize> = match self.on[from] {
            On::One(_) => HashMap::new(),
            On::Each { .. } => (0..graph.tasks_of(from)).map(|number| (graph.partition(from, number), number)).collect(),
        };
        let mut pairs = BTreeSet::new();
        let mut reads = Vec::new();
        let mut last_reader = None;
        for number in 0..graph.tasks_of(to).min(MOST_ASKED) {
            let reader = self.on[to].of(number);
            // All tasks on one card read alike where each reads all.
            if matches!(pattern, Pattern::All) && last_reader.replace(reader) == Some(reader) {
                continue;
            }
            let partition = graph.partition(to, number);
            if let On::One(source) = self.on[from] {
                if pattern.count(partition, partitions) > 0 {
                    pairs.insert((source, reader));
                }
                continue;
            }
            reads.clear();
            pattern.reads(partition, partitions, &mut reads);
            let sources = reads.iter().filter_map(|read| number_of.get(read));
            pairs.extend(sources.map(|&number| (self.on[from].of(number), reader)));
        }
        pairs
    }
}

/// What is between two cards.
#[derive(Default)]
struct Between {
    patterns: Vec<&'static str>,
    bytes: BTreeMap<usize, u64>,
    critical: bool,
}

impl Between {
    fn add(&mut self, graph: &Graph, from: usize, to: usize, pattern: &Pattern) {
        let pattern = pattern.label();
        if !self.patterns.contains(&pattern) {
            self.patterns.push(pattern);
        }
        let cost = graph.measured.as_ref().and_then(|measured| measured.cost(graph.layers[from].key()));
        self.bytes.extend(cost.filter(|cost| !cost.fused).map(|cost| (from, cost.bytes)));
        self.critical |= graph.leads((from, None), (to, None));
    }

    fn link(self, from: usize, to: usize) -> Link {
        let bytes = (!self.bytes.is_empty()).then(|| self.bytes.values().sum());
        Link { from, to, pattern: self.patterns.join(", "), bytes, critical: self.critical }
    }
}
