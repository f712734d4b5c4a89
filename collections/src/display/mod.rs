//! What a cell shows: pictures of graphs and chunks, tables of results, progress, each as a bundle of
//! HTML, SVG and plain text. Showing never computes. Imports: everything; nothing imports it.
//!
//! `layout`, `markup`, `palette`, `figure`, `png`, `wording` know nothing of collections; `sketch` reads a graph,
//! `graph` draws it and `export` writes it down; `channel` is the only way out. The files named like a collection hold its
//! `visualize` and `evcxr_display`: what the kernel calls to show the last expression of a cell.

mod array;
mod bag;
mod channel;
mod chunks;
mod colour;
mod course;
mod dashboard;
mod delayed;
mod drawing;
mod error;
mod export;
mod figure;
mod frame;
mod glyph;
mod graph;
mod layout;
mod markup;
mod page;
mod palette;
mod png;
mod profile;
mod progress;
mod sketch;
mod summary;
mod table;
mod timeline;
mod wording;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

pub use dashboard::{Dashboard, dashboard};
pub use drawing::Drawing;
pub use error::DrawingError;
pub use profile::{Profile, profile};
pub(crate) use progress::Progress;

/// One thing to show, in every form a frontend may ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bundle {
    /// Survives an untrusted notebook: images, tables and `<details>`, no scripts, no `<svg>`.
    pub html: String,
    /// For terminals and screen readers.
    pub text: String,
    /// The drawing alone, where there is one.
    pub svg: Option<String>,
}

impl Bundle {
    fn by_mime_type(&self) -> BTreeMap<&'static str, &str> {
        let mut data = BTreeMap::from([("text/html", &*self.html), ("text/plain", &*self.text)]);
        if let Some(svg) = &self.svg {
            data.insert("image/svg+xml", svg);
        }
        data
    }
}

/// What can be shown in a cell.
///
/// ```
/// use lazuli::display::Draw;
/// use lazuli::prelude::*;
/// let bundle = from_sequence(0..10, 2).bundle();
/// assert!(bundle.text.starts_with("Bag<i32> (lazy)"));
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no picture or table to display",
    note = "collections, their computed values and drawings have; print anything else with `println!`"
)]
pub trait Draw {
    /// Its forms; makes them without computing.
    fn bundle(&self) -> Bundle;

    /// Shows it in the middle of a cell; what is live goes on there.
    fn show(&self) {
        channel::show(&self.bundle(), None);
    }
}

/// Shows something in the middle of a cell; in a plain program, prints its text.
///
/// ```
/// use lazuli::prelude::*;
/// display(&call(|| 3, ()).visualize());
/// ```
pub fn display(shown: &impl Draw) {
    shown.show();
}

/// Takes away what the cell has shown so far; with `wait`, only when the next thing is shown.
///
/// ```
/// lazuli::display::clear_output(true);
/// ```
pub fn clear_output(wait: bool) {
    channel::clear(wait);
}
