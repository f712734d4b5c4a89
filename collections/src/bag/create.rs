//! Bags from what is in memory, and from nothing.

use std::any::type_name;

use super::{Bag, Element, layer, partition};
use crate::graph::{Node, Operation, Origin, Value};

/// A bag of the elements of `sequence`, in `npartitions` partitions of equal length; fewer if there are
/// fewer elements.
///
/// ```
/// use lazuli::prelude::*;
/// let words = from_sequence(["lapis", "lazuli"].map(String::from), 2);
/// assert_eq!(words.map(|word| word.len()).compute().unwrap(), [5, 6]);
/// ```
///
/// # Panics
/// If `npartitions` is 0.
#[track_caller]
pub fn from_sequence<T: Element>(sequence: impl IntoIterator<Item = T>, npartitions: usize) -> Bag<T> {
    must_have_partitions(npartitions);
    let elements: Vec<T> = sequence.into_iter().collect();
    let length = elements.len().div_ceil(npartitions).max(1);
    let mut elements = elements.into_iter();
    let mut partitions = Vec::new();
    while partitions.is_empty() || elements.len() > 0 {
        partitions.push(partition::value::<T>(elements.by_ref().take(length).collect()));
    }
    Bag::from_node(held(partitions, type_name::<T>(), Origin::caller()))
}

/// A bag of the integers from 0 to before `end`, in `npartitions` partitions; none is made before it is needed.
///
/// ```
/// use lazuli::prelude::*;
/// assert_eq!(bag::range(1_000_000, 8).sum().compute().unwrap(), 499_999_500_000);
/// ```
///
/// # Panics
/// If `npartitions` is 0.
#[track_caller]
pub fn range(end: u64, npartitions: usize) -> Bag<u64> {
    must_have_partitions(npartitions);
    let partitions = npartitions.min(usize::try_from(end).unwrap_or(usize::MAX)).max(1);
    let operation = Operation::new("range", (end, partitions), |&(end, partitions), task| {
        let bound = |partition: usize| (u128::from(end) * partition as u128 / partitions as u128) as u64;
        Ok(partition::value((bound(task.partition())..bound(task.partition() + 1)).collect()))
    });
    Bag::from_node(layer(operation, partitions, type_name::<u64>(), Origin::caller()).build())
}

/// Refuses a bag of no partitions.
#[track_caller]
pub(super) fn must_have_partitions(npartitions: usize) {
    assert!(npartitions > 0, "a bag has at least one partition, but `npartitions` is 0");
}

/// A node of partitions that are there already.
fn held(partitions: Vec<Value>, element: &str, origin: Origin) -> Node {
    let count = partitions.len();
    let operation =
        Operation::holding("from_sequence", partitions, |partitions, task| Ok(partitions[task.partition()].clone()));
    layer(operation, count, element, origin).build()
}
