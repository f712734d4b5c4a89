//! One file of Rust to its signatures.
//!
//! The text is walked token by token, so that whatever is not understood stays as it is. What goes: bodies of functions,
//! initialisers that no type can depend on, comments, attributes that inference does not read, and items that are
//! not compiled on this machine (tests among them). With the bodies go the callers of whatever only its own crate can
//! call: such functions go too, as do those of a trait's `impl`, whose types the trait itself has. Stripping what
//! is stripped changes nothing.

use crate::{
    attribute::{self, Verdict},
    cfg::Cfg,
    macros,
    module::Module,
    writer::Writer,
};
use ra_ap_syntax::{
    AstNode, AstToken, Edition, NodeOrToken, SourceFile, SyntaxKind, SyntaxNode, SyntaxToken,
    ast::{self, HasAttrs, HasName, HasVisibility},
};

/// A body that has every type.
pub(crate) const BODY: &str = "{loop{}}";

/// How a file is to be stripped.
#[derive(Debug)]
pub struct Rules<'a> {
    /// The edition of its crate.
    pub edition: Edition,
    /// What its crate is compiled under.
    pub cfg: &'a Cfg,
    /// Whether its documentation stays, for hover texts.
    pub docs: bool,
    /// Traits whose `impl`s are left out, by the last part of their path.
    pub forget: &'a [&'a str],
}

/// What is left of a file.
#[derive(Debug)]
pub struct Stripped {
    /// Its signatures.
    pub text: String,
    /// The modules that it has in other files.
    pub modules: Vec<Module>,
}

/// Strips one file.
///
/// ```
/// use lazuli_facade::{Cfg, Rules, strip};
/// use ra_ap_syntax::Edition;
/// let rules = Rules { edition: Edition::Edition2024, cfg: &Cfg::default(), docs: false, forget: &[] };
/// let stripped = strip("/// Adds.\n#[inline]\npub fn add(a: u8, b: u8) -> u8 { a + b }", &rules);
/// assert_eq!(stripped.text, "pub fn add(a: u8, b: u8) -> u8 {loop{}}\n");
/// ```
pub fn strip(source: &str, rules: &Rules) -> Stripped {
    let file = SourceFile::parse(source, rules.edition).tree();
    let mut stripper = Stripper { rules, writer: Writer::default(), inside: Vec::new(), modules: Vec::new() };
    if !stripper.is_absent(file.attrs()) {
        stripper.children(file.syntax());
    }
    Stripped { text: stripper.writer.finish(), modules: stripper.modules }
}

/// The walk over one file.
#[derive(Debug)]
pub(crate) struct Stripper<'a> {
    pub rules: &'a Rules<'a>,
    pub writer: Writer,
    /// The inline modules we are in.
    inside: Vec<String>,
    modules: Vec<Module>,
}

