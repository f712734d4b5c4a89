//! A graph drawn layer by layer, of which some layers may be opened: their cards hold those of their tasks.
//! Imports: graph.

use std::collections::BTreeMap;

use super::graph::Graph;
use super::groups::groups;
use super::{Card, Link};
use crate::display::wording;
use crate::graph::Pattern;

/// How many tasks are shown of all layers that are opened, and how many layers are.
const MOST_OPENED: usize = 120;
const MOST_LAYERS: usize = 8;

/// The cards and links of all layers.
pub(super) fn drawn(graph: &Graph) -> (Vec<Card>, Vec<Link>) {
    drawn_with(graph, &vec![0; graph.layers.len()])
}

/// The same with the layers of operation `name` opened into their tasks.
pub(super) fn drawn_opened(graph: &Graph, name: &str, notes: &mut Vec<String>) -> (Vec<Card>, Vec<Link>) {
    let mut shown = vec![0; graph.layers.len()];
    let named = |layer: &usize| graph.layers[*layer].parts().iter().any(|part| part.operation().name() == name);
    let layers: Vec<usize> = (0..graph.layers.len()).filter(named).collect();
    let mut left = MOST_OPENED;
    for &layer in layers.iter().take(MOST_LAYERS) {
        shown[layer] = graph.tasks_of(layer).min(left);
        left -= shown[layer];
    }
    let (all, drawn) = (layers.iter().map(|&layer| graph.tasks_of(layer)).sum(), MOST_OPENED - left);
    if drawn < all {
        let (all, name) = (wording::count(all), wording::clipped(name, wording::NAME));
        notes.push(format!("the first {drawn} of {all} tasks of `{name}` are shown"));
    }
    drawn_with(graph, &shown)
}

/// The cards and links of all layers, of each of which so many tasks are shown.
fn drawn_with(graph: &Graph, shown: &[usize]) -> (Vec<Card>, Vec<Link>) {
    let groups = groups(graph, &|layer| shown[layer] > 0);
    let mut cards: Vec<Card> = Vec::new();
    for (layer, &shown) in shown.iter().enumerate() {
        let mut card = graph.card(layer);
        let task = |number| graph.card_of_task(layer, graph.partition(layer, number), graph.order(layer, number));
        card.opened = (0..shown).map(task).collect();
        match cards.get_mut(groups.of[layer]) {
            Some(first) => first.join(card),
            None => cards.push(card),
        }
    }
    for group in groups.left_out {
        cards[group].title = wording::counted(cards[group].layers, "layer");
        cards[group].detail = "left out of the picture".to_owned();
    }
    for group in groups.trees {
        cards[group].detail = format!("{} levels of a tree", cards[group].layers);
    }
    (cards, links(graph, &groups.of))
}

/// The links between cards, each pair once, labelled with every pattern between them.
fn links(graph: &Graph, card_of: &[usize]) -> Vec<Link> {
    let mut between: BTreeMap<(usize, usize), Between> = BTreeMap::new();
    for (from, to, pattern) in &graph.edges {
        let ends = (card_of[*from], card_of[*to]);
        if ends.0 != ends.1 {
            between.entry(ends).or_default().add(graph, *from, *to, pattern);
        }
    }
    between.into_iter().map(|((from, to), between)| between.link(from, to)).collect()
}

/// What is between two cards.
#[derive(Default)]
struct Between {
    patterns: Vec<&'static str>,
    /// The bytes that each layer made that is read.
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
