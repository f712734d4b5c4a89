//! Content that crates written for evcxr (plotting crates above all) print to stdout between two
//! markers: taken out of the text and shown as what it is. Pure; imports nothing in-house.

/// A piece of what was printed.
#[derive(Debug, PartialEq, Eq)]
pub enum Piece {
    Text(String),
    Content { mime: String, content: String },
}

const BEGIN: &str = "EVCXR_BEGIN_CONTENT ";
const END: &str = "\nEVCXR_END_CONTENT\n";

/// Takes a stream apart that arrives in chunks.
#[derive(Debug, Default)]
pub struct Markers {
    held: String,
    /// Whether what comes next begins a line.
    mid_line: bool,
}

impl Markers {
    /// The pieces that `text` completes.
    pub fn feed(&mut self, text: &str) -> Vec<Piece> {
        self.held.push_str(text);
        let mut pieces = Vec::new();
        loop {
            let start = self.line_starts().find(|&start| self.could_be_marker(start));
            let before = start.unwrap_or(self.held.len());
            if before > 0 {
                let text: String = self.held.drain(..before).collect();
                self.mid_line = !text.ends_with('\n');
                pieces.push(Piece::Text(text));
            }
            // What is held now begins with a marker, or with what may become one.
            let Some((head, rest)) = self.held.split_once('\n') else { return pieces };
            let Some(end) = rest.find(END).map(|end| (end, head.len() + 1 + end + END.len())) else { return pieces };
            let mime = head[BEGIN.len()..].to_owned();
            pieces.push(Piece::Content { mime, content: rest[..end.0].to_owned() });
            self.held.drain(..end.1);
            self.mid_line = false;
        }
    }

    /// The cell is over: what looked like the beginning of a marker was text, and the next cell begins a line.
    pub fn finish(&mut self) -> String {
        self.mid_line = false;
        std::mem::take(&mut self.held)
    }

    fn line_starts(&self) -> impl Iterator<Item = usize> {
        let first = (!self.mid_line && !self.held.is_empty()).then_some(0);
        first.into_iter().chain(self.held.match_indices('\n').map(|(at, _)| at + 1))
    }

    fn could_be_marker(&self, start: usize) -> bool {
        let line = &self.held[start..];
        !line.is_empty() && (line.starts_with(BEGIN) || BEGIN.starts_with(line))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Piece {
        Piece::Text(text.into())
    }

    #[test]
    fn content_is_found_wherever_the_chunks_are_cut() {
        let printed = "a\nEVCXR_BEGIN_CONTENT text/html\n<b>\nx</b>\nEVCXR_END_CONTENT\nEVIL b";
        for cut in 0..printed.len() {
            let mut markers = Markers::default();
            let mut pieces = markers.feed(&printed[..cut]);
            pieces.extend(markers.feed(&printed[cut..]));
            let mut joined = String::new();
            let mut contents = Vec::new();
            for piece in pieces {
                match piece {
                    Piece::Text(text) => joined.push_str(&text),
                    Piece::Content { mime, content } => contents.push((mime, content)),
                }
            }
            assert_eq!(joined, "a\nEVIL b", "cut at {cut}");
            assert_eq!(contents, [("text/html".to_owned(), "<b>\nx</b>".to_owned())], "cut at {cut}");
        }
    }

    #[test]
    fn what_only_looked_like_a_marker_comes_out_at_the_end() {
        let mut markers = Markers::default();
        assert_eq!(markers.feed("EVCXR"), []);
        assert_eq!(markers.finish(), "EVCXR");
        assert_eq!(markers.feed("x"), [text("x")]);
        markers.finish();
        let content = Piece::Content { mime: "a/b".into(), content: "c".into() };
        assert_eq!(markers.feed("EVCXR_BEGIN_CONTENT a/b\nc\nEVCXR_END_CONTENT\n"), [content]);
    }

    #[test]
    fn ordinary_text_is_not_held_back() {
        assert_eq!(Markers::default().feed("EV is no marker"), [text("EV is no marker")]);
        assert_eq!(Markers::default().feed("progress 10%"), [text("progress 10%")]);
    }
}
