//! `+ - * /` and unary minus: arrays with arrays, arrays with numbers, numbers with arrays, by value and by
//! reference; and the named methods that return an error where an operator panics.

use std::ops::{Add, Div, Mul, Neg, Sub};

use super::dtype::sealed::Erased;
use super::kernel::{Binary, Side, Unary};
use super::raw::RawArray;
use super::{Array, Number};
use crate::error::Result;

impl<T: Number> Array<T> {
    /// `self + other`, or why the shapes do not broadcast.
    ///
    /// ```
    /// use lazuli::array::ones;
    /// assert_eq!(ones((2, 3), 2).try_add(&ones(3, 2))?.shape(), [2, 3]);
    /// let error = ones((2, 3), 2).try_add(&ones(4, 2)).unwrap_err();
    /// assert!(error.to_string().starts_with("shapes (2, 3) and (4,) do not broadcast"));
    /// # Ok::<(), lazuli::Error>(())
    /// ```
    #[track_caller]
    pub fn try_add(&self, other: &Array<T>) -> Result<Array<T>> {
        Ok(Array::of(self.raw.binary(Binary::Add, &other.raw)?))
    }

    /// `self - other`, or why the shapes do not broadcast.
    ///
    /// ```
    /// use lazuli::array::ones;
    /// assert_eq!(ones(3, 2).try_sub(&ones(3, 2))?.sum().compute()?, 0.0);
    /// # Ok::<(), lazuli::Error>(())
    /// ```
    #[track_caller]
    pub fn try_sub(&self, other: &Array<T>) -> Result<Array<T>> {
        Ok(Array::of(self.raw.binary(Binary::Sub, &other.raw)?))
    }

    /// `self * other`, or why the shapes do not broadcast.
    ///
    /// ```
    /// use lazuli::array::ones;
    /// assert_eq!(ones(3, 2).try_mul(&ones((2, 1), 1))?.shape(), [2, 3]);
    /// # Ok::<(), lazuli::Error>(())
    /// ```
    #[track_caller]
    pub fn try_mul(&self, other: &Array<T>) -> Result<Array<T>> {
        Ok(Array::of(self.raw.binary(Binary::Mul, &other.raw)?))
    }

    /// `self / other`, or why the shapes do not broadcast. Integers divide into floats, as in NumPy.
    ///
    /// ```
    /// use lazuli::Array;
    /// assert_eq!(Array::full(3, 7, 2).try_div(&Array::full(1, 2, 1))?.compute()?[[0]], 3.5);
    /// # Ok::<(), lazuli::Error>(())
    /// ```
    #[track_caller]
    pub fn try_div(&self, other: &Array<T>) -> Result<Array<T::Float>> {
        Ok(Array::of(self.raw.binary(Binary::Div, &other.raw)?))
    }
}

impl RawArray {
    #[track_caller]
    fn operated(&self, function: Binary, other: &RawArray) -> RawArray {
        self.binary(function, other).unwrap_or_else(|error| panic!("{error}"))
    }
}

/// The forms of one operator. Arrays are handles: by value and by reference cost the same.
macro_rules! operator {
    ($Operator:ident $method:ident $symbol:literal gives $Output:ty) => {
        operator!(forms $Operator $method $symbol $Output,
            Array<T> | Array<T>, Array<T> | &Array<T>, &Array<T> | Array<T>, &Array<T> | &Array<T>);
        operator!(number $Operator $method $symbol $Output, Array<T>, &Array<T>);
        operator!(numbers $Operator $method $symbol, i8 i16 i32 i64 u8 u16 u32 u64 f32 f64);
    };
    (forms $Operator:ident $method:ident $symbol:literal $Output:ty, $($Left:ty | $Right:ty),*) => {$(
        #[doc = concat!("Element by element: `x ", $symbol, " y`. Panics when the shapes do not broadcast.")]
        impl<T: Number> $Operator<$Right> for $Left {
            type Output = Array<$Output>;

            #[track_caller]
            fn $method(self, other: $Right) -> Array<$Output> {
                Array::of(self.raw.operated(Binary::$Operator, &other.raw))
            }
        }
    )*};
    (number $Operator:ident $method:ident $symbol:literal $Output:ty, $($Left:ty),*) => {$(
        #[doc = concat!("Each element with one number: `x ", $symbol, " 2.0`.")]
        impl<T: Number> $Operator<T> for $Left {
            type Output = Array<$Output>;

            #[track_caller]
            fn $method(self, number: T) -> Array<$Output> {
                Array::of(self.raw.with_scalar(Binary::$Operator, number.to_scalar(), Side::Right))
            }
        }
    )*};
    (numbers $Operator:ident $method:ident $symbol:literal, $($T:ident)*) => {$(
        operator!(from_number $Operator $method $symbol, $T, Array<$T>, &Array<$T>);
    )*};
    (from_number $Operator:ident $method:ident $symbol:literal, $T:ident, $($Right:ty),*) => {$(
        #[doc = concat!("One number with each element: `2.0 ", $symbol, " x`.")]
        impl $Operator<$Right> for $T {
            type Output = <Array<$T> as $Operator<$T>>::Output;

            #[track_caller]
            fn $method(self, array: $Right) -> Self::Output {
                Array::of(array.raw.with_scalar(Binary::$Operator, self.to_scalar(), Side::Left))
            }
        }
    )*};
}

operator!(Add add "+" gives T);
operator!(Sub sub "-" gives T);
operator!(Mul mul "*" gives T);
operator!(Div div "/" gives T::Float);

/// Each element with its sign changed.
impl<T: Number> Neg for Array<T> {
    type Output = Array<T>;

    #[track_caller]
    fn neg(self) -> Array<T> {
        -&self
    }
}

/// Each element with its sign changed.
impl<T: Number> Neg for &Array<T> {
    type Output = Array<T>;

    #[track_caller]
    fn neg(self) -> Array<T> {
        Array::of(self.raw.unary(Unary::Negate))
    }
}
