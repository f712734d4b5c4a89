//! A staged build: the folder that kernels run from, whole in itself and never changed once it is there.
//!
//! ```text
//! builds/<name>/
//!   stage.json             the manifest, see [`Manifest`]
//!   bin/lazuli-kernel      what Jupyter starts
//!   bin/lazuli-runtime     what runs cells
//!   bin/liblazuli.so       the collections, polars inside
//!   bin/liblazuli_cell.so  the precompiled side of every cell
//!   bin/libstd-*.so        the toolchain's shared std; programs look for libraries beside themselves ($ORIGIN)
//!   link/liblazuli.so      what cells link with in its place, see [`make_stub`]
//!   deps/                  metadata (.rmeta) and proc macros (.so) that compiling a cell reads: rustc's `-L dependency=`
//!   instances/<level>/     generic code that cells of this level of optimization share (.rlib)
//!   world/                 rust-analyzer's small world: the stripped std and the facade
//! ```
//!
//! Files are hard links into the target folder, or copies where that is another disk: rustc and the linker replace
//! files, they do not write into them, so neither a rebuild nor `cargo clean` reaches a running kernel.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::ops::Range;
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Instant;

use serde::{Deserialize, Serialize};

use crate::child;
use crate::elf::{self, BuildId};
use crate::error::{Error, Result};
use crate::place::Place;
use crate::toolchain::Toolchain;
use crate::workspace::{Artifact, Dependency, Package, Workspace};

/// Crates a cell can name without `:dep`; the first two are ours.
const FOR_CELLS: [&str; 7] = ["lazuli", "lazuli_cell", "serde", "serde_json", "polars", "ndarray", "rayon"];
/// The package of generic code that cells share, see `install/instances`.
const INSTANCES: &str = "lazuli-instances";
const INSTANCES_FILE: &str = "liblazuli_instances.rlib";
/// rustc's levels of optimization for cells: compiled fast, or run fast.
const LEVELS: [&str; 2] = ["0", "2"];
const MANIFEST: &str = "stage.json";
#[cfg(test)]
const SAMPLE: &str = include_str!("stage.sample.json");
/// Flags of `.cargo/config.toml` that a cell's object needs too: the shared std, the library's processor (generic code of
/// polars is instantiated again in cells), and a build-id, which names its functions to other processes.
const CELL_FLAGS: &[&str] = &[
    "-Cprefer-dynamic",
    "-Clink-arg=-Wl,--build-id=sha1",
    #[cfg(target_arch = "x86_64")]
    "-Ctarget-cpu=x86-64-v3",
];
/// How objects of cells are compiled, and what they share: alike, or an instance of one could not stand for that of the other.
/// Left to itself, rustc shares none where it optimizes. The flag for that is unstable, so rustc needs `RUSTC_BOOTSTRAP`; that cells
/// get no features by it is what the last flag is for.
const OBJECT_FLAGS: &[&str] =
    &["-Ccodegen-units=1", "-Coverflow-checks=on", "-Zshare-generics=yes", "-Zallow-features="];

/// `stage.json`, which the kernel reads at its start; all paths are absolute.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// The version of this workspace.
    pub lazuli: String,
    /// The build-id of `liblazuli.so`, in hexadecimal.
    pub build_id: String,
    /// The compiler that made this build and that must compile its cells.
    pub rustc: PathBuf,
    /// What `rustc -vV` printed then: a compiler that prints anything else cannot read this build's metadata.
    pub rustc_version: String,
    /// For cells with `:dep`.
    pub cargo: PathBuf,
    /// Flags that cells share with the library.
    pub rustc_flags: Vec<String>,
    /// Flags that their objects share with the instances. Some are unstable: rustc wants `RUSTC_BOOTSTRAP` for them.
    pub object_flags: Vec<String>,
    pub kernel: PathBuf,
    pub runtime: PathBuf,
    /// The library of the collections, which the runtime loads before the first cell.
    pub collections: PathBuf,
    /// Crate name to file, for `--extern name=file`.
    pub externs: BTreeMap<String, PathBuf>,
    /// Generic code that cells share, for each level of optimization that a cell may have.
    pub instances: BTreeMap<String, PathBuf>,
    /// For `-L dependency=`: metadata of everything that the externs were made from, and proc macros.
    pub dependencies: PathBuf,
    /// rust-analyzer's small world.
    pub world: PathBuf,
}

impl Manifest {
    /// The sample that the kernel's reader is tested with too, made by this compiler.
    #[cfg(test)]
    pub fn sample(rustc: &Path, rustc_version: &str) -> Self {
        let sample: Self = serde_json::from_str(SAMPLE).unwrap();
        Self { rustc: rustc.into(), rustc_version: rustc_version.into(), ..sample }
    }

