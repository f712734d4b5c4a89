//! Busy while a request is handled, idle after. Imports: outbox.
//!
//! A frontend that sees no idle spins for ever, and one that gets no reply waits for ever. So both are owed by a value: whatever way
//! a handler ends, dropping [`Busy`] pays them.

use crate::outbox::{Origin, Outbox};
use jupyter_protocol::{JupyterMessage, JupyterMessageContent, Status, UnknownMessage};
use serde_json::{Value, json};
use std::sync::Arc;

/// A request that is being handled: busy is published when it is made, idle when it is dropped.
#[derive(Debug)]
pub(crate) struct Busy {
    request: Arc<JupyterMessage>,
    origin: Origin,
    outbox: Outbox,
    /// Is a reply still owed? Messages that are no requests have none.
    owed: bool,
}

impl Busy {
    /// Starts to handle a request.
    pub(crate) fn begin(outbox: &Outbox, origin: Origin, request: JupyterMessage) -> Self {
        outbox.publish(Status::busy(), Some(&request));
        let owed = request.header.msg_type.ends_with("_request");
        Busy { request: Arc::new(request), origin, outbox: outbox.clone(), owed }
    }

    /// What is being handled.
    pub(crate) fn request(&self) -> &Arc<JupyterMessage> {
        &self.request
    }

    /// Where its messages go.
    pub(crate) fn outbox(&self) -> &Outbox {
        &self.outbox
    }

    /// Shows something to all frontends on its behalf.
    pub(crate) fn publish(&self, content: impl Into<JupyterMessageContent>) {
        self.outbox.publish(content, Some(&self.request));
    }

    /// Answers it; that ends it.
    pub(crate) fn reply(self, content: impl Into<JupyterMessageContent>) {
        self.reply_with(content, json!({}));
    }

    /// Answers it, with metadata.
    pub(crate) fn reply_with(mut self, content: impl Into<JupyterMessageContent>, metadata: Value) {
        self.outbox.reply(self.origin, content, metadata, &self.request);
        self.owed = false;
    }

    /// Answers it with an error, whatever its type.
    pub(crate) fn refuse(mut self, name: &str, value: &str) {
        self.pay_error(name, value);
    }

    fn pay_error(&mut self, name: &str, value: &str) {
        if std::mem::take(&mut self.owed) {
            let error = UnknownMessage {
                msg_type: self.request.header.msg_type.replace("_request", "_reply"),
                content: json!({ "status": "error", "ename": name, "evalue": value, "traceback": [] }),
            };
            self.outbox.reply(self.origin, error, json!({}), &self.request);
        }
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.pay_error("KernelFault", "the kernel ended the request without an answer");
        self.outbox.publish(Status::idle(), Some(&self.request));
    }
}
