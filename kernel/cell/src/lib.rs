//! What every compiled cell calls, precompiled: the variables that outlive a cell ([`Store`]), how a
//! part of a cell ends ([`guard`], [`Failure`]), how its last expression is shown ([`show!`]), and the
//! connection to the kernel that carries all this ([`channel`]).
//!
//! Knows nothing of the collections. std only.

#![deny(missing_docs, missing_debug_implementations)]

pub mod channel;
mod json;
mod opening;
pub mod outcome;
mod show;
mod store;

pub use outcome::{Failure, guard};
#[doc(hidden)]
pub use show::{Fallback, Items};
pub use store::Store;
