//! The state of a run: which tasks are ready, which wait, which values still have readers.
//!
//! Pure: no threads, no clock. A backend asks [`RunState::next`] for a task, runs it, and reports
//! [`RunState::finished`].
//!
//! Invariants: a task is ready exactly when all it reads is made; a value is held exactly while some
//! reader has not taken it, or it is a target. The last reader owns what it reads, and may change it in place.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::graph::{Plan, Task, TaskId, Value};

/// Ready, waiting and held values of one run.
pub(super) struct RunState {
    /// Inputs not yet made, for each task.
    missing: Vec<u32>,
    /// Readers that have not taken the value, for each task; a target has one more, who never does.
    readers: Vec<u32>,
    /// Who reads each task: `readers_of[first_reader[t]..first_reader[t + 1]]`.
    readers_of: Vec<TaskId>,
    first_reader: Vec<u32>,
    ready: BinaryHeap<Reverse<TaskId>>,
    values: Vec<Option<Value>>,
}

/// A task that a worker took, with the values it reads.
pub(super) struct Claim {
    pub(super) task: TaskId,
    values: Vec<Value>,
}

impl Claim {
    /// The task as its operation receives it.
    pub(super) fn receive(self, plan: &Plan) -> Task {
        let mut values = self.values.into_iter();
        plan.task(self.task, || values.next().expect("a claim holds what its task reads"))
    }
}

impl RunState {
    pub(super) fn new(plan: &Plan) -> Self {
        let tasks = plan.len();
        let mut readers = vec![0; tasks];
        let mut missing = vec![0; tasks];
        for task in plan.tasks() {
            missing[task.0 as usize] = plan.reads(task).len() as u32;
            for read in plan.reads(task) {
                readers[read.0 as usize] += 1;
            }
        }
        let (first_reader, readers_of) = readers_of(plan, &readers);
        for target in plan.targets() {
            readers[target.0 as usize] += 1;
        }
        let ready = plan.tasks().filter(|task| missing[task.0 as usize] == 0).map(Reverse).collect();
        RunState { missing, readers, readers_of, first_reader, ready, values: vec![None; tasks] }
    }

    /// The ready task that should run first; `released` is called for each task whose last reader this is.
    pub(super) fn next(&mut self, plan: &Plan, mut released: impl FnMut(TaskId)) -> Option<Claim> {
        let Reverse(task) = self.ready.pop()?;
        let values = plan.reads(task).iter().map(|&read| {
            let readers = &mut self.readers[read.0 as usize];
            *readers -= 1;
            let held = &mut self.values[read.0 as usize];
            let value = if *readers == 0 {
                released(read);
                held.take()
            } else {
                held.clone()
            };
            value.expect("what a ready task reads is held")
        });
        Some(Claim { task, values: values.collect() })
    }

    /// How many tasks could start now.
    pub(super) fn ready(&self) -> usize {
        self.ready.len()
    }

    /// Notes the value of `task`, which makes its waiting readers ready.
    pub(super) fn finished(&mut self, task: TaskId, value: Value) {
        if self.readers[task.0 as usize] > 0 {
            self.values[task.0 as usize] = Some(value);
        }
        let readers = self.first_reader[task.0 as usize] as usize..self.first_reader[task.0 as usize + 1] as usize;
        for &reader in &self.readers_of[readers] {
            let missing = &mut self.missing[reader.0 as usize];
            *missing -= 1;
            if *missing == 0 {
                self.ready.push(Reverse(reader));
            }
        }
    }

    /// The values of the targets.
    pub(super) fn into_targets(self, plan: &Plan) -> Vec<Value> {
        let value = |target: &TaskId| self.values[target.0 as usize].clone().expect("the run is done");
        plan.targets().iter().map(value).collect()
    }
}

fn readers_of(plan: &Plan, readers: &[u32]) -> (Vec<u32>, Vec<TaskId>) {
    let mut first = Vec::with_capacity(readers.len() + 1);
    let mut total = 0;
    first.push(0);
    for count in readers {
        total += count;
        first.push(total);
    }
    let mut next = first.clone();
    let mut list = vec![TaskId(0); total as usize];
    for task in plan.tasks() {
        for read in plan.reads(task) {
            let slot = &mut next[read.0 as usize];
            list[*slot as usize] = task;
            *slot += 1;
        }
    }
    (first, list)
}
