//! How runs are made: which scheduler, how many workers, how much memory, how long. Chosen for good
//! ([`set_config`]), for a piece of code ([`with_config`]) or for one `compute_with`; the innermost choice counts.

use std::cell::RefCell;
use std::path::PathBuf;
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use super::memory;

/// No run has more workers.
const MOST_WORKERS: usize = 1024;

/// What runs the tasks of a graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheduler {
    /// One task after another on the calling thread: the one to debug with.
    Synchronous,
    /// All cores of this machine; the default.
    Threads,
    /// Worker processes on this machine: a task that crashes takes none of your variables with it.
    Processes,
}

impl Scheduler {
    /// Every scheduler there is.
    pub const ALL: [Scheduler; 3] = [Scheduler::Synchronous, Scheduler::Threads, Scheduler::Processes];

    /// Those that run in this process, and so run closures with captures and values of any type.
    pub const LOCAL: [Scheduler; 2] = [Scheduler::Synchronous, Scheduler::Threads];

    /// The scheduler that `compute` uses here and now.
    ///
    /// ```
    /// use lazuli::prelude::*;
    /// assert_eq!(with_config(Scheduler::Synchronous, Scheduler::current), Scheduler::Synchronous);
    /// ```
    pub fn current() -> Scheduler {
        Config::here().scheduler.unwrap_or(Scheduler::Threads)
    }

    /// The name that people and files use for it.
    pub fn name(self) -> &'static str {
        match self {
            Scheduler::Synchronous => "synchronous",
            Scheduler::Threads => "threads",
            Scheduler::Processes => "processes",
        }
    }
}

impl std::str::FromStr for Scheduler {
    type Err = ConfigError;

    /// ```
    /// # use lazuli::Scheduler;
    /// assert_eq!("threads".parse::<Scheduler>().unwrap(), Scheduler::Threads);
    /// assert!("thread".parse::<Scheduler>().unwrap_err().to_string().contains("synchronous"));
    /// ```
    fn from_str(name: &str) -> Result<Self, ConfigError> {
        let found = Scheduler::ALL.into_iter().find(|scheduler| scheduler.name() == name);
        found.ok_or_else(|| ConfigError::Scheduler { name: name.to_owned() })
    }
}

/// A choice that cannot be followed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// A scheduler's name that does not exist.
    #[error("there is no scheduler `{name}`; choose `synchronous`, `threads` or `processes`")]
    Scheduler {
        /// The name that was given.
        name: String,
    },
    /// No worker at all.
    #[error("a run needs a worker, but `workers` is 0; choose at least 1, or nothing for one a core")]
    NoWorkers,
    /// More workers than any machine has a use for: each is a thread or a process.
    #[error("a run has at most {MOST_WORKERS} workers, but `workers` is {workers}; each is a thread or a process")]
    ManyWorkers {
        /// The number that was given.
        workers: usize,
    },
    /// An amount of memory that is none.
    #[error(
        "`{text}` is no amount of memory; write a number of bytes, or one with a unit, such as \"500 MB\" or \"2 GiB\""
    )]
    Memory {
        /// What was given.
        text: String,
    },
}

/// Choices for runs; what is not chosen stays as it is where the run is made.
///
/// ```
/// use lazuli::prelude::*;
/// use std::time::Duration;
/// # fn main() -> lazuli::Result<()> {
/// let x = random((1000, 1000), (100, 100), 7).sum();
/// let careful = config().scheduler(Scheduler::Threads).workers(2).memory("500 MB").timeout(Duration::from_secs(60));
/// let sum = with_config(&careful, || x.compute())?;
/// assert_eq!(x.compute_with(Scheduler::Synchronous)?, sum);
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Config {
    scheduler: Option<Scheduler>,
    workers: Option<usize>,
    memory: Option<Memory>,
    timeout: Option<Duration>,
    spill_folder: Option<PathBuf>,
    progress: Option<bool>,
    profile: Option<bool>,
}

/// A [`Config`] in which nothing is chosen yet.
pub fn config() -> Config {
    Config::default()
}

impl Config {
    /// Chooses what runs the tasks.
    pub fn scheduler(mut self, scheduler: Scheduler) -> Self {
        self.scheduler = Some(scheduler);
        self
    }

    /// Chooses how many tasks run at once: threads or processes, at most 1024; as many as cores if nothing is chosen.
    pub fn workers(mut self, workers: usize) -> Self {
        self.workers = Some(workers);
        self
    }

