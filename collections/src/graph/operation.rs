//! What a task runs: a function with parameters that serialize, or a closure of the user's.
//!
//! An operation can travel to another process when all that it is can be named or written there: functions by
//! their addresses (a closure without captures is a function: its type has size zero), parameters by serde.

#![expect(unsafe_code, reason = "functions and closures of size zero come back from another process as addresses")]

use std::any::Any;
use std::fmt;
use std::mem::needs_drop;
use std::ptr::NonNull;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use smallvec::SmallVec;

use super::format::{self, FormatError};
use super::{Value, WrongType};

/// Why a task failed: any error, its text shown to the user after the name of the operation.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// What one task receives: which partition it makes, and the values it reads.
#[derive(Debug)]
pub struct Task {
    partition: usize,
    values: SmallVec<[Value; 4]>,
    /// End of each input's values in `values`.
    ends: SmallVec<[u32; 4]>,
}

impl Task {
    pub(crate) fn new(partition: usize) -> Self {
        Task { partition, values: SmallVec::new(), ends: SmallVec::new() }
    }

    /// Partition `partition` from `values`, which end for each input where `ends` says.
    #[inline]
    pub(crate) fn of(partition: usize, values: SmallVec<[Value; 4]>, ends: SmallVec<[u32; 4]>) -> Self {
        Task { partition, values, ends }
    }

    pub(crate) fn push(&mut self, value: Value) {
        self.values.push(value);
    }

    pub(crate) fn end_input(&mut self) {
        self.ends.push(self.values.len() as u32);
    }

    /// Index of the partition to make.
    pub fn partition(&self) -> usize {
        self.partition
    }

    /// All values read from input `input`, in the order of its pattern.
    pub fn values(&self, input: usize) -> &[Value] {
        let start = if input == 0 { 0 } else { self.ends[input - 1] as usize };
        &self.values[start..self.ends[input] as usize]
    }

    /// The first value read from input `input`: the one of a 1:1 pattern.
    pub fn get<T: Any>(&self, input: usize) -> Result<&T, WrongType> {
        self.values(input)[0].get()
    }

    /// Every value read from input `input`.
    pub fn all<T: Any>(&self, input: usize) -> Result<Vec<&T>, WrongType> {
        self.values(input).iter().map(Value::get).collect()
    }

    /// Gives up the values, input by input.
    pub(super) fn into_inputs(self) -> impl Iterator<Item = SmallVec<[Value; 4]>> {
        let Task { values, ends, .. } = self;
        let mut values = values.into_iter();
        let mut start = 0;
        ends.into_iter().map(move |end| {
            let count = (end - start) as usize;
            start = end;
            values.by_ref().take(count).collect()
        })
    }

    /// Gives up the values, so that a value nobody else reads can be changed in place.
    pub fn into_values(self) -> impl Iterator<Item = Value> {
        self.values.into_iter()
    }
}

/// An operation: a name, and the [`Work`] that each of its tasks does.
///
/// Two operations with the same name, function and serialized parameters are the same work.
#[derive(Clone)]
pub struct Operation {
    name: &'static str,
    work: Arc<dyn Work>,
    travel: Travel,
}

/// What an operation does, erased. Most are a function of parameters and a task; elementwise ones can be joined.
pub trait Work: Any + Send + Sync {
    /// Makes the partition of one task.
    fn run(&self, task: Task) -> Result<Value, Failure>;

    /// One pass that does `first` and then this, where each input `at` of this is what `first` makes.
    ///
    /// It reads the other inputs of this one, in their order, then those of `first`; its stages (see
    /// [`enter_stage`](super::enter_stage)) are those of `first`, then those of this one. None when there is no such pass.
    fn after(&self, _first: &dyn Work, _at: &[usize]) -> Option<Arc<dyn Work>> {
        None
    }

    /// How many operations were joined into this one.
    fn stages(&self) -> usize {
        1
    }
}

