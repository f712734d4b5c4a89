//! What a task does to one partition: steps of one polars `LazyFrame`.
//!
//! A layer's parameters are a list of steps, all of which serialize. Layers that read each other 1:1 are joined: the
//! steps of all go through polars' optimizer together. What it finds to be needed of the columns of a file is all
//! that is read of them.
//!
//! Tasks run in polars' own pool. `LazyFrame::collect` would hand a group-by to the streaming engine, which
//! starts threads of its own beside that pool; planned without it, everything stays in the task's pool.

use std::any::Any;
use std::sync::Arc;

use polars::prelude::SchemaRef;
use polars::prelude::{DataFrame as PolarsFrame, Expr, IntoLazy, LazyFrame, PolarsResult, SortMultipleOptions};
use polars_core::utils::accumulate_dataframes_vertical;
use polars_expr::state::ExecutionState;
use polars_mem_engine::create_physical_plan;
use polars_plan::prelude::{ArenaLpIter, IR};
use serde::{Deserialize, Serialize};

use super::{codec, csv, reduce};
use crate::graph::{Failure, Operation, Task, Value, Work, WrongType, enter_stage};

/// One operation on a polars frame, as parameters that travel.
#[derive(Clone, Serialize, Deserialize)]
pub(super) enum Step {
    Filter(Expr),
    Select(Vec<Expr>),
    WithColumns(Vec<Expr>),
    /// One row a group of `keys`; without keys, one row.
    Aggregate {
        keys: Vec<Expr>,
        aggregations: Vec<Expr>,
    },
    /// Ascending, nulls last.
    Sort(Vec<Expr>),
    Head(u32),
    Tail(u32),
}

impl Step {
    /// The verb that an error of planning begins with.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Step::Filter(_) => "filter",
            Step::Select(_) => "select",
            Step::WithColumns(_) => "with_columns",
            Step::Aggregate { keys, .. } if keys.is_empty() => "select",
            Step::Aggregate { .. } => "group_by",
            Step::Sort(_) => "sort",
            Step::Head(_) => "head",
            Step::Tail(_) => "tail",
        }
    }

    pub(super) fn apply(&self, frame: LazyFrame) -> LazyFrame {
        match self {
            Step::Filter(predicate) => frame.filter(predicate.clone()),
            Step::Select(expressions) => frame.select(expressions),
            Step::WithColumns(expressions) => frame.with_columns(expressions),
            Step::Aggregate { keys, aggregations } if keys.is_empty() => frame.select(aggregations),
            Step::Aggregate { keys, aggregations } => frame.group_by(keys).agg(aggregations),
            Step::Sort(keys) => frame.sort_by_exprs(keys, SortMultipleOptions::default().with_nulls_last(true)),
            Step::Head(rows) => frame.limit(*rows),
            Step::Tail(rows) => frame.tail(*rows),
        }
    }
}

/// The operation that puts together what a task reads and does `steps` to it.
pub(super) fn operation(name: &'static str, steps: Vec<Step>) -> Operation {
    Operation::joining(name, steps, |steps| Arc::new(Chain { start: Start::Values, stages: vec![steps.into()] }))
}

/// The operation that reads CSV.
pub(super) fn scan(source: csv::Source) -> Operation {
    Operation::joining("read_csv", source, |source| {
        let start = Start::Csv { source: Arc::new(source), columns: None };
        Arc::new(Chain { start, stages: vec![[].into()] })
    })
}

/// The work of one operation on partitions, or of several that were joined.
struct Chain {
    start: Start,
    /// The steps of each operation.
    stages: Vec<Arc<[Step]>>,
}

/// Where the steps of a chain begin.
#[derive(Clone)]
enum Start {
    /// At what a task reads, one below the other.
    Values,
    /// At a block of a file, of whose columns those are read that are needed; without steps, all.
    Csv { source: Arc<csv::Source>, columns: Option<Arc<[usize]>> },
}

/// Operations in the longest chain: to join costs as much as what is joined is long.
const LONGEST: usize = 64;

