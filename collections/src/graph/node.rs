//! The untyped handle inside every collection. Its drop stays in this library, so that a cell that
//! holds a collection compiles none of the graph's code.

use std::mem::ManuallyDrop;
use std::sync::Arc;

use super::Layer;

/// A reference to a layer; cheap to clone.
#[derive(Debug)]
pub struct Node(ManuallyDrop<Arc<Layer>>);

impl Node {
    pub(super) fn new(layer: Arc<Layer>) -> Self {
        Node(ManuallyDrop::new(layer))
    }

    /// The layer itself.
    pub fn layer(&self) -> &Arc<Layer> {
        &self.0
    }

    /// Gives up the handle for the layer.
    #[expect(unsafe_code, reason = "the handle is not dropped")]
    pub(super) fn into_layer(self) -> Arc<Layer> {
        let mut node = ManuallyDrop::new(self);
        // SAFETY: taken once, from a handle that is never used or dropped again.
        unsafe { ManuallyDrop::take(&mut node.0) }
    }

    /// Number of partitions.
    pub fn partitions(&self) -> usize {
        self.0.tasks()
    }
}

impl Clone for Node {
    #[inline(never)]
    fn clone(&self) -> Self {
        Node(self.0.clone())
    }
}

impl Drop for Node {
    #[inline(never)]
    #[expect(unsafe_code, reason = "keeps the drop glue of the graph out of every cell")]
    fn drop(&mut self) {
        // SAFETY: dropped once, here, and not used afterwards.
        unsafe { ManuallyDrop::drop(&mut self.0) }
    }
}
