//! How an array is cut: where chunks begin and end along each axis, and how blocks are numbered.
//! Integer arithmetic only; knows nothing of elements, operations or graphs. Imports: nothing in-house.
//!
//! Blocks are numbered row by row, the last axis fastest: the number is the partition of the graph.

use std::fmt;
use std::mem::ManuallyDrop;
use std::ops::Range;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use smallvec::SmallVec;

use super::error::ArrayError;
use super::shape::ChunkLengths;

/// One number for each axis, on the stack for the usual few.
pub(super) type Index = SmallVec<[usize; 6]>;

/// Where chunks begin along one axis, from 0, and where the last one ends: never empty.
type Bounds = Arc<[usize]>;

/// The chunks of an array along each axis; cheap to clone, its drop stays in this library.
#[doc(hidden)]
#[derive(PartialEq, Eq)]
pub struct Chunks(ManuallyDrop<Arc<[Bounds]>>);

/// Number of blocks along each axis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Grid(Index);

impl Chunks {
    /// Cuts `shape` as `lengths` says.
    pub(super) fn new(shape: Vec<usize>, lengths: ChunkLengths) -> Result<Self, ArrayError> {
        let elements = shape.iter().try_fold(1_usize, |product, &length| product.checked_mul(length));
        if elements.is_none_or(|elements| elements > isize::MAX as usize / size_of::<u64>()) {
            return Err(ArrayError::TooLarge { shape });
        }
        let bounds: Vec<Bounds> = match lengths {
            ChunkLengths::Same(length) => regular(&shape, &vec![length; shape.len()])?,
            ChunkLengths::PerAxis(lengths) => regular(&shape, &lengths)?,
            ChunkLengths::Every(lengths) => explicit(&shape, &lengths)?,
        };
        let chunks = Chunks::of(bounds);
        match chunks.grid().checked_count() {
            Some(_) => Ok(chunks),
            None => Err(ArrayError::TooManyChunks { shape }),
        }
    }

    fn of(bounds: Vec<Bounds>) -> Self {
        Chunks(ManuallyDrop::new(bounds.into()))
    }

    /// Number of axes.
    pub(super) fn ndim(&self) -> usize {
        self.0.len()
    }

    /// Length of each axis.
    pub(super) fn shape(&self) -> Vec<usize> {
        self.0.iter().map(|bounds| length(bounds)).collect()
    }

    /// Number of blocks along each axis.
    pub(super) fn grid(&self) -> Grid {
        Grid(self.0.iter().map(|bounds| bounds.len() - 1).collect())
    }

    /// The length of every chunk along each axis.
    pub(super) fn lengths(&self) -> Vec<Vec<usize>> {
        self.0.iter().map(|bounds| bounds.windows(2).map(|pair| pair[1] - pair[0]).collect()).collect()
    }

    /// The largest chunk along each axis.
    pub(super) fn largest(&self) -> Vec<usize> {
        let largest = |bounds: &Bounds| bounds.windows(2).map(|pair| pair[1] - pair[0]).max();
        self.0.iter().map(|bounds| largest(bounds).expect("an axis has a chunk")).collect()
    }

    /// Which elements block `partition` holds, along each axis.
    pub(super) fn region(&self, partition: usize) -> SmallVec<[Range<usize>; 6]> {
        let index = self.grid().index(partition);
        self.0.iter().zip(index).map(|(bounds, i)| bounds[i]..bounds[i + 1]).collect()
    }

    /// The shape of block `partition`.
    pub(super) fn block_shape(&self, partition: usize) -> Vec<usize> {
        self.region(partition).into_iter().map(|range| range.len()).collect()
    }

    /// The one block at `index`, as an array of its own.
    pub(super) fn block(&self, index: &[usize]) -> Result<Chunks, ArrayError> {
        let grid = self.grid();
        if index.len() != self.ndim() || index.iter().zip(&grid.0).any(|(i, blocks)| i >= blocks) {
            return Err(ArrayError::NoBlock { block: index.to_vec(), grid: grid.0.to_vec() });
        }
        let shape = self.block_shape(grid.partition(index));
        Ok(Chunks::of(shape.into_iter().map(|length| [0, length].into()).collect()))
    }

    /// The chunks with axis `axes[i]` as axis i.
    pub(super) fn permuted(&self, axes: &[usize]) -> Chunks {
        Chunks::of(axes.iter().map(|&axis| self.0[axis].clone()).collect())
    }

