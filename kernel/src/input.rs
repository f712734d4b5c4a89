//! Questions of a cell to the user. Imports: interpreter, outbox.
//!
//! A cell blocks in its question, on its own thread, until the server has the answer. Threads of one cell may ask at the same time;
//! the user sees one question after the other.

use crate::interpreter::InputError;
use crate::outbox::Outbox;
use crossbeam_channel::Sender;
use jupyter_protocol::{InputReply, InputRequest, JupyterMessage};
use std::collections::VecDeque;
use std::sync::Arc;

/// A cell asks, and waits at the other end of `answer`.
#[derive(Debug)]
pub(crate) struct Question {
    /// The request that runs the cell.
    pub(crate) cell: Arc<JupyterMessage>,
    pub(crate) prompt: String,
    pub(crate) password: bool,
    pub(crate) answer: Sender<Result<String, InputError>>,
}

impl Question {
    /// Wakes the cell. It may have given up; then nobody hears it.
    pub(crate) fn settle(self, answer: Result<String, InputError>) {
        drop(self.answer.send(answer));
    }
}

/// The questions of the running cell, the one before the user first.
#[derive(Debug, Default)]
pub(crate) struct Questions {
    open: VecDeque<Question>,
    /// Message id of the question before the user.
    asked: Option<String>,
}

impl Questions {
    /// Asks as soon as the questions before it are answered.
    pub(crate) fn push(&mut self, question: Question, outbox: &Outbox) {
        self.open.push_back(question);
        self.ask_next(outbox);
    }

    /// Takes an answer in. One that belongs to an earlier question is late, and dropped.
    pub(crate) fn answer(&mut self, parent: Option<&str>, reply: &InputReply, outbox: &Outbox) {
        // Some frontends name no parent; theirs can only mean the question before the user.
        let late = self.asked.is_none() || parent.is_some_and(|parent| Some(parent) != self.asked.as_deref());
        if late {
            return;
        }
        self.asked = None;
        if let Some(question) = self.open.pop_front() {
            question.settle(Ok(reply.value.clone()));
        }
        self.ask_next(outbox);
    }

    /// Ends all questions without an answer.
    pub(crate) fn close(&mut self, why: InputError) {
        self.asked = None;
        self.open.drain(..).for_each(|question| question.settle(Err(why)));
    }

    fn ask_next(&mut self, outbox: &Outbox) {
        if self.asked.is_none()
            && let Some(question) = self.open.front()
        {
            let request = InputRequest { prompt: question.prompt.clone(), password: question.password };
            self.asked = Some(outbox.ask(request, &question.cell));
        }
    }
}