impl Stripper<'_> {
    fn children(&mut self, node: &SyntaxNode) {
        for child in node.children_with_tokens() {
            match child {
                NodeOrToken::Token(token) => self.token(&token),
                NodeOrToken::Node(node) => self.node(&node),
            }
        }
    }

    /// Writes a token; of comments only documentation, where it is wanted.
    pub(crate) fn token(&mut self, token: &SyntaxToken) {
        match token.kind() {
            SyntaxKind::WHITESPACE => self.writer.space(token.text()),
            SyntaxKind::COMMENT if self.rules.docs && is_doc(token) => self.writer.line(token.text()),
            SyntaxKind::COMMENT => self.writer.blank(),
            _ => self.writer.token(token.text()),
        }
    }

    /// Writes what is left of a node.
    pub(crate) fn node(&mut self, node: &SyntaxNode) {
        if is_item(node) && self.is_absent(node.children().filter_map(ast::Attr::cast)) {
            return self.writer.blank();
        }
        match node.kind() {
            SyntaxKind::ATTR => self.attribute(node),
            SyntaxKind::BLOCK_EXPR if node.parent().is_some_and(|parent| parent.kind() == SyntaxKind::FN) => {
                self.writer.token(BODY);
            }
            SyntaxKind::CONST | SyntaxKind::STATIC => self.constant(node),
            SyntaxKind::FN if is_out_of_reach(node) => self.writer.blank(),
            SyntaxKind::IMPL if self.is_forgotten(node) => self.writer.blank(),
            SyntaxKind::MODULE => self.module(node),
            SyntaxKind::MACRO_RULES | SyntaxKind::MACRO_DEF | SyntaxKind::MACRO_CALL => macros::strip(self, node),
            _ => self.children(node),
        }
    }

    /// Whether one of these attributes says that its owner is not compiled here.
    fn is_absent(&self, mut attributes: impl Iterator<Item = ast::Attr>) -> bool {
        attributes.any(|attribute| self.judge(&attribute) == Verdict::DropOwner)
    }

    fn judge(&self, attribute: &ast::Attr) -> Verdict {
        match attribute.meta() {
            Some(meta) => attribute::judge(&meta, self.rules.cfg, self.rules.docs),
            None => Verdict::Keep,
        }
    }

    fn attribute(&mut self, node: &SyntaxNode) {
        let Some(attribute) = ast::Attr::cast(node.clone()) else { return self.children(node) };
        let sign = if attribute.excl_token().is_some() { "#!" } else { "#" };
        match self.judge(&attribute) {
            Verdict::Drop => self.writer.blank(),
            Verdict::Replace(metas) => {
                for meta in metas {
                    self.writer.token(&format!("{sign}[{meta}]"));
                    self.writer.blank();
                }
                self.writer.blank();
            }
            // An absent field or variant keeps its `cfg`: it shares commas with its neighbours.
            Verdict::Keep | Verdict::DropOwner => self.verbatim(node),
        }
    }

    /// Writes all tokens under a node, whatever they mean.
    pub(crate) fn verbatim(&mut self, node: &SyntaxNode) {
        for element in node.descendants_with_tokens() {
            if let NodeOrToken::Token(token) = element {
                self.token(&token);
            }
        }
    }

    /// A constant's value can be the length of an array, if it is a number; no other is ever asked for.
    fn constant(&mut self, node: &SyntaxNode) {
        if ast::Const::cast(node.clone()).is_some_and(|constant| constant.name().is_none()) {
            return self.unnamed(node);
        }
        let number = node.kind() == SyntaxKind::CONST
            && node.children().find_map(ast::Type::cast).is_some_and(|ty| is_plain(&ty.syntax().text().to_string()));
        for child in node.children_with_tokens() {
            match child {
                NodeOrToken::Node(value) if !number && ast::Expr::can_cast(value.kind()) => {
                    self.writer.token("loop{}");
                }
                NodeOrToken::Node(child) => self.node(&child),
                NodeOrToken::Token(token) => self.token(&token),
            }
        }
    }

    /// `const _` is a check, or the room of some `impl`s.
    fn unnamed(&mut self, node: &SyntaxNode) {
        if node.descendants().any(|inner| inner.kind() == SyntaxKind::IMPL) {
            self.children(node);
        } else {
            self.writer.blank();
        }
    }

    fn is_forgotten(&self, node: &SyntaxNode) -> bool {
        let Some(ast::Type::PathType(path)) = ast::Impl::cast(node.clone()).and_then(|it| it.trait_()) else {
            return false;
        };
        let name = path.path().and_then(|path| path.segment()?.name_ref());
        name.is_some_and(|name| self.rules.forget.iter().any(|forgotten| name.text() == *forgotten))
    }

    fn module(&mut self, node: &SyntaxNode) {
        let Some(module) = ast::Module::cast(node.clone()) else { return self.children(node) };
        let name = module.name().map(|name| name.text().to_string()).unwrap_or_default();
        if module.item_list().is_some() {
            self.inside.push(name);
            self.children(node);
            self.inside.pop();
        } else {
            self.children(node);
            let path = module.attrs().find_map(|attribute| self.path_of(&attribute.meta()?));
            self.found_module(name, path, Some(self.writer.mark().end() - 1));
        }
    }

    /// What `#[path = ".."]` or a `cfg_attr` of it says.
    fn path_of(&self, meta: &ast::Meta) -> Option<String> {
        match meta {
            ast::Meta::KeyValueMeta(meta) if meta.path()?.syntax().text() == "path" => {
                meta.syntax().text().to_string().split('"').nth(1).map(str::to_owned)
            }
            ast::Meta::CfgAttrMeta(meta) if self.rules.cfg.holds(&meta.cfg_predicate()?) => {
                meta.metas().find_map(|meta| self.path_of(&meta))
            }
            _ => None,
        }
    }

    /// Notes a module that another file holds, and where the `;` of its declaration was written, if it is one.
    pub(crate) fn found_module(&mut self, name: String, path: Option<String>, at: Option<usize>) {
        self.modules.push(Module { inside: self.inside.clone(), name, path, at });
    }
}

