//! `cargo lab doctor`: what is missing or stale, and how to mend it. Changes nothing.

use std::path::PathBuf;
use std::process::ExitCode;

use crate::elf::BuildId;
use crate::error::Result;
use crate::kernelspec;
use crate::lab::REQUIREMENTS;
use crate::place::Place;
use crate::python::{self, Python};
use crate::stage::Manifest;
use crate::toolchain::{self, Toolchain};

const MEND_BY_LAB: &str = "run `cargo lab setup`";

/// What was found out about one thing.
#[derive(Debug, PartialEq)]
enum Finding {
    Good(String),
    /// What is wrong, and how to mend it.
    Bad(String, String),
}

use Finding::{Bad, Good};

/// Prints one line for each thing looked at; fails when one is bad.
pub fn run() -> Result<ExitCode> {
    let place = Place::of_user()?;
    let toolchain = Toolchain::find(&place.checkout);
    let mut findings = match &toolchain {
        Ok(toolchain) => vec![Good(toolchain.version().to_owned()), library_source(toolchain)],
        Err(error) => vec![Bad("no Rust that would do".to_owned(), error.to_string())],
    };
    findings.push(linker());
    findings.push(python(&place));
    findings.extend(kernel(&place, toolchain.as_ref().ok()));
    findings.push(browser());
    for finding in &findings {
        match finding {
            Good(what) => println!("ok     {what}"),
            Bad(what, mend) => println!("WRONG  {what}\n       -> {mend}"),
        }
    }
    let bad = findings.iter().filter(|finding| matches!(finding, Bad(..))).count();
    println!("{}", if bad == 0 { "nothing to mend".to_owned() } else { format!("{bad} to mend") });
    Ok(if bad == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn library_source(toolchain: &Toolchain) -> Finding {
    let path = toolchain.library_source();
    if toolchain.has_library_source() {
        return Good(format!("source of the standard library in {}", path.display()));
    }
    let wrong = format!("no source of the standard library in {}", path.display());
    Bad(wrong, "`rustup component add rust-src` (Debian's own Rust: apt install rust-src)".to_owned())
}

fn linker() -> Finding {
    match toolchain::on_path("cc") {
        Some(path) => Good(format!("C compiler {}", path.display())),
        None => {
            Bad("no C compiler `cc` on PATH, which rustc links with".to_owned(), "Debian: apt install gcc".to_owned())
        }
    }
}

fn python(place: &Place) -> Finding {
    let environment = Python::of(place, REQUIREMENTS);
    match (environment.is_current(), environment.exists(), python::find()) {
        (true, ..) => Good(format!("Python environment {}", place.python.display())),
        (false, _, Err(error)) => Bad(error.to_string(), format!("then {MEND_BY_LAB}")),
        (false, true, Ok(_)) => Bad(
            format!(
                "the Python environment {} is broken, unfinished or older than its requirements",
                place.python.display()
            ),
            MEND_BY_LAB.to_owned(),
        ),
        (false, false, Ok(python)) => Bad(
            format!("{} is there, but no Python environment in {}", python.display(), place.python.display()),
            MEND_BY_LAB.to_owned(),
        ),
    }
}

fn kernel(place: &Place, toolchain: Option<&Toolchain>) -> Vec<Finding> {
    let bad = |what: String| vec![Bad(what, MEND_BY_LAB.to_owned())];
    let spec = place.kernelspec();
    let folder = match kernelspec::installed(place) {
        Ok(Some(folder)) => folder,
        Ok(None) => return bad(format!("no kernelspec in {}", spec.display())),
        Err(error) => {
            return bad(format!("the kernelspec in {} cannot be read: {error}", spec.display()));
        }
    };
    let Ok(manifest) = Manifest::read(&folder) else {
        return bad(format!("the kernelspec points to {}, which is no staged build", folder.display()));
    };
    let mut findings = vec![Good(format!("kernelspec {}", spec.display()))];
    let missing = |path: &&PathBuf| !path.exists();
    let needed = [&manifest.kernel, &manifest.runtime, &manifest.collections, &manifest.dependencies, &manifest.world];
    findings.push(match needed.into_iter().chain(manifest.externs.values()).find(missing) {
        Some(path) => Bad(
            format!("the staged build has lost {}", path.display()),
            format!("remove {} and {MEND_BY_LAB}", folder.display()),
        ),
        None => Good(format!("staged build {}", folder.display())),
    });
    if let Some(toolchain) = toolchain {
        findings.push(compiler(&manifest, toolchain));
    }
    findings.extend(staleness(place, &manifest));
    findings
}

/// Cells must be compiled by the very compiler that made the build.
fn compiler(manifest: &Manifest, now: &Toolchain) -> Finding {
    let then = manifest.rustc_version.lines().next().unwrap_or_default();
    if !manifest.rustc.is_file() {
        return Bad(
            format!("the compiler that made the build, {}, is gone", manifest.rustc.display()),
            format!("{MEND_BY_LAB}: everything is built once more with {}", now.version()),
        );
    }
    if manifest.rustc_version != now.verbose_version {
        return Bad(
            format!("the build was made by {then}, active now is {}", now.version()),
            format!("{MEND_BY_LAB}: everything is built once more"),
        );
    }
    Good(format!("the build was made by {then}"))
}

/// Whether the target folder has another build than the one that kernels start from.
fn staleness(place: &Place, manifest: &Manifest) -> Option<Finding> {
    let target = std::env::current_exe().ok()?;
    let is_other = |staged: &PathBuf| {
        let built = BuildId::of(&target.with_file_name(staged.file_name()?)).ok()?;
        Some(BuildId::of(staged).ok()? != built)
    };
    let staged = [&manifest.collections, &manifest.kernel, &manifest.runtime];
    let others: Option<Vec<bool>> = staged.into_iter().map(is_other).collect();
    Some(if others?.contains(&true) {
        Bad("the target folder has another build than the one kernels start from".to_owned(), MEND_BY_LAB.to_owned())
    } else {
        Good(format!("the staged build is the newest of {}", place.checkout.display()))
    })
}

/// Only tests want one, so its absence is no fault.
fn browser() -> Finding {
    let found = ["chromium", "chromium-browser", "google-chrome"].iter().find_map(toolchain::on_path);
    match found {
        Some(path) => Good(format!("browser for `cargo verify`: {}", path.display())),
        None => Good(
            "no Chromium: `cargo verify` would leave the browser tests out (Debian: apt install chromium)".to_owned(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn another_compiler_than_at_install_is_told_with_both_versions() {
        let now = Toolchain::find(Path::new(".")).unwrap();
        let same = compiler(&Manifest::sample(&now.rustc, &now.verbose_version), &now);
        assert!(matches!(same, Good(_)), "{same:?}");
        let Bad(what, mend) = compiler(&Manifest::sample(&now.rustc, "rustc 1.94.0 (old)\n"), &now) else {
            panic!("another compiler was accepted");
        };
        assert!(what.contains("rustc 1.94.0 (old)") && what.contains(now.version()), "{what}");
        assert!(mend.contains("cargo lab setup"), "{mend}");
        let gone = compiler(&Manifest::sample(Path::new("/nowhere/rustc"), &now.verbose_version), &now);
        assert!(matches!(gone, Bad(what, _) if what.contains("/nowhere/rustc")));
    }

    #[test]
    fn a_kernelspec_that_points_nowhere_is_bad() {
        let root = std::env::temp_dir().join(format!("lazuli-doctor-{}", std::process::id()));
        let place = Place::below(&root);
        let told = kernel(&place, None);
        assert!(matches!(&told[..], [Bad(what, _)] if what.starts_with("no kernelspec in")), "{told:?}");
        std::fs::create_dir_all(place.kernelspec()).unwrap();
        let spec = r#"{"argv": ["/nowhere/bin/lazuli-kernel"], "env": {"LAZULI_HOME": "/nowhere"}}"#;
        std::fs::write(place.kernelspec().join("kernel.json"), spec).unwrap();
        let told = kernel(&place, None);
        assert!(matches!(&told[..], [Bad(what, _)] if what.contains("points to /nowhere")), "{told:?}");
        std::fs::remove_dir_all(root).unwrap();
    }
}
