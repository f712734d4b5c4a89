//! Reads what evcxr generates for a cell: which items live, which variables there are and of what type. evcxr puts all
//! items of all cells and the statements of this one into one file, around which it moves the variables in and out.
//! Imports: ledger, superseded.

use super::ledger::{Item, Page, items_of_file, names};
use super::superseded::living_texts;

/// What evcxr generated.
#[derive(Debug, Clone)]
pub struct Generated {
    pub attributes: Vec<String>,
    pub items: Vec<Living>,
    /// `run_user_code_N`
    pub function: String,
    pub loaded: Vec<Variable>,
    /// Variables of this cell, bound by one of its statements.
    pub bound: Vec<Variable>,
    /// Variables of earlier cells that go back into the store.
    pub kept: Vec<Variable>,
}

/// An item of the user's that is still to be compiled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Living {
    /// Without what later cells define anew.
    pub text: String,
    /// With it.
    pub written: String,
    /// The name it defines, if it defines one.
    pub name: Option<String>,
    pub is_import: bool,
    /// The cell and line where it was written; none for imports, which evcxr takes apart.
    pub place: Option<(u32, usize)>,
}

impl Living {
    pub fn is_macro(&self) -> bool {
        names(self.text.split('{').next().unwrap_or_default()).any(|name| name == "macro_rules")
    }
}

/// A variable that outlives its cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variable {
    pub name: String,
    pub type_name: String,
    pub is_mutable: bool,
}

const FUNCTION: &str = "pub extern \"C\" fn run_user_code_";
const PUT: &str = "evcxr_variable_store.put_variable::<";
const TAKE: &str = " = evcxr_variable_store.take_variable::<";

impl Generated {
    /// Reads a file that evcxr 0.22 wrote for the cell of `page`; `None` for shapes we leave to evcxr (async cells).
    pub fn parse(text: &str, page: &Page) -> Option<Generated> {
        let function_at = text.find(FUNCTION)?;
        let (head, body) = text.split_at(function_at);
        if body.contains("evcxr_tokio_runtime") {
            return None;
        }
        let function = body["pub extern \"C\" fn ".len()..].split('(').next()?.to_owned();
        // Where it only wants to hear errors, evcxr catches no panics, and nothing ends the user's part.
        let after_user = body.rfind("\n})) {").or_else(|| body.rfind("\n}).is_err() {")).unwrap_or(body.len());
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
        let items = living(items_of_file(head).into_iter().filter(is_ours).collect(), page);
        // We allow all anyway.
        let attributes = head.lines().filter(|line| line.starts_with("#![") && !line.starts_with("#![allow("));
        let attributes = attributes.map(str::to_owned).collect();
        Some(Generated { attributes, items, function, loaded, bound, kept })
    }
}

fn living(items: Vec<Item>, page: &Page) -> Vec<Living> {
    let texts = living_texts(&items, page);
    let whole = items.into_iter().zip(texts).filter(|(_, text)| !text.trim().is_empty());
    let living = |(item, text): (Item, String)| {
        let place = if item.is_import { None } else { page.place_of(&item.text) };
        Living { text, written: item.text, name: item.name, is_import: item.is_import, place }
    };
    whole.map(living).collect()
}

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
