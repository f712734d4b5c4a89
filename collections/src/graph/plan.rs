//! From layers to tasks: what the targets need, each layer once however often it was built, in an
//! order that keeps memory low.
//!
//! Order: depth first from the targets, inputs before readers, so that a reader follows its inputs
//! closely and few values wait. (The observation behind Dask's `order.py`; the static order of Sethi
//! and Ullman, "The generation of optimal code for arithmetic expressions", JACM 1970, without its
//! weights.) The walk is iterative: a chain of a million layers does not overflow a stack.

use std::collections::HashMap;
use std::sync::Arc;

use super::{Key, Layer, Task, Value};

/// The tasks needed for some targets. A task's id is its priority: lower ids run first.
#[derive(Debug)]
pub struct Plan {
    layers: Vec<Arc<Layer>>,
    tasks: Vec<Place>,
    /// Tasks that each task reads; the reads of task t are `reads[starts[t]..starts[t + 1]]`.
    reads: Vec<TaskId>,
    starts: Vec<u32>,
    targets: Vec<TaskId>,
}

/// Index of a task in a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TaskId(pub u32);

#[derive(Clone, Copy, Debug)]
struct Place {
    layer: u32,
    partition: u32,
}

impl Plan {
    /// The plan that makes every partition of `targets`.
    pub fn of(targets: &[Arc<Layer>]) -> Plan {
        let layers = Layers::under(targets);
        let mut walk = Walk::over(&layers);
        let mut wanted = Vec::new();
        for target in targets {
            let layer = layers.index[&target.key()];
            for partition in 0..target.tasks() {
                wanted.push(walk.visit(layer, partition as u32));
            }
        }
        let Walk { tasks, reads, starts, .. } = walk;
        Plan { layers: layers.list, tasks, reads, starts, targets: wanted }
    }

    /// Number of tasks.
    pub fn len(&self) -> usize {
        self.tasks.len()
    }

    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.tasks.is_empty()
    }

    /// Every task, first to run first.
    pub fn tasks(&self) -> impl Iterator<Item = TaskId> {
        (0..self.tasks.len() as u32).map(TaskId)
    }

    /// The tasks that `task` reads, in the order its operation expects.
    pub fn reads(&self, task: TaskId) -> &[TaskId] {
        let task = task.0 as usize;
        &self.reads[self.starts[task] as usize..self.starts[task + 1] as usize]
    }

    /// The tasks whose values are wanted, in the order of the targets and their partitions.
    pub fn targets(&self) -> &[TaskId] {
        &self.targets
    }

    /// The layers that take part, inputs first.
    pub fn layers(&self) -> &[Arc<Layer>] {
        &self.layers
    }

    /// The layer of `task`.
    pub fn layer(&self, task: TaskId) -> &Arc<Layer> {
        &self.layers[self.layer_index(task)]
    }

    /// The index of `task`'s layer in [`Plan::layers`].
    pub fn layer_index(&self, task: TaskId) -> usize {
        self.tasks[task.0 as usize].layer as usize
    }

    /// The partition that `task` makes.
    pub fn partition(&self, task: TaskId) -> usize {
        self.tasks[task.0 as usize].partition as usize
    }

    /// What the operation of `task` receives, when `value` gives the values it reads one after another.
    pub(crate) fn task(&self, task: TaskId, mut value: impl FnMut() -> Value) -> Task {
        let partition = self.partition(task);
        let mut received = Task::new(partition);
        let mut partitions = Vec::new();
        for input in self.layer(task).inputs() {
            partitions.clear();
            input.pattern.reads(partition, input.layer.tasks(), &mut partitions);
            for _ in &partitions {
                received.push(value());
            }
            received.end_input();
        }
        received
    }
}

/// Every layer under `targets` and the targets themselves, each once, inputs first.
pub(crate) fn layers_under(targets: &[Arc<Layer>]) -> Vec<Arc<Layer>> {
    Layers::under(targets).list
}

/// The distinct layers under some targets, inputs first.
struct Layers {
    list: Vec<Arc<Layer>>,
    index: HashMap<Key, u32>,
}

impl Layers {
    fn under(targets: &[Arc<Layer>]) -> Layers {
        let mut layers = Layers { list: Vec::new(), index: HashMap::new() };
        for target in targets {
            layers.add(target);
        }
        layers
    }

    fn add(&mut self, target: &Arc<Layer>) {
        let mut path: Vec<(Arc<Layer>, usize)> = vec![(target.clone(), 0)];
        while let Some((layer, next)) = path.last_mut() {
            if self.index.contains_key(&layer.key()) {
                path.pop();
            } else if let Some(input) = layer.inputs().get(*next) {
                *next += 1;
                let input = input.layer.clone();
                path.push((input, 0));
            } else {
                let (layer, _) = path.pop().expect("the loop saw it");
                self.index.insert(layer.key(), self.list.len() as u32);
                self.list.push(layer);
            }
        }
    }
}

/// Depth-first walk over tasks that numbers them as it leaves them.
struct Walk<'a> {
    layers: &'a Layers,
    /// Index of the first partition of each layer in `numbers`.
    first: Vec<usize>,
    /// Id of each task that was visited.
    numbers: Vec<Option<TaskId>>,
    tasks: Vec<Place>,
    reads: Vec<TaskId>,
    starts: Vec<u32>,
}

/// A task on the path of the walk, with the tasks it reads that were not visited yet.
struct Step {
    place: Place,
    pending: Vec<Place>,
}

impl<'a> Walk<'a> {
    fn over(layers: &'a Layers) -> Self {
        let mut first = Vec::with_capacity(layers.list.len());
        let mut total = 0;
        for layer in &layers.list {
            first.push(total);
            total += layer.tasks();
        }
        Walk { layers, first, numbers: vec![None; total], tasks: Vec::new(), reads: Vec::new(), starts: vec![0] }
    }

    fn number(&mut self, place: Place) -> &mut Option<TaskId> {
        &mut self.numbers[self.first[place.layer as usize] + place.partition as usize]
    }

    fn reads_of(&self, place: Place) -> Vec<Place> {
        let mut places = Vec::new();
        let mut partitions = Vec::new();
        for input in self.layers.list[place.layer as usize].inputs() {
            let layer = self.layers.index[&input.layer.key()];
            partitions.clear();
            input.pattern.reads(place.partition as usize, input.layer.tasks(), &mut partitions);
            places.extend(partitions.iter().map(|&partition| Place { layer, partition: partition as u32 }));
        }
        places
    }

    fn step(&self, place: Place) -> Step {
        let mut pending = self.reads_of(place);
        pending.reverse();
        Step { place, pending }
    }

    fn visit(&mut self, layer: u32, partition: u32) -> TaskId {
        let target = Place { layer, partition };
        let mut path = vec![self.step(target)];
        while let Some(step) = path.last_mut() {
            let place = step.place;
            if self.number(place).is_some() {
                path.pop();
            } else if let Some(read) = path.last_mut().and_then(|step| step.pending.pop()) {
                if self.number(read).is_none() {
                    path.push(self.step(read));
                }
            } else {
                self.leave(place);
                path.pop();
            }
        }
        self.number(target).expect("the walk ends by leaving the target")
    }

    fn leave(&mut self, place: Place) {
        for read in self.reads_of(place) {
            let id = self.number(read).expect("inputs are left before their readers");
            self.reads.push(id);
        }
        self.starts.push(self.reads.len() as u32);
        let id = TaskId(self.tasks.len() as u32);
        self.tasks.push(place);
        *self.number(place) = Some(id);
    }
}
