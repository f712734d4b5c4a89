//! The kernel's end of the display channel: a Unix socket that the runtime process connects to, once
//! for each stream (stdout, stderr: raw bytes) and once for each speaker (cells, collections: lines of
//! JSON, each answered after it was carried out, so that prints and pictures keep their order).
//!
//! One process runs all cells, and a thread in it has no cell: what one that a cell left behind prints or shows later is taken for
//! the cell that runs by then, or ran last. Imports: pipe, timing, interpreter.

use std::collections::BTreeSet;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::pipe::Pipe;
use super::timing::Stopwatch;
use crate::interpreter::{Discard, InputError, MimeBundle, Output, OutputSink, Stream};

/// What the running cell has told us.
#[derive(Default)]
pub struct Told {
    /// Whether it has come as far as running.
    runs: bool,
    /// Its last expression.
    pub result: Option<MimeBundle>,
    /// Why it stopped early.
    error: Option<CellError>,
    /// After a failure: the variables that are there.
    pub kept: Option<BTreeSet<String>>,
    /// Why it got no line from the user.
    no_input: Option<InputError>,
}

impl Told {
    /// Why the cell stopped early, where it is known better than in the words of the error.
    pub fn explained(&mut self, interrupted: bool) -> Option<CellError> {
        let mut error = self.error.take()?;
        if interrupted {
            error.error = "Interrupted".to_owned();
        }
        // What `read` of the runtime process made of it.
        if let Some(why) = self.no_input
            && error.text.contains("Input/output error")
        {
            error.text = why.to_string();
        }
        Some(error)
    }
}

/// A failing `?` or a panic, as the cell runtime reports it.
#[derive(Debug, Clone, Deserialize)]
pub struct CellError {
    /// `panic`, or the path of the error's type.
    pub error: String,
    pub text: String,
    /// `file:line`
    pub place: String,
    /// Line of the statement of the running cell.
    pub line: String,
}

/// A message of the runtime process.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Message {
    Hello {
        from: String,
    },
    ExecuteResult {
        text: Option<String>,
        data: Option<Map<String, Value>>,
        #[serde(default)]
        metadata: Map<String, Value>,
    },
    DisplayData {
        data: Map<String, Value>,
        #[serde(default)]
        metadata: Map<String, Value>,
        display_id: Option<String>,
    },
    UpdateDisplayData {
        data: Map<String, Value>,
        #[serde(default)]
        metadata: Map<String, Value>,
        display_id: String,
    },
    ClearOutput {
        wait: bool,
    },
    InputRequest {
        prompt: String,
    },
    /// What comes from here on comes from the cell.
    Begin,
    /// Its code has come to an end.
    End,
    Error(CellError),
    /// Names, separated by spaces.
    Variables {
        names: String,
    },
}