impl Work for Chain {
    fn run(&self, task: Task) -> Result<Value, Failure> {
        enter_stage(0);
        let mut frame = match &self.start {
            Start::Values => stack(frames(task.into_values())?)?,
            Start::Csv { source, columns } => source.read(&task, columns.as_deref())?,
        };
        enter_stage(self.stages.len() - 1);
        match through(&frame, self.stages.iter().flat_map(|steps| &**steps)) {
            Ok(frame) => Ok(value(frame)),
            Err(error) => {
                // Which of them it was: one after the other, until it fails again.
                for (stage, steps) in self.stages.iter().enumerate() {
                    enter_stage(stage);
                    frame = through(&frame, &**steps)?;
                }
                Err(error.into())
            }
        }
    }

    fn after(&self, first: &dyn Work, at: &[usize]) -> Option<Arc<dyn Work>> {
        let first = (first as &dyn Any).downcast_ref::<Chain>()?;
        if at != [0] || !matches!(self.start, Start::Values) || first.stages.len() + self.stages.len() > LONGEST {
            return None;
        }
        let stages: Vec<_> = first.stages.iter().chain(&self.stages).cloned().collect();
        let start = match &first.start {
            Start::Values => Start::Values,
            Start::Csv { source, .. } => {
                let columns = needed(source.schema(), stages.iter().flat_map(|steps| &**steps));
                Start::Csv { source: source.clone(), columns }
            }
        };
        Some(Arc::new(Chain { start, stages }))
    }

    fn stages(&self) -> usize {
        self.stages.len()
    }
}

/// The frame after `steps`.
fn through<'a>(frame: &PolarsFrame, steps: impl IntoIterator<Item = &'a Step>) -> PolarsResult<PolarsFrame> {
    let mut steps = steps.into_iter().peekable();
    if steps.peek().is_none() {
        return Ok(frame.clone());
    }
    let mut frame = frame.clone().lazy();
    for step in steps {
        frame = match step {
            Step::Aggregate { keys, aggregations } if !keys.is_empty() => {
                reduce::aggregate(frame, keys, aggregations)?.lazy()
            }
            _ => step.apply(frame),
        };
    }
    collect(frame)
}

/// The numbers of the columns that `steps` need, as polars plans them; none where it does not say.
fn needed<'a>(schema: &SchemaRef, steps: impl Iterator<Item = &'a Step>) -> Option<Arc<[usize]>> {
    let empty = PolarsFrame::empty_with_arc_schema(schema.clone()).lazy();
    let plan = steps.fold(empty, |frame, step| step.apply(frame)).to_alp_optimized().ok()?;
    let mut scans = plan.lp_arena.iter(plan.lp_top).filter_map(|(_, node)| match node {
        IR::DataFrameScan { output_schema, .. } => Some(output_schema.clone()),
        _ => None,
    });
    let (Some(Some(columns)), None) = (scans.next(), scans.next()) else { return None };
    let mut columns = columns.iter_names().map(|name| schema.index_of(name)).collect::<Option<Vec<_>>>()?;
    columns.sort_unstable();
    Some(columns.into())
}

/// A partition as the value of a task.
pub(super) fn value(frame: PolarsFrame) -> Value {
    let bytes = frame.estimated_size();
    Value::coded(frame, bytes, &codec::CODEC)
}

/// The partitions in `values`, owned where nobody else reads them.
pub(super) fn frames(values: impl IntoIterator<Item = Value>) -> Result<Vec<PolarsFrame>, WrongType> {
    values.into_iter().map(Value::take).collect()
}

/// Partitions one below the other; there is at least one.
pub(super) fn stack(frames: Vec<PolarsFrame>) -> PolarsResult<PolarsFrame> {
    accumulate_dataframes_vertical(frames)
}

pub(super) fn collect(frame: LazyFrame) -> PolarsResult<PolarsFrame> {
    let mut plan = frame.to_alp_optimized()?;
    let streaming = None;
    create_physical_plan(plan.lp_top, &mut plan.lp_arena, &mut plan.expr_arena, streaming)?
        .execute(&mut ExecutionState::new())
}
