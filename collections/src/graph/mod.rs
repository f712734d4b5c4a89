//! The graph that every collection builds: layers of tasks, made in O(1), turned into tasks only when
//! they run or are drawn. Knows nothing of arrays, frames or threads. Imports: nothing in-house.
//!
//! A [`Layer`] is one operation over many partitions; it reads other layers by a [`Pattern`]
//! (1:1, tree, all-to-all ...). A [`Plan`] is what remains of the graph for given targets: the tasks
//! that are needed, in an order that keeps memory low.

mod element;
mod format;
mod fuse;
mod key;
mod layer;
mod measure;
mod name;
mod node;
mod operation;
mod origin;
mod pattern;
mod plan;
mod value;

pub use element::Element;
pub(crate) use format::{read, write};
pub(crate) use fuse::{Place, Source, assembled, stopped_part};
pub use fuse::{enter_stage, fuse};
pub use key::Key;
pub use layer::{Detail, Input, Layer, LayerBuilder, Picture};
pub(crate) use measure::occupied;
pub(crate) use name::interned;
pub use name::{function_name, short_name};
pub use node::Node;
pub use operation::{Failure, Operation, Task, Work};
pub(crate) use operation::{Rebuild, Travel};
pub use origin::Origin;
pub use pattern::Pattern;
pub(crate) use plan::layers_under;
pub use plan::{Plan, TaskId};
pub use value::{Codec, Held, Value, WrongType};
