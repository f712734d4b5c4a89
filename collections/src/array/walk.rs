//! The way of a pass over the elements of a block: tile by tile, in the order in which they lie in memory.
//! Integer arithmetic only. Imports: nothing in-house.
//!
//! Axes along which all operands go on evenly become one; a pass over blocks without gaps is a walk along one axis.
//! The elements are cut into tiles, which depend on nothing but how the operands lie. What sums up goes by tiles: so a sum
//! is the same to its last digit, whatever is computed in the same pass.

use smallvec::SmallVec;

/// Elements in a tile: of the widest type, what a pass of one block reads, what it will read next, and its registers fill a
/// first cache of 32 kB. Less would cost more in what stands between the loops.
const MOST: usize = 1024;

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
    /// Rows and columns of the largest tile.
    tile: [usize; 2],
}

/// A part of a walk: some rows, of some columns each.
#[derive(Debug)]
pub(super) struct Tile {
    pub(super) rows: usize,
    pub(super) columns: usize,
    /// Where it begins in each operand.
    pub(super) offsets: Strides,
}

impl Tile {
    #[inline]
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
                [rows.min(MOST / columns), columns]
            }
            1..=SHORT => [rows.min(MOST / columns), columns],
            _ => [1, evenly(columns, MOST)],
        };
        walk
    }

    /// Rows and columns.
    fn plane(&self) -> [usize; 2] {
        *self.lengths.last_chunk().expect("a walk has two axes")
    }

    /// How far apart rows, and columns, of an operand are.
    #[inline]
    pub(super) fn steps(&self, operand: usize) -> [usize; 2] {
        *self.strides[operand].last_chunk().expect("a walk has two axes")
    }

    /// Rows and columns of the largest tile.
    pub(super) fn tile(&self) -> [usize; 2] {
        self.tile
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

    /// Calls `visit` for each tile, with the one that comes after it.
    pub(super) fn each(&self, mut visit: impl FnMut(&Tile, Option<&Tile>)) {
        if self.is_empty() {
            return;
        }
        let ([rows, columns], [high, wide]) = (self.plane(), self.tile);
        let steps: SmallVec<[[usize; 2]; 6]> = (0..self.strides.len()).map(|operand| self.steps(operand)).collect();
        let mut bases: Strides = SmallVec::from_elem(0, steps.len());
        // Written in turns: one is visited when the other is known.
        let mut tiles = [(); 2].map(|()| Tile { rows: 0, columns: 0, offsets: bases.clone() });
        let mut turn = None;
        for number in 0..self.lengths[..self.lengths.len() - 2].iter().product() {
            self.begin(number, &mut bases);
            for row in (0..rows).step_by(high) {
                for column in (0..columns).step_by(wide) {
                    let next = turn.map_or(0, |turn: usize| 1 - turn);
                    let tile = &mut tiles[next];
                    (tile.rows, tile.columns) = (high.min(rows - row), wide.min(columns - column));
                    for (offset, (base, [down, along])) in tile.offsets.iter_mut().zip(bases.iter().zip(&steps)) {
                        *offset = base + row * down + column * along;
                    }
                    if let Some(turn) = turn.replace(next) {
                        visit(&tiles[turn], Some(&tiles[next]));
                    }
                }
            }
        }
        visit(&tiles[turn.expect("there is an element")], None);
    }

    /// Finds where the plane `number` begins in each operand.
    fn begin(&self, mut number: usize, bases: &mut Strides) {
        bases.fill(0);
        for axis in (0..self.lengths.len() - 2).rev() {
            let place = number % self.lengths[axis];
            bases.iter_mut().zip(&self.strides).for_each(|(base, strides)| *base += place * strides[axis]);
            number /= self.lengths[axis];
        }
    }
}

/// Parts of about equal length, none longer than `most`, each but the last of whole vectors.
fn evenly(length: usize, most: usize) -> usize {
    length.div_ceil(length.div_ceil(most)).next_multiple_of(16).min(most)
}

/// Rows of at most so many elements are taken several at a time.
const SHORT: usize = MOST / 2;

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
        assert_eq!((walk.plane(), walk.tile()), ([1, 12_000], [1, 1008]));
        assert!(walk.is_even(0) && walk.is_one(1));
    }

    #[test]
    fn an_operand_that_lies_across_is_walked_in_squares() {
        let walk = Walk::new(&[100, 200], &[row_by_row(&[100, 200]), strides(&[1, 100])], 2);
        assert_eq!(walk.tile(), [32, 32]);
        assert!(!walk.is_even(0) && !walk.is_sequential());
    }

    #[test]
    fn short_rows_are_taken_together() {
        let walk = Walk::new(&[1000, 3], &[row_by_row(&[1000, 3]), strides(&[0, 1])], 2);
        assert_eq!(walk.tile(), [341, 3]);
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
            walk.each(|tile, _| {
                assert!(tile.len() <= walk.largest() && walk.largest() <= MOST);
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

        #[test]
        fn each_tile_is_announced_with_the_one_before(columns in 0..5000_usize) {
            let walk = Walk::new(&[2, columns], &[strides(&[columns + 1, 1])], 1);
            let (mut announced, mut visited) = (Vec::new(), Vec::new());
            walk.each(|tile, next| {
                visited.push(tile.offsets.to_vec());
                announced.extend(next.map(|next| next.offsets.to_vec()));
            });
            prop_assert_eq!(&announced[..], visited.get(1..).unwrap_or_default());
        }
    }
}
