//! The runtime's end of the display channel: what a cell shows goes out here, a cancel comes in.
//!
//! A Unix stream socket, its path in `LAZULI_CHANNEL`, one line of JSON a message. We begin with `hello`;
//! each shown thing is answered by `done`, and waited for, so that prints and pictures keep their order.
//! `cancel` may come at any time. Without the variable (a plain program) what is shown is printed.
//! A broken channel, or one that stays silent, is closed, and opened again for the next thing to show:
//! nothing fails, nothing blocks for good.
//! Imports: schedule.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Bundle;
use crate::schedule;

/// How long the kernel may take to answer before the connection is given up.
const PATIENCE: Duration = Duration::from_secs(10);

/// What we say to the kernel.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Message<'a> {
    Hello { from: &'a str },
    ExecuteResult(Shown<'a>),
    DisplayData(Shown<'a>),
    UpdateDisplayData(Shown<'a>),
    ClearOutput { wait: bool },
}

#[derive(Serialize)]
struct Shown<'a> {
    data: BTreeMap<&'static str, &'a str>,
    metadata: BTreeMap<&'static str, &'a str>,
    display_id: Option<&'a str>,
}

impl<'a> Shown<'a> {
    fn of(bundle: &'a Bundle, display_id: Option<&'a str>) -> Self {
        Shown { data: bundle.by_mime_type(), metadata: BTreeMap::new(), display_id }
    }
}

/// What the kernel says to us.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Reply {
    Done,
    Cancel,
    #[serde(other)]
    Unknown,
}

/// An open connection to the kernel.
struct Channel {
    stream: UnixStream,
    done: Receiver<()>,
    patience: Duration,
}

impl Channel {
    fn open(path: &Path, patience: Duration) -> std::io::Result<Channel> {
        let stream = UnixStream::connect(path)?;
        stream.set_write_timeout(Some(patience))?;
        let replies = BufReader::new(stream.try_clone()?);
        let (finished, done) = channel();
        std::thread::Builder::new().name("lazuli-channel".to_owned()).spawn(move || listen(replies, &finished))?;
        let mut channel = Channel { stream, done, patience };
        channel.send(&Message::Hello { from: "collections" })?;
        Ok(channel)
    }

    fn send(&mut self, message: &Message) -> std::io::Result<()> {
        let mut line = serde_json::to_vec(message)?;
        line.push(b'\n');
        self.stream.write_all(&line)
    }

    /// Sends a message and waits until the kernel has dealt with it.
    fn exchange(&mut self, message: &Message) -> std::io::Result<()> {
        // What was printed before is out before; a closed stdout is no reason to fail.
        let _ = std::io::stdout().flush();
        self.send(message)?;
        self.done.recv_timeout(self.patience).map_err(|_| std::io::ErrorKind::BrokenPipe.into())
    }
}

impl Drop for Channel {
    /// Hangs up, which ends the thread that listens; an answer that comes too late is answered to nobody.
    fn drop(&mut self) {
        // Fails only when the kernel hung up before.
        let _ = self.stream.shutdown(Shutdown::Both);
    }
}

/// Reads what the kernel says until it hangs up.
fn listen(replies: impl BufRead, finished: &Sender<()>) {
    for line in replies.lines().map_while(Result::ok) {
        match serde_json::from_str(&line) {
            Ok(Reply::Done) => {
                // Fails only when the channel was given up.
                let _ = finished.send(());
            }
            Ok(Reply::Cancel) => {
                schedule::cancel_all();
            }
            Ok(Reply::Unknown) | Err(_) => {}
        }
    }
}

/// Where shown things go.
enum Outlet {
    Kernel(Line),
    Terminal,
}

/// The way to the kernel, open or not.
struct Line {
    path: PathBuf,
    patience: Duration,
    channel: Option<Channel>,
}

fn outlet() -> &'static Mutex<Outlet> {
    static OUTLET: OnceLock<Mutex<Outlet>> = OnceLock::new();
    OUTLET.get_or_init(|| {
        Mutex::new(match std::env::var_os("LAZULI_CHANNEL") {
            Some(path) => Outlet::Kernel(Line { path: path.into(), patience: PATIENCE, channel: None }),
            None => Outlet::Terminal,
        })
    })
}

impl Line {
    /// The connection, made if there is none.
    fn channel(&mut self) -> Option<&mut Channel> {
        if self.channel.is_none() {
            self.channel = Channel::open(&self.path, self.patience).ok();
        }
        self.channel.as_mut()
    }

    fn tell(&mut self, message: &Message) {
        if self.channel().is_some_and(|channel| channel.exchange(message).is_err()) {
            self.channel = None;
        }
    }
}

impl Outlet {
    fn tell(&mut self, message: &Message) {
        if let Outlet::Kernel(line) = self {
            line.tell(message);
        }
    }

    /// Shows `bundle` by `message`; in a terminal, prints its text.
    fn show(&mut self, bundle: &Bundle, message: &Message) {
        if let Outlet::Terminal = self {
            // A closed stdout is no reason to fail.
            let _ = writeln!(std::io::stdout().lock(), "{}", bundle.text);
        } else {
            self.tell(message);
        }
    }
}

