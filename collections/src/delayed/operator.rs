//! Arithmetic on delayed values: `&x + &y`, `&x * 2`, `1.0 - &x`.

use std::ops::{Add, Div, Mul, Neg, Rem, Sub};

use super::{Delayed, call};
use crate::graph::Element;

macro_rules! operator {
    ($($trait:ident $method:ident),*) => { $(
        operator!(@delayed $trait $method [Delayed<T>] [Delayed<T>] [&Delayed<T>] [T]);
        operator!(@delayed $trait $method [&Delayed<T>] [Delayed<T>] [&Delayed<T>] [T]);
        operator!(@plain $trait $method i32 i64 u32 u64 usize f32 f64);
    )* };
    (@delayed $trait:ident $method:ident [$left:ty] $([$right:ty])+) => { $(
        impl<T: $trait<T> + Element> $trait<$right> for $left
        where
            T::Output: Element,
        {
            type Output = Delayed<T::Output>;

            #[track_caller]
            fn $method(self, right: $right) -> Self::Output {
                call(<T as $trait<T>>::$method, (self, right))
            }
        }
    )+ };
    (@plain $trait:ident $method:ident $($number:ident)+) => { $(
        impl $trait<&Delayed<$number>> for $number {
            type Output = Delayed<$number>;

            #[track_caller]
            fn $method(self, right: &Delayed<$number>) -> Self::Output {
                call(<$number as $trait>::$method, (self, right))
            }
        }

        impl $trait<Delayed<$number>> for $number {
            type Output = Delayed<$number>;

            #[track_caller]
            fn $method(self, right: Delayed<$number>) -> Self::Output {
                call(<$number as $trait>::$method, (self, right))
            }
        }
    )+ };
}

operator!(Add add, Sub sub, Mul mul, Div div, Rem rem);

impl<T: Neg + Element> Neg for &Delayed<T>
where
    T::Output: Element,
{
    type Output = Delayed<T::Output>;

    #[track_caller]
    fn neg(self) -> Self::Output {
        call(T::neg, (self,))
    }
}
