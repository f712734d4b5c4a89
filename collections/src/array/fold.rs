//! The loops of reductions: elements, a tile at a time, into results. No graph in sight.

use std::sync::Arc;

use super::block::{self, Block, Shape};
use super::dtype::Cast;
use super::kernel::Arithmetic;
use super::pass::Fold;
use super::tile::{Slice, Typed};
use crate::graph::Value;

/// How elements of type `T` are reduced to an `S`.
#[derive(Clone, Copy)]
pub(super) struct Loops<T, S> {
    /// A slice to one number.
    lane: fn(&[T]) -> S,
    /// A row of numbers takes in one more row.
    row: fn(&mut [S], &[T]),
    /// What nothing is reduced to.
    start: S,
}

impl<T: Cast<S>, S: Arithmetic> Loops<T, S> {
    /// Adds up.
    pub(super) fn sum() -> Self {
        Loops {
            lane: |lane| pairwise(lane, S::ZERO, |sum, x| sum.plus(x.cast()), S::plus),
            row: |sums, row| rowwise(sums, row, |sum, x| sum.plus(x.cast())),
            start: S::ZERO,
        }
    }
}

impl<T: Arithmetic> Loops<T, T> {
    /// Keeps the smallest; NaN wins.
    pub(super) fn min() -> Self {
        Loops {
            lane: |lane| pairwise(lane, lane[0], T::smaller, T::smaller),
            row: |least, row| rowwise(least, row, T::smaller),
            start: T::LARGEST,
        }
    }

    /// Keeps the largest; NaN wins.
    pub(super) fn max() -> Self {
        Loops {
            lane: |lane| pairwise(lane, lane[0], T::larger, T::larger),
            row: |most, row| rowwise(most, row, T::larger),
            start: T::SMALLEST,
        }
    }
}

/// What becomes of the results.
pub(super) type Finish<S> = Arc<dyn Fn(Block<S>) -> Value + Send + Sync>;

/// A reduction under way.
pub(super) struct Folding<T, S> {
    first: Loops<T, S>,
    /// For what `first` made of elements.
    then: Loops<S, S>,
    results: Vec<S>,
    /// What tiles gave for the result `at`, not in it yet: put together at once, which keeps the error of sums small.
    parts: Vec<S>,
    at: usize,
    finish: Finish<S>,
}

impl<T: Typed, S: Arithmetic> Folding<T, S> {
    pub(super) fn new(first: Loops<T, S>, then: Loops<S, S>, results: usize, finish: Finish<S>) -> Self {
        Folding { first, then, results: vec![first.start; results], parts: Vec::new(), at: 0, finish }
    }

    fn flush(&mut self) {
        let part = match &*self.parts {
            [] => return,
            [one] => *one,
            parts => (self.then.lane)(parts),
        };
        (self.then.row)(&mut self.results[self.at..=self.at], &[part]);
        self.parts.clear();
    }
}

impl<T: Typed, S: Arithmetic> Fold for Folding<T, S> {
    fn lane(&mut self, elements: Slice<'_>, at: usize) {
        if at != self.at {
            self.flush();
            self.at = at;
        }
        self.parts.push((self.first.lane)(T::unwrap(elements)));
    }

    fn row(&mut self, elements: Slice<'_>, at: usize) {
        let elements = T::unwrap(elements);
        (self.first.row)(&mut self.results[at..at + elements.len()], elements);
    }

    fn finish(mut self: Box<Self>, shape: Shape<'_>) -> Value {
        self.flush();
        (self.finish)(block::laid_out(self.results, shape))
    }
}

fn rowwise<T: Copy, S: Copy>(onto: &mut [S], row: &[T], step: impl Fn(S, T) -> S) {
    for (x, y) in onto.iter_mut().zip(row) {
        *x = step(*x, *y);
    }
}

/// Numbers that a slice is folded into side by side, so that the loop becomes vector instructions.
const LANES: usize = 16;
/// Elements folded in one go; longer slices are halved, which keeps the rounding error of sums small.
const RUN: usize = 1024;

fn pairwise<T: Copy, S: Copy>(
    lane: &[T],
    start: S,
    step: impl Fn(S, T) -> S + Copy,
    merge: impl Fn(S, S) -> S + Copy,
) -> S {
    if lane.len() > RUN {
        let (left, right) = lane.split_at((lane.len() / 2).next_multiple_of(RUN));
        return merge(pairwise(left, start, step, merge), pairwise(right, start, step, merge));
    }
    let mut sides = [start; LANES];
    let (rows, rest) = lane.as_chunks::<LANES>();
    for row in rows {
        for i in 0..LANES {
            sides[i] = step(sides[i], row[i]);
        }
    }
    for (side, &x) in sides.iter_mut().zip(rest) {
        *side = step(*side, x);
    }
    let mut width = LANES;
    while width > 1 {
        width /= 2;
        for i in 0..width {
            sides[i] = merge(sides[i], sides[i + width]);
        }
    }
    sides[0]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lanes_are_summed_exactly_enough() {
        let lane = vec![0.1_f32; 1_000_003];
        let sum: f32 = (Loops::sum().lane)(&lane);
        assert!((sum - 100_000.3).abs() < 0.1, "{sum}");
    }

    #[test]
    fn nan_wins() {
        for place in [0, 7, 40, 99] {
            let mut lane = vec![1.0; 100];
            lane[place] = f64::NAN;
            assert!((Loops::min().lane)(&lane).is_nan() && (Loops::max().lane)(&lane).is_nan());
        }
        assert_eq!((Loops::max().lane)(&[-3.0, -1.0, -2.0]), -1.0);
    }
}
