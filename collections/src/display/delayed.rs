//! How delayed values show themselves. Imports: delayed, lazy.

use super::summary::Summary;
use super::{Bundle, Draw, Drawing, channel};
use crate::delayed::Delayed;
use crate::graph::Node;
use crate::lazy::Lazy;

impl<T: Clone + Send + Sync + 'static> Delayed<T> {
    /// Draws the graph that makes this value; runs nothing.
    ///
    /// ```
    /// use lazuli::prelude::*;
    /// let six = call(|n: i32| n * 2, (call(|| 3, ()),));
    /// assert!(six.visualize().text().contains("2\u{a0}tasks"));
    /// ```
    pub fn visualize(&self) -> Drawing {
        Drawing::of(&[self.node()])
    }

    /// Shows type and graph as the result of a cell; runs nothing.
    pub fn evcxr_display(&self) {
        channel::show_result(&self.bundle());
    }
}

impl<T: Clone + Send + Sync + 'static> Draw for Delayed<T> {
    fn bundle(&self) -> Bundle {
        lazy(self.node())
    }
}

fn lazy(node: &Node) -> Bundle {
    let layer = node.layer();
    let title = format!("Delayed<{}>", layer.picture().detail);
    Summary::of(title, node, vec![("made by", layer.operation().name().to_owned())]).bundle()
}

#[cfg(test)]
mod tests {
    use crate::delayed::call;
    use crate::display::Draw;

    #[test]
    fn a_delayed_value_says_its_type_and_computes_nothing() {
        let text = call(|| -> i64 { panic!("computed") }, ()).bundle().text;
        assert!(text.starts_with("Delayed<i64> (lazy)") && text.contains("1\u{a0}layer, 1\u{a0}task"), "{text}");
    }
}
