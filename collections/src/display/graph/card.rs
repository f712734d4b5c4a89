//! One card: its ground and words, and a strip or a grid of its tasks. Imports: nothing.

use super::opened::Tiles;
use crate::display::colour::Colouring;
use crate::display::figure::{Anchor, Type, pair, rectangle, text};
use crate::display::glyph;
use crate::display::layout::{Point, Size};
use crate::display::markup::{Element, number};
use crate::display::palette::{self, FRAME, GROUND, INK, LESSER};
use crate::display::sketch::{Card, Heat};
use crate::display::wording;

/// A layer's card: as wide as its words need, within limits; all of a picture are equally wide.
const LAYER_WIDTH: std::ops::RangeInclusive<f64> = 210.0..=340.0;
const LAYER_HEIGHT: f64 = 64.0;
const TASK_WIDTH: std::ops::RangeInclusive<f64> = 46.0..=130.0;
/// Where its words begin, to the right of its sign, and what is kept free behind them.
const WORDS: f64 = 58.0;
const BEHIND: f64 = 10.0;
/// Its sign, and the strip of its tasks below its words.
const SIGN: f64 = 32.0;
const STRIP: f64 = 5.0;
const STRIP_TOP: f64 = 54.0;

const TITLE: Type = Type::new(13.0, INK).bold();
const TIMES: Type = Type::new(12.0, LESSER);
const NOTE: Type = Type::new(10.5, LESSER);
const TOOK: Type = Type::new(11.0, INK).bold().anchored(Anchor::End);
/// What a task's card says, and what is kept free on both sides of it.
const TASK: Type = Type::new(12.0, INK).anchored(Anchor::Middle);
const BESIDE: f64 = 8.0;

/// How large each card is: those of layers are alike, and those of tasks are equally wide.
pub(super) fn sizes(cards: &[Card]) -> Vec<Size> {
    let widest = |by_task: bool, width: fn(&Card) -> f64| {
        cards.iter().filter(|card| card.by_task == by_task).map(width).fold(0.0, f64::max)
    };
    let layer = (widest(false, words_width) + WORDS + BEHIND).clamp(*LAYER_WIDTH.start(), *LAYER_WIDTH.end());
    let task = (widest(true, task_words_width) + 2.0 * BESIDE).clamp(*TASK_WIDTH.start(), *TASK_WIDTH.end());
    let size = |card: &Card| match (card.by_task, card.place.is_empty()) {
        (false, _) => opened(card, layer),
        (true, true) => Size { width: task, height: 26.0 },
        (true, false) => Size { width: task, height: 38.0 },
    };
    cards.iter().map(size).collect()
}

/// The size of a layer's card: with its tasks, if it is opened.
fn opened(card: &Card, width: f64) -> Size {
    let tiles = Tiles::of(card, LAYER_HEIGHT).map(|tiles| tiles.size());
    let tiles = tiles.unwrap_or(Size { width: 0.0, height: 0.0 });
    Size { width: width.max(tiles.width), height: LAYER_HEIGHT + tiles.height }
}

/// The tiles of the tasks of an opened card: each with its corner, from that of the card on, and its size.
pub(super) fn tiles(card: &Card) -> impl Iterator<Item = (&Card, Point, Size)> {
    Tiles::of(card, LAYER_HEIGHT).into_iter().flat_map(|tiles| tiles.placed().collect::<Vec<_>>())
}

/// The width of the longest line on the card of a layer.
fn words_width(card: &Card) -> f64 {
    let first = TITLE.width(&card.title) + TIMES.width(&times(card)) + 8.0;
    first.max(NOTE.width(&card.detail))
}

fn task_words_width(card: &Card) -> f64 {
    TASK.width(&card.title).max(NOTE.width(&card.place))
}

/// `×100`.
fn times(card: &Card) -> String {
    format!("×{}", wording::count(card.tasks))
}

