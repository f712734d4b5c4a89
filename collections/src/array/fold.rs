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
    /// Takes in neighbours, all into the result `at`: a lane, or a piece of one that goes on until one `ends` it.
    fn lane(&mut self, elements: Slice<'_>, at: usize, ends: bool);
    /// Takes in neighbours, each into its own result, from `at` on.
    fn row(&mut self, elements: Slice<'_>, at: usize);
    /// The results, of shape `shape`: reduced axes have length 1.
    fn finish(self: Box<Self>, shape: Shape<'_>) -> Value;
}

/// How elements of type `T` are reduced to an `S`.
#[derive(Clone, Copy)]
pub(super) struct Loops<T, S> {
    /// The sides of a lane take in a piece of it.
    piece: fn(&mut Sides<S>, &[T]),
    /// The sides of a lane to one number.
    joined: fn(Sides<S>) -> S,
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
            piece: |sides, piece| sidewise(sides, piece, |sum, x| sum.plus(x.cast())),
            joined: |sides| joined(sides, S::plus),
            row: |sums, row| rowwise(sums, row, |sum, x| sum.plus(x.cast())),
            start: S::ZERO,
        }
    }
}

impl<T: Arithmetic> Loops<T, T> {
    /// Keeps the smallest; NaN wins.
    pub(super) fn min() -> Self {
        Loops {
            piece: |sides, piece| sidewise(sides, piece, T::smaller),
            joined: |sides| joined(sides, T::smaller),
            row: |least, row| rowwise(least, row, T::smaller),
            start: T::LARGEST,
        }
    }

    /// Keeps the largest; NaN wins.
    pub(super) fn max() -> Self {
        Loops {
            piece: |sides, piece| sidewise(sides, piece, T::larger),
            joined: |sides| joined(sides, T::larger),
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
            let mut sides = [self.start; LANES];
            (self.piece)(&mut sides, lane);
            return (self.joined)(sides);
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
    /// The lane under way.
    sides: Sides<S>,
    /// What lanes gave for the result `at`, not in it yet: put together at once, which keeps the error of sums small.
    parts: Vec<S>,
    at: usize,
    finish: Finish<S>,
}

impl<T: Typed, S: Arithmetic> Folding<T, S> {
    pub(super) fn new(first: Loops<T, S>, then: Loops<S, S>, results: usize, finish: Finish<S>) -> Self {
        let (sides, results) = ([first.start; LANES], vec![first.start; results]);
        Folding { first, then, results, sides, parts: Vec::new(), at: 0, finish }
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
    fn lane(&mut self, elements: Slice<'_>, at: usize, ends: bool) {
        if at != self.at {
            self.flush();
            self.at = at;
        }
        (self.first.piece)(&mut self.sides, T::unwrap(elements));
        if ends {
            let sides = std::mem::replace(&mut self.sides, [self.first.start; LANES]);
            self.parts.push((self.first.joined)(sides));
        }
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

fn sidewise<T: Copy, S: Copy>(sides: &mut Sides<S>, piece: &[T], step: impl Fn(S, T) -> S) {
    let (rows, rest) = piece.as_chunks::<LANES>();
    let mut within = *sides;
    for row in rows {
        for i in 0..LANES {
            within[i] = step(within[i], row[i]);
        }
    }
    *sides = within;
    rowwise(&mut sides[..rest.len()], rest, step);
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
    #[test]
    fn a_lane_in_pieces_is_the_lane_to_the_last_bit() {
        let lane: Vec<f64> = (0..1000).map(|n| f64::from(n).sqrt()).collect();
        let folded = |pieces: &[&[f64]]| {
            let loops = Loops::<f64, f64>::sum();
            let mut folding = Folding::new(loops, loops, 1, Arc::new(|block| Value::new(block[[0]], 8)));
            for (number, piece) in pieces.iter().enumerate() {
                folding.lane(f64::wrap(*piece), 0, number + 1 == pieces.len());
            }
            *Box::new(folding).finish(Shape { lengths: &[1], axes: &[0] }).get::<f64>().unwrap()
        };
        let (left, right) = lane.split_at(528);
        assert_eq!(folded(&[left, right]), folded(&[&lane]));
        assert_eq!(folded(&[&lane]), Loops::<f64, f64>::sum().lane(&lane));
    }
}
