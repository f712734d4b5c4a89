//! Turns what evcxr generates for a cell into what we compile. Pure: text in, files out.
//!
//! evcxr puts all items of all cells and the statements of this one into one file, around which it
//! moves the variables in and out. We keep its knowledge (which items live, which variables there are
//! and of what type) and lay the text out anew:
//!
//! * the items of cell 3 stand in a file `cell 3/items.rs`, on the lines where the user wrote them,
//!   so that the compiler itself knows the cell and line of every panic and `#[track_caller]`;
//! * each statement runs in a guard of its own, so that a failing `?` or a panic keeps the variables
//!   bound before it ([`Survival::Each`]); a cell whose borrows do not allow that has one guard
//!   around all ([`Survival::Whole`]);
//! * variables carry the fingerprint of their type's text;
//! * items and variables that the cell does not reach by name are left out ([`Generated::reached`]): nine
//!   collections alive cost a cell that adds two numbers nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use super::ledger::{Item, Page, Parts, Statement, items_of_file, names};

/// What evcxr generated.
#[derive(Debug, Clone)]
pub struct Generated {
    attributes: Vec<String>,
    items: Vec<Item>,
    /// `run_user_code_N`
    function: String,
    loaded: Vec<Variable>,
    /// Variables of this cell, bound by one of its statements.
    bound: Vec<Variable>,
    /// Variables of earlier cells that go back into the store.
    kept: Vec<Variable>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Variable {
    name: String,
    type_name: String,
    is_mutable: bool,
}

/// Which variables outlive a failure in the middle of a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Survival {
    /// Those bound before it.
    Each,
    /// Those of earlier cells.
    Whole,
}

/// Files to compile: path below the cell's folder, and text. The first is the root.
pub type Files = Vec<(String, String)>;

const FUNCTION: &str = "pub extern \"C\" fn run_user_code_";
const PUT: &str = "evcxr_variable_store.put_variable::<";
const TAKE: &str = " = evcxr_variable_store.take_variable::<";

impl Generated {
    /// Reads a file that evcxr 0.22 wrote; `None` for shapes we leave to evcxr (async cells).
    pub fn parse(text: &str) -> Option<Generated> {
        let function_at = text.find(FUNCTION)?;
        let (head, body) = text.split_at(function_at);
        if body.contains("evcxr_tokio_runtime") {
            return None;
        }
        let function = body["pub extern \"C\" fn ".len()..].split('(').next()?.to_owned();
        let after_user = body.rfind("\n})) {").or_else(|| body.rfind("\n}).is_err() {")).unwrap_or(0);
        let (inside, after) = body.split_at(after_user);
        let loaded = inside.lines().filter_map(loaded_variable).collect();
        let bound_lines = inside.lines().rev().take_while(|line| line.starts_with(PUT) || *line == "Ok(())})();");
        let mut bound: Vec<_> = bound_lines.filter_map(put_variable).collect();
        bound.reverse();
        let kept = after.lines().filter_map(put_variable).collect();
        let is_ours = |item: &Item| {
            !matches!(item.name.as_deref(), Some("evcxr_internal_runtime" | "EvcxrUserCodeError"))
                && !item.text.contains("for EvcxrUserCodeError")
        };
        let head = head.strip_suffix("#[unsafe(no_mangle)]\n").unwrap_or(head);
        let items = items_of_file(head).into_iter().filter(is_ours).collect();
        let attributes = head.lines().filter(|line| line.starts_with("#![")).map(str::to_owned).collect();
        Some(Generated { attributes, items, function, loaded, bound, kept })
    }
}

/// Crates that live inside the collections' library.
const FOREIGN: &[&str] = &["lazuli", "polars", "ndarray", "serde", "serde_json", "rayon", "Serialize", "Deserialize"];

