//! A chain of operations on the elements of a partition, as one pass over it: a batch at a time goes through all
//! of them, and what stood between two operations is never there as a whole.
//!
//! A batch is a `Vec` that fits into the cache nearest to a core. A stage empties it into the batch that the next
//! stage reads; the last one adds to what the pass makes. The pass itself knows no types of elements and is compiled
//! here: a cell compiles the loops of its own closures over one batch, and little else.
//! Source of the idea: the vectors of MonetDB/X100 (Boncz, Zukowski, Nes, CIDR 2005).

use std::any::Any;
use std::mem::{needs_drop, replace, swap};
use std::ops::Range;
use std::ptr;
use std::sync::Arc;
use std::vec;

use super::Element;
use super::partition;
use crate::graph::{Failure, Held, Operation, Task, Value, Work, WrongType, enter_stage};
use crate::prefetch::prefetch;

/// Elements that a stage may move: what it leaves in the vector is forgotten.
pub(super) struct Elements<'a, T>(&'a mut Vec<T>);

impl<T: 'static> Elements<'_, T> {
    /// Folds the elements themselves.
    pub(super) fn fold<A, F: FnMut(A, T) -> A>(self, initial: A, function: F) -> A {
        // As a constant: cells compile only the one that is chosen, and what belongs to it.
        let fold: fn(&mut Vec<T>, A, F) -> A =
            const { if moves_cheaply::<T>() { fold_in_one_go } else { fold_one_by_one } };
        fold(self.0, initial, function)
    }

    /// `made`, which is empty, becomes `function` of each.
    pub(super) fn map<U: 'static, F: FnMut(T) -> U>(self, made: &mut Vec<U>, function: F) {
        let map: fn(&mut Vec<T>, &mut Vec<U>, F) =
            const { if moves_cheaply::<T>() && moves_cheaply::<U>() { map_in_one_go } else { map_one_by_one } };
        map(self.0, made, function);
    }

    /// `kept`, which is empty, becomes those for which `predicate` holds.
    pub(super) fn filter<F: FnMut(&T) -> bool>(self, kept: &mut Vec<T>, predicate: F) {
        swap(self.0, kept);
        let keep: fn(&mut Vec<T>, F) = const { if moves_cheaply::<T>() { keep } else { Vec::retain } };
        keep(kept, predicate);
    }
}

/// Whether to move an element costs less than to jump, and one that was moved may be forgotten.
const fn moves_cheaply<T>() -> bool {
    !needs_drop::<T>() && size_of::<T>() <= 32
}

fn fold_one_by_one<T, A>(elements: &mut Vec<T>, initial: A, function: impl FnMut(A, T) -> A) -> A {
    elements.drain(..).fold(initial, function)
}

#[expect(unsafe_code, reason = "what drains a vector would have to move the rest of it, of which there is none")]
fn fold_in_one_go<T, A>(elements: &mut Vec<T>, initial: A, mut function: impl FnMut(A, T) -> A) -> A {
    assert!(moves_cheaply::<T>());
    let (length, from) = (elements.len(), elements.as_ptr());
    let mut folded = initial;
    // SAFETY: elements that need no drop may be forgotten, and each is read once.
    unsafe {
        elements.set_len(0);
        for index in 0..length {
            folded = function(folded, from.add(index).read());
        }
    }
    folded
}

fn map_one_by_one<T, U>(elements: &mut Vec<T>, made: &mut Vec<U>, mut function: impl FnMut(T) -> U) {
    made.reserve(elements.len());
    for element in elements.drain(..) {
        made.push(function(element));
    }
}

