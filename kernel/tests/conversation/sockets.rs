//! Signatures, the welcome, the heartbeat and bursts of output, over real sockets on this machine.

use jupyter_protocol::{
    ConnectionInfo, ExecuteRequest, JupyterMessage, JupyterMessageContent as Content, KernelInfoRequest,
    ShutdownRequest, Transport,
};
use jupyter_zmq_client::{
    ClientIoPubConnection, ClientShellConnection, create_client_control_connection, create_client_heartbeat_connection,
    create_client_iopub_connection, create_client_shell_connection_with_identity, peek_ports,
    peer_identity_for_session,
};
use lazuli_kernel::interpreter::scripted::Script;
use lazuli_kernel::transport::zmq;
use lazuli_kernel::{Error, serve};
use std::net::{IpAddr, Ipv4Addr};
use std::thread::JoinHandle;
use std::time::Duration;
use zeromq::{SocketRecv, SocketSend, ZmqMessage};

/// A message that takes longer than this will not come.
const PATIENCE: Duration = Duration::from_secs(20);

/// A kernel behind sockets, and a frontend that is subscribed to it.
struct Wired {
    info: ConnectionInfo,
    kernel: JoinHandle<Result<(), Error>>,
    iopub: ClientIoPubConnection,
    shell: ClientShellConnection,
}

impl Wired {
    async fn start() -> Self {
        Wired::with_key("the right key").await
    }

    /// Without a key nothing is signed.
    async fn with_key(key: &str) -> Self {
        let ports = peek_ports(IpAddr::V4(Ipv4Addr::LOCALHOST), 5).await.unwrap();
        let info = ConnectionInfo {
            ip: "127.0.0.1".to_owned(),
            transport: Transport::TCP,
            shell_port: ports[0],
            iopub_port: ports[1],
            stdin_port: ports[2],
            control_port: ports[3],
            hb_port: ports[4],
            key: key.to_owned(),
            signature_scheme: "hmac-sha256".to_owned(),
            kernel_name: None,
        };
        let bound = info.clone();
        let kernel = std::thread::spawn(move || {
            let (connection, threads) = zmq::bind(&bound)?;
            serve(Script::new().launch(), connection)?;
            threads.join();
            Ok(())
        });
        let mut iopub = reach(|| create_client_iopub_connection(&info, "", "frontend")).await;
        while !matches!(soon(iopub.read()).await.unwrap().content, Content::IoPubWelcome(_)) {}
        let shell = shell(&info, "frontend").await;
        Wired { info, kernel, iopub, shell }
    }

    /// What all frontends see of a request, up to its idle.
    async fn shown(&mut self, request: &str) -> Vec<Content> {
        let mut shown = Vec::new();
        loop {
            let message = soon(self.iopub.read()).await.unwrap();
            // Without a parent: a welcome, or the kernel's own status.
            let Some(parent) = message.parent_header else { continue };
            assert_eq!(parent.msg_id, request);
            let idle = matches!(&message.content, Content::Status(status) if status.execution_state.as_str() == "idle");
            shown.push(message.content);
            if idle {
                return shown;
            }
        }
    }

    async fn end(self) {
        let mut control = create_client_control_connection(&self.info, "frontend").await.unwrap();
        control.send(ShutdownRequest { restart: false }.into()).await.unwrap();
        let reply = soon(control.read()).await.unwrap();
        assert_eq!(reply.message_type(), "shutdown_reply");
        tokio::task::spawn_blocking(|| self.kernel.join()).await.unwrap().unwrap().unwrap();
    }
}

async fn soon<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.expect("the kernel sends another message")
}

/// Connects as soon as the kernel listens.
async fn reach<T, E, F: Future<Output = Result<T, E>>>(connect: impl Fn() -> F) -> T {
    soon(async {
        loop {
            if let Ok(connection) = connect().await {
                return connection;
            }
            tokio::task::yield_now().await;
        }
    })
    .await
}

async fn shell(info: &ConnectionInfo, name: &str) -> ClientShellConnection {
    let identity = peer_identity_for_session(name).unwrap();
    create_client_shell_connection_with_identity(info, name, identity).await.unwrap()
}

