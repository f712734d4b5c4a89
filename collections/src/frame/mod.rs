//! Data frames: a table cut into partitions of rows, each a polars frame.
//!
//! The columns are known while the graph is built, so a wrong name or type fails in the call that wrote it.
//! Rows keep their order; there is no index. Operations and their names are polars' own, with the
//! expressions of polars; three things are as in pandas and Dask instead:
//!
//! - groups come sorted by their key, and rows whose key is null belong to no group;
//! - a NaN that is read from a CSV file is a null, as an empty field is;
//! - what looks beyond a row (`shift`, `cum_sum`, `x - x.mean()`) is refused where partitions cannot see it.
//!
//! Counts of rows (`len()`, `count()`) are columns of type u32, polars' own index type: cast them before taking differences.
//!
//! Imports: graph, lazy.

mod aggregate;
mod codec;
mod create;
mod csv;
mod error;
mod group;
mod reduce;
mod rows;
mod schema;
mod select;
mod step;
mod table;
#[cfg(test)]
mod tests;

pub use create::from_polars;
pub use csv::{CsvOptions, read_csv, read_csv_with};
pub use error::FrameError;
pub use group::{GroupBy, Keys};
pub use schema::FrameSchema;
pub use table::Table;

use crate::error::Result;
use crate::graph::{Layer, Node, Origin, Pattern, Value};
use crate::lazy::{self, Lazy};
use crate::schedule::Config;
use step::Step;

/// A lazy table in partitions of rows.
///
/// ```
/// use lazuli::prelude::*;
/// # fn main() -> lazuli::Result<()> {
/// # let file = std::env::temp_dir().join("lazuli-doc-frame.csv");
/// # std::fs::write(&file, "zone,fare\n1,2.5\n2,4.0\n1,3.5\n").unwrap();
/// let trips = read_csv(&file)?;
/// let fares = trips.filter(col("fare").gt(lit(3)))?.group_by(["zone"]).agg([col("fare").mean()])?;
/// assert_eq!(fares.schema().to_string(), "zone i64, fare f64");
/// assert_eq!(fares.compute()?.into_inner(), polars::df!("zone" => [1_i64, 2], "fare" => [3.5, 4.0]).unwrap());
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
#[must_use = "a frame is lazy: `compute()` runs it"]
pub struct DataFrame {
    node: Node,
    schema: FrameSchema,
}

impl DataFrame {
    fn new(node: Node, schema: FrameSchema) -> Self {
        DataFrame { node, schema }
    }

    /// Runs the graph and returns all rows.
    ///
    /// ```
    /// use lazuli::prelude::*;
    /// # fn main() -> lazuli::Result<()> {
    /// let frame = from_polars(polars::df!("x" => [1_i64, 2, 3]).unwrap(), 3)?;
    /// assert_eq!(frame.compute()?.height(), 3);
    /// # Ok(()) }
    /// ```
    pub fn compute(&self) -> Result<Table> {
        lazy::compute(self)
    }

    /// [`compute`](DataFrame::compute) with choices of its own: another scheduler, fewer workers, less memory.
    ///
    /// ```
    /// use lazuli::prelude::*;
    /// # fn main() -> lazuli::Result<()> {
    /// let frame = from_polars(&polars::df!("x" => [1_i64, 2, 3]).unwrap(), 3)?;
    /// assert_eq!(frame.compute_with(Scheduler::Synchronous)?.height(), 3);
    /// # Ok(()) }
    /// ```
    pub fn compute_with(&self, config: impl Into<Config>) -> Result<Table> {
        lazy::compute_with(self, config.into())
    }

    /// Runs the graph and keeps the partitions in memory: later work starts from them.
    ///
    /// ```
    /// use lazuli::prelude::*;
    /// # fn main() -> lazuli::Result<()> {
    /// let frame = from_polars(polars::df!("x" => [1_i64, 2, 3]).unwrap(), 3)?.persist()?;
    /// assert_eq!((frame.npartitions(), frame.compute()?.height()), (3, 3));
    /// # Ok(()) }
    /// ```
    pub fn persist(&self) -> Result<DataFrame> {
        Ok(DataFrame::new(lazy::persist(&self.node)?, self.schema.clone()))
    }

    /// Names and types of the columns, without computing.
    pub fn schema(&self) -> FrameSchema {
        self.schema.clone()
    }

    /// Names of the columns, without computing.
    ///
    /// ```
    /// use lazuli::prelude::*;
    /// # fn main() -> lazuli::Result<()> {
    /// let frame = from_polars(polars::df!("a" => [1_i64], "b" => ["x"]).unwrap(), 1)?;
    /// assert_eq!(frame.columns(), ["a", "b"]);
    /// # Ok(()) }
    /// ```
    pub fn columns(&self) -> Vec<String> {
        self.schema.names()
    }

    /// Number of partitions.
    pub fn npartitions(&self) -> usize {
        self.node.partitions()
    }

    /// The frame in which every partition of this one went through `step`.
    fn then(&self, step: Step, origin: Origin) -> Result<DataFrame> {
        let schema = self.schema.after(&step)?;
        Ok(self.layer(step.name(), vec![step], Pattern::OneToOne, self.npartitions(), schema, origin))
    }

    /// A layer over this frame that does `steps` to what each of its `tasks` reads.
    fn layer(
        &self,
        name: &'static str,
        steps: Vec<Step>,
        reads: Pattern,
        tasks: usize,
        schema: FrameSchema,
        origin: Origin,
    ) -> DataFrame {
        let layer = Layer::of(step::operation(name, steps), tasks, origin);
        let node = layer.reads(&self.node, reads).drawn(schema.picture()).build();
        DataFrame::new(node, schema)
    }
}

impl Lazy for DataFrame {
    type Output = Table;

    fn node(&self) -> &Node {
        &self.node
    }

    fn gather(&self, partitions: Vec<Value>) -> Result<Table> {
        Ok(Table::new(step::stack(step::frames(partitions)?)?))
    }
}
