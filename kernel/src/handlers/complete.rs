//! What could stand at the cursor. Imports: interpreter, status, worker, cursor.

use crate::cursor::{to_byte, to_character};
use crate::interpreter::{Completion, Completions};
use crate::status::Busy;
use crate::worker::Job;
use jupyter_protocol::{CompleteReply, CompleteRequest};
use serde_json::{Map, Value, json};

/// Makes the job.
pub(crate) fn begin(request: &CompleteRequest) -> Job {
    Job::Complete { code: request.code.clone(), cursor: to_byte(&request.code, request.cursor_pos) }
}

/// Replies with the candidates. Their kinds and signatures go where JupyterLab looks for them.
pub(crate) fn finish(busy: Busy, code: &str, found: Completions) {
    let (start, end) = (to_character(code, found.start), to_character(code, found.end));
    let typed = |match_: &Completion| json!({ "text": match_.text, "type": match_.kind, "signature": match_.signature, "start": start, "end": end });
    let types: Vec<Value> = found.matches.iter().map(typed).collect();
    busy.reply(CompleteReply {
        matches: found.matches.into_iter().map(|found| found.text).collect(),
        cursor_start: start,
        cursor_end: end,
        metadata: Map::from_iter([("_jupyter_types_experimental".to_owned(), Value::Array(types))]),
        ..CompleteReply::default()
    });
}
