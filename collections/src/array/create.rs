//! Arrays from nothing and from an `ndarray`.

use std::sync::Arc;

use ndarray::{ArrayBase, Data, Dimension};
use serde::{Deserialize, Serialize};

use super::block::{self, to_value};
use super::dtype::{DtypeId, Scalar, for_dtype, sealed::Erased};
use super::pass::{Pass, Source};
use super::raw::RawArray;
use super::shape::{ChunkLengths, IntoChunks, PerAxis};
use super::tile::Typed;
use super::{Array, Chunks, Dtype};
use crate::graph::{Failure, Operation, Task, Value};

/// Zeros, of type `f64`; see [`Array::zeros`] for others.
///
/// ```
/// assert_eq!(lazuli::array::zeros((2, 2), 1).sum().compute()?, 0.0);
/// # Ok::<(), lazuli::Error>(())
/// ```
///
/// # Panics
/// When `chunks` do not fit `shape`, as every function that makes an array.
#[track_caller]
pub fn zeros(shape: impl PerAxis, chunks: impl IntoChunks) -> Array<f64> {
    Array::zeros(shape, chunks)
}

/// Ones, of type `f64`; see [`Array::ones`] for others.
///
/// ```
/// assert_eq!(lazuli::array::ones((2, 2), 1).sum().compute()?, 4.0);
/// # Ok::<(), lazuli::Error>(())
/// ```
#[track_caller]
pub fn ones(shape: impl PerAxis, chunks: impl IntoChunks) -> Array<f64> {
    Array::ones(shape, chunks)
}

/// `number` everywhere, of type `f64`; see [`Array::full`] for others.
///
/// ```
/// assert_eq!(lazuli::array::full((2, 2), 2.5, 1).sum().compute()?, 10.0);
/// # Ok::<(), lazuli::Error>(())
/// ```
#[track_caller]
pub fn full(shape: impl PerAxis, number: f64, chunks: impl IntoChunks) -> Array<f64> {
    Array::full(shape, number, chunks)
}

/// The elements of an `ndarray` of any kind, copied once and then cut.
///
/// ```
/// use ndarray::array;
/// let x = lazuli::array::from_ndarray(&array![[1_i64, 2, 3], [4, 5, 6]], (1, 2));
/// assert_eq!(x.numblocks(), [2, 2]);
/// assert_eq!(x.sum_axis(0)?.compute()?, array![5, 7, 9]);
/// # Ok::<(), lazuli::Error>(())
/// ```
///
/// Write the type of one literal, as here: an array of plain `1` or `1.0` that is computed in the same cell
/// leaves the compiler no way to know what its sum is.
#[track_caller]
pub fn from_ndarray<T, S, D>(array: &ArrayBase<S, D>, chunks: impl IntoChunks) -> Array<T>
where
    T: Dtype,
    S: Data<Elem = T>,
    D: Dimension,
{
    let chunks = checked(array.shape().to_vec(), chunks.into_chunks());
    Array::of(cut(T::to_value(array.view().into_dyn()), chunks, T::ID))
}

impl<T: Dtype> Array<T> {
    /// Zeros of any type; `false` for `bool`.
    ///
    /// ```
    /// let x = lazuli::Array::<i32>::zeros((2, 3), 2);
    /// assert_eq!(x.dtype(), "i32");
    /// ```
    #[track_caller]
    pub fn zeros(shape: impl PerAxis, chunks: impl IntoChunks) -> Self {
        Array::full(shape, T::ZERO, chunks)
    }

    /// Ones of any type; `true` for `bool`.
    ///
    /// ```
    /// let x = lazuli::Array::<bool>::ones((2, 3), 2);
    /// assert_eq!(x.sum().compute()?, 6);
    /// # Ok::<(), lazuli::Error>(())
    /// ```
    #[track_caller]
    pub fn ones(shape: impl PerAxis, chunks: impl IntoChunks) -> Self {
        Array::full(shape, T::ONE, chunks)
    }

    /// `number` everywhere.
    ///
    /// ```
    /// let x = lazuli::Array::full(3, 7_u8, 2);
    /// assert_eq!(x.compute()?, ndarray::array![7, 7, 7]);
    /// # Ok::<(), lazuli::Error>(())
    /// ```
    #[track_caller]
    pub fn full(shape: impl PerAxis, number: T, chunks: impl IntoChunks) -> Self {
        Array::of(constant(checked(shape.per_axis(), chunks.into_chunks()), number.to_scalar(), T::ID))
    }
}

/// The chunks, or a panic that says why they do not fit.
#[track_caller]
pub(super) fn checked(shape: Vec<usize>, chunks: ChunkLengths) -> Chunks {
    Chunks::new(shape, chunks).unwrap_or_else(|error| panic!("{error}"))
}

#[derive(Serialize, Deserialize)]
struct Constant {
    chunks: Chunks,
    number: Scalar,
    dtype: DtypeId,
}

#[track_caller]
fn constant(chunks: Chunks, number: Scalar, dtype: DtypeId) -> RawArray {
    let operation = Operation::joining("full", Constant { chunks: chunks.clone(), number, dtype }, |constant| {
        let Constant { chunks, number, dtype } = constant;
        let source: Source = for_dtype!(dtype, T => {
            let number = T::from_scalar(number);
            Arc::new(move |made, _, _| <T as Typed>::unwrap(made).fill(number))
        });
        Pass::source(chunks, dtype, source)
    });
    RawArray::made(operation, chunks, dtype, &[])
}

/// The blocks of an array that is in memory.
#[track_caller]
fn cut(whole: Value, chunks: Chunks, dtype: DtypeId) -> RawArray {
    let held = (whole, chunks.clone());
    let block = move |task: Task| -> Result<Value, Failure> {
        let (whole, chunks) = &held;
        let region = chunks.region(task.partition());
        Ok(for_dtype!(dtype, T => to_value(block::part(whole.get::<block::Block<T>>()?.clone(), &region))))
    };
    RawArray::made(Operation::holding("from_ndarray", block, |block, task| block(task)), chunks, dtype, &[])
}
