//! What the engine costs, in markdown tables: tasks that do nothing, fused passes against loops written by hand, the
//! peak of memory, what watching and what pictures cost, with Dask beside it in the same run. `cargo lab bench engine`
//! starts this.
//!
//! Every round measures each side once, in turns, so that all are under the same load; what is shown is the median, of a
//! ratio that of the rounds' own.

mod dask;
mod memory;
mod passes;
mod pictures;
mod rounds;
mod table;
mod tasks;
mod watched;

use std::env::{ArgsOs, args_os};
use std::ffi::OsString;
use std::process::ExitCode;
use std::{fs, thread};

use lazuli::graph::Failure;
use lazuli::prelude::*;

use dask::Dask;

/// What is said of an option that does not exist.
const OPTIONS: &str = "there is `--rounds N`, and `--dask PYTHON SCRIPT` or `--no-dask REASON`";

/// What was asked for.
struct Arguments {
    rounds: usize,
    dask: Dask,
}

fn main() -> ExitCode {
    let mut arguments = args_os();
    arguments.next();
    let outcome = match arguments.next() {
        Some(word) if word == memory::CHILD => memory::in_this_process(arguments.next()),
        Some(word) if word == watched::CHILD => watched::in_this_process(arguments.next()),
        word => parse(word, arguments).and_then(measure),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn parse(first: Option<OsString>, rest: ArgsOs) -> Result<Arguments, Failure> {
    let mut words = first.into_iter().chain(rest);
    let mut arguments =
        Arguments { rounds: 5, dask: Dask::missing("this was not started by `cargo lab bench engine`") };
    while let Some(word) = words.next() {
        let mut value = |what| words.next().ok_or_else(|| format!("`{}` needs {what} after it", word.display()));
        match word.to_str().unwrap_or_default() {
            // Cargo says to every bench that it is one.
            "--bench" => {}
            "--rounds" => {
                let rounds = value("a number")?;
                let number = rounds.to_str().and_then(|rounds| rounds.parse().ok()).filter(|&rounds| rounds > 0);
                arguments.rounds = number.ok_or("`--rounds` needs a number from 1 on after it")?;
            }
            "--dask" => arguments.dask = Dask::start(&value("a Python")?, &value("a script")?),
            "--no-dask" => arguments.dask = Dask::missing(&value("a reason")?.to_string_lossy()),
            _ => return Err(format!("unknown option `{}`; {OPTIONS}", word.display()).into()),
        }
    }
    Ok(arguments)
}

fn measure(arguments: Arguments) -> Result<(), Failure> {
    let Arguments { rounds, mut dask } = arguments;
    set_config(Scheduler::Threads)?;
    let cores = thread::available_parallelism()?;
    println!("{cores} cores, threads scheduler, medians of {rounds} rounds, load {}, {}", load(), dask.version());
    tasks::measure(rounds, &mut dask)?;
    passes::measure(rounds, &mut dask)?;
    memory::measure(rounds)?;
    watched::measure(rounds)?;
    pictures::measure(rounds)?;
    println!("\nload at the end {}", load());
    if let Some(reason) = dask.reason() {
        println!("\nDask was not measured: {reason}");
    }
    Ok(())
}

/// How busy the machine was in the last minute: processes that wanted to run.
fn load() -> String {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().filter(|load| !load.is_empty()).unwrap_or("unknown").to_owned()
}