fn is_doc(token: &SyntaxToken) -> bool {
    ast::Comment::cast(token.clone()).is_some_and(|comment| comment.is_doc())
}

/// Whether no cell can call the function, or finds its signature elsewhere.
fn is_out_of_reach(node: &SyntaxNode) -> bool {
    let (Some(function), Some(parent)) = (ast::Fn::cast(node.clone()), node.parent()) else { return false };
    if function.attrs().any(|attribute| attribute.simple_name().is_some_and(|name| name == "lang")) {
        return false;
    }
    let is_private = !is_public(&function);
    match parent.kind() {
        SyntaxKind::SOURCE_FILE | SyntaxKind::ITEM_LIST => is_private,
        SyntaxKind::ASSOC_ITEM_LIST => match parent.parent().and_then(ast::Impl::cast) {
            Some(of) if of.trait_().is_some() => true,
            Some(_) => is_private || function.attrs().any(|attribute| is_unstable(&attribute)),
            None => false,
        },
        _ => false,
    }
}

fn is_public(function: &ast::Fn) -> bool {
    function.visibility().is_some_and(|visibility| visibility.syntax().text() == "pub")
}

fn is_unstable(attribute: &ast::Attr) -> bool {
    let text = attribute.syntax().text().to_string();
    text.trim_start_matches("#[").starts_with("unstable") && attribute::is_beyond_cells(&text)
}

fn is_item(node: &SyntaxNode) -> bool {
    ast::Item::can_cast(node.kind()) || ast::AssocItem::can_cast(node.kind()) || ast::ExternItem::can_cast(node.kind())
}

