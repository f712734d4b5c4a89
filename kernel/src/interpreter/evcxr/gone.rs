//! Variables that went because something their type is made of was redefined: told when it happens, and once more when a
//! cell asks for one. Imports: ledger, definitions.

use std::collections::{BTreeMap, BTreeSet};

use evcxr::CompilationError;

use super::definitions::Definitions;
use super::ledger::{Item, Ledger, Parts};

/// Names and types of variables.
pub type Variables = BTreeMap<String, String>;

/// Why variables went, by name.
#[derive(Debug, Default)]
pub struct Gone {
    reasons: BTreeMap<String, Reason>,
}

#[derive(Debug)]
struct Reason {
    /// What was redefined, and in which cell.
    item: String,
    cell: u32,
}

impl Gone {
    /// Notes what the last cell of `ledger` has done to the variables that were there `before`; a line for each that went.
    pub fn note(&mut self, ledger: &Ledger, before: &Variables, after: &Variables) -> Vec<String> {
        self.reasons.retain(|name, _| !after.contains_key(name));
        let mut lost = before.iter().filter(|(name, _)| !after.contains_key(*name)).peekable();
        let mut cells = ledger.cells();
        let Some(cell) = cells.next_back().filter(|_| lost.peek().is_some()) else {
            return Vec::new();
        };
        let old: Vec<Item> = cells.flat_map(|earlier| Parts::of(&earlier.code).items).collect();
        let new = Parts::of(&cell.code).items;
        let is_new = |new: &&Item| old.iter().any(|old| old.name == new.name && old.text != new.text);
        let redefined: BTreeSet<&str> = new.iter().filter(is_new).filter_map(|item| item.name.as_deref()).collect();
        let definitions = Definitions::of(old.iter().filter_map(|item| Some((item.name.as_deref()?, &*item.text))));
        let mut lines = Vec::new();
        for (name, type_name) in lost {
            let mut behind = definitions.behind(type_name).into_keys();
            let Some(item) = behind.find(|item| redefined.contains(item)) else { continue };
            lines.push(format!(
                "`{item}` was redefined: the variable `{name}: {type_name}` had the old one and is gone\n"
            ));
            self.reasons.insert(name.clone(), Reason { item: item.to_owned(), cell: cell.number });
        }
        lines
    }

    /// Where the compiler does not find variables that went: why they did.
    pub fn explain(&self, errors: &[CompilationError]) -> BTreeSet<String> {
        let unknown = errors.iter().filter(|error| error.code() == Some("E0425")).map(CompilationError::message);
        unknown.filter_map(|message| self.reason(&message)).collect()
    }

    /// `message` is such as "cannot find value `r` in this scope".
    fn reason(&self, message: &str) -> Option<String> {
        let name = message.split('`').nth(1)?;
        let Reason { item, cell } = self.reasons.get(name)?;
        Some(format!("`{name}` was made with another `{item}` and went when cell {cell} redefined that; make it anew"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables(names_and_types: &[(&str, &str)]) -> Variables {
        names_and_types.iter().map(|(name, ty)| ((*name).to_owned(), (*ty).to_owned())).collect()
    }

    fn ledger(cells: &[&str]) -> Ledger {
        let mut ledger = Ledger::default();
        for (number, cell) in (1..).zip(cells) {
            ledger.note(number, cell);
        }
        ledger
    }

    #[test]
    fn a_variable_goes_with_what_its_type_is_made_of_and_the_name_remembers_why() {
        let mut gone = Gone::default();
        let ledger = ledger(&["struct Q { a: i64 }\nstruct R { q: Q }", "struct Q { a: u8 }"]);
        let before = variables(&[("n", "i64"), ("r", "Vec<R>")]);
        let told = gone.note(&ledger, &before, &variables(&[("n", "i64")]));
        assert_eq!(told, ["`Q` was redefined: the variable `r: Vec<R>` had the old one and is gone\n"]);
        assert!(gone.reason("cannot find value `r` in this scope").is_some_and(|why| why.contains("cell 2")));
        assert_eq!(gone.reason("cannot find value `n` in this scope"), None);
        gone.note(&ledger, &variables(&[]), &variables(&[("r", "Vec<R>")]));
        assert_eq!(gone.reason("cannot find value `r` in this scope"), None, "it was made anew");
    }

    #[test]
    fn a_variable_that_was_moved_did_not_go_for_an_unchanged_type() {
        let ledger = ledger(&["struct Q;", "struct Q;\ndrop(q);"]);
        assert!(Gone::default().note(&ledger, &variables(&[("q", "Q")]), &Variables::new()).is_empty());
    }
}
