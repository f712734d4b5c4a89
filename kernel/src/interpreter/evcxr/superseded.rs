//! What of earlier cells a later one defines anew. evcxr replaces an item by the next of its name, but an impl has no name:
//! it keeps every one that ever ran, and an impl cell run again would define all of it twice. Here each method is known by
//! the head of its impl and its own name, so that it is replaced as a function is, and methods that other cells gave to
//! the same type stay; an impl of a trait is known by its head. Imports: ledger.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use ra_ap_syntax::ast::{self, AstNode};
use ra_ap_syntax::{Edition, SourceFile, SyntaxKind, SyntaxNode, SyntaxToken};

use super::ledger::{Item, Page, items_of_file};

/// The texts of `items` with what later cells define anew, or do not let fit any more, blanked; lines keep their numbers.
pub fn living_texts(items: &[Item], page: &Page) -> Vec<String> {
    let cell_of = |item: &Item| page.place_of(&item.text).map(|(cell, _)| cell);
    let mut latest_first: Vec<_> = items.iter().enumerate().filter(|(_, item)| is_nameless(item)).collect();
    latest_first.sort_by_key(|&(index, item)| Reverse((cell_of(item), index)));

    let mut texts: Vec<String> = items.iter().map(|item| item.text.clone()).collect();
    let mut seen = BTreeSet::new();
    let mut defined_by: BTreeMap<String, Option<u32>> = BTreeMap::new();
    for (index, item) in latest_first {
        let text = &mut texts[index];
        // The same cell, run again.
        if !seen.insert(&item.text) {
            blank(text, 0..item.text.len());
            continue;
        }
        let cell = cell_of(item);
        let definitions = definitions(&item.text);
        // Two definitions of one name in one cell are the user's mistake, which the compiler explains.
        let is_superseded = |name: String| *defined_by.entry(name).or_insert(cell) != cell;
        let (names, ranges): (Vec<_>, Vec<_>) = definitions.into_iter().unzip();
        let superseded: Vec<bool> = names.into_iter().map(is_superseded).collect();
        let is_gone = !superseded.is_empty() && superseded.iter().all(|is_superseded| *is_superseded);
        if is_gone || page.is_set_aside(&item.text) {
            blank(text, 0..item.text.len());
        } else {
            let gone = ranges.into_iter().zip(superseded).filter(|(_, is_superseded)| *is_superseded);
            gone.for_each(|(range, _)| blank(text, range));
        }
    }
    texts
}

/// evcxr's file with the same blanked.
pub fn without_superseded(source: &str, page: &Page) -> String {
    let items = items_of_file(source);
    let mut text = String::with_capacity(source.len());
    let mut rest = source;
    for (item, living) in items.iter().zip(living_texts(&items, page)) {
        // Items are pieces of the file, in its order.
        let Some((before, after)) = rest.split_once(&*item.text) else { continue };
        text.push_str(before);
        text.push_str(&living);
        rest = after;
    }
    text + rest
}

/// The names of what an impl defines.
pub fn defined(item: &str) -> impl Iterator<Item = String> + use<> {
    definitions(item).into_iter().map(|(name, _)| name)
}

fn is_nameless(item: &Item) -> bool {
    item.name.is_none() && !item.is_import
}

/// What an impl defines, and where in its text: a trait for a type, or methods and constants of a type, each by its name.
/// So with the functions of an `extern` block.
fn definitions(item: &str) -> Vec<(String, Range<usize>)> {
    let file = SourceFile::parse(item, Edition::Edition2024);
    let found = file.tree().syntax().children().find_map(ast::Item::cast);
    let (node, is_whole) = match found {
        Some(ast::Item::Impl(found)) => (found.syntax().clone(), found.trait_().is_some()),
        Some(ast::Item::ExternBlock(found)) => (found.syntax().clone(), false),
        _ => return Vec::new(),
    };
    let is_list = |node: &SyntaxNode| matches!(node.kind(), SyntaxKind::ASSOC_ITEM_LIST | SyntaxKind::EXTERN_ITEM_LIST);
    let Some(list) = node.children().find(is_list) else { return Vec::new() };
    let head = head(&node, &list);
    if is_whole {
        return vec![(head, 0..item.len())];
    }
    let definition = |member: SyntaxNode| {
        let name = member.children().find_map(ast::Name::cast)?;
        Some((format!("{head} :: {}", name.text()), member.text_range().into()))
    };
    list.children().filter_map(definition).collect()
}

