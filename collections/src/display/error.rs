//! What can go wrong with a picture of a graph: what it should show, and where it should be saved.
//! Imports: nothing.

use std::io;
use std::path::PathBuf;

use super::wording::{NAME, clipped};

/// An error of a [`Drawing`](super::Drawing).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DrawingError {
    /// An operation to open that the graph does not have.
    #[error("no layer of this graph is called `{name}`: {}", names(.known))]
    NoOperation {
        /// What was asked for.
        name: String,
        /// What there is.
        known: Vec<&'static str>,
    },
    /// A file name that says no format.
    #[error(
        "`{}` does not end like a format that pictures can be saved in: {}", .path.display(), .known.join(", ")
    )]
    Format {
        /// The name that was given.
        path: PathBuf,
        /// How names may end.
        known: Vec<&'static str>,
    },
    /// A file that cannot be written.
    #[error("cannot write {}: {source}", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// A machine without fonts.
    #[error(
        "a PNG needs a font to write with and none is installed: install one (`apt install fonts-dejavu-core`), or \
         take the SVG, which is drawn with the fonts of whoever looks at it"
    )]
    NoFont,
}

/// No more names than this are listed.
const MOST_NAMES: usize = 20;

/// ``there are `sin`, `sum` and 3 more``.
fn names(known: &[&str]) -> String {
    let quoted = |name: &&str| format!("`{}`", clipped(name, NAME));
    let spelt: Vec<_> = known.iter().take(MOST_NAMES).map(quoted).collect();
    match known.len() - spelt.len() {
        0 if spelt.is_empty() => "it is empty".to_owned(),
        0 => format!("there are {}", spelt.join(", ")),
        more => format!("there are {} and {more} more", spelt.join(", ")),
    }
}
