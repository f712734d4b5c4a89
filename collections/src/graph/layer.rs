//! A layer: one operation over many partitions, with where it came from and how to draw it.

use std::borrow::Cow;
use std::fmt;
use std::mem::offset_of;
use std::sync::Arc;

use smallvec::SmallVec;

use super::fuse::{Source, Sources};
use super::operation::Travel;
use super::{Key, Operation, Origin, Pattern, short_name};
use crate::prefetch::prefetch;

/// One operation over many partitions.
///
/// Its fields stand in an order, as there may be millions of layers and each line of memory that a pass over them reads
/// costs: first what planning reads, then what running reads, and what is only shown.
#[derive(Debug)]
#[repr(C)]
pub struct Layer {
    key: Key,
    inputs: Inputs,
    tasks: u32,
    /// Whether it may run in one task with what reads it 1:1.
    fuses: bool,
    operation: Operation,
    origin: Origin,
    picture: Picture,
    /// What fusion made it from; none for a layer as it was built.
    fused: Option<Box<Fused>>,
}

#[derive(Debug)]
struct Fused {
    /// The layers as they were built, inputs first.
    parts: Vec<Arc<Layer>>,
    /// Where each of the parts finds its inputs, if there are several.
    wiring: Vec<Sources>,
}

/// What a layer reads: most read one other, and there may be millions of layers.
pub(super) type Inputs = SmallVec<[Input; 1]>;

/// An edge of the graph of layers.
#[derive(Clone, Debug)]
pub struct Input {
    /// The layer that is read.
    pub layer: Arc<Layer>,
    /// Which of its partitions each task reads.
    pub pattern: Pattern,
}

/// What a picture of the graph says about a layer.
#[derive(Clone, Debug, Default)]
pub struct Picture {
    /// The collection: `Array`, `Bag`, `DataFrame` or `Delayed`.
    pub collection: &'static str,
    /// One line more: dtype and shape, schema, element type.
    pub detail: Detail,
    /// Number of chunks along each axis; empty for what is not an array.
    pub grid: Box<[usize]>,
}

/// One line about what a layer makes.
#[derive(Clone, Debug)]
pub enum Detail {
    /// The line itself.
    Text(Box<str>),
    /// The name of a Rust type, as the compiler spells it: it is shortened when it is drawn, not for each layer.
    Type(&'static str),
}

impl Default for Detail {
    fn default() -> Self {
        Detail::Text("".into())
    }
}

impl<S: Into<String>> From<S> for Detail {
    fn from(text: S) -> Self {
        Detail::Text(text.into().into())
    }
}

impl fmt::Display for Detail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Detail::Text(text) => f.write_str(text),
            Detail::Type(name) => f.write_str(&short_name(name)),
        }
    }
}

/// Builds a layer; made by [`Layer::of`].
#[derive(Debug)]
pub struct LayerBuilder {
    operation: Operation,
    tasks: usize,
    inputs: Inputs,
    origin: Origin,
    picture: Picture,
    fuses: bool,
}

impl Layer {
    /// Begins a layer that runs `operation` on each of `tasks` partitions.
    #[inline]
    pub fn of(operation: Operation, tasks: usize, origin: Origin) -> LayerBuilder {
        LayerBuilder { operation, tasks, inputs: Inputs::new(), origin, picture: Picture::default(), fuses: true }
    }

    /// The name of this work.
    #[inline]
    pub fn key(&self) -> Key {
        self.key
    }

    /// What each task runs.
    #[inline]
    pub fn operation(&self) -> &Operation {
        &self.operation
    }

    /// Number of tasks, which is the number of partitions made.
    #[inline]
    pub fn tasks(&self) -> usize {
        self.tasks as usize
    }

    /// The layers that are read, in the order in which the operation expects them.
    #[inline]
    pub fn inputs(&self) -> &[Input] {
        &self.inputs
    }

    /// Where in the user's code this layer was built.
    pub fn origin(&self) -> Origin {
        self.origin
    }

    /// What a picture says about this layer.
    pub fn picture(&self) -> &Picture {
        &self.picture
    }

    /// The layers as the user built them: more than this one after fusion, inputs first.
    #[inline]
    pub fn parts(self: &Arc<Self>) -> &[Arc<Layer>] {
        self.fused.as_ref().map_or(std::slice::from_ref(self), |fused| &fused.parts)
    }

