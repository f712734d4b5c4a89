//! Work on one block of an array, or on the few that one task reads. No graph in sight, only its values.
//!
//! Blocks are `ndarray`s with a shared buffer: cutting and transposing copy nothing, and a buffer that nobody
//! else holds is written over. Long slices are worked on in tiles that fit the first cache.

use std::ops::Range;

use ndarray::{ArcArray, ArrayD, ArrayView1, Axis, IxDyn, ShapeBuilder, Slice};

use super::Chunks;
use super::dtype::{Cast, Dtype};
use super::kernel::{Arithmetic, Binary, BinaryKernel};
use crate::graph::{Value, WrongType};

/// One chunk of an array.
pub(super) type Block<T> = ArcArray<T, IxDyn>;

/// Elements in a tile: two of the widest type fill half of a 32 kB cache.
const TILE: usize = 1024;

/// The block as a value of the graph.
pub(super) fn to_value<T: Dtype>(block: Block<T>) -> Value {
    let bytes = block.len() * size_of::<T>();
    Value::local(block, bytes)
}

/// The next block that a task reads.
pub(super) fn next<T: Dtype>(values: &mut impl Iterator<Item = Value>) -> Result<Block<T>, WrongType> {
    values.next().expect("a task reads what its layer says").take()
}

/// The whole array from all of its blocks.
pub(super) fn gather<T: Dtype>(chunks: &Chunks, blocks: Vec<Value>) -> Result<ArrayD<T>, WrongType> {
    if blocks.len() == 1 {
        let block = blocks.into_iter().next().expect("there is one");
        return Ok(block.take::<Block<T>>()?.into_owned());
    }
    let mut whole = filled(&chunks.shape(), T::ZERO);
    for (partition, value) in blocks.into_iter().enumerate() {
        let region = chunks.region(partition);
        let mut part = whole.slice_each_axis_mut(|axis| Slice::from(region[axis.axis.index()].clone()));
        for (mut row, block) in part.rows_mut().into_iter().zip(value.get::<Block<T>>()?.rows()) {
            match (row.as_slice_mut(), block.to_slice()) {
                (Some(row), Some(block)) => row.copy_from_slice(block),
                _ => row.assign(&block),
            }
        }
    }
    Ok(whole)
}

/// A block of what `number` gives for each place, counted row by row.
pub(super) fn from_places<T>(shape: &[usize], number: impl FnMut(u64) -> T) -> Block<T> {
    let count = shape.iter().product::<usize>() as u64;
    Order::C.block(shape, (0..count).map(number).collect())
}

/// An array of one number.
pub(super) fn filled<T: Dtype>(shape: &[usize], number: T) -> ArrayD<T> {
    ArrayD::from_elem(shape, number)
}

/// The part of a block that `region` selects, which counts from the block's own start.
pub(super) fn part<T>(mut block: Block<T>, region: &[Range<usize>]) -> Block<T> {
    for (axis, range) in region.iter().enumerate() {
        block.slice_axis_inplace(Axis(axis), Slice::from(range.clone()));
    }
    block
}

/// The block with every element converted.
pub(super) fn cast<T: Cast<U>, U: Dtype>(block: &Block<T>) -> Block<U> {
    block.mapv(T::cast).into_shared()
}

/// `kernel` over the whole block.
pub(super) fn each<T: Dtype>(block: Block<T>, kernel: fn(&mut [T])) -> Block<T> {
    rewrite(block, |tile, _| kernel(tile))
}

/// Which operand of a function the scalar is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(super) enum Side {
    Left,
    Right,
}

/// A function of a block and one number, which stands on the given side.
pub(super) fn with_scalar<T: Arithmetic>(block: Block<T>, function: Binary, scalar: T, side: Side) -> Block<T> {
    let BinaryKernel { onto_left, onto_right } = T::binary(function);
    let kernel = match side {
        Side::Left => onto_right,
        Side::Right => onto_left,
    };
    let constant = [scalar; TILE];
    rewrite(block, |tile, _| kernel(tile, &constant[..tile.len()]))
}

