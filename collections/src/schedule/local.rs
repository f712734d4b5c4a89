//! A run in this process: workers take ready tasks, run them and report, until none is left. Backends decide how
//! many workers there are and on which threads ([`synchronous`](super::synchronous), [`threads`](super::threads)).
//!
//! A worker takes as many short tasks at a time as fill [`STRETCH`], so that taking costs little, and gives back
//! those it did not come to when they turn out to be long.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use smallvec::SmallVec;

use super::cancel::CancelToken;
use super::config::{Restore, Settings};
use super::outside::Outside;
use super::report::{Made, Recorder};
use super::spill::{SpillFile, Spilled};
use super::state::{Change, Next, Outcome, RunState};
use super::tally::longest_chain;
use super::{Event, RunError, WorkerError, processes, task_error, unwind, value_error};
use crate::graph::{Plan, TaskId, Travel, Value, stopped_part};

/// How many nanoseconds the tasks should take together that a worker takes at once.
const STRETCH: u64 = 20_000;
/// How many they may take until those that remain are given back.
const OVERDUE: u64 = 200_000;
/// No more tasks than this are taken at once.
const MOST: usize = 64;

/// One run and all that its workers share.
pub(super) struct Run<'a> {
    plan: &'a Plan,
    settings: &'a Settings,
    token: &'a CancelToken,
    recorder: &'a Recorder<'a>,
    workers: usize,
    file: SpillFile,
    outside: Outside,
    shared: Mutex<Shared>,
}

struct Shared {
    state: RunState,
    slots: Vec<Slot>,
    /// The nanoseconds of the longest of the last tasks, layer by layer; none before the first is done.
    pace: Vec<Option<u64>>,
    /// For each task that is done, the nanoseconds of the longest chain of tasks that ends with it.
    spans: Vec<u64>,
    /// Whether a worker writes values to the disk.
    spilling: bool,
    error: Option<RunError>,
}

/// Where the value of a task is.
#[derive(Clone, Debug, Default)]
pub(super) enum Slot {
    #[default]
    Empty,
    Memory(Value),
    Disk(Arc<Spilled>),
}

/// Why a run has no results, and the values that it had made.
pub(super) type Stopped = (RunError, Vec<(TaskId, Slot)>);

/// A task that a worker took, with what it reads.
struct Claim {
    task: TaskId,
    inputs: SmallVec<[Slot; 2]>,
    /// What only this task reads and what is dear: should it fail, a retry starts from there.
    dear: Vec<(TaskId, Slot)>,
}

impl<'a> Run<'a> {
    /// A run that begins with the values `given`.
    pub(super) fn new(
        plan: &'a Plan,
        settings: &'a Settings,
        workers: usize,
        token: &'a CancelToken,
        recorder: &'a Recorder<'a>,
        given: Vec<Slot>,
    ) -> Self {
        let mut shared = Shared {
            state: RunState::new(plan, settings.memory),
            slots: vec![Slot::Empty; plan.len()],
            pace: vec![None; plan.layers().len()],
            spans: vec![0; plan.len()],
            spilling: false,
            error: None,
        };
        for (&task, slot) in plan.given().iter().zip(given) {
            let outcome = match &slot {
                Slot::Memory(value) => outcome(plan, task, value),
                Slot::Disk(spilled) => Outcome { bytes: spilled.bytes(), spills: true },
                Slot::Empty => unreachable!("only what is there is given"),
            };
            if let Err(large) = shared.state.given(plan, task, outcome) {
                shared.error = Some(RunError::too_large(plan, large, settings.memory));
            }
            if matches!(slot, Slot::Disk(_)) && shared.state.can_spill(task) {
                shared.state.spilled(task);
            }
            shared.slots[task.index()] = slot;
        }
        shared.state.roots().for_each(|task| recorder.tell(|| Event::TaskQueued { task }));
        Run {
            plan,
            settings,
            token,
            recorder,
            workers,
            file: SpillFile::new(&settings.spill_folder),
            outside: Outside::new(shared.state.memory(), settings.memory),
            shared: Mutex::new(shared),
        }
    }

