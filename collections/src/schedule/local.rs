//! A run in this process: workers take ready tasks, run them and report, until none is left. Backends decide how
//! many workers there are and on which threads ([`synchronous`](super::synchronous), [`threads`](super::threads)).
//!
//! A worker takes as many short tasks at a time as fill [`STRETCH`], so that taking costs little, and gives back
//! those it did not come to when they turn out to be long.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use smallvec::SmallVec;

use super::cancel::CancelToken;
use super::config::Settings;
use super::report::{Made, Recorder};
use super::spill::{SpillFile, Spilled};
use super::state::{Change, Next, Outcome, RunState};
use super::usage::{Process, resident};
use super::{Event, RunError, WorkerError, memory, processes, task_error, unwind};
use crate::graph::{Plan, TaskId, Travel, Value, stopped_part};

/// How long the tasks should take together that a worker takes at once.
const STRETCH: Duration = Duration::from_micros(20);
/// How long they may take until those that remain are given back.
const OVERDUE: Duration = Duration::from_micros(200);
/// No more tasks than this are taken at once.
const MOST: usize = 64;
/// How often the memory of the process is looked at while much is held.
const LOOK: Duration = Duration::from_millis(20);

/// One run and all that its workers share.
pub(super) struct Run<'a> {
    plan: &'a Plan,
    budget: u64,
    token: &'a CancelToken,
    recorder: &'a Recorder<'a>,
    workers: usize,
    file: SpillFile,
    shared: Mutex<Shared>,
}

struct Shared {
    state: RunState,
    slots: Vec<Slot>,
    /// Mean time of a task, layer by layer; none before the first is done.
    pace: Vec<Option<Duration>>,
    /// Whether a worker writes values to the disk.
    spilling: bool,
    outside: Outside,
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
}

/// Memory that the process took since the run began, beyond the values that are counted.
struct Outside {
    before: u64,
    bytes: u64,
    look: Instant,
}

impl<'a> Run<'a> {
    /// A run that begins with the values `given`.
    pub(super) fn new(
        plan: &'a Plan,
        settings: &Settings,
        workers: usize,
        token: &'a CancelToken,
        recorder: &'a Recorder<'a>,
        given: Vec<Slot>,
    ) -> Self {
        let mut shared = Shared {
            state: RunState::new(plan, settings.memory),
            slots: vec![Slot::Empty; plan.len()],
            pace: vec![None; plan.layers().len()],
            spilling: false,
            outside: Outside { before: resident(Process::This), bytes: 0, look: Instant::now() },
            error: None,
        };
        for (&task, slot) in plan.given().iter().zip(given) {
            let outcome = match &slot {
                Slot::Memory(value) => Outcome { bytes: value.bytes() as u64, spills: value.codec().is_some() },
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
        let file = SpillFile::new(&settings.spill_folder);
        Run { plan, budget: settings.memory, token, recorder, workers, file, shared: Mutex::new(shared) }
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

    /// What one worker does: until nothing is ready, or the run stops. `wake` is told how many tasks are ready that
    /// other workers could take.
    pub(super) fn work(&self, worker: usize, executor: &mut dyn Executor, wake: &dyn Fn(usize)) {
        let (mut claims, mut made) = (Vec::new(), Vec::new());
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
                    shared.error = Some(RunError::too_large(self.plan, large, self.budget));
                    break;
                }
            }
            drop(shared);
            let mut claimed = claims.drain(..);
            let stopped = self.run(executor, &mut claimed, worker, &mut made);
            self.recorder.tally().count(self.plan, worker, &made);
            shared = self.lock();
            for claim in claimed {
                shared.give_back(self.plan, claim);
            }
            shared.error = shared.error.take().or(stopped);
            self.report(&mut shared, &mut made);
            wake(shared.state.ready().saturating_sub(1));
        }
    }

