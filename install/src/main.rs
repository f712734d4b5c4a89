//! Behind `cargo lab` and `cargo verify`: everything that a fresh checkout needs, set up by one program.
//!
//! In the order of their work:
//! [`arguments`] what was asked for → [`place`] where things go → [`toolchain`] is Rust whole → [`workspace`] one build
//! of everything → [`stage`] the folder a kernel runs from → [`kernelspec`] how Jupyter finds it → [`python`] JupyterLab.
//! The commands are [`lab`], [`bench`], [`doctor`], [`uninstall`] and [`verify`].

mod arguments;
mod bench;
mod child;
mod clippy;
mod doctor;
#[cfg(test)]
mod documents;
mod elf;
mod error;
mod kernelspec;
mod lab;
mod place;
mod polars;
mod python;
mod stage;
mod sweep;
mod toolchain;
mod uninstall;
mod verify;
mod workspace;

use std::process::ExitCode;

use arguments::Command;

fn main() -> ExitCode {
    let outcome = arguments::parse(std::env::args_os().skip(1)).and_then(|command| match command {
        Command::Help(text) => {
            println!("{text}");
            Ok(ExitCode::SUCCESS)
        }
        Command::Open { jupyter } => lab::open(&jupyter),
        Command::Setup => lab::setup().map(|_| ExitCode::SUCCESS),
        Command::Run { notebook, output, timeout } => lab::run(&notebook, output.as_deref(), timeout),
        Command::Bench { bench, options } => bench::run(bench, &options),
        Command::Gallery => lab::gallery(),
        Command::Doctor => doctor::run(),
        Command::Uninstall => uninstall::run(),
        Command::Verify { parts, pytest } => verify::run(&parts, &pytest),
    });
    outcome.unwrap_or_else(|error| {
        eprintln!("error: {error}");
        let mut source = std::error::Error::source(&error);
        while let Some(cause) = source {
            eprintln!("  because: {cause}");
            source = cause.source();
        }
        ExitCode::FAILURE
    })
}