/// Whether an operation can run in another process.
#[derive(Clone)]
pub(crate) enum Travel {
    /// It is made again there.
    Anywhere(Wire),
    /// It hands out what this process holds: it runs here, and what it hands out travels.
    Holds,
    /// What it makes has no codec: it runs in this process, or is refused.
    Stays,
    /// A closure with captures, which cannot be written; that of a call, if it was `called`.
    Captures { called: bool },
    /// Parameters that their serde implementation refuses to write, and what it said.
    Unwritten(Arc<str>),
}

/// An operation as it crosses to another process: addresses in this one, and bytes.
#[derive(Clone)]
pub(crate) struct Wire {
    /// Makes the operation again.
    pub(crate) rebuild: Rebuild,
    /// The function of the operation.
    pub(crate) code: usize,
    pub(crate) parameters: Arc<[u8]>,
}

/// Makes an operation from its name, the address of its function in this process, and its parameters.
pub(crate) type Rebuild = fn(&'static str, usize, &[u8]) -> Result<Operation, Failure>;

type Code<P> = fn(&P, Task) -> Result<Value, Failure>;
type ClosureCode<F, P> = fn(&F, &P, Task) -> Result<Value, Failure>;
type Make<P> = fn(P) -> Arc<dyn Work>;
type ClosureMake<F, P> = fn(F, P) -> Arc<dyn Work>;

impl Operation {
    /// An operation of the library: a function and parameters that serialize.
    ///
    /// ```
    /// # use lazuli::graph::{Operation, Value};
    /// let five = Operation::new("five", 5_i64, |&number, _task| Ok(Value::new(number, 8)));
    /// assert_eq!(five.name(), "five");
    /// ```
    pub fn new<P>(name: &'static str, parameters: P, code: Code<P>) -> Self
    where
        P: Serialize + DeserializeOwned + Send + Sync + 'static,
    {
        fn rebuild<P>(name: &'static str, code: usize, parameters: &[u8]) -> Result<Operation, Failure>
        where
            P: Serialize + DeserializeOwned + Send + Sync + 'static,
        {
            // SAFETY: `code` is the address that was written with this function as its `rebuild`.
            let code = unsafe { restore::<Code<P>>(code) };
            Ok(Operation::new(name, read(parameters)?, code))
        }
        let travel = Travel::of(rebuild::<P>, code as usize, written(&parameters));
        Operation { name, work: Arc::new(Function { parameters, code }), travel }
    }

    /// An operation that has no parameters: the function is the work.
    ///
    /// Not generic, so that a cell which uses it compiles the function and nothing else.
    pub fn of(name: &'static str, code: fn(Task) -> Result<Value, Failure>) -> Self {
        fn rebuild(name: &'static str, code: usize, _: &[u8]) -> Result<Operation, Failure> {
            // SAFETY: `code` is the address that was written with this function as its `rebuild`.
            Ok(Operation::of(name, unsafe { restore(code) }))
        }
        let travel = Travel::of(rebuild, code as usize, Ok(nothing()));
        Operation { name, work: Arc::new(Function { parameters: code, code: |code, task| code(task) }), travel }
    }

    /// An operation that can be joined with others: `make` gives the [`Work`] for `parameters`.
    pub fn joining<P>(name: &'static str, parameters: P, make: Make<P>) -> Self
    where
        P: Serialize + DeserializeOwned + 'static,
    {
        fn rebuild<P>(name: &'static str, code: usize, parameters: &[u8]) -> Result<Operation, Failure>
        where
            P: Serialize + DeserializeOwned + 'static,
        {
            // SAFETY: `code` is the address that was written with this function as its `rebuild`.
            let make = unsafe { restore::<Make<P>>(code) };
            Ok(Operation::joining(name, read(parameters)?, make))
        }
        let travel = Travel::of(rebuild::<P>, make as usize, written(&parameters));
        Operation { name, work: make(parameters), travel }
    }

    /// An operation with a closure of the user's: `code` says how to apply it to a partition.
    ///
    /// A closure without captures is a function: the same closure is the same work, and it travels.
    pub fn with_closure<F: Send + Sync + 'static>(name: &'static str, closure: F, code: Code<F>) -> Self {
        fn rebuild<F: Send + Sync + 'static>(name: &'static str, code: usize, _: &[u8]) -> Result<Operation, Failure> {
            // SAFETY: `code` is the address that was written with this function as its `rebuild`.
            let code = unsafe { restore::<Code<F>>(code) };
            Ok(Operation::with_closure(name, conjure::<F>(), code))
        }
        let travel = Travel::closure::<F>(rebuild::<F>, code as usize, || Ok(nothing()));
        Operation { name, work: Arc::new(Function { parameters: closure, code }), travel }
    }

    /// An operation with a closure of the user's and parameters that serialize.
    ///
    /// The same closure without captures, with equal parameters, is the same work.
    pub fn with_parameters<F, P>(name: &'static str, closure: F, parameters: P, code: ClosureCode<F, P>) -> Self
    where
        F: Send + Sync + 'static,
        P: Serialize + DeserializeOwned + Send + Sync + 'static,
    {
        fn rebuild<F, P>(name: &'static str, code: usize, parameters: &[u8]) -> Result<Operation, Failure>
        where
            F: Send + Sync + 'static,
            P: Serialize + DeserializeOwned + Send + Sync + 'static,
        {
            // SAFETY: `code` is the address that was written with this function as its `rebuild`.
            let code = unsafe { restore::<ClosureCode<F, P>>(code) };
            Ok(Operation::with_parameters(name, conjure::<F>(), read(parameters)?, code))
        }
        let travel = Travel::closure::<F>(rebuild::<F, P>, code as usize, || written(&parameters));
        Operation { name, work: Arc::new(Closure { closure, parameters, code }), travel }
    }

    /// [`joining`](Operation::joining) with a closure of the user's and parameters that serialize.
    pub fn joining_closure<F, P>(name: &'static str, closure: F, parameters: P, make: ClosureMake<F, P>) -> Self
    where
        F: Send + Sync + 'static,
        P: Serialize + DeserializeOwned + 'static,
    {
        fn rebuild<F, P>(name: &'static str, code: usize, parameters: &[u8]) -> Result<Operation, Failure>
        where
            F: Send + Sync + 'static,
            P: Serialize + DeserializeOwned + 'static,
        {
            // SAFETY: `code` is the address that was written with this function as its `rebuild`.
            let make = unsafe { restore::<ClosureMake<F, P>>(code) };
            Ok(Operation::joining_closure(name, conjure::<F>(), read(parameters)?, make))
        }
        let travel = Travel::closure::<F>(rebuild::<F, P>, make as usize, || written(&parameters));
        Operation { name, work: make(closure, parameters), travel }
    }

    /// An operation that hands out parts of what this process holds: it runs here whatever the scheduler, and
    /// equals no other.
    pub fn holding<D: Send + Sync + 'static>(name: &'static str, data: D, code: Code<D>) -> Self {
        Operation { name, work: Arc::new(Function { parameters: data, code }), travel: Travel::Holds }
    }

    /// The same operation where what it makes has no codec ([`Value::local`]): schedulers that run tasks elsewhere
    /// refuse it.
    pub fn staying(self) -> Self {
        Operation { travel: Travel::Stays, ..self }
    }

    /// The same operation as the call of a function: what the function captures could be an argument.
    #[inline]
    pub(crate) fn called(mut self) -> Self {
        if let Travel::Captures { called } = &mut self.travel {
            *called = true;
        }
        self
    }

    /// Several operations in one; made by fusion only.
    pub(super) fn joined(name: &'static str, work: Arc<dyn Work>) -> Self {
        Operation { name, work, travel: Travel::Captures { called: false } }
    }

    /// The verb shown in pictures and errors: `map`, `sum`, `read_csv` ...
    #[inline]
    pub fn name(&self) -> &'static str {
        self.name
    }

    #[inline]
    pub(crate) fn travel(&self) -> &Travel {
        &self.travel
    }

    #[inline]
    pub(super) fn work(&self) -> &Arc<dyn Work> {
        &self.work
    }

    #[inline]
    pub(crate) fn run(&self, task: Task) -> Result<Value, Failure> {
        self.work.run(task)
    }
}

impl Travel {
    /// Not generic, as all cells share it.
    fn of(rebuild: Rebuild, code: usize, parameters: Result<Arc<[u8]>, FormatError>) -> Travel {
        match parameters {
            Ok(parameters) => Travel::Anywhere(Wire { rebuild, code, parameters }),
            Err(error) => Travel::Unwritten(error.to_string().into()),
        }
    }

    fn closure<F>(
        rebuild: Rebuild,
        code: usize,
        parameters: impl FnOnce() -> Result<Arc<[u8]>, FormatError>,
    ) -> Travel {
        if const { is_empty::<F>() } {
            Travel::of(rebuild, code, parameters())
        } else {
            Travel::Captures { called: false }
        }
    }
}

/// `parameters` as bytes, unless their serde implementation refuses. Those of size zero are their type alone, so
/// that a cell that has none compiles no codec for them.
fn written<P: Serialize>(parameters: &P) -> Result<Arc<[u8]>, FormatError> {
    if const { is_empty::<P>() } {
        return Ok(nothing());
    }
    format::to_bytes(parameters)
}

/// Reads what [`written`] wrote.
fn read<P: DeserializeOwned>(parameters: &[u8]) -> Result<P, Failure> {
    if const { is_empty::<P>() } {
        return Ok(conjure());
    }
    format::from_bytes(parameters).map_err(FormatError::into_failure)
}

/// Whether the values of a type are made from nothing.
const fn is_empty<T>() -> bool {
    size_of::<T>() == 0 && !needs_drop::<T>()
}

/// No bytes, allocated once.
fn nothing() -> Arc<[u8]> {
    static NOTHING: std::sync::LazyLock<Arc<[u8]>> = std::sync::LazyLock::new(|| [].into());
    NOTHING.clone()
}

/// The function at an address.
///
/// # Safety
/// A function of type `C`, which is a function pointer, stands at `address` in this process.
unsafe fn restore<C: Copy>(address: usize) -> C {
    const { assert!(size_of::<C>() == size_of::<usize>()) };
    // SAFETY: the caller says that a function of this type stands there.
    unsafe { std::mem::transmute_copy(&address) }
}

/// A closure without captures, from nothing.
fn conjure<F>() -> F {
    assert!(is_empty::<F>(), "only a closure without captures is written");
    // SAFETY: any aligned pointer can be read for a type of size zero. One of this type was there when the operation
    // was built, so the type has values; it needs no drop, so one more does no harm.
    unsafe { NonNull::dangling().read() }
}

/// A function of parameters and a task.
struct Function<P> {
    parameters: P,
    code: Code<P>,
}

impl<P: Send + Sync + 'static> Work for Function<P> {
    fn run(&self, task: Task) -> Result<Value, Failure> {
        (self.code)(&self.parameters, task)
    }
}

/// A function of a closure, parameters and a task.
struct Closure<F, P> {
    closure: F,
    parameters: P,
    code: ClosureCode<F, P>,
}

impl<F: Send + Sync + 'static, P: Send + Sync + 'static> Work for Closure<F, P> {
    fn run(&self, task: Task) -> Result<Value, Failure> {
        (self.code)(&self.closure, &self.parameters, task)
    }
}

impl fmt::Debug for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Operation({})", self.name)
    }
}