    pub(super) fn plan(&self) -> &'a Plan {
        self.plan
    }

    /// Why the run should stop, if it should: another worker's error counts as a cancel of this one.
    pub(super) fn stopped(&self) -> Option<RunError> {
        self.token.stopped().or_else(|| self.lock().error.is_some().then_some(RunError::Cancelled))
    }

    /// Notes the process of a worker, whose memory and processor time count as the run's.
    pub(super) fn watch_process(&self, process: u32) {
        self.recorder.tally().watch_process(process);
        self.outside.watch_process(process);
    }

    /// Tells those who watch tasks.
    pub(super) fn tell<'e>(&self, event: impl FnOnce() -> Event<'e>) {
        self.recorder.tell(event);
    }

    /// Stops the run, if nothing else has.
    pub(super) fn refuse(&self, error: RunError) {
        self.lock().error.get_or_insert(error);
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What one worker does, until nothing is ready, the run stops, or its turn is over; `wake` is told how many tasks
    /// are ready that other workers could take.
    pub(super) fn work(
        &self,
        worker: usize,
        executor: &mut dyn Executor,
        turn: Duration,
        wake: &dyn Fn(usize),
    ) -> Pause {
        let (mut claims, mut made) = (Vec::new(), Vec::new());
        let begun = self.recorder.tally().now();
        let mut shared = self.lock();
        while shared.error.is_none() {
            if let Some(stop) = self.token.stopped() {
                shared.error = Some(stop);
                break;
            }
            match self.claim(&mut shared, &mut claims) {
                Next::Start(_) => {}
                Next::Spill(victims) => {
                    shared = self.spill(shared, &victims);
                    wake(shared.state.ready());
                    continue;
                }
                Next::Wait => break,
                Next::CannotFit(large) => {
                    shared.error = Some(RunError::too_large(self.plan, large, self.settings.memory));
                    break;
                }
            }
            drop(shared);
            let mut claimed = claims.drain(..);
            let stopped = self.run(executor, &mut claimed, worker, &mut made);
            self.recorder.tally().count(self.plan, worker, &made);
            let now = made.last().map_or(begun, |made| made.started + made.took);
            self.outside.look(now, self.recorder.tally().held());
            shared = self.lock();
            for claim in claimed {
                shared.give_back(self.plan, claim);
            }
            shared.error = shared.error.take().or(stopped);
            self.report(&mut shared, &mut made);
            wake(shared.state.ready().saturating_sub(1));
            if Duration::from_nanos(now - begun) > turn && shared.error.is_none() && shared.state.ready() > 0 {
                return Pause::Turn;
            }
        }
        if shared.is_over() { Pause::Over } else { Pause::Idle }
    }

    /// Takes tasks, as the state decides; what it decided for the first.
    fn claim(&self, shared: &mut Shared, claims: &mut Vec<Claim>) -> Next {
        let outside = self.outside.bytes();
        let most = (shared.state.ready() / (2 * self.workers)).clamp(1, MOST);
        let mut expected = 0;
        let mut first = None;
        while claims.len() < most && expected < STRETCH {
            match shared.state.next(self.plan, outside) {
                Next::Start(task) => {
                    self.plan.prefetch_after(task);
                    claims.push(shared.take(self.plan, task));
                    first.get_or_insert(task);
                    expected += shared.pace[self.plan.layer_index(task)].unwrap_or(STRETCH);
                }
                Next::Spill(_) if claims.is_empty() && shared.spilling => return Next::Wait,
                next if claims.is_empty() => return next,
                _ => break,
            }
        }
        first.map_or(Next::Wait, Next::Start)
    }

    /// Runs the tasks taken, as long as they are short; why the run must stop, if it must.
    fn run(
        &self,
        executor: &mut dyn Executor,
        claims: &mut dyn Iterator<Item = Claim>,
        worker: usize,
        made: &mut Vec<Made>,
    ) -> Option<RunError> {
        let start = self.recorder.tally().now();
        let mut started = start;
        for Claim { task, inputs, dear } in claims {
            self.recorder.tell(|| Event::TaskStarted { task, worker });
            let value = match self.receive(inputs) {
                Ok(inputs) => executor.run(task, inputs),
                Err(error) => Err(error),
            };
            let end = self.recorder.tally().now();
            let took = end - started;
            match value {
                Ok(value) => {
                    let bytes = value.bytes();
                    self.recorder.tell(|| Event::TaskFinished {
                        task,
                        worker,
                        took: Duration::from_nanos(took),
                        bytes,
                    });
                    made.push(Made { task, value, started, took });
                }
                Err(error) => {
                    let mut shared = self.lock();
                    dear.into_iter().for_each(|(task, slot)| shared.slots[task.index()] = slot);
                    return Some(error);
                }
            }
            started = end;
            if end - start > OVERDUE || self.token.is_cancelled() {
                break;
            }
        }
        None
    }

    /// What a task reads, brought into memory.
    fn receive(&self, inputs: SmallVec<[Slot; 2]>) -> Result<SmallVec<[Value; 4]>, RunError> {
        let mut values = SmallVec::new();
        for slot in inputs {
            values.push(match slot {
                Slot::Memory(value) => value,
                Slot::Disk(spilled) => self.file.read(&spilled)?,
                Slot::Empty => unreachable!("what a ready task reads is held"),
            });
        }
        Ok(values)
    }

    fn report(&self, shared: &mut Shared, made: &mut Vec<Made>) {
        for Made { task, value, took, .. } in made.drain(..) {
            let layer = self.plan.layer_index(task);
            shared.pace[layer] = Some(shared.pace[layer].map_or(took, |pace| took.max(pace / 8 * 7)));
            let below = self.plan.reads(task).iter().map(|read| shared.spans[read.index()]).max();
            shared.spans[task.index()] = below.unwrap_or(0) + took;
            let outcome = outcome(self.plan, task, &value);
            let Shared { state, slots, .. } = shared;
            slots[task.index()] = Slot::Memory(value);
            let finished = state.finished(self.plan, task, outcome, |change| match change {
                Change::Ready(task) => self.recorder.tell(|| Event::TaskQueued { task }),
                Change::Released(task) => {
                    slots[task.index()] = Slot::Empty;
                    self.recorder.tell(|| Event::Released { task });
                }
            });
            if let Err(large) = finished {
                let error = RunError::too_large(self.plan, large, self.settings.memory);
                shared.error.get_or_insert(error);
            }
        }
        self.recorder.tally().note_held(shared.state.memory());
    }

    /// Writes values to the disk while other workers go on.
    fn spill<'s>(&'s self, mut shared: MutexGuard<'s, Shared>, victims: &[TaskId]) -> MutexGuard<'s, Shared> {
        shared.spilling = true;
        for &task in victims {
            let Slot::Memory(value) = shared.slots[task.index()].clone() else { continue };
            drop(shared);
            let written = self.file.write(&value);
            shared = self.lock();
            match written {
                Ok(spilled) if shared.state.can_spill(task) => {
                    shared.slots[task.index()] = Slot::Disk(Arc::new(spilled));
                    shared.state.spilled(task);
                    let bytes = value.bytes();
                    self.recorder.tell(|| Event::Spilled { task, bytes });
                    self.recorder.tally().count_spilled(bytes as u64);
                }
                // A worker took it in the meantime.
                Ok(_) => {}
                Err(error) => {
                    shared.error.get_or_insert(error.into());
                    break;
                }
            }
            drop(shared);
            drop(value);
            shared = self.lock();
        }
        shared.spilling = false;
        shared
    }

    /// How many tasks are ready.
    pub(super) fn waiting(&self) -> usize {
        let shared = self.lock();
        if shared.error.is_some() || shared.spilling { 0 } else { shared.state.ready() }
    }

    /// The values of the targets, or why there are none with what there is of other values.
    pub(super) fn end(self) -> Result<Vec<Value>, Stopped> {
        let Shared { slots, spans, error, .. } = self.shared.into_inner().unwrap_or_else(PoisonError::into_inner);
        let held = |slots: Vec<Slot>| {
            let held = slots.into_iter().zip(self.plan.tasks()).filter(|(slot, _)| !matches!(slot, Slot::Empty));
            held.map(|(slot, task)| (task, slot)).collect()
        };
        if let Some(error) = error {
            return Err((error, held(slots)));
        }
        let read = |target: &TaskId| {
            let value = match &slots[target.index()] {
                Slot::Memory(value) => value.clone(),
                Slot::Disk(spilled) => self.file.read(spilled)?,
                Slot::Empty => unreachable!("a run that did not fail made its targets"),
            };
            processes::decoded(value).map_err(|error| value_error(self.plan, *target, error))
        };
        let values: Result<Vec<Value>, RunError> = self.plan.targets().iter().map(read).collect();
        if self.settings.profile {
            self.recorder.tally().note_chain(longest_chain(self.plan, &spans));
        }
        values.map_err(|error| (error, held(slots)))
    }
}

