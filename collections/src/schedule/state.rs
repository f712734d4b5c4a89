//! The state of a run: which tasks are ready, running or done, where each value is, how much memory all take.
//!
//! Pure: no threads, no clock, no values. Events come in ([`next`](RunState::next), [`finished`](RunState::finished),
//! [`lost`](RunState::lost), [`spilled`](RunState::spilled)); what should be done comes out ([`Next`], [`Change`]).
//!
//! Invariants, checked after each step in the tests:
//! - a task is ready exactly when all it reads is made and it was not started;
//! - a value is held exactly while a reader has not finished, or it is a target;
//! - `memory` is the sum of what is held in memory;
//! - a run that has not failed always has a task running, a task to start, or a value to spill.

use super::TooMuch;
use super::ready::ReadySet;
use crate::graph::{Plan, TaskId};

/// Ready tasks, places of values and bytes of one run.
#[derive(Debug)]
pub(super) struct RunState {
    /// Inputs not yet made, for each task.
    missing: Vec<u32>,
    /// Readers that have not started, for each task; a target has one more, who never does.
    waiting: Vec<u32>,
    /// Readers that have not finished, for each task; a target has one more.
    unread: Vec<u32>,
    /// Who reads each task: `readers[first_reader[t]..first_reader[t + 1]]`.
    readers: Vec<TaskId>,
    first_reader: Vec<u32>,
    /// Ready tasks that read nothing: each adds a value.
    roots: ReadySet,
    /// Ready tasks that read something, and so may free it.
    inner: ReadySet,
    places: Vec<Place>,
    /// The values whose place is memory.
    spillable: ReadySet,
    /// Size of each value that is held.
    sizes: Vec<u64>,
    /// What was made so far, layer by layer: the size of what will be made is guessed from it.
    made: Vec<Made>,
    /// Bytes held in memory.
    memory: u64,
    /// Bytes that running tasks will make, as far as one can guess.
    expected: u64,
    /// Bytes that running tasks read from the disk, each into memory of its own.
    loaded: u64,
    /// Bytes of targets.
    targets: u64,
    /// Values on the disk.
    on_disk: usize,
    running: usize,
    unfinished: usize,
    budget: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Not made, or freed.
    Nowhere,
    /// In memory, where it must stay: it has no codec, or it is the user's own.
    Kept,
    /// In memory.
    Memory,
    Disk,
}

#[derive(Clone, Copy, Debug, Default)]
struct Made {
    tasks: u64,
    bytes: u64,
    /// Bytes a task.
    mean: u64,
    running: u64,
}

/// What should happen next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// This task should start: it counts as running.
    Start(TaskId),
    /// These values should be written to the disk before anything starts.
    Spill(Vec<TaskId>),
    /// Nothing until a running task ends; when none runs, the run is done.
    Wait,
    /// The task cannot run within the budget.
    CannotFit(TooLarge),
}

/// What does not fit into the budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TooLarge {
    pub(super) task: TaskId,
    pub(super) what: TooMuch,
    pub(super) bytes: u64,
}

/// What a step changed, for those who watch and those who hold the values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// A task became ready.
    Ready(TaskId),
    /// Nobody will read a value any more.
    Released(TaskId),
}

/// What a finished task made.
#[derive(Clone, Copy, Debug)]
pub(super) struct Outcome {
    pub(super) bytes: u64,
    /// Whether it can be written to the disk.
    pub(super) spills: bool,
}

impl RunState {
    /// The state at the start, with the tasks that `plan` was given made already.
    pub(super) fn new(plan: &Plan, budget: u64) -> Self {
        let tasks = plan.len();
        let mut unread = vec![0; tasks];
        let mut missing = Vec::with_capacity(tasks);
        for task in plan.tasks() {
            let reads = plan.reads(task);
            missing.push(reads.len() as u32);
            for read in reads {
                unread[read.index()] += 1;
            }
        }
        let (first_reader, readers) = readers(plan, &unread);
        for target in plan.targets() {
            unread[target.index()] += 1;
        }
        let (mut roots, inner) = (ReadySet::new(tasks), ReadySet::new(tasks));
        for (number, &missing) in (0..).zip(&missing) {
            if missing == 0 {
                roots.insert(number);
            }
        }
        RunState {
            missing,
            waiting: unread.clone(),
            unread,
            readers,
            first_reader,
            roots,
            inner,
            places: vec![Place::Nowhere; tasks],
            spillable: ReadySet::new(tasks),
            sizes: vec![0; tasks],
            made: vec![Made::default(); plan.layers().len()],
            memory: 0,
            expected: 0,
            loaded: 0,
            targets: 0,
            on_disk: 0,
            running: 0,
            unfinished: tasks,
            budget,
        }
    }

