//! `!` lines: commands of the user's, run by the shell as in a terminal that nobody types into.
//!
//! They find what the user has, not what the kernel runs cells with: the user's own PATH and no variable of the kernel's, and the
//! folder in which the cells' process works. What they print is shown while they run; their stdin is empty. Each has a process
//! group of its own, which an interrupt reaches as Ctrl-C would, and which is ended if it does not listen. A program that a
//! line leaves behind with `&` goes on printing into its cell, and ends with the kernel.
//!
//! A command that fails fails its cell, as it does in evcxr and not in IPython: no variable holds its exit status for later code to
//! look at, and a run without a browser would pass over it. `!command || true` says that it may fail.
//!
//! Imports: pipe, system, interpreter.

use std::collections::BTreeSet;
use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use super::pipe::Pipe;
use super::system;
use crate::interpreter::{OutputSink, Stream};

/// Runs commands one after the other, and knows which live.
#[derive(Debug, Default)]
pub struct Shell {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The group that a cell waits for.
    awaited: Option<u32>,
    /// The groups that still print.
    living: BTreeSet<u32>,
}

impl Shell {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs `line` by `shell` to its end; all that it printed has been given to `output` then. The error says how it failed.
    pub fn run(self: &Arc<Self>, shell: Command, line: &str, output: &Arc<dyn OutputSink>) -> Result<(), String> {
        match self.perform(shell, line, output) {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => Err(match status.code() {
                Some(code) => format!("the command ended with exit status {code}"),
                None => format!("the command was ended by {status}"),
            }),
            Err(error) => Err(format!("the shell cannot be run: {error}")),
        }
    }

    fn perform(
        self: &Arc<Self>,
        mut shell: Command,
        line: &str,
        output: &Arc<dyn OutputSink>,
    ) -> io::Result<ExitStatus> {
        let (stdout, its_stdout) = io::pipe()?;
        let (stderr, its_stderr) = io::pipe()?;
        let pipes =
            [Pipe::new(stdout.into(), Stream::Stdout)?, Pipe::new(stderr.into(), Stream::Stderr)?].map(Arc::new);
        shell.arg("-c").arg(line).stdin(Stdio::null()).stdout(its_stdout).stderr(its_stderr).process_group(0);
        system::end_with_parent(&mut shell);
        let mut child = shell.spawn()?;
        // It holds the other ends of the pipes, which would never come to their end.
        drop(shell);
        let group = Arc::new(Group::born(Arc::clone(self), child.id()));
        for pipe in &pipes {
            let (pipe, output, group) = (Arc::clone(pipe), Arc::clone(output), Arc::clone(&group));
            thread::Builder::new().name("command".to_owned()).spawn(move || {
                pipe.pump(|piece| output.emit(piece));
                drop(group);
            })?;
        }
        let ended = child.wait();
        self.lock().awaited = None;
        for pipe in pipes {
            pipe.drain(&|piece| output.emit(piece));
            pipe.finish(&|piece| output.emit(piece));
        }
        ended
    }

    /// The process group of the command that a cell waits for.
    pub fn awaited(&self) -> Option<u32> {
        self.lock().awaited
    }

    /// Ends all commands, those that were left behind too.
    pub fn end(&self) {
        let state = self.lock();
        state.living.iter().chain(&state.awaited).for_each(|group| system::signal_group(*group, system::KILL));
    }
}

/// A process group that prints; forgotten when it is dropped.
struct Group {
    shell: Arc<Shell>,
    number: u32,
}

impl Group {
    fn born(shell: Arc<Shell>, number: u32) -> Self {
        let mut state = shell.lock();
        state.awaited = Some(number);
        state.living.insert(number);
        drop(state);
        Group { shell, number }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.shell.lock().living.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;
    use std::sync::mpsc::{Receiver, Sender, channel};
    use std::time::Duration;

    use super::*;
    use crate::interpreter::{InputError, Output};

    struct Recorder(Sender<Output>);

    impl OutputSink for Recorder {
        fn emit(&self, output: Output) {
            // The test may be over when a program that was left behind ends.
            drop(self.0.send(output));
        }

        fn input(&self, _: &str, _: bool) -> Result<String, InputError> {
            Err(InputError::NotAllowed)
        }
    }

    fn recorder() -> (Arc<dyn OutputSink>, Receiver<Output>) {
        let (sender, printed) = channel();
        (Arc::new(Recorder(sender)), printed)
    }

    fn text(outputs: impl Iterator<Item = Output>, of: Stream) -> String {
        outputs
            .filter_map(|output| match output {
                Output::Stream { stream, text } if stream == of => Some(text),
                _ => None,
            })
            .collect()
    }

    #[test]
    fn all_that_was_printed_is_out_when_a_command_has_ended() {
        let shell = Arc::new(Shell::default());
        for _ in 0..20 {
            let (sink, printed) = recorder();
            let ended = shell.run(Command::new("/bin/sh"), "echo one; echo two >&2; printf '\\303'; exit 3", &sink);
            let outputs: Vec<_> = printed.try_iter().collect();
            assert_eq!(ended, Err("the command ended with exit status 3".to_owned()));
            assert_eq!(text(outputs.iter().cloned(), Stream::Stdout), "one\n\u{fffd}");
            assert_eq!(text(outputs.into_iter(), Stream::Stderr), "two\n");
            assert_eq!(shell.awaited(), None);
        }
    }

    #[test]
    fn what_a_command_leaves_behind_prints_on_and_is_ended_with_the_shell() {
        let shell = Arc::new(Shell::default());
        let (sink, printed) = recorder();
        let line = "(trap '' INT; echo begun; exec sleep 1000) & echo left";
        assert_eq!(shell.run(Command::new("/bin/sh"), line, &sink), Ok(()));
        let mut seen = String::new();
        while !seen.contains("begun") {
            let output = printed.recv_timeout(Duration::from_secs(20)).expect("it prints");
            seen += &text(std::iter::once(output), Stream::Stdout);
        }
        assert_eq!(shell.lock().living.len(), 1);
        shell.end();
        drop(sink);
        // The last sender goes with the last thread that reads, at the end of what it reads.
        while printed.recv_timeout(Duration::from_secs(20)).is_ok() {}
        assert_eq!(printed.try_recv(), Err(std::sync::mpsc::TryRecvError::Disconnected));
    }

    #[test]
    fn a_signal_is_named() {
        let ended = Arc::new(Shell::default()).run(Command::new("/bin/sh"), "kill -KILL $$", &recorder().0);
        assert_eq!(ended, Err(format!("the command was ended by {}", ExitStatus::from_raw(9))));
    }
}
