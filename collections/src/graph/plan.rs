//! From layers to tasks: what the targets need, each layer once however often it was built, in an
//! order that keeps memory low.
//!
//! Order: depth first from the targets, inputs before readers, so that a reader follows its inputs
//! closely and few values wait. (The observation behind Dask's `order.py`; the static order of Sethi
//! and Ullman, "The generation of optimal code for arithmetic expressions", JACM 1970, without its
//! weights.) The walk is iterative: a chain of a million layers does not overflow a stack.

use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::FixedState;
use hashbrown::HashTable;
use hashbrown::hash_table::Entry;
use smallvec::SmallVec;

use super::fuse::fused;
use super::{Input, Key, Layer, Pattern, Task, Value};
use crate::prefetch::prefetch_line;

/// The tasks needed for some targets. A task's id is its priority: lower ids run first.
#[derive(Debug)]
pub struct Plan {
    layers: Vec<Arc<Layer>>,
    tasks: Vec<Place>,
    /// Tasks that each task reads; the reads of task t are `reads[starts[t]..starts[t + 1]]`.
    reads: Vec<TaskId>,
    starts: Vec<u32>,
    targets: Vec<TaskId>,
    /// Tasks that read nothing because their values are there already.
    given: Vec<TaskId>,
    /// Tasks of each layer.
    counts: Vec<u32>,
}

/// Index of a task in a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TaskId(pub u32);

impl TaskId {
    /// The id as an index.
    #[inline]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

#[derive(Clone, Copy, Debug)]
struct Place {
    layer: u32,
    partition: u32,
}

impl Plan {
    /// The plan that makes every partition of `targets`.
    pub fn of(targets: &[Arc<Layer>]) -> Plan {
        Plan::beyond(targets, &|_, _| false)
    }

    /// The plan that makes every partition of `targets`, where the partitions of layers that `is_there` names are
    /// there already.
    pub fn beyond(targets: &[Arc<Layer>], is_there: &dyn Fn(&Layer, u32) -> bool) -> Plan {
        Plan::over(Layers::under(targets), targets, is_there)
    }

    /// [`Plan::beyond`] of the targets after [`fuse`](super::fuse::fuse): how runs are planned.
    pub(crate) fn fused(targets: &[Arc<Layer>], is_there: &dyn Fn(&Layer, u32) -> bool) -> Plan {
        let layers = Layers::under(targets);
        match fused(&layers, targets) {
            Some(targets) => Plan::beyond(&targets, is_there),
            None => Plan::over(layers, targets, is_there),
        }
    }

    fn over(layers: Layers, targets: &[Arc<Layer>], is_there: &dyn Fn(&Layer, u32) -> bool) -> Plan {
        let mut walk = Walk::over(&layers, is_there);
        let mut wanted = Vec::new();
        for target in targets {
            let layer = layers.index(target) as u32;
            for partition in 0..target.tasks() {
                wanted.push(walk.visit(layer, partition as u32));
            }
        }
        let Walk { tasks, reads, starts, given, counts, .. } = walk;
        Plan { layers: layers.list, tasks, reads, starts, targets: wanted, given, counts }
    }

    /// Number of tasks.
    #[inline]
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
    #[inline]
    pub fn reads(&self, task: TaskId) -> &[TaskId] {
        let task = task.0 as usize;
        &self.reads[self.starts[task] as usize..self.starts[task + 1] as usize]
    }

    /// The tasks whose values are wanted, in the order of the targets and their partitions.
    pub fn targets(&self) -> &[TaskId] {
        &self.targets
    }

    /// The tasks that were there already.
    pub fn given(&self) -> &[TaskId] {
        &self.given
    }

    /// The layers that take part, inputs first.
    #[inline]
    pub fn layers(&self) -> &[Arc<Layer>] {
        &self.layers
    }

    /// How many tasks of layer `layer`, an index into [`Plan::layers`], there are.
    pub fn tasks_of(&self, layer: usize) -> usize {
        self.counts[layer] as usize
    }

    /// The layer of `task`.
    #[inline]
    pub fn layer(&self, task: TaskId) -> &Arc<Layer> {
        &self.layers[self.layer_index(task)]
    }

    /// The index of `task`'s layer in [`Plan::layers`].
    #[inline]
    pub fn layer_index(&self, task: TaskId) -> usize {
        self.tasks[task.0 as usize].layer as usize
    }

    /// The partition that `task` makes.
    #[inline]
    pub fn partition(&self, task: TaskId) -> usize {
        self.tasks[task.0 as usize].partition as usize
    }

