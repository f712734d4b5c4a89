//! Rows and partitions by position.

use polars::prelude::{DataFrame as PolarsFrame, len};

use super::step::{self, Step};
use super::{DataFrame, FrameError, Table};
use crate::error::Result;
use crate::graph::Origin;
use crate::lazy;

impl DataFrame {
    /// The first `n` rows, at once. Computes the first partition, and more only if it is shorter.
    ///
    /// ```
    /// use lazuli::prelude::*;
    /// # fn main() -> lazuli::Result<()> {
    /// let frame = from_polars(polars::df!("x" => [1_i64, 2, 3, 4]).unwrap(), 4)?;
    /// assert_eq!(frame.head(2)?.into_inner(), polars::df!("x" => [1_i64, 2]).unwrap());
    /// # Ok(()) }
    /// ```
    #[track_caller]
    pub fn head(&self, n: usize) -> Result<Table> {
        let parts = self.until(0..self.npartitions(), n, Step::Head, Origin::caller())?;
        Ok(Table::new(step::stack(parts)?.head(Some(n))))
    }

    /// The last `n` rows, at once. Computes the last partition, and more only if it is shorter.
    ///
    /// ```
    /// use lazuli::prelude::*;
    /// # fn main() -> lazuli::Result<()> {
    /// let frame = from_polars(polars::df!("x" => [1_i64, 2, 3, 4]).unwrap(), 4)?;
    /// assert_eq!(frame.tail(2)?.into_inner(), polars::df!("x" => [3_i64, 4]).unwrap());
    /// # Ok(()) }
    /// ```
    #[track_caller]
    pub fn tail(&self, n: usize) -> Result<Table> {
        let mut parts = self.until((0..self.npartitions()).rev(), n, Step::Tail, Origin::caller())?;
        parts.reverse();
        Ok(Table::new(step::stack(parts)?.tail(Some(n))))
    }

    /// The number of rows, at once.
    ///
    /// ```
    /// use lazuli::prelude::*;
    /// # fn main() -> lazuli::Result<()> {
    /// let frame = from_polars(polars::df!("x" => [1_i64, 2, 3, 4]).unwrap(), 3)?;
    /// assert_eq!(frame.len()?, 4);
    /// # Ok(()) }
    /// ```
    #[track_caller]
    pub fn len(&self) -> Result<usize> {
        let counts = self.then(Step::Select(vec![len()]), Origin::caller())?.compute()?;
        let counts = counts.columns()[0].idx()?;
        Ok(counts.iter().flatten().map(|count| count as usize).sum())
    }

    /// Whether there is no row, at once.
    #[track_caller]
    pub fn is_empty(&self) -> Result<bool> {
        Ok(self.head(1)?.height() == 0)
    }

    /// The frame of one partition, counted from 0.
    ///
    /// ```
    /// use lazuli::prelude::*;
    /// # fn main() -> lazuli::Result<()> {
    /// let frame = from_polars(polars::df!("x" => [1_i64, 2, 3]).unwrap(), 3)?;
    /// assert_eq!(frame.get_partition(2)?.compute()?.into_inner(), polars::df!("x" => [3_i64]).unwrap());
    /// let error = frame.get_partition(3).unwrap_err();
    /// assert_eq!(error.to_string(), "there is no partition 3: the frame has 3, counted from 0");
    /// # Ok(()) }
    /// ```
    #[track_caller]
    pub fn get_partition(&self, partition: usize) -> Result<DataFrame> {
        let partitions = self.npartitions();
        if partition >= partitions {
            return Err(FrameError::NoPartition { partition, partitions }.into());
        }
        let node = lazy::pick(&self.node, "get_partition", vec![partition], Origin::caller());
        Ok(DataFrame::new(node, self.schema.clone()))
    }

    /// Partitions computed one after another, each through `cut(n)`, until there are `n` rows.
    fn until(
        &self,
        partitions: impl Iterator<Item = usize>,
        n: usize,
        cut: fn(u32) -> Step,
        origin: Origin,
    ) -> Result<Vec<PolarsFrame>> {
        let mut parts = Vec::new();
        let mut missing = n;
        for partition in partitions {
            let step = cut(u32::try_from(missing).unwrap_or(u32::MAX));
            let pick = lazy::pick(&self.node, "get_partition", vec![partition], origin);
            let part = DataFrame::new(pick, self.schema.clone()).then(step, origin)?.compute()?;
            missing = missing.saturating_sub(part.height());
            parts.push(part.into_inner());
            if missing == 0 {
                break;
            }
        }
        Ok(parts)
    }
}
