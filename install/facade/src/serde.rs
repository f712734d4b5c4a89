//! serde, for a reader that runs no proc macro.
//!
//! rust-analyzer inside evcxr does not expand `#[derive(Serialize, Deserialize)]`, so a type of a cell would lack both traits, and
//! every method that asks for them would go unfound. In the small world every type has them: only rustc checks who really does.

use std::path::Path;

/// The traits whose `impl`s give way to the blanket ones.
pub(crate) const FORGET: &[&str] = &["Serialize", "Deserialize"];

/// The crate that defines the traits.
pub(crate) const CRATE: &str = "serde_core";

/// Whether a file holds nothing but `impl`s of the traits.
pub(crate) fn is_impls(file: &Path) -> bool {
    ["src/ser/impls.rs", "src/de/impls.rs"].map(Path::new).contains(&file)
}

/// What is to stand behind the text of a file of that crate.
pub(crate) fn blanket(file: &str) -> Option<&'static str> {
    match file {
        "src/ser/mod.rs" => Some(
            "impl<T: ?Sized> Serialize for T { \
             fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {loop{}} }\n",
        ),
        "src/de/mod.rs" => Some(
            "impl<'de, T> Deserialize<'de> for T { \
             fn deserialize<D: Deserializer<'de>>(_: D) -> Result<Self, D::Error> {loop{}} }\n",
        ),
        _ => None,
    }
}
