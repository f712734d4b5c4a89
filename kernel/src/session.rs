//! What the kernel remembers between cells: their count, their text and their results. Imports nothing in-house; pure.

/// The history of one kernel's life.
#[derive(Debug, Default)]
pub(crate) struct Session {
    entries: Vec<Entry>,
}

/// A cell that was run and is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Its number, from 1.
    pub(crate) number: u32,
    /// Its text.
    pub(crate) input: String,
    /// Its result as plain text; empty if it had none.
    pub(crate) output: String,
}

impl Session {
    /// The number of the last cell that is kept; 0 before the first.
    pub(crate) fn number(&self) -> u32 {
        self.entries.last().map_or(0, |entry| entry.number)
    }

    /// Keeps a cell and gives it its number.
    pub(crate) fn record(&mut self, input: &str) -> u32 {
        let number = self.number() + 1;
        self.entries.push(Entry { number, input: input.to_owned(), output: String::new() });
        number
    }

    /// Keeps the result of the last cell.
    pub(crate) fn record_output(&mut self, output: &str) {
        if let Some(entry) = self.entries.last_mut() {
            entry.output = output.to_owned();
        }
    }

    /// All cells that are kept, oldest first.
    pub(crate) fn entries(&self) -> &[Entry] {
        &self.entries
    }
}
