//! How arrays and their computed values show themselves. Imports: array, graph, lazy.

use super::markup::Element;
use super::summary::Summary;
use super::table::{Column, Row, Table, ends};
use super::{Bundle, Draw, Drawing, channel, chunks, wording};
use crate::array::{Array, Dtype, Values};
use crate::graph::Node;
use crate::lazy::Lazy;

/// Rows, and columns, shown at each end of an array.
const EDGE: usize = 5;

impl<T: Dtype> Array<T> {
    /// Draws the graph that makes this array; runs nothing.
    ///
    /// ```
    /// use lazuli::prelude::*;
    /// let x = random((1000, 1000), (100, 100), 7);
    /// assert!(x.sin().visualize().text().contains("sin ×100"));
    /// ```
    pub fn visualize(&self) -> Drawing {
        Drawing::of(&[self.node()])
    }

    /// Shows shape, chunks and graph as the result of a cell; runs nothing.
    pub fn evcxr_display(&self) {
        channel::show_result(&self.bundle());
    }
}

impl<T: Dtype> Draw for Array<T> {
    fn bundle(&self) -> Bundle {
        lazy(self.node(), T::NAME, self.nbytes(), &self.chunks())
    }
}

impl<T: Dtype> Values<T> {
    /// Shows shape, type and the corners as the result of a cell.
    pub fn evcxr_display(&self) {
        channel::show_result(&self.bundle());
    }
}

impl<T: Dtype> Draw for Values<T> {
    fn bundle(&self) -> Bundle {
        let element = |index: &[usize]| T::spelt(self, index);
        computed(T::NAME, size_of::<T>(), T::shape(self), &element, self.to_string())
    }
}

fn lazy(node: &Node, dtype: &str, bytes: usize, lengths: &[Vec<usize>]) -> Bundle {
    let shape: Vec<usize> = lengths.iter().map(|lengths| lengths.iter().sum()).collect();
    let largest: Vec<usize> = lengths.iter().map(|lengths| lengths.iter().copied().max().unwrap_or(0)).collect();
    let chunk_bytes = (bytes / shape.iter().product::<usize>().max(1) * largest.iter().product::<usize>()) as u64;
    let facts = vec![
        ("shape", wording::tuple(&shape)),
        ("size", wording::bytes(bytes as u64)),
        ("chunks", format!("{} of {}", wording::count(node.partitions()), wording::tuple(&largest))),
        ("chunk size", wording::bytes(chunk_bytes)),
    ];
    Summary { picture: chunks::draw(lengths), ..Summary::of(format!("Array<{dtype}>"), node, facts) }.bundle()
}

/// A table of the corners along the last two axes, and for more axes, of the first such plane.
fn computed(dtype: &str, width: usize, shape: &[usize], element: &dyn Fn(&[usize]) -> String, text: String) -> Bundle {
    let size: usize = shape.iter().product();
    let head = format!("{dtype} {}, {}", wording::tuple(shape), wording::bytes((size * width) as u64));
    let mut html = String::new();
    let mut whole = Element::new(&mut html, "div");
    let mut line = whole.child("div").with("style", "opacity:0.7");
    line.text(&head);
    if shape.len() > 2 {
        line.text(&format!(", of which [{}:, :]", "0, ".repeat(shape.len() - 2)));
    }
    drop(line);
    if size > 0 {
        corners(dtype, shape, element).draw(&mut whole);
    }
    drop(whole);
    Bundle { html, text: format!("{text}\n{head}"), svg: None }
}

fn corners(dtype: &str, shape: &[usize], element: &dyn Fn(&[usize]) -> String) -> Table {
    let (rows, columns) = match shape {
        [] => (1, 1),
        [columns] => (1, *columns),
        [.., rows, columns] => (*rows, *columns),
    };
    let columns = ends(columns, EDGE, EDGE);
    let cell = |row: usize, column: Option<usize>| match column {
        None => "…".to_owned(),
        Some(column) => {
            let mut index = vec![0; shape.len()];
            match &mut index[..] {
                [] => {}
                [only] => *only = column,
                [.., up, across] => (*up, *across) = (row, column),
            }
            number(dtype, element(&index))
        }
    };
    let head = |column: &Option<usize>| match column {
        _ if shape.is_empty() => Column::of_numbers(""),
        None => Column::of_numbers("…"),
        Some(column) => Column::of_numbers(&column.to_string()),
    };
    let line = |row: Option<usize>| match row {
        None => Row::Gap,
        Some(row) => Row::Cells {
            label: if shape.len() < 2 { String::new() } else { row.to_string() },
            cells: columns.iter().map(|&column| cell(row, column)).collect(),
        },
    };
    Table { columns: columns.iter().map(head).collect(), rows: ends(rows, EDGE, EDGE).into_iter().map(line).collect() }
}

/// Floats to six digits, everything else as it is.
fn number(dtype: &str, spelt: String) -> String {
    match spelt.parse() {
        Ok(value) if dtype.starts_with('f') => wording::float(value),
        _ => spelt,
    }
}

#[cfg(test)]
mod tests {
    use crate::array::{ones, random, zeros};
    use crate::display::Draw;

    #[test]
    fn a_lazy_array_says_what_it_is_and_computes_nothing() {
        let bundle = (random((1000, 400), (100, 100), 7) + 1.0).bundle();
        assert!(bundle.text.starts_with("Array<f64> (lazy)\n  shape      (1000, 400)\n"), "{}", bundle.text);
        assert!(bundle.text.contains("40 of (100, 100)") && bundle.text.contains("78.1 KiB"));
        assert!(bundle.html.contains("<img") && bundle.svg.is_some());
    }

    #[test]
    fn corners_of_a_large_result_are_shown() {
        let bundle = ones((1000, 400), (100, 100)).compute().unwrap().bundle();
        assert_eq!(bundle.html.matches("<td").count(), 11 * 11 + 1);
        assert!(bundle.html.contains("f64 (1000, 400), 3.1 MiB") && bundle.html.contains(">999<"));
    }

    #[test]
    fn results_of_any_number_of_axes_are_shown() {
        for (shape, cells) in [(vec![], 1), (vec![0], 0), (vec![3], 3), (vec![2, 3, 4, 5], 20), (vec![2, 0, 3], 0)] {
            let bundle = zeros(shape.clone(), vec![1; shape.len()]).compute().unwrap().bundle();
            assert_eq!(bundle.html.matches("<td").count(), cells, "{shape:?}");
        }
    }
}
