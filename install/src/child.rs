//! Starting other programs: their environment, and what is said when they fail.

use std::env;
use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, ExitCode, Output};

use crate::error::{Error, Result};

/// A command without what `cargo run` put into our environment.
///
/// Its library path would win over the `$ORIGIN` of staged programs, so that a kernel started from here would load
/// the target folder's libraries; its package variables would make build scripts look changed.
pub fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    // rust-analyzer's crates compile it in: with it on one day and without it the next, all of them are built again.
    command.env_remove("CI");
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") || text == "CARGO_BIN_NAME" {
            command.env_remove(&name);
        }
    }
    if let Some(path) = env::var_os("LD_LIBRARY_PATH") {
        let kept: Vec<_> = env::split_paths(&path).filter(|folder| !is_of_cargo(folder)).collect();
        match env::join_paths(kept) {
            Ok(kept) if !kept.is_empty() => command.env("LD_LIBRARY_PATH", kept),
            _ => command.env_remove("LD_LIBRARY_PATH"),
        };
    }
    command
}

/// A folder of the target folder this program was built into, or of a Rust toolchain.
fn is_of_cargo(folder: &Path) -> bool {
    let ours = env::current_exe().ok();
    let target = ours.as_deref().and_then(Path::parent);
    target.is_some_and(|target| folder.starts_with(target))
        || folder.components().any(|part| part.as_os_str() == "rustlib" || part.as_os_str() == "toolchains")
}

/// Runs to the end and hands back what it printed on stdout; its stderr becomes part of the error.
pub fn read(command: &mut Command, mend: &'static str) -> Result<String> {
    let output = start(command.output(), command, mend)?;
    let Output { status, stdout, stderr } = output;
    if !status.success() {
        let said = String::from_utf8_lossy(&stderr);
        let said = match said.trim() {
            "" => String::new(),
            text => format!(":\n{text}"),
        };
        return Err(Error::Failed { command: shown(command), status, said });
    }
    Ok(String::from_utf8_lossy(&stdout).into_owned())
}

/// Runs to the end with our own stdout and stderr.
pub fn run(command: &mut Command, mend: &'static str) -> Result<()> {
    let status = start(command.status(), command, mend)?;
    if status.success() {
        return Ok(());
    }
    Err(Error::Failed { command: shown(command), status, said: String::new() })
}

/// Runs to the end with our own stdout and stderr; hands on whether it succeeded.
pub fn code(command: &mut Command, mend: &'static str) -> Result<ExitCode> {
    let status = start(command.status(), command, mend)?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

pub fn start<T>(started: std::io::Result<T>, command: &Command, mend: &'static str) -> Result<T> {
    started.map_err(|source| Error::Start {
        program: command.get_program().to_string_lossy().into_owned(),
        mend,
        source,
    })
}

/// The command as one would type it, long ones cut.
pub fn shown(command: &Command) -> String {
    let words: Vec<_> = std::iter::once(command.get_program())
        .chain(command.get_args())
        .map(|word| word.to_string_lossy().into_owned())
        .take(12)
        .collect();
    words.join(" ")
}
