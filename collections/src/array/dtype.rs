//! The element types of arrays: a closed set, so that every kernel is compiled in this library and
//! none in a cell. Typed handles meet erased values here and nowhere else.
//!
//! [`DtypeId`] is the type as a value: what operations carry as a parameter. [`for_dtype`],
//! [`for_number`] and [`for_float`] turn it back into a type. Imports: graph.

use std::fmt;

use ndarray::{ArrayD, ArrayViewD};
use serde::{Deserialize, Serialize};

use super::{Chunks, block};
use crate::graph::{Value, WrongType};

/// An element type: `bool`, `i8` to `i64`, `u8` to `u64`, `f32` or `f64`.
///
/// The associated types are NumPy's: what a sum of such elements is, and what division or a sine gives.
///
/// ```
/// fn total<T: lazuli::Dtype>(x: &lazuli::Array<T>) -> lazuli::Delayed<T::Sum> {
///     x.sum()
/// }
/// let ints = lazuli::Array::full(4, 2_i8, 2);
/// assert_eq!(total(&ints).compute()?, 8_i64);
/// # Ok::<(), lazuli::Error>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be an element of an Array",
    note = "elements are bool, i8, i16, i32, i64, u8, u16, u32, u64, f32 or f64"
)]
pub trait Dtype: sealed::Erased {
    /// The type of a sum: `i64` and `u64` for integers, `i64` for `bool`, floats stay as they are.
    type Sum: Dtype;
    /// The type of means, quotients, sines: `f32` stays, everything else is `f64`.
    type Float: Float;
    /// The name, as Rust and NumPy-like reprs spell it: `"f64"`.
    const NAME: &'static str;
}

/// A [`Dtype`] with arithmetic: all but `bool`.
///
/// ```
/// fn doubled<T: lazuli::array::Number>(x: &lazuli::Array<T>) -> lazuli::Array<T> {
///     x + x
/// }
/// assert_eq!(doubled(&lazuli::Array::full(2, 21, 2)).compute()?[[0]], 42);
/// # Ok::<(), lazuli::Error>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "there is no arithmetic on an Array of `{Self}`",
    note = "turn it into numbers first: `.astype::<i64>()`"
)]
pub trait Number: Dtype {}

/// A [`Number`] with a fraction: `f32` or `f64`.
///
/// ```
/// fn noise<T: lazuli::array::Float>(n: usize) -> lazuli::Array<T> {
///     lazuli::Array::random(n, n, 1)
/// }
/// assert!(noise::<f32>(10).max().compute()? < 1.0);
/// # Ok::<(), lazuli::Error>(())
/// ```
pub trait Float: Number {}

/// A [`Dtype`] as a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[doc(hidden)]
pub enum DtypeId {
    Bool,
    I8,
    I16,
    I32,
    I64,
    U8,
    U16,
    U32,
    U64,
    F32,
    F64,
}

/// Evaluates `$body` with `$T` the type that `$dtype` stands for.
macro_rules! for_dtype {
    ($dtype:expr, $T:ident => $body:expr) => {
        $crate::array::dtype::arms!($dtype, $T => $body,
            Bool bool, I8 i8, I16 i16, I32 i32, I64 i64, U8 u8, U16 u16, U32 u32, U64 u64, F32 f32, F64 f64;)
    };
}

/// [`for_dtype`] where the public types rule out `bool`.
macro_rules! for_number {
    ($dtype:expr, $T:ident => $body:expr) => {
        $crate::array::dtype::arms!($dtype, $T => $body,
            I8 i8, I16 i16, I32 i32, I64 i64, U8 u8, U16 u16, U32 u32, U64 u64, F32 f32, F64 f64;
            other => unreachable!("arithmetic on {other} does not type-check"))
    };
}

/// [`for_dtype`] where only floats arrive: the builder turned the others into them.
macro_rules! for_float {
    ($dtype:expr, $T:ident => $body:expr) => {
        $crate::array::dtype::arms!($dtype, $T => $body,
            F32 f32, F64 f64;
            other => unreachable!("{other} is turned into a float when the graph is built"))
    };
}

macro_rules! arms {
    ($dtype:expr, $T:ident => $body:expr, $($Id:ident $of:ident),*; $($rest:tt)*) => {
        match $dtype {
            $($crate::array::dtype::DtypeId::$Id => {
                type $T = $of;
                $body
            })*
            $($rest)*
        }
    };
}

pub(super) use {arms, for_dtype, for_float, for_number};

impl DtypeId {
    /// The Rust name of the type.
    pub fn name(self) -> &'static str {
        for_dtype!(self, T => T::NAME)
    }

    /// Size of one element in bytes.
    pub(super) fn bytes(self) -> usize {
        for_dtype!(self, T => size_of::<T>())
    }

    /// What a sum of such elements is.
    pub(super) fn sum(self) -> DtypeId {
        for_dtype!(self, T => <<T as Dtype>::Sum as sealed::Erased>::ID)
    }

    /// What a mean, a quotient or a sine of such elements is.
    pub(super) fn float(self) -> DtypeId {
        for_dtype!(self, T => <<T as Dtype>::Float as sealed::Erased>::ID)
    }
}

impl fmt::Display for DtypeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One number of any dtype, as an operation's parameter: its bits, so that equal numbers hash equally.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[doc(hidden)]
pub struct Scalar(u64);

pub(super) mod sealed {
    use super::*;

