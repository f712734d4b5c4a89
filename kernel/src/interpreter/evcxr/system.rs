//! Calls of the system that std has no words for: process groups, and descriptors that several threads read. The one file of the
//! kernel, beside the clocks of `processor` and the environment that `startup` sets, that calls libc. Imports nothing in-house.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::os::unix::process::CommandExt;
use std::process::Command;

/// What a terminal sends at Ctrl-C.
pub const INTERRUPT: i32 = libc::SIGINT;
/// What no process can refuse.
pub const KILL: i32 = libc::SIGKILL;

/// Makes this process the leader of a process group of its own.
#[expect(unsafe_code, reason = "std has no call for the group of the process itself")]
pub fn lead_group() {
    // SAFETY: changes an attribute of this process.
    unsafe {
        libc::setpgid(0, 0);
    }
}

/// Sends a signal to all processes of a group; one that is gone already hears nothing.
#[expect(unsafe_code, reason = "std can end a child, but not the children of a child")]
pub fn signal_group(group: u32, signal: i32) {
    // 0 and 1 would mean our own group, and every process.
    let Some(group) = i32::try_from(group).ok().filter(|group| *group > 1) else { return };
    // SAFETY: only sends a signal.
    unsafe {
        libc::kill(-group, signal);
    }
}

/// The process that `command` starts ends when the thread that starts it does, however that comes.
#[expect(unsafe_code, reason = "std has no attribute for it")]
pub fn end_with_parent(command: &mut Command) {
    let ask = || {
        // SAFETY: sets an attribute of the new process.
        match unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, KILL) } {
            0 => Ok(()),
            _ => Err(io::Error::last_os_error()),
        }
    };
    // SAFETY: between fork and exec it makes one system call, and allocates nothing.
    unsafe {
        command.pre_exec(ask);
    }
}

/// A read that finds nothing is an error from now on, and does not wait.
#[expect(unsafe_code, reason = "std has it for sockets alone")]
pub fn never_wait(descriptor: BorrowedFd<'_>) -> io::Result<()> {
    let descriptor = descriptor.as_raw_fd();
    // SAFETY: the descriptor is open; only its flags are read and written.
    let set = unsafe {
        let flags = libc::fcntl(descriptor, libc::F_GETFL);
        flags >= 0 && libc::fcntl(descriptor, libc::F_SETFL, flags | libc::O_NONBLOCK) >= 0
    };
    if set { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Waits until there is something to read, or the end.
#[expect(unsafe_code, reason = "std has no way to wait on a descriptor that others read too")]
pub fn wait_until_readable(descriptor: BorrowedFd<'_>) {
    let mut ready = libc::pollfd { fd: descriptor.as_raw_fd(), events: libc::POLLIN, revents: 0 };
    // SAFETY: one pollfd, which lives through the call.
    unsafe {
        libc::poll(&mut ready, 1, -1);
    }
}

/// Bytes that wait to be read.
#[expect(unsafe_code, reason = "std has no call for it")]
pub fn unread(descriptor: BorrowedFd<'_>) -> usize {
    let mut count: libc::c_int = 0;
    // SAFETY: the descriptor is open and `count` lives through the call.
    let result = unsafe { libc::ioctl(descriptor.as_raw_fd(), libc::FIONREAD, &mut count) };
    if result < 0 { usize::MAX } else { usize::try_from(count).unwrap_or(0) }
}