    /// How many tasks could start now.
    #[inline]
    pub(super) fn ready(&self) -> usize {
        self.roots.len() + self.inner.len()
    }

    /// The ready tasks that read nothing: those that no [`Change`] makes ready.
    pub(super) fn roots(&self) -> impl Iterator<Item = TaskId> {
        self.roots.iter().map(TaskId)
    }

    /// Whether every task is finished.
    pub(super) fn is_done(&self) -> bool {
        self.unfinished == 0
    }

    /// Bytes of values in memory.
    #[inline]
    pub(super) fn memory(&self) -> u64 {
        self.memory
    }

    /// Whether nobody but the task that starts now will read `read`: it may be given away.
    #[inline]
    pub(super) fn was_last_reader(&self, read: TaskId) -> bool {
        self.waiting[read.index()] == 0
    }

    /// Decides what should happen now. `outside` are bytes that the process has beyond the values it holds.
    pub(super) fn next(&mut self, plan: &Plan, outside: u64) -> Next {
        let (root, inner) = (self.roots.first(), self.inner.first());
        let Some(first) = root.into_iter().chain(inner).min().map(TaskId) else { return Next::Wait };
        if self.fits(plan, first, outside) {
            return self.start(plan, first);
        }
        // A task that frees what it reads may go before one that only adds.
        if let Some(inner) = inner.map(TaskId)
            && inner != first
            && self.fits(plan, inner, outside)
        {
            return self.start(plan, inner);
        }
        let victims = self.victims(plan, first, outside);
        if !victims.is_empty() {
            return Next::Spill(victims);
        }
        if self.running > 0 {
            return Next::Wait;
        }
        self.forced(plan, first)
    }

    /// Nothing runs and nothing can be spilled: what frees goes first, and what must be, must be, as long as what
    /// stays in memory fits by itself.
    fn forced(&mut self, plan: &Plan, first: TaskId) -> Next {
        let inputs = |task: TaskId| plan.reads(task).iter().map(|read| self.sizes[read.index()]).sum::<u64>();
        let held = |task: TaskId| self.memory + self.loads(plan, task) - self.frees(plan, task);
        let fits = |task: &TaskId| inputs(*task) <= self.budget && held(*task) <= self.budget;
        let found = self.inner.iter().map(TaskId).chain([first]).find(fits);
        let refused = || {
            let task = self.inner.first().map_or(first, TaskId);
            let (what, bytes) = match inputs(task) {
                inputs if inputs > self.budget => (TooMuch::Inputs, inputs),
                _ => (TooMuch::Held, held(task)),
            };
            Next::CannotFit(TooLarge { task, what, bytes })
        };
        match found {
            Some(task) => self.start(plan, task),
            None => refused(),
        }
    }

    /// Whether `task` can run within the budget beside what there is.
    #[inline]
    fn fits(&self, plan: &Plan, task: TaskId, outside: u64) -> bool {
        let used = self.used(outside) + self.made[plan.layer_index(task)].mean;
        if used <= self.budget && self.on_disk == 0 {
            return true;
        }
        let inputs: u64 = plan.reads(task).iter().map(|read| self.sizes[read.index()]).sum();
        inputs <= self.budget && used + self.loads(plan, task) <= self.budget + self.frees(plan, task)
    }

    /// Bytes in memory now, and soon: what running tasks will make and read is part of what the process has beyond
    /// the values held, as far as it is there already.
    #[inline]
    fn used(&self, outside: u64) -> u64 {
        self.memory + (self.expected + self.loaded).max(outside)
    }

    /// Bytes in memory that are freed when `task` is done, as nobody else will read them.
    fn frees(&self, plan: &Plan, task: TaskId) -> u64 {
        let is_freed = |read: &&TaskId| {
            matches!(self.places[read.index()], Place::Memory | Place::Kept) && self.waiting[read.index()] == 1
        };
        plan.reads(task).iter().filter(is_freed).map(|read| self.sizes[read.index()]).sum()
    }

