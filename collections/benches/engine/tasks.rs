//! Tasks that do nothing: what a graph costs a task, from building it to its last value.

use lazuli::graph::{Failure, Layer, Node, Operation, Origin, Pattern, Task, Value};
use lazuli::lazy::Lazy;
use lazuli::prelude::*;

use super::dask::Dask;
use super::rounds::{Rounds, timed};
use super::table::{Table, nothing};

const FEW: usize = 100_000;
const MANY: usize = 1_000_000;
/// How many partitions a task of the tree puts together.
const FAN: usize = 8;
/// Partitions of each layer of the deep graph.
const ABREAST: usize = 10;

/// A graph of as many tasks as asked for.
struct Graph {
    /// What Dask's side calls it.
    name: &'static str,
    title: &'static str,
    /// Builds and runs it.
    run: fn(usize) -> lazuli::Result<()>,
    /// Microseconds that a task may cost: more for `delayed` calls, each of which is a layer.
    promised: u32,
    /// Tasks that Dask gets, for which it needs about a second.
    of_dask: usize,
}

const GRAPHS: [Graph; 6] = [
    Graph { name: "wide", title: "wide: two layers, 1:1", run: |n| compute(wide(n)), promised: 1, of_dask: 10_000 },
    Graph { name: "deep", title: "deep: layers of 10, 1:1", run: |n| compute(deep(n)), promised: 1, of_dask: 10_000 },
    Graph { name: "tree", title: "tree reduction by 8", run: |n| compute(tree(n)), promised: 1, of_dask: 10_000 },
    Graph {
        name: "fan-in",
        title: "fan-in: one task reads all",
        run: |n| compute(fan_in(n)),
        promised: 1,
        of_dask: 10_000,
    },
    // Dask's time for calls grows with the square of their number: so few are where it does best.
    Graph {
        name: "delayed-chain",
        title: "`delayed` calls, a chain",
        run: call_in_a_chain,
        promised: 2,
        of_dask: 1000,
    },
    Graph {
        name: "delayed-wide",
        title: "`delayed` calls, and one that reads all",
        run: call_side_by_side,
        promised: 2,
        of_dask: 1000,
    },
];

/// Prints what a task of each graph costs.
pub fn measure(rounds: usize, dask: &mut Dask) -> Result<(), Failure> {
    let table = Table::begin(
        "Empty tasks: graph built, ordered, run and freed, µs a task",
        &["graph", "100 000 tasks", "1 000 000 tasks", "Dask threaded", "Dask / Lazuli", "promised"],
    );
    for graph in &GRAPHS {
        let (mut few, mut many, mut dasks) = (Rounds::default(), Rounds::default(), Rounds::default());
        for _ in 0..=rounds {
            few.count(timed(|| Ok((graph.run)(FEW)?))?.1);
            many.count(timed(|| Ok((graph.run)(MANY)?))?.1);
            if let Some(took) = dask.round(graph.name, graph.of_dask) {
                dasks.count(took);
            }
        }
        let shown = |seconds: f64| format!("{:.2}", seconds * 1e6);
        let is_there = dask.reason().is_none();
        let (ours, theirs) = (few.median(FEW), is_there.then(|| dasks.median(graph.of_dask)));
        let ratio = is_there.then(|| dasks.against(&few) * FEW as f64 / graph.of_dask as f64);
        table.row(&[
            graph.title.to_owned(),
            shown(ours),
            shown(many.median(MANY)),
            theirs.map_or_else(nothing, |theirs| format!("{:.0} ({} 000 tasks)", theirs * 1e6, graph.of_dask / 1000)),
            ratio.map_or_else(nothing, |ratio| format!("{ratio:.0}")),
            format!("≤ {}, a million ≤ 1.5× that", graph.promised),
        ]);
    }
    Ok(())
}

/// A graph of layers as something to compute.
struct Empty(Node);

impl Lazy for Empty {
    type Output = ();

    fn node(&self) -> &Node {
        &self.0
    }

    fn gather(&self, _partitions: Vec<Value>) -> lazuli::Result<()> {
        Ok(())
    }
}

pub fn compute(node: Node) -> lazuli::Result<()> {
    compute!(Empty(node)).map(|((),)| ())
}

/// A layer of tasks that do nothing and are not fused with those they read.
fn layer(tasks: usize, input: Option<(&Node, Pattern)>) -> Node {
    let nothing = |task: Task| Ok(Value::local(task.partition(), size_of::<usize>()));
    let layer = Layer::of(Operation::of("nothing", nothing), tasks, Origin::caller()).by_itself();
    match input {
        Some((node, pattern)) => layer.reads(node, pattern).build(),
        None => layer.build(),
    }
}

pub fn wide(tasks: usize) -> Node {
    layer(tasks / 2, Some((&layer(tasks / 2, None), Pattern::OneToOne)))
}

fn deep(tasks: usize) -> Node {
    let first = layer(ABREAST, None);
    (1..tasks / ABREAST).fold(first, |below, _| layer(ABREAST, Some((&below, Pattern::OneToOne))))
}

pub fn tree(tasks: usize) -> Node {
    let mut width = tasks / FAN * (FAN - 1);
    let mut node = layer(width, None);
    while width > 1 {
        width = width.div_ceil(FAN);
        node = layer(width, Some((&node, Pattern::Tree(FAN))));
    }
    node
}

fn fan_in(tasks: usize) -> Node {
    layer(1, Some((&layer(tasks - 1, None), Pattern::All)))
}

fn call_in_a_chain(calls: usize) -> lazuli::Result<()> {
    let last = (0..calls).fold(delayed(0), |below, _| call(increment, (&below,)));
    assert_eq!(last.compute()?, calls as i64);
    Ok(())
}

fn call_side_by_side(calls: usize) -> lazuli::Result<()> {
    let numbers: Vec<Delayed<i64>> = (1..calls as i64).map(|number| call(increment, (number,))).collect();
    let count = call(|numbers: Vec<i64>| numbers.len(), (&numbers,));
    assert_eq!(count.compute()? + 1, calls);
    Ok(())
}

fn increment(number: i64) -> i64 {
    number + 1
}