/// Where they fit, the new elements are where the old ones were, and the other buffer serves the next batch.
#[expect(
    unsafe_code,
    reason = "whatever cells can call of std's for this brings its own messages, which they would compile"
)]
fn map_in_one_go<T, U>(elements: &mut Vec<T>, made: &mut Vec<U>, mut function: impl FnMut(T) -> U) {
    assert!(moves_cheaply::<T>() && moves_cheaply::<U>());
    let (length, from) = (elements.len(), elements.as_ptr());
    // SAFETY: elements that need no drop may be forgotten, also where the function panics. `from` stays valid and is read
    // once an element, since its buffer goes to nobody but `made`, whose place is written after the same place was read.
    unsafe {
        elements.set_len(0);
        made.set_len(0);
        if const { size_of::<T>() == size_of::<U>() && align_of::<T>() == align_of::<U>() } {
            trade(elements, made);
        } else {
            made.reserve(length);
        }
        let to = made.as_mut_ptr();
        for index in 0..length {
            to.add(index).write(function(from.add(index).read()));
        }
        made.set_len(length);
    }
}

/// Two empty vectors get each other's buffers.
///
/// # Safety
/// Elements of both types have the same size and alignment.
#[expect(unsafe_code, reason = "a buffer does not depend on the type of its elements, but on their layout")]
unsafe fn trade<T, U>(elements: &mut Vec<T>, made: &mut Vec<U>) {
    assert!(elements.is_empty() && made.is_empty());
    let (of_elements, its_capacity) = (elements.as_mut_ptr(), elements.capacity());
    let (of_made, other_capacity) = (made.as_mut_ptr(), made.capacity());
    // SAFETY: both vectors are written over without being dropped, so that each buffer has one owner again. Each was
    // allocated for elements of this size and alignment, and has none.
    unsafe {
        ptr::write(elements, Vec::from_raw_parts(of_made.cast(), 0, other_capacity));
        ptr::write(made, Vec::from_raw_parts(of_elements.cast(), 0, its_capacity));
    }
}

/// Keeps the elements for which `predicate` holds, in their order, where to move one is cheap.
#[expect(unsafe_code, reason = "`retain` jumps for each element, which costs more than to move a small one")]
fn keep<T>(elements: &mut Vec<T>, mut predicate: impl FnMut(&T) -> bool) {
    assert!(moves_cheaply::<T>());
    let length = elements.len();
    let start = elements.as_mut_ptr();
    let mut kept = 0;
    // SAFETY: `kept <= index < length`, so both places are in the vector; elements that need no drop may be written
    // over and forgotten; and where the predicate panics, the vector is empty.
    unsafe {
        elements.set_len(0);
        for index in 0..length {
            let element = start.add(index);
            let keeps = predicate(&*element);
            ptr::copy(element, start.add(kept), 1);
            kept += usize::from(keeps);
        }
        elements.set_len(kept);
    }
}

/// Elements of a type that the pass does not know.
pub(super) enum Batch<'a> {
    /// A `Vec` that may be emptied.
    Owned(&'a mut dyn Any),
    /// A part of a `Vec` that others read too.
    Shared(&'a dyn Any, Range<usize>),
}

impl Batch<'_> {
    fn as_slice<T: 'static>(&self) -> &[T] {
        let (elements, part) = match self {
            Batch::Owned(elements) => (&**elements, None),
            Batch::Shared(elements, part) => (*elements, Some(part.clone())),
        };
        let elements: &Vec<T> = elements.downcast_ref().expect(AGREED);
        part.map_or(elements, |part| &elements[part])
    }
}

/// Elements that come in batches.
pub(super) trait Batches {
    /// The next elements, and how much is left after them, in any unit: nothing, after the last batch. One batch
    /// comes even of no elements. All that is left, if it is wanted `whole`.
    fn next(&mut self, whole: bool) -> Result<(Batch<'_>, usize), Failure>;

    /// How much is left.
    fn left(&self) -> usize;

    /// Whether others read the elements too.
    fn is_shared(&self) -> bool {
        false
    }

    /// The addresses of the batch after the next one, if it lies in memory already.
    fn ahead(&self) -> Range<usize> {
        0..0
    }
}

/// How many elements of type `T` make a batch.
pub(super) const fn batch_length<T>() -> usize {
    /// Two such batches and the code between them fit into the first cache.
    const BYTES: usize = 4096;
    let length = BYTES / if size_of::<T>() == 0 { 1 } else { size_of::<T>() };
    if length < 32 { 32 } else { length }
}

const AGREED: &str = "a stage reads what the one before it makes";

fn known<T: 'static>(any: &mut dyn Any) -> &mut T {
    any.downcast_mut().expect(AGREED)
}

