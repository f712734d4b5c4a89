//! Progress of long runs, shown without being asked: a bar that updates in place in a notebook, a line on
//! stderr in a terminal. Runs shorter than half a second show nothing. Imports: graph, schedule.
//!
//! The counts of a run that goes on are looked at ten times a second at most; the tasks themselves pay nothing
//! for it. The state at the end of a run is shown by the thread that ran it, so that it stands before whatever the
//! cell shows next.

use std::collections::HashMap;
use std::io::{IsTerminal, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::markup::Element;
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
    bar.state = if complete { State::Complete } else { State::Stopped };
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

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
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
struct Bar {
    tally: Arc<Tally>,
    /// Operation and number of tasks of each layer.
    layers: Vec<(&'static str, u64)>,
    state: State,
    /// The name under which a notebook shows it, once it does.
    shown: Option<String>,
}

/// One operation, its layers taken together.
struct Row {
    name: &'static str,
    done: u64,
    total: u64,
}

impl Bar {
    fn new(plan: &Plan, tally: Arc<Tally>) -> Bar {
        let mut layers: Vec<_> = plan.layers().iter().map(|layer| (layer.operation().name(), 0)).collect();
        for task in plan.tasks() {
            layers[plan.layer_index(task)].1 += 1;
        }
        Bar { tally, layers, state: State::Running, shown: None }
    }

    fn show(&mut self) {
        if !channel::connect() {
            return self.print();
        }
        match &self.shown {
            Some(name) => channel::update(&self.bundle(), name),
            None => {
                static NEXT: AtomicU64 = AtomicU64::new(0);
                let name = format!("lazuli-run-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
                channel::show(&self.bundle(), Some(&name));
                self.shown = Some(name);
            }
        }
    }

    /// A line that is written over by the next.
    fn print(&mut self) {
        let end = if self.state == State::Running { "" } else { "\n" };
        let line = format!("\r\x1b[K{}{end}", self.text());
        // A closed stderr is no reason to fail.
        let _ = std::io::stderr().write_all(line.as_bytes());
        self.shown = Some(String::new());
    }

    fn rows(&self) -> Vec<Row> {
        let mut rows: Vec<Row> = Vec::new();
        let mut index = HashMap::new();
        for (layer, &(name, total)) in self.layers.iter().enumerate() {
            let done = self.tally.done(layer);
            let row = *index.entry(name).or_insert(rows.len());
            match rows.get_mut(row) {
                Some(row) => (row.done, row.total) = (row.done + done, row.total + total),
                None => rows.push(Row { name, done, total }),
            }
        }
        rows
    }

    fn bundle(&self) -> Bundle {
        let rows = self.rows();
        Bundle { html: html(&rows, &self.words(&rows), self.state), text: self.text(), svg: None }
    }

    fn text(&self) -> String {
        const CELLS: u64 = 24;
        let rows = self.rows();
        let (done, total) = sums(&rows);
        let full = (done * CELLS / total.max(1)) as usize;
        format!("{}{} {}", "█".repeat(full), "░".repeat(CELLS as usize - full), self.words(&rows))
    }

    /// `30 of 100 tasks, 1.2 s, about 3 s left`.
    fn words(&self, rows: &[Row]) -> String {
        let (done, total) = sums(rows);
        let elapsed = self.tally.elapsed();
        let counted = wording::counted(total as usize, "task");
        let some = || format!("{} of {counted}", wording::count(done as usize));
        let took = wording::time(elapsed);
        match self.state {
            State::Complete => format!("{counted} in {took}"),
            State::Stopped => format!("stopped after {} and {took}", some()),
            State::Running if done == 0 => format!("{}, {took}", some()),
            State::Running => {
                let left = elapsed.mul_f64((total - done.min(total)) as f64 / done as f64);
                format!("{}, {took}, about {} left", some(), wording::time(left))
            }
        }
    }
}

fn sums(rows: &[Row]) -> (u64, u64) {
    rows.iter().fold((0, 0), |(done, total), row| (done + row.done, total + row.total))
}

/// A bar for the whole run, and one for each operation; these are folded away when the run is over.
fn html(rows: &[Row], words: &str, state: State) -> String {
    let mut html = String::new();
    let mut progress = Element::new(&mut html, "div").with("style", "margin:4px 0");
    let (done, total) = sums(rows);
    let mut line = progress.child("div").with("style", "display:flex");
    draw_bar(&mut line, done, total, 320, state);
    line.child("span").with("style", "margin-left:10px").text(words);
    drop(line);
    let mut list = match state {
        State::Running => progress.child("div"),
        State::Complete | State::Stopped => {
            let mut details = progress.child("details");
            details.child("summary").with("style", "cursor:pointer;font-size:12px").text("by operation");
            details
        }
    };
    for row in rows.iter().take(MOST_ROWS) {
        draw_row(&mut list, row, state);
    }
    if let Some(rest) = rows.get(MOST_ROWS..).filter(|rest| !rest.is_empty()) {
        let (done, total) = sums(rest);
        draw_row(&mut list, &Row { name: "others", done, total }, state);
    }
    drop(list);
    drop(progress);
    html
}

fn draw_row(list: &mut Element, row: &Row, state: State) {
    let mut line = list.child("div").with("style", "display:flex;font-size:12px");
    line.child("span")
        .with("style", "display:inline-block;width:130px;overflow:hidden")
        .text(&wording::clipped(row.name, 18));
    draw_bar(&mut line, row.done, row.total, 190, state);
    let counted = format!("{} of {}", wording::count(row.done as usize), wording::count(row.total as usize));
    line.child("span").with("style", "margin-left:10px").text(&counted);
}

fn draw_bar(line: &mut Element, done: u64, total: u64, width: usize, state: State) {
    let colour = if state == State::Stopped { "#d55e00" } else { "#0072b2" };
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
    use super::*;
    use crate::graph::{Layer, Operation, Origin, Pattern, Picture, Value};

    fn plan() -> Plan {
        let work = |name, tasks| {
            let operation = Operation::new(name, tasks, |_, _| Ok(Value::new((), 0)));
            Layer::of(operation, tasks, Origin::caller()).drawn(Picture::default())
        };
        let read = work("read", 4).build();
        let twice = work("map", 4).reads(&read, Pattern::OneToOne).build();
        Plan::of(&[work("map", 4).reads(&twice, Pattern::OneToOne).build().layer().clone()])
    }

    #[test]
    fn a_bar_counts_layers_of_one_operation_together() {
        let plan = plan();
        let mut bar = Bar::new(&plan, Arc::new(Tally::new(&plan)));
        let rows: Vec<_> = bar.rows().iter().map(|row| (row.name, row.done, row.total)).collect();
        assert_eq!(rows, [("read", 0, 4), ("map", 0, 8)]);
        assert!(bar.text().contains("0 of 12\u{a0}tasks, "));
        assert!(bar.bundle().html.contains(">0 of 8<") && !bar.bundle().html.contains("<details"));
        bar.state = State::Stopped;
        assert!(bar.text().contains("stopped after 0 of 12"));
        assert!(bar.bundle().html.contains("<details"));
    }

    #[test]
    fn a_run_that_ends_is_watched_no_longer() {
        let plan = plan();
        let tally = Arc::new(Tally::new(&plan));
        let watched = || locked(&RUNS).iter().any(|run| Arc::ptr_eq(&run.tally, &tally));
        locked(&RUNS).push(Run::new(&plan, &tally));
        assert!(watched());
        end(&tally, true);
        assert!(!watched());
    }
}
