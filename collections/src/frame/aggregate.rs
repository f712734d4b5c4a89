//! Aggregation as a tree: each partition by itself, the parts combined few at a time, a last step.
//!
//! [`Parts`] divides expressions: every aggregation in them (the `sum` of something) becomes columns that are
//! computed for a partition and say how two of them combine; what is around it (arithmetic, casts) is
//! computed from the combined columns in the last step.

use std::sync::Arc;

use polars::prelude::{AggExpr, DataType, Expr, NULL, PlSmallStr, col, lit, when};
use polars_plan::prelude::{is_elementwise_rec, is_row_separable_rec, is_scalar_ae};

use super::schema::is_countable;
use super::step::Step;
use super::{DataFrame, FrameError, FrameSchema};
use crate::error::Result;
use crate::graph::{Origin, Pattern};

/// Parts that one task combines.
const FAN_IN: usize = 8;

/// By what rows are aggregated.
pub(super) struct Groups {
    /// The verb of errors and of the first layer.
    pub(super) operation: &'static str,
    /// Expressions over single rows; none for one group of all rows.
    pub(super) keys: Vec<Expr>,
    /// Whether a key may be null.
    pub(super) nulls: bool,
}

impl Groups {
    /// The names of the key columns.
    pub(super) fn names(&self, schema: &FrameSchema) -> Result<Vec<PlSmallStr>, FrameError> {
        let keys = schema.after(&Step::Select(self.keys.clone()))?;
        Ok(keys.iter_names_cloned().collect())
    }
}

/// The frame with one row a group: its key and `aggregations`, whose wildcards are written out.
pub(super) fn layers(frame: &DataFrame, groups: &Groups, aggregations: &[Expr], origin: Origin) -> Result<DataFrame> {
    let schema = frame.schema();
    let aggregations: &[Expr] = &aggregations.iter().map(|expression| widened(expression, &schema)).collect::<Vec<_>>();
    let names = if groups.keys.is_empty() { Vec::new() } else { groups.names(&schema)? };
    let keys: Vec<Expr> = names.iter().cloned().map(col).collect();
    let planned = Step::Aggregate { keys: groups.keys.clone(), aggregations: aggregations.to_vec() };
    let planned = schema.after(&planned)?;
    let parts = Parts::of(groups.operation, aggregations, &schema)?;

    let mut first = vec![Step::Aggregate { keys: groups.keys.clone(), aggregations: parts.partial.clone() }];
    let partial = schema.after(&first[0])?;
    if !groups.nulls {
        let known = keys.iter().cloned().map(Expr::is_not_null).reduce(Expr::and);
        first.extend(known.map(Step::Filter));
    }
    let combine = Step::Aggregate { keys: keys.clone(), aggregations: parts.combine.clone() };
    let mut last = vec![parts.last(groups.operation, aggregations, &keys, &partial, &planned)?];
    if !keys.is_empty() {
        last.push(Step::Sort(keys));
    }

    let count = frame.npartitions();
    if count == 1 {
        first.append(&mut last);
        return Ok(frame.layer(groups.operation, first, Pattern::OneToOne, 1, planned, origin));
    }
    let mut level = frame.layer(groups.operation, first, Pattern::OneToOne, count, partial.clone(), origin);
    while level.npartitions() > FAN_IN {
        let tasks = level.npartitions().div_ceil(FAN_IN);
        let combine = vec![combine.clone()];
        level = level.layer("combine", combine, Pattern::Tree(FAN_IN), tasks, partial.clone(), origin);
    }
    last.insert(0, combine);
    Ok(level.layer("agg", last, Pattern::Tree(FAN_IN), 1, planned, origin))
}

/// Aggregations divided into columns of a partition.
#[derive(Default)]
struct Parts {
    /// What a partition computes, named.
    partial: Vec<Expr>,
    /// How the parts of several partitions become one, under the same names.
    combine: Vec<Expr>,
    /// Each aggregation as an expression over the combined columns.
    finish: Vec<Expr>,
}