/// What a pass must know of the elements that it makes a partition of.
pub(super) struct Kind {
    buffer: fn() -> Box<dyn Any>,
    /// Moves a batch to the end of a vector, which will grow by what is left as it did by what is done.
    gather: fn(Batch<'_>, &mut dyn Any, done: usize, left: usize),
    value: fn(Box<dyn Any>) -> Value,
}

impl Kind {
    /// That of elements which can leave this process.
    pub(super) fn of<T: Element>() -> &'static Kind {
        const { &Kind { buffer: empty::<T>, gather: gather::<T>, value: |made| partition::value(unboxed::<Vec<T>>(made)) } }
    }

    /// That of elements which stay in this process.
    pub(super) fn local<T: Clone + Send + Sync + 'static>() -> &'static Kind {
        const { &Kind { buffer: empty::<T>, gather: gather::<T>, value: |made| partition::local(unboxed::<Vec<T>>(made)) } }
    }
}

/// Not by `Default`, nor by `Debug` as `expect` of a result: to know which implementation of a trait holds, rustc reads all that there
/// are, for these two some 10 000, in each cell.
fn empty<T: 'static>() -> Box<dyn Any> {
    Box::new(Vec::<T>::new())
}

fn unboxed<B: 'static>(any: Box<dyn Any>) -> B {
    match any.downcast() {
        Ok(it) => *it,
        Err(_) => unreachable!("{AGREED}"),
    }
}

fn gather<T: Clone + 'static>(batch: Batch<'_>, gathered: &mut dyn Any, done: usize, left: usize) {
    let gathered: &mut Vec<T> = known(gathered);
    match batch {
        Batch::Owned(batch) => {
            let batch: &mut Vec<T> = known(batch);
            if left == 0 && gathered.is_empty() {
                swap(batch, gathered);
            } else {
                gathered.reserve(expected(batch.len(), done, left, gathered.len()));
                gathered.append(batch);
            }
        }
        Batch::Shared(..) => gathered.extend_from_slice(batch.as_slice()),
    }
}

/// How many elements more there will be, at the first batch; later ones are as long as they are.
fn expected(first: usize, done: usize, left: usize, gathered: usize) -> usize {
    if gathered > 0 { first } else { first + (first as u128 * left as u128 / done.max(1) as u128) as usize }
}