    pub fn read(folder: &Path) -> Result<Self> {
        let path = folder.join(MANIFEST);
        let text = fs::read(&path).map_err(|source| Error::Read { path, source })?;
        serde_json::from_slice(&text).map_err(|source| Error::Answer { program: MANIFEST, source })
    }
}

/// What of a build goes into a stage.
#[derive(Debug)]
pub struct Parts<'a> {
    kernel: &'a Path,
    runtime: &'a Path,
    /// The program that makes rust-analyzer's world; it is run, not staged.
    facade: &'a Path,
    library: &'a Path,
    cell: &'a Path,
    /// Compiled once more where it is staged: as cells are.
    instances: &'a Package,
    std: PathBuf,
    deps: Vec<&'a Path>,
    /// Crate name to the file a cell is compiled against.
    externs: BTreeMap<&'static str, &'a Path>,
}

impl<'a> Parts<'a> {
    pub fn of(artifacts: &'a [Artifact], workspace: &'a Workspace, toolchain: &Toolchain) -> Result<Self> {
        let library = named_library(artifacts, "lazuli", None)?;
        let cell = named_library(artifacts, "lazuli_cell", None)?;
        let opt_level = library.profile.opt_level.as_str();
        let needed = workspace.closure(vec![&library.package_id, &cell.package_id], Dependency::is_ordinary);

        // Build scripts and proc macros have dependencies of their own, built without optimization: cells never see them.
        let serves_cells = |artifact: &&Artifact| {
            needed.contains(artifact.package_id.as_str())
                && !artifact.is_dylib()
                && (artifact.is_proc_macro() || artifact.profile.opt_level == opt_level)
        };
        let deps = artifacts.iter().filter(serves_cells).filter_map(Artifact::metadata);
        // Dylibs are linked; of all else the metadata is enough, its code is in the collections' dylib.
        let externs = FOR_CELLS.iter().map(|&name| {
            let file = named_library(artifacts, name, Some(opt_level))?.metadata();
            Ok((name, file.ok_or(Error::NoArtifact { what: "metadata of a library", name })?))
        });
        let instances = workspace.members().find(|package| package.name == INSTANCES);
        Ok(Self {
            kernel: program(artifacts, "lazuli-kernel")?,
            runtime: program(artifacts, "lazuli-runtime")?,
            facade: program(artifacts, "lazuli-facade")?,
            library: library.file("so").ok_or(Error::NoArtifact { what: "shared library", name: "lazuli" })?,
            cell: cell.file("so").ok_or(Error::NoArtifact { what: "shared library", name: "lazuli_cell" })?,
            instances: instances.ok_or(Error::NoArtifact { what: "package", name: INSTANCES })?,
            std: shared_std(toolchain)?,
            deps: deps.collect(),
            externs: externs.collect::<Result<_>>()?,
        })
    }

    /// The stage's folder name: the collections' build-id first, then a sum over everything else that shapes it.
    fn name(&self, toolchain: &Toolchain) -> Result<(String, BuildId)> {
        let id = BuildId::of(self.library)?;
        let mut sum = Fnv::default();
        // We lay it out, and may have been built anew since we run.
        let own = Path::new("/proc/self/exe");
        for path in [self.kernel, self.runtime, self.facade, self.cell, own] {
            sum.add(BuildId::of(path)?.bytes());
        }
        let instances = self.instances.source();
        sum.add(&fs::read(instances).map_err(|source| Error::Read { path: instances.to_owned(), source })?);
        sum.add(toolchain.verbose_version.as_bytes());
        Ok((format!("{:.12}-{:08x}", id.to_string(), sum.0 as u32), id))
    }
}

/// Brings `parts` into a folder of `place`'s builds and hands back that folder; a stage that is there already is kept.
pub fn stage(parts: &Parts<'_>, toolchain: &Toolchain, place: &Place) -> Result<PathBuf> {
    let builds = &place.builds;
    let (name, id) = parts.name(toolchain)?;
    let folder = builds.join(name);
    if Manifest::read(&folder).is_ok() {
        return Ok(folder);
    }
    let started = Instant::now();
    // Made under another name and moved when whole, so that no one ever sees half a stage.
    let unfinished = builds.join(format!("unfinished-{}", std::process::id()));
    let made = fill(&unfinished, &folder, parts, toolchain, &place.checkout, id);
    let made = made.and_then(|()| {
        if folder.exists() {
            fs::remove_dir_all(&folder).map_err(cannot_write(&folder))?;
        }
        fs::rename(&unfinished, &folder).map_err(cannot_write(&folder))
    });
    if made.is_err() {
        // What could not be written may not be removable either; the first error is the one to tell.
        let _ = fs::remove_dir_all(&unfinished);
    }
    made?;
    eprintln!("staged into {} in {:.1} s", folder.display(), started.elapsed().as_secs_f64());
    Ok(folder)
}

