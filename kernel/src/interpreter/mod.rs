//! What runs cells, seen from the protocol's side. Imports nothing in-house.
//!
//! The server knows Rust only through this file: it hands a [`Cell`] to an [`Interpreter`] on a thread of its own, takes
//! what the cell shows through an [`OutputSink`], and gets back an [`Outcome`]. No message of the protocol appears here.
//!
//! An interpreter comes into the world by a [`Launch`], in two steps: what must be there at once (the handle that
//! interrupts, the compiler's version) and what takes a while (the interpreter itself, made on its own thread).

pub mod evcxr;
pub mod scripted;

use serde_json::{Map, Value};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Runs cells. Lives on one thread, where [`Interpreter::execute`] blocks; it need not be `Send`.
///
/// ```
/// use lazuli_kernel::interpreter::*;
/// use std::sync::Arc;
///
/// struct Echo;
/// impl Interpreter for Echo {
///     fn execute(&mut self, cell: &Cell, _: &Arc<dyn OutputSink>) -> Outcome {
///         Outcome::Done { result: Some(MimeBundle::plain(&cell.code)) }
///     }
///     fn complete(&mut self, _: &str, cursor: usize) -> Completions {
///         Completions::none(cursor)
///     }
///     fn inspect(&mut self, _: &str, _: usize) -> Option<MimeBundle> {
///         None
///     }
///     fn shutdown(&mut self) {}
/// }
/// let cell = Cell::new(1, "1 + 1");
/// let shown = Echo.execute(&cell, &(Arc::new(Discard) as Arc<dyn OutputSink>));
/// assert_eq!(shown, Outcome::Done { result: Some(MimeBundle::plain("1 + 1")) });
/// ```
pub trait Interpreter {
    /// Runs a cell to its end.
    ///
    /// All output of the cell has been given to `output` when this returns. What a thread or program that it leaves behind
    /// shows later goes to the same sink where its cell is known, else to the sink of the cell that runs by then, or ran last:
    /// no output is lost for being late. A panic in here is answered by the server as a fault of the kernel, and the
    /// interpreter is used again.
    fn execute(&mut self, cell: &Cell, output: &Arc<dyn OutputSink>) -> Outcome;

    /// What could stand at `cursor`, a byte offset into `code` that lies on a character boundary.
    fn complete(&mut self, code: &str, cursor: usize) -> Completions;

    /// What is known of the name at `cursor`, a byte offset into `code` that lies on a character boundary.
    fn inspect(&mut self, code: &str, cursor: usize) -> Option<MimeBundle>;

    /// Ends what the interpreter started; called once, after the last cell.
    fn shutdown(&mut self);
}

/// Stops the running cell from another thread.
///
/// The server calls this only between handing over a cell and getting its outcome, and has set [`Cell::interrupted`]
/// before. So an interpreter loses no interrupt if `execute` first makes itself reachable for this call and then looks at
/// `cell.interrupted()`; a call that finds nothing running does nothing and is not remembered.
pub trait Interrupter: Send + Sync {
    /// Asks the running cell to stop; returns at once.
    fn interrupt(&self);

    /// Ends the running cell with all that it holds, as the kernel goes down; returns at once.
    fn end(&self);
}

/// Takes what one cell shows, while it runs and after: all that it is given is attached to that cell.
pub trait OutputSink: Send + Sync {
    /// Shows one piece of output; returns at once.
    fn emit(&self, output: Output);

    /// Asks the user for a line, and blocks until it is there. The line has no newline at its end.
    fn input(&self, prompt: &str, password: bool) -> Result<String, InputError>;
}

/// How an interpreter starts.
///
/// ```
/// use lazuli_kernel::interpreter::{Launch, scripted::Script};
/// let launch = Script::new().launch();
/// assert!((launch.start)().is_ok());
/// ```
pub struct Launch {
    /// Version of the language, as `kernel_info` tells it: `1.95.0`.
    pub language_version: String,
    /// Works from the beginning, also while `start` is still busy.
    pub interrupter: Arc<dyn Interrupter>,
    /// Makes the interpreter, warm-up included; called once, on the interpreter's own thread. A failure becomes the
    /// answer to every cell, so it says what to do.
    pub start: Box<dyn FnOnce() -> Result<Box<dyn Interpreter>, Failure> + Send>,
}

impl fmt::Debug for Launch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Launch").field("language_version", &self.language_version).finish_non_exhaustive()
    }
}

/// One piece of code to run.
///
/// ```
/// use lazuli_kernel::interpreter::Cell;
/// let cell = Cell::new(7, "let x = 1;");
/// assert!(!cell.interrupted());
/// cell.interruption.set();
/// assert!(cell.interrupted());
/// ```
#[derive(Debug, Clone)]
pub struct Cell {
    /// The number that the notebook shows, from 1. Cells that are not kept in the history share the number of the last that is
    /// (0 before the first).
    pub number: u32,
    /// The source text, as the user wrote it.
    pub code: String,
    /// A frontend asks on its own behalf: nothing is shown.
    pub silent: bool,
    /// Set by the server when the user interrupts this very cell.
    pub interruption: Interruption,
}

impl Cell {
    /// A cell as a user runs it.
    pub fn new(number: u32, code: impl Into<String>) -> Self {
        Cell { number, code: code.into(), silent: false, interruption: Interruption::default() }
    }

    /// Has the user interrupted this cell?
    pub fn interrupted(&self) -> bool {
        self.interruption.is_set()
    }
}