impl Shared {
    /// Whether there is nothing left to do.
    fn is_over(&self) -> bool {
        self.error.is_some() || self.state.is_done()
    }

    fn take(&mut self, plan: &Plan, task: TaskId) -> Claim {
        let reads = plan.reads(task);
        let inputs = reads.iter().map(|read| self.slots[read.index()].clone()).collect();
        let mut dear = Vec::new();
        for &read in reads {
            if self.state.was_last_reader(read) && !matches!(self.slots[read.index()], Slot::Disk(_)) {
                let slot = std::mem::take(&mut self.slots[read.index()]);
                if self.is_dear(read, &slot) {
                    dear.push((read, slot));
                }
            }
        }
        Claim { task, inputs, dear }
    }

    /// Whether a value is worth a copy: the task that reads it last, and that may have wanted to change it in place,
    /// must copy it where a retry should find it again.
    fn is_dear(&self, task: TaskId, slot: &Slot) -> bool {
        /// What takes less is made again.
        const LITTLE: u64 = 1_000_000;
        /// A copy at a gigabyte a second may cost a tenth of what it saves.
        const NANOSECONDS_A_BYTE: u64 = 10;
        let bytes = if let Slot::Memory(value) = slot { value.bytes() as u64 } else { 0 };
        self.spans[task.index()] > LITTLE.max(bytes * NANOSECONDS_A_BYTE)
    }

