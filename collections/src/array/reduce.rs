//! Sums, means, minima and maxima, over the whole array or along axes, as trees: each chunk is reduced
//! by itself, then up to [`FAN`] partial results at a time, always in the same order.

use std::sync::Arc;

use ndarray::Axis;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::block::{Block, to_value};
use super::chunks::Grid;
use super::dtype::{DtypeId, for_dtype, for_number};
use super::fold::{Begin, Finish, Folding, Loops};
use super::kernel::Arithmetic;
use super::pass::{Pass, Sink};
use super::raw::RawArray;
use super::tile::Typed;
use super::{Array, ArrayError, Dtype, Number, PerAxis};
use crate::delayed::Delayed;
use crate::error::Result;
use crate::graph::{Detail, Failure, Layer, Node, Operation, Origin, Pattern, Picture, Task, Value, Work};

/// Partial results that one task puts together.
const FAN: usize = 16;

impl<T: Dtype> Array<T> {
    /// The sum of all elements: integers and `bool` as `i64` or `u64`, where they wrap.
    ///
    /// ```
    /// use lazuli::{Array, array::ones};
    /// assert_eq!(ones((100, 100), 10).sum().compute()?, 10_000.0);
    /// assert_eq!(Array::full(3, 100_i8, 1).sum().compute()?, 300);
    /// # Ok::<(), lazuli::Error>(())
    /// ```
    #[track_caller]
    pub fn sum(&self) -> Delayed<T::Sum> {
        Delayed::from_node(self.raw.reduced_whole(Reduction::Sum))
    }

    /// The sums along one axis, or over several, which the result no longer has.
    ///
    /// ```
    /// let x = lazuli::array::ones((2, 3, 4), 2);
    /// assert_eq!(x.sum_axis(1)?.shape(), [2, 4]);
    /// assert_eq!(x.sum_axis((0, 2))?.compute()?, ndarray::array![8.0, 8.0, 8.0]);
    /// assert!(x.sum_axis(3).unwrap_err().to_string().contains("its axes are 0 to 2"));
    /// # Ok::<(), lazuli::Error>(())
    /// ```
    #[track_caller]
    pub fn sum_axis(&self, axes: impl PerAxis) -> Result<Array<T::Sum>> {
        Ok(Array::of(self.raw.reduced(Reduction::Sum, self.raw.axes(axes)?)?))
    }

    /// The mean of all elements: `f32` for `f32`, else `f64`; NaN if there are none.
    ///
    /// ```
    /// let x = lazuli::array::from_ndarray(&ndarray::array![1_i64, 2, 3, 4], 3);
    /// assert_eq!(x.mean().compute()?, 2.5);
    /// # Ok::<(), lazuli::Error>(())
    /// ```
    #[track_caller]
    pub fn mean(&self) -> Delayed<T::Float> {
        Delayed::from_node(self.raw.reduced_whole(Reduction::Mean))
    }

    /// The means along one axis, or over several, which the result no longer has.
    ///
    /// ```
    /// let x = lazuli::array::from_ndarray(&ndarray::array![[1, 2], [3, 6]], 1);
    /// assert_eq!(x.mean_axis(0)?.compute()?, ndarray::array![2.0, 4.0]);
    /// # Ok::<(), lazuli::Error>(())
    /// ```
    #[track_caller]
    pub fn mean_axis(&self, axes: impl PerAxis) -> Result<Array<T::Float>> {
        Ok(Array::of(self.raw.reduced(Reduction::Mean, self.raw.axes(axes)?)?))
    }
}

impl<T: Number> Array<T> {
    /// The smallest element; NaN if there is one, as in NumPy.
    ///
    /// ```
    /// let x = lazuli::array::from_ndarray(&ndarray::array![4, -2, 7], 2);
    /// assert_eq!(x.min().compute()?, -2);
    /// # Ok::<(), lazuli::Error>(())
    /// ```
    ///
    /// # Panics
    /// When the array has no elements.
    #[track_caller]
    pub fn min(&self) -> Delayed<T> {
        Delayed::from_node(self.raw.reduced_whole(Reduction::Min))
    }

    /// The smallest elements along one axis, or over several, which the result no longer has.
    ///
    /// ```
    /// let x = lazuli::array::from_ndarray(&ndarray::array![[4, -2], [0, 9]], 1);
    /// assert_eq!(x.min_axis(1)?.compute()?, ndarray::array![-2, 0]);
    /// # Ok::<(), lazuli::Error>(())
    /// ```
    #[track_caller]
    pub fn min_axis(&self, axes: impl PerAxis) -> Result<Self> {
        Ok(Array::of(self.raw.reduced(Reduction::Min, self.raw.axes(axes)?)?))
    }

