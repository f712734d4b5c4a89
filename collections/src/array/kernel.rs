//! Elementwise functions as data, and the loops that compute them on slices: the batch kernels.
//! A kernel fills its first slice from the others, which are as long: a tile, while it is in the cache.
//! Knows nothing of shapes, chunks or graphs. Imports: nothing in-house but dtypes.

use std::ops::{Add, Div, Mul, Sub};

use serde::{Deserialize, Serialize};

use super::dtype::Cast;
use super::tile::Typed;

/// Lists every function of one float: the name of its variant, of the method, of the function in std, and its documentation.
/// A new function is a line here.
macro_rules! float_functions {
    ($use:ident) => {
        $use! {
            Sin sin sin "Sine, the elements in radians.";
            Cos cos cos "Cosine, the elements in radians.";
            Tan tan tan "Tangent, the elements in radians.";
            Asin asin asin "Arcsine in radians; NaN outside of -1 to 1.";
            Acos acos acos "Arccosine in radians; NaN outside of -1 to 1.";
            Atan atan atan "Arctangent in radians.";
            Sinh sinh sinh "Hyperbolic sine.";
            Cosh cosh cosh "Hyperbolic cosine.";
            Tanh tanh tanh "Hyperbolic tangent.";
            Asinh asinh asinh "Inverse hyperbolic sine.";
            Acosh acosh acosh "Inverse hyperbolic cosine; NaN below 1.";
            Atanh atanh atanh "Inverse hyperbolic tangent; NaN outside of -1 to 1.";
            Exp exp exp "e to the power of the element.";
            Exp2 exp2 exp2 "2 to the power of the element.";
            ExpM1 exp_m1 exp_m1 "e to the power of the element, less 1: exact near 0.";
            Ln ln ln "Natural logarithm; NaN below 0.";
            Ln1p ln_1p ln_1p "Natural logarithm of the element plus 1: exact near 0.";
            Log2 log2 log2 "Logarithm to base 2; NaN below 0.";
            Log10 log10 log10 "Logarithm to base 10; NaN below 0.";
            Sqrt sqrt sqrt "Square root; NaN below 0.";
            Cbrt cbrt cbrt "Cube root.";
            Floor floor floor "The largest whole number not above the element.";
            Ceil ceil ceil "The smallest whole number not below the element.";
            Trunc trunc trunc "The element without its fraction.";
            Round round round_ties_even "The nearest whole number; halves go to the even one, as in NumPy.";
            ToDegrees to_degrees to_degrees "Radians to degrees.";
            ToRadians to_radians to_radians "Degrees to radians.";
        }
    };
}

pub(super) use float_functions;

/// A function of two numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Binary {
    Add,
    Sub,
    Mul,
    /// True division, of floats only: integers are turned into floats first.
    Div,
    /// The smaller one; NaN if one is NaN.
    Minimum,
    /// The larger one; NaN if one is NaN.
    Maximum,
}

/// Which operand of a function a scalar is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Side {
    Left,
    Right,
}

impl Binary {
    /// The verb that pictures and errors show.
    pub(super) fn name(self) -> &'static str {
        match self {
            Binary::Add => "add",
            Binary::Sub => "subtract",
            Binary::Mul => "multiply",
            Binary::Div => "divide",
            Binary::Minimum => "minimum",
            Binary::Maximum => "maximum",
        }
    }
}

/// Numbers, with NumPy's arithmetic: integers wrap, NaN wins.
///
/// What stands inside a loop is marked `#[inline]`: the crate is compiled in parts, and a call from one
/// into another would keep the loop from becoming vector instructions.
pub(super) trait Arithmetic: Typed + Cast<Self> {
    /// No number is larger.
    const LARGEST: Self;
    /// No number is smaller.
    const SMALLEST: Self;
    fn plus(self, other: Self) -> Self;
    fn smaller(self, other: Self) -> Self;
    fn larger(self, other: Self) -> Self;
    /// A mean from a sum; of floats only.
    fn shared_by(self, count: usize) -> Self;
    fn binary(function: Binary) -> BinaryLoops<Self>;
    fn unary(function: Unary) -> fn(&mut [Self], &[Self]);
}

/// Fills `made` with a function of each element.
///
/// Loops over slices of one length are counted: an iterator that is not inlined costs as much as a short tile.
pub(super) fn each<T: Copy, U>(made: &mut [U], of: &[T], function: impl Fn(T) -> U) {
    let of = &of[..made.len()];
    for i in 0..made.len() {
        made[i] = function(of[i]);
    }
}

/// The loops of a function of two numbers.
#[derive(Clone, Copy)]
pub(super) struct BinaryLoops<T> {
    /// Both change from element to element.
    pub(super) pairs: fn(&mut [T], &[T], &[T]),
    /// The left one stays the same.
    pub(super) left: fn(&mut [T], T, &[T]),
    /// The right one stays the same.
    pub(super) right: fn(&mut [T], &[T], T),
}

fn pairs<T: Copy>(made: &mut [T], left: &[T], right: &[T], function: impl Fn(T, T) -> T) {
    let (left, right) = (&left[..made.len()], &right[..made.len()]);
    for i in 0..made.len() {
        made[i] = function(left[i], right[i]);
    }
}

