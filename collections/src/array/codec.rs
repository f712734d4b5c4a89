//! Blocks as bytes: shape, order of the axes in memory, and the elements as they lie there, in little-endian order.
//! A block without gaps is written from where it is and read to where it stays. Imports: graph.

use std::io::{Error, ErrorKind, Read, Result, Write};

use super::block::{self, Block, Shape};
use super::dtype::Dtype;
use super::tile::Typed;
use crate::graph::{Failure, Value};

const _: () = assert!(cfg!(target_endian = "little"), "elements are written as they lie in memory");

/// Bytes of a block with gaps that are put together before they are written.
const BUFFER: usize = 64 << 10;

/// A [`Dtype`] whose elements are written as their bytes.
pub(super) trait Raw: Dtype {
    fn bytes(elements: &[Self]) -> &[u8];
    fn read(count: usize, input: &mut dyn Read) -> Result<Vec<Self>>;
}

macro_rules! raw {
    ($($T:ident)*) => {$(
        impl Raw for $T {
            fn bytes(elements: &[Self]) -> &[u8] {
                bytemuck::cast_slice(elements)
            }

            fn read(count: usize, input: &mut dyn Read) -> Result<Vec<Self>> {
                let mut elements = zeros(count)?;
                input.read_exact(bytemuck::cast_slice_mut(&mut elements))?;
                Ok(elements)
            }
        }
    )*};
}

raw!(i8 i16 i32 i64 u8 u16 u32 u64 f32 f64);

/// Not every byte is a `bool`.
impl Raw for bool {
    fn bytes(elements: &[Self]) -> &[u8] {
        bytemuck::cast_slice(elements)
    }

    fn read(count: usize, input: &mut dyn Read) -> Result<Vec<Self>> {
        Ok(u8::read(count, input)?.into_iter().map(|byte| byte != 0).collect())
    }
}

/// So many zeros, or an error where there is no memory for them.
fn zeros<T: Dtype>(count: usize) -> Result<Vec<T>> {
    let mut zeros = Vec::new();
    zeros.try_reserve_exact(count).map_err(|error| Error::new(ErrorKind::OutOfMemory, error))?;
    zeros.resize(count, T::ZERO);
    Ok(zeros)
}

pub(super) fn encode<T: Typed>(value: &Value, out: &mut dyn Write) -> std::result::Result<(), Failure> {
    let block = value.get::<Block<T>>()?;
    let mut axes: Vec<usize> = (0..block.ndim()).collect();
    axes.sort_by_key(|&axis| std::cmp::Reverse(block.strides()[axis].unsigned_abs()));
    let turned = block.view().permuted_axes(&*axes);
    // Elements with gaps between them are written row by row.
    let whole = turned.to_slice();
    if whole.is_none() {
        axes.sort_unstable();
    }
    let header = [block.ndim()].into_iter().chain(block.shape().iter().copied()).chain(axes);
    let header: Vec<u8> = header.flat_map(|number| (number as u64).to_le_bytes()).collect();
    out.write_all(&header)?;
    if let Some(whole) = whole {
        return Ok(out.write_all(T::bytes(whole))?);
    }
    let mut buffer: Vec<T> = Vec::new();
    for element in block {
        buffer.push(*element);
        if buffer.len() * size_of::<T>() >= BUFFER {
            out.write_all(T::bytes(&buffer))?;
            buffer.clear();
        }
    }
    Ok(out.write_all(T::bytes(&buffer))?)
}

