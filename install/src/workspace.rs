//! The one build that serves kernel, cells, tests and benches: what cargo knows of the workspace, and building it with
//! progress shown.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, IsTerminal};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use serde::Deserialize;

use crate::child;
use crate::error::{Error, Result};
use crate::toolchain::Toolchain;

/// Core-minutes of the first build (measured: polars and rust-analyzer are nearly all of it).
const CORE_MINUTES: u64 = 70;
/// Where no terminal shows cargo's own bar, a line this often says that the build lives.
const STILL_BUILDING: Duration = Duration::from_secs(30);

/// What `cargo metadata` says: every package and who depends on whom.
#[derive(Debug, Deserialize)]
pub struct Workspace {
    pub target_directory: PathBuf,
    pub packages: Vec<Package>,
    workspace_members: Vec<String>,
    resolve: Resolve,
}

#[derive(Debug, Deserialize)]
pub struct Package {
    pub id: String,
    pub name: String,
    pub version: String,
    pub edition: String,
    pub manifest_path: PathBuf,
    pub targets: Vec<Target>,
}

#[derive(Debug, Deserialize)]
pub struct Target {
    pub name: String,
    pub kind: Vec<String>,
    pub crate_types: Vec<String>,
    pub src_path: PathBuf,
}

#[derive(Debug, Deserialize)]
struct Resolve {
    nodes: Vec<Node>,
}

#[derive(Debug, Deserialize)]
struct Node {
    id: String,
    deps: Vec<Dependency>,
}

impl Package {
    /// The root file of its library.
    ///
    /// # Panics
    /// Where it has none.
    pub fn source(&self) -> &Path {
        let library = self.targets.iter().find(|target| target.kind.iter().any(|kind| kind == "lib"));
        &library.expect("a package with a library").src_path
    }
}

/// An edge of the package graph.
#[derive(Debug, Deserialize)]
pub struct Dependency {
    /// The name its dependent uses in source.
    pub name: String,
    pub pkg: String,
    dep_kinds: Vec<DependencyKind>,
}

#[derive(Debug, Deserialize)]
struct DependencyKind {
    /// Nothing for an ordinary dependency, else `build` or `dev`.
    kind: Option<String>,
}

impl Dependency {
    pub fn is_ordinary(&self) -> bool {
        self.dep_kinds.iter().any(|edge| edge.kind.is_none())
    }

    fn is_built(&self) -> bool {
        self.dep_kinds.iter().any(|edge| edge.kind.as_deref() != Some("dev"))
    }
}

impl Workspace {
    pub fn read(checkout: &Path, toolchain: &Toolchain) -> Result<Self> {
        let mut cargo = child::command(&toolchain.cargo);
        cargo.args(["metadata", "--format-version", "1", "--filter-platform", toolchain.host()]);
        let answer = child::read(cargo.current_dir(checkout), "install Rust from https://rustup.rs")?;
        serde_json::from_str(&answer).map_err(|source| Error::Answer { program: "cargo metadata", source })
    }

    pub fn members(&self) -> impl Iterator<Item = &Package> {
        self.packages.iter().filter(|package| self.workspace_members.contains(&package.id))
    }

    /// The edges that leave a package.
    pub fn dependencies(&self, id: &str) -> &[Dependency] {
        self.resolve.nodes.iter().find(|node| node.id == id).map_or(&[], |node| &node.deps)
    }

    /// Everything reachable from `roots` over the edges that `follow` accepts, the roots included.
    pub fn closure<'a>(&'a self, roots: Vec<&'a str>, follow: impl Fn(&Dependency) -> bool) -> BTreeSet<&'a str> {
        let edges: BTreeMap<&str, &[Dependency]> =
            self.resolve.nodes.iter().map(|node| (node.id.as_str(), node.deps.as_slice())).collect();
        let mut waiting = roots;
        let mut seen = BTreeSet::new();
        while let Some(id) = waiting.pop() {
            if seen.insert(id) {
                let reached = edges.get(id).into_iter().flat_map(|deps| deps.iter());
                waiting.extend(reached.filter(|edge| follow(edge)).map(|edge| edge.pkg.as_str()));
            }
        }
        seen
    }

    fn built_packages(&self) -> usize {
        let members = self.workspace_members.iter().map(String::as_str).collect();
        self.closure(members, Dependency::is_built).len()
    }
}

/// One crate that a build made, as cargo reports it.
#[derive(Debug, Clone, Deserialize)]
pub struct Artifact {
    pub package_id: String,
    pub target: ArtifactTarget,
    pub profile: Profile,
    pub filenames: Vec<PathBuf>,
    pub executable: Option<PathBuf>,
    fresh: bool,
}

#[derive(Debug, Clone, Deserialize)]
pub struct ArtifactTarget {
    pub name: String,
    pub kind: Vec<String>,
}

#[derive(Debug, Clone, Deserialize)]
pub struct Profile {
    pub opt_level: String,
    pub test: bool,
}

impl Artifact {
    /// Its first file that ends so.
    pub fn file(&self, extension: &str) -> Option<&Path> {
        self.filenames.iter().map(PathBuf::as_path).find(|path| path.extension().is_some_and(|end| end == extension))
    }

    /// What compiling against a library reads. Cargo tells of no metadata file where it makes more than a Rust library:
    /// then the dylib or the whole library has it inside.
    pub fn metadata(&self) -> Option<&Path> {
        match () {
            () if self.is_proc_macro() || self.is_dylib() => self.file("so"),
            () if self.is_library() => self.file("rmeta").or_else(|| self.file("rlib")),
            () => None,
        }
    }

