//! Places the boxes of a graph in rows and routes its edges: numbers in, numbers out.
//!
//! The method is that of Sugiyama, Tagawa and Toda ("Methods for visual understanding of hierarchical
//! system structures", IEEE Trans. SMC 11, 1981), in the phases of Gansner, Koutsofios, North and Vo
//! ("A technique for drawing directed graphs", IEEE TSE 19, 1993):
//!
//! 1. rank: longest path, then sources move down to their first reader;
//! 2. bend: an edge over several ranks gets a point on each rank between;
//! 3. order: sweeps that sort each rank by the barycentre of its neighbours, the best order kept;
//! 4. place: each rank as close to its neighbours as the widths allow. One rank is an isotonic
//!    regression, solved exactly by pooling adjacent violators (Barlow and others, 1972).
//!
//! Each phase takes time linear in nodes, edges and bends, but for the sorting within a rank.
//! Imports: nothing.

/// Width and height of a box.
#[derive(Clone, Copy, Debug)]
pub(super) struct Size {
    pub width: f64,
    pub height: f64,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Point {
    pub x: f64,
    pub y: f64,
}

/// Free room between boxes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Gaps {
    pub across: f64,
    pub down: f64,
}

/// Where everything goes.
#[derive(Debug)]
pub(super) struct Layout {
    /// Upper left corner of each box.
    pub boxes: Vec<Point>,
    /// Each edge: a curve from the first point to the second, a straight line to the third, and so on in turn.
    pub routes: Vec<Vec<Point>>,
    pub size: Size,
}

/// An edge to route.
#[derive(Clone, Copy, Debug)]
pub(super) struct Edge {
    pub from: usize,
    pub to: usize,
    /// The width kept free to the right of its straight parts, for a label.
    pub room: f64,
}

/// How often the order is swept, and how often the places are.
const ORDER_SWEEPS: usize = 16;
const PLACE_SWEEPS: usize = 40;

/// Lays out boxes of the given sizes, joined by `edges`, which must not form a cycle.
pub(super) fn layout(sizes: &[Size], edges: &[Edge], gaps: Gaps) -> Layout {
    let pairs: Vec<_> = edges.iter().map(|edge| (edge.from, edge.to)).collect();
    let ranks = ranks(sizes.len(), &pairs);
    let mut rows = Rows::new(sizes, edges, ranks);
    rows.reduce_crossings();
    let centres = rows.place(gaps.across);
    rows.draw(edges, &centres, gaps.down)
}

/// Lists of neighbours, one after another in one vector.
struct Neighbours {
    starts: Vec<usize>,
    list: Vec<usize>,
}

impl Neighbours {
    fn new(nodes: usize, edges: impl Iterator<Item = (usize, usize)> + Clone) -> Self {
        let mut starts = vec![0; nodes + 1];
        for (from, _) in edges.clone() {
            starts[from + 1] += 1;
        }
        for node in 0..nodes {
            starts[node + 1] += starts[node];
        }
        let mut next = starts.clone();
        let mut list = vec![0; starts[nodes]];
        for (from, to) in edges {
            list[next[from]] = to;
            next[from] += 1;
        }
        Neighbours { starts, list }
    }

    fn of(&self, node: usize) -> &[usize] {
        &self.list[self.starts[node]..self.starts[node + 1]]
    }
}

/// The row of each node: below all it reads, sources just above their first reader.
pub(super) fn ranks(nodes: usize, edges: &[(usize, usize)]) -> Vec<usize> {
    let readers = Neighbours::new(nodes, edges.iter().copied());
    let mut missing = vec![0; nodes];
    for &(_, to) in edges {
        missing[to] += 1;
    }
    let sources: Vec<usize> = (0..nodes).filter(|&node| missing[node] == 0).collect();
    let mut ranks = vec![0; nodes];
    let mut ready = sources.clone();
    while let Some(node) = ready.pop() {
        for &reader in readers.of(node) {
            ranks[reader] = ranks[reader].max(ranks[node] + 1);
            missing[reader] -= 1;
            if missing[reader] == 0 {
                ready.push(reader);
            }
        }
    }
    for node in sources {
        let first = readers.of(node).iter().map(|&reader| ranks[reader]).min();
        ranks[node] = first.map_or(0, |rank| rank - 1);
    }
    ranks
}

