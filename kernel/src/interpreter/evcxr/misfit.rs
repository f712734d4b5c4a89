//! Impls of earlier cells that do not fit a type which the running cell defines anew: with the fields of a struct, say,
//! their methods are gone. Neither cell could be run before the other, so such an impl is set aside until it is run again,
//! and the user is told. Imports: ledger, generated, superseded.

use std::collections::BTreeSet;

use evcxr::CompilationError;
use serde_json::Value;

use super::generated::{Generated, Living};
use super::ledger::{Ledger, Misfit, Page, Parts, UNKEPT, names};
use super::superseded::defined;

/// The impls of `generated` that are to blame for all errors among the compiler's `messages` about the cell of `page`: they
/// are where the errors are, or what calls the functions where those are. None where something else is wrong too.
pub fn find(messages: &[Value], generated: &Generated, page: &Page) -> Vec<Misfit> {
    let Some(current) = &page.cell else { return Vec::new() };
    let parts = Parts::of(&current.code);
    let own: BTreeSet<&str> = parts.items.iter().filter_map(|item| item.name.as_deref()).collect();
    let (items, definitions) = (&generated.items, generated.definitions());
    // Impls of other cells that stand for a type of this cell's, or made of one.
    let impls = items.iter().filter(|item| item.name.is_none() && !item.is_import).filter_map(|item| {
        let (home, _) = item.place.filter(|(home, _)| ![UNKEPT, current.number].contains(home))?;
        let head = head_of(&item.text)?;
        let type_name = definitions.behind(head).into_keys().find(|name| own.contains(name))?;
        Some((item, home, head, type_name))
    });
    let impls: Vec<_> = impls.collect();
    let mut misfits: Vec<Misfit> = Vec::new();
    for error in messages.iter().filter(|message| message["level"] == "error") {
        let Some((cell, line)) = place_of(error) else {
            // "aborting due to 2 previous errors"
            if error["spans"].as_array().is_some_and(Vec::is_empty) && error["code"].is_null() {
                continue;
            }
            return Vec::new();
        };
        let wrong = items.iter().find(|item| cell != current.number && stands_at(item, cell, line));
        let Some(wrong) = wrong else { return Vec::new() };
        let is_to_blame = |item: &Living| match &wrong.name {
            None => item == wrong,
            Some(name) => names(&item.text).any(|called| called == name),
        };
        let mut to_blame = impls.iter().filter(|(item, ..)| is_to_blame(item)).peekable();
        if to_blame.peek().is_none() {
            return Vec::new();
        }
        for (item, home, head, type_name) in to_blame {
            if misfits.iter().all(|known| known.text != item.written) {
                misfits.push(Misfit {
                    text: item.written.clone(),
                    cell: *home,
                    head: head.split_whitespace().collect::<Vec<_>>().join(" "),
                    type_name: (*type_name).to_owned(),
                    why: error["message"].as_str().unwrap_or_default().to_owned(),
                    place: (cell, line),
                });
            }
        }
    }
    misfits
}

/// The cell and line that an error is about.
fn place_of(error: &Value) -> Option<(u32, usize)> {
    let primary = error["spans"].as_array()?.iter().find(|span| span["is_primary"] == true)?;
    let (folder, _) = primary["file_name"].as_str()?.rsplit_once('/')?;
    let (_, number) = folder.rsplit_once("cell ")?;
    Some((number.parse().ok()?, primary["line_start"].as_u64()? as usize))
}

fn stands_at(item: &Living, cell: u32, line: usize) -> bool {
    item.place.is_some_and(|(home, first)| home == cell && (first..first + item.text.lines().count()).contains(&line))
}

/// What stands before the braces of an impl, without attributes.
fn head_of(item: &str) -> Option<&str> {
    let (head, _) = item[item.find("impl")?..].split_once('{')?;
    Some(head.trim_end())
}

/// Told when an impl is set aside.
pub fn told(misfit: &Misfit) -> String {
    let Misfit { cell, head, type_name, why, place: (wrong, line), .. } = misfit;
    format!(
        "`{head}` of cell {cell} does not fit the new `{type_name}` ({why}, cell {wrong}, line {line}): it is set aside until \
         it is run again\n"
    )
}