fn loaded_variable(line: &str) -> Option<Variable> {
    let (binding, rest) = line.strip_prefix("let ")?.split_once(TAKE)?;
    let (type_name, _) = rest.rsplit_once(">(stringify!(")?;
    let (is_mutable, name) = match binding.strip_prefix("mut ") {
        Some(name) => (true, name),
        None => (false, binding),
    };
    Some(Variable { name: name.into(), type_name: type_name.into(), is_mutable })
}

fn put_variable(line: &str) -> Option<Variable> {
    let (type_name, rest) = line.strip_prefix(PUT)?.rsplit_once(">(stringify!(")?;
    let (name, _) = rest.split_once(')')?;
    Some(Variable { name: name.into(), type_name: type_name.into(), is_mutable: false })
}

/// A cell laid out.
#[derive(Debug)]
pub struct Layout {
    pub files: Files,
    /// It names the collections or a crate that lives in their library.
    pub wants_library: bool,
    /// Loops, closures or functions are worth the optimiser's time; calls into the library are not.
    pub wants_optimiser: bool,
}

impl Generated {
    /// Only what the cell of `page` reaches. Variables it does not name stay in the store.
    pub fn reached(mut self, page: &Page) -> Generated {
        let Some(current) = &page.cell else { return self };
        let parts = Parts::of(&current.code);
        if parts.is_broken {
            return self;
        }
        let own: BTreeSet<&str> = parts.items.iter().filter_map(|item| item.name.as_deref()).collect();
        let statements: BTreeSet<&str> = parts.statements.iter().flat_map(|statement| names(&statement.text)).collect();
        // A type that this cell redefines takes its variables with it: they are looked at, and found to be old.
        let touched = |variable: &Variable| {
            statements.contains(&*variable.name) || names(&variable.type_name).any(|name| own.contains(name))
        };
        self.loaded.retain(touched);
        self.kept.retain(touched);
        let types = self.loaded.iter().chain(&self.bound).flat_map(|variable| names(&variable.type_name));
        let roots = statements.iter().copied().chain(own.iter().copied()).chain(types).map(str::to_owned).collect();
        let is_reached = reach(&self.items, roots);
        let mut is_reached = is_reached.into_iter();
        self.items.retain(|item| is_reached.next().unwrap_or(true) || current.code.contains(&item.text));
        self
    }
}

/// Which items are reached by name from `known`, directly or through each other.
fn reach(items: &[Item], mut known: BTreeSet<String>) -> Vec<bool> {
    let defined: BTreeSet<&str> = items.iter().filter_map(|item| item.name.as_deref()).collect();
    let mut reached: Vec<bool> = items.iter().map(|item| item.is_import).collect();
    let is_known = |item: &Item, known: &BTreeSet<String>| match &item.name {
        Some(name) => known.contains(name),
        // An impl belongs to the types and traits of its head; one that names none of the user's is always meant.
        None => {
            let head = item.text.split('{').next().unwrap_or_default();
            let mut users = names(head).filter(|name| defined.contains(name)).peekable();
            users.peek().is_none() || users.any(|name| known.contains(name))
        }
    };
    while let Some(next) = (0..items.len()).find(|&index| !reached[index] && is_known(&items[index], &known)) {
        reached[next] = true;
        known.extend(names(&items[next].text).map(str::to_owned));
    }
    reached
}