/// The boxes and bends of each rank, in order from left to right.
struct Rows {
    /// Boxes first, in the caller's order, then bends.
    sizes: Vec<Size>,
    boxes: usize,
    ranks: Vec<usize>,
    order: Vec<Vec<usize>>,
    /// The bends of each edge.
    bends: Vec<std::ops::Range<usize>>,
    above: Neighbours,
    below: Neighbours,
}

impl Rows {
    fn new(sizes: &[Size], edges: &[Edge], mut ranks: Vec<usize>) -> Self {
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

    fn reduce_crossings(&mut self) {
        let mut best = (self.crossings(), self.order.clone());
        for sweep in 0..ORDER_SWEEPS {
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

    /// The horizontal centre of each vertex.
    fn place(&self, gap: f64) -> Vec<f64> {
        let mut centres = vec![0.0; self.sizes.len()];
        let rows = self.order.len();
        for sweep in 0..PLACE_SWEEPS {
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

    fn draw(&self, edges: &[Edge], centres: &[f64], gap: f64) -> Layout {
        let half = |vertex: usize| self.sizes[vertex].width / 2.0;
        let vertices = 0..self.sizes.len();
        let left = vertices.clone().map(|vertex| centres[vertex] - half(vertex)).fold(f64::INFINITY, f64::min);
        let right = vertices.clone().map(|vertex| centres[vertex] + half(vertex)).fold(f64::NEG_INFINITY, f64::max);
        let mut tops = Vec::with_capacity(self.order.len());
        let mut bottoms = Vec::with_capacity(self.order.len());
        let mut y = 0.0;
        for row in &self.order {
            tops.push(y);
            y += row.iter().map(|&vertex| self.sizes[vertex].height).fold(0.0, f64::max);
            bottoms.push(y);
            y += gap;
        }
        let centres: Vec<f64> = centres.iter().map(|centre| centre - left).collect();
        let top = |vertex: usize| {
            let rank = self.ranks[vertex];
            (tops[rank] + bottoms[rank] - self.sizes[vertex].height) / 2.0
        };
        let (leave, enter) = (self.ports(edges, &centres, End::From), self.ports(edges, &centres, End::To));
        let route = |(edge, &Edge { from, to, .. }): (usize, &Edge)| {
            let start = Point { x: leave[edge], y: top(from) + self.sizes[from].height };
            let end = Point { x: enter[edge], y: top(to) };
            let bends = self.bends[edge].clone().flat_map(|bend| {
                let at = |y| Point { x: centres[bend] - half(bend), y };
                [at(tops[self.ranks[bend]]), at(bottoms[self.ranks[bend]])]
            });
            std::iter::once(start).chain(bends).chain([end]).collect()
        };
        Layout {
            boxes: (0..self.boxes).map(|vertex| Point { x: centres[vertex] - half(vertex), y: top(vertex) }).collect(),
            routes: edges.iter().enumerate().map(route).collect(),
            size: Size { width: (right - left).max(0.0), height: (y - gap).max(0.0) },
        }
    }

    /// Where each edge leaves or enters its box: side by side, in the order in which they go on.
    fn ports(&self, edges: &[Edge], centres: &[f64], end: End) -> Vec<f64> {
        let of = |edge: &Edge| if end == End::From { edge.from } else { edge.to };
        let touching = Neighbours::new(self.boxes, edges.iter().map(of).zip(0..));
        let next = |edge: usize| match end {
            End::From => self.bends[edge].clone().next().unwrap_or(edges[edge].to),
            End::To => self.bends[edge].clone().next_back().unwrap_or(edges[edge].from),
        };
        let mut ports = vec![0.0; edges.len()];
        for node in 0..self.boxes {
            let mut touching = touching.of(node).to_vec();
            touching.sort_by(|&a, &b| centres[next(a)].total_cmp(&centres[next(b)]));
            let step = (self.sizes[node].width * 0.6 / touching.len() as f64).min(16.0);
            let first = centres[node] - step * (touching.len() as f64 - 1.0) / 2.0;
            for (position, edge) in touching.into_iter().enumerate() {
                ports[edge] = first + step * position as f64;
            }
        }
        ports
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    From,
    To,
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

#[cfg(test)]
mod tests {
    use super::*;

    const BOX: Size = Size { width: 100.0, height: 40.0 };
    const GAPS: Gaps = Gaps { across: 20.0, down: 30.0 };

    fn check(nodes: usize, pairs: &[(usize, usize)]) -> Layout {
        let edges: Vec<_> = pairs.iter().map(|&(from, to)| Edge { from, to, room: 0.0 }).collect();
        let layout = layout(&vec![BOX; nodes], &edges, GAPS);
        for (index, a) in layout.boxes.iter().enumerate() {
            assert!(a.x >= -0.01 && a.x + BOX.width <= layout.size.width + 0.01, "box {index} leaves the picture");
            for b in &layout.boxes[index + 1..] {
                let apart = (a.x - b.x).abs() >= BOX.width || (a.y - b.y).abs() >= BOX.height;
                assert!(apart, "{a:?} and {b:?} overlap");
            }
        }
        for (route, &(from, to)) in layout.routes.iter().zip(pairs) {
            assert!(layout.boxes[from].y < layout.boxes[to].y, "edge {from} to {to} goes up");
            assert!(route.windows(2).all(|pair| pair[0].y <= pair[1].y));
        }
        layout
    }

    #[test]
    fn nothing_is_laid_out_as_nothing() {
        let layout = check(0, &[]);
        assert_eq!((layout.size.width, layout.size.height), (0.0, 0.0));
    }

    #[test]
    fn a_chain_is_one_column() {
        let layout = check(4, &[(0, 1), (1, 2), (2, 3)]);
        assert!(layout.boxes.iter().all(|corner| corner.x.abs() < 0.5));
        assert_eq!(layout.size.height, 4.0 * 40.0 + 3.0 * 30.0);
    }

    #[test]
    fn a_source_sits_just_above_its_first_reader() {
        assert_eq!(ranks(5, &[(0, 1), (1, 2), (3, 2), (4, 1)]), [0, 1, 2, 1, 0]);
    }

    #[test]
    fn twisted_edges_are_untwisted() {
        let layout = check(6, &[(0, 5), (1, 4), (2, 3)]);
        let x = |node: usize| layout.boxes[node].x;
        assert_eq!(x(0).total_cmp(&x(1)), x(5).total_cmp(&x(4)));
        assert_eq!(x(1).total_cmp(&x(2)), x(4).total_cmp(&x(3)));
    }

    #[test]
    fn a_long_edge_passes_beside_the_boxes_between() {
        let layout = check(4, &[(0, 1), (1, 2), (2, 3), (0, 3)]);
        let long = &layout.routes[3];
        for middle in [1, 2] {
            let corner = layout.boxes[middle];
            for point in long.iter().filter(|point| (corner.y..=corner.y + 40.0).contains(&point.y)) {
                assert!(point.x < corner.x || point.x > corner.x + 100.0, "{point:?} crosses box {middle}");
            }
        }
    }

    #[test]
    fn a_deep_tree_and_a_wide_fan_stay_disjoint() {
        let tree: Vec<_> = (1..127).map(|node| (node, (node - 1) / 2)).collect();
        check(127, &tree);
        let fan: Vec<_> = (0..200).map(|node| (node, 200)).collect();
        check(201, &fan);
    }
}
