//! What rust-analyzer infers from the small world, and what it costs.
//!
//! The types that it must see are in `inference/`; `collections/tests/types.rs` shows that rustc gives the same. Of the
//! collections every public function and macro that the prelude leads to must be among them; of operators, polars' expressions, std and
//! the other crates there is a sample.
//!
//! The program plays three parts: it makes a world and starts itself as the analyser; the analyser loads a package and prints types;
//! and, under the names cargo, rustc and rustup, it answers what the analyser asks.

mod analyser;

use analyser::{Analyser, surface::Surface};
use ra_ap_syntax::{
    Edition, SourceFile, SyntaxNode,
    ast::{self, AstNode},
};
use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, ExitCode},
    time::Instant,
};

/// Items, and the `let`s of a function after them, each with the type that rust-analyzer must see.
struct Cell {
    name: &'static str,
    text: &'static str,
}

const CELLS: &[Cell] = &[
    Cell { name: "std", text: include_str!("inference/std.rs") },
    Cell { name: "polars", text: include_str!("inference/polars.rs") },
    Cell { name: "ndarray", text: include_str!("inference/ndarray.rs") },
    Cell { name: "serde", text: include_str!("inference/serde.rs") },
    Cell { name: "lazuli", text: include_str!("inference/lazuli.rs") },
    Cell { name: "rayon", text: include_str!("inference/rayon.rs") },
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
    // As of now: the program may have been built in another checkout.
    let package = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").expect("cargo says it"));
    let workspace = package.ancestors().nth(2).expect("the workspace");
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

/// How many variables of the cell have another type than they should, and, where the cell is about the collections, how many
/// of their functions no variable is made by.
fn check(analyser: &mut Analyser, cell: &Cell) -> usize {
    let start = Instant::now();
    let (source, bindings) = cell.without_types();
    let types = analyser.types(&source);
    assert_eq!(types.len(), bindings.len(), "each `let` of {} binds one variable", cell.name);
    let mut wrong = 0;
    for (Binding { text, expected }, (_, found)) in bindings.iter().zip(&types) {
        if expected != found {
            println!("WRONG     {text}\n          expected {expected}\n          found    {found}");
            wrong += 1;
        }
    }
    say(cell.name, start);
    if cell.name == "lazuli" { wrong + uncovered(analyser) } else { wrong }
}

/// How many functions that the prelude leads to are called nowhere in the source that was analysed last.
fn uncovered(analyser: &Analyser) -> usize {
    let surface = Surface::of(analyser, "lazuli", "prelude");
    println!(
        "surface   {} functions and macros, of these {} without a `let`",
        surface.all.len(),
        surface.uncalled.len()
    );
    for name in &surface.uncalled {
        println!("MISSING   {name}: add a `let` that calls it to install/facade/tests/inference/lazuli.rs");
    }
    surface.uncalled.len()
}

/// A `let` and the type it should have.
struct Binding {
    text: String,
    expected: String,
}

impl Cell {
    /// A function that binds without naming types, and the types that were named.
    fn without_types(&self) -> (String, Vec<Binding>) {
        let (items, body) = self.text.split_once("types! {").expect("a call of `types!` after the items");
        let function = |body: &str| format!("{items}\nfn cell() -> Result<(), Box<dyn std::error::Error>> {{{body}");
        let annotated = SourceFile::parse(&function(body), Edition::Edition2024).tree();
        let bindings: Vec<Binding> = annotated.syntax().descendants().filter_map(binding).collect();
        let body: String = bindings.iter().map(|binding| format!("    {}\n", binding.text)).collect();
        (format!("{}    Ok(())\n}}\n", function(&format!("\n{body}"))), bindings)
    }
}

/// A typed `let` of the outermost block; those inside of a value have no type.
fn binding(node: SyntaxNode) -> Option<Binding> {
    let binding = ast::LetStmt::cast(node)?;
    let (pattern, value) = (binding.pat()?.syntax().text(), binding.initializer()?.syntax().text().to_string());
    Some(Binding { text: format!("let {pattern} = {value};"), expected: binding.ty()?.syntax().text().to_string() })
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
