//! Runs a cell. Imports: interpreter, session, status, worker, output, event.

use crate::event::Event;
use crate::interpreter::{Cell, Failure, Interruption, MimeBundle, Outcome};
use crate::outbox::{Origin, Outbox};
use crate::output::{CellOutput, media};
use crate::session::Session;
use crate::status::Busy;
use crate::worker::Job;
use crossbeam_channel::Sender;
use jupyter_protocol::{
    ErrorOutput, ExecuteInput, ExecuteReply, ExecuteRequest, ExecuteResult, ExecutionCount, ExpressionResult,
    JupyterMessage, ReplyError, ReplyStatus, Transient,
};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::Arc;

/// A cell that runs.
#[derive(Debug)]
pub(crate) struct Execution {
    busy: Busy,
    number: u32,
    silent: bool,
    store: bool,
    stop_on_error: bool,
    interruption: Interruption,
    /// When it began, as messages write time; frontends show how long a cell took.
    started: Value,
}

/// Announces a cell and makes its job.
pub(crate) fn begin(
    busy: Busy,
    request: &ExecuteRequest,
    session: &mut Session,
    events: &Sender<Event>,
) -> (Execution, Job) {
    let ExecuteRequest { code, silent, stop_on_error, allow_stdin, .. } = request.clone();
    let store = request.store_history && !silent;
    let number = if store { session.record(&code) } else { session.number() };
    if !silent {
        busy.publish(ExecuteInput { code: code.clone(), execution_count: count(number) });
    }
    let cell = Cell { number, code, silent, interruption: Interruption::default() };
    let output = CellOutput {
        cell: Arc::clone(busy.request()),
        outbox: busy.outbox().clone(),
        events: events.clone(),
        silent,
        allow_stdin,
    };
    let started = json!(JupyterMessage::new(request.clone(), None).header.date);
    let interruption = cell.interruption.clone();
    let execution = Execution { busy, number, silent, store, stop_on_error, interruption, started };
    let expressions = request.user_expressions.clone().unwrap_or_default().into_iter().collect();
    (execution, Job::Execute { cell, output: Arc::new(output), expressions })
}

impl Execution {
    /// Marks the cell as interrupted.
    pub(crate) fn interrupt(&self) {
        self.interruption.set();
    }

    /// Is this the cell that `request` runs?
    pub(crate) fn is_of(&self, request: &JupyterMessage) -> bool {
        self.busy.request().header.msg_id == request.header.msg_id
    }

    /// Would this outcome abort the cells that wait?
    pub(crate) fn aborts_others(&self, outcome: &Outcome) -> bool {
        self.stop_on_error && matches!(outcome, Outcome::Failed(_))
    }

    /// Shows how the cell ended, and replies.
    pub(crate) fn finish(self, outcome: Outcome, expressions: Vec<(String, Outcome)>, session: &mut Session) {
        let reply = match outcome {
            Outcome::Done { result } => {
                if let Some(result) = result.filter(|_| !self.silent) {
                    if self.store {
                        session
                            .record_output(result.data.get("text/plain").and_then(Value::as_str).unwrap_or_default());
                    }
                    self.busy.publish(shown(self.number, result));
                }
                let expressions = expressions.into_iter().map(|(name, outcome)| (name, value(outcome))).collect();
                reply(self.number, ReplyStatus::Ok, Some(expressions), None)
            }
            Outcome::Failed(Failure { name: ename, value: evalue, traceback }) => {
                let error = ReplyError { ename, evalue, traceback };
                if !self.silent {
                    let ReplyError { ename, evalue, traceback } = error.clone();
                    self.busy.publish(ErrorOutput { ename, evalue, traceback });
                }
                reply(self.number, ReplyStatus::Error, None, Some(error))
            }
        };
        self.busy.reply_with(reply, json!({ "started": self.started }));
    }
}

/// Replies to a cell that is not run because one before it failed.
pub(crate) fn abort(outbox: &Outbox, origin: Origin, request: JupyterMessage, session: &Session) {
    Busy::begin(outbox, origin, request).reply(reply(session.number(), ReplyStatus::Aborted, None, None));
}

fn reply(
    number: u32,
    status: ReplyStatus,
    user_expressions: Option<HashMap<String, ExpressionResult>>,
    error: Option<ReplyError>,
) -> ExecuteReply {
    ExecuteReply {
        status,
        execution_count: count(number),
        payload: Vec::new(),
        user_expressions: Some(user_expressions.unwrap_or_default()),
        error: error.map(Box::new),
    }
}

/// The protocol's schema wants an object where the message type allows nothing.
fn shown(number: u32, MimeBundle { data, metadata }: MimeBundle) -> ExecuteResult {
    ExecuteResult { execution_count: count(number), data: media(data), metadata, transient: Some(Transient::default()) }
}

/// What a frontend gets for an expression it asked for.
fn value(outcome: Outcome) -> ExpressionResult {
    match outcome {
        Outcome::Done { result } => {
            let MimeBundle { data, metadata } = result.unwrap_or_else(|| MimeBundle::plain("()"));
            ExpressionResult::Ok { data: media(data), metadata }
        }
        Outcome::Failed(Failure { name, value, traceback }) => {
            ExpressionResult::Error { ename: name, evalue: value, traceback }
        }
    }
}

fn count(number: u32) -> ExecutionCount {
    ExecutionCount::new(number as usize)
}
