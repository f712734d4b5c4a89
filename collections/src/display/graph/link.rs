//! The links between cards: lines with heads, and labels beside them. Imports: nothing.

use crate::display::figure::{Anchor, Type, pair, rectangle, text};
use crate::display::layout::{Direction, Edge, Layout, Point, Size};
use crate::display::markup::Element;
use crate::display::palette::{EDGE, FAINT, GROUND, INK};
use crate::display::sketch::{Link, Sketch};
use crate::display::wording::{self, bytes};

/// More links than this go unlabelled: the labels would cover each other.
const MOST_LABELS: usize = 48;
const LABEL: f64 = 10.0;
const WORDS: Type = Type::new(LABEL, FAINT);
const MOST_LABEL: f64 = 190.0;

pub(super) struct Links<'a> {
    sketch: &'a Sketch,
}

/// A label where it is drawn.
pub(super) struct Label {
    at: Point,
    anchor: Anchor,
    words: String,
    /// What it says to those who point at it.
    pub hover: String,
}

impl<'a> Links<'a> {
    pub(super) fn of(sketch: &'a Sketch) -> Links<'a> {
        Links { sketch }
    }

    fn is_labelled(&self, link: &Link) -> bool {
        self.sketch.links.len() <= MOST_LABELS && !link.pattern.is_empty()
    }

    /// What is to be routed.
    pub(super) fn edges(&self) -> Vec<Edge> {
        let edge = |link: &Link| {
            let room = match self.sketch.direction {
                _ if !self.is_labelled(link) => 0.0,
                Direction::Down => room(link) + 8.0,
                Direction::Right => LABEL + 4.0,
            };
            Edge { from: link.from, to: link.to, room }
        };
        self.sketch.links.iter().map(edge).collect()
    }

    pub(super) fn widest_label(&self) -> f64 {
        self.sketch.links.iter().filter(|link| self.is_labelled(link)).map(room).fold(0.0, f64::max)
    }

    /// The labels of links that go as `graph` says.
    pub(super) fn labels(&self, graph: &Layout) -> Vec<Label> {
        let links = self.sketch.links.iter().zip(&graph.routes);
        links
            .filter(|(link, _)| self.is_labelled(link))
            .filter_map(|(link, route)| self.label(link, route, graph))
            .collect()
    }

    /// A label beside the straight part of a link, or across its curve.
    fn label(&self, link: &Link, route: &[Point], graph: &Layout) -> Option<Label> {
        let (from, to, bent) = match route {
            [_, from, to, ..] => (from, to, true),
            [from, to] => (from, to, false),
            _ => return None,
        };
        let middle = Point { x: (from.x + to.x) / 2.0, y: (from.y + to.y) / 2.0 };
        let (right, below, anchor) = match self.sketch.direction {
            Direction::Right if bent => (0.0, 11.0, Anchor::Middle),
            Direction::Right if (from.y - to.y).abs() < 12.0 => (0.0, -4.0, Anchor::Middle),
            Direction::Down if bent => (5.0, 2.0, Anchor::Start),
            Direction::Down if (from.x - to.x).abs() < 24.0 && self.has_another_to_its_right(link, route, graph) => {
                (-5.0, 2.0, Anchor::End)
            }
            Direction::Down if (from.x - to.x).abs() < 24.0 => (5.0, 2.0, Anchor::Start),
            Direction::Down | Direction::Right => (0.0, 2.0, Anchor::Middle),
        };
        Some(Label {
            at: Point { x: middle.x + right, y: middle.y + below },
            anchor,
            words: WORDS.shortened(&link.label(), MOST_LABEL),
            hover: self.hover(link),
        })
    }

    /// Whether a link beside this one, at either of its ends, is where its label would be.
    fn has_another_to_its_right(&self, link: &Link, route: &[Point], graph: &Layout) -> bool {
        let end = |route: &[Point]| route[route.len() - 1].x;
        let others = self.sketch.links.iter().zip(&graph.routes).filter(|(other, _)| !std::ptr::eq(*other, link));
        others.into_iter().any(|(other, beside)| {
            let leaves = other.from == link.from && beside[0].x > route[0].x;
            leaves || other.to == link.to && end(beside) > end(route)
        })
    }

    fn hover(&self, link: &Link) -> String {
        let name = |card: usize| wording::clipped(&self.sketch.cards[card].title, wording::NAME);
        let mut hover = format!("{} reads {}: {}", name(link.to), name(link.from), link.pattern);
        if let Some(size) = link.bytes {
            hover += &format!("\nlast run: {}", bytes(size));
        }
        if link.critical {
            hover += "\non the critical path";
        }
        hover
    }

    /// Draws all lines, then all labels.
    pub(super) fn draw(&self, canvas: &mut Element, graph: &Layout, labels: &[Label]) {
        let bold = self.sketch.shows_path();
        self.draw_lines(canvas, graph, |link| !(bold && link.critical), EDGE, 1.3);
        self.draw_lines(canvas, graph, |link| bold && link.critical, INK, 2.2);
        labels.iter().for_each(|label| label.draw(canvas));
    }

    /// The chosen links as two paths, one of lines and one of heads.
    fn draw_lines(
        &self,
        canvas: &mut Element,
        graph: &Layout,
        chosen: impl Fn(&Link) -> bool,
        colour: &str,
        width: f64,
    ) {
        let (mut lines, mut heads) = (String::new(), String::new());
        for (_, route) in self.sketch.links.iter().zip(&graph.routes).filter(|(link, _)| chosen(link)) {
            trace(route, self.sketch.direction, &mut lines);
            head(route[route.len() - 1], self.sketch.direction, &mut heads);
        }
        if !lines.is_empty() {
            let path = canvas.child("path").with("d", lines).with("fill", "none");
            drop(path.with("stroke", colour).with("stroke-width", width));
            drop(canvas.child("path").with("d", heads).with("fill", colour));
        }
    }
}

/// The width that a label may come to have: that of its pattern, and of bytes, which are known after a run.
fn room(link: &Link) -> f64 {
    (WORDS.width(&link.pattern) + WORDS.width(" · 888.8 MiB")).min(MOST_LABEL)
}

impl Label {
    /// The upper left corner of its words.
    pub(super) fn corner(&self) -> Point {
        let left = match self.anchor {
            Anchor::Start => 0.0,
            Anchor::Middle => 0.5,
            Anchor::End => 1.0,
        };
        Point { x: self.at.x - left * self.size().width, y: self.at.y - LABEL }
    }

