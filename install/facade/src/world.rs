//! A finished small world on disk, and its answers.

use crate::{
    error::{Error, Result, read},
    metadata::{PROJECT, WORLD},
    question::Question,
    sysroot::LIBRARY,
};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// The files of a world, apart from the sources: each is the text of one answer.
pub(crate) mod answers {
    pub const SYSROOT: &str = "answers/rustc-print-sysroot.txt";
    pub const TARGET_LIBDIR: &str = "answers/rustc-print-target-libdir.txt";
    pub const RUSTC_VERSION: &str = "answers/rustc-vV.txt";
    pub const CARGO_VERSION: &str = "answers/cargo-version.txt";
    pub const CONFIG: &str = "answers/cargo-config-get.toml";
    pub const CFG: &str = "answers/rustc-print-cfg.txt";
    pub const TARGET_SPEC: &str = "answers/rustc-print-target-spec.json";
    pub const CELL: &str = "metadata.json";
    pub const STD: &str = "std-metadata.json";
}

/// A folder that [`build`](crate::build) has filled.
///
/// ```no_run
/// use lazuli_facade::{Question, World};
/// use std::path::Path;
/// let world = World::open(Path::new("/opt/lazuli/world"))?;
/// let question = Question::parse("cargo", &["metadata", "--format-version", "1"]);
/// let answer = world.answer(&question.expect("rust-analyzer asks this"), Path::new("/tmp/kernel-1"))?;
/// assert!(answer.is_some_and(|json| json.contains("\"ctx\"")));
/// # Ok::<(), lazuli_facade::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct World {
    folder: PathBuf,
}

impl World {
    /// A world that is complete: its last file is there.
    pub fn open(folder: &Path) -> Result<Self> {
        if !folder.join(answers::CELL).is_file() {
            return Err(Error::NotAWorld { path: folder.to_owned() });
        }
        Ok(Self { folder: folder.to_owned() })
    }

    /// What the variable `RUST_SRC_PATH` must name, so that rust-analyzer takes this standard library.
    pub fn rust_src(&self) -> PathBuf {
        self.folder.join(LIBRARY)
    }

    /// What the tool is to write to its standard output, for the package in `project` whose `[dependencies]` are empty.
    /// `None`: the world does not know, the caller does.
    pub fn answer(&self, question: &Question, project: &Path) -> Result<Option<String>> {
        let file = match question {
            Question::WhichCargo => return Ok(None),
            Question::LocateProject { manifest } => {
                return Ok(Some(serde_json::json!({ "root": manifest }).to_string()));
            }
            Question::Metadata { manifest: Some(manifest) } if manifest.starts_with(&self.folder) => answers::STD,
            Question::Metadata { .. } => answers::CELL,
            Question::Sysroot => answers::SYSROOT,
            Question::TargetLibdir => answers::TARGET_LIBDIR,
            Question::RustcVersion => answers::RUSTC_VERSION,
            Question::CargoVersion => answers::CARGO_VERSION,
            Question::Config => answers::CONFIG,
            Question::Cfg => answers::CFG,
            Question::TargetSpec => answers::TARGET_SPEC,
        };
        self.text(file, project).map(Some)
    }

    /// The real `cargo metadata` of a package that has dependencies of its own, with the facade's crates grafted on: they are seen
    /// by each member of the workspace, and take the place of the same versions from the registry.
    pub fn graft(&self, real: &str, project: &Path) -> Result<String> {
        let json = |of: &str, text: &str| {
            serde_json::from_str::<Value>(text).map_err(|source| Error::Json { of: of.to_owned(), source })
        };
        let mut real = json("cargo metadata", real)?;
        let facade = json(answers::CELL, &self.text(answers::CELL, project)?)?;
        let (cell, nodes) = split(&facade["resolve"]["nodes"], "id", &facade["workspace_members"]);
        let (_, packages) = split(&facade["packages"], "id", &facade["workspace_members"]);
        replace(&mut real["packages"], packages);
        replace(&mut real["resolve"]["nodes"], nodes);
        let members = real["workspace_members"].clone();
        for node in real["resolve"]["nodes"].as_array_mut().into_iter().flatten() {
            if contains(&members, &node["id"]) {
                extend(node, cell.first());
            }
        }
        Ok(real.to_string())
    }

