//! What `cargo metadata` says: read of the workspace, written of the small world.
//!
//! The written form names the world's folder and the cell's by placeholders, since neither is known to the other when it is written.

use crate::{
    error::{Error, Result},
    krate::Crate,
};
use ra_ap_syntax::Edition;
use serde::Deserialize;
use serde_json::{Value, json};
use std::path::PathBuf;

/// Stands for the folder of the world.
pub(crate) const WORLD: &str = "@WORLD@";
/// Stands for the folder of the package that asks.
pub(crate) const PROJECT: &str = "@PROJECT@";

/// The parts of cargo's answer that we read.
#[derive(Debug, Deserialize)]
pub(crate) struct Metadata {
    pub packages: Vec<Package>,
    pub resolve: Resolve,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Package {
    pub id: String,
    pub name: String,
    pub version: String,
    pub edition: String,
    pub manifest_path: PathBuf,
    pub targets: Vec<Target>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Target {
    pub name: String,
    pub kind: Vec<String>,
    pub src_path: PathBuf,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Resolve {
    pub nodes: Vec<Node>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Node {
    pub id: String,
    pub deps: Vec<Dependency>,
    pub features: Vec<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Dependency {
    pub name: String,
    pub pkg: String,
}

impl Metadata {
    /// Reads cargo's answer.
    pub fn parse(text: &str) -> Result<Self> {
        serde_json::from_str(text).map_err(|source| Error::Json { of: "cargo metadata".to_owned(), source })
    }

    /// What cargo resolved for a package.
    pub fn node(&self, id: &str) -> Option<&Node> {
        self.resolve.nodes.iter().find(|node| node.id == id)
    }
}

impl Package {
    /// Its library: any crate type that other crates can name.
    pub fn library(&self) -> Option<&Target> {
        self.targets.iter().find(|target| target.kind.iter().any(|kind| kind.ends_with("lib") && kind != "cdylib"))
    }
}

/// The edition of that name.
pub(crate) fn edition(name: &str) -> Edition {
    name.parse().unwrap_or(Edition::CURRENT)
}

/// The answer for the sysroot: all crates are members, and come as local ones.
pub(crate) fn of_sysroot(crates: &[Crate]) -> Value {
    let members: Vec<&str> = crates.iter().map(|krate| krate.id.as_str()).collect();
    json!({
        "packages": crates.iter().map(|krate| package(krate, Value::Null)).collect::<Vec<_>>(),
        "workspace_members": members,
        "workspace_default_members": members,
        "resolve": { "nodes": crates.iter().map(node).collect::<Vec<_>>(), "root": null },
        "target_directory": format!("{WORLD}/std/library/target"),
        "version": 1,
        "workspace_root": format!("{WORLD}/std/library"),
        "metadata": null,
    })
}

/// The answer for the crate of a cell, `ctx`, that sees the crates whose ids and names `seen` gives.
pub(crate) fn of_cell(crates: &[Crate], seen: &[(String, String)]) -> Value {
    let id = format!("path+file://{PROJECT}#ctx@1.0.0");
    let mut packages: Vec<Value> = crates.iter().map(|krate| package(krate, json!("registry+lazuli"))).collect();
    packages.push(json!({
        "id": id, "name": "ctx", "version": "1.0.0", "source": null, "edition": "2024",
        "dependencies": [], "features": {}, "manifest_path": format!("{PROJECT}/Cargo.toml"),
        "targets": [{
            "name": "ctx", "kind": ["cdylib"], "crate_types": ["cdylib"], "required-features": [],
            "src_path": format!("{PROJECT}/src/lib.rs"), "edition": "2024",
        }],
    }));
    let mut nodes: Vec<Value> = crates.iter().map(node).collect();
    nodes.push(json!({
        "id": id, "features": [], "deps": edges(seen),
        "dependencies": seen.iter().map(|(_, id)| id).collect::<Vec<_>>(),
    }));
    json!({
        "packages": packages,
        "workspace_members": [id],
        "workspace_default_members": [id],
        "resolve": { "nodes": nodes, "root": id },
        "target_directory": format!("{PROJECT}/target"),
        "version": 1,
        "workspace_root": PROJECT,
        "metadata": null,
    })
}

fn package(krate: &Crate, source: Value) -> Value {
    let folder = format!("{WORLD}/{}", krate.to.display());
    let edition = krate.edition.to_string();
    json!({
        "id": krate.id, "name": krate.name, "version": krate.version, "source": source, "edition": edition,
        "dependencies": [],
        "features": krate.features.iter().map(|feature| (feature.clone(), json!([]))).collect::<serde_json::Map<_, _>>(),
        "manifest_path": format!("{folder}/Cargo.toml"),
        "targets": [{
            "name": krate.library, "kind": ["lib"], "crate_types": ["lib"], "required-features": [],
            "src_path": format!("{folder}/{}", krate.root.display()), "edition": edition,
        }],
    })
}

fn node(krate: &Crate) -> Value {
    json!({
        "id": krate.id, "features": krate.features, "deps": edges(&krate.dependencies),
        "dependencies": krate.dependencies.iter().map(|(_, id)| id).collect::<Vec<_>>(),
    })
}

fn edges(dependencies: &[(String, String)]) -> Vec<Value> {
    let edge = |(name, id): &(String, String)| json!({ "name": name, "pkg": id, "dep_kinds": [{ "kind": null, "target": null }] });
    dependencies.iter().map(edge).collect()
}
