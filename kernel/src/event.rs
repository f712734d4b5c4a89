//! All that can happen to the server. Imports: transport, worker, input.

use crate::input::Question;
use crate::transport::Incoming;
use crate::worker::Answer;
use jupyter_protocol::JupyterMessage;

/// One thing that happened; the server handles them one after the other.
#[derive(Debug)]
pub(crate) enum Event {
    /// A request that may wait for the interpreter.
    Shell(JupyterMessage),
    /// A request that must not wait.
    Control(JupyterMessage),
    /// The user's answer.
    Stdin(JupyterMessage),
    /// A cell asks the user.
    Asked(Question),
    /// The interpreter has done a job.
    Finished(Answer),
    /// The interpreter's thread has ended.
    Stopped,
    /// The transport has ended: nobody will ask any more.
    Disconnected,
}

impl From<Incoming> for Event {
    fn from(incoming: Incoming) -> Self {
        match incoming {
            Incoming::Shell(message) => Event::Shell(message),
            Incoming::Control(message) => Event::Control(message),
            Incoming::Stdin(message) => Event::Stdin(message),
        }
    }
}