    /// Takes tasks, as the state decides; what it decided for the first.
    fn claim(&self, shared: &mut Shared, claims: &mut Vec<Claim>) -> Next {
        let outside = shared.outside(self.budget);
        let most = (shared.state.ready() / (2 * self.workers)).clamp(1, MOST);
        let mut expected = Duration::ZERO;
        let mut first = None;
        while claims.len() < most && expected < STRETCH {
            match shared.state.next(self.plan, outside) {
                Next::Start(task) => {
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
        let start = Instant::now();
        let mut started = start;
        for claim in claims {
            let task = claim.task;
            self.recorder.tell(|| Event::TaskStarted { task, worker });
            let value = match self.receive(claim) {
                Ok(inputs) => executor.run(task, inputs),
                Err(error) => Err(error),
            };
            let end = Instant::now();
            let took = end - started;
            match value {
                Ok(value) => {
                    let bytes = value.bytes();
                    self.recorder.tell(|| Event::TaskFinished { task, worker, took, bytes });
                    made.push(Made { task, value, started, took });
                }
                Err(error) => return Some(error),
            }
            started = end;
            if end - start > OVERDUE || self.token.is_cancelled() {
                break;
            }
        }
        None
    }

    /// What a task reads, brought into memory.
    fn receive(&self, claim: Claim) -> Result<SmallVec<[Value; 4]>, RunError> {
        let mut inputs = SmallVec::new();
        for slot in claim.inputs {
            inputs.push(match slot {
                Slot::Memory(value) => value,
                Slot::Disk(spilled) => self.file.read(&spilled)?,
                Slot::Empty => unreachable!("what a ready task reads is held"),
            });
        }
        Ok(inputs)
    }

    fn report(&self, shared: &mut Shared, made: &mut Vec<Made>) {
        for Made { task, value, took, .. } in made.drain(..) {
            let layer = self.plan.layer_index(task);
            let bytes = value.bytes() as u64;
            shared.pace[layer] = Some(shared.pace[layer].map_or(took, |pace| (pace * 7 + took) / 8));
            let own = matches!(self.plan.layer(task).operation().travel(), Travel::Holds);
            let bytes = if own { 0 } else { bytes };
            let outcome = Outcome { bytes, spills: !own && value.codec().is_some() };
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
                let error = RunError::too_large(self.plan, large, self.budget);
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

    /// Whether there is nothing left to do.
    pub(super) fn is_over(&self) -> bool {
        let shared = self.lock();
        shared.error.is_some() || shared.state.is_done()
    }

    /// The values of the targets, or why there are none with what there is of other values.
    pub(super) fn end(self) -> Result<Vec<Value>, Stopped> {
        let Shared { mut slots, error, .. } = self.shared.into_inner().unwrap_or_else(PoisonError::into_inner);
        let held = |slots: Vec<Slot>| {
            let held = slots.into_iter().zip(self.plan.tasks()).filter(|(slot, _)| !matches!(slot, Slot::Empty));
            held.map(|(slot, task)| (task, slot)).collect()
        };
        if let Some(error) = error {
            return Err((error, held(slots)));
        }
        let mut values = Vec::with_capacity(self.plan.targets().len());
        for target in self.plan.targets() {
            let slot = &mut slots[target.index()];
            if let Slot::Disk(spilled) = slot {
                match self.file.read(spilled) {
                    Ok(value) => *slot = Slot::Memory(value),
                    Err(error) => return Err((error.into(), held(slots))),
                }
            }
            match slot {
                Slot::Memory(value) => values.push(value.clone()),
                _ => unreachable!("a run that did not fail made its targets"),
            }
        }
        Ok(values)
    }
}

impl Shared {
    fn take(&mut self, plan: &Plan, task: TaskId) -> Claim {
        let reads = plan.reads(task);
        let inputs = reads.iter().map(|read| self.slots[read.index()].clone()).collect();
        for &read in reads {
            if self.state.was_last_reader(read) && !matches!(self.slots[read.index()], Slot::Disk(_)) {
                self.slots[read.index()] = Slot::Empty;
            }
        }
        Claim { task, inputs }
    }

    fn give_back(&mut self, plan: &Plan, claim: Claim) {
        for (&read, input) in plan.reads(claim.task).iter().zip(claim.inputs) {
            self.slots[read.index()] = input;
        }
        self.state.lost(plan, claim.task);
    }

    /// Memory of the process beyond what is counted; what was freed is given back before it counts.
    fn outside(&mut self, budget: u64) -> u64 {
        let held = self.state.memory();
        if held < budget / 4 {
            return 0;
        }
        let now = Instant::now();
        if now >= self.outside.look {
            let before = self.outside.before;
            let beyond = || resident(Process::This).saturating_sub(before + held);
            self.outside.bytes = beyond();
            if self.outside.bytes > budget / 8 {
                memory::give_back();
                self.outside.bytes = beyond();
            }
            self.outside.look = now + LOOK;
        }
        self.outside.bytes
    }
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
}

impl<'a> Here<'a> {
    pub(super) fn new(run: &Run<'a>) -> Self {
        Here { plan: run.plan, tasks: unwind::Tasks::enter() }
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
