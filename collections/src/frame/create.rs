//! Frames made from one that is in memory already.

use std::borrow::Borrow;

use polars::prelude::DataFrame as PolarsFrame;

use super::{DataFrame, FrameError, FrameSchema, step};
use crate::error::Result;
use crate::graph::{Layer, Operation, Origin};

/// A lazy frame over the rows of `frame` (or `&frame`), cut into `npartitions` parts of equal size (to a row).
/// There are fewer when there are fewer rows. The data is shared, not copied.
///
/// ```
/// use lazuli::prelude::*;
/// # fn main() -> lazuli::Result<()> {
/// let eager = polars::df!("x" => [1_i64, 2, 3, 4, 5]).unwrap();
/// let frame = from_polars(&eager, 2)?;
/// assert_eq!(frame.npartitions(), 2);
/// assert_eq!(frame.get_partition(1)?.compute()?.height(), 2);
/// assert_eq!(from_polars(eager, 5)?.npartitions(), 5);
/// # Ok(()) }
/// ```
#[track_caller]
pub fn from_polars(frame: impl Borrow<PolarsFrame>, npartitions: usize) -> Result<DataFrame> {
    cut(frame.borrow(), npartitions, Origin::caller())
}

fn cut(frame: &PolarsFrame, npartitions: usize, origin: Origin) -> Result<DataFrame> {
    if npartitions == 0 {
        return Err(FrameError::Zero { what: "the number of partitions" }.into());
    }
    let partitions = npartitions.min(frame.height()).max(1);
    let schema = FrameSchema::new(frame.schema().clone());
    let whole = frame.clone();
    let operation = Operation::holding("from_polars", (whole, partitions), |(whole, partitions), task| {
        let start = |partition| share(whole.height(), *partitions, partition);
        let (from, to) = (start(task.partition()), start(task.partition() + 1));
        Ok(step::value(whole.slice(from as i64, to - from)))
    });
    let node = Layer::of(operation, partitions, origin).drawn(schema.picture()).build();
    Ok(DataFrame::new(node, schema))
}

/// Where part `part` of `parts` begins, the first parts being one longer where they cannot be equal.
fn share(rows: usize, parts: usize, part: usize) -> usize {
    rows / parts * part + part.min(rows % parts)
}
