//! Macros to their signatures: the same as `strip` does, on token trees, where there is no grammar to lean on.
//!
//! A pattern is never touched. In what a rule writes, attributes, bodies and functions out of reach go; in a call only bodies go,
//! since a pattern may ask for an attribute. A repetition must keep one of its variables, so one that would lose the last stays
//! whole.

use crate::{
    attribute,
    strip::{BODY, Stripper},
};
use ra_ap_syntax::{NodeOrToken, SyntaxElement, SyntaxKind, SyntaxNode, T};

/// What a token tree is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    /// The rules of a `macro_rules!`: patterns and what they write.
    Rules,
    /// What a rule writes.
    Output,
    /// The body of an `impl` in what a rule writes.
    Methods,
    /// The same of a trait's `impl`.
    TraitMethods,
    /// The arguments of a call.
    Call,
}

/// Strips a macro's definition or call.
pub(crate) fn strip(stripper: &mut Stripper, node: &SyntaxNode) {
    let trees = node.children().filter(|child| child.kind() == SyntaxKind::TOKEN_TREE).count();
    let role = match node.kind() {
        SyntaxKind::MACRO_CALL => Role::Call,
        // `macro name(pattern) { output }`
        SyntaxKind::MACRO_DEF if trees == 2 => Role::Output,
        _ => Role::Rules,
    };
    let mut pattern = node.kind() == SyntaxKind::MACRO_DEF && trees == 2;
    for child in node.children_with_tokens() {
        match child {
            NodeOrToken::Token(token) => stripper.token(&token),
            NodeOrToken::Node(child) if child.kind() != SyntaxKind::TOKEN_TREE => stripper.node(&child),
            NodeOrToken::Node(tree) if std::mem::take(&mut pattern) => stripper.verbatim(&tree),
            NodeOrToken::Node(tree) => strip_tree(stripper, &tree, role),
        }
    }
}

fn strip_tree(stripper: &mut Stripper, tree: &SyntaxNode, role: Role) {
    let elements: Vec<SyntaxElement> = tree.children_with_tokens().collect();
    let mut at = 0;
    // The brace that is the body of the function whose head we are in.
    let mut body = None;
    // The same of an `impl`, and what it is for.
    let mut methods = None;
    while at < elements.len() {
        if let Some(end) = function_to_drop(&elements, at, role).or_else(|| attribute_to_drop(&elements, at, role)) {
            stripper.writer.blank();
            at = end;
            continue;
        }
        match &elements[at] {
            NodeOrToken::Token(token) => {
                match token.kind() {
                    T![fn] => body = body_of(&elements, at),
                    T![impl] if role.is_output() => methods = methods_of(&elements, at),
                    T![mod] => note_module(stripper, &elements, at),
                    _ => {}
                }
                stripper.token(token);
            }
            NodeOrToken::Node(_) if body == Some(at) => stripper.writer.token(BODY),
            NodeOrToken::Node(node) if is_pattern(&elements, at, role) => stripper.verbatim(node),
            NodeOrToken::Node(node) if is_repetition(&elements, at, role) => strip_repetition(stripper, node, role),
            NodeOrToken::Node(node) => {
                let found = methods.filter(|(index, _)| *index == at).map(|(_, role)| role);
                strip_tree(stripper, node, found.unwrap_or_else(|| role.inner(&elements[..at])));
            }
        }
        at += 1;
    }
}

impl Role {
    /// Whether a rule writes it.
    fn is_output(self) -> bool {
        matches!(self, Role::Output | Role::Methods | Role::TraitMethods)
    }

    /// The role of a tree that stands behind these elements of one of this role.
    fn inner(self, before: &[SyntaxElement]) -> Role {
        let mut before = before.iter().rev().filter(|element| !element.kind().is_trivia());
        let called = before.next().is_some_and(|sign| sign.kind() == T![!])
            && before.next().is_some_and(|name| name.kind().is_any_identifier());
        if self == Role::Call || called { Role::Call } else { Role::Output }
    }
}

fn strip_repetition(stripper: &mut Stripper, tree: &SyntaxNode, role: Role) {
    let mark = stripper.writer.mark();
    strip_tree(stripper, tree, role);
    if !stripper.writer.since(mark).contains('$') {
        stripper.writer.rewind(mark);
        stripper.verbatim(tree);
    }
}

/// The next element that is neither white space nor a comment.
fn next(elements: &[SyntaxElement], at: usize) -> Option<(usize, &SyntaxElement)> {
    elements.iter().enumerate().skip(at + 1).find(|(_, element)| !element.kind().is_trivia())
}

fn is_tree(element: &SyntaxElement, open: SyntaxKind) -> bool {
    element.as_node().and_then(|node| node.first_token()).is_some_and(|token| token.kind() == open)
}

/// A tree with `=>` after it, among rules.
fn is_pattern(elements: &[SyntaxElement], at: usize, role: Role) -> bool {
    let arrow = next(elements, at).is_some_and(|(_, element)| matches!(element.kind(), T![=] | T![=>]));
    role == Role::Rules && arrow
}

fn is_repetition(elements: &[SyntaxElement], at: usize, role: Role) -> bool {
    let dollar = elements[..at].last().is_some_and(|element| element.kind() == T![$]);
    role.is_output() && dollar && is_tree(&elements[at], T!['('])
}

