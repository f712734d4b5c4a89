//! Arrays of numbers, cut into chunks: each chunk is an `ndarray`, each operation a layer of the graph.
//!
//! ```
//! use lazuli::prelude::*;
//!
//! let x = random((1000, 1000), (100, 100), 7);
//! let y = (&x + &x.t()).sin() / 2.0;
//! let column_means = y.mean_axis(0)?;
//! assert_eq!(column_means.shape(), [1000]);
//! assert!(y.mean().compute()? < 0.5);
//! # Ok::<(), lazuli::Error>(())
//! ```
//!
//! What an element may be: [`Dtype`]. How arrays are cut: [`chunks`](self::IntoChunks). What happens to one
//! chunk: `pass`, of instructions that are loops of `kernel`, `step` and `fold`; each `run` of it goes over its blocks as
//! `layout` and `walk` say. The families of operations, one file each: `create`, `random`, `elementwise`,
//! `operators`, `reduce`, `transpose`. Imports: graph, lazy.

mod ahead;
mod block;
mod chunks;
mod codec;
mod create;
pub(crate) mod dtype;
mod elementwise;
mod error;
mod fold;
mod kernel;
mod layout;
mod operators;
mod pass;
mod random;
mod raw;
mod reduce;
mod run;
mod shape;
mod step;
mod stream;
#[cfg(test)]
mod tests;
mod tile;
mod transpose;
mod values;
mod walk;

use std::fmt;
use std::marker::PhantomData;

#[doc(hidden)]
pub use chunks::Chunks;
pub use create::{from_ndarray, full, ones, zeros};
pub use dtype::{Dtype, Float, Number};
pub use error::ArrayError;
pub use random::{normal, random};
pub use shape::{ChunkLengths, IntoChunks, PerAxis};
pub use values::Values;

use crate::error::Result;
use crate::graph::{Node, Value};
use crate::lazy::{self, Lazy};
use crate::schedule::Config;
use raw::RawArray;

/// A lazy array of `T` in chunks; cheap to clone.
///
/// ```
/// use lazuli::prelude::*;
/// let x = ones((4, 6), (2, 3)) * 2.0;
/// assert_eq!(x.sum().compute()?, 48.0);
/// # Ok::<(), lazuli::Error>(())
/// ```
#[must_use = "an array is lazy: nothing runs until `compute()`"]
pub struct Array<T: Dtype> {
    raw: RawArray,
    element: PhantomData<fn() -> T>,
}

impl<T: Dtype> Array<T> {
    fn of(raw: RawArray) -> Self {
        Array { raw, element: PhantomData }
    }

    /// Runs the graph and puts the chunks together.
    ///
    /// ```
    /// let x = lazuli::Array::full((2, 2), 3, 1);
    /// assert_eq!(x.compute()?, ndarray::array![[3, 3], [3, 3]]);
    /// # Ok::<(), lazuli::Error>(())
    /// ```
    pub fn compute(&self) -> Result<Values<T>> {
        lazy::compute(self)
    }

    /// [`compute`](Array::compute) with choices of its own: another scheduler, fewer workers, less memory.
    ///
    /// ```
    /// use lazuli::prelude::*;
    /// # fn main() -> lazuli::Result<()> {
    /// let sum = ones((4, 4), 2) + 1.0;
    /// assert_eq!(sum.compute_with(Scheduler::Synchronous)?[[0, 0]], 2.0);
    /// # Ok(()) }
    /// ```
    pub fn compute_with(&self, config: impl Into<Config>) -> Result<Values<T>> {
        lazy::compute_with(self, config.into())
    }

    /// Runs the graph and keeps the chunks in memory: an array on which later work starts.
    ///
    /// ```
    /// let x = lazuli::array::random(100, 10, 1).persist()?;
    /// assert_eq!(x.sum().compute()?, x.sum().compute()?);
    /// # Ok::<(), lazuli::Error>(())
    /// ```
    pub fn persist(&self) -> Result<Self> {
        Ok(Array::of(self.raw.with_node(lazy::persist(&self.raw.node)?)))
    }