    /// The chunks without `axes`.
    pub(super) fn without(&self, axes: &[usize]) -> Chunks {
        let kept = self.0.iter().enumerate().filter(|(axis, _)| !axes.contains(axis));
        Chunks::of(kept.map(|(_, bounds)| bounds.clone()).collect())
    }

    /// The chunks of `self ∘ other`: the broadcast shape, cut wherever one of the two is cut.
    pub(super) fn broadcast(&self, other: &Chunks) -> Result<Chunks, ArrayError> {
        if self == other {
            return Ok(self.clone());
        }
        let ndim = self.ndim().max(other.ndim());
        let bounds = (0..ndim).map(|axis| match (self.aligned(axis, ndim), other.aligned(axis, ndim)) {
            (Some(a), Some(b)) if length(a) == length(b) => Some(refined(a, b)),
            (Some(a), Some(b)) if length(a) == 1 => Some(b.clone()),
            (Some(a), Some(b)) if length(b) == 1 => Some(a.clone()),
            (Some(_), Some(_)) => None,
            (one, other) => one.or(other).cloned(),
        });
        let chunks = bounds.collect::<Option<Vec<_>>>().map(Chunks::of);
        let chunks = chunks.ok_or_else(|| ArrayError::Broadcast { left: self.shape(), right: other.shape() })?;
        match chunks.grid().checked_count() {
            Some(_) => Ok(chunks),
            None => Err(ArrayError::TooManyChunks { shape: chunks.shape() }),
        }
    }

    /// How `self` must be cut so that each block of `whole`, into which it broadcasts, reads one block of it.
    pub(super) fn cut_like(&self, whole: &Chunks) -> Chunks {
        let skipped = whole.ndim() - self.ndim();
        let own = self.0.iter().zip(&whole.0[skipped..]);
        Chunks::of(own.map(|(own, whole)| if length(own) == length(whole) { whole } else { own }.clone()).collect())
    }

    /// The axis that lines up with `axis` of a broadcast array of `ndim` axes.
    fn aligned(&self, axis: usize, ndim: usize) -> Option<&Bounds> {
        (axis + self.ndim()).checked_sub(ndim).map(|own| &self.0[own])
    }

    /// The block that holds the first element of `region`.
    pub(super) fn block_around(&self, region: &[Range<usize>]) -> usize {
        let index = self.0.iter().zip(region).map(|(bounds, range)| {
            let begun = bounds.partition_point(|&start| start <= range.start);
            // An axis of length 0 has one block, which begins where it ends.
            begun.min(bounds.len() - 1) - 1
        });
        self.grid().partition(&index.collect::<Index>())
    }
}

impl Grid {
    /// `blocks` blocks along one axis.
    pub(super) fn line(blocks: usize) -> Grid {
        Grid(SmallVec::from_slice(&[blocks]))
    }

    /// Number of axes.
    pub(super) fn ndim(&self) -> usize {
        self.0.len()
    }

    /// Most blocks along one of `axes`; 0 without axes.
    pub(super) fn longest(&self, axes: &[usize]) -> usize {
        axes.iter().map(|&axis| self.0[axis]).max().unwrap_or(0)
    }

    /// The numbers themselves, for pictures.
    pub(super) fn to_vec(&self) -> Vec<usize> {
        self.0.to_vec()
    }

    /// Number of blocks.
    pub(super) fn count(&self) -> usize {
        self.0.iter().product()
    }

    /// Number of blocks, if a run can number them.
    fn checked_count(&self) -> Option<usize> {
        let count = self.0.iter().try_fold(1_usize, |product, &blocks| product.checked_mul(blocks))?;
        (count <= u32::MAX as usize).then_some(count)
    }

    /// Where block `partition` lies.
    pub(super) fn index(&self, mut partition: usize) -> Index {
        let mut index: Index = SmallVec::from_elem(0, self.0.len());
        for (i, blocks) in index.iter_mut().zip(&self.0).rev() {
            *i = partition % blocks;
            partition /= blocks;
        }
        index
    }

    /// The number of the block at `index`.
    pub(super) fn partition(&self, index: &[usize]) -> usize {
        index.iter().zip(&self.0).fold(0, |partition, (i, blocks)| partition * blocks + i)
    }

