//! Names and types of a frame's columns, known while the graph is built, and how a step changes them.
//!
//! Nothing of the user's runs for that: polars plans the step over an empty frame, and what it refuses
//! (an absent column, a text where a number is needed) is refused in the call that builds the graph.

use std::fmt;
use std::ops::Deref;

use polars::prelude::{DataFrame as PolarsFrame, DataType, Expr, IntoLazy, OptFlags, PlIndexSet, PlSmallStr};
use polars::prelude::{PolarsError, Schema, SchemaRef};
use polars_plan::prelude::{
    AExpr, Arena, ExprToIRContext, Node, expand_expression, expr_to_leaf_column_names_iter, to_expr_ir,
};

use super::FrameError;
use super::step::Step;
use crate::graph::{Picture, Value};

/// Names and types of columns, in order; derefs to polars' `Schema`.
///
/// ```
/// use lazuli::prelude::*;
/// # fn main() -> lazuli::Result<()> {
/// let frame = from_polars(polars::df!("a" => [1_i64, 2], "b" => ["x", "y"]).unwrap(), 2)?;
/// assert_eq!(frame.schema().to_string(), "a i64, b str");
/// assert!(frame.schema().contains("b"));
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct FrameSchema(
    /// A `SchemaRef`, erased so that a cell compiles none of its drop.
    Value,
);

/// Columns named in a picture; the rest is counted.
const NAMED: usize = 8;

impl FrameSchema {
    pub(super) fn new(schema: SchemaRef) -> Self {
        FrameSchema(Value::local(schema, 0))
    }

    pub(super) fn shared(&self) -> &SchemaRef {
        self.0.get().expect("made from a schema")
    }

    pub(super) fn names(&self) -> Vec<String> {
        self.iter_names().map(|name| name.to_string()).collect()
    }

    /// The schema after `step`, as polars plans it.
    pub(super) fn after(&self, step: &Step) -> Result<FrameSchema, FrameError> {
        let operation = step.name();
        let empty = PolarsFrame::empty_with_arc_schema(self.shared().clone()).lazy();
        let schema = step.apply(empty).collect_schema().map_err(|error| refused(operation, error))?;
        Ok(FrameSchema::new(schema))
    }

    /// `expressions` with wildcards written out, which do not mean the columns `but`; every column in them known.
    pub(super) fn expand(
        &self,
        operation: &'static str,
        expressions: &[Expr],
        but: &[PlSmallStr],
    ) -> Result<Vec<Expr>, FrameError> {
        for name in expressions.iter().flat_map(expr_to_leaf_column_names_iter) {
            if !self.contains(&name) {
                return Err(self.no_column(operation, &name));
            }
        }
        let but: PlIndexSet<PlSmallStr> = but.iter().cloned().collect();
        let mut expanded = Vec::with_capacity(expressions.len());
        for expression in expressions {
            expand_expression(expression, &but, self, &mut expanded, &mut OptFlags::schema_only())
                .map_err(|error| refused(operation, error))?;
        }
        Ok(expanded)
    }

    /// What `judge` says of `expression` planned over these columns; `false` for one that cannot be planned.
    pub(super) fn judge(&self, expression: &Expr, judge: fn(Node, &Arena<AExpr>) -> bool) -> bool {
        let mut arena = Arena::with_capacity(8);
        let planned = to_expr_ir(expression.clone(), &mut ExprToIRContext::new(&mut arena, self));
        planned.is_ok_and(|planned| judge(planned.node(), &arena))
    }

    pub(super) fn no_column(&self, operation: &'static str, column: &str) -> FrameError {
        let columns = self.names();
        let nearest = nearest(column, &columns);
        FrameError::NoColumn { operation, column: column.to_owned(), nearest, columns }
    }

    /// What a picture says about a layer with these columns.
    pub(super) fn picture(&self) -> Picture {
        let count = self.len();
        let columns = if count == 1 { "column" } else { "columns" };
        let detail = format!("{count} {columns}: {}", self.list(NAMED));
        Picture { collection: "DataFrame", detail: detail.into(), ..Picture::default() }
    }

    fn list(&self, named: usize) -> String {
        let mut columns: Vec<_> = self.iter().take(named).map(|(name, dtype)| format!("{name} {dtype}")).collect();
        if self.len() > named {
            columns.push("…".to_owned());
        }
        columns.join(", ")
    }
}

impl Deref for FrameSchema {
    type Target = Schema;

    fn deref(&self) -> &Schema {
        self.shared()
    }
}

impl PartialEq for FrameSchema {
    fn eq(&self, other: &Self) -> bool {
        self.shared() == other.shared()
    }
}

impl fmt::Display for FrameSchema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.list(usize::MAX))
    }
}

impl fmt::Debug for FrameSchema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FrameSchema({self})")
    }
}

/// What polars says of a step, without the plan that it prints below.
fn refused(operation: &'static str, error: PolarsError) -> FrameError {
    let text = error.to_string();
    let message = text.split("\n\nResolved plan").next().unwrap_or(&text).trim().to_owned();
    FrameError::Refused { operation, message }
}

/// Whether numbers can be computed from it.
pub(super) fn is_countable(dtype: &DataType) -> bool {
    dtype.is_numeric() || dtype.is_bool() || dtype.is_decimal()
}

/// The name most like `name`, if one differs in at most a third of its letters.
fn nearest(name: &str, names: &[String]) -> Option<String> {
    let allowed = name.chars().count().max(3) / 3;
    let distances = names.iter().map(|other| (distance(&name.to_lowercase(), &other.to_lowercase()), other));
    let (least, other) = distances.min_by_key(|(distance, _)| *distance)?;
    (least <= allowed).then(|| other.clone())
}

/// Insertions, deletions and exchanges that make `a` into `b` (Levenshtein 1966).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, to) in b.iter().enumerate() {
            let exchanged = diagonal + usize::from(from != *to);
            diagonal = row[j + 1];
            row[j + 1] = exchanged.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn the_nearest_name_is_a_slip_of_the_pen_away() {
        let names = ["fare".to_owned(), "Distance".to_owned(), "zone".to_owned()];
        assert_eq!(nearest("distanse", &names).as_deref(), Some("Distance"));
        assert_eq!(nearest("far", &names).as_deref(), Some("fare"));
        assert_eq!(nearest("passengers", &names), None);
    }
}
