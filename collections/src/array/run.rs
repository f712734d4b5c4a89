//! One task of a pass: its instructions, over one tile of its blocks after the other. Imports: graph.
//!
//! What stands between two loops is done once for each instruction and tile, and counts: slices are made in place
//! (`inline(always)`), since what is returned through memory and read at once in other parts makes the processor wait.

use std::ops::Range;

use smallvec::SmallVec;

use super::ahead::Ahead;
use super::block::Shape;
use super::fold::Fold;
use super::layout::{Layout, reduced};
use super::pass::{Code, Instruction, Operand, Pass};
use super::tile::{AnyBlock, Buffer, Slice};
use super::walk::{Strides, Tile};
use crate::graph::{Value, Work, enter_stage};

/// Pieces of a tile that are worked on by themselves are whole vectors of so many elements.
const VECTOR: usize = 16;

/// One task of a pass.
pub(super) struct Run<'a> {
    pass: &'a Pass,
    partition: usize,
    layout: &'a Layout,
    inputs: Inputs<'a>,
    /// The blocks that are asked for before they are read, by number.
    aheads: SmallVec<[(usize, Ahead); 4]>,
    registers: SmallVec<[Buffer; 4]>,
    /// Where the result goes; a block that is read, if `over`.
    target: Buffer,
    over: bool,
    fold: Option<Box<dyn Fold>>,
    stage: Stage,
}

/// The blocks that a pass reads.
struct Inputs<'a> {
    /// The block that each input is.
    block_of: &'a [usize],
    blocks: SmallVec<[Read<'a>; 4]>,
}

