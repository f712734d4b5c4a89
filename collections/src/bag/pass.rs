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

// The loops over a batch are inlined, with the function that they call: one of them may lie in another unit of code.
impl<T> Elements<'_, T> {
    /// Folds the elements themselves.
    pub(super) fn fold<A, F: FnMut(A, T) -> A>(self, initial: A, function: F) -> A {
        // As a constant: cells compile only the one that is chosen, and what belongs to it.
        let fold: fn(&mut Vec<T>, A, F) -> A =
            const { if needs_drop::<T>() { fold_with_drops } else { fold_without_drops } };
        fold(self.0, initial, function)
    }

    /// `made`, which is empty, becomes `function` of each.
    pub(super) fn map<U, F: FnMut(T) -> U>(self, made: &mut Vec<U>, function: F) {
        let map: fn(&mut Vec<T>, &mut Vec<U>, F) =
            const { if needs_drop::<T>() || needs_drop::<U>() { map_with_drops } else { map_without_drops } };
        map(self.0, made, function);
    }
}

#[inline]
fn fold_with_drops<T, A>(elements: &mut Vec<T>, initial: A, function: impl FnMut(A, T) -> A) -> A {
    elements.drain(..).fold(initial, function)
}

#[inline]
#[expect(
    unsafe_code,
    reason = "`drain` closes the gap it leaves and drops the rest: cells would compile that for nothing"
)]
fn fold_without_drops<T, A>(elements: &mut Vec<T>, initial: A, mut function: impl FnMut(A, T) -> A) -> A {
    assert!(!needs_drop::<T>());
    let (length, from) = (elements.len(), elements.as_ptr());
    let mut folded = initial;
    // SAFETY: `from` is valid for `length` elements, as nobody else reaches the vector meanwhile. Each is read once, and the
    // vector, empty from here on, owns none of them; those that a panic leaves unread need no drop.
    unsafe {
        elements.set_len(0);
        for index in 0..length {
            folded = function(folded, from.add(index).read());
        }
    }
    folded
}

#[inline]
fn map_with_drops<T, U>(elements: &mut Vec<T>, made: &mut Vec<U>, mut function: impl FnMut(T) -> U) {
    made.reserve(elements.len());
    for element in elements.drain(..) {
        made.push(function(element));
    }
}

/// Where they fit, the new elements are where the old ones were, and the other buffer serves the next batch.
#[inline]
#[expect(unsafe_code, reason = "what std has for this can panic in its own ways, and cells would compile the messages")]
fn map_without_drops<T, U>(elements: &mut Vec<T>, made: &mut Vec<U>, mut function: impl FnMut(T) -> U) {
    assert!(!needs_drop::<T>() && !needs_drop::<U>());
    let (length, from) = (elements.len(), elements.as_ptr());
    // SAFETY: as in `fold_without_drops`. The buffer at `from` goes to nobody but `made`, whose place is written after the
    // same place was read; and `made` has room for `length`: it has the buffer that held as many, or reserved it.
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
    let (one, room_of_one) = (elements.as_mut_ptr(), elements.capacity());
    let (other, room_of_other) = (made.as_mut_ptr(), made.capacity());
    // SAFETY: both vectors are written over without being dropped, so that each buffer has one owner again. Each was
    // allocated for elements of this size and alignment, and both are empty.
    unsafe {
        ptr::write(elements, Vec::from_raw_parts(other.cast(), 0, room_of_other));
        ptr::write(made, Vec::from_raw_parts(one.cast(), 0, room_of_one));
    }
}

