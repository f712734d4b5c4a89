//! Which element is in which partition: `chain`, `repartition`.

use std::any::type_name;

use super::create::must_have_partitions;
use super::{Bag, Element, layer, partition};
use crate::graph::{Node, Operation, Origin, Pattern};

impl<T: Element> Bag<T> {
    /// The elements of this bag, then those of `other`; the partitions stay as they are.
    ///
    /// ```
    /// # use lazuli::prelude::*;
    /// let both = from_sequence(0..2, 1).chain(&from_sequence(5..7, 2));
    /// assert_eq!((both.npartitions(), both.compute().unwrap()), (3, vec![0, 1, 5, 6]));
    /// ```
    #[track_caller]
    pub fn chain(&self, other: &Bag<T>) -> Bag<T> {
        Bag::from_node(chain(&self.node, &other.node, type_name::<T>(), Origin::caller()))
    }

    /// The same elements in `npartitions` partitions: whole partitions are joined, or each is cut into equal parts.
    ///
    /// ```
    /// # use lazuli::prelude::*;
    /// let bag = from_sequence(0..6, 6).repartition(2);
    /// assert_eq!(bag.to_delayed()[1].compute().unwrap(), [3, 4, 5]);
    /// ```
    ///
    /// # Panics
    /// If `npartitions` is 0.
    #[track_caller]
    pub fn repartition(&self, npartitions: usize) -> Bag<T> {
        must_have_partitions(npartitions);
        let resized = Resized { old: self.npartitions(), new: npartitions };
        let operation = Operation::new("repartition", (resized.old, resized.new), |&(old, new), task| {
            let (part, parts) = Resized { old, new }.piece(task.partition());
            if parts == 1 {
                let mut joined = Vec::new();
                for partition in task.into_values() {
                    joined.extend(partition.take::<Vec<T>>()?);
                }
                return Ok(partition::value(joined));
            }
            let whole = task.get::<Vec<T>>(0)?;
            let bound = |part| whole.len() * part / parts;
            Ok(partition::value(whole[bound(part)..bound(part + 1)].to_vec()))
        });
        Bag::from_node(resized.node(&self.node, operation, type_name::<T>(), Origin::caller()))
    }
}

fn chain(first: &Node, second: &Node, element: &'static str, origin: Origin) -> Node {
    let (ends, total) = (first.partitions(), first.partitions() + second.partitions());
    let operation = Operation::new("chain", ends, |_, task| {
        Ok(task.into_values().next().expect("a partition of one of the two is read"))
    });
    let from_first = move |task: usize, reads: &mut Vec<usize>| reads.extend((task < ends).then_some(task));
    let from_second = move |task: usize, reads: &mut Vec<usize>| reads.extend(task.checked_sub(ends));
    layer(operation, total, element, origin)
        .reads(first, Pattern::Blocks(std::sync::Arc::new(from_first)))
        .reads(second, Pattern::Blocks(std::sync::Arc::new(from_second)))
        .build()
}

/// From `old` to `new` partitions.
#[derive(Clone, Copy)]
struct Resized {
    old: usize,
    new: usize,
}

impl Resized {
    /// Where the partitions before `index` end, of `count` that are spread over `others`.
    fn bound(index: usize, count: usize, others: usize) -> usize {
        (index as u128 * others as u128 / count as u128) as usize
    }

    /// Which of how many parts of an old partition new partition `partition` is.
    fn piece(self, partition: usize) -> (usize, usize) {
        if self.new <= self.old {
            return (0, 1);
        }
        let whole = self.first_read(partition);
        let begin = Self::bound(whole, self.old, self.new);
        (partition - begin, Self::bound(whole + 1, self.old, self.new) - begin)
    }

    /// The first old partition that new partition `partition` reads.
    fn first_read(self, partition: usize) -> usize {
        if self.new <= self.old {
            return Self::bound(partition, self.new, self.old);
        }
        // The last old partition whose parts begin at or before `partition`.
        ((partition as u128 + 1) * self.old as u128).div_ceil(self.new as u128) as usize - 1
    }

    fn node(self, node: &Node, operation: Operation, element: &'static str, origin: Origin) -> Node {
        let reads = move |task: usize, reads: &mut Vec<usize>| {
            let first = self.first_read(task);
            let end = if self.new <= self.old { self.first_read(task + 1) } else { first + 1 };
            reads.extend(first..end);
        };
        layer(operation, self.new, element, origin).reads(node, Pattern::Blocks(std::sync::Arc::new(reads))).build()
    }
}
