//! What was written in which cell: the kernel notes each cell before it runs, and the compiler step,
//! a process of its own, reads from a [`Page`] what it needs to give every line its place. A cell adds a few lines to
//! what is on disk, so it costs the same however many came before. Imports: commands.

use std::collections::{BTreeSet, HashMap};
use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, ErrorKind, Write as _};
use std::path::Path;

use ra_ap_syntax::ast::{self, AstNode, HasName};
use ra_ap_syntax::{Edition, SourceFile, SyntaxKind, SyntaxNode, SyntaxToken};
use serde::{Deserialize, Serialize};

use super::commands;

/// The number of all cells that are not kept in the history: what a frontend runs on its own behalf.
pub const UNKEPT: u32 = 0;
/// The cell that runs.
const CELL: &str = "cell.json";
/// Where items were written, one a line: sum of the text, cell, line. Of equal texts the last counts.
const ITEMS: &str = "items";
/// The impls that were set aside, one a line.
const MISFITS: &str = "misfits.jsonl";

/// The cells so far, the last one being the one that runs.
#[derive(Debug, Default)]
pub struct Ledger {
    cells: Vec<Written>,
    /// Lines of [`ITEMS`] that are not on disk yet.
    unsaved: String,
}

#[derive(Debug)]
struct Written {
    /// The number that the notebook shows.
    number: u32,
    /// What the user wrote.
    text: String,
    /// Whether it was compiled, as one hopes of the cell that runs: else nothing of it is there.
    counts: bool,
}

/// What the compiler step has to know of one cell.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Noted {
    /// The number that the notebook shows.
    pub number: u32,
    /// The Rust in it; its commands (`:dep`, `!ls`) are blank.
    pub code: String,
}

impl Ledger {
    /// Writes what is new into `folder`.
    pub fn save(&mut self, folder: &Path) -> io::Result<()> {
        let mut items = OpenOptions::new().create(true).append(true).open(folder.join(ITEMS))?;
        items.write_all(std::mem::take(&mut self.unsaved).as_bytes())?;
        match self.cells.last() {
            Some(cell) => std::fs::write(folder.join(CELL), serde_json::to_vec(&cell.noted())?),
            None => Ok(()),
        }
    }

    /// No cell runs, as before the first: what evcxr compiles until the next [`Ledger::save`] is its own.
    pub fn close(folder: &Path) -> io::Result<()> {
        match std::fs::remove_file(folder.join(CELL)) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Adds the cell that is about to run, and says under which number. What runs on a frontend's own behalf comes with the
    /// number of the last real cell, whose text it must not replace: it is [`UNKEPT`].
    pub fn note(&mut self, number: u32, text: &str) -> u32 {
        let is_new = self.cells.iter().all(|earlier| earlier.number < number);
        let number = if is_new { number } else { UNKEPT };
        for item in Parts::of(&commands::rust_of(text)).items {
            writeln!(self.unsaved, "{} {number} {}", sum(&item.text), item.line).expect("a string takes all");
        }
        self.cells.push(Written { number, text: text.to_owned(), counts: true });
        number
    }

    /// The cell that was noted last was not compiled: items of its that were there before are where they were written then.
    pub fn retract(&mut self) {
        let Some(last) = self.cells.last_mut() else { return };
        last.counts = false;
        for item in Parts::of(&last.noted().code).items {
            let before = self.cells.iter().rev().filter(|cell| cell.counts && cell.text.contains(&item.text));
            let place = |cell: &Written| {
                let items = Parts::of(&cell.noted().code).items;
                Some((cell.number, items.iter().rfind(|before| before.text == item.text)?.line))
            };
            if let Some((cell, line)) = before.filter_map(place).next() {
                writeln!(self.unsaved, "{} {cell} {line}", sum(&item.text)).expect("a string takes all");
            }
        }
    }

    /// All cells that were compiled, and the one that runs.
    pub fn cells(&self) -> impl DoubleEndedIterator<Item = Noted> {
        self.cells.iter().filter(|cell| cell.counts).map(Written::noted)
    }

    /// The text of cell `number` as it was run last.
    pub fn text_of(&self, number: u32) -> Option<&str> {
        self.cells.iter().rev().find(|cell| cell.number == number).map(|cell| &*cell.text)
    }
}

impl Written {
    fn noted(&self) -> Noted {
        Noted { number: self.number, code: commands::rust_of(&self.text) }
    }
}

/// An impl of an earlier cell that does not fit a type which a later one defined anew.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Misfit {
    /// As it was written.
    pub text: String,
    /// Where it was written.
    pub cell: u32,
    /// What stands before its braces.
    pub head: String,
    /// The type that was defined anew.
    pub type_name: String,
    /// What the compiler said first, and of which line of which cell.
    pub why: String,
    pub place: (u32, usize),
}

