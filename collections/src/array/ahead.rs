//! What the next tile of a walk reads, asked for while the instructions of a pass work on this one.
//!
//! Each piece of an instruction asks for its share: the memory then has something to do all the time, and never more at
//! once than a core keeps in flight. Imports: nothing in-house but the prefetch.

use super::tile::Slice;
use super::walk::Tile;
use crate::prefetch::{LINE, prefetch_line};

/// A block in memory, in bytes.
#[derive(Clone, Copy)]
pub(super) struct Ahead {
    start: usize,
    /// Of one element.
    size: usize,
    /// How far apart rows, and columns, are.
    steps: [usize; 2],
    /// Whether a tile lies there without gaps.
    even: bool,
    /// Runs that are asked for at once.
    share: usize,
}

/// Places at equal distances.
#[derive(Clone, Copy)]
struct Places {
    count: usize,
    step: usize,
}

impl Ahead {
    /// A block whose tiles, `largest` the largest of them, are asked for in so many `shares`.
    pub(super) fn of(memory: Slice<'_>, steps: [usize; 2], even: bool, largest: [usize; 2], shares: usize) -> Ahead {
        let (start, size) = memory.place();
        let ahead = Ahead { start, size, steps: steps.map(|step| step * size), even, share: 0 };
        let [runs, _] = ahead.places(largest);
        Ahead { share: runs.count.div_ceil(shares), ..ahead }
    }

    /// Asks for the share `number` of the tile that begins `offset` elements after the start.
    #[inline(always)]
    pub(super) fn fetch(&self, offset: usize, tile: &Tile, number: usize) {
        let [runs, within] = self.places([tile.rows, tile.columns]);
        let begin = self.start + offset * self.size;
        for run in number * self.share..runs.count.min((number + 1) * self.share) {
            let first = begin + run * runs.step;
            let last = first + (within.count - 1) * within.step;
            let mut place = first;
            while place < last {
                prefetch_line(place);
                place += within.step.max(LINE);
            }
            prefetch_line(last);
        }
    }

    /// The elements of a tile as runs, and the places within a run: those nearest to each other.
    #[inline(always)]
    fn places(&self, [rows, columns]: [usize; 2]) -> [Places; 2] {
        let [down, along] = self.steps;
        let (rows, columns) = (Places { count: rows, step: down }, Places { count: columns, step: along });
        match () {
            () if self.even => {
                let bytes = rows.count * columns.count * self.size;
                [Places { count: bytes.div_ceil(LINE), step: LINE }, Places { count: 1, step: 0 }]
            }
            () if along <= down => [rows, columns],
            () => [columns, rows],
        }
    }
}