    pub(super) fn size(&self) -> Size {
        Size { width: WORDS.width(&self.words), height: LABEL + 3.0 }
    }

    /// Its words, on a ground of their own that keeps them clear of lines.
    fn draw(&self, canvas: &mut Element) {
        let (corner, size) = (self.corner(), self.size());
        let mut label = canvas.child("g");
        label.child("title").text(&self.hover);
        let (corner, size) = (Point { x: corner.x - 2.0, ..corner }, Size { width: size.width + 4.0, ..size });
        drop(rectangle(&mut label, corner, size).with("fill", GROUND));
        text(&mut label, &self.words, self.at, WORDS.anchored(self.anchor));
    }
}

/// A route as path commands: curves that leave and arrive along the flow, and straight lines, in turn.
fn trace(route: &[Point], direction: Direction, out: &mut String) {
    pair('M', route[0], out);
    for (index, ends) in route.windows(2).enumerate() {
        let [from, to] = [ends[0], ends[1]];
        let aside = if direction == Direction::Down { from.x - to.x } else { from.y - to.y };
        if index % 2 == 1 || aside.abs() < 2.5 {
            pair('L', to, out);
            continue;
        }
        let middle = Point { x: (from.x + to.x) / 2.0, y: (from.y + to.y) / 2.0 };
        let (leaving, arriving) = match direction {
            Direction::Down => (Point { y: middle.y, ..from }, Point { y: middle.y, ..to }),
            Direction::Right => (Point { x: middle.x, ..from }, Point { x: middle.x, ..to }),
        };
        pair('C', leaving, out);
        pair(' ', arriving, out);
        pair(' ', to, out);
    }
}

/// The head of an arrow that ends at `tip`.
fn head(tip: Point, direction: Direction, out: &mut String) {
    match direction {
        Direction::Down => {
            pair('M', Point { y: tip.y - 0.5, ..tip }, out);
            out.push_str("l-3.5-6.5h7z");
        }
        Direction::Right => {
            pair('M', Point { x: tip.x - 0.5, ..tip }, out);
            out.push_str("l-6.5-3.5v7z");
        }
    }
}
