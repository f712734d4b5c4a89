//! Elementwise operations joined into one pass over a chunk: a program over tiles that fit the first cache.
//!
//! An instruction is a loop over one tile; what it makes stays in a register, a buffer of one tile, until its last
//! reader. So a chain of operations reads each element of its blocks from memory once and writes once, into a
//! buffer that nobody else holds if it reads one; ended by a reduction, it writes nothing. This is the "vectorized,
//! not compiled" way to run a pipeline (Boncz, Zukowski, Nes: "MonetDB/X100", CIDR 2005).
//!
//! Imports: graph.

use std::mem::take;
use std::sync::Arc;

use smallvec::SmallVec;

use super::Chunks;
use super::dtype::DtypeId;
use super::fold::Begin;
use super::run::Run;
use super::step::AnyStep;
use super::tile::{AnyBlock, Slice, SliceMut, Typed};
use crate::graph::{Failure, Task, Value, Work};

/// Operations in the longest pass: to join costs as much as what is joined is long.
const LONGEST: usize = 64;

/// Makes a tile of what it reads; all have equal lengths.
pub(super) type Map = Arc<dyn Fn(SliceMut<'_>, &[Slice<'_>]) + Send + Sync>;

/// A loop over one operand as a map.
pub(super) fn of_one<T: Typed, U: Typed>(kernel: impl Fn(&mut [U], &[T]) + Send + Sync + 'static) -> Map {
    Arc::new(move |made, reads| kernel(U::unwrap(made), T::unwrap(reads[0])))
}

/// A loop over two operands as a map.
pub(super) fn of_two<T: Typed>(kernel: fn(&mut [T], &[T], &[T])) -> Map {
    Arc::new(move |made, reads| kernel(T::unwrap(made), T::unwrap(reads[0]), T::unwrap(reads[1])))
}

/// Makes elements from nothing: those of a chunk, from some place in it on, counted row by row.
pub(super) type Source = Arc<dyn Fn(SliceMut<'_>, usize, u64) + Send + Sync>;

/// One or more operations on chunks, done in one pass.
pub(super) struct Pass {
    inputs: SmallVec<[Input; 2]>,
    /// What the result is cut into, where a source makes it.
    pub(super) chunks: Option<Chunks>,
    pub(super) instructions: Vec<Instruction>,
    pub(super) result: Operand,
    pub(super) dtype: DtypeId,
    pub(super) sink: Option<Sink>,
    stages: usize,
    /// What the registers hold.
    pub(super) registers: Vec<DtypeId>,
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
    /// What an instruction made.
    Made(usize),
}

#[derive(Clone)]
pub(super) struct Instruction {
    pub(super) code: Code,
    pub(super) reads: SmallVec<[Operand; 2]>,
    dtype: DtypeId,
    /// The register for what it makes.
    pub(super) register: usize,
    pub(super) stage: usize,
}

#[derive(Clone)]
pub(super) enum Code {
    Map(Map, Pace),
    /// A map that is also known as a step, which can be one with the next.
    Step(AnyStep, Map),
    Source(Source),
}

/// How a loop compares with the memory that it reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Pace {
    Fast,
    /// It works longer on an element than the memory needs to bring the next.
    Slow,
}

impl Code {
    /// In how many pieces a tile is worked on: before each, memory is asked for, which waits if asked for too much at once
    /// and is idle if asked too seldom.
    pub(super) fn pieces(&self) -> usize {
        let pace = match self {
            Code::Map(_, pace) => *pace,
            Code::Step(step, _) => step.pace(),
            Code::Source(_) => Pace::Fast,
        };
        if pace == Pace::Slow { 2 } else { 1 }
    }
}

/// A reduction at the end of a pass.
#[derive(Clone)]
pub(super) struct Sink {
    /// The axes it reduces, ascending.
    pub(super) axes: Vec<usize>,
    pub(super) begin: Begin,
}

impl Pass {
    /// A function of what `reads` names.
    pub(super) fn map(inputs: &[Input], reads: &[Operand], dtype: DtypeId, code: Code) -> Arc<dyn Work> {
        Pass::of(inputs, None, Some((code, reads)), dtype).finish()
    }

    /// The elements of `chunks`, each made from nothing.
    pub(super) fn source(chunks: Chunks, dtype: DtypeId, source: Source) -> Arc<dyn Work> {
        Pass::of(&[], Some(chunks), Some((Code::Source(source), &[])), dtype).finish()
    }

    /// A reduction of elements of type `dtype`.
    pub(super) fn reduction(dtype: DtypeId, sink: Sink) -> Arc<dyn Work> {
        let pass = Pass::of(&[Input { dtype, broadcast: false }], None, None, dtype);
        Pass { result: Operand::Input(0), sink: Some(sink), ..pass }.finish()
    }

