//! The error of every fallible call, so that `?` works in a function that returns [`Result`].
//! Wraps the error of each layer; nothing inside the library imports it but the public calls.

use std::fmt;

/// What a call of this library returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Anything that can go wrong in this library.
///
/// Opaque, so that a cell that may fail compiles nothing of the errors of polars and of every collection;
/// [`kind`](Error::kind) tells what it is.
///
/// ```
/// use lazuli::ErrorKind;
/// let error = lazuli::prelude::read_text("no-such-file.txt").unwrap_err();
/// assert!(matches!(error.kind(), ErrorKind::Bag(_)));
/// assert!(error.to_string().starts_with("no file matches `no-such-file.txt`"));
/// ```
pub struct Error(Box<dyn Kind>);

/// Which part of the library an [`Error`] comes from, and what it is.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A run stopped before its end.
    #[error(transparent)]
    Run(#[from] crate::schedule::RunError),
    /// A choice for runs that cannot be followed.
    #[error(transparent)]
    Config(#[from] crate::schedule::ConfigError),
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
    /// A picture that cannot be drawn or saved.
    #[error(transparent)]
    Drawing(#[from] crate::display::DrawingError),
    /// What polars refused.
    #[error(transparent)]
    Polars(#[from] polars::prelude::PolarsError),
}

impl Error {
    /// Which part of the library the error comes from, and what it is.
    pub fn kind(&self) -> &ErrorKind {
        self.0.kind()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.kind().fmt(f)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.kind(), f)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.kind().source()
    }
}

/// An [`ErrorKind`] behind a table of functions, of which one is its drop.
trait Kind: Send + Sync {
    fn kind(&self) -> &ErrorKind;
}

impl Kind for ErrorKind {
    fn kind(&self) -> &ErrorKind {
        self
    }
}

macro_rules! from {
    ($($source:ty),+ $(,)?) => { $(
        impl From<$source> for Error {
            fn from(source: $source) -> Self {
                Error(Box::new(ErrorKind::from(source)))
            }
        }
    )+ };
}

from!(
    crate::schedule::RunError,
    crate::schedule::ConfigError,
    crate::array::ArrayError,
    crate::bag::BagError,
    crate::graph::WrongType,
    crate::frame::FrameError,
    crate::display::DrawingError,
    polars::prelude::PolarsError
);