/// Whether a constant of this type may be part of another type.
fn is_plain(ty: &str) -> bool {
    matches!(
        ty,
        "usize"
            | "isize"
            | "u8"
            | "u16"
            | "u32"
            | "u64"
            | "u128"
            | "i8"
            | "i16"
            | "i32"
            | "i64"
            | "i128"
            | "bool"
            | "char"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stripped(source: &str, docs: bool) -> Stripped {
        let cfg = Cfg::parse("unix").with_features(["csv"]);
        strip(source, &Rules { edition: Edition::Edition2024, cfg: &cfg, docs, forget: &["Serialize"] })
    }

    fn check(source: &str, expected: &str) {
        let once = stripped(source, false).text;
        assert_eq!(once.trim_end(), expected);
        assert_eq!(stripped(&once, false).text, once, "stripping again changes nothing");
    }

    #[test]
    fn bodies_go_signatures_stay() {
        check(
            "impl<T: Clone> Vec<T> { pub const fn f<const N: usize>(&self, g: impl Fn(T) -> [u8; N]) -> Option<T> where T: Copy { None } }",
            "impl<T: Clone> Vec<T> { pub const fn f<const N: usize>(&self, g: impl Fn(T) -> [u8; N]) -> Option<T> where T: Copy {loop{}} }",
        );
        check("trait A { fn f(&self); fn g(&self) {} }", "trait A { fn f(&self); fn g(&self) {loop{}} }");
    }

    #[test]
    fn comments_and_unread_attributes_go() {
        check("//! crate\n\n/// doc\n#[inline] #[must_use]\npub fn f() {} // end", "pub fn f() {loop{}}");
        check(
            "#[derive(Clone)] #[repr(C)] #[stable(feature = \"a\")] struct A;",
            "#[derive(Clone)] #[repr(C)] struct A;",
        );
        check("pub fn f(/* what */a: u8/* no */) {}", "pub fn f( a: u8 ) {loop{}}");
        check(
            "#[unstable(feature = \"x\", issue = \"1\")] pub fn f() {}",
            "#[unstable(feature = \"x\")] pub fn f() {loop{}}",
        );
    }

    #[test]
    fn functions_that_no_cell_calls_go() {
        check("fn f() {} pub(crate) fn g() {} pub fn h() {}", "pub fn h() {loop{}}");
        check("#[lang = \"start\"] fn f() {}", "#[lang = \"start\"] fn f() {loop{}}");
        check("impl A { fn f() {} pub fn g() {} const N: u8 = 1; }", "impl A { pub fn g() {loop{}} const N: u8 = 1; }");
        check("impl A { #[unstable(feature = \"x\")] pub fn f() {} }", "impl A { }");
        let internal = "impl A { #[unstable(feature = \"fmt_internals\")] pub fn f() {loop{}} }";
        check(internal, internal);
        check("impl B for A { type T = u8; fn f() -> u8 { 1 } }", "impl B for A { type T = u8; }");
        check(
            "macro_rules! m { ($t:ty) => { impl B for $t { type T = u8; #[x] $(#[$a])* unsafe fn f() {} } impl $t { fn f() {} pub fn g() {} } }; }",
            "macro_rules! m { ($t:ty) => { impl B for $t { type T = u8; } impl $t { pub fn g() {loop{}} } }; }",
        );
    }

    #[test]
    fn a_call_in_a_macro_keeps_its_attributes() {
        let call = "macro_rules! m { () => { n! { #[stable(a)] struct A; } }; }";
        check(call, call);
    }

    #[test]
    fn documentation_stays_where_it_is_wanted() {
        let kept = stripped("//! Front.\n/// Adds.\n// why\npub fn f() { /* body */ }", true).text;
        assert_eq!(kept, "//! Front.\n/// Adds.\npub fn f() {loop{}}\n");
    }

    #[test]
    fn what_is_not_compiled_here_goes() {
        check("#[cfg(test)] mod tests { fn f() {} } struct A;", "struct A;");
        check("#[test] fn f() {} #[cfg(windows)] fn g() {} #[cfg(unix)] struct H;", "struct H;");
        check("#[cfg(all(feature = \"csv\", not(test)))] use a::b; #[cfg(feature = \"sql\")] use a::c;", "use a::b;");
        check(
            "#[cfg_attr(unix, derive(Clone), inline)] struct A; #[cfg_attr(test, derive(Copy))] struct B;",
            "#[derive(Clone)] struct A; struct B;",
        );
        check("#![cfg(windows)] fn f() {}", "");
    }

    #[test]
    fn an_absent_field_keeps_its_condition() {
        check("struct A { #[cfg(windows)] a: u8, b: u8 }", "struct A { #[cfg(windows)] a: u8, b: u8 }");
    }

    #[test]
    fn only_numbers_keep_their_value() {
        check("const N: usize = 4 * 2;", "const N: usize = 4 * 2;");
        check(
            "const T: &str = \"long\"; static S: [u8; 2] = [1, 2];",
            "const T: &str = loop{}; static S: [u8; 2] = loop{};",
        );
        check("const _: () = assert!(true); const _: () = { impl A for B {} };", "const _: () = { impl A for B {} };");
    }

    #[test]
    fn impls_of_forgotten_traits_go() {
        check("impl<T> ser::Serialize for A<T> { fn f() {} } impl Clone for B {}", "impl Clone for B {}");
    }

    #[test]
    fn modules_in_other_files_are_found() {
        let source =
            "mod a; #[path = \"x.rs\"] mod b; mod c { mod d; } #[cfg(windows)] mod e; pick! { unix => { pub mod f; } }";
        let modules: Vec<_> =
            stripped(source, false).modules.into_iter().map(|it| (it.inside.join("/"), it.name, it.path)).collect();
        let module = |inside: &str, name: &str, path: Option<&str>| {
            (inside.to_owned(), name.to_owned(), path.map(str::to_owned))
        };
        assert_eq!(
            modules,
            [module("", "a", None), module("", "b", Some("x.rs")), module("c", "d", None), module("", "f", None)]
        );
    }

    #[test]
    fn macros_write_signatures_too() {
        check(
            "macro_rules! m { ($(#[$a:meta])* $t:ty { $b:expr }) => { #[inline] $(#[$a])* #[doc = concat!(\"a\", $t)] fn f(&self) -> $t { $b } }; }",
            "macro_rules! m { ($(#[$a:meta])* $t:ty { $b:expr }) => { $(#[$a])* fn f(&self) -> $t {loop{}} }; }",
        );
        check(
            "n! { #[stable(a)] impl A { pub fn $x() { 1 } } }",
            "n! { #[stable(a)] impl A { pub fn $x() {loop{}} } }",
        );
    }

    #[test]
    fn a_repetition_keeps_a_variable() {
        check(
            "macro_rules! m { ($($x:expr),*) => { $(fn f() { $x })* } }",
            "macro_rules! m { ($($x:expr),*) => { $(fn f() { $x })* } }",
        );
    }

    #[test]
    fn what_follows_a_function_in_a_macro_is_not_its_body() {
        check(
            "macro_rules! m { ($b:block) => { fn f() $b struct A { a: u8 } type F = fn(u8) -> u8; } }",
            "macro_rules! m { ($b:block) => { fn f() $b struct A { a: u8 } type F = fn(u8) -> u8; } }",
        );
    }
}