pub(super) fn decode<T: Typed>(input: &mut dyn Read) -> std::result::Result<Value, Failure> {
    let mut number = || -> Result<usize> {
        let mut bytes = [0; 8];
        input.read_exact(&mut bytes)?;
        usize::try_from(u64::from_le_bytes(bytes)).map_err(|_| no_block())
    };
    let ndim = number()?;
    let lengths = (0..ndim).map(|_| number()).collect::<Result<Vec<_>>>()?;
    let axes = (0..ndim).map(|_| number()).collect::<Result<Vec<_>>>()?;
    let mut sorted = axes.clone();
    sorted.sort_unstable();
    let count = lengths.iter().try_fold(1_usize, |product, &length| product.checked_mul(length));
    let count = count.filter(|_| sorted.into_iter().eq(0..ndim)).ok_or_else(no_block)?;
    let elements = T::read(count, input)?;
    Ok(block::to_value(block::laid_out(elements, Shape { lengths: &lengths, axes: &axes })))
}

fn no_block() -> Error {
    Error::new(ErrorKind::InvalidData, "these bytes are not a chunk of an array")
}

#[cfg(test)]
mod tests {
    use ndarray::{Array, IxDyn};
    use proptest::prelude::*;

    use super::*;

    /// What is written and read again.
    fn travelled<T: Typed>(block: &Block<T>) -> (Block<T>, usize) {
        let value = block::to_value(block.clone());
        let codec = value.codec().unwrap();
        let mut bytes = Vec::new();
        (codec.encode)(&value, &mut bytes).unwrap();
        let mut input = &*bytes;
        let back = (codec.decode)(&mut input).unwrap();
        assert!(input.is_empty());
        assert_eq!(back.bytes(), value.bytes());
        (back.take().unwrap(), bytes.len())
    }

    fn counted<T: Clone>(shape: &[usize], number: fn(usize) -> T) -> Block<T> {
        let counted = Array::from_iter((0..shape.iter().product()).map(number));
        counted.into_shape_with_order(IxDyn(shape)).unwrap().into_shared()
    }

    proptest! {
        #[test]
        fn every_block_comes_back_as_it_was(
            shape in prop::collection::vec(0..6_usize, 0..4),
            turned in any::<bool>(),
            cut in any::<bool>(),
        ) {
            let region: Vec<_> = shape.iter().map(|length| if cut { length / 3..*length } else { 0..*length }).collect();
            let mut block = block::part(counted(&shape, |i| i as i32), &region);
            if turned {
                block = block.reversed_axes();
            }
            let (back, bytes) = travelled(&block);
            prop_assert_eq!(&back, &block);
            prop_assert_eq!(bytes, 8 + 16 * block.ndim() + 4 * block.len());
            if block.as_slice_memory_order().is_some() && !block.is_empty() {
                prop_assert_eq!(back.as_slice_memory_order(), block.as_slice_memory_order(), "the order is kept");
            }
        }
    }

    #[test]
    fn every_dtype_has_a_codec() {
        fn check<T: Typed>(numbers: &[T]) {
            let block = Block::from_shape_vec(vec![numbers.len()], numbers.to_vec()).unwrap();
            assert_eq!(format!("{:?}", travelled(&block).0), format!("{block:?}"));
        }
        check(&[true, false, true]);
        check(&[i8::MIN, 0, i8::MAX]);
        check(&[i16::MIN, 0, i16::MAX]);
        check(&[i32::MIN, 0, i32::MAX]);
        check(&[i64::MIN, 0, i64::MAX]);
        check(&[u8::MIN, u8::MAX]);
        check(&[u16::MIN, u16::MAX]);
        check(&[u32::MIN, u32::MAX]);
        check(&[u64::MIN, u64::MAX]);
        check(&[f32::NAN, -0.0, f32::INFINITY]);
        check(&[f64::NAN, -0.0, f64::INFINITY]);
    }

    #[test]
    fn what_is_no_block_is_an_error() {
        let read = |numbers: &[u64]| {
            let bytes: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
            decode::<f64>(&mut &*bytes).unwrap_err().to_string()
        };
        assert_eq!(read(&[2, 3, 3, 0, 0]), "these bytes are not a chunk of an array");
        assert_eq!(read(&[2, u64::MAX, 3, 0, 1]), "these bytes are not a chunk of an array");
        assert_eq!(read(&[1, 3, 0, 7]), "failed to fill whole buffer");
    }
}
