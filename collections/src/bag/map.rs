//! Partition by partition: `map`, `filter`, `flat_map` and the like.

use std::any::type_name;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::partition::{self, Elements};
use super::{Bag, Element, layer};
use crate::graph::{Node, Operation, Origin, Pattern};

impl<T: Element> Bag<T> {
    /// `function` of every element.
    ///
    /// ```
    /// # use lazuli::prelude::*;
    /// assert_eq!(from_sequence(1..4, 2).map(|n| n * 10).compute().unwrap(), [10, 20, 30]);
    /// ```
    #[track_caller]
    pub fn map<U: Element, F>(&self, function: F) -> Bag<U>
    where
        F: Fn(T) -> U + Send + Sync + 'static,
    {
        self.each(Operation::with_closure("map", function, |function, task| {
            let mapped = match partition::elements::<T>(task)? {
                Elements::Owned(elements) => elements.into_iter().map(function).collect(),
                Elements::Shared(elements) => elements.iter().cloned().map(function).collect(),
            };
            Ok(partition::value::<U>(mapped))
        }))
    }

    /// [`map`](Bag::map) with a function of `parameters` and an element: what a closure would capture is
    /// given beside it, so that the work can be compared, and sent to another process.
    ///
    /// ```
    /// # use lazuli::prelude::*;
    /// let scale = 3;
    /// let scaled = from_sequence(1..4, 2).map_with(scale, |scale, n| scale * n);
    /// assert_eq!(scaled.compute().unwrap(), [3, 6, 9]);
    /// ```
    #[track_caller]
    pub fn map_with<P, U: Element, F>(&self, parameters: P, function: F) -> Bag<U>
    where
        P: Serialize + DeserializeOwned + Send + Sync + 'static,
        F: Fn(&P, T) -> U + Send + Sync + 'static,
    {
        self.each(Operation::with_parameters("map", function, parameters, |function, parameters, task| {
            let mapped = match partition::elements::<T>(task)? {
                Elements::Owned(elements) => elements.into_iter().map(|e| function(parameters, e)).collect(),
                Elements::Shared(elements) => elements.iter().map(|e| function(parameters, e.clone())).collect(),
            };
            Ok(partition::value::<U>(mapped))
        }))
    }

    /// The elements for which `predicate` holds.
    ///
    /// ```
    /// # use lazuli::prelude::*;
    /// assert_eq!(from_sequence(0..10, 3).filter(|n| n % 4 == 0).compute().unwrap(), [0, 4, 8]);
    /// ```
    #[track_caller]
    pub fn filter<F>(&self, predicate: F) -> Bag<T>
    where
        F: Fn(&T) -> bool + Send + Sync + 'static,
    {
        self.each(Operation::with_closure("filter", predicate, |predicate, task| {
            let kept = match partition::elements::<T>(task)? {
                Elements::Owned(mut elements) => {
                    elements.retain(predicate);
                    elements
                }
                Elements::Shared(elements) => elements.iter().filter(|element| predicate(element)).cloned().collect(),
            };
            Ok(partition::value(kept))
        }))
    }

    /// All that `function` makes of every element, one after another.
    ///
    /// ```
    /// # use lazuli::prelude::*;
    /// let lines = from_sequence(["a b".to_string(), "c".to_string()], 2);
    /// let words = lines.flat_map(|line| line.split(' ').map(String::from).collect::<Vec<_>>());
    /// assert_eq!(words.compute().unwrap(), ["a", "b", "c"]);
    /// ```
    #[track_caller]
    pub fn flat_map<I, F>(&self, function: F) -> Bag<I::Item>
    where
        I: IntoIterator<Item: Element>,
        F: Fn(T) -> I + Send + Sync + 'static,
    {
        self.each(Operation::with_closure("flat_map", function, |function, task| {
            let mut mapped = Vec::new();
            match partition::elements::<T>(task)? {
                Elements::Owned(elements) => elements.into_iter().for_each(|e| mapped.extend(function(e))),
                Elements::Shared(elements) => elements.iter().for_each(|e| mapped.extend(function(e.clone()))),
            }
            Ok(partition::value::<I::Item>(mapped))
        }))
    }

    /// `function` of each partition as a whole.
    ///
    /// ```
    /// # use lazuli::prelude::*;
    /// let largest = from_sequence([3, 1, 2, 5], 2).map_partitions(|part| part.into_iter().max().into_iter().collect());
    /// assert_eq!(largest.compute().unwrap(), [3, 5]);
    /// ```
    #[track_caller]
    pub fn map_partitions<U: Element, F>(&self, function: F) -> Bag<U>
    where
        F: Fn(Vec<T>) -> Vec<U> + Send + Sync + 'static,
    {
        self.each(Operation::with_closure("map_partitions", function, |function, task| {
            let partition = task.into_values().next().expect("a partition is read");
            Ok(partition::value::<U>(function(partition.take()?)))
        }))
    }

    #[track_caller]
    fn each<U: Element>(&self, operation: Operation) -> Bag<U> {
        Bag::from_node(each(&self.node, operation, type_name::<U>(), Origin::caller()))
    }
}

impl<T: Element> Bag<Vec<T>> {
    /// The elements of the elements.
    ///
    /// ```
    /// # use lazuli::prelude::*;
    /// assert_eq!(from_sequence([vec![1, 2], vec![], vec![3]], 2).flatten().compute().unwrap(), [1, 2, 3]);
    /// ```
    #[track_caller]
    pub fn flatten(&self) -> Bag<T> {
        self.flat_map(|elements| elements)
    }
}

fn each(node: &Node, operation: Operation, element: &str, origin: Origin) -> Node {
    layer(operation, node.partitions(), element, origin).reads(node, Pattern::OneToOne).build()
}
