//! `:time`: a cell that says how long it took, compiling apart from running, and how much of the processor.

use std::collections::BTreeMap;
use std::fs;
use std::time::{Duration, Instant};

use crate::interpreter::{Failure, MimeBundle};

const COMMAND: &str = ":time";

/// The cell without its `:time`, if that stands before its Rust, on a line alone or before an expression. Blanks take
/// its place, so that every other character keeps its own.
pub fn asked(code: &str) -> Option<String> {
    let mut start = 0;
    for line in code.split_inclusive('\n') {
        let text = line.trim_start();
        let is_asked =
            text.strip_prefix(COMMAND).is_some_and(|rest| rest.is_empty() || rest.starts_with(char::is_whitespace));
        if is_asked {
            let at = start + line.len() - text.len();
            return Some(format!("{}{}{}", &code[..at], " ".repeat(COMMAND.len()), &code[at + COMMAND.len()..]));
        }
        let before_rust = text.is_empty() || text.starts_with([':', '!']) || text.starts_with("//");
        if !before_rust {
            return None;
        }
        start += line.len();
    }
    None
}

/// What is said where there is nothing to time.
pub fn nothing() -> Failure {
    let text = "`:time` has nothing to time: write it in the first line of a cell, or before an expression, `:time x.sum().compute()?`";
    Failure::new("CommandError", text)
}

/// Measures one cell.
pub struct Clock {
    begun: Instant,
    process: u32,
    /// Processor time that the process and its workers had used before.
    before: Duration,
}

impl Clock {
    /// The cell will run in `process`.
    pub fn start(process: u32) -> Clock {
        Clock { before: processor_time(process), begun: Instant::now(), process }
    }

    /// What the cell cost, which began to run when it was compiled, if it did, and now has ended in `process`.
    pub fn stop(self, ran: Option<Instant>, process: u32) -> Cost {
        let wall = self.begun.elapsed();
        let compile = ran.map_or(wall, |ran| ran.saturating_duration_since(self.begun));
        let used = || processor_time(process).saturating_sub(self.before);
        Cost {
            compile,
            run: ran.map(|_| wall.saturating_sub(compile)),
            processor: (process == self.process).then(used),
        }
    }
}

/// What a cell cost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cost {
    /// Types inferred, compiled, loaded.
    compile: Duration,
    /// None where it did not come to that.
    run: Option<Duration>,
    /// Of the process that ran it, on all cores, and of its workers; none where that process ended.
    processor: Option<Duration>,
}

impl Cost {
    pub fn bundle(&self) -> MimeBundle {
        let text = self.text();
        MimeBundle::plain(&text).with("text/html", self.html(&text))
    }

    /// `1.42 s: compiled in 0.21 s, ran for 1.21 s; processor 2.30 s, 1.9 cores`.
    fn text(&self) -> String {
        let compile = spelt(self.compile);
        let Some(run) = self.run else { return format!("{compile}: compiling; it did not run") };
        let mut text = format!("{}: compiled in {compile}, ran for {}", spelt(self.compile + run), spelt(run));
        if let Some(processor) = self.processor {
            let cores = processor.as_secs_f64() / run.as_secs_f64().max(1e-6);
            text += &format!("; processor {}, {cores:.1} cores", spelt(processor));
        }
        text
    }

    /// The text below a bar of both parts.
    fn html(&self, text: &str) -> String {
        const WIDTH: f64 = 320.0;
        let whole = (self.compile + self.run.unwrap_or_default()).as_secs_f64().max(1e-9);
        let part = |time: Duration, colour: &str| {
            let width = WIDTH * time.as_secs_f64() / whole;
            format!("<div style=\"width:{width:.0}px;height:8px;background-color:{colour}\"></div>")
        };
        let bar = part(self.compile, "#8c959f") + &self.run.map_or(String::new(), |run| part(run, "#0072b2"));
        format!(
            "<div style=\"margin:4px 0\"><div style=\"display:flex;width:{WIDTH}px\">{bar}</div>\
             <div style=\"color:#808080;font-size:12px\">{text}</div></div>"
        )
    }
}