    /// The largest element; NaN if there is one, as in NumPy.
    ///
    /// ```
    /// let x = lazuli::array::from_ndarray(&ndarray::array![4, -2, 7], 2);
    /// assert_eq!(x.max().compute()?, 7);
    /// # Ok::<(), lazuli::Error>(())
    /// ```
    ///
    /// # Panics
    /// When the array has no elements.
    #[track_caller]
    pub fn max(&self) -> Delayed<T> {
        Delayed::from_node(self.raw.reduced_whole(Reduction::Max))
    }

    /// The largest elements along one axis, or over several, which the result no longer has.
    ///
    /// ```
    /// let x = lazuli::array::from_ndarray(&ndarray::array![[4, -2], [0, 9]], 1);
    /// assert_eq!(x.max_axis(0)?.compute()?, ndarray::array![4, 9]);
    /// # Ok::<(), lazuli::Error>(())
    /// ```
    #[track_caller]
    pub fn max_axis(&self, axes: impl PerAxis) -> Result<Self> {
        Ok(Array::of(self.raw.reduced(Reduction::Max, self.raw.axes(axes)?)?))
    }
}

/// What elements are reduced to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Reduction {
    Sum,
    Mean,
    Min,
    Max,
}

impl Reduction {
    /// The verb that pictures and errors show.
    fn name(self) -> &'static str {
        match self {
            Reduction::Sum => "sum",
            Reduction::Mean => "mean",
            Reduction::Min => "min",
            Reduction::Max => "max",
        }
    }

    /// What elements of type `dtype` are reduced to.
    fn result(self, dtype: DtypeId) -> DtypeId {
        match self {
            Reduction::Sum => dtype.sum(),
            Reduction::Mean => dtype.float(),
            Reduction::Min | Reduction::Max => dtype,
        }
    }
}

/// One level of the tree.
#[derive(Clone, Serialize, Deserialize)]
struct Level {
    reduction: Reduction,
    /// Of what is read.
    dtype: DtypeId,
    axes: Vec<usize>,
    shape: Shape,
    /// At the last level, the elements that went into one result; a mean divides by it.
    end: Option<usize>,
}

/// What a result is in the end.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Shape {
    /// An array without the reduced axes.
    Array,
    /// One number.
    Number,
}

impl RawArray {
    /// The array reduced along `axes`, which the result no longer has.
    #[track_caller]
    fn reduced(&self, reduction: Reduction, axes: Vec<usize>) -> Result<RawArray, ArrayError> {
        self.something_to_reduce(reduction, &axes)?;
        let chunks = self.chunks.without(&axes);
        let dtype = reduction.result(self.dtype);
        let node = self.tree(reduction, axes, Shape::Array, RawArray::picture(&chunks, dtype));
        Ok(RawArray { node, chunks, dtype })
    }

    /// The one number that all elements are reduced to.
    #[track_caller]
    fn reduced_whole(&self, reduction: Reduction) -> Node {
        let axes: Vec<_> = (0..self.chunks.ndim()).collect();
        self.something_to_reduce(reduction, &axes).unwrap_or_else(|error| panic!("{error}"));
        let detail = Detail::Type(reduction.result(self.dtype).name());
        self.tree(reduction, axes, Shape::Number, Picture { collection: "Delayed", detail, grid: [].into() })
    }

    fn something_to_reduce(&self, reduction: Reduction, axes: &[usize]) -> Result<(), ArrayError> {
        let shape = self.chunks.shape();
        match axes.iter().find(|&&axis| shape[axis] == 0) {
            Some(&axis) if matches!(reduction, Reduction::Min | Reduction::Max) => {
                Err(ArrayError::NothingToReduce { reduction: reduction.name(), axis, shape })
            }
            _ => Ok(()),
        }
    }

    /// Level upon level, until one block is left along each of `axes`.
    #[track_caller]
    fn tree(&self, reduction: Reduction, axes: Vec<usize>, shape: Shape, picture: Picture) -> Node {
        let origin = Origin::caller();
        let count = axes.iter().map(|&axis| self.chunks.shape()[axis]).product();
        // Reduced to one number, blocks are put together in the order of their numbers.
        let (mut grid, merged) = match shape {
            Shape::Array => (self.chunks.grid(), axes.clone()),
            Shape::Number => (Grid::line(self.chunks.grid().count()), vec![0]),
        };
        let mut level = Level { reduction, dtype: self.dtype, axes, shape, end: None };
        let mut first = true;
        let mut node = self.node.clone();
        let mut pattern = Pattern::OneToOne;
        loop {
            let done = grid.longest(&merged) <= 1;
            level.end = done.then_some(count);
            let operation = match first {
                true => Operation::joining(reduction.name(), level.clone(), first_level),
                false => Operation::new(reduction.name(), level.clone(), run_merge),
            };
            let drawn = if done { picture.clone() } else { partial(&grid) };
            node = Layer::of(operation, grid.count(), origin).reads(&node, pattern).drawn(drawn).build();
            if done {
                return node;
            }
            (grid, pattern) = merge(grid, &merged);
            level.dtype = reduction.result(self.dtype);
            first = false;
        }
    }
}

