//! Times of rounds, and what is taken of them.

use std::time::{Duration, Instant};

use lazuli::graph::Failure;

/// The seconds that each round of one side took.
#[derive(Default)]
pub struct Rounds(Vec<f64>);

impl Rounds {
    /// Counts what one round took; the first of all only warms up.
    pub fn count(&mut self, took: Duration) {
        self.0.push(took.as_secs_f64());
    }

    /// The median of all rounds but the first, in seconds for each of `parts`.
    pub fn median(&self, parts: usize) -> f64 {
        median(self.0[1..].to_vec()) / parts as f64
    }

    /// How many times as long as `other` a round took: the median of what each round says, which a machine that is now
    /// faster and now slower does not change.
    pub fn against(&self, other: &Rounds) -> f64 {
        median(self.0.iter().zip(&other.0).skip(1).map(|(own, other)| own / other).collect())
    }
}

fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers[numbers.len() / 2]
}

/// What `work` gives, and how long it took.
pub fn timed<R>(work: impl FnOnce() -> Result<R, Failure>) -> Result<(R, Duration), Failure> {
    let begun = Instant::now();
    let result = work()?;
    Ok((result, begun.elapsed()))
}