fn locked() -> std::sync::MutexGuard<'static, Outlet> {
    outlet().lock().unwrap_or_else(PoisonError::into_inner)
}

/// Connects, if that was not done yet, so that a cancel can arrive. Says whether a kernel listens.
pub(super) fn connect() -> bool {
    match &mut *locked() {
        Outlet::Kernel(line) => line.channel().is_some(),
        Outlet::Terminal => false,
    }
}

/// Shows `bundle` as the result of the cell.
pub(super) fn show_result(bundle: &Bundle) {
    locked().show(bundle, &Message::ExecuteResult(Shown::of(bundle, None)));
}

/// A name for [`show`] and [`update`] that nothing else has.
pub(super) fn display_id() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    format!("lazuli-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

/// Shows `bundle` in the middle of a cell; `display_id` names it for [`update`].
pub(super) fn show(bundle: &Bundle, display_id: Option<&str>) {
    locked().show(bundle, &Message::DisplayData(Shown::of(bundle, display_id)));
}

/// Shows `bundle` in the place of what was shown as `display_id`.
pub(super) fn update(bundle: &Bundle, display_id: &str) {
    locked().show(bundle, &Message::UpdateDisplayData(Shown::of(bundle, Some(display_id))));
}

/// Takes away what the cell has shown so far; with `wait`, only when the next thing is shown.
pub(super) fn clear(wait: bool) {
    locked().tell(&Message::ClearOutput { wait });
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;
    use std::thread::JoinHandle;

    use super::*;

    fn bundle() -> Bundle {
        Bundle { html: "<b>1</b>".to_owned(), text: "1".to_owned(), svg: None }
    }

    /// A kernel that answers as `answer` says, to one connection after another; the line to it, and what it heard.
    fn kernel(name: &str, connections: usize, answer: fn(&str) -> &'static str) -> (Line, JoinHandle<Vec<String>>) {
        let path = std::env::temp_dir().join(format!("lazuli-{name}-{}.sock", std::process::id()));
        // Absent, unless an earlier test process of this number died.
        let _ = std::fs::remove_file(&path);
        let listener = UnixListener::bind(&path).unwrap();
        let at = path.clone();
        let heard = std::thread::spawn(move || {
            let mut heard = Vec::new();
            for _ in 0..connections {
                let (mut stream, _) = listener.accept().unwrap();
                for line in BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok) {
                    let reply = answer(&line);
                    heard.push(line);
                    if reply == "hang up" {
                        break;
                    }
                    stream.write_all(reply.as_bytes()).unwrap();
                }
            }
            std::fs::remove_file(at).unwrap();
            heard
        });
        (Line { path, patience: PATIENCE, channel: None }, heard)
    }

    #[test]
    fn what_is_shown_is_told_and_waited_for() {
        let (mut line, heard) = kernel("shown", 1, |line| match line.contains("hello") {
            true => "{\"type\":\"news\"}\nnonsense\n",
            false => "{\"type\":\"done\"}\n",
        });
        let bundle = bundle();
        line.tell(&Message::DisplayData(Shown::of(&bundle, Some("bar"))));
        line.tell(&Message::ClearOutput { wait: true });
        drop(line);
        assert_eq!(
            heard.join().unwrap(),
            [
                r#"{"type":"hello","from":"collections"}"#,
                r#"{"type":"display_data","data":{"text/html":"<b>1</b>","text/plain":"1"},"metadata":{},"display_id":"bar"}"#,
                r#"{"type":"clear_output","wait":true}"#,
            ]
        );
    }

    #[test]
    fn a_kernel_that_hangs_up_is_called_again_for_the_next_thing() {
        let (line, heard) = kernel("gone", 2, |line| if line.contains("hello") { "" } else { "hang up" });
        let mut outlet = Outlet::Kernel(line);
        let bundle = bundle();
        for _ in 0..2 {
            outlet.show(&bundle, &Message::ExecuteResult(Shown::of(&bundle, None)));
        }
        assert_eq!(heard.join().unwrap().len(), 4);
        outlet.show(&bundle, &Message::ExecuteResult(Shown::of(&bundle, None)));
        assert!(matches!(outlet, Outlet::Kernel(Line { channel: None, .. })));
    }

    #[test]
    fn one_late_answer_does_not_mute_what_comes_after() {
        let (mut line, heard) = kernel("late", 2, |line| match line.contains("clear_output") {
            true => "{\"type\":\"done\"}\n",
            false => "",
        });
        let bundle = bundle();
        line.patience = Duration::from_millis(1);
        line.tell(&Message::ExecuteResult(Shown::of(&bundle, None)));
        assert!(line.channel.is_none(), "no answer came");
        line.patience = PATIENCE;
        line.tell(&Message::ClearOutput { wait: false });
        assert!(line.channel.is_some(), "the second answer came");
        drop(line);
        assert_eq!(heard.join().unwrap().len(), 4);
    }
}
