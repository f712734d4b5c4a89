//! An interpreter for tests: a cell's text is the script it plays. Imports: interpreter.
//!
//! Each line is a verb and its text. A cell plays its lines in order:
//!
//! | line | what it does |
//! |---|---|
//! | `print TEXT`, `warn TEXT` | a line on stdout, on stderr |
//! | `show ID TEXT`, `update ID TEXT` | displays a text under a name, replaces it |
//! | `clear` | takes the output away |
//! | `give TEXT` | the cell's result |
//! | `fail NAME TEXT` | ends the cell with that failure |
//! | `panic TEXT` | a fault in the interpreter itself |
//! | `ask PROMPT` | asks the user and prints the answer |
//! | `wait GATE` | waits until the test opens the gate, or an interrupt |
//! | `later GATE TEXT` | leaves a thread behind that prints when the gate opens |

use super::{
    Cell, Completion, Completions, Failure, Interpreter, Interrupter, Launch, MimeBundle, Outcome, Output, OutputSink,
    Stream,
};
use std::collections::BTreeSet;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread;

/// The script's handle for the test: makes the interpreter and opens its gates.
///
/// ```
/// use lazuli_kernel::interpreter::{Cell, Discard, MimeBundle, Outcome, OutputSink, scripted::Script};
/// use std::sync::Arc;
///
/// let script = Script::new();
/// script.open("now");
/// let mut interpreter = (script.launch().start)().expect("a script starts");
/// let outcome = interpreter.execute(&Cell::new(1, "wait now\ngive 2"), &(Arc::new(Discard) as Arc<dyn OutputSink>));
/// assert_eq!(outcome, Outcome::Done { result: Some(MimeBundle::plain("2")) });
/// ```
#[derive(Debug, Clone, Default)]
pub struct Script {
    gates: Arc<Gates>,
}

impl Script {
    /// A script with all gates closed.
    pub fn new() -> Self {
        Script::default()
    }

    /// An interpreter that starts at once.
    pub fn launch(&self) -> Launch {
        self.launch_with(|_| Ok(()))
    }

    /// An interpreter whose start takes until the gate opens.
    pub fn launch_after(&self, gate: &'static str) -> Launch {
        self.launch_with(move |gates| {
            gates.pass(gate, || false);
            Ok(())
        })
    }

    /// An interpreter that cannot start.
    pub fn launch_broken(&self, failure: Failure) -> Launch {
        self.launch_with(move |_| Err(failure))
    }

    /// Opens a gate for good.
    pub fn open(&self, gate: &str) {
        self.gates.lock().insert(gate.to_owned());
        self.gates.changed.notify_all();
    }

    /// Waits until some cell has reached a gate.
    pub fn await_arrival(&self, gate: &str) {
        self.gates.pass(&arrival(gate), || false);
    }

    fn launch_with(&self, warm_up: impl FnOnce(&Gates) -> Result<(), Failure> + Send + 'static) -> Launch {
        let gates = Arc::clone(&self.gates);
        Launch {
            language_version: "1.95.0".to_owned(),
            interrupter: Arc::clone(&self.gates) as Arc<dyn Interrupter>,
            start: Box::new(move || {
                warm_up(&gates)?;
                Ok(Box::new(Scripted { gates }) as Box<dyn Interpreter>)
            }),
        }
    }
}

/// Which gates are open, and a bell for those that wait.
#[derive(Debug, Default)]
struct Gates {
    open: Mutex<BTreeSet<String>>,
    changed: Condvar,
}

impl Gates {
    fn lock(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.open.lock().expect("no thread panics while it holds the gates")
    }

    /// Waits until the gate is open, or `given_up` says true; says whether it was open.
    fn pass(&self, gate: &str, given_up: impl Fn() -> bool) -> bool {
        let open = self
            .changed
            .wait_while(self.lock(), |open| !open.contains(gate) && !given_up())
            .expect("no thread panics while it holds the gates");
        open.contains(gate)
    }
}

impl Interrupter for Gates {
    fn interrupt(&self) {
        // Taking the lock makes sure that a cell about to wait has either seen its flag or hears the bell.
        drop(self.lock());
        self.changed.notify_all();
    }

    fn end(&self) {
        self.interrupt();
    }
}

/// The name of the gate that opens when a cell arrives at `gate`.
fn arrival(gate: &str) -> String {
    format!("{gate} reached")
}

struct Scripted {
    gates: Arc<Gates>,
}

impl Scripted {
    /// Plays one line; an outcome ends the cell.
    fn play(&self, line: &str, cell: &Cell, output: &Arc<dyn OutputSink>) -> Option<Outcome> {
        let (verb, text) = line.split_once(' ').unwrap_or((line, ""));
        let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
        match verb {
            "print" => output.emit(print(Stream::Stdout, text)),
            "warn" => output.emit(print(Stream::Stderr, text)),
            "show" => {
                output.emit(Output::Display { bundle: MimeBundle::plain(rest), display_id: Some(word.to_owned()) })
            }
            "update" => {
                output.emit(Output::UpdateDisplay { bundle: MimeBundle::plain(rest), display_id: word.to_owned() })
            }
            "clear" => output.emit(Output::ClearOutput { wait: true }),
            "ask" => match output.input(text, false) {
                Ok(answer) => output.emit(print(Stream::Stdout, &answer)),
                Err(error) => return Some(Outcome::Failed(Failure::new("Input", error.to_string()))),
            },
            "wait" => {
                self.gates.lock().insert(arrival(word));
                self.gates.changed.notify_all();
                if !self.gates.pass(word, || cell.interrupted()) {
                    return Some(Outcome::Failed(Failure::interrupted()));
                }
            }
            "later" => {
                let (gates, output) = (Arc::clone(&self.gates), Arc::clone(output));
                let (gate, text) = (word.to_owned(), rest.to_owned());
                thread::spawn(move || {
                    gates.pass(&gate, || false);
                    output.emit(print(Stream::Stdout, &text));
                });
            }
            "give" => return Some(Outcome::Done { result: Some(MimeBundle::plain(text)) }),
            "fail" => return Some(Outcome::Failed(Failure::new(word, rest))),
            "panic" => panic!("{text}"),
            _ => return Some(Outcome::Failed(Failure::new("Script", format!("no such verb: {verb}")))),
        }
        None
    }
}

impl Interpreter for Scripted {
    fn execute(&mut self, cell: &Cell, output: &Arc<dyn OutputSink>) -> Outcome {
        cell.code.lines().find_map(|line| self.play(line, cell, output)).unwrap_or(Outcome::Done { result: None })
    }

    fn complete(&mut self, code: &str, cursor: usize) -> Completions {
        let start = word_start(code, cursor);
        let text = format!("{}_completed", &code[start..cursor]);
        let signature = "fn() -> i32".to_owned();
        Completions { start, end: cursor, matches: vec![Completion { text, kind: "function".to_owned(), signature }] }
    }

    fn inspect(&mut self, code: &str, cursor: usize) -> Option<MimeBundle> {
        let word = &code[word_start(code, cursor)..cursor];
        (!word.is_empty()).then(|| MimeBundle::plain(format!("about {word}")))
    }

    fn shutdown(&mut self) {}
}

fn print(stream: Stream, text: &str) -> Output {
    Output::Stream { stream, text: format!("{text}\n") }
}

fn word_start(code: &str, cursor: usize) -> usize {
    let before = &code[..cursor];
    before
        .rfind(|c: char| !c.is_alphanumeric())
        .map_or(0, |at| at + before[at..].chars().next().map_or(1, char::len_utf8))
}
