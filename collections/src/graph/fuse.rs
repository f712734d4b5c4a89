//! Fusion: layers that read each other 1:1 become one layer, whose tasks hand each partition on by themselves.
//!
//! A layer joins the only layer that reads it when both have as many tasks; nothing is computed twice and no
//! parallelism is lost, and what stood between the two is never stored. Inside a fused layer, neighbours that
//! know how ([`Work::after`]) become one pass over the partition; others run one after the other.
//!
//! Source of the idea: loop fusion (Wadler, "Deforestation", 1990), and Dask's `optimize_blockwise`.

use std::cell::Cell;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use foldhash::fast::FixedState;
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use super::layer::Inputs;
use super::operation::Work;
use super::plan::Layers;
use super::{Failure, Input, Layer, Operation, Pattern, Task, Value};

thread_local! {
    /// Where in the task that it runs this thread is.
    static PLACE: Cell<Place> = const { Cell::new(Place { step: 0, stage: 0 }) };
}

/// A place in a fused task: which step of its program, and which stage of the step's work.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Place {
    step: u32,
    stage: u32,
}

impl Place {
    /// The place of this thread, which begins at the first place of tasks of its own.
    pub(crate) fn enter() -> Place {
        PLACE.take()
    }

    /// Returns to where this thread was.
    pub(crate) fn leave(self) {
        PLACE.set(self);
    }
}

/// Notes that this thread works on stage `stage` of the [`Work`] that it runs, so that a failure is that of the
/// operation it happened in. Work that joins nothing has one stage and need not say so.
#[inline]
pub fn enter_stage(stage: usize) {
    PLACE.set(Place { stage: stage as u32, ..PLACE.get() });
}

/// Which part of a layer with `operation` this thread was at when its task stopped.
pub(crate) fn stopped_part(operation: &Operation) -> usize {
    let Place { step, stage } = PLACE.take();
    let work: &dyn std::any::Any = &**operation.work();
    let part =
        work.downcast_ref::<Program>().and_then(|program| program.steps[step as usize].parts.get(stage as usize));
    part.map_or(0, |&part| part as usize)
}

/// The operation that a fused layer of these parts has: each with where it finds its inputs.
pub(crate) fn assembled(parts: Vec<(Operation, Sources)>) -> Operation {
    if let [(only, _)] = &*parts {
        return only.clone();
    }
    let name = parts.last().map_or("nothing", |(last, _)| last.name());
    let mut program = Builder::default();
    for (operation, sources) in parts {
        program.push(operation.work().clone(), sources);
    }
    Operation::joined(name, Arc::new(program.finish()))
}

/// The layers that make the same partitions as `targets`, under the same keys, in fewer tasks.
pub fn fuse(targets: &[Arc<Layer>]) -> Vec<Arc<Layer>> {
    fused(&Layers::under(targets), targets).unwrap_or_else(|| targets.to_vec())
}

/// [`fuse`] with the `layers` under the targets; none where there is nothing to fuse.
pub(super) fn fused(layers: &Layers, targets: &[Arc<Layer>]) -> Option<Vec<Arc<Layer>>> {
    if !layers.any_fuses {
        return None;
    }
    let groups = groups(layers, targets);
    if groups.iter().zip(0..).all(|(&root, layer)| root == layer) {
        return None;
    }
    let mut members: Vec<SmallVec<[u32; 1]>> = vec![SmallVec::new(); groups.len()];
    for (layer, &group) in groups.iter().enumerate() {
        members[group as usize].push(layer as u32);
    }
    let mut made: Vec<Option<Arc<Layer>>> = vec![None; groups.len()];
    for (group, members) in members.iter().enumerate() {
        if !members.is_empty() {
            made[group] = Some(joined(layers, members, &made));
        }
    }
    let target = |target: &Arc<Layer>| made[layers.index(target)].clone().expect("a target is the root of its group");
    Some(targets.iter().map(target).collect())
}

/// For each layer, the root of the group that it is fused into: the layer that makes the group's partitions.
fn groups(layers: &Layers, targets: &[Arc<Layer>]) -> Vec<u32> {
    /// Read by nobody yet; by several groups, or otherwise than 1:1.
    const NOBODY: u32 = u32::MAX;
    const OTHERS: u32 = u32::MAX - 1;
    let mut read_by = vec![NOBODY; layers.list.len()];
    for target in targets {
        read_by[layers.index(target)] = OTHERS;
    }
    for (index, layer) in layers.list.iter().enumerate().rev() {
        let root = match read_by[index] {
            NOBODY | OTHERS => index as u32,
            root if layer.fuses() && layers.tasks[index] == layers.tasks[root as usize] => root,
            _ => index as u32,
        };
        read_by[index] = root;
        let fuses = layer.fuses();
        for read in layers.reads(index) {
            let reader = &mut read_by[read.layer as usize];
            let joins = read.is_one_to_one && fuses && (*reader == NOBODY || *reader == root);
            *reader = if joins { root } else { OTHERS };
        }
    }
    read_by
}

