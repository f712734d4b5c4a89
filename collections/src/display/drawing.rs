//! What `visualize()` returns. Imports: graph, schedule.

use std::path::Path;
use std::sync::Arc;

use super::layout::Direction;
use super::sketch::{Colour, Detail, Sketch, View, operations};
use super::{Bundle, Draw, DrawingError, channel, export, graph, png};
use crate::error::Result;
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
    view: View,
}

/// What is drawn.
impl Drawing {
    /// The graph under `nodes`.
    pub fn of(nodes: &[&Node]) -> Drawing {
        Drawing { targets: nodes.iter().copied().cloned().collect(), view: View::of(Detail::Fitting) }
    }

    /// The same, a box for each layer however few tasks there are.
    ///
    /// ```
    /// use lazuli::prelude::*;
    /// assert!(ones(10, 5).visualize().layers().text().contains("×2"));
    /// ```
    pub fn layers(&self) -> Drawing {
        self.seen(|view| view.detail = Detail::Layers)
    }

    /// The same, a box for each task; with hundreds of them the layers are drawn instead, and the picture says so.
    ///
    /// ```
    /// use lazuli::prelude::*;
    /// assert!(ones(100, 1).visualize().tasks().text().contains("(99,)"));
    /// ```
    pub fn tasks(&self) -> Drawing {
        self.seen(|view| view.detail = Detail::Tasks)
    }

    /// The layers, with those of one operation opened into their tasks; of very many, the first ones.
    ///
    /// ```
    /// use lazuli::prelude::*;
    /// # fn main() -> lazuli::Result<()> {
    /// let x = random((100, 100), (10, 10), 7).sin().sum();
    /// assert!(x.visualize().open("sin")?.text().contains("sin(0, 9)"));
    /// let error = x.visualize().open("cos").unwrap_err();
    /// assert!(error.to_string().starts_with("no layer of this graph is called `cos`: there are `random`, `sin`"));
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// If no layer is of that operation: the error names those there are.
    pub fn open(&self, operation: &str) -> Result<Drawing> {
        let known = operations(&self.layers_of_targets());
        if !known.contains(&operation) {
            return Err(DrawingError::NoOperation { name: operation.to_owned(), known }.into());
        }
        Ok(self.seen(|view| view.detail = Detail::Opened(operation.to_owned())))
    }

    /// The graph as it runs: only what is needed, and one box for layers that are fused into one.
    ///
    /// ```
    /// use lazuli::prelude::*;
    /// let x = random(100, 10, 7).sin().sqrt();
    /// assert!(x.visualize().layers().text().contains("3\u{a0}layers"));
    /// assert!(x.visualize().layers().optimized().text().contains("random → sin → sqrt ×10"));
    /// ```
    pub fn optimized(&self) -> Drawing {
        self.seen(|view| view.optimized = true)
    }

    /// The same, data flowing from left to right instead of downwards.
    ///
    /// ```
    /// use lazuli::prelude::*;
    /// assert!(ones(100, 10).sin().visualize().left_to_right().dot().contains("rankdir=LR"));
    /// ```
    pub fn left_to_right(&self) -> Drawing {
        self.seen(|view| view.direction = Direction::Right)
    }

    fn seen(&self, change: impl FnOnce(&mut View)) -> Drawing {
        let mut drawing = self.clone();
        change(&mut drawing.view);
        drawing
    }
}

/// What it is coloured by.
impl Drawing {
    /// Coloured by the time that was measured in the last run, which is what pictures are coloured by unasked.
    ///
    /// ```
    /// use lazuli::prelude::*;
    /// let six = call(|n: i32| n * 2, (call(|| 3, ()),));
    /// assert!(six.visualize().by_time().text().contains("compute() this first"));
    /// ```
    pub fn by_time(&self) -> Drawing {
        self.coloured(Colour::Time)
    }

    /// Coloured by the bytes that were made in the last run.
    ///
    /// ```standalone_crate
    /// use lazuli::prelude::*;
    /// # fn main() -> lazuli::Result<()> {
    /// let x = ones(1000, 100).sin();
    /// x.compute()?;
    /// assert!(x.visualize().layers().by_bytes().svg().contains("7.8 KiB"));
    /// # Ok(()) }
    /// ```
    pub fn by_bytes(&self) -> Drawing {
        self.coloured(Colour::Bytes)
    }

