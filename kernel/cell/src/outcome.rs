//! How a part of a cell ends: with a value, a failing `?`, or a panic. Both failures reach the kernel
//! as an error with the place where they happened; neither takes the variables with it.

use std::any::Any;
use std::cell::RefCell;
use std::fmt::Display;
use std::panic::{self, AssertUnwindSafe, Location};
use std::sync::atomic::{AtomicBool, Ordering};

use crate::channel;

/// A failing `?`: the error's type and text, and where the `?` stands.
#[derive(Debug)]
pub struct Failure {
    error: &'static str,
    text: String,
    place: &'static Location<'static>,
}

impl<E: Display> From<E> for Failure {
    #[track_caller]
    fn from(error: E) -> Self {
        Failure::of(std::any::type_name::<E>(), &error, Location::caller())
    }
}

impl Failure {
    /// Compiled here, not in each cell.
    #[inline(never)]
    fn of(name: &'static str, error: &dyn Display, place: &'static Location<'static>) -> Self {
        Failure { error: name, text: error.to_string(), place }
    }
}

/// Runs the part of a cell that begins on `line`. A failing `?` or a panic in it is reported to the
/// kernel, and then there is no value.
#[doc(hidden)]
pub fn guard<T>(line: u32, part: impl FnOnce() -> Result<T, Failure>) -> Option<T> {
    let mut part = Some(part);
    let mut value = None;
    run(line, &mut || {
        if let Some(part) = part.take() {
            value = Some(part()?);
        }
        Ok(())
    });
    value
}

/// Compiled here, not in each cell.
#[inline(never)]
fn run(line: u32, part: &mut dyn FnMut() -> Result<(), Failure>) {
    match panic::catch_unwind(AssertUnwindSafe(part)) {
        Ok(Ok(())) => {}
        Ok(Err(failure)) => report(failure.error, &failure.text, &place(failure.place), line),
        Err(payload) => panicked(&*payload, line),
    }
}

thread_local! {
    static PANIC_PLACE: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Makes the panics of this thread silent: they become the cell's error. Other threads' panics are printed.
pub fn watch_panics() {
    let main = std::thread::current().id();
    panic::set_hook(Box::new(move |info| {
        let place = info.location().map(place);
        if std::thread::current().id() == main {
            PANIC_PLACE.set(place);
        } else {
            let thread = std::thread::current();
            let name = thread.name().unwrap_or("without a name");
            let place = place.unwrap_or_default();
            eprintln!("thread `{name}` panicked at {place}: {}", message(info.payload()));
        }
    }));
}

fn panicked(payload: &(dyn Any + Send), line: u32) {
    let place = PANIC_PLACE.take().unwrap_or_default();
    report("panic", &message(payload), &place, line);
}

fn place(location: &Location<'_>) -> String {
    format!("{}:{}", location.file(), location.line())
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

static FAILED: AtomicBool = AtomicBool::new(false);

/// Whether a part of the cell failed since the last call.
pub fn take_failed() -> bool {
    FAILED.swap(false, Ordering::Relaxed)
}

/// Tells the kernel that the cell failed: the error's type and text, where, and in the statement of which line.
pub fn report(error: &str, text: &str, place: &str, line: u32) {
    FAILED.store(true, Ordering::Relaxed);
    let line = line.to_string();
    channel::request(&[("type", "error"), ("error", error), ("text", text), ("place", place), ("line", &line)]);
}
