//! How a pass goes over the blocks that it reads: what shape it has, and where everything lies in memory.

use super::pass::Pass;
use super::tile::AnyBlock;
use super::walk::{self, Strides, Walk};

/// How a pass goes over its blocks.
pub(super) struct Layout {
    pub(super) shape: Strides,
    /// The axes of the result in the order in which it lies in memory, slowest first.
    pub(super) axes: Strides,
    /// Strides of each block along these axes, then those of the result, then those of reduced results.
    pub(super) operands: Vec<Strides>,
    /// How many of them are blocks.
    blocks: usize,
    pub(super) walk: Walk,
    /// Results of a reduction.
    pub(super) results: usize,
}

impl Layout {
    pub(super) fn of(pass: &Pass, partition: usize, blocks: &[AnyBlock]) -> Layout {
        let shape: Strides = match &pass.chunks {
            Some(chunks) => chunks.block_shape(partition).into(),
            None => blocks.iter().fold(Strides::new(), |shape, block| walk::broadcast_shape(&shape, block.shape())),
        };
        let broadcast = |block: &AnyBlock| walk::broadcast(block.shape(), block.strides(), &shape);
        let mut operands: Vec<Strides> = blocks.iter().map(broadcast).collect();
        let mut axes: Strides = (0..shape.len()).collect();
        // Places of a source are counted row by row; else the first whole block says how the result lies.
        let lead = blocks.iter().position(|block| *block.shape() == *shape);
        if let Some(lead) = lead.filter(|_| pass.chunks.is_none()) {
            let strides = &operands[lead];
            let steps = || axes.iter().filter(|&&axis| shape[axis] > 1).map(|&axis| strides[axis]);
            if !steps().is_sorted_by(|slow, fast| slow >= fast) {
                axes.sort_by_key(|&axis| std::cmp::Reverse(strides[axis]));
            }
        }
        let turned = |of_axis: &[usize]| axes.iter().map(|&axis| of_axis[axis]).collect::<Strides>();
        let lengths = turned(&shape);
        operands.iter_mut().for_each(|strides| *strides = turned(strides));
        let mut result = walk::row_by_row(&lengths);
        let mut results = lengths.iter().product();
        result.iter_mut().zip(&lengths).filter(|(_, length)| **length == 1).for_each(|(stride, _)| *stride = 0);
        operands.push(result);
        if let Some(sink) = &pass.sink {
            let reduced = reduced(&lengths, &axes, &sink.axes);
            results = reduced.iter().product();
            let mut strides = walk::row_by_row(&reduced);
            strides.iter_mut().zip(&reduced).filter(|(_, length)| **length == 1).for_each(|(stride, _)| *stride = 0);
            operands.push(strides);
        }
        let walk = Walk::new(&lengths, &operands, blocks.len());
        Layout { shape, axes, blocks: blocks.len(), operands, walk, results }
    }

    /// The operand of the walk that the result is.
    pub(super) fn result(&self) -> usize {
        self.blocks
    }
}

/// `lengths`, which are those of `axes`, where each of the axes `gone` has length 1.
pub(super) fn reduced(lengths: &[usize], axes: &[usize], gone: &[usize]) -> Strides {
    lengths.iter().zip(axes).map(|(&length, axis)| if gone.contains(axis) { 1 } else { length }).collect()
}
