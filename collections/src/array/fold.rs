//! Reductions of one block along some of its axes. No graph in sight.
//!
//! Reduced axes keep length 1, so that partial results line up with their blocks.

use std::ops::Range;

use super::block::{Block, Order, in_order};
use super::dtype::Cast;
use super::kernel::Arithmetic;

/// How elements of type `T` are reduced to an `S`.
#[derive(Clone, Copy)]
pub(super) struct Fold<T, S> {
    /// A slice to one number.
    lane: fn(&[T]) -> S,
    /// A row of numbers takes in one more row.
    row: fn(&mut [S], &[T]),
}

impl<T: Cast<S>, S: Arithmetic> Fold<T, S> {
    /// Adds up.
    pub(super) fn sum() -> Self {
        Fold {
            lane: |lane| pairwise(lane, S::ZERO, |sum, x| sum.plus(x.cast()), S::plus),
            row: |sums, row| rowwise(sums, row, |sum, x| sum.plus(x.cast())),
        }
    }
}

impl<T: Arithmetic> Fold<T, T> {
    /// Keeps the smallest; NaN wins.
    pub(super) fn min() -> Self {
        Fold {
            lane: |lane| pairwise(lane, lane[0], T::smaller, T::smaller),
            row: |least, row| rowwise(least, row, T::smaller),
        }
    }

    /// Keeps the largest; NaN wins.
    pub(super) fn max() -> Self {
        Fold {
            lane: |lane| pairwise(lane, lane[0], T::larger, T::larger),
            row: |most, row| rowwise(most, row, T::larger),
        }
    }
}

/// The block with `axes`, ascending, reduced to length 1: `first` for the elements, `then` for what it made of them.
pub(super) fn reduce<T, S>(block: Block<T>, axes: &[usize], first: Fold<T, S>, then: Fold<S, S>) -> Block<S>
where
    T: Cast<S>,
    S: Arithmetic,
{
    let (order, block) = in_order(block);
    if order == Order::F && block.ndim() > 1 {
        let last = block.ndim() - 1;
        let axes: Vec<_> = axes.iter().rev().map(|axis| last - axis).collect();
        return reduce(block.reversed_axes(), &axes, first, then).reversed_axes();
    }
    let mut shape = block.shape().to_vec();
    let mut runs = neighbours(axes).into_iter().rev();
    let elements = block.as_slice().expect("it was put in order");
    let mut reduced = match runs.next() {
        Some(run) => reduce_run(elements, &mut shape, run, first),
        None => elements.iter().map(|x| x.cast()).collect(),
    };
    for run in runs {
        reduced = reduce_run(&reduced, &mut shape, run, then);
    }
    Block::from_shape_vec(shape, reduced).expect("one number for each place of the kept axes")
}

/// Neighbouring axes as ranges, each of which is reduced in one go.
fn neighbours(axes: &[usize]) -> Vec<Range<usize>> {
    let mut runs: Vec<Range<usize>> = Vec::new();
    for &axis in axes {
        match runs.last_mut() {
            Some(run) if run.end == axis => run.end += 1,
            _ => runs.push(axis..axis + 1),
        }
    }
    runs
}

/// Reduces the axes of `run`, which lie between outer and inner ones, in a slice of shape `shape`.
fn reduce_run<T: Cast<S>, S: Arithmetic>(
    elements: &[T],
    shape: &mut [usize],
    run: Range<usize>,
    fold: Fold<T, S>,
) -> Vec<S> {
    let outer: usize = shape[..run.start].iter().product();
    let reduced: usize = shape[run.clone()].iter().product();
    let inner: usize = shape[run.end..].iter().product();
    shape[run].fill(1);
    if inner == 1 {
        return (0..outer).map(|i| (fold.lane)(&elements[i * reduced..(i + 1) * reduced])).collect();
    }
    let mut out = Vec::with_capacity(outer * inner);
    for i in 0..outer {
        let mut rows = (0..reduced).map(|j| &elements[(i * reduced + j) * inner..][..inner]);
        let start = out.len();
        match rows.next() {
            Some(row) => out.extend(row.iter().map(|x| x.cast())),
            None => out.resize(start + inner, S::ZERO),
        }
        for row in rows {
            (fold.row)(&mut out[start..], row);
        }
    }
    out
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
    use ndarray::{Array, Axis, IxDyn};

    use super::*;

    fn counted(shape: &[usize]) -> Block<i32> {
        let counted = Array::from_iter(0..shape.iter().product::<usize>() as i32);
        counted.into_shape_with_order(IxDyn(shape)).unwrap().into_shared()
    }

    #[test]
    fn sums_over_any_axes_equal_ndarray() {
        let block = counted(&[3, 4, 5]);
        let layouts = [block.clone(), block.clone().reversed_axes(), block.clone().permuted_axes(vec![1, 0, 2])];
        for block in layouts {
            for axes in [vec![], vec![0], vec![1], vec![2], vec![0, 1], vec![0, 2], vec![1, 2], vec![0, 1, 2]] {
                let mut expected = block.mapv(i64::from);
                for &axis in &axes {
                    expected = expected.sum_axis(Axis(axis)).insert_axis(Axis(axis));
                }
                assert_eq!(
                    reduce(block.clone(), &axes, Fold::<i32, i64>::sum(), Fold::sum()),
                    expected,
                    "axes {axes:?}"
                );
            }
        }
    }

    #[test]
    fn long_lanes_are_summed_exactly_enough() {
        let lane = vec![0.1_f32; 1_000_003];
        let sum: f32 = (Fold::sum().lane)(&lane);
        assert!((sum - 100_000.3).abs() < 0.1, "{sum}");
    }

    #[test]
    fn nan_wins() {
        for place in [0, 7, 40, 99] {
            let mut lane = vec![1.0; 100];
            lane[place] = f64::NAN;
            assert!((Fold::min().lane)(&lane).is_nan() && (Fold::max().lane)(&lane).is_nan());
        }
        assert_eq!((Fold::max().lane)(&[-3.0, -1.0, -2.0]), -1.0);
    }

    #[test]
    fn a_sum_of_nothing_is_zero() {
        assert_eq!(reduce(counted(&[2, 0]), &[1], Fold::<i32, i64>::sum(), Fold::sum()).as_slice(), Some(&[0, 0][..]));
        assert_eq!(reduce(counted(&[0, 2]), &[0], Fold::<i32, i64>::sum(), Fold::sum()).as_slice(), Some(&[0, 0][..]));
    }
}