impl Misfit {
    /// Keeps those, and no others.
    pub fn keep(misfits: &[Misfit], folder: &Path) -> io::Result<()> {
        match std::fs::remove_file(folder.join(MISFITS)) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
            _ => Misfit::note(misfits, folder),
        }
    }

    /// Notes what the compiler step has set aside.
    pub fn note(misfits: &[Misfit], folder: &Path) -> io::Result<()> {
        if misfits.is_empty() {
            return Ok(());
        }
        let lines: Result<String, _> = misfits.iter().map(|misfit| Ok(serde_json::to_string(misfit)? + "\n")).collect();
        let lines = lines.map_err(|error: serde_json::Error| io::Error::from(error))?;
        OpenOptions::new().create(true).append(true).open(folder.join(MISFITS))?.write_all(lines.as_bytes())
    }

    /// All that was noted, in order.
    pub fn load(folder: &Path) -> io::Result<Vec<Misfit>> {
        match std::fs::read_to_string(folder.join(MISFITS)) {
            Ok(lines) => lines.lines().map(|line| Ok(serde_json::from_str(line)?)).collect(),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }
}

/// What the compiler step has to know of a [`Ledger`].
#[derive(Debug, Default)]
pub struct Page {
    /// The cell that runs; none before the first.
    pub cell: Option<Noted>,
    places: HashMap<u64, (u32, usize)>,
    misfits: Vec<Misfit>,
}

impl Page {
    /// Reads what [`Ledger::save`] wrote.
    pub fn load(folder: &Path) -> io::Result<Page> {
        let cell = match std::fs::read(folder.join(CELL)) {
            Ok(text) => Some(serde_json::from_slice(&text)?),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        let items = std::fs::read_to_string(folder.join(ITEMS))?;
        let place = |line: &str| {
            let mut words = line.split(' ');
            let sum = words.next()?.parse().ok()?;
            Some((sum, (words.next()?.parse().ok()?, words.next()?.parse().ok()?)))
        };
        Ok(Page { cell, places: items.lines().filter_map(place).collect(), misfits: Misfit::load(folder)? })
    }

    /// Whether an impl was set aside, and not run again since.
    pub fn is_set_aside(&self, item: &str) -> bool {
        let mut misfits = self.misfits.iter().filter(|misfit| misfit.text == item);
        misfits.any(|misfit| self.place_of(item).is_some_and(|(cell, _)| cell == misfit.cell))
    }

    /// The cell and line where an item of this text was written last.
    pub fn place_of(&self, item: &str) -> Option<(u32, usize)> {
        self.places.get(&sum(item)).copied()
    }
}

/// Equal in every process of this program.
fn sum(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

/// A cell taken apart.
#[derive(Debug, Default)]
pub struct Parts {
    pub items: Vec<Item>,
    pub statements: Vec<Statement>,
    /// It is not Rust as it stands: where its parts end is a guess.
    pub is_broken: bool,
}

/// A struct, function, impl, macro ... of the user's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Its text without comments before it.
    pub text: String,
    /// Line of the cell, from 1.
    pub line: usize,
    /// The name it defines, if it defines one.
    pub name: Option<String>,
    /// `use` and `extern crate`, which evcxr rewrites.
    pub is_import: bool,
}

/// Anything else at the top of a cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    pub text: String,
    /// Line of the cell, from 1.
    pub line: usize,
    /// What a `let` binds.
    pub binds: Vec<Binding>,
    /// The last expression of the cell, without semicolon: what the cell shows.
    pub is_shown: bool,
}