    /// Chooses how much memory the values of a run may take: bytes, or a text such as `"500 MB"`.
    /// Beyond it, finished values go to the disk until they are needed. Six tenths of the machine's memory (or of
    /// what its container is allowed) if nothing is chosen.
    pub fn memory(mut self, memory: impl Into<Memory>) -> Self {
        self.memory = Some(memory.into());
        self
    }

    /// Chooses how long a run may take before it is stopped.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Chooses where values go that do not fit into memory; the system's folder for temporary files if nothing
    /// is chosen. The file there has no name, so nothing is left of it whatever happens.
    pub fn spill_folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.spill_folder = Some(folder.into());
        self
    }

    /// Chooses whether runs that take longer than half a second show how far they are; they do if nothing is chosen.
    pub fn progress(mut self, shown: bool) -> Self {
        self.progress = Some(shown);
        self
    }

    /// Chooses whether each task's time and worker are recorded for [`last_run`](super::last_run), and memory and
    /// processor over time; they are if nothing is chosen. Counts and times of layers are always there.
    pub fn profile(mut self, recorded: bool) -> Self {
        self.profile = Some(recorded);
        self
    }

    /// These choices, and those of `other` where nothing is chosen here.
    fn over(&self, other: &Config) -> Config {
        Config {
            scheduler: self.scheduler.or(other.scheduler),
            workers: self.workers.or(other.workers),
            memory: self.memory.clone().or_else(|| other.memory.clone()),
            timeout: self.timeout.or(other.timeout),
            spill_folder: self.spill_folder.clone().or_else(|| other.spill_folder.clone()),
            progress: self.progress.or(other.progress),
            profile: self.profile.or(other.profile),
        }
    }

    /// All choices that count here and now.
    fn here() -> Config {
        let global = GLOBAL.read().unwrap_or_else(PoisonError::into_inner);
        SCOPED.with_borrow(|scoped| scoped.as_ref().map_or_else(|| global.clone(), |scoped| scoped.over(&global)))
    }

    /// What a run made here and now follows.
    pub(crate) fn settings() -> Result<Settings, ConfigError> {
        Config::here().resolve()
    }

    fn resolve(&self) -> Result<Settings, ConfigError> {
        Ok(Settings {
            scheduler: self.scheduler.unwrap_or(Scheduler::Threads),
            workers: match self.workers {
                Some(0) => return Err(ConfigError::NoWorkers),
                Some(workers) if workers > MOST_WORKERS => return Err(ConfigError::ManyWorkers { workers }),
                workers => workers,
            },
            memory: match &self.memory {
                Some(memory) => memory.bytes()?,
                None => memory::default_budget(),
            },
            timeout: self.timeout,
            spill_folder: self.spill_folder.clone().unwrap_or_else(memory::default_spill_folder),
            progress: self.progress.unwrap_or(true),
            profile: self.profile.unwrap_or(true),
            scoped: SCOPED.with_borrow(Option::clone),
        })
    }
}

impl From<Scheduler> for Config {
    fn from(scheduler: Scheduler) -> Self {
        config().scheduler(scheduler)
    }
}

impl From<&Config> for Config {
    fn from(config: &Config) -> Self {
        config.clone()
    }
}

/// An amount of memory: a number of bytes, or a text with a unit.
#[derive(Clone, Debug, PartialEq)]
pub struct Memory(String);

impl Memory {
    fn bytes(&self) -> Result<u64, ConfigError> {
        let text = self.0.trim();
        let wrong = || ConfigError::Memory { text: self.0.clone() };
        let end = text.find(|c: char| !(c.is_ascii_digit() || c == '.' || c == '_')).unwrap_or(text.len());
        let (number, unit) = text.split_at(end);
        let number: f64 = number.replace('_', "").parse().map_err(|_| wrong())?;
        let factor = match unit.trim().to_ascii_lowercase().as_str() {
            "" | "b" => 1,
            "k" | "kb" => 1000,
            "m" | "mb" => 1_000_000,
            "g" | "gb" => 1_000_000_000,
            "t" | "tb" => 1_000_000_000_000,
            "kib" => 1 << 10,
            "mib" => 1 << 20,
            "gib" => 1 << 30,
            "tib" => 1_u64 << 40,
            _ => return Err(wrong()),
        };
        let bytes = number * factor as f64;
        if bytes >= 1.0 { Ok(bytes as u64) } else { Err(wrong()) }
    }
}

impl From<&str> for Memory {
    fn from(text: &str) -> Self {
        Memory(text.to_owned())
    }
}

impl From<String> for Memory {
    fn from(text: String) -> Self {
        Memory(text)
    }
}

