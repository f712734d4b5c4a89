//! The Rust that builds everything and compiles cells: is it there, new enough, and whole.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::child;
use crate::error::{Error, Result};

/// The oldest rustc that builds the workspace.
const NEEDED: &str = env!("CARGO_PKG_RUST_VERSION");
const GET_RUST: &str = "install Rust from https://rustup.rs";

/// One toolchain, by its real paths: through rustup's proxies each compile would pay for finding it again.
#[derive(Debug)]
pub struct Toolchain {
    pub rustc: PathBuf,
    pub cargo: PathBuf,
    pub sysroot: PathBuf,
    /// What `rustc -vV` prints.
    pub verbose_version: String,
}

impl Toolchain {
    /// The toolchain that is active in `checkout`.
    pub fn find(checkout: &Path) -> Result<Self> {
        let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
        let ask =
            |arguments: &[&str]| child::read(child::command(&rustc).args(arguments).current_dir(checkout), GET_RUST);
        let sysroot = PathBuf::from(ask(&["--print", "sysroot"])?.trim());
        let verbose_version = ask(&["-vV"])?;
        let toolchain = Self {
            rustc: real(&sysroot, "rustc", rustc),
            cargo: real(&sysroot, "cargo", env::var_os("CARGO").unwrap_or_else(|| "cargo".into())),
            sysroot,
            verbose_version,
        };
        match toolchain.field("release") {
            release if version(release) < version(NEEDED) => {
                Err(Error::OldRust { found: release.to_owned(), needed: NEEDED })
            }
            _ => Ok(toolchain),
        }
    }

    /// The triple this toolchain builds for.
    pub fn host(&self) -> &str {
        self.field("host")
    }

    /// The first line of `rustc -vV`: what people call the version.
    pub fn version(&self) -> &str {
        self.verbose_version.lines().next().unwrap_or_default()
    }

    fn field(&self, name: &str) -> &str {
        let line = self.verbose_version.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        line.unwrap_or_default()
    }

    /// Folder of the target libraries, the shared std among them.
    pub fn libraries(&self) -> PathBuf {
        self.sysroot.join("lib/rustlib").join(self.host()).join("lib")
    }

    /// The source of the standard library, from which rust-analyzer's small world is made.
    pub fn library_source(&self) -> PathBuf {
        self.sysroot.join("lib/rustlib/src/rust/library")
    }

    pub fn has_library_source(&self) -> bool {
        self.library_source().join("core/src/lib.rs").is_file()
    }

    /// Adds the component rust-src by rustup where it is missing.
    pub fn ensure_library_source(&self) -> Result<()> {
        if self.has_library_source() {
            return Ok(());
        }
        let missing = |mend: &str| Error::NoRustSource { path: self.library_source(), mend: mend.to_owned() };
        let name = self.name_in_rustup().ok_or_else(|| {
            missing("this Rust does not come from rustup: install the package that holds it (Debian: rust-src)")
        })?;
        eprintln!("adding the component rust-src to the toolchain {name}");
        child::run(
            child::command("rustup").args(["component", "add", "rust-src", "--toolchain", name]),
            "add the component rust-src to your Rust by hand",
        )?;
        if self.has_library_source() {
            return Ok(());
        }
        Err(missing(&format!("`rustup component add rust-src --toolchain {name}` did not bring it")))
    }

    fn name_in_rustup(&self) -> Option<&str> {
        let of_rustup = self.sysroot.parent()?.file_name()? == "toolchains";
        self.sysroot.file_name()?.to_str().filter(|_| of_rustup)
    }
}

/// The tool inside the sysroot; a distribution may keep it elsewhere, then the name we were given stays.
fn real(sysroot: &Path, name: &str, given: OsString) -> PathBuf {
    let inside = sysroot.join("bin").join(name);
    if inside.is_file() { inside } else { on_path(&given).unwrap_or_else(|| given.into()) }
}

/// The absolute path of a program on PATH.
pub fn on_path(program: impl AsRef<Path>) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path).map(|folder| folder.join(program.as_ref())).find(|file| file.is_file())
}

/// `1.95.0-nightly` as numbers that compare.
fn version(text: &str) -> Vec<u32> {
    let plain = text.split('-').next().unwrap_or_default();
    plain.split('.').map_while(|part| part.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_compare_by_number() {
        assert!(version("1.9.0") < version("1.95"));
        assert!(version("1.95.0-nightly") >= version("1.95"));
        assert!(version("2.0.0") > version("1.95"));
    }

    #[test]
    fn the_installed_toolchain_is_found_by_its_real_paths() {
        let toolchain = Toolchain::find(Path::new(".")).unwrap();
        assert!(toolchain.rustc.is_absolute(), "{toolchain:?}");
        assert!(toolchain.libraries().is_dir(), "{toolchain:?}");
        assert!(toolchain.version().starts_with("rustc "));
    }
}