type Take = Arc<dyn Fn(&mut dyn Any, &mut dyn Any) + Send + Sync>;
type Look = Arc<dyn Fn(Batch<'_>, &mut dyn Any) + Send + Sync>;
type Finish = Arc<dyn Fn(Box<dyn Any>) -> Value + Send + Sync>;
type Make = Arc<dyn Fn(usize) -> Result<Box<dyn Batches>, Failure> + Send + Sync>;

/// A pass over a partition; see the top of this file.
struct Pass {
    source: Source,
    stages: Vec<Stage>,
    end: End,
}

/// Where the elements come from.
#[derive(Clone)]
enum Source {
    /// The partition that the task reads; for the join of partial results, several one after another.
    Partition(&'static Input),
    /// The first operation of the pass, which makes them.
    Made(Make),
}

/// What a pass must know of the elements that it reads.
struct Input {
    open: fn(Value) -> Result<Box<dyn Batches>, WrongType>,
    buffer: fn() -> Box<dyn Any>,
    /// Makes a vector of its own of a part of another.
    own: fn(Batch<'_>, &mut dyn Any),
}

impl Input {
    fn of<T: Clone + Send + Sync + 'static>() -> &'static Input {
        const { &Input { open: open::<T>, buffer: empty::<T>, own: own::<T> } }
    }
}

fn own<T: Clone + 'static>(batch: Batch<'_>, owned: &mut dyn Any) {
    let owned: &mut Vec<T> = known(owned);
    owned.clear();
    owned.extend_from_slice(batch.as_slice());
}

/// One operation of a pass.
#[derive(Clone)]
struct Stage {
    run: Run,
    /// What it makes into, empty.
    buffer: fn() -> Box<dyn Any>,
}

/// What a stage does with a batch and its buffer.
#[derive(Clone)]
enum Run {
    /// It takes the elements; those that others read too are cloned for it.
    Take(Take),
    /// It looks at them.
    Look(Look),
}

/// What becomes of what the last stage makes.
#[derive(Clone)]
enum End {
    /// It is gathered into a partition.
    Partition(&'static Kind),
    /// It is kept by the stage itself, and becomes a value at the end.
    Total(Finish),
}

/// The work of an operation that makes each batch of `T`s into one of the elements that are of `kind`.
///
/// `run` receives an empty vector to fill.
pub(super) fn stage<T, U>(
    kind: &'static Kind,
    run: impl Fn(Elements<'_, T>, &mut Vec<U>) + Send + Sync + 'static,
) -> Arc<dyn Work>
where
    T: Clone + Send + Sync + 'static,
    U: 'static,
{
    let run = move |batch: &mut dyn Any, made: &mut dyn Any| {
        let made = known::<Vec<U>>(made);
        made.clear();
        run(Elements(known(batch)), made);
    };
    one(Input::of::<T>(), Run::Take(Arc::new(run)), kind.buffer, End::Partition(kind))
}

/// The work of an operation that ends in one value for each partition: `add` adds a batch to what there is, at first
/// nothing, and `finish` makes the value of it.
pub(super) fn total<T, A>(
    finish: impl Fn(A) -> Value + Send + Sync + 'static,
    add: impl Fn(Option<A>, &[T]) -> A + Send + Sync + 'static,
) -> Arc<dyn Work>
where
    T: Clone + Send + Sync + 'static,
    A: 'static,
{
    let run = move |batch: Batch<'_>, total: &mut dyn Any| {
        let total = known::<Option<A>>(total);
        *total = Some(add(total.take(), batch.as_slice()));
    };
    one(Input::of::<T>(), Run::Look(Arc::new(run)), nothing::<A>, ending(finish))
}

/// [`total`], where `add` takes the elements themselves.
pub(super) fn taking_total<T, A>(
    finish: impl Fn(A) -> Value + Send + Sync + 'static,
    add: impl Fn(Option<A>, Elements<'_, T>) -> A + Send + Sync + 'static,
) -> Arc<dyn Work>
where
    T: Clone + Send + Sync + 'static,
    A: 'static,
{
    let run = move |batch: &mut dyn Any, total: &mut dyn Any| {
        let total = known::<Option<A>>(total);
        *total = Some(add(total.take(), Elements(known(batch))));
    };
    one(Input::of::<T>(), Run::Take(Arc::new(run)), nothing::<A>, ending(finish))
}

fn nothing<A: 'static>() -> Box<dyn Any> {
    Box::new(None::<A>)
}

fn ending<A: 'static>(finish: impl Fn(A) -> Value + Send + Sync + 'static) -> End {
    let finish = move |total| finish(unboxed::<Option<A>>(total).expect("a batch comes even of no elements"));
    End::Total(Arc::new(finish))
}

/// The work of an operation that makes elements of `kind` from nothing: `make` begins a partition.
pub(super) fn source<B: Batches + 'static>(
    kind: &'static Kind,
    make: impl Fn(usize) -> Result<B, Failure> + Send + Sync + 'static,
) -> Arc<dyn Work> {
    let make = move |partition| Ok(Box::new(make(partition)?) as Box<dyn Batches>);
    Arc::new(Pass { source: Source::Made(Arc::new(make)), stages: Vec::new(), end: End::Partition(kind) })
}

/// An operation without closure and parameters, whose work is part of a pass. Compiled here, not in cells.
#[inline(never)]
pub(super) fn operation(name: &'static str, make: fn(()) -> Arc<dyn Work>) -> Operation {
    Operation::joining(name, (), make)
}

/// A pass of one operation. Not generic: cells need not know how a pass is dropped.
#[inline(never)]
fn one(input: &'static Input, run: Run, buffer: fn() -> Box<dyn Any>, end: End) -> Arc<dyn Work> {
    Arc::new(Pass { source: Source::Partition(input), stages: vec![Stage { run, buffer }], end })
}

impl Work for Pass {
    fn run(&self, task: Task) -> Result<Value, Failure> {
        let mut made = Made {
            owned: match &self.source {
                Source::Partition(input) => (input.buffer)(),
                Source::Made(_) => Box::new(()),
            },
            buffers: self.stages.iter().map(|stage| (stage.buffer)()).collect(),
            gathered: match &self.end {
                End::Partition(kind) => (kind.buffer)(),
                End::Total(_) => Box::new(()),
            },
        };
        match &self.source {
            Source::Partition(input) => {
                for partition in task.into_values() {
                    self.drive(&mut *(input.open)(partition)?, &mut made)?;
                }
            }
            Source::Made(make) => {
                enter_stage(0);
                self.drive(&mut *make(task.partition())?, &mut made)?;
            }
        }
        Ok(match &self.end {
            End::Partition(kind) => (kind.value)(made.gathered),
            End::Total(finish) => finish(made.buffers.pop().expect("a total is what a stage makes")),
        })
    }

    fn after(&self, first: &dyn Work, _at: &[usize]) -> Option<Arc<dyn Work>> {
        /// Chains of chains are copied when they are joined: the copies of a very long one would take longest.
        const MOST: usize = 64;
        let first: &Pass = (first as &dyn Any).downcast_ref()?;
        let joins = matches!((&first.end, &self.source), (End::Partition(_), Source::Partition(_)));
        if !joins || first.stages() + self.stages() > MOST {
            return None;
        }
        let stages = first.stages.iter().chain(&self.stages).cloned().collect();
        Some(Arc::new(Pass { source: first.source.clone(), stages, end: self.end.clone() }))
    }

    fn stages(&self) -> usize {
        self.makers() + self.stages.len()
    }
}

/// What a pass has made so far.
struct Made {
    /// The batch of the first stage, where it had to be cloned.
    owned: Box<dyn Any>,
    /// What each stage makes.
    buffers: Vec<Box<dyn Any>>,
    /// What all batches became, where that is a partition.
    gathered: Box<dyn Any>,
}

impl Pass {
    /// Takes all batches through all stages.
    fn drive(&self, batches: &mut dyn Batches, made: &mut Made) -> Result<(), Failure> {
        // One operation alone has no other to hand batches on to; but no partition is cloned as a whole.
        let clones = batches.is_shared() && matches!(self.stages[..], [Stage { run: Run::Take(_), .. }, ..]);
        let (total, whole) = (batches.left(), self.stages() == 1 && !clones);
        loop {
            enter_stage(0);
            // Only the first stage reads memory; it is asked for what it will read next while the others run.
            let mut ahead = batches.ahead();
            let share = ahead.len().div_ceil(self.stages.len().max(1));
            let (mut batch, left) = batches.next(whole)?;
            for (number, (stage, buffer)) in self.stages.iter().zip(&mut made.buffers).enumerate() {
                let later = ahead.end.min(ahead.start + share);
                prefetch(ahead.start..later);
                ahead.start = later;
                enter_stage(self.makers() + number);
                match (&stage.run, batch) {
                    (Run::Look(look), batch) => look(batch, &mut **buffer),
                    (Run::Take(take), Batch::Owned(batch)) => take(batch, &mut **buffer),
                    (Run::Take(take), batch) => {
                        let Source::Partition(input) = &self.source else { unreachable!("{AGREED}") };
                        (input.own)(batch, &mut *made.owned);
                        take(&mut *made.owned, &mut **buffer);
                    }
                }
                batch = Batch::Owned(&mut **buffer);
            }
            if let End::Partition(kind) = &self.end {
                (kind.gather)(batch, &mut *made.gathered, total - left, left);
            }
            if left == 0 {
                return Ok(());
            }
        }
    }

    /// How many operations come before the stages: one, if the pass makes its elements.
    fn makers(&self) -> usize {
        usize::from(matches!(self.source, Source::Made(_)))
    }
}

/// A partition that is read in batches.
enum Partition<T> {
    Owned { rest: vec::IntoIter<T>, batch: Vec<T> },
    Shared { elements: Arc<Held<Vec<T>>>, begin: usize },
}

/// Begins to read a partition of `T`s.
fn open<T: Clone + Send + Sync + 'static>(partition: Value) -> Result<Box<dyn Batches>, WrongType> {
    Ok(Box::new(match Arc::try_unwrap(partition.share::<Vec<T>>()?) {
        Ok(owned) => Partition::Owned { rest: owned.into_inner().into_iter(), batch: Vec::new() },
        Err(elements) => Partition::Shared { elements, begin: 0 },
    }))
}

