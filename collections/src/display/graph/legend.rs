//! What stands below a graph: what its colours mean, what its run came to, what is not shown. Imports: nothing.

use super::NOTE;
use crate::display::colour::{Colouring, Entry, Swatch};
use crate::display::figure::{pair, rectangle, text};
use crate::display::layout::{Point, Size};
use crate::display::markup::Element;
use crate::display::palette::{self, FRAME, INK};
use crate::display::sketch::Sketch;

/// The distance of its lines.
const LINE: f64 = 16.0;
const RAMP: f64 = 72.0;

pub(super) struct Legend {
    rows: Vec<Vec<Entry>>,
    lines: Vec<String>,
}

impl Legend {
    /// The legend of a picture, in lines of at most `room`.
    pub(super) fn of(sketch: &Sketch, colouring: &Colouring, room: f64) -> Legend {
        let mut rows: Vec<Vec<Entry>> = Vec::new();
        let mut left = 0.0;
        for entry in colouring.legend(sketch) {
            let width = width(&entry);
            match rows.last_mut() {
                Some(row) if width <= left => row.push(entry),
                _ => {
                    rows.push(vec![entry]);
                    left = room;
                }
            }
            left -= width + 14.0;
        }
        let ran = sketch.ran.iter().filter_map(|ran| ran.shape());
        let words = ran.chain(sketch.notes.iter().cloned());
        Legend { rows, lines: words.flat_map(|line| NOTE.wrapped(&line, room)).collect() }
    }

    pub(super) fn height(&self) -> f64 {
        LINE * (self.rows.len() + self.lines.len()) as f64
    }

    /// Draws it below `at`.
    pub(super) fn draw(&self, svg: &mut Element, at: Point) {
        let mut y = at.y - 4.0;
        for row in &self.rows {
            y += LINE;
            let mut x = at.x;
            for entry in row {
                draw_entry(svg, entry, Point { x, y });
                x += width(entry) + 14.0;
            }
        }
        for line in &self.lines {
            y += LINE;
            text(svg, line, Point { x: at.x, y }, NOTE);
        }
    }
}

fn width(entry: &Entry) -> f64 {
    swatch_width(&entry.swatch) + 6.0 + NOTE.width(&entry.words)
}

fn swatch_width(swatch: &Swatch) -> f64 {
    match swatch {
        Swatch::Edge(_) => 4.0,
        Swatch::Fill(_) => 11.0,
        Swatch::Path => 18.0,
        Swatch::Ramp(_) => RAMP,
    }
}

fn draw_entry(svg: &mut Element, entry: &Entry, at: Point) {
    let width = swatch_width(&entry.swatch);
    match &entry.swatch {
        Swatch::Edge(collection) => {
            drop(swatch(svg, at, width).with("rx", 1.5).with("fill", palette::collection(collection)))
        }
        Swatch::Fill(fill) => drop(swatch(svg, at, width).with("rx", 2.0).with("fill", fill)),
        Swatch::Path => {
            let mut line = String::new();
            pair('M', Point { y: at.y - 3.5, ..at }, &mut line);
            pair('L', Point { x: at.x + width, y: at.y - 3.5 }, &mut line);
            drop(svg.child("path").with("d", line).with("stroke", INK).with("stroke-width", 2.2));
        }
        Swatch::Ramp(fills) => {
            let step = width / fills.len() as f64;
            for (index, fill) in fills.iter().enumerate() {
                drop(swatch(svg, Point { x: at.x + step * index as f64, ..at }, step + 0.3).with("fill", fill));
            }
            drop(swatch(svg, at, width).with("fill", "none").with("stroke", FRAME));
        }
    }
    text(svg, &entry.words, Point { x: at.x + width + 6.0, y: at.y }, NOTE);
}

/// A box on the line of words at `at`.
fn swatch<'a>(svg: &'a mut Element, at: Point, width: f64) -> Element<'a> {
    rectangle(svg, Point { y: at.y - 9.0, ..at }, Size { width, height: 11.0 })
}
