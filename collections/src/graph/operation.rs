//! What a task runs: a function pointer with parameters, or a closure of the user's.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use serde::Serialize;
use smallvec::SmallVec;

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

    /// Gives up the values, so that a value nobody else reads can be changed in place.
    pub fn into_values(self) -> impl Iterator<Item = Value> {
        self.values.into_iter()
    }
}

/// An operation: `code` applied to parameters and the values of a task.
///
/// Two operations with the same name, code and serialized parameters are the same work.
#[derive(Clone)]
pub struct Operation {
    name: &'static str,
    run: Arc<dyn Fn(Task) -> Result<Value, Failure> + Send + Sync>,
    /// Address of the code and serialized parameters; none for a closure with captures, which equals no other.
    identity: Option<(usize, Vec<u8>)>,
}

impl Operation {
    /// An operation of the library: a function and parameters that serialize.
    ///
    /// ```
    /// # use lazuli::graph::{Operation, Value};
    /// let five = Operation::new("five", 5_i64, |&number, _task| Ok(Value::new(number, 8)));
    /// assert_eq!(five.name(), "five");
    /// ```
    pub fn new<P: Serialize + Send + Sync + 'static>(
        name: &'static str,
        parameters: P,
        code: fn(&P, Task) -> Result<Value, Failure>,
    ) -> Self {
        let identity = rmp_serde::to_vec(&parameters).ok().map(|bytes| (code as usize, bytes));
        Operation { name, run: Arc::new(move |task| code(&parameters, task)), identity }
    }

    /// An operation that has no parameters: the function is the work.
    ///
    /// Not generic, so that a cell which uses it compiles the function and nothing else.
    pub fn of(name: &'static str, code: fn(Task) -> Result<Value, Failure>) -> Self {
        Operation { name, run: Arc::new(code), identity: Some((code as usize, Vec::new())) }
    }

    /// An operation with a closure of the user's: `code` says how to apply it to a partition.
    ///
    /// A closure without captures is a function (its type has size zero): the same closure is the same work.
    pub fn with_closure<F: Send + Sync + 'static>(
        name: &'static str,
        closure: F,
        code: fn(&F, Task) -> Result<Value, Failure>,
    ) -> Self {
        let identity = (size_of::<F>() == 0).then(|| (code as usize, Vec::new()));
        Operation { name, run: Arc::new(move |task| code(&closure, task)), identity }
    }

    /// An operation with a closure of the user's and parameters that serialize.
    ///
    /// The same closure without captures, with equal parameters, is the same work.
    pub fn with_parameters<F, P>(
        name: &'static str,
        closure: F,
        parameters: P,
        code: fn(&F, &P, Task) -> Result<Value, Failure>,
    ) -> Self
    where
        F: Send + Sync + 'static,
        P: Serialize + Send + Sync + 'static,
    {
        let content = if const { size_of::<F>() == 0 } { rmp_serde::to_vec(&parameters).ok() } else { None };
        Operation::with_content(name, closure, parameters, content, code)
    }

    /// [`with_parameters`](Operation::with_parameters) that are serialized already, where they can be.
    pub(crate) fn with_content<F: Send + Sync + 'static, P: Send + Sync + 'static>(
        name: &'static str,
        closure: F,
        parameters: P,
        content: Option<Vec<u8>>,
        code: fn(&F, &P, Task) -> Result<Value, Failure>,
    ) -> Self {
        let content = if const { size_of::<F>() == 0 } { content } else { None };
        let identity = content.map(|bytes| (code as usize, bytes));
        Operation { name, run: Arc::new(move |task| code(&closure, &parameters, task)), identity }
    }

    /// The verb shown in pictures and errors: `map`, `sum`, `read_csv` ...
    pub fn name(&self) -> &'static str {
        self.name
    }

    pub(super) fn identity(&self) -> Option<(usize, &[u8])> {
        self.identity.as_ref().map(|(code, parameters)| (*code, &**parameters))
    }

    pub(crate) fn run(&self, task: Task) -> Result<Value, Failure> {
        (self.run)(task)
    }
}

impl fmt::Debug for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Operation({})", self.name)
    }
}
