//! The erased result of a task, shared by reference. The only file that downcasts.

use std::any::{Any, type_name};
use std::fmt;
use std::io::{Read, Write};
use std::ops::Deref;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Failure;
use super::format::{self, FormatError};

/// A value that some task made: any type, counted references, its size in bytes known.
///
/// ```
/// # use lazuli::graph::Value;
/// let value = Value::local(vec![1_i64, 2, 3], 24);
/// assert_eq!(value.get::<Vec<i64>>().unwrap().len(), 3);
/// assert!(value.get::<String>().is_err());
/// ```
#[derive(Clone)]
pub struct Value(Arc<dyn Erased>);

/// How a value is written to a file or to another process, and read back. Its functions have names there as
/// operations have, so no type is ever registered.
#[derive(Debug)]
pub struct Codec {
    /// Writes the value, which is of the type that the codec is for.
    pub encode: fn(&Value, &mut dyn Write) -> Result<(), Failure>,
    /// Reads what `encode` wrote.
    pub decode: fn(&mut dyn Read) -> Result<Value, Failure>,
}

/// A task received a value of another type than it reads: a fault of a collection, never of its user.
#[derive(Debug, thiserror::Error)]
#[error("a task expected a value of type {expected} and got {found}")]
pub struct WrongType {
    expected: &'static str,
    found: &'static str,
}

impl WrongType {
    /// The error as tasks have it. Not generic, as `?` is: a cell would compile all that belongs to an error.
    pub(crate) fn into_failure(self) -> Failure {
        self.into()
    }
}

impl Value {
    /// Wraps `data`, which occupies `bytes` bytes including what it owns on the heap, and which stays in this
    /// process and in memory.
    pub fn local<T: Any + Send + Sync>(data: T, bytes: usize) -> Self {
        Value(Arc::new(Held { codec: None, bytes, data }))
    }

    /// Wraps `data`, which occupies `bytes` bytes including what it owns on the heap, and which `codec` can
    /// write and read.
    pub fn coded<T: Any + Send + Sync>(data: T, bytes: usize, codec: &'static Codec) -> Self {
        Value(Arc::new(Held { codec: Some(codec), bytes, data }))
    }

    /// Wraps `data`, which occupies `bytes` bytes, written and read by its serde implementation.
    ///
    /// ```
    /// # use lazuli::graph::Value;
    /// let value = Value::new(String::from("lapis"), 29);
    /// let mut bytes = Vec::new();
    /// let codec = value.codec().unwrap();
    /// (codec.encode)(&value, &mut bytes).unwrap();
    /// assert_eq!((codec.decode)(&mut &*bytes).unwrap().get::<String>().unwrap(), "lapis");
    /// ```
    pub fn new<T: Any + Send + Sync + Serialize + DeserializeOwned>(data: T, bytes: usize) -> Self {
        Value::coded(data, bytes, const { &Codec { encode: encode::<T>, decode: decode::<T> } })
    }

    /// The value as a `T`.
    pub fn get<T: Any>(&self) -> Result<&T, WrongType> {
        let held: Option<&Held<T>> = (&*self.0 as &dyn Any).downcast_ref();
        held.map(|held| &held.data).ok_or_else(|| self.wrong::<T>())
    }

    /// The value itself where this is its last reference, else a clone.
    pub fn take<T: Any + Send + Sync + Clone>(self) -> Result<T, WrongType> {
        Ok(Arc::try_unwrap(self.share::<T>()?).map_or_else(|held| held.data.clone(), Held::into_inner))
    }

    /// The value as a reference like this one, for who would rather not clone what others read too.
    pub fn share<T: Any + Send + Sync>(self) -> Result<Arc<Held<T>>, WrongType> {
        let wrong = self.wrong::<T>();
        (self.0 as Arc<dyn Any + Send + Sync>).downcast().map_err(|_| wrong)
    }

    fn wrong<T>(&self) -> WrongType {
        WrongType { expected: type_name::<T>(), found: self.0.type_name() }
    }

    /// Size in bytes, heap included.
    #[inline]
    pub fn bytes(&self) -> usize {
        self.0.bytes()
    }

    /// The Rust type inside, as the compiler spells it.
    pub fn type_name(&self) -> &'static str {
        self.0.type_name()
    }

    /// How it is written; none if it stays in this process.
    #[inline]
    pub fn codec(&self) -> Option<&'static Codec> {
        self.0.codec()
    }
}

fn encode<T: Any + Serialize>(value: &Value, out: &mut dyn Write) -> Result<(), Failure> {
    let data = value.get::<T>().map_err(WrongType::into_failure)?;
    write_size(value.bytes(), out)?;
    format::write(data, out).map_err(FormatError::into_failure)
}

fn decode<T: Any + Send + Sync + Serialize + DeserializeOwned>(input: &mut dyn Read) -> Result<Value, Failure> {
    let bytes = read_size(input)?;
    format::read::<T>(input).map(|data| Value::new(data, bytes)).map_err(FormatError::into_failure)
}

fn write_size(bytes: usize, out: &mut dyn Write) -> Result<(), Failure> {
    Ok(out.write_all(&(bytes as u64).to_le_bytes())?)
}

fn read_size(input: &mut dyn Read) -> Result<usize, Failure> {
    let mut bytes = [0; 8];
    input.read_exact(&mut bytes)?;
    Ok(u64::from_le_bytes(bytes) as usize)
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Value({}, {} bytes)", self.type_name(), self.bytes())
    }
}

/// What a [`Value`] refers to.
#[derive(Debug)]
pub struct Held<T> {
    codec: Option<&'static Codec>,
    bytes: usize,
    data: T,
}

impl<T> Held<T> {
    /// The data itself.
    pub fn into_inner(self) -> T {
        self.data
    }
}

impl<T> Deref for Held<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.data
    }
}

trait Erased: Any + Send + Sync {
    fn type_name(&self) -> &'static str;
    fn bytes(&self) -> usize;
    fn codec(&self) -> Option<&'static Codec>;
}

impl<T: Any + Send + Sync> Erased for Held<T> {
    fn type_name(&self) -> &'static str {
        type_name::<T>()
    }

    fn bytes(&self) -> usize {
        self.bytes
    }

    fn codec(&self) -> Option<&'static Codec> {
        self.codec
    }
}
