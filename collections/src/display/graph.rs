//! The picture of a graph: cards in rows, data flowing downwards, coloured by measured time after a run.
//! Draws a [`Sketch`]; knows nothing of layers and tasks. Imports: nothing.

use std::time::Duration;

use super::figure::{Anchor, Area, Figure, Type, text};
use super::glyph;
use super::layout::{Edge, Gaps, Layout, Point, Size, layout};
use super::markup::{Element, number};
use super::palette::{self, EDGE, FAINT, FRAME, GROUND, INK};
use super::sketch::{Card, Link, Sketch};
use super::wording::{self, shortened};

/// Free room around the picture.
const MARGIN: f64 = 16.0;
/// Room for the line above the graph.
const LINE: f64 = 26.0;
/// Room for the legend, with its margin.
const BELOW: f64 = 36.0;
/// More links than this go unlabelled: the labels would cover each other.
const MOST_LABELS: usize = 48;

/// A layer's card: as wide as its words need, within limits; all cards of a picture are equally wide.
const LAYER_WIDTH: std::ops::RangeInclusive<f64> = 210.0..=310.0;
const LAYER_HEIGHT: f64 = 58.0;
/// Where its words begin, to the right of its sign, and what is kept free behind them.
const WORDS: f64 = 58.0;
const BEHIND: f64 = 10.0;

const TITLE: Type = Type::new(13.0, INK).bold();
/// How much wider bold letters are.
const BOLD: f64 = 1.12;
const LABEL: f64 = 10.0;
const MOST_LABEL: f64 = 190.0;
const NOTE: Type = Type::new(10.5, FAINT);
const SUMMARY: Type = Type::new(12.0, FAINT);

/// Draws `sketch`.
pub(super) fn draw(sketch: &Sketch) -> Figure {
    let sizes = sizes(sketch);
    let edges: Vec<Edge> = sketch.links.iter().map(edge).collect();
    let gaps = if sketch.by_task { Gaps { across: 12.0, down: 30.0 } } else { Gaps { across: 28.0, down: 34.0 } };
    let graph = layout(&sizes, &edges, gaps);
    let summary = sketch.summary();
    let legend = Legend::of(sketch);
    let inner = graph.size.width.max(wording::width(&summary, SUMMARY.size)).max(legend.width());
    let origin = Point { x: MARGIN + (inner - graph.size.width) / 2.0, y: MARGIN + LINE };
    let size = Size { width: inner + 2.0 * MARGIN, height: graph.size.height + MARGIN + LINE + BELOW };
    let boxes = || sketch.cards.iter().zip(graph.boxes.iter().zip(&sizes));
    let area = |(card, (corner, size)): (&Card, (&Point, &Size))| Area {
        corner: Point { x: origin.x + corner.x, y: origin.y + corner.y },
        size: *size,
        hover: card.hover(),
    };
    Figure::new(size, summary.clone(), boxes().map(area).collect(), |svg| {
        text(svg, &summary, Point { x: MARGIN, y: MARGIN + 9.0 }, SUMMARY);
        let mut canvas = moved(svg, origin);
        draw_links(&mut canvas, &sketch.links, &graph);
        for (card, (corner, size)) in boxes() {
            let mut group = moved(&mut canvas, *corner);
            let fill = legend.fill(card);
            if sketch.by_task {
                draw_task(&mut group, card, *size, &fill);
            } else {
                group.child("title").text(&card.hover());
                draw_layer(&mut group, card, *size, &fill);
            }
        }
        drop(canvas);
        legend.draw(svg, Point { x: MARGIN, y: size.height - MARGIN + 2.0 });
    })
}

fn edge(link: &Link) -> Edge {
    let room = if link.label.is_empty() { 0.0 } else { wording::width(&link.label, LABEL) + 8.0 };
    Edge { from: link.from, to: link.to, room: room.min(MOST_LABEL) }
}

fn sizes(sketch: &Sketch) -> Vec<Size> {
    if sketch.by_task {
        return sketch.cards.iter().map(task_size).collect();
    }
    let needed = sketch.cards.iter().map(words_width).fold(0.0, f64::max) + WORDS + BEHIND;
    let width = needed.clamp(*LAYER_WIDTH.start(), *LAYER_WIDTH.end());
    sketch.cards.iter().map(|_| Size { width, height: LAYER_HEIGHT }).collect()
}

/// The width of the longest line on the card of a layer.
fn words_width(card: &Card) -> f64 {
    let first = wording::width(&card.title, TITLE.size * BOLD) + wording::width(&times(card), 12.0) + 8.0;
    first.max(wording::width(&card.detail, NOTE.size))
}

