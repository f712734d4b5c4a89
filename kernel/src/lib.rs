//! Lazuli's Jupyter kernel: speaks the protocol, and runs cells through an [`interpreter`].
//!
//! The life of a message: a socket thread checks its signature and parses it ([`transport`]); the [`serve`] loop takes it as an event
//! and dispatches it to a handler; what needs the interpreter waits for its turn and goes to the interpreter's thread as a job, while
//! the loop answers everything else. A cell's output goes straight back to the transport; its outcome comes to the loop as an event and
//! becomes the reply. Busy and idle are published by a guard that lives as long as the request does.
//!
//! ```
//! use jupyter_protocol::{ExecuteRequest, JupyterMessageContent, ShutdownRequest};
//! use lazuli_kernel::{interpreter::scripted::Script, serve, transport::{Incoming, Outgoing, memory}};
//!
//! let (connection, frontend) = memory::pair();
//! let kernel = std::thread::spawn(|| serve(Script::new().launch(), connection));
//! frontend.requests.send(Incoming::Shell(ExecuteRequest::new("give 2".to_owned()).into())).expect("it listens");
//! let reply = frontend.messages.iter().find_map(|message| match message {
//!     Outgoing::Shell(reply) => Some(reply.content),
//!     _ => None,
//! });
//! let Some(JupyterMessageContent::ExecuteReply(reply)) = reply else { panic!("the reply to a cell") };
//! assert_eq!(reply.execution_count.0, 1);
//! # drop(frontend);
//! # kernel.join().expect("no panic").expect("no error");
//! ```
//!
//! Layers: `{jupyter-protocol, interpreter} ← transport ← outbox ← status, input, output, session ← handlers ← dispatch ← server`.

#![deny(unsafe_code, missing_docs, missing_debug_implementations, clippy::iter_over_hash_type)]

mod cursor;
mod dispatch;
mod error;
mod event;
mod handlers;
mod input;
pub mod interpreter;
mod outbox;
mod output;
mod queue;
mod server;
mod session;
mod status;
pub mod transport;
mod worker;

pub use error::Error;
pub use server::serve;
