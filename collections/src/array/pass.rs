//! Elementwise operations joined into one pass over a chunk: a program over tiles that fit the first cache.
//!
//! An instruction is a loop over one tile; what it makes stays in a register, a buffer of one tile, until its last
//! reader. So a chain of operations reads each element of its blocks from memory once and writes once, into a
//! buffer that nobody else holds if it reads one; ended by a reduction, it writes nothing. This is the "vectorized,
//! not compiled" way to run a pipeline (Boncz, Zukowski, Nes: "MonetDB/X100", CIDR 2005).
//!
//! Imports: graph.

use std::ops::Range;
use std::sync::Arc;

use smallvec::SmallVec;

use super::Chunks;
use super::block::Shape;
use super::dtype::DtypeId;
use super::tile::{AnyBlock, Buffer, Slice, SliceMut};
use super::walk::{self, Strides, Tile, Walk};
use crate::graph::{Failure, Task, Value, Work, enter_stage};

/// Operations in the longest pass: to join costs as much as what is joined is long.
const LONGEST: usize = 64;

/// Makes a tile of what it reads; all have equal lengths.
pub(super) type Map = Arc<dyn Fn(SliceMut<'_>, &[Slice<'_>]) + Send + Sync>;

/// Makes elements from nothing: those of a chunk, from some place in it on, counted row by row.
pub(super) type Source = Arc<dyn Fn(SliceMut<'_>, usize, u64) + Send + Sync>;

/// One or more operations on chunks, done in one pass.
pub(super) struct Pass {
    inputs: SmallVec<[Input; 2]>,
    /// What the result is cut into, where a source makes it.
    chunks: Option<Chunks>,
    /// Tiles of one number.
    constants: SmallVec<[Arc<Buffer>; 1]>,
    instructions: Vec<Instruction>,
    result: Operand,
    dtype: DtypeId,
    sink: Option<Sink>,
    stages: usize,
    /// What the registers hold.
    registers: Vec<DtypeId>,
}

/// A block that a pass reads.
#[derive(Clone, Copy)]
pub(super) struct Input {
    pub(super) dtype: DtypeId,
    /// Whether it is broadcast: what makes it goes over other places than this pass.
    pub(super) broadcast: bool,
}

/// Something that an instruction reads.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Operand {
    Input(usize),
    Constant(usize),
    /// What an instruction made.
    Made(usize),
}

#[derive(Clone)]
struct Instruction {
    code: Code,
    reads: SmallVec<[Operand; 2]>,
    dtype: DtypeId,
    /// The register for what it makes.
    register: usize,
    stage: usize,
}

#[derive(Clone)]
enum Code {
    Map(Map),
    Source(Source),
}

/// A reduction at the end of a pass.
#[derive(Clone)]
pub(super) struct Sink {
    /// The axes it reduces, ascending.
    pub(super) axes: Vec<usize>,
    pub(super) begin: Begin,
}

/// Begins to fold what will be so many results.
pub(super) type Begin = Arc<dyn Fn(usize) -> Box<dyn Fold> + Send + Sync>;

