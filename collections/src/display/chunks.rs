//! The drawn chunk grid of an array: a bar, a grid, or a box for the last three axes.
//! Imports: nothing.

use super::figure::{Anchor, Figure, Type, pair, text};
use super::layout::{Point, Size};
use super::markup::Element;
use super::palette::{self, FAINT};
use super::wording;

/// The longest edge.
const LONGEST: f64 = 150.0;
const SHORTEST: f64 = 18.0;
const MARGIN: f64 = 14.0;
/// Room for a length written beside an edge.
const LABEL: f64 = 22.0;
/// More lines than this across an edge would run together: every second, third ... chunk is drawn.
const MOST_LINES: usize = 30;
const LENGTH: Type = Type::new(11.0, FAINT);

/// Draws an array whose chunks have these lengths along each axis; nothing for an array without axes.
pub(super) fn draw(lengths: &[Vec<usize>]) -> Option<Figure> {
    let (columns, others) = lengths.split_last()?;
    let shape: Vec<usize> = lengths.iter().map(|lengths| lengths.iter().sum()).collect();
    let edges = edges(&shape[shape.len().saturating_sub(3)..]);
    let chunks: usize = lengths.iter().map(Vec::len).product();
    let words = format!("{} in {}", wording::tuple(&shape), wording::counted(chunks, "chunk"));
    let columns = Edge::new(columns, edges[edges.len() - 1]);
    let rows = others.last().map(|rows| Edge::new(rows, edges[edges.len() - 2]));
    let depth = (lengths.len() > 2).then(|| Edge::new(&lengths[lengths.len() - 3], edges[0] * 0.5));
    let outer = &shape[..shape.len().saturating_sub(3)];
    Some(Box3 { columns, rows, depth, outer }.figure(words))
}

/// How long each edge is drawn: long axes less than in proportion, so that short ones stay visible.
fn edges(shape: &[usize]) -> Vec<f64> {
    let longest = shape.iter().copied().max().unwrap_or(1).max(1) as f64;
    shape.iter().map(|&length| (LONGEST * (length as f64 / longest).powf(0.6)).max(SHORTEST)).collect()
}

/// One axis as it is drawn.
struct Edge {
    length: f64,
    /// Where chunks meet, from 0 to `length`.
    cuts: Vec<f64>,
    elements: usize,
}

impl Edge {
    fn new(lengths: &[usize], length: f64) -> Edge {
        let elements: usize = lengths.iter().sum();
        let stride = lengths.len().div_ceil(MOST_LINES).max(1);
        let mut end = 0;
        let mut cuts = Vec::new();
        for (index, chunk) in lengths.iter().enumerate().take(lengths.len().saturating_sub(1)) {
            end += chunk;
            if (index + 1).is_multiple_of(stride) {
                cuts.push(length * end as f64 / elements.max(1) as f64);
            }
        }
        Edge { length, cuts, elements }
    }
}

struct Box3<'a> {
    columns: Edge,
    rows: Option<Edge>,
    /// The axis that runs away from the reader.
    depth: Option<Edge>,
    /// Axes before the last three: that many boxes.
    outer: &'a [usize],
}