/// Where the compiler misses a method: the impls set aside that may have it, and that were not written again since.
pub fn explain(errors: &[CompilationError], misfits: &[Misfit], ledger: &Ledger) -> BTreeSet<String> {
    let missing = errors.iter().filter(|error| matches!(error.code(), Some("E0599" | "E0277" | "E0369")));
    let messages: Vec<String> = missing.map(CompilationError::message).collect();
    let missed: BTreeSet<&str> = messages.iter().flat_map(|message| names(message)).collect();
    let is_missed = |misfit: &&Misfit| {
        let head = names(&misfit.head).filter(|name| !["impl", "for"].contains(name));
        head.into_iter().any(|name| missed.contains(name))
    };
    let reason = |misfit: &Misfit| {
        let Misfit { cell, head, type_name, .. } = misfit;
        format!("`{head}` of cell {cell} was set aside when `{type_name}` was redefined; run it again with what fits")
    };
    let is_written_again = |misfit: &&Misfit| {
        let later = ledger.cells().filter(|cell| cell.number > misfit.cell);
        let later: BTreeSet<String> =
            later.flat_map(|cell| Parts::of(&cell.code).items).flat_map(|item| defined(&item.text)).collect();
        defined(&misfit.text).all(|name| later.contains(&name))
    };
    misfits.iter().filter(is_missed).filter(|misfit| !is_written_again(misfit)).map(reason).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(file: &str, line: usize) -> Value {
        let span = serde_json::json!({"file_name": file, "line_start": line, "is_primary": true});
        serde_json::json!({"level": "error", "message": "no field `x`", "code": {"code": "E0609"}, "spans": [span]})
    }

    /// The heads of what is found when each of `cells` is an item, the last of which runs.
    fn found(cells: &[&str], errors: &[Value]) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        let mut ledger = Ledger::default();
        (1..).zip(cells).for_each(|(number, text)| _ = ledger.note(number, text));
        ledger.save(folder.path()).unwrap();
        let page = Page::load(folder.path()).unwrap();
        let living = |text: &&str| {
            let item = Parts::of(text).items.remove(0);
            let place = page.place_of(&item.text);
            Living { text: item.text.clone(), written: item.text, name: item.name, is_import: item.is_import, place }
        };
        let generated = Generated {
            attributes: Vec::new(),
            items: cells.iter().map(living).collect(),
            function: String::new(),
            loaded: Vec::new(),
            bound: Vec::new(),
            kept: Vec::new(),
        };
        let aborting = serde_json::json!({"level": "error", "message": "aborting", "code": null, "spans": []});
        let messages: Vec<Value> = errors.iter().cloned().chain([aborting]).collect();
        find(&messages, &generated, &page).into_iter().map(|misfit| misfit.head).collect()
    }

    #[test]
    fn an_impl_of_another_cell_is_set_aside_when_all_errors_are_its() {
        let cells =
            ["#[rustfmt::skip]\nimpl Area for P {\n fn area(&self) -> i64 {\n  self.x\n }\n}", "struct P { y: i64 }"];
        let there = error("cell 1/items.rs", 4);
        assert_eq!(found(&cells, &[there.clone(), there.clone()]), ["impl Area for P"]);
        for other in [error("cell 2/lib.rs", 1), error("cell 2/items.rs", 1), error("cell 1/items.rs", 9)] {
            assert!(found(&cells, &[there.clone(), other.clone()]).is_empty(), "{other}");
        }
    }

    #[test]
    fn what_is_made_of_the_type_and_what_its_impls_call_count_too() {
        let outer =
            ["struct Outer { p: P }", "impl Outer {\n fn x(&self) -> i64 { self.p.x }\n}", "struct P { y: i64 }"];
        assert_eq!(found(&outer, &[error("cell 2/items.rs", 2)]), ["impl Outer"]);
        let calling =
            ["fn x_of(p: &P) -> i64 { p.x }", "impl P { fn x(&self) -> i64 { x_of(self) } }", "struct P { y: i64 }"];
        assert_eq!(found(&calling, &[error("cell 1/items.rs", 1)]), ["impl P"]);
        let unrelated = ["fn x_of(p: &P) -> i64 { p.x }", "impl P { fn x(&self) -> i64 { 1 } }", "struct P { y: i64 }"];
        assert!(found(&unrelated, &[error("cell 1/items.rs", 1)]).is_empty());
    }
}
