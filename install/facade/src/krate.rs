//! One crate on its way into the small world: read from its first file on, stripped, written.

use crate::{
    cfg::Cfg,
    error::{Result, read, write},
    module::Module,
    serde,
    strip::{Rules, strip},
};
use ra_ap_syntax::Edition;
use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

/// A crate as the world shows it.
#[derive(Debug, Clone)]
pub(crate) struct Crate {
    /// The id that cargo gives its package.
    pub id: String,
    /// The package's name.
    pub name: String,
    /// The library's name, by which other crates call it.
    pub library: String,
    /// The package's version.
    pub version: String,
    /// The edition it is written in.
    pub edition: Edition,
    /// The features it is built with.
    pub features: Vec<String>,
    /// The ids of the crates it sees, by the names it gives them.
    pub dependencies: Vec<(String, String)>,
    /// The folder of its manifest.
    pub from: PathBuf,
    /// Its first file, from there.
    pub root: PathBuf,
    /// Its folder in the world, from the world's.
    pub to: PathBuf,
    /// Whether hover texts show its documentation.
    pub docs: bool,
    /// Which of its files hold nothing that a type could be made of.
    pub is_idle: fn(&Path) -> bool,
}

/// What stripping a crate came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stripping {
    /// The crate.
    pub name: String,
    /// How many files of it were reached from its first one.
    pub files: usize,
    /// Their size in bytes.
    pub before: usize,
    /// The size of what is left of them.
    pub after: usize,
}

impl Crate {
    /// Writes the stripped crate into the world.
    pub fn build(&self, world: &Path, cfg: &Cfg) -> Result<Stripping> {
        let cfg = cfg.with_features(self.features.iter().map(String::as_str));
        let rules = Rules { edition: self.edition, cfg: &cfg, docs: self.docs, forget: serde::FORGET };
        let mut stripping = Stripping { name: self.name.clone(), ..Stripping::default() };
        let mut seen = BTreeSet::new();
        let mut waiting = vec![self.root.clone()];
        while let Some(file) = waiting.pop() {
            if !seen.insert(file.clone()) {
                continue;
            }
            let source = read(&self.from.join(&file))?;
            let mut stripped = strip(&source, &rules);
            stripped.text.extend(self.addition(&file));
            write(&world.join(&self.to).join(&file), &stripped.text)?;
            stripping.files += 1;
            stripping.before += source.len();
            stripping.after += stripped.text.len();
            let modules = stripped.modules.iter().filter_map(|module| self.find(module, &file));
            waiting.extend(modules);
        }
        Ok(stripping)
    }

    /// The file of a module, if the crate's own folder has it: parts of std that lie elsewhere (core_arch, portable-simd) are left out.
    fn find(&self, module: &Module, declared_in: &Path) -> Option<PathBuf> {
        let files = module.files(declared_in, declared_in == self.root);
        // A module that a macro writes belongs to the file of the call, in practice the first one.
        let mut files = files.into_iter().chain(module.files(&self.root, true));
        let file = files.find(|file| !file.starts_with("..") && self.from.join(file).is_file())?;
        (!(self.is_idle)(&file)).then_some(file)
    }

    fn addition(&self, file: &Path) -> Option<&'static str> {
        if self.name == serde::CRATE { serde::blanket(file.to_str()?) } else { None }
    }
}