impl Parts {
    fn of(operation: &'static str, aggregations: &[Expr], schema: &FrameSchema) -> Result<Parts, FrameError> {
        let mut parts = Parts::default();
        for expression in aggregations {
            let mut failed = None;
            let finish = expression.clone().map_expr(|node| match node {
                Expr::Len => parts.part(Expr::Len, Expr::sum),
                Expr::Agg(aggregate) => parts.divide(&aggregate, schema).unwrap_or_else(|reason| {
                    failed.get_or_insert(reason);
                    Expr::Agg(aggregate)
                }),
                Expr::KeepName(inner) | Expr::RenameAlias { expr: inner, .. } => Arc::unwrap_or_clone(inner),
                other => other,
            });
            match failed {
                None => parts.finish.push(finish),
                Some(Undivided::Beyond) => return Err(indivisible(operation, expression)),
                Some(Undivided::Type { verb, dtype }) => {
                    let message = format!("`{expression}` is the {verb} of a {dtype}: it needs numbers");
                    return Err(FrameError::Refused { operation, message });
                }
            }
        }
        Ok(parts)
    }

    /// The step that makes `aggregations` of the combined columns, typed as polars would type them on the whole.
    fn last(
        &self,
        operation: &'static str,
        aggregations: &[Expr],
        keys: &[Expr],
        partial: &FrameSchema,
        planned: &FrameSchema,
    ) -> Result<Step, FrameError> {
        let mut columns = keys.to_vec();
        let fields = planned.iter().skip(keys.len());
        for ((finish, (name, dtype)), expression) in self.finish.iter().zip(fields).zip(aggregations) {
            if !partial.judge(finish, is_elementwise_rec) {
                return Err(indivisible(operation, expression));
            }
            let same = finish.to_field(partial).is_ok_and(|field| field.dtype == *dtype);
            let finish = if same { finish.clone() } else { finish.clone().cast(dtype.clone()) };
            columns.push(finish.alias(name.clone()));
        }
        Ok(Step::Select(columns))
    }

    /// `aggregate` as an expression over the combined columns.
    fn divide(&mut self, aggregate: &AggExpr, schema: &FrameSchema) -> Result<Expr, Undivided> {
        let again = |of: fn(Arc<Expr>) -> AggExpr| move |part: Expr| Expr::Agg(of(Arc::new(part)));
        let input = input(aggregate).ok_or(Undivided::Beyond)?;
        if !schema.judge(input, is_row_separable_rec) || schema.judge(input, is_scalar_ae) {
            return Err(Undivided::Beyond);
        }
        let part = Expr::Agg(aggregate.clone());
        let dtype = || input.to_field(schema).map(|field| field.dtype).unwrap_or(DataType::Null);
        match *aggregate {
            AggExpr::Sum(_) => {
                let dtype = dtype();
                if !is_countable(&dtype) && !dtype.is_duration() {
                    return Err(Undivided::Type { verb: "sum", dtype });
                }
                Ok(self.part(part, Expr::sum))
            }
            AggExpr::Count { .. } => Ok(self.part(part, Expr::sum)),
            AggExpr::Min { propagate_nans, .. } => {
                Ok(self.part(part, |part| Expr::Agg(AggExpr::Min { input: Arc::new(part), propagate_nans })))
            }
            AggExpr::Max { propagate_nans, .. } => {
                Ok(self.part(part, |part| Expr::Agg(AggExpr::Max { input: Arc::new(part), propagate_nans })))
            }
            AggExpr::First(_) => Ok(self.part(part, again(AggExpr::First))),
            AggExpr::Last(_) => Ok(self.part(part, again(AggExpr::Last))),
            AggExpr::FirstNonNull(_) => Ok(self.part(part, again(AggExpr::FirstNonNull))),
            AggExpr::LastNonNull(_) => Ok(self.part(part, again(AggExpr::LastNonNull))),
            AggExpr::Mean(_) => {
                let number = as_float(input, dtype(), "mean")?;
                let count = self.part(input.clone().count(), Expr::sum);
                let sum = self.part(number.sum(), Expr::sum);
                Ok(ratio(sum, count))
            }
            AggExpr::Var(_, ddof) => {
                let number = as_float(input, dtype(), "variance")?;
                Ok(self.variance(input, number, ddof))
            }
            AggExpr::Std(_, ddof) => {
                let number = as_float(input, dtype(), "standard deviation")?;
                Ok(self.variance(input, number, ddof).sqrt())
            }
            _ => Err(Undivided::Beyond),
        }
    }