    /// Coloured by the order in which tasks are planned to run, those that run first being the lightest.
    ///
    /// ```
    /// use lazuli::prelude::*;
    /// assert!(ones(100, 10).sin().visualize().by_order().svg().contains("runs first to last"));
    /// ```
    pub fn by_order(&self) -> Drawing {
        self.coloured(Colour::Order)
    }

    /// Coloured by the workers that ran it last; a layer shows the share of each.
    ///
    /// ```standalone_crate
    /// use lazuli::prelude::*;
    /// # fn main() -> lazuli::Result<()> {
    /// let x = ones(1000, 100).sin();
    /// x.compute_with(Scheduler::Synchronous)?;
    /// assert!(x.visualize().by_worker().svg().contains("worker 0"));
    /// # Ok(()) }
    /// ```
    pub fn by_worker(&self) -> Drawing {
        self.coloured(Colour::Worker)
    }

    /// Coloured by operation: each has a tint of its own.
    ///
    /// ```
    /// use lazuli::prelude::*;
    /// let x = ones(100, 10).sin();
    /// assert_ne!(x.visualize().by_layer().svg(), x.visualize().svg());
    /// ```
    pub fn by_layer(&self) -> Drawing {
        self.coloured(Colour::Operation)
    }

    fn coloured(&self, colour: Colour) -> Drawing {
        self.seen(|view| view.colour = Some(colour))
    }
}

/// What it is made into.
impl Drawing {
    /// The picture as SVG.
    pub fn svg(&self) -> String {
        graph::draw(&self.sketch()).svg
    }

    /// The picture in words.
    pub fn text(&self) -> String {
        self.sketch().text()
    }

    /// The picture as PNG, two pixels to a unit of the SVG.
    ///
    /// ```
    /// use lazuli::prelude::*;
    /// match ones(100, 10).visualize().png() {
    ///     Ok(image) => assert!(image.starts_with(b"\x89PNG")),
    ///     Err(error) => assert!(error.to_string().starts_with("a PNG needs a font")),
    /// }
    /// ```
    ///
    /// # Errors
    /// If there is no font to write with.
    pub fn png(&self) -> Result<Vec<u8>> {
        Ok(png::drawn(&self.svg())?)
    }

    /// The picture in the language of Graphviz.
    ///
    /// ```
    /// use lazuli::prelude::*;
    /// assert!(ones(100, 10).visualize().dot().starts_with("digraph {"));
    /// ```
    pub fn dot(&self) -> String {
        export::dot(&self.sketch())
    }

    /// The picture in the language of Mermaid, which GitHub and Jupyter draw in Markdown.
    ///
    /// ```
    /// use lazuli::prelude::*;
    /// assert!(ones(100, 10).visualize().mermaid().starts_with("flowchart TD"));
    /// ```
    pub fn mermaid(&self) -> String {
        export::mermaid(&self.sketch())
    }

    /// What the picture shows as JSON: cards, links between them by index, and the last run.
    ///
    /// ```
    /// use lazuli::prelude::*;
    /// assert!(random(100, 10, 7).visualize().layers().json().contains(r#""title": "random""#));
    /// ```
    pub fn json(&self) -> String {
        export::json(&self.sketch())
    }

    /// Writes the picture to a file, in the format that its name ends with: svg, png, html, dot or gv, mmd or mermaid,
    /// json, txt.
    ///
    /// ```
    /// use lazuli::prelude::*;
    /// # fn main() -> lazuli::Result<()> {
    /// let file = std::env::temp_dir().join("lazuli-drawing.svg");
    /// ones(100, 10).visualize().save(&file)?;
    /// # std::fs::remove_file(file).unwrap();
    /// assert!(ones(100, 10).visualize().save("graph.docx").is_err());
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// If the name ends with none of these, or the file cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        export::save(self, path.as_ref())
    }

    /// Shows the picture as the result of a cell.
    pub fn evcxr_display(&self) {
        channel::show_result(&self.bundle());
    }

    fn layers_of_targets(&self) -> Vec<Arc<Layer>> {
        self.targets.iter().map(|node| node.layer().clone()).collect()
    }

    fn sketch(&self) -> Sketch {
        Sketch::of(&self.layers_of_targets(), &self.view, &schedule::last_runs())
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
