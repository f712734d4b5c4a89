//! Any function called later: [`call`] gives a [`Delayed`], which other calls can take as an argument.
//!
//! Each call is one layer with one task. Arguments are lent (`&x`), so that the variable is still there
//! in the next cell. Calls of a function without captures are named by what they do: with equal arguments
//! written twice, they run once. Imports: graph, lazy.

mod argument;
mod operator;

use std::any::type_name;
use std::fmt;
use std::marker::PhantomData;

use crate::error::Result;
use crate::graph::{
    Detail, Element, Failure, Layer, Node, Operation, Origin, Pattern, Picture, Task, Value, WrongType, function_name,
};
use crate::lazy::{self, Lazy};
use crate::schedule::Config;

pub use argument::{Argument, Arguments, Function};
use argument::{Reads, Received};

/// A value that is computed only when asked: by [`compute`](Delayed::compute).
///
/// ```
/// use lazuli::prelude::*;
/// fn add(a: i64, b: i64) -> i64 { a + b }
///
/// # fn main() -> lazuli::Result<()> {
/// let x = call(add, (1, 2));
/// let y = call(add, (&x, 10));
/// assert_eq!(y.compute()?, 13);
/// assert_eq!((&x * &y).compute()?, 39);
/// # Ok(()) }
/// ```
#[must_use = "a delayed value does nothing until `compute()`"]
pub struct Delayed<T> {
    node: Node,
    value: PhantomData<fn() -> T>,
}

/// Calls `function` with `arguments` when the result is asked for.
///
/// Each member of the tuple is a plain value, a [`Delayed`] or a reference to one, or a vector of
/// delayed values, which arrives as a vector of values. Plain arguments and results are [`Element`]s;
/// [`call_local`] is for other types.
///
/// ```
/// use lazuli::prelude::*;
/// # fn main() -> lazuli::Result<()> {
/// let squares: Vec<Delayed<i64>> = (1..4).map(|n| call(|n: i64| n * n, (n,))).collect();
/// let total = call(|all: Vec<i64>, start: i64| start + all.iter().sum::<i64>(), (&squares, 100));
/// assert_eq!(total.compute()?, 114);
/// # Ok(()) }
/// ```
#[track_caller]
pub fn call<P, F, A>(function: F, arguments: A) -> Delayed<F::Output>
where
    F: Function<P, Output: Element>,
    A: Arguments<P, Kept: Element>,
{
    let mut reads = Reads::nothing();
    let kept = arguments.place(&mut reads);
    let operation = Operation::with_parameters(function_name::<F>(), function, kept, |function, kept, task| {
        receiving(task, &mut |received| {
            Ok(Value::of(function.apply(A::receive(kept, received).map_err(WrongType::into_failure)?)))
        })
    });
    Delayed::from_node(node(operation, reads, type_name::<F::Output>(), Origin::caller()))
}

/// [`call`] with arguments and a result of any types, serializable or not. The result stays in this process and in
/// memory, and counts with its own size, without what it owns on the heap.
///
/// ```
/// use lazuli::prelude::*;
/// use std::time::{Duration, Instant};
/// let begun = call_local(Instant::now, ());
/// let took = call(|begun: Instant| begun.elapsed() < Duration::from_secs(60), (&begun,));
/// assert!(took.compute().unwrap());
/// ```
#[track_caller]
pub fn call_local<P, F, A>(function: F, arguments: A) -> Delayed<F::Output>
where
    F: Function<P, Output: Clone + Send + Sync + 'static>,
    A: Arguments<P>,
{
    let mut reads = Reads::nothing();
    let kept = arguments.place(&mut reads);
    let operation = Operation::with_closure(function_name::<F>(), (function, kept), |(function, kept), task| {
        receiving(task, &mut |received| {
            Ok(Value::local(
                function.apply(A::receive(kept, received).map_err(WrongType::into_failure)?),
                size_of::<F::Output>(),
            ))
        })
    });
    Delayed::from_node(node(operation.staying(), reads, type_name::<F::Output>(), Origin::caller()))
}

