//! Work on one partition: a `Vec<T>` behind a value, with its size.

use std::sync::Arc;

use super::{Element, measure};
use crate::graph::{Held, Task, Value, WrongType};

/// The elements of a partition.
pub(super) enum Elements<T> {
    /// Nobody else reads them: they can be moved.
    Owned(Vec<T>),
    /// Others read them too.
    Shared(Arc<Held<Vec<T>>>),
}

/// The elements that a task reads.
pub(super) fn elements<T: Element>(task: Task) -> Result<Elements<T>, WrongType> {
    let value = task.into_values().next().expect("a partition is read");
    Ok(match Arc::try_unwrap(value.share::<Vec<T>>()?) {
        Ok(owned) => Elements::Owned(owned.into_inner()),
        Err(shared) => Elements::Shared(shared),
    })
}

/// A partition of `elements`.
pub(super) fn value<T: Element>(elements: Vec<T>) -> Value {
    let bytes = bytes(&elements);
    Value::new(elements, bytes)
}

/// About how many bytes `elements` occupy.
pub(super) fn bytes<T: Element>(elements: &[T]) -> usize {
    if const { std::mem::needs_drop::<T>() } {
        measured(elements.len(), &|index| measure::size(&elements[index]))
    } else {
        size_of_val(elements)
    }
}

/// The bytes of `length` elements, of which a few are measured.
fn measured(length: usize, size: &dyn Fn(usize) -> usize) -> usize {
    const SAMPLE: usize = 8;
    let sample = (0..length).step_by(length.div_ceil(SAMPLE).max(1));
    let count = sample.len();
    let bytes: usize = sample.map(size).sum();
    (length * bytes).checked_div(count).unwrap_or(0)
}
