//! Pictures as files: each format is made from a sketch, none from the text of another. Imports: nothing.

mod dot;
mod json;
mod mermaid;

use std::fs;
use std::path::Path;

pub(super) use dot::dot;
pub(super) use json::json;
pub(super) use mermaid::mermaid;

use super::error::DrawingError;
use super::markup::Element;
use super::{Draw, Drawing};
use crate::error::Result;

/// What is written of a drawing.
type Written = fn(&Drawing) -> Result<Vec<u8>>;

/// How the names of files may end, and what is written to them.
const FORMATS: [(&str, Written); 9] = [
    ("svg", |drawing| Ok(drawing.svg().into_bytes())),
    ("png", Drawing::png),
    ("html", |drawing| Ok(page(&drawing.bundle().html).into_bytes())),
    ("dot", |drawing| Ok(drawing.dot().into_bytes())),
    ("gv", |drawing| Ok(drawing.dot().into_bytes())),
    ("mmd", |drawing| Ok(drawing.mermaid().into_bytes())),
    ("mermaid", |drawing| Ok(drawing.mermaid().into_bytes())),
    ("json", |drawing| Ok(drawing.json().into_bytes())),
    ("txt", |drawing| Ok((drawing.text() + "\n").into_bytes())),
];

/// Writes `drawing` to `path`, whose ending says how.
pub(super) fn save(drawing: &Drawing, path: &Path) -> Result<()> {
    let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase());
    let format = FORMATS.iter().find(|(known, _)| ending.as_deref() == Some(*known));
    let Some((_, write)) = format else {
        let known = FORMATS.iter().map(|(known, _)| *known).collect();
        return Err(DrawingError::Format { path: path.to_owned(), known }.into());
    };
    let written = write(drawing)?;
    let place = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    Ok(fs::write(path, written).map_err(|source| DrawingError::Io { path: place, source })?)
}

/// A page with nothing on it but a picture.
fn page(picture: &str) -> String {
    let mut page = String::from("<!doctype html>");
    let mut html = Element::new(&mut page, "html");
    drop(html.child("meta").with("charset", "utf-8"));
    html.child("title").text("Lazuli");
    html.child("body").markup(picture);
    drop(html);
    page
}
