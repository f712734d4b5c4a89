//! How frames and their computed tables show themselves. Imports: frame, graph, lazy.

use polars::prelude::{Column as PolarsColumn, DataFrame as PolarsFrame};

use super::markup::Element;
use super::summary::Summary;
use super::table::{self, Column, Row, ends};
use super::{Bundle, Draw, Drawing, channel, wording};
use crate::frame::{DataFrame, Table};
use crate::lazy::Lazy;

/// Rows shown at each end of a table, and columns.
const ROWS: usize = 5;
const COLUMNS: usize = 15;

impl DataFrame {
    /// Draws the graph that makes this frame; runs nothing.
    ///
    /// ```
    /// use lazuli::prelude::*;
    /// # fn main() -> lazuli::Result<()> {
    /// let frame = from_polars(polars::df!("x" => [1_i64, 2, 3]).unwrap(), 3)?;
    /// assert!(frame.filter(col("x").gt(lit(1)))?.visualize().layers().text().contains("filter ×3"));
    /// # Ok(()) }
    /// ```
    pub fn visualize(&self) -> Drawing {
        Drawing::of(&[self.node()])
    }

    /// Shows columns, partitions and graph as the result of a cell; runs nothing.
    pub fn evcxr_display(&self) {
        channel::show_result(&self.bundle());
    }
}

impl Draw for DataFrame {
    fn bundle(&self) -> Bundle {
        let schema = self.schema();
        let facts = vec![
            ("columns", wording::count(schema.len())),
            ("partitions", wording::count(self.npartitions())),
            // Rows stay in the order in which they come; nothing cuts a frame by the values of a column.
            ("divisions", "unknown".to_owned()),
        ];
        let schema = schema.iter().map(|(name, dtype)| (name.to_string(), dtype.to_string())).collect();
        Summary { schema, ..Summary::of("DataFrame".to_owned(), self.node(), facts) }.bundle()
    }
}

impl Table {
    /// Shows types, nulls, first and last rows as the result of a cell.
    pub fn evcxr_display(&self) {
        channel::show_result(&self.bundle());
    }
}

impl Draw for Table {
    fn bundle(&self) -> Bundle {
        let mut html = String::new();
        let mut whole = Element::new(&mut html, "div");
        let (rows, columns) = self.shape();
        let size = wording::bytes(self.estimated_size() as u64);
        let head = format!("{}, {}, {size}", wording::counted(rows, "row"), wording::counted(columns, "column"));
        whole.child("div").with("style", "opacity:0.7").text(&head);
        preview(self).draw(&mut whole);
        drop(whole);
        Bundle { html, text: self.to_string(), svg: None }
    }
}

/// The first and last rows and columns of `frame`.
fn preview(frame: &PolarsFrame) -> table::Table {
    let all = frame.columns();
    let columns: Vec<Option<&PolarsColumn>> =
        ends(all.len(), COLUMNS, COLUMNS / 3).into_iter().map(|index| index.map(|index| &all[index])).collect();
    let row = |row: Option<usize>| match row {
        None => Row::Gap,
        Some(row) => Row::Cells {
            label: row.to_string(),
            cells: columns.iter().map(|column| column.map_or("…".to_owned(), |column| cell(column, row))).collect(),
        },
    };
    table::Table {
        columns: columns.iter().map(|column| head(*column)).collect(),
        rows: ends(frame.height(), ROWS, ROWS).into_iter().map(row).collect(),
    }
}

fn head(column: Option<&PolarsColumn>) -> Column {
    let Some(column) = column else { return Column::of_words("…") };
    let mut notes = vec![column.dtype().to_string()];
    if column.null_count() > 0 {
        notes.push(wording::counted(column.null_count(), "null"));
    }
    Column { name: column.name().to_string(), notes, numeric: column.dtype().is_numeric() }
}

fn cell(column: &PolarsColumn, row: usize) -> String {
    let value = column.get(row).expect("the row is one of the frame's");
    match value.extract::<f64>().filter(|_| column.dtype().is_float()) {
        Some(float) => wording::float(float),
        None => value.str_value().into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use polars::prelude::*;

    use crate::display::Draw;
    use crate::frame::from_polars;

    #[test]
    fn a_lazy_frame_says_its_columns_and_computes_nothing() {
        let frame = from_polars(df!("zone" => [1_i64, 2, 3], "<b>" => ["x", "y", "z"]).unwrap(), 3).unwrap();
        let bundle = frame.bundle();
        for part in ["partitions 3", "divisions  unknown", "columns    zone i64, <b> str"] {
            assert!(bundle.text.contains(part), "{part} is not in {}", bundle.text);
        }
        assert!(bundle.html.contains("&lt;b&gt;") && bundle.html.contains(">str<"));
    }

    #[test]
    fn a_wide_lazy_frame_shows_the_first_and_last_columns() {
        let wide: Vec<Column> = (0..10_000).map(|n| Column::new(format!("c{n}").into(), [n])).collect();
        let bundle = from_polars(&DataFrame::new(1, wide).unwrap(), 1).unwrap().bundle();
        assert!(bundle.html.contains(">c0<") && bundle.html.contains(">c9999<") && !bundle.html.contains(">c500<"));
        assert!(bundle.text.ends_with("c14 i32, …, c9995 i32, c9996 i32, c9997 i32, c9998 i32, c9999 i32"));
        assert!(bundle.html.len() + bundle.text.len() < 20_000);
    }

    #[test]
    fn a_table_shows_types_nulls_and_both_ends() {
        let numbers: Vec<Option<f64>> = (0..1000).map(|n| (n != 3).then_some(n as f64 / 3.0)).collect();
        let words: Vec<String> = (0..1000).map(|n| format!("<w{n}>")).collect();
        let frame = from_polars(df!("x" => numbers, "word" => words).unwrap(), 2).unwrap();
        let html = frame.compute().unwrap().bundle().html;
        for part in ["1\u{a0}000\u{a0}rows", ">f64<", "1\u{a0}null<", ">0.333333<", ">null<", "&lt;w999&gt;", ">998<"] {
            assert!(html.contains(part), "{part} is not in {html}");
        }
        assert!(!html.contains("w500") && html.len() < 10_000);
    }

    #[test]
    fn a_wide_or_empty_table_is_shown_in_part() {
        let wide: Vec<Column> = (0..200).map(|n| Column::new(format!("c{n}").into(), [n])).collect();
        let frame = from_polars(&DataFrame::new(1, wide).unwrap(), 1).unwrap();
        let html = frame.compute().unwrap().bundle().html;
        assert!(html.contains(">c199<") && !html.contains(">c100<"));
        let empty = from_polars(df!("x" => Vec::<i64>::new()).unwrap(), 1).unwrap();
        assert!(empty.compute().unwrap().bundle().html.contains("0\u{a0}rows"));
    }
}
