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
        let mut counted = self.0[1..].to_vec();
        counted.sort_by(f64::total_cmp);
        counted[counted.len() / 2] / parts as f64
    }
}

/// What `work` gives, and how long it took.
pub fn timed<R>(work: impl FnOnce() -> Result<R, Failure>) -> Result<(R, Duration), Failure> {
    let begun = Instant::now();
    let result = work()?;
    Ok((result, begun.elapsed()))
}
