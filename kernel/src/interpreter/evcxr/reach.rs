//! Which items and variables a cell reaches by name. The others are left out: nine collections alive cost a cell that
//! adds two numbers nothing. Imports: ledger, definitions, generated.

use std::collections::BTreeSet;

use super::definitions::Definitions;
use super::generated::{Generated, Living, Variable};
use super::ledger::{Page, Parts, names};

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
        // A type that this cell redefines takes its variables with it, and those of types made of it: they are looked at,
        // and found to be old.
        let definitions = self.definitions();
        let is_redefined = |type_name: &str| definitions.behind(type_name).into_keys().any(|name| own.contains(name));
        let touched = |variable: &&Variable| statements.contains(&*variable.name) || is_redefined(&variable.type_name);
        let (loaded, kept) = (self.loaded.iter().filter(touched), self.kept.iter().filter(touched));
        (self.loaded, self.kept) = (loaded.cloned().collect(), kept.cloned().collect());
        let types = self.loaded.iter().chain(&self.bound).flat_map(|variable| names(&variable.type_name));
        let roots = statements.iter().copied().chain(own.iter().copied()).chain(types).map(str::to_owned).collect();
        let is_reached = reach(&self.items, roots);
        let mut is_reached = is_reached.into_iter();
        self.items.retain(|item| is_reached.next().unwrap_or(true) || current.code.contains(&item.text));
        self
    }
}

impl Generated {
    pub fn definitions(&self) -> Definitions<'_> {
        Definitions::of(self.items.iter().filter_map(|item| Some((item.name.as_deref()?, &*item.text))))
    }
}

/// Which items are reached by name from `known`, directly or through each other.
fn reach(items: &[Living], mut known: BTreeSet<String>) -> Vec<bool> {
    let defined: BTreeSet<&str> = items.iter().filter_map(|item| item.name.as_deref()).collect();
    let mut reached: Vec<bool> = items.iter().map(|item| item.is_import).collect();
    let is_known = |item: &Living, known: &BTreeSet<String>| match &item.name {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn item(text: &str, name: Option<&str>) -> Living {
        Living { text: text.into(), written: text.into(), name: name.map(str::to_owned), is_import: false, place: None }
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
    fn names_of_a_text_include_those_in_format_strings() {
        assert!(names("println!(\"{x} {y:?}\")").any(|name| name == "y"));
    }
}