    fn give_back(&mut self, plan: &Plan, claim: Claim) {
        for (&read, input) in plan.reads(claim.task).iter().zip(claim.inputs) {
            self.slots[read.index()] = input;
        }
        self.state.lost(plan, claim.task);
    }
}

/// What the value of `task` counts as: what the user holds anyway is not the run's to count or to spill.
fn outcome(plan: &Plan, task: TaskId, value: &Value) -> Outcome {
    match plan.layer(task).operation().travel() {
        Travel::Holds => Outcome { bytes: 0, spills: false },
        _ => Outcome { bytes: value.bytes() as u64, spills: value.codec().is_some() },
    }
}

/// Why a worker stopped working.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pause {
    /// Its turn is over; tasks are ready.
    Turn,
    /// Nothing is ready.
    Idle,
    /// The run is over.
    Over,
}

/// Runs one task at a time for a worker.
pub(super) trait Executor {
    /// The value that `task` makes of what it reads.
    fn run(&mut self, task: TaskId, inputs: SmallVec<[Value; 4]>) -> Result<Value, RunError>;
}

/// Runs tasks on the thread that asks.
pub(super) struct Here<'a> {
    plan: &'a Plan,
    tasks: unwind::Tasks,
    /// What a task computes follows the choices of the run that it is part of.
    _choices: Restore,
}

impl<'a> Here<'a> {
    pub(super) fn new(run: &Run<'a>) -> Self {
        Here { plan: run.plan, tasks: unwind::Tasks::enter(), _choices: run.settings.follow() }
    }
}

impl Executor for Here<'_> {
    fn run(&mut self, task: TaskId, inputs: SmallVec<[Value; 4]>) -> Result<Value, RunError> {
        let inputs = if self.plan.given().is_empty() { inputs } else { decoded(inputs)? };
        let received = self.plan.task(task, inputs);
        let operation = self.plan.layer(task).operation();
        let made = self.tasks.caught(|| operation.run(received));
        made.map_err(|source| task_error(self.plan, task, stopped_part(operation), source))
    }
}

/// What a run in processes had made, for one that goes on from there in this one.
fn decoded(inputs: SmallVec<[Value; 4]>) -> Result<SmallVec<[Value; 4]>, RunError> {
    let decoded = inputs.into_iter().map(processes::decoded);
    decoded.collect::<Result<_, _>>().map_err(|error| WorkerError::Failed(error.to_string()).into())
}
