//! Progress of long runs, shown without being asked: a bar that updates in place in a notebook, a line on
//! stderr in a terminal. Runs shorter than half a second show nothing. Imports: graph, schedule.
//!
//! The counts of a run that goes on are looked at ten times a second at most; the tasks themselves pay nothing
//! for it. The state at the end of a run is shown by the thread that ran it, so that it stands before whatever the
//! cell shows next.

use std::borrow::Cow;
use std::collections::HashMap;
use std::io::{IsTerminal, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::markup::Element;
use super::palette::{GOOD, WARNING};
use super::{Bundle, channel, wording};
use crate::graph::Plan;
use crate::schedule::{Event, Observer, Tally};

/// Runs that end sooner show no bar.
const LONG: Duration = Duration::from_millis(500);
/// More operations than this are summed up in the last row.
const MOST_ROWS: usize = 12;

/// Shows the progress of every run that takes long.
#[derive(Debug)]
pub(crate) struct Progress;

/// The runs that go on, told apart by their tally.
static RUNS: Mutex<Vec<Run>> = Mutex::new(Vec::new());

impl Observer for Progress {
    fn observe(&self, plan: &Plan, event: Event) {
        match event {
            Event::Started { tally } => begin(plan, tally),
            Event::Finished { tally, complete } => end(tally, complete),
            _ => {}
        }
    }

    fn watches_tasks(&self) -> bool {
        false
    }

    fn pulse(&self, tally: &Arc<Tally>) {
        show(tally);
    }
}

fn begin(plan: &Plan, tally: &Arc<Tally>) {
    // Connects even where nothing will be shown: a cancel must be able to arrive.
    if (channel::connect() || std::io::stderr().is_terminal()) && tally.shows_progress() {
        locked(&RUNS).push(Run::new(plan, tally));
    }
}

fn end(tally: &Arc<Tally>, complete: bool) {
    let mut runs = locked(&RUNS);
    let Some(index) = runs.iter().position(|run| Arc::ptr_eq(&run.tally, tally)) else { return };
    let run = runs.swap_remove(index);
    drop(runs);
    let mut bar = locked(&run.bar);
    bar.end(complete);
    if bar.shown.is_some() {
        bar.show();
    }
}

/// Shows the bar of a run that takes long.
fn show(tally: &Arc<Tally>) {
    if tally.elapsed() < LONG {
        return;
    }
    let runs = locked(&RUNS);
    let Some(bar) = runs.iter().find(|run| Arc::ptr_eq(&run.tally, tally)).map(|run| run.bar.clone()) else { return };
    drop(runs);
    let mut bar = locked(&bar);
    if bar.state == State::Running {
        bar.show();
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How far a run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Running,
    Complete,
    Stopped,
}

struct Run {
    tally: Arc<Tally>,
    /// Locked while it is shown, which may take as long as the kernel does.
    bar: Arc<Mutex<Bar>>,
}

impl Run {
    fn new(plan: &Plan, tally: &Arc<Tally>) -> Run {
        Run { tally: tally.clone(), bar: Arc::new(Mutex::new(Bar::new(plan, tally.clone()))) }
    }
}

/// The bar of one run.
#[derive(Debug)]
pub(super) struct Bar {
    pub tally: Arc<Tally>,
    /// Title and number of tasks of each layer.
    layers: Vec<(Cow<'static, str>, u64)>,
    pub state: State,
    /// How long the run took, once it is over.
    took: Duration,
    /// The name under which a notebook shows it, once it does.
    shown: Option<String>,
}

/// One operation, its layers taken together.
#[derive(Clone, Copy)]
struct Row<'a> {
    name: &'a str,
    done: u64,
    total: u64,
    /// Time spent in the tasks that are done, summed over workers.
    busy: Duration,
}

impl Row<'_> {
    fn left(&self) -> u64 {
        self.total.saturating_sub(self.done)
    }

    /// How many of its tasks were done a second of the run: the rates of all rows add up to that of the run.
    fn rate(&self, elapsed: Duration) -> String {
        wording::rate(self.done as f64 / elapsed.as_secs_f64().max(1e-9))
    }

    /// Time that the tasks which are left would take one after another, if they are like those that are done, or else
    /// like `others`.
    fn work_left(&self, others: Duration) -> Duration {
        let each = if self.done > 0 { self.busy.div_f64(self.done as f64) } else { others };
        each.mul_f64(self.left() as f64)
    }
}

impl Bar {
    pub(super) fn new(plan: &Plan, tally: Arc<Tally>) -> Bar {
        let layers = plan.layers().iter().enumerate();
        let layers = layers.map(|(index, layer)| (layer.title(), plan.tasks_of(index) as u64)).collect();
        Bar { tally, layers, state: State::Running, took: Duration::ZERO, shown: None }
    }

    /// The run is over.
    pub(super) fn end(&mut self, complete: bool) {
        self.state = if complete { State::Complete } else { State::Stopped };
        self.took = self.tally.elapsed();
    }

    /// How long the run has taken.
    fn elapsed(&self) -> Duration {
        if self.state == State::Running { self.tally.elapsed() } else { self.took }
    }

    fn show(&mut self) {
        if !channel::connect() {
            return self.print(&mut std::io::stderr());
        }
        match &self.shown {
            Some(name) => channel::update(&self.bundle(), name),
            None => {
                let name = channel::display_id();
                channel::show(&self.bundle(), Some(&name));
                self.shown = Some(name);
            }
        }
    }

    /// A line that is written over by the next.
    fn print(&mut self, terminal: &mut impl Write) {
        let end = if self.state == State::Running { "" } else { "\n" };
        let line = format!("\r\x1b[K{}{end}", self.text());
        // A closed terminal is no reason to fail.
        let _ = terminal.write_all(line.as_bytes());
        self.shown = Some(String::new());
    }

    fn rows(&self) -> Vec<Row<'_>> {
        let mut rows: Vec<Row> = Vec::new();
        let mut index = HashMap::new();
        for (layer, (name, total)) in self.layers.iter().enumerate() {
            let (name, total) = (&**name, *total);
            let (done, busy) = (self.tally.done(layer), self.tally.busy(layer));
            let row = *index.entry(name).or_insert(rows.len());
            match rows.get_mut(row) {
                Some(row) => {
                    *row = Row { name, done: row.done + done, total: row.total + total, busy: row.busy + busy }
                }
                None => rows.push(Row { name, done, total, busy }),
            }
        }
        rows
    }

    pub(super) fn bundle(&self) -> Bundle {
        Bundle { html: self.html(&self.rows()), text: self.text(), svg: None }
    }

    pub(super) fn text(&self) -> String {
        const CELLS: u64 = 24;
        let rows = self.rows();
        let sum = sum(&rows);
        let full = (sum.done * CELLS / sum.total.max(1)) as usize;
        let bar = format!("{}{}", "█".repeat(full), "░".repeat(CELLS as usize - full));
        format!("{bar} {}; {}", self.words(&rows), self.memory())
    }

    /// `30 of 100 tasks, 1.2 s, 25 a second, about 3 s left`.
    fn words(&self, rows: &[Row]) -> String {
        let all @ Row { done, total, .. } = sum(rows);
        let elapsed = self.elapsed();
        let counted = wording::counted(total as usize, "task");
        let some = || format!("{} of {counted}", wording::count(done as usize));
        let took = wording::time(elapsed);
        match self.state {
            State::Complete => format!("{counted} in {took}"),
            State::Stopped => format!("stopped after {} and {took}", some()),
            State::Running if done == 0 => format!("{}, {took}", some()),
            State::Running => {
                let rate = all.rate(elapsed);
                format!("{}, {took}, {rate}, about {} left", some(), wording::time(self.time_left(rows, rows)))
            }
        }
    }

    /// `1.2 GiB of 14.0 GiB held`, and what went to the disk.
    fn memory(&self) -> String {
        let budget = wording::bytes(self.tally.budget());
        let held = match self.state {
            State::Running => format!("{} of {budget} held", wording::bytes(self.tally.held())),
            State::Complete | State::Stopped => format!("{budget} allowed"),
        };
        match self.tally.spilled() {
            0 => held,
            spilled => format!("{held}, {} went to the disk", wording::bytes(spilled)),
        }
    }

    /// How long the tasks of `rows` that are left would take on all workers, seen from what all rows took so far.
    fn time_left(&self, rows: &[Row], all: &[Row]) -> Duration {
        let sum = sum(all);
        let mean = sum.busy.div_f64(sum.done.max(1) as f64);
        let work: Duration = rows.iter().map(|row| row.work_left(mean)).sum();
        work.div_f64(self.tally.workers().max(1) as f64)
    }

    /// A bar for the whole run, and one for each operation; these are folded away when the run is over.
    fn html(&self, rows: &[Row]) -> String {
        let mut html = String::new();
        let mut progress = Element::new(&mut html, "div").with("style", "margin:4px 0");
        let mut line = progress.child("div").with("style", "display:flex");
        draw_bar(&mut line, sum(rows), 320, self.state);
        line.child("span").with("style", "margin-left:10px").text(&self.words(rows));
        drop(line);
        progress.child("div").with("style", "opacity:0.7;font-size:12px").text(&self.memory());
        let mut list = match self.state {
            State::Running => progress.child("div"),
            State::Complete | State::Stopped => {
                let mut details = progress.child("details");
                details.child("summary").with("style", "cursor:pointer;font-size:12px").text("by operation");
                details
            }
        };
        for row in rows.iter().take(MOST_ROWS) {
            self.draw_row(&mut list, *row, rows);
        }
        if let Some(rest) = rows.get(MOST_ROWS..).filter(|rest| !rest.is_empty()) {
            self.draw_row(&mut list, Row { name: "others", ..sum(rest) }, rows);
        }
        drop(list);
        drop(progress);
        html
    }

    fn draw_row(&self, list: &mut Element, row: Row, all: &[Row]) {
        let mut line = list.child("div").with("style", "display:flex;font-size:12px");
        line.child("span")
            .with("style", "display:inline-block;width:190px;overflow:hidden;white-space:nowrap")
            .text(&wording::clipped(row.name, 26));
        draw_bar(&mut line, row, 190, self.state);
        let mut words = format!("{} of {}", wording::count(row.done as usize), wording::count(row.total as usize));
        match self.state {
            State::Running if row.left() > 0 && sum(all).done > 0 => {
                if row.done > 0 {
                    words += &format!(", {}", row.rate(self.elapsed()));
                }
                words += &format!(", about {} left", wording::time(self.time_left(&[row], all)));
            }
            _ if row.done > 0 => words += &format!(", {} of work", wording::time(row.busy)),
            _ => {}
        }
        line.child("span").with("style", "margin-left:10px").text(&words);
    }
}

