//! Which layers share a card, where there are more than a reader can take in. Imports: graph.

use std::collections::HashMap;
use std::hash::Hash;

use super::graph::Graph;
use crate::display::layout;

/// More layers than this are drawn in groups.
const MOST_CARDS: usize = 50;
/// A graph with more levels than this is cut in the middle, with so many levels left at either end.
const MOST_LEVELS: usize = 30;
const KEPT_LEVELS: usize = 6;

/// Which group each layer is in.
pub(super) struct Groups {
    pub of: Vec<usize>,
    /// The groups that stand for levels left out: mostly one, more where a layer that is alone lies between them.
    pub left_out: Vec<usize>,
}

/// Numbers the groups: one for each layer, or where those are too many, one for each operation on a level, or one for
/// each level, with the levels in the middle in one group. A layer that is `alone` shares with none.
pub(super) fn groups(graph: &Graph, alone: &dyn Fn(usize) -> bool) -> Groups {
    let layers = &graph.layers;
    if layers.len() <= MOST_CARDS {
        return Groups { of: (0..layers.len()).collect(), left_out: Vec::new() };
    }
    // Edges go from a level to a deeper one, so cards that keep to one level, or to a run of levels, form no cycle.
    let edges: Vec<_> = graph.edges.iter().map(|(from, to, _)| (*from, *to)).collect();
    let levels = layout::ranks(layers.len(), &edges);
    let only = |layer: usize| alone(layer).then_some(layer);
    let names = layers.iter().map(|layer| layer.operation().name());
    let (by_operation, cards) =
        numbered(names.zip(&levels).enumerate().map(|(layer, (name, level))| (*level, name, only(layer))));
    if cards <= MOST_CARDS {
        return Groups { of: by_operation, left_out: Vec::new() };
    }
    let deepest = levels.iter().max().copied().unwrap_or(0);
    let cut = deepest >= MOST_LEVELS;
    let mut cuts: Vec<usize> = (0..layers.len()).filter(|&layer| alone(layer)).map(|layer| levels[layer]).collect();
    cuts.sort();
    let level = |layer: usize| {
        let level = levels[layer];
        let left_out = cut && !alone(layer) && level >= KEPT_LEVELS && level + KEPT_LEVELS <= deepest;
        (if left_out { Err(cuts.partition_point(|&cut| cut <= level)) } else { Ok(level) }, only(layer))
    };
    let (of, _) = numbered((0..layers.len()).map(level));
    let mut left_out: Vec<usize> =
        (0..layers.len()).filter(|&layer| level(layer).0.is_err()).map(|layer| of[layer]).collect();
    left_out.dedup();
    Groups { of, left_out }
}

/// A number for each distinct name, in order of appearance; and how many there are.
fn numbered<N: Hash + Eq>(names: impl Iterator<Item = N>) -> (Vec<usize>, usize) {
    let mut numbers = HashMap::new();
    let of = names.map(|name| {
        let next = numbers.len();
        *numbers.entry(name).or_insert(next)
    });
    (of.collect(), numbers.len())
}
