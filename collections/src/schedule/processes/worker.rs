//! A worker process: the program of the run, started once more and caught before it does anything of its own.
//!
//! Its requests come over what was its standard input; code of the user's finds that empty. What it prints goes
//! where the program's output goes.

#![expect(unsafe_code, reason = "runs before `main`, and moves its standard input away from the user's code")]

use std::collections::HashMap;
use std::ffi::{OsString, c_int};
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::os::fd::{AsRawFd, FromRawFd};
use std::os::unix::ffi::OsStringExt;
use std::os::unix::net::UnixStream;

use smallvec::SmallVec;

use super::address::{self, AddressError};
use super::message::{self, Part, Reply, Request, Written};
use crate::graph::{Codec, Failure, Operation, Task, Value, assembled, interned, stopped_part};
use crate::schedule::unwind::Tasks;

/// Set in the environment of a worker: the library that its code is in, for a program that loads it by itself.
pub(super) const WORKER: &str = "LAZULI_WORKER";

/// Runs before `main` of every program that is linked with this library.
#[used]
#[unsafe(link_section = ".init_array")]
static CATCH: extern "C" fn() = {
    extern "C" fn catch() {
        if std::env::var_os(WORKER).is_some() {
            lazuli_worker();
        }
    }
    catch
};

/// Works until the process that started this one ends; for a program that loads this library by itself, and takes
/// `LAZULI_WORKER` out of its environment before.
#[unsafe(no_mangle)]
pub extern "C" fn lazuli_worker() {
    // SAFETY: no other thread runs yet.
    unsafe { std::env::remove_var(WORKER) };
    let code = match work() {
        Ok(()) => 0,
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => 0,
        Err(error) => {
            eprintln!("a worker process of Lazuli stopped: {error}");
            1
        }
    };
    std::process::exit(code)
}

fn work() -> io::Result<()> {
    let stream = take_stdin()?;
    end_with(&stream)?;
    let mut input = BufReader::with_capacity(1 << 16, stream.try_clone()?);
    let mut out = BufWriter::with_capacity(1 << 16, stream);
    let mut layers: HashMap<u32, Operation> = HashMap::new();
    loop {
        let mut payload = Vec::new();
        let reply = match message::receive(&mut input)? {
            Request::Begin { folder, environment } => {
                layers.clear();
                follow(environment);
                match std::env::set_current_dir(&folder) {
                    Ok(()) => Reply::Ready,
                    Err(error) => Reply::Mismatch { text: format!("cannot work in {}: {error}", folder.display()) },
                }
            }
            Request::Load { path, id } => match address::load(&path, &id) {
                Ok(()) => Reply::Ready,
                Err(text) => Reply::Mismatch { text },
            },
            Request::Layer { layer, parts } => match operation(parts) {
                Ok(operation) => {
                    layers.insert(layer, operation);
                    Reply::Ready
                }
                Err(error) => Reply::Mismatch { text: error.to_string() },
            },
            Request::Run { layer, partition, ends, values } => {
                match (read_all(&mut input, values)?, layers.get(&layer)) {
                    (Ok(values), Some(operation)) => {
                        run(operation, Task::of(partition as usize, values, ends.into()), &mut payload)
                    }
                    (Err(Unread::Mismatch(error)), _) => Reply::Mismatch { text: error.to_string() },
                    (Err(Unread::Value(error)), _) => Reply::Failed {
                        part: 0,
                        text: format!("what it reads cannot be read in another process: {error}"),
                    },
                    (_, None) => Reply::Mismatch { text: "it was not told of this operation".to_owned() },
                }
            }
        };
        // What the task printed stands before what comes of it.
        _ = io::stdout().flush();
        message::send(&mut out, &reply)?;
        out.write_all(&payload)?;
        out.flush()?;
    }
}

/// Moves the connection away from descriptor 0, which is empty from then on.
fn take_stdin() -> io::Result<UnixStream> {
    let nothing = File::open("/dev/null")?;
    // SAFETY: makes a new descriptor, which no program inherits that this one starts.
    let moved = unsafe { libc::fcntl(0, libc::F_DUPFD_CLOEXEC, 3) };
    // SAFETY: both descriptors are open.
    if moved < 0 || unsafe { libc::dup2(nothing.as_raw_fd(), 0) } < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the descriptor is new and owned by nobody else.
    Ok(unsafe { UnixStream::from_raw_fd(moved) })
}

