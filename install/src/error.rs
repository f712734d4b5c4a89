//! What can go wrong while setting up, each with what to do about it.

use std::path::PathBuf;

pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The text is what the user reads after `error: `; a source, where there is one, is printed under it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    #[error("unknown argument `{argument}`; `cargo {command} --help` lists what there is")]
    UnknownArgument { command: &'static str, argument: String },
    #[error("`{option}` needs {what} after it")]
    NeedsValue { option: &'static str, what: &'static str },
    #[error("`{option}` needs {needs} beside it")]
    NeedsOption { option: &'static str, needs: &'static str },
    #[error("there is no notebook at {path}{near}")]
    NoNotebook { path: PathBuf, near: String },

    #[error(
        "cannot write {path}; choose another place with XDG_DATA_HOME or JUPYTER_DATA_DIR, or make this one writable"
    )]
    Write { path: PathBuf, source: std::io::Error },
    #[error("cannot read {path}")]
    Read { path: PathBuf, source: std::io::Error },
    #[error("neither XDG_DATA_HOME nor HOME is set, so there is no place to install to; set one of them")]
    NoHome,

    #[error("cannot start `{program}`; {mend}")]
    Start { program: String, mend: &'static str, source: std::io::Error },
    #[error("`{command}` failed ({status}){said}")]
    Failed { command: String, status: std::process::ExitStatus, said: String },
    #[error("`{program}` said something unexpected: {source}")]
    Answer { program: &'static str, source: serde_json::Error },

    #[error("rustc {found} is too old, {needed} or newer is needed; `rustup update stable` brings it")]
    OldRust { found: String, needed: &'static str },
    #[error("the source of Rust's standard library is missing at {path}; {mend}")]
    NoRustSource { path: PathBuf, mend: String },
    #[error("no Python {needed} or newer with venv was found ({tried}); {mend}")]
    NoPython { needed: &'static str, tried: String, mend: &'static str },

    #[error("the build has no {what} named `{name}`; is this checkout whole?")]
    NoArtifact { what: &'static str, name: &'static str },
    #[error(
        "{path} is not a 64-bit little-endian ELF file with a build-id; was it linked without the flags of .cargo/config.toml?"
    )]
    NoBuildId { path: PathBuf },
    #[error("polars was built twice, which costs every user half an hour: {difference}")]
    TwoPolars { difference: String },
}
