//! Impls of earlier cells that do not fit a type which the running cell defines anew: with the fields of a struct, say,
//! their methods are gone. Neither cell could be run before the other, so such an impl is set aside until it is run again,
//! and the user is told. Imports: ledger, generated.

use std::collections::BTreeSet;

use evcxr::CompilationError;
use serde_json::Value;

use super::generated::Living;
use super::ledger::{Ledger, Misfit, Page, Parts, names};

/// The impls among `items` that are to blame for all errors among the compiler's `messages` about the cell of `page`; none
/// where something else is wrong too.
pub fn find(messages: &[u8], items: &[Living], page: &Page) -> Vec<Misfit> {
    let Some(cell) = &page.cell else { return Vec::new() };
    let parts = Parts::of(&cell.code);
    let own: BTreeSet<&str> = parts.items.iter().filter_map(|item| item.name.as_deref()).collect();
    let messages = String::from_utf8_lossy(messages);
    let messages = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let mut misfits: Vec<Misfit> = Vec::new();
    for error in messages.filter(|message| message["level"] == "error") {
        let Some(place) = place_of(&error) else {
            // "aborting due to 2 previous errors"
            if error["spans"].as_array().is_some_and(Vec::is_empty) && error["code"].is_null() {
                continue;
            }
            return Vec::new();
        };
        let Some(misfit) = items.iter().find_map(|item| misfit(item, place, &own, &error)) else { return Vec::new() };
        if place.0 == cell.number {
            return Vec::new();
        }
        if misfits.iter().all(|known| known.text != misfit.text) {
            misfits.push(misfit);
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

/// `item` as a misfit, if `error` is in it and its head names one of the running cell's `own` definitions.
fn misfit(item: &Living, (cell, line): (u32, usize), own: &BTreeSet<&str>, error: &Value) -> Option<Misfit> {
    let (home, first) = item.place?;
    let is_there = home == cell && (first..first + item.text.lines().count()).contains(&line);
    if !is_there || item.name.is_some() || item.is_import {
        return None;
    }
    let head = head_of(&item.text)?;
    let type_name = names(&head).find(|name| own.contains(name))?.to_owned();
    let why = error["message"].as_str().unwrap_or_default().to_owned();
    Some(Misfit { text: item.written.clone(), cell, head, type_name, why, line })
}

/// Told when an impl is set aside.
pub fn told(misfit: &Misfit) -> String {
    let Misfit { cell, head, type_name, why, line, .. } = misfit;
    format!(
        "`{head}` of cell {cell} does not fit the new `{type_name}` ({why}, in its line {line}): it is set aside until it is \
         run again\n"
    )
}

/// Where the compiler misses a method: the impls set aside that may have it, and that were not written again since.
pub fn explain(errors: &[CompilationError], misfits: &[Misfit], ledger: &Ledger) -> BTreeSet<String> {
    let missing = errors.iter().filter(|error| matches!(error.code(), Some("E0599" | "E0277" | "E0369")));
    let messages: Vec<String> = missing.map(CompilationError::message).collect();
    let is_missed =
        |misfit: &&Misfit| messages.iter().any(|message| names(message).any(|name| name == misfit.type_name));
    let reason = |misfit: &Misfit| {
        let Misfit { cell, head, type_name, .. } = misfit;
        format!("`{head}` of cell {cell} was set aside when `{type_name}` was redefined; run it again with what fits")
    };
    let is_written_again = |misfit: &&Misfit| {
        let mut later =
            ledger.cells().filter(|cell| cell.number > misfit.cell).flat_map(|cell| Parts::of(&cell.code).items);
        later.any(|item| head_of(&item.text) == Some(misfit.head.clone()))
    };
    misfits.iter().filter(is_missed).filter(|misfit| !is_written_again(misfit)).map(reason).collect()
}

/// What stands before the braces of an impl.
fn head_of(item: &str) -> Option<String> {
    let (head, _) = item.split_once('{')?;
    Some(head.split_whitespace().collect::<Vec<_>>().join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    const IMPL: &str = "impl Area for P {\n fn area(&self) -> i64 {\n  self.x\n }\n}";

    fn error(file: &str, line: usize) -> String {
        let span = serde_json::json!({"file_name": file, "line_start": line, "is_primary": true});
        serde_json::json!({"level": "error", "message": "no field `x`", "code": {"code": "E0609"}, "spans": [span]})
            .to_string()
    }

    /// The heads of what is found when cell 2 is the impl and cell 3 defines `P` anew.
    fn found(errors: &[String]) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        let mut ledger = Ledger::default();
        for (number, text) in [(1, "struct P { x: i64 }"), (2, IMPL), (3, "struct P { y: i64 }")] {
            ledger.note(number, text);
        }
        ledger.save(folder.path()).unwrap();
        let page = Page::load(folder.path()).unwrap();
        let item = |text: &str, name: Option<&str>, place| Living {
            text: text.into(),
            written: text.into(),
            name: name.map(str::to_owned),
            is_import: false,
            place: Some(place),
        };
        let items = [item("struct P { y: i64 }", Some("P"), (3, 1)), item(IMPL, None, (2, 1))];
        let aborting = serde_json::json!({"level": "error", "message": "aborting", "code": null, "spans": []});
        let messages = format!("{}\n{aborting}\n", errors.join("\n"));
        find(messages.as_bytes(), &items, &page).into_iter().map(|misfit| misfit.head).collect()
    }

    #[test]
    fn an_impl_of_another_cell_is_set_aside_when_all_errors_are_its() {
        let there = error("cell 2/items.rs", 3);
        assert_eq!(found(&[there.clone(), there.clone()]), ["impl Area for P"]);
        for other in [error("cell 3/lib.rs", 1), error("cell 3/items.rs", 1), error("cell 2/items.rs", 9)] {
            assert!(found(&[there.clone(), other.clone()]).is_empty(), "{other}");
        }
    }
}
