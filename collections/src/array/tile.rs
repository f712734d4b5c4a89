//! Elements whose type is known when they are worked on: buffers, slices and blocks of any dtype, each one enum.
//!
//! An enum and not `dyn Any`, so that slices may borrow; [`for_any`] and [`Typed`] turn it back into a type. Imports:
//! nothing in-house but dtypes and blocks.

use std::marker::PhantomData;
use std::ops::Range;

use super::block::{self, Block, Shape};
use super::codec::{self, Raw};
use super::dtype::{Dtype, DtypeId, for_dtype, sealed::Erased};
use crate::graph::{Codec, Value, WrongType};

/// What holds elements of one type: a `Vec`, a slice, a block.
pub(super) trait Holder {
    type Of<T: Dtype>;
}

/// `Vec`s.
pub(super) struct Buffers;
/// Shared slices.
#[derive(Clone, Copy)]
pub(super) struct Slices<'a>(PhantomData<&'a ()>);
/// Exclusive slices.
pub(super) struct SlicesMut<'a>(PhantomData<&'a mut ()>);
/// Chunks of arrays.
pub(super) struct Blocks;

impl Holder for Buffers {
    type Of<T: Dtype> = Vec<T>;
}

impl<'a> Holder for Slices<'a> {
    type Of<T: Dtype> = &'a [T];
}

impl<'a> Holder for SlicesMut<'a> {
    type Of<T: Dtype> = &'a mut [T];
}

impl Holder for Blocks {
    type Of<T: Dtype> = Block<T>;
}

pub(super) type Buffer = Any<Buffers>;
pub(super) type Slice<'a> = Any<Slices<'a>>;
pub(super) type SliceMut<'a> = Any<SlicesMut<'a>>;
pub(super) type AnyBlock = Any<Blocks>;

/// A [`Dtype`] that an [`Any`] can hold.
pub(super) trait Typed: Raw {
    /// How blocks of it are written.
    fn codec() -> &'static Codec;
    fn wrap<H: Holder>(held: H::Of<Self>) -> Any<H>;
    /// What is held, which is of this type: the graph was built so.
    fn unwrap<H: Holder>(any: Any<H>) -> H::Of<Self>;
}

macro_rules! any {
    ($($Id:ident $T:ident),*) => {
        /// Elements of some dtype, held by `H`.
        #[derive(Clone, Copy)]
        pub(super) enum Any<H: Holder> {
            $($Id(H::Of<$T>),)*
        }

        $(impl Typed for $T {
            fn codec() -> &'static Codec {
                const { &Codec { encode: codec::encode::<$T>, decode: codec::decode::<$T> } }
            }

            #[inline]
            fn wrap<H: Holder>(held: H::Of<$T>) -> Any<H> {
                Any::$Id(held)
            }

            #[inline]
            fn unwrap<H: Holder>(any: Any<H>) -> H::Of<$T> {
                match any {
                    Any::$Id(held) => held,
                    _ => unreachable!("operations are joined where their dtypes meet"),
                }
            }
        })*
    };
}

any!(Bool bool, I8 i8, I16 i16, I32 i32, I64 i64, U8 u8, U16 u16, U32 u32, U64 u64, F32 f32, F64 f64);

/// Evaluates `$body` with `$held` what `$any` holds, of type `$T` where the body names it.
macro_rules! for_any {
    ($any:expr, $T:ident, $held:ident => $body:expr) => {
        $crate::array::tile::for_any!(arms $any, ($T) $held => $body,
            Bool bool, I8 i8, I16 i16, I32 i32, I64 i64, U8 u8, U16 u16, U32 u32, U64 u64, F32 f32, F64 f64)
    };
    ($any:expr, $held:ident => $body:expr) => {
        $crate::array::tile::for_any!(arms $any, () $held => $body,
            Bool bool, I8 i8, I16 i16, I32 i32, I64 i64, U8 u8, U16 u16, U32 u32, U64 u64, F32 f32, F64 f64)
    };
    (arms $any:expr, $T:tt $held:ident => $body:expr, $($Id:ident $of:ident),*) => {
        match $any {
            $($crate::array::tile::Any::$Id($held) => {
                $crate::array::tile::for_any!(name $T $of);
                $body
            })*
        }
    };
    (name ($T:ident) $of:ident) => {
        type $T = $of;
    };
    (name () $of:ident) => {};
}

pub(super) use for_any;

