//! How messages come and go: two channels of parsed messages, whatever carries them. Imports nothing in-house.
//!
//! The only async code of the kernel is in [`zmq`]; the server sees a [`Connection`] and nothing behind it.

mod coalesce;
mod defaults;
pub mod memory;
pub mod zmq;

use crossbeam_channel::{Receiver, Sender};
use jupyter_protocol::JupyterMessage;

/// The server's end of a connection to its frontends.
///
/// ```
/// use lazuli_kernel::transport::memory;
/// let (connection, frontend) = memory::pair();
/// drop(frontend);
/// assert!(connection.incoming.recv().is_err());
/// ```
#[derive(Debug)]
pub struct Connection {
    /// What frontends send, in the order of arrival. Disconnected when the transport ends.
    pub incoming: Receiver<Incoming>,
    /// What the kernel sends. Order is kept per channel.
    pub outgoing: Sender<Outgoing>,
}

/// A message from a frontend: signed as it should be, with a header that can be read.
///
/// Content that its message type does not allow, or that is no JSON, arrives as `UnknownMessage`, so that it can be answered.
#[derive(Debug)]
pub enum Incoming {
    /// A request that may wait for the interpreter.
    Shell(JupyterMessage),
    /// A request that must not wait.
    Control(JupyterMessage),
    /// The user's answer to a cell that asked.
    Stdin(JupyterMessage),
}

/// A message to the frontends.
#[derive(Debug)]
pub enum Outgoing {
    /// The reply to a request on the shell channel.
    Shell(JupyterMessage),
    /// The reply to a request on the control channel.
    Control(JupyterMessage),
    /// A question to the user.
    Stdin(JupyterMessage),
    /// What every frontend sees.
    Iopub(JupyterMessage),
    /// The last message: send what is there, then end.
    Close,
}