/// The one layer of a group, `members` in the order in which they run.
fn joined(layers: &Layers, members: &[u32], made: &[Option<Arc<Layer>>]) -> Arc<Layer> {
    let made = |input: &Input| made[layers.index(&input.layer)].clone().expect("inputs are made before their readers");
    if let &[only] = members {
        let layer = &layers.list[only as usize];
        let inputs: Vec<Arc<Layer>> = layer.inputs().iter().map(made).collect();
        if inputs.iter().zip(layer.inputs()).all(|(made, input)| Arc::ptr_eq(made, &input.layer)) {
            return layer.clone();
        }
        let read = |(layer, input): (_, &Input)| Input { layer, pattern: input.pattern.clone() };
        let inputs = inputs.into_iter().zip(layer.inputs()).map(read).collect();
        return Layer::fused(layer.operation().clone(), inputs, vec![layer.clone()], Vec::new());
    }
    let part_of: HashMap<u32, u32, FixedState> = members.iter().copied().zip(0..).collect();
    let mut inputs = Inputs::new();
    let mut one_to_one: HashMap<u32, u32, FixedState> = HashMap::default();
    let mut parts: Vec<(Operation, Sources)> = Vec::new();
    for &member in members {
        let layer = &layers.list[member as usize];
        let mut sources = Sources::new();
        for input in layer.inputs() {
            let read = layers.index(&input.layer) as u32;
            let mut outer = || {
                inputs.push(Input { layer: made(input), pattern: input.pattern.clone() });
                inputs.len() as u32 - 1
            };
            sources.push(match (part_of.get(&read), &input.pattern) {
                (Some(&part), _) => Source::Step(part),
                (None, Pattern::OneToOne) => Source::Input(*one_to_one.entry(read).or_insert_with(outer)),
                (None, _) => Source::Input(outer()),
            });
        }
        parts.push((layer.operation().clone(), sources));
    }
    let wiring = parts.iter().map(|(_, sources)| sources.clone()).collect();
    let layers = members.iter().map(|&member| layers.list[member as usize].clone()).collect();
    Layer::fused(assembled(parts), inputs, layers, wiring)
}

/// Where a part of a fused layer finds one of its inputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) enum Source {
    /// All values of an input of the fused layer.
    Input(u32),
    /// What another part made; in a finished program, another step.
    Step(u32),
}

pub(crate) type Sources = SmallVec<[Source; 2]>;

/// What a task of a fused layer does: steps, each of which makes one value.
struct Program {
    steps: Vec<Step>,
}

struct Step {
    work: Arc<dyn Work>,
    sources: Sources,
    /// For each source, whether no later step reads it: it is given away, and can be changed in place.
    last: SmallVec<[bool; 2]>,
    /// The part that each stage of `work` is.
    parts: SmallVec<[u32; 2]>,
}

impl Work for Program {
    fn run(&self, task: Task) -> Result<Value, Failure> {
        let partition = task.partition();
        let mut inputs: Vec<_> = task.into_inputs().map(Some).collect();
        let mut made: Vec<Option<Value>> = Vec::with_capacity(self.steps.len());
        for (number, step) in self.steps.iter().enumerate() {
            let mut task = Task::new(partition);
            for (source, &last) in step.sources.iter().zip(&step.last) {
                match *source {
                    Source::Input(input) => {
                        let values = &mut inputs[input as usize];
                        let values = if last { values.take() } else { values.clone() };
                        values
                            .expect("given away by its last reader only")
                            .into_iter()
                            .for_each(|value| task.push(value));
                    }
                    Source::Step(step) => {
                        let value = &mut made[step as usize];
                        task.push(
                            if last { value.take() } else { value.clone() }.expect("a step runs after those it reads"),
                        );
                    }
                }
                task.end_input();
            }
            PLACE.set(Place { step: number as u32, stage: 0 });
            made.push(Some(step.work.run(task)?));
        }
        PLACE.set(Place::default());
        Ok(made.pop().flatten().expect("a program ends with the step that makes its value"))
    }
}

/// A program while its parts are put in, each joined with those it reads where that gives one pass.
#[derive(Default)]
struct Builder {
    /// None for what was joined into a later step.
    steps: Vec<Option<Step>>,
    /// How often each step is read.
    reads: Vec<u32>,
}

