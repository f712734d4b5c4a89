//! The peak of memory of reductions over data four times the budget, each in a process of its own.

use std::env::current_exe;
use std::ffi::OsString;
use std::fs;
use std::process::{Command, Stdio};
use std::time::Instant;

use lazuli::graph::Failure;
use lazuli::prelude::*;

use super::table::Table;

/// The first argument of a process that makes one reduction and says what it took.
pub const CHILD: &str = "--one-reduction";

/// Bytes that the values of a run may take.
const BUDGET: u64 = 400_000_000;
/// The array: `f64`, 1.6 GB.
const SHAPE: (usize, usize) = (20_000, 10_000);

/// A reduction of the array.
struct Reduction {
    name: &'static str,
    title: &'static str,
    delayed: fn() -> lazuli::Result<Delayed<f64>>,
}

const REDUCTIONS: [Reduction; 3] = [
    Reduction {
        name: "sum",
        title: "`x.sum()`: one pass, nothing is held",
        delayed: || Ok(random(SHAPE, (1000, 1000), 7).sum()),
    },
    Reduction {
        name: "transposed",
        title: "`(x + x.t()).sum()`: each chunk is read twice",
        delayed: || {
            let x = random((14_400, 14_400), (1200, 1200), 7);
            Ok((&x + &x.t()).sum())
        },
    },
    Reduction {
        name: "centred",
        title: "`x - x.mean_axis(0)`, squared, summed: each chunk is read again after all others",
        delayed: || {
            let x = random(SHAPE, (100, 10_000), 7);
            let centred = &x - &x.mean_axis(0)?;
            Ok((&centred * &centred).sum())
        },
    },
];

/// What a process found out about one reduction.
struct Found {
    /// Bytes of memory that it had at most beyond those before the run.
    peak: u64,
    spilled: u64,
    seconds: f64,
}

/// Prints the peak of each reduction: of the worst round.
pub fn measure(rounds: usize) -> Result<(), Failure> {
    let table = Table::begin(
        "Peak memory of a run over 1.6 GB within a budget of 0.4 GB, beyond that of the idle process",
        &["reduction", "peak", "peak / budget", "spilled", "time", "promised"],
    );
    for reduction in &REDUCTIONS {
        let found = (0..rounds).map(|_| in_a_fresh_process(reduction)).collect::<Result<Vec<_>, _>>()?;
        let worst = found.iter().max_by_key(|found| found.peak).expect("there is a round");
        table.row(&[
            reduction.title.to_owned(),
            format!("{:.0} MB", worst.peak as f64 / 1e6),
            format!("{:.2}", worst.peak as f64 / BUDGET as f64),
            format!("{:.1} GB", worst.spilled as f64 / 1e9),
            format!("{:.1} s", worst.seconds),
            "≤ 1.25".to_owned(),
        ]);
    }
    Ok(())
}

fn in_a_fresh_process(reduction: &Reduction) -> Result<Found, Failure> {
    let mut child = Command::new(current_exe()?);
    let output = child.args([CHILD, reduction.name]).stderr(Stdio::inherit()).output()?;
    let said = String::from_utf8_lossy(&output.stdout);
    let numbers: Vec<f64> = said.split_whitespace().map(str::parse).collect::<Result<_, _>>()?;
    match numbers[..] {
        [peak, spilled, seconds] if output.status.success() => {
            Ok(Found { peak: peak as u64, spilled: spilled as u64, seconds })
        }
        _ => Err(format!("{} ended with {}", reduction.title, output.status).into()),
    }
}

/// Makes one reduction here, and prints its peak and what it spilled, in bytes, and its seconds.
pub fn in_this_process(name: Option<OsString>) -> Result<(), Failure> {
    let reduction = REDUCTIONS.iter().find(|reduction| name.as_deref().is_some_and(|name| name == reduction.name));
    let reduction = reduction.ok_or("there is no such reduction")?;
    set_config(config().scheduler(Scheduler::Threads).memory(BUDGET))?;
    let idle = status("VmRSS:")?;
    let begun = Instant::now();
    (reduction.delayed)()?.compute()?;
    let seconds = begun.elapsed().as_secs_f64();
    let spilled = last_run().ok_or("a run leaves a report")?.spilled;
    println!("{} {spilled} {seconds}", status("VmHWM:")?.saturating_sub(idle));
    Ok(())
}

/// A number of bytes that Linux tells of this process.
fn status(field: &str) -> Result<u64, Failure> {
    let text = fs::read_to_string("/proc/self/status")?;
    let kilobytes = text.lines().find_map(|line| line.strip_prefix(field)?.trim().strip_suffix(" kB"));
    Ok(kilobytes.ok_or("this system does not tell how much memory a process has")?.trim().parse::<u64>()? << 10)
}
