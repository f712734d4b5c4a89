//! Lazy, parallel, larger-than-memory collections for Rust.
//!
//! Operations on a collection build a graph; nothing runs until `compute()`:
//!
//! - [`Array<T>`](array): numbers in chunks, each an `ndarray`.
//! - [`Bag<T>`](bag::Bag): any values in partitions, each a `Vec<T>`.
//! - [`Delayed<T>`](delayed::Delayed): one value, made by calling any function lazily.
//! - [`DataFrame`](frame::DataFrame): a table in partitions of rows, each a polars frame.
//!
//! The layers of this crate, each of which imports only those before it:
//! [`graph`] ← [`schedule`] ← [`lazy`] ← the collections ← `display`.

#![deny(unsafe_code, missing_docs, missing_debug_implementations, clippy::iter_over_hash_type)]

pub mod array;
pub mod bag;
pub mod delayed;
pub mod display;
pub mod error;
mod file;
pub mod frame;
pub mod graph;
pub mod lazy;
mod prefetch;
pub mod prelude;
pub mod schedule;

pub use array::{Array, Dtype};
pub use bag::Bag;
pub use delayed::Delayed;
pub use error::{Error, ErrorKind, Result};
pub use file::FileError;
pub use frame::DataFrame;
pub use schedule::{Config, Scheduler, config, set_config, with_config};

/// Who watches every run from the start. The root of the crate joins what must not import each other.
fn first_observers() -> Vec<std::sync::Arc<dyn schedule::Observer>> {
    vec![std::sync::Arc::new(display::Progress)]
}