impl Builder {
    /// Puts in the next part, as a step of its own.
    fn push(&mut self, work: Arc<dyn Work>, sources: Sources) {
        let part = self.steps.len() as u32;
        for source in &sources {
            if let Source::Step(step) = source {
                self.reads[*step as usize] += 1;
            }
        }
        self.steps.push(Some(Step { work, sources, last: SmallVec::new(), parts: SmallVec::from_slice(&[part]) }));
        self.reads.push(0);
    }

    /// Joins steps, then forgets those that were joined.
    fn finish(mut self) -> Program {
        for number in 0..self.steps.len() {
            let mut input = 0;
            while let Some(&source) = self.steps[number].as_ref().and_then(|step| step.sources.get(input)) {
                if !self.join(number, source) {
                    input += 1;
                }
            }
        }
        let mut numbers = vec![0; self.steps.len()];
        let mut steps: Vec<Step> = Vec::new();
        for (number, step) in self.steps.into_iter().enumerate() {
            numbers[number] = steps.len() as u32;
            steps.extend(step);
        }
        for step in &mut steps {
            for source in &mut step.sources {
                if let Source::Step(step) = source {
                    *step = numbers[*step as usize];
                }
            }
        }
        mark_last_reads(&mut steps);
        Program { steps }
    }

    /// Makes step `number` and the one it reads at `source` one step, if nobody else reads that.
    fn join(&mut self, number: usize, source: Source) -> bool {
        let Source::Step(first) = source else { return false };
        let step = self.steps[number].as_ref().expect("not joined into a later one yet");
        let at: SmallVec<[usize; 2]> =
            step.sources.iter().enumerate().filter(|(_, other)| **other == source).map(|(at, _)| at).collect();
        if self.reads[first as usize] as usize != at.len() {
            return false;
        }
        let inner = self.steps[first as usize].as_ref().expect("joined into its only reader, which is this one");
        let Some(work) = step.work.after(&*inner.work, &at) else { return false };
        let inner = self.steps[first as usize].take().expect("it was there");
        let step = self.steps[number].as_mut().expect("it was there");
        step.work = work;
        step.sources.retain(|other| *other != source);
        step.sources.extend(inner.sources);
        let own = std::mem::replace(&mut step.parts, inner.parts);
        step.parts.extend(own);
        true
    }
}

