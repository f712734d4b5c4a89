//! Compilers that wait for the next cell. Of what rustc does for a small cell a third is the same for all: it loads itself, and
//! reads what there is to know of the library and of the crates below it. So when a cell has ended, or did not compile, the compiler for
//! the next one of its [`Kind`] is started, and comes as far as the end of its root file, `include!("/dev/stdin")`: names of crates are
//! resolved before macros are expanded. The cell's own text goes into its stdin.
//!
//! The kernel owns them; the compiler step, a process of its own, asks for them over a socket. A compiler whose kernel was killed reads
//! an empty cell and ends. Imports: tools, dependencies, interrupt.

use std::collections::{BTreeMap, VecDeque};
use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

use super::dependencies::Dependencies;
use super::interrupt::Compiling;
use super::tools::{CELL, INSTANCES, Tools};

/// How many wait at most. Cells of a session alternate between a few kinds; each compiler that waits takes 20 to 30 MB beside
/// what it shares with the others.
const WAITING: usize = 3;

/// Cells of one kind can be compiled by the same compiler.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kind {
    /// Inner attributes of the crate.
    pub attributes: Vec<String>,
    /// They name the collections or a crate that lives in their library. It takes long to load, so that others must not.
    pub library: bool,
    /// They are worth the optimiser's time.
    pub optimiser: bool,
    /// What they link with by `:dep`.
    pub dependencies: Dependencies,
    /// What they see by `:build_env`.
    pub environment: BTreeMap<String, String>,
}

impl Kind {
    /// The root file: what all cells of the kind begin with.
    fn root(&self) -> String {
        let mut root = format!("#![allow(warnings)]{}extern crate {CELL} as _;", self.attributes.concat());
        if self.library {
            root.push_str(&format!("extern crate lazuli as _;extern crate {INSTANCES} as _;use lazuli::prelude::*;"));
        }
        root.push_str("include!(\"/dev/stdin\");");
        root
    }

    /// rustc's level of optimization.
    pub fn level(&self) -> &'static str {
        if self.optimiser { "2" } else { "0" }
    }

    /// rustc with what this kind is compiled against, for whatever it shall emit.
    pub fn command(&self, tools: &Tools) -> Command {
        let stage = &tools.stage;
        let mut rustc = tools.command(&stage.rustc);
        rustc.envs(&self.environment);
        rustc.args(["--crate-name", "ctx", "--edition=2024", "--error-format=json", "-Cmetadata=ctx"]);
        rustc.args(&stage.rustc_flags).arg("-L").arg(&stage.dependencies);
        if let Some(folder) = &self.dependencies.folder {
            rustc.arg("-L").arg(folder);
        }
        let ours = stage.externs.iter().filter(|(name, _)| *name == CELL || self.library);
        for (name, file) in ours.chain(&self.dependencies.externs) {
            rustc.arg("--extern").arg(format!("{name}={}", file.display()));
        }
        rustc
    }
}

/// What the compiler step asks for.
#[derive(Debug, Serialize, Deserialize)]
struct Order {
    kind: Kind,
    /// What the cell adds to the root file.
    text: String,
}

/// What came of it.
#[derive(Debug, Serialize, Deserialize)]
pub struct Compiled {
    /// The object, if the cell was correct.
    pub object: Option<PathBuf>,
    /// What rustc said, one JSON object a line.
    pub messages: String,
}

/// Or why there is none: rustc cannot be started, say.
type Answer = Result<Compiled, String>;

/// Has the kernel compile a cell: `text` is what it adds to the root file of its kind.
pub fn compile(tools: &Tools, kind: Kind, text: String) -> io::Result<Compiled> {
    let kind = Kind { environment: own_environment(), ..kind };
    let mut kernel = UnixStream::connect(tools.compilers())?;
    serde_json::to_writer(&kernel, &Order { kind, text })?;
    kernel.shutdown(Shutdown::Write)?;
    let mut answer = Vec::new();
    kernel.read_to_end(&mut answer)?;
    serde_json::from_slice::<Answer>(&answer)?.map_err(io::Error::other)
}

/// The environment without what evcxr tells cargo.
fn own_environment() -> BTreeMap<String, String> {
    const OF_CARGO: [&str; 4] = ["EVCXR_", "CARGO_", "RUSTC", "RUSTFLAGS"];
    let text =
        std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    text.filter(|(name, _)| !OF_CARGO.iter().any(|prefix| name.starts_with(prefix))).collect()
}

/// The kernel's compilers.
#[derive(Debug)]
pub struct Compilers {
    tools: Tools,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// How many were started: each object has a name of its own, or the loader would take a later cell for an earlier one.
    started: u32,
    /// Those that were used longest ago come first.
    waiting: VecDeque<Waiting>,
    /// The kind that was used last, while none of it waits.
    missing: Option<Kind>,
    ended: bool,
}

