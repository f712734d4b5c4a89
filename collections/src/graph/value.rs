//! The erased result of a task, shared by reference. The only file that downcasts.

use std::any::Any;
use std::sync::Arc;

/// A value that some task made: any type, counted references, its size in bytes known.
///
/// ```
/// # use lazuli::graph::Value;
/// let value = Value::new(vec![1_i64, 2, 3], 24);
/// assert_eq!(value.get::<Vec<i64>>().unwrap().len(), 3);
/// assert!(value.get::<String>().is_err());
/// ```
#[derive(Clone)]
pub struct Value {
    data: Arc<dyn Any + Send + Sync>,
    type_name: &'static str,
    bytes: usize,
}

/// A task received a value of another type than it reads: a fault of a collection, never of its user.
#[derive(Debug, thiserror::Error)]
#[error("a task expected a value of type {expected} and got {found}")]
pub struct WrongType {
    expected: &'static str,
    found: &'static str,
}

impl Value {
    /// Wraps `data`, which occupies `bytes` bytes including what it owns on the heap.
    pub fn new<T: Any + Send + Sync>(data: T, bytes: usize) -> Self {
        Value { data: Arc::new(data), type_name: std::any::type_name::<T>(), bytes }
    }

    /// The value as a `T`.
    pub fn get<T: Any>(&self) -> Result<&T, WrongType> {
        self.data.downcast_ref().ok_or(WrongType { expected: std::any::type_name::<T>(), found: self.type_name })
    }

    /// The value itself where this is its last reference, else a clone.
    pub fn take<T: Any + Send + Sync + Clone>(self) -> Result<T, WrongType> {
        Ok(Arc::unwrap_or_clone(self.share()?))
    }

    /// The value as a reference like this one, for who would rather not clone what others read too.
    pub fn share<T: Any + Send + Sync>(self) -> Result<Arc<T>, WrongType> {
        let found = self.type_name;
        self.data.downcast().map_err(|_| WrongType { expected: std::any::type_name::<T>(), found })
    }

    /// Size in bytes, heap included.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// The Rust type inside, as the compiler spells it.
    pub fn type_name(&self) -> &'static str {
        self.type_name
    }
}

impl std::fmt::Debug for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Value({}, {} bytes)", self.type_name, self.bytes)
    }
}