fn task_size(card: &Card) -> Size {
    let widest = wording::width(&card.title, 12.0).max(wording::width(&card.place, NOTE.size));
    Size { width: (widest + 18.0).clamp(46.0, 130.0), height: if card.place.is_empty() { 26.0 } else { 38.0 } }
}

/// `×100`.
fn times(card: &Card) -> String {
    format!("×{}", wording::count(card.tasks))
}

fn moved<'a>(parent: &'a mut Element, to: Point) -> Element<'a> {
    let mut transform = String::from("translate(");
    number(to.x, &mut transform);
    transform.push(' ');
    number(to.y, &mut transform);
    transform.push(')');
    parent.child("g").with("transform", transform)
}

/// The ground of a card, its edge in the colour of the collection.
fn draw_ground(group: &mut Element, card: &Card, size: Size, fill: &str) {
    let ground = group.child("rect").with("width", size.width).with("height", size.height).with("rx", 6.0);
    drop(ground.with("fill", fill).with("stroke", FRAME));
    let mut stripe = String::from("M4 0.5a4 5.5 0 0 0-3.5 5.5v");
    number(size.height - 12.0, &mut stripe);
    stripe.push_str("a4 5.5 0 0 0 3.5 5.5z");
    drop(group.child("path").with("d", stripe).with("fill", palette::collection(card.collection)));
}

/// A layer: its sign, operation, what it makes, where it was built; how many tasks and how long they took.
fn draw_layer(group: &mut Element, card: &Card, size: Size, fill: &str) {
    if card.layers > 1 {
        let behind =
            group.child("rect").with("x", 4.0).with("y", 4.0).with("width", size.width).with("height", size.height);
        drop(behind.with("rx", 6.0).with("fill", GROUND).with("stroke", FRAME));
    }
    draw_ground(group, card, size, fill);
    glyph::draw(group, card.collection, card.tasks, &card.grid, Point { x: 14.0, y: 13.0 }, 32.0);
    let right = size.width - BEHIND;
    let room = right - WORDS;
    let tasks = times(card);
    let took = card.cost.map_or(String::new(), |cost| cost.time());
    let title = shortened(&card.title, TITLE.size * BOLD, room - wording::width(&tasks, 12.0) - 8.0);
    text(group, &title, Point { x: WORDS, y: 20.0 }, TITLE);
    text(group, &tasks, Point { x: right, y: 20.0 }, Type::new(12.0, FAINT).anchored(Anchor::End));
    if !card.detail.is_empty() {
        text(group, &shortened(&card.detail, NOTE.size, room), Point { x: WORDS, y: 35.0 }, NOTE);
    }
    let origin = origin_within(&card.origin, room - wording::width(&took, 11.0 * BOLD) - 8.0);
    text(group, &origin, Point { x: WORDS, y: 49.0 }, NOTE);
    if !took.is_empty() {
        text(group, &took, Point { x: right, y: 49.0 }, Type::new(11.0, INK).bold().anchored(Anchor::End));
    }
}

/// Where a layer was built; of a path too long, the file's name.
fn origin_within(origin: &str, room: f64) -> String {
    let name = origin.rsplit('/').next().unwrap_or(origin);
    let fits = wording::width(origin, NOTE.size) <= room;
    shortened(if fits { origin } else { name }, NOTE.size, room)
}

/// A task: its operation, and which partition it makes.
fn draw_task(group: &mut Element, card: &Card, size: Size, fill: &str) {
    draw_ground(group, card, size, fill);
    let middle = Type::new(12.0, INK).anchored(Anchor::Middle);
    let x = size.width / 2.0 + 1.0;
    text(group, &shortened(&card.title, 12.0, size.width - 12.0), Point { x, y: 17.0 }, middle);
    if !card.place.is_empty() {
        text(group, &card.place, Point { x, y: 31.0 }, NOTE.anchored(Anchor::Middle));
    }
}

fn draw_links(canvas: &mut Element, links: &[Link], graph: &Layout) {
    let mut lines = String::new();
    let mut heads = String::new();
    for route in &graph.routes {
        let tip = route[route.len() - 1];
        trace(route, &mut lines);
        pair('M', Point { x: tip.x, y: tip.y - 0.5 }, &mut heads);
        heads.push_str("l-3.5-6.5h7z");
    }
    drop(canvas.child("path").with("d", lines).with("fill", "none").with("stroke", EDGE).with("stroke-width", 1.3));
    drop(canvas.child("path").with("d", heads).with("fill", EDGE));
    if links.len() > MOST_LABELS {
        return;
    }
    for (link, route) in links.iter().zip(&graph.routes).filter(|(link, _)| !link.label.is_empty()) {
        let others = links.iter().zip(&graph.routes).filter(|(other, _)| !std::ptr::eq(*other, link));
        let mut ends = others.map(|(other, beside)| {
            let leaves = other.from == link.from && beside[0].x > route[0].x;
            leaves || other.to == link.to && beside[beside.len() - 1].x > route[route.len() - 1].x
        });
        draw_label(canvas, &link.label, route, if ends.any(|right| right) { Side::Left } else { Side::Right });
    }
}

