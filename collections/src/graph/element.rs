//! What can leave this process: elements of bags, results of calls, parameters of operations.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Value, measure};

/// What a bag can hold and a call can take and return: any type that can be cloned, sent to another thread, and
/// serialized.
///
/// Nothing need be implemented: in a cell, `#[derive(Clone, Serialize, Deserialize)]` makes an element.
/// Texts are `String`s, as a `&str` borrows from somewhere.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be an element of a bag, nor an argument or the result of `call`",
    note = "derive `Clone, Serialize, Deserialize` for it; or use `map_local` or `call_local`, whose results stay in this process",
    note = "for texts take `String`, not `&str`"
)]
pub trait Element: Clone + Send + Sync + Serialize + DeserializeOwned + 'static {}

#[diagnostic::do_not_recommend]
impl<T: Clone + Send + Sync + Serialize + DeserializeOwned + 'static> Element for T {}

impl Value {
    /// Wraps `data`, whose size is measured, written and read by its serde implementation.
    ///
    /// ```
    /// # use lazuli::graph::Value;
    /// assert_eq!(Value::of([1_i64, 2]).bytes(), 16);
    /// assert_eq!(Value::of(String::from("lapis")).bytes(), 29);
    /// ```
    pub fn of<T: Element>(data: T) -> Value {
        let bytes = measure::occupied(&data);
        Value::new(data, bytes)
    }
}
