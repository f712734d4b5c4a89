//! Bags from what is in memory, and from nothing.

use std::any::type_name;
use std::ops::Range;

use super::pass::{self, Batch, Batches, Kind, batch_length};
use super::{Bag, Element, layer, partition};
use crate::graph::{Failure, Node, Operation, Origin, Value};

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
    let operation = Operation::joining("range", (end, partitions), |(end, partitions)| {
        let bound = move |partition: usize| (u128::from(end) * partition as u128 / partitions as u128) as u64;
        pass::source(Kind::of::<u64>(), move |partition| {
            Ok(Integers { rest: bound(partition)..bound(partition + 1), batch: Vec::new() })
        })
    });
    Bag::from_node(layer(operation, partitions, type_name::<u64>(), Origin::caller()).build())
}

/// The integers of a partition.
struct Integers {
    rest: Range<u64>,
    batch: Vec<u64>,
}

impl Batches for Integers {
    fn next(&mut self, whole: bool) -> Result<(Batch<'_>, usize), Failure> {
        let length = if whole { self.left() } else { self.left().min(batch_length::<u64>()) };
        let begin = self.rest.start;
        self.rest.start += length as u64;
        self.batch.clear();
        self.batch.extend(begin..self.rest.start);
        let left = self.left();
        Ok((Batch::Owned(&mut self.batch), left))
    }

    fn left(&self) -> usize {
        (self.rest.end - self.rest.start) as usize
    }
}

/// Refuses a bag of no partitions.
#[track_caller]
pub(super) fn must_have_partitions(npartitions: usize) {
    assert!(npartitions > 0, "a bag has at least one partition, but `npartitions` is 0");
}

/// A node of partitions that are there already.
fn held(partitions: Vec<Value>, element: &'static str, origin: Origin) -> Node {
    let count = partitions.len();
    let operation =
        Operation::holding("from_sequence", partitions, |partitions, task| Ok(partitions[task.partition()].clone()));
    layer(operation, count, element, origin).build()
}
