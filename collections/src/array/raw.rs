//! An array without its element type: what every operation really works on. Cells hold it and compile
//! none of it: its parts drop and clone in this library. Imports: graph.

use std::fmt;

use super::Chunks;
use super::chunks::Grid;
use super::dtype::DtypeId;
use super::error::{ArrayError, tuple};
use super::shape::PerAxis;
use crate::graph::{Layer, Node, Operation, Origin, Pattern, Picture};

/// A node of the graph whose partitions are the blocks of an array, row by row.
#[derive(Clone)]
#[doc(hidden)]
pub struct RawArray {
    pub(super) node: Node,
    pub(super) chunks: Chunks,
    pub(super) dtype: DtypeId,
}

impl RawArray {
    /// The array whose blocks `operation` makes from the blocks of `inputs`.
    #[track_caller]
    pub(super) fn made(
        operation: Operation,
        chunks: Chunks,
        dtype: DtypeId,
        inputs: &[(&RawArray, Pattern)],
    ) -> RawArray {
        let picture = RawArray::picture(&chunks, dtype);
        let mut layer = Layer::of(operation, chunks.grid().count(), Origin::caller()).drawn(picture);
        for (input, pattern) in inputs {
            layer = layer.reads(&input.node, pattern.clone());
        }
        RawArray { node: layer.build(), chunks, dtype }
    }

    /// The array that `operation` makes block by block, each as large as before.
    #[track_caller]
    pub(super) fn mapped(&self, operation: Operation, dtype: DtypeId) -> RawArray {
        RawArray::made(operation, self.chunks.clone(), dtype, &[(self, Pattern::OneToOne)])
    }

    /// How an array is drawn.
    pub(super) fn picture(chunks: &Chunks, dtype: DtypeId) -> Picture {
        Picture { collection: "Array", detail: detail(chunks, dtype).into(), grid: chunks.grid().to_vec().into() }
    }

    /// The same array on results that are held.
    pub(super) fn with_node(&self, node: Node) -> RawArray {
        RawArray { node, chunks: self.chunks.clone(), dtype: self.dtype }
    }

    /// `axes` in ascending order, each of them an axis of this array.
    pub(super) fn axes(&self, axes: impl PerAxis) -> Result<Vec<usize>, ArrayError> {
        let mut axes = axes.per_axis();
        axes.sort_unstable();
        if let Some(&axis) = axes.iter().find(|&&axis| axis >= self.chunks.ndim()) {
            return Err(ArrayError::NoAxis { axis, shape: self.chunks.shape() });
        }
        match axes.windows(2).find(|pair| pair[0] == pair[1]) {
            Some(twice) => Err(ArrayError::RepeatedAxis { axis: twice[0] }),
            None => Ok(axes),
        }
    }

    /// The block at `index` alone.
    #[track_caller]
    pub(super) fn block(&self, index: &[usize]) -> Result<RawArray, ArrayError> {
        let chunks = self.chunks.block(index)?;
        let partition = self.chunks.grid().partition(index);
        let operation =
            Operation::new("block", partition, |_, task| Ok(task.into_values().next().expect("the one block is read")));
        Ok(RawArray::made(operation, chunks, self.dtype, &[(self, Pattern::Pick([partition].into()))]))
    }
}

/// What a picture and a lazy repr say: dtype, shape and chunks.
fn detail(chunks: &Chunks, dtype: DtypeId) -> String {
    let shape = tuple(&chunks.shape());
    match chunks.grid() {
        grid if grid.count() == 1 => format!("{dtype} {shape} in one chunk"),
        _ => format!("{dtype} {shape} in chunks of {}", tuple(&chunks.largest())),
    }
}

impl Grid {
    /// Each block of this grid reads the block of `operand` that broadcasts onto it.
    pub(super) fn reads_broadcast(&self, operand: Grid) -> Pattern {
        if *self == operand {
            return Pattern::OneToOne;
        }
        let grid = self.clone();
        Pattern::Blocks(std::sync::Arc::new(move |partition, reads| {
            reads.push(operand.broadcast_from(&grid.index(partition)));
        }))
    }
}

impl fmt::Display for RawArray {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Array {}", detail(&self.chunks, self.dtype))
    }
}