/// The tokens before `list`, without attributes.
fn head(item: &SyntaxNode, list: &SyntaxNode) -> String {
    let is_part = |token: &SyntaxToken| {
        !token.kind().is_trivia() && !token.parent_ancestors().any(|node| ast::Attr::can_cast(node.kind()))
    };
    let tokens = item.descendants_with_tokens().filter_map(|element| element.into_token());
    let before = tokens.take_while(|token| token.text_range().start() < list.text_range().start());
    before.filter(is_part).map(|token| token.text().to_owned()).collect::<Vec<_>>().join(" ")
}

/// Leaves nothing of a range but its line ends.
fn blank(text: &mut String, range: Range<usize>) {
    let blanks: String = text[range.clone()].bytes().map(|byte| if byte == b'\n' { '\n' } else { ' ' }).collect();
    text.replace_range(range, &blanks);
}

#[cfg(test)]
mod tests {
    use super::super::ledger::Ledger;
    use super::*;

    /// What lives of the nameless items of cells 1, 2, ... after the last one.
    fn living(cells: &[&str]) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        let mut ledger = Ledger::default();
        for (number, cell) in (1..).zip(cells) {
            ledger.note(number, cell);
        }
        ledger.save(folder.path()).unwrap();
        let page = Page::load(folder.path()).unwrap();
        let source = cells.join("\n");
        let blanked = without_superseded(&source, &page);
        assert_eq!(blanked.matches('\n').count(), source.matches('\n').count(), "lines keep their numbers");
        let texts = living_texts(&items_of_file(&source), &page);
        let squeezed = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(squeezed(&blanked), squeezed(&texts.join(" ")), "both ways agree");
        texts.iter().map(|text| squeezed(text)).filter(|text| !text.is_empty()).collect()
    }

    #[test]
    fn an_impl_run_again_counts_once() {
        assert_eq!(living(&["impl P {\n fn a() {}\n}", "impl P {\n fn a() {}\n}"]), ["impl P { fn a() {} }"]);
        assert_eq!(living(&["impl T for P {}", "fn f() {}", "impl T for P {}"]), ["fn f() {}", "impl T for P {}"]);
    }

    #[test]
    fn an_edited_impl_replaces_what_it_defines() {
        assert_eq!(
            living(&["impl P { fn a() {} }", "impl  P { fn a() { 1; } fn b() {} }"]),
            ["impl P { fn a() { 1; } fn b() {} }"]
        );
        let displayed = ["impl fmt::Display for P { fn fmt() {} }", "impl fmt::Display for P { fn fmt() { 1; } }"];
        assert_eq!(living(&displayed), [displayed[1]]);
    }

    #[test]
    fn methods_of_other_cells_stay() {
        assert_eq!(
            living(&["impl P { fn a() {} /// b\n fn b() {} }", "impl P { fn b(n: u8) {} }", "impl P { fn c() {} }"]),
            ["impl P { fn a() {} }", "impl P { fn b(n: u8) {} }", "impl P { fn c() {} }"]
        );
    }

    #[test]
    fn impls_of_one_cell_stay_beside_each_other_and_go_together() {
        let twice = "impl P { fn a() {} } impl P { fn a() { 1; } fn b() {} }";
        assert_eq!(living(&[twice]).join(" "), twice, "the compiler says what is wrong with it");
        let cell = "impl P { fn a() {} } impl P { const B: u8 = 1; }";
        assert_eq!(living(&[cell, "impl P { fn a() { 1; } } impl P { const B: u8 = 2; }", cell]).join(" "), cell);
    }

    #[test]
    fn other_heads_are_other_impls() {
        for cells in [
            ["impl P<u8> { fn a() {} }", "impl P<u16> { fn a() {} }"],
            ["impl From<u8> for P { fn from() {} }", "impl From<u16> for P { fn from() {} }"],
            ["impl A for P { fn a() {} }", "impl B for P { fn a() {} }"],
        ] {
            assert_eq!(living(&cells), cells);
        }
    }

    #[test]
    fn foreign_functions_are_replaced_by_their_names() {
        assert_eq!(
            living(&["unsafe extern \"C\" { fn f(); fn g(); }", "unsafe extern \"C\" { fn f(n: u8); }"]),
            ["unsafe extern \"C\" { fn g(); }", "unsafe extern \"C\" { fn f(n: u8); }"]
        );
    }

    #[test]
    fn what_goes_again_into_an_earlier_text_is_the_last_word() {
        let (first, second) = ("impl P { fn a() {} }", "impl P { fn a() { 1; } }");
        assert_eq!(living(&[first, second, first]), [first]);
    }
}
