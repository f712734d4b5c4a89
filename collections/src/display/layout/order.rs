//! Which boxes stand beside each other in a rank, so that few edges cross. Imports: nothing.

use super::{Edge, Neighbours, Size};

/// How often the order is swept.
const SWEEPS: usize = 16;

/// The boxes and bends of each rank, in order from left to right.
pub(super) struct Rows {
    /// Boxes first, in the caller's order, then bends.
    pub sizes: Vec<Size>,
    pub boxes: usize,
    pub ranks: Vec<usize>,
    pub order: Vec<Vec<usize>>,
    /// The bends of each edge.
    pub bends: Vec<std::ops::Range<usize>>,
    pub above: Neighbours,
    pub below: Neighbours,
}

impl Rows {
    pub(super) fn new(sizes: &[Size], edges: &[Edge], mut ranks: Vec<usize>) -> Self {
        let mut all_sizes = sizes.to_vec();
        let mut bends = Vec::with_capacity(edges.len());
        let mut segments = Vec::with_capacity(edges.len());
        for &Edge { from, to, room } in edges {
            let first = all_sizes.len();
            let mut end = from;
            for rank in ranks[from] + 1..ranks[to] {
                segments.push((end, all_sizes.len()));
                end = all_sizes.len();
                all_sizes.push(Size { width: room, height: 0.0 });
                ranks.push(rank);
            }
            segments.push((end, to));
            bends.push(first..all_sizes.len());
        }
        let mut order = vec![Vec::new(); ranks.iter().max().map_or(0, |last| last + 1)];
        for (vertex, &rank) in ranks.iter().enumerate() {
            order[rank].push(vertex);
        }
        let above = Neighbours::new(ranks.len(), segments.iter().map(|&(from, to)| (to, from)));
        let below = Neighbours::new(ranks.len(), segments.iter().copied());
        Rows { sizes: all_sizes, boxes: sizes.len(), ranks, order, bends, above, below }
    }

    fn positions(&self) -> Vec<usize> {
        let mut positions = vec![0; self.sizes.len()];
        for row in &self.order {
            for (position, &vertex) in row.iter().enumerate() {
                positions[vertex] = position;
            }
        }
        positions
    }

    pub(super) fn reduce_crossings(&mut self) {
        let mut best = (self.crossings(), self.order.clone());
        for sweep in 0..SWEEPS {
            if best.0 == 0 {
                break;
            }
            self.sweep(sweep % 2 == 0);
            let crossings = self.crossings();
            if crossings < best.0 {
                best = (crossings, self.order.clone());
            }
        }
        self.order = best.1;
    }

    /// Sorts each row by the mean position of its neighbours in the row visited before.
    fn sweep(&mut self, downwards: bool) {
        let mut positions = self.positions();
        let rows = self.order.len();
        for step in 0..rows {
            let (row, neighbours) = if downwards { (step, &self.above) } else { (rows - 1 - step, &self.below) };
            let barycentre = |vertex: usize| match neighbours.of(vertex) {
                [] => positions[vertex] as f64,
                near => near.iter().map(|&near| positions[near] as f64).sum::<f64>() / near.len() as f64,
            };
            let mut keyed: Vec<_> = self.order[row].iter().map(|&vertex| (barycentre(vertex), vertex)).collect();
            keyed.sort_by(|a, b| a.0.total_cmp(&b.0));
            for (position, (_, vertex)) in keyed.into_iter().enumerate() {
                self.order[row][position] = vertex;
                positions[vertex] = position;
            }
        }
    }

    /// How many pairs of segments cross, counted as inversions (Barth, Jünger and Mutzel, "Simple and
    /// efficient bilayer cross counting", 2002).
    fn crossings(&self) -> u64 {
        let positions = self.positions();
        let mut crossings = 0;
        for pair in self.order.windows(2) {
            // A Fenwick tree over the positions of the lower row: how many segments end there so far.
            let mut ends = vec![0_u64; pair[1].len() + 1];
            let mut seen = 0;
            for &upper in &pair[0] {
                let lower: Vec<usize> = self.below.of(upper).iter().map(|&vertex| positions[vertex]).collect();
                for &position in &lower {
                    let mut index = position + 1;
                    let mut not_right = 0;
                    while index > 0 {
                        not_right += ends[index];
                        index &= index - 1;
                    }
                    crossings += seen - not_right;
                }
                for &position in &lower {
                    let mut index = position + 1;
                    while index < ends.len() {
                        ends[index] += 1;
                        index += index & index.wrapping_neg();
                    }
                    seen += 1;
                }
            }
        }
        crossings
    }
}
