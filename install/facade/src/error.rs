//! What can go wrong while the small world is made or read.

use std::path::{Path, PathBuf};

/// The result of every fallible function here.
pub type Result<T> = std::result::Result<T, Error>;

/// Why the small world could not be made or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file of the sources, or of a finished world, could not be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A file of the world could not be written.
    #[error("cannot write {}", path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A tool of the toolchain could not be started.
    #[error("cannot start `{command}`: is the Rust toolchain on the PATH?")]
    Start {
        /// The program and its arguments.
        command: String,
        /// What the system says.
        source: std::io::Error,
    },
    /// A tool of the toolchain ran and failed.
    #[error("`{command}` failed:\n{stderr}")]
    Tool {
        /// The program and its arguments.
        command: String,
        /// What it wrote before it gave up.
        stderr: String,
    },
    /// A tool answered with JSON of another form than its documentation says.
    #[error("cannot understand the answer of {of}")]
    Json {
        /// What was asked, or which file was read.
        of: String,
        /// Where the JSON differs.
        source: serde_json::Error,
    },
    /// The toolchain has no sources of the standard library.
    #[error(
        "no standard library sources in {}: run `rustup component add rust-src`, or install the rust-src package \
         the way this Rust was installed",
        path.display()
    )]
    MissingRustSrc {
        /// Where they belong.
        path: PathBuf,
    },
    /// A crate that the world shows is not in the workspace's graph.
    #[error("the crate `{name}` is not among the dependencies of the Lazuli workspace at {}", workspace.display())]
    MissingCrate {
        /// Its package name.
        name: String,
        /// The workspace that was asked.
        workspace: PathBuf,
    },
    /// The world's folder holds none, or one that another version made.
    #[error("{} is not a finished facade: run set-up again", path.display())]
    NotAWorld {
        /// The folder.
        path: PathBuf,
    },
}

/// Reads a text file, naming it if that fails.
pub(crate) fn read(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).map_err(|source| Error::Read { path: path.to_owned(), source })
}

/// Writes a text file and the folders above it, naming it if that fails.
pub(crate) fn write(path: &Path, text: &str) -> Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)
        .and_then(|()| std::fs::write(path, text))
        .map_err(|source| Error::Write { path: path.to_owned(), source })
}
