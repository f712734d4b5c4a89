//! The greatest elements, and the order that they are greatest in.

use std::any::type_name;
use std::cmp::Ordering;

use super::reduce::tree;
use super::{Bag, Element, partition};
use crate::graph::{Operation, Origin};

impl<T: Element> Bag<T> {
    /// The `k` greatest elements, greatest first. The result has one partition.
    ///
    /// NaN counts as greater than any number, as in NumPy.
    ///
    /// ```
    /// # use lazuli::prelude::*;
    /// assert_eq!(from_sequence([3, 1, 5, 2], 2).topk(2).compute().unwrap(), [5, 3]);
    /// ```
    #[track_caller]
    pub fn topk(&self, k: usize) -> Bag<T>
    where
        T: PartialOrd,
    {
        self.top(k, order::<T>)
    }

    /// The `k` elements with the greatest keys, greatest first; of equal ones the first.
    /// The result has one partition.
    ///
    /// ```
    /// # use lazuli::prelude::*;
    /// let letters = from_sequence("lapis lazuli".chars(), 2);
    /// let most = letters.frequencies().topk_by_key(2, |(_, count)| *count);
    /// assert_eq!(most.compute().unwrap(), [('l', 3), ('a', 2)]);
    /// ```
    #[track_caller]
    pub fn topk_by_key<K, F>(&self, k: usize, key: F) -> Bag<T>
    where
        K: PartialOrd,
        F: Fn(&T) -> K + Send + Sync + 'static,
    {
        self.top(k, move |a: &T, b: &T| order(&key(a), &key(b)))
    }

    #[track_caller]
    fn top<F>(&self, k: usize, order: F) -> Bag<T>
    where
        F: Fn(&T, &T) -> Ordering + Send + Sync + 'static,
    {
        // A partition and several partial results are the same thing here: vectors of candidates.
        let best = Operation::with_parameters("topk", order, k, |order, &k, task| {
            let candidates: Vec<&T> = task.all::<Vec<T>>(0)?.into_iter().flatten().collect();
            let descending = sorted(candidates.len(), &|a, b| order(candidates[b], candidates[a]));
            Ok(partition::value(descending.into_iter().take(k).map(|index| candidates[index].clone()).collect()))
        });
        let drawn = ("Bag", type_name::<T>());
        Bag::from_node(tree(&self.node, best.clone(), best, None, drawn, Origin::caller()))
    }
}

/// The indices below `length` in `order`, equal ones as they are. Not generic: cells compile no sort.
fn sorted(length: usize, order: &dyn Fn(usize, usize) -> Ordering) -> Vec<usize> {
    let mut indices: Vec<usize> = (0..length).collect();
    indices.sort_by(|&a, &b| order(a, b));
    indices
}

/// A total order of all that can be compared: what cannot even be compared with itself (NaN) comes last.
pub(super) fn order<T: PartialOrd>(a: &T, b: &T) -> Ordering {
    let by_value = || a.partial_cmp(b).unwrap_or(Ordering::Equal);
    match (is_unordered(a), is_unordered(b)) {
        (false, false) => by_value(),
        (a, b) => a.cmp(&b),
    }
}

/// Whether a value is like NaN.
pub(super) fn is_unordered<T: PartialOrd>(value: &T) -> bool {
    value.partial_cmp(value).is_none()
}
