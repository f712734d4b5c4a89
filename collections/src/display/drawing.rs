//! What `visualize()` returns. Imports: graph, schedule.

use std::sync::Arc;

use super::sketch::{Detail, Sketch};
use super::{Bundle, Draw, channel, graph};
use crate::graph::{Layer, Node};
use crate::schedule;

/// The graph under one or more collections, as a picture: drawn when shown, coloured by measured time
/// once it has run.
///
/// ```
/// use lazuli::prelude::*;
/// let six = call(|n: i32| n * 2, (call(|| 3, ()),));
/// let drawing = six.visualize();
/// assert!(drawing.text().contains("2\u{a0}tasks"));
/// assert!(drawing.svg().starts_with("<svg"));
/// ```
#[derive(Clone, Debug)]
#[must_use = "a drawing is seen when it is the last expression of a cell, or given to `display`"]
pub struct Drawing {
    targets: Vec<Node>,
    detail: Detail,
}

impl Drawing {
    /// The graph under `nodes`.
    pub fn of(nodes: &[&Node]) -> Drawing {
        Drawing { targets: nodes.iter().copied().cloned().collect(), detail: Detail::Fitting }
    }

    /// The same, a box for each layer however few tasks there are.
    ///
    /// ```
    /// use lazuli::prelude::*;
    /// assert!(ones(10, 5).visualize().layers().text().contains("×2"));
    /// ```
    pub fn layers(&self) -> Drawing {
        Drawing { detail: Detail::Layers, ..self.clone() }
    }

    /// The same, a box for each task; with hundreds of them the layers are drawn instead, and the picture says so.
    ///
    /// ```
    /// use lazuli::prelude::*;
    /// assert!(ones(100, 1).visualize().tasks().text().contains("(99,)"));
    /// ```
    pub fn tasks(&self) -> Drawing {
        Drawing { detail: Detail::Tasks, ..self.clone() }
    }

    /// The picture as SVG.
    pub fn svg(&self) -> String {
        graph::draw(&self.sketch()).svg
    }

    /// The picture in words.
    pub fn text(&self) -> String {
        self.sketch().text()
    }

    /// Shows the picture as the result of a cell.
    pub fn evcxr_display(&self) {
        channel::show_result(&self.bundle());
    }

    fn sketch(&self) -> Sketch {
        let targets: Vec<Arc<Layer>> = self.targets.iter().map(|node| node.layer().clone()).collect();
        Sketch::of(&targets, self.detail, schedule::last_run().as_deref())
    }
}

impl Draw for Drawing {
    fn bundle(&self) -> Bundle {
        let sketch = self.sketch();
        let figure = graph::draw(&sketch);
        Bundle { html: figure.html(), text: sketch.text(), svg: Some(figure.svg) }
    }
}

/// Draws the graph under several collections, of whatever types; what they share is drawn once.
///
/// ```
/// use lazuli::prelude::*;
/// let three = call(|| 3, ());
/// let six = call(|n: i32| n * 2, (three.clone(),));
/// let nine = call(|n: i32| n * 3, (three.clone(),));
/// assert!(visualize!(six, nine).text().contains("3\u{a0}tasks"));
/// ```
#[macro_export]
macro_rules! visualize {
    ($($lazy:expr),+ $(,)?) => { $crate::display::Drawing::of(&[$($crate::lazy::Lazy::node(&$lazy)),+]) };
}