fn spelt(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    match seconds {
        ..0.000_999_5 => format!("{:.0} µs", seconds * 1e6),
        ..0.009_95 => format!("{:.1} ms", seconds * 1e3),
        ..0.999_5 => format!("{:.0} ms", seconds * 1e3),
        ..59.995 => format!("{seconds:.2} s"),
        _ => format!("{} min {} s", seconds as u64 / 60, seconds as u64 % 60),
    }
}

/// Processor time that `process` and everything that it started have used.
fn processor_time(process: u32) -> Duration {
    let processes: BTreeMap<u32, Process> = fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter_map(|number| Some((number, Process::read(number)?)))
        .collect();
    let belongs = |mut number: u32| {
        while number != process {
            match processes.get(&number) {
                Some(found) => number = found.parent,
                None => return false,
            }
        }
        true
    };
    let own = processes.iter().filter(|(number, _)| belongs(**number));
    own.map(|(number, found)| clock(*number).unwrap_or_default() + found.of_ended_children).sum()
}

/// What the system says of a process.
struct Process {
    parent: u32,
    /// Processor time of its children that it has waited for.
    of_ended_children: Duration,
}

impl Process {
    fn read(number: u32) -> Option<Process> {
        let text = fs::read_to_string(format!("/proc/{number}/stat")).ok()?;
        // The name before it may hold anything. (proc_pid_stat(5): fields 4, 16 and 17.)
        let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
        let ticks = fields.get(13)?.parse::<u64>().ok()? + fields.get(14)?.parse::<u64>().ok()?;
        let of_ended_children = Duration::from_secs_f64(ticks as f64 / ticks_in_a_second());
        Some(Process { parent: fields.get(1)?.parse().ok()?, of_ended_children })
    }
}

#[expect(unsafe_code, reason = "std does not ask the system")]
fn ticks_in_a_second() -> f64 {
    // SAFETY: only asks.
    unsafe { libc::sysconf(libc::_SC_CLK_TCK).max(1) as f64 }
}

/// Processor time that a process has used itself.
#[expect(unsafe_code, reason = "std has no clocks of processes")]
fn clock(process: u32) -> Option<Duration> {
    let mut clock = 0;
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: each writes what it is given when it returns 0.
    let known = unsafe {
        libc::clock_getcpuclockid(process as libc::pid_t, &mut clock) == 0 && libc::clock_gettime(clock, &mut time) == 0
    };
    known.then(|| Duration::new(time.tv_sec as u64, time.tv_nsec as u32))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_asks_for_its_time_before_its_rust() {
        let blank = |code: &str, without: &str| assert_eq!(asked(code).as_deref(), Some(without), "{code}");
        blank(":time\nlet x = 1;\nx", "     \nlet x = 1;\nx");
        blank("  :time x.sum()", "        x.sum()");
        blank("// why\n:dep itoa = \"1\"\n:time\n1", "// why\n:dep itoa = \"1\"\n     \n1");
        blank(":time", "     ");
        for code in ["let x = 1;\n:time", ":timeit\n1", ":timing", "\"\n:time\n\"", "1"] {
            assert_eq!(asked(code), None, "{code}");
        }
    }

    #[test]
    fn a_cost_says_its_parts() {
        let milliseconds = Duration::from_millis;
        let cost =
            Cost { compile: milliseconds(210), run: Some(milliseconds(1210)), processor: Some(milliseconds(2300)) };
        assert_eq!(cost.text(), "1.42 s: compiled in 210 ms, ran for 1.21 s; processor 2.30 s, 1.9 cores");
        let html = cost.html(&cost.text());
        assert!(html.contains("width:47px") && html.contains("width:273px"), "{html}");
        let failed = Cost { compile: milliseconds(90), run: None, processor: None };
        assert_eq!(failed.text(), "90 ms: compiling; it did not run");
    }

    #[test]
    fn the_processor_time_of_children_counts() {
        let before = processor_time(std::process::id());
        let mut busy = std::process::Command::new("sh").args(["-c", "while :; do :; done"]).spawn().unwrap();
        while processor_time(busy.id()) < Duration::from_millis(30) {
            std::thread::yield_now();
        }
        busy.kill().unwrap();
        busy.wait().unwrap();
        assert!(processor_time(std::process::id()) >= before + Duration::from_millis(20), "also of those that ended");
    }
}
