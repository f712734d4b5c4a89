//! Any values in partitions: what an iterator is to one core, a [`Bag`] is to all of them.
//!
//! The partitions are `Vec<T>`s. Functions of the user's receive elements by value: moved where nobody
//! else reads the partition, cloned where someone does. Operations on elements that follow each other run
//! as one pass over a partition. Everything that ends in one value is a tree of partial results and a
//! [`Delayed`]; elements keep their order. Imports: graph, lazy, delayed.

mod create;
mod error;
mod group;
mod layout;
mod map;
mod partition;
mod pass;
mod read;
mod reduce;
mod table;
#[cfg(test)]
mod tests;
mod top;

use std::any::type_name;
use std::fmt;
use std::marker::PhantomData;

use crate::delayed::Delayed;
use crate::error::Result;
use crate::graph::{Detail, Layer, LayerBuilder, Node, Operation, Origin, Picture, Value, short_name};
use crate::lazy::{self, Lazy};
use crate::schedule::Config;

pub use crate::graph::Element;
pub use create::{from_sequence, range};
pub use error::BagError;
pub use read::{TextOptions, read_text, read_text_with};
pub use reduce::Number;

/// Values of one type in partitions, computed only when asked.
///
/// ```
/// use lazuli::prelude::*;
/// # fn main() -> lazuli::Result<()> {
/// let numbers = from_sequence(1..=10, 3);
/// let even_squares = numbers.filter(|n| n % 2 == 0).map(|n| n * n);
/// assert_eq!(even_squares.compute()?, [4, 16, 36, 64, 100]);
/// assert_eq!(even_squares.sum().compute()?, 220);
/// # Ok(()) }
/// ```
#[must_use = "a bag does nothing until `compute()`"]
pub struct Bag<T> {
    node: Node,
    element: PhantomData<fn() -> T>,
}

impl<T> Bag<T> {
    /// A bag whose partitions are those of `node`.
    pub(crate) fn from_node(node: Node) -> Self {
        Bag { node, element: PhantomData }
    }
}

impl<T: Clone + Send + Sync + 'static> Bag<T> {
    /// Number of partitions.
    ///
    /// ```
    /// # use lazuli::prelude::*;
    /// assert_eq!(from_sequence(0..10, 3).npartitions(), 3);
    /// ```
    pub fn npartitions(&self) -> usize {
        self.node.partitions()
    }

    /// Runs what is needed and returns all elements in order.
    ///
    /// ```
    /// # use lazuli::prelude::*;
    /// assert_eq!(from_sequence(0..3, 2).compute().unwrap(), [0, 1, 2]);
    /// ```
    pub fn compute(&self) -> Result<Vec<T>> {
        lazy::compute(self)
    }

    /// [`compute`](Bag::compute) with choices of its own: another scheduler, fewer workers, less memory.
    ///
    /// ```
    /// use lazuli::prelude::*;
    /// # fn main() -> lazuli::Result<()> {
    /// let words = from_sequence(["lapis", "lazuli"].map(String::from), 2);
    /// assert_eq!(words.compute_with(config().workers(1))?, ["lapis", "lazuli"]);
    /// # Ok(()) }
    /// ```
    pub fn compute_with(&self, config: impl Into<Config>) -> Result<Vec<T>> {
        lazy::compute_with(self, config.into())
    }

    /// Runs what is needed now and keeps the partitions: what is built on the result starts from there.
    ///
    /// ```
    /// # use lazuli::prelude::*;
    /// let lengths = from_sequence(0..1000, 4).map(|n| n.to_string().len()).persist().unwrap();
    /// assert_eq!(lengths.max().compute().unwrap(), 3); // no number is turned into text again
    /// ```
    pub fn persist(&self) -> Result<Self> {
        Ok(Bag::from_node(lazy::persist(&self.node)?))
    }

    /// The first `n` elements, at once: partitions are computed one after another until there are enough.
    ///
    /// ```
    /// # use lazuli::prelude::*;
    /// assert_eq!(from_sequence(0..1000, 100).map(|n| n * n).take(3).unwrap(), [0, 1, 4]);
    /// ```
    #[track_caller]
    pub fn take(&self, n: usize) -> Result<Vec<T>> {
        let mut taken = Vec::new();
        let (mut begin, mut count) = (0, 1);
        while taken.len() < n && begin < self.npartitions() {
            let end = self.npartitions().min(begin + count);
            let partitions = lazy::pick(&self.node, "take", (begin..end).collect(), Origin::caller());
            taken.extend(Bag::from_node(partitions).compute()?);
            (begin, count) = (end, 2 * count);
        }
        taken.truncate(n);
        Ok(taken)
    }

    /// Each partition as a [`Delayed`] vector.
    ///
    /// ```
    /// # use lazuli::prelude::*;
    /// let partitions = from_sequence(0..5, 2).to_delayed();
    /// assert_eq!(partitions[1].compute().unwrap(), [3, 4]);
    /// ```
    #[track_caller]
    pub fn to_delayed(&self) -> Vec<Delayed<Vec<T>>> {
        let pick = |partition| lazy::pick(&self.node, "partition", vec![partition], Origin::caller());
        let mut partitions = Vec::with_capacity(self.npartitions());
        for partition in 0..self.npartitions() {
            partitions.push(Delayed::from_node(pick(partition)));
        }
        partitions
    }
}

impl<T: Clone + Send + Sync + 'static> Lazy for Bag<T> {
    type Output = Vec<T>;

    fn node(&self) -> &Node {
        &self.node
    }

    fn gather(&self, partitions: Vec<Value>) -> Result<Vec<T>> {
        let mut partitions = partitions.into_iter();
        let mut elements: Vec<T> = match partitions.next() {
            Some(first) => first.take()?,
            None => Vec::new(),
        };
        for partition in partitions {
            elements.extend(partition.take::<Vec<T>>()?);
        }
        Ok(elements)
    }
}

impl<T> Clone for Bag<T> {
    fn clone(&self) -> Self {
        Bag { node: self.node.clone(), element: PhantomData }
    }
}

impl<T> fmt::Debug for Bag<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (element, partitions) = (short_name(type_name::<T>()), self.node.partitions());
        write!(f, "Bag<{element}>({}, {partitions} partitions)", self.node.layer().operation().name())
    }
}

/// A layer whose partitions hold elements of the type `element`.
fn layer(operation: Operation, tasks: usize, element: &'static str, origin: Origin) -> LayerBuilder {
    let picture = Picture { collection: "Bag", detail: Detail::Type(element), grid: [].into() };
    Layer::of(operation, tasks, origin).drawn(picture)
}
