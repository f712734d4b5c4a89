//! `cargo lab`: from a fresh checkout to JupyterLab, or to an executed notebook.

use std::ffi::OsString;
use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf, absolute};
use std::process::ExitCode;

use crate::child;
use crate::error::{Error, Result};
use crate::kernelspec;
use crate::place::Place;
use crate::python::Python;
use crate::stage::{self, Parts, cannot_write};
use crate::sweep;
use crate::toolchain::Toolchain;
use crate::workspace::{self, Artifact, Workspace};

/// The file in `install/python/` that the lab's environment is filled from.
pub const REQUIREMENTS: &str = "requirements.txt";
pub const SEE_DOCTOR: &str = "`cargo lab doctor` may say more";

/// Sets everything up in the user's own folders.
pub fn setup() -> Result<Place> {
    let place = Place::of_user()?;
    // Before the long build, so that it is not for nothing.
    writable(place.data())?;
    writable(&place.jupyter)?;
    let toolchain = Toolchain::find(&place.checkout)?;
    toolchain.ensure_library_source()?;
    Python::of(&place, REQUIREMENTS).ensure()?;

    let workspace = Workspace::read(&place.checkout, &toolchain)?;
    let artifacts = workspace::build(&place.checkout, &toolchain, &workspace, &["build", "--workspace"])?;
    install(&place, &toolchain, &workspace, &artifacts)?;
    Ok(place)
}

/// Stages a build and points the kernelspec at it.
pub fn install(place: &Place, toolchain: &Toolchain, workspace: &Workspace, artifacts: &[Artifact]) -> Result<PathBuf> {
    let parts = Parts::of(artifacts, workspace, toolchain)?;
    fs::create_dir_all(&place.builds).map_err(cannot_write(&place.builds))?;
    let folder = stage::stage(&parts, toolchain, place)?;
    kernelspec::install(place, &folder)?;
    sweep::old_builds(&place.builds, Some(&folder));
    Ok(folder)
}

/// Sets up and becomes JupyterLab.
pub fn open(jupyter: &[OsString]) -> Result<ExitCode> {
    let place = setup()?;
    let mut lab = Python::of(&place, REQUIREMENTS).command(&place, "jupyter-lab");
    lab.arg(place.notebooks()).args(jupyter);
    let source = lab.exec();
    child::start(Err(source), &lab, SEE_DOCTOR)
}

/// Sets up and executes a notebook, whose cells may take `timeout` seconds each; the exit code says whether all passed.
pub fn run(notebook: &Path, output: Option<&Path>, timeout: Option<u32>) -> Result<ExitCode> {
    let notebook = existing(notebook)?;
    let output = match output {
        Some(output) => absolute(output).map_err(|source| Error::Write { path: output.to_owned(), source })?,
        None => notebook.clone(),
    };
    writable(output.parent().expect("a file has a folder"))?;
    let place = setup()?;
    let mut python = Python::of(&place, REQUIREMENTS).command(&place, "python");
    python.arg(place.shipped("python/run_notebook.py")).arg(&notebook).arg(&output);
    if let Some(seconds) = timeout {
        python.args(["--timeout", &seconds.to_string()]);
    }
    child::code(&mut python, SEE_DOCTOR)
}

/// Sets up and writes the gallery anew.
pub fn gallery() -> Result<ExitCode> {
    let place = setup()?;
    let mut python = Python::of(&place, REQUIREMENTS).command(&place, "python");
    python.arg(place.shipped("python/gallery.py")).arg(place.checkout.join("collections/gallery/README.md"));
    child::code(&mut python, SEE_DOCTOR)
}

/// The notebook's absolute path; when there is none, the error lists those that lie where it was sought.
fn existing(notebook: &Path) -> Result<PathBuf> {
    let path = absolute(notebook).map_err(|source| Error::Read { path: notebook.to_owned(), source })?;
    if path.is_file() {
        return Ok(path);
    }
    let folder = path.parent().filter(|folder| folder.is_dir());
    let entries = folder.and_then(|folder| fs::read_dir(folder).ok()).into_iter().flatten().flatten();
    let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    let mut names: Vec<_> = names.filter(|name| name.ends_with(".ipynb")).collect();
    names.sort();
    let near = match (folder, names.is_empty()) {
        (None, _) => "; nor is there such a folder".to_owned(),
        (Some(_), true) => "; its folder has no notebooks".to_owned(),
        (Some(_), false) => format!("; its folder has {}", names.join(", ")),
    };
    Err(Error::NoNotebook { path, near })
}

/// Makes the folder, and a file in it for a moment.
fn writable(folder: &Path) -> Result<()> {
    let probe = folder.join(format!(".lazuli-{}", std::process::id()));
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(&probe, ""))
        .and_then(|()| fs::remove_file(&probe))
        .map_err(cannot_write(folder))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_notebook_is_answered_with_its_neighbours() {
        let folder = std::env::temp_dir().join(format!("lazuli-lab-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("01-first.ipynb"), "{}").unwrap();
        let error = existing(&folder.join("02-second.ipynb")).unwrap_err().to_string();
        assert!(error.ends_with("02-second.ipynb; its folder has 01-first.ipynb"), "{error}");
        let error = existing(&folder.join("nowhere/a.ipynb")).unwrap_err().to_string();
        assert!(error.ends_with("; nor is there such a folder"), "{error}");
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_folder_that_cannot_be_written_is_named() {
        let error = writable(Path::new("/proc/lazuli")).unwrap_err().to_string();
        assert!(error.starts_with("cannot write /proc/lazuli; choose another place"), "{error}");
    }
}