macro_rules! kernel {
    ($function:expr) => {
        BinaryLoops {
            pairs: |made, left, right| pairs(made, left, right, $function),
            left: |made, left, right| each(made, right, |right| $function(left, right)),
            right: |made, left, right| each(made, left, |left| $function(left, right)),
        }
    };
}

macro_rules! integers {
    ($($T:ident absolute $absolute:expr;)*) => {$(
        impl Arithmetic for $T {
            const LARGEST: Self = $T::MAX;
            const SMALLEST: Self = $T::MIN;

            #[inline]
            fn plus(self, other: Self) -> Self {
                self.wrapping_add(other)
            }

            fn shared_by(self, _: usize) -> Self {
                unreachable!("means are floats")
            }

            #[inline]
            fn smaller(self, other: Self) -> Self {
                self.min(other)
            }

            #[inline]
            fn larger(self, other: Self) -> Self {
                self.max(other)
            }

            fn binary(function: Binary) -> BinaryLoops<Self> {
                match function {
                    Binary::Add => kernel!($T::wrapping_add),
                    Binary::Sub => kernel!($T::wrapping_sub),
                    Binary::Mul => kernel!($T::wrapping_mul),
                    Binary::Minimum => kernel!($T::smaller),
                    Binary::Maximum => kernel!($T::larger),
                    Binary::Div => unreachable!("integers are divided as floats"),
                }
            }

            fn unary(function: Unary) -> fn(&mut [Self], &[Self]) {
                match function {
                    Unary::Negate => |made, of| each(made, of, $T::wrapping_neg),
                    Unary::Absolute => |made, of| each(made, of, $absolute),
                    _ => unreachable!("{} is computed on floats", function.name()),
                }
            }
        }
    )*};
}

integers! {
    i8 absolute i8::wrapping_abs;
    i16 absolute i16::wrapping_abs;
    i32 absolute i32::wrapping_abs;
    i64 absolute i64::wrapping_abs;
    u8 absolute |x| x;
    u16 absolute |x| x;
    u32 absolute |x| x;
    u64 absolute |x| x;
}

macro_rules! floats {
    ($($T:ident $unary:ident)*) => {$(
        impl Arithmetic for $T {
            const LARGEST: Self = $T::INFINITY;
            const SMALLEST: Self = $T::NEG_INFINITY;

            #[inline]
            fn plus(self, other: Self) -> Self {
                self + other
            }

            fn shared_by(self, count: usize) -> Self {
                self / count as Self
            }

            #[inline]
            fn smaller(self, other: Self) -> Self {
                if self < other || self.is_nan() { self } else { other }
            }

            #[inline]
            fn larger(self, other: Self) -> Self {
                if self > other || self.is_nan() { self } else { other }
            }

            fn binary(function: Binary) -> BinaryLoops<Self> {
                match function {
                    Binary::Add => kernel!(Add::add),
                    Binary::Sub => kernel!(Sub::sub),
                    Binary::Mul => kernel!(Mul::mul),
                    Binary::Div => kernel!(Div::div),
                    Binary::Minimum => kernel!($T::smaller),
                    Binary::Maximum => kernel!($T::larger),
                }
            }

            fn unary(function: Unary) -> fn(&mut [Self], &[Self]) {
                $unary(function)
            }
        }
    )*};
}

floats!(f32 unary_f32 f64 unary_f64);

macro_rules! unary {
    ($($Variant:ident $method:ident $std:ident $doc:literal;)*) => {
        /// A function of one number.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
        pub(super) enum Unary {
            Negate,
            Absolute,
            $($Variant,)*
        }

        impl Unary {
            /// The verb that pictures and errors show.
            pub(super) fn name(self) -> &'static str {
                match self {
                    Unary::Negate => "negate",
                    Unary::Absolute => "abs",
                    $(Unary::$Variant => stringify!($method),)*
                }
            }

            /// Whether it is an instruction or two of the processor.
            pub(super) fn is_quick(self) -> bool {
                use Unary::*;
                matches!(self, Negate | Absolute | Floor | Ceil | Trunc | Round | ToDegrees | ToRadians)
            }

            /// Whether integers are turned into floats for it.
            pub(super) fn is_of_floats(self) -> bool {
                !matches!(self, Unary::Negate | Unary::Absolute)
            }
        }

        fn unary_f32(function: Unary) -> fn(&mut [f32], &[f32]) {
            match function {
                Unary::Negate => |made, of| each(made, of, |x| -x),
                Unary::Absolute => |made, of| each(made, of, f32::abs),
                $(Unary::$Variant => |made, of| each(made, of, f32::$std),)*
            }
        }

        fn unary_f64(function: Unary) -> fn(&mut [f64], &[f64]) {
            match function {
                Unary::Negate => |made, of| each(made, of, |x| -x),
                Unary::Absolute => |made, of| each(made, of, f64::abs),
                $(Unary::$Variant => |made, of| each(made, of, f64::$std),)*
            }
        }
    };
}

float_functions!(unary);
