//! The axes of an array in another order: no element moves.

use serde::{Deserialize, Serialize};

use super::block::{Block, to_value};
use super::dtype::{DtypeId, for_dtype};
use super::raw::RawArray;
use super::{Array, ArrayError, Dtype, PerAxis};
use crate::error::Result;
use crate::graph::{Failure, Operation, Pattern, Task, Value};

impl<T: Dtype> Array<T> {
    /// The array with its axes in reverse order: of a matrix, the transpose.
    ///
    /// ```
    /// use ndarray::array;
    /// let x = lazuli::array::from_ndarray(&array![[1, 2, 3], [4, 5, 6]], 2);
    /// assert_eq!(x.t().compute()?, array![[1, 4], [2, 5], [3, 6]]);
    /// # Ok::<(), lazuli::Error>(())
    /// ```
    #[track_caller]
    pub fn t(&self) -> Self {
        Array::of(self.raw.permuted((0..self.ndim()).rev().collect()))
    }

    /// The array with axis `axes[i]` as axis i.
    ///
    /// ```
    /// let x = lazuli::array::zeros((2, 3, 4), 2);
    /// assert_eq!(x.permuted_axes((1, 2, 0))?.shape(), [3, 4, 2]);
    /// let error = x.permuted_axes((0, 1)).unwrap_err();
    /// assert!(error.to_string().contains("name each of its 3 axes once"));
    /// # Ok::<(), lazuli::Error>(())
    /// ```
    #[track_caller]
    pub fn permuted_axes(&self, axes: impl PerAxis) -> Result<Self> {
        let axes = axes.per_axis();
        let given = self.raw.axes(axes.clone())?.len();
        if given != self.ndim() {
            return Err(ArrayError::NotPermutation { given, shape: self.shape() }.into());
        }
        Ok(Array::of(self.raw.permuted(axes)))
    }
}

#[derive(Serialize, Deserialize)]
struct Permutation {
    axes: Vec<usize>,
    dtype: DtypeId,
}

impl RawArray {
    #[track_caller]
    fn permuted(&self, axes: Vec<usize>) -> RawArray {
        let chunks = self.chunks.permuted(&axes);
        let (from, to) = (self.chunks.grid(), chunks.grid());
        let of_axis = axes.clone();
        let reads = move |partition: usize, reads: &mut Vec<usize>| {
            let mut index = to.index(partition);
            for (&axis, i) in of_axis.iter().zip(to.index(partition)) {
                index[axis] = i;
            }
            reads.push(from.partition(&index));
        };
        let operation = Operation::new("transpose", Permutation { axes, dtype: self.dtype }, run);
        let pattern = Pattern::Blocks(std::sync::Arc::new(reads));
        RawArray::made(operation, chunks, self.dtype, &[(self, pattern)])
    }
}

fn run(permutation: &Permutation, task: Task) -> Result<Value, Failure> {
    let axes = &*permutation.axes;
    Ok(for_dtype!(permutation.dtype, T => to_value(task.get::<Block<T>>(0)?.clone().permuted_axes(axes))))
}
