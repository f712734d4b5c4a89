//! polars takes most of an hour of one core: every command must use the one build of it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::time::SystemTime;

use serde::Deserialize;

use crate::error::{Error, Result};
use crate::workspace::Artifact;

/// What cargo writes beside a compiled crate: two with the same compiler differ in one of these.
#[derive(Debug, Deserialize)]
struct Fingerprint {
    rustc: u64,
    features: String,
    profile: u64,
    rustflags: Vec<String>,
    #[serde(skip, default = "long_ago")]
    written: Option<SystemTime>,
}

fn long_ago() -> Option<SystemTime> {
    None
}

/// Fails when the commands that made `artifacts` used two builds of polars, or when the target folder has gained another
/// since: some command builds it otherwise. An older one is a leftover of earlier flags, told and passed over.
pub fn is_built_once(artifacts: &[Artifact], target: &Path) -> Result<()> {
    let builds = artifacts.iter().filter(|artifact| artifact.target.name == "polars" && artifact.is_library());
    let used: BTreeSet<String> = builds.filter_map(|artifact| hash(artifact.metadata()?)).collect();
    let all = fingerprints(&target.join("debug/.fingerprint"));
    judge(&used, &all)
}

fn judge(used: &BTreeSet<String>, all: &BTreeMap<String, Fingerprint>) -> Result<()> {
    let first = match used.iter().collect::<Vec<_>>()[..] {
        [] => return Ok(()),
        [first] => first,
        [first, second, ..] => {
            return Err(Error::TwoPolars { difference: difference(first, second, all) });
        }
    };
    let Some(ours) = all.get(first) else {
        return Ok(());
    };
    for (other, found) in all.iter().filter(|(hash, found)| *hash != first && found.rustc == ours.rustc) {
        if found.written > ours.written {
            return Err(Error::TwoPolars { difference: difference(first, other, all) });
        }
        eprintln!("note: the target folder still has an older build of polars ({other}); `cargo clean` frees its room");
    }
    Ok(())
}

fn difference(first: &str, second: &str, all: &BTreeMap<String, Fingerprint>) -> String {
    let (Some(one), Some(two)) = (all.get(first), all.get(second)) else {
        return format!("{first} and {second}");
    };
    let mut told = vec![format!("{first} and {second}")];
    if one.features != two.features {
        told.push(format!("features {} against {}", one.features, two.features));
    }
    if one.profile != two.profile {
        told.push("profiles differ".to_owned());
    }
    if one.rustflags != two.rustflags {
        told.push(format!("flags {:?} against {:?}", one.rustflags, two.rustflags));
    }
    if told.len() == 1 {
        told.push("their dependencies were built differently".to_owned());
    }
    told.join("; ")
}

/// The hash in `libpolars-HASH.rmeta`, which names the fingerprint too.
fn hash(file: &Path) -> Option<String> {
    let stem = file.file_stem()?.to_str()?;
    stem.rsplit_once('-').map(|(_, hash)| hash.to_owned())
}

fn fingerprints(folder: &Path) -> BTreeMap<String, Fingerprint> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let read = entries.filter_map(|entry| {
        let hash = entry.file_name().to_str()?.strip_prefix("polars-")?.to_owned();
        let file = entry.path().join("lib-polars.json");
        let text = fs::read(&file).ok()?;
        let found: Fingerprint = serde_json::from_slice(&text).ok()?;
        Some((hash, Fingerprint { written: file.metadata().and_then(|data| data.modified()).ok(), ..found }))
    });
    read.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn check(used: &[&str], all: &[(&str, u64, &str, u64)], expected: Option<&str>) {
        let all = all.iter().map(|&(hash, rustc, features, second)| {
            let written = Some(SystemTime::UNIX_EPOCH + Duration::from_secs(second));
            let found = Fingerprint { rustc, features: features.into(), profile: 1, rustflags: vec![], written };
            (hash.to_owned(), found)
        });
        let found = judge(&used.iter().map(|hash| (*hash).to_owned()).collect(), &all.collect());
        let text = found.err().map(|error| error.to_string());
        match expected {
            Some(part) => assert!(text.as_deref().is_some_and(|text| text.contains(part)), "{text:?}"),
            None => assert_eq!(text, None),
        }
    }

    #[test]
    fn commands_that_use_two_builds_are_told_what_differs() {
        check(&["a", "b"], &[("a", 1, "csv", 0), ("b", 1, "csv, sql", 5)], Some("features csv against csv, sql"));
        check(&["a", "b"], &[("a", 1, "csv", 0), ("b", 1, "csv", 5)], Some("dependencies were built differently"));
    }

    #[test]
    fn a_newer_second_build_fails_and_leftovers_do_not() {
        check(&["a"], &[("a", 1, "csv", 5), ("b", 1, "sql", 9)], Some("features csv against sql"));
        check(&["a"], &[("a", 1, "csv", 5), ("b", 1, "sql", 2)], None);
        check(&["a"], &[("a", 1, "csv", 5), ("b", 2, "csv", 9)], None);
        check(&["a"], &[("a", 1, "csv", 5)], None);
    }
}
