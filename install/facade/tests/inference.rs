//! What rust-analyzer infers from the small world, and what it costs.
//!
//! The program plays three parts: it makes a world and starts itself as the analyser; the analyser loads a package and prints types;
//! and, under the names cargo, rustc and rustup, it answers what the analyser asks.

mod analyser;

use analyser::Analyser;
use std::{
    fs,
    path::Path,
    process::{Command, ExitCode},
    time::Instant,
};

/// What a cell binds, and the type that each variable must be seen to have.
struct Cell {
    name: &'static str,
    /// Items and imports before the function.
    items: &'static str,
    /// `name: type = value`, one a line.
    bindings: &'static str,
}

const CELLS: &[Cell] = &[
    Cell {
        name: "std",
        items: "use std::collections::HashMap;
            thread_local! { static COUNTER: std::cell::Cell<i32> = const { std::cell::Cell::new(1) } }",
        bindings: include_str!("inference/std.txt"),
    },
    Cell { name: "polars", items: "use polars::prelude::*;", bindings: include_str!("inference/polars.txt") },
    Cell { name: "ndarray", items: "use ndarray::*;", bindings: include_str!("inference/ndarray.txt") },
    Cell {
        name: "serde",
        items: "use serde::{Serialize, Deserialize, de::DeserializeOwned};
            #[derive(Clone, Serialize, Deserialize)] pub struct Point { x: f64 }
            pub trait Element: Clone + Send + Sync + Serialize + DeserializeOwned + 'static {}
            impl<T: Clone + Send + Sync + Serialize + DeserializeOwned + 'static> Element for T {}
            pub struct Bag<T> { items: Vec<T> }
            impl<T: Element> Bag<T> {
                pub fn of(items: impl IntoIterator<Item = T>, n: usize) -> Bag<T> { loop {} }
                pub fn map<U: Element, F: Fn(T) -> U + Send + Sync + 'static>(&self, f: F) -> Bag<U> { loop {} }
                pub fn compute(&self) -> Result<Vec<T>, String> { loop {} }
            }",
        bindings: include_str!("inference/serde.txt"),
    },
    Cell {
        name: "lazuli",
        items: "use lazuli::prelude::*;
            #[derive(Clone, serde::Serialize, serde::Deserialize)] pub struct Point { x: f64, name: String }
            fn double(n: u64) -> u64 { 2 * n }",
        bindings: include_str!("inference/lazuli.txt"),
    },
    Cell { name: "rayon", items: "use rayon::prelude::*;", bindings: include_str!("inference/rayon.txt") },
];

fn main() -> ExitCode {
    let program = std::env::args().next().unwrap_or_default();
    let program = Path::new(&program).file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
    if matches!(program.as_str(), "cargo" | "rustc" | "rustup") {
        analyser::answer(&program);
        return ExitCode::SUCCESS;
    }
    match std::env::var_os("LAZULI_PACKAGE") {
        Some(package) => analyse(Path::new(&package)),
        None => start(),
    }
}

/// Makes a world and a package in it, and starts the analyser among tools that are ourselves.
fn start() -> ExitCode {
    let folder = tempfile::tempdir().expect("a folder");
    let world = folder.path().join("world");
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("the workspace");
    let report =
        lazuli_facade::build(&lazuli_facade::Sources::ask(workspace).expect("sources"), &world).expect("a world");
    println!("made      {report}");
    let package = folder.path().join("ctx");
    let bin = folder.path().join("bin");
    fs::create_dir_all(package.join("src")).expect("a folder");
    fs::create_dir_all(&bin).expect("a folder");
    fs::write(package.join("Cargo.toml"), "[package]\nname = \"ctx\"\nversion = \"1.0.0\"\nedition = \"2024\"\n")
        .expect("a file");
    fs::write(package.join("src/lib.rs"), "").expect("a file");
    let this = std::env::current_exe().expect("our path");
    for tool in ["cargo", "rustc", "rustup"] {
        std::os::unix::fs::symlink(&this, bin.join(tool)).expect("a link");
    }
    let rust_src = lazuli_facade::World::open(&world).expect("a world").rust_src();
    let status = Command::new(this)
        .env("LAZULI_WORLD", &world)
        .env("LAZULI_PACKAGE", &package)
        .env("RUST_SRC_PATH", rust_src)
        .env("CARGO_HOME", folder.path())
        .env("RUSTC", bin.join("rustc"))
        .env("PATH", &bin)
        .env_remove("CARGO")
        .status()
        .expect("the analyser");
    if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Loads the package and compares the types of all cells.
fn analyse(package: &Path) -> ExitCode {
    let start = Instant::now();
    let mut analyser = Analyser::load(package);
    say("load", start);
    let first = Instant::now();
    analyser.types("fn cell() { let a = 5; }");
    say("first let", first);
    let wrong: usize = CELLS.iter().map(|cell| check(&mut analyser, cell)).sum();
    say("all", start);
    if wrong == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// How many variables of the cell have another type than they should.
fn check(analyser: &mut Analyser, cell: &Cell) -> usize {
    let start = Instant::now();
    let lines = cell.bindings.lines().filter(|line| !line.trim().is_empty());
    let bindings: Vec<(&str, &str)> = lines.map(|line| line.rsplit_once(" // ").expect("`let ..; // type`")).collect();
    let body: String = bindings.iter().map(|(binding, _)| format!("{binding}\n")).collect();
    let source = format!("{}\nfn cell() -> Result<(), Box<dyn std::error::Error>> {{\n{body}Ok(())\n}}\n", cell.items);
    let types = analyser.types(&source);
    assert_eq!(types.len(), bindings.len(), "each line of {} binds one variable", cell.name);
    let mut wrong = 0;
    for ((binding, expected), (_, found)) in bindings.iter().zip(&types) {
        if expected.trim() != found {
            println!("WRONG     {binding}\n          expected {expected}\n          found    {found}");
            wrong += 1;
        }
    }
    say(cell.name, start);
    wrong
}

/// One line of the table of costs: time since `start`, processor time and memory of the whole process so far.
fn say(step: &str, start: Instant) {
    let read = |file| fs::read_to_string(file).unwrap_or_default();
    let status = read("/proc/self/status");
    let resident =
        status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.split_whitespace().next()?.parse::<f64>().ok());
    // After the program's name in brackets: user and system time are the 12th and 13th field, in hundredths.
    let stat = read("/proc/self/stat");
    let ticks = stat.rsplit(')').next().into_iter().flat_map(str::split_whitespace).skip(11).take(2);
    let processor: f64 = ticks.filter_map(|ticks| ticks.parse::<f64>().ok()).sum();
    println!(
        "{step:9} {:5.2} s  (processor {:5.2} s, {:3.0} MB so far)",
        start.elapsed().as_secs_f64(),
        processor / 100.0,
        resident.unwrap_or_default() / 1000.0
    );
}