impl Box3<'_> {
    fn figure(&self, words: String) -> Figure {
        let height = self.rows.as_ref().map_or(SHORTEST, |rows| rows.length);
        let depth = self.depth.as_ref().map_or(0.0, |depth| depth.length);
        let above = if self.outer.is_empty() { 0.0 } else { LABEL };
        let beside = self.rows.as_ref().map_or(0.0, |rows| 8.0 + wording::width(&wording::count(rows.elements), 11.0));
        let width = (self.columns.length + depth + beside).max(wording::width(&self.outer_words(), 11.0));
        let size = Size { width: width + 2.0 * MARGIN, height: above + depth + height + LABEL + 2.0 * MARGIN - 4.0 };
        let front = Point { x: MARGIN, y: MARGIN + above + depth };
        Figure::new(size, words, Vec::new(), |svg| {
            if !self.outer.is_empty() {
                text(svg, &self.outer_words(), Point { x: MARGIN, y: MARGIN + 8.0 }, LENGTH);
            }
            if let Some(deep) = &self.depth {
                self.draw_top(svg, front, deep);
                self.draw_side(svg, front, height, deep);
                let middle = Point { x: front.x + depth / 2.0 - 5.0, y: front.y - depth / 2.0 - 2.0 };
                text(svg, &wording::count(deep.elements), middle, LENGTH.anchored(Anchor::End));
            }
            self.draw_front(svg, front, height);
            let below = Point { x: front.x + self.columns.length / 2.0, y: front.y + height + 15.0 };
            text(svg, &wording::count(self.columns.elements), below, LENGTH.anchored(Anchor::Middle));
            if let Some(rows) = &self.rows {
                let beside =
                    Point { x: front.x + self.columns.length + depth + 6.0, y: front.y - depth + height / 2.0 + 4.0 };
                text(svg, &wording::count(rows.elements), beside, LENGTH);
            }
        })
    }

    fn outer_words(&self) -> String {
        match self.outer {
            [] => String::new(),
            outer => format!("{} of these", wording::tuple(outer)),
        }
    }

    fn draw_front(&self, svg: &mut Element, at: Point, height: f64) {
        let width = self.columns.length;
        let corners = [
            at,
            Point { x: at.x + width, ..at },
            Point { x: at.x + width, y: at.y + height },
            Point { x: at.x, y: at.y + height },
        ];
        let columns = self.columns.cuts.iter().map(|cut| (Point { x: at.x + cut, ..at }, Point { x: 0.0, y: height }));
        let rows = self.rows.iter().flat_map(|rows| &rows.cuts);
        let rows = rows.map(|cut| (Point { y: at.y + cut, ..at }, Point { x: width, y: 0.0 }));
        draw_face(svg, &corners, columns.chain(rows), "0.22");
    }

    /// The face seen from above: columns run across, depth away.
    fn draw_top(&self, svg: &mut Element, at: Point, depth: &Edge) {
        let (width, far) = (self.columns.length, depth.length);
        let right = Point { x: at.x + width, ..at };
        let corners = [at, Point { x: at.x + far, y: at.y - far }, Point { x: right.x + far, y: right.y - far }, right];
        let columns = self.columns.cuts.iter().map(|cut| (Point { x: at.x + cut, ..at }, Point { x: far, y: -far }));
        let layers = depth.cuts.iter().map(|cut| (Point { x: at.x + cut, y: at.y - cut }, Point { x: width, y: 0.0 }));
        draw_face(svg, &corners, columns.chain(layers), "0.12");
    }

    /// The face seen from the right: rows run down, depth away.
    fn draw_side(&self, svg: &mut Element, at: Point, height: f64, depth: &Edge) {
        let far = depth.length;
        let top = Point { x: at.x + self.columns.length, ..at };
        let corners = [
            top,
            Point { x: top.x + far, y: top.y - far },
            Point { x: top.x + far, y: top.y - far + height },
            Point { x: top.x, y: top.y + height },
        ];
        let rows = self.rows.iter().flat_map(|rows| &rows.cuts);
        let rows = rows.map(|cut| (Point { x: top.x, y: top.y + cut }, Point { x: far, y: -far }));
        let layers =
            depth.cuts.iter().map(|cut| (Point { x: top.x + cut, y: top.y - cut }, Point { x: 0.0, y: height }));
        draw_face(svg, &corners, rows.chain(layers), "0.34");
    }
}

/// A filled face with a line, from a point along a vector, for each cut.
fn draw_face(svg: &mut Element, corners: &[Point; 4], cuts: impl Iterator<Item = (Point, Point)>, opacity: &str) {
    let colour = palette::collection("Array");
    let mut outline = String::new();
    for (index, corner) in corners.iter().enumerate() {
        pair(if index == 0 { 'M' } else { 'L' }, *corner, &mut outline);
    }
    outline.push('z');
    let mut lines = String::new();
    for (from, along) in cuts {
        pair('M', from, &mut lines);
        pair('l', along, &mut lines);
    }
    let face = svg.child("path").with("d", outline).with("fill", colour).with("fill-opacity", opacity);
    drop(face.with("stroke", colour).with("stroke-linejoin", "round"));
    if !lines.is_empty() {
        drop(svg.child("path").with("d", lines).with("stroke", colour).with("stroke-width", 0.8).with("fill", "none"));
    }
}
