//! The public functions and macros of a crate that its prelude leads to, and which of them a source calls.

use super::Analyser;
use ra_ap_base_db::EditionedFileId;
use ra_ap_hir::{
    Adt, AsAssocItem, AssocItem, Crate, Function, HasAttrs, HasVisibility, Impl, Module, ModuleDef, PathResolution,
    ScopeDef, Semantics, Visibility, attach_db,
};
use ra_ap_ide::{Edition, RootDatabase};
use ra_ap_ide_db::FxHashSet;
use ra_ap_syntax::{
    SyntaxNode,
    ast::{self, AstNode},
};
use std::collections::BTreeSet;

/// Names of functions, with the type or module they belong to, and of macros.
pub struct Surface {
    pub all: BTreeSet<String>,
    /// Those that the source last analysed calls nowhere.
    pub uncalled: BTreeSet<String>,
}

impl Surface {
    /// What the public module `prelude` of the crate leads to: its functions, macros and types, those of the modules in it, the
    /// public functions of these types, and all of the types that they return.
    pub fn of(analyser: &Analyser, krate: &str, prelude: &str) -> Self {
        let db = analyser.host.raw_database();
        attach_db(db, || {
            let krate = Crate::all(db)
                .into_iter()
                .find(|found| found.display_name(db).is_some_and(|name| name.canonical_name().as_str() == krate));
            let krate = krate.expect("the crate is in the world");
            let from = Semantics::new(db).file_to_module_def(analyser.source).expect("the package has a module");
            let modules = krate.root_module(db).modules_in_scope(db, true);
            let (_, module) = modules.into_iter().find(|(name, _)| name.as_str() == prelude).expect("a prelude");
            let mut reach = Reach { db, krate, from, callables: Vec::new(), types: Vec::new() };
            reach.module(module);
            let called = called(analyser);
            let name = |callable: &ModuleDef| name(*callable, db);
            let uncalled = reach.callables.iter().filter(|callable| !called.contains(callable)).map(name).collect();
            Self { all: reach.callables.iter().map(name).collect(), uncalled }
        })
    }
}

/// What has been reached so far.
struct Reach<'db> {
    db: &'db RootDatabase,
    krate: Crate,
    /// Who looks: a module of another crate.
    from: Module,
    /// Functions and macros.
    callables: Vec<ModuleDef>,
    types: Vec<Adt>,
}

impl Reach<'_> {
    fn module(&mut self, module: Module) {
        for (_, item) in module.scope(self.db, Some(self.from)) {
            match item {
                ScopeDef::ModuleDef(ModuleDef::Function(function)) => self.function(function),
                ScopeDef::ModuleDef(ModuleDef::Macro(definition))
                    if definition.module(self.db).krate(self.db) == self.krate =>
                {
                    self.callables.push(definition.into());
                }
                ScopeDef::ModuleDef(ModuleDef::Adt(adt)) => self.adt(adt),
                ScopeDef::ModuleDef(ModuleDef::Module(module)) if module.krate(self.db) == self.krate => {
                    self.module(module)
                }
                _ => {}
            }
        }
    }

    fn function(&mut self, function: Function) {
        let is_ours = function.module(self.db).krate(self.db) == self.krate;
        let is_public = function.visibility(self.db) == Visibility::Public && !function.attrs(self.db).is_doc_hidden();
        if !is_ours || !is_public || self.callables.contains(&function.into()) {
            return;
        }
        self.callables.push(function.into());
        let mut returned = Vec::new();
        function.ret_type(self.db).walk(self.db, |ty| returned.extend(ty.as_adt()));
        returned.into_iter().for_each(|adt| self.adt(adt));
    }

    fn adt(&mut self, adt: Adt) {
        if adt.module(self.db).krate(self.db) != self.krate || self.types.contains(&adt) {
            return;
        }
        self.types.push(adt);
        let of_type = |implementation: &Impl| {
            implementation.trait_(self.db).is_none() && implementation.self_ty(self.db).as_adt() == Some(adt)
        };
        let implementations: Vec<Impl> = Impl::all_in_crate(self.db, self.krate).into_iter().filter(of_type).collect();
        for item in implementations.into_iter().flat_map(|implementation| implementation.items(self.db)) {
            if let AssocItem::Function(function) = item {
                self.function(function);
            }
        }
    }
}

/// The functions and macros that the source calls or names.
fn called(analyser: &Analyser) -> FxHashSet<ModuleDef> {
    let db = analyser.host.raw_database();
    let semantics = Semantics::new(db);
    let file = semantics.parse(EditionedFileId::new(db, analyser.source, Edition::Edition2024));
    let callable = |node: SyntaxNode| {
        if let Some(call) = ast::MethodCallExpr::cast(node.clone()) {
            return semantics.resolve_method_call(&call).map(ModuleDef::from);
        }
        if let Some(call) = ast::MacroCall::cast(node.clone()) {
            return semantics.resolve_macro_call(&call).map(ModuleDef::from);
        }
        match semantics.resolve_path(&ast::PathExpr::cast(node)?.path()?)? {
            PathResolution::Def(definition) => Some(definition),
            _ => None,
        }
    };
    file.syntax().descendants().filter_map(callable).collect()
}

fn name(callable: ModuleDef, db: &RootDatabase) -> String {
    let own = callable.name(db).map(|name| name.as_str().to_owned()).unwrap_or_default();
    let ModuleDef::Function(function) = callable else { return format!("{own}!") };
    let adt = function.as_assoc_item(db).and_then(|item| item.implementing_ty(db)?.as_adt());
    match (adt, function.module(db).name(db)) {
        (Some(adt), _) => format!("{}::{own}", adt.name(db).as_str()),
        (None, Some(module)) => format!("{}::{own}", module.as_str()),
        (None, None) => own,
    }
}