    /// Its operation; of several that were fused, all of them as they run, `random → sin → add`, or of many the ends.
    pub fn title(self: &Arc<Self>) -> Cow<'static, str> {
        if self.fused.is_none() {
            return self.operation.name().into();
        }
        let names: Vec<&'static str> = self.parts().iter().map(|part| part.operation().name()).collect();
        match &names[..] {
            [one] => Cow::Borrowed(*one),
            [first, second, .., last] if names.len() > 5 => format!("{first} → {second} → … → {last}").into(),
            all => all.join(" → ").into(),
        }
    }

    /// Where each of the parts finds its inputs: among the inputs of the layer, or the parts before.
    pub(crate) fn wiring(&self) -> Vec<Sources> {
        match &self.fused {
            Some(fused) if !fused.wiring.is_empty() => fused.wiring.clone(),
            _ => vec![(0..self.inputs.len() as u32).map(Source::Input).collect()],
        }
    }

    /// Whether a task of this layer may run in one with a task that reads it 1:1.
    #[inline]
    pub(super) fn fuses(&self) -> bool {
        self.fuses && !matches!(self.operation.travel(), Travel::Holds)
    }

    /// Asks for the memory of the layer, which will be read soon.
    #[inline]
    pub(crate) fn prefetch(&self) {
        self.prefetch_until(size_of::<Layer>());
    }

    /// Asks for what planning reads of the layer.
    #[inline]
    pub(super) fn prefetch_for_planning(&self) {
        self.prefetch_until(offset_of!(Layer, operation));
    }

    /// Asks for what running reads of the layer.
    #[inline]
    pub(super) fn prefetch_for_running(&self) {
        self.prefetch_until(offset_of!(Layer, origin));
    }

    #[inline]
    fn prefetch_until(&self, end: usize) {
        let start = std::ptr::from_ref(self).addr();
        prefetch(start..start + end);
    }

    /// The layer that does the work of `parts` by `operation`; it has the key of the last, whose partitions it makes.
    pub(super) fn fused(
        operation: Operation,
        inputs: Inputs,
        parts: Vec<Arc<Layer>>,
        wiring: Vec<Sources>,
    ) -> Arc<Layer> {
        let last = parts.last().expect("something was fused");
        let (key, tasks, origin, picture) = (last.key, last.tasks, last.origin, last.picture.clone());
        let fused = Some(Box::new(Fused { parts, wiring }));
        Arc::new(Layer { key, operation, tasks, inputs, origin, picture, fuses: true, fused })
    }
}

impl LayerBuilder {
    /// Reads `node` by `pattern`.
    ///
    /// The key of a layer does not see its patterns: equal operations over equal inputs must read alike, so the
    /// parameters of an operation (with the number of its tasks) determine the patterns it is read by.
    ///
    /// # Panics
    /// If `node` has not the partitions that the pattern reads.
    #[track_caller]
    pub fn reads(mut self, node: &super::Node, pattern: Pattern) -> Self {
        self.take(node.clone(), pattern);
        self
    }

    /// [`reads`](LayerBuilder::reads) of a node that nobody else needs.
    #[inline]
    #[track_caller]
    pub(crate) fn take(&mut self, node: super::Node, pattern: Pattern) {
        if let Some(partition) = pattern.reads_beyond(self.tasks, node.partitions()) {
            panic!(
                "{} of {} partitions cannot read partition {partition} of `{}`, which has {}",
                self.operation.name(),
                self.tasks,
                node.layer().operation().name(),
                node.partitions(),
            );
        }
        self.inputs.push(Input { layer: node.into_layer(), pattern });
    }

    /// What a picture says about this layer.
    #[inline]
    pub fn drawn(mut self, picture: Picture) -> Self {
        self.picture = picture;
        self
    }

    /// Keeps each task of the layer a task of its own: what the user called by name is seen by name.
    #[inline]
    pub fn by_itself(mut self) -> Self {
        self.fuses = false;
        self
    }

    /// The finished layer as a node that collections hold.
    pub fn build(self) -> super::Node {
        let LayerBuilder { operation, tasks, inputs, origin, picture, fuses } = self;
        let name = operation.name();
        let Ok(tasks) = u32::try_from(tasks) else {
            panic!("{name} would have {tasks} partitions, more than can be told apart; make them larger")
        };
        let key = match operation.travel() {
            Travel::Anywhere(wire) => {
                let inputs = inputs.iter().map(|input| input.layer.key);
                Key::of_work(name, wire.code, tasks as usize, &wire.parameters, inputs)
            }
            Travel::Holds | Travel::Stays | Travel::Captures { .. } | Travel::Unwritten(_) => Key::unique(),
        };
        super::Node::new(Arc::new(Layer { key, operation, tasks, inputs, origin, picture, fuses, fused: None }))
    }
}

impl Drop for Layer {
    /// Frees a long chain of layers without recursion.
    fn drop(&mut self) {
        let mut inputs = std::mem::take(&mut self.inputs);
        while let Some(input) = inputs.pop() {
            if let Some(mut layer) = Arc::into_inner(input.layer) {
                inputs.append(&mut layer.inputs);
                if let Some(next) = inputs.last() {
                    next.layer.prefetch();
                }
            }
        }
    }
}
