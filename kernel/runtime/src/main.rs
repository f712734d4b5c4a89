//! The process that runs the cells: loads each compiled cell, holds the variables, runs the graphs.
//!
//! evcxr talks to this process over stdin and stdout: `LOAD_AND_RUN <object> <function>` in, lines
//! with markers out. User code must see neither, so at start those two pipes move to private
//! descriptors, and descriptors 0 to 2 become the user's own: output goes to the kernel through its
//! socket, a read of stdin asks the kernel for a line.
//!
//! Started as a worker of the process scheduler, it loads the collections and works for them.
//!
//! Panics are caught inside the cell (`lazuli_cell::guard`); a crash ends this process, and the
//! kernel says so.

mod standard;

use std::io::{BufRead, BufReader, Write};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use lazuli_cell::{Store, channel, outcome};
use libloading::os::unix::{Library, RTLD_GLOBAL, RTLD_NOW};

/// JSON object of the environment variables that the kernel changed for itself: name to the user's value or null.
const USER_ENVIRONMENT: &str = "LAZULI_USER_ENVIRONMENT";
/// The library with the collections, loaded before the first cell.
const COLLECTIONS: &str = "LAZULI_COLLECTIONS";

/// Set for a worker process: the library with the collections.
const WORKER: &str = "LAZULI_WORKER";

/// What a compiled cell exports. It is handed the variables and hands them back.
type Cell = unsafe extern "C" fn(*mut Store) -> *mut Store;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("lazuli-runtime: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn std::error::Error>> {
    if let Some(library) = std::env::var_os(WORKER) {
        return work(&library);
    }
    let Ok(socket) = std::env::var(channel::SOCKET) else {
        return Err("this program is started by the Lazuli kernel; it does nothing by itself".into());
    };
    end_with_the_kernel();
    let collections = std::env::var_os(COLLECTIONS);
    restore_user_environment()?;
    let evcxr = standard::separate(&socket)?;
    channel::open(&socket)?;
    outcome::watch_panics();
    let flusher = std::thread::spawn(flush_now_and_then);
    let _preloaded = collections.map(|library| load(&library)).transpose()?;

    let mut replies = evcxr.replies;
    let mut store = Store::default();
    for line in BufReader::new(evcxr.commands).lines() {
        let line = line?;
        let Some((object, function)) = line.strip_prefix("LOAD_AND_RUN ").and_then(|rest| rest.rsplit_once(' ')) else {
            return Err(format!("not a command of evcxr: {line}").into());
        };
        RUNNING.store(true, Ordering::Release);
        flusher.thread().unpark();
        if let Err(error) = run_cell(object, function, &mut store) {
            outcome::report("LinkError", &error.to_string(), "", 1);
        }
        RUNNING.store(false, Ordering::Release);
        channel::tell_end();
        if outcome::take_failed() {
            channel::tell_variables(&store.names());
        }
        for name in store.take_lost() {
            writeln!(replies, "EVCXR_VARIABLE_CHANGED_TYPE:{name}")?;
        }
        writeln!(replies, "EVCXR_EXECUTION_COMPLETE")?;
    }
    // User threads may still run cells' code: leave without unloading anything.
    std::process::exit(0)
}

/// Hands this process to the collections, which start it again as a worker.
fn work(library: &std::ffi::OsStr) -> Result<(), Box<dyn std::error::Error>> {
    // SAFETY: no other thread runs yet.
    unsafe { std::env::remove_var(WORKER) };
    let library = std::mem::ManuallyDrop::new(load(library)?);
    // SAFETY: the library exports such a function.
    unsafe { library.get::<extern "C" fn()>(b"lazuli_worker")?() };
    Ok(())
}

fn run_cell(object: &str, function: &str, store: &mut Store) -> Result<(), libloading::Error> {
    // Objects stay loaded: variables hold their code, and threads of the user may run it.
    let object = std::mem::ManuallyDrop::new(load(object.as_ref())?);
    // SAFETY: the kernel compiled this object from a layout that exports exactly such a function.
    unsafe {
        let cell = object.get::<Cell>(function.as_bytes())?;
        channel::tell_begin();
        cell(store);
    }
    Ok(())
}

/// A cell that never ends must not outlive a kernel that was killed.
fn end_with_the_kernel() {
    // SAFETY: only sets an attribute of this process.
    unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) };
}

fn load(object: &std::ffi::OsStr) -> Result<Library, libloading::Error> {
    // SAFETY: loading runs the object's initialisers; ours have none beyond Rust's own.
    unsafe { Library::open(Some(object), RTLD_NOW | RTLD_GLOBAL) }
}

/// The kernel's PATH, CARGO_HOME and the like serve its own tools; user code sees what the user had.
fn restore_user_environment() -> Result<(), Box<dyn std::error::Error>> {
    let Ok(changes) = std::env::var(USER_ENVIRONMENT) else { return Ok(()) };
    let changes: std::collections::BTreeMap<String, Option<String>> = serde_json::from_str(&changes)?;
    for (name, value) in changes {
        // SAFETY: no other thread runs yet.
        unsafe {
            match value {
                Some(value) => std::env::set_var(name, value),
                None => std::env::remove_var(name),
            }
        }
    }
    for name in [USER_ENVIRONMENT, COLLECTIONS, "EVCXR_IS_RUNTIME", "RUST_BACKTRACE"] {
        // SAFETY: as above.
        unsafe { std::env::remove_var(name) }
    }
    Ok(())
}

/// Whether a cell runs.
static RUNNING: AtomicBool = AtomicBool::new(false);

/// std keeps an unfinished line of `print!` until its end; a notebook shows it soon.
fn flush_now_and_then() {
    loop {
        while !RUNNING.load(Ordering::Acquire) {
            std::thread::park();
        }
        std::thread::sleep(Duration::from_millis(50));
        let _ = std::io::stdout().flush();
    }
}