impl<T: Clone + Send + Sync + 'static> Batches for Partition<T> {
    fn next(&mut self, whole: bool) -> Result<(Batch<'_>, usize), Failure> {
        match self {
            Partition::Owned { rest, batch } => {
                if whole {
                    *batch = replace(rest, Vec::new().into_iter()).collect();
                } else {
                    batch.clear();
                    batch.extend(rest.take(const { batch_length::<T>() }));
                }
                Ok((Batch::Owned(batch), rest.len()))
            }
            Partition::Shared { elements, begin } => {
                let elements: &Vec<T> = elements;
                let most = if whole { usize::MAX } else { const { batch_length::<T>() } };
                let part = *begin..elements.len().min(begin.saturating_add(most));
                *begin = part.end;
                Ok((Batch::Shared(elements, part), elements.len() - *begin))
            }
        }
    }

    fn left(&self) -> usize {
        self.rest().len()
    }

    fn is_shared(&self) -> bool {
        matches!(self, Partition::Shared { .. })
    }

    fn ahead(&self) -> Range<usize> {
        let length = const { batch_length::<T>() };
        let batch = self.rest().get(length..).unwrap_or(&[]);
        let addresses = batch[..batch.len().min(length)].as_ptr_range();
        addresses.start.addr()..addresses.end.addr()
    }
}

