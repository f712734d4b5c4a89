//! Elements gathered by a key: `frequencies`, `distinct`, `foldby`.
//!
//! Each partition makes a table, the tables are merged as a tree; between tasks, a table is the partition of its
//! pairs. Tables keep the order in which their keys were first seen, so the result is the same for any number of
//! partitions.

use std::any::type_name;
use std::hash::Hash;

use super::pass::{self, Elements};
use super::reduce::{partials, tree};
use super::table::Table;
use super::{Bag, Element, partition};
use crate::graph::{Failure, Operation, Origin, Task, Value};

impl<T: Clone + Send + Sync + 'static> Bag<T> {
    /// Folds the elements of each key: from `initial` with `function`, the results of partitions joined by `combine`.
    /// Pairs of key and result, in the order of the keys' first occurrence, in one partition.
    ///
    /// ```
    /// # use lazuli::prelude::*;
    /// let sums = from_sequence(1..=6, 3).foldby(|n| n % 2, 0, |sum, n| sum + n, |a, b| a + b);
    /// assert_eq!(sums.compute().unwrap(), [(1, 9), (0, 12)]);
    /// ```
    #[track_caller]
    pub fn foldby<K, A, Key, F, C>(&self, key: Key, initial: A, function: F, combine: C) -> Bag<(K, A)>
    where
        K: Element + Hash + Eq,
        A: Element,
        Key: Fn(&T) -> K + Send + Sync + 'static,
        F: Fn(A, T) -> A + Send + Sync + 'static,
        C: Fn(A, A) -> A + Send + Sync + 'static,
    {
        let function = move |(): &(), folded, element| function(folded, element);
        self.foldby_with((), move |(), element| key(element), initial, function, move |(), a, b| combine(a, b))
    }

    /// [`foldby`](Bag::foldby) with functions that receive `parameters` first: what closures would capture is given
    /// beside them, so that the work can be compared, and sent to another process.
    ///
    /// ```
    /// # use lazuli::prelude::*;
    /// let width = 3;
    /// let counts = from_sequence(0..7, 2).foldby_with(width, |w, n| n / w, 0, |_, count, _| count + 1, |_, a, b| a + b);
    /// assert_eq!(counts.compute().unwrap(), [(0, 3), (1, 3), (2, 1)]);
    /// ```
    #[track_caller]
    pub fn foldby_with<P, K, A, Key, F, C>(
        &self,
        parameters: P,
        key: Key,
        initial: A,
        function: F,
        combine: C,
    ) -> Bag<(K, A)>
    where
        P: Element,
        K: Element + Hash + Eq,
        A: Element,
        Key: Fn(&P, &T) -> K + Send + Sync + 'static,
        F: Fn(&P, A, T) -> A + Send + Sync + 'static,
        C: Fn(&P, A, A) -> A + Send + Sync + 'static,
    {
        let begin = (initial, parameters.clone());
        let partial =
            Operation::joining_closure("foldby", (key, function), begin, |(key, function), (initial, parameters)| {
                pass::taking_total(pairs::<K, A>, move |before, elements: Elements<T>| {
                    elements.fold(before.unwrap_or_default(), |mut table: Table<K, A>, element| {
                        let key = key(&parameters, &element);
                        match table.position(&key) {
                            Ok(position) => table.change(position, |folded| function(&parameters, folded, element)),
                            Err(new) => table.add(new, key, function(&parameters, initial.clone(), element)),
                        }
                        table
                    })
                })
            });
        let combine = Operation::with_parameters("foldby", combine, parameters, |combine, parameters, task| {
            merged::<K, A>(task, |table, position, next| {
                table.change(position, |before| combine(parameters, before, next));
            })
        });
        self.grouped(partial, combine, None)
    }

    /// A tree of tables, as a bag of one partition: of the pairs of the last, or of what `finish` makes of them.
    #[track_caller]
    fn grouped<U>(&self, partial: Operation, combine: Operation, finish: Option<Operation>) -> Bag<U> {
        let drawn = ("Bag", type_name::<U>());
        Bag::from_node(tree(&self.node, partial, combine, finish, drawn, Origin::caller()))
    }
}

impl<T: Element> Bag<T> {
    /// How often each element occurs: pairs of element and count, in the order of their first occurrence.
    /// The result has one partition.
    ///
    /// ```
    /// # use lazuli::prelude::*;
    /// let letters = from_sequence("lazuli".chars(), 2);
    /// assert_eq!(letters.frequencies().take(3).unwrap(), [('l', 2), ('a', 1), ('z', 1)]);
    /// ```
    #[track_caller]
    pub fn frequencies(&self) -> Bag<(T, usize)>
    where
        T: Hash + Eq,
    {
        self.counted("frequencies", None)
    }

    /// Each element once, in the order of their first occurrence. The result has one partition.
    ///
    /// ```
    /// # use lazuli::prelude::*;
    /// assert_eq!(from_sequence([3, 1, 3, 2, 1], 2).distinct().compute().unwrap(), [3, 1, 2]);
    /// ```
    #[track_caller]
    pub fn distinct(&self) -> Bag<T>
    where
        T: Hash + Eq,
    {
        let keys = Operation::of("distinct", |task| {
            let pairs = partials::<Vec<(T, usize)>>(task).next().expect("a tree ends in one table")?;
            Ok(partition::value::<T>(pairs.into_iter().map(|(element, _)| element).collect()))
        });
        self.counted("distinct", Some(keys))
    }

    /// The table that says how often each element occurs, or what `finish` makes of it.
    #[track_caller]
    fn counted<U>(&self, name: &'static str, finish: Option<Operation>) -> Bag<U>
    where
        T: Hash + Eq,
    {
        let partial = pass::operation(name, |()| {
            pass::total(pairs::<T, usize>, |before: Option<Table<T, usize>>, elements: &[T]| {
                let mut table = before.unwrap_or_default();
                for element in elements {
                    match table.position(element) {
                        Ok(position) => table.pairs[position].1 += 1,
                        Err(new) => table.add(new, element.clone(), 1),
                    }
                }
                table
            })
        });
        let combine = Operation::of(name, |task| {
            merged::<T, usize>(task, |table, position, next| table.pairs[position].1 += next)
        });
        self.grouped(partial, combine, finish)
    }
}

/// A table as a partition of its pairs.
fn pairs<K: Element, A: Element>(table: Table<K, A>) -> Value {
    partition::value(table.pairs)
}

/// The tables that a task reads as one: `merge` joins what is at a position with what the next has for the same key.
fn merged<K, A>(task: Task, mut merge: impl FnMut(&mut Table<K, A>, usize, A)) -> Result<Value, Failure>
where
    K: Element + Hash + Eq,
    A: Element,
{
    let mut merged = Table::<K, A>::default();
    for table in partials::<Vec<(K, A)>>(task) {
        for (key, next) in table? {
            match merged.position(&key) {
                Ok(position) => merge(&mut merged, position, next),
                Err(new) => merged.add(new, key, next),
            }
        }
    }
    Ok(pairs(merged))
}
