//! A drawing as a frontend takes it: an SVG on its own light ground, and HTML that shows the same SVG as
//! an image with hover texts, which survives where notebooks strip `<svg>`, `<style>` and scripts.
//! Imports: nothing.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use xxhash_rust::xxh3::xxh3_64;

use super::layout::{Point, Size};
use super::markup::Element;
use super::palette::{FONT, FRAME, GROUND, INK};

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

    /// The figure as HTML: an image with a map of hover texts, at its own size, scrolled sideways where it is wide.
    pub(super) fn html(&self) -> String {
        let mut html = String::new();
        let mut scroll = Element::new(&mut html, "div").with("style", "overflow-x:auto;margin:4px 0");
        // Equal figures may share a name: their maps are equal too.
        let name = format!("lazuli-{:016x}", xxh3_64(self.svg.as_bytes()));
        let mut image = scroll
            .child("img")
            .with("src", format!("data:image/svg+xml;base64,{}", STANDARD.encode(&self.svg)))
            .with("width", self.size.width.round())
            .with("height", self.size.height.round())
            .with("alt", &self.summary)
            .with("style", "max-width:none;margin:0");
        if !self.areas.is_empty() {
            image = image.with("usemap", format!("#{name}"));
        }
        drop(image);
        if !self.areas.is_empty() {
            let mut map = scroll.child("map").with("name", &name);
            for area in &self.areas {
                let Area { corner, size, hover } = area;
                let corners = [corner.x, corner.y, corner.x + size.width, corner.y + size.height];
                let coordinates = corners.map(|number| format!("{number:.0}")).join(",");
                let area = map.child("area").with("shape", "rect").with("coords", coordinates);
                drop(area.with("alt", "").with("title", hover));
            }
        }
        drop(scroll);
        html
    }
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
