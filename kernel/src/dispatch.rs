//! From a message to its handler. Imports: handlers, status, queue.
//!
//! What needs the interpreter waits for it; all else is answered on the spot, also while a cell runs.

use crate::handlers::{comm, history, interrupt, is_complete, kernel_info, shutdown};
use crate::outbox::Origin;
use crate::server::Server;
use crate::status::Busy;
use jupyter_protocol::{JupyterMessage, JupyterMessageContent as Content, UnknownMessage};
use std::sync::Arc;

impl Server {
    /// Handles a request of either channel.
    pub(crate) fn dispatch(&mut self, origin: Origin, message: JupyterMessage) {
        match message.content {
            Content::ExecuteRequest(_) | Content::CompleteRequest(_) | Content::InspectRequest(_) => {
                self.queue.push((origin, message));
            }
            _ => self.answer_now(Busy::begin(&self.outbox, origin, message)),
        }
    }

    fn answer_now(&mut self, busy: Busy) {
        let request = Arc::clone(busy.request());
        match &request.content {
            Content::KernelInfoRequest(_) => busy.reply(kernel_info::answer(&self.language_version)),
            Content::IsCompleteRequest(request) => busy.reply(is_complete::answer(&request.code)),
            Content::HistoryRequest(request) => busy.reply(history::answer(&self.session, request)),
            Content::CommInfoRequest(_) => busy.reply(comm::info()),
            Content::CommOpen(request) => busy.publish(comm::refuse(request)),
            Content::InterruptRequest(_) => {
                self.interrupt();
                busy.reply(interrupt::answer());
            }
            Content::ShutdownRequest(request) => {
                shutdown::answer(busy, request);
                self.stopping = true;
            }
            // Late words to a comm that is closed already.
            Content::CommMsg(_) | Content::CommClose(_) => {}
            Content::UnknownMessage(unknown) => refuse(busy, unknown),
            Content::DebugRequest(_) => busy.refuse("NotSupported", "this kernel has no debugger"),
            // Requests that wait for the interpreter were taken out before.
            Content::ExecuteRequest(_) | Content::CompleteRequest(_) | Content::InspectRequest(_) => {}
            Content::ClearOutput(_)
            | Content::CommInfoReply(_)
            | Content::CompleteReply(_)
            | Content::DebugReply(_)
            | Content::DisplayData(_)
            | Content::ErrorOutput(_)
            | Content::ExecuteInput(_)
            | Content::ExecuteReply(_)
            | Content::ExecuteResult(_)
            | Content::HistoryReply(_)
            | Content::InputReply(_)
            | Content::InputRequest(_)
            | Content::InspectReply(_)
            | Content::InterruptReply(_)
            | Content::IoPubWelcome(_)
            | Content::IsCompleteReply(_)
            | Content::KernelInfoReply(_)
            | Content::ShutdownReply(_)
            | Content::Status(_)
            | Content::StreamContent(_)
            | Content::UpdateDisplayData(_) => {
                eprintln!("lazuli-kernel: ignored a {} message: it is not for kernels", request.header.msg_type);
            }
        }
    }
}

/// Answers a message that cannot be handled: its type is not known, or its content does not fit its type.
fn refuse(busy: Busy, unknown: &UnknownMessage) {
    let kind = &unknown.msg_type;
    let (name, value) = match Content::from_type_and_content(kind, unknown.content.clone()) {
        _ if !unknown.content.is_object() => {
            ("MalformedMessage", format!("the content or metadata of this {kind} is not a JSON object"))
        }
        Err(error) => ("MalformedMessage", format!("the content of this {kind} cannot be read: {error}")),
        Ok(_) => ("UnknownMessage", format!("this kernel does not know messages of the type {kind}")),
    };
    eprintln!("lazuli-kernel: {value}");
    busy.refuse(name, &value);
}
