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
//!    regression, solved exactly by pooling adjacent violators (Barlow and others, 1972);
//! 5. route: where edges leave their boxes and by which points they go.
//!
//! Each phase takes time linear in nodes, edges and bends, but for the sorting within a rank. All of it is about
//! ranks from top to bottom; a graph that flows from left to right is laid out on swapped axes.
//! Imports: nothing.

mod order;
mod place;
mod route;

use order::Rows;

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

/// Where the ranks follow each other: which way data flows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    Down,
    Right,
}

impl Direction {
    /// A size or place as the phases see it, whose ranks go down; and back.
    fn swapped(self, (across, along): (f64, f64)) -> (f64, f64) {
        if self == Direction::Down { (across, along) } else { (along, across) }
    }
}

/// Free room between boxes: of one rank, and between ranks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Gaps {
    pub within: f64,
    pub between: f64,
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
    /// The room kept free beside its straight parts for a label: to the right of them, or below them where data
    /// flows to the right.
    pub room: f64,
}

/// Lays out boxes of the given sizes, joined by `edges`, which must not form a cycle.
pub(super) fn layout(sizes: &[Size], edges: &[Edge], gaps: Gaps, direction: Direction) -> Layout {
    let pairs: Vec<_> = edges.iter().map(|edge| (edge.from, edge.to)).collect();
    let ranks = ranks(sizes.len(), &pairs);
    let size = |size: Size| {
        let (width, height) = direction.swapped((size.width, size.height));
        Size { width, height }
    };
    let point = |point: Point| {
        let (x, y) = direction.swapped((point.x, point.y));
        Point { x, y }
    };
    let sizes: Vec<Size> = sizes.iter().copied().map(size).collect();
    let mut rows = Rows::new(&sizes, edges, ranks);
    rows.reduce_crossings();
    let centres = rows.place(gaps.within);
    let Layout { boxes, routes, size: whole } = rows.route(edges, &centres, gaps.between);
    Layout {
        boxes: boxes.into_iter().map(point).collect(),
        routes: routes.into_iter().map(|route| route.into_iter().map(point).collect()).collect(),
        size: size(whole),
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    const BOX: Size = Size { width: 100.0, height: 40.0 };
    const GAPS: Gaps = Gaps { within: 20.0, between: 30.0 };

    fn check(nodes: usize, pairs: &[(usize, usize)]) -> Layout {
        check_towards(Direction::Right, nodes, pairs);
        check_towards(Direction::Down, nodes, pairs)
    }

    fn check_towards(direction: Direction, nodes: usize, pairs: &[(usize, usize)]) -> Layout {
        let edges: Vec<_> = pairs.iter().map(|&(from, to)| Edge { from, to, room: 0.0 }).collect();
        let layout = layout(&vec![BOX; nodes], &edges, GAPS, direction);
        for (index, a) in layout.boxes.iter().enumerate() {
            assert!(a.x >= -0.01 && a.x + BOX.width <= layout.size.width + 0.01, "box {index} leaves the picture");
            assert!(a.y >= -0.01 && a.y + BOX.height <= layout.size.height + 0.01, "box {index} leaves the picture");
            for b in &layout.boxes[index + 1..] {
                let apart = (a.x - b.x).abs() >= BOX.width || (a.y - b.y).abs() >= BOX.height;
                assert!(apart, "{a:?} and {b:?} overlap");
            }
        }
        let along = |point: Point| if direction == Direction::Down { point.y } else { point.x };
        for (route, &(from, to)) in layout.routes.iter().zip(pairs) {
            assert!(along(layout.boxes[from]) < along(layout.boxes[to]), "edge {from} to {to} goes back");
            assert!(route.windows(2).all(|pair| along(pair[0]) <= along(pair[1])));
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
