//! What `:time` tells when a cell has ended: how long it took, the time until it ran apart from its run, and how many cores
//! the run kept busy. Imports: interpreter.

use std::time::{Duration, Instant};

use super::processor;
use crate::interpreter::MimeBundle;

/// Times one cell, from when it is handed to the evaluator.
#[derive(Debug)]
pub struct Stopwatch {
    /// The process that runs it.
    process: u32,
    started: Instant,
    run: Option<Moment>,
    ended: Option<Moment>,
}

#[derive(Debug, Clone, Copy)]
struct Moment {
    at: Instant,
    /// What the process and those below it had used; unknown once it is gone.
    processor: Option<Duration>,
}

impl Stopwatch {
    /// Starts it for a cell that `process` will run.
    pub fn start(process: u32) -> Self {
        Stopwatch { process, started: Instant::now(), run: None, ended: None }
    }

    /// It is inferred, compiled and loaded: its code runs from here on.
    pub fn runs(&mut self) {
        let processor = processor::used_from(self.process);
        self.run = Some(Moment { at: Instant::now(), processor });
    }

    /// Its code has come to an end.
    pub fn ends(&mut self) {
        let at = Instant::now();
        self.ended = Some(Moment { at, processor: processor::used_from(self.process) });
    }

    /// What it took, once the cell has ended one way or another.
    pub fn read(self) -> Times {
        let lost = || Moment { at: Instant::now(), processor: None };
        let Some(run) = self.run else { return Times { compile: self.started.elapsed(), run: None } };
        let ended = self.ended.unwrap_or_else(lost);
        let processor = ended.processor.zip(run.processor).map(|(after, before)| after.saturating_sub(before));
        Times { compile: run.at - self.started, run: Some(Run { wall: ended.at - run.at, processor }) }
    }
}

/// How long a cell took.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Times {
    /// Until it ran: types inferred, compiled, loaded.
    compile: Duration,
    /// None if it did not come to that.
    run: Option<Run>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Run {
    wall: Duration,
    /// Of all cores, in the process and those below it.
    processor: Option<Duration>,
}

impl Times {
    /// What the notebook shows of a cell, which may have `failed`: the text below a bar of both parts.
    pub fn bundle(&self, failed: bool) -> MimeBundle {
        let failed = if failed { "failed after " } else { "" };
        let text = format!("{failed}{}", self.text());
        let html =
            format!("<div style=\"margin:4px 0\">{}<div style=\"font-size:12px\">{text}</div></div>", self.bar());
        MimeBundle::plain(text).with("text/html", html)
    }

    fn wall(&self) -> Duration {
        self.compile + self.run.map_or(Duration::ZERO, |run| run.wall)
    }

    /// `1.42 s: compiled in 210 ms, ran for 1.21 s; processor 2.30 s, 1.9 cores`.
    fn text(&self) -> String {
        let (wall, compile) = (spelt(self.wall()), spelt(self.compile));
        let Some(run) = self.run else { return format!("{wall}: compiling; it did not run") };
        let processor = match run.processor {
            Some(processor) => format!("{}{}", spelt(processor), cores(processor, run.wall)),
            None => "unknown, the process that ran it has ended".to_owned(),
        };
        format!("{wall}: compiled in {compile}, ran for {}; processor {processor}", spelt(run.wall))
    }

    /// Compiling, then running, as nested boxes: their sizes and colours live on where a notebook is not trusted.
    fn bar(&self) -> String {
        const WIDTH: f64 = 320.0;
        let compile = WIDTH * self.compile.as_secs_f64() / self.wall().as_secs_f64().max(1e-9);
        format!(
            "<div style=\"width:{WIDTH}px;height:8px;background-color:#0072b2\">\
             <div style=\"width:{compile:.0}px;height:8px;background-color:#8c959f\"></div></div>"
        )
    }
}

/// How many cores were busy on average; not said of a run too short to tell.
fn cores(processor: Duration, wall: Duration) -> String {
    if wall < Duration::from_millis(1) {
        return String::new();
    }
    format!(", {:.1} cores", processor.as_secs_f64() / wall.as_secs_f64())
}

/// `35 µs`, `214 ms`, `1.42 s`, `2 min 5 s`.
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

#[cfg(test)]
mod tests {
    use super::*;

    fn check_told(compile: u64, run: Option<(u64, Option<u64>)>, failed: bool, told: &str) {
        let ms = Duration::from_millis;
        let run = run.map(|(wall, processor)| Run { wall: ms(wall), processor: processor.map(ms) });
        let bundle = Times { compile: ms(compile), run }.bundle(failed);
        assert_eq!(bundle.data["text/plain"], told);
        assert!(bundle.data["text/html"].as_str().is_some_and(|html| html.contains(&format!(">{told}<"))));
    }

    #[test]
    fn times_are_told_with_what_became_of_the_cell() {
        let (done, failed) = (false, true);
        let told = "1.42 s: compiled in 210 ms, ran for 1.21 s; processor 2.30 s, 1.9 cores";
        check_told(210, Some((1_210, Some(2_300))), done, told);
        check_told(210, Some((0, Some(0))), done, "210 ms: compiled in 210 ms, ran for 0 µs; processor 0 µs");
        check_told(90, None, failed, "failed after 90 ms: compiling; it did not run");
        let told = "failed after 1.00 s: compiled in 210 ms, ran for 790 ms; processor unknown, the process that ran it has ended";
        check_told(210, Some((790, None)), failed, told);
    }

    #[test]
    fn the_bar_has_a_part_for_each() {
        let ms = Duration::from_millis;
        let bar = |compile, run: Option<u64>| {
            Times { compile: ms(compile), run: run.map(|wall| Run { wall: ms(wall), processor: None }) }.bar()
        };
        assert!(bar(100, Some(300)).contains("width:80px"));
        assert!(bar(100, None).matches("width:320px").count() == 2);
    }

    #[test]
    fn compile_and_run_are_told_apart() {
        let mut watch = Stopwatch::start(std::process::id());
        std::thread::sleep(Duration::from_millis(20));
        watch.runs();
        let before = Instant::now();
        while before.elapsed() < Duration::from_millis(30) {
            std::hint::spin_loop();
        }
        watch.ends();
        let times = watch.read();
        let run = times.run.expect("it ran");
        assert!(times.compile >= Duration::from_millis(20) && run.wall >= Duration::from_millis(30));
        assert!(run.processor.expect("we live") > Duration::ZERO);
    }

    #[test]
    fn a_cell_whose_process_ends_has_a_run_without_an_end() {
        let mut shell = std::process::Command::new("sh");
        let mut shell = shell.args(["-c", "read end"]).stdin(std::process::Stdio::piped()).spawn().expect("a shell");
        let mut watch = Stopwatch::start(shell.id());
        watch.runs();
        drop(shell.stdin.take());
        shell.wait().expect("it ends");
        assert_eq!(watch.read().run.expect("it ran").processor, None);
    }
}
