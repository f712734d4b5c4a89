//! The one place where a panic becomes an error.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

use crate::graph::{Failure, Origin};

/// A task panicked: in the user's closure, or by a fault of the library.
#[derive(Debug, thiserror::Error)]
#[error("panicked{}: {message}", at(.place))]
pub struct Panicked {
    /// What the panic said.
    pub message: String,
    /// Where it panicked, when the hook saw it.
    pub place: Option<Origin>,
}

fn at(place: &Option<Origin>) -> String {
    place.map(|place| format!(" at {place}")).unwrap_or_default()
}

thread_local! {
    static IN_TASK: Cell<bool> = const { Cell::new(false) };
    static PLACE: RefCell<Option<Origin>> = const { RefCell::new(None) };
}

/// Runs `work`; a panic in it becomes an error that says where it happened, and prints nothing.
pub(super) fn caught<R>(work: impl FnOnce() -> Result<R, Failure>) -> Result<R, Failure> {
    silence_tasks();
    let outer = IN_TASK.replace(true);
    let result = panic::catch_unwind(AssertUnwindSafe(work));
    IN_TASK.set(outer);
    result.unwrap_or_else(|payload| {
        let place = PLACE.take();
        Err(Box::new(Panicked { message: message(&*payload), place }))
    })
}

/// Panics in tasks are noted instead of printed; all others go to the hook that was there before.
fn silence_tasks() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        let previous = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if IN_TASK.get() {
                PLACE.set(panic_place(info));
            } else {
                previous(info);
            }
        }));
    });
}

fn panic_place(info: &panic::PanicHookInfo<'_>) -> Option<Origin> {
    // A hook's location lives as long as the hook's argument; the files and lines it names are static,
    // yet its type does not say so. Interning the few distinct names is cheap.
    info.location().map(|location| Origin::interned(location.file(), location.line()))
}

fn message(payload: &(dyn Any + Send)) -> String {
    if let Some(text) = payload.downcast_ref::<&str>() {
        (*text).to_owned()
    } else if let Some(text) = payload.downcast_ref::<String>() {
        text.clone()
    } else {
        "a value that is not text".to_owned()
    }
}