impl<T> Partition<T> {
    /// What was not read yet.
    fn rest(&self) -> &[T] {
        match self {
            Partition::Owned { rest, .. } => rest.as_slice(),
            Partition::Shared { elements, begin } => &elements[*begin..],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pass_of_very_many_operations_is_several() {
        let add = || stage::<u64, u64>(Kind::of::<u64>(), |numbers, made| numbers.map(made, |number| number + 1));
        let chain = (1..64).fold(add(), |chain, _| add().after(&*chain, &[0]).expect("it is short enough"));
        assert_eq!(chain.stages(), 64);
        assert!(add().after(&*chain, &[0]).is_none());
    }

    #[test]
    fn what_is_gathered_is_allocated_once_where_its_length_can_be_told() {
        let whole: Vec<u64> = (0..10_000).collect();
        let add = || stage::<u64, u64>(Kind::of::<u64>(), |numbers, made| numbers.map(made, |number| number + 1));
        let value = Value::of(whole);
        let mut task = Task::new(0);
        task.push(value.clone());
        task.end_input();
        let made = add().after(&*add(), &[0]).expect("they join").run(task).expect("it runs");
        let made: Vec<u64> = made.take().expect("it is of u64");
        assert!(made.iter().zip(2..).all(|(&made, expected)| made == expected));
        assert_eq!((made.len(), made.capacity()), (10_000, 10_000));
    }

    #[test]
    fn a_partition_that_others_read_too_is_filtered_in_order_across_batches() {
        let whole: Vec<u64> = (0..5000).map(|n| n * n % 1009).collect();
        let small = stage::<u64, u64>(Kind::of::<u64>(), |numbers, kept| numbers.filter(kept, |number| number % 3 > 0));
        let value = Value::of(whole.clone());
        let mut task = Task::new(0);
        task.push(value.clone());
        task.end_input();
        let kept: Vec<u64> = small.run(task).expect("it runs").take().expect("it is of u64");
        assert!(kept.iter().eq(whole.iter().filter(|&number| number % 3 > 0)));
        assert_eq!(*value.get::<Vec<u64>>().expect("it is of u64"), whole);
    }
}
