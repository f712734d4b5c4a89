//! What is known of a name. Imports: interpreter, status, worker, output, cursor.

use crate::cursor::to_byte;
use crate::interpreter::MimeBundle;
use crate::output::media;
use crate::status::Busy;
use crate::worker::Job;
use jupyter_protocol::{InspectReply, InspectRequest};

/// Makes the job.
pub(crate) fn begin(request: &InspectRequest) -> Job {
    Job::Inspect { code: request.code.clone(), cursor: to_byte(&request.code, request.cursor_pos) }
}

/// Replies with what was found.
pub(crate) fn finish(busy: Busy, found: Option<MimeBundle>) {
    busy.reply(match found {
        Some(MimeBundle { data, metadata }) => {
            InspectReply { found: true, data: media(data), metadata, ..InspectReply::default() }
        }
        None => InspectReply::default(),
    });
}