/// Draws a card in the upper left corner of `group`; `with_path` if those on the critical path are to stand out.
pub(super) fn draw(group: &mut Element, card: &Card, size: Size, colouring: &Colouring, with_path: bool) {
    group.child("title").text(&card.hover());
    draw_ground(group, card, size, &colouring.fill(card), with_path && card.critical);
    if card.by_task {
        draw_task(group, card, size);
    } else {
        draw_layer(group, card, size, colouring);
        if let Some(tiles) = Tiles::of(card, LAYER_HEIGHT) {
            tiles.draw(group, colouring);
        }
    }
}

/// The ground of a card, its edge in the colour of the collection; a second one behind it if it stands for several.
fn draw_ground(group: &mut Element, card: &Card, size: Size, fill: &str, bold: bool) {
    if card.layers > 1 {
        let behind = group.child("rect").with("x", 4.0).with("y", 4.0);
        let behind = behind.with("width", size.width).with("height", size.height).with("rx", 6.0);
        drop(behind.with("fill", GROUND).with("stroke", FRAME));
    }
    let ground = group.child("rect").with("width", size.width).with("height", size.height).with("rx", 6.0);
    let ground = ground.with("fill", fill).with("stroke", if bold { INK } else { FRAME });
    drop(if bold { ground.with("stroke-width", 2.2) } else { ground });
    let mut stripe = String::from("M4 0.5a4 5.5 0 0 0-3.5 5.5v");
    number(size.height - 12.0, &mut stripe);
    stripe.push_str("a4 5.5 0 0 0 3.5 5.5z");
    drop(group.child("path").with("d", stripe).with("fill", palette::collection(card.collection)));
}

/// A layer: its sign, operation, what it makes, where it was built; how many tasks, how long they took, and each.
fn draw_layer(group: &mut Element, card: &Card, size: Size, colouring: &Colouring) {
    let right = size.width - BEHIND;
    let room = right - WORDS;
    let sign = Point { x: 14.0, y: (LAYER_HEIGHT - SIGN) / 2.0 };
    match &card.heat {
        Some(heat) if heat.grid && colouring.tells_apart(heat) => {
            draw_grid(group, heat, sign, colouring, palette::collection(card.collection))
        }
        _ => glyph::draw(group, card.collection, card.tasks, &card.grid, sign, SIGN),
    }
    let (tasks, cost) = (times(card), colouring.cost(card));
    let title = TITLE.shortened(&card.title, room - TIMES.width(&tasks) - 8.0);
    text(group, &title, Point { x: WORDS, y: 20.0 }, TITLE);
    text(group, &tasks, Point { x: right, y: 20.0 }, TIMES.anchored(Anchor::End));
    if !card.detail.is_empty() {
        text(group, &NOTE.shortened(&card.detail, room), Point { x: WORDS, y: 35.0 }, NOTE);
    }
    let origin = origin_within(&card.origin, room - TOOK.width(&cost) - 8.0);
    text(group, &origin, Point { x: WORDS, y: 49.0 }, NOTE);
    if !cost.is_empty() {
        let fused = card.cost.is_some_and(|cost| cost.fused);
        let style = if fused { NOTE.anchored(Anchor::End) } else { TOOK };
        text(group, &cost, Point { x: right, y: 49.0 }, style);
    }
    let strip = Size { width: room, height: STRIP };
    match &card.heat {
        Some(heat) if !heat.grid && colouring.tells_apart(heat) => {
            draw_strip(group, heat, Point { x: WORDS, y: STRIP_TOP }, strip, colouring)
        }
        None if colouring.has_workers() => draw_workers(group, card, strip, colouring),
        _ => {}
    }
}

/// Where a layer was built; of a path too long, the file's name.
fn origin_within(origin: &str, room: f64) -> String {
    let name = origin.rsplit('/').next().unwrap_or(origin);
    let fits = NOTE.width(origin) <= room;
    NOTE.shortened(if fits { origin } else { name }, room)
}