/// A name that a `let` binds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binding {
    pub name: String,
    pub is_mutable: bool,
}

impl Parts {
    /// Takes the text of a cell apart.
    pub fn of(code: &str) -> Parts {
        const HEAD: &str = "fn cell() {";
        let text = format!("{HEAD}{code}\n}}");
        let file = SourceFile::parse(&text, Edition::Edition2024);
        let body = file.tree().syntax().descendants().find_map(ast::StmtList::cast);
        let mut parts = Parts { is_broken: !file.errors().is_empty(), ..Parts::default() };
        let Some(body) = body else { return parts };
        let shown = body.tail_expr().map(|tail| tail.syntax().clone());
        for node in body.syntax().children() {
            let (start, own) = own_text(&node);
            let line = text[..start].matches('\n').count() + 1;
            if ast::Attr::can_cast(node.kind()) {
                continue;
            } else if let Some(item) = ast::Item::cast(node.clone()) {
                parts.items.push(Item { text: own, line, name: item_name(&item), is_import: is_import(&item) });
            } else {
                let is_shown = shown.as_ref() == Some(&node);
                parts.statements.push(Statement { text: own, line, binds: bindings(&node), is_shown });
            }
        }
        parts
    }
}

/// The line of the first expression of a kind that stands in none of the blocks where it has a meaning, and what to do
/// about it: a cell is not async, and no function.
pub fn misplaced(code: &str) -> Option<(usize, &'static str)> {
    let text = format!("fn cell() {{{code}\n}}");
    let file = SourceFile::parse(&text, Edition::Edition2024);
    if !file.errors().is_empty() {
        return None;
    }
    let cell = file.syntax_node();
    let of_function = |node: &SyntaxNode| ast::Fn::cast(node.clone()).filter(|_| node.parent().as_ref() != Some(&cell));
    let is_async = |node: &SyntaxNode| {
        ast::BlockExpr::cast(node.clone()).is_some_and(|block| block.async_token().is_some())
            || ast::ClosureExpr::cast(node.clone()).is_some_and(|closure| closure.async_token().is_some())
            || of_function(node).is_some_and(|function| function.async_token().is_some())
    };
    let is_function =
        |node: &SyntaxNode| is_async(node) || ast::ClosureExpr::can_cast(node.kind()) || of_function(node).is_some();
    let found = cell.descendants().find_map(|node| {
        let around = || node.ancestors().skip(1);
        if ast::AwaitExpr::can_cast(node.kind()) && !around().any(|outer| is_async(&outer)) {
            let end = node.text_range().end();
            return Some((end, "`.await` in a cell, which is not async: call a runtime's `block_on` on the future"));
        }
        if ast::ReturnExpr::can_cast(node.kind()) && !around().any(|outer| is_function(&outer)) {
            let start = node.text_range().start();
            return Some((
                start,
                "`return` in a cell, which is no function: put what may end early into one, or use `if`",
            ));
        }
        None
    });
    let (place, why) = found?;
    Some((text[..usize::from(place)].matches('\n').count() + 1, why))
}

/// The first line at which a text is no Rust, and why not.
pub fn fault(code: &str) -> Option<(usize, String)> {
    let text = format!("fn cell() {{{code}\n}}");
    let error = SourceFile::parse(&text, Edition::Edition2024).errors().into_iter().next()?;
    let line = text[..usize::from(error.range().start())].matches('\n').count() + 1;
    // A text that only breaks off does so in its last line.
    Some((line.min(code.lines().count()), error.to_string()))
}

/// The items of a file that evcxr generated, in its order.
pub fn items_of_file(text: &str) -> Vec<Item> {
    let file = SourceFile::parse(text, Edition::Edition2024);
    let items = file.tree().syntax().children().filter_map(ast::Item::cast).collect::<Vec<_>>();
    let item = |item: ast::Item| {
        let (start, own) = own_text(item.syntax());
        let line = text[..start].matches('\n').count() + 1;
        Item { text: own, line, name: item_name(&item), is_import: is_import(&item) }
    };
    items.into_iter().map(item).collect()
}

