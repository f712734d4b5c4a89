//! What stands behind a type: the definitions of the user's that it names, directly or through each other. Imports:
//! ledger.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use super::ledger::names;

/// The texts of all types, traits, aliases and constants by name.
#[derive(Debug)]
pub struct Definitions<'a> {
    texts: BTreeMap<&'a str, &'a str>,
}

impl<'a> Definitions<'a> {
    /// Names and texts of items; of one name the last counts.
    pub fn of(items: impl Iterator<Item = (&'a str, &'a str)>) -> Self {
        Definitions { texts: items.filter(|(_, text)| !text.starts_with("fn ")).collect() }
    }

    /// Names and texts of what stands behind `type_name`.
    pub fn behind(&self, type_name: &str) -> BTreeMap<&'a str, &'a str> {
        let mut found = BTreeMap::new();
        let mut waiting = vec![type_name];
        while let Some(text) = waiting.pop() {
            for name in names(text) {
                if let Some((&name, &text)) = self.texts.get_key_value(name)
                    && found.insert(name, text).is_none()
                {
                    waiting.push(text);
                }
            }
        }
        found
    }

    /// All that stands behind `type_name`, as one number. Every cell is a crate of the same name, so a `TypeId` does not
    /// see that a struct was redefined; this does.
    pub fn fingerprint(&self, type_name: &str) -> u64 {
        let behind = self.behind(type_name);
        if behind.is_empty() {
            return 0;
        }
        let mut hash = DefaultHasher::new();
        behind.hash(&mut hash);
        hash.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_sees_the_fields_of_the_types_a_type_names() {
        let of = |text| Definitions::of([("Q", text), ("R", "struct R { q: Q }")].into_iter()).fingerprint("Vec<R>");
        assert_ne!(of("struct Q { a: i64 }"), of("struct Q { a: String }"));
        assert_eq!(of("struct Q { a: i64 }"), of("struct Q { a: i64 }"));
    }

    #[test]
    fn what_stands_behind_a_type_is_found_through_what_it_names() {
        let items =
            [("Q", "struct Q;"), ("R", "struct R { q: Q, f: f }"), ("f", "fn f() -> S { S }"), ("S", "struct S;")];
        let behind = Definitions::of(items.into_iter()).behind("Vec<R>");
        assert_eq!(behind.into_keys().collect::<Vec<_>>(), ["Q", "R"]);
    }
}