fn sum(rows: &[Row]) -> Row<'static> {
    let none = Row { name: "", done: 0, total: 0, busy: Duration::ZERO };
    rows.iter().fold(none, |sum, row| Row {
        done: sum.done + row.done,
        total: sum.total + row.total,
        busy: sum.busy + row.busy,
        ..sum
    })
}

fn draw_bar(line: &mut Element, Row { done, total, .. }: Row, width: usize, state: State) {
    let colour = if state == State::Stopped { WARNING } else { GOOD };
    let share = done as f64 / total.max(1) as f64;
    let ground = format!(
        "margin:auto 0;width:{width}px;height:10px;border-radius:5px;background-color:rgba(128,128,128,0.25);overflow:hidden"
    );
    let mut ground = line.child("div").with("style", ground);
    let full = format!("width:{:.0}px;height:10px;background-color:{colour}", share * width as f64);
    drop(ground.child("div").with("style", full));
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Instant;

    use super::*;
    use crate::graph::{Layer, Operation, Origin, Pattern, Picture, Value};
    use crate::schedule::{self, Config};

    fn plan() -> Plan {
        let work = |name, tasks| {
            let operation = Operation::new(name, tasks, |_, _| Ok(Value::new((), 0)));
            Layer::of(operation, tasks, Origin::caller()).drawn(Picture::default())
        };
        let read = work("read", 4).build();
        let twice = work("map", 4).reads(&read, Pattern::OneToOne).build();
        Plan::of(&[work("map", 4).reads(&twice, Pattern::OneToOne).build().layer().clone()])
    }

    fn tally(plan: &Plan) -> Arc<Tally> {
        Arc::new(Tally::new(plan, &Config::settings().unwrap(), 2))
    }

    #[test]
    fn a_bar_counts_layers_of_one_operation_together() {
        let plan = plan();
        let mut bar = Bar::new(&plan, tally(&plan));
        let rows: Vec<_> = bar.rows().iter().map(|row| (row.name, row.done, row.total)).collect();
        assert_eq!(rows, [("read", 0, 4), ("map", 0, 8)]);
        assert!(bar.text().contains("0 of 12\u{a0}tasks, "));
        assert!(bar.bundle().html.contains(">0 of 8<") && !bar.bundle().html.contains("<details"));
        bar.end(false);
        assert!(bar.text().contains("stopped after 0 of 12"));
        assert!(bar.bundle().html.contains("<details"));
    }

    #[test]
    fn what_is_left_is_judged_by_what_each_operation_took() {
        let plan = plan();
        let bar = Bar::new(&plan, tally(&plan));
        let row =
            |name: &'static str, done, total, seconds| Row { name, done, total, busy: Duration::from_secs(seconds) };
        // Two workers; the last operation has not begun and counts like the mean of the others, two seconds a task.
        let rows = [row("read", 4, 4, 4), row("map", 2, 4, 8), row("sum", 0, 1, 0)];
        assert_eq!(bar.time_left(&rows, &rows), Duration::from_secs(5));
        assert_eq!(bar.time_left(&rows[1..2], &rows), Duration::from_secs(4));
        assert_eq!(rows[1].rate(Duration::from_secs(5)), "0.4 a second");
        let mut html = String::new();
        bar.draw_row(&mut Element::new(&mut html, "div"), rows[1], &rows);
        assert!(html.contains("2 of 4, ") && html.contains(" a second, about 4.0 s left"), "{html}");
    }

    #[test]
    fn a_terminal_shows_one_line_that_is_written_over_and_ends_with_the_run() {
        let plan = plan();
        let mut bar = Bar::new(&plan, tally(&plan));
        let mut terminal = Vec::new();
        bar.print(&mut terminal);
        bar.print(&mut terminal);
        bar.end(true);
        bar.print(&mut terminal);
        let written = String::from_utf8(terminal).unwrap();
        let lines: Vec<_> = written.split("\r\x1b[K").collect();
        assert!(lines[0].is_empty() && lines[1].starts_with('░') && lines[2].contains("0 of 12"), "{written:?}");
        assert!(lines[3].contains("12\u{a0}tasks in ") && lines[3].ends_with("allowed\n") && lines.len() == 4);
        assert_eq!(written.matches('\n').count(), 1);
    }

    /// Counts its pulses in the run of so many tasks.
    struct Pulses(AtomicUsize);

    impl Observer for Pulses {
        fn observe(&self, _: &Plan, _: Event) {}

        fn watches_tasks(&self) -> bool {
            false
        }

        fn pulse(&self, tally: &Arc<Tally>) {
            if tally.workers() == 1 && tally.budget() == 77 << 20 {
                self.0.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    #[test]
    fn what_shows_a_run_looks_at_it_ten_times_a_second_at_most() {
        let pulses = Arc::new(Pulses(AtomicUsize::new(0)));
        let _watch = schedule::watch(pulses.clone());
        let nap = Operation::new("nap", 5, |_, _| {
            std::thread::sleep(Duration::from_millis(100));
            Ok(Value::new((), 0))
        });
        let naps = Layer::of(nap, 5, Origin::caller()).build();
        let _restore = schedule::enter(schedule::config().workers(1).memory("77 MiB"));
        let begun = Instant::now();
        schedule::run(&[naps.layer().clone()]).unwrap();
        let most = begun.elapsed().as_millis() as usize / 100 + 1;
        assert!((1..=most).contains(&pulses.0.load(Ordering::Relaxed)));
    }

    #[test]
    fn a_run_that_ends_is_watched_no_longer() {
        let plan = plan();
        let tally = tally(&plan);
        let watched = || locked(&RUNS).iter().any(|run| Arc::ptr_eq(&run.tally, &tally));
        locked(&RUNS).push(Run::new(&plan, &tally));
        assert!(watched());
        end(&tally, true);
        assert!(!watched());
    }
}
