//! The one thread that looks at runs while they go on: takes samples of memory and processor, and gives observers
//! that show something their pulse. It sleeps while nothing runs; a run that is over before its first look costs
//! nothing but the waking.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, Once, PoisonError};
use std::time::{Duration, Instant};

use super::event::Observer;
use super::tally::Tally;

/// How often young runs are looked at, how long they are young, and how often older ones are.
const YOUNG: Duration = Duration::from_secs(2);
const OFTEN: Duration = Duration::from_millis(20);
const SELDOM: Duration = Duration::from_millis(100);
/// No observer is given its pulse more often.
const BETWEEN_PULSES: Duration = Duration::from_millis(100);

#[derive(Clone)]
struct Watched {
    tally: Arc<Tally>,
    observers: Vec<Arc<dyn Observer>>,
}

static RUNS: Mutex<Vec<Watched>> = Mutex::new(Vec::new());
static BEGUN: Condvar = Condvar::new();

/// Looks at a run until [`leave`].
pub(super) fn watch(tally: &Arc<Tally>, observers: &[Arc<dyn Observer>]) {
    static THREAD: Once = Once::new();
    let mut runs = runs();
    runs.push(Watched { tally: tally.clone(), observers: observers.to_vec() });
    let first = runs.len() == 1;
    drop(runs);
    // Without a thread there is no bar and no curve, which is no reason for a run to fail.
    THREAD.call_once(|| drop(std::thread::Builder::new().name("lazuli-sampler".to_owned()).spawn(look)));
    if first {
        BEGUN.notify_one();
    }
}

/// Takes the last sample of a run that was looked at, and lets it go.
pub(super) fn leave(tally: &Arc<Tally>) {
    let mut runs = runs();
    let Some(index) = runs.iter().position(|run| Arc::ptr_eq(&run.tally, tally)) else { return };
    runs.swap_remove(index);
    drop(runs);
    if tally.elapsed() >= OFTEN {
        tally.sample();
    }
}

fn runs() -> MutexGuard<'static, Vec<Watched>> {
    RUNS.lock().unwrap_or_else(PoisonError::into_inner)
}

fn look() {
    let mut pulse = Instant::now();
    loop {
        let mut watched = runs();
        while watched.is_empty() {
            watched = BEGUN.wait(watched).unwrap_or_else(PoisonError::into_inner);
        }
        let young = watched.iter().any(|run| run.tally.elapsed() < YOUNG);
        drop(watched);
        std::thread::sleep(if young { OFTEN } else { SELDOM });
        let watched = runs().clone();
        watched.iter().for_each(|run| run.tally.sample());
        if pulse.elapsed() >= BETWEEN_PULSES {
            pulse = Instant::now();
            for run in &watched {
                run.observers.iter().for_each(|observer| observer.pulse(&run.tally));
            }
        }
    }
}
