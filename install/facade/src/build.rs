//! Makes the small world.

use crate::{
    cfg::Cfg,
    error::{Result, write},
    krate::{Crate, Stripping},
    metadata, registry,
    sources::Sources,
    sysroot::{self, LIBRARY},
    world::answers,
};
use std::{
    fmt,
    num::NonZero,
    path::Path,
    sync::{Mutex, PoisonError},
    thread,
    time::{Duration, Instant},
};

/// What was made.
#[derive(Debug)]
#[non_exhaustive]
pub struct Report {
    /// Each crate, the standard library's among them.
    pub crates: Vec<Stripping>,
    /// How long it took.
    pub took: Duration,
}

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        let sum = |part: fn(&Stripping) -> usize| self.crates.iter().map(part).sum::<usize>();
        write!(
            formatter,
            "{} crates, {} files: {:.1} MB of source to {:.1} MB of signatures in {:.1} s",
            self.crates.len(),
            sum(|krate| krate.files),
            sum(|krate| krate.before) as f64 / 1e6,
            sum(|krate| krate.after) as f64 / 1e6,
            self.took.as_secs_f64(),
        )
    }
}

/// Fills the folder, which should be new: what is there already is not taken away.
pub fn build(sources: &Sources, folder: &Path) -> Result<Report> {
    let start = Instant::now();
    let std = sysroot::crates(Path::new(sources.sysroot.trim_end()), &sources.metadata, &sources.workspace)?;
    let facade = registry::crates(&sources.metadata, &sources.workspace)?;
    let crates = strip_all(std.iter().chain(&facade).collect(), folder, &Cfg::parse(&sources.cfg))?;
    // rust-analyzer takes the standard library for a workspace if there is this file; it does not read it.
    write(&folder.join(LIBRARY).join("Cargo.toml"), "[workspace]\n")?;
    let texts = [
        (answers::SYSROOT, sources.sysroot.clone()),
        (answers::TARGET_LIBDIR, sources.target_libdir.clone()),
        (answers::RUSTC_VERSION, sources.rustc_version.clone()),
        (answers::CARGO_VERSION, sources.cargo_version.clone()),
        (answers::CONFIG, format!("build.target = \"{}\"\n", sources.host)),
        (answers::CFG, sources.cfg.clone()),
        (answers::TARGET_SPEC, sources.target_spec.clone()),
        (answers::STD, metadata::of_sysroot(&std).to_string()),
        (answers::CELL, metadata::of_cell(&facade, &registry::seen(&facade)).to_string()),
    ];
    for (file, text) in texts {
        write(&folder.join(file), &text)?;
    }
    Ok(Report { crates, took: start.elapsed() })
}

/// Strips the crates on all cores, the largest (std's come first) first.
fn strip_all(crates: Vec<&Crate>, folder: &Path, cfg: &Cfg) -> Result<Vec<Stripping>> {
    let waiting = Mutex::new(crates.into_iter());
    let next = || waiting.lock().unwrap_or_else(PoisonError::into_inner).next();
    let work = || {
        let mut done = Vec::new();
        while let Some(krate) = next() {
            done.push(krate.build(folder, cfg)?);
        }
        Ok(done)
    };
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    let parts: Result<Vec<Vec<Stripping>>> = thread::scope(|scope| {
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect()
    });
    parts.map(|parts| parts.into_iter().flatten().collect())
}
