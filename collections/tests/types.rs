//! The types that rust-analyzer must see (`install/facade/tests/inference`) are those that rustc gives.
//!
//! Every `let` there is checked by both: rust-analyzer infers it from the small world of signatures, rustc here from the
//! library that cells link with. So the world cannot drift from the library.

#![recursion_limit = "1024"]

use std::any::{TypeId, type_name};
use std::marker::PhantomData;

/// A type as the compiler knows it, and as it prints it.
type Type = (TypeId, &'static str);

fn type_of<T: 'static>() -> Type {
    (TypeId::of::<T>(), type_name::<T>())
}

/// One `let` of a file: its text, the type it should have and the type it has.
struct Binding {
    text: &'static str,
    expected: Type,
    found: Type,
}

/// The types of variables, as a list that exists at compile time only.
trait Types {
    fn list() -> Vec<Type>;
}

impl Types for () {
    fn list() -> Vec<Type> {
        Vec::new()
    }
}

impl<Before: Types, T: 'static> Types for (Before, PhantomData<T>) {
    fn list() -> Vec<Type> {
        let mut list = Before::list();
        list.push(type_of::<T>());
        list
    }
}

/// The list with one more variable, whose type is not influenced by that.
fn and<Before: Types, T: 'static>(before: Before, _: &T) -> (Before, PhantomData<T>) {
    (before, PhantomData)
}

/// The types that the closure lists. It is not called.
fn listed<T: Types, F: FnOnce() -> Result<T, Box<dyn std::error::Error>>>(_: F) -> Vec<Type> {
    T::list()
}

/// Takes the `let`s of a file. The types they name are compared with what the compiler infers without them.
macro_rules! types {
    ($(let $name:ident: $expected:ty = $value:expr;)*) => {
        pub fn bindings() -> Vec<super::Binding> {
            let found = super::listed(|| {
                let types = ();
                $(
                    let $name = $value;
                    let types = super::and(types, &$name);
                )*
                Ok(types)
            });
            let expected = [$((stringify!(let $name = $value), super::type_of::<$expected>())),*];
            let pairs = expected.into_iter().zip(found);
            pairs.map(|((text, expected), found)| super::Binding { text, expected, found }).collect()
        }
    };
}

#[path = "../../install/facade/tests/inference/lazuli.rs"]
mod of_lazuli;
#[path = "../../install/facade/tests/inference/ndarray.rs"]
mod of_ndarray;
#[path = "../../install/facade/tests/inference/polars.rs"]
mod of_polars;
#[path = "../../install/facade/tests/inference/rayon.rs"]
mod of_rayon;
#[path = "../../install/facade/tests/inference/serde.rs"]
mod of_serde;
#[path = "../../install/facade/tests/inference/std.rs"]
mod of_std;

#[test]
fn rustc_gives_every_let_the_type_that_is_expected_of_rust_analyzer() {
    let files = [
        of_lazuli::bindings(),
        of_ndarray::bindings(),
        of_polars::bindings(),
        of_rayon::bindings(),
        of_serde::bindings(),
        of_std::bindings(),
    ];
    let wrong = files.iter().flatten().filter(|binding| binding.expected.0 != binding.found.0);
    let wrong: Vec<String> = wrong
        .map(|Binding { text, expected, found }| {
            format!("{text}\n    expected {}\n    found    {}", expected.1, found.1)
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_wrong_type_is_seen() {
    mod wrong {
        types! {
            let small: u64 = 5;
            let text: String = format!("{small}");
        }
    }
    let [small, text] = &wrong::bindings()[..] else { panic!("two bindings") };
    assert_eq!((small.expected.1, small.found.1), ("u64", "i32"));
    assert_eq!(text.expected, text.found);
}
