//! The standard streams of user code: output to the kernel's socket, input asked of the frontend.

use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, IntoRawFd};
use std::sync::{Mutex, PoisonError};

use lazuli_cell::channel;

/// The pipes to evcxr, out of the user's reach.
pub struct Evcxr {
    pub commands: File,
    pub replies: File,
}

/// Moves evcxr's pipes from descriptors 0 and 1 to private ones, and connects 1 and 2 to the kernel.
pub fn separate(socket: &str) -> io::Result<Evcxr> {
    let evcxr = Evcxr { commands: duplicate(0)?, replies: duplicate(1)? };
    let null = File::open("/dev/null")?.into_raw_fd();
    replace(null, 0)?;
    replace(channel::connect(socket, "stdout")?.as_raw_fd(), 1)?;
    replace(channel::connect(socket, "stderr")?.as_raw_fd(), 2)?;
    Ok(evcxr)
}

fn duplicate(descriptor: i32) -> io::Result<File> {
    // SAFETY: makes a new descriptor, which closes when a child program starts.
    let copy = unsafe { libc::fcntl(descriptor, libc::F_DUPFD_CLOEXEC, 100) };
    if copy < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the descriptor is new, open, and owned by nobody else.
    Ok(unsafe { File::from_raw_fd(copy) })
}

fn replace(source: i32, target: i32) -> io::Result<()> {
    // SAFETY: both are descriptors of this process; nobody holds Rust objects over `target`.
    if unsafe { libc::dup2(source, target) } < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Bytes of an input line that a read had no room for.
static UNREAD: Mutex<Vec<u8>> = Mutex::new(Vec::new());

/// libc's `read`, as every library of this process finds it: a read of stdin asks the frontend for a
/// line, every other read is the system's.
///
/// # Safety
/// As `read(2)`: `buffer` has room for `count` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn read(descriptor: i32, buffer: *mut libc::c_void, count: usize) -> isize {
    if descriptor != 0 || count == 0 {
        // SAFETY: the same arguments, handed on.
        return unsafe { libc::syscall(libc::SYS_read, descriptor, buffer, count) as isize };
    }
    let mut unread = UNREAD.lock().unwrap_or_else(PoisonError::into_inner);
    if unread.is_empty() {
        let Some(line) = channel::input("") else {
            // The kernel knows why, and says so when the cell fails. An error and not the end of the file, or a headless run would go on with "".
            // SAFETY: errno of this thread.
            unsafe { *libc::__errno_location() = libc::EIO };
            return -1;
        };
        unread.extend_from_slice(line.as_bytes());
        unread.push(b'\n');
    }
    let given = count.min(unread.len());
    // SAFETY: the caller has room for `count >= given` bytes.
    unsafe { std::ptr::copy_nonoverlapping(unread.as_ptr(), buffer.cast(), given) };
    unread.drain(..given);
    given as isize
}
