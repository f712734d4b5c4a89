//! What was typed after `cargo lab` or `cargo verify`, parsed once into a [`Command`].

use std::ffi::OsString;
use std::path::PathBuf;

use crate::bench::Bench;
use crate::error::{Error, Result};
use crate::verify::Part;

/// One thing to do.
#[derive(Debug, PartialEq)]
pub enum Command {
    Help(&'static str),
    /// Set up, then open `notebooks/` in JupyterLab; what follows `--` goes to `jupyter lab`.
    Open {
        jupyter: Vec<OsString>,
    },
    Setup,
    /// Set up, then execute a notebook without a browser; saved in place unless `output` says where.
    Run {
        notebook: PathBuf,
        output: Option<PathBuf>,
        /// How many seconds a cell may take.
        timeout: Option<u32>,
    },
    /// Measure, everything when nothing is named; what follows `--` goes to the bench that is.
    Bench {
        bench: Option<Bench>,
        options: Vec<OsString>,
    },
    /// Set up, then write the gallery anew: run its cells, keep what they show.
    Gallery,
    Doctor,
    Uninstall,
    /// Parts to check, all when empty; what follows `--` goes to pytest.
    Verify {
        parts: Vec<Part>,
        pytest: Vec<OsString>,
    },
}

pub const LAB_HELP: &str = "\
cargo lab: Rust notebooks with lazy parallel collections

    cargo lab [-- JUPYTER OPTIONS]          set everything up, then open notebooks/ in JupyterLab
    cargo lab --run NOTEBOOK [--output FILE] [--timeout SECONDS]
                                            set everything up, then execute a notebook without a browser and save it
                                            (in place, or as FILE); ends non-zero when a cell fails, or takes longer
                                            than SECONDS
    cargo lab setup                         set everything up, open nothing
    cargo lab bench [cells|engine] [-- OPTIONS]
                                            measure how long cells take, or what tasks and memory of a run cost beside
                                            Dask, as tables; both when neither is named
    cargo lab gallery                       run the cells of collections/gallery/README.md, and write what they show
    cargo lab doctor                        say what is missing or stale, and how to mend it
    cargo lab uninstall                     take away what was put outside this checkout";

pub const VERIFY_HELP: &str = "\
cargo verify: every test

    cargo verify [PART]... [-- PYTEST OPTIONS]

