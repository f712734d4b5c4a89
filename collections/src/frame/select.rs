//! Operations on rows one by one: which rows stay, which columns they have.

use polars::prelude::Expr;
use polars_plan::prelude::{is_elementwise_rec, is_row_separable_rec, is_scalar_ae};

use super::aggregate::{self, Groups};
use super::step::Step;
use super::{DataFrame, FrameError};
use crate::error::Result;
use crate::graph::Origin;

impl DataFrame {
    /// The rows for which `predicate` is true (a null is not).
    ///
    /// ```
    /// use lazuli::prelude::*;
    /// # fn main() -> lazuli::Result<()> {
    /// let frame = from_polars(polars::df!("x" => [1_i64, 2, 3]).unwrap(), 2)?;
    /// assert_eq!(frame.filter(col("x").gt(lit(1)))?.len()?, 2);
    /// let error = frame.filter(col("y").gt(lit(1))).unwrap_err();
    /// assert_eq!(error.to_string(), r#"filter: there is no column "y" (did you mean "x"?); the columns are x"#);
    /// # Ok(()) }
    /// ```
    #[track_caller]
    pub fn filter(&self, predicate: Expr) -> Result<DataFrame> {
        for predicate in self.schema.expand("filter", std::slice::from_ref(&predicate), &[])? {
            self.must_stay_in_row("filter", &predicate)?;
        }
        self.then(Step::Filter(predicate), Origin::caller())
    }

    /// A frame of these columns. When all are aggregations, it has one row.
    ///
    /// ```
    /// use lazuli::prelude::*;
    /// # fn main() -> lazuli::Result<()> {
    /// let frame = from_polars(polars::df!("x" => [1_i64, 2, 3], "y" => [2_i64, 2, 2]).unwrap(), 2)?;
    /// let product = frame.select([(col("x") * col("y")).alias("product")])?;
    /// assert_eq!(product.compute()?.into_inner(), polars::df!("product" => [2_i64, 4, 6]).unwrap());
    /// let sums = frame.select([col("*").sum()])?;
    /// assert_eq!(sums.compute()?.into_inner(), polars::df!("x" => [6_i64], "y" => [6_i64]).unwrap());
    /// # Ok(()) }
    /// ```
    #[track_caller]
    pub fn select(&self, expressions: impl AsRef<[Expr]>) -> Result<DataFrame> {
        self.select_all(expressions.as_ref(), Origin::caller())
    }

    /// The same rows with these columns added, or replaced where a name is taken.
    ///
    /// ```
    /// use lazuli::prelude::*;
    /// # fn main() -> lazuli::Result<()> {
    /// let frame = from_polars(polars::df!("x" => [1_i64, 2, 3]).unwrap(), 2)?;
    /// let doubled = frame.with_columns([(col("x") * lit(2)).alias("double")])?;
    /// assert_eq!(doubled.schema().to_string(), "x i64, double i64");
    /// # Ok(()) }
    /// ```
    #[track_caller]
    pub fn with_columns(&self, expressions: impl AsRef<[Expr]>) -> Result<DataFrame> {
        self.with_all_columns(expressions.as_ref(), Origin::caller())
    }

    fn select_all(&self, expressions: &[Expr], origin: Origin) -> Result<DataFrame> {
        let expanded = self.schema.expand("select", expressions, &[])?;
        if !expanded.is_empty() && expanded.iter().all(|expression| self.schema.judge(expression, is_scalar_ae)) {
            let whole = Groups { operation: "select", keys: Vec::new(), nulls: true };
            return aggregate::layers(self, &whole, &expanded, origin);
        }
        let alone = expanded.len() == 1 && self.schema.judge(&expanded[0], is_row_separable_rec);
        if !alone {
            for expression in &expanded {
                self.must_stay_in_row("select", expression)?;
            }
        }
        self.then(Step::Select(expanded), origin)
    }

    fn with_all_columns(&self, expressions: &[Expr], origin: Origin) -> Result<DataFrame> {
        let expanded = self.schema.expand("with_columns", expressions, &[])?;
        for expression in &expanded {
            self.must_stay_in_row("with_columns", expression)?;
        }
        self.then(Step::WithColumns(expanded), origin)
    }

    /// Refuses what polars would compute from the rows of one partition as if they were all rows.
    pub(super) fn must_stay_in_row(&self, operation: &'static str, expression: &Expr) -> Result<(), FrameError> {
        // What cannot be planned at all is refused with polars' own words where the step is planned.
        let plannable = self.schema.judge(expression, |_, _| true);
        if !plannable || self.schema.judge(expression, is_elementwise_rec) {
            return Ok(());
        }
        Err(FrameError::BeyondRow { operation, expression: expression.to_string() })
    }
}
