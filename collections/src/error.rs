//! The error of every fallible call, so that `?` works in a function that returns [`Result`].
//! Wraps the error of each layer; nothing inside the library imports it but the public calls.

/// What a call of this library returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Anything that can go wrong in this library.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A run stopped before its end.
    #[error(transparent)]
    Run(#[from] crate::schedule::RunError),
    /// An operation on an array cannot be built.
    #[error(transparent)]
    Array(#[from] crate::array::ArrayError),
    /// A bag that cannot be built.
    #[error(transparent)]
    Bag(#[from] crate::bag::BagError),
    /// A task made a value of another type than its collection holds.
    #[error(transparent)]
    Type(#[from] crate::graph::WrongType),
    /// A frame that cannot be built, or cannot be read.
    #[error(transparent)]
    Frame(#[from] crate::frame::FrameError),
    /// What polars refused.
    #[error(transparent)]
    Polars(#[from] polars::prelude::PolarsError),
}