/// The grid with neighbours along `axes` put together, and what each of its tasks reads.
fn merge(grid: Grid, axes: &[usize]) -> (Grid, Pattern) {
    let fan = (1..=FAN).rev().find(|fan| fan.pow(axes.len() as u32) <= FAN).unwrap_or(1).max(2);
    let merged = grid.shrunk(axes, fan);
    if axes.len() == merged.ndim() && axes.len() == 1 {
        return (merged, Pattern::Tree(fan));
    }
    let (axes, to) = (axes.to_vec(), merged.clone());
    let reads = move |partition: usize, reads: &mut Vec<usize>| {
        let range = |(axis, i): (usize, usize)| if axes.contains(&axis) { i * fan..(i + 1) * fan } else { i..i + 1 };
        let ranges: Vec<_> = to.index(partition).into_iter().enumerate().map(range).collect();
        grid.push_all(&ranges, reads);
    };
    (merged, Pattern::Blocks(Arc::new(reads)))
}

fn partial(grid: &Grid) -> Picture {
    Picture { collection: "Array", detail: "partial results".into(), grid: grid.to_vec().into() }
}

/// The first level: each block by itself, at the end of whatever pass makes it.
fn first_level(level: Level) -> Arc<dyn Work> {
    let (dtype, axes) = (level.dtype, level.axes.clone());
    let sink = match level.reduction {
        Reduction::Sum => for_dtype!(dtype, T => sink::<T, <T as Dtype>::Sum>(level, Loops::sum(), Loops::sum())),
        Reduction::Mean => for_dtype!(dtype, T => sink::<T, <T as Dtype>::Float>(level, Loops::sum(), Loops::sum())),
        Reduction::Min => for_number!(dtype, T => sink::<T, T>(level, Loops::min(), Loops::min())),
        Reduction::Max => for_number!(dtype, T => sink::<T, T>(level, Loops::max(), Loops::max())),
    };
    Pass::reduction(dtype, Sink { axes, begin: sink })
}

/// Begins the reduction of a block by the loops `first`, and by `then` for what these gave.
fn sink<T, S>(level: Level, first: Loops<T, S>, then: Loops<S, S>) -> Begin
where
    T: Typed,
    S: Arithmetic + Serialize + DeserializeOwned,
{
    let finish: Finish<S> = Arc::new(move |results| finished(results, &level));
    Arc::new(move |results| Box::new(Folding::new(first, then, results, finish.clone())))
}

/// Any further level: partial results of equal shape become one.
fn run_merge(level: &Level, task: Task) -> Result<Value, Failure> {
    let mut blocks = task.into_values();
    Ok(for_number!(level.dtype, S => {
        let mut merged: Block<S> = blocks.next().expect("a level reads what it merges").take()?;
        for block in blocks {
            let block = block.get::<Block<S>>()?;
            match level.reduction {
                Reduction::Sum | Reduction::Mean => merged.zip_mut_with(block, |a, b| *a = a.plus(*b)),
                Reduction::Min => merged.zip_mut_with(block, |a, b| *a = a.smaller(*b)),
                Reduction::Max => merged.zip_mut_with(block, |a, b| *a = a.larger(*b)),
            }
        }
        finished(merged, level)
    }))
}

/// The partial result, or at the last level the result.
fn finished<S>(mut block: Block<S>, level: &Level) -> Value
where
    S: Arithmetic + Serialize + DeserializeOwned,
{
    let Some(count) = level.end else { return to_value(block) };
    if level.reduction == Reduction::Mean {
        block.mapv_inplace(|sum| sum.shared_by(count));
    }
    match level.shape {
        Shape::Number => Value::new(*block.first().expect("reduced to one number"), size_of::<S>()),
        Shape::Array => {
            let reduced = level.axes.iter().rev();
            to_value(reduced.fold(block, |block, &axis| block.index_axis_move(Axis(axis), 0)))
        }
    }
}