#[tokio::test]
async fn a_message_with_a_bad_signature_is_dropped_and_the_kernel_lives() {
    let mut wired = Wired::start().await;
    let forged = ConnectionInfo { key: "another key".to_owned(), ..wired.info.clone() };
    let mut stranger = shell(&forged, "stranger").await;
    stranger.send(ExecuteRequest::new("give 1".to_owned()).into()).await.unwrap();

    // Whatever is shown from here on must be of these requests, and the first cell is still the first.
    for code in ["give 2", "give 3"] {
        let request: JupyterMessage = ExecuteRequest::new(code.to_owned()).into();
        let id = request.header.msg_id.clone();
        wired.shell.send(request).await.unwrap();
        assert_eq!(wired.shown(&id).await.len(), 4);
    }
    let Content::ExecuteReply(reply) = soon(wired.shell.read()).await.unwrap().content else { panic!("a reply") };
    assert_eq!(reply.execution_count.0, 1);
    wired.end().await;
}

#[tokio::test]
async fn heartbeats_come_back_as_they_were() {
    let wired = Wired::start().await;
    let mut heartbeat = create_client_heartbeat_connection(&wired.info).await.unwrap();
    for beat in ["one", "two"] {
        heartbeat.socket.send(beat.into()).await.unwrap();
        let echo = soon(heartbeat.socket.recv()).await.unwrap();
        assert_eq!(echo.get(0).map(|frame| &frame[..]), Some(beat.as_bytes()));
    }
    wired.end().await;
}

#[tokio::test]
async fn a_burst_of_output_arrives_whole_in_few_messages() {
    let mut wired = Wired::start().await;
    let lines = 5_000;
    let code: String = (0..lines).map(|line| format!("print {line}\n")).collect();
    let request: JupyterMessage = ExecuteRequest::new(code).into();
    let id = request.header.msg_id.clone();
    wired.shell.send(request).await.unwrap();
    let texts: Vec<String> = wired
        .shown(&id)
        .await
        .into_iter()
        .filter_map(|content| match content {
            Content::StreamContent(stream) => Some(stream.text),
            _ => None,
        })
        .collect();
    assert_eq!(texts.concat(), (0..lines).map(|line| format!("{line}\n")).collect::<String>());
    assert!(texts.len() < lines / 10, "{} messages", texts.len());
    wired.end().await;
}

#[tokio::test]
async fn messages_are_signed_with_the_key_of_the_connection_file() {
    let mut wired = Wired::start().await;
    // Reading checks the signature; another key must not do.
    let forged = ConnectionInfo { key: "another key".to_owned(), ..wired.info.clone() };
    let mut stranger = create_client_iopub_connection(&forged, "", "stranger").await.unwrap();
    assert!(soon(stranger.read()).await.is_err());
    let request: JupyterMessage = KernelInfoRequest {}.into();
    let id = request.header.msg_id.clone();
    wired.shell.send(request).await.unwrap();
    assert_eq!(wired.shown(&id).await.len(), 2);
    wired.end().await;
}

#[tokio::test]
async fn parts_that_are_no_json_are_answered_with_an_error() {
    let mut wired = Wired::with_key("").await;
    for [metadata, content] in [["{}", "{\"code\": "], ["metadata", "{\"code\": \"give 1\"}"], ["{}", "[]"]] {
        let request: JupyterMessage = ExecuteRequest::default().into();
        let header = serde_json::to_string(&request.header).unwrap();
        let mut message = ZmqMessage::from("<IDS|MSG>");
        for part in ["", &header, "{}", metadata, content] {
            message.push_back(part.to_owned().into_bytes().into());
        }
        wired.shell.socket.send(message).await.unwrap();
        let reply = soon(wired.shell.read()).await.unwrap();
        assert_eq!(reply.parent_header.unwrap().msg_id, request.header.msg_id);
        let reply = serde_json::to_value(reply.content).unwrap();
        assert_eq!((&reply["status"], &reply["ename"]), (&"error".into(), &"MalformedMessage".into()), "{content}");
        assert_eq!(wired.shown(&request.header.msg_id).await.len(), 2, "busy and idle");
    }
    wired.end().await;
}
