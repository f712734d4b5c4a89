//! Macro calls to the items they write, for macros that the crate itself defines by `macro_rules!`.
//!
//! core writes most of its numbers this way; each kernel's rust-analyzer would expand the same calls again, which takes it a third
//! of its start. Names are looked up as those of `macro_rules!` are: in the order of the text, out of modules only by
//! `#[macro_use]`. A call of anything else, or one that does not fit its macro, stays as it is.

use crate::writer::Writer;
use ra_ap_mbe::{DeclarativeMacro, MacroCallStyle};
use ra_ap_span::{EditionedFileId, FileId, ROOT_ERASED_FILE_AST_ID, Span, SpanAnchor, SyntaxContext};
use ra_ap_syntax::{
    AstNode, Edition, NodeOrToken, SourceFile, SyntaxKind, SyntaxNode, SyntaxToken, TextRange,
    ast::{self, HasAttrs, HasName},
};
use ra_ap_syntax_bridge::{TopEntryPoint, parse_to_token_tree_static_span, token_tree_to_syntax_node};
use ra_ap_tt::TopSubtree;
use salsa::DatabaseImpl;
use std::{collections::HashMap, rc::Rc};

/// Macros that call themselves without end are left to rustc's own limit.
const DEPTH: usize = 128;

/// The text of a crate's file with the calls of its own macros expanded.
pub(crate) fn expand(text: &str, edition: Edition) -> String {
    let mut expander = Expander {
        edition,
        database: DatabaseImpl::default(),
        macros: HashMap::new(),
        depth: 0,
        writer: Writer::default(),
        after_word: false,
    };
    expander.children(SourceFile::parse(text, edition).tree().syntax());
    expander.writer.finish()
}

/// The walk over one file and all that its macros write.
struct Expander {
    edition: Edition,
    /// Where rust-analyzer's expander keeps what it knows of hygiene: nothing here.
    database: DatabaseImpl,
    /// The macros defined so far.
    macros: HashMap<String, Rc<DeclarativeMacro>>,
    /// How many macros have written what is being walked.
    depth: usize,
    writer: Writer,
    /// Whether the last token was one.
    after_word: bool,
}

impl Expander {
    fn children(&mut self, node: &SyntaxNode) {
        for child in node.children_with_tokens() {
            match child {
                NodeOrToken::Token(token) => self.token(&token),
                NodeOrToken::Node(node) => self.node(&node),
            }
        }
    }

    fn node(&mut self, node: &SyntaxNode) {
        match node.kind() {
            SyntaxKind::ITEM_LIST | SyntaxKind::ASSOC_ITEM_LIST | SyntaxKind::IMPL | SyntaxKind::TRAIT => {
                self.children(node);
            }
            SyntaxKind::MODULE => self.module(node),
            SyntaxKind::MACRO_RULES => {
                self.define(node);
                self.verbatim(node);
            }
            SyntaxKind::MACRO_CALL => match self.written(node) {
                Some(items) => {
                    self.depth += 1;
                    self.children(&items);
                    self.depth -= 1;
                }
                None => self.verbatim(node),
            },
            _ => self.verbatim(node),
        }
    }

    fn module(&mut self, node: &SyntaxNode) {
        let shares = ast::Module::cast(node.clone()).is_some_and(|module| {
            module.attrs().any(|attribute| attribute.simple_name().is_some_and(|name| name == "macro_use"))
        });
        let before = (!shares).then(|| self.macros.clone());
        self.children(node);
        if let Some(before) = before {
            self.macros = before;
        }
    }

    fn define(&mut self, node: &SyntaxNode) {
        let rules = ast::MacroRules::cast(node.clone());
        let Some((name, rules)) = rules.and_then(|rules| Some((rules.name()?, rules.token_tree()?))) else { return };
        if let Some(rules) = self.tree(&rules) {
            let edition = self.edition;
            let parsed = DeclarativeMacro::parse_macro_rules(&rules, |_| edition);
            self.macros.insert(name.text().to_string(), Rc::new(parsed));
        }
    }

