//! HTML tables: names over columns, numbers to the right, a gap where rows or columns are left out.
//! Imports: nothing.

use super::markup::Element;
use super::wording;

/// What is shown of a longer text when it is pointed at.
const MOST_HOVER: usize = 400;

const LINE: &str = "1px solid rgba(128,128,128,0.35)";
const FAINT: &str = "opacity:0.7;font-weight:normal;font-size:11px";

#[derive(Debug, Default)]
pub(super) struct Table {
    pub columns: Vec<Column>,
    pub rows: Vec<Row>,
}

#[derive(Debug, Default)]
pub(super) struct Column {
    pub name: String,
    /// Smaller lines under the name: a type, a count of nulls.
    pub notes: Vec<String>,
    pub numeric: bool,
}

#[derive(Debug)]
pub(super) enum Row {
    Cells {
        /// What the row is called: its number.
        label: String,
        cells: Vec<String>,
    },
    /// Rows left out.
    Gap,
}

/// The indices of `length` things of which the first and last are shown, `None` where some are left out between.
pub(super) fn ends(length: usize, first: usize, last: usize) -> Vec<Option<usize>> {
    if length <= first + last + 1 {
        return (0..length).map(Some).collect();
    }
    (0..first).map(Some).chain([None]).chain((length - last..length).map(Some)).collect()
}

impl Column {
    /// A column of words.
    pub(super) fn of_words(name: &str) -> Column {
        Column { name: name.to_owned(), ..Column::default() }
    }

    /// A column of numbers.
    pub(super) fn of_numbers(name: &str) -> Column {
        Column { numeric: true, ..Column::of_words(name) }
    }
}

impl Table {
    /// The table, scrolled where it is large.
    pub(super) fn draw(&self, parent: &mut Element) {
        let mut scroll = parent.child("div").with("style", "overflow:auto;max-height:420px;margin:4px 0");
        let mut table = scroll.child("table").with("style", "border-collapse:collapse;margin:0;font-size:12px");
        if self.columns.iter().any(|column| !column.name.is_empty()) {
            let mut head = table.child("thead");
            let mut row = head.child("tr");
            drop(row.child("th").with("style", format!("border-bottom:{LINE}")));
            for column in &self.columns {
                column.draw(&mut row);
            }
        }
        let mut body = table.child("tbody");
        for row in &self.rows {
            let mut line = body.child("tr");
            match row {
                Row::Cells { label, cells } => self.draw_row(&mut line, label, cells),
                Row::Gap => self.draw_gap(&mut line),
            }
        }
    }

    fn draw_row(&self, line: &mut Element, label: &str, cells: &[String]) {
        line.child("th").with("style", format!("text-align:right;padding:2px 10px 2px 4px;{FAINT}")).text(label);
        for (column, cell) in self.columns.iter().zip(cells) {
            let shown = wording::clipped(cell, wording::NAME);
            let element = line.child("td").with("style", format!("{};padding:2px 8px;white-space:pre", column.align()));
            let mut element =
                if shown == *cell { element } else { element.with("title", wording::clipped(cell, MOST_HOVER)) };
            element.text(&shown);
        }
    }

    fn draw_gap(&self, line: &mut Element) {
        for index in 0..=self.columns.len() {
            let align = if index == 0 { "text-align:right" } else { self.columns[index - 1].align() };
            line.child("td").with("style", format!("{align};padding:0 8px;opacity:0.7")).text("⋮");
        }
    }
}

impl Column {
    fn align(&self) -> &'static str {
        if self.numeric { "text-align:right" } else { "text-align:left" }
    }

    fn draw(&self, row: &mut Element) {
        let style = format!("{};padding:2px 8px;border-bottom:{LINE};vertical-align:bottom", self.align());
        let mut head = row.child("th").with("style", style);
        head.text(&wording::clipped(&self.name, wording::NAME));
        for note in &self.notes {
            head.child("div").with("style", FAINT).text(&wording::clipped(note, wording::NAME));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_stands_for_more_than_one_thing() {
        assert_eq!(ends(4, 2, 1), [Some(0), Some(1), Some(2), Some(3)]);
        assert_eq!(ends(5, 2, 1), [Some(0), Some(1), None, Some(4)]);
        assert_eq!(ends(0, 2, 1), []);
    }

    #[test]
    fn a_long_text_is_cut_and_escaped() {
        let column = Column { notes: vec!["struct".repeat(2_000)], ..Column::of_words("<b>") };
        let cells = vec!["<script>\"".repeat(1_000)];
        let table = Table { columns: vec![column], rows: vec![Row::Cells { label: "0".to_owned(), cells }, Row::Gap] };
        let mut html = String::new();
        table.draw(&mut Element::new(&mut html, "div"));
        assert!(html.len() < 5_000 && !html.contains("<script") && html.contains("&lt;b&gt;") && html.contains('…'));
    }
}
