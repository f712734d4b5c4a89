//! Turns what evcxr generates for a cell into what we compile. Pure: text in, files out. We keep evcxr's knowledge
//! ([`generated`](super::generated)), leave out what the cell does not reach ([`reach`](super::reach)), and lay the text
//! out anew:
//!
//! * the items of cell 3 stand in a file `cell 3/items.rs`, on the lines where the user wrote them,
//!   so that the compiler itself knows the cell and line of every panic and `#[track_caller]`;
//! * the statements go into one function, which the root exports ([`function`](super::function));
//! * variables carry the fingerprint of their type ([`definitions`](super::definitions)).
//!
//! Imports: tools, compilers, ledger, lines, definitions, generated, function.

use std::collections::{BTreeMap, BTreeSet};

use super::compilers::Kind;
use super::function::{Function, Survival};
use super::generated::{Generated, Living};
use super::ledger::{Page, Parts, names};
use super::lines::Lines;
use super::tools::Tools;

/// The type of bags, their module, and what the prelude has to make one of anything else.
const BAGS: [&str; 5] = ["Bag", "bag", "from_sequence", "read_text", "read_text_with"];

/// Files to compile: path below the folder of layouts, and text. The first includes the others.
pub type Files = Vec<(String, String)>;

/// A cell laid out.
#[derive(Debug)]
pub struct Layout {
    pub files: Files,
    /// Which compiler it needs; of what it links with by `:dep`, it knows nothing.
    pub kind: Kind,
}

/// Lays out the cell of `page`.
pub fn lay_out(generated: &Generated, page: &Page, survival: Survival, tools: &Tools) -> Layout {
    let current = page.cell.clone().unwrap_or_default();
    let parts = Parts::of(&current.code);
    let (placed, loose) = place_items(generated);

    let mentioned = mentioned(generated, &parts);
    let library = mentioned.iter().any(|name| tools.brings(name));

    // Loops, closures and functions are, and bags, whose operations are compiled for each type of element; other calls
    // into the library are not.
    let heavy = |text: &str| ["for ", "while ", "loop", "|", "fn "].iter().any(|word| text.contains(word));
    let optimiser = placed.values().flatten().any(|(_, text)| text.contains("fn "))
        || parts.statements.iter().any(|statement| heavy(&statement.text))
        || BAGS.iter().any(|name| mentioned.contains(name));

    // Everything of ours stands on the first line, before the user's first.
    let mut root = String::new();
    for item in loose.into_iter().filter(|item| !is_prelude_import(&item.text)) {
        root.push_str(&item.text.replace('\n', " "));
    }
    for file in placed.keys() {
        root.push_str(&format!("include!({:?});", tools.layout().join(file.path())));
    }
    Function { generated, survival, definitions: generated.definitions() }.write(&parts.statements, &mut root);

    let mut files = vec![(format!("cell {}/lib.rs", current.number), root)];
    files.extend(placed.iter().map(|(file, items)| (file.path(), on_their_lines(items))));
    Layout { files, kind: Kind { attributes: generated.attributes.clone(), library, optimiser, ..Kind::default() } }
}

/// Whether the cell names the collections, or a crate that lives in their library.
pub fn wants_library(generated: &Generated, page: &Page, tools: &Tools) -> bool {
    let parts = page.cell.as_ref().map(|cell| Parts::of(&cell.code)).unwrap_or_default();
    mentioned(generated, &parts).iter().any(|name| tools.brings(name))
}

/// Every name that the cell, its items and its variables' types mention.
fn mentioned<'a>(generated: &'a Generated, parts: &'a Parts) -> BTreeSet<&'a str> {
    let types = generated.loaded.iter().chain(&generated.bound).map(|variable| &*variable.type_name);
    let items = generated.items.iter().filter(|item| !is_prelude_import(&item.text)).map(|item| &*item.text);
    let statements = parts.statements.iter().map(|statement| &*statement.text);
    types.chain(items).chain(statements).flat_map(names).collect()
}

fn is_prelude_import(text: &str) -> bool {
    text.replace(' ', "").contains("lazuli::prelude")
}

/// Items of one file: line and text.
type Placed<'a> = Vec<(usize, &'a str)>;

/// Where items of a cell stand. Files are included in this order, as a macro is known only after its definition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum ItemFile {
    Macros(u32),
    Items(u32),
}

impl ItemFile {
    fn of(item: &Living, cell: u32) -> Self {
        if item.is_macro() { ItemFile::Macros(cell) } else { ItemFile::Items(cell) }
    }

    fn path(self) -> String {
        match self {
            ItemFile::Macros(cell) => format!("cell {cell}/macros.rs"),
            ItemFile::Items(cell) => format!("cell {cell}/items.rs"),
        }
    }
}

/// The living items by file, and those that no cell wrote in this form.
fn place_items(generated: &Generated) -> (BTreeMap<ItemFile, Placed<'_>>, Vec<&Living>) {
    let mut placed: BTreeMap<ItemFile, Placed<'_>> = BTreeMap::new();
    let mut loose = Vec::new();
    for item in &generated.items {
        match item.place {
            Some((cell, line)) => placed.entry(ItemFile::of(item, cell)).or_default().push((line, &item.text)),
            None => loose.push(item),
        }
    }
    placed.values_mut().for_each(|items| items.sort());
    (placed, loose)
}

fn on_their_lines(items: &Placed<'_>) -> String {
    let mut text = Lines::default();
    for (line, item) in items {
        text.go_to(*line);
        text.push(item);
        text.push(" ");
    }
    text.text
}