/// Like [`call`], for a function that returns a `Result`: its error is the error of the run.
///
/// ```
/// use lazuli::prelude::*;
/// # fn main() -> lazuli::Result<()> {
/// let parse = |text: String| text.parse::<i64>();
/// assert_eq!(try_call(parse, ("7".to_string(),)).compute()?, 7);
/// let error = try_call(parse, ("seven".to_string(),)).compute().unwrap_err();
/// assert!(error.to_string().contains("invalid digit"));
/// # Ok(()) }
/// ```
#[track_caller]
pub fn try_call<P, F, A, T, E>(function: F, arguments: A) -> Delayed<T>
where
    F: Function<P, Output = Result<T, E>>,
    A: Arguments<P, Kept: Element>,
    T: Element,
    E: Into<Failure>,
{
    let mut reads = Reads::nothing();
    let kept = arguments.place(&mut reads);
    let operation = Operation::with_parameters(function_name::<F>(), function, kept, |function, kept, task| {
        receiving(task, &mut |received| match function
            .apply(A::receive(kept, received).map_err(WrongType::into_failure)?)
        {
            Ok(result) => Ok(Value::of(result)),
            Err(error) => Err(error.into()),
        })
    });
    Delayed::from_node(node(operation, reads, type_name::<T>(), Origin::caller()))
}

/// A value that is there already, as a [`Delayed`]: many calls can then share it.
///
/// ```
/// use lazuli::prelude::*;
/// let ten = delayed(10);
/// assert_eq!((&ten + &ten).compute().unwrap(), 20);
/// ```
#[track_caller]
pub fn delayed<T: Element>(plain: T) -> Delayed<T> {
    Delayed::from_node(held(Value::of(plain), type_name::<T>(), Origin::caller()))
}

impl<T> Delayed<T> {
    /// A delayed value that is partition 0 of `node`.
    pub(crate) fn from_node(node: Node) -> Self {
        Delayed { node, value: PhantomData }
    }
}

impl<T: Clone + Send + Sync + 'static> Delayed<T> {
    /// Runs what is needed and returns the value.
    ///
    /// ```
    /// use lazuli::prelude::*;
    /// assert_eq!(call(f64::sqrt, (9.0,)).compute().unwrap(), 3.0);
    /// ```
    pub fn compute(&self) -> Result<T> {
        lazy::compute(self)
    }

    /// [`compute`](Delayed::compute) with choices of its own: another scheduler, fewer workers, less memory.
    ///
    /// ```
    /// use lazuli::prelude::*;
    /// # fn main() -> lazuli::Result<()> {
    /// let root = call(f64::sqrt, (9.0,));
    /// assert_eq!(root.compute_with(Scheduler::Synchronous)?, 3.0);
    /// # Ok(()) }
    /// ```
    pub fn compute_with(&self, config: impl Into<Config>) -> Result<T> {
        lazy::compute_with(self, config.into())
    }

    /// Runs what is needed now and keeps the value: what is built on the result starts from there.
    ///
    /// ```
    /// use lazuli::prelude::*;
    /// let slow = call(|| 42, ()).persist().unwrap();
    /// assert_eq!((&slow + 1).compute().unwrap(), 43); // the closure does not run again
    /// ```
    pub fn persist(&self) -> Result<Self> {
        Ok(Delayed::from_node(lazy::persist(&self.node)?))
    }

    /// A function of the value: `x.map(f)` is `call(f, (&x,))`, with the type of `f`'s parameter known.
    ///
    /// ```
    /// use lazuli::prelude::*;
    /// let words = delayed(vec!["lapis".to_string(), "lazuli".to_string()]);
    /// assert_eq!(words.map(|words| words.join(" ")).compute().unwrap(), "lapis lazuli");
    /// ```
    #[track_caller]
    pub fn map<U, F>(&self, function: F) -> Delayed<U>
    where
        U: Element,
        F: Fn(T) -> U + Send + Sync + 'static,
    {
        call(function, (self,))
    }
}

impl<T: Clone + Send + Sync + 'static> Lazy for Delayed<T> {
    type Output = T;

    fn node(&self) -> &Node {
        &self.node
    }

    fn gather(&self, partitions: Vec<Value>) -> Result<T> {
        let value = partitions.into_iter().next().expect("a delayed value is one partition");
        Ok(value.take()?)
    }
}

