//! From many elements to one value: a partial result of each partition, joined as a tree.

use std::any::type_name;
use std::iter::Sum;

use super::partition;
use super::pass::{self, Elements};
use super::top::{is_unordered, order};
use super::{Bag, BagError, Element};
use crate::delayed::Delayed;
use crate::graph::{Detail, Layer, Node, Operation, Origin, Pattern, Picture, Task, Value, WrongType};

impl<T: Clone + Send + Sync + 'static> Bag<T> {
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
    pub fn fold<A: Element, F, C>(&self, initial: A, function: F, combine: C) -> Delayed<A>
    where
        F: Fn(A, T) -> A + Send + Sync + 'static,
        C: Fn(A, A) -> A + Send + Sync + 'static,
    {
        self.fold_with((), initial, move |(), folded, element| function(folded, element), move |(), a, b| combine(a, b))
    }

    /// [`fold`](Bag::fold) with functions that receive `parameters` first: what closures would capture is given
    /// beside them, so that the work can be compared, and sent to another process.
    ///
    /// ```
    /// # use lazuli::prelude::*;
    /// let modulus = 7;
    /// let product = from_sequence(1..6, 2).fold_with(modulus, 1, |m, a, n| a * n % m, |m, a, b| a * b % m);
    /// assert_eq!(product.compute().unwrap(), 120 % 7);
    /// ```
    #[track_caller]
    pub fn fold_with<P: Element, A: Element, F, C>(
        &self,
        parameters: P,
        initial: A,
        function: F,
        combine: C,
    ) -> Delayed<A>
    where
        F: Fn(&P, A, T) -> A + Send + Sync + 'static,
        C: Fn(&P, A, A) -> A + Send + Sync + 'static,
    {
        let begin = (initial, parameters.clone());
        let partial = Operation::joining_closure("fold", function, begin, |function, (initial, parameters)| {
            pass::taking_total(Value::of::<A>, move |before: Option<A>, elements: Elements<T>| {
                let before = before.unwrap_or_else(|| initial.clone());
                elements.fold(before, |folded, element| function(&parameters, folded, element))
            })
        });
        let combine = Operation::with_parameters("fold", combine, parameters, |combine, parameters, task| {
            let mut partials = partials::<A>(task);
            let first = partials.next().expect("a tree joins at least one")?;
            let join = |joined, next: Result<A, WrongType>| Ok::<A, WrongType>(combine(parameters, joined, next?));
            Ok(Value::of(partials.try_fold(first, join)?))
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
    pub fn reduction<A: Element, F, G>(&self, per_partition: F, aggregate: G) -> Delayed<A>
    where
        F: Fn(Vec<T>) -> A + Send + Sync + 'static,
        G: Fn(Vec<A>) -> A + Send + Sync + 'static,
    {
        self.reduction_with((), move |(), partition| per_partition(partition), move |(), results| aggregate(results))
    }

    /// [`reduction`](Bag::reduction) with functions that receive `parameters` first.
    ///
    /// ```
    /// # use lazuli::prelude::*;
    /// let limit = 3;
    /// let small = from_sequence(0..10, 4).reduction_with(
    ///     limit,
    ///     |limit, part| part.iter().filter(|n| *n < limit).count(),
    ///     |_, counts| counts.iter().sum(),
    /// );
    /// assert_eq!(small.compute().unwrap(), 3);
    /// ```
    #[track_caller]
    pub fn reduction_with<P: Element, A: Element, F, G>(
        &self,
        parameters: P,
        per_partition: F,
        aggregate: G,
    ) -> Delayed<A>
    where
        F: Fn(&P, Vec<T>) -> A + Send + Sync + 'static,
        G: Fn(&P, Vec<A>) -> A + Send + Sync + 'static,
    {
        let own = parameters.clone();
        let partial = Operation::with_parameters("reduction", per_partition, own, |per_partition, parameters, task| {
            let partition = task.into_values().next().expect("a partition is read");
            let elements = partition.take().map_err(WrongType::into_failure)?;
            Ok(Value::of(per_partition(parameters, elements)))
        });
        let combine = Operation::with_parameters("reduction", aggregate, parameters, |aggregate, parameters, task| {
            Ok(Value::of(aggregate(parameters, partials::<A>(task).collect::<Result<_, _>>()?)))
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
        let partial = pass::operation("count", |()| {
            pass::total(count, |before, elements: &[T]| before.unwrap_or(0) + elements.len())
        });
        self.tree(partial, adding_counts(), None)
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
        let partial = pass::operation("mean", |()| {
            pass::total(sum_and_count, |before, elements: &[T]| {
                let (sum, count) = before.unwrap_or((0.0, 0));
                (elements.iter().fold(sum, |sum, number| sum + number.to_f64()), count + elements.len())
            })
        });
        self.tree(partial, joining_means(), Some(finish_mean()))
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

impl<T: Element> Bag<T> {
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
        let partial = pass::operation("sum", |()| {
            pass::total(Value::of::<T>, |before: Option<T>, elements: &[T]| {
                before.into_iter().chain(elements.iter().cloned()).sum()
            })
        });
        let combine = Operation::of("sum", |task| Ok(Value::of(partials::<T>(task).sum::<Result<T, _>>()?)));
        self.tree(partial, combine, None)
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

    /// The element that no later one beats. Until the end it is a partition, of one element or none.
    #[track_caller]
    fn best<F>(&self, name: &'static str, beats: F) -> Delayed<T>
    where
        T: PartialOrd,
        F: Fn(&T, &T) -> bool + Copy + Send + Sync + 'static,
    {
        let best = Operation::joining_closure(name, beats, (), |beats, ()| {
            pass::total(
                |best: Option<T>| partition::value(best.into_iter().collect()),
                move |before: Option<Option<T>>, elements: &[T]| {
                    let before = before.flatten();
                    let best = better(before.as_ref(), elements, beats).cloned();
                    best.or(before)
                },
            )
        });
        let finish = Operation::new(name, name == "max", |&is_max, task| {
            let best = partials::<Vec<T>>(task).next().expect("a tree ends in one value")?;
            let operation = if is_max { "max" } else { "min" };
            Ok(Value::of(best.into_iter().next().ok_or(BagError::Empty { operation })?))
        });
        self.tree(best.clone(), best, Some(finish))
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

/// The partial results that one task joins.
pub(super) fn partials<A: Clone + Send + Sync + 'static>(task: Task) -> impl Iterator<Item = Result<A, WrongType>> {
    task.into_values().map(Value::take)
}

fn count(count: usize) -> Value {
    Value::of(count)
}

fn adding_counts() -> Operation {
    Operation::of("count", |task| Ok(count(partials::<usize>(task).sum::<Result<usize, _>>()?)))
}

fn sum_and_count(both: (f64, usize)) -> Value {
    Value::of(both)
}

fn joining_means() -> Operation {
    Operation::of("mean", |task| {
        let mut joined = (0.0, 0);
        for next in partials::<(f64, usize)>(task) {
            let (sum, count) = next?;
            joined = (joined.0 + sum, joined.1 + count);
        }
        Ok(sum_and_count(joined))
    })
}

fn finish_mean() -> Operation {
    Operation::of("mean", |task| match *task.get::<(f64, usize)>(0)? {
        (_, 0) => Err(BagError::Empty { operation: "mean" }.into()),
        (sum, count) => Ok(Value::of(sum / count as f64)),
    })
}

/// The one of `elements` that takes the place of `best` in the end; none if `best` stays. NaN, once met, stays, as
/// in NumPy.
fn better<'a, T: PartialOrd>(best: Option<&T>, elements: &'a [T], beats: impl Fn(&T, &T) -> bool) -> Option<&'a T> {
    let replaces = |next: &T, best: &T| !is_unordered(best) && (is_unordered(next) || beats(next, best));
    elements.iter().fold(None, |better: Option<&'a T>, next| match better.or(best) {
        Some(best) if !replaces(next, best) => better,
        _ => Some(next),
    })
}

/// `partial` of each partition of `node`, then `combine` of a few at a time until one remains, and `finish` of
/// that; `drawn` as this collection of elements.
pub(super) fn tree(
    node: &Node,
    partial: Operation,
    combine: Operation,
    finish: Option<Operation>,
    drawn: (&'static str, &'static str),
    origin: Origin,
) -> Node {
    /// How many partial results one task joins: enough to keep the tree flat, few enough to keep it parallel.
    const WIDTH: usize = 8;
    let level = |node: &Node, operation: Operation, tasks: usize, pattern: Pattern| {
        let picture = Picture { collection: drawn.0, detail: Detail::Type(drawn.1), grid: [].into() };
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