/// A function of two blocks, broadcast against each other.
pub(super) fn zip<T: Arithmetic>(a: Block<T>, b: Block<T>, function: Binary) -> Block<T> {
    let BinaryKernel { onto_left, onto_right } = T::binary(function);
    if a.shape() != b.shape() {
        return zip_rows(&a, &b, onto_left);
    }
    let b = match (Order::of(&a), Order::of(&b)) {
        (Some(of_a), Some(of_b)) if of_a != of_b => transposed(b),
        _ => b,
    };
    if Order::of(&a).is_some() && Order::of(&a) == Order::of(&b) {
        let a = match a.try_into_owned_nocopy() {
            Ok(a) => {
                let other = b.as_slice_memory_order().expect("its order is known");
                return rewrite(a.into_shared(), |tile, at| onto_left(tile, &other[at..at + tile.len()]));
            }
            Err(shared) => shared,
        };
        let other = a.as_slice_memory_order().expect("its order is known");
        return rewrite(b, |tile, at| onto_right(tile, &other[at..at + tile.len()]));
    }
    zip_rows(&a, &b, onto_left)
}

/// The same block in the other order.
fn transposed<T: Dtype>(block: Block<T>) -> Block<T> {
    if Order::of(&block) == Some(Order::C) {
        return transposed(block.reversed_axes()).reversed_axes();
    }
    let &[rows, columns] = block.shape() else {
        return block.as_standard_layout().into_owned().into_shared();
    };
    let slice = block.as_slice_memory_order().expect("its order is known");
    let mut out = vec![T::ZERO; slice.len()];
    // Squares of a cache line's width: each line is read and written once.
    const SIDE: usize = 16;
    for top in (0..rows).step_by(SIDE) {
        for left in (0..columns).step_by(SIDE) {
            for row in top..rows.min(top + SIDE) {
                let out = &mut out[row * columns..][left..columns.min(left + SIDE)];
                for (x, column) in out.iter_mut().zip(left..) {
                    *x = slice[column * rows + row];
                }
            }
        }
    }
    Order::C.block(&[rows, columns], out)
}

/// [`zip`] for blocks of different shapes, or with gaps: row by row of the broadcast shape.
fn zip_rows<T: Arithmetic>(a: &Block<T>, b: &Block<T>, onto_left: fn(&mut [T], &[T])) -> Block<T> {
    let shape = broadcast_shape(a.shape(), b.shape());
    let broadcast = "chunks were cut to broadcast when the graph was built";
    let (a, b) = (a.broadcast(&*shape).expect(broadcast), b.broadcast(&*shape).expect(broadcast));
    let mut out = Vec::with_capacity(a.len());
    let mut other = Vec::new();
    for (a, b) in a.rows().into_iter().zip(b.rows()) {
        let start = out.len();
        push_row(&mut out, a);
        match b.to_slice() {
            Some(b) => onto_left(&mut out[start..], b),
            None => {
                other.clear();
                push_row(&mut other, b);
                onto_left(&mut out[start..], &other);
            }
        }
    }
    Order::C.block(&shape, out)
}

fn push_row<T: Copy>(out: &mut Vec<T>, row: ArrayView1<'_, T>) {
    match row.to_slice() {
        Some(row) => out.extend_from_slice(row),
        None => out.extend(row),
    }
}

fn broadcast_shape(a: &[usize], b: &[usize]) -> Vec<usize> {
    let (long, short) = if a.len() >= b.len() { (a, b) } else { (b, a) };
    let mut shape = long.to_vec();
    for (long, &short) in shape.iter_mut().rev().zip(short.iter().rev()) {
        if *long == 1 {
            *long = short;
        }
    }
    shape
}

/// The block with `work` done on each of its tiles, which begin at the given places in memory order:
/// in place where nobody else holds the block, else while it is copied.
fn rewrite<T: Dtype>(block: Block<T>, mut work: impl FnMut(&mut [T], usize)) -> Block<T> {
    let block = match block.try_into_owned_nocopy() {
        Ok(mut owned) => {
            if let Some(slice) = owned.as_slice_memory_order_mut() {
                for (number, tile) in slice.chunks_mut(TILE).enumerate() {
                    work(tile, number * TILE);
                }
                return owned.into_shared();
            }
            owned.into_shared()
        }
        Err(shared) => shared,
    };
    let (order, block) = in_order(block);
    let slice = block.as_slice_memory_order().expect("it was put in order");
    let mut out = Vec::with_capacity(slice.len());
    for tile in slice.chunks(TILE) {
        let start = out.len();
        out.extend_from_slice(tile);
        work(&mut out[start..], start);
    }
    order.block(block.shape(), out)
}

