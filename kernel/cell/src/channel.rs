//! The connection to the kernel: lines of JSON over a Unix socket, each answered by one line, so that
//! what a cell prints and what it shows keep their order. Control never travels on the user's stdout.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::json;

/// Names the kernel's socket to whoever wants to talk to it.
pub const SOCKET: &str = "LAZULI_CHANNEL";

static KERNEL: Mutex<Option<Kernel>> = Mutex::new(None);

struct Kernel {
    socket: String,
    connection: Connection,
}

/// One conversation with the kernel.
struct Connection {
    requests: UnixStream,
    replies: BufReader<UnixStream>,
}

impl Connection {
    fn open(socket: &str) -> std::io::Result<Connection> {
        let requests = connect(socket, "cells")?;
        let replies = BufReader::new(requests.try_clone()?);
        Ok(Connection { requests, replies })
    }

    /// Sends one message and waits for its answer.
    fn exchange(&mut self, fields: &[(&str, &str)]) -> Option<String> {
        let line = json::object(fields) + "\n";
        self.requests.write_all(line.as_bytes()).ok()?;
        let mut reply = String::new();
        self.replies.read_line(&mut reply).ok()?;
        Some(reply)
    }
}

/// Opens a connection to the kernel's socket and says who we are.
pub fn connect(socket: &str, from: &str) -> std::io::Result<UnixStream> {
    let mut stream = UnixStream::connect(socket)?;
    let hello = json::object(&[("type", "hello"), ("from", from)]);
    stream.write_all(hello.as_bytes())?;
    stream.write_all(b"\n")?;
    Ok(stream)
}

/// Opens the connection of the cells; called once, before the first cell runs.
pub fn open(socket: &str) -> std::io::Result<()> {
    let connection = Connection::open(socket)?;
    *kernel() = Some(Kernel { socket: socket.to_owned(), connection });
    Ok(())
}

/// Asks the kernel for a line of input; `None` when the frontend gives none.
///
/// By a connection of its own: a thread that waits for the user holds up nobody who has something to tell.
pub fn input(prompt: &str) -> Option<String> {
    show_what_was_printed();
    let socket = kernel().as_ref()?.socket.clone();
    let reply = Connection::open(&socket).ok()?.exchange(&[("type", "input_request"), ("prompt", prompt)])?;
    json::field(&reply, "text")
}

/// Tells the kernel that a cell runs from here on.
pub fn tell_begin() {
    request(&[("type", "begin")]);
}

/// Tells the kernel that the cell has come to its end; what it printed is out then.
pub fn tell_end() {
    request(&[("type", "end")]);
}

/// Tells the kernel which variables there are after a failure.
pub fn tell_variables(names: &str) {
    request(&[("type", "variables"), ("names", names)]);
}

/// Sends one message and waits for its answer. Without a kernel there is none.
pub(crate) fn request(fields: &[(&str, &str)]) -> Option<String> {
    show_what_was_printed();
    kernel().as_mut()?.connection.exchange(fields)
}

/// What was printed before a message must be out before it.
fn show_what_was_printed() {
    // A closed stdout is no reason to fail.
    let _ = std::io::stdout().flush();
}

fn kernel() -> MutexGuard<'static, Option<Kernel>> {
    KERNEL.lock().unwrap_or_else(PoisonError::into_inner)
}