    fn text(&self, file: &str, project: &Path) -> Result<String> {
        let text = read(&self.folder.join(file))?;
        Ok(text.replace(WORLD, &self.folder.to_string_lossy()).replace(PROJECT, &project.to_string_lossy()))
    }
}

fn contains(list: &Value, item: &Value) -> bool {
    list.as_array().is_some_and(|list| list.contains(item))
}

/// The entries whose `key` is in `list`, and the others.
fn split(entries: &Value, key: &str, list: &Value) -> (Vec<Value>, Vec<Value>) {
    entries.as_array().into_iter().flatten().cloned().partition(|entry| contains(list, &entry[key]))
}

/// Puts the entries in; those of the same id go.
fn replace(list: &mut Value, entries: Vec<Value>) {
    if let Some(list) = list.as_array_mut() {
        list.retain(|old| !entries.iter().any(|new| new["id"] == old["id"]));
        list.extend(entries);
    }
}

/// Gives a node the edges of another, where it has none of that name.
fn extend(node: &mut Value, with: Option<&Value>) {
    let edges = with.and_then(|with| with["deps"].as_array()).into_iter().flatten();
    for edge in edges {
        if let Some(own) = node["deps"].as_array_mut() {
            own.retain(|old| old["name"] != edge["name"]);
            own.push(edge.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// A world that shows one crate to a cell, and a package at `/p` that depends on others.
    fn grafted(real: Value) -> Value {
        let folder = tempfile::tempdir().expect("a folder");
        let facade = json!({
            "packages": [{ "id": "r#serde@1", "from": WORLD }, { "id": format!("{PROJECT}#ctx") }],
            "workspace_members": [format!("{PROJECT}#ctx")],
            "resolve": { "nodes": [
                { "id": "r#serde@1", "deps": [] },
                { "id": format!("{PROJECT}#ctx"), "deps": [{ "name": "serde", "pkg": "r#serde@1" }] },
            ]},
        });
        std::fs::write(folder.path().join(answers::CELL), facade.to_string()).expect("a file");
        let world = World::open(folder.path()).expect("a world");
        serde_json::from_str(&world.graft(&real.to_string(), Path::new("/p")).expect("an answer")).expect("JSON")
    }

    #[test]
    fn a_package_with_dependencies_sees_them_and_ours() {
        let got = grafted(json!({
            "packages": [{ "id": "me" }, { "id": "r#itoa@1" }, { "id": "r#serde@1", "from": "registry" }],
            "workspace_members": ["me"],
            "resolve": { "nodes": [
                { "id": "me", "deps": [{ "name": "itoa", "pkg": "r#itoa@1" }, { "name": "serde", "pkg": "r#serde@0" }] },
                { "id": "r#itoa@1", "deps": [] },
            ]},
        }));
        let packages: Vec<&Value> = got["packages"].as_array().expect("a list").iter().map(|it| &it["id"]).collect();
        assert_eq!(packages, ["me", "r#itoa@1", "r#serde@1"]);
        assert_ne!(got["packages"][2]["from"], "registry", "ours takes the place of the same version");
        let me = &got["resolve"]["nodes"][0]["deps"];
        assert_eq!(me, &json!([{ "name": "itoa", "pkg": "r#itoa@1" }, { "name": "serde", "pkg": "r#serde@1" }]));
    }

    #[test]
    fn a_folder_that_is_no_world_is_named() {
        let error = World::open(Path::new("/nowhere")).expect_err("there is none");
        assert_eq!(error.to_string(), "/nowhere is not a finished facade: run set-up again");
    }
}
