//! The tasks of a layer that was opened: tiles in rows below the words of its card. Imports: nothing.

use crate::display::colour::Colouring;
use crate::display::figure::{Anchor, Type, text};
use crate::display::layout::{Point, Size};
use crate::display::markup::Element;
use crate::display::palette::{FRAME, INK, LESSER};
use crate::display::sketch::{Card, tells_path};
use crate::display::wording;

const HEIGHT: f64 = 22.0;
const GAP: f64 = 5.0;
/// The tiles begin to the right of the edge of their card.
const LEFT: f64 = 14.0;
const WIDTH: std::ops::RangeInclusive<f64> = 34.0..=110.0;
/// Tiles in a row; the chunks of an array are shown in its own rows, if those are not much longer.
const ROW: usize = 10;
const LONGEST_ROW: usize = 16;
const WORDS: Type = Type::new(10.5, INK).anchored(Anchor::Middle);
const REST: Type = Type::new(10.5, LESSER);

/// The tiles of a card, placed below `top`.
pub(super) struct Tiles<'a> {
    card: &'a Card,
    columns: usize,
    tile: Size,
    top: f64,
}

impl<'a> Tiles<'a> {
    /// The tiles of an opened card.
    pub(super) fn of(card: &'a Card, top: f64) -> Option<Tiles<'a>> {
        let widest = card.opened.iter().map(|task| WORDS.width(words(task))).fold(0.0, f64::max);
        let tile = Size { width: (widest + 12.0).clamp(*WIDTH.start(), *WIDTH.end()), height: HEIGHT };
        let columns = match *card.grid {
            [.., columns] if columns <= LONGEST_ROW && card.opened.len() == card.tasks => columns,
            _ => ROW,
        };
        let columns = columns.clamp(1, card.opened.len().max(1));
        (!card.opened.is_empty()).then_some(Tiles { card, columns, tile, top })
    }

    /// How much room they need, their own margins included.
    pub(super) fn size(&self) -> Size {
        let rows = self.card.opened.len().div_ceil(self.columns) as f64;
        let rest = if self.card.not_opened() > 0 { 16.0 } else { 0.0 };
        Size {
            width: LEFT + (self.tile.width + GAP) * self.columns as f64 + GAP,
            height: (HEIGHT + GAP) * rows + GAP + rest,
        }
    }

    /// Each task with the corner and size of its tile.
    pub(super) fn placed(&self) -> impl Iterator<Item = (&'a Card, Point, Size)> {
        self.card.opened.iter().enumerate().map(|(index, task)| {
            let (row, column) = ((index / self.columns) as f64, (index % self.columns) as f64);
            let corner = Point { x: LEFT + (self.tile.width + GAP) * column, y: self.top + (HEIGHT + GAP) * row };
            (task, corner, self.tile)
        })
    }

    pub(super) fn draw(&self, group: &mut Element, colouring: &Colouring) {
        let with_path = tells_path(&self.card.opened);
        for (task, corner, size) in self.placed() {
            let bold = with_path && task.critical;
            let mut tile = super::moved(group, corner);
            tile.child("title").text(&task.hover());
            let ground = tile.child("rect").with("width", size.width).with("height", size.height).with("rx", 4.0);
            let ground = ground.with("fill", colouring.fill(task)).with("stroke", if bold { INK } else { FRAME });
            drop(if bold { ground.with("stroke-width", 2.0) } else { ground });
            let words = WORDS.shortened(words(task), size.width - 6.0);
            text(&mut tile, &words, Point { x: size.width / 2.0, y: 15.0 }, WORDS);
        }
        if self.card.not_opened() > 0 {
            let rest = format!("and {} more", wording::count(self.card.not_opened()));
            text(group, &rest, Point { x: LEFT, y: self.top + self.size().height - 10.0 }, REST);
        }
    }
}

fn words(task: &Card) -> &str {
    if task.place.is_empty() { &task.title } else { &task.place }
}
