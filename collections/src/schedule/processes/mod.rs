//! Workers in processes of their own on this machine: a task that crashes, or leaks, harms nothing else.
//!
//! A worker is this program started again ([`worker`]). Operations are told once a run, by names that hold in both
//! processes ([`address`]); values go over a socket as their codecs write them. This process keeps every value and
//! gives each task what it reads, so a worker that dies takes one running task with it, which runs again on the
//! worker that replaces it. Workers outlive runs; they end with this process.

mod address;
mod message;
mod worker;

use std::ffi::OsStr;
use std::io::{self, BufReader, Write};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStringExt;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use smallvec::SmallVec;

use self::address::BuildId;
use self::message::{Part, Reply, Request, Written};
use super::event::Event;
use super::local::{Executor, Here, Run};
use super::unwind::Tasks;
use super::{RunError, layer_error};
use crate::graph::{Codec, Failure, Layer, Plan, Rebuild, TaskId, Travel, Value};

/// A task that ends so many workers fails.
const DEATHS: u32 = 3;
/// How often a waiting run looks whether it should stop.
const LOOK: Duration = Duration::from_millis(20);
/// How many threads the libraries inside a worker may start.
const THREADS: [&str; 2] = ["POLARS_MAX_THREADS", "RAYON_NUM_THREADS"];

/// Whether a variable of the environment is the worker's own.
fn is_of_worker(name: &OsStr) -> bool {
    THREADS.iter().any(|own| name == *own)
}

/// Why a run in processes stopped, beside what stops any run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WorkerError {
    /// No worker can be started.
    #[error("cannot start a worker process: {source}")]
    Start {
        /// What the operating system said.
        source: io::Error,
    },
    /// This process works in a folder that is gone.
    #[error("the working folder of this program cannot be found ({source}); change into one that exists")]
    NoFolder {
        /// What the operating system said.
        source: io::Error,
    },
    /// A worker is another program, or has other libraries, than this process.
    #[error("a worker process does not match this one: {text}; start this program (or kernel) anew")]
    Mismatch {
        /// What is missing there.
        text: String,
    },
    /// A closure captures something, or is a pointer to a function, which cannot be sent.
    #[error(
        "its closure captures variables (or is a pointer to a function), which cannot be sent to another process; \
         give them as {instead}, or use `Scheduler::Threads`"
    )]
    Captures {
        /// How to write it so that it travels.
        instead: String,
    },
    /// Parameters cannot be sent.
    #[error("its parameters cannot be written for another process: {text}; give others, or use `Scheduler::Threads`")]
    Unwritten {
        /// What their serde implementation said.
        text: Arc<str>,
    },
    /// A value cannot be sent.
    #[error(
        "a value of type {type_name} cannot be sent to another process; derive `Serialize` and `Deserialize` for it \
         and use the operation without `_local`, or use `Scheduler::Threads`"
    )]
    NoCodec {
        /// The type of the value.
        type_name: String,
    },
    /// A task ended every worker that ran it.
    #[error("it ended {deaths} worker processes ({how}), which it would do again")]
    Deadly {
        /// How many.
        deaths: u32,
        /// How the last one ended.
        how: String,
    },
    /// What a task said in its process.
    #[error("{0}")]
    Failed(String),
}

/// Workers if none are asked for: one a core.
pub(super) fn usual() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Runs on `workers` processes.
pub(super) fn run(run: &Run, workers: usize) {
    if let Err(error) = refuse_what_stays(run.plan()) {
        return run.refuse(error);
    }
    super::threads::crowd(run, workers, &|number| {
        let told = vec![false; run.plan().layers().len()];
        Box::new(Remote { run, number, workers, worker: None, told })
    });
}

/// Before anything runs: every operation must be able to travel.
fn refuse_what_stays(plan: &Plan) -> Result<(), RunError> {
    for part in plan.layers().iter().flat_map(|layer| layer.parts()) {
        let error = match part.operation().travel() {
            Travel::Captures { called } => {
                let with = || {
                    format!("parameters instead: `{}_with(parameters, |parameters, ..| ..)`", part.operation().name())
                };
                let arguments = || "arguments instead: `call(|captured, ..| .., (captured, ..))`".to_owned();
                WorkerError::Captures { instead: if *called { arguments() } else { with() } }
            }
            Travel::Unwritten(text) => WorkerError::Unwritten { text: text.clone() },
            Travel::Stays => WorkerError::NoCodec { type_name: part.picture().detail.to_string() },
            Travel::Anywhere(_) | Travel::Holds => continue,
        };
        return Err(layer_error(part, error.into()));
    }
    Ok(())
}

/// One worker's place in a run, and the process that has it.
struct Remote<'r, 'a> {
    run: &'r Run<'a>,
    number: usize,
    workers: usize,
    worker: Option<Worker>,
    /// Which layers it was told of.
    told: Vec<bool>,
}

