//! One worker, on the calling thread: one task after another.

use std::time::Duration;

use super::local::{Here, Run};

pub(super) fn run(run: &Run) {
    run.work(0, &mut Here::new(run), Duration::MAX, &|_| ());
}
