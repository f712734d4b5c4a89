//! Partition by partition: `map`, `filter`, `flat_map` and the like.
//!
//! Each has a form that ends in `_with`, whose function receives parameters beside the element: what a closure would
//! capture. A closure without captures and its parameters can be compared, and sent to another process.

use std::any::type_name;

use super::pass::{self, Elements, Kind};
use super::{Bag, Element, layer, partition};
use crate::graph::{Node, Operation, Origin, Pattern, WrongType};

impl<T: Clone + Send + Sync + 'static> Bag<T> {
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
        self.map_with((), move |(), element| function(element))
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
    pub fn map_with<P: Element, U: Element, F>(&self, parameters: P, function: F) -> Bag<U>
    where
        F: Fn(&P, T) -> U + Send + Sync + 'static,
    {
        self.each(Operation::joining_closure("map", function, parameters, |function, parameters| {
            pass::stage(Kind::of::<U>(), move |elements: Elements<T>, made| {
                elements.map(made, |element| function(&parameters, element))
            })
        }))
    }

    /// [`map`](Bag::map) to values that need not be serializable. They stay in this process and in memory, and
    /// count with their own size, without what they own on the heap.
    ///
    /// ```
    /// # use lazuli::prelude::*;
    /// use std::time::Instant;
    /// let begun = from_sequence(0..4, 2).map_local(|_| Instant::now());
    /// let ages = begun.map(|begun| begun.elapsed().as_secs());
    /// assert_eq!(ages.compute().unwrap(), [0; 4]);
    /// ```
    #[track_caller]
    pub fn map_local<U, F>(&self, function: F) -> Bag<U>
    where
        U: Clone + Send + Sync + 'static,
        F: Fn(T) -> U + Send + Sync + 'static,
    {
        let operation = Operation::joining_closure("map_local", function, (), |function, ()| {
            pass::stage(Kind::local::<U>(), move |elements: Elements<T>, made| elements.map(made, &function))
        });
        self.each(operation.staying())
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
        self.flat_map_with((), move |(), element| function(element))
    }

    /// [`flat_map`](Bag::flat_map) with a function of `parameters` and an element.
    ///
    /// ```
    /// # use lazuli::prelude::*;
    /// let counted = from_sequence(1..3, 2).flat_map_with(10, |start, n| *start..start + n);
    /// assert_eq!(counted.compute().unwrap(), [10, 10, 11]);
    /// ```
    #[track_caller]
    pub fn flat_map_with<P: Element, I, F>(&self, parameters: P, function: F) -> Bag<I::Item>
    where
        I: IntoIterator<Item: Element>,
        F: Fn(&P, T) -> I + Send + Sync + 'static,
    {
        self.each(Operation::joining_closure("flat_map", function, parameters, |function, parameters| {
            pass::stage(Kind::of::<I::Item>(), move |elements: Elements<T>, made| {
                elements.fold((), |(), element| made.extend(function(&parameters, element)))
            })
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
        self.map_partitions_with((), move |(), partition| function(partition))
    }

    /// [`map_partitions`](Bag::map_partitions) with a function of `parameters` and a partition.
    ///
    /// ```
    /// # use lazuli::prelude::*;
    /// let first = from_sequence([3, 1, 2, 5], 2).map_partitions_with(1, |n, part| part[..*n].to_vec());
    /// assert_eq!(first.compute().unwrap(), [3, 2]);
    /// ```
    #[track_caller]
    pub fn map_partitions_with<P: Element, U: Element, F>(&self, parameters: P, function: F) -> Bag<U>
    where
        F: Fn(&P, Vec<T>) -> Vec<U> + Send + Sync + 'static,
    {
        let code = |function: &F, parameters: &P, task: crate::graph::Task| {
            let partition = task.into_values().next().expect("a partition is read");
            let elements = partition.take().map_err(WrongType::into_failure)?;
            Ok(partition::value(function(parameters, elements)))
        };
        self.each(Operation::with_parameters("map_partitions", function, parameters, code))
    }

    #[track_caller]
    fn each<U>(&self, operation: Operation) -> Bag<U> {
        Bag::from_node(each(&self.node, operation, type_name::<U>(), Origin::caller()))
    }
}

impl<T: Element> Bag<T> {
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
        self.filter_with((), move |(), element| predicate(element))
    }

    /// [`filter`](Bag::filter) with a predicate of `parameters` and an element.
    ///
    /// ```
    /// # use lazuli::prelude::*;
    /// let divisor = 4;
    /// let multiples = from_sequence(0..10, 3).filter_with(divisor, |divisor, n| n % divisor == 0);
    /// assert_eq!(multiples.compute().unwrap(), [0, 4, 8]);
    /// ```
    #[track_caller]
    pub fn filter_with<P: Element, F>(&self, parameters: P, predicate: F) -> Bag<T>
    where
        F: Fn(&P, &T) -> bool + Send + Sync + 'static,
    {
        self.each(Operation::joining_closure("filter", predicate, parameters, |predicate, parameters| {
            pass::filter(Kind::of::<T>(), move |element: &T| predicate(&parameters, element))
        }))
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

fn each(node: &Node, operation: Operation, element: &'static str, origin: Origin) -> Node {
    layer(operation, node.partitions(), element, origin).reads(node, Pattern::OneToOne).build()
}
