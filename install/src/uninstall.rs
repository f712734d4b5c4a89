//! `cargo lab uninstall`: takes away what `cargo lab` put outside the checkout, and nothing else.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::process::ExitCode;

use crate::error::Result;
use crate::kernelspec;
use crate::place::Place;
use crate::stage::cannot_write;
use crate::sweep;

pub fn run() -> Result<ExitCode> {
    let place = Place::of_user()?;
    let in_use = sweep::mapped_below(&place.builds);
    let removed = remove(&place)?;
    if !removed {
        println!("nothing was installed");
    }
    if !in_use.is_empty() {
        println!("kernels still run from what was removed; they go on until something needs a new file: close them");
    }
    println!("the checkout and its target folder are untouched; `cargo clean` frees the latter");
    Ok(ExitCode::SUCCESS)
}

/// Whether there was anything.
fn remove(place: &Place) -> Result<bool> {
    let mut removed = false;
    // A kernelspec of that name which is not ours stays.
    if matches!(kernelspec::installed(place), Ok(Some(folder)) if folder.starts_with(&place.builds)) {
        removed |= take_away(&place.kernelspec())?;
    }
    for folder in [&place.builds, &place.python, &place.peers] {
        removed |= take_away(folder)?;
    }
    // Ours when nothing else is in it.
    let _ = fs::remove_dir(place.data());
    Ok(removed)
}

fn take_away(folder: &Path) -> Result<bool> {
    match fs::remove_dir_all(folder) {
        Ok(()) => {
            println!("removed {}", folder.display());
            Ok(true)
        }
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(cannot_write(folder)(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_put_there_goes_and_what_is_foreign_stays() {
        let root = std::env::temp_dir().join(format!("lazuli-uninstall-{}", std::process::id()));
        let place = Place::below(&root);
        let build = place.builds.join("ab12");
        for folder in [&build, &place.python, &place.kernelspec(), &place.jupyter.join("kernels/python3")] {
            fs::create_dir_all(folder).unwrap();
        }
        let spec = place.kernelspec().join("kernel.json");
        fs::write(&spec, format!(r#"{{"env": {{"LAZULI_HOME": "{}"}}}}"#, build.display())).unwrap();
        assert!(remove(&place).unwrap());
        assert!(!place.kernelspec().exists() && !place.builds.exists() && !place.python.exists());
        assert!(place.jupyter.join("kernels/python3").exists());
        assert!(!remove(&place).unwrap());

        fs::create_dir_all(place.kernelspec()).unwrap();
        fs::write(&spec, r#"{"argv": ["somebody-else"]}"#).unwrap();
        assert!(!remove(&place).unwrap());
        assert!(spec.exists());
        fs::remove_dir_all(root).unwrap();
    }
}
