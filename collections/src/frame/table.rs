//! What computing a frame gives: one polars frame, owned.

use std::fmt;
use std::ops::Deref;

use polars::prelude::DataFrame as PolarsFrame;

use super::step;
use crate::graph::Value;

/// A computed frame: all rows, in memory. Derefs to polars' `DataFrame`.
///
/// ```
/// use lazuli::prelude::*;
/// # fn main() -> lazuli::Result<()> {
/// let frame = from_polars(polars::df!("x" => [1_i64, 2, 3]).unwrap(), 2)?;
/// let table = frame.compute()?;
/// assert_eq!(table.height(), 3);
/// assert_eq!(table.into_inner(), polars::df!("x" => [1_i64, 2, 3]).unwrap());
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Table(
    /// A polars frame, erased so that a cell compiles none of its drop.
    Value,
);

impl Table {
    pub(crate) fn new(frame: PolarsFrame) -> Self {
        Table(step::value(frame))
    }

    /// The polars frame itself.
    pub fn into_inner(self) -> PolarsFrame {
        self.0.take().expect("made from a frame")
    }
}

impl Deref for Table {
    type Target = PolarsFrame;

    fn deref(&self) -> &PolarsFrame {
        self.0.get().expect("made from a frame")
    }
}

impl From<Table> for PolarsFrame {
    fn from(table: Table) -> PolarsFrame {
        table.into_inner()
    }
}

impl PartialEq for Table {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&**self, f)
    }
}

impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}