impl Compilers {
    /// Answers the compiler step from now on, in a thread of its own.
    pub fn listen(tools: &Tools) -> io::Result<Arc<Compilers>> {
        let listener = UnixListener::bind(tools.compilers())?;
        let state = State { missing: Some(Kind { library: true, ..Kind::default() }), ..State::default() };
        let compilers = Arc::new(Compilers { tools: tools.clone(), state: Mutex::new(state) });
        let this = compilers.clone();
        std::thread::Builder::new().name("compilers".to_owned()).spawn(move || {
            for step in listener.incoming().flatten() {
                let answer: Answer = this.carry_out(&step).map_err(|error| error.to_string());
                // A compiler step that was interrupted does not hear it.
                let _ = serde_json::to_writer(&step, &answer);
            }
        })?;
        Ok(compilers)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn carry_out(&self, step: &UnixStream) -> io::Result<Compiled> {
        let Order { mut kind, text } = serde_json::from_reader(step)?;
        // The rest it has from us, or for the user.
        kind.environment.retain(|name, value| {
            std::env::var(name).as_ref() != Ok(value) && !self.tools.user_environment.contains_key(name)
        });
        let compiled = self.take(&kind)?.finish(&text, &self.tools);
        self.lock().missing = Some(kind);
        if compiled.as_ref().is_ok_and(|compiled| compiled.object.is_none()) {
            // Mostly the cell is laid out otherwise and compiled again.
            self.prepare();
        }
        compiled
    }

    /// One that waits, or else a new one.
    fn take(&self, kind: &Kind) -> io::Result<Waiting> {
        let mut state = self.lock();
        // Anybody may have ended one.
        state.waiting.retain_mut(Waiting::waits);
        match state.waiting.iter().position(|waiting| waiting.kind == *kind) {
            Some(at) => Ok(state.waiting.remove(at).expect("it is there")),
            None => state.start(kind.clone(), &self.tools),
        }
    }

    /// Has a compiler ready for a cell like the last one, to be called when the user's code does not run: it works for a tenth of
    /// a second.
    pub fn prepare(&self) {
        let mut state = self.lock();
        let Some(kind) = state.missing.take().filter(|_| !state.ended) else { return };
        // Where none can be started, the cell that needs it says so.
        if let Ok(waiting) = state.start(kind, &self.tools) {
            state.waiting.push_back(waiting);
        }
        while state.waiting.len() > WAITING {
            state.waiting.pop_front();
        }
    }

    /// Ends those that wait, for good.
    pub fn end(&self) {
        let mut state = self.lock();
        state.ended = true;
        state.waiting.clear();
    }
}

impl State {
    fn start(&mut self, kind: Kind, tools: &Tools) -> io::Result<Waiting> {
        self.started += 1;
        let folder = tools.objects();
        let root = folder.join(format!("root-{}.rs", self.started));
        std::fs::write(&root, kind.root())?;
        let name = format!("libctx-{}.so", self.started);
        let object = folder.join(&name);
        let mut rustc = kind.command(tools);
        let level = kind.level();
        rustc.args(&tools.stage.object_flags).env("RUSTC_BOOTSTRAP", "1").arg(format!("-Copt-level={level}"));
        // A crate that is named is loaded for hints in errors, and of the instances no error may speak: only here.
        if kind.library {
            let instances = tools.stage.instances.get(level).ok_or(io::ErrorKind::NotFound)?;
            rustc.arg("--extern").arg(format!("{INSTANCES}={}", instances.display()));
        }
        rustc.arg(format!("--remap-path-prefix={}=", tools.layout().display()));
        // Functions of this cell are named by the object's build-id in worker processes.
        rustc
            .args(["--crate-type=cdylib", "--emit=link"])
            .arg(format!("-Clink-arg=-Wl,-soname,{name},--build-id=sha1"));
        rustc.arg("-o").arg(&object).arg(&root).current_dir(&folder);
        // Its linker ends with it.
        rustc.process_group(0).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
        Ok(Waiting { process: Some(rustc.spawn()?), kind, root, object })
    }
}

/// A compiler that waits.
#[derive(Debug)]
struct Waiting {
    kind: Kind,
    root: PathBuf,
    object: PathBuf,
    /// None once it has got its cell.
    process: Option<Child>,
}

impl Waiting {
    fn waits(&mut self) -> bool {
        self.process.as_mut().is_some_and(|process| matches!(process.try_wait(), Ok(None)))
    }

    /// Gives it the rest of its root file, and waits for what comes of that.
    fn finish(mut self, text: &str, tools: &Tools) -> io::Result<Compiled> {
        let group = self.process.as_ref().expect("it waits").id();
        let _interruptible = Compiling::note(&tools.compiling(), group)?;
        let mut process = self.process.take().expect("it waits");
        let mut stdin = process.stdin.take().expect("it is piped");
        // One that has ended before it read says why.
        let _ = stdin.write_all(text.as_bytes());
        drop(stdin);
        let output = process.wait_with_output()?;
        let messages = String::from_utf8_lossy(&output.stderr).into_owned();
        Ok(Compiled { object: output.status.success().then(|| self.object.clone()), messages })
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if let Some(process) = &mut self.process {
            // It may be gone already.
            let _ = process.kill();
            let _ = process.wait();
        }
        let _ = std::fs::remove_file(&self.root);
    }
}