    /// Asks for the memory of what the tasks right after `task` do: mostly they run next.
    #[inline]
    pub(crate) fn prefetch_after(&self, task: TaskId) {
        let layer = |ahead: usize| Some(&self.layers[self.tasks.get(task.index() + ahead)?.layer as usize]);
        if let Some(next) = layer(1) {
            prefetch_line(Arc::as_ptr(next.operation().work()).addr());
        }
        if let Some(layer) = layer(2) {
            layer.prefetch_for_running();
        }
    }

    /// What the operation of `task` receives, when it reads `values`, one after another.
    pub(crate) fn task(&self, task: TaskId, values: SmallVec<[Value; 4]>) -> Task {
        Task::of(self.partition(task), values, self.ends(task))
    }

    /// Where the values of each input end, among all that `task` reads.
    pub(crate) fn ends(&self, task: TaskId) -> SmallVec<[u32; 4]> {
        let partition = self.partition(task);
        let Some((_, all_but_last)) = self.layer(task).inputs().split_last() else { return SmallVec::new() };
        let mut end = 0;
        let ends = all_but_last.iter().map(|input| {
            end += input.pattern.count(partition, input.layer.tasks()) as u32;
            end
        });
        ends.chain([self.reads(task).len() as u32]).collect()
    }
}

/// Every layer under `targets` and the targets themselves, each once, inputs first.
pub(crate) fn layers_under(targets: &[Arc<Layer>]) -> Vec<Arc<Layer>> {
    Layers::under(targets).list
}

/// The distinct layers under some targets, inputs first, with what planning asks of each beside each other: to go
/// from layer to layer for it, where there are millions, is to wait for memory.
pub(super) struct Layers {
    pub(super) list: Vec<Arc<Layer>>,
    /// How many tasks each has.
    pub(super) tasks: Vec<u32>,
    /// Whether any may run in one task with another.
    pub(super) any_fuses: bool,
    /// What they read: layer l reads `reads[starts[l]..starts[l + 1]]`.
    reads: Vec<Read>,
    starts: Vec<u32>,
    /// The keys in the order in which they were met, and where each is in it: the one look at a key that each edge
    /// costs.
    keys: Vec<Key>,
    met: HashTable<u32>,
    /// Where in the list the layer is that was met then.
    places: Vec<u32>,
}

/// A layer that another reads, by its place in the list.
#[derive(Clone, Copy)]
pub(super) struct Read {
    pub(super) layer: u32,
    pub(super) is_one_to_one: bool,
}

impl Layers {
    pub(super) fn under(targets: &[Arc<Layer>]) -> Layers {
        let mut layers = Layers {
            list: Vec::new(),
            tasks: Vec::new(),
            any_fuses: false,
            reads: Vec::new(),
            starts: vec![0],
            keys: Vec::new(),
            met: HashTable::new(),
            places: Vec::new(),
        };
        for target in targets {
            layers.add(target);
        }
        layers
    }

    /// Which of the list does the work of `layer`.
    pub(super) fn index(&self, layer: &Layer) -> usize {
        let key = layer.key();
        let met = self.met.find(key.hash(), |&met| self.keys[met as usize] == key);
        self.places[*met.expect("it is under a target") as usize] as usize
    }

    /// What layer `layer` of the list reads, input by input.
    pub(super) fn reads(&self, layer: usize) -> &[Read] {
        &self.reads[self.starts[layer] as usize..self.starts[layer + 1] as usize]
    }

    fn add(&mut self, target: &Arc<Layer>) {
        /// A layer on the way from the target to where the walk is.
        struct Step {
            layer: Arc<Layer>,
            met: u32,
            tasks: u32,
            /// The next of its inputs to visit.
            next: u32,
        }
        let step = |layer: &Arc<Layer>, met| Step { layer: layer.clone(), met, tasks: layer.tasks() as u32, next: 0 };
        let mut path = Vec::new();
        // What the layers on the path read, as far as they were visited, one after another, by when that was met.
        let mut reads = Vec::new();
        if let (met, true) = self.meet(target) {
            path.push(step(target, met));
        }
        while let Some(Step { layer, next, .. }) = path.last_mut() {
            if let Some(Input { layer, pattern }) = layer.inputs().get(*next as usize) {
                *next += 1;
                let (met, is_new) = self.meet(layer);
                reads.push(Read { layer: met, is_one_to_one: matches!(pattern, Pattern::OneToOne) });
                let next = is_new.then(|| step(layer, met));
                path.extend(next);
            } else if let Some(Step { layer, met, tasks, next }) = path.pop() {
                // The layer itself is not looked at again: by now it is far from the processor.
                let first = reads.len() - next as usize;
                let placed = |read: &Read| Read { layer: self.places[read.layer as usize], ..*read };
                self.reads.extend(reads[first..].iter().map(placed));
                reads.truncate(first);
                self.starts.push(self.reads.len() as u32);
                self.places[met as usize] = self.list.len() as u32;
                self.tasks.push(tasks);
                self.list.push(layer);
            }
        }
    }

