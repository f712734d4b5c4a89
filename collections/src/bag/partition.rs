//! Work on one partition: a `Vec<T>` behind a value, with its size.

use std::sync::Arc;

use super::{Element, measure};
use crate::graph::{Task, Value, WrongType};

/// The elements of a partition.
pub(super) enum Elements<T> {
    /// Nobody else reads them: they can be moved.
    Owned(Vec<T>),
    /// Others read them too.
    Shared(Arc<Vec<T>>),
}

/// The elements that a task reads.
pub(super) fn elements<T: Element>(task: Task) -> Result<Elements<T>, WrongType> {
    let value = task.into_values().next().expect("a partition is read");
    Ok(match Arc::try_unwrap(value.share()?) {
        Ok(owned) => Elements::Owned(owned),
        Err(shared) => Elements::Shared(shared),
    })
}

/// A partition of `elements`.
pub(super) fn value<T: Element>(elements: Vec<T>) -> Value {
    let bytes = bytes(elements.iter());
    Value::new(elements, bytes)
}

/// About how many bytes `elements` occupy: a few of them are measured.
pub(super) fn bytes<'a, T: Element>(elements: impl ExactSizeIterator<Item = &'a T>) -> usize {
    const SAMPLE: usize = 8;
    let length = elements.len();
    if const { !std::mem::needs_drop::<T>() } || length == 0 {
        return length * size_of::<T>();
    }
    let (mut bytes, mut count) = (0, 0);
    for element in elements.step_by(length.div_ceil(SAMPLE)) {
        bytes += measure::size(element);
        count += 1;
    }
    length * bytes / count
}