/// Where the runtime process's output goes.
pub struct Channel {
    sink: Mutex<Arc<dyn OutputSink>>,
    told: Mutex<Told>,
    /// Times the cell, if that was asked for.
    watch: Mutex<Option<Stopwatch>>,
    pipes: Mutex<Vec<Arc<Pipe>>>,
    /// Where cancels go.
    collections: Mutex<Vec<UnixStream>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Channel {
    /// Listens on a socket at `path`.
    pub fn listen(path: &Path) -> io::Result<Arc<Channel>> {
        let listener = UnixListener::bind(path)?;
        let channel = Arc::new(Channel {
            sink: Mutex::new(Arc::new(Discard)),
            told: Mutex::default(),
            watch: Mutex::default(),
            pipes: Mutex::default(),
            collections: Mutex::default(),
        });
        let accepting = channel.clone();
        std::thread::Builder::new().name("channel".into()).spawn(move || {
            for socket in listener.incoming().flatten() {
                let channel = accepting.clone();
                std::thread::spawn(move || channel.serve(socket));
            }
        })?;
        Ok(channel)
    }

    /// A cell begins, whose output goes to `sink`; gives back where it went before.
    pub fn begin(&self, sink: &Arc<dyn OutputSink>) -> Arc<dyn OutputSink> {
        *lock(&self.told) = Told::default();
        self.show_to(sink.clone())
    }

    /// Sends output to `sink` from now on; gives back where it went before.
    pub fn show_to(&self, sink: Arc<dyn OutputSink>) -> Arc<dyn OutputSink> {
        std::mem::replace(&mut *lock(&self.sink), sink)
    }

    /// Tells `watch` from now on when a cell runs; what was told so before is given back.
    pub fn watch(&self, watch: Option<Stopwatch>) -> Option<Stopwatch> {
        std::mem::replace(&mut *lock(&self.watch), watch)
    }

    /// Whether the cell runs, after its types were inferred and it was compiled.
    pub fn runs(&self) -> bool {
        lock(&self.told).runs
    }

    /// Everything printed so far is out; what the cell has told.
    pub fn end(&self) -> Told {
        self.drain();
        for pipe in lock(&self.pipes).clone() {
            pipe.finish(&|output| self.sink().emit(output));
        }
        std::mem::take(&mut lock(&self.told))
    }

    /// Asks the collections to cancel what runs.
    pub fn cancel(&self) {
        lock(&self.collections).retain_mut(|socket| writeln!(socket, "{}", json!({"type": "cancel"})).is_ok());
    }

    fn sink(&self) -> Arc<dyn OutputSink> {
        lock(&self.sink).clone()
    }

    fn serve(&self, socket: UnixStream) {
        let Ok(writer) = socket.try_clone() else { return };
        // Byte by byte up to the end of the first line, so that a stream's bytes are not buffered away.
        let Ok(Message::Hello { from }) = read_hello(&socket) else { return };
        match &*from {
            "stdout" => self.pump(socket, Stream::Stdout),
            "stderr" => self.pump(socket, Stream::Stderr),
            _ => {
                if from == "collections"
                    && let Ok(socket) = socket.try_clone()
                {
                    lock(&self.collections).push(socket);
                }
                self.converse(socket, writer);
            }
        }
    }

    fn converse(&self, socket: UnixStream, mut writer: UnixStream) {
        for line in BufReader::new(socket).lines() {
            let Ok(line) = line else { return };
            let reply = match serde_json::from_str(&line) {
                Ok(message) => self.handle(message),
                Err(error) => json!({"type": "done", "error": error.to_string()}),
            };
            if writeln!(writer, "{reply}").is_err() {
                return;
            }
        }
    }

    fn handle(&self, message: Message) -> Value {
        self.drain();
        match message {
            Message::Hello { .. } => {}
            Message::ExecuteResult { text, data, metadata } => {
                let data = data.unwrap_or_else(|| {
                    Map::from_iter([("text/plain".to_owned(), Value::from(text.unwrap_or_default()))])
                });
                lock(&self.told).result = Some(MimeBundle { data, metadata });
            }
            Message::DisplayData { data, metadata, display_id } => {
                self.sink().emit(Output::Display { bundle: MimeBundle { data, metadata }, display_id });
            }
            Message::UpdateDisplayData { data, metadata, display_id } => {
                self.sink().emit(Output::UpdateDisplay { bundle: MimeBundle { data, metadata }, display_id });
            }
            Message::ClearOutput { wait } => self.sink().emit(Output::ClearOutput { wait }),
            Message::InputRequest { prompt } => {
                return match self.sink().input(&prompt, false) {
                    Ok(text) => json!({"type": "input_reply", "text": text}),
                    Err(why) => {
                        lock(&self.told).no_input = Some(why);
                        json!({"type": "no_input"})
                    }
                };
            }
            Message::Begin => {
                lock(&self.told).runs = true;
                lock(&self.watch).iter_mut().for_each(Stopwatch::runs);
            }
            Message::End => lock(&self.watch).iter_mut().for_each(Stopwatch::ends),
            Message::Variables { names } => {
                lock(&self.told).kept = Some(names.split_whitespace().map(str::to_owned).collect());
            }
            Message::Error(error) => {
                lock(&self.told).error.get_or_insert(error);
            }
        }
        json!({"type": "done"})
    }

    /// Reads a stream for as long as the runtime process has it.
    fn pump(&self, socket: UnixStream, stream: Stream) {
        let Ok(pipe) = Pipe::new(socket.into(), stream) else { return };
        let pipe = Arc::new(pipe);
        lock(&self.pipes).push(pipe.clone());
        pipe.pump(|output| self.sink().emit(output));
        lock(&self.pipes).retain(|other| !Arc::ptr_eq(other, &pipe));
    }

    fn drain(&self) {
        let pipes = lock(&self.pipes).clone();
        for pipe in pipes {
            pipe.drain(&|output| self.sink().emit(output));
        }
    }
}

fn read_hello(mut socket: &UnixStream) -> io::Result<Message> {
    let mut line = Vec::new();
    let mut byte = [0];
    while byte != *b"\n" {
        socket.read_exact(&mut byte)?;
        line.push(byte[0]);
    }
    Ok(serde_json::from_slice(&line)?)
}
