//! Requests that wait for the interpreter. Imports: outbox. Pure.
//!
//! It does one thing at a time. What a user asks while typing goes before the cells that wait: with all cells of a notebook queued,
//! a completion comes after the running cell, not after the last.

use crate::outbox::Origin;
use jupyter_protocol::{JupyterMessage, JupyterMessageContent};
use std::collections::VecDeque;

/// A request, and where it came from.
pub(crate) type Waiting = (Origin, JupyterMessage);

/// Two lines, each first come first served.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    questions: VecDeque<Waiting>,
    cells: VecDeque<Waiting>,
}

impl Queue {
    /// Puts a request at the end of its line.
    pub(crate) fn push(&mut self, waiting: Waiting) {
        match waiting.1.content {
            JupyterMessageContent::ExecuteRequest(_) => self.cells.push_back(waiting),
            _ => self.questions.push_back(waiting),
        }
    }

    /// Takes the request whose turn it is.
    pub(crate) fn pop(&mut self) -> Option<Waiting> {
        self.questions.pop_front().or_else(|| self.cells.pop_front())
    }

    /// Takes all waiting cells, to abort them.
    pub(crate) fn take_cells(&mut self) -> VecDeque<Waiting> {
        std::mem::take(&mut self.cells)
    }
}
