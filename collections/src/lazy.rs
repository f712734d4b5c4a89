//! What every collection is: a node of the shared graph, and a way to gather its partitions into the
//! natural Rust value. The one file where collections meet the schedulers. Imports: graph, schedule.

use crate::error::Result;
use crate::graph::{Layer, Node, Operation, Origin, Pattern, Value};
use crate::schedule::{self, Config, RunReport};

/// A collection or value that is computed only when asked.
pub trait Lazy {
    /// What `compute` returns: `ndarray` arrays, `Vec`s, polars frames, plain values.
    type Output;

    /// The layer that makes its partitions.
    fn node(&self) -> &Node;

    /// Joins the computed partitions, given in order.
    fn gather(&self, partitions: Vec<Value>) -> Result<Self::Output>;
}

/// Computes one collection.
pub(crate) fn compute<L: Lazy>(lazy: &L) -> Result<L::Output> {
    lazy.gather(run(&[lazy.node()])?)
}

/// Computes one collection as `config` says.
pub(crate) fn compute_with<L: Lazy>(lazy: &L, config: Config) -> Result<L::Output> {
    let _restore = schedule::enter(config);
    compute(lazy)
}

impl RunReport {
    /// Computes `lazy`, starting from what the last run had made when it failed: after a file is there again, or
    /// with the failing operation built anew, only what is missing runs. The next run, whatever it computes, frees
    /// what was kept. What the failing task alone had read is kept where a copy of it costs less than to compute it
    /// again.
    ///
    /// ```standalone_crate
    /// use lazuli::prelude::*;
    /// # fn main() -> lazuli::Result<()> {
    /// let slow = from_sequence(0..4, 4).map(|n| n * n);
    /// let (whole, broken) = (slow.sum(), slow.map(|n| 10 / (n - 9)).sum());
    /// assert!(compute!(whole, broken).is_err());
    /// assert_eq!(last_run().expect("one failed").retry(&whole)?, 14);
    /// # Ok(()) }
    /// ```
    pub fn retry<L: Lazy>(&self, lazy: &L) -> Result<L::Output> {
        lazy.gather(schedule::resume(&[lazy.node().layer().clone()])?)
    }
}

/// Runs everything below `node` and returns a node that holds the results: later work starts from them.
pub(crate) fn persist(node: &Node) -> Result<Node> {
    let values = run(&[node])?;
    let origin = node.layer().origin();
    let operation = Operation::holding("persisted", values, |values, task| Ok(values[task.partition()].clone()));
    Ok(Layer::of(operation, node.partitions(), origin).drawn(node.layer().picture().clone()).build())
}

/// A node of the chosen partitions of `node`, in the given order.
pub(crate) fn pick(node: &Node, name: &'static str, partitions: Vec<usize>, origin: Origin) -> Node {
    let count = partitions.len();
    let operation = Operation::new(name, partitions.clone(), |_, task| {
        Ok(task.into_values().next().expect("a picked partition is read"))
    });
    Layer::of(operation, count, origin)
        .reads(node, Pattern::Pick(partitions.into()))
        .drawn(node.layer().picture().clone())
        .build()
}

/// The values of every partition of `nodes`, in order; what they share runs once.
fn run(nodes: &[&Node]) -> Result<Vec<Value>> {
    let targets: Vec<_> = nodes.iter().map(|node| node.layer().clone()).collect();
    Ok(schedule::run(&targets)?)
}

/// Several collections computed in one run: what [`compute!`](crate::compute) expands to.
#[doc(hidden)]
pub trait Several {
    type Output;
    fn compute(self) -> Result<Self::Output>;
}

macro_rules! several {
    ($($lazy:ident $index:tt),+) => {
        impl<$($lazy: Lazy),+> Several for ($(&$lazy,)+) {
            type Output = ($($lazy::Output,)+);

            fn compute(self) -> Result<Self::Output> {
                let mut values = run(&[$(self.$index.node()),+])?.into_iter();
                Ok(($({
                    let partitions = values.by_ref().take(self.$index.node().partitions());
                    self.$index.gather(partitions.collect())?
                },)+))
            }
        }
    };
}

several!(A 0);
several!(A 0, B 1);
several!(A 0, B 1, C 2);
several!(A 0, B 1, C 2, D 3);
several!(A 0, B 1, C 2, D 3, E 4);
several!(A 0, B 1, C 2, D 3, E 4, F 5);
several!(A 0, B 1, C 2, D 3, E 4, F 5, G 6);
several!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7);

/// Computes several collections in one run, of whatever types; work they share runs once.
///
/// ```
/// use lazuli::prelude::*;
/// # fn main() -> lazuli::Result<()> {
/// let three = call(|| 3, ());
/// let six = call(|n: i32| n * 2, (three.clone(),));
/// assert_eq!(compute!(three, six)?, (3, 6));
/// # Ok(()) }
/// ```
#[macro_export]
macro_rules! compute {
    ($($lazy:expr),+ $(,)?) => { $crate::lazy::Several::compute(($(&$lazy,)+)) };
}
