//! What a notebook imports: `use lazuli::prelude::*;`

pub use crate::array::{Array, from_ndarray, full, ones, random, zeros};
pub use crate::compute;
pub use crate::delayed::{Delayed, call, delayed, try_call};
pub use crate::schedule::{Scheduler, set_scheduler, with_scheduler};
