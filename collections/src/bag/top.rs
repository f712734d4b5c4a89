//! The greatest elements, and the order that they are greatest in.

use std::any::type_name;
use std::cmp::Ordering;
use std::sync::Arc;

use super::pass;
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
        self.top("topk", (k, ()), |(), a, b| order(a, b))
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
        self.topk_by_key_with((), k, move |(), element| key(element))
    }

    /// [`topk_by_key`](Bag::topk_by_key) with a key of `parameters` and an element.
    ///
    /// ```
    /// # use lazuli::prelude::*;
    /// let target = 7_i64;
    /// let nearest = from_sequence(0..20, 3).topk_by_key_with(target, 2, |target, n| -(n - target).abs());
    /// assert_eq!(nearest.compute().unwrap(), [7, 6]);
    /// ```
    #[track_caller]
    pub fn topk_by_key_with<P, K, F>(&self, parameters: P, k: usize, key: F) -> Bag<T>
    where
        P: Element,
        K: PartialOrd,
        F: Fn(&P, &T) -> K + Send + Sync + 'static,
    {
        self.top("topk_by_key", (k, parameters), move |parameters, a, b| {
            order(&key(parameters, a), &key(parameters, b))
        })
    }

    #[track_caller]
    fn top<P, F>(&self, name: &'static str, parameters: (usize, P), order: F) -> Bag<T>
    where
        P: Element,
        F: Fn(&P, &T, &T) -> Ordering + Send + Sync + 'static,
    {
        // A partition and several partial results are the same thing here: candidates.
        let best = Operation::joining_closure(name, order, parameters, |order, (k, parameters)| {
            let order = Arc::new(move |a: &T, b: &T| order(&parameters, a, b));
            let descending = order.clone();
            pass::total(
                move |best| partition::value(greatest(best, k, &*order)),
                move |before: Option<Vec<T>>, elements: &[T]| {
                    let mut best = before.unwrap_or_default();
                    for next in elements {
                        // From the first time there are k, they begin with k in order.
                        if best.len() < k || k > 0 && descending(next, &best[k - 1]).is_gt() {
                            best.push(next.clone());
                            if best.len() == k || best.len() / 2 == k {
                                best = greatest(best, k, &*descending);
                            }
                        }
                    }
                    best
                },
            )
        });
        let drawn = ("Bag", type_name::<T>());
        Bag::from_node(tree(&self.node, best.clone(), best, None, drawn, Origin::caller()))
    }
}

/// The `k` greatest of `candidates`, greatest first; of equal ones the first.
fn greatest<T>(candidates: Vec<T>, k: usize, order: &dyn Fn(&T, &T) -> Ordering) -> Vec<T> {
    let descending = sorted(candidates.len(), &|a, b| order(&candidates[b], &candidates[a]));
    let mut candidates: Vec<Option<T>> = candidates.into_iter().map(Some).collect();
    descending.into_iter().take(k).filter_map(|index| candidates[index].take()).collect()
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
