//! Where a layer was written: the cell and line of a notebook, or the file and line of a program.

use std::fmt;
use std::panic::Location;

use super::interned;

/// The place in the user's code that built a layer.
///
/// The kernel compiles each cell under the file name `cell N/…`, so a [`Location`] taken by a
/// `#[track_caller]` builder names the cell by itself.
///
/// ```
/// let here = lazuli::graph::Origin::caller();
/// assert!(here.to_string().contains("line"));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin {
    file: &'static str,
    line: u32,
}

impl Origin {
    /// The place that called the function which calls this one.
    #[track_caller]
    pub fn caller() -> Self {
        Location::caller().into()
    }

    /// A place whose file name is known only by reference: each distinct name is kept for good, once.
    pub(crate) fn interned(file: &str, line: u32) -> Self {
        Origin { file: interned(file), line }
    }

    /// The line, counted from 1.
    pub fn line(&self) -> u32 {
        self.line
    }
}

impl From<&'static Location<'static>> for Origin {
    fn from(location: &'static Location<'static>) -> Self {
        Origin { file: location.file(), line: location.line() }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = match self.file.split_once('/') {
            Some((cell, _)) if cell.starts_with("cell ") => cell,
            _ => self.file,
        };
        write!(f, "{place}, line {}", self.line)
    }
}
