//! One file for each kind of request. Imports: interpreter, session, status, worker, output, cursor.
//!
//! Most are plain functions from a request to its reply. Those that need the interpreter come in two halves: `begin` makes the job, and
//! `finish` makes the reply out of its answer.

pub(crate) mod comm;
pub(crate) mod complete;
pub(crate) mod execute;
pub(crate) mod history;
pub(crate) mod inspect;
pub(crate) mod interrupt;
pub(crate) mod is_complete;
pub(crate) mod kernel_info;
pub(crate) mod shutdown;
