//! Runs a plan. One run state (what is ready, waiting, released), small backends around it: `synchronous` in
//! place, `threads` on the machine's cores, `processes` in worker processes. Imports: graph.

mod cancel;
mod config;
mod event;
mod local;
mod memory;
mod outside;
mod processes;
mod ready;
mod report;
mod sampler;
mod spill;
mod state;
mod synchronous;
mod tally;
#[cfg(test)]
mod tests;
mod threads;
mod unwind;
mod usage;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::graph::{Failure, Key, Layer, Origin, Plan, TaskId, Value};

use cancel::CancelToken;
pub use cancel::cancel_all;
pub use config::{Config, ConfigError, Memory, Scheduler, config, set_config, with_config};
pub(crate) use config::{Settings, enter};
pub use event::{Event, Observer, Watch, watch};
use local::Slot;
pub use processes::WorkerError;
pub use report::{LayerReport, MOST_RECORDS, RunReport, Sample, TaskRecord, last_run, last_runs};
pub use spill::SpillError;
use state::TooLarge;
pub use tally::Tally;
pub use unwind::Panicked;

/// Why a run stopped before its end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// A task returned an error.
    #[error("{operation} failed{} (built in {origin}): {source}{}", which(*.partition, *.partitions), reading(.inputs))]
    Task {
        /// The operation whose task failed.
        operation: &'static str,
        /// The partition it was making.
        partition: usize,
        /// How many partitions that layer has.
        partitions: usize,
        /// Where the layer was built.
        origin: Origin,
        /// What it read: each input's operation, and what its partitions are.
        inputs: Vec<String>,
        /// What the task said.
        source: Failure,
    },
    /// An operation cannot run on the scheduler that was chosen.
    #[error("{operation} (built in {origin}) cannot run in worker processes: {source}")]
    Layer {
        /// The operation.
        operation: &'static str,
        /// Where it was built.
        origin: Origin,
        /// Why.
        source: Failure,
    },
    /// A worker process cannot be used.
    #[error(transparent)]
    Worker(#[from] WorkerError),
    /// The run was cancelled: by an interrupt, or from code.
    #[error("the run was cancelled; every variable is kept")]
    Cancelled,
    /// The run took longer than it was allowed.
    #[error("the run was stopped: it took longer than the {timeout:?} that `config().timeout(..)` allows")]
    TimedOut {
        /// What it was allowed.
        timeout: Duration,
    },
    /// Something does not fit into the memory that the run may take.
    #[error(
        "{operation}{} (built in {origin}) does not fit into memory: {what} {}, and this run may take {}; {}",
        which(*.partition, *.partitions), bytes(*.needed), bytes(*.budget), what.remedy()
    )]
    TooLarge {
        /// The operation.
        operation: &'static str,
        /// The partition it was making.
        partition: usize,
        /// How many partitions that layer has.
        partitions: usize,
        /// Where the layer was built.
        origin: Origin,
        /// What does not fit.
        what: TooMuch,
        /// Its size in bytes.
        needed: u64,
        /// Bytes that the values of the run may take.
        budget: u64,
    },
    /// Values that do not fit into memory could not be put on the disk.
    #[error(transparent)]
    Spill(#[from] SpillError),
    /// The choices for the run cannot be followed.
    #[error(transparent)]
    Config(#[from] ConfigError),
}

/// What is larger than the memory of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TooMuch {
    /// The value of one partition.
    Value,
    /// All partitions that one task reads.
    Inputs,
    /// Values without a codec, which cannot be put on the disk, and what is read beside them.
    Held,
    /// All results together.
    Results,
}

impl TooMuch {
    fn remedy(self) -> &'static str {
        match self {
            TooMuch::Value => "make more and smaller partitions, or allow more with `config().memory(\"8 GB\")`",
            TooMuch::Inputs => "reduce the partitions first, or allow more with `config().memory(\"8 GB\")`",
            TooMuch::Held => {
                "make values that can be written (`map` in place of `map_local`, with types that derive `Serialize` and \
                 `Deserialize`), or allow more with `config().memory(\"8 GB\")`"
            }
            TooMuch::Results => {
                "ask for less (a reduction, `head`, `take`), or allow more with `config().memory(\"8 GB\")`"
            }
        }
    }
}

impl std::fmt::Display for TooMuch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            TooMuch::Value => "its value takes",
            TooMuch::Inputs => "all that it reads takes",
            TooMuch::Held => "beside values that cannot be put on the disk it takes",
            TooMuch::Results => "the results so far take",
        })
    }
}

fn which(partition: usize, partitions: usize) -> String {
    if partitions == 1 { String::new() } else { format!(" in partition {partition} of {partitions}") }
}

fn reading(inputs: &[String]) -> String {
    if inputs.is_empty() { String::new() } else { format!("\n  it read {}", inputs.join("; and ")) }
}

