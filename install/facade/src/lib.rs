//! rust-analyzer's small world: the standard library and the crates a cell may name, signatures only.
//!
//! evcxr asks rust-analyzer for the type of every `let`. rust-analyzer reads the source of every crate that `cargo metadata`
//! shows, and of std: 293 crates with polars, 14 s at each kernel's start and 1.6 GB. It needs none of the bodies. So set-up makes a
//! folder with what is left of some twenty crates when bodies, comments, tests, other platforms and functions that only their own
//! crate calls are taken away, and what macros write is written out: each crate in one file. The kernel, under the names `cargo`,
//! `rustc` and `rustup`, tells rust-analyzer that this is all there is. Nothing of it is kept in the repository: it is made of the
//! toolchain and the registry of the machine it is for.
//!
//! ```no_run
//! use lazuli_facade::{Sources, build};
//! use std::path::Path;
//! let report = build(&Sources::ask(Path::new("."))?, Path::new("/opt/lazuli/world"))?;
//! println!("{report}");
//! # Ok::<(), lazuli_facade::Error>(())
//! ```
//!
//! # The folder
//!
//! ```text
//! std/library/CRATE/src/..    the stripped standard library, a file a crate; RUST_SRC_PATH names std/library
//! crates/CRATE/src/..         the stripped facade crates, likewise
//! metadata.json               `cargo metadata` of a cell's crate, with placeholders for the two folders; written last
//! std-metadata.json           `cargo metadata` of the standard library, likewise
//! answers/..                  what else is asked, each in its own file
//! ```
//!
//! # What is asked
//!
//! By rust-analyzer, and where it says so by evcxr. All at the load of a package, which happens at a kernel's start and whenever its
//! `Cargo.toml` changes. The working folder is the package's; `RUSTUP_AUTO_INSTALL=0` is set, and `RUSTUP_TOOLCHAIN` to the sysroot
//! once that is known.
//!
//! | asked | found by | answer |
//! |---|---|---|
//! | `rustc --print sysroot` | `$RUSTC`, then `PATH` | the real sysroot |
//! | `rustc --print target-libdir`, `rustc -Vv` (evcxr) | `$RUSTC` | the real ones |
//! | `cargo locate-project --workspace --manifest-path M` | `$CARGO_HOME/bin`, `$CARGO`, `PATH`, as all of cargo's | `{"root": M}` |
//! | `cargo -Z unstable-options config get --format toml --show-origin` | | `build.target` = the host: with it, `SYSROOT/bin/rustc -vV` is not asked |
//! | `cargo --version` | | the real one |
//! | `cargo metadata --format-version 1 --manifest-path M --filter-platform HOST --no-deps` | | `metadata.json` |
//! | the same with `-Zlockfile-path -Zunstable-options`, without `--no-deps` | | `metadata.json` |
//! | both again with M = `RUST_SRC_PATH/Cargo.toml` | | `std-metadata.json` |
//! | `cargo rustc -Z unstable-options --print cfg --target HOST -- -O` | | what `rustc --print cfg` says |
//! | `cargo rustc -Z unstable-options --print target-spec-json --target HOST -- -Z unstable-options` | | the same of rustc |
//! | `rustup which cargo` | `$RUSTUP`, `PATH` | any path; only a proc macro would be run with it |
//!
//! Where `cargo` fails for the last but one and its neighbour above, `SYSROOT/bin/rustc` is asked directly. [`Question::parse`] understands
//! these command lines, [`World::answer`] answers them, and [`World::graft`] is for a package with dependencies of its own.
//!
//! Reading order: `strip` and `macros` (what is taken away), `attribute` and `cfg` (what they ask), `expand` (what macros write), `krate` (one crate, file after
//! file), `sysroot` and `registry` (which crates), `serde` (why derives do not matter), `metadata`, `world`, `question` (the answers).

#![deny(unsafe_code, missing_docs, missing_debug_implementations)]

mod attribute;
mod build;
mod cfg;
mod error;
mod expand;
mod krate;
mod macros;
mod metadata;
mod module;
mod question;
mod registry;
mod serde;
mod sources;
mod strip;
mod sysroot;
mod tool;
mod world;
mod writer;

pub use build::{Report, build};
pub use cfg::Cfg;
pub use error::{Error, Result};
pub use krate::Stripping;
pub use module::Module;
pub use question::Question;
pub use sources::Sources;
pub use strip::{Rules, Stripped, strip};
pub use world::World;
