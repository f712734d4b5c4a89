//! A drawing as a frontend takes it: an SVG on its own light ground, and HTML that shows the same SVG as
//! an image with hover texts, which survives where notebooks strip `<svg>`, `<style>` and scripts.
//! Imports: nothing.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::layout::{Point, Size};
use super::markup::{Element, number};
use super::palette::{FONT, FRAME, GROUND, INK};
use super::wording;

#[derive(Debug)]
pub(super) struct Figure {
    pub svg: String,
    size: Size,
    areas: Vec<Area>,
    /// What it shows, for those who cannot see it.
    summary: String,
}

/// A part of a figure that says more when pointed at.
#[derive(Debug)]
pub(super) struct Area {
    pub corner: Point,
    pub size: Size,
    pub hover: String,
}

impl Area {
    /// The same, as far from its place as `by` is from the origin.
    pub(super) fn moved(self, by: Point) -> Area {
        Area { corner: Point { x: self.corner.x + by.x, y: self.corner.y + by.y }, ..self }
    }
}

impl Figure {
    /// A figure of the given size; `draw` fills it.
    pub(super) fn new(size: Size, summary: String, areas: Vec<Area>, draw: impl FnOnce(&mut Element)) -> Figure {
        let mut out = String::new();
        let mut svg = Element::new(&mut out, "svg")
            .with("xmlns", "http://www.w3.org/2000/svg")
            .with("viewBox", format!("0 0 {:.0} {:.0}", size.width, size.height))
            .with("width", size.width.round())
            .with("height", size.height.round())
            .with("role", "img")
            .with("font-family", FONT)
            .with("font-size", 12_usize)
            .with("fill", INK);
        svg.child("title").text(&summary);
        drop(
            svg.child("rect")
                .with("x", 0.5)
                .with("y", 0.5)
                .with("width", size.width.round() - 1.0)
                .with("height", size.height.round() - 1.0)
                .with("rx", 8_usize)
                .with("fill", GROUND)
                .with("stroke", FRAME),
        );
        draw(&mut svg);
        drop(svg);
        Figure { svg: out, size, areas, summary }
    }

    /// The figure as HTML: an image under its hover texts, at its own size, scrolled sideways where it is wide. They
    /// share a cell of a grid: the `<map>` of an image needs a name, and an untrusted notebook loses all names.
    pub(super) fn html(&self) -> String {
        const PLACE: &str = "grid-area:1/1/2/2";
        let mut html = String::new();
        let grid = "display:grid;justify-content:start;overflow-x:auto;margin:4px 0";
        let mut scroll = Element::new(&mut html, "div").with("style", grid);
        drop(
            scroll
                .child("img")
                .with("src", format!("data:image/svg+xml;base64,{}", STANDARD.encode(&self.svg)))
                .with("width", self.size.width.round())
                .with("height", self.size.height.round())
                .with("alt", &self.summary)
                .with("style", format!("{PLACE};max-width:none;margin:0")),
        );
        // The first area at a place is the one that speaks, so it lies on top.
        for Area { corner: Point { x, y }, size: Size { width, height }, hover } in self.areas.iter().rev() {
            let place = format!("{PLACE};margin:{y:.0}px 0 0 {x:.0}px;width:{width:.0}px;height:{height:.0}px");
            drop(scroll.child("span").with("title", hover).with("style", place));
        }
        drop(scroll);
        html
    }
}

/// Writes a point of a path, behind its command.
pub(super) fn pair(command: char, point: Point, out: &mut String) {
    out.push(command);
    number(point.x, out);
    out.push(' ');
    number(point.y, out);
}

/// How a text looks.
#[derive(Clone, Copy)]
pub(super) struct Type {
    pub size: f64,
    pub fill: &'static str,
    pub bold: bool,
    pub anchor: Anchor,
}

/// Which end of a text is at its place.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

