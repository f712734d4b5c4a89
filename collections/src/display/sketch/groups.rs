//! Which layers share a card, where there are more than a reader can take in. Imports: graph.

use std::collections::HashMap;
use std::hash::Hash;

use super::graph::Graph;
use crate::display::layout;
use crate::graph::Pattern;

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
    /// The groups that are several levels of one tree.
    pub trees: Vec<usize>,
}

/// Numbers the groups: one for each layer, the levels of a tree sharing one, or where those are too many, one for each operation on a level, or one for
/// each level, with the levels in the middle in one group. A layer that is `alone` shares with none.
pub(super) fn groups(graph: &Graph, alone: &dyn Fn(usize) -> bool) -> Groups {
    let layers = &graph.layers;
    if layers.len() <= MOST_CARDS {
        return by_tree(graph, alone);
    }
    // Edges go from a level to a deeper one, so cards that keep to one level, or to a run of levels, form no cycle.
    let edges: Vec<_> = graph.edges.iter().map(|(from, to, _)| (*from, *to)).collect();
    let levels = layout::ranks(layers.len(), &edges);
    let only = |layer: usize| alone(layer).then_some(layer);
    let names = layers.iter().map(|layer| layer.operation().name());
    let (by_operation, cards) =
        numbered(names.zip(&levels).enumerate().map(|(layer, (name, level))| (*level, name, only(layer))));
    if cards <= MOST_CARDS {
        return Groups { of: by_operation, left_out: Vec::new(), trees: Vec::new() };
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
    Groups { of, left_out, trees: Vec::new() }
}

/// A group for each layer, but one for the levels of a tree that each read the level before and nothing else. What is
/// read by nobody is a result, and keeps a card of its own.
fn by_tree(graph: &Graph, alone: &dyn Fn(usize) -> bool) -> Groups {
    let (mut inputs, mut readers) = (vec![0; graph.layers.len()], vec![0; graph.layers.len()]);
    let mut is_level = vec![false; graph.layers.len()];
    for (from, to, pattern) in &graph.edges {
        inputs[*to] += 1;
        readers[*from] += 1;
        is_level[*to] = inputs[*to] == 1 && matches!(pattern, Pattern::Tree(_));
    }
    let alike = |layer: usize| (graph.layers[layer].operation().name(), graph.layers[layer].picture().collection);
    let mut goes_on: Vec<Option<usize>> = vec![None; graph.layers.len()];
    for &(from, to, _) in &graph.edges {
        let levels =
            is_level[from] && is_level[to] && readers[from] == 1 && readers[to] > 0 && alike(from) == alike(to);
        goes_on[to] = Some(from).filter(|_| levels && !alone(from) && !alone(to));
    }
    let (mut of, mut trees, mut groups) = (Vec::new(), Vec::new(), 0);
    for before in goes_on {
        match before {
            Some(before) => {
                of.push(of[before]);
                trees.push(of[before]);
            }
            None => {
                of.push(groups);
                groups += 1;
            }
        }
    }
    trees.dedup();
    Groups { of, left_out: Vec::new(), trees }
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
