//! Functions of each element: roots, logarithms, sines; conversions; functions of two arrays that broadcast.
//! What the loops are: `kernel`. What is written as an operator: `operators`.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::block::{self, Block, to_value};
use super::dtype::{Cast, DtypeId, Scalar, for_dtype, for_float, for_number, sealed::Erased};
use super::kernel::{self, Arithmetic, Binary, BinaryLoops, Side, Unary, float_functions};
use super::pass::{Code, Input, Map, Operand, Pace, Pass, of_one, of_two};
use super::raw::RawArray;
use super::step::AnyStep;
use super::tile::Typed;
use super::{Array, ArrayError, Chunks, Dtype, Number};
use crate::error::Result;
use crate::graph::{Failure, Operation, Pattern, Task, Value, Work};

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
    /// For left and right, whether it is smaller than the result.
    broadcast: [bool; 2],
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
        array.mapped(Operation::joining(function.name(), each, each_element), array.dtype)
    }

    #[track_caller]
    pub(super) fn with_scalar(&self, function: Binary, scalar: Scalar, side: Side) -> RawArray {
        let (array, scalar) = match function {
            Binary::Div => (self.floats(), converted(scalar, self.dtype)),
            _ => (self.clone(), scalar),
        };
        let with = WithScalar { function, dtype: array.dtype, scalar, side };
        array.mapped(Operation::joining(function.name(), with, with_scalar), array.dtype)
    }

    #[track_caller]
    pub(super) fn binary(&self, function: Binary, other: &RawArray) -> Result<RawArray, ArrayError> {
        let chunks = self.chunks.broadcast(&other.chunks)?;
        let operand = |array: &RawArray| if function == Binary::Div { array.floats() } else { array.clone() };
        let (a, b) = (operand(self).cut_like(&chunks), operand(other).cut_like(&chunks));
        let broadcast = [&a, &b].map(|operand| operand.chunks != chunks);
        let operation = Operation::joining(function.name(), Pairs { function, dtype: a.dtype, broadcast }, pairs);
        let grid = chunks.grid();
        let inputs = [(&a, grid.reads_broadcast(a.chunks.grid())), (&b, grid.reads_broadcast(b.chunks.grid()))];
        Ok(RawArray::made(operation, chunks, a.dtype, &inputs))
    }

    #[track_caller]
    fn converted(&self, to: DtypeId) -> RawArray {
        if to == self.dtype {
            return self.clone();
        }
        self.mapped(Operation::joining("astype", Conversion { from: self.dtype, to }, conversion), to)
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
        let pattern = Pattern::Blocks(Arc::new(reads));
        RawArray::made(Operation::new("rechunk", cut, run_cut), chunks, self.dtype, &[(self, pattern)])
    }
}

fn converted(scalar: Scalar, from: DtypeId) -> Scalar {
    for_float!(from.float(), F => for_number!(from, T => Cast::<F>::cast(T::from_scalar(scalar)).to_scalar()))
}

fn each_element(Each { function, dtype }: Each) -> Arc<dyn Work> {
    let code = match AnyStep::of_one(function, dtype) {
        Some(step) => step.code(),
        None if function.is_of_floats() => {
            let pace = if function.is_quick() { Pace::Fast } else { Pace::Slow };
            Code::Map(for_float!(dtype, T => of_one::<T, T>(T::unary(function))), pace)
        }
        None => Code::Map(for_number!(dtype, T => of_one::<T, T>(T::unary(function))), Pace::Fast),
    };
    Pass::map(&[whole(dtype)], &[Operand::Input(0)], dtype, code)
}

fn with_scalar(WithScalar { function, dtype, scalar, side }: WithScalar) -> Arc<dyn Work> {
    let code = match AnyStep::of_two(function, scalar, side, dtype) {
        Some(step) => step.code(),
        None => {
            let map = for_number!(dtype, T => with_number(T::binary(function), T::from_scalar(scalar), side));
            Code::Map(map, Pace::Fast)
        }
    };
    Pass::map(&[whole(dtype)], &[Operand::Input(0)], dtype, code)
}

fn with_number<T: Typed>(loops: BinaryLoops<T>, number: T, side: Side) -> Map {
    match side {
        Side::Left => of_one::<T, T>(move |made, right| (loops.left)(made, number, right)),
        Side::Right => of_one::<T, T>(move |made, left| (loops.right)(made, left, number)),
    }
}

fn pairs(Pairs { function, dtype, broadcast }: Pairs) -> Arc<dyn Work> {
    let inputs = broadcast.map(|broadcast| Input { dtype, broadcast });
    let map = for_number!(dtype, T => of_two::<T>(T::binary(function).pairs));
    let pace = if function == Binary::Div { Pace::Slow } else { Pace::Fast };
    Pass::map(&inputs, &[Operand::Input(0), Operand::Input(1)], dtype, Code::Map(map, pace))
}

fn conversion(Conversion { from, to }: Conversion) -> Arc<dyn Work> {
    let map = for_dtype!(from, T => for_dtype!(to, U => of_one::<T, U>(|made, of| kernel::each(made, of, T::cast))));
    Pass::map(&[whole(from)], &[Operand::Input(0)], to, Code::Map(map, Pace::Fast))
}

fn whole(dtype: DtypeId) -> Input {
    Input { dtype, broadcast: false }
}

fn run_cut(cut: &Cut, task: Task) -> Result<Value, Failure> {
    let region = cut.to.region(task.partition());
    let around = cut.from.region(cut.from.block_around(&region));
    let inside =
        region.iter().zip(&around).map(|(region, around)| region.start - around.start..region.end - around.start);
    let inside: Vec<_> = inside.collect();
    Ok(for_dtype!(cut.dtype, T => to_value(block::part(task.get::<Block<T>>(0)?.clone(), &inside))))
}