impl Type {
    pub(super) const fn new(size: f64, fill: &'static str) -> Type {
        Type { size, fill, bold: false, anchor: Anchor::Start }
    }

    pub(super) const fn bold(self) -> Type {
        Type { bold: true, ..self }
    }

    pub(super) const fn anchored(self, anchor: Anchor) -> Type {
        Type { anchor, ..self }
    }

    /// How wide words are, in the widest of the fonts that readers mostly have: DejaVu, as in a plain Debian.
    pub(super) fn width(&self, words: &str) -> f64 {
        wording::width(words, self.wide())
    }

    /// Words that are no wider than `room` in any of these.
    pub(super) fn shortened(&self, words: &str, room: f64) -> String {
        wording::shortened(words, self.wide(), room)
    }

    /// Words in lines that are no wider than `room` in any of these.
    pub(super) fn wrapped(&self, words: &str, room: f64) -> Vec<String> {
        wording::wrapped(words, self.wide(), room)
    }

    /// The size at which letters of the usual width would be as wide as these.
    fn wide(&self) -> f64 {
        self.size * if self.bold { 1.2 } else { 1.1 }
    }
}

/// A rectangle, to be filled or stroked.
pub(super) fn rectangle<'a>(parent: &'a mut Element, corner: Point, size: Size) -> Element<'a> {
    let rectangle = parent.child("rect").with("x", corner.x).with("y", corner.y);
    rectangle.with("width", size.width).with("height", size.height)
}

/// Writes `words` on the base line at `at`.
pub(super) fn text(parent: &mut Element, words: &str, at: Point, style: Type) {
    let mut text = parent.child("text").with("x", at.x).with("y", at.y);
    if style.size != 12.0 {
        text = text.with("font-size", style.size);
    }
    if style.fill != INK {
        text = text.with("fill", style.fill);
    }
    if style.bold {
        text = text.with("font-weight", "600");
    }
    text = match style.anchor {
        Anchor::Start => text,
        Anchor::Middle => text.with("text-anchor", "middle"),
        Anchor::End => text.with("text-anchor", "end"),
    };
    text.text(words);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_no_wider_than_thought_in_dejavu() {
        // So wide are they there, of one unit, regular and bold.
        for (words, regular, bold) in [
            ("f64 (1000000, 1000000) in chunks of (1000, 1000)", 25.470, 28.325),
            ("random → add → sqrt → mean", 14.977, 16.423),
            ("partial results", 6.909, 7.965),
            ("from_sequence", 7.668, 8.520),
            ("transpose", 4.954, 5.629),
            ("×1\u{a0}000\u{a0}000", 5.927, 6.405),
            ("(999, 999)", 5.233, 5.817),
            ("mean", 2.836, 3.107),
        ] {
            let ten = Type::new(10.0, INK);
            assert!(ten.width(words) >= 10.0 * regular && ten.bold().width(words) >= 10.0 * bold, "{words}");
            let room = 10.0 * bold;
            assert!(ten.bold().width(&ten.bold().shortened(words, room)) <= room + 0.01);
        }
    }

    #[test]
    fn hover_texts_lie_over_the_image_the_first_on_top() {
        let area = |x, hover: &str| Area {
            corner: Point { x, y: 2.0 },
            size: Size { width: 30.0, height: 20.0 },
            hover: hover.to_owned(),
        };
        let size = Size { width: 90.0, height: 40.0 };
        let html = Figure::new(size, "two".to_owned(), vec![area(5.0, "tile"), area(4.4, "<card>")], |_| {}).html();
        let place = |title: &str, left: u32| {
            format!(
                "<span title=\"{title}\" style=\"grid-area:1/1/2/2;margin:2px 0 0 {left}px;width:30px;height:20px\"></span>"
            )
        };
        assert!(html.ends_with(&format!("/>{}{}</div>", place("&lt;card&gt;", 4), place("tile", 5))), "{html}");
    }
}
