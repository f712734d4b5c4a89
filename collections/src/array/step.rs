//! Short functions of one float, two of which become one loop: a chain of them goes through the registers of a pass
//! half as often, and the time of a root or a quotient hides what stands beside it. What they give is the same to the
//! last bit, since nothing is rearranged.

use std::ops::{Add, Div, Mul, Neg, Sub};

use super::dtype::{DtypeId, Scalar, sealed::Erased};
use super::kernel::{Binary, Side, Unary, each};
use super::pass::{Code, Map, Pace, of_one};
use super::tile::Typed;

/// A function of one number; the others in it are constant.
#[derive(Clone, Copy)]
pub(super) enum Step<T> {
    Plus(T),
    Minus(T),
    From(T),
    Times(T),
    Over(T),
    Into(T),
    /// Times the one, and then, rounded, plus the other.
    TimesPlus(T, T),
    Negate,
    Absolute,
    Sqrt,
}

/// A [`Step`] of some type.
#[derive(Clone, Copy)]
pub(super) enum AnyStep {
    F32(Step<f32>),
    F64(Step<f64>),
}

/// What a step computes with.
pub(super) trait Real:
    Typed + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self> + Div<Output = Self> + Neg<Output = Self>
{
    fn absolute(self) -> Self;
    fn root(self) -> Self;
    fn any(step: Step<Self>) -> AnyStep;
}

macro_rules! real {
    ($($T:ident $Id:ident)*) => {$(
        impl Real for $T {
            #[inline]
            fn absolute(self) -> Self {
                self.abs()
            }

            #[inline]
            fn root(self) -> Self {
                self.sqrt()
            }

            fn any(step: Step<Self>) -> AnyStep {
                AnyStep::$Id(step)
            }
        }
    )*};
}

real!(f32 F32 f64 F64);

/// Evaluates `$body` with `$function` the function that `$step` is.
macro_rules! for_step {
    ($step:expr, $function:ident => $body:expr) => {
        for_step!(arms $step, $function => $body,
            Plus(y) |x| x + y, Minus(y) |x| x - y, From(y) |x| y - x,
            Times(y) |x| x * y, Over(y) |x| x / y, Into(y) |x| y / x, TimesPlus(y, z) |x| x * y + z;
            Negate |x| -x, Absolute |x| x.absolute(), Sqrt |x| x.root())
    };
    (arms $step:expr, $function:ident => $body:expr,
        $($With:ident($($number:ident),*) |$x:ident| $of:expr),*; $($Without:ident |$y:ident| $to:expr),*) => {
        match $step {
            $(Step::$With($($number),*) => {
                let $function = move |$x: T| $of;
                $body
            })*
            $(Step::$Without => {
                let $function = |$y: T| $to;
                $body
            })*
        }
    };
}

impl<T: Real> Step<T> {
    fn of_one(function: Unary) -> Option<Step<T>> {
        Some(match function {
            Unary::Negate => Step::Negate,
            Unary::Absolute => Step::Absolute,
            Unary::Sqrt => Step::Sqrt,
            _ => return None,
        })
    }

    fn of_two(function: Binary, number: T, side: Side) -> Option<Step<T>> {
        Some(match (function, side) {
            (Binary::Add, _) => Step::Plus(number),
            (Binary::Sub, Side::Right) => Step::Minus(number),
            (Binary::Sub, Side::Left) => Step::From(number),
            (Binary::Mul, _) => Step::Times(number),
            (Binary::Div, Side::Right) => Step::Over(number),
            (Binary::Div, Side::Left) => Step::Into(number),
            (Binary::Minimum | Binary::Maximum, _) => return None,
        })
    }

    /// The loop of this alone.
    fn map(self) -> Map {
        for_step!(self, function => of_one::<T, T>(move |made, of| each(made, of, function)))
    }

    /// The loop of this and, of what it gives, `next`.
    fn map_with(self, next: Step<T>) -> Map {
        for_step!(self, first => for_step!(next, second => {
            of_one::<T, T>(move |made, of| each(made, of, |x| second(first(x))))
        }))
    }

    fn pace(self) -> Pace {
        match self {
            Step::Over(_) | Step::Into(_) | Step::Sqrt => Pace::Slow,
            _ => Pace::Fast,
        }
    }

