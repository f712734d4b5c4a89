//! From many elements to one value: a partial result of each partition, joined as a tree.

use std::any::type_name;
use std::iter::Sum;

use super::partition::{self, Elements};
use super::top::{is_unordered, order};
use super::{Bag, BagError, Element};
use crate::delayed::Delayed;
use crate::graph::{Layer, Node, Operation, Origin, Pattern, Picture, Task, Value, WrongType, short_name};

impl<T: Element> Bag<T> {
    /// Folds each partition from `initial` with `function`, then joins the results by `combine`.
    ///
    /// `initial` begins every partition, so it should change nothing: 0 for a sum, 1 for a product.
    ///
    /// ```
    /// # use lazuli::prelude::*;
    /// let words = from_sequence(["lapis", "lazuli"].map(String::from), 2);
    /// let letters = words.fold(0, |letters, word| letters + word.len(), |a, b| a + b);
    /// assert_eq!(letters.compute().unwrap(), 11);
    /// ```
    #[track_caller]
    pub fn fold<A, F, C>(&self, initial: A, function: F, combine: C) -> Delayed<A>
    where
        A: Clone + Send + Sync + 'static,
        F: Fn(A, T) -> A + Send + Sync + 'static,
        C: Fn(A, A) -> A + Send + Sync + 'static,
    {
        let partial = Operation::with_closure("fold", (initial, function), |(initial, function), task| {
            Ok(scalar(match partition::elements::<T>(task)? {
                Elements::Owned(elements) => elements.into_iter().fold(initial.clone(), function),
                Elements::Shared(elements) => elements.iter().cloned().fold(initial.clone(), function),
            }))
        });
        let combine = Operation::with_closure("fold", combine, |combine, task| {
            let mut partials = partials::<A>(task);
            let first = partials.next().expect("a tree joins at least one")?;
            Ok(scalar(partials.try_fold(first, |joined, next| Ok::<A, WrongType>(combine(joined, next?)))?))
        });
        self.tree(partial, combine, None)
    }

    /// `per_partition` of each partition, then `aggregate` of several results at a time until one remains;
    /// at least once, even for a bag of one partition.
    ///
    /// ```
    /// # use lazuli::prelude::*;
    /// let longest = from_sequence(["a", "abc", "ab"].map(String::from), 2).reduction(
    ///     |words| words.iter().map(String::len).max().unwrap_or(0),
    ///     |lengths| lengths.into_iter().max().unwrap_or(0),
    /// );
    /// assert_eq!(longest.compute().unwrap(), 3);
    /// ```
    #[track_caller]
    pub fn reduction<A, F, G>(&self, per_partition: F, aggregate: G) -> Delayed<A>
    where
        A: Clone + Send + Sync + 'static,
        F: Fn(Vec<T>) -> A + Send + Sync + 'static,
        G: Fn(Vec<A>) -> A + Send + Sync + 'static,
    {
        let partial = Operation::with_closure("reduction", per_partition, |per_partition, task| {
            let partition = task.into_values().next().expect("a partition is read");
            Ok(scalar(per_partition(partition.take()?)))
        });
        let combine = Operation::with_closure("reduction", aggregate, |aggregate, task| {
            Ok(scalar(aggregate(partials::<A>(task).collect::<Result<_, _>>()?)))
        });
        let finish = (self.npartitions() == 1).then(|| combine.clone());
        self.tree(partial, combine, finish)
    }

    /// Number of elements.
    ///
    /// ```
    /// # use lazuli::prelude::*;
    /// assert_eq!(from_sequence(0..10, 3).filter(|n| n % 2 == 0).count().compute().unwrap(), 5);
    /// ```
    #[track_caller]
    pub fn count(&self) -> Delayed<usize> {
        let partial = Operation::of("count", |task| Ok(scalar(task.get::<Vec<T>>(0)?.len())));
        self.tree(partial, adding::<usize>("count"), None)
    }

    /// Sum of the elements; of none, zero.
    ///
    /// ```
    /// # use lazuli::prelude::*;
    /// assert_eq!(from_sequence([0.5, 1.5, 2.0], 2).sum().compute().unwrap(), 4.0);
    /// ```
    #[track_caller]
    pub fn sum(&self) -> Delayed<T>
    where
        T: Sum<T>,
    {
        let partial = Operation::of("sum", |task| Ok(scalar(task.get::<Vec<T>>(0)?.iter().cloned().sum::<T>())));
        self.tree(partial, adding::<T>("sum"), None)
    }

    /// Arithmetic mean, as `f64`. Computing that of a bag without elements is an error.
    ///
    /// ```
    /// # use lazuli::prelude::*;
    /// assert_eq!(from_sequence([1, 2, 4], 2).mean().compute().unwrap(), 7.0 / 3.0);
    /// ```
    #[track_caller]
    pub fn mean(&self) -> Delayed<f64>
    where
        T: Number,
    {
        let partial = Operation::of("mean", |task| {
            let elements = task.get::<Vec<T>>(0)?;
            Ok(scalar((elements.iter().map(|number| number.to_f64()).sum::<f64>(), elements.len())))
        });
        self.tree(partial, mean_of_partials(), Some(finish_mean()))
    }

    /// The least element; the first of equal ones. NaN, if there is one.
    /// Computing that of a bag without elements is an error.
    ///
    /// ```
    /// # use lazuli::prelude::*;
    /// assert_eq!(from_sequence([3, 1, 2], 2).min().compute().unwrap(), 1);
    /// ```
    #[track_caller]
    pub fn min(&self) -> Delayed<T>
    where
        T: PartialOrd,
    {
        self.best("min", |next, best| order(next, best).is_lt())
    }

