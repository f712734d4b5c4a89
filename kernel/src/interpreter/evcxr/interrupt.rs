//! Stopping a cell: the collections cancel their run between two tasks and every variable is kept.
//! Only a cell that comes to no such point within the grace period loses its process. A command of the shell hears Ctrl-C.

use std::path::{Path, PathBuf};
use std::process::Child;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::compilers::Compilers;
use super::folder::Folder;
use super::output::Channel;
use super::shell::Shell;
use super::system;
use crate::interpreter::Interrupter;

/// How long a cell may take to stop by itself.
const GRACE: Duration = Duration::from_secs(5);
/// A run that has not begun yet does not hear a cancel: it is repeated until the cell ends.
const REPEAT: Duration = Duration::from_millis(50);

type Process = Arc<Mutex<Child>>;

/// What the system calls it.
pub fn number_of(process: &Process) -> u32 {
    process.lock().unwrap_or_else(PoisonError::into_inner).id()
}

/// Whether a cell runs, and in which process.
#[derive(Default)]
pub struct Running {
    state: Mutex<State>,
    ended: Condvar,
}

#[derive(Default)]
struct State {
    /// Counts executions, so that a late interrupt never hits the next cell.
    execution: u64,
    process: Option<Process>,
}

/// Ends the execution when dropped.
pub struct Execution<'a>(&'a Running);

impl Running {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A cell runs in `process` until the result is dropped.
    pub fn begin(&self, process: Process) -> Execution<'_> {
        let mut state = self.lock();
        state.execution += 1;
        state.process = Some(process);
        Execution(self)
    }

    /// Ends the process of the cells for good.
    pub fn end_process(&self, process: &Process) {
        // It is gone already when this fails.
        let _ = process.lock().unwrap_or_else(PoisonError::into_inner).kill();
    }
}

impl Drop for Execution<'_> {
    fn drop(&mut self) {
        self.0.lock().process = None;
        self.0.ended.notify_all();
    }
}

/// All by which a running cell can be reached.
pub struct Reach {
    pub running: Arc<Running>,
    pub channel: Arc<Channel>,
    pub shell: Arc<Shell>,
    pub compilers: Arc<Compilers>,
    /// See [`super::tools::Tools::compiling`].
    pub compiling: PathBuf,
}

/// What the server calls when the user presses stop.
pub struct Stop {
    pub reach: Arc<Reach>,
    /// The kernel's own files. They go with the server, whether the interpreter's thread has come to its end or not.
    #[expect(dead_code, reason = "it is only dropped")]
    pub folder: Folder,
}

impl Interrupter for Stop {
    fn interrupt(&self) {
        let state = self.reach.running.lock();
        let execution = state.execution;
        if state.process.is_none() {
            return;
        }
        drop(state);
        let reach = self.reach.clone();
        std::thread::spawn(move || reach.stop(execution));
    }

    fn end(&self) {
        self.reach.shell.end();
        self.reach.compilers.end();
        let process = self.reach.running.lock().process.clone();
        process.iter().for_each(|process| self.reach.running.end_process(process));
    }
}

impl Reach {
    /// Stops `execution`, whatever it is at, until it has ended.
    fn stop(&self, execution: u64) {
        // Time the cell itself had to stop: what comes before it runs ends by itself or is ended, and costs no variable.
        let mut asked: Option<Instant> = None;
        let mut state = self.running.lock();
        while state.execution == execution
            && let Some(process) = state.process.clone()
        {
            let patience_ends = asked.is_some_and(|asked| asked.elapsed() > GRACE);
            if let Some(group) = self.shell.awaited() {
                match asked {
                    None => system::signal_group(group, system::INTERRUPT),
                    Some(_) if patience_ends => system::signal_group(group, system::KILL),
                    Some(_) => {}
                }
                asked.get_or_insert_with(Instant::now);
            } else if end_compile(&self.compiling) || !self.channel.runs() {
                asked = None;
            } else if patience_ends {
                return self.running.end_process(&process);
            } else {
                asked.get_or_insert_with(Instant::now);
            }
            drop(state);
            self.channel.cancel();
            let (guard, _) =
                self.running.ended.wait_timeout(self.running.lock(), REPEAT).unwrap_or_else(PoisonError::into_inner);
            state = guard;
        }
    }
}

/// A process group that compiles a cell, which an interrupt ends, until this is dropped.
#[derive(Debug)]
pub struct Compiling(PathBuf);

impl Compiling {
    /// Notes it in the folder [`super::tools::Tools::compiling`].
    pub fn note(folder: &Path, group: u32) -> std::io::Result<Compiling> {
        std::fs::create_dir_all(folder)?;
        let note = folder.join(group.to_string());
        std::fs::write(&note, "")?;
        Ok(Compiling(note))
    }
}

impl Drop for Compiling {
    fn drop(&mut self) {
        // The interrupt may have removed it in the same moment.
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Ends what compiles now, if something does.
fn end_compile(compiling: &Path) -> bool {
    let mut ended = false;
    for note in std::fs::read_dir(compiling).into_iter().flatten().flatten() {
        let Some(group) = note.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        system::signal_group(group, system::KILL);
        ended |= std::fs::remove_file(note.path()).is_ok();
    }
    ended
}
