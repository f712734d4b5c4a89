//! The Python environment: a venv of our own, filled from pinned requirements.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::child;
use crate::error::{Error, Result};
use crate::place::Place;
use crate::stage::cannot_write;

/// The oldest Python that the pinned JupyterLab runs on.
const NEEDED: &str = "3.10";
const GET_PYTHON: &str = "install Python 3 with its venv module (Debian: apt install python3 python3-venv)";
/// Kept in the venv once it is complete: the requirements it was filled from.
const STAMP: &str = "lazuli-requirements.txt";

/// A venv, there or to be made.
#[derive(Debug)]
pub struct Python {
    folder: PathBuf,
    requirements: PathBuf,
}

impl Python {
    /// The environment of `place` that `requirements`, a file in `install/python/`, describes.
    pub fn of(place: &Place, requirements: &str) -> Self {
        Self { folder: place.python.clone(), requirements: place.shipped("python").join(requirements) }
    }

    /// The environment of `place` that benches measure beside ours.
    pub fn of_peers(place: &Place) -> Self {
        Self { folder: place.peers.clone(), requirements: place.shipped("python/requirements-bench.txt") }
    }

    /// A program of the environment, such as `jupyter-lab`.
    pub fn program(&self, name: &str) -> PathBuf {
        self.folder.join("bin").join(name)
    }

    /// Its interpreter with `place`'s environment, ready for arguments.
    pub fn command(&self, place: &Place, program: &str) -> Command {
        let mut command = child::command(self.program(program));
        command.envs(place.environment.iter().map(|(name, path)| (name, path)));
        // A PYTHONHOME of another Python breaks a venv.
        command.env_remove("PYTHONHOME").env("PYTHONDONTWRITEBYTECODE", "1");
        command
    }

    /// Complete, and filled from the requirements as they are now.
    pub fn is_current(&self) -> bool {
        self.answers() && fs::read_to_string(self.folder.join(STAMP)).ok() == self.wanted().ok()
    }

    pub fn exists(&self) -> bool {
        self.folder.join("pyvenv.cfg").exists()
    }

    /// A venv dies when the Python it was made from goes.
    fn answers(&self) -> bool {
        child::command(self.program("python")).args(["-c", ""]).status().is_ok_and(|status| status.success())
    }

    /// Makes what is missing of it.
    pub fn ensure(&self) -> Result<()> {
        if self.is_current() {
            return Ok(());
        }
        if !self.answers() {
            let python = find()?;
            eprintln!("making a Python environment in {}", self.folder.display());
            if self.folder.exists() {
                fs::remove_dir_all(&self.folder).map_err(cannot_write(&self.folder))?;
            }
            let parent = self.folder.parent().expect("the environment is below the data folder");
            fs::create_dir_all(parent).map_err(cannot_write(parent))?;
            child::read(child::command(python).args(["-m", "venv"]).arg(&self.folder), GET_PYTHON)?;
        }
        eprintln!("installing {} (one to two minutes)", self.requirements.display());
        let mut pip = child::command(self.program("python"));
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input", "--requirement"]);
        child::run(pip.arg(&self.requirements), GET_PYTHON)?;
        let stamp = self.folder.join(STAMP);
        fs::write(&stamp, self.wanted()?).map_err(cannot_write(&stamp))
    }

    /// The requirements with the files they include, as one text.
    fn wanted(&self) -> Result<String> {
        whole(&self.requirements)
    }
}

fn whole(file: &Path) -> Result<String> {
    let text = fs::read_to_string(file).map_err(|source| Error::Read { path: file.to_owned(), source })?;
    let lines = text.lines().filter(|line| !line.starts_with('#')).map(|line| match line.strip_prefix("-r ") {
        Some(included) => whole(&file.with_file_name(included.trim())),
        None => Ok(format!("{line}\n")),
    });
    lines.collect()
}

/// A Python that is new enough and can make a venv.
pub fn find() -> Result<PathBuf> {
    const CHECK: &str = "import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))";
    let mut tried = Vec::new();
    for name in ["python3", "python", "python3.13", "python3.12", "python3.11", "python3.10"] {
        let Some(path) = crate::toolchain::on_path(name) else {
            continue;
        };
        let answer = child::command(&path).args(["-c", CHECK]).output();
        if answer.is_ok_and(|output| output.status.success()) {
            return Ok(path);
        }
        tried.push(path.display().to_string());
    }
    let tried = if tried.is_empty() { "none on PATH".to_owned() } else { format!("tried {}", tried.join(", ")) };
    Err(Error::NoPython { needed: NEEDED, tried, mend: GET_PYTHON })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn included_requirements_count_as_the_file_s_own() {
        let shipped = crate::place::checkout().join("install/python");
        let verify = whole(&shipped.join("verify.txt")).unwrap();
        let lab = whole(&shipped.join("requirements.txt")).unwrap();
        let peers = whole(&shipped.join("requirements-bench.txt")).unwrap();
        assert!(verify.starts_with(&lab));
        for text in [verify, peers] {
            assert!(text.lines().all(|line| line.contains("==")), "every version is pinned:\n{text}");
        }
    }
}
