//! Functions of each element: roots, logarithms, sines; conversions; functions of two arrays that broadcast.
//! What the loops are: `kernel`. What is written as an operator: `operators`.

use serde::{Deserialize, Serialize};

use super::block::{self, Block, Side, to_value};
use super::dtype::{Cast, DtypeId, Scalar, for_dtype, for_float, for_number, sealed::Erased};
use super::kernel::{Arithmetic, Binary, Unary, float_functions};
use super::raw::RawArray;
use super::{Array, ArrayError, Chunks, Dtype, Number};
use crate::error::Result;
use crate::graph::{Failure, Operation, Pattern, Task, Value};

macro_rules! methods {
    ($($Variant:ident $method:ident $std:ident $doc:literal;)*) => {
        /// Functions that give floats: integers are turned into `f64` first, as in NumPy.
        impl<T: Number> Array<T> {$(
            #[doc = $doc]
            ///
            /// ```
            /// use lazuli::prelude::*;
            #[doc = concat!("let x = ones((2, 2), 1).", stringify!($method), "();")]
            #[doc = concat!("assert_eq!(x.compute()?[[0, 0]], 1_f64.", stringify!($std), "());")]
            /// # Ok::<(), lazuli::Error>(())
            /// ```
            #[track_caller]
            pub fn $method(&self) -> Array<T::Float> {
                Array::of(self.raw.unary(Unary::$Variant))
            }
        )*}
    };
}

float_functions!(methods);

impl<T: Number> Array<T> {
    /// The element without its sign.
    ///
    /// ```
    /// assert_eq!(lazuli::Array::full(3, -7, 2).abs().compute()?[[0]], 7);
    /// # Ok::<(), lazuli::Error>(())
    /// ```
    #[track_caller]
    pub fn abs(&self) -> Self {
        Array::of(self.raw.unary(Unary::Absolute))
    }

    /// The smaller of two elements; NaN if one is NaN, as in NumPy.
    ///
    /// ```
    /// let x = lazuli::array::from_ndarray(&ndarray::array![1, 5, 3], 2);
    /// let y = lazuli::Array::full(1, 4, 1);
    /// assert_eq!(x.minimum(&y)?.compute()?, ndarray::array![1, 4, 3]);
    /// # Ok::<(), lazuli::Error>(())
    /// ```
    #[track_caller]
    pub fn minimum(&self, other: &Array<T>) -> Result<Self> {
        Ok(Array::of(self.raw.binary(Binary::Minimum, &other.raw)?))
    }

    /// The larger of two elements; NaN if one is NaN, as in NumPy.
    ///
    /// ```
    /// let x = lazuli::array::from_ndarray(&ndarray::array![1, 5, 3], 2);
    /// let y = lazuli::Array::full(1, 4, 1);
    /// assert_eq!(x.maximum(&y)?.compute()?, ndarray::array![4, 5, 4]);
    /// # Ok::<(), lazuli::Error>(())
    /// ```
    #[track_caller]
    pub fn maximum(&self, other: &Array<T>) -> Result<Self> {
        Ok(Array::of(self.raw.binary(Binary::Maximum, &other.raw)?))
    }
}

impl<T: Dtype> Array<T> {
    /// Every element converted as Rust's `as` does it; `bool` is whether an element is not 0.
    ///
    /// ```
    /// let x = lazuli::array::from_ndarray(&ndarray::array![-1.5, 0.0, 300.0], 2);
    /// assert_eq!(x.astype::<i32>().compute()?, ndarray::array![-1, 0, 300]);
    /// assert_eq!(x.astype::<bool>().compute()?, ndarray::array![true, false, true]);
    /// # Ok::<(), lazuli::Error>(())
    /// ```
    #[track_caller]
    pub fn astype<U: Dtype>(&self) -> Array<U> {
        Array::of(self.raw.converted(U::ID))
    }
}

#[derive(Serialize, Deserialize)]
struct Each {
    function: Unary,
    dtype: DtypeId,
}

#[derive(Serialize, Deserialize)]
struct Pairs {
    function: Binary,
    dtype: DtypeId,
}

#[derive(Serialize, Deserialize)]
struct WithScalar {
    function: Binary,
    dtype: DtypeId,
    scalar: Scalar,
    side: Side,
}

#[derive(Serialize, Deserialize)]
struct Conversion {
    from: DtypeId,
    to: DtypeId,
}

#[derive(Serialize, Deserialize)]
struct Cut {
    from: Chunks,
    to: Chunks,
    dtype: DtypeId,
}

