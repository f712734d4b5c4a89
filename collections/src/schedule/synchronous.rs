//! One worker, on the calling thread: one task after another.

use super::local::Run;

pub(super) fn run(run: &Run) {
    run.work(0, &|_| ());
}
