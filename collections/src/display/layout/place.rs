//! How far apart the boxes of a rank stand. Imports: nothing.

use super::Neighbours;
use super::order::Rows;

/// How often the places are swept.
const SWEEPS: usize = 40;

impl Rows {
    /// The horizontal centre of each vertex.
    pub(super) fn place(&self, gap: f64) -> Vec<f64> {
        let mut centres = vec![0.0; self.sizes.len()];
        let rows = self.order.len();
        for sweep in 0..SWEEPS {
            for step in 0..rows {
                let row = &self.order[if sweep % 2 == 0 { step } else { rows - 1 - step }];
                let sides: &[&Neighbours] = match sweep {
                    0 => &[&self.above],
                    1 => &[&self.below],
                    _ => &[&self.above, &self.below],
                };
                let wishes: Vec<_> = row.iter().map(|&vertex| self.wish(vertex, sides, &centres)).collect();
                self.settle(row, &wishes, gap, &mut centres);
            }
        }
        centres
    }

    /// Where a vertex wants to be, near its neighbours, and how much. Boxes line up; the bends of a long edge give way
    /// to them, and are straight among themselves.
    fn wish(&self, vertex: usize, sides: &[&Neighbours], centres: &[f64]) -> Wish {
        let bend = |vertex: usize| vertex >= self.boxes;
        let mut wish = Wish { sum: 0.001 * centres[vertex], weight: 0.001 };
        for &near in sides.iter().flat_map(|side| side.of(vertex)) {
            let weight = match (bend(vertex), bend(near)) {
                (false, false) => 4.0,
                (true, true) => 0.4,
                _ => 0.05,
            };
            wish.sum += weight * centres[near];
            wish.weight += weight;
        }
        wish
    }

    /// Places one row so that the weighted squares of the distances from the wishes are least and nothing overlaps.
    fn settle(&self, row: &[usize], wishes: &[Wish], gap: f64, centres: &mut [f64]) {
        // With the widths to its left taken off, each place must only be no less than the one before.
        let mut offsets = Vec::with_capacity(row.len());
        let mut pools: Vec<(Wish, usize)> = Vec::with_capacity(row.len());
        let mut offset = 0.0;
        for (position, (&vertex, wish)) in row.iter().zip(wishes).enumerate() {
            if position > 0 {
                offset += self.distance(row[position - 1], vertex, gap);
            }
            offsets.push(offset);
            let mut pool = (Wish { sum: wish.sum - wish.weight * offset, weight: wish.weight }, 1);
            while let Some((left, count)) = pools.pop_if(|(left, _)| left.mean() >= pool.0.mean()) {
                pool = (Wish { sum: left.sum + pool.0.sum, weight: left.weight + pool.0.weight }, count + pool.1);
            }
            pools.push(pool);
        }
        let places = pools.iter().flat_map(|(pool, count)| std::iter::repeat_n(pool.mean(), *count));
        for ((&vertex, offset), place) in row.iter().zip(offsets).zip(places) {
            centres[vertex] = place + offset;
        }
    }

    fn distance(&self, left: usize, right: usize, gap: f64) -> f64 {
        let widths = (self.sizes[left].width + self.sizes[right].width) / 2.0;
        let bends = [left, right].into_iter().filter(|&vertex| vertex >= self.boxes).count();
        widths + if bends > 0 { gap * 0.6 } else { gap }
    }
}

/// A weighted sum of places: the mean is where a vertex, or a pool of them, wants to be.
#[derive(Clone, Copy)]
struct Wish {
    sum: f64,
    weight: f64,
}

impl Wish {
    fn mean(self) -> f64 {
        self.sum / self.weight
    }
}
