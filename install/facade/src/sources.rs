//! Where the small world is made from: the toolchain, the registry, the Lazuli workspace.

use crate::{error::Result, metadata::Metadata, tool};
use std::{
    path::{Path, PathBuf},
    process::Command,
};

/// What set-up knows, and what the toolchain answered.
#[derive(Debug)]
pub struct Sources {
    pub(crate) workspace: PathBuf,
    pub(crate) metadata: Metadata,
    pub(crate) sysroot: String,
    pub(crate) target_libdir: String,
    pub(crate) rustc_version: String,
    pub(crate) cargo_version: String,
    /// The facts, unstable ones included: std is compiled under those.
    pub(crate) cfg: String,
    pub(crate) target_spec: String,
    pub(crate) host: String,
}

impl Sources {
    /// Asks cargo and rustc (those of the variables `CARGO` and `RUSTC`, else those on the `PATH`) about themselves and about the
    /// workspace whose `Cargo.toml` lies in this folder. Needs no network once the workspace has been built.
    ///
    /// ```no_run
    /// # use lazuli_facade::Sources; use std::path::Path;
    /// let sources = Sources::ask(Path::new("/home/ada/lazuli"))?;
    /// # Ok::<(), lazuli_facade::Error>(())
    /// ```
    pub fn ask(workspace: &Path) -> Result<Self> {
        let program = |variable: &str, name: &str| std::env::var_os(variable).unwrap_or_else(|| name.into());
        let rustc = |arguments: &[&str]| {
            // The unstable facts and the target's layout are only told to a nightly, or to one that says it is.
            let mut rustc = Command::new(program("RUSTC", "rustc"));
            tool::answer(rustc.args(arguments).env("RUSTC_BOOTSTRAP", "1").current_dir(workspace))
        };
        let cargo = |arguments: &[&str]| {
            tool::answer(Command::new(program("CARGO", "cargo")).args(arguments).current_dir(workspace))
        };
        let rustc_version = rustc(&["-vV"])?;
        let host = rustc_version.lines().find_map(|line| line.strip_prefix("host: ")).unwrap_or_default().to_owned();
        let metadata = ["metadata", "--format-version", "1", "--locked", "--filter-platform", &host];
        Ok(Self {
            workspace: workspace.to_owned(),
            metadata: Metadata::parse(&cargo(&metadata)?)?,
            sysroot: rustc(&["--print", "sysroot"])?,
            target_libdir: rustc(&["--print", "target-libdir"])?,
            cargo_version: cargo(&["--version"])?,
            cfg: rustc(&["--print", "cfg", "-O"])?,
            target_spec: rustc(&["-Z", "unstable-options", "--print", "target-spec-json"])?,
            rustc_version,
            host,
        })
    }
}
