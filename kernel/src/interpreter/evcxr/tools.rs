//! What the compiler step needs to know: the kernel writes it once, our stand-ins for `cargo`,
//! `rustup` and `rustc` (processes of their own) read it. Imports nothing in-house.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// Names the file of [`Tools`] to the stand-ins.
pub const TOOLS: &str = "LAZULI_TOOLS";

/// What every cell links with; its text names it nowhere.
pub const CELL: &str = "lazuli_cell";
/// Instances of generic code of the library, which cells share.
pub const INSTANCES: &str = "lazuli_instances";
/// Names the folder that set-up made; the kernelspec sets it.
pub const HOME: &str = "LAZULI_HOME";
/// Names the display channel to the process that runs cells.
pub const CHANNEL: &str = "LAZULI_CHANNEL";
/// Names the library of the collections to it.
pub const COLLECTIONS: &str = "LAZULI_COLLECTIONS";
/// Has [`Tools::user_environment`] for it.
pub const USER_ENVIRONMENT: &str = "LAZULI_USER_ENVIRONMENT";

/// What set-up left in the folder that this kernel uses; written by the `install` crate.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Stage {
    /// The compiler that built the library, by absolute path.
    pub rustc: PathBuf,
    /// What `rustc -vV` said then: cells must be compiled by the same.
    pub rustc_version: String,
    pub cargo: PathBuf,
    /// Crate name to file, for `--extern`.
    pub externs: BTreeMap<String, PathBuf>,
    /// The file of [`INSTANCES`] for each level of optimization.
    pub instances: BTreeMap<String, PathBuf>,
    /// Folder of the metadata of all crates below them.
    pub dependencies: PathBuf,
    /// The library of the collections.
    pub collections: PathBuf,
    /// The program that runs cells.
    pub runtime: PathBuf,
    /// rust-analyzer's small world.
    pub world: PathBuf,
    /// Flags that every cell shares with the library.
    pub rustc_flags: Vec<String>,
    /// Flags that its object shares with the instances; rustc wants `RUSTC_BOOTSTRAP` for some.
    pub object_flags: Vec<String>,
}

/// The stage, and what this kernel made of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Tools {
    pub stage: Stage,
    /// This kernel's own folder.
    pub folder: PathBuf,
    /// Names that the collections' prelude brings into scope.
    pub prelude: BTreeSet<String>,
    /// Environment variables that the kernel changed for itself, with the user's values.
    pub user_environment: BTreeMap<String, Option<String>>,
}

/// Why cells cannot be compiled: what another compiler makes does not fit the library.
#[derive(Debug, thiserror::Error)]
pub enum CompilerError {
    #[error("{} cannot be run: {source}; run `cargo lab` to set Lazuli up again", path.display())]
    Gone { path: PathBuf, source: io::Error },
    #[error("Lazuli was set up with {then}, and that compiler is now {now}; run `cargo lab` to set it up again")]
    Changed { then: String, now: String },
}

impl Stage {
    pub fn load(folder: &Path) -> io::Result<Stage> {
        Ok(serde_json::from_slice(&std::fs::read(folder.join("stage.json"))?)?)
    }

    /// Whether a cell can name a crate without `:dep`: a second copy's types would never match.
    pub fn is_preloaded(&self, krate: &str) -> bool {
        krate != CELL && self.externs.contains_key(krate)
    }
}

impl Tools {
    pub fn load(path: &Path) -> io::Result<Tools> {
        Ok(serde_json::from_slice(&std::fs::read(path)?)?)
    }

    pub fn save(&self) -> io::Result<PathBuf> {
        let path = self.folder.join("tools.json");
        std::fs::write(&path, serde_json::to_vec(self)?)?;
        Ok(path)
    }

    /// Whether a name comes from the library of the collections: of its prelude, or a crate in it.
    pub fn brings(&self, name: &str) -> bool {
        self.prelude.contains(name) || self.stage.is_preloaded(name)
    }

    /// Where the stand-ins are.
    pub fn bin(&self) -> PathBuf {
        self.folder.join("bin")
    }

    /// The socket of the display channel.
    pub fn channel(&self) -> PathBuf {
        self.folder.join("channel")
    }

    /// The socket at which the kernel compiles cells.
    pub fn compilers(&self) -> PathBuf {
        self.folder.join("compilers")
    }

    /// Where cells are laid out, one after the other. It appears in no name of a file that users see.
    pub fn layout(&self) -> PathBuf {
        self.folder.join("layout")
    }

    /// Where compiled cells are.
    pub fn objects(&self) -> PathBuf {
        self.folder.join("objects")
    }

    /// Where the cells so far are noted.
    pub fn ledger(&self) -> PathBuf {
        self.folder.join("ledger")
    }

    /// Has a file for each process group that compiles or resolves dependencies now, so that an interrupt can end it.
    pub fn compiling(&self) -> PathBuf {
        self.folder.join("compiling")
    }

    /// Whether the compiler is still the one that built the library.
    pub fn check_compiler(&self) -> Result<(), CompilerError> {
        let path = &self.stage.rustc;
        let output = self.command(path).arg("-vV").output();
        let output = output.map_err(|source| CompilerError::Gone { path: path.clone(), source })?;
        let now = String::from_utf8_lossy(&output.stdout);
        if now == self.stage.rustc_version {
            return Ok(());
        }
        let version = |text: &str| text.lines().next().unwrap_or("unknown").to_owned();
        Err(CompilerError::Changed { then: version(&self.stage.rustc_version), now: version(&now) })
    }

    /// A command in the user's own environment.
    pub fn command(&self, program: &Path) -> std::process::Command {
        let mut command = std::process::Command::new(program);
        for (name, value) in &self.user_environment {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        for name in [HOME, CHANNEL, COLLECTIONS, USER_ENVIRONMENT] {
            command.env_remove(name);
        }
        command
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::super::compilers::Kind;
    use super::*;

    /// What set-up writes; `stage.rs` of the `install` crate tests that it does.
    const SAMPLE: &str = include_str!("../../../../install/src/stage.sample.json");

    #[test]
    fn a_stage_is_read_as_set_up_writes_it() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("stage.json"), SAMPLE).expect("a file");
        let read = serde_json::to_value(Stage::load(folder.path()).expect("a stage")).expect("plain data");
        let written: Value = serde_json::from_str(SAMPLE).expect("JSON");
        for (field, value) in read.as_object().expect("fields") {
            assert_eq!(*value, written[field], "{field}");
        }
        for optimiser in [false, true] {
            let kind = Kind { optimiser, ..Kind::default() };
            assert!(read["instances"].get(kind.level()).is_some(), "{optimiser}");
        }
    }
}
