//! Builds the kernel's messages and puts them on their channels. Imports: transport.

use crate::transport::Outgoing;
use crossbeam_channel::Sender;
use jupyter_protocol::{JupyterMessage, JupyterMessageContent};
use serde_json::Value;

/// The version of the protocol that the kernel speaks.
pub(crate) const PROTOCOL_VERSION: &str = "5.4";

/// Where the kernel's messages go out; clones go to the same place.
#[derive(Debug, Clone)]
pub(crate) struct Outbox {
    outgoing: Sender<Outgoing>,
}

/// The channel on which a request came, and its reply goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    Shell,
    Control,
}

impl Outbox {
    pub(crate) fn new(outgoing: Sender<Outgoing>) -> Self {
        Outbox { outgoing }
    }

    /// Shows something to all frontends, as caused by `parent`.
    pub(crate) fn publish(&self, content: impl Into<JupyterMessageContent>, parent: Option<&JupyterMessage>) {
        let mut message = message(content, parent);
        // On iopub the first frame is the topic, not an identity.
        message.zmq_identities = vec![message.header.msg_type.clone().into()];
        self.put(Outgoing::Iopub(message));
    }

    /// Answers `parent` where it came from.
    pub(crate) fn reply(
        &self,
        origin: Origin,
        content: impl Into<JupyterMessageContent>,
        metadata: Value,
        parent: &JupyterMessage,
    ) {
        let message = message(content, Some(parent)).with_metadata(metadata);
        self.put(match origin {
            Origin::Shell => Outgoing::Shell(message),
            Origin::Control => Outgoing::Control(message),
        });
    }

    /// Asks the frontend that sent `parent`; gives the id of the question.
    pub(crate) fn ask(&self, content: impl Into<JupyterMessageContent>, parent: &JupyterMessage) -> String {
        let message = message(content, Some(parent));
        let id = message.header.msg_id.clone();
        self.put(Outgoing::Stdin(message));
        id
    }

    /// Says that nothing more will come.
    pub(crate) fn close(&self) {
        self.put(Outgoing::Close);
    }

    fn put(&self, message: Outgoing) {
        // Fails only when the transport is gone: then there is nobody left to tell.
        drop(self.outgoing.send(message));
    }
}

fn message(content: impl Into<JupyterMessageContent>, parent: Option<&JupyterMessage>) -> JupyterMessage {
    let mut message = JupyterMessage::new(content, parent);
    message.header.username = "kernel".to_owned();
    message.header.version = PROTOCOL_VERSION.to_owned();
    message
}