/// The names that the `use` items of this module of a file bring into scope.
pub fn imported_names(text: &str, module: &str) -> BTreeSet<String> {
    let file = SourceFile::parse(text, Edition::Edition2024);
    let modules = file.tree().syntax().children().filter_map(ast::Module::cast).collect::<Vec<_>>();
    let meant = modules.iter().filter(|found| found.name().is_some_and(|name| name.text() == module));
    let trees: Vec<_> = meant.flat_map(|found| found.syntax().descendants().filter_map(ast::UseTree::cast)).collect();
    let leaves = trees.into_iter().filter(|tree| tree.use_tree_list().is_none());
    let name = |tree: ast::UseTree| {
        if let Some(renamed) = tree.rename() {
            return Some(renamed.name()?.text().to_string());
        }
        let last = tree.path()?.segment()?.name_ref()?.text().to_string();
        if last != "self" {
            return Some(last);
        }
        // `bag::{self, ..}` brings `bag`.
        let outer = tree.syntax().ancestors().skip(1).find_map(ast::UseTree::cast)?;
        Some(outer.path()?.segment()?.name_ref()?.text().to_string())
    };
    leaves.filter_map(name).collect()
}

/// The words of a Rust text that are names.
pub fn names(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_alphanumeric() || c == '_')).filter(|word| !word.is_empty())
}

/// A node's text from its first token that is no comment, and where that stands.
fn own_text(node: &SyntaxNode) -> (usize, String) {
    let is_blank = |token: &SyntaxToken| matches!(token.kind(), SyntaxKind::WHITESPACE | SyntaxKind::COMMENT);
    let first = node.descendants_with_tokens().filter_map(|element| element.into_token()).find(|t| !is_blank(t));
    let start = first.map_or(node.text_range().start(), |token| token.text_range().start());
    let skipped = usize::from(start - node.text_range().start());
    (start.into(), node.text().to_string()[skipped..].to_owned())
}

fn item_name(item: &ast::Item) -> Option<String> {
    let name = item.syntax().children().find_map(ast::Name::cast)?;
    Some(name.text().to_string())
}

fn is_import(item: &ast::Item) -> bool {
    matches!(item, ast::Item::Use(_) | ast::Item::ExternCrate(_))
}

