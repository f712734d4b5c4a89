//! The five ZeroMQ sockets of a Jupyter kernel. Imports: transport, error. The only file that is async.
//!
//! A thread of its own runs all sockets; a second one moves what the server sends to them. The iopub socket is an XPUB, so that a
//! frontend hears `iopub_welcome` once it is subscribed (JEP 65). A message that is not signed with the key of the connection file
//! is dropped with a line on stderr.

use super::coalesce::Coalescer;
use super::defaults;
use super::{Connection, Incoming, Outgoing};
use crate::error::Error;
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, unbounded};
use jupyter_protocol::{ConnectionInfo, Header, IoPubWelcome, JupyterMessage, JupyterMessageContent, UnknownMessage};
use jupyter_zmq_client::{
    KernelHeartbeatConnection, KernelIoPubXPubConnection, KernelShellConnection, RawMessage, RouterRecvConnection,
    RouterSendConnection, RuntimeError, SubscriptionEvent, create_kernel_control_connection,
    create_kernel_heartbeat_connection, create_kernel_iopub_xpub_connection, create_kernel_shell_connection,
    create_kernel_stdin_connection,
};
use serde_json::Value;
use std::thread::{self, JoinHandle};
use std::time::Instant;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinSet;
use zeromq::{SocketRecv, SocketSend, ZmqError};

/// The only way of signing that Jupyter has.
const SIGNATURE_SCHEME: &str = "hmac-sha256";

/// The threads behind a connection.
#[derive(Debug)]
pub struct Threads {
    pump: JoinHandle<()>,
    sockets: JoinHandle<()>,
}

impl Threads {
    /// Waits until all that was sent before [`Outgoing::Close`] is on its way.
    pub fn join(self) {
        for thread in [self.pump, self.sockets] {
            if thread.join().is_err() {
                eprintln!("lazuli-kernel: a thread of the transport panicked; the last messages may be lost");
            }
        }
    }
}

/// Binds the sockets that a connection file names, and starts to serve them.
///
/// ```no_run
/// use jupyter_protocol::ConnectionInfo;
/// use lazuli_kernel::{Error, transport::zmq};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let info: ConnectionInfo = serde_json::from_str(&std::fs::read_to_string("kernel-1.json")?)?;
/// let (connection, threads) = zmq::bind(&info)?;
/// # Ok(()) }
/// ```
pub fn bind(info: &ConnectionInfo) -> Result<(Connection, Threads), Error> {
    if info.signature_scheme != SIGNATURE_SCHEME {
        return Err(Error::SignatureScheme { scheme: info.signature_scheme.clone() });
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|source| Error::Runtime { source })?;
    let sockets = runtime.block_on(Sockets::bind(info))?;

    let (to_server, incoming) = unbounded();
    let (outgoing, from_server) = unbounded();
    let (lanes, ends) = Lanes::new();
    let pump = spawn("outgoing", move || pump(&from_server, &lanes))?;
    let sockets = spawn("sockets", move || runtime.block_on(sockets.serve(to_server, ends)))?;
    Ok((Connection { incoming, outgoing }, Threads { pump, sockets }))
}

fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, Error> {
    thread::Builder::new().name(name.to_owned()).spawn(run).map_err(|source| Error::Runtime { source })
}

/// The ways from the pump to the sockets, one each so that a slow frontend on one does not hold up the others.
struct Lanes<T = UnboundedSender<JupyterMessage>> {
    shell: T,
    control: T,
    stdin: T,
    iopub: T,
}

impl Lanes {
    fn new() -> (Lanes, Lanes<UnboundedReceiver<JupyterMessage>>) {
        let [shell, control, stdin, iopub] = std::array::from_fn(|_| unbounded_channel());
        (
            Lanes { shell: shell.0, control: control.0, stdin: stdin.0, iopub: iopub.0 },
            Lanes { shell: shell.1, control: control.1, stdin: stdin.1, iopub: iopub.1 },
        )
    }
}