    /// When the work of `layer` was met first, and whether that is now.
    fn meet(&mut self, layer: &Layer) -> (u32, bool) {
        // A chain is walked as fast as the memory of the next layer comes.
        if let Some(first) = layer.inputs().first() {
            first.layer.prefetch_for_planning();
        }
        let Layers { keys, met, places, .. } = self;
        let key = layer.key();
        match met.entry(key.hash(), |&met| keys[met as usize] == key, |&met| keys[met as usize].hash()) {
            Entry::Occupied(entry) => (*entry.get(), false),
            Entry::Vacant(entry) => {
                let next = keys.len() as u32;
                entry.insert(next);
                keys.push(key);
                places.push(u32::MAX);
                self.any_fuses |= layer.fuses();
                (next, true)
            }
        }
    }
}

/// Depth-first walk over tasks that numbers them as it leaves them.
struct Walk<'a> {
    layers: &'a Layers,
    is_there: &'a dyn Fn(&Layer, u32) -> bool,
    /// The tasks that were visited.
    numbers: Numbers,
    /// The tasks on the way from the target to where the walk is.
    path: Vec<Step>,
    /// What the tasks on the path read, one after another.
    pending: Vec<Place>,
    /// Partitions of one input, kept to be filled again.
    partitions: Vec<usize>,
    tasks: Vec<Place>,
    reads: Vec<TaskId>,
    starts: Vec<u32>,
    given: Vec<TaskId>,
    counts: Vec<u32>,
}

/// A task on the path of the walk.
struct Step {
    place: Place,
    /// Where its reads begin in `pending`, which end where those of the next step begin.
    first: usize,
    /// The next of them to visit.
    next: usize,
    given: bool,
}

impl<'a> Walk<'a> {
    fn over(layers: &'a Layers, is_there: &'a dyn Fn(&Layer, u32) -> bool) -> Self {
        Walk {
            layers,
            is_there,
            numbers: Numbers::of(&layers.tasks),
            path: Vec::new(),
            pending: Vec::new(),
            partitions: Vec::new(),
            tasks: Vec::new(),
            reads: Vec::new(),
            starts: vec![0],
            given: Vec::new(),
            counts: vec![0; layers.list.len()],
        }
    }

    fn visit(&mut self, layer: u32, partition: u32) -> TaskId {
        let target = Place { layer, partition };
        if self.numbers.get(target).is_none() {
            self.enter(target);
        }
        while let Some(step) = self.path.last_mut() {
            if let Some(&read) = self.pending.get(step.next) {
                step.next += 1;
                if self.numbers.get(read).is_none() {
                    self.enter(read);
                }
            } else {
                self.leave();
            }
        }
        self.numbers.get(target).expect("the walk ends by leaving the target")
    }

    fn enter(&mut self, place: Place) {
        let first = self.pending.len();
        let layer = &self.layers.list[place.layer as usize];
        let given = (self.is_there)(layer, place.partition);
        if !given {
            for (number, &Read { layer: read, is_one_to_one }) in
                self.layers.reads(place.layer as usize).iter().enumerate()
            {
                if is_one_to_one {
                    self.pending.push(Place { layer: read, ..place });
                    continue;
                }
                let input = &layer.inputs()[number];
                self.partitions.clear();
                input.pattern.reads(place.partition as usize, input.layer.tasks(), &mut self.partitions);
                let read = |&partition: &usize| {
                    let (name, partitions) = (input.layer.operation().name(), input.layer.tasks());
                    assert!(partition < partitions, "`{name}` has no partition {partition}: it has {partitions}");
                    Place { layer: read, partition: partition as u32 }
                };
                self.pending.extend(self.partitions.iter().map(read));
            }
        }
        self.path.push(Step { place, first, next: first, given });
    }

    fn leave(&mut self) {
        let Some(Step { place, first, given, .. }) = self.path.pop() else { return };
        for &read in &self.pending[first..] {
            self.reads.push(self.numbers.get(read).expect("inputs are left before their readers"));
        }
        self.pending.truncate(first);
        self.starts.push(self.reads.len() as u32);
        let id = TaskId(self.tasks.len() as u32);
        if given {
            self.given.push(id);
        }
        self.tasks.push(place);
        self.counts[place.layer as usize] += 1;
        self.numbers.set(place, id);
    }
}

/// Ids of tasks, by layer and partition. Few of many (one block of a huge array) are a map; from a [`SPARSE`]th of
/// the layer on, a part of a table, which is faster. So a plan costs what it needs, not what there is.
struct Numbers {
    layers: Vec<Ids>,
    /// What is not visited has the id [`Numbers::NONE`].
    table: Vec<TaskId>,
}

