//! How a session begins: a folder of its own, the stand-ins for the tools first on the kernel's PATH,
//! evcxr with our runtime process, the collections' prelude, a warm-up.

use std::collections::{BTreeMap, BTreeSet};
use std::io::ErrorKind;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use evcxr::{CommandContext, EvalContext};

use super::compilers::Compilers;
use super::folder::Folder;
use super::gone::Gone;
use super::interrupt::{Reach, Running, Stop};
use super::ledger::{self, Ledger};
use super::output::Channel;
use super::shell::Shell;
use super::tools::{CHANNEL, COLLECTIONS, CompilerError, HOME, Stage, TOOLS, Tools, USER_ENVIRONMENT};
use super::{Evcxr, toolchain};
use crate::interpreter::{Failure, Interpreter, Interrupter, Launch};

/// What the first cell finds in scope.
pub const PRELUDE: &str = "use lazuli::prelude::*;";
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
    let folder = Folder::make(&std::env::temp_dir()).map_err(|error| cannot("make a folder", &error))?;
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
    let channel = listen(&tools.channel())?;
    let (running, shell) = (Arc::new(Running::default()), Arc::new(Shell::default()));
    let compilers = Compilers::listen(&tools).map_err(|error| cannot("listen to its compiler step", &error))?;
    let reach = Arc::new(Reach {
        running: running.clone(),
        channel: channel.clone(),
        shell: shell.clone(),
        compilers: compilers.clone(),
        compiling: tools.compiling(),
    });
    let interrupter = Arc::new(Stop { reach, folder });
    let start = move || {
        let session = start(tools, channel, running, shell, compilers)?;
        Ok(Box::new(session) as Box<dyn Interpreter>)
    };
    Ok(Launch { language_version, interrupter, start: Box::new(start) })
}

fn listen(socket: &Path) -> Result<Arc<Channel>, Failure> {
    Channel::listen(socket).map_err(|error| {
        let failure = cannot(&format!("listen at {}", socket.display()), &error);
        match error.kind() {
            ErrorKind::InvalidInput => {
                let hint = "the path of a socket has at most 107 bytes: set TMPDIR to a shorter folder before you start Jupyter";
                Failure::new(failure.name, format!("{}; {hint}", failure.value))
            }
            _ => failure,
        }
    })
}

fn cannot(what: &str, error: &std::io::Error) -> Failure {
    Failure::new("KernelError", format!("the kernel cannot {what}: {error}"))
}

/// Links the stand-ins and points the environment of this process at them.
fn prepare(mut tools: Tools) -> std::io::Result<Tools> {
    let bin = tools.bin();
    for folder in [&bin, &tools.ledger(), &tools.objects(), &tools.folder.join("config"), &tools.folder.join("evcxr")] {
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
        (CHANNEL, text(tools.channel())),
        (COLLECTIONS, text(tools.stage.collections.clone())),
        (USER_ENVIRONMENT, serde_json::to_string(&tools.user_environment)?),
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

fn start(
    tools: Tools,
    channel: Arc<Channel>,
    running: Arc<Running>,
    shell: Arc<Shell>,
    compilers: Arc<Compilers>,
) -> Result<Evcxr, Failure> {
    same_compiler(&tools)?;
    compilers.prepare();
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
    Ok(Evcxr { context, tools, ledger, gone: Gone::default(), misfits: Vec::new(), channel, running, shell, compilers })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_whose_path_is_too_long_is_named_with_what_to_do() {
        let folder = tempfile::tempdir().expect("a folder");
        assert!(listen(&folder.path().join("channel")).is_ok());
        let long = folder.path().join("l".repeat(100));
        let failure = listen(&long).err().expect("it is too long");
        assert!(
            failure.value.contains(&*long.to_string_lossy()) && failure.value.contains("set TMPDIR"),
            "{failure:?}"
        );
    }
}