    /// The greatest element; the first of equal ones. NaN, if there is one.
    /// Computing that of a bag without elements is an error.
    ///
    /// ```
    /// # use lazuli::prelude::*;
    /// assert_eq!(from_sequence([3, 1, 2], 2).max().compute().unwrap(), 3);
    /// ```
    #[track_caller]
    pub fn max(&self) -> Delayed<T>
    where
        T: PartialOrd,
    {
        self.best("max", |next, best| order(next, best).is_gt())
    }

    /// The element that no later one beats.
    #[track_caller]
    fn best<F>(&self, name: &'static str, beats: F) -> Delayed<T>
    where
        T: PartialOrd,
        F: Fn(&T, &T) -> bool + Copy + Send + Sync + 'static,
    {
        let partial = Operation::with_closure(name, beats, |beats, task| {
            let elements = task.get::<Vec<T>>(0)?;
            let best = elements.iter().reduce(|best, next| if replaces(beats, next, best) { next } else { best });
            Ok(scalar(best.cloned()))
        });
        let combine = Operation::with_closure(name, beats, |beats, task| {
            let mut best = None;
            for next in partials::<Option<T>>(task) {
                best = match (best, next?) {
                    (Some(best), Some(next)) if !replaces(beats, &next, &best) => Some(best),
                    (best, next) => next.or(best),
                };
            }
            Ok(scalar(best))
        });
        let is_max = name == "max";
        let finish = Operation::new(name, is_max, |&is_max, task| {
            let best = partials::<Option<T>>(task).next().expect("a tree ends in one value")?;
            let operation = if is_max { "max" } else { "min" };
            Ok(scalar(best.ok_or(BagError::Empty { operation })?))
        });
        self.tree(partial, combine, Some(finish))
    }

    /// The value that remains of `partial` results when they are combined.
    #[track_caller]
    fn tree<A>(&self, partial: Operation, combine: Operation, finish: Option<Operation>) -> Delayed<A>
    where
        A: Clone + Send + Sync + 'static,
    {
        let result = type_name::<A>();
        Delayed::from_node(tree(&self.node, partial, combine, finish, ("Delayed", result), Origin::caller()))
    }
}

/// A number of Rust's own, for statistics.
pub trait Number: Copy {
    /// The nearest `f64`.
    fn to_f64(self) -> f64;
}

macro_rules! number {
    ($($number:ident)+) => { $(
        impl Number for $number {
            fn to_f64(self) -> f64 {
                self as f64
            }
        }
    )+ };
}

number!(i8 i16 i32 i64 i128 isize u8 u16 u32 u64 u128 usize f32 f64);

/// A result of fixed size.
fn scalar<A: Send + Sync + 'static>(result: A) -> Value {
    Value::local(result, size_of::<A>())
}

/// The partial results that one task joins.
pub(super) fn partials<A: Clone + Send + Sync + 'static>(task: Task) -> impl Iterator<Item = Result<A, WrongType>> {
    task.into_values().map(Value::take)
}

/// Adds partial sums.
fn adding<A: Clone + Send + Sync + Sum<A> + 'static>(name: &'static str) -> Operation {
    Operation::of(name, |task| Ok(scalar(partials::<A>(task).sum::<Result<A, _>>()?)))
}

fn mean_of_partials() -> Operation {
    Operation::of("mean", |task| {
        let mut joined = (0.0, 0);
        for next in partials::<(f64, usize)>(task) {
            let (sum, count) = next?;
            joined = (joined.0 + sum, joined.1 + count);
        }
        Ok(scalar(joined))
    })
}

fn finish_mean() -> Operation {
    Operation::of("mean", |task| match *task.get::<(f64, usize)>(0)? {
        (_, 0) => Err(BagError::Empty { operation: "mean" }.into()),
        (sum, count) => Ok(scalar(sum / count as f64)),
    })
}

/// Whether `next` takes the place of the best so far. NaN, once met, stays, as in NumPy.
fn replaces<T: PartialOrd>(beats: impl Fn(&T, &T) -> bool, next: &T, best: &T) -> bool {
    !is_unordered(best) && (is_unordered(next) || beats(next, best))
}

/// `partial` of each partition of `node`, then `combine` of a few at a time until one remains, and `finish` of
/// that; `drawn` as this collection of elements.
pub(super) fn tree(
    node: &Node,
    partial: Operation,
    combine: Operation,
    finish: Option<Operation>,
    drawn: (&'static str, &str),
    origin: Origin,
) -> Node {
    /// How many partial results one task joins: enough to keep the tree flat, few enough to keep it parallel.
    const WIDTH: usize = 8;
    let level = |node: &Node, operation: Operation, tasks: usize, pattern: Pattern| {
        let picture = Picture { collection: drawn.0, detail: short_name(drawn.1), grid: Vec::new() };
        Layer::of(operation, tasks, origin).reads(node, pattern).drawn(picture).build()
    };
    let mut joined = level(node, partial, node.partitions(), Pattern::OneToOne);
    while joined.partitions() > 1 {
        let tasks = joined.partitions().div_ceil(WIDTH);
        joined = level(&joined, combine.clone(), tasks, Pattern::Tree(WIDTH));
    }
    match finish {
        Some(finish) => level(&joined, finish, 1, Pattern::OneToOne),
        None => joined,
    }
}