/// Where the elements go on after the attribute that begins at `at`, if there is one and inference does not read it.
fn attribute_to_drop(elements: &[SyntaxElement], at: usize, role: Role) -> Option<usize> {
    if elements[at].kind() != T![#] {
        return None;
    }
    let (mut end, mut tree) = next(elements, at)?;
    if tree.kind() == T![!] {
        (end, tree) = next(elements, end)?;
    }
    if !is_tree(tree, T!['[']) {
        return None;
    }
    let words: Vec<SyntaxElement> = tree.as_node()?.children_with_tokens().collect();
    let (_, word) = next(&words, 0)?;
    let name = word.as_token()?.text();
    let goes = match role {
        Role::Rules => false,
        // The stability of what a macro writes is read; a variable as the attribute's name may be anything.
        Role::Output | Role::Methods | Role::TraitMethods => {
            !(attribute::is_read(name) || matches!(name, "$" | "cfg" | "cfg_attr" | "unstable" | "test" | "bench"))
        }
        Role::Call => name == "doc",
    };
    goes.then_some(end + 1)
}

/// Where the elements go on after the function that begins at `at` with its attributes, if there is one and it is out of reach.
fn function_to_drop(elements: &[SyntaxElement], at: usize, role: Role) -> Option<usize> {
    let previous = elements[..at].iter().rev().find(|element| !element.kind().is_trivia());
    let begins = previous.is_none_or(|end| matches!(end.kind(), T![;] | T!['{'] | T!['(']) || is_tree(end, T!['{']));
    if !role.is_output() || !begins {
        return None;
    }
    let mut goes = role == Role::TraitMethods;
    let mut is_public = false;
    let mut here = at;
    loop {
        let element = elements.get(here)?;
        let follows = next(elements, here);
        match element.kind() {
            kind if kind.is_trivia() => {}
            T![#] => {
                let (end, tree) = follows?;
                let words = tree.as_node()?.text().to_string();
                if words.starts_with("[lang") {
                    return None;
                }
                goes |= words.starts_with("[unstable") && attribute::is_beyond_cells(&words);
                here = end;
            }
            // `$(#[$attribute])*`
            T![$] if follows.is_some_and(|(_, tree)| is_attributes(tree)) => here = next(elements, follows?.0)?.0,
            T![pub] => {
                let (end, tree) = follows?;
                is_public = !is_tree(tree, T!['(']);
                here = if is_public { here } else { end };
            }
            T![const] | T![unsafe] | T![async] | T![extern] | SyntaxKind::STRING => {}
            T![fn] => {
                goes |= role == Role::Methods && !is_public;
                return body_of(elements, here).filter(|_| goes).map(|body| body + 1);
            }
            _ => return None,
        }
        here += 1;
    }
}

/// A tree of nothing but an attribute.
fn is_attributes(tree: &SyntaxElement) -> bool {
    is_tree(tree, T!['('])
        && tree.as_node().is_some_and(|tree| tree.text().to_string()[1..].trim_start().starts_with('#'))
}

/// The index of the body of the `impl` that stands at `at`, and the role of what is in it.
fn methods_of(elements: &[SyntaxElement], at: usize) -> Option<(usize, Role)> {
    let mut role = Role::Methods;
    let mut here = at;
    while let Some((index, element)) = next(elements, here) {
        let binds = || next(elements, index).is_some_and(|(_, after)| after.kind() == T![<]);
        match element.kind() {
            T![;] => return None,
            // Not the `for` of `for<'a> Fn(&'a T)`.
            T![for] if !binds() => role = Role::TraitMethods,
            _ if is_tree(element, T!['{']) => return Some((index, role)),
            _ => {}
        }
        here = index;
    }
    None
}

/// The index of the body of the function whose `fn` stands at `at`, if it has a name and a body.
fn body_of(elements: &[SyntaxElement], at: usize) -> Option<usize> {
    let (mut here, mut name) = next(elements, at)?;
    if name.kind() == T![$] {
        (here, name) = next(elements, here)?;
    }
    if !name.kind().is_any_identifier() {
        return None;
    }
    while let Some((index, element)) = next(elements, here) {
        match element.kind() {
            T![;] | T![#] | T![pub] | T![struct] | T![enum] | T![trait] | T![mod] | T![use] | T![type] | T![static] => {
                return None;
            }
            _ if is_tree(element, T!['{']) => return Some(index),
            _ => here = index,
        }
    }
    None
}

/// A `mod name;` in a call, as in `cfg_select! { unix => { mod unix; } }`.
fn note_module(stripper: &mut Stripper, elements: &[SyntaxElement], at: usize) {
    let Some((index, name)) = next(elements, at) else { return };
    let ends = next(elements, index).is_some_and(|(_, element)| element.kind() == T![;]);
    if let (true, Some(name)) = (ends, name.as_token()) {
        stripper.found_module(name.text().to_owned(), path_before(elements, at), None);
    }
}

/// What a `#[path = ".."]` shortly before `mod` says.
fn path_before(elements: &[SyntaxElement], at: usize) -> Option<String> {
    let mut before = elements[..at].iter().rev().filter(|element| !element.kind().is_trivia());
    let tree = before.find(|element| !matches!(element.kind(), T![pub] | T![crate]) && !is_tree(element, T!['(']))?;
    let text = tree.as_node()?.text().to_string();
    text.starts_with("[path").then(|| text.split('"').nth(1).map(str::to_owned)).flatten()
}