/// How tiles of a block are read.
enum Read<'a> {
    /// As they lie there.
    Even(Slice<'a>),
    /// As they lie in the target.
    Target,
    /// Gathered into a buffer first.
    Gathered(Slice<'a>, Buffer),
    /// All alike.
    One(Buffer),
}

/// The stage that a run is at. To note it costs nothing; where an instruction panics, it is told who looks for the
/// operation that failed.
struct Stage(usize);

impl Drop for Stage {
    fn drop(&mut self) {
        if std::thread::panicking() {
            enter_stage(self.0);
        }
    }
}

impl<'a> Run<'a> {
    /// What a task of `pass` makes of `blocks`, of which each input is the one that `block_of` says.
    pub(super) fn result(pass: &Pass, partition: usize, blocks: SmallVec<[AnyBlock; 4]>, block_of: &[usize]) -> Value {
        let layout = Layout::of(pass, partition, &blocks);
        let own = blocks.iter().enumerate().position(|(number, block)| {
            let writable = pass.sink.is_none() && !pass.instructions.is_empty() && block.dtype() == pass.dtype;
            writable && layout.operands[number] == layout.operands[blocks.len()] && layout.walk.is_even(number)
        });
        let mut held: SmallVec<[Option<AnyBlock>; 4]> = blocks.into_iter().map(Some).collect();
        let mut target = None;
        if let Some(own) = own {
            match held[own].take().expect("each block is there").into_buffer() {
                Ok(buffer) => target = Some(buffer),
                Err(block) => held[own] = Some(block),
            }
        }
        Run::new(pass, partition, &layout, &held, block_of, target).finish()
    }

    /// Begins; a block that is not there is the `target`, which is written over.
    fn new(
        pass: &'a Pass,
        partition: usize,
        layout: &'a Layout,
        blocks: &'a [Option<AnyBlock>],
        block_of: &'a [usize],
        target: Option<Buffer>,
    ) -> Run<'a> {
        let (walk, largest) = (&layout.walk, layout.walk.largest());
        let pieces = pass.instructions.iter().map(|instruction| instruction.code.pieces());
        let shares = pieces.sum::<usize>() + 1;
        let read = |(number, block): (usize, &'a Option<AnyBlock>)| {
            let Some(block) = block else { return Read::Target };
            let (memory, buffer) = (block.memory(), || Buffer::zeros(block.dtype(), largest));
            if walk.is_even(number) {
                Read::Even(memory)
            } else if walk.is_one(number) && !walk.is_empty() {
                let mut one = buffer();
                one.slice_mut(0..largest).gather(largest, memory, 0, [0, 0]);
                Read::One(one)
            } else {
                Read::Gathered(memory, buffer())
            }
        };
        let reads: SmallVec<[Read<'_>; 4]> = blocks.iter().enumerate().map(read).collect();
        let registers = pass.registers.iter().map(|dtype| Buffer::zeros(*dtype, largest)).collect();
        let fold = pass.sink.as_ref().map(|sink| (sink.begin)(layout.results));
        let over = target.is_some();
        let target = match (target, &fold) {
            (Some(target), _) => target,
            (None, Some(_)) => Buffer::EMPTY,
            (None, None) if walk.is_sequential() => Buffer::with_capacity(pass.dtype, layout.results),
            (None, None) => Buffer::zeros(pass.dtype, layout.results),
        };
        let ahead = |number, memory: Slice<'_>, even| Ahead::of(memory, walk.steps(number), even, walk.tile(), shares);
        let ahead = |(number, read): (usize, &Read<'_>)| match read {
            Read::Even(memory) => Some((number, ahead(number, *memory, true))),
            Read::Target => Some((number, ahead(number, target.slice(0..layout.results), true))),
            Read::Gathered(memory, _) => Some((number, ahead(number, *memory, false))),
            Read::One(_) => None,
        };
        // Memory that is read by one loop needs no more than the processor's own foresight.
        let aheads = match pass.instructions.len() {
            0 => SmallVec::new(),
            _ => reads.iter().enumerate().filter_map(ahead).collect(),
        };
        let stage = Stage(0);
        let inputs = Inputs { block_of, blocks: reads };
        Run { pass, partition, layout, inputs, aheads, registers, target, over, fold, stage }
    }

    fn finish(mut self) -> Value {
        let layout = self.layout;
        layout.walk.each(|tile, next| self.tile(tile, next));
        match (self.fold, &self.pass.sink) {
            (Some(fold), Some(sink)) => {
                let every: Strides = (0..layout.shape.len()).collect();
                let shape = reduced(&layout.shape, &every, &sink.axes);
                fold.finish(Shape { lengths: &shape, axes: &layout.axes })
            }
            _ => self.target.into_block(Shape { lengths: &layout.shape, axes: &layout.axes }).into_value(),
        }
    }

    fn tile(&mut self, tile: &Tile, next: Option<&Tile>) {
        self.gather(tile);
        let mut asked = 0;
        for instruction in &self.pass.instructions {
            self.stage.0 = instruction.stage;
            let pieces = instruction.code.pieces();
            let length = tile.len().div_ceil(pieces).next_multiple_of(VECTOR);
            for piece in 0..pieces {
                self.ask(next, asked);
                asked += 1;
                let part = tile.len().min(piece * length)..tile.len().min((piece + 1) * length);
                if !part.is_empty() {
                    self.instruct(instruction, tile, part);
                }
            }
        }
        self.ask(next, asked);
        self.stage.0 = self.pass.stages() - 1;
        self.end(tile);
    }

    /// Copies together what does not lie so.
    fn gather(&mut self, tile: &Tile) {
        for (number, read) in self.inputs.blocks.iter_mut().enumerate() {
            if let Read::Gathered(memory, buffer) = read {
                let steps = self.layout.walk.steps(number);
                let to = buffer.slice_mut(0..tile.len());
                to.gather(tile.columns, *memory, tile.offsets[number], steps);
            }
        }
    }

    /// Asks for the share `number` of what the next tile reads; there is one for each piece that an instruction works on,
    /// and one for the end.
    fn ask(&self, next: Option<&Tile>, number: usize) {
        if let Some(next) = next {
            for (block, ahead) in &self.aheads {
                ahead.fetch(next.offsets[*block], next, number);
            }
        }
    }

    /// Makes the elements `part` of a tile.
    fn instruct(&mut self, instruction: &Instruction, tile: &Tile, part: Range<usize>) {
        let (before, from) = self.registers.split_at_mut(instruction.register);
        let (made, after) = from.split_first_mut().expect("each instruction has a register");
        match &instruction.code {
            Code::Map(map, _) | Code::Step(_, map) => {
                let read = Reading { pass: self.pass, inputs: &self.inputs, target: &self.target, before, after };
                let made = made.slice_mut(part.clone());
                match *instruction.reads {
                    [x] => map(made, &[read.slice(x, tile, part)]),
                    [x, y] => map(made, &[read.slice(x, tile, part.clone()), read.slice(y, tile, part)]),
                    _ => unreachable!("a function has one operand or two"),
                }
            }
            // In one piece.
            Code::Source(source) => {
                for (places, part) in self.layout.rows(tile) {
                    source(made.slice_mut(part), self.partition, places as u64);
                }
            }
        }
    }

    /// Folds, or writes, what the instructions made of a tile.
    fn end(&mut self, tile: &Tile) {
        if let Some(mut fold) = self.fold.take() {
            take_in(&mut *fold, self.result_of(tile), tile, self.layout);
            self.fold = Some(fold);
            return;
        }
        let mut target = std::mem::replace(&mut self.target, Buffer::EMPTY);
        let result = self.result_of(tile);
        if self.over || !self.layout.walk.is_sequential() {
            for (at, part) in self.layout.rows(tile) {
                target.slice_mut(at..at + part.len()).copy_from(result.part(part));
            }
        } else {
            target.extend(result);
        }
        self.target = target;
    }

    fn result_of(&self, tile: &Tile) -> Slice<'_> {
        let Run { pass, inputs, target, registers, .. } = self;
        Reading { pass, inputs, target, before: registers, after: &[] }.slice(pass.result, tile, 0..tile.len())
    }
}