    /// Length of each axis.
    ///
    /// ```
    /// assert_eq!(lazuli::array::zeros((4, 6), 3).shape(), [4, 6]);
    /// ```
    pub fn shape(&self) -> Vec<usize> {
        self.raw.chunks.shape()
    }

    /// Number of axes.
    ///
    /// ```
    /// assert_eq!(lazuli::array::zeros((4, 6), 3).ndim(), 2);
    /// ```
    pub fn ndim(&self) -> usize {
        self.raw.chunks.ndim()
    }

    /// Number of elements.
    ///
    /// ```
    /// assert_eq!(lazuli::array::zeros((4, 6), 3).size(), 24);
    /// ```
    pub fn size(&self) -> usize {
        self.shape().iter().product()
    }

    /// Bytes that all elements occupy once they are computed.
    ///
    /// ```
    /// assert_eq!(lazuli::array::zeros((4, 6), 3).nbytes(), 192);
    /// ```
    pub fn nbytes(&self) -> usize {
        self.size() * self.raw.dtype.bytes()
    }

    /// Name of the element type.
    ///
    /// ```
    /// assert_eq!(lazuli::array::zeros((4, 6), 3).dtype(), "f64");
    /// ```
    pub fn dtype(&self) -> &'static str {
        T::NAME
    }

    /// The length of every chunk along each axis.
    ///
    /// ```
    /// assert_eq!(lazuli::array::zeros((4, 6), 4).chunks(), [vec![4], vec![4, 2]]);
    /// ```
    pub fn chunks(&self) -> Vec<Vec<usize>> {
        self.raw.chunks.lengths()
    }

    /// The largest chunk along each axis.
    ///
    /// ```
    /// assert_eq!(lazuli::array::zeros((4, 6), (4, 5)).chunksize(), [4, 5]);
    /// ```
    pub fn chunksize(&self) -> Vec<usize> {
        self.raw.chunks.largest()
    }

    /// Number of chunks along each axis.
    ///
    /// ```
    /// assert_eq!(lazuli::array::zeros((4, 6), 4).numblocks(), [1, 2]);
    /// ```
    pub fn numblocks(&self) -> Vec<usize> {
        self.raw.chunks.grid().to_vec()
    }

    /// Number of chunks.
    ///
    /// ```
    /// assert_eq!(lazuli::array::zeros((4, 6), 2).npartitions(), 6);
    /// ```
    pub fn npartitions(&self) -> usize {
        self.raw.node.partitions()
    }

    /// The chunk at `index`, which has a number for each axis, as an array of its own.
    ///
    /// ```
    /// let x = lazuli::array::random((4, 6), 2, 1);
    /// assert_eq!(x.block((1, 2))?.shape(), [2, 2]);
    /// assert!(x.block((2, 0)).unwrap_err().to_string().contains("no block (2, 0) in a grid of (2, 3)"));
    /// # Ok::<(), lazuli::Error>(())
    /// ```
    #[track_caller]
    pub fn block(&self, index: impl PerAxis) -> Result<Self> {
        Ok(Array::of(self.raw.block(&index.per_axis())?))
    }
}

impl<T: Dtype> Lazy for Array<T> {
    type Output = Values<T>;

    fn node(&self) -> &Node {
        &self.raw.node
    }

    fn gather(&self, partitions: Vec<Value>) -> Result<Values<T>> {
        Ok(Values::new(T::gather(&self.raw.chunks, partitions)?))
    }
}

impl<T: Dtype> Clone for Array<T> {
    fn clone(&self) -> Self {
        Array::of(self.raw.clone())
    }
}

impl<T: Dtype> fmt::Debug for Array<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.raw, f)
    }
}

/// What the array is; never computes.
impl<T: Dtype> fmt::Display for Array<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.raw, f)
    }
}
