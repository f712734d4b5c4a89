//! Where edges leave and enter their boxes, and by which points they go. Imports: nothing.

use super::order::Rows;
use super::{Edge, Layout, Neighbours, Point, Size};

impl Rows {
    pub(super) fn route(&self, edges: &[Edge], centres: &[f64], gap: f64) -> Layout {
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