/// Ends this process when the other end is closed, whatever it is doing.
fn end_with(stream: &UnixStream) -> io::Result<()> {
    let stream = stream.try_clone()?;
    let watch = move || {
        let mut hung_up = libc::pollfd { fd: stream.as_raw_fd(), events: libc::POLLRDHUP, revents: 0 };
        const FOREVER: c_int = -1;
        // SAFETY: one descriptor, which is open.
        while unsafe { libc::poll(&mut hung_up, 1, FOREVER) } <= 0 {}
        // SAFETY: ends at once; nothing here is worth cleaning up.
        unsafe { libc::_exit(0) }
    };
    std::thread::Builder::new().name("lazuli-hangup".to_owned()).spawn(watch)?;
    Ok(())
}

/// Makes the environment what it is where the run was made.
fn follow(environment: Vec<(Vec<u8>, Vec<u8>)>) {
    let wanted: HashMap<OsString, OsString> =
        environment.into_iter().map(|(name, value)| (OsString::from_vec(name), OsString::from_vec(value))).collect();
    let gone: Vec<OsString> =
        std::env::vars_os().map(|(name, _)| name).filter(|name| !wanted.contains_key(name)).collect();
    // SAFETY: no task runs; threads that tasks left behind may read the environment, which is changed only where the
    // user's program changed its own, at the same risk.
    unsafe {
        gone.into_iter().filter(|name| !super::is_of_worker(name)).for_each(|name| std::env::remove_var(name));
        wanted
            .into_iter()
            .filter(|(name, value)| !super::is_of_worker(name) && std::env::var_os(name).as_ref() != Some(value))
            .for_each(|(name, value)| std::env::set_var(name, value));
    }
}

fn operation(parts: Vec<Part>) -> Result<Operation, Failure> {
    let mut operations = Vec::with_capacity(parts.len());
    for Part { name, rebuild, code, parameters, sources } in parts {
        let (rebuild, code) = (address::address(&rebuild)?, address::address(&code)?);
        // SAFETY: the address is that of the function which the other process has as this operation's `rebuild`:
        // equal build-ids are equal code.
        let rebuild = unsafe { std::mem::transmute::<usize, crate::graph::Rebuild>(rebuild) };
        operations.push((rebuild(interned(&name), code, &parameters)?, sources.into_iter().collect()));
    }
    Ok(assembled(operations))
}

/// Why a value was not read.
enum Unread {
    /// This process has not the code for it.
    Mismatch(AddressError),
    /// Its serde implementation refused, or panicked.
    Value(Failure),
}

type Values = SmallVec<[Value; 4]>;

/// The values that were announced. All their bytes are received before the first is read, so that the other process,
/// which writes them, never waits for the user's code.
fn read_all(input: &mut impl Read, written: Vec<Written>) -> io::Result<Result<Values, Unread>> {
    let received = written.into_iter().map(|Written { codec, length }| Ok((codec, message::bytes(input, length)?)));
    let received: Vec<(address::Name, Vec<u8>)> = received.collect::<io::Result<_>>()?;
    let read = |(codec, bytes): (address::Name, Vec<u8>)| {
        let codec = codec_at(&codec).map_err(Unread::Mismatch)?;
        Tasks::enter().caught(|| (codec.decode)(&mut &*bytes)).map_err(Unread::Value)
    };
    Ok(received.into_iter().map(read).collect())
}

/// The codec of another process, here.
pub(super) fn codec_at(name: &address::Name) -> Result<&'static Codec, AddressError> {
    // SAFETY: the name is that of a codec in an object of the same build-id, and objects stay loaded.
    Ok(unsafe { &*(address::address(name)? as *const Codec) })
}

fn run(operation: &Operation, task: Task, payload: &mut Vec<u8>) -> Reply {
    let tasks = Tasks::enter();
    let made = tasks.caught(|| operation.run(task));
    let part = stopped_part(operation);
    let failed = |error: Failure| Reply::Failed { part: part as u32, text: error.to_string() };
    let value = match made {
        Ok(value) => value,
        Err(error) => return failed(error),
    };
    let Some(codec) = value.codec() else { return Reply::NoCodec { type_name: value.type_name().to_owned() } };
    let written = address::name(std::ptr::from_ref(codec) as usize).map_err(Failure::from);
    match tasks.caught(|| (codec.encode)(&value, payload)).and(written) {
        Ok((_, codec)) => Reply::Made { value: Written { codec, length: payload.len() as u64 } },
        Err(error) => {
            payload.clear();
            failed(error)
        }
    }
}
