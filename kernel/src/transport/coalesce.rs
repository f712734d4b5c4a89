//! Joins text that a cell prints in quick succession. Imports nothing in-house; pure.
//!
//! A loop that prints is unbuffered and would be a message a line. Jupyter's server drops what exceeds 1000 messages a second,
//! so pieces of one stream of one cell are held for a moment and sent as one.

use jupyter_protocol::{JupyterMessage, JupyterMessageContent, StreamContent};
use std::time::{Duration, Instant};

/// How long text may be held: short enough that nobody sees it.
const HOLD: Duration = Duration::from_millis(20);

/// Text beyond this length is not held longer.
const ENOUGH: usize = 64 * 1024;

/// At most one stream message, waiting for more of its kind.
#[derive(Debug, Default)]
pub(super) struct Coalescer {
    held: Option<(JupyterMessage, Instant)>,
}

impl Coalescer {
    /// When the held message must go, if there is one.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.held.as_ref().map(|(_, deadline)| *deadline)
    }

    /// Takes a message in and gives back what may go now, in order.
    pub(super) fn push(&mut self, message: JupyterMessage, now: Instant) -> Vec<JupyterMessage> {
        let Some(piece) = stream(&message) else {
            return self.flush().into_iter().chain([message]).collect();
        };
        if let Some((held, _)) = &mut self.held
            && same_stream(held, &message)
        {
            if let JupyterMessageContent::StreamContent(text) = &mut held.content {
                text.text.push_str(&piece.text);
            }
        } else {
            let before = self.held.replace((message, now + HOLD));
            return before.into_iter().map(|(message, _)| message).collect();
        }
        let full = self.held.as_ref().and_then(|(held, _)| stream(held)).is_some_and(|held| held.text.len() >= ENOUGH);
        if full { self.flush().into_iter().collect() } else { Vec::new() }
    }

    /// Gives up what is held.
    pub(super) fn flush(&mut self) -> Option<JupyterMessage> {
        self.held.take().map(|(message, _)| message)
    }
}

fn stream(message: &JupyterMessage) -> Option<&StreamContent> {
    match &message.content {
        JupyterMessageContent::StreamContent(stream) => Some(stream),
        _ => None,
    }
}

/// Are both pieces of one stream of one cell?
fn same_stream(left: &JupyterMessage, right: &JupyterMessage) -> bool {
    let parent = |message: &JupyterMessage| message.parent_header.as_ref().map(|header| header.msg_id.clone());
    let name = |message| stream(message).map(|stream| std::mem::discriminant(&stream.name));
    parent(left) == parent(right) && name(left) == name(right)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jupyter_protocol::{ExecuteRequest, Status};

    /// Pushes pieces written as `o…` (stdout), `e…` (stderr), `i` (idle) for cells `1` and `2`; gives what comes out.
    fn check(pieces: &[(usize, &str)], expected: &[&str]) {
        let cells: Vec<JupyterMessage> = (0..2).map(|_| ExecuteRequest::default().into()).collect();
        let now = Instant::now();
        let mut coalescer = Coalescer::default();
        let mut sent = Vec::new();
        for &(cell, piece) in pieces {
            let parent = &cells[cell - 1];
            let message = match piece.split_at(1) {
                ("o", text) => StreamContent::stdout(text).as_child_of(parent),
                ("e", text) => StreamContent::stderr(text).as_child_of(parent),
                _ => Status::idle().as_child_of(parent),
            };
            sent.extend(coalescer.push(message, now));
        }
        sent.extend(coalescer.flush());
        let sent: Vec<&str> =
            sent.iter().map(|message| stream(message).map_or("idle", |stream| &stream.text)).collect();
        assert_eq!(sent, expected);
    }

    #[test]
    fn pieces_of_one_stream_become_one() {
        check(&[(1, "oa"), (1, "ob"), (1, "oc")], &["abc"]);
    }

    #[test]
    fn idle_never_overtakes_text() {
        check(&[(1, "oa"), (1, "ob"), (1, "i")], &["ab", "idle"]);
    }

    #[test]
    fn streams_and_cells_are_kept_apart() {
        check(&[(1, "oa"), (1, "eb"), (2, "ec"), (1, "ed")], &["a", "b", "c", "d"]);
    }

    #[test]
    fn long_text_goes_at_once() {
        let long = format!("o{}", "x".repeat(ENOUGH));
        let mut coalescer = Coalescer::default();
        let cell: JupyterMessage = ExecuteRequest::default().into();
        let now = Instant::now();
        assert!(coalescer.push(StreamContent::stdout("a").as_child_of(&cell), now).is_empty());
        assert_eq!(coalescer.push(StreamContent::stdout(&long).as_child_of(&cell), now).len(), 1);
        assert_eq!(coalescer.deadline(), None);
    }
}
