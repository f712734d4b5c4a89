//! The way of a pass over the elements of a block: tile by tile, in the order in which they lie in memory.
//! Integer arithmetic only. Imports: nothing in-house.
//!
//! Axes along which all operands go on evenly become one; a pass over blocks without gaps is a walk along one axis.

use smallvec::SmallVec;

use super::tile::TILE;

/// For each axis, how far apart neighbours lie; 0 along an axis that is broadcast.
pub(super) type Strides = SmallVec<[usize; 6]>;

/// Rows and columns of a tile where an operand lies across the others: in each, whole cache lines are used up.
const SIDE: usize = 32;

/// A walk over several operands at once.
#[derive(Debug)]
pub(super) struct Walk {
    /// Lengths of the axes, slowest first; the last two are the rows and columns that tiles are cut from.
    lengths: Strides,
    /// For each operand, its strides along these axes.
    strides: Vec<Strides>,
    /// Rows and columns of a tile.
    tile: [usize; 2],
}

/// A part of a walk: some rows, of some columns each.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tile<'a> {
    pub(super) rows: usize,
    pub(super) columns: usize,
    /// Where it begins in each operand.
    pub(super) offsets: &'a [usize],
}

impl Tile<'_> {
    pub(super) fn len(&self) -> usize {
        self.rows * self.columns
    }
}

impl Walk {
    /// A walk over `shape`, of whose operands the first `read` are read.
    pub(super) fn new(shape: &[usize], operands: &[Strides], read: usize) -> Walk {
        let mut lengths = Strides::new();
        let mut strides = vec![Strides::new(); operands.len()];
        for (axis, &length) in shape.iter().enumerate().filter(|(_, length)| **length != 1) {
            let goes_on = |(own, operand): (&Strides, &Strides)| own.last() == Some(&(operand[axis] * length));
            match lengths.last_mut().filter(|_| strides.iter().zip(operands).all(goes_on)) {
                Some(last) => *last *= length,
                None => {
                    lengths.push(length);
                    strides.iter_mut().for_each(|strides| strides.push(0));
                }
            }
            for (strides, operand) in strides.iter_mut().zip(operands) {
                *strides.last_mut().expect("an axis was pushed") = operand[axis];
            }
        }
        while lengths.len() < 2 {
            lengths.insert(0, 1);
            strides.iter_mut().for_each(|strides| strides.insert(0, 0));
        }
        let mut walk = Walk { lengths, strides, tile: [1, 1] };
        let across = (0..read).any(|operand| walk.steps(operand)[1] > 1);
        let [rows, columns] = walk.plane();
        walk.tile = match columns {
            0 => [1, 1],
            _ if across => {
                let columns = columns.min(SIDE);
                [rows.min(TILE / columns), columns]
            }
            1..=SHORT => [rows.min(TILE / columns), columns],
            // Tiles of about equal size, each but the last of whole vectors.
            _ => [1, columns.div_ceil(columns.div_ceil(TILE)).next_multiple_of(16).min(TILE)],
        };
        walk
    }

    /// Rows and columns.
    fn plane(&self) -> [usize; 2] {
        *self.lengths.last_chunk().expect("a walk has two axes")
    }

    /// How far apart rows, and columns, of an operand are.
    pub(super) fn steps(&self, operand: usize) -> [usize; 2] {
        *self.strides[operand].last_chunk().expect("a walk has two axes")
    }

    /// Elements in the largest tile.
    pub(super) fn largest(&self) -> usize {
        self.tile[0] * self.tile[1]
    }

    /// Whether the elements of each tile lie side by side in an operand.
    pub(super) fn is_even(&self, operand: usize) -> bool {
        let [down, along] = self.steps(operand);
        let [_, columns] = self.plane();
        along == 1 && (self.tile[0] == 1 || self.tile[1] == columns && down == columns)
    }

    /// Whether an operand is one element.
    pub(super) fn is_one(&self, operand: usize) -> bool {
        self.strides[operand].iter().all(|stride| *stride == 0)
    }

    /// Whether tiles follow each other without a gap in an operand that lies in the order of the walk.
    pub(super) fn is_sequential(&self) -> bool {
        self.tile[0] == 1 || self.tile[1] == self.plane()[1]
    }

    /// Whether there is no element.
    pub(super) fn is_empty(&self) -> bool {
        self.lengths.contains(&0)
    }

