//! A markdown table, each row printed as soon as it is known.

/// A table whose head was printed.
pub struct Table {
    columns: usize,
}

impl Table {
    /// Prints the head, with a title above it.
    pub fn begin(title: &str, columns: &[&str]) -> Table {
        println!("\n{title}\n\n| {} |\n|---|{}", columns.join(" | "), "--:|".repeat(columns.len() - 1));
        Table { columns: columns.len() }
    }

    /// Prints a row.
    pub fn row(&self, cells: &[String]) {
        assert_eq!(cells.len(), self.columns, "a cell for each column");
        println!("| {} |", cells.join(" | "));
    }
}

/// What stands where there is nothing to tell.
pub fn nothing() -> String {
    "–".to_owned()
}