/// Lays out the cell of `page`. `folder` is where the files will be, `prelude` the names that
/// the collections' prelude brings.
pub fn lay_out(
    generated: &Generated,
    page: &Page,
    survival: Survival,
    folder: &str,
    prelude: &BTreeSet<String>,
) -> Layout {
    let current = page.cell.clone().unwrap_or_default();
    let parts = Parts::of(&current.code);
    let (placed, loose) = place_items(generated, page);

    let mentioned = mentioned(generated, &parts);
    let wants_prelude = mentioned.iter().any(|name| prelude.contains(*name));
    let wants_library = wants_prelude || mentioned.iter().any(|name| FOREIGN.contains(name));

    // Everything of ours stands on the first line, before the user's first.
    let mut root = String::from("#![allow(warnings)]");
    for attribute in &generated.attributes {
        root.push_str(attribute);
    }
    if wants_library {
        root.push_str("extern crate lazuli as _;");
    }
    for item in loose {
        if !is_prelude_import(&item.text) || wants_prelude {
            root.push_str(&item.text.replace('\n', " "));
        }
    }
    for number in placed.keys() {
        root.push_str(&format!("include!(\"{folder}/cell {number}/items.rs\");"));
    }
    let fingerprints = Fingerprints::of(generated);
    Function { generated, survival, fingerprints }.write(&parts.statements, &mut root);

    let mut files = vec![(format!("cell {}/lib.rs", current.number), root)];
    files.extend(placed.iter().map(|(number, items)| (format!("cell {number}/items.rs"), on_their_lines(items))));
    let heavy = |text: &str| ["for ", "while ", "loop", "|", "fn "].iter().any(|word| text.contains(word));
    let wants_optimiser = placed.values().flatten().any(|item| item.text.contains("fn "))
        || parts.statements.iter().any(|statement| heavy(&statement.text));
    Layout { files, wants_library, wants_optimiser }
}

/// Whether the cell names the collections, or a crate that lives in their library.
pub fn wants_library(generated: &Generated, page: &Page, prelude: &BTreeSet<String>) -> bool {
    let parts = page.cell.as_ref().map(|cell| Parts::of(&cell.code)).unwrap_or_default();
    mentioned(generated, &parts).iter().any(|name| prelude.contains(*name) || FOREIGN.contains(name))
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

/// The living items by cell, and those that no cell wrote in this form (imports, which evcxr takes apart).
fn place_items<'a>(generated: &'a Generated, page: &Page) -> (BTreeMap<u32, Vec<Item>>, Vec<&'a Item>) {
    let mut placed: BTreeMap<u32, Vec<Item>> = BTreeMap::new();
    let mut loose = Vec::new();
    for item in &generated.items {
        match page.place_of(&item.text) {
            Some((number, line)) if !item.is_import => {
                placed.entry(number).or_default().push(Item { line, ..item.clone() });
            }
            _ => loose.push(item),
        }
    }
    (placed, loose)
}

fn on_their_lines(items: &[Item]) -> String {
    let mut items: Vec<_> = items.iter().collect();
    items.sort_by_key(|item| item.line);
    let mut text = Lines::default();
    for item in items {
        text.go_to(item.line);
        text.push(&item.text);
        text.push(" ");
    }
    text.text
}

/// Text that knows its line.
#[derive(Default)]
struct Lines {
    text: String,
    line: usize,
}

impl Lines {
    fn push(&mut self, text: &str) {
        self.line += text.matches('\n').count();
        self.text.push_str(text);
    }

    /// Fills up with line ends until the text is on `line`, counted from 1.
    fn go_to(&mut self, line: usize) {
        while self.line + 1 < line {
            self.push("\n");
        }
    }
}

/// The text of the user types that a type names, as one number.
struct Fingerprints<'a> {
    items: BTreeMap<&'a str, Vec<&'a str>>,
}

impl<'a> Fingerprints<'a> {
    fn of(generated: &'a Generated) -> Self {
        let mut items: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for item in &generated.items {
            if let (Some(name), false) = (&item.name, item.text.starts_with("fn ")) {
                items.entry(name).or_default().push(&item.text);
            }
        }
        Fingerprints { items }
    }

    fn of_type(&self, type_name: &str) -> u64 {
        let mut seen = BTreeSet::new();
        let mut texts = vec![type_name];
        let mut hash = DefaultHasher::new();
        while let Some(text) = texts.pop() {
            for name in names(text) {
                if let Some((&name, items)) = self.items.get_key_value(name)
                    && seen.insert(name)
                {
                    items.hash(&mut hash);
                    texts.extend(items);
                }
            }
        }
        if seen.is_empty() { 0 } else { hash.finish() }
    }
}

