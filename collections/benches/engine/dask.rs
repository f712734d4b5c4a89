//! Dask, in a process of its own that is asked for one round after another.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

/// The peer: its process, or why there is none.
pub struct Dask(Result<Process, String>);

struct Process {
    child: Child,
    questions: ChildStdin,
    answers: BufReader<ChildStdout>,
    version: String,
}

impl Dask {
    /// No peer, for this reason.
    pub fn missing(reason: &str) -> Dask {
        Dask(Err(reason.to_owned()))
    }

    /// Starts `script` with `python`, which has Dask in it.
    pub fn start(python: &OsStr, script: &OsStr) -> Dask {
        Dask(Process::start(python, script))
    }

    /// Which Dask it is.
    pub fn version(&self) -> &str {
        self.0.as_ref().map_or("without Dask", |process| &process.version)
    }

    /// Why it is not measured, if it is not.
    pub fn reason(&self) -> Option<&str> {
        self.0.as_ref().err().map(String::as_str)
    }

    /// How long one round of `name` with `count` tasks or elements takes; nothing without a peer.
    pub fn round(&mut self, name: &str, count: usize) -> Option<Duration> {
        let answer = self.0.as_mut().ok()?.ask(&format!("{name} {count}"));
        match answer {
            Ok(took) => Some(took),
            Err(reason) => {
                eprintln!("Dask: {reason}");
                *self = Dask(Err(reason));
                None
            }
        }
    }
}

impl Process {
    fn start(python: &OsStr, script: &OsStr) -> Result<Process, String> {
        let mut command = Command::new(python);
        // A PYTHONHOME of another Python breaks a virtual environment.
        command.arg(script).env_remove("PYTHONHOME").stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().map_err(|error| format!("cannot start {}: {error}", python.display()))?;
        let questions = child.stdin.take().expect("stdin was piped");
        let answers = BufReader::new(child.stdout.take().expect("stdout was piped"));
        let mut process = Process { child, questions, answers, version: String::new() };
        process.version = process.answer()?;
        Ok(process)
    }

    fn ask(&mut self, question: &str) -> Result<Duration, String> {
        writeln!(self.questions, "{question}").map_err(|error| format!("`{question}` cannot be asked: {error}"))?;
        let answer = self.answer()?;
        let seconds = answer.parse().map_err(|_| format!("`{question}` was answered by `{answer}`"))?;
        Duration::try_from_secs_f64(seconds).map_err(|error| format!("`{question}` was answered by {seconds}: {error}"))
    }

    /// A line after the word `ok`; what stands after another word is why there is no answer.
    fn answer(&mut self) -> Result<String, String> {
        let mut line = String::new();
        let length = self.answers.read_line(&mut line).map_err(|error| error.to_string())?;
        match line.trim_end().split_once(' ') {
            Some(("ok", answer)) => Ok(answer.to_owned()),
            Some((_, reason)) => Err(reason.to_owned()),
            None if length == 0 => Err("its process ended; what it printed above says why".to_owned()),
            None => Err(format!("it said `{}`", line.trim_end())),
        }
    }
}

impl Drop for Process {
    /// It ends when its questions do, which a round that still goes on would not notice.
    fn drop(&mut self) {
        // One that has ended already needs neither.
        _ = self.child.kill();
        _ = self.child.wait();
    }
}
