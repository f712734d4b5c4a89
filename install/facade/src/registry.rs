//! The crates that a cell may name, and those that their signatures are made of.

use crate::{
    error::{Error, Result},
    krate::Crate,
    metadata::{Metadata, Package, edition},
    serde,
};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

/// What a cell may name without a `:dep`.
pub(crate) const SEEN: &[&str] = &["lazuli", "lazuli-cell", "polars", "ndarray", "serde", "serde_json", "rayon"];

/// What the signatures of those are made of. Each further crate costs every kernel time at its start and memory:
/// polars-io, -ops, -time, -arrow and -buffer together a third of a second and 30 MB.
const BEHIND: &[&str] = &[
    "polars-core",
    "polars-lazy",
    "polars-plan",
    "polars-error",
    "polars-schema",
    "polars-utils",
    "polars-dtype",
    "serde_core",
    "rayon-core",
];

/// The crate whose documentation belongs to a notebook's own vocabulary.
const DOCUMENTED: &str = "lazuli";

/// The crates of the facade, as the workspace at `workspace` builds them.
pub(crate) fn crates(metadata: &Metadata, workspace: &Path) -> Result<Vec<Crate>> {
    let chosen = SEEN.iter().chain(BEHIND).map(|name| Ok((*name, find(metadata, name, workspace)?)));
    let chosen: BTreeMap<&str, &Package> = chosen.collect::<Result<_>>()?;
    chosen.values().map(|package| krate(metadata, package, &chosen, workspace)).collect()
}

/// What the crate of a cell depends on: names and ids.
pub(crate) fn seen(crates: &[Crate]) -> Vec<(String, String)> {
    let seen = crates.iter().filter(|krate| SEEN.contains(&krate.name.as_str()));
    seen.map(|krate| (krate.library.clone(), krate.id.clone())).collect()
}

/// The newest package of that name.
fn find<'a>(metadata: &'a Metadata, name: &str, workspace: &Path) -> Result<&'a Package> {
    let candidates = metadata.packages.iter().filter(|package| package.name == name);
    candidates
        .max_by_key(|package| version_key(&package.version))
        .ok_or_else(|| Error::MissingCrate { name: name.to_owned(), workspace: workspace.to_owned() })
}

/// The numbers of a version, to compare it by.
pub(crate) fn version_key(version: &str) -> Vec<u64> {
    version.split(['.', '-', '+']).map_while(|part| part.parse().ok()).collect()
}

fn krate(metadata: &Metadata, package: &Package, chosen: &BTreeMap<&str, &Package>, workspace: &Path) -> Result<Crate> {
    let missing = || Error::MissingCrate { name: package.name.clone(), workspace: workspace.to_owned() };
    let library = package.library().ok_or_else(missing)?;
    let node = metadata.node(&package.id).ok_or_else(missing)?;
    let from = package.manifest_path.parent().unwrap_or(Path::new("/"));
    let in_facade = |id: &str| chosen.values().any(|package| package.id == id);
    let dependencies = node.deps.iter().filter(|dependency| in_facade(&dependency.pkg));
    Ok(Crate {
        id: package.id.clone(),
        name: package.name.clone(),
        library: library.name.clone(),
        version: package.version.clone(),
        edition: edition(&package.edition),
        features: node.features.clone(),
        dependencies: dependencies.map(|dependency| (dependency.name.clone(), dependency.pkg.clone())).collect(),
        from: from.to_owned(),
        root: library.src_path.strip_prefix(from).unwrap_or(&library.src_path).to_owned(),
        to: PathBuf::from("crates").join(&package.name),
        docs: package.name == DOCUMENTED,
        is_idle: if package.name == serde::CRATE { serde::is_impls } else { |_| false },
    })
}
