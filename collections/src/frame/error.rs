//! What can go wrong with a frame: in the call that builds it, or in one of its partitions.

use std::path::PathBuf;

use crate::file::FileError;

/// An error of a [`DataFrame`](super::DataFrame).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FrameError {
    /// A file that cannot be found or read, or is another than when the frame was built.
    #[error(transparent)]
    File(#[from] FileError),
    /// A file without a line.
    #[error("{} is empty: a CSV file begins with a line of column names", .path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// A file compressed by something else than gzip.
    #[error("{} is compressed; plain and gzip files can be read", .path.display())]
    Compressed {
        /// The file.
        path: PathBuf,
    },
    /// A file with other columns than the first.
    #[error("{} has the columns {}, but {} has {}", .path.display(), list(.found), .first.display(), list(.expected))]
    Header {
        /// The file.
        path: PathBuf,
        /// Its columns.
        found: Vec<String>,
        /// The file that the schema was taken from.
        first: PathBuf,
        /// Its columns.
        expected: Vec<String>,
    },
    /// A line that does not fit the schema.
    #[error("{}, line {line} (byte {byte}): {message}", .path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// Number of the line, from 1.
        line: u64,
        /// Where the line begins.
        byte: u64,
        /// What is wrong, and what to do.
        message: String,
    },
    /// A size or number that must be at least one.
    #[error("{what} must be at least 1")]
    Zero {
        /// The thing.
        what: &'static str,
    },
    /// A partition that the frame has not.
    #[error("there is no partition {partition}: the frame has {partitions}, counted from 0")]
    NoPartition {
        /// What was asked for.
        partition: usize,
        /// How many there are.
        partitions: usize,
    },
    /// A column that the frame has not.
    #[error("{operation}: there is no column {column:?}{}; the columns are {}", perhaps(.nearest), list(.columns))]
    NoColumn {
        /// The operation that names it.
        operation: &'static str,
        /// The name.
        column: String,
        /// The most similar name there is.
        nearest: Option<String>,
        /// Every name there is.
        columns: Vec<String>,
    },
    /// An expression that polars refuses, such as the sum of a text and a number.
    #[error("{operation}: {message}")]
    Refused {
        /// The operation it was given to.
        operation: &'static str,
        /// What polars said.
        message: String,
    },
    /// An expression that looks beyond its row where rows are worked on one by one.
    #[error(
        "{operation}: `{expression}` looks at more than one row, and a partition holds only some of them; \
         aggregate with `select` or `group_by().agg()` first"
    )]
    BeyondRow {
        /// The operation it was given to.
        operation: &'static str,
        /// The expression.
        expression: String,
    },
    /// An aggregation whose parts cannot be combined.
    #[error(
        "{operation}: `{expression}` cannot be put together from partitions; what can: sum, mean, min, max, count, \
         len, first, last, std and var of an expression over single rows, and arithmetic on these"
    )]
    Indivisible {
        /// The operation it was given to.
        operation: &'static str,
        /// The expression.
        expression: String,
    },
}

fn list(names: &[String]) -> String {
    match names {
        [] => "none".to_owned(),
        names => names.join(", "),
    }
}

fn perhaps(nearest: &Option<String>) -> String {
    nearest.as_ref().map(|name| format!(" (did you mean {name:?}?)")).unwrap_or_default()
}