    /// Variance from count, mean and variance of each part, which combine without losing digits
    /// (Chan, Golub and LeVeque, "Algorithms for computing the sample variance", 1983).
    fn variance(&mut self, input: &Expr, number: Expr, ddof: u8) -> Expr {
        let n = self.part(input.clone().count(), Expr::sum);
        let total = |of_part: Expr| ratio((n.clone() * of_part).sum(), n.clone().sum());
        let mean = self.part(number.clone().mean(), total);
        let spread = self.part(number.var(0), |spread| {
            let apart = mean.clone() - total(mean.clone());
            total(spread + apart.clone() * apart)
        });
        let n = n.cast(DataType::Float64);
        ratio(spread * n.clone(), n - lit(f64::from(ddof)))
    }

    /// The column of `partial`, made once however often it is asked for.
    fn part(&mut self, partial: Expr, combine: impl FnOnce(Expr) -> Expr) -> Expr {
        let named = |number: usize| PlSmallStr::from_string(format!("\u{1}{number}"));
        let known = self.partial.iter().position(|known| matches!(known, Expr::Alias(known, _) if **known == partial));
        if let Some(number) = known {
            return col(named(number));
        }
        let name = named(self.partial.len());
        self.partial.push(partial.alias(name.clone()));
        self.combine.push(combine(col(name.clone())).alias(name.clone()));
        col(name)
    }
}

/// Why an aggregation was not divided.
enum Undivided {
    /// It needs all rows at once.
    Beyond,
    /// It is no aggregation of this type.
    Type { verb: &'static str, dtype: DataType },
}

fn indivisible(operation: &'static str, expression: &Expr) -> FrameError {
    FrameError::Indivisible { operation, expression: expression.to_string() }
}

/// What is aggregated, by those that can be divided.
pub(super) fn input(aggregate: &AggExpr) -> Option<&Expr> {
    match aggregate {
        AggExpr::Min { input, .. } | AggExpr::Max { input, .. } | AggExpr::Count { input, .. } => Some(input),
        AggExpr::Sum(input) | AggExpr::Mean(input) | AggExpr::Std(input, _) | AggExpr::Var(input, _) => Some(input),
        AggExpr::First(input) | AggExpr::Last(input) => Some(input),
        AggExpr::FirstNonNull(input) | AggExpr::LastNonNull(input) => Some(input),
        _ => None,
    }
}

/// `expression` with its sums of 32-bit integers over 64 bits: polars would compute them in 32 and wrap around.
fn widened(expression: &Expr, schema: &FrameSchema) -> Expr {
    let wide = |input: &Expr| match input.to_field(schema).ok()?.dtype {
        DataType::Int32 => Some(DataType::Int64),
        DataType::UInt32 => Some(DataType::UInt64),
        _ => None,
    };
    expression.clone().map_expr(|node| match node {
        Expr::Agg(AggExpr::Sum(input)) => match wide(&input) {
            Some(dtype) => Arc::unwrap_or_clone(input).cast(dtype).sum(),
            None => Expr::Agg(AggExpr::Sum(input)),
        },
        other => other,
    })
}

/// `input` as floating point numbers, in which polars too computes means.
fn as_float(input: &Expr, dtype: DataType, verb: &'static str) -> Result<Expr, Undivided> {
    if !is_countable(&dtype) {
        return Err(Undivided::Type { verb, dtype });
    }
    Ok(input.clone().cast(DataType::Float64))
}

/// `sum / count`, null where there is nothing to divide by.
fn ratio(sum: Expr, count: Expr) -> Expr {
    when(count.clone().gt(lit(0))).then(sum / count).otherwise(lit(NULL))
}