    /// This and `next`, if they are a step again.
    fn with(self, next: Step<T>) -> Option<Step<T>> {
        match (self, next) {
            (Step::Times(y), Step::Plus(z)) => Some(Step::TimesPlus(y, z)),
            (Step::Times(y), Step::Minus(z)) => Some(Step::TimesPlus(y, -z)),
            _ => None,
        }
    }
}

impl AnyStep {
    /// The step that a function of numbers of type `dtype` is, if it is one.
    pub(super) fn of_one(function: Unary, dtype: DtypeId) -> Option<AnyStep> {
        match dtype {
            DtypeId::F32 => Step::of_one(function).map(AnyStep::F32),
            DtypeId::F64 => Step::of_one(function).map(AnyStep::F64),
            _ => None,
        }
    }

    /// The same of a function of two, of which the one at `side` is `number`.
    pub(super) fn of_two(function: Binary, number: Scalar, side: Side, dtype: DtypeId) -> Option<AnyStep> {
        match dtype {
            DtypeId::F32 => Step::of_two(function, f32::from_scalar(number), side).map(AnyStep::F32),
            DtypeId::F64 => Step::of_two(function, f64::from_scalar(number), side).map(AnyStep::F64),
            _ => None,
        }
    }

    pub(super) fn pace(self) -> Pace {
        match self {
            AnyStep::F32(step) => step.pace(),
            AnyStep::F64(step) => step.pace(),
        }
    }

    /// What an instruction does that is this step.
    pub(super) fn code(self) -> Code {
        let map = match self {
            AnyStep::F32(step) => step.map(),
            AnyStep::F64(step) => step.map(),
        };
        Code::Step(self, map)
    }

    /// What an instruction does that is this step and then `next`, which is of the same type.
    pub(super) fn then(self, next: AnyStep) -> Code {
        fn then<T: Real>(first: Step<T>, next: Step<T>) -> Code {
            let in_turn = || Code::Map(first.map_with(next), first.pace().max(next.pace()));
            first.with(next).map_or_else(in_turn, |both| T::any(both).code())
        }
        match (self, next) {
            (AnyStep::F32(first), AnyStep::F32(next)) => then(first, next),
            (AnyStep::F64(first), AnyStep::F64(next)) => then(first, next),
            _ => unreachable!("operations are joined where their dtypes meet"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::array::tile::{Buffers, Typed};

    fn of(map: &Map, numbers: &[f64]) -> Vec<u64> {
        let (mut made, read) = (vec![0.0; numbers.len()], f64::wrap::<Buffers>(numbers.to_vec()));
        map(f64::wrap(&mut made[..]), &[read.slice(0..numbers.len())]);
        made.into_iter().map(f64::to_bits).collect()
    }

    /// Bit by bit, with what is rounded, too large, or no number.
    #[test]
    fn two_steps_in_one_loop_are_the_two_one_after_the_other() {
        use Step::{Absolute, From, Into, Minus, Negate, Over, Plus, Sqrt, Times, TimesPlus};
        let steps = [
            Plus(0.1),
            Minus(0.7),
            From(3.3),
            Times(1.1),
            Over(3.0),
            Into(0.3),
            TimesPlus(1.7, -0.3),
            Negate,
            Absolute,
            Sqrt,
        ];
        let numbers: Vec<f64> = (-20..20)
            .map(|n| f64::from(n) / 7.0)
            .chain([0.0, -0.0, f64::MAX, f64::MIN_POSITIVE, f64::INFINITY])
            .collect();
        for first in steps {
            for next in steps {
                let one: Vec<f64> = of(&first.map(), &numbers).into_iter().map(f64::from_bits).collect();
                let both = match f64::any(first).then(f64::any(next)) {
                    Code::Map(map, _) | Code::Step(_, map) => map,
                    Code::Source(_) => unreachable!("a step reads"),
                };
                let number =
                    |bits: Vec<u64>| bits.into_iter().map(|bits| if f64::from_bits(bits).is_nan() { 0 } else { bits });
                assert!(number(of(&both, &numbers)).eq(number(of(&next.map(), &one))));
            }
        }
    }
}
