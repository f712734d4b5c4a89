//! Us under the names `cargo`, `rustup` and `rustc`: what evcxr and rust-analyzer ask of them, and our
//! answers. They find us because the kernel puts a folder with links to its own program first on its
//! PATH; whatever we do not answer goes to the real tool in the user's environment.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use super::compile;
use super::tools::{TOOLS, Tools};

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
    match (name, &words[..]) {
        ("rustup", ["which", tool]) if NAMES.contains(tool) => answer(&tools.bin().join(tool).to_string_lossy()),
        ("cargo", ["build", ..]) => compile::build(tools, &std::env::current_dir()?),
        ("cargo", ["check", ..]) => compile::check(tools, &std::env::current_dir()?),
        ("cargo", ["clean"]) => Ok(0),
        _ => real(name, tools, &arguments),
    }
}

fn answer(text: &str) -> io::Result<i32> {
    println!("{text}");
    Ok(0)
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