    /// The entry points of a typed handle into compiled code; one instance for each dtype, none in a cell.
    pub trait Erased: Copy + Default + PartialEq + fmt::Debug + fmt::Display + Send + Sync + Sized + 'static {
        const ID: DtypeId;
        const ZERO: Self;
        const ONE: Self;
        fn to_scalar(self) -> Scalar;
        fn from_scalar(scalar: Scalar) -> Self;
        /// A copy of `view` as the value of one block.
        fn to_value(view: ArrayViewD<'_, Self>) -> Value;
        /// The whole array from its blocks.
        fn gather(chunks: &Chunks, blocks: Vec<Value>) -> Result<ArrayD<Self>, WrongType>;
        /// Moves the array out and leaves an empty one.
        fn take(array: &mut ArrayD<Self>) -> ArrayD<Self>;
        /// Frees the array and leaves an empty one.
        fn free(array: &mut ArrayD<Self>);
        fn copy(array: &ArrayD<Self>) -> ArrayD<Self>;
        fn debug(array: &ArrayD<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result;
        fn display(array: &ArrayD<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result;
        fn shape(array: &ArrayD<Self>) -> &[usize];
        /// The element at `index` in words, for a table.
        fn spelt(array: &ArrayD<Self>, index: &[usize]) -> String;
    }
}

/// Conversion as Rust's `as` does it: floats saturate, integers wrap; `true` is 1, and all but 0 is `true`.
pub(super) trait Cast<U>: Copy {
    fn cast(self) -> U;
}

macro_rules! dtypes {
    ($($T:ident $Id:ident sum $Sum:ident float $Float:ident zero $zero:literal one $one:literal
        to $to:expr, from $from:expr;)*) => {$(
        impl Dtype for $T {
            type Sum = $Sum;
            type Float = $Float;
            const NAME: &'static str = stringify!($T);
        }

        impl sealed::Erased for $T {
            const ID: DtypeId = DtypeId::$Id;
            const ZERO: Self = $zero;
            const ONE: Self = $one;

            fn to_scalar(self) -> Scalar {
                let bits: fn($T) -> u64 = $to;
                Scalar(bits(self))
            }

            fn from_scalar(Scalar(bits): Scalar) -> Self {
                let number: fn(u64) -> $T = $from;
                number(bits)
            }

            #[inline(never)]
            fn to_value(view: ArrayViewD<'_, Self>) -> Value {
                block::to_value(view.to_shared())
            }

            #[inline(never)]
            fn gather(chunks: &Chunks, blocks: Vec<Value>) -> Result<ArrayD<Self>, WrongType> {
                block::gather(chunks, blocks)
            }

            #[inline(never)]
            fn take(array: &mut ArrayD<Self>) -> ArrayD<Self> {
                std::mem::take(array)
            }

            #[inline(never)]
            fn free(array: &mut ArrayD<Self>) {
                drop(std::mem::take(array));
            }

            #[inline(never)]
            fn copy(array: &ArrayD<Self>) -> ArrayD<Self> {
                array.clone()
            }

            #[inline(never)]
            fn debug(array: &ArrayD<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(array, f)
            }

            #[inline(never)]
            fn display(array: &ArrayD<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(array, f)
            }

            #[inline(never)]
            fn shape(array: &ArrayD<Self>) -> &[usize] {
                array.shape()
            }

            #[inline(never)]
            fn spelt(array: &ArrayD<Self>, index: &[usize]) -> String {
                array[index].to_string()
            }
        }
    )*};
}

dtypes! {
    bool Bool sum i64 float f64 zero false one true to |x| x.into(), from |bits| bits != 0;
    i8 I8 sum i64 float f64 zero 0 one 1 to |x| x as u64, from |bits| bits as i8;
    i16 I16 sum i64 float f64 zero 0 one 1 to |x| x as u64, from |bits| bits as i16;
    i32 I32 sum i64 float f64 zero 0 one 1 to |x| x as u64, from |bits| bits as i32;
    i64 I64 sum i64 float f64 zero 0 one 1 to |x| x as u64, from |bits| bits as i64;
    u8 U8 sum u64 float f64 zero 0 one 1 to u64::from, from |bits| bits as u8;
    u16 U16 sum u64 float f64 zero 0 one 1 to u64::from, from |bits| bits as u16;
    u32 U32 sum u64 float f64 zero 0 one 1 to u64::from, from |bits| bits as u32;
    u64 U64 sum u64 float f64 zero 0 one 1 to |x| x, from |bits| bits;
    f32 F32 sum f32 float f32 zero 0.0 one 1.0 to |x| x.to_bits().into(), from |bits| f32::from_bits(bits as u32);
    f64 F64 sum f64 float f64 zero 0.0 one 1.0 to f64::to_bits, from f64::from_bits;
}

macro_rules! number {
    ($($T:ident)*) => {$(
        impl Number for $T {}
        casts!($T: i8 i16 i32 i64 u8 u16 u32 u64 f32 f64);

        impl Cast<bool> for $T {
            #[inline]
            fn cast(self) -> bool {
                self != <$T as sealed::Erased>::ZERO
            }
        }

        impl Cast<$T> for bool {
            #[inline]
            fn cast(self) -> $T {
                if self { <$T as sealed::Erased>::ONE } else { <$T as sealed::Erased>::ZERO }
            }
        }
    )*};
}

macro_rules! casts {
    ($T:ident: $($U:ident)*) => {$(
        impl Cast<$U> for $T {
            #[inline]
            fn cast(self) -> $U {
                self as $U
            }
        }
    )*};
}

number!(i8 i16 i32 i64 u8 u16 u32 u64 f32 f64);

impl Cast<bool> for bool {
    #[inline]
    fn cast(self) -> bool {
        self
    }
}

impl Float for f32 {}
impl Float for f64 {}