/// The exported function that runs the statements.
struct Function<'a> {
    generated: &'a Generated,
    survival: Survival,
    fingerprints: Fingerprints<'a>,
}

const STORE: &str = "evcxr_variable_store";
const BEGIN: &str = "|| -> ::std::result::Result<_, ::lazuli_cell::Failure> {";

impl Function<'_> {
    fn write(&self, statements: &[Statement], root: &mut String) {
        let mut out = Lines { text: std::mem::take(root), line: 0 };
        let name = &self.generated.function;
        out.push(&format!(
            "#[unsafe(no_mangle)] pub extern \"C\" fn {name}({STORE}: *mut ::lazuli_cell::Store) -> *mut ::lazuli_cell::Store {{ \
             let {STORE} = unsafe {{ &mut *{STORE} }}; let mut evcxr_found = true;"
        ));
        for Variable { name, type_name, .. } in &self.generated.loaded {
            let fingerprint = self.fingerprints.of_type(type_name);
            out.push(&format!("evcxr_found &= {STORE}.has::<{type_name}>(stringify!({name}), {fingerprint});"));
        }
        out.push(&format!("if !evcxr_found {{ return {STORE}; }}"));
        for Variable { name, type_name, is_mutable } in &self.generated.loaded {
            let mutability = if *is_mutable { "mut " } else { "" };
            out.push(&format!("let {mutability}{name} = {STORE}.take::<{type_name}>(stringify!({name}));"));
        }
        out.push("'evcxr_cell: {");
        let groups = self.groups(statements);
        let mut bound = Vec::new();
        for group in groups {
            self.write_group(group, &bound, &mut out);
            bound.extend(group.iter().flat_map(|statement| &statement.binds).map(|binding| &*binding.name));
        }
        out.push(&self.put_all(&bound));
        out.push("}");
        for Variable { name, type_name, .. } in &self.generated.kept {
            out.push(&self.put(name, type_name));
        }
        out.push(STORE);
        out.push("}");
        *root = out.text;
    }

    /// Statements that share a guard: each `let` has its own, what stands between two is one.
    fn groups<'s>(&self, statements: &'s [Statement]) -> Vec<&'s [Statement]> {
        match self.survival {
            Survival::Whole => vec![statements],
            Survival::Each => statements.chunk_by(|a, b| a.binds.is_empty() && b.binds.is_empty()).collect(),
        }
    }

    fn write_group(&self, group: &[Statement], bound: &[&str], out: &mut Lines) {
        let Some(first) = group.first() else { return };
        // Of two bindings of a name the later one is meant.
        let new: BTreeMap<&str, bool> =
            group.iter().flat_map(|statement| &statement.binds).map(|b| (&*b.name, b.is_mutable)).collect();
        let new: Vec<_> = new.into_iter().filter(|(name, _)| self.leaves_its_guard(name)).collect();
        let pattern: String =
            new.iter().map(|(name, is_mutable)| format!("{}{name},", if *is_mutable { "mut " } else { "" })).collect();
        let values: String = new.iter().map(|(name, _)| format!("{name},")).collect();
        out.push(&format!("let ({pattern}) = match ::lazuli_cell::guard({}, {BEGIN}", first.line));
        for statement in group {
            out.go_to(statement.line);
            if statement.is_shown {
                out.push("::lazuli_cell::show!(");
                out.push(&statement.text);
                out.push(");");
            } else {
                out.push(&statement.text);
                out.push(";");
            }
        }
        let rescued = self.put_all(bound);
        out.push(&format!(
            "::std::result::Result::Ok(({values})) }}) {{ ::std::option::Option::Some(evcxr_bound) => evcxr_bound, \
             ::std::option::Option::None => {{ {rescued} break 'evcxr_cell; }} }};"
        ));
    }

    /// With one guard around all, only what evcxr keeps has to leave it; with several, later statements need every name.
    fn leaves_its_guard(&self, name: &str) -> bool {
        self.survival == Survival::Each || self.generated.bound.iter().any(|variable| variable.name == name)
    }

    fn put_all(&self, bound: &[&str]) -> String {
        let bound = |variable: &&Variable| bound.contains(&&*variable.name);
        self.generated.bound.iter().filter(bound).map(|v| self.put(&v.name, &v.type_name)).collect()
    }

    fn put(&self, name: &str, type_name: &str) -> String {
        let fingerprint = self.fingerprints.of_type(type_name);
        format!("{STORE}.put::<{type_name}>(stringify!({name}), {fingerprint}, {name});")
    }
}

