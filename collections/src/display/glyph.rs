//! The small sign of a collection, with as many parts as it has chunks or partitions: collections are
//! told apart by form as well as by colour. Imports: nothing.

use super::figure::rectangle;
use super::layout::{Point, Size};
use super::markup::{Element, number};
use super::palette::{self, GROUND};

/// More lines than this would run together.
const MOST_LINES: usize = 8;

/// Draws the sign of `collection` in a square with its upper left corner at `at`.
pub(super) fn draw(parent: &mut Element, collection: &str, partitions: usize, grid: &[usize], at: Point, side: f64) {
    let colour = palette::collection(collection);
    match (collection, grid) {
        ("Array", [first @ .., rows, columns]) => array(parent, first.len(), *rows, *columns, at, side, colour),
        ("Array", [columns]) => array(parent, 0, 1, *columns, at, side, colour),
        ("DataFrame", _) => frame(parent, partitions, at, side, colour),
        ("Bag", _) => bag(parent, partitions, at, side, colour),
        _ => value(parent, at, side, colour),
    }
}

/// A grid of chunks, with a shadow behind it for each further axis.
fn array(parent: &mut Element, deeper: usize, rows: usize, columns: usize, at: Point, side: f64, colour: &str) {
    let depth = 3.0 * deeper.min(3) as f64;
    let (rows, columns) = (rows.clamp(1, MOST_LINES), columns.clamp(1, MOST_LINES));
    let cell = (side - depth) / rows.max(columns) as f64;
    // A row of few chunks stays a band, not a line.
    let (width, height) = (cell * columns as f64, (cell * rows as f64).max(side * 0.3).min(side - depth));
    let corner = Point { x: at.x + (side - width - depth) / 2.0, y: at.y + (side - height - depth) / 2.0 };
    for layer in (0..=deeper.min(3)).rev() {
        let shift = 3.0 * layer as f64;
        let shadow = parent.child("rect").with("x", corner.x + shift).with("y", corner.y + depth - shift);
        drop(shadow.with("width", width).with("height", height).with("fill", GROUND).with("stroke", colour));
    }
    let front = Point { x: corner.x, y: corner.y + depth };
    let mut lines = String::new();
    let mut line = |from: Point, direction: char, to: f64| {
        lines.push('M');
        number(from.x, &mut lines);
        lines.push(' ');
        number(from.y, &mut lines);
        lines.push(direction);
        number(to, &mut lines);
    };
    for column in 1..columns {
        line(Point { x: front.x + width * column as f64 / columns as f64, y: front.y }, 'v', height);
    }
    for row in 1..rows {
        line(Point { x: front.x, y: front.y + height * row as f64 / rows as f64 }, 'h', width);
    }
    let fill = parent.child("rect").with("x", front.x).with("y", front.y).with("width", width).with("height", height);
    drop(fill.with("fill", colour).with("fill-opacity", "0.18").with("stroke", colour));
    drop(parent.child("path").with("d", lines).with("stroke", colour).with("stroke-width", 0.7));
}

/// A table: a head over one band for each partition.
fn frame(parent: &mut Element, partitions: usize, at: Point, side: f64, colour: &str) {
    let bands = partitions.clamp(1, 5);
    let head = side * 0.2;
    let width = side * 0.86;
    let x = at.x + (side - width) / 2.0;
    let head_line = rectangle(parent, Point { x, ..at }, Size { width, height: head });
    drop(head_line.with("rx", 1.5).with("fill", colour));
    let step = (side - head) / bands as f64;
    for band in 0..bands {
        let y = at.y + head + step * band as f64 + 2.0;
        let band = Size { width, height: step - 2.0 };
        drop(rectangle(parent, Point { x, y }, band).with("fill", GROUND));
        drop(
            rectangle(parent, Point { x, y }, band)
                .with("fill", colour)
                .with("fill-opacity", "0.18")
                .with("stroke", colour)
                .with("stroke-width", 0.7),
        );
    }
}

/// Loose things together: a circle for each partition.
fn bag(parent: &mut Element, partitions: usize, at: Point, side: f64, colour: &str) {
    let across = match partitions {
        0..=1 => 1,
        2..=4 => 2,
        _ => 3,
    };
    let down = partitions.clamp(1, 9).div_ceil(across);
    let step = side / across as f64;
    let radius = (step * 0.4).min(side * 0.3);
    let top = at.y + (side - step * down as f64) / 2.0;
    for index in 0..partitions.clamp(1, 9) {
        let x = at.x + step * ((index % across) as f64 + 0.5);
        let y = top + step * ((index / across) as f64 + 0.5);
        // On white: cards are coloured.
        drop(parent.child("circle").with("cx", x).with("cy", y).with("r", radius).with("fill", GROUND));
        let circle = parent.child("circle").with("cx", x).with("cy", y).with("r", radius);
        drop(circle.with("fill", colour).with("fill-opacity", "0.25").with("stroke", colour));
    }
}

/// One value: a diamond.
fn value(parent: &mut Element, at: Point, side: f64, colour: &str) {
    let half = side * 0.36;
    let mut outline = String::from("M");
    number(at.x + side / 2.0, &mut outline);
    outline.push(' ');
    number(at.y + side / 2.0 - half, &mut outline);
    for (across, down) in [(half, half), (-half, half), (-half, -half)] {
        outline.push('l');
        number(across, &mut outline);
        outline.push(' ');
        number(down, &mut outline);
    }
    outline.push('z');
    drop(parent.child("path").with("d", &outline).with("fill", GROUND));
    let diamond = parent.child("path").with("d", outline).with("fill", colour);
    drop(diamond.with("fill-opacity", "0.25").with("stroke", colour).with("stroke-linejoin", "round"));
}
