//! A connected pair without sockets, for tests. Imports: transport.

use super::{Connection, Incoming, Outgoing};
use crossbeam_channel::{Receiver, Sender, unbounded};

/// The frontend's end of a pair.
#[derive(Debug)]
pub struct Frontend {
    /// Where requests go in. Dropping it disconnects the kernel.
    pub requests: Sender<Incoming>,
    /// What the kernel sends, of all channels, in one order.
    pub messages: Receiver<Outgoing>,
}

/// Makes a connection whose other end is in the same process.
///
/// ```
/// use jupyter_protocol::{JupyterMessage, KernelInfoRequest};
/// use lazuli_kernel::transport::{Incoming, memory};
///
/// let (connection, frontend) = memory::pair();
/// frontend.requests.send(Incoming::Shell(KernelInfoRequest {}.into())).expect("the kernel's end is there");
/// let Ok(Incoming::Shell(request)) = connection.incoming.recv() else { panic!("it was sent on shell") };
/// assert_eq!(request.message_type(), "kernel_info_request");
/// ```
pub fn pair() -> (Connection, Frontend) {
    let (requests, incoming) = unbounded();
    let (outgoing, messages) = unbounded();
    (Connection { incoming, outgoing }, Frontend { requests, messages })
}