/// evcxr's own file without the import of the collections' prelude; every line keeps its number.
pub fn without_prelude(source: &str) -> String {
    source.replace("use lazuli::prelude::*;", "")
}

/// evcxr's own file with its runtime module replaced by the precompiled one; every line keeps its number.
pub fn without_runtime(source: &str) -> String {
    const BEGIN: &str = "mod evcxr_internal_runtime {\n";
    let Some(begin) = source.find(BEGIN) else { return source.to_owned() };
    let Some(length) = source[begin..].find("#[unsafe(no_mangle)]\npub extern \"C\" fn run_user_code_") else {
        return source.to_owned();
    };
    let lines = source[begin..begin + length].matches('\n').count();
    let stand_in = "mod evcxr_internal_runtime { \
        pub struct VariableStore; \
        pub const USER_ERROR_OCCURRED: &str = \"\"; \
        impl VariableStore { \
            pub fn put_variable<T: 'static>(&mut self, _: &str, _: T) {} \
            pub fn check_variable<T: 'static>(&mut self, _: &str) -> bool { true } \
            pub fn take_variable<T: 'static>(&mut self, _: &str) -> T { loop {} } \
        } \
        pub fn create_variable_store() -> *mut VariableStore { ::std::ptr::null_mut() } }";
    format!("{}{stand_in}{}{}", &source[..begin], "\n".repeat(lines), &source[begin + length..])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(text: &str, name: Option<&str>) -> Item {
        Item { text: text.into(), line: 1, name: name.map(str::to_owned), is_import: false }
    }

    #[test]
    fn items_are_reached_through_each_other_and_impls_through_their_heads() {
        let items = [
            item("fn f() -> P { g() }", Some("f")),
            item("fn g() -> P { todo!() }", Some("g")),
            item("struct P;", Some("P")),
            item("impl Clone for P { }", None),
            item("fn unused() { h() }", Some("unused")),
            item("fn h() { }", Some("h")),
            item("impl Drop for Unused { }", None),
            item("struct Unused;", Some("Unused")),
        ];
        let reached = reach(&items, BTreeSet::from(["f".to_owned()]));
        assert_eq!(reached, [true, true, true, true, false, false, false, false]);
    }

    #[test]
    fn a_fingerprint_sees_the_fields_of_the_types_a_type_names() {
        let of = |text: &str| {
            let items = vec![item(text, Some("Q")), item("struct R { q: Q }", Some("R"))];
            let generated = Generated {
                attributes: vec![],
                items,
                function: String::new(),
                loaded: vec![],
                bound: vec![],
                kept: vec![],
            };
            Fingerprints::of(&generated).of_type("Vec<R>")
        };
        assert_ne!(of("struct Q { a: i64 }"), of("struct Q { a: String }"));
        assert_eq!(of("struct Q { a: i64 }"), of("struct Q { a: i64 }"));
    }

    #[test]
    fn names_of_a_text_include_those_in_format_strings() {
        assert!(names("println!(\"{x} {y:?}\")").any(|name| name == "y"));
    }
}
