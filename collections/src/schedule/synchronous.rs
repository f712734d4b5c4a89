//! One worker, on the calling thread: one task after another.

use super::local::{Here, Run};

pub(super) fn run(run: &Run) {
    run.work(0, &mut Here::new(run), &|_| ());
}