    pub fn is_dylib(&self) -> bool {
        self.target.kind.iter().any(|kind| kind == "dylib")
    }

    pub fn is_proc_macro(&self) -> bool {
        self.target.kind.iter().any(|kind| kind == "proc-macro")
    }

    pub fn is_library(&self) -> bool {
        self.target.kind.iter().any(|kind| matches!(kind.as_str(), "lib" | "rlib" | "dylib"))
    }
}

/// Runs `cargo ARGUMENTS`, a building command, and hands back what it made or found made.
pub fn build(
    checkout: &Path,
    toolchain: &Toolchain,
    workspace: &Workspace,
    arguments: &[&str],
) -> Result<Vec<Artifact>> {
    let packages = workspace.built_packages();
    let started = Instant::now();
    announce(workspace);

    let mut cargo = child::command(&toolchain.cargo);
    cargo.args(arguments).arg("--message-format=json-render-diagnostics");
    cargo.current_dir(checkout).stdout(Stdio::piped());
    let mut running = child::start(cargo.spawn(), &cargo, "install Rust from https://rustup.rs")?;
    let messages = BufReader::new(running.stdout.take().expect("stdout was piped"));

    let (sender, receiver) = mpsc::channel();
    let reader = thread::spawn(move || {
        // A line that cannot be read ends the build's talk; its exit status decides below.
        for line in messages.lines().map_while(std::io::Result::ok) {
            if let Some(artifact) = artifact(&line) {
                let _ = sender.send(artifact);
            }
        }
    });
    let shows_own_bar = std::io::stderr().is_terminal();
    let mut artifacts: Vec<Artifact> = Vec::new();
    let mut finished = BTreeSet::new();
    let mut said = started;
    loop {
        match receiver.recv_timeout(STILL_BUILDING) {
            Ok(artifact) => {
                finished.insert(artifact.package_id.clone());
                artifacts.push(artifact);
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
        if !shows_own_bar && said.elapsed() >= STILL_BUILDING {
            said = Instant::now();
            eprintln!("    ... {} of about {packages} crates, {}", finished.len(), minutes(started.elapsed()));
        }
    }
    reader.join().expect("reading lines does not panic");
    let status = child::start(running.wait(), &cargo, "see above")?;
    if !status.success() {
        return Err(Error::Failed { command: child::shown(&cargo), status, said: String::new() });
    }
    if artifacts.iter().any(|artifact| !artifact.fresh) {
        eprintln!("built in {}", minutes(started.elapsed()));
    }
    Ok(artifacts)
}

fn announce(workspace: &Workspace) {
    let library = workspace.target_directory.join("debug/liblazuli.so");
    if library.exists() {
        return;
    }
    let cores = thread::available_parallelism().map_or(1, |cores| cores.get() as u64);
    eprintln!(
        "first build: polars and rust-analyzer take about {} minutes on {cores} core{}; later builds take seconds",
        (CORE_MINUTES / cores).max(5),
        if cores == 1 { "" } else { "s" },
    );
}

fn artifact(line: &str) -> Option<Artifact> {
    line.contains(r#""reason":"compiler-artifact""#).then(|| serde_json::from_str(line).ok()).flatten()
}

fn minutes(time: Duration) -> String {
    match time.as_secs() {
        seconds if seconds < 100 => format!("{seconds} s"),
        seconds => format!("{} min {} s", seconds / 60, seconds % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn artifacts_are_told_from_other_messages() {
        let line = r#"{"reason":"compiler-artifact","package_id":"registry+x#serde@1.0.2","manifest_path":"/r/Cargo.toml",
            "target":{"kind":["lib"],"crate_types":["lib"],"name":"serde","src_path":"/r/lib.rs","edition":"2021"},
            "profile":{"opt_level":"3","debuginfo":0,"debug_assertions":false,"overflow_checks":false,"test":false},
            "features":[],"filenames":["/t/libserde-1.rlib","/t/libserde-1.rmeta"],"executable":null,"fresh":true}"#;
        let found = artifact(&line.replace('\n', "")).unwrap();
        assert!(found.is_library() && !found.is_proc_macro());
        assert_eq!(found.file("rmeta"), Some(Path::new("/t/libserde-1.rmeta")));
        assert!(artifact(r#"{"reason":"build-finished","success":true}"#).is_none());
    }

    #[test]
    fn a_closure_leaves_out_what_only_tests_and_build_scripts_use() {
        let node = |id: &str, deps: &[(&str, Option<&str>)]| Node {
            id: id.into(),
            deps: deps
                .iter()
                .map(|(name, kind)| Dependency {
                    name: (*name).into(),
                    pkg: (*name).into(),
                    dep_kinds: vec![DependencyKind { kind: kind.map(Into::into) }],
                })
                .collect(),
        };
        let workspace = Workspace {
            target_directory: "/t".into(),
            packages: vec![],
            workspace_members: vec!["lazuli".into()],
            resolve: Resolve {
                nodes: vec![
                    node("lazuli", &[("polars", None), ("proptest", Some("dev")), ("cc", Some("build"))]),
                    node("polars", &[("arrow", None)]),
                    node("arrow", &[("polars", None)]),
                    node("cc", &[]),
                ],
            },
        };
        let ordinary = workspace.closure(vec!["lazuli"], Dependency::is_ordinary);
        assert_eq!(Vec::from_iter(ordinary), ["arrow", "lazuli", "polars"]);
        assert_eq!(workspace.built_packages(), 4);
    }
}