    /// The block of this grid that broadcasts onto the block at `index` of a grid with as many axes or more.
    pub(super) fn broadcast_from(&self, index: &[usize]) -> usize {
        let own = &index[index.len() - self.0.len()..];
        let own: Index = own.iter().zip(&self.0).map(|(&i, &blocks)| if blocks == 1 { 0 } else { i }).collect();
        self.partition(&own)
    }

    /// The grid after up to `fan` neighbours became one, along each of `axes`.
    pub(super) fn shrunk(&self, axes: &[usize], fan: usize) -> Grid {
        let shrunk =
            |(axis, &blocks): (usize, &usize)| if axes.contains(&axis) { blocks.div_ceil(fan) } else { blocks };
        Grid(self.0.iter().enumerate().map(shrunk).collect())
    }

    /// Pushes the numbers of all blocks whose index lies in `ranges`, row by row.
    pub(super) fn push_all(&self, ranges: &[Range<usize>], out: &mut Vec<usize>) {
        let start = out.len();
        out.push(0);
        for (range, blocks) in ranges.iter().zip(&self.0) {
            let range = range.start..range.end.min(*blocks);
            let outer: SmallVec<[usize; 16]> = out.drain(start..).collect();
            out.extend(outer.iter().flat_map(|partition| range.clone().map(move |i| partition * blocks + i)));
        }
    }
}

fn length(bounds: &[usize]) -> usize {
    bounds[bounds.len() - 1]
}

/// Every bound of both: the chunks that lie in one chunk of each.
fn refined(a: &Bounds, b: &Bounds) -> Bounds {
    if a == b {
        return a.clone();
    }
    let mut bounds: Vec<usize> = a.iter().chain(b.iter()).copied().collect();
    bounds.sort_unstable();
    bounds.dedup();
    bounds.into()
}

/// Chunks of one length along each axis, the last one shorter.
fn regular(shape: &[usize], lengths: &[usize]) -> Result<Vec<Bounds>, ArrayError> {
    if lengths.len() != shape.len() {
        return Err(ArrayError::ChunkAxes { given: lengths.len(), shape: shape.to_vec() });
    }
    if let Some(axis) = lengths.iter().position(|&length| length == 0) {
        return Err(ArrayError::ZeroChunk { axis, shape: shape.to_vec() });
    }
    // An axis of length 0 has one chunk of length 0.
    let blocks = |(&axis, &length): (&usize, &usize)| axis.div_ceil(length).max(1);
    let grid = Grid(shape.iter().zip(lengths).map(blocks).collect());
    if grid.checked_count().is_none() {
        return Err(ArrayError::TooManyChunks { shape: shape.to_vec() });
    }
    let cut = |(&axis, &length): (&usize, &usize)| (0..axis.max(1)).step_by(length).chain([axis]).collect();
    Ok(shape.iter().zip(lengths).map(cut).collect())
}

/// Chunks of the given lengths along each axis.
fn explicit(shape: &[usize], lengths: &[Vec<usize>]) -> Result<Vec<Bounds>, ArrayError> {
    if lengths.len() != shape.len() {
        return Err(ArrayError::ChunkAxes { given: lengths.len(), shape: shape.to_vec() });
    }
    let axes = lengths.iter().enumerate().map(|(axis, lengths)| {
        let sum = lengths.iter().fold(0_usize, |sum, &length| sum.saturating_add(length));
        if sum != shape[axis] {
            return Err(ArrayError::ChunkSum { axis, sum, shape: shape.to_vec() });
        }
        if sum > 0 && lengths.contains(&0) {
            return Err(ArrayError::ZeroChunk { axis, shape: shape.to_vec() });
        }
        let ends = lengths.iter().scan(0, |end, &length| {
            *end += length;
            Some(*end)
        });
        Ok(if sum == 0 { [0, 0].into() } else { [0].into_iter().chain(ends).collect() })
    });
    axes.collect()
}

impl Clone for Chunks {
    #[inline(never)]
    fn clone(&self) -> Self {
        Chunks(self.0.clone())
    }
}

impl Drop for Chunks {
    #[inline(never)]
    #[expect(unsafe_code, reason = "keeps the drop glue of reference counts out of every cell")]
    fn drop(&mut self) {
        // SAFETY: dropped once, here, and not used afterwards.
        unsafe { ManuallyDrop::drop(&mut self.0) }
    }
}

impl fmt::Debug for Chunks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.lengths().fmt(f)
    }
}

impl Serialize for Chunks {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(|bounds| &**bounds))
    }
}