/// A flag shared by a running cell and the server: set once, when the user interrupts that cell.
///
/// ```
/// use lazuli_kernel::interpreter::Interruption;
/// let here = Interruption::default();
/// let there = here.clone();
/// here.set();
/// assert!(there.is_set());
/// ```
#[derive(Debug, Clone, Default)]
pub struct Interruption(Arc<AtomicBool>);

impl Interruption {
    /// Marks the cell as interrupted.
    pub fn set(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    /// Has it been marked?
    pub fn is_set(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

/// How a cell ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// It ran to its end; `result` is the value of its last expression, if it has one to show.
    Done {
        /// What the notebook shows beside `Out[n]`.
        result: Option<MimeBundle>,
    },
    /// It did not: compile error, panic, failing `?`, interrupt.
    Failed(Failure),
}

/// Why a cell failed, as the notebook shows it.
///
/// ```
/// use lazuli_kernel::interpreter::Failure;
/// let failure = Failure::new("Panic", "index out of bounds");
/// assert_eq!(failure.traceback, ["Panic: index out of bounds"]);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Its kind in one word: `CompileError`, `Panic`, `Interrupted`.
    pub name: String,
    /// What happened, in a line.
    pub value: String,
    /// What the cell shows, one entry a line or more; ANSI colours are fine.
    pub traceback: Vec<String>,
}

impl Failure {
    /// A failure whose traceback is only its name and value.
    pub fn new(name: impl Into<String>, value: impl Into<String>) -> Self {
        let (name, value) = (name.into(), value.into());
        let traceback = vec![format!("{name}: {value}")];
        Failure { name, value, traceback }
    }

    /// The answer to a cell that was interrupted before or while it ran.
    pub fn interrupted() -> Self {
        Failure::new("Interrupted", "the cell was interrupted")
    }
}

/// One value in several representations, by MIME type.
///
/// ```
/// use lazuli_kernel::interpreter::MimeBundle;
/// let bundle = MimeBundle::plain("2").with("text/html", "<b>2</b>");
/// assert_eq!(bundle.data["text/html"], "<b>2</b>");
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MimeBundle {
    /// MIME type to content: text, base64 for binary types, or JSON for JSON types.
    pub data: Map<String, Value>,
    /// Hints for frontends, such as an image's width.
    pub metadata: Map<String, Value>,
}

impl MimeBundle {
    /// A value that has only a text form.
    pub fn plain(text: impl Into<String>) -> Self {
        MimeBundle::default().with("text/plain", text.into())
    }

    /// Adds a representation, or replaces the one of that type.
    #[must_use]
    pub fn with(mut self, mime: impl Into<String>, content: impl Into<Value>) -> Self {
        self.data.insert(mime.into(), content.into());
        self
    }
}

/// One piece of what a cell shows.
#[derive(Debug, Clone, PartialEq)]
pub enum Output {
    /// Text printed to a stream.
    Stream {
        /// Which one.
        stream: Stream,
        /// Any piece of text, not only whole lines.
        text: String,
    },
    /// A picture, a table: shown below the cell.
    Display {
        /// What to show.
        bundle: MimeBundle,
        /// A name under which it can be replaced later.
        display_id: Option<String>,
    },
    /// New content for what was displayed under that name, in whichever cell.
    UpdateDisplay {
        /// What to show now.
        bundle: MimeBundle,
        /// The name given before.
        display_id: String,
    },
    /// Takes away what the cell has shown so far.
    ClearOutput {
        /// Only when the next output arrives, so that nothing flickers.
        wait: bool,
    },
}

/// The two streams a program prints to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// Why a cell got no line from the user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InputError {
    /// The frontend that ran the cell cannot ask: a headless run, a grader.
    #[error(
        "this frontend does not take input from the user; run the cell in a notebook, or give it its input as a value"
    )]
    NotAllowed,
    /// The user interrupted the cell instead of answering.
    #[error("the cell was interrupted while it waited for input")]
    Interrupted,
    /// The cell had ended, or the kernel is going down.
    #[error("the cell that asks for input has ended")]
    Closed,
}

/// What could stand at the cursor.
///
/// ```
/// use lazuli_kernel::interpreter::{Completion, Completions};
/// let found = Completions { start: 2, end: 5, matches: vec![Completion::new("mean", "method")] };
/// assert_eq!(found.matches[0].text, "mean");
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Completions {
    /// Where the text to be replaced begins, in bytes.
    pub start: usize,
    /// Where it ends.
    pub end: usize,
    /// Best first.
    pub matches: Vec<Completion>,
}

impl Completions {
    /// Nothing fits at the cursor.
    pub fn none(cursor: usize) -> Self {
        Completions { start: cursor, end: cursor, matches: Vec::new() }
    }
}

/// One candidate.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Completion {
    /// The text to insert.
    pub text: String,
    /// What it is: `function`, `method`, `struct`, `module`, `keyword`, `instance`; empty if not known.
    pub kind: String,
    /// Its type as Rust writes it: `fn mean(&self) -> Delayed<f64>`; empty if not known.
    pub signature: String,
}

impl Completion {
    /// A candidate without a signature.
    pub fn new(text: impl Into<String>, kind: impl Into<String>) -> Self {
        Completion { text: text.into(), kind: kind.into(), signature: String::new() }
    }
}

/// A sink that drops what it is given, for runs that show nothing.
///
/// ```
/// use lazuli_kernel::interpreter::{Discard, InputError, OutputSink};
/// assert_eq!(Discard.input("name? ", false), Err(InputError::NotAllowed));
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Discard;

impl OutputSink for Discard {
    fn emit(&self, _: Output) {}

    fn input(&self, _: &str, _: bool) -> Result<String, InputError> {
        Err(InputError::NotAllowed)
    }
}