/// Moves messages from the server to the sockets until the last one, joining printed text on the way.
fn pump(outgoing: &Receiver<Outgoing>, lanes: &Lanes) {
    let mut text = Coalescer::default();
    // A lane is closed only when its socket is gone: then nobody listens, and there is nobody to tell.
    let put = |lane: &UnboundedSender<JupyterMessage>, message| drop(lane.send(message));
    loop {
        let next = match text.deadline() {
            Some(deadline) => outgoing.recv_deadline(deadline),
            None => outgoing.recv().map_err(RecvTimeoutError::from),
        };
        match next {
            Ok(Outgoing::Shell(message)) => put(&lanes.shell, message),
            Ok(Outgoing::Control(message)) => put(&lanes.control, message),
            Ok(Outgoing::Stdin(message)) => put(&lanes.stdin, message),
            Ok(Outgoing::Iopub(message)) => {
                text.push(message, Instant::now()).into_iter().for_each(|message| put(&lanes.iopub, message));
            }
            Err(RecvTimeoutError::Timeout) => text.flush().into_iter().for_each(|message| put(&lanes.iopub, message)),
            Ok(Outgoing::Close) | Err(RecvTimeoutError::Disconnected) => {
                text.flush().into_iter().for_each(|message| put(&lanes.iopub, message));
                return;
            }
        }
    }
}

/// The bound sockets.
struct Sockets {
    shell: KernelShellConnection,
    control: KernelShellConnection,
    stdin: KernelShellConnection,
    iopub: KernelIoPubXPubConnection,
    heartbeat: KernelHeartbeatConnection,
}

impl Sockets {
    async fn bind(info: &ConnectionInfo) -> Result<Self, Error> {
        let session = uuid::Uuid::new_v4().to_string();
        let refused =
            |channel, address| move |source: RuntimeError| Error::Bind { channel, address, source: Box::new(source) };
        let shell = create_kernel_shell_connection(info, &session).await.map_err(refused("shell", info.shell_url()))?;
        let control =
            create_kernel_control_connection(info, &session).await.map_err(refused("control", info.control_url()))?;
        let stdin = create_kernel_stdin_connection(info, &session).await.map_err(refused("stdin", info.stdin_url()))?;
        let iopub =
            create_kernel_iopub_xpub_connection(info, &session).await.map_err(refused("iopub", info.iopub_url()))?;
        let heartbeat = create_kernel_heartbeat_connection(info).await.map_err(refused("heartbeat", info.hb_url()))?;
        Ok(Sockets { shell, control, stdin, iopub, heartbeat })
    }

    /// Serves all sockets until every lane is closed and empty.
    async fn serve(self, server: Sender<Incoming>, lanes: Lanes<UnboundedReceiver<JupyterMessage>>) {
        let (shell, from_shell) = self.shell.split();
        let (control, from_control) = self.control.split();
        let (stdin, from_stdin) = self.stdin.split();

        tokio::spawn(receive("shell", from_shell, server.clone(), Incoming::Shell));
        tokio::spawn(receive("control", from_control, server.clone(), Incoming::Control));
        tokio::spawn(receive("stdin", from_stdin, server, Incoming::Stdin));
        tokio::spawn(echo(self.heartbeat));
        tokio::spawn(outlive_interrupts());

        let mut senders = JoinSet::new();
        senders.spawn(send("shell", shell, lanes.shell));
        senders.spawn(send("control", control, lanes.control));
        senders.spawn(send("stdin", stdin, lanes.stdin));
        senders.spawn(publish(self.iopub, lanes.iopub));
        senders.join_all().await;
    }
}

/// Hands what arrives on a socket to the server.
async fn receive(
    channel: &str,
    mut connection: RouterRecvConnection,
    server: Sender<Incoming>,
    wrap: fn(JupyterMessage) -> Incoming,
) {
    loop {
        let frames = match connection.socket.recv().await {
            Ok(frames) => frames,
            Err(ZmqError::NoMessage) => return,
            Err(error) => {
                eprintln!("lazuli-kernel: cannot read from the {channel} channel: {error}");
                continue;
            }
        };
        match RawMessage::from_multipart(frames, &connection.mac).and_then(parse) {
            Ok(message) => {
                if server.send(wrap(message)).is_err() {
                    return;
                }
            }
            Err(error) => eprintln!("lazuli-kernel: dropped a message on the {channel} channel: {}", fault(&error)),
        }
    }
}

