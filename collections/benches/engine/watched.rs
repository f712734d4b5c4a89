//! What it costs to watch a run: the same run with progress and profile, and without.

use std::env::current_exe;
use std::ffi::OsString;
use std::hint::black_box;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::process::Command;
use std::thread;

use lazuli::graph::Failure;
use lazuli::prelude::*;

use super::rounds::{Rounds, timed};
use super::table::Table;
use super::tasks;

/// The first argument of a process that is watched.
pub const CHILD: &str = "--watched";

/// A run to watch, of so many tasks.
struct Watched {
    title: &'static str,
    tasks: usize,
    run: fn(usize) -> lazuli::Result<()>,
}

const RUNS: [Watched; 3] = [
    Watched { title: "10 000 tasks of 100 µs", tasks: 10_000, run: spin },
    Watched { title: "1 000 000 empty tasks, two layers", tasks: 1_000_000, run: |n| tasks::compute(tasks::wide(n)) },
    Watched { title: "1 000 000 empty tasks, a tree", tasks: 1_000_000, run: |n| tasks::compute(tasks::tree(n)) },
];

/// Measures in this process, which has a kernel to show its progress to.
pub fn in_this_process(rounds: Option<OsString>) -> Result<(), Failure> {
    let rounds = rounds.and_then(|rounds| rounds.to_str()?.parse().ok()).ok_or("how many rounds?")?;
    let table = Table::begin(
        &format!(
            "Watched runs: with progress shown and every task recorded, against without; medians of {rounds} rounds"
        ),
        &["run", "without, s", "with, s", "with / without", "promised"],
    );
    for Watched { title, tasks, run } in RUNS {
        let (mut without, mut with) = (Rounds::default(), Rounds::default());
        let blind = config().progress(false).profile(false);
        let blindly = || Ok::<_, Failure>(timed(|| Ok(with_config(&blind, || run(tasks))?))?.1);
        let watched = || Ok::<_, Failure>(timed(|| Ok(run(tasks)?))?.1);
        // Who comes second finds the memory as the first has left it: they take turns.
        for round in 0..=rounds {
            if round % 2 == 0 {
                without.count(blindly()?);
            }
            with.count(watched()?);
            if round % 2 == 1 {
                without.count(blindly()?);
            }
        }
        let shown = |seconds: f64| format!("{seconds:.3}");
        let (seconds, ratio) = ([&without, &with].map(|side| shown(side.median(1))), shown(with.against(&without)));
        let [without, with] = seconds;
        let cells = [title.to_owned(), without, with, ratio];
        table.row(&[&cells[..], &["≤ 1.05".to_owned()]].concat());
    }
    Ok(())
}

/// Work that takes a hundred microseconds or so a task.
fn spin(tasks: usize) -> lazuli::Result<()> {
    let spun = from_sequence(0..tasks as u64, tasks).map(|n| (0..60_000).fold(n, |n, step| black_box(n ^ step)));
    spun.sum().compute().map(drop)
}

/// Prints the table from a process that shows its progress to this one, which answers as a kernel does.
pub fn measure(rounds: usize) -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("channel");
    let listener = UnixListener::bind(&path)?;
    thread::spawn(move || listener.incoming().map_while(Result::ok).for_each(answer));
    let mut child = Command::new(current_exe()?);
    // Differences of a few percent are looked at more often.
    let status = child.args([CHILD, &(3 * rounds).to_string()]).env("LAZULI_CHANNEL", &path).status()?;
    if status.success() { Ok(()) } else { Err("the process that was watched failed".into()) }
}

/// Says `done` to everything that is shown.
fn answer(stream: UnixStream) {
    let mut answers = stream.try_clone().expect("a socket can be shared");
    for line in BufReader::new(stream).lines().map_while(Result::ok) {
        if !line.contains("\"hello\"") && answers.write_all(b"{\"type\":\"done\"}\n").is_err() {
            return;
        }
    }
}
