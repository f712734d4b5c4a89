//! Work on one block of an array, or on all of them. No graph in sight, only its values.
//!
//! Blocks are `ndarray`s with a shared buffer: cutting and transposing copy nothing, and a buffer that nobody
//! else holds is written over.

#![expect(unsafe_code, reason = "a block that is cut from a larger one is read where it lies, gaps skipped")]

use std::ops::Range;

use ndarray::{ArcArray, ArrayD, Axis, IxDyn, Slice};

use super::Chunks;
use super::dtype::Dtype;
use super::tile::Typed;
use crate::graph::{Value, WrongType};

/// One chunk of an array.
pub(super) type Block<T> = ArcArray<T, IxDyn>;

/// The shape of a block without gaps, and its axes in the order in which it lies in memory, slowest first.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape<'a> {
    pub(super) lengths: &'a [usize],
    pub(super) axes: &'a [usize],
}

/// The block as a value of the graph.
pub(super) fn to_value<T: Typed>(block: Block<T>) -> Value {
    let bytes = block.len() * size_of::<T>();
    Value::coded(block, bytes, T::codec())
}

/// The whole array from all of its blocks.
pub(super) fn gather<T: Dtype>(chunks: &Chunks, blocks: Vec<Value>) -> Result<ArrayD<T>, WrongType> {
    if blocks.len() == 1 {
        let block = blocks.into_iter().next().expect("there is one");
        return Ok(block.take::<Block<T>>()?.into_owned());
    }
    let mut whole = ArrayD::from_elem(chunks.shape(), T::ZERO);
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

/// The part of a block that `region` selects, which counts from the block's own start.
pub(super) fn part<T>(mut block: Block<T>, region: &[Range<usize>]) -> Block<T> {
    for (axis, range) in region.iter().enumerate() {
        block.slice_axis_inplace(Axis(axis), Slice::from(range.clone()));
    }
    block
}

/// A block of `elements`, which lie in memory as `shape` says.
pub(super) fn laid_out<T>(elements: Vec<T>, shape: Shape<'_>) -> Block<T> {
    let lengths: Vec<usize> = shape.axes.iter().map(|&axis| shape.lengths[axis]).collect();
    let mut places = vec![0; lengths.len()];
    shape.axes.iter().enumerate().for_each(|(place, &axis)| places[axis] = place);
    let block = ArcArray::from_shape_vec(lengths, elements).expect("there is an element for each place");
    block.permuted_axes(places)
}

/// The block, copied if an axis of it goes backwards in memory.
pub(super) fn forward<T: Clone>(block: Block<T>) -> Block<T> {
    let backwards = block.strides().iter().zip(block.shape()).any(|(stride, length)| *stride < 0 && *length > 1);
    if backwards { block.as_standard_layout().into_owned().into_shared() } else { block }
}

/// The memory from the first element of a block to its last; no axis of it goes backwards.
pub(super) fn memory<T>(block: &Block<T>) -> &[T] {
    if let Some(slice) = block.as_slice_memory_order() {
        return slice;
    }
    if block.is_empty() {
        return &[];
    }
    let steps = block.shape().iter().zip(block.strides()).filter(|(length, _)| **length > 1);
    let last: isize = steps.map(|(length, stride)| (*length as isize - 1) * stride).sum();
    assert!(block.strides().iter().zip(block.shape()).all(|(stride, length)| *stride >= 0 || *length == 1));
    // SAFETY: first and last element lie in the one buffer that the block refers to, the first before the last. A buffer
    // is a `Vec` whose elements are all there, and nobody writes to it while the block, which is borrowed, refers to it.
    unsafe { std::slice::from_raw_parts(block.as_ptr(), last as usize + 1) }
}

/// The elements of a block without gaps as they lie in memory, if nobody else holds them.
pub(super) fn into_buffer<T: Clone>(block: Block<T>) -> Result<Vec<T>, Block<T>> {
    let elements = block.len();
    let (buffer, start) = block.try_into_owned_nocopy()?.into_raw_vec_and_offset();
    let start = start.unwrap_or(0);
    Ok(if buffer.len() == elements { buffer } else { buffer[start..start + elements].to_vec() })
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, array};

    use super::*;

    #[test]
    fn blocks_are_gathered_in_their_places() {
        let whole: Array2<i32> = array![[1, 2, 3], [4, 5, 6], [7, 8, 9]];
        let chunks = Chunks::new(vec![3, 3], super::super::ChunkLengths::Same(2)).unwrap();
        let shared = whole.clone().into_dyn().into_shared();
        let blocks = (0..4).map(|block| to_value(part(shared.clone(), &chunks.region(block)))).collect();
        assert_eq!(gather::<i32>(&chunks, blocks).unwrap(), whole.into_dyn());
    }

    #[test]
    fn the_memory_of_a_part_ends_with_the_part() {
        let whole = array![[1, 2, 3], [4, 5, 6], [7, 8, 9]].into_dyn().into_shared();
        assert_eq!(memory(&part(whole.clone(), &[1..3, 0..2])), [4, 5, 6, 7, 8]);
        assert!(memory(&part(whole.clone(), &[1..1, 0..2])).is_empty());
        let mut turned = whole;
        turned.invert_axis(Axis(0));
        assert_eq!(memory(&forward(turned)), [7, 8, 9, 4, 5, 6, 1, 2, 3]);
    }

    #[test]
    fn only_an_unshared_buffer_is_given_up() {
        let block = array![[1, 2], [3, 4]].into_dyn().into_shared();
        let held = block.clone();
        let block = into_buffer(block).unwrap_err();
        drop(held);
        assert_eq!(into_buffer(block.reversed_axes()).unwrap(), [1, 2, 3, 4]);
        let row = part(array![[1, 2], [3, 4]].into_dyn().into_shared(), &[1..2, 0..2]);
        assert_eq!(into_buffer(row).unwrap(), [3, 4]);
    }
}