    /// Bytes that `task` reads from the disk: the same as long as it runs, as what it reads is not spilled.
    #[inline]
    fn loads(&self, plan: &Plan, task: TaskId) -> u64 {
        if self.on_disk == 0 {
            return 0;
        }
        let on_disk = plan.reads(task).iter().filter(|read| self.places[read.index()] == Place::Disk);
        on_disk.map(|read| self.sizes[read.index()]).sum()
    }

    #[inline]
    fn start(&mut self, plan: &Plan, task: TaskId) -> Next {
        let reads = plan.reads(task);
        if reads.is_empty() { &mut self.roots } else { &mut self.inner }.remove(task.0);
        for read in reads {
            self.waiting[read.index()] -= 1;
        }
        self.begin(plan, task);
        Next::Start(task)
    }

    #[inline]
    fn begin(&mut self, plan: &Plan, task: TaskId) {
        self.loaded += self.loads(plan, task);
        let made = &mut self.made[plan.layer_index(task)];
        made.running += 1;
        self.expected += made.mean;
        self.running += 1;
    }

    /// A task that need not run, as its value is there from an earlier run.
    pub(super) fn given(&mut self, plan: &Plan, task: TaskId, outcome: Outcome) -> Result<(), TooLarge> {
        self.roots.remove(task.0);
        self.begin(plan, task);
        self.finished(plan, task, outcome, |_| ())
    }

    /// A task that was started will not finish: it is ready again.
    pub(super) fn lost(&mut self, plan: &Plan, task: TaskId) {
        self.loaded -= self.loads(plan, task);
        let reads = plan.reads(task);
        if reads.is_empty() { &mut self.roots } else { &mut self.inner }.insert(task.0);
        for read in reads {
            self.waiting[read.index()] += 1;
        }
        let made = &mut self.made[plan.layer_index(task)];
        made.running -= 1;
        self.expected -= made.mean;
        self.running -= 1;
    }

    /// A task made its value.
    ///
    /// # Errors
    /// When the value alone, or all results, do not fit into the budget.
    pub(super) fn finished(
        &mut self,
        plan: &Plan,
        task: TaskId,
        outcome: Outcome,
        mut change: impl FnMut(Change),
    ) -> Result<(), TooLarge> {
        self.loaded -= self.loads(plan, task);
        let made = &mut self.made[plan.layer_index(task)];
        self.expected -= made.running * made.mean;
        made.tasks += 1;
        made.bytes += outcome.bytes;
        made.running -= 1;
        made.mean = made.bytes / made.tasks;
        self.expected += made.running * made.mean;
        self.running -= 1;
        self.unfinished -= 1;
        for &read in plan.reads(task) {
            let unread = &mut self.unread[read.index()];
            *unread -= 1;
            if *unread == 0 {
                self.release(read);
                change(Change::Released(read));
            }
        }
        let index = task.index();
        let readers = self.first_reader[index] as usize..self.first_reader[index + 1] as usize;
        if self.unread[index] > 0 {
            self.places[index] = if outcome.spills { Place::Memory } else { Place::Kept };
            if outcome.spills {
                self.spillable.insert(task.0);
            }
            self.sizes[index] = outcome.bytes;
            self.memory += outcome.bytes;
            if self.unread[index] as usize > readers.len() {
                self.targets += outcome.bytes;
            }
        } else {
            change(Change::Released(task));
        }
        for &reader in &self.readers[readers] {
            let missing = &mut self.missing[reader.index()];
            *missing -= 1;
            if *missing == 0 {
                self.inner.insert(reader.0);
                change(Change::Ready(reader));
            }
        }
        if outcome.bytes > self.budget {
            return Err(TooLarge { task, what: TooMuch::Value, bytes: outcome.bytes });
        }
        if self.targets > self.budget {
            return Err(TooLarge { task, what: TooMuch::Results, bytes: self.targets });
        }
        Ok(())
    }

    #[inline]
    fn release(&mut self, task: TaskId) {
        let place = std::mem::replace(&mut self.places[task.index()], Place::Nowhere);
        match place {
            Place::Disk => self.on_disk -= 1,
            Place::Kept => self.memory -= self.sizes[task.index()],
            Place::Memory => {
                self.memory -= self.sizes[task.index()];
                self.spillable.remove(task.0);
            }
            Place::Nowhere => {}
        }
    }

