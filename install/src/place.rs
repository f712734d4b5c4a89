//! Where things are and where they go.
//!
//! Everything installed is below one data folder and Jupyter's kernel folder; `cargo verify` has both inside the target
//! folder, so that it touches nothing else.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

/// The folders of one installation.
#[derive(Debug, Clone)]
pub struct Place {
    /// The checkout this program was built from.
    pub checkout: PathBuf,
    /// Builds, one folder each, that kernels run from.
    pub builds: PathBuf,
    /// The Python environment with JupyterLab.
    pub python: PathBuf,
    /// The Python environment with what benches measure beside ours.
    pub peers: PathBuf,
    /// Jupyter's data folder, which has `kernels/` in it.
    pub jupyter: PathBuf,
    /// Environment that makes Jupyter and kernels look into these folders and no others; empty for the user's own.
    pub environment: Vec<(&'static str, PathBuf)>,
}

impl Place {
    /// The user's own folders, as the XDG rules and Jupyter's rules name them.
    pub fn of_user() -> Result<Self> {
        let share = share(&|name| env::var_os(name))?;
        let jupyter = set(env::var_os("JUPYTER_DATA_DIR")).unwrap_or_else(|| share.join("jupyter"));
        let data = share.join("lazuli");
        Ok(Self {
            checkout: checkout(),
            builds: data.join("builds"),
            python: data.join("python"),
            peers: data.join("peers"),
            jupyter,
            environment: Vec::new(),
        })
    }

    /// Folders below `root` only: the home of `cargo verify`.
    pub fn below(root: &Path) -> Self {
        let share = root.join("share");
        let jupyter = share.join("jupyter");
        Self {
            checkout: checkout(),
            builds: share.join("lazuli/builds"),
            python: root.join("python"),
            peers: root.join("peers"),
            environment: vec![
                ("XDG_DATA_HOME", share),
                ("XDG_CONFIG_HOME", root.join("config")),
                ("XDG_CACHE_HOME", root.join("cache")),
                ("JUPYTER_DATA_DIR", jupyter.clone()),
                ("JUPYTER_CONFIG_DIR", root.join("config/jupyter")),
                ("JUPYTER_RUNTIME_DIR", root.join("run")),
                ("JUPYTERLAB_SETTINGS_DIR", root.join("config/lab/settings")),
                ("JUPYTERLAB_WORKSPACES_DIR", root.join("config/lab/workspaces")),
                ("IPYTHONDIR", root.join("config/ipython")),
            ],
            jupyter,
        }
    }

    /// The folder that holds all of ours but the kernelspec.
    pub fn data(&self) -> &Path {
        self.builds.parent().expect("builds/ is made by joining")
    }

    pub fn kernelspec(&self) -> PathBuf {
        self.jupyter.join("kernels/lazuli")
    }

    pub fn notebooks(&self) -> PathBuf {
        self.checkout.join("notebooks")
    }

    /// A file that comes with this crate.
    pub fn shipped(&self, name: &str) -> PathBuf {
        self.checkout.join("install").join(name)
    }
}

/// cargo says at run time which checkout it runs; a target folder may be shared by several.
pub fn checkout() -> PathBuf {
    let package = env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    Path::new(&package).parent().expect("install/ is inside the checkout").to_owned()
}

fn share(variable: &dyn Fn(&str) -> Option<OsString>) -> Result<PathBuf> {
    set(variable("XDG_DATA_HOME"))
        .or_else(|| set(variable("HOME")).map(|home| home.join(".local/share")))
        .ok_or(Error::NoHome)
}

/// The XDG rules ignore empty and relative paths.
fn set(value: Option<OsString>) -> Option<PathBuf> {
    value.map(PathBuf::from).filter(|path| path.is_absolute())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(variables: &[(&str, &str)], expected: Option<&str>) {
        let lookup = |name: &str| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| value.into());
        assert_eq!(share(&lookup).ok(), expected.map(PathBuf::from));
    }

    #[test]
    fn the_data_folder_follows_the_xdg_rules() {
        check(&[("XDG_DATA_HOME", "/data"), ("HOME", "/home/ada")], Some("/data"));
        check(&[("XDG_DATA_HOME", ""), ("HOME", "/home/ada")], Some("/home/ada/.local/share"));
        check(&[("XDG_DATA_HOME", "relative"), ("HOME", "/home/ada")], Some("/home/ada/.local/share"));
        check(&[], None);
    }

    #[test]
    fn a_place_below_a_folder_reaches_nowhere_else() {
        let place = Place::below(Path::new("/t/verify"));
        let paths = [&place.builds, &place.python, &place.peers, &place.jupyter];
        let paths = paths.into_iter().chain(place.environment.iter().map(|(_, path)| path));
        assert!(paths.into_iter().all(|path| path.starts_with("/t/verify")));
    }
}
