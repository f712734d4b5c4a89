//! Clippy on our crates, against the build that is there.
//!
//! `cargo clippy` would check polars and rust-analyzer once more, in its own kind of build, for half an hour. The lints
//! need only the metadata of dependencies, and that exists: so `clippy-driver` is called for each of our crates with
//! the very `--extern`s the build used.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::child;
use crate::error::Result;
use crate::stage::cannot_write;
use crate::toolchain::Toolchain;
use crate::workspace::{Artifact, Package, Target, Workspace};

/// Lints every library and program of the workspace; hands back the names of those that pass and of those that do not.
pub fn lint(
    toolchain: &Toolchain,
    workspace: &Workspace,
    artifacts: &[Artifact],
    scratch: &Path,
) -> Result<(Vec<String>, Vec<String>)> {
    fs::create_dir_all(scratch).map_err(cannot_write(scratch))?;
    let (mut clean, mut faulty) = (Vec::new(), Vec::new());
    for package in workspace.members() {
        for target in package.targets.iter().filter(|target| is_linted(target)) {
            let name = format!("{} ({})", package.name, target.kind.join(", "));
            let mut driver = driver(toolchain, workspace, artifacts, package, target, scratch);
            let passed = child::start(driver.status(), &driver, "`rustup component add clippy` brings it")?.success();
            if passed { &mut clean } else { &mut faulty }.push(name);
        }
    }
    Ok((clean, faulty))
}

fn is_linted(target: &Target) -> bool {
    target.kind.iter().any(|kind| matches!(kind.as_str(), "lib" | "dylib" | "rlib" | "bin" | "proc-macro"))
}

fn driver(
    toolchain: &Toolchain,
    workspace: &Workspace,
    artifacts: &[Artifact],
    package: &Package,
    target: &Target,
    scratch: &Path,
) -> Command {
    let is_program = target.kind.iter().any(|kind| kind == "bin");
    let crate_name = target.name.replace('-', "_");
    let mut driver = child::command(toolchain.sysroot.join("bin/clippy-driver"));
    // The driver is rustc linked anew and looks for its libraries where rustup would have put them.
    driver.env("LD_LIBRARY_PATH", toolchain.sysroot.join("lib"));
    driver.arg(&target.src_path).args(["--crate-name", &crate_name, "--edition", &package.edition]);
    driver.args(["--crate-type", target.crate_types.first().map_or("lib", String::as_str)]);
    driver.args(["--emit", "metadata", "--out-dir"]).arg(scratch);
    driver.args(["-D", "warnings"]);
    driver.args(["--check-cfg", "cfg(test, docsrs)", "--check-cfg", "cfg(feature, values(any()))"]);
    driver.arg("-L").arg(dependency_folder(&workspace.target_directory));
    for (name, file) in externs(workspace, artifacts, package, is_program) {
        driver.arg("--extern").arg(format!("{name}={}", file.display()));
    }
    if target.kind.iter().any(|kind| kind == "proc-macro") {
        driver.args(["--extern", "proc_macro"]);
    }
    let folder = package.manifest_path.parent().unwrap_or(Path::new("."));
    driver.env("CARGO_MANIFEST_DIR", folder).env("CARGO_PKG_NAME", &package.name);
    driver.env("CARGO_PKG_VERSION", &package.version).env("CARGO_PKG_RUST_VERSION", env!("CARGO_PKG_RUST_VERSION"));
    driver.env("CARGO_CRATE_NAME", crate_name).current_dir(folder);
    driver
}

fn dependency_folder(target: &Path) -> String {
    format!("dependency={}", target.join("debug/deps").display())
}

/// What the package's source may name, its own library included where a program is linted.
fn externs<'a>(
    workspace: &'a Workspace,
    artifacts: &'a [Artifact],
    package: &'a Package,
    is_program: bool,
) -> Vec<(&'a str, &'a Path)> {
    let metadata = |id: &str| {
        let made = artifacts.iter().filter(|artifact| artifact.package_id == id && artifact.metadata().is_some());
        // Build scripts have their own, unoptimized builds of some crates: the optimized one is ours.
        made.max_by_key(|artifact| artifact.profile.opt_level.clone())?.metadata()
    };
    let ordinary = workspace.dependencies(&package.id).iter().filter(|edge| edge.is_ordinary());
    let mut externs: Vec<_> = ordinary.filter_map(|edge| Some((edge.name.as_str(), metadata(&edge.pkg)?))).collect();
    let library = package.targets.iter().find(|target| target.kind.iter().any(|kind| kind == "lib"));
    if let (true, Some(library), Some(file)) = (is_program, library, metadata(&package.id)) {
        externs.push((library.name.as_str(), file));
    }
    externs
}
