//! How bags show themselves. Imports: bag, graph, lazy.

use super::summary::Summary;
use super::{Bundle, Draw, Drawing, channel, wording};
use crate::bag::Bag;
use crate::graph::Node;
use crate::lazy::Lazy;

impl<T: Clone + Send + Sync + 'static> Bag<T> {
    /// Draws the graph that makes this bag; runs nothing.
    ///
    /// ```
    /// use lazuli::prelude::*;
    /// let squares = from_sequence(0..100, 5).map(|n| n * n);
    /// assert!(squares.visualize().layers().text().contains("map ×5"));
    /// ```
    pub fn visualize(&self) -> Drawing {
        Drawing::of(&[self.node()])
    }

    /// Shows element type, partitions and graph as the result of a cell; runs nothing.
    pub fn evcxr_display(&self) {
        channel::show_result(&self.bundle());
    }
}

impl<T: Clone + Send + Sync + 'static> Draw for Bag<T> {
    fn bundle(&self) -> Bundle {
        lazy(self.node())
    }
}

fn lazy(node: &Node) -> Bundle {
    let title = format!("Bag<{}>", node.layer().picture().detail);
    Summary::of(title, node, vec![("partitions", wording::count(node.partitions()))]).bundle()
}

#[cfg(test)]
mod tests {
    use crate::bag::from_sequence;
    use crate::display::Draw;

    #[test]
    fn a_lazy_bag_says_what_it_holds_and_computes_nothing() {
        let text = from_sequence(0..10_i64, 3).map(|_| -> String { panic!("computed") }).bundle().text;
        assert!(text.starts_with("Bag<String> (lazy)\n  partitions 3"), "{text}");
    }
}