/// Where the ids of one layer are.
enum Ids {
    /// In the table, from here on. Who looks for a partition knows that the layer has it.
    Table(usize),
    Few(Box<Few>),
}

struct Few {
    tasks: usize,
    ids: HashMap<u32, TaskId, FixedState>,
}

/// One in so many tasks of a layer may be needed before its ids are kept in the table.
const SPARSE: usize = 8;

impl Numbers {
    const NONE: TaskId = TaskId(u32::MAX);

    /// Of layers with so many tasks.
    fn of(tasks: &[u32]) -> Numbers {
        /// So few take no room to speak of.
        const SMALL: usize = 256;
        let mut length = 0;
        let ids = |&tasks: &u32| {
            let tasks = tasks as usize;
            if tasks > SMALL {
                return Ids::Few(Box::new(Few { tasks, ids: HashMap::default() }));
            }
            length += tasks;
            Ids::Table(length - tasks)
        };
        let layers = tasks.iter().map(ids).collect();
        Numbers { layers, table: vec![Self::NONE; length] }
    }

    #[inline]
    fn get(&self, Place { layer, partition }: Place) -> Option<TaskId> {
        let id = match &self.layers[layer as usize] {
            Ids::Table(first) => self.table[first + partition as usize],
            Ids::Few(few) => return few.ids.get(&partition).copied(),
        };
        (id != Self::NONE).then_some(id)
    }

    #[inline]
    fn set(&mut self, Place { layer, partition }: Place, id: TaskId) {
        let ids = &mut self.layers[layer as usize];
        match ids {
            Ids::Table(first) => self.table[*first + partition as usize] = id,
            Ids::Few(few) => {
                few.ids.insert(partition, id);
                if few.ids.len() > few.tasks / SPARSE {
                    let first = self.table.len();
                    self.table.resize(first + few.tasks, Self::NONE);
                    #[expect(clippy::iter_over_hash_type, reason = "each entry has its own place, in any order")]
                    for (&partition, &id) in &few.ids {
                        self.table[first + partition as usize] = id;
                    }
                    *ids = Ids::Table(first);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::panic::AssertUnwindSafe;

    use super::*;
    use crate::graph::{LayerBuilder, Node, Operation, Origin, Pattern, Value};

    fn layer(tasks: usize) -> LayerBuilder {
        Layer::of(Operation::of("number", |task| Ok(Value::new(task.partition(), 8))), tasks, Origin::caller())
    }

    fn plan(node: &Node) -> Plan {
        Plan::of(&[node.layer().clone()])
    }

    #[test]
    fn one_partition_of_very_many_is_planned_alone() {
        let many = layer(100_000_000).build();
        let next = layer(100_000_000).reads(&many, Pattern::OneToOne).build();
        let one = layer(1).reads(&next, Pattern::Pick([99_999_999].into())).build();
        assert_eq!(plan(&one).len(), 3);
        let layers = Layers::under(&[one.layer().clone()]);
        let mut walk = Walk::over(&layers, &|_, _| false);
        walk.visit(layers.index(one.layer()) as u32, 0);
        assert_eq!(walk.numbers.table.len(), 1);
        assert!(walk.numbers.layers.iter().all(|ids| match ids {
            Ids::Few(few) => few.ids.capacity() < 8,
            Ids::Table(first) => *first == 0,
        }));
    }

    #[test]
    fn a_layer_that_reads_what_is_not_there_is_refused_where_it_is_built() {
        let two = layer(2).build();
        for pattern in [Pattern::OneToOne, Pattern::Pick([0, 1, 5].into())] {
            let built = std::panic::catch_unwind(AssertUnwindSafe(|| layer(3).reads(&two, pattern.clone())));
            let message = *built.unwrap_err().downcast::<String>().unwrap();
            assert!(message.starts_with("number of 3 partitions cannot read partition"), "{message}");
            assert!(message.ends_with("of `number`, which has 2"), "{message}");
        }
    }

    #[test]
    fn every_task_is_planned_once_whether_few_or_many_are_needed() {
        for (needed, tasks) in [(10, 1000), (125, 1000), (126, 1000), (1000, 1000), (3, 3)] {
            let many = layer(tasks).build();
            let twice: Vec<usize> = (0..needed).chain(0..needed).map(|n| n * (tasks / needed)).collect();
            let picked = layer(2 * needed).reads(&many, Pattern::Pick(twice.clone().into())).build();
            let plan = plan(&picked);
            assert_eq!((plan.len(), plan.tasks_of(0), plan.tasks_of(1)), (3 * needed, needed, 2 * needed));
            let read = |&target: &TaskId| plan.partition(plan.reads(target)[0]);
            assert_eq!(plan.targets().iter().map(read).collect::<Vec<_>>(), twice);
        }
    }
}
