//! Fingerprints of types: every cell is a crate of the same name, so a `TypeId` does not see that a struct was redefined;
//! a number made of the texts of the user's types does. Imports: ledger.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use super::ledger::{Item, names};

/// The text of the user types that a type names, as one number.
pub struct Fingerprints<'a> {
    items: BTreeMap<&'a str, Vec<&'a str>>,
}

impl<'a> Fingerprints<'a> {
    pub fn of(living: &'a [Item]) -> Self {
        let mut items: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for item in living {
            if let (Some(name), false) = (&item.name, item.text.starts_with("fn ")) {
                items.entry(name).or_default().push(&item.text);
            }
        }
        Fingerprints { items }
    }

    pub fn of_type(&self, type_name: &str) -> u64 {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_sees_the_fields_of_the_types_a_type_names() {
        let item =
            |text: &str, name: &str| Item { text: text.into(), line: 1, name: Some(name.into()), is_import: false };
        let of = |text: &str| Fingerprints::of(&[item(text, "Q"), item("struct R { q: Q }", "R")]).of_type("Vec<R>");
        assert_ne!(of("struct Q { a: i64 }"), of("struct Q { a: String }"));
        assert_eq!(of("struct Q { a: i64 }"), of("struct Q { a: i64 }"));
    }
}
