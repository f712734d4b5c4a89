//! What a task does to one partition: steps of one polars `LazyFrame`.
//!
//! A layer's parameters are a list of steps, all of which serialize; a chain of layers that read each
//! other 1:1 is therefore one layer with the steps of all, and polars' optimizer sees them together.
//!
//! Tasks run in polars' own pool. `LazyFrame::collect` would hand a group-by to the streaming engine, which
//! starts threads of its own beside that pool; planned without it, everything stays in the task's pool.

use polars::prelude::{DataFrame as PolarsFrame, Expr, IntoLazy, LazyFrame, PolarsResult, SortMultipleOptions};
use polars_core::utils::accumulate_dataframes_vertical;
use polars_expr::state::ExecutionState;
use polars_mem_engine::create_physical_plan;
use serde::{Deserialize, Serialize};

use super::reduce;
use crate::graph::{Failure, Operation, Task, Value, WrongType};

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

/// The operation that joins what a task reads and does `steps` to it.
pub(super) fn operation(name: &'static str, steps: Vec<Step>) -> Operation {
    Operation::new(name, steps, run)
}

fn run(steps: &Vec<Step>, task: Task) -> Result<Value, Failure> {
    let mut frame = stack(frames(task.into_values())?)?.lazy();
    for step in steps {
        frame = match step {
            Step::Aggregate { keys, aggregations } if !keys.is_empty() => {
                reduce::aggregate(frame, keys, aggregations)?.lazy()
            }
            _ => step.apply(frame),
        };
    }
    Ok(value(collect(frame)?))
}

/// A partition as the value of a task.
pub(super) fn value(frame: PolarsFrame) -> Value {
    let bytes = frame.estimated_size();
    Value::local(frame, bytes)
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
