//! One crate on its way into the small world: read from its first file on, stripped, written.

use crate::{
    cfg::Cfg,
    error::{Result, read, write},
    expand::expand,
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
    /// Writes the stripped crate into the world: its modules stand within each other in its first file, since rust-analyzer keeps only
    /// so many files parsed. Only what a macro declares has a file of its own.
    pub fn build(&self, world: &Path, cfg: &Cfg) -> Result<Stripping> {
        let cfg = cfg.with_features(self.features.iter().map(String::as_str));
        let rules = Rules { edition: self.edition, cfg: &cfg, docs: self.docs, forget: serde::FORGET };
        let mut reading =
            Reading { krate: self, rules, waiting: vec![self.root.clone()], stripping: Stripping::default() };
        let mut written = BTreeSet::new();
        while let Some(file) = reading.waiting.pop() {
            if written.insert(file.clone()) {
                // What macros write is stripped too: only now is it seen for what it is, and what conditions stand on what it calls.
                let mut text = reading.text(&file)?;
                for _ in 0..2 {
                    text = strip(&expand(&text, self.edition), &Rules { forget: &[], ..reading.rules }).text;
                }
                reading.stripping.after += text.len();
                write(&world.join(&self.to).join(&file), &text)?;
            }
        }
        Ok(Stripping { name: self.name.clone(), ..reading.stripping })
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

/// A crate while its files are read.
struct Reading<'a> {
    krate: &'a Crate,
    rules: Rules<'a>,
    /// Files that are to be written and have not been.
    waiting: Vec<PathBuf>,
    stripping: Stripping,
}

impl Reading<'_> {
    /// What is left of a file, with the modules that it declares in their places.
    fn text(&mut self, file: &Path) -> Result<String> {
        let source = read(&self.krate.from.join(file))?;
        let stripped = strip(&source, &self.rules);
        self.stripping.files += 1;
        self.stripping.before += source.len();
        let mut text = String::new();
        let mut done = 0;
        for module in &stripped.modules {
            match (self.krate.find(module, file), module.at) {
                (Some(found), Some(at)) => {
                    text += &stripped.text[done..at];
                    text += &format!(" {{\n{}}}", self.text(&found)?);
                    done = at + 1;
                }
                (Some(found), None) => self.waiting.push(found),
                (None, _) => {}
            }
        }
        text += &stripped.text[done..];
        text.extend(self.krate.addition(file));
        Ok(text)
    }
}