fn mark_last_reads(steps: &mut [Step]) {
    let mut read: HashSet<Source, FixedState> = HashSet::default();
    for step in steps.iter_mut().rev() {
        step.last = SmallVec::from_elem(false, step.sources.len());
        for (source, last) in step.sources.iter().zip(&mut step.last).rev() {
            *last = read.insert(*source);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::graph::{Node, Origin, Plan};
    use crate::schedule;

    /// Adds numbers one after the other to what it reads; neighbours join.
    struct Adding(Vec<u64>);

    impl Work for Adding {
        fn run(&self, task: Task) -> Result<Value, Failure> {
            let mut sum = *task.get::<u64>(0)?;
            for (stage, number) in self.0.iter().enumerate() {
                enter_stage(stage);
                sum = sum.checked_add(*number).ok_or("too much")?;
            }
            Ok(Value::new(sum, 8))
        }

        fn after(&self, first: &dyn Work, at: &[usize]) -> Option<Arc<dyn Work>> {
            let first = (first as &dyn std::any::Any).downcast_ref::<Adding>()?;
            assert_eq!(at, [0]);
            Some(Arc::new(Adding([&first.0[..], &self.0].concat())))
        }

        fn stages(&self) -> usize {
            self.0.len()
        }
    }

    fn numbers(tasks: usize) -> Node {
        let place = Operation::of("numbers", |task| Ok(Value::new(task.partition() as u64, 8)));
        Layer::of(place, tasks, Origin::caller()).build()
    }

    #[track_caller]
    fn add(node: &Node, number: u64) -> Node {
        let operation = Operation::joining("add", number, |number| Arc::new(Adding(vec![number])));
        Layer::of(operation, node.partitions(), Origin::caller()).reads(node, Pattern::OneToOne).build()
    }

    fn both(a: &Node, b: &Node) -> Node {
        let sum = Operation::of("both", |task| Ok(Value::new(task.get::<u64>(0)? + task.get::<u64>(1)?, 8)));
        let layer = Layer::of(sum, a.partitions(), Origin::caller());
        layer.reads(a, Pattern::OneToOne).reads(b, Pattern::OneToOne).build()
    }

    fn fused(node: &Node) -> Arc<Layer> {
        fuse(&[node.layer().clone()]).remove(0)
    }

    fn computed(node: &Node) -> Vec<u64> {
        let values = schedule::run(&[node.layer().clone()]).unwrap();
        values.into_iter().map(|value| value.take().unwrap()).collect()
    }

    #[test]
    fn a_chain_is_one_layer_under_the_key_of_its_last_with_neighbours_in_one_pass() {
        let chain = add(&add(&add(&numbers(3), 1), 10), 100);
        let layer = fused(&chain);
        assert_eq!((layer.key(), layer.parts().len(), layer.inputs().len()), (chain.layer().key(), 4, 0));
        let work: &dyn std::any::Any = &**layer.operation().work();
        assert_eq!(work.downcast_ref::<Program>().unwrap().steps.len(), 2, "the numbers, and one pass");
        assert_eq!(Plan::of(&[layer]).len(), 3);
        assert_eq!(computed(&chain), [111, 112, 113]);
    }

    #[test]
    fn what_is_read_twice_inside_is_made_once_and_what_is_read_outside_is_kept() {
        let shared = add(&numbers(2), 1);
        let diamond = both(&add(&shared, 10), &add(&shared, 20));
        assert_eq!(fused(&diamond).parts().len(), 5);
        assert_eq!(computed(&diamond), [32, 34]);
        let (one, other) = (add(&shared, 10), add(&shared, 20));
        let both_wanted = fuse(&[one.layer().clone(), other.layer().clone()]);
        assert_eq!(Plan::of(&both_wanted).len(), 6, "the shared layer runs once, for two readers");
        let target_inside = fuse(&[shared.layer().clone(), one.layer().clone()]);
        assert_eq!(Plan::of(&target_inside).targets().len(), 4);
    }

    #[test]
    fn what_is_by_itself_or_held_here_stays_so() {
        let held = Operation::holding("held", 5_u64, |held, _| Ok(Value::new(*held, 8)));
        let held = Layer::of(held, 1, Origin::caller()).build();
        let called = Operation::joining("call", 1, |number| Arc::new(Adding(vec![number])));
        let called = Layer::of(called, 1, Origin::caller()).reads(&held, Pattern::OneToOne).by_itself().build();
        let last = add(&called, 1);
        assert_eq!(Plan::of(&fuse(&[last.layer().clone()])).len(), 3);
    }

    #[test]
    fn a_failure_in_a_pass_is_that_of_its_operation() {
        let line = line!() + 1;
        let chain = add(&add(&add(&numbers(1), 1), u64::MAX), 1);
        let error = schedule::run(&[chain.layer().clone()]).unwrap_err().to_string();
        assert!(error.starts_with("add failed") && error.contains(&format!("line {line}")), "{error}");
        let fused = fused(&chain);
        _ = fused.operation().run(Task::new(0));
        assert_eq!(stopped_part(fused.operation()), 2, "the second of three additions");
    }

    #[test]
    fn a_very_long_chain_fuses_runs_and_drops_without_recursion() {
        let mut node = numbers(1);
        for _ in 0..100_000 {
            let next = Operation::of("next", |task| Ok(Value::new(task.get::<u64>(0)? + 1, 8)));
            node = Layer::of(next, 1, Origin::caller()).reads(&node, Pattern::OneToOne).build();
            // Each a layer of its own: the same work on other inputs has another key.
        }
        assert_eq!(computed(&node), [100_000]);
    }

    proptest! {
        /// Any tree of additions over a few sources, read 1:1 throughout.
        #[test]
        fn fusion_changes_no_value_and_adds_no_task(steps in prop::collection::vec((any::<u8>(), any::<u8>(), 0..5_u8), 1..30)) {
            let mut nodes = vec![numbers(3), add(&numbers(3), 7)];
            let mut values: Vec<Vec<u64>> = vec![vec![0, 1, 2], vec![7, 8, 9]];
            for (left, right, kind) in steps {
                let (left, right) = (left as usize % nodes.len(), right as usize % nodes.len());
                if kind < 3 {
                    nodes.push(add(&nodes[left], kind.into()));
                    values.push(values[left].iter().map(|n| n + u64::from(kind)).collect());
                } else if values[left].iter().chain(&values[right]).all(|n| *n < 1 << 60) {
                    nodes.push(both(&nodes[left], &nodes[right]));
                    values.push(values[left].iter().zip(&values[right]).map(|(a, b)| a + b).collect());
                }
            }
            let last = nodes.last().unwrap();
            prop_assert_eq!(computed(last), values.pop().unwrap());
            let before = Plan::of(&[last.layer().clone()]);
            let after = Plan::of(&[fused(last)]);
            prop_assert!(after.len() <= before.len());
            let parts: usize = after.tasks().map(|task| after.layer(task).parts().len()).sum();
            prop_assert_eq!(parts, before.len(), "each task runs once, alone or in another");
        }
    }
}
