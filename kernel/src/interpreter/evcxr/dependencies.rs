//! Crates that a cell asked for by `:dep`: built once by cargo, in a package beside evcxr's own, and
//! then linked by every cell without cargo.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::tools::Tools;

/// What `:dep` added.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dependencies {
    /// Crate name to file, for `--extern`.
    pub externs: BTreeMap<String, PathBuf>,
    /// Where what they depend on is.
    pub folder: Option<PathBuf>,
}

/// The lines of `[dependencies]` in the manifest that evcxr writes.
pub fn listed(manifest: &str) -> &str {
    manifest.split_once("[dependencies]").map_or("", |(_, rest)| rest.trim())
}

/// Builds the dependencies of evcxr's package in `folder`, or finds them built.
pub fn build(tools: &Tools, folder: &Path) -> Result<Dependencies, BuildError> {
    let manifest = std::fs::read_to_string(folder.join("Cargo.toml"))?;
    let dependencies = listed(&manifest);
    if dependencies.is_empty() {
        return Ok(Dependencies::default());
    }
    let package = tools.folder.join("dependencies");
    let mut hash = DefaultHasher::new();
    dependencies.hash(&mut hash);
    let known = package.join(format!("{:016x}.json", hash.finish()));
    if let Ok(text) = std::fs::read(&known) {
        return Ok(serde_json::from_slice(&text).map_err(io::Error::from)?);
    }
    std::fs::create_dir_all(package.join("src"))?;
    std::fs::write(package.join("src/lib.rs"), "")?;
    let manifest = format!(
        "[package]\nname = \"cells-dependencies\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[profile.dev]\nopt-level = 2\n\
         debug = false\n\n[workspace]\n\n[dependencies]\n{dependencies}\n"
    );
    std::fs::write(package.join("Cargo.toml"), manifest)?;
    let mut cargo = tools.command(&tools.stage.cargo);
    cargo.args(["build", "--message-format=json-render-diagnostics"]).current_dir(&package);
    cargo.env("CARGO_TARGET_DIR", package.join("target")).env("RUSTC", &tools.stage.rustc);
    cargo.env("RUSTFLAGS", tools.stage.rustc_flags.join(" "));
    let output = cargo.output()?;
    if !output.status.success() {
        return Err(BuildError::Cargo(String::from_utf8_lossy(&output.stderr).into_owned()));
    }
    let mut cargo = tools.command(&tools.stage.cargo);
    let metadata = cargo.args(["metadata", "--format-version=1"]).current_dir(&package).output()?;
    let metadata = serde_json::from_slice(&metadata.stdout).map_err(io::Error::from)?;
    let built = Dependencies {
        externs: externs(&metadata, &String::from_utf8_lossy(&output.stdout)),
        folder: Some(package.join("target/debug/deps")),
    };
    std::fs::write(known, serde_json::to_vec(&built).map_err(io::Error::from)?)?;
    Ok(built)
}

/// Why the dependencies are not there.
#[derive(Debug)]
pub enum BuildError {
    /// What cargo said.
    Cargo(String),
    Io(io::Error),
}

impl From<io::Error> for BuildError {
    fn from(error: io::Error) -> Self {
        BuildError::Io(error)
    }
}

/// The files of the root package's own dependencies, by the names that code uses: cargo's metadata knows names and
/// packages, its artifacts know packages and files.
fn externs(metadata: &Value, artifacts: &str) -> BTreeMap<String, PathBuf> {
    let root = &metadata["resolve"]["root"];
    let nodes = metadata["resolve"]["nodes"].as_array().into_iter().flatten();
    let edges = nodes.filter(|node| node["id"] == *root).flat_map(|node| node["deps"].as_array()).flatten();
    let names: BTreeMap<&str, &str> =
        edges.filter_map(|edge| Some((edge["pkg"].as_str()?, edge["name"].as_str()?))).collect();
    let mut externs = BTreeMap::new();
    for artifact in artifacts.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()) {
        let is_build_script = artifact["target"]["kind"] == serde_json::json!(["custom-build"]);
        let name = artifact["package_id"].as_str().and_then(|package| names.get(package));
        let (Some(name), false) = (name, is_build_script) else { continue };
        let file = |file: &Value| {
            let path = PathBuf::from(file.as_str()?);
            path.extension().is_some_and(|extension| extension == "rlib" || extension == "so").then_some(path)
        };
        if let Some(file) = artifact["filenames"].as_array().and_then(|files| files.iter().find_map(file)) {
            externs.insert((*name).to_owned(), file);
        }
    }
    externs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_two_versions_the_one_that_the_cell_named_is_linked() {
        let metadata = serde_json::json!({"resolve": {"root": "cells", "nodes": [
            {"id": "cells", "deps": [{"name": "b", "pkg": "x#base64@1.0.0"}]},
            {"id": "x#base64@1.0.0", "deps": []},
        ]}});
        let artifact = |version: &str| {
            format!(
                r#"{{"package_id":"x#base64@{version}","target":{{"name":"base64","kind":["lib"]}},"filenames":["/t/{version}.rlib"]}}"#
            )
        };
        let externs = externs(&metadata, &[artifact("1.0.0"), artifact("2.0.0")].join("\n"));
        assert_eq!(externs, BTreeMap::from([("b".to_owned(), PathBuf::from("/t/1.0.0.rlib"))]));
    }
}
