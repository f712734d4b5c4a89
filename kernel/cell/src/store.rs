//! The variables that outlive a cell. Each carries the fingerprint of its type: every cell is the
//! crate `ctx`, and a `TypeId` does not see the fields of a struct, so that a redefined struct would
//! otherwise be read with the new layout from the old bytes.

use std::any::{Any, TypeId};
use std::collections::HashMap;

/// Variables by name.
#[derive(Debug, Default)]
pub struct Store {
    variables: HashMap<String, Variable>,
    /// Names asked for and not found or of another type, for the kernel to forget.
    lost: Vec<String>,
}

#[derive(Debug)]
struct Variable {
    value: Box<dyn Any>,
    fingerprint: u64,
}

impl Store {
    /// Keeps `value`; `fingerprint` stands for the text of the user types that its type names.
    #[doc(hidden)]
    pub fn put<T: 'static>(&mut self, name: &str, fingerprint: u64, value: T) {
        self.insert(name, fingerprint, Box::new(value));
    }

    /// Whether `name` is here as a `T` of the same text; if not it is dropped and noted as lost.
    #[doc(hidden)]
    pub fn has<T: 'static>(&mut self, name: &str, fingerprint: u64) -> bool {
        self.check(name, fingerprint, TypeId::of::<T>())
    }

    /// Takes a variable that [`Store::has`] found.
    #[doc(hidden)]
    pub fn take<T: 'static>(&mut self, name: &str) -> T {
        match self.remove(name).downcast() {
            Ok(value) => *value,
            Err(_) => unchecked(),
        }
    }

    /// The names of all variables, separated by spaces.
    pub fn names(&self) -> String {
        self.variables.keys().map(String::as_str).collect::<Vec<_>>().join(" ")
    }

    /// The names lost since the last call.
    pub fn take_lost(&mut self) -> Vec<String> {
        std::mem::take(&mut self.lost)
    }

    #[inline(never)]
    fn insert(&mut self, name: &str, fingerprint: u64, value: Box<dyn Any>) {
        self.variables.insert(name.to_owned(), Variable { value, fingerprint });
    }

    #[inline(never)]
    fn check(&mut self, name: &str, fingerprint: u64, of: TypeId) -> bool {
        let found = self
            .variables
            .get(name)
            .is_some_and(|variable| variable.fingerprint == fingerprint && (*variable.value).type_id() == of);
        if !found {
            self.lost.push(name.to_owned());
            // Its drop runs the code that its own cell compiled.
            self.variables.remove(name);
        }
        found
    }

    #[inline(never)]
    fn remove(&mut self, name: &str) -> Box<dyn Any> {
        self.variables.remove(name).unwrap_or_else(|| unchecked()).value
    }
}

#[cold]
fn unchecked() -> ! {
    panic!("a variable is taken only after `has` has found it")
}