fn bindings(node: &SyntaxNode) -> Vec<Binding> {
    let Some(pattern) = ast::LetStmt::cast(node.clone()).and_then(|statement| statement.pat()) else {
        return Vec::new();
    };
    let idents = pattern.syntax().descendants().filter_map(ast::IdentPat::cast);
    let binding = |ident: ast::IdentPat| {
        Some(Binding { name: ident.name()?.text().to_string(), is_mutable: ident.mut_token().is_some() })
    };
    idents.filter_map(binding).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_taken_apart_with_the_lines_of_the_cell() {
        let parts =
            Parts::of("// comment\nlet (a, mut b) = f()?;\n\n/// doc\nstruct Q { x: i64 }\nfor i in 0..3 { }\na + b");
        let binding = |&(name, is_mutable): &(&str, bool)| Binding { name: name.into(), is_mutable };
        let statement = |text: &str, line, binds: &[(&str, bool)], is_shown| Statement {
            text: text.into(),
            line,
            binds: binds.iter().map(binding).collect(),
            is_shown,
        };
        assert_eq!(
            parts.statements,
            [
                statement("let (a, mut b) = f()?;", 2, &[("a", false), ("b", true)], false),
                statement("for i in 0..3 { }", 6, &[], false),
                statement("a + b", 7, &[], true),
            ]
        );
        assert_eq!(parts.items.len(), 1);
        assert_eq!((parts.items[0].line, parts.items[0].name.as_deref()), (5, Some("Q")));
    }

    #[test]
    fn what_only_a_function_can_do_is_found_outside_of_one() {
        let found = |code| misplaced(code).map(|(line, why)| (line, why.split('`').nth(1).unwrap_or_default()));
        assert_eq!(found("let x = 1;\nasync { f().await };\nasync fn g() { f().await }"), None);
        assert_eq!(found("let x = 1;\nlet y = f()\n    .await;"), Some((3, ".await")));
        assert_eq!(found("fn f() { return; }\nlet g = || { return 1; };\nasync { return 2 };"), None);
        assert_eq!(found("for i in 0..3 {\n    if i > 1 { return; }\n}"), Some((2, "return")));
        assert_eq!(found("fn f() { g().await }"), Some((1, ".await")));
        assert_eq!(found("{ }\n}\nfn f() { return; }"), None, "a brace too many is what is wrong here");
    }

    #[test]
    fn a_text_that_is_no_rust_is_told_where() {
        for (code, line) in [("let x = 1;\nx =", 2), ("let s = \"abc", 1), ("let x = 1;\nfn\n", 2), ("1 +\n", 1)] {
            assert_eq!(fault(code).map(|(line, _)| line), Some(line), "{code:?}");
        }
        assert_eq!(fault("let x = 1;\nx"), None);
    }

    #[test]
    fn imports_bring_their_last_names() {
        let text = "use other; mod a { //! use.\npub use crate::a::{self, B, c as d};\npub use crate::visualize; }";
        let names = imported_names(text, "a");
        assert_eq!(names.into_iter().collect::<Vec<_>>(), ["B", "a", "d", "visualize"]);
    }

    #[test]
    fn a_page_knows_the_running_cell_and_where_items_were_written_last() {
        let folder = tempfile::tempdir().unwrap();
        let mut ledger = Ledger::default();
        ledger.save(folder.path()).unwrap();
        assert!(Page::load(folder.path()).unwrap().cell.is_none());
        for (number, code) in [(1, "struct A;\nfn f() {}"), (2, "\nstruct A;"), (3, "1 + 1")] {
            ledger.note(number, code);
            ledger.save(folder.path()).unwrap();
        }
        let page = Page::load(folder.path()).unwrap();
        assert_eq!(page.cell.as_ref().map(|cell| (cell.number, &*cell.code)), Some((3, "1 + 1")));
        assert_eq!(page.place_of("struct A;"), Some((2, 2)));
        assert_eq!(page.place_of("fn f() {}"), Some((1, 2)));
        assert_eq!(page.place_of("fn g() {}"), None);
    }

    #[test]
    fn what_was_not_compiled_moves_no_item() {
        let folder = tempfile::tempdir().unwrap();
        let mut ledger = Ledger::default();
        ledger.note(1, "\nstruct A;");
        ledger.note(2, "struct A;\nstruct B;");
        ledger.retract();
        ledger.note(3, "struct A;");
        ledger.retract();
        ledger.save(folder.path()).unwrap();
        let page = Page::load(folder.path()).unwrap();
        assert_eq!(page.place_of("struct A;"), Some((1, 2)));
        assert_eq!(ledger.cells().map(|cell| cell.number).collect::<Vec<_>>(), [1]);
        assert_eq!(ledger.text_of(3), Some("struct A;"));
    }

    #[test]
    fn what_is_not_kept_replaces_no_cell() {
        let folder = tempfile::tempdir().unwrap();
        let mut ledger = Ledger::default();
        assert_eq!((ledger.note(1, ":dep itoa\n!ls\nlet x = 1;"), ledger.note(1, "x")), (1, UNKEPT));
        assert_eq!((ledger.text_of(1), ledger.text_of(UNKEPT)), (Some(":dep itoa\n!ls\nlet x = 1;"), Some("x")));
        ledger.save(folder.path()).unwrap();
        assert_eq!(Page::load(folder.path()).unwrap().cell.map(|cell| cell.number), Some(UNKEPT));
        assert_eq!(ledger.note(2, "2"), 2);
    }

    #[test]
    fn the_compiler_step_reads_the_rust_of_the_cell_that_runs() {
        let folder = tempfile::tempdir().unwrap();
        let mut ledger = Ledger::default();
        ledger.note(3, ":dep itoa\n!ls\nlet x = 1;");
        ledger.save(folder.path()).unwrap();
        let cell = Page::load(folder.path()).unwrap().cell.expect("one runs");
        assert_eq!(cell.code, "         \n   \nlet x = 1;");
        Ledger::close(folder.path()).unwrap();
        assert!(Page::load(folder.path()).unwrap().cell.is_none());
    }
}
