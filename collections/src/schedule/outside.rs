//! Memory of the process beyond the values that a run counts: what its tasks take while they work, what owns more
//! than it says, what the allocator keeps. Looked at now and then, by whichever worker comes by.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::memory;
use super::usage::{Process, resident};

/// How often it is looked at.
const LOOK: Duration = Duration::from_millis(20);

pub(super) struct Outside {
    /// What counts as much: so much more is given back, if it can be.
    much: u64,
    bytes: AtomicU64,
    /// When it is time to look again, in nanoseconds by the clock of the run.
    next: AtomicU64,
    looks: Mutex<Looks>,
}

struct Looks {
    /// This process and those of workers, with what each had when the run began, values not counted.
    processes: Vec<(Process, u64)>,
    /// What was left when memory was given back the last time.
    left: u64,
}

impl Outside {
    /// Of a run that begins with `held` bytes of values and may take `budget`.
    pub(super) fn new(held: u64, budget: u64) -> Outside {
        let own = (Process::This, resident(Process::This).saturating_sub(held));
        Outside {
            much: budget / 8,
            bytes: AtomicU64::new(0),
            next: AtomicU64::new(LOOK.as_nanos() as u64),
            looks: Mutex::new(Looks { processes: vec![own], left: 0 }),
        }
    }

    /// Counts what the process of a worker takes from now on.
    pub(super) fn watch_process(&self, process: u32) {
        let process = Process::Other(process);
        let mut looks = self.looks.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if !looks.processes.iter().any(|(known, _)| *known == process) {
            looks.processes.push((process, resident(process)));
        }
    }

    /// Bytes at the last look.
    #[inline]
    pub(super) fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Looks, if it is time to `now` and nobody else does; `held` are the bytes of values. Memory that was freed is
    /// given back before it counts.
    #[inline]
    pub(super) fn look(&self, now: u64, held: u64) {
        if now >= self.next.load(Ordering::Relaxed) {
            self.look_at(now, held);
        }
    }

    fn look_at(&self, now: u64, held: u64) {
        let Ok(mut looks) = self.looks.try_lock() else { return };
        self.next.store(now + LOOK.as_nanos() as u64, Ordering::Relaxed);
        let beyond = |looks: &Looks| {
            let taken = looks.processes.iter().map(|(process, before)| resident(*process).saturating_sub(*before));
            taken.sum::<u64>().saturating_sub(held)
        };
        let mut bytes = beyond(&looks);
        if bytes > looks.left + self.much {
            memory::give_back();
            bytes = beyond(&looks);
            looks.left = bytes;
        }
        self.bytes.store(bytes, Ordering::Relaxed);
    }
}