/// Elements of a type that the pass does not know.
pub(super) enum Batch<'a> {
    /// A `Vec` that may be emptied.
    Owned(&'a mut dyn Any),
    /// A part of a `Vec` that others read too.
    Shared(&'a dyn Any, Range<usize>),
}

impl<'a> Batch<'a> {
    /// The vector of a batch that was asked for to be taken.
    fn owned(self) -> &'a mut dyn Any {
        match self {
            Batch::Owned(elements) => elements,
            Batch::Shared(..) => unreachable!("{AGREED}"),
        }
    }

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
    /// comes even of no elements. All that is left, if it is wanted `whole` and need not be cloned.
    fn next(&mut self, whole: bool) -> Result<(Batch<'_>, usize), Failure>;

    /// How much is left.
    fn left(&self) -> usize;

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
    gather: fn(&mut dyn Any, &mut dyn Any, done: usize, left: usize),
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

fn gather<T: 'static>(batch: &mut dyn Any, gathered: &mut dyn Any, done: usize, left: usize) {
    let (batch, gathered): (&mut Vec<T>, &mut Vec<T>) = (known(batch), known(gathered));
    if left == 0 && gathered.is_empty() {
        swap(batch, gathered);
        return;
    }
    // A guess: where there is no room for it, the vector grows as it must.
    let _ = gathered.try_reserve(expected(batch.len(), done, left, gathered.len()));
    gathered.append(batch);
}

/// How many elements more there will be, at the first batch; later ones are as long as they are. No more than there are left,
/// as the first may be unlike the others.
fn expected(first: usize, done: usize, left: usize, gathered: usize) -> usize {
    if gathered > 0 {
        return first;
    }
    first + (first.min(done) as u128 * left as u128 / done.max(1) as u128) as usize
}

/// Begins to read a partition; what it hands out can be taken, if it `takes`.
type Open = fn(Value, takes: bool) -> Result<Box<dyn Batches>, WrongType>;
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
    Partition(Open),
    /// The first operation of the pass, which makes them.
    Made(Make),
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
    one(open::<T>, Run::Take(Arc::new(run)), kind.buffer, End::Partition(kind))
}

