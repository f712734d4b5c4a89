//! A partition of a bag as a value: a `Vec<T>` with its size.

use super::Element;
use crate::graph::{Value, occupied};

/// A partition of `elements`.
pub(super) fn value<T: Element>(elements: Vec<T>) -> Value {
    let bytes = if const { std::mem::needs_drop::<T>() } {
        measured(elements.len(), &|index| occupied(&elements[index]))
    } else {
        size_of_val(&*elements)
    };
    Value::new(elements, bytes)
}

/// A partition of `elements` that stay in this process; what they own on the heap is not known.
pub(super) fn local<T: Send + Sync + 'static>(elements: Vec<T>) -> Value {
    let bytes = size_of_val(&*elements);
    Value::local(elements, bytes)
}

/// The bytes of `length` elements, of which a few are measured.
fn measured(length: usize, size: &dyn Fn(usize) -> usize) -> usize {
    const SAMPLE: usize = 8;
    let sample = (0..length).step_by(length.div_ceil(SAMPLE).max(1));
    let count = sample.len();
    let bytes: usize = sample.map(size).sum();
    (length * bytes).checked_div(count).unwrap_or(0)
}