macro_rules! memory {
    ($($number:ty)+) => { $(
        impl From<$number> for Memory {
            fn from(bytes: $number) -> Self {
                Memory(bytes.to_string())
            }
        }
    )+ };
}

memory!(i32 i64 u32 u64 usize);

/// What a run follows.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) scheduler: Scheduler,
    /// None for as many as the scheduler finds right.
    pub(crate) workers: Option<usize>,
    /// Bytes that the values of the run may take.
    pub(crate) memory: u64,
    pub(crate) timeout: Option<Duration>,
    pub(crate) spill_folder: PathBuf,
    /// Whether a long run shows how far it is.
    pub(crate) progress: bool,
    /// Whether tasks are recorded one by one.
    pub(crate) profile: bool,
    /// The choices of the thread that made the run.
    scoped: Option<Config>,
}

impl Settings {
    /// Makes the choices of the thread that made the run those of this thread, which works for it.
    pub(super) fn follow(&self) -> Restore {
        Restore(SCOPED.replace(self.scoped.clone()))
    }
}

static GLOBAL: RwLock<Config> = RwLock::new(Config {
    scheduler: None,
    workers: None,
    memory: None,
    timeout: None,
    spill_folder: None,
    progress: None,
    profile: None,
});

thread_local! {
    static SCOPED: RefCell<Option<Config>> = const { RefCell::new(None) };
}

/// Follows `config` in every run from now on; what it does not choose stays as it is.
///
/// ```
/// use lazuli::prelude::*;
/// # fn main() -> lazuli::Result<()> {
/// set_config(Scheduler::Synchronous)?;
/// set_config(config().memory("2 GB"))?; // still synchronous
/// # set_config(Scheduler::Threads)?;
/// assert!(set_config(config().workers(0)).unwrap_err().to_string().contains("at least 1"));
/// # Ok(()) }
/// ```
///
/// # Errors
/// When a choice cannot be followed: no worker or too many, an amount of memory that is none. Nothing is changed then.
pub fn set_config(config: impl Into<Config>) -> Result<(), ConfigError> {
    let mut global = GLOBAL.write().unwrap_or_else(PoisonError::into_inner);
    let next = config.into().over(&global);
    next.resolve()?;
    *global = next;
    Ok(())
}

/// Follows `config` in every run that `work` makes on this thread, then returns to what was before.
///
/// ```
/// use lazuli::prelude::*;
/// # fn main() -> lazuli::Result<()> {
/// let x = from_sequence(0..100, 4).sum();
/// assert_eq!(with_config(Scheduler::Synchronous, || x.compute())?, 4950);
/// # Ok(()) }
/// ```
pub fn with_config<R>(config: impl Into<Config>, work: impl FnOnce() -> R) -> R {
    let _restore = enter(config.into());
    work()
}

/// Returns to the choices before when it is dropped.
pub(crate) struct Restore(Option<Config>);

/// Adds `config` to the choices of this thread.
pub(crate) fn enter(config: Config) -> Restore {
    SCOPED.with_borrow_mut(|scoped| {
        let inner = config.over(scoped.as_ref().unwrap_or(&Config::default()));
        Restore(scoped.replace(inner))
    })
}

impl Drop for Restore {
    fn drop(&mut self) {
        SCOPED.set(self.0.take());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_of_memory_are_read_with_their_units() {
        let bytes = |memory: Memory| memory.bytes();
        assert_eq!(bytes("500 MB".into()), Ok(500_000_000));
        assert_eq!(bytes("1.5GiB".into()), Ok(3 << 29));
        assert_eq!(bytes(4096.into()), Ok(4096));
        assert_eq!(bytes("10_000 kb".into()), Ok(10_000_000));
        for wrong in ["", "much", "5 apples", "-3", "0", "0.2 b"] {
            let error = bytes(wrong.into()).unwrap_err().to_string();
            assert!(error.contains("500 MB") && error.contains(wrong), "{error}");
        }
    }

    #[test]
    fn the_innermost_choice_counts_and_ends_with_its_scope() {
        let of = || {
            let settings = Config::settings().unwrap();
            (settings.scheduler, settings.workers)
        };
        let before = of();
        with_config(config().workers(3), || {
            with_config(Scheduler::Synchronous, || assert_eq!(of(), (Scheduler::Synchronous, Some(3))));
            assert_eq!(of(), (before.0, Some(3)));
        });
        assert_eq!(of(), before);
        _ = std::panic::catch_unwind(|| with_config(Scheduler::Synchronous, || panic!("a cell fails")));
        assert_eq!(of(), before);
    }
}
