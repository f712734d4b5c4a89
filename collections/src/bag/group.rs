//! Elements gathered by a key: `frequencies`, `distinct`, `foldby`.
//!
//! Each partition makes a table, the tables are merged as a tree. Tables keep the order in which their
//! keys were first seen, so the result is the same for any number of partitions.

use std::any::type_name;
use std::hash::Hash;

use super::partition::{self, Elements};
use super::reduce::{partials, tree};
use super::table::Table;
use super::{Bag, Element};
use crate::graph::{Failure, Operation, Origin, Task, Value, WrongType};

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
        let pairs = Operation::of("frequencies", |task| Ok(partition::value::<(T, usize)>(last_table(task)?.pairs)));
        self.counted("frequencies", pairs)
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
            let pairs = last_table::<T, usize>(task)?.pairs;
            Ok(partition::value::<T>(pairs.into_iter().map(|(element, _)| element).collect()))
        });
        self.counted("distinct", keys)
    }

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
        let partial = Operation::with_closure("foldby", (key, initial, function), |(key, initial, function), task| {
            let mut table = Table::<K, Option<A>>::new();
            let add = |element: T| {
                let key = key(&element);
                let position = table.position(&key);
                match table.pairs.get_mut(position) {
                    Some((_, folded)) => *folded = folded.take().map(|folded| function(folded, element)),
                    None => table.pairs.push((key, Some(function(initial.clone(), element)))),
                }
            };
            match partition::elements::<T>(task)? {
                Elements::Owned(elements) => elements.into_iter().for_each(add),
                Elements::Shared(elements) => elements.iter().cloned().for_each(add),
            }
            Ok(value(table))
        });
        let combine = Operation::with_closure("foldby", combine, |combine, task| {
            merged::<K, Option<A>>(task, |before, next| {
                *before = before.take().zip(next).map(|(before, next)| combine(before, next));
            })
        });
        let finish = Operation::of("foldby", |task| {
            let pairs = last_table::<K, Option<A>>(task)?.pairs;
            Ok(partition::value::<(K, A)>(pairs.into_iter().filter_map(|(key, folded)| Some((key, folded?))).collect()))
        });
        self.grouped(partial, combine, finish)
    }

    /// What `finish` makes of the table that says how often each element occurs.
    #[track_caller]
    fn counted<U: Element>(&self, name: &'static str, finish: Operation) -> Bag<U>
    where
        T: Hash + Eq,
    {
        let partial = Operation::of(name, |task| {
            let mut table = Table::<T, usize>::new();
            for element in task.get::<Vec<T>>(0)? {
                let position = table.position(element);
                match table.pairs.get_mut(position) {
                    Some((_, count)) => *count += 1,
                    None => table.pairs.push((element.clone(), 1)),
                }
            }
            Ok(value(table))
        });
        let combine = Operation::of(name, |task| merged::<T, usize>(task, |before, next| *before += next));
        self.grouped(partial, combine, finish)
    }

    /// A tree of tables, and what `finish` makes of the last, as a bag of one partition.
    #[track_caller]
    fn grouped<U: Element>(&self, partial: Operation, combine: Operation, finish: Operation) -> Bag<U> {
        let drawn = ("Bag", type_name::<U>());
        Bag::from_node(tree(&self.node, partial, combine, Some(finish), drawn, Origin::caller()))
    }
}

/// A table with its size.
fn value<K: Element, A: Element>(table: Table<K, A>) -> Value {
    /// What finding a key takes beside the pair.
    const INDEX: usize = 3 * size_of::<u64>();
    let bytes = partition::bytes(&table.pairs) + table.pairs.len() * INDEX;
    Value::local(table, bytes)
}

/// The tables that a task reads as one: `merge` joins what two of them have for the same key.
fn merged<K, A>(task: Task, mut merge: impl FnMut(&mut A, A)) -> Result<Value, Failure>
where
    K: Element + Hash + Eq,
    A: Element,
{
    let mut tables = partials::<Table<K, A>>(task);
    let mut merged = tables.next().expect("a tree joins at least one")?;
    for table in tables {
        for (key, next) in table?.pairs {
            let position = merged.position(&key);
            match merged.pairs.get_mut(position) {
                Some((_, before)) => merge(before, next),
                None => merged.pairs.push((key, next)),
            }
        }
    }
    Ok(value(merged))
}

/// The table at the top of the tree.
fn last_table<K: Element, A: Element>(task: Task) -> Result<Table<K, A>, WrongType> {
    partials(task).next().expect("a tree ends in one table")
}
