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
    let mut parts = parts;
    if let [(only, _)] = &*parts {
        return only.clone();
    }
    let name = parts.last().map_or("nothing", |(last, _)| last.name());
    let mut program = Builder::default();
    for (operation, sources) in parts.drain(..) {
        program.push(operation.work().clone(), sources);
    }
    Operation::joined(name, Arc::new(program.finish()))
}

/// The layers that make the same partitions as `targets`, under the same keys, in fewer tasks.
pub fn fuse(targets: &[Arc<Layer>]) -> Vec<Arc<Layer>> {
    let layers = Layers::under(targets);
    let groups = groups(&layers, targets);
    if groups.iter().zip(0..).all(|(&root, layer)| root == layer) {
        return targets.to_vec();
    }
    let mut members: Vec<SmallVec<[u32; 1]>> = vec![SmallVec::new(); groups.len()];
    for (layer, &group) in groups.iter().enumerate() {
        members[group as usize].push(layer as u32);
    }
    let mut made: Vec<Option<Arc<Layer>>> = vec![None; groups.len()];
    for (group, members) in members.iter().enumerate() {
        if !members.is_empty() {
            made[group] = Some(joined(&layers, members, &made));
        }
    }
    let target = |target: &Arc<Layer>| made[layers.index(target)].clone().expect("a target is the root of its group");
    targets.iter().map(target).collect()
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
            root if layer.fuses() && layer.tasks() == layers.list[root as usize].tasks() => root,
            _ => index as u32,
        };
        read_by[index] = root;
        let fuses = layer.fuses();
        for input in layer.inputs() {
            let reader = &mut read_by[layers.index(&input.layer)];
            *reader = match input.pattern {
                Pattern::OneToOne if fuses && (*reader == NOBODY || *reader == root) => root,
                _ => OTHERS,
            };
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
    let mut inputs: Vec<Input> = Vec::new();
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
        let (mut inputs, mut made): (Vec<Option<SmallVec<[Value; 4]>>>, Vec<Option<Value>>) =
            (task.into_inputs().map(Some).collect(), Vec::with_capacity(self.steps.len()));
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

    fn stages(&self) -> usize {
        self.steps.iter().map(|step| step.parts.len()).sum()
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