    /// Calls `visit` for each tile.
    pub(super) fn each(&self, mut visit: impl FnMut(Tile<'_>)) {
        if self.is_empty() {
            return;
        }
        let ([rows, columns], [high, wide]) = (self.plane(), self.tile);
        let outer = &self.lengths[..self.lengths.len() - 2];
        let mut bases = vec![0; self.strides.len()];
        let mut offsets = bases.clone();
        for mut number in 0..outer.iter().product() {
            bases.fill(0);
            for (axis, length) in outer.iter().enumerate().rev() {
                bases
                    .iter_mut()
                    .zip(&self.strides)
                    .for_each(|(base, strides)| *base += number % length * strides[axis]);
                number /= length;
            }
            for row in (0..rows).step_by(high) {
                for column in (0..columns).step_by(wide) {
                    for (operand, offset) in offsets.iter_mut().enumerate() {
                        let [down, along] = self.steps(operand);
                        *offset = bases[operand] + row * down + column * along;
                    }
                    visit(Tile { rows: high.min(rows - row), columns: wide.min(columns - column), offsets: &offsets });
                }
            }
        }
    }
}

/// Rows of at most so many elements are taken several at a time.
const SHORT: usize = TILE / 2;

/// The strides of a block of `shape` without gaps, slowest axis first.
pub(super) fn row_by_row(shape: &[usize]) -> Strides {
    let mut strides: Strides = SmallVec::from_elem(1, shape.len());
    for axis in (1..shape.len()).rev() {
        strides[axis - 1] = strides[axis] * shape[axis];
    }
    strides
}

/// The strides of an operand with `own` shape and strides, broadcast into `shape`.
pub(super) fn broadcast(own: &[usize], strides: &[isize], shape: &[usize]) -> Strides {
    let mut broadcast: Strides = SmallVec::from_elem(0, shape.len());
    let skipped = shape.len() - own.len();
    for (axis, stride) in broadcast[skipped..].iter_mut().enumerate() {
        if own[axis] > 1 {
            *stride = strides[axis].unsigned_abs();
        }
    }
    broadcast
}

/// The shape into which `a` and `b` broadcast.
pub(super) fn broadcast_shape(a: &[usize], b: &[usize]) -> Strides {
    let (long, short) = if a.len() >= b.len() { (a, b) } else { (b, a) };
    let mut shape = Strides::from_slice(long);
    for (long, &short) in shape.iter_mut().rev().zip(short.iter().rev()) {
        if *long == 1 {
            *long = short;
        }
    }
    shape
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn strides(strides: &[usize]) -> Strides {
        Strides::from_slice(strides)
    }

    #[test]
    fn blocks_without_gaps_are_walked_along_one_axis() {
        let walk = Walk::new(&[4, 5, 600], &[row_by_row(&[4, 5, 600]), strides(&[0, 0, 0])], 2);
        assert_eq!((walk.plane(), walk.tile), ([1, 12_000], [1, 1008]));
        assert!(walk.is_even(0) && walk.is_one(1));
    }

    #[test]
    fn an_operand_that_lies_across_is_walked_in_squares() {
        let walk = Walk::new(&[100, 200], &[row_by_row(&[100, 200]), strides(&[1, 100])], 2);
        assert_eq!(walk.tile, [32, 32]);
        assert!(!walk.is_even(0) && !walk.is_sequential());
    }

    #[test]
    fn short_rows_are_taken_together() {
        let walk = Walk::new(&[1000, 3], &[row_by_row(&[1000, 3]), strides(&[0, 1])], 2);
        assert_eq!(walk.tile, [341, 3]);
        assert!(walk.is_even(0) && !walk.is_even(1) && walk.is_sequential());
    }

    proptest! {
        /// Every element is visited once, where its strides say it lies.
        #[test]
        fn every_element_is_visited_once(
            shape in prop::collection::vec(0..40_usize, 0..4),
            turned in any::<bool>(),
            broadcast in prop::collection::vec(any::<bool>(), 4),
        ) {
            let rows = row_by_row(&shape);
            let mut other = if turned {
                let reversed: Vec<usize> = shape.iter().rev().copied().collect();
                row_by_row(&reversed).into_iter().rev().collect()
            } else {
                rows.clone()
            };
            other.iter_mut().zip(&broadcast).filter(|(_, broadcast)| **broadcast).for_each(|(stride, _)| *stride = 0);
            let walk = Walk::new(&shape, &[other.clone(), rows.clone()], 1);
            let mut found = Vec::new();
            walk.each(|tile| {
                assert!(tile.len() <= walk.largest() && walk.largest() <= TILE);
                for row in 0..tile.rows {
                    for column in 0..tile.columns {
                        let at = |operand: usize| {
                            let [down, along] = walk.steps(operand);
                            tile.offsets[operand] + row * down + column * along
                        };
                        found.push((at(1), at(0)));
                    }
                }
            });
            if walk.is_sequential() {
                prop_assert!(found.is_sorted());
            }
            found.sort_unstable();
            let places = 0..shape.iter().product::<usize>();
            let expected: Vec<_> = places.map(|place| {
                let (mut rest, mut at) = (place, 0);
                for (length, stride) in shape.iter().zip(&other).rev() {
                    at += rest % length * stride;
                    rest /= length;
                }
                (place, at)
            }).collect();
            prop_assert_eq!(found, expected);
        }
    }
}