/// Reads the parts of a message. With a header that can be read it is a message that can be answered: content that does not fit its
/// type is kept as unknown, and so is what is no JSON.
fn parse(raw: RawMessage) -> Result<JupyterMessage, RuntimeError> {
    let RawMessage { zmq_identities, jparts } = raw;
    let [header, parent, metadata, content, buffers @ ..] = jparts.as_slice() else {
        return Err(RuntimeError::InsufficientMessageParts(jparts.len()));
    };
    let header: Header = serde_json::from_slice(header)?;
    let (metadata, content) = match (serde_json::from_slice(metadata), serde_json::from_slice(content)) {
        (Ok(metadata), Ok(content)) => (metadata, typed(&header.msg_type, content)),
        _ => (Value::Null, unknown(&header.msg_type, Value::Null)),
    };
    Ok(JupyterMessage {
        zmq_identities,
        header,
        // An absent parent is `{}`, which is no header.
        parent_header: serde_json::from_slice(parent).ok(),
        metadata,
        content,
        buffers: buffers.to_vec(),
        channel: None,
    })
}

fn typed(msg_type: &str, mut content: Value) -> JupyterMessageContent {
    defaults::fill(msg_type, &mut content);
    JupyterMessageContent::from_type_and_content(msg_type, content.clone())
        .unwrap_or_else(|_| unknown(msg_type, content))
}

fn unknown(msg_type: &str, content: Value) -> JupyterMessageContent {
    UnknownMessage { msg_type: msg_type.to_owned(), content }.into()
}

/// What is wrong with a message that is dropped.
fn fault(error: &RuntimeError) -> String {
    match error {
        RuntimeError::VerifyError(_) | RuntimeError::DecodeError(_) | RuntimeError::MissingHmac => {
            "bad signature; is the sender using the key of this kernel's connection file?".to_owned()
        }
        other => other.to_string(),
    }
}

/// Sends replies until there are no more.
async fn send(channel: &str, mut connection: RouterSendConnection, mut messages: UnboundedReceiver<JupyterMessage>) {
    while let Some(message) = messages.recv().await {
        // A frontend that left before its reply came is no fault of anybody.
        if let Err(error) = connection.send(message).await {
            eprintln!("lazuli-kernel: a message on the {channel} channel was not delivered: {error}");
        }
    }
}

/// Publishes until there is no more, and welcomes those who subscribe.
async fn publish(mut iopub: KernelIoPubXPubConnection, mut messages: UnboundedReceiver<JupyterMessage>) {
    loop {
        tokio::select! {
            // Subscriptions first: a frontend that waits for its welcome misses nothing sent after it.
            biased;
            subscription = iopub.recv_subscription() => {
                if let Ok(SubscriptionEvent::Subscribe(topic)) = subscription {
                    let mut welcome: JupyterMessage = IoPubWelcome::new(topic.clone()).into();
                    welcome.zmq_identities = vec![topic.into()];
                    deliver(&mut iopub, welcome).await;
                }
            }
            message = messages.recv() => match message {
                Some(message) => deliver(&mut iopub, message).await,
                None => return,
            },
        }
    }
}

async fn deliver(iopub: &mut KernelIoPubXPubConnection, message: JupyterMessage) {
    if let Err(error) = iopub.send(message).await {
        eprintln!("lazuli-kernel: a message on the iopub channel was not delivered: {error}");
    }
}

/// Sends back what arrives, so that frontends know the kernel lives.
async fn echo(mut heartbeat: KernelHeartbeatConnection) {
    loop {
        match heartbeat.socket.recv().await {
            // The asker may be gone by now.
            Ok(beat) => drop(heartbeat.socket.send(beat).await),
            Err(ZmqError::NoMessage) => return,
            Err(_) => {}
        }
    }
}

/// Interrupts come as messages (`interrupt_mode` of the kernelspec), so SIGINT does nothing. A handler, not the disposition "ignore":
/// that one would be inherited by the programs we start.
async fn outlive_interrupts() {
    while tokio::signal::ctrl_c().await.is_ok() {}
}
