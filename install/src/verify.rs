//! `cargo verify`: every test there is, in folders of its own inside the target folder.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{BufRead, BufReader};
use std::ops::AddAssign;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

use crate::bench::ENGINE;
use crate::child;
use crate::clippy;
use crate::error::Result;
use crate::lab;
use crate::place::Place;
use crate::polars;
use crate::python::Python;
use crate::stage::cannot_write;
use crate::toolchain::Toolchain;
use crate::workspace::{self, Artifact, Workspace};

/// A kind of check that can be asked for alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// `cargo fmt --check`.
    Format,
    Clippy,
    /// Unit, integration and documentation tests.
    Rust,
    /// The protocol's conformance suite, cells, notebooks, and JupyterLab in a browser.
    Python,
}

impl Part {
    const ALL: [Self; 4] = [Self::Format, Self::Clippy, Self::Rust, Self::Python];

    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|part| part.name() == name)
    }

    fn name(self) -> &'static str {
        match self {
            Self::Format => "format",
            Self::Clippy => "clippy",
            Self::Rust => "rust",
            Self::Python => "python",
        }
    }
}

/// Tests counted by how they ended.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Tally {
    passed: usize,
    failed: usize,
    left_out: usize,
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.left_out += other.left_out;
    }
}

impl Tally {
    fn of(passed: bool) -> Self {
        Self { passed: usize::from(passed), failed: usize::from(!passed), left_out: 0 }
    }

    /// Reads the closing line of a test runner, `12 passed; 0 failed; 1 ignored` or `3 failed, 9 passed in 2.1s`.
    fn read(line: &str) -> Self {
        let words: Vec<&str> = line.split([' ', ',', ';', '.', '=']).filter(|word| !word.is_empty()).collect();
        let mut tally = Self::default();
        for pair in words.windows(2) {
            let Ok(count) = pair[0].parse::<usize>() else {
                continue;
            };
            match pair[1] {
                "passed" | "xfailed" => tally.passed += count,
                "failed" | "error" | "errors" | "xpassed" => tally.failed += count,
                "ignored" | "skipped" => tally.left_out += count,
                _ => {}
            }
        }
        tally
    }
}

