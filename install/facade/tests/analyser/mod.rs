//! rust-analyzer, loaded and asked the way evcxr 0.22 does it.

pub mod surface;

use lazuli_facade::World;
use ra_ap_base_db::{EditionedFileId, SourceRoot};
use ra_ap_hir::{ChangeWithProcMacros, HirDisplay, attach_db};
use ra_ap_ide::{AnalysisHost, Edition, Semantics};
use ra_ap_ide_db::FxHashMap;
use ra_ap_paths::AbsPathBuf;
use ra_ap_project_model::{CargoConfig, ProjectManifest, ProjectWorkspace, RustLibSource};
use ra_ap_syntax::ast::{self, AstNode, HasModuleItem, HasName};
use ra_ap_vfs::{
    Change, FileId, Vfs,
    file_set::FileSetConfig,
    loader::{Config, Directories, Entry, Handle, LoadingProgress, Message},
};
use ra_ap_vfs_notify::NotifyHandle;
use std::path::Path;

/// One package, `ctx`, whose source changes with every question.
pub struct Analyser {
    host: AnalysisHost,
    source: FileId,
}

impl Analyser {
    /// Loads the package in this folder.
    pub fn load(folder: &Path) -> Self {
        let folder = AbsPathBuf::try_from(folder.to_str().expect("UTF-8")).expect("absolute");
        let manifest = ProjectManifest::from_manifest_file(folder.join("Cargo.toml")).expect("a manifest");
        let config = CargoConfig { sysroot: Some(RustLibSource::Discover), ..CargoConfig::default() };
        let workspace = ProjectWorkspace::load(manifest, &config, &|_| {}).expect("a workspace");
        let mut vfs = Vfs::default();
        vfs.set_file_contents(folder.join("src/lib.rs").into(), Some(Vec::new()));
        read_files(&workspace, &mut vfs);
        let mut change = ChangeWithProcMacros::default();
        for (id, file) in vfs.take_changes() {
            if let Change::Create(text, _) | Change::Modify(text, _) = file.change {
                change.change_file(id, String::from_utf8(text).ok());
            }
        }
        let sets = FileSetConfig::default().partition(&vfs);
        change.set_roots(sets.into_iter().map(SourceRoot::new_local).collect());
        let mut find = |path: &ra_ap_paths::AbsPath| vfs.file_id(&path.to_path_buf().into()).map(|(id, _)| id);
        let (graph, _) = workspace.to_crate_graph(&mut find, &FxHashMap::default());
        change.set_crate_graph(graph);
        let mut host = AnalysisHost::default();
        host.apply_change(change);
        let (source, _) = vfs.file_id(&folder.join("src/lib.rs").into()).expect("was set");
        Self { host, source }
    }

    /// The types of the variables that the function `cell` of this source binds, written as a cell may write them.
    pub fn types(&mut self, source: &str) -> Vec<(String, String)> {
        let mut change = ChangeWithProcMacros::default();
        change.change_file(self.source, Some(source.to_owned()));
        self.host.apply_change(change);
        let db = self.host.raw_database();
        let semantics = Semantics::new(db);
        let file = semantics.parse(EditionedFileId::new(db, self.source, Edition::Edition2024));
        let mut types = Vec::new();
        attach_db(db, || {
            let functions = file.items().filter_map(|item| if let ast::Item::Fn(it) = item { Some(it) } else { None });
            let cell =
                functions.filter(|it| it.name().is_some_and(|name| name.text() == "cell")).last().expect("fn cell");
            let module = semantics.scope(cell.syntax()).expect("a scope").module();
            for statement in cell.body().expect("a body").statements() {
                let ast::Stmt::LetStmt(binding) = statement else { continue };
                let pattern = binding.pat().expect("a pattern");
                let ty = semantics.type_of_pat(&pattern).map(|info| info.original());
                let ty = ty.and_then(|ty| ty.display_source_code(db, module.into(), true).ok());
                types.push((pattern.syntax().text().to_string(), ty.unwrap_or_else(|| "?".to_owned())));
            }
        });
        types
    }
}

fn read_files(workspace: &ProjectWorkspace, vfs: &mut Vfs) {
    let (sender, receiver) = crossbeam_channel::unbounded();
    let mut loader = NotifyHandle::spawn(sender);
    let entry = |root: ra_ap_project_model::PackageRoot| {
        Entry::Directories(Directories {
            extensions: vec!["rs".to_owned()],
            include: root.include,
            exclude: root.exclude,
        })
    };
    let load = workspace.to_roots().into_iter().map(entry).collect();
    loader.set_config(Config { version: 1, load, watch: vec![] });
    for message in &receiver {
        match message {
            Message::Progress { n_done: LoadingProgress::Finished, .. } => break,
            Message::Progress { .. } => {}
            Message::Loaded { files } | Message::Changed { files } => {
                for (path, text) in files {
                    vfs.set_file_contents(path.into(), text);
                }
            }
        }
    }
}

/// Answers as cargo, rustc or rustup would, from the world in `LAZULI_WORLD`.
pub fn answer(tool: &str) {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let world = World::open(Path::new(&std::env::var_os("LAZULI_WORLD").expect("set by the test"))).expect("a world");
    let here = std::env::current_dir().expect("a working folder");
    let question = lazuli_facade::Question::parse(tool, &arguments);
    let answer = question.and_then(|question| world.answer(&question, &here).expect("an answer"));
    match answer {
        Some(answer) => print!("{answer}"),
        None if tool == "rustup" => println!("{}", std::env::current_exe().expect("our path").display()),
        None => {
            eprintln!("not answered: {tool} {arguments:?}");
            std::process::exit(1);
        }
    }
}
