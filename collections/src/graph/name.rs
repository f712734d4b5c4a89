//! Names of Rust types, functions and places, as pictures and errors show them.

use std::any::type_name;
use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

/// A type's name, as [`type_name`] gives it, without the paths of modules.
///
/// ```
/// # use std::any::type_name;
/// assert_eq!(lazuli::graph::short_name(type_name::<Vec<(String, u8)>>()), "Vec<(String, u8)>");
/// ```
pub fn short_name(name: &str) -> String {
    let mut short = String::new();
    let mut word = 0;
    for character in name.chars() {
        if character == ':' {
            short.truncate(word);
            continue;
        }
        short.push(character);
        if !(character.is_alphanumeric() || character == '_') {
            word = short.len();
        }
    }
    short
}

/// The last name in the path of function `F`; `closure` for a closure, `function` for a pointer.
///
/// ```
/// fn name<F: Fn(f64) -> f64>(_: F) -> &'static str { lazuli::graph::function_name::<F>() }
/// assert_eq!(name(f64::sqrt), "sqrt");
/// assert_eq!(name(|x| x + 1.0), "closure");
/// ```
pub fn function_name<F>() -> &'static str {
    last_name(type_name::<F>())
}

fn last_name(path: &'static str) -> &'static str {
    if path.ends_with("{{closure}}") {
        return "closure";
    }
    let (mut depth, mut start, mut end) = (0, 0, path.len());
    let mut previous = b' ';
    for (index, byte) in path.bytes().enumerate() {
        match byte {
            b'(' if depth == 0 => return "function",
            b'<' => {
                if depth == 0 && end == path.len() {
                    end = index;
                }
                depth += 1;
            }
            b'>' if previous != b'-' => depth -= 1,
            b':' if depth == 0 => (start, end) = (index + 1, path.len()),
            _ => {}
        }
        previous = byte;
    }
    &path[start..end]
}

/// `name` for good: each distinct one is kept once. For names of which there are few: files, operations.
pub(crate) fn interned(name: &str) -> &'static str {
    static NAMES: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());
    let mut names = NAMES.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(name) = names.get(name) {
        return name;
    }
    let name: &'static str = Box::leak(name.into());
    names.insert(name);
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_named_by_their_last_name() {
        assert_eq!(last_name("ctx::add"), "add");
        assert_eq!(last_name("ctx::largest<alloc::string::String>"), "largest");
        assert_eq!(last_name("<f64 as core::ops::arith::Add>::add"), "add");
        assert_eq!(last_name("ctx::run_user_code_1::{{closure}}"), "closure");
        assert_eq!(last_name("fn(i64, i64) -> i64"), "function");
        assert_eq!(last_name("core::option::Option<fn(i64) -> i64>::map<u8>"), "map");
    }

    #[test]
    fn types_lose_their_paths_only() {
        assert_eq!(
            short_name("std::collections::hash::map::HashMap<alloc::string::String, [ctx::P; 2]>"),
            "HashMap<String, [P; 2]>"
        );
        assert_eq!(short_name("&str"), "&str");
    }
}
