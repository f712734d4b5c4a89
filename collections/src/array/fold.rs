//! The loops of reductions: elements, a tile at a time, into results. No graph in sight.

use std::sync::Arc;

use super::block::{self, Block, Shape};
use super::dtype::Cast;
use super::kernel::Arithmetic;
use super::tile::{Slice, Typed};
use crate::graph::Value;

/// Begins to fold what will be so many results.
pub(super) type Begin = Arc<dyn Fn(usize) -> Box<dyn Fold> + Send + Sync>;

/// Elements on their way into results.
pub(super) trait Fold {
    /// Takes in neighbours, all into the result `at`.
    fn lane(&mut self, elements: Slice<'_>, at: usize);
    /// Takes in neighbours, each into its own result, from `at` on.
    fn row(&mut self, elements: Slice<'_>, at: usize);
    /// The results, of shape `shape`: reduced axes have length 1.
    fn finish(self: Box<Self>, shape: Shape<'_>) -> Value;
}

/// How elements of type `T` are reduced to an `S`.
#[derive(Clone, Copy)]
pub(super) struct Loops<T, S> {
    /// Some elements to one number.
    run: fn(&[T]) -> S,
    /// A row of numbers takes in one more row.
    row: fn(&mut [S], &[T]),
    /// What nothing is reduced to.
    start: S,
}

/// Numbers that a lane is folded into side by side, so that the loop becomes vector instructions.
type Sides<S> = [S; LANES];
const LANES: usize = 16;

impl<T: Cast<S>, S: Arithmetic> Loops<T, S> {
    /// Adds up.
    pub(super) fn sum() -> Self {
        Loops {
            run: |run| joined(sidewise(S::ZERO, run, |sum, x| sum.plus(x.cast())), S::plus),
            row: |sums, row| rowwise(sums, row, |sum, x| sum.plus(x.cast())),
            start: S::ZERO,
        }
    }
}

impl<T: Arithmetic> Loops<T, T> {
    /// Keeps the smallest; NaN wins.
    pub(super) fn min() -> Self {
        Loops {
            run: |run| joined(sidewise(T::LARGEST, run, T::smaller), T::smaller),
            row: |least, row| rowwise(least, row, T::smaller),
            start: T::LARGEST,
        }
    }

    /// Keeps the largest; NaN wins.
    pub(super) fn max() -> Self {
        Loops {
            run: |run| joined(sidewise(T::SMALLEST, run, T::larger), T::larger),
            row: |most, row| rowwise(most, row, T::larger),
            start: T::SMALLEST,
        }
    }
}

impl<S: Copy> Loops<S, S> {
    /// A whole lane to one number.
    fn lane(&self, lane: &[S]) -> S {
        /// Elements folded in one go; longer lanes are halved, which keeps the rounding error of sums small.
        const RUN: usize = 1024;
        if lane.len() <= RUN {
            return (self.run)(lane);
        }
        let (left, right) = lane.split_at((lane.len() / 2).next_multiple_of(RUN));
        let mut both = [self.lane(left)];
        (self.row)(&mut both, &[self.lane(right)]);
        both[0]
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
    /// What lanes gave for the result `at`, not in it yet: put together at once, which keeps the error of sums small.
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
            parts => self.then.lane(parts),
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
        self.parts.push((self.first.run)(T::unwrap(elements)));
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
    let row = &row[..onto.len()];
    for i in 0..onto.len() {
        onto[i] = step(onto[i], row[i]);
    }
}

fn sidewise<T: Copy, S: Copy>(start: S, run: &[T], step: impl Fn(S, T) -> S) -> Sides<S> {
    let (rows, rest) = run.as_chunks::<LANES>();
    let mut sides = [start; LANES];
    for row in rows {
        for i in 0..LANES {
            sides[i] = step(sides[i], row[i]);
        }
    }
    rowwise(&mut sides[..rest.len()], rest, step);
    sides
}

fn joined<S: Copy>(mut sides: Sides<S>, merge: impl Fn(S, S) -> S) -> S {
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
        let sum = Loops::<f32, f32>::sum().lane(&lane);
        assert!((sum - 100_000.3).abs() < 0.1, "{sum}");
    }

    #[test]
    fn nan_wins() {
        for place in [0, 7, 40, 99] {
            let mut lane = vec![1.0; 100];
            lane[place] = f64::NAN;
            assert!(Loops::min().lane(&lane).is_nan() && Loops::max().lane(&lane).is_nan());
        }
        assert_eq!(Loops::max().lane(&[-3.0, -1.0, -2.0]), -1.0);
    }
}
