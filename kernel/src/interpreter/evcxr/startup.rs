//! How a session begins: a folder of its own, the stand-ins for the tools first on the kernel's PATH,
//! evcxr with our runtime process, the collections' prelude, a warm-up.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use evcxr::{CommandContext, EvalContext};

use super::gone::Gone;
use super::interrupt::{Running, Stop};
use super::ledger::{self, Ledger};
use super::output::Channel;
use super::tools::{CompilerError, Stage, TOOLS, Tools};
use super::{Evcxr, toolchain};
use crate::interpreter::{Failure, Interpreter, Interrupter, Launch};

/// The folder that set-up made; the kernelspec names it.
const HOME: &str = "LAZULI_HOME";
/// How the folders of kernels begin; the number of the kernel's process follows.
const PREFIX: &str = "lazuli-kernel-";
/// What the first cell finds in scope.
const PRELUDE: &str = "use lazuli::prelude::*;";
/// Analysed once before the first cell, so that rust-analyzer has its tables of traits and imports.
const WARM_UP: &str = "let warm = zeros((4, 4), (2, 2)); let sum = (&warm + 1.0).sin().sum().compute(); sum";

/// Prepares a session; called before the program has threads, since it changes the environment.
/// What is wrong with the installation becomes the answer to every cell.
pub fn launch() -> Launch {
    prepared().unwrap_or_else(|failure| Launch {
        language_version: String::new(),
        interrupter: Arc::new(NothingRuns),
        start: Box::new(move || Err(failure)),
    })
}

/// The interrupter of a session that never starts.
struct NothingRuns;

impl Interrupter for NothingRuns {
    fn interrupt(&self) {}

    fn end(&self) {}
}

fn prepared() -> Result<Launch, Failure> {
    sweep(&std::env::temp_dir());
    // The name tells the next kernel whose it is.
    let prefix = format!("{PREFIX}{}-", std::process::id());
    let folder = tempfile::Builder::new().prefix(&prefix).tempdir().map_err(|error| cannot("make a folder", &error))?;
    let home = std::env::var_os(HOME).ok_or_else(|| {
        Failure::new("NotInstalled", "LAZULI_HOME is not set: start the kernel through Jupyter, after `cargo lab`")
    })?;
    let stage = Stage::load(Path::new(&home)).map_err(|error| {
        Failure::new("NotInstalled", format!("{}/stage.json: {error}; run `cargo lab` again", home.to_string_lossy()))
    })?;
    let language_version = stage.rustc_version.split_whitespace().nth(1).unwrap_or("1").to_owned();
    let tools = Tools {
        folder: folder.path().to_owned(),
        prelude: prelude_names(&stage.world),
        user_environment: BTreeMap::new(),
        stage,
    };
    let tools = prepare(tools).map_err(|error| cannot("prepare its folder", &error))?;
    let channel = Channel::listen(&tools.folder.join("channel")).map_err(|error| cannot("listen", &error))?;
    let running = Arc::new(Running::default());
    let interrupter =
        Arc::new(Stop { running: running.clone(), channel: channel.clone(), compiling: tools.compiling(), folder });
    let start = move || {
        let session = start(tools, channel, running)?;
        Ok(Box::new(session) as Box<dyn Interpreter>)
    };
    Ok(Launch { language_version, interrupter, start: Box::new(start) })
}

/// Removes what kernels left that were killed.
fn sweep(folder: &Path) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let owner = name.strip_prefix(PREFIX).and_then(|rest| rest.split('-').next()?.parse::<u32>().ok());
        if owner.is_some_and(|process| !Path::new(&format!("/proc/{process}")).exists()) {
            // Another user's, or another kernel was faster.
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

fn cannot(what: &str, error: &std::io::Error) -> Failure {
    Failure::new("KernelError", format!("the kernel cannot {what}: {error}"))
}

/// Links the stand-ins and points the environment of this process at them.
fn prepare(mut tools: Tools) -> std::io::Result<Tools> {
    let bin = tools.bin();
    for folder in [&bin, &tools.ledger(), &tools.folder.join("config"), &tools.folder.join("evcxr")] {
        std::fs::create_dir_all(folder)?;
    }
    let program = std::env::current_exe()?;
    for name in toolchain::NAMES {
        std::os::unix::fs::symlink(&program, bin.join(name))?;
    }
    let path = std::env::var("PATH").unwrap_or_default();
    let text = |path: std::path::PathBuf| path.to_string_lossy().into_owned();
    let mut changes = vec![
        ("PATH", format!("{}:{path}", bin.display())),
        ("CARGO_HOME", text(tools.folder.clone())),
        ("RUSTC", text(bin.join("rustc"))),
        ("EVCXR_TMPDIR", text(tools.folder.join("evcxr"))),
        ("EVCXR_CONFIG_DIR", text(tools.folder.join("config"))),
        ("RUST_SRC_PATH", text(tools.stage.world.join("std/library"))),
        (TOOLS, text(tools.folder.join("tools.json"))),
    ];
    tools.user_environment = changes.iter().map(|(name, _)| ((*name).to_owned(), std::env::var(name).ok())).collect();
    tools.save()?;
    changes.extend([
        ("LAZULI_CHANNEL", text(tools.folder.join("channel"))),
        ("LAZULI_COLLECTIONS", text(tools.stage.collections.clone())),
        ("LAZULI_USER_ENVIRONMENT", serde_json::to_string(&tools.user_environment)?),
    ]);
    for (name, value) in changes {
        #[expect(unsafe_code, reason = "evcxr and rust-analyzer find their tools through the environment")]
        // SAFETY: `launch` runs before the program has a second thread.
        unsafe {
            std::env::set_var(name, value);
        }
    }
    Ok(tools)
}

/// The names that the prelude re-exports, read from its own text.
fn prelude_names(world: &Path) -> BTreeSet<String> {
    let text = std::fs::read_to_string(world.join("crates/lazuli/src/lib.rs")).unwrap_or_default();
    ledger::imported_names(&text, "prelude")
}

fn start(tools: Tools, channel: Arc<Channel>, running: Arc<Running>) -> Result<Evcxr, Failure> {
    same_compiler(&tools)?;
    let mut ledger = Ledger::default();
    ledger.save(&tools.ledger()).map_err(|error| cannot("write its ledger", &error))?;
    let broken = |error: evcxr::Error| Failure::new("KernelError", format!("the evaluator did not start: {error}"));
    let (context, outputs) =
        EvalContext::with_subprocess_command(Command::new(&tools.stage.runtime)).map_err(broken)?;
    // User code prints elsewhere; what arrives here is for the log. evcxr waits until someone has read it.
    for lines in [outputs.stdout, outputs.stderr] {
        std::thread::spawn(move || lines.iter().for_each(|line| eprintln!("{line}")));
    }
    let mut context = CommandContext::with_eval_context(context);
    context.execute(PRELUDE).map_err(broken)?;
    // Only warms caches: what it finds does not matter.
    let _ = context.hover_at(WARM_UP, WARM_UP.len());
    Ok(Evcxr { context, tools, ledger, gone: Gone::default(), channel, running })
}

/// Cells compiled by another compiler than the library's would fail to link with hundreds of lines.
fn same_compiler(tools: &Tools) -> Result<(), Failure> {
    tools.check_compiler().map_err(|error| {
        let name = match error {
            CompilerError::Gone { .. } => "CompilerGone",
            CompilerError::Changed { .. } => "CompilerChanged",
        };
        Failure::new(name, error.to_string())
    })
}
