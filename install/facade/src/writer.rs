//! Writes tokens one after another with as little space between them as there was some: a newline or one blank.

/// The text of a stripped file while it grows.
#[derive(Debug, Default)]
pub(crate) struct Writer {
    text: String,
    gap: Gap,
}

/// What stood between the last token written and the next.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Gap {
    #[default]
    None,
    Blank,
    Newline,
}

/// A place to come back to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mark {
    length: usize,
    gap: Gap,
}

impl Mark {
    /// The length of the text before it.
    pub fn end(self) -> usize {
        self.length
    }
}

impl Writer {
    /// Writes one token, after the gap that was noted.
    pub fn token(&mut self, token: &str) {
        match self.gap {
            _ if self.text.is_empty() => {}
            Gap::None => {}
            Gap::Blank => self.text.push(' '),
            Gap::Newline => self.text.push('\n'),
        }
        self.gap = Gap::None;
        self.text.push_str(token);
    }

    /// Notes white space: what is left of it is decided when the next token comes.
    pub fn space(&mut self, white: &str) {
        self.gap = self.gap.max(if white.contains('\n') { Gap::Newline } else { Gap::Blank });
    }

    /// Notes that something was left out here, so that its neighbours do not grow together.
    pub fn blank(&mut self) {
        self.space(" ");
    }

    /// A comment that runs to the end of its line.
    pub fn line(&mut self, comment: &str) {
        self.token(comment);
        self.gap = Gap::Newline;
    }

    /// Remembers this place.
    pub fn mark(&self) -> Mark {
        Mark { length: self.text.len(), gap: self.gap }
    }

    /// Forgets all that was written after the mark.
    pub fn rewind(&mut self, mark: Mark) {
        self.text.truncate(mark.length);
        self.gap = mark.gap;
    }

    /// What was written after the mark.
    pub fn since(&self, mark: Mark) -> &str {
        &self.text[mark.length..]
    }

    /// The whole text.
    pub fn finish(mut self) -> String {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        self.text
    }
}