    PART is format, clippy, rust or python; all of them when none is named";

/// `args` start with the alias's own word, `lab` or `verify`.
pub fn parse(args: impl Iterator<Item = OsString>) -> Result<Command> {
    let mut args = args;
    match args.next().as_deref().and_then(|word| word.to_str()) {
        Some("lab") => parse_lab(args),
        Some("verify") => parse_verify(args),
        _ => Ok(Command::Help(LAB_HELP)),
    }
}

fn parse_lab(mut args: impl Iterator<Item = OsString>) -> Result<Command> {
    let (mut notebook, mut output, mut timeout, mut word) = (None, None, None, None);
    while let Some(arg) = args.next() {
        match arg.to_str().unwrap_or_default() {
            "-h" | "--help" | "help" => return Ok(Command::Help(LAB_HELP)),
            "--run" => notebook = Some(value("--run", "a notebook", args.next())?),
            "--output" => output = Some(value("--output", "a file", args.next())?),
            "--timeout" => timeout = Some(seconds("--timeout", args.next())?),
            "--" if notebook.is_none() && output.is_none() && timeout.is_none() && word.is_none() => {
                return Ok(Command::Open { jupyter: args.collect() });
            }
            "bench" if word.is_none() && notebook.is_none() && output.is_none() && timeout.is_none() => {
                return parse_bench(args);
            }
            "setup" if word.is_none() => word = Some(Command::Setup),
            "gallery" if word.is_none() => word = Some(Command::Gallery),
            "doctor" if word.is_none() => word = Some(Command::Doctor),
            "uninstall" if word.is_none() => word = Some(Command::Uninstall),
            _ => return Err(unexpected("lab", &arg)),
        }
    }
    match (notebook, word) {
        (Some(notebook), None) => Ok(Command::Run { notebook, output, timeout }),
        (Some(_), Some(_)) => Err(Error::NeedsOption { option: "--run", needs: "no other command" }),
        (None, _) if output.is_some() => Err(Error::NeedsOption { option: "--output", needs: "--run NOTEBOOK" }),
        (None, _) if timeout.is_some() => Err(Error::NeedsOption { option: "--timeout", needs: "--run NOTEBOOK" }),
        (None, word) => Ok(word.unwrap_or(Command::Open { jupyter: Vec::new() })),
    }
}

fn parse_bench(mut args: impl Iterator<Item = OsString>) -> Result<Command> {
    let mut bench = None;
    while let Some(arg) = args.next() {
        match arg.to_str().unwrap_or_default() {
            "-h" | "--help" => return Ok(Command::Help(LAB_HELP)),
            "--" if bench.is_some() => return Ok(Command::Bench { bench, options: args.collect() }),
            "--" => return Err(Error::NeedsOption { option: "bench --", needs: "`cells` or `engine`" }),
            name if bench.is_none() => bench = Some(Bench::named(name).ok_or_else(|| unexpected("lab", &arg))?),
            _ => return Err(unexpected("lab", &arg)),
        }
    }
    Ok(Command::Bench { bench, options: Vec::new() })
}

fn parse_verify(mut args: impl Iterator<Item = OsString>) -> Result<Command> {
    let mut parts = Vec::new();
    while let Some(arg) = args.next() {
        match arg.to_str().unwrap_or_default() {
            "-h" | "--help" | "help" => return Ok(Command::Help(VERIFY_HELP)),
            "--" => {
                return Ok(Command::Verify { parts, pytest: args.collect() });
            }
            name => parts.push(Part::named(name).ok_or_else(|| unexpected("verify", &arg))?),
        }
    }
    Ok(Command::Verify { parts, pytest: Vec::new() })
}

fn value(option: &'static str, what: &'static str, next: Option<OsString>) -> Result<PathBuf> {
    next.filter(|value| !value.to_string_lossy().starts_with("--"))
        .map(PathBuf::from)
        .ok_or(Error::NeedsValue { option, what })
}

fn seconds(option: &'static str, next: Option<OsString>) -> Result<u32> {
    let text = next.unwrap_or_default();
    let seconds = text.to_str().and_then(|text| text.parse().ok()).filter(|seconds| *seconds > 0);
    seconds.ok_or(Error::NeedsValue { option, what: "whole seconds" })
}

fn unexpected(command: &'static str, argument: &std::ffi::OsStr) -> Error {
    Error::UnknownArgument { command, argument: argument.to_string_lossy().into_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, expected: Result<Command, &str>) {
        let found = parse(line.split_whitespace().map(OsString::from));
        assert_eq!(found.map_err(|error| error.to_string()), expected.map_err(String::from), "{line}");
    }

    #[test]
    fn commands_are_told_apart() {
        check("lab", Ok(Command::Open { jupyter: vec![] }));
        check("lab -- --no-browser", Ok(Command::Open { jupyter: vec!["--no-browser".into()] }));
        check("lab gallery", Ok(Command::Gallery));
        check("lab doctor", Ok(Command::Doctor));
        let run = |output: Option<&str>, timeout| {
            Ok(Command::Run { notebook: "a.ipynb".into(), output: output.map(PathBuf::from), timeout })
        };
        check("lab --run a.ipynb", run(None, None));
        check("lab --output b.ipynb --run a.ipynb", run(Some("b.ipynb"), None));
        check("lab --run a.ipynb --timeout 60", run(None, Some(60)));
        check("lab bench", Ok(Command::Bench { bench: None, options: vec![] }));
        check("lab bench engine", Ok(Command::Bench { bench: Some(Bench::Engine), options: vec![] }));
        let options = vec!["--rounds".into(), "3".into()];
        check("lab bench cells -- --rounds 3", Ok(Command::Bench { bench: Some(Bench::Cells), options }));
        check("lab --help", Ok(Command::Help(LAB_HELP)));
        check("verify rust", Ok(Command::Verify { parts: vec![Part::Rust], pytest: vec![] }));
        check(
            "verify python -- -k browser",
            Ok(Command::Verify { parts: vec![Part::Python], pytest: vec!["-k".into(), "browser".into()] }),
        );
    }

    #[test]
    fn a_wrong_line_says_what_is_wrong() {
        check("lab --runn a.ipynb", Err("unknown argument `--runn`; `cargo lab --help` lists what there is"));
        check("lab --run", Err("`--run` needs a notebook after it"));
        check("lab --run --output b.ipynb", Err("`--run` needs a notebook after it"));
        check("lab --output b.ipynb", Err("`--output` needs --run NOTEBOOK beside it"));
        check("lab --timeout 60", Err("`--timeout` needs --run NOTEBOOK beside it"));
        check("lab --run a.ipynb --timeout soon", Err("`--timeout` needs whole seconds after it"));
        check("lab --run a.ipynb --timeout", Err("`--timeout` needs whole seconds after it"));
        check("lab doctor --run a.ipynb", Err("`--run` needs no other command beside it"));
        check("lab bench cell", Err("unknown argument `cell`; `cargo lab --help` lists what there is"));
        check("lab bench cells engine", Err("unknown argument `engine`; `cargo lab --help` lists what there is"));
        check("lab bench -- --rounds 3", Err("`bench --` needs `cells` or `engine` beside it"));
        check("verify everything", Err("unknown argument `everything`; `cargo verify --help` lists what there is"));
    }
}