/// The side of a line that is free for its label.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Left,
    Right,
}

/// A label beside the straight part of a link, or across its curve, with a halo that keeps it clear of lines.
fn draw_label(canvas: &mut Element, label: &str, route: &[Point], side: Side) {
    let (from, to, straight) = match route {
        [_, from, to, ..] => (from, to, true),
        [from, to] => (from, to, (from.x - to.x).abs() < 24.0),
        _ => return,
    };
    let words = shortened(label, LABEL, MOST_LABEL);
    let (shift, anchor) = match (straight, side) {
        (false, _) => (0.0, "middle"),
        // A long link keeps room to its right.
        (true, Side::Left) if route.len() == 2 => (-5.0, "end"),
        (true, _) => (5.0, "start"),
    };
    let halo = canvas.child("text").with("x", (from.x + to.x) / 2.0 + shift).with("y", (from.y + to.y) / 2.0 + 2.0);
    let halo = halo.with("font-size", LABEL).with("text-anchor", anchor);
    let halo = halo.with("fill", FAINT).with("stroke", GROUND).with("stroke-width", 4_usize);
    halo.with("paint-order", "stroke").with("stroke-linejoin", "round").text(&words);
}

/// A route as path commands: curves that leave and arrive upright, and straight lines, in turn.
fn trace(route: &[Point], out: &mut String) {
    pair('M', route[0], out);
    for (index, ends) in route.windows(2).enumerate() {
        let [from, to] = [ends[0], ends[1]];
        if index % 2 == 1 || (from.x - to.x).abs() < 2.5 {
            pair('L', to, out);
        } else {
            let middle = (from.y + to.y) / 2.0;
            pair('C', Point { x: from.x, y: middle }, out);
            pair(' ', Point { x: to.x, y: middle }, out);
            pair(' ', to, out);
        }
    }
}

fn pair(command: char, point: Point, out: &mut String) {
    out.push(command);
    number(point.x, out);
    out.push(' ');
    number(point.y, out);
}

/// What the colours mean.
struct Legend {
    collections: Vec<&'static str>,
    /// Time of the hottest card, after a run.
    hottest: Option<Duration>,
}

impl Legend {
    const SWATCH: f64 = 12.0;
    const HEAT: f64 = 80.0;

    fn of(sketch: &Sketch) -> Legend {
        let mut collections: Vec<_> =
            sketch.cards.iter().map(|card| card.collection).filter(|name| !name.is_empty()).collect();
        collections.sort();
        collections.dedup();
        Legend { collections, hottest: sketch.cards.iter().filter_map(|card| card.cost).map(|cost| cost.busy).max() }
    }

    fn fill(&self, card: &Card) -> String {
        let (Some(hottest), Some(cost)) = (self.hottest, card.cost) else { return GROUND.to_owned() };
        palette::heat(cost.busy.as_secs_f64() / hottest.as_secs_f64().max(1e-9))
    }

    fn entry_width(name: &str) -> f64 {
        Legend::SWATCH + 5.0 + wording::width(name, NOTE.size) + 14.0
    }

    fn width(&self) -> f64 {
        let names: f64 = self.collections.iter().map(|name| Legend::entry_width(name)).sum();
        names + self.hottest.map_or(0.0, |_| Legend::HEAT + 120.0)
    }

    fn draw(&self, svg: &mut Element, at: Point) {
        let mut x = at.x;
        for name in &self.collections {
            let swatch = svg.child("rect").with("x", x).with("y", at.y - 9.0).with("width", 4.0).with("height", 11.0);
            drop(swatch.with("rx", 1.5).with("fill", palette::collection(name)));
            text(svg, name, Point { x: x + 9.0, y: at.y }, NOTE);
            x += Legend::entry_width(name);
        }
        let Some(hottest) = self.hottest else { return };
        const STEPS: usize = 16;
        let step = Legend::HEAT / STEPS as f64;
        text(svg, "0", Point { x, y: at.y }, NOTE);
        for index in 0..STEPS {
            let fill = palette::heat(index as f64 / (STEPS - 1) as f64);
            let cell = svg.child("rect").with("x", x + 10.0 + step * index as f64).with("y", at.y - 9.0);
            drop(cell.with("width", step + 0.3).with("height", 11.0).with("fill", fill));
        }
        let spelt = format!("{} of work", wording::time(hottest));
        text(svg, &spelt, Point { x: x + Legend::HEAT + 16.0, y: at.y }, NOTE);
    }
}