/// The work of an operation that keeps the `T`s for which `predicate` holds; `kind` is theirs.
pub(super) fn filter<T, F>(kind: &'static Kind, predicate: F) -> Arc<dyn Work>
where
    T: Clone + Send + Sync + 'static,
    F: Fn(&T) -> bool + Send + Sync + 'static,
{
    let filter: fn(&'static Kind, F) -> Arc<dyn Work> =
        const { if moves_cheaply::<T>() { filter_in_place::<T, F> } else { filter_by_marks::<T, F> } };
    filter(kind, predicate)
}

/// Whether to move an element costs less than to jump, and one that was moved may be forgotten.
const fn moves_cheaply<T>() -> bool {
    !needs_drop::<T>() && size_of::<T>() <= 32
}

fn filter_in_place<T, F>(kind: &'static Kind, predicate: F) -> Arc<dyn Work>
where
    T: Clone + Send + Sync + 'static,
    F: Fn(&T) -> bool + Send + Sync + 'static,
{
    stage(kind, move |elements: Elements<T>, kept| {
        swap(elements.0, kept);
        // Not `&predicate`: nothing says that a call through a reference is inlined.
        keep(kept, |element| predicate(element));
    })
}

/// Only what is kept is moved, or cloned where others read it too.
fn filter_by_marks<T, F>(kind: &'static Kind, predicate: F) -> Arc<dyn Work>
where
    T: Clone + Send + Sync + 'static,
    F: Fn(&T) -> bool + Send + Sync + 'static,
{
    let run = move |batch: Batch<'_>, kept: &mut dyn Any| {
        let marks: Vec<bool> = batch.as_slice::<T>().iter().map(&predicate).collect();
        let kept: &mut Vec<T> = known(kept);
        kept.clear();
        keep_marked(batch, &marks, kept);
    };
    one(open::<T>, Run::Look(Arc::new(run)), kind.buffer, End::Partition(kind))
}

fn keep_marked<T: Clone + 'static>(batch: Batch<'_>, marks: &[bool], kept: &mut Vec<T>) {
    let mut marks = marks.iter();
    let mut is_kept = || marks.next().is_some_and(|&mark| mark);
    match batch {
        Batch::Owned(elements) => kept.extend(known::<Vec<T>>(elements).drain(..).filter(|_| is_kept())),
        Batch::Shared(..) => kept.extend(batch.as_slice::<T>().iter().filter(|_| is_kept()).cloned()),
    }
}

/// Keeps the elements for which `predicate` holds, in their order, where to move one is cheap.
#[inline]
#[expect(unsafe_code, reason = "`retain` jumps for each element, which costs more than to move a small one")]
fn keep<T>(elements: &mut Vec<T>, mut predicate: impl FnMut(&T) -> bool) {
    assert!(!needs_drop::<T>());
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
    one(open::<T>, Run::Look(Arc::new(run)), nothing::<A>, ending(finish))
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
    one(open::<T>, Run::Take(Arc::new(run)), nothing::<A>, ending(finish))
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
fn one(open: Open, run: Run, buffer: fn() -> Box<dyn Any>, end: End) -> Arc<dyn Work> {
    Arc::new(Pass { source: Source::Partition(open), stages: vec![Stage { run, buffer }], end })
}

impl Work for Pass {
    fn run(&self, task: Task) -> Result<Value, Failure> {
        let mut made = Made {
            buffers: self.stages.iter().map(|stage| (stage.buffer)()).collect(),
            gathered: match &self.end {
                End::Partition(kind) => (kind.buffer)(),
                End::Total(_) => Box::new(()),
            },
        };
        match &self.source {
            Source::Partition(open) => {
                let takes = matches!(self.stages[..], [Stage { run: Run::Take(_), .. }, ..]);
                for partition in task.into_values() {
                    self.drive(&mut *open(partition, takes)?, &mut made)?;
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
    /// What each stage makes.
    buffers: Vec<Box<dyn Any>>,
    /// What all batches became, where that is a partition.
    gathered: Box<dyn Any>,
}

impl Pass {
    /// Takes all batches through all stages.
    fn drive(&self, batches: &mut dyn Batches, made: &mut Made) -> Result<(), Failure> {
        // One operation alone has no other to hand batches on to.
        let (total, whole) = (batches.left(), self.stages() == 1);
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
                match &stage.run {
                    Run::Take(take) => take(batch.owned(), &mut **buffer),
                    Run::Look(look) => look(batch, &mut **buffer),
                }
                batch = Batch::Owned(&mut **buffer);
            }
            if let End::Partition(kind) = &self.end {
                (kind.gather)(batch.owned(), &mut *made.gathered, total - left, left);
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
    Owned {
        rest: vec::IntoIter<T>,
        batch: Vec<T>,
    },
    Shared {
        elements: Arc<Held<Vec<T>>>,
        begin: usize,
    },
    /// It is shared, and taken: `length` elements at a time are cloned.
    Cloned {
        elements: Arc<Held<Vec<T>>>,
        begin: usize,
        length: usize,
        batch: Vec<T>,
    },
}

/// Begins to read a partition of `T`s.
fn open<T: Clone + Send + Sync + 'static>(partition: Value, takes: bool) -> Result<Box<dyn Batches>, WrongType> {
    let bytes = partition.bytes();
    Ok(Box::new(match Arc::try_unwrap(partition.share::<Vec<T>>()?) {
        Ok(owned) => Partition::Owned { rest: owned.into_inner().into_iter(), batch: Vec::new() },
        Err(elements) if takes => {
            let length = cloned_length(bytes, elements.len(), const { batch_length::<T>() });
            Partition::Cloned { elements, begin: 0, length, batch: Vec::new() }
        }
        Err(elements) => Partition::Shared { elements, begin: 0 },
    }))
}

/// How many elements are cloned at a time: a batch of them, fewer where they are large.
fn cloned_length(bytes: usize, elements: usize, batch: usize) -> usize {
    const BYTES: usize = 1 << 18;
    let one = bytes / elements.max(1);
    (BYTES / one.max(1)).clamp(1, batch)
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
            Partition::Cloned { elements, begin, length, batch } => {
                let part = *begin..elements.len().min(*begin + *length);
                *begin = part.end;
                batch.clear();
                batch.extend_from_slice(&elements[part]);
                Ok((Batch::Owned(batch), elements.len() - *begin))
            }
        }
    }

    fn left(&self) -> usize {
        self.rest().len()
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
            Partition::Shared { elements, begin } | Partition::Cloned { elements, begin, .. } => &elements[*begin..],
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

    /// What `Elements::map` makes of two batches, one after the other.
    fn mapped<T: Clone + 'static, U: 'static>(elements: &[T], function: impl Fn(T) -> U) -> Vec<U> {
        let (mut batch, mut made, mut gathered) = (elements.to_vec(), Vec::new(), Vec::new());
        for _ in 0..2 {
            Elements(&mut batch).map(&mut made, &function);
            assert!(batch.is_empty());
            gathered.append(&mut made);
            batch.extend_from_slice(elements);
        }
        gathered
    }

    #[test]
    fn elements_become_others_whatever_their_layouts() {
        let numbers: Vec<u64> = (0..1000).collect();
        let twice = || numbers.iter().chain(&numbers);
        assert!(mapped(&numbers, |n| -(n as i64)).into_iter().eq(twice().map(|&n| -(n as i64))));
        assert!(mapped(&numbers, |n| n as u8).into_iter().eq(twice().map(|&n| n as u8)));
        assert!(mapped(&numbers, |n| [n; 3]).into_iter().eq(twice().map(|&n| [n; 3])));
        assert!(mapped(&numbers, |n| [n; 9]).into_iter().eq(twice().map(|&n| [n; 9])));
        assert!(mapped(&numbers, |n| n.to_string()).into_iter().eq(twice().map(u64::to_string)));
        assert!(mapped(&numbers, u64::to_ne_bytes).into_iter().eq(twice().map(|n| n.to_ne_bytes())));
        assert!(
            mapped(&mapped(&numbers, u64::to_ne_bytes), u64::from_ne_bytes)
                .into_iter()
                .eq(twice().chain(twice()).copied())
        );
        assert_eq!(mapped(&mapped(&numbers, |n| n.to_string()), |text| text.len()).len(), 4000);
        assert_eq!(mapped(&[(); 7], |()| [0_u64; 0]).len(), 14);
        assert_eq!(mapped(&[(); 7], |()| ()).len(), 14);
        assert_eq!(mapped(&[(); 7], |()| 1_u64), [1; 14]);
    }

    #[test]
    fn a_function_that_panics_leaves_vectors_that_can_be_used_again() {
        for refused in [0, 500, 999] {
            let numbers: Vec<u64> = (0..1000).collect();
            let (mut batch, mut made) = (numbers.clone(), Vec::new());
            let map = |batch: &mut Vec<u64>, made: &mut Vec<i64>, refused: u64| {
                Elements(batch).map(made, |n| if n == refused { panic!("refused") } else { n as i64 });
            };
            refusing(|| map(&mut batch, &mut made, refused));
            assert!(batch.is_empty() && made.is_empty());
            batch.extend_from_slice(&numbers);
            map(&mut batch, &mut made, 1000);
            assert!(made.into_iter().eq(0..1000));
            batch.extend_from_slice(&numbers);
            refusing(|| Elements(&mut batch).fold(0, |sum, n| if n == refused { panic!("refused") } else { sum + n }));
            assert!(batch.is_empty());
        }
    }

    #[test]
    fn what_a_function_that_panics_has_not_taken_is_dropped() {
        for refused in [0, 500, 999] {
            let owner = Arc::new(());
            let mut batch: Vec<_> = (0..1000).map(|n| (n, owner.clone())).collect();
            refusing(|| Elements(&mut batch).map(&mut Vec::new(), |element| assert_ne!(element.0, refused)));
            assert_eq!((batch.len(), Arc::strong_count(&owner)), (0, 1));
        }
    }

    fn refusing<R>(function: impl FnOnce() -> R) {
        assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(function)).is_err());
    }

    #[test]
    fn room_is_guessed_within_reason_and_large_elements_are_cloned_one_by_one() {
        assert_eq!(expected(512, 512, 512, 0), 1024);
        assert_eq!(expected(256, 512, 512, 0), 512);
        assert_eq!(expected(5_120_000, 512, 999_488, 0), 5_120_000 + 999_488);
        assert_eq!(cloned_length(8 << 23, 8, 170), 1);
        assert_eq!(cloned_length(80, 10, 512), 512);
        assert_eq!(cloned_length(0, 0, 512), 512);
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
        let small = filter(Kind::of::<u64>(), |number: &u64| number % 3 > 0);
        let value = Value::of(whole.clone());
        let mut task = Task::new(0);
        task.push(value.clone());
        task.end_input();
        let kept: Vec<u64> = small.run(task).expect("it runs").take().expect("it is of u64");
        assert!(kept.iter().eq(whole.iter().filter(|&number| number % 3 > 0)));
        assert_eq!(*value.get::<Vec<u64>>().expect("it is of u64"), whole);
    }
}