/// A task: its operation, and which partition it makes.
fn draw_task(group: &mut Element, card: &Card, size: Size) {
    let x = size.width / 2.0 + 1.0;
    text(group, &TASK.shortened(&card.title, size.width - 2.0 * BESIDE), Point { x, y: 17.0 }, TASK);
    if !card.place.is_empty() {
        text(group, &card.place, Point { x, y: 31.0 }, NOTE.anchored(Anchor::Middle));
    }
}

/// The chunks of an array, each in the colour of its task.
fn draw_grid(group: &mut Element, heat: &Heat, at: Point, colouring: &Colouring, edge: &str) {
    let (rows, columns) = ((heat.cells.len() / heat.columns) as f64, heat.columns as f64);
    let cell = SIGN / rows.max(columns);
    let size = Size { width: cell * columns, height: cell * rows };
    let corner = Point { x: at.x + (SIGN - size.width) / 2.0, y: at.y + (SIGN - size.height) / 2.0 };
    drop(rectangle(group, corner, size).with("fill", GROUND));
    draw_cells(group, heat, corner, size, colouring);
    let mut lines = String::new();
    for column in 1..heat.columns {
        pair('M', Point { x: corner.x + cell * column as f64, ..corner }, &mut lines);
        pair('l', Point { x: 0.0, y: size.height }, &mut lines);
    }
    for row in 1..heat.cells.len() / heat.columns {
        pair('M', Point { y: corner.y + cell * row as f64, ..corner }, &mut lines);
        pair('l', Point { x: size.width, y: 0.0 }, &mut lines);
    }
    drop(group.child("path").with("d", lines).with("stroke", edge).with("stroke-width", 0.5));
    drop(rectangle(group, corner, size).with("fill", "none").with("stroke", edge));
}

/// The tasks of a layer side by side, in the order of their partitions.
fn draw_strip(group: &mut Element, heat: &Heat, at: Point, size: Size, colouring: &Colouring) {
    drop(rectangle(group, at, size).with("fill", GROUND));
    draw_cells(group, heat, at, size, colouring);
    drop(rectangle(group, at, size).with("fill", "none").with("stroke", FRAME));
}

/// Cells in rows: one path of thick lines for each colour, and none for what is as white as the ground.
fn draw_cells(group: &mut Element, heat: &Heat, at: Point, size: Size, colouring: &Colouring) {
    let rows = heat.cells.len() / heat.columns;
    let (width, height) = (size.width / heat.columns as f64, size.height / rows as f64);
    let mut lines: Vec<String> = Vec::new();
    for (row, cells) in heat.cells.chunks(heat.columns).enumerate() {
        let steps: Vec<usize> = cells.iter().map(|cell| cell.map_or(0, |value| colouring.step(value))).collect();
        let mut column = 0;
        for run in steps.chunk_by(|a, b| a == b) {
            if run[0] > 0 {
                lines.resize(lines.len().max(run[0]), String::new());
                let line = &mut lines[run[0] - 1];
                let from = Point { x: at.x + width * column as f64, y: at.y + height * (row as f64 + 0.5) };
                pair('M', from, line);
                line.push('h');
                number(width * run.len() as f64, line);
            }
            column += run.len();
        }
    }
    for (step, line) in lines.into_iter().enumerate().filter(|(_, line)| !line.is_empty()) {
        let path = group.child("path").with("d", line).with("stroke", colouring.of_step(step + 1));
        drop(path.with("stroke-width", height));
    }
}

/// How much of a layer's time each worker had.
fn draw_workers(group: &mut Element, card: &Card, size: Size, colouring: &Colouring) {
    let all: f64 = card.workers.values().map(std::time::Duration::as_secs_f64).sum();
    let mut x = WORDS;
    for (&worker, busy) in card.workers.iter().filter(|_| all > 0.0) {
        let width = size.width * busy.as_secs_f64() / all;
        let share = rectangle(group, Point { x, y: STRIP_TOP }, Size { width, ..size });
        drop(share.with("fill", palette::category(colouring.worker(worker))));
        x += width;
    }
}
