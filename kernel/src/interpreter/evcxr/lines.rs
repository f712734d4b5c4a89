//! Text that knows its line, so that what the user wrote stands on the lines where the user wrote it. Imports nothing
//! in-house.

/// Text that knows its line.
#[derive(Default)]
pub struct Lines {
    pub text: String,
    line: usize,
}

impl Lines {
    /// Goes on after `text`.
    pub fn after(text: String) -> Self {
        Lines { line: text.matches('\n').count(), text }
    }

    pub fn push(&mut self, text: &str) {
        self.line += text.matches('\n').count();
        self.text.push_str(text);
    }

    /// Fills up with line ends until the text is on `line`, counted from 1.
    pub fn go_to(&mut self, line: usize) {
        while self.line + 1 < line {
            self.push("\n");
        }
    }
}