/// How a block without gaps lies in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// Row by row.
    C,
    /// Column by column: a transposed block.
    F,
}

impl Order {
    /// The order of `block`; none if it has gaps or another order.
    pub(super) fn of<T>(block: &Block<T>) -> Option<Order> {
        if block.is_standard_layout() {
            Some(Order::C)
        } else if block.t().is_standard_layout() {
            Some(Order::F)
        } else {
            None
        }
    }

    /// A block of `elements` that lie in this order.
    fn block<T>(self, shape: &[usize], elements: Vec<T>) -> Block<T> {
        let shape = IxDyn(shape).set_f(self == Order::F);
        ArcArray::from_shape_vec(shape, elements).expect("a kernel makes as many elements as it reads")
    }
}

/// The block, copied row by row if it has gaps, and its order.
pub(super) fn in_order<T: Clone>(block: Block<T>) -> (Order, Block<T>) {
    match Order::of(&block) {
        Some(order) => (order, block),
        None => (Order::C, block.as_standard_layout().into_owned().into_shared()),
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array, Array2, array};

    use super::*;

    fn counted(rows: usize, columns: usize) -> Block<f64> {
        let counted = Array::from_iter((0..rows * columns).map(|i| i as f64));
        counted.into_shape_with_order(IxDyn(&[rows, columns])).unwrap().into_shared()
    }

    /// Every pair of layouts gives what ndarray gives, on both sides.
    #[test]
    fn zip_does_not_depend_on_layout() {
        let square = counted(40, 40);
        let layouts = [
            square.clone(),
            square.clone().reversed_axes(),
            part(counted(40, 50), &[0..40, 5..45]),
            part(counted(1, 40), &[0..1, 0..40]),
            counted(40, 1),
            part(counted(40, 7), &[0..40, 3..4]),
        ];
        for a in &layouts {
            for b in &layouts {
                let expected = a.to_owned() - b;
                assert_eq!(zip(a.clone(), b.clone(), Binary::Sub), expected);
                let unshared = |block: &Block<f64>| block.to_owned().into_shared();
                assert_eq!(zip(unshared(a), b.clone(), Binary::Sub), expected);
                assert_eq!(zip(a.clone(), unshared(b), Binary::Sub), expected);
            }
        }
    }

    #[test]
    fn a_buffer_that_nobody_holds_is_written_over() {
        let (left, right) = (counted(3, 3), counted(3, 3));
        let (left_buffer, right_buffer) = (left.as_ptr(), right.as_ptr());
        let held = left.clone();
        let sum = zip(left, right, Binary::Add);
        assert_eq!(sum.as_ptr(), right_buffer);
        assert_eq!(held, counted(3, 3));
        let sum = zip(held, sum, Binary::Add);
        assert_eq!(sum.as_ptr(), left_buffer);
        assert_eq!(with_scalar(sum, Binary::Div, 3.0, Side::Right), counted(3, 3));
    }

    #[test]
    fn long_blocks_are_worked_on_in_tiles() {
        let long = counted(1, 3 * TILE + 5);
        let kernel: fn(&mut [f64]) = |tile| tile.iter_mut().for_each(|x| *x += 1.0);
        assert_eq!(each(long.clone(), kernel), &long + 1.0);
        assert_eq!(with_scalar(long.clone(), Binary::Sub, 1.0, Side::Left), 1.0 - &long);
    }

    #[test]
    fn order_is_kept() {
        let transposed = counted(3, 4).reversed_axes();
        assert_eq!(Order::of(&with_scalar(transposed, Binary::Add, 1.0, Side::Left)), Some(Order::F));
        assert_eq!(Order::of(&part(counted(3, 4), &[0..3, 1..3])), None);
    }

    #[test]
    fn blocks_are_gathered_in_their_places() {
        let whole: Array2<i32> = array![[1, 2, 3], [4, 5, 6], [7, 8, 9]];
        let chunks = Chunks::new(vec![3, 3], super::super::ChunkLengths::Same(2)).unwrap();
        let shared = whole.clone().into_dyn().into_shared();
        let blocks = (0..4).map(|block| to_value(part(shared.clone(), &chunks.region(block)))).collect();
        assert_eq!(gather::<i32>(&chunks, blocks).unwrap(), whole.into_dyn());
    }
}
