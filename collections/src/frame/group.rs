//! Rows by key.

use polars::prelude::{Expr, col};

use super::aggregate::{self, Groups};
use super::{DataFrame, FrameError};
use crate::error::Result;
use crate::graph::{Origin, Value};

/// A frame whose rows are to be aggregated by key; made by [`DataFrame::group_by`].
#[derive(Clone, Debug)]
#[must_use = "groups wait for `agg()`"]
pub struct GroupBy {
    frame: DataFrame,
    /// A `Vec<Expr>`, erased so that a cell compiles none of its drop.
    keys: Value,
    drop_nulls: bool,
}

impl DataFrame {
    /// Rows by the value of these columns or expressions, to be aggregated by [`GroupBy::agg`].
    ///
    /// ```
    /// use lazuli::prelude::*;
    /// # fn main() -> lazuli::Result<()> {
    /// let frame = from_polars(polars::df!("k" => ["b", "a", "b"], "x" => [1_i64, 2, 3]).unwrap(), 2)?;
    /// let sums = frame.group_by(["k"]).agg([col("x").sum()])?;
    /// assert_eq!(sums.compute()?.into_inner(), polars::df!("k" => ["a", "b"], "x" => [2_i64, 4]).unwrap());
    /// # Ok(()) }
    /// ```
    pub fn group_by(&self, keys: impl Keys) -> GroupBy {
        GroupBy { frame: self.clone(), keys: keys.keys(), drop_nulls: true }
    }
}

/// What rows can be grouped by: some names of columns, or some expressions.
///
/// A trait of few lines each, so that a cell compiles no more than a call.
pub trait Keys {
    /// The keys as expressions, erased.
    #[doc(hidden)]
    fn keys(&self) -> Value;
}

impl<const N: usize> Keys for [&str; N] {
    fn keys(&self) -> Value {
        self.as_slice().keys()
    }
}

impl<const N: usize> Keys for [Expr; N] {
    fn keys(&self) -> Value {
        self.as_slice().keys()
    }
}

impl Keys for &[&str] {
    fn keys(&self) -> Value {
        Value::local(self.iter().map(|name| col(*name)).collect::<Vec<Expr>>(), 0)
    }
}

impl Keys for &[Expr] {
    fn keys(&self) -> Value {
        Value::local(self.to_vec(), 0)
    }
}

impl Keys for Vec<Expr> {
    fn keys(&self) -> Value {
        self.as_slice().keys()
    }
}

impl Keys for Vec<String> {
    fn keys(&self) -> Value {
        Value::local(self.iter().map(|name| col(name.as_str())).collect::<Vec<Expr>>(), 0)
    }
}

impl GroupBy {
    /// Whether rows with a null in their key are left out, as pandas does; without this call they are.
    ///
    /// ```
    /// use lazuli::prelude::*;
    /// # fn main() -> lazuli::Result<()> {
    /// let frame = from_polars(polars::df!("k" => [Some("a"), None], "x" => [1_i64, 2]).unwrap(), 2)?;
    /// assert_eq!(frame.group_by(["k"]).agg([len()])?.len()?, 1);
    /// assert_eq!(frame.group_by(["k"]).dropna(false).agg([len()])?.len()?, 2);
    /// # Ok(()) }
    /// ```
    pub fn dropna(&self, drop_nulls: bool) -> GroupBy {
        GroupBy { drop_nulls, ..self.clone() }
    }

    /// One row a group, sorted by key: the key and these aggregations.
    ///
    /// Each partition is aggregated by itself, then the parts are combined in a tree. That can be done for sum, mean,
    /// min, max, count, len, first, last, std and var of any expression over single rows, and for arithmetic on these.
    /// Columns of `len()` and `count()` are u32, as in polars.
    ///
    /// ```
    /// use lazuli::prelude::*;
    /// # fn main() -> lazuli::Result<()> {
    /// let frame = from_polars(polars::df!("k" => [1_i64, 1, 2], "x" => [1.0, 2.0, 5.0]).unwrap(), 2)?;
    /// let spread = (col("x").max() - col("x").min()).alias("spread");
    /// let table = frame.group_by(["k"]).agg([col("x").mean(), spread, len()])?.compute()?;
    /// assert_eq!(table.get_column_names(), ["k", "x", "spread", "len"]);
    /// assert_eq!(table.column("x").unwrap().f64().unwrap().get(0), Some(1.5));
    ///
    /// let error = frame.group_by(["k"]).agg([col("x").median()]).unwrap_err();
    /// assert!(error.to_string().contains("cannot be put together from partitions"));
    /// # Ok(()) }
    /// ```
    #[track_caller]
    pub fn agg(&self, aggregations: impl AsRef<[Expr]>) -> Result<DataFrame> {
        self.agg_all(aggregations.as_ref(), Origin::caller())
    }

    fn agg_all(&self, aggregations: &[Expr], origin: Origin) -> Result<DataFrame> {
        let frame = &self.frame;
        let keys: &Vec<Expr> = self.keys.get().expect("made from expressions");
        if keys.is_empty() {
            return Err(FrameError::Zero { what: "the number of keys of group_by" }.into());
        }
        let keys = frame.schema.expand("group_by", keys, &[])?;
        for key in &keys {
            frame.must_stay_in_row("group_by", key)?;
        }
        let groups = Groups { operation: "group_by", keys, nulls: !self.drop_nulls };
        let names = groups.names(&frame.schema)?;
        let aggregations = frame.schema.expand("group_by", aggregations, &names)?;
        aggregate::layers(frame, &groups, &aggregations, origin)
    }
}
