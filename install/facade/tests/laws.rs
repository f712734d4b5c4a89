//! Laws of stripping, on the largest Rust sources that every machine with rust-src has.

use lazuli_facade::{Cfg, Rules, strip};
use ra_ap_syntax::{
    AstNode, Edition, NodeOrToken, SourceFile,
    ast::{self},
};
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

fn library() -> PathBuf {
    let output = Command::new("rustc").args(["--print", "sysroot"]).output().expect("rustc");
    Path::new(String::from_utf8(output.stdout).expect("UTF-8").trim_end()).join("lib/rustlib/src/rust/library")
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("rust-src is installed").flatten() {
        let path = entry.path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// All functions up to their bodies, without comments, attributes and white space.
fn signatures(text: &str) -> BTreeSet<String> {
    let tree = SourceFile::parse(text, Edition::Edition2024).tree();
    let functions = tree.syntax().descendants().filter_map(ast::Fn::cast);
    functions
        .map(|function| {
            let parts = function.syntax().children_with_tokens().filter(|part| match part {
                NodeOrToken::Node(node) => !ast::Attr::can_cast(node.kind()) && !ast::BlockExpr::can_cast(node.kind()),
                NodeOrToken::Token(token) => !token.kind().is_trivia(),
            });
            let tokens = parts.flat_map(|part| match part {
                NodeOrToken::Token(token) => vec![token],
                NodeOrToken::Node(node) => node.descendants_with_tokens().filter_map(NodeOrToken::into_token).collect(),
            });
            tokens.filter(|token| !token.kind().is_trivia()).map(|token| token.text().to_owned()).collect()
        })
        .collect()
}

#[test]
fn core_and_alloc_stay_rust_with_their_own_signatures_and_strip_once() {
    let mut found = Vec::new();
    for krate in ["core", "alloc"] {
        files(&library().join(krate).join("src"), &mut found);
    }
    assert!(found.len() > 300, "{} files", found.len());
    let cfg = Cfg::parse("unix\ntarget_os=\"linux\"\ntarget_pointer_width=\"64\"");
    let rules = Rules { edition: Edition::Edition2024, cfg: &cfg, docs: false, forget: &[] };
    for file in found {
        let source = fs::read_to_string(&file).expect("a file");
        let stripped = strip(&source, &rules).text;
        let parse = SourceFile::parse(&stripped, Edition::Edition2024);
        assert!(parse.errors().is_empty(), "{}: {:?}", file.display(), parse.errors());
        assert_eq!(strip(&stripped, &rules).text, stripped, "{}", file.display());
        let (before, after) = (signatures(&source), signatures(&stripped));
        let strange: Vec<_> = after.difference(&before).collect();
        assert!(strange.is_empty(), "{}: {strange:?}", file.display());
    }
}
