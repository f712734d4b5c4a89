//! Says goodbye. Imports: status.

use crate::status::Busy;
use jupyter_protocol::{ReplyStatus, ShutdownReply, ShutdownRequest};

/// Tells the one who asked, and all others.
pub(crate) fn answer(busy: Busy, request: &ShutdownRequest) {
    let reply = ShutdownReply { restart: request.restart, status: ReplyStatus::Ok, error: None };
    busy.publish(reply.clone());
    busy.reply(reply);
}