impl Buffer {
    /// Nothing, which owns nothing.
    pub(super) const EMPTY: Buffer = Any::Bool(Vec::new());

    pub(super) fn zeros(dtype: DtypeId, length: usize) -> Buffer {
        for_dtype!(dtype, T => T::wrap(vec![T::ZERO; length]))
    }

    pub(super) fn with_capacity(dtype: DtypeId, length: usize) -> Buffer {
        for_dtype!(dtype, T => T::wrap(Vec::<T>::with_capacity(length)))
    }

    #[inline(always)]
    pub(super) fn slice(&self, range: Range<usize>) -> Slice<'_> {
        for_any!(self, T, held => <T as Typed>::wrap(&held[range]))
    }

    #[inline(always)]
    pub(super) fn slice_mut(&mut self, range: Range<usize>) -> SliceMut<'_> {
        for_any!(self, T, held => <T as Typed>::wrap(&mut held[range]))
    }

    pub(super) fn extend(&mut self, slice: Slice<'_>) {
        for_any!(self, T, held => held.extend_from_slice(<T as Typed>::unwrap(slice)));
    }

    /// A block of these elements.
    pub(super) fn into_block(self, shape: Shape<'_>) -> AnyBlock {
        for_any!(self, T, held => <T as Typed>::wrap(block::laid_out(held, shape)))
    }
}

impl<'a> Slice<'a> {
    /// Its address, and the bytes of an element.
    pub(super) fn place(self) -> (usize, usize) {
        for_any!(self, T, held => (held.as_ptr().addr(), size_of::<T>()))
    }

    #[inline(always)]
    pub(super) fn part<'b>(self, range: Range<usize>) -> Slice<'b>
    where
        'a: 'b,
    {
        for_any!(self, T, held => <T as Typed>::wrap(&held[range]))
    }
}

impl SliceMut<'_> {
    pub(super) fn copy_from(self, from: Slice<'_>) {
        for_any!(self, T, held => held.copy_from_slice(<T as Typed>::unwrap(from)));
    }

    /// Copies rows of `columns` elements out of `from`, where they begin at `offset` and every `strides[0]` further on,
    /// and their elements are `strides[1]` apart.
    pub(super) fn gather(self, columns: usize, from: Slice<'_>, offset: usize, strides: [usize; 2]) {
        for_any!(self, T, held => gather(held, columns, &<T as Typed>::unwrap(from)[offset..], strides));
    }
}

fn gather<T: Copy>(rows: &mut [T], columns: usize, from: &[T], [down, along]: [usize; 2]) {
    for (number, row) in rows.chunks_exact_mut(columns).enumerate() {
        let from = &from[number * down..];
        match along {
            0 => row.fill(from[0]),
            1 => row.copy_from_slice(&from[..columns]),
            _ => row.iter_mut().zip(from.iter().step_by(along)).for_each(|(x, y)| *x = *y),
        }
    }
}

impl AnyBlock {
    /// The block in a value that a task reads.
    pub(super) fn of(value: Value, dtype: DtypeId) -> Result<AnyBlock, WrongType> {
        for_dtype!(dtype, T => Ok(T::wrap(block::forward(value.take::<Block<T>>()?))))
    }

    pub(super) fn into_value(self) -> Value {
        for_any!(self, block => block::to_value(block))
    }

    pub(super) fn dtype(&self) -> DtypeId {
        for_any!(self, T, _block => T::ID)
    }

    pub(super) fn shape(&self) -> &[usize] {
        for_any!(self, block => block.shape())
    }

    pub(super) fn strides(&self) -> &[isize] {
        for_any!(self, block => block.strides())
    }

    /// Whether the two are the same elements in memory.
    pub(super) fn is(&self, other: &AnyBlock) -> bool {
        let start = |block: &AnyBlock| for_any!(block, block => block.as_ptr().addr());
        start(self) == start(other)
            && self.dtype() == other.dtype()
            && self.shape() == other.shape()
            && self.strides() == other.strides()
    }

    /// The memory from the first element of the block to its last, with what lies between them.
    pub(super) fn memory(&self) -> Slice<'_> {
        for_any!(self, T, block => <T as Typed>::wrap(block::memory(block)))
    }

    /// The elements of a block without gaps as they lie in memory, if nobody else holds them.
    pub(super) fn into_buffer(self) -> Result<Buffer, AnyBlock> {
        for_any!(self, T, block => block::into_buffer(block).map(<T as Typed>::wrap).map_err(<T as Typed>::wrap))
    }
}
