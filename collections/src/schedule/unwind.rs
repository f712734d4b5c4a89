//! The one place where a panic becomes an error.

use std::any::Any;
use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, Once, PoisonError};
use std::thread::{self, ThreadId};

use crate::graph::{Failure, Origin, Place};

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
}

/// Tasks that run now, on any thread.
static RUNNING: AtomicUsize = AtomicUsize::new(0);

/// A panic that the hook saw and that no task reported yet.
struct Noted {
    thread: ThreadId,
    message: String,
    place: Origin,
}

/// Panics of tasks. One that a helper thread of a task had (rayon inside a closure) reaches the task on
/// another thread, so the message tells to whom it belongs. Empty while no task runs.
static NOTED: Mutex<Vec<Noted>> = Mutex::new(Vec::new());

/// While it lives, this thread runs tasks: their panics are noted instead of printed.
pub(super) struct Tasks {
    outer: bool,
    stopped: Place,
}

impl Tasks {
    pub(super) fn enter() -> Tasks {
        silence_tasks();
        RUNNING.fetch_add(1, Ordering::Relaxed);
        Tasks { outer: IN_TASK.replace(true), stopped: Place::enter() }
    }

    /// Runs `work`; a panic in it becomes an error that says where it happened, and prints nothing.
    pub(super) fn caught<R>(&self, work: impl FnOnce() -> Result<R, Failure>) -> Result<R, Failure> {
        panic::catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|payload| {
            let message = message(&*payload);
            let place = noted_place(&message);
            Err(Box::new(Panicked { message, place }))
        })
    }
}

impl Drop for Tasks {
    fn drop(&mut self) {
        if RUNNING.fetch_sub(1, Ordering::Relaxed) == 1 {
            noted().clear();
        }
        IN_TASK.set(self.outer);
        self.stopped.leave();
    }
}

/// Panics in tasks, and in threads that work for them, are noted instead of printed; all others go to the hook
/// that was there before.
fn silence_tasks() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        let previous = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            let helps = || RUNNING.load(Ordering::Relaxed) > 0 && rayon::current_thread_index().is_some();
            if IN_TASK.get() || helps() {
                note(info);
            } else {
                previous(info);
            }
        }));
    });
}

fn noted() -> MutexGuard<'static, Vec<Noted>> {
    NOTED.lock().unwrap_or_else(PoisonError::into_inner)
}

fn note(info: &panic::PanicHookInfo<'_>) {
    /// More than ever wait to be reported at once; a closure that catches its own panics reports none.
    const KEPT: usize = 64;
    let Some(place) = panic_place(info) else { return };
    let mut noted = noted();
    if noted.len() == KEPT {
        noted.remove(0);
    }
    noted.push(Noted { thread: thread::current().id(), message: message(info.payload()), place });
}

/// Where the last panic with `message` happened: on this thread, else on one that worked for it.
fn noted_place(message: &str) -> Option<Origin> {
    let here = thread::current().id();
    let mut noted = noted();
    let own = noted.iter().rposition(|noted| noted.thread == here && noted.message == message);
    let found = own.or_else(|| noted.iter().rposition(|noted| noted.message == message))?;
    Some(noted.remove(found).place)
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

#[cfg(test)]
mod tests {
    use super::*;

    fn panicked(work: impl FnOnce()) -> String {
        let result = Tasks::enter().caught(|| {
            work();
            Ok(())
        });
        result.unwrap_err().to_string()
    }

    #[test]
    fn a_panic_of_a_helper_thread_says_where_it_happened() {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
        let text = panicked(|| pool.install(|| panic!("a helper fell")));
        assert!(text.contains("unwind.rs, line") && text.ends_with(": a helper fell"), "{text}");
    }

    #[test]
    fn no_older_place_is_reported() {
        let text = panicked(|| {
            let _ = panic::catch_unwind(|| panic!("caught by the closure"));
            panic::resume_unwind(Box::new("never seen by a hook"));
        });
        assert_eq!(text, "panicked: never seen by a hook");
    }
}
