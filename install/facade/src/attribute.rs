//! Which attributes rust-analyzer reads when it infers a type; the rest (stability, inlining, lints, docs) is left out.

use crate::cfg::Cfg;
use ra_ap_syntax::{
    AstNode,
    ast::{self, Meta},
};

/// The attributes that change names, types or method look-up.
const READ: &[&str] = &[
    "allow_internal_unsafe",
    "const_trait",
    "default",
    "derive",
    "feature",
    "fundamental",
    "lang",
    "macro_export",
    "macro_use",
    "marker",
    "may_dangle",
    "no_core",
    "no_implicit_prelude",
    "no_std",
    "non_exhaustive",
    "path",
    "pointee",
    "prelude_import",
    "recursion_limit",
    "repr",
    "rustc_allow_incoherent_impl",
    "rustc_builtin_macro",
    "rustc_coherence_is_core",
    "rustc_coinductive",
    "rustc_has_incoherent_inherent_impls",
    "rustc_intrinsic",
    "rustc_macro_transparency",
    "rustc_paren_sugar",
    "rustc_reservation_impl",
    "rustc_skip_array_during_method_dispatch",
    "rustc_skip_during_method_dispatch",
];

/// Whether an attribute of this name is kept as it stands.
pub(crate) fn is_read(name: &str) -> bool {
    READ.contains(&name)
}

/// What becomes of an attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It stays as it stands.
    Keep,
    /// It goes.
    Drop,
    /// These take its place: their text between the brackets.
    Replace(Vec<String>),
    /// Its condition does not hold here: what it stands on goes with it.
    DropOwner,
}

/// Judges an attribute. `docs` keeps `#[doc = ..]`.
pub(crate) fn judge(meta: &Meta, cfg: &Cfg, docs: bool) -> Verdict {
    match meta {
        Meta::CfgMeta(meta) => match meta.cfg_predicate() {
            Some(predicate) if cfg.holds(&predicate) => Verdict::Drop,
            Some(_) => Verdict::DropOwner,
            None => Verdict::Keep,
        },
        Meta::CfgAttrMeta(meta) => match meta.cfg_predicate() {
            Some(predicate) if cfg.holds(&predicate) => {
                Verdict::Replace(meta.metas().flat_map(|inner| replaced(&inner, cfg, docs)).collect())
            }
            _ => Verdict::Drop,
        },
        Meta::UnsafeMeta(_) => Verdict::Drop,
        Meta::PathMeta(meta) => match name(meta.path()).as_str() {
            "test" | "bench" => Verdict::DropOwner,
            name => keep_if(is_read(name)),
        },
        Meta::KeyValueMeta(meta) => match name(meta.path()).as_str() {
            "doc" => keep_if(docs),
            name => keep_if(is_read(name)),
        },
        Meta::TokenTreeMeta(meta) => judge_call(meta, docs),
    }
}

fn keep_if(keep: bool) -> Verdict {
    if keep { Verdict::Keep } else { Verdict::Drop }
}

fn name(path: Option<ast::Path>) -> String {
    path.map(|path| path.syntax().text().to_string()).unwrap_or_default()
}

fn judge_call(meta: &ast::TokenTreeMeta, docs: bool) -> Verdict {
    let arguments = meta.token_tree().map(|tree| tree.syntax().text().to_string()).unwrap_or_default();
    match name(meta.path()).as_str() {
        // A hidden path is not offered as the name of a type.
        "doc" => keep_if(docs || arguments == "(hidden)"),
        // An unstable method gives way to a stable one of the same name; only the feature's name is asked for.
        "unstable" => match feature(&arguments) {
            Some(feature) => Verdict::Replace(vec![format!("unstable(feature = \"{feature}\")")]),
            None => Verdict::Keep,
        },
        name => keep_if(is_read(name)),
    }
}

/// Whether the text of an `unstable` says that only a nightly compiler lets a cell use its owner; what the library's own macros
/// call on a cell's behalf is marked as internal.
pub(crate) fn is_beyond_cells(unstable: &str) -> bool {
    feature(unstable).is_some_and(|feature| !feature.ends_with("internals"))
}

/// The text of `a` in `(feature = "a", ..)`.
fn feature(arguments: &str) -> Option<&str> {
    arguments.split_once("feature")?.1.split('"').nth(1)
}

/// What an attribute inside a `cfg_attr` whose condition holds comes to.
fn replaced(meta: &Meta, cfg: &Cfg, docs: bool) -> Vec<String> {
    match judge(meta, cfg, docs) {
        Verdict::Keep => vec![meta.syntax().text().to_string()],
        Verdict::Replace(metas) => metas,
        Verdict::Drop | Verdict::DropOwner => Vec::new(),
    }
}
