//! The processor time of the process that runs cells, with all the processes below it: the workers of the process
//! scheduler, programs that a cell starts. Linux only. Imports nothing in-house.

use std::collections::HashMap;
use std::time::Duration;

/// What of `/proc/PROCESS/stat` counts here.
#[derive(Debug, PartialEq, Eq)]
struct Stat {
    parent: u32,
    /// Ticks of those children that have ended and were waited for, and of theirs.
    ended_children: u64,
}

impl Stat {
    /// Reads the fields after the program's name, which may have any character in it.
    fn parse(text: &str) -> Option<Stat> {
        let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
        let number = |field: usize| fields.get(field)?.parse::<u64>().ok();
        Some(Stat { parent: u32::try_from(number(1)?).ok()?, ended_children: number(13)? + number(14)? })
    }
}

/// What `root` and all below it have used since they began, in their own code and in the system's; nothing if `root` is
/// gone. It never falls while `root` lives: a child that ends is counted by its parent.
pub fn used_from(root: u32) -> Option<Duration> {
    let mut used = clock_of(root)?;
    let stats = stats();
    let mut ticks = 0;
    let mut waiting = vec![root];
    while let Some(parent) = waiting.pop() {
        ticks += stats.get(&parent)?.ended_children;
        for (&process, _) in stats.iter().filter(|(_, stat)| stat.parent == parent) {
            // It may have ended just now.
            used += clock_of(process).unwrap_or_default();
            waiting.push(process);
        }
    }
    Some(used + Duration::from_secs(ticks) / ticks_a_second())
}

fn stats() -> HashMap<u32, Stat> {
    let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let stat = |entry: std::fs::DirEntry| {
        let process = entry.file_name().to_str()?.parse().ok()?;
        Some((process, Stat::parse(&std::fs::read_to_string(entry.path().join("stat")).ok()?)?))
    };
    processes.filter_map(stat).collect()
}

/// To the nanosecond, the threads that have ended included.
#[expect(unsafe_code, reason = "std has no clocks of processes")]
fn clock_of(process: u32) -> Option<Duration> {
    let mut clock = libc::CLOCK_PROCESS_CPUTIME_ID;
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: each writes what it is handed when it returns 0.
    let read = unsafe {
        libc::clock_getcpuclockid(libc::pid_t::try_from(process).ok()?, &mut clock) == 0
            && libc::clock_gettime(clock, &mut time) == 0
    };
    read.then(|| Duration::new(time.tv_sec as u64, time.tv_nsec as u32))
}

#[expect(unsafe_code, reason = "std has no call for it")]
fn ticks_a_second() -> u32 {
    // SAFETY: only asks for a constant of the system.
    let ticks = unsafe { libc::sysconf(libc::_SC_CLK_TCK) };
    u32::try_from(ticks).ok().filter(|ticks| *ticks > 0).unwrap_or(100)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::{Command, Stdio};

    #[test]
    fn a_program_s_name_may_look_like_fields() {
        let text = "7 (a) 9 (b) S 3 7 7 0 -1 4194560 1 2 0 0 100 200 30 4 20 0 1 0 5 6 7";
        assert_eq!(Stat::parse(text), Some(Stat { parent: 3, ended_children: 34 }));
        assert_eq!(Stat::parse("7 (a"), None);
    }

    #[test]
    fn work_of_children_counts_while_they_live_and_after() {
        const BUSY: &str = "n=0; while [ $n -lt 100000 ]; do n=$((n + 1)); done";
        // A child's child works and ends, then a child waits.
        let script = format!("(sh -c '{BUSY}'); echo ready; read end");
        let mut shell = Command::new("sh");
        let mut shell =
            shell.args(["-c", &script]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("a shell");
        let mut ready = String::new();
        let mut stdout = std::io::BufReader::new(shell.stdout.take().expect("a pipe"));
        std::io::BufRead::read_line(&mut stdout, &mut ready).expect("a line");
        let alone = clock_of(shell.id()).expect("it lives");
        let family = used_from(shell.id()).expect("it lives");
        assert!(family >= alone + Duration::from_millis(10), "{family:?} with its child, {alone:?} by itself");
        assert!(used_from(std::process::id()).expect("we live") >= family, "and it counts here");
        drop(shell.stdin.take());
        shell.wait().expect("it ends");
        assert_eq!(used_from(shell.id()), None);
    }
}