impl<T> Clone for Delayed<T> {
    fn clone(&self) -> Self {
        Delayed { node: self.node.clone(), value: PhantomData }
    }
}

impl<T> fmt::Debug for Delayed<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let layer = self.node.layer();
        write!(f, "Delayed<{}>({})", layer.picture().detail, layer.operation().name())
    }
}

/// Calls with the values that `task` reads. Not generic: cells need not know how a task is dropped.
#[inline(never)]
fn receiving(task: Task, call: &mut dyn FnMut(&mut Received) -> Result<Value, Failure>) -> Result<Value, Failure> {
    call(&mut Received(&mut task.into_values()))
}

/// A layer of one task.
fn node(operation: Operation, reads: Reads, result: &'static str, origin: Origin) -> Node {
    let picture = Picture { collection: "Delayed", detail: Detail::Type(result), grid: [].into() };
    let mut layer = Layer::of(operation.called(), 1, origin).drawn(picture).by_itself();
    reads.0.into_iter().for_each(|node| layer.take(node, Pattern::OneToOne));
    layer.build()
}

/// A layer that hands out a value.
fn held(value: Value, result: &'static str, origin: Origin) -> Node {
    node(Operation::holding("value", value, |value, _| Ok(value.clone())), Reads::nothing(), result, origin)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use serde::{Deserialize, Serialize};

    use super::*;
    use crate::{Scheduler, with_config};

    fn add(a: i64, b: i64) -> i64 {
        a + b
    }

    fn twice(a: i64) -> i64 {
        2 * a
    }

    fn check<T: Clone + Send + Sync + PartialEq + fmt::Debug + 'static>(delayed: &Delayed<T>, expected: T) {
        for scheduler in Scheduler::LOCAL {
            let computed = with_config(scheduler, || delayed.compute());
            assert_eq!(computed.expect("it computes"), expected, "{}", scheduler.name());
        }
    }

    #[test]
    fn every_kind_of_argument_arrives_in_its_place() {
        let (x, y) = (call(add, (1, 2)), delayed(10_i64));
        let list = vec![x.clone(), y.clone()];
        let text =
            |a: i64, all: Vec<i64>, b: i64, rest: Vec<i64>, word: String| format!("{a} {all:?} {b} {rest:?} {word}");
        check(&call(text, (&x, &list, 7, &list[..1], "end".to_owned())), "3 [3, 10] 7 [3] end".to_owned());
        check(
            &call(text, (0, list.clone(), y.clone(), Vec::<i64>::new(), "end".to_owned())),
            "0 [3, 10] 10 [] end".to_owned(),
        );
    }

    #[test]
    fn eight_arguments_and_none() {
        let sum = |a: u8, b: u8, c: u8, d: u8, e: u8, f: u8, g: u8, h: u8| a + b + c + d + e + f + g + h;
        let one = call(|| 1_u8, ());
        check(&call(sum, (&one, &one, 1, 1, &one, 1, 1, 1)), 8);
    }

    #[test]
    fn operators_take_delayed_and_plain_values_on_both_sides() {
        let (x, y) = (delayed(7_i64), delayed(3_i64));
        check(&(&x + &y), 10);
        check(&(x.clone() - y.clone()), 4);
        check(&(&x * 2), 14);
        check(&(x.clone() / &y), 2);
        check(&(&x % y.clone()), 1);
        check(&(100 - &x), 93);
        check(&-&x, -7);
        check(&(delayed("lapis".to_owned()).map(|text| text.len()) + 1), 6);
    }

    #[test]
    fn the_same_work_has_the_same_key_and_other_work_another() {
        let key = |delayed: &Delayed<i64>| delayed.node.layer().key();
        let (x, y) = (delayed(1_i64), delayed(2_i64));
        assert_eq!(key(&call(add, (&x, &y))), key(&call(add, (&x, &y))));
        assert_ne!(key(&call(add, (&x, &y))), key(&call(add, (&y, &x))));
        assert_ne!(key(&call(twice, (&x,))), key(&call(|a: i64| a + 1, (&x,))));
        assert_eq!(key(&call(add, (&x, 1))), key(&call(add, (&x, 1))));
        assert_ne!(key(&call(add, (&x, 1))), key(&call(add, (&x, 2))));
        assert_ne!(key(&call(add, (&x, 1))), key(&call(add, (1, &x))));
        let captured = 1;
        let capturing = || call(move |a: i64| a + captured, (&x,));
        assert_ne!(key(&capturing()), key(&capturing()), "what a closure captured cannot be compared");
        let sums = |a: Vec<i64>, b: Vec<i64>| a.len() as i64 * 10 + b.len() as i64;
        let (one, two) = (vec![x.clone()], vec![x.clone(), y.clone()]);
        let three = vec![x.clone(), y.clone(), y.clone()];
        assert_eq!(key(&call(sums, (&one, &two))), key(&call(sums, (&one, &two))));
        assert_ne!(key(&call(sums, (&two, &one))), key(&call(sums, (&three[..1], &three[1..]))));
    }

    #[test]
    fn shared_and_equal_work_runs_once_and_persisted_work_not_again() {
        static RUNS: AtomicUsize = AtomicUsize::new(0);
        let counted = |a: i64| {
            RUNS.fetch_add(1, Ordering::Relaxed);
            a
        };
        let x = delayed(5_i64);
        let (a, b) = (call(counted, (&x,)), call(counted, (&x,)));
        check(&(&a + &b), 10);
        assert_eq!(RUNS.swap(0, Ordering::Relaxed), Scheduler::LOCAL.len());
        let kept = a.persist().expect("it computes");
        assert_eq!(RUNS.swap(0, Ordering::Relaxed), 1);
        check(&(&kept + 1), 6);
        assert_eq!(RUNS.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn the_last_reader_receives_the_value_itself() {
        static CLONES: AtomicUsize = AtomicUsize::new(0);
        #[derive(Serialize, Deserialize)]
        struct Counted;
        impl Clone for Counted {
            fn clone(&self) -> Self {
                CLONES.fetch_add(1, Ordering::Relaxed);
                Counted
            }
        }
        let made = call(|| Counted, ());
        check(&made.map(|_| 1), 1);
        assert_eq!(CLONES.load(Ordering::Relaxed), 0);
        check(&call(|_: Counted, _: Counted| 2, (&made, &made)), 2);
        assert_eq!(CLONES.load(Ordering::Relaxed), Scheduler::LOCAL.len(), "one of two readers clones");
    }

    #[test]
    fn an_error_names_the_function_the_place_and_the_cause() {
        fn strict(a: i64) -> Result<i64, String> {
            Err(format!("{a} is too small"))
        }
        let text = try_call(strict, (1,)).compute().unwrap_err().to_string();
        assert!(text.starts_with("strict failed"), "{text}");
        assert!(text.contains("delayed/mod.rs, line"), "{text}");
        assert!(text.ends_with("1 is too small"), "{text}");

        let text = (&delayed(1_i64) / 0).compute().unwrap_err().to_string();
        assert!(text.starts_with("div failed") && text.contains("divide by zero"), "{text}");
    }

    #[test]
    fn what_cannot_be_written_is_called_locally() {
        #[derive(Clone, Debug, PartialEq)]
        struct Plain(&'static str);
        let shout = |plain: Plain, end: &'static str| Plain(if end.is_empty() { plain.0 } else { end });
        let made = call_local(Plain, ("lapis",));
        check(&call_local(shout, (&made, "lazuli")), Plain("lazuli"));
        check(&call_local(shout, (made.clone(), "")), Plain("lapis"));
        check(&made.map(|plain| plain.0.len()), 5);
    }

    #[test]
    fn a_result_counts_with_what_it_owns() {
        let text = call(|length: usize| "x".repeat(length), (1000,)).persist().expect("it computes");
        let value = text.node.layer().operation().run(crate::graph::Task::new(0)).expect("it is held");
        assert_eq!(value.bytes(), 1000 + size_of::<String>());
        assert!(value.codec().is_some());
    }

    #[test]
    fn a_long_chain_of_calls_computes_and_drops() {
        let mut x = delayed(0_i64);
        for _ in 0..100_000 {
            x = call(|a: i64| a + 1, (x,));
        }
        assert_eq!(x.compute().expect("it computes"), 100_000);
    }
}