impl RawArray {
    #[track_caller]
    pub(super) fn unary(&self, function: Unary) -> RawArray {
        let array = if function.is_of_floats() { self.floats() } else { self.clone() };
        let each = Each { function, dtype: array.dtype };
        array.mapped(Operation::new(function.name(), each, run_each), array.dtype)
    }

    #[track_caller]
    pub(super) fn with_scalar(&self, function: Binary, scalar: Scalar, side: Side) -> RawArray {
        let (array, scalar) = match function {
            Binary::Div => (self.floats(), converted(scalar, self.dtype)),
            _ => (self.clone(), scalar),
        };
        let with = WithScalar { function, dtype: array.dtype, scalar, side };
        array.mapped(Operation::new(function.name(), with, run_with_scalar), array.dtype)
    }

    #[track_caller]
    pub(super) fn binary(&self, function: Binary, other: &RawArray) -> Result<RawArray, ArrayError> {
        let chunks = self.chunks.broadcast(&other.chunks)?;
        let operand = |array: &RawArray| if function == Binary::Div { array.floats() } else { array.clone() };
        let (a, b) = (operand(self).cut_like(&chunks), operand(other).cut_like(&chunks));
        let pairs = Operation::new(function.name(), Pairs { function, dtype: a.dtype }, run_pairs);
        let grid = chunks.grid();
        let inputs = [(&a, grid.reads_broadcast(a.chunks.grid())), (&b, grid.reads_broadcast(b.chunks.grid()))];
        Ok(RawArray::made(pairs, chunks, a.dtype, &inputs))
    }

    #[track_caller]
    fn converted(&self, to: DtypeId) -> RawArray {
        if to == self.dtype {
            return self.clone();
        }
        self.mapped(Operation::new("astype", Conversion { from: self.dtype, to }, run_conversion), to)
    }

    /// The array as floats, which it may be already.
    #[track_caller]
    fn floats(&self) -> RawArray {
        self.converted(self.dtype.float())
    }

    /// The array cut into smaller chunks, each of which lies in one that it has, to broadcast into `whole`.
    #[track_caller]
    fn cut_like(&self, whole: &Chunks) -> RawArray {
        let chunks = self.chunks.cut_like(whole);
        if chunks == self.chunks {
            return self.clone();
        }
        let cut = Cut { from: self.chunks.clone(), to: chunks.clone(), dtype: self.dtype };
        let (from, to) = (self.chunks.clone(), chunks.clone());
        let reads =
            move |partition: usize, reads: &mut Vec<usize>| reads.push(from.block_around(&to.region(partition)));
        let pattern = Pattern::Blocks(std::sync::Arc::new(reads));
        RawArray::made(Operation::new("rechunk", cut, run_cut), chunks, self.dtype, &[(self, pattern)])
    }
}

fn converted(scalar: Scalar, from: DtypeId) -> Scalar {
    for_float!(from.float(), F => for_number!(from, T => Cast::<F>::cast(T::from_scalar(scalar)).to_scalar()))
}

fn run_each(each: &Each, task: Task) -> Result<Value, Failure> {
    let mut values = task.into_values();
    let function = each.function;
    Ok(if function.is_of_floats() {
        for_float!(each.dtype, T => to_value(block::each(block::next(&mut values)?, T::unary(function))))
    } else {
        for_number!(each.dtype, T => to_value(block::each(block::next(&mut values)?, T::unary(function))))
    })
}

fn run_with_scalar(with: &WithScalar, task: Task) -> Result<Value, Failure> {
    let mut values = task.into_values();
    Ok(for_number!(with.dtype, T => {
        to_value(block::with_scalar(block::next(&mut values)?, with.function, T::from_scalar(with.scalar), with.side))
    }))
}

fn run_pairs(pairs: &Pairs, task: Task) -> Result<Value, Failure> {
    let mut values = task.into_values();
    Ok(for_number!(pairs.dtype, T => {
        to_value(block::zip::<T>(block::next(&mut values)?, block::next(&mut values)?, pairs.function))
    }))
}

fn run_conversion(conversion: &Conversion, task: Task) -> Result<Value, Failure> {
    let Conversion { from, to } = *conversion;
    Ok(for_dtype!(from, T => for_dtype!(to, U => to_value::<U>(block::cast(task.get::<Block<T>>(0)?)))))
}

fn run_cut(cut: &Cut, task: Task) -> Result<Value, Failure> {
    let region = cut.to.region(task.partition());
    let around = cut.from.region(cut.from.block_around(&region));
    let inside =
        region.iter().zip(&around).map(|(region, around)| region.start - around.start..region.end - around.start);
    let inside: Vec<_> = inside.collect();
    let mut values = task.into_values();
    Ok(for_dtype!(cut.dtype, T => to_value(block::part::<T>(block::next(&mut values)?, &inside))))
}