/// Elements on their way into results.
pub(super) trait Fold {
    /// Takes in neighbours, all into the result `at`.
    fn lane(&mut self, elements: Slice<'_>, at: usize);
    /// Takes in neighbours, each into its own result, from `at` on.
    fn row(&mut self, elements: Slice<'_>, at: usize);
    /// The results, of shape `shape`: reduced axes have length 1.
    fn finish(self: Box<Self>, shape: Shape<'_>) -> Value;
}

impl Pass {
    /// A function of what `reads` names.
    pub(super) fn map(
        inputs: &[Input],
        constant: Option<Buffer>,
        reads: &[Operand],
        dtype: DtypeId,
        map: Map,
    ) -> Arc<dyn Work> {
        let constants = constant.into_iter().map(Arc::new).collect();
        Pass::of(inputs, None, constants, Some((Code::Map(map), reads)), dtype).finish()
    }

    /// The elements of `chunks`, each made from nothing.
    pub(super) fn source(chunks: Chunks, dtype: DtypeId, source: Source) -> Arc<dyn Work> {
        Pass::of(&[], Some(chunks), SmallVec::new(), Some((Code::Source(source), &[])), dtype).finish()
    }

    /// One number in every place of `chunks`, given as a tile.
    pub(super) fn constant(chunks: Chunks, dtype: DtypeId, number: Buffer) -> Arc<dyn Work> {
        let pass = Pass::of(&[], Some(chunks), SmallVec::from_iter([Arc::new(number)]), None, dtype);
        Pass { result: Operand::Constant(0), ..pass }.finish()
    }

    /// A reduction of elements of type `dtype`.
    pub(super) fn reduction(dtype: DtypeId, sink: Sink) -> Arc<dyn Work> {
        let pass = Pass::of(&[Input { dtype, broadcast: false }], None, SmallVec::new(), None, dtype);
        Pass { result: Operand::Input(0), sink: Some(sink), ..pass }.finish()
    }

    fn of(
        inputs: &[Input],
        chunks: Option<Chunks>,
        constants: SmallVec<[Arc<Buffer>; 1]>,
        code: Option<(Code, &[Operand])>,
        dtype: DtypeId,
    ) -> Pass {
        let instruction =
            |(code, reads)| Instruction { code, reads: SmallVec::from_slice(reads), dtype, register: 0, stage: 0 };
        Pass {
            inputs: SmallVec::from_slice(inputs),
            chunks,
            constants,
            instructions: code.into_iter().map(instruction).collect(),
            result: Operand::Made(0),
            dtype,
            sink: None,
            stages: 1,
            registers: Vec::new(),
        }
    }

    /// Gives each instruction a register, which is free again after the last reader of what is in it.
    fn finish(mut self) -> Arc<dyn Work> {
        let mut last_read = vec![usize::MAX; self.instructions.len()];
        for (number, instruction) in self.instructions.iter().enumerate() {
            for read in &instruction.reads {
                if let Operand::Made(made) = *read {
                    last_read[made] = number;
                }
            }
        }
        if let Operand::Made(made) = self.result {
            last_read[made] = usize::MAX;
        }
        let mut free: Vec<usize> = Vec::new();
        for number in 0..self.instructions.len() {
            let dtype = self.instructions[number].dtype;
            let register = match free.iter().position(|register| self.registers[*register] == dtype) {
                Some(place) => free.swap_remove(place),
                None => {
                    self.registers.push(dtype);
                    self.registers.len() - 1
                }
            };
            self.instructions[number].register = register;
            let mut done: SmallVec<[usize; 2]> = SmallVec::new();
            for read in &self.instructions[number].reads {
                if let Operand::Made(made) = *read
                    && last_read[made] == number
                    && !done.contains(&self.instructions[made].register)
                {
                    done.push(self.instructions[made].register);
                }
            }
            free.extend(done);
        }
        Arc::new(self)
    }

    /// `first`, then this, where the inputs `at` of this are what `first` makes.
    fn joined(&self, first: &Pass, at: &[usize]) -> Pass {
        let (constants, made) = (first.constants.len(), first.instructions.len());
        let own: SmallVec<[usize; 4]> = (0..self.inputs.len()).filter(|input| !at.contains(input)).collect();
        let of_first = |operand: Operand| match operand {
            Operand::Input(input) => Operand::Input(own.len() + input),
            other => other,
        };
        let of_this = |operand: Operand| match operand {
            Operand::Input(input) => match own.iter().position(|other| *other == input) {
                Some(kept) => Operand::Input(kept),
                None => of_first(first.result),
            },
            Operand::Constant(number) => Operand::Constant(constants + number),
            Operand::Made(number) => Operand::Made(made + number),
        };
        let renamed = |instruction: &Instruction, operand: &dyn Fn(Operand) -> Operand, stage: usize| {
            let reads = instruction.reads.iter().map(|read| operand(*read)).collect();
            Instruction { reads, stage: stage + instruction.stage, ..instruction.clone() }
        };
        let firsts = first.instructions.iter().map(|instruction| renamed(instruction, &of_first, 0));
        let owns = self.instructions.iter().map(|instruction| renamed(instruction, &of_this, first.stages));
        Pass {
            inputs: own.iter().map(|input| self.inputs[*input]).chain(first.inputs.iter().copied()).collect(),
            chunks: first.chunks.as_ref().or(self.chunks.as_ref()).cloned(),
            constants: first.constants.iter().chain(&self.constants).cloned().collect(),
            instructions: firsts.chain(owns).collect(),
            result: of_this(self.result),
            dtype: self.dtype,
            sink: self.sink.clone(),
            stages: first.stages + self.stages,
            registers: Vec::new(),
        }
    }
}

impl Work for Pass {
    fn run(&self, task: Task) -> Result<Value, Failure> {
        let partition = task.partition();
        let mut blocks: SmallVec<[AnyBlock; 4]> = SmallVec::new();
        let mut block_of: SmallVec<[usize; 4]> = SmallVec::new();
        for (input, value) in self.inputs.iter().zip(task.into_values()) {
            let block = AnyBlock::of(value, input.dtype)?;
            // A block that is read twice is held once: nobody else may hold it then.
            let known = blocks.iter().position(|known| known.is(&block));
            block_of.push(known.unwrap_or(blocks.len()));
            if known.is_none() {
                blocks.push(block);
            }
        }
        let layout = Layout::of(self, partition, &blocks);
        let own = blocks.iter().enumerate().position(|(number, block)| {
            let writable = self.sink.is_none() && !self.instructions.is_empty() && block.dtype() == self.dtype;
            writable && layout.operands[number] == layout.operands[blocks.len()] && layout.walk.is_even(number)
        });
        let mut held: SmallVec<[Option<AnyBlock>; 4]> = blocks.into_iter().map(Some).collect();
        let mut target = Buffer::EMPTY;
        let mut over = None;
        if let Some(own) = own {
            match held[own].take().expect("each block is there").into_buffer() {
                Ok(buffer) => (target, over) = (buffer, Some(own)),
                Err(block) => held[own] = Some(block),
            }
        }
        Ok(Run::new(self, partition, &layout, &held, block_of, target, over).finish())
    }

    fn after(&self, first: &dyn Work, at: &[usize]) -> Option<Arc<dyn Work>> {
        let first = (first as &dyn std::any::Any).downcast_ref::<Pass>()?;
        let joins = first.sink.is_none()
            && first.stages + self.stages <= LONGEST
            && at.iter().all(|input| !self.inputs[*input].broadcast);
        joins.then(|| self.joined(first, at).finish())
    }

    fn stages(&self) -> usize {
        self.stages
    }
}

/// How a pass goes over its blocks.
struct Layout {
    shape: Strides,
    /// The axes of the result in the order in which it lies in memory, slowest first.
    axes: Strides,
    /// Strides of each block along these axes, then those of the result, then those of reduced results.
    operands: Vec<Strides>,
    walk: Walk,
    /// Results of a reduction.
    results: usize,
}

impl Layout {
    fn of(pass: &Pass, partition: usize, blocks: &[AnyBlock]) -> Layout {
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
        Layout { shape, axes, operands, walk, results }
    }
}

/// `lengths`, which are those of `axes`, where each of the axes `gone` has length 1.
fn reduced(lengths: &[usize], axes: &[usize], gone: &[usize]) -> Strides {
    lengths.iter().zip(axes).map(|(&length, axis)| if gone.contains(axis) { 1 } else { length }).collect()
}

/// One task of a pass.
struct Run<'a> {
    pass: &'a Pass,
    partition: usize,
    layout: &'a Layout,
    block_of: SmallVec<[usize; 4]>,
    reads: SmallVec<[Read<'a>; 4]>,
    registers: SmallVec<[Buffer; 4]>,
    /// Where the result goes; a block that is read, if `over`.
    target: Buffer,
    over: bool,
    fold: Option<Box<dyn Fold>>,
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

impl<'a> Run<'a> {
    fn new(
        pass: &'a Pass,
        partition: usize,
        layout: &'a Layout,
        blocks: &'a [Option<AnyBlock>],
        block_of: SmallVec<[usize; 4]>,
        target: Buffer,
        over: Option<usize>,
    ) -> Run<'a> {
        let walk = &layout.walk;
        let read = |(number, block): (usize, &'a Option<AnyBlock>)| {
            let Some(block) = block else { return Read::Target };
            let (memory, buffer) = (block.memory(), || Buffer::zeros(block.dtype(), walk.largest()));
            if walk.is_even(number) {
                Read::Even(memory)
            } else if walk.is_one(number) && !walk.is_empty() {
                let mut one = buffer();
                one.slice_mut(0..walk.largest()).gather(walk.largest(), memory, 0, [0, 0]);
                Read::One(one)
            } else {
                Read::Gathered(memory, buffer())
            }
        };
        let reads = blocks.iter().enumerate().map(read).collect();
        let registers = pass.registers.iter().map(|dtype| Buffer::zeros(*dtype, walk.largest())).collect();
        let fold = pass.sink.as_ref().map(|sink| (sink.begin)(layout.results));
        let target = match () {
            () if over.is_some() || fold.is_some() => target,
            () if walk.is_sequential() => Buffer::with_capacity(pass.dtype, layout.results),
            () => Buffer::zeros(pass.dtype, layout.results),
        };
        Run { pass, partition, layout, block_of, reads, registers, target, over: over.is_some(), fold }
    }

    fn finish(mut self) -> Value {
        let layout = self.layout;
        layout.walk.each(|tile| self.tile(tile));
        match (self.fold, &self.pass.sink) {
            (Some(fold), Some(sink)) => {
                let every: Strides = (0..layout.shape.len()).collect();
                let shape = reduced(&layout.shape, &every, &sink.axes);
                fold.finish(Shape { lengths: &shape, axes: &layout.axes })
            }
            _ => self.target.into_block(Shape { lengths: &layout.shape, axes: &layout.axes }).into_value(),
        }
    }

    fn tile(&mut self, tile: Tile<'_>) {
        for (number, read) in self.reads.iter_mut().enumerate() {
            if let Read::Gathered(memory, buffer) = read {
                let steps = self.layout.walk.steps(number);
                buffer.slice_mut(0..tile.len()).gather(tile.columns, *memory, tile.offsets[number], steps);
            }
        }
        for instruction in &self.pass.instructions {
            enter_stage(instruction.stage);
            let mut made = std::mem::replace(&mut self.registers[instruction.register], Buffer::EMPTY);
            match &instruction.code {
                Code::Map(map) => {
                    let (made, read) = (made.slice_mut(0..tile.len()), |read| self.operand(read, tile));
                    match *instruction.reads {
                        [x] => map(made, &[read(x)]),
                        [x, y] => map(made, &[read(x), read(y)]),
                        ref reads => map(made, &reads.iter().copied().map(read).collect::<SmallVec<[Slice<'_>; 4]>>()),
                    }
                }
                Code::Source(source) => {
                    for (places, part) in self.rows(tile, self.reads.len()) {
                        source(made.slice_mut(part), self.partition, places as u64);
                    }
                }
            }
            self.registers[instruction.register] = made;
        }
        enter_stage(self.pass.stages - 1);
        match self.fold.take() {
            Some(mut fold) => {
                self.take_in(&mut *fold, tile);
                self.fold = Some(fold);
            }
            None => {
                let mut target = std::mem::replace(&mut self.target, Buffer::EMPTY);
                let result = self.operand(self.pass.result, tile);
                if self.over || !self.layout.walk.is_sequential() {
                    for (at, part) in self.rows(tile, self.reads.len()) {
                        target.slice_mut(at..at + part.len()).copy_from(result.part(part));
                    }
                } else {
                    target.extend(result);
                }
                self.target = target;
            }
        }
    }

    fn take_in(&self, fold: &mut dyn Fold, tile: Tile<'_>) {
        let (result, results) = (self.operand(self.pass.result, tile), self.reads.len() + 1);
        let [down, along] = self.layout.walk.steps(results);
        if down == 0 && along == 0 {
            return fold.lane(result, tile.offsets[results]);
        }
        for row in 0..tile.rows {
            let (part, at) =
                (result.part(row * tile.columns..(row + 1) * tile.columns), tile.offsets[results] + row * down);
            if along == 0 { fold.lane(part, at) } else { fold.row(part, at) }
        }
    }

    fn operand(&self, operand: Operand, tile: Tile<'_>) -> Slice<'_> {
        match operand {
            Operand::Constant(number) => self.pass.constants[number].slice(0..tile.len()),
            Operand::Made(number) => self.registers[self.pass.instructions[number].register].slice(0..tile.len()),
            Operand::Input(input) => {
                let block = self.block_of[input];
                let at = tile.offsets[block];
                match &self.reads[block] {
                    Read::Even(memory) => memory.part(at..at + tile.len()),
                    Read::Target => self.target.slice(at..at + tile.len()),
                    Read::Gathered(_, buffer) | Read::One(buffer) => buffer.slice(0..tile.len()),
                }
            }
        }
    }

    /// Where the rows of a tile begin in an operand that lies in the order of the walk, and where they are in the tile.
    fn rows(&self, tile: Tile<'_>, operand: usize) -> impl Iterator<Item = (usize, Range<usize>)> + use<> {
        let (at, [down, _]) = (tile.offsets[operand], self.layout.walk.steps(operand));
        let (rows, columns) = if down == tile.columns { (1, tile.len()) } else { (tile.rows, tile.columns) };
        (0..rows).map(move |row| (at + row * down, row * columns..(row + 1) * columns))
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array, IxDyn};

    use super::super::block::{self, Block};
    use super::super::kernel::{Arithmetic, Binary};
    use super::super::tile::Typed;
    use super::*;

    const WHOLE: Input = Input { dtype: DtypeId::F64, broadcast: false };

    fn pair(function: Binary, broadcast: bool) -> Arc<dyn Work> {
        let kernel = f64::binary(function);
        let map: Map =
            Arc::new(move |made, reads| kernel(f64::unwrap(made), f64::unwrap(reads[0]), f64::unwrap(reads[1])));
        let inputs = [WHOLE, Input { broadcast, ..WHOLE }];
        Pass::map(&inputs, None, &[Operand::Input(0), Operand::Input(1)], DtypeId::F64, map)
    }

    fn counted(shape: &[usize]) -> Block<f64> {
        let counted = Array::from_iter((0..shape.iter().product()).map(|i: usize| i as f64));
        counted.into_shape_with_order(IxDyn(shape)).unwrap().into_shared()
    }

    fn run(work: &dyn Work, values: impl IntoIterator<Item = Value>) -> Block<f64> {
        let mut task = Task::new(0);
        for value in values {
            task.push(value);
            task.end_input();
        }
        work.run(task).unwrap().take().unwrap()
    }

    #[test]
    fn a_block_that_nobody_else_holds_is_written_over_however_often_it_is_read() {
        let square = pair(Binary::Add, false).after(&*pair(Binary::Mul, false), &[0]).unwrap();
        assert_eq!(square.stages(), 2);
        let block = counted(&[50, 60]);
        let expected = &block * &block + &block;
        let buffer = block.as_ptr();
        let value = block::to_value(block);
        let made = run(&*square, [value.clone(), value.clone(), value]);
        assert_eq!(made, expected);
        assert_eq!(made.as_ptr(), buffer);
    }

    #[test]
    fn a_block_that_is_held_is_not_changed() {
        let held = counted(&[50, 60]);
        let value = block::to_value(held.clone());
        let made = run(&*pair(Binary::Add, false), [value.clone(), value]);
        assert_eq!(made, &held * 2.0);
        assert_eq!(held, counted(&[50, 60]));
    }

    /// Every pair of layouts gives what ndarray gives, and an order that all share is kept.
    #[test]
    fn blocks_may_lie_in_memory_as_they_like() {
        let square = counted(&[40, 40]);
        let layouts = [
            square.clone(),
            square.clone().reversed_axes(),
            block::part(counted(&[40, 50]), &[0..40, 5..45]),
            block::part(counted(&[50, 40]), &[3..43, 0..40]).reversed_axes(),
        ];
        let narrow = [counted(&[1, 40]), counted(&[40, 1]), counted(&[40]), counted(&[1]), counted(&[])];
        for a in &layouts {
            for b in layouts.iter().chain(&narrow) {
                let work = pair(Binary::Sub, a.shape() != b.shape());
                let unshared = |block: &Block<f64>| block::to_value(block.to_owned().into_shared());
                assert_eq!(run(&*work, [block::to_value(a.clone()), block::to_value(b.clone())]), a.to_owned() - b);
                assert_eq!(run(&*work, [unshared(a), unshared(b)]), a.to_owned() - b);
            }
        }
        let turned = square.reversed_axes();
        let sum = run(&*pair(Binary::Add, false), [block::to_value(turned.clone()), block::to_value(turned)]);
        assert!(sum.t().is_standard_layout());
    }

    #[test]
    fn what_is_broadcast_is_made_by_itself_and_no_pass_is_endless() {
        let broadcast = pair(Binary::Add, true);
        assert!(broadcast.after(&*pair(Binary::Mul, false), &[1]).is_none());
        let mut long = broadcast.after(&*pair(Binary::Mul, false), &[0]).unwrap();
        while let Some(longer) = pair(Binary::Add, false).after(&*long, &[0]) {
            long = longer;
        }
        assert_eq!(long.stages(), LONGEST);
    }
}