    /// The items that a call writes.
    fn written(&self, node: &SyntaxNode) -> Option<SyntaxNode> {
        let call = ast::MacroCall::cast(node.clone()).filter(|call| call.attrs().next().is_none())?;
        let path = call.path().filter(|path| path.qualifier().is_none_or(|from| from.syntax().text() == "crate"))?;
        let called = self.macros.get(path.segment()?.name_ref()?.text()).filter(|_| self.depth < DEPTH)?;
        let arguments = self.tree(&call.token_tree()?)?;
        let expanded = called.expand(&self.database, &arguments, |_| (), MacroCallStyle::FnLike, span(self.edition));
        let (items, _) = expanded.result().ok()?;
        let (parsed, _) = token_tree_to_syntax_node(&items, TopEntryPoint::MacroItems, &mut |_| self.edition);
        parsed.errors().is_empty().then(|| parsed.syntax_node())
    }

    /// What stands between the brackets of a token tree.
    fn tree(&self, tree: &ast::TokenTree) -> Option<TopSubtree> {
        let mut text = String::new();
        let mut after_word = false;
        for token in tree.syntax().descendants_with_tokens().filter_map(NodeOrToken::into_token) {
            let is_word = is_word(&token);
            text.extend((after_word && is_word).then_some(' '));
            text += token.text();
            after_word = is_word;
        }
        parse_to_token_tree_static_span(self.edition, span(self.edition), &text[1..text.len() - 1])
    }

    fn verbatim(&mut self, node: &SyntaxNode) {
        for token in node.descendants_with_tokens().filter_map(NodeOrToken::into_token) {
            self.token(&token);
        }
    }

    fn token(&mut self, token: &SyntaxToken) {
        let is_word = is_word(token);
        if self.after_word && is_word {
            self.writer.blank();
        }
        self.after_word = is_word;
        match (token.kind(), token.text()) {
            (SyntaxKind::WHITESPACE, text) => self.writer.space(text),
            (SyntaxKind::COMMENT, text) => self.writer.line(text),
            // Hygiene wrote it; the crate's own text says it so.
            (_, "$crate") if self.depth > 0 => self.writer.token("crate"),
            (_, text) => self.writer.token(text),
        }
        if self.depth > 0 && matches!(token.text(), "}" | ";") {
            self.writer.space("\n");
        }
    }
}

/// What a macro writes has white space between punctuation only: its words are to be kept apart.
fn is_word(token: &SyntaxToken) -> bool {
    token.text() == "$crate" || token.text().starts_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '\'' | '"'))
}

/// Stands for every place: only the text of an expansion is wanted.
fn span(edition: Edition) -> Span {
    let file_id = EditionedFileId::new(FileId::from_raw(0), edition);
    Span {
        range: TextRange::default(),
        anchor: SpanAnchor { file_id, ast_id: ROOT_ERASED_FILE_AST_ID },
        ctx: SyntaxContext::root(edition),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(source: &str, expected: &str) {
        let expanded = expand(source, Edition::Edition2024);
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(words(&expanded), words(expected), "{expanded}");
    }

    #[test]
    fn a_call_becomes_its_items() {
        const M: &str = "macro_rules! m { ($($t:ty)*) => { $(impl $crate::A for $t { })* }; }";
        check(&format!("{M} m! {{ u8 &str }}"), &format!("{M} impl crate::A for u8{{}} impl crate::A for&str{{}}"));
        check(&format!("impl A {{ m! {{ u8 }} }} {M}"), &format!("impl A {{ m! {{ u8 }} }} {M}"));
    }

    #[test]
    fn macros_leave_a_module_by_macro_use_only() {
        let module = "mod a { macro_rules! m { () => { struct A; }; } }";
        check(&format!("{module} m!();"), &format!("{module} m!();"));
        let expanded = format!("#[macro_use] {module} struct A;");
        check(&format!("#[macro_use] {module} m!();"), &expanded);
    }

    #[test]
    fn what_a_macro_writes_is_expanded_too_and_what_does_not_fit_is_left() {
        let m = "macro_rules! m { (0) => { struct A; }; (1) => { m!(0); }; }";
        check(&format!("{m} m!(1); m!(2);"), &format!("{m} struct A; m!(2);"));
    }
}