fn take_in(fold: &mut dyn Fold, result: Slice<'_>, tile: &Tile, layout: &Layout) {
    let results = layout.result() + 1;
    let ([down, along], at) = (layout.walk.steps(results), tile.offsets[results]);
    let Tile { rows, columns, .. } = *tile;
    if down == 0 && along == 0 {
        return fold.lane(result, at);
    }
    for row in 0..rows {
        let (part, at) = (result.part(row * columns..(row + 1) * columns), at + row * down);
        if along == 0 { fold.lane(part, at) } else { fold.row(part, at) }
    }
}

/// What an instruction can read: not the register that it makes its own into, which lies between the others.
struct Reading<'b, 'a> {
    pass: &'b Pass,
    inputs: &'b Inputs<'a>,
    target: &'b Buffer,
    before: &'b [Buffer],
    after: &'b [Buffer],
}

impl<'b> Reading<'b, '_> {
    #[inline(always)]
    fn slice(&self, operand: Operand, tile: &Tile, part: Range<usize>) -> Slice<'b> {
        match operand {
            Operand::Made(number) => {
                let register = self.pass.instructions[number].register;
                let buffer = match register < self.before.len() {
                    true => &self.before[register],
                    false => &self.after[register - self.before.len() - 1],
                };
                buffer.slice(part)
            }
            Operand::Input(input) => self.inputs.slice(input, tile, part, self.target),
        }
    }
}

impl Inputs<'_> {
    /// What the elements `part` of `tile` are of an input, which may be the target.
    #[inline(always)]
    fn slice<'b>(&'b self, input: usize, tile: &Tile, part: Range<usize>, target: &'b Buffer) -> Slice<'b> {
        let block = self.block_of[input];
        let at = tile.offsets[block];
        match &self.blocks[block] {
            Read::Even(memory) => memory.part(at + part.start..at + part.end),
            Read::Target => target.slice(at + part.start..at + part.end),
            Read::Gathered(_, buffer) | Read::One(buffer) => buffer.slice(part),
        }
    }
}

impl Layout {
    /// Where the rows of a tile begin in the result, and where they are in the tile.
    fn rows(&self, tile: &Tile) -> impl Iterator<Item = (usize, Range<usize>)> + use<> {
        let result = self.result();
        let (at, [down, _]) = (tile.offsets[result], self.walk.steps(result));
        let Tile { rows, columns, .. } = *tile;
        let (rows, columns) = if down == columns { (1, rows * columns) } else { (rows, columns) };
        (0..rows).map(move |row| (at + row * down, row * columns..(row + 1) * columns))
    }
}