/// Why a request was not answered.
enum Broken {
    /// The process ended.
    Dead(String),
    /// The task failed; the process is as before.
    Failed(RunError),
    /// The run must stop, whatever the process does.
    Stop(RunError),
}

impl From<io::Error> for Broken {
    fn from(error: io::Error) -> Self {
        Broken::Dead(error.to_string())
    }
}

impl From<WorkerError> for Broken {
    fn from(error: WorkerError) -> Self {
        Broken::Stop(error.into())
    }
}

impl Executor for Remote<'_, '_> {
    fn run(&mut self, task: TaskId, inputs: SmallVec<[Value; 4]>) -> Result<Value, RunError> {
        let plan = self.run.plan();
        let layer = plan.layer(task);
        if matches!(layer.operation().travel(), Travel::Holds) {
            return Here::new(self.run).run(task, inputs);
        }
        let mut deaths = 0;
        loop {
            match self.attempt(plan, layer, task, &inputs) {
                Ok(value) => return Ok(value),
                Err(Broken::Failed(error)) => return Err(error),
                Err(Broken::Stop(error)) => {
                    // It may be in the middle of the task, or of a message.
                    self.worker = None;
                    return Err(error);
                }
                Err(Broken::Dead(error)) => {
                    let how = self.worker.take().map_or(error, Worker::how_it_ended);
                    deaths += 1;
                    let worker = self.number;
                    self.run.tell(|| Event::TaskLost { task, worker });
                    if deaths == DEATHS {
                        return Err(super::value_error(plan, task, WorkerError::Deadly { deaths, how }.into()));
                    }
                }
            }
        }
    }
}

impl Remote<'_, '_> {
    /// A worker that is ready for this run, one of those that `take` gives.
    fn begin(&self, take: impl Fn(usize) -> Result<(Worker, bool), WorkerError>) -> Result<Worker, Broken> {
        let folder = std::env::current_dir().map_err(|source| WorkerError::NoFolder { source })?;
        let environment = std::env::vars_os().map(|(name, value)| (name.into_vec(), value.into_vec())).collect();
        let begin = Request::Begin { folder, environment };
        loop {
            let (mut worker, is_new) = take(self.workers)?;
            self.run.watch_process(worker.process.id());
            match worker.ask(&begin, self.run) {
                Ok(()) => return Ok(worker),
                Err(Broken::Dead(_)) if is_new => {
                    let text = format!("it ended before it was ready ({})", worker.how_it_ended());
                    return Err(WorkerError::Mismatch { text }.into());
                }
                // It died while it was idle.
                Err(Broken::Dead(_)) => {}
                Err(stop) => return Err(stop),
            }
        }
    }

    fn attempt(&mut self, plan: &Plan, layer: &Arc<Layer>, task: TaskId, inputs: &[Value]) -> Result<Value, Broken> {
        if self.worker.is_none() {
            self.worker = Some(self.begin(Worker::take)?);
            self.told.fill(false);
        }
        let worker = self.worker.as_mut().expect("it was just started");
        let number = plan.layer_index(task);
        if !self.told[number] {
            let parts = worker.parts(layer, self.run)?;
            worker.ask(&Request::Layer { layer: number as u32, parts }, self.run)?;
            self.told[number] = true;
        }
        let mut values = Vec::with_capacity(inputs.len());
        let mut payload = Vec::new();
        for input in inputs {
            let before = payload.len();
            let written = Tasks::enter().caught(|| encode(input, &mut payload));
            let codec = written.map_err(|error| Broken::Failed(super::task_error(plan, task, 0, error)))?;
            let codec = worker.name(std::ptr::from_ref(codec) as usize, self.run)?;
            values.push(Written { codec, length: (payload.len() - before) as u64 });
        }
        let (partition, ends) = (plan.partition(task) as u64, plan.ends(task).to_vec());
        worker.send(&Request::Run { layer: number as u32, partition, ends, values }, self.run)?;
        worker.write(&payload, self.run)?;
        match worker.reply(self.run)? {
            Reply::Made { value: Written { codec, length } } => {
                let bytes = message::bytes(&mut worker.stream, length)?;
                let codec =
                    worker::codec_at(&codec).map_err(|error| WorkerError::Mismatch { text: error.to_string() })?;
                Ok(Value::coded(Encoded { codec, bytes }, length as usize, &ENCODED))
            }
            Reply::Failed { part, text } => {
                Err(Broken::Failed(super::task_error(plan, task, part as usize, WorkerError::Failed(text).into())))
            }
            Reply::NoCodec { type_name } => {
                Err(Broken::Failed(super::value_error(plan, task, WorkerError::NoCodec { type_name }.into())))
            }
            Reply::Mismatch { text } => Err(WorkerError::Mismatch { text }.into()),
            Reply::Ready => Err(WorkerError::Mismatch { text: "it answered something else".to_owned() }.into()),
        }
    }
}