fn bytes(bytes: u64) -> String {
    let units = [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    match units.iter().find(|(unit, _)| bytes >= *unit) {
        Some((unit, name)) => format!("{:.1} {name}", bytes as f64 / *unit as f64),
        None => format!("{bytes} bytes"),
    }
}

impl RunError {
    fn too_large(plan: &Plan, large: TooLarge, budget: u64) -> RunError {
        let layer = plan.layer(large.task);
        RunError::TooLarge {
            operation: layer.operation().name(),
            partition: plan.partition(large.task),
            partitions: layer.tasks(),
            origin: layer.origin(),
            what: large.what,
            needed: large.bytes,
            budget,
        }
    }
}

/// The error of a task, in the given part of its layer.
fn task_error(plan: &Plan, task: TaskId, part: usize, source: Failure) -> RunError {
    let part = &plan.layer(task).parts()[part];
    let partition = plan.partition(task);
    RunError::Task {
        operation: part.operation().name(),
        partition,
        partitions: part.tasks(),
        origin: part.origin(),
        inputs: part.inputs().iter().map(|input| described(input, partition)).collect(),
        source,
    }
}

/// The error of a task about the value that it makes: in the last part of its layer.
fn value_error(plan: &Plan, task: TaskId, source: Failure) -> RunError {
    task_error(plan, task, plan.layer(task).parts().len() - 1, source)
}

/// The error of a layer none of whose tasks can run.
fn layer_error(layer: &Layer, source: Failure) -> RunError {
    RunError::Layer { operation: layer.operation().name(), origin: layer.origin(), source }
}

fn described(input: &crate::graph::Input, partition: usize) -> String {
    let layer = &input.layer;
    let picture = layer.picture();
    let mut reads = Vec::new();
    input.pattern.reads(partition, layer.tasks(), &mut reads);
    let which = match (&*reads, layer.tasks()) {
        (_, 1) => String::new(),
        ([], _) => "nothing of ".to_owned(),
        ([one], _) => format!("partition {one} of "),
        (many, _) => format!("{} partitions of ", many.len()),
    };
    let what = format!("{} {}", picture.collection, picture.detail);
    let what = if what.trim().is_empty() { String::new() } else { format!(": {}", what.trim()) };
    format!("{which}`{}`{what}", layer.operation().name())
}

/// What a run that failed had made: the part of it that need not be made again.
static KEPT: Mutex<Option<Kept>> = Mutex::new(None);

type Kept = HashMap<(Key, u32), Slot, foldhash::fast::FixedState>;

/// Makes every partition of `targets`, as the choices made here say; their values in order.
pub(crate) fn run(targets: &[Arc<Layer>]) -> Result<Vec<Value>, RunError> {
    let settings = Config::settings()?;
    drop(kept().take());
    run_beyond(targets, &settings, Kept::default())
}

/// [`run`] that starts from what the last failed run had made.
pub(crate) fn resume(targets: &[Arc<Layer>]) -> Result<Vec<Value>, RunError> {
    let settings = Config::settings()?;
    let kept = kept().take();
    run_beyond(targets, &settings, kept.unwrap_or_default())
}

fn kept() -> std::sync::MutexGuard<'static, Option<Kept>> {
    KEPT.lock().unwrap_or_else(PoisonError::into_inner)
}

fn run_beyond(targets: &[Arc<Layer>], settings: &Settings, mut made: Kept) -> Result<Vec<Value>, RunError> {
    let plan =
        Plan::fused(targets, &|layer, partition| !made.is_empty() && made.contains_key(&(layer.key(), partition)));
    let name = |task: TaskId| (plan.layer(task).key(), plan.partition(task) as u32);
    let given = plan.given().iter().map(|&task| made.remove(&name(task)).expect("the plan was made for it")).collect();
    drop(made);
    let token = CancelToken::for_run(settings.timeout);
    let workers = match settings.scheduler {
        Scheduler::Synchronous => 1,
        Scheduler::Threads => settings.workers.unwrap_or_else(threads::usual),
        Scheduler::Processes => settings.workers.unwrap_or_else(processes::usual),
    };
    let workers = workers.min(plan.len().max(1));
    let recorder = report::Recorder::start(&plan, settings, workers);
    let run = local::Run::new(&plan, settings, workers, &token, &recorder, given);
    match settings.scheduler {
        Scheduler::Synchronous => synchronous::run(&run),
        Scheduler::Threads => threads::run(&run, workers),
        Scheduler::Processes => processes::run(&run, workers),
    }
    let result = run.end();
    recorder.finish(result.is_ok());
    result.map_err(|(error, slots)| {
        *kept() = Some(slots.into_iter().map(|(task, slot)| (name(task), slot)).collect());
        error
    })
}