/// Runs the parts, all when none is named, each to its end whatever the others found.
pub fn run(parts: &[Part], pytest: &[OsString]) -> Result<ExitCode> {
    let parts = if parts.is_empty() { &Part::ALL } else { parts };
    let checkout = Place::below(Path::new("")).checkout;
    let toolchain = Toolchain::find(&checkout)?;
    let workspace = Workspace::read(&checkout, &toolchain)?;
    let home = workspace.target_directory.join("verify");
    let place = Place::below(&home);
    let mut total = Tally::default();
    let mut end = |part: Part, tally: Tally| {
        eprintln!("{}: {} passed, {} failed, {} left out", part.name(), tally.passed, tally.failed, tally.left_out);
        total += tally;
    };

    if parts.contains(&Part::Format) {
        heading(Part::Format);
        let mut fmt = child::command(&toolchain.cargo);
        fmt.args(["fmt", "--all", "--check"]).current_dir(&checkout);
        let status = child::start(fmt.status(), &fmt, "`rustup component add rustfmt` brings it")?;
        end(Part::Format, Tally::of(status.success()));
    }
    if parts.iter().any(|part| *part != Part::Format) {
        toolchain.ensure_library_source()?;
        let build = |arguments: &[&str]| workspace::build(&checkout, &toolchain, &workspace, arguments);
        let artifacts = build(&["build", "--workspace"])?;
        if parts.contains(&Part::Clippy) {
            heading(Part::Clippy);
            let (clean, faulty) = clippy::lint(&toolchain, &workspace, &artifacts, &home.join("clippy"))?;
            end(Part::Clippy, Tally { passed: clean.len(), failed: faulty.len(), left_out: 0 });
        }
        if parts.contains(&Part::Rust) {
            heading(Part::Rust);
            let mut all = artifacts.clone();
            all.extend(build(&["test", "--workspace", "--no-run"])?);
            all.extend(build(&[&ENGINE[..], &["--no-run"]].concat())?);
            polars::is_built_once(&all, &workspace.target_directory)?;
            end(Part::Rust, rust_tests(&checkout, &toolchain)?);
        }
        if parts.contains(&Part::Python) {
            heading(Part::Python);
            end(Part::Python, python_tests(&place, &toolchain, &workspace, &artifacts, pytest)?);
        }
    }
    println!("{} passed, {} failed, {} left out", total.passed, total.failed, total.left_out);
    Ok(if total.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn heading(part: Part) {
    eprintln!("\n== {} ==", part.name());
}

fn rust_tests(checkout: &Path, toolchain: &Toolchain) -> Result<Tally> {
    let mut cargo = child::command(&toolchain.cargo);
    cargo.args(["test", "--workspace", "--no-fail-fast"]).current_dir(checkout);
    count(&mut cargo, |line| line.starts_with("test result:"))
}

fn python_tests(
    place: &Place,
    toolchain: &Toolchain,
    workspace: &Workspace,
    artifacts: &[Artifact],
    pytest: &[OsString],
) -> Result<Tally> {
    let python = Python::of(place, "verify.txt");
    python.ensure()?;
    // A fresh home each time; the Python environment beside it stays.
    for stale in ["share/jupyter", "config", "cache", "run"] {
        let folder = workspace.target_directory.join("verify").join(stale);
        if folder.exists() {
            fs::remove_dir_all(&folder).map_err(cannot_write(&folder))?;
        }
    }
    let staged = lab::install(place, toolchain, workspace, artifacts)?;
    let mut tests = python.command(place, "python");
    tests.args(["-m", "pytest", "-p", "no:cacheprovider", "-rs", "--durations=5"]);
    tests.arg(place.checkout.join("kernel/tests/python")).args(pytest);
    tests.env("LAZULI_CHECKOUT", &place.checkout).env("LAZULI_STAGE", staged);
    tests.env("LAZULI_SCREENSHOTS", workspace.target_directory.join("screenshots"));
    tests.current_dir(&place.checkout);
    count(&mut tests, is_closing_line_of_pytest)
}

/// Such as `=== 1 failed, 9 passed in 2.10s (0:00:02) ===`.
fn is_closing_line_of_pytest(line: &str) -> bool {
    line.starts_with("==") && line.ends_with("==") && line.contains(" in ") && Tally::read(line) != Tally::default()
}

/// Runs a test runner, shows what it says, and adds up its closing lines; a runner that fails without a failed test
/// counts as one.
fn count(runner: &mut Command, is_closing: impl Fn(&str) -> bool) -> Result<Tally> {
    let mut running = child::start(runner.stdout(Stdio::piped()).spawn(), runner, "is the build whole?")?;
    let mut tally = Tally::default();
    let output = running.stdout.take().expect("stdout was piped");
    for line in BufReader::new(output).split(b'\n').map_while(std::io::Result::ok) {
        let line = String::from_utf8_lossy(&line);
        println!("{line}");
        if is_closing(&line) {
            tally += Tally::read(&line);
        }
    }
    let status = child::start(running.wait(), runner, "see above")?;
    if !status.success() && tally.failed == 0 {
        let name = runner.get_args().next().unwrap_or(OsStr::new("")).to_string_lossy().into_owned();
        eprintln!("{} {name} ended with {status}", runner.get_program().to_string_lossy());
        tally.failed = 1;
    }
    Ok(tally)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, passed: usize, failed: usize, left_out: usize) {
        assert_eq!(Tally::read(line), Tally { passed, failed, left_out }, "{line}");
    }

    #[test]
    fn closing_lines_of_both_runners_are_read() {
        check(
            "test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 3 filtered out; finished in 0.01s",
            12,
            0,
            1,
        );
        check("test result: FAILED. 2 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out", 2, 1, 0);
        check("======= 3 failed, 9 passed, 2 skipped, 1 error in 2.10s (0:00:02) =======", 9, 4, 2);
        check("no tests ran in 0.01s", 0, 0, 0);
    }

    #[test]
    fn only_the_closing_line_counts() {
        assert!(is_closing_line_of_pytest("=== 1 failed, 9 passed in 2.10s ==="));
        assert!(!is_closing_line_of_pytest("the cell said 3 failed"));
        assert!(!is_closing_line_of_pytest("=== slowest 5 durations ==="));
    }

    #[test]
    fn a_runner_that_dies_counts_as_a_failure() {
        let tally = count(Command::new("sh").args(["-c", "exit 3"]), |_| false).unwrap();
        assert_eq!(tally, Tally::of(false));
    }
}