impl Drop for Remote<'_, '_> {
    fn drop(&mut self) {
        if let Some(worker) = self.worker.take() {
            worker.give_back();
        }
    }
}

/// A process, between two messages.
struct Worker {
    process: Child,
    stream: BufReader<UnixStream>,
    /// Objects that it was told to load.
    objects: Vec<BuildId>,
    /// How many workers it was started beside.
    workers: usize,
}

/// Workers that no run uses.
static IDLE: Mutex<Vec<Worker>> = Mutex::new(Vec::new());

impl Worker {
    /// An idle worker, or a new one, for a run that has `workers` of them; whether it is new.
    fn take(workers: usize) -> Result<(Worker, bool), WorkerError> {
        loop {
            let idle = IDLE.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let Some(mut worker) = idle else {
                // This very program, even where its file was replaced since.
                let program = Path::new("/proc/self/exe");
                let new = Worker::start(program, workers).map_err(|source| WorkerError::Start { source })?;
                return Ok((new, true));
            };
            // One that shares the cores with another number of workers, or that died meanwhile, is replaced.
            if worker.workers == workers && matches!(worker.process.try_wait(), Ok(None)) {
                return Ok((worker, false));
            }
        }
    }

    fn start(program: &Path, workers: usize) -> io::Result<Worker> {
        let (ours, theirs) = UnixStream::pair()?;
        ours.set_write_timeout(Some(LOOK))?;
        let own = address::name(worker::lazuli_worker as *const () as usize);
        let library = own.map(|(object, _)| object.path).unwrap_or_default();
        let threads = (usual() / workers).max(1).to_string();
        let process = Command::new(program)
            .env(worker::WORKER, library)
            .envs(THREADS.map(|name| (name, &threads)))
            .stdin(Stdio::from(OwnedFd::from(theirs)))
            .spawn()?;
        Ok(Worker { process, stream: BufReader::new(ours), objects: Vec::new(), workers })
    }

    fn give_back(self) {
        IDLE.lock().unwrap_or_else(PoisonError::into_inner).push(self);
    }

    /// Sends a request that is answered by `Ready`.
    fn ask(&mut self, request: &Request, run: &Run) -> Result<(), Broken> {
        self.send(request, run)?;
        match self.reply(run)? {
            Reply::Ready => Ok(()),
            Reply::Mismatch { text } => Err(WorkerError::Mismatch { text }.into()),
            _ => Err(WorkerError::Mismatch { text: "it answered something else".to_owned() }.into()),
        }
    }

    fn send(&mut self, request: &Request, run: &Run) -> Result<(), Broken> {
        let mut bytes = Vec::new();
        message::send(&mut bytes, request)?;
        self.write(&bytes, run)
    }

