//! Us under the names `cargo`, `rustup` and `rustc`: what evcxr and rust-analyzer ask of them, and our
//! answers. They find us because the kernel puts a folder with links to its own program first on its
//! PATH; whatever we do not answer goes to the real tool in the user's environment.

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use lazuli_facade::{Question, World};

use super::interrupt::Compiling;
use super::tools::{TOOLS, Tools};
use super::{compile, dependencies, system};

/// The names we answer to.
pub const NAMES: [&str; 3] = ["cargo", "rustup", "rustc"];

/// Acts as the tool under whose name the program was started, and ends it; returns when it was started as the kernel.
pub fn hook() {
    if let Some(code) = stand_in() {
        std::process::exit(code);
    }
}

fn stand_in() -> Option<i32> {
    let mut arguments = std::env::args_os();
    let name = PathBuf::from(arguments.next()?).file_name()?.to_str()?.to_owned();
    let name = NAMES.into_iter().find(|tool| *tool == name)?;
    let tools = Tools::load(Path::new(&std::env::var_os(TOOLS)?));
    let result = tools.and_then(|tools| act(name, &tools, arguments.collect()));
    Some(result.unwrap_or_else(|error| {
        eprintln!("the kernel's stand-in for {name}: {error}");
        1
    }))
}

fn act(name: &str, tools: &Tools, arguments: Vec<OsString>) -> io::Result<i32> {
    let words: Vec<_> = arguments.iter().map(|argument| argument.to_string_lossy()).collect();
    let words: Vec<&str> = words.iter().map(|word| &**word).filter(|word| *word != "--offline").collect();
    match known(name, tools, &words)? {
        Some(Ok(text)) => return answer(&text),
        Some(Err(complaint)) => {
            // evcxr shows it.
            io::stderr().write_all(complaint.as_bytes())?;
            return Ok(101);
        }
        None => {}
    }
    match (name, &words[..]) {
        ("rustup", ["which", tool]) if NAMES.contains(tool) => {
            answer(&format!("{}\n", tools.bin().join(tool).display()))
        }
        ("cargo", ["build", ..]) => interruptible(tools, || compile::build(tools, &std::env::current_dir()?)),
        ("cargo", ["check", ..]) => interruptible(tools, || compile::check(tools, &std::env::current_dir()?)),
        ("cargo", ["clean"]) => Ok(0),
        _ => real(name, tools, &arguments),
    }
}

/// What rust-analyzer asks about the world, and evcxr about its package: the answer, or cargo's complaint.
type Answer = Result<String, String>;

fn known(name: &str, tools: &Tools, words: &[&str]) -> io::Result<Option<Answer>> {
    let Some(question) = Question::parse(name, words) else { return Ok(None) };
    let world = World::open(&tools.stage.world).map_err(io::Error::other)?;
    let folder = std::env::current_dir()?;
    if let Question::Metadata { manifest } = &question {
        let manifest = manifest.clone().unwrap_or_else(|| folder.join("Cargo.toml"));
        let is_cells = manifest.starts_with(&folder) && !manifest.starts_with(&tools.stage.world);
        if is_cells && !dependencies::listed(&std::fs::read_to_string(&manifest)?).is_empty() {
            return interruptible(tools, || with_dependencies(tools, &world, &manifest, words)).map(Some);
        }
    }
    Ok(world.answer(&question, &folder).map_err(io::Error::other)?.map(Ok))
}

/// The package has dependencies of the user's own: cargo knows them, the world adds ours.
fn with_dependencies(tools: &Tools, world: &World, manifest: &Path, words: &[&str]) -> io::Result<Answer> {
    let words: Vec<_> = words.iter().filter(|word| !word.starts_with("-Z")).collect();
    let output = tools.command(&tools.stage.cargo).args(words).output()?;
    if !output.status.success() {
        return Ok(Err(complaint(&String::from_utf8_lossy(&output.stderr))));
    }
    let folder = manifest.parent().unwrap_or(manifest);
    world.graft(&String::from_utf8_lossy(&output.stdout), folder).map(Ok).map_err(io::Error::other)
}

/// What cargo says is wrong, without what it said it was doing.
fn complaint(stderr: &str) -> String {
    stderr.split_once("error: ").map_or(stderr, |(_, complaint)| complaint).to_owned()
}

fn answer(text: &str) -> io::Result<i32> {
    io::stdout().write_all(text.as_bytes())?;
    Ok(0)
}

/// Works in a process group of its own, which the kernel finds and ends when the cell is interrupted.
fn interruptible<T>(tools: &Tools, work: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    system::lead_group();
    let _interruptible = Compiling::note(&tools.compiling(), std::process::id())?;
    work()
}

fn real(name: &str, tools: &Tools, arguments: &[OsString]) -> io::Result<i32> {
    let program = match name {
        "rustc" => tools.stage.rustc.clone(),
        "cargo" => tools.stage.cargo.clone(),
        other => PathBuf::from(other),
    };
    let status = tools.command(&program).args(arguments).status()?;
    Ok(status.code().unwrap_or(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_what_cargo_says_the_complaint_is_kept() {
        assert_eq!(
            complaint("    Updating index\nerror: no package `x`\nCaused by:\n  y"),
            "no package `x`\nCaused by:\n  y"
        );
        assert_eq!(complaint("killed"), "killed");
    }
}