fn fill(
    folder: &Path,
    home: &Path,
    parts: &Parts<'_>,
    toolchain: &Toolchain,
    checkout: &Path,
    id: BuildId,
) -> Result<()> {
    let (bin, deps, stubs, world) =
        (folder.join("bin"), folder.join("deps"), folder.join("link"), folder.join("world"));
    // Where the files will be once the folder has its name.
    let within = |part: &str, file: &Path| home.join(part).join(file_name(file));
    for path in [&bin, &deps, &stubs, &world] {
        fs::create_dir_all(path).map_err(cannot_write(path))?;
    }
    for file in [parts.kernel, parts.runtime, parts.library, parts.cell, &parts.std] {
        link(file, &bin)?;
    }
    for file in &parts.deps {
        link(file, &deps)?;
    }
    make_stub(parts.library, &stubs)?;
    // Cells see the metadata of dylibs, which are linked; that of the library is in its stub.
    let part_of = |file: &Path| match file.extension() {
        _ if file == parts.library => "link",
        Some(end) if end == "so" => "bin",
        _ => "deps",
    };
    let externs = |root: &Path| -> BTreeMap<String, PathBuf> {
        let staged = |file: &Path| root.join(part_of(file)).join(file_name(file));
        parts.externs.iter().map(|(name, file)| ((*name).to_owned(), staged(file))).collect()
    };
    let instances = |root: &Path, level: &str| root.join("instances").join(level).join(INSTANCES_FILE);
    let here = externs(folder);
    thread::scope(|scope| {
        let made = LEVELS.map(|level| {
            let file = instances(folder, level);
            let (here, deps) = (&here, &deps);
            scope.spawn(move || make_instances(parts.instances, toolchain, here, deps, level, &file))
        });
        make_world(parts.facade, toolchain, checkout, &world)?;
        made.into_iter().try_for_each(|thread| thread.join().unwrap_or_else(|panic| resume_unwind(panic)))
    })?;
    let manifest = Manifest {
        lazuli: env!("CARGO_PKG_VERSION").to_owned(),
        build_id: id.to_string(),
        rustc: toolchain.rustc.clone(),
        rustc_version: toolchain.verbose_version.clone(),
        cargo: toolchain.cargo.clone(),
        rustc_flags: owned(CELL_FLAGS),
        object_flags: owned(OBJECT_FLAGS),
        kernel: within("bin", parts.kernel),
        runtime: within("bin", parts.runtime),
        collections: within("bin", parts.library),
        externs: externs(home),
        instances: LEVELS.map(|level| (level.to_owned(), instances(home, level))).into(),
        dependencies: home.join("deps"),
        world: home.join("world"),
    };
    let path = folder.join(MANIFEST);
    let text = serde_json::to_vec_pretty(&manifest).expect("a manifest is plain data");
    fs::write(&path, text).map_err(cannot_write(&path))
}

/// What stands for `library` where a cell is compiled: what rustc has to know of it, and none of its 23 000 symbols, which the linker
/// would read for each cell. A shared object may leave names to be found when it is loaded, and the process that loads cells
/// has loaded the library for all.
fn make_stub(library: &Path, folder: &Path) -> Result<()> {
    const METADATA: &str = ".rustc";
    let no_metadata = Error::NoArtifact { what: "section of rustc's", name: METADATA };
    let Range { start, end } = elf::section(library, METADATA)?.ok_or(no_metadata)?;
    let source = folder.join("stub.s");
    let text = format!(".section {METADATA},\"\",@progbits\n.incbin {library:?}, {start}, {}\n", end - start);
    fs::write(&source, text).map_err(cannot_write(&source))?;
    let mut compiler = child::command("cc");
    compiler.args(["-shared", "-nostdlib", "-o"]).arg(folder.join(file_name(library))).arg(&source);
    compiler.arg(format!("-Wl,-soname,{}", file_name(library).to_string_lossy()));
    child::read(&mut compiler, "is it a C compiler?")?;
    fs::remove_file(&source).map_err(cannot_write(&source))
}