impl<'de> Deserialize<'de> for Chunks {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Chunks::of(Vec::deserialize(deserializer)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(shape: &[usize], lengths: &[usize]) -> Chunks {
        Chunks::new(shape.to_vec(), ChunkLengths::PerAxis(lengths.to_vec())).unwrap()
    }

    fn explicit(lengths: &[&[usize]]) -> Chunks {
        let shape = lengths.iter().map(|lengths| lengths.iter().sum()).collect();
        Chunks::new(shape, ChunkLengths::Every(lengths.iter().map(|lengths| lengths.to_vec()).collect())).unwrap()
    }

    #[test]
    fn the_last_chunk_is_short_and_a_long_one_is_the_whole_axis() {
        assert_eq!(cut(&[10, 4], &[3, 100]).lengths(), [vec![3, 3, 3, 1], vec![4]]);
    }

    #[test]
    fn an_empty_axis_has_one_empty_chunk() {
        let chunks = cut(&[0, 4], &[3, 2]);
        assert_eq!(chunks.lengths(), [vec![0], vec![2, 2]]);
        assert_eq!(chunks.block_around(&chunks.region(1)), 1);
    }

    #[test]
    fn an_array_without_axes_is_one_block() {
        let chunks = cut(&[], &[]);
        assert_eq!(chunks.grid().count(), 1);
        assert!(chunks.region(0).is_empty());
    }

    #[test]
    fn blocks_are_numbered_row_by_row() {
        let chunks = cut(&[4, 6], &[2, 2]);
        assert_eq!(chunks.grid().index(4)[..], [1, 1]);
        assert_eq!(chunks.region(4)[..], [2..4, 2..4]);
        let grid = chunks.grid();
        assert!((0..grid.count()).all(|partition| grid.partition(&grid.index(partition)) == partition));
    }

    #[test]
    fn broadcasting_cuts_where_either_is_cut() {
        // What Dask gives for the same: fixture A5.
        let both = cut(&[4, 1], &[2, 1]).broadcast(&cut(&[1, 6], &[1, 3])).unwrap();
        assert_eq!(both.lengths(), [vec![2, 2], vec![3, 3]]);
        let both = explicit(&[&[3, 7]]).broadcast(&cut(&[10], &[5])).unwrap();
        assert_eq!(both.lengths(), [vec![3, 2, 5]]);
        let row = cut(&[6], &[3]);
        assert_eq!(row.cut_like(&cut(&[5, 6], &[5, 2])).lengths(), [vec![2, 2, 2]]);
    }

    #[test]
    fn every_refined_block_lies_in_the_block_around_it() {
        let (coarse, fine) = (cut(&[10, 6], &[4, 6]), cut(&[10, 6], &[3, 2]));
        let both = coarse.broadcast(&fine).unwrap();
        for partition in 0..both.grid().count() {
            let region = both.region(partition);
            let around = coarse.region(coarse.block_around(&region));
            assert!(
                region.iter().zip(&around).all(|(inner, outer)| outer.start <= inner.start && inner.end <= outer.end)
            );
        }
    }

    #[test]
    fn all_blocks_of_a_box_are_pushed_row_by_row() {
        let mut out = vec![99];
        cut(&[4, 6], &[1, 1]).grid().push_all(&[1..3, 4..8], &mut out);
        assert_eq!(out, [99, 10, 11, 16, 17]);
    }

    #[test]
    fn wrong_chunks_say_what_is_wrong() {
        let error = |shape: &[usize], lengths| Chunks::new(shape.to_vec(), lengths).unwrap_err().to_string();
        assert_eq!(
            error(&[4, 4], ChunkLengths::PerAxis(vec![2, 0])),
            "chunks of length 0 along axis 1 of shape (4, 4); give a length of at least 1"
        );
        assert_eq!(
            error(&[4], ChunkLengths::PerAxis(vec![2, 2])),
            "2 chunk lengths for the 1 axes of shape (4,); give one length for all axes, or one for each"
        );
        assert_eq!(
            error(&[4], ChunkLengths::Every(vec![vec![2, 3]])),
            "the chunks along axis 0 add up to 5, the axis of shape (4,) has length 4"
        );
        assert!(error(&[1 << 40], ChunkLengths::Same(1)).contains("cut into more than 4294967295 chunks"));
        assert!(error(&[1 << 40, 1 << 40], ChunkLengths::Same(1 << 40)).contains("more elements than can be counted"));
    }
}
