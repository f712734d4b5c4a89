//! Stops the running cell. Imports: interpreter, input, execute.
//!
//! An interrupt is bound to the cell that runs when it arrives: when none runs it does nothing, and it never reaches a later one.

use super::execute::Execution;
use crate::input::Questions;
use crate::interpreter::{InputError, Interrupter};
use jupyter_protocol::InterruptReply;

/// Marks the cell, then wakes whatever it waits in.
pub(crate) fn stop(execution: &Execution, questions: &mut Questions, interrupter: &dyn Interrupter) {
    execution.interrupt();
    questions.close(InputError::Interrupted);
    interrupter.interrupt();
}

/// The request has been taken; the cell's own reply tells how it ended.
pub(crate) fn answer() -> InterruptReply {
    InterruptReply::new()
}