    /// Writes, however slowly the worker reads, as long as the run goes on.
    fn write(&mut self, mut bytes: &[u8], run: &Run) -> Result<(), Broken> {
        while !bytes.is_empty() {
            match self.stream.get_ref().write(bytes) {
                Ok(count) => bytes = &bytes[count..],
                Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => {
                    run.stopped().map_or(Ok(()), |stop| Err(Broken::Stop(stop)))?;
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Waits for the answer, as long as the run goes on.
    fn reply(&mut self, run: &Run) -> Result<Reply, Broken> {
        while self.stream.buffer().is_empty() && !readable(self.stream.get_ref())? {
            run.stopped().map_or(Ok(()), |stop| Err(Broken::Stop(stop)))?;
        }
        Ok(message::receive(&mut self.stream)?)
    }

    /// The name of an address; the worker has its object from then on.
    fn name(&mut self, address: usize, run: &Run) -> Result<address::Name, Broken> {
        let unnamed = |error: address::AddressError| WorkerError::Mismatch { text: error.to_string() };
        let (object, name) = address::name(address).map_err(unnamed)?;
        if !self.objects.contains(&object.id) {
            // The program itself is there; an object without a path is it.
            if !object.path.as_os_str().is_empty() {
                self.ask(&Request::Load { path: object.path, id: object.id.clone() }, run)?;
            }
            self.objects.push(object.id);
        }
        Ok(name)
    }

    fn parts(&mut self, layer: &Arc<Layer>, run: &Run) -> Result<Vec<Part>, Broken> {
        let mut parts = Vec::new();
        for (part, sources) in layer.parts().iter().zip(layer.wiring()) {
            let Travel::Anywhere(wire) = part.operation().travel() else {
                unreachable!("what stays was refused, and what this process holds runs here");
            };
            parts.push(Part {
                name: part.operation().name().to_owned(),
                rebuild: self.name(wire.rebuild as Rebuild as usize, run)?,
                code: self.name(wire.code, run)?,
                parameters: wire.parameters.to_vec(),
                sources: sources.to_vec(),
            });
        }
        Ok(parts)
    }

    /// How a worker ended that no longer answers.
    fn how_it_ended(mut self) -> String {
        _ = self.process.kill();
        self.process.wait().map_or_else(|error| error.to_string(), |status| status.to_string())
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        _ = self.process.kill();
        _ = self.process.wait();
    }
}

/// Waits a moment for bytes, or for the end of the other process.
#[expect(unsafe_code, reason = "std has no poll")]
fn readable(stream: &UnixStream) -> io::Result<bool> {
    let mut wanted = libc::pollfd { fd: stream.as_raw_fd(), events: libc::POLLIN, revents: 0 };
    // SAFETY: one descriptor, which is open.
    match unsafe { libc::poll(&mut wanted, 1, LOOK.as_millis() as libc::c_int) } {
        -1 if io::Error::last_os_error().kind() == io::ErrorKind::Interrupted => Ok(false),
        -1 => Err(io::Error::last_os_error()),
        count => Ok(count > 0),
    }
}

/// A value that a worker made, as it wrote it: most go to another worker as they are.
struct Encoded {
    codec: &'static Codec,
    bytes: Vec<u8>,
}

/// Writes an [`Encoded`] value for the disk: the place of its codec in this process, and its bytes.
static ENCODED: Codec = Codec {
    encode: |value, out| {
        let Encoded { codec, bytes } = value.get()?;
        out.write_all(&(std::ptr::from_ref::<Codec>(codec) as usize).to_ne_bytes())?;
        Ok(out.write_all(bytes)?)
    },
    decode: |input| {
        let mut codec = [0; size_of::<usize>()];
        input.read_exact(&mut codec)?;
        let mut bytes = Vec::new();
        input.read_to_end(&mut bytes)?;
        let size = bytes.len();
        Ok(Value::coded(Encoded { codec: codec_here(usize::from_ne_bytes(codec)), bytes }, size, &ENCODED))
    },
};

#[expect(unsafe_code, reason = "the codec is noted by its address")]
fn codec_here(address: usize) -> &'static Codec {
    // SAFETY: this process wrote the address of a codec, which lives as long as it does.
    unsafe { &*(address as *const Codec) }
}

/// Writes a value as a worker reads it; its codec.
fn encode(value: &Value, out: &mut Vec<u8>) -> Result<&'static Codec, Failure> {
    if let Ok(Encoded { codec, bytes }) = value.get() {
        out.extend_from_slice(bytes);
        return Ok(codec);
    }
    let codec = value.codec().ok_or_else(|| WorkerError::NoCodec { type_name: value.type_name().to_owned() })?;
    (codec.encode)(value, out)?;
    Ok(codec)
}

/// The value itself, if a worker made it.
pub(super) fn decoded(value: Value) -> Result<Value, Failure> {
    match value.get::<Encoded>() {
        Ok(Encoded { codec, bytes }) => Tasks::enter().caught(|| (codec.decode)(&mut &**bytes)),
        Err(_) => Ok(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::Origin;
    use crate::schedule::cancel::CancelToken;
    use crate::schedule::report::Recorder;
    use crate::schedule::{Config, value_error};

    /// What the first worker of a run says that is `program`.
    fn refusal(program: &str) -> String {
        let node = Layer::of(crate::graph::Operation::of("one", |_| Ok(Value::new(1_u64, 8))), 1, Origin::caller());
        let plan = Plan::of(&[node.build().layer().clone()]);
        let settings = Config::settings().unwrap();
        let token = CancelToken::for_run(None);
        let recorder = Recorder::start(&plan, &settings, 1);
        let run = Run::new(&plan, &settings, 1, &token, &recorder, Vec::new());
        let remote = Remote { run: &run, number: 0, workers: 1, worker: None, told: vec![false] };
        let started =
            |workers| Worker::start(Path::new(program), workers).map_err(|source| WorkerError::Start { source });
        match remote.begin(|workers| Ok((started(workers)?, true))) {
            Err(Broken::Stop(error)) => error.to_string(),
            Err(Broken::Failed(error)) => value_error(&plan, TaskId(0), error.into()).to_string(),
            Err(Broken::Dead(text)) => text,
            Ok(_) => "it began".to_owned(),
        }
    }

    #[test]
    fn another_program_is_no_worker() {
        let text = refusal("/bin/true");
        assert!(text.contains("a worker process does not match this one: it ended before it was ready"), "{text}");
        assert!(text.contains("exit status: 0") && text.contains("start this program (or kernel) anew"), "{text}");
        let text = refusal("/nowhere/lazuli");
        assert!(text.starts_with("cannot start a worker process: No such file"), "{text}");
    }
}
