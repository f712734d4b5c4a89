//! The standard library: its crates, without the platform layers and processor intrinsics that no cell's type is made of.

use crate::{
    error::{Error, Result, read},
    krate::Crate,
    metadata::{Metadata, Package, edition},
    registry::version_key,
};
use ra_ap_syntax::Edition;
use std::path::{Path, PathBuf};

/// Where the standard library lies in the world: what `RUST_SRC_PATH` is to name.
pub(crate) const LIBRARY: &str = "std/library";

/// The crates that the library consists of here, and what each sees.
const CRATES: &[(&str, &[&str])] = &[
    ("core", &[]),
    ("alloc", &["core"]),
    ("unwind", &["core"]),
    ("panic_unwind", &["alloc", "core", "unwind"]),
    ("std_detect", &["alloc", "core"]),
    ("std", &["alloc", "core", "hashbrown", "panic_unwind", "std_detect", "unwind"]),
    ("proc_macro", &["core", "std"]),
];

/// The crate behind std's hash maps: without it they have no methods.
const HASHBROWN: &str = "hashbrown";

/// The features that it is built with as a part of std.
const HASHBROWN_FEATURES: &[&str] = &["alloc", "core", "nightly", "rustc-dep-of-std", "rustc-internal-api"];

/// The crates of the standard library of the toolchain at `sysroot`; hashbrown comes from the workspace's graph.
pub(crate) fn crates(sysroot: &Path, metadata: &Metadata, workspace: &Path) -> Result<Vec<Crate>> {
    let library = sysroot.join("lib/rustlib/src/rust/library");
    if !library.join("core/src/lib.rs").is_file() {
        return Err(Error::MissingRustSrc { path: library });
    }
    let mut crates: Vec<Crate> = CRATES.iter().map(|(name, sees)| krate(&library, name, sees)).collect();
    crates.push(hashbrown(&library, metadata, workspace)?);
    Ok(crates)
}

fn id(name: &str) -> String {
    format!("path+std#{name}@0.0.0")
}

fn sees(names: &[&str]) -> Vec<(String, String)> {
    names.iter().map(|name| ((*name).to_owned(), id(name))).collect()
}

fn krate(library: &Path, name: &str, dependencies: &[&str]) -> Crate {
    let features: &[&str] = if name == "std" { &["panic-unwind"] } else { &[] };
    Crate {
        id: id(name),
        name: name.to_owned(),
        library: name.to_owned(),
        version: "0.0.0".to_owned(),
        edition: Edition::Edition2024,
        features: features.iter().map(|feature| (*feature).to_owned()).collect(),
        dependencies: sees(dependencies),
        from: library.join(name),
        root: PathBuf::from("src/lib.rs"),
        to: Path::new(LIBRARY).join(name),
        docs: false,
        is_idle: if name == "std" { is_platform } else { |_| false },
    }
}

/// The layer between std and the system: private, but for what `thread_local!` writes into a cell.
fn is_platform(file: &Path) -> bool {
    file.starts_with("src/sys") && file != Path::new("src/sys/mod.rs") && !file.starts_with("src/sys/thread_local")
}

fn hashbrown(library: &Path, metadata: &Metadata, workspace: &Path) -> Result<Crate> {
    let wanted = locked_version(&read(&library.join("Cargo.lock"))?, HASHBROWN);
    let package = closest(metadata, wanted.as_deref())
        .ok_or_else(|| Error::MissingCrate { name: HASHBROWN.to_owned(), workspace: workspace.to_owned() })?;
    Ok(Crate {
        version: package.version.clone(),
        edition: edition(&package.edition),
        features: HASHBROWN_FEATURES.iter().map(|feature| (*feature).to_owned()).collect(),
        from: package.manifest_path.parent().unwrap_or(Path::new("/")).to_owned(),
        ..krate(library, HASHBROWN, &["alloc", "core"])
    })
}

/// The version of a crate in a lock file.
fn locked_version(lock: &str, name: &str) -> Option<String> {
    let (_, entry) = lock.split_once(&format!("name = \"{name}\"\nversion = \""))?;
    entry.split('"').next().map(str::to_owned)
}

/// The package of the wanted version's line (0.16 of 0.16.1), or else the newest.
fn closest<'a>(metadata: &'a Metadata, wanted: Option<&str>) -> Option<&'a Package> {
    let line = |version: &str| version_key(version).into_iter().take(2).collect::<Vec<_>>();
    let wanted = wanted.map(line);
    let candidates = metadata.packages.iter().filter(|package| package.name == HASHBROWN);
    candidates.max_by_key(|package| (Some(line(&package.version)) == wanted, version_key(&package.version)))
}