/// Compiles the instances of a level into `file`, against what cells of it will be compiled against.
fn make_instances(
    package: &Package,
    toolchain: &Toolchain,
    externs: &BTreeMap<String, PathBuf>,
    dependencies: &Path,
    level: &str,
    file: &Path,
) -> Result<()> {
    let folder = file.parent().expect("a file in a folder");
    fs::create_dir_all(folder).map_err(cannot_write(folder))?;
    let mut rustc = child::command(&toolchain.rustc);
    rustc.args(["--crate-name", &package.name.replace('-', "_"), "--crate-type=rlib", "--edition", &package.edition]);
    rustc.args(CELL_FLAGS).args(OBJECT_FLAGS).env("RUSTC_BOOTSTRAP", "1").arg(format!("-Copt-level={level}"));
    // No cell is linked with LTO.
    rustc.arg("-Cembed-bitcode=no").arg("-L").arg(dependencies);
    for (name, file) in externs {
        rustc.arg("--extern").arg(format!("{name}={}", file.display()));
    }
    rustc.arg("-o").arg(file).arg(package.source());
    child::read(&mut rustc, "is Rust's toolchain whole?").map(drop)
}

fn make_world(facade: &Path, toolchain: &Toolchain, checkout: &Path, world: &Path) -> Result<()> {
    let mut maker = child::command(facade);
    maker.arg(checkout).arg(world);
    maker.env("CARGO", &toolchain.cargo).env("RUSTC", &toolchain.rustc).current_dir(checkout);
    // The one program that is run where cargo left it, away from the shared std.
    maker.env("LD_LIBRARY_PATH", toolchain.libraries());
    let report = child::read(&mut maker, "is the target folder whole?")?;
    eprint!("{report}");
    Ok(())
}

fn owned(flags: &[&str]) -> Vec<String> {
    flags.iter().map(|flag| (*flag).to_owned()).collect()
}

/// Hard-links `file` into `folder`, or copies it where that is another disk.
fn link(file: &Path, folder: &Path) -> Result<()> {
    let to = folder.join(file_name(file));
    match fs::hard_link(file, &to) {
        Ok(()) => Ok(()),
        // Two versions of a package may report one file.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(_) => fs::copy(file, &to).map(drop).map_err(cannot_write(&to)),
    }
}

pub fn cannot_write(path: &Path) -> impl FnOnce(io::Error) -> Error {
    let path = path.to_owned();
    move |source| Error::Write { path, source }
}

fn file_name(file: &Path) -> &OsStr {
    file.file_name().expect("artifacts are files")
}

fn named_library<'a>(artifacts: &'a [Artifact], name: &'static str, opt_level: Option<&str>) -> Result<&'a Artifact> {
    let fits = |artifact: &&Artifact| {
        artifact.target.name == name
            && artifact.is_library()
            && !artifact.profile.test
            && opt_level.is_none_or(|level| artifact.profile.opt_level == level)
    };
    artifacts.iter().find(fits).ok_or(Error::NoArtifact { what: "library", name })
}

fn program<'a>(artifacts: &'a [Artifact], name: &'static str) -> Result<&'a Path> {
    let fits = |artifact: &&Artifact| artifact.target.name == name && !artifact.profile.test;
    let program = artifacts.iter().filter(fits).find_map(|artifact| artifact.executable.as_deref());
    program.ok_or(Error::NoArtifact { what: "program", name })
}

fn shared_std(toolchain: &Toolchain) -> Result<PathBuf> {
    let folder = toolchain.libraries();
    let entries = fs::read_dir(&folder).map_err(|source| Error::Read { path: folder, source })?;
    let is_std = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        name.starts_with("libstd-") && name.ends_with(".so")
    };
    let found = entries.flatten().map(|entry| entry.path()).find(is_std);
    found.ok_or(Error::NoArtifact { what: "shared library in the toolchain", name: "libstd" })
}

/// Fowler–Noll–Vo: equal on every machine and in every release, which std's hasher does not promise.
struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Fnv {
    fn add(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_compiled_with_flags_of_the_build() {
        let config = include_str!("../../.cargo/config.toml");
        assert!(CELL_FLAGS.iter().all(|flag| config.contains(&format!("\"{flag}\""))));
    }

    /// `tools.rs` of the kernel has the other half: it reads the same file.
    #[test]
    fn the_sample_is_what_set_up_writes() {
        let sample = Manifest::sample(Path::new("/t/bin/rustc"), "rustc 1.95.0 (abcdef 2026-04-14)\n");
        assert_eq!(serde_json::to_string_pretty(&sample).unwrap(), SAMPLE.trim_end());
    }

    #[test]
    fn a_link_outlives_the_file_it_was_made_from() {
        let folder = std::env::temp_dir().join(format!("lazuli-stage-{}", std::process::id()));
        fs::create_dir_all(folder.join("bin")).unwrap();
        let built = folder.join("liblazuli.so");
        fs::write(&built, "first build").unwrap();
        link(&built, &folder.join("bin")).unwrap();
        fs::remove_file(&built).unwrap();
        fs::write(&built, "second build").unwrap();
        assert_eq!(fs::read_to_string(folder.join("bin/liblazuli.so")).unwrap(), "first build");
        fs::remove_dir_all(folder).unwrap();
    }
}