    /// Whether a value is in memory and no running task reads it.
    pub(super) fn can_spill(&self, task: TaskId) -> bool {
        self.places[task.index()] == Place::Memory && self.waiting[task.index()] == self.unread[task.index()]
    }

    /// A value was written to the disk, and no longer is in memory.
    pub(super) fn spilled(&mut self, task: TaskId) {
        self.places[task.index()] = Place::Disk;
        self.spillable.remove(task.0);
        self.memory -= self.sizes[task.index()];
        self.on_disk += 1;
    }

    /// Values that make room for `next`: those that will be read last go first (Belady, "A study of replacement
    /// algorithms for a virtual-storage computer", 1966; the order of tasks is known here).
    fn victims(&self, plan: &Plan, next: TaskId, outside: u64) -> Vec<TaskId> {
        let wanted = self.budget / 5 * 4;
        let needed = self.made[plan.layer_index(next)].mean + self.loads(plan, next);
        let mut used = self.used(outside) + needed;
        let mut held: Vec<(u32, usize)> = Vec::new();
        for task in self.spillable.iter().map(|task| task as usize) {
            if self.sizes[task] > 0 && self.can_spill(TaskId(task as u32)) {
                held.push((self.next_reader(task), task));
            }
        }
        let mut reads: Vec<TaskId> = plan.reads(next).to_vec();
        reads.sort_unstable();
        held.retain(|&(_, task)| reads.binary_search(&TaskId(task as u32)).is_err());
        held.sort_unstable_by(|a, b| b.cmp(a));
        let victims = held.into_iter().map(|(_, task)| task).take_while(|&task| {
            let more = used > wanted;
            used = used.saturating_sub(self.sizes[task]);
            more
        });
        victims.map(|task| TaskId(task as u32)).collect()
    }

    /// The reader of `task` that will start first; the end for a target that nobody else will read.
    fn next_reader(&self, task: usize) -> u32 {
        let readers = &self.readers[self.first_reader[task] as usize..self.first_reader[task + 1] as usize];
        let not_started =
            |reader: &&TaskId| self.places[reader.index()] == Place::Nowhere && self.unread[reader.index()] > 0;
        readers.iter().filter(not_started).map(|reader| reader.0).min().unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
impl RunState {
    /// What is counted on the way is what the parts say, while the tasks `running` run.
    pub(super) fn check_invariants(&self, plan: &Plan, running: &std::collections::BTreeSet<TaskId>) {
        let sizes = |wanted: &[Place]| -> u64 {
            let held = plan.tasks().map(TaskId::index).filter(|&task| wanted.contains(&self.places[task]));
            held.map(|task| self.sizes[task]).sum()
        };
        assert_eq!(self.memory, sizes(&[Place::Memory, Place::Kept]));
        assert_eq!(self.on_disk, self.places.iter().filter(|place| **place == Place::Disk).count());
        assert_eq!(self.loaded, running.iter().map(|&task| self.loads(plan, task)).sum::<u64>());
        assert_eq!(self.expected, self.made.iter().map(|made| made.running * made.mean).sum::<u64>());
        assert_eq!(
            (self.running, self.made.iter().map(|made| made.running).sum()),
            (running.len(), running.len() as u64)
        );
        let in_memory = |&task: &u32| self.places[task as usize] == Place::Memory;
        assert!(self.spillable.iter().eq((0..plan.len() as u32).filter(in_memory)));
        assert!(self.waiting.iter().zip(&self.unread).all(|(waiting, unread)| waiting <= unread));
        assert_eq!(self.targets, {
            let is_held = |task: &TaskId| self.places[task.index()] != Place::Nowhere;
            let targets: std::collections::BTreeSet<TaskId> = plan.targets().iter().copied().collect();
            targets.into_iter().filter(is_held).map(|task| self.sizes[task.index()]).sum::<u64>()
        });
    }
}

/// Who reads each task, as one list with the beginning of each task's part.
fn readers(plan: &Plan, counts: &[u32]) -> (Vec<u32>, Vec<TaskId>) {
    let mut first = Vec::with_capacity(counts.len() + 1);
    let mut total = 0;
    first.push(0);
    for count in counts {
        total += count;
        first.push(total);
    }
    let mut next = first.clone();
    let mut list = vec![TaskId(0); total as usize];
    for task in plan.tasks() {
        for read in plan.reads(task) {
            let slot = &mut next[read.index()];
            list[*slot as usize] = task;
            *slot += 1;
        }
    }
    (first, list)
}
