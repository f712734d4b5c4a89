//! README.md and ARCHITECTURE.md name only commands and files that there are; the gallery has its pictures and no others.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use crate::arguments::{self, Command};
use crate::place::checkout;

const README: &str = include_str!("../../README.md");
const ARCHITECTURE: &str = include_str!("../../ARCHITECTURE.md");
/// What a name of a file ends with. `liblazuli.so` is built, so it is not among them.
const ENDINGS: [&str; 5] = [".rs", ".toml", ".md", ".py", ".ipynb"];
/// Commands of cargo's own that the documents name.
const CARGO: [&str; 4] = ["build", "clean", "clippy", "doc"];

/// What stands between backticks.
fn code(text: &str) -> impl Iterator<Item = &str> {
    let prose = text.split("```").step_by(2);
    prose.flat_map(|prose| prose.split('`').skip(1).step_by(2))
}

/// Commands to type: indented lines up to the words that explain them, and those in backticks.
fn commands(text: &str) -> impl Iterator<Item = &str> {
    let indented = text.lines().filter_map(|line| line.strip_prefix("    ")?.split("  ").next());
    indented.chain(code(text)).filter(|command| command.starts_with("cargo "))
}

/// All files and folders of the checkout, without what is built and what git keeps.
fn paths(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if entry.file_name() == "target" || entry.file_name() == ".git" {
            continue;
        }
        found.push(path.clone());
        if entry.file_type().unwrap().is_dir() {
            paths(&path, found);
        }
    }
}

#[test]
fn every_command_is_understood() {
    let mut seen = 0;
    for command in commands(README).chain(commands(ARCHITECTURE)) {
        let words: Vec<&str> = command.split_whitespace().map(|word| word.trim_matches(['[', ']'])).collect();
        if CARGO.contains(&words[1]) {
            continue;
        }
        assert!(["lab", "verify"].contains(&words[1]), "{command}: no such command");
        let parsed = arguments::parse(words[1..].iter().map(OsString::from));
        let parsed = parsed.unwrap_or_else(|error| panic!("{command}: {error}"));
        assert!(!matches!(parsed, Command::Help(_)), "{command}");
        seen += 1;
    }
    assert!(seen > 10, "only {seen} commands were found");
}

#[test]
fn every_path_is_there() {
    let mut there = Vec::new();
    paths(&checkout(), &mut there);
    let links = |text: &'static str| text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let named = [README, ARCHITECTURE].into_iter().flat_map(|text| code(text).chain(links(text)));
    let is_path = |name: &&str| {
        let is_foreign = name.starts_with(['/', '~']) || name.contains(char::is_whitespace) || name.contains("://");
        !is_foreign && (name.contains('/') || ENDINGS.iter().any(|ending| name.ends_with(ending)))
    };
    let named: Vec<&str> = named.filter(is_path).collect();
    assert!(named.len() > 20, "only {} paths were found", named.len());
    // A file may be named without the folder that its section is about.
    let missing: Vec<&&str> = named.iter().filter(|name| !there.iter().any(|path| path.ends_with(name))).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

/// Each cell of the gallery, with what stands below it until the next section or cell.
fn cells_of_the_gallery(page: &str) -> impl Iterator<Item = (&str, &str)> {
    let after = |cell: &str| cell.find("\n```\n").map_or(cell.len(), |end| end + "\n```\n".len());
    page.split("```rust\n").skip(1).map(move |cell| cell.split_at(after(cell))).map(|(code, below)| {
        let end = below.find("\n#").unwrap_or(below.len());
        (code, &below[..end])
    })
}

#[test]
fn the_gallery_shows_every_cell_and_has_no_other_pictures() {
    let folder = checkout().join("collections/gallery");
    let page = fs::read_to_string(folder.join("README.md")).unwrap();
    let mut linked: Vec<&str> = page.split("](").skip(1).filter_map(|rest| rest.split(')').next()).collect();
    linked.sort_unstable();
    let mut pictures: Vec<String> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name != "README.md")
        .collect();
    pictures.sort_unstable();
    assert_eq!(pictures, linked);
    for (code, below) in cells_of_the_gallery(&page) {
        assert!(below.contains("```"), "what this cell shows is missing, `cargo lab gallery` writes it:\n{code}");
    }
}