    fn of(inputs: &[Input], chunks: Option<Chunks>, code: Option<(Code, &[Operand])>, dtype: DtypeId) -> Pass {
        let instruction =
            |(code, reads)| Instruction { code, reads: SmallVec::from_slice(reads), dtype, register: 0, stage: 0 };
        Pass {
            inputs: SmallVec::from_slice(inputs),
            chunks,
            instructions: code.into_iter().map(instruction).collect(),
            result: Operand::Made(0),
            dtype,
            sink: None,
            stages: 1,
            registers: Vec::new(),
        }
    }

    fn finish(mut self) -> Arc<dyn Work> {
        self.merge_steps();
        self.assign_registers();
        Arc::new(self)
    }

    /// Makes one instruction of a step and the one after it, where nobody else reads what the first makes.
    fn merge_steps(&mut self) {
        let mut readers = vec![0; self.instructions.len()];
        for read in self.instructions.iter().flat_map(|instruction| &instruction.reads).chain([&self.result]) {
            if let Operand::Made(made) = *read {
                readers[made] += 1;
            }
        }
        let mut merged: Vec<Instruction> = Vec::new();
        // The place of each instruction among those.
        let mut places: Vec<usize> = Vec::new();
        let moved = |operand: Operand, places: &[usize]| match operand {
            Operand::Made(made) => Operand::Made(places[made]),
            other => other,
        };
        for (number, mut instruction) in take(&mut self.instructions).into_iter().enumerate() {
            instruction.reads.iter_mut().for_each(|read| *read = moved(*read, &places));
            let follows = [Operand::Made(merged.len().wrapping_sub(1))] == *instruction.reads;
            if let (true, Some(Code::Step(first, _)), Code::Step(next, _)) =
                (follows && readers[number - 1] == 1, merged.last().map(|last| &last.code), &instruction.code)
            {
                instruction.code = first.then(*next);
                instruction.reads = merged.pop().expect("it is there").reads;
            }
            places.push(merged.len());
            merged.push(instruction);
        }
        self.result = moved(self.result, &places);
        self.instructions = merged;
    }

    /// Gives each instruction a register, which is free again after the last reader of what is in it.
    fn assign_registers(&mut self) {
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
    }

    /// `first`, then this, where the inputs `at` of this are what `first` makes.
    fn joined(&self, first: &Pass, at: &[usize]) -> Pass {
        let made = first.instructions.len();
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
        Ok(Run::result(self, partition, blocks, &block_of))
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

#[cfg(test)]
mod tests {
    use ndarray::{Array, IxDyn};

    use super::super::block::{self, Block};
    use super::super::kernel::{Arithmetic, Binary};
    use super::super::step::Step;
    use super::*;

    const WHOLE: Input = Input { dtype: DtypeId::F64, broadcast: false };

    fn pair(function: Binary, broadcast: bool) -> Arc<dyn Work> {
        let kernel = f64::binary(function).pairs;
        let inputs = [WHOLE, Input { broadcast, ..WHOLE }];
        Pass::map(&inputs, &[Operand::Input(0), Operand::Input(1)], DtypeId::F64, Code::Map(of_two(kernel), Pace::Fast))
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

    #[test]
    fn neighbouring_steps_are_one_instruction_unless_what_stands_between_them_is_read_again() {
        let step = |step: Step<f64>| Pass::map(&[WHOLE], &[Operand::Input(0)], DtypeId::F64, AnyStep::F64(step).code());
        let chain = step(Step::Plus(1.0)).after(&*step(Step::Times(2.0)), &[0]).unwrap();
        let chain = step(Step::Sqrt).after(&*chain, &[0]).unwrap();
        let of = |work: &Arc<dyn Work>| {
            let pass: &dyn std::any::Any = &**work;
            pass.downcast_ref::<Pass>().unwrap().instructions.len()
        };
        assert_eq!((chain.stages(), of(&chain)), (3, 1));
        let block = counted(&[50, 60]);
        assert_eq!(run(&*chain, [block::to_value(block.clone())]), block.mapv(|x| (x * 2.0 + 1.0).sqrt()));

        let square = pair(Binary::Mul, false).after(&*step(Step::Plus(1.0)), &[0, 1]).unwrap();
        let longer = step(Step::Sqrt).after(&*square, &[0]).unwrap();
        assert_eq!(of(&longer), 3);
        assert_eq!(run(&*longer, [block::to_value(block.clone())]), block.mapv(|x| ((x + 1.0) * (x + 1.0)).sqrt()));
    }
}
