//! What runs, live: bars, what each worker does, memory and processor, in a cell and on a page of its own.
//! Imports: graph, schedule.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::markup::Element;
use super::page::Page;
use super::progress::{Bar, State};
use super::sketch::{Detail, Sketch, View};
use super::table::{Column, Row, Table};
use super::{Bundle, Draw, channel, course, graph, wording};
use crate::graph::{Layer, Plan};
use crate::schedule::{Event, Observer, RunReport, Tally, Watch, watch};

/// The cell is not drawn anew more often.
const BETWEEN_UPDATES: Duration = Duration::from_millis(250);

/// A live view of what runs, as [`dashboard`] returns it.
#[derive(Clone, Debug)]
#[must_use = "a dashboard is seen when it is the last expression of a cell, or at its `url()`"]
pub struct Dashboard {
    open: Arc<Open>,
}

/// Opens the dashboard: as the last expression of a cell it shows, while this and later cells compute, how far each
/// run is, what each worker does, memory and processor. The same is served as a page, on this machine only and only to
/// those who know its address, so that it can stand beside the notebook. Called again, it moves to the new cell.
///
/// ```standalone_crate
/// use lazuli::prelude::*;
/// # fn main() -> lazuli::Result<()> {
/// let board = dashboard();
/// assert!(board.url().unwrap().starts_with("http://127.0.0.1:"));
/// from_sequence(0..100, 4).sum().compute()?;
/// assert!(board.text().contains("9\u{a0}tasks"));
/// board.close();
/// # Ok(()) }
/// ```
pub fn dashboard() -> Dashboard {
    let mut current = current();
    let open = current.get_or_insert_with(|| {
        let board = Arc::new(Board::default());
        let page = Page::serve({
            let board = board.clone();
            move || board.html()
        });
        Arc::new(Open {
            watch: Mutex::new(Some(watch(board.clone()))),
            board,
            page: page.map_err(|error| error.to_string()),
        })
    });
    Dashboard { open: open.clone() }
}

/// The one dashboard of this process, while it is open.
static CURRENT: Mutex<Option<Arc<Open>>> = Mutex::new(None);

fn current() -> MutexGuard<'static, Option<Arc<Open>>> {
    CURRENT.lock().unwrap_or_else(PoisonError::into_inner)
}

#[derive(Debug)]
struct Open {
    board: Arc<Board>,
    watch: Mutex<Option<Watch>>,
    /// Or why there is none.
    page: Result<Page, String>,
}

impl Dashboard {
    /// Where the page is, with the token that opens it; none where it could not be served.
    ///
    /// ```
    /// assert!(lazuli::display::dashboard().url().unwrap().contains("?token="));
    /// ```
    pub fn url(&self) -> Option<String> {
        self.open.page.as_ref().ok().map(|page| page.url().to_owned())
    }

    /// What it shows now, in words.
    pub fn text(&self) -> String {
        self.open.board.text()
    }

    /// Closes the page and stops the view in the cell, which keeps what it showed last.
    ///
    /// ```
    /// lazuli::display::dashboard().close();
    /// ```
    pub fn close(self) {
        self.open.watch.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Ok(page) = &self.open.page {
            page.close();
        }
        let mut current = current();
        if current.as_ref().is_some_and(|open| Arc::ptr_eq(open, &self.open)) {
            *current = None;
        }
    }

    /// Shows the view as the result of a cell; it goes on there.
    pub fn evcxr_display(&self) {
        let name = channel::display_id();
        channel::show(&self.bundle(), Some(&name));
        *self.open.board.view() = Some(Shown { name, url: self.url(), drawn: Instant::now() });
    }
}

impl Draw for Dashboard {
    fn bundle(&self) -> Bundle {
        let url = self.open.page.as_ref().map(Page::url).map_err(String::as_str);
        self.open.board.bundle(url)
    }
}

const NOTHING: &str = "nothing runs yet";

/// Watches runs and draws them.
#[derive(Debug, Default)]
struct Board {
    /// Those that go on, and the last that ended.
    runs: Mutex<Vec<Run>>,
    /// The cell that shows it.
    view: Mutex<Option<Shown>>,
}

/// Where in the notebook the board is shown.
#[derive(Clone, Debug)]
struct Shown {
    name: String,
    url: Option<String>,
    drawn: Instant,
}

/// A run that goes on, or has ended.
#[derive(Debug)]
struct Run {
    bar: Bar,
    /// What is known of it so far.
    report: Arc<RunReport>,
    /// Its layers, and those that it is asked for; let go when it is over, with all that they hold.
    layers: Vec<Arc<Layer>>,
    targets: Vec<Arc<Layer>>,
    /// The graph as it was drawn last.
    graph: String,
}

impl Observer for Board {
    fn observe(&self, plan: &Plan, event: Event) {
        match event {
            Event::Started { tally } => {
                let mut runs = self.lock();
                runs.retain(|run| run.bar.state == State::Running);
                runs.push(Run::new(plan, tally));
            }
            Event::Finished { tally, complete } => {
                let mut runs = self.lock();
                if let Some(run) = runs.iter_mut().find(|run| Arc::ptr_eq(&run.bar.tally, tally)) {
                    run.end(complete);
                }
                drop(runs);
                // Many short runs one after another would wait for the notebook more than they compute.
                let long = tally.elapsed() >= BETWEEN_UPDATES;
                self.show(if long { Duration::ZERO } else { BETWEEN_UPDATES });
            }
            _ => {}
        }
    }

    fn watches_tasks(&self) -> bool {
        false
    }

    fn pulse(&self, _: &Arc<Tally>) {
        self.show(BETWEEN_UPDATES);
    }
}

impl Board {
    fn lock(&self) -> MutexGuard<'_, Vec<Run>> {
        self.runs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn view(&self) -> MutexGuard<'_, Option<Shown>> {
        self.view.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Draws the cell anew, if it was drawn at least so long ago.
    fn show(&self, ago: Duration) {
        let mut view = self.view();
        let Some(Shown { name, url, drawn }) = view.as_mut().filter(|view| view.drawn.elapsed() >= ago) else { return };
        if channel::connect() {
            *drawn = Instant::now();
            let url = url.as_deref().ok_or("the page is closed");
            channel::update(&self.bundle(url), name);
        }
    }

    fn text(&self) -> String {
        match self.lock().as_slice() {
            [] => NOTHING.to_owned(),
            runs => runs.iter().map(|run| run.bar.bundle().text).collect::<Vec<_>>().join("\n"),
        }
    }

    /// What a cell shows: the board, below the address of its page, or below why there is none.
    fn bundle(&self, url: Result<&str, &str>) -> Bundle {
        let mut html = String::new();
        let mut whole = Element::new(&mut html, "div");
        let mut line = whole.child("div").with("style", "font-size:12px");
        match url {
            Ok(url) => {
                line.text("in a tab of its own: ");
                line.child("a").with("href", url).with("target", "_blank").with("rel", "noreferrer").text(url);
            }
            Err(why) => line.text(&format!("no page of its own: {why}")),
        }
        drop(line);
        whole.markup(&self.html());
        drop(whole);
        Bundle { html, text: self.text(), svg: None }
    }

    fn html(&self) -> String {
        let mut html = String::new();
        let mut whole = Element::new(&mut html, "div");
        let mut runs = self.lock();
        if runs.is_empty() {
            whole.child("p").text(NOTHING);
        }
        for run in runs.iter_mut() {
            run.look();
            run.draw(&mut whole);
        }
        drop(whole);
        html
    }
}

impl Run {
    fn new(plan: &Plan, tally: &Arc<Tally>) -> Run {
        let mut targets: Vec<_> = plan.targets().iter().map(|&target| plan.layer_index(target)).collect();
        targets.dedup();
        Run {
            bar: Bar::new(plan, tally.clone()),
            report: Arc::new(tally.so_far(plan.layers(), Vec::new())),
            layers: plan.layers().to_vec(),
            targets: targets.into_iter().map(|index| plan.layers()[index].clone()).collect(),
            graph: String::new(),
        }
    }

    /// Takes what is new.
    fn look(&mut self) {
        if self.bar.state == State::Running {
            let known = Arc::get_mut(&mut self.report).map(|report| std::mem::take(&mut report.records));
            self.report = Arc::new(self.bar.tally.so_far(&self.layers, known.unwrap_or_default()));
            self.draw_graph();
        }
    }

    /// The run is over.
    fn end(&mut self, complete: bool) {
        self.look();
        self.bar.end(complete);
        if let Some(report) = Arc::get_mut(&mut self.report) {
            (report.ended, report.complete) = (true, complete);
        }
        self.draw_graph();
        self.layers.clear();
        self.targets.clear();
    }

    fn draw_graph(&mut self) {
        let sketch = Sketch::of(&self.targets, &View::of(Detail::Layers), std::slice::from_ref(&self.report));
        self.graph = graph::draw(&sketch).html();
    }

    fn draw(&self, whole: &mut Element) {
        whole.child("div").markup(&self.bar.bundle().html);
        whole.child("div").markup(&course::picture(&self.report).html());
        self.workers().draw(whole);
        let mut details = whole.child("details");
        details.child("summary").with("style", "cursor:pointer;font-size:12px").text("graph");
        details.markup(&self.graph);
    }

    /// What each worker did so far.
    fn workers(&self) -> Table {
        let mut done = vec![(0_usize, Duration::ZERO); self.report.workers];
        for record in &self.report.records {
            if let Some((tasks, busy)) = done.get_mut(record.worker as usize) {
                (*tasks, *busy) = (*tasks + 1, *busy + record.took());
            }
        }
        let named = |name: &str| Column { name: name.to_owned(), numeric: true, ..Column::default() };
        let row = |(worker, &(tasks, busy)): (usize, &(usize, Duration))| Row::Cells {
            label: format!("worker {worker}"),
            cells: vec![
                wording::count(tasks),
                wording::time(busy),
                format!("{:.0} %", 100.0 * busy.as_secs_f64() / self.report.wall.as_secs_f64().max(1e-9)),
            ],
        };
        let rows = done.iter().enumerate().map(row).collect();
        Table { columns: vec![named("tasks"), named("time in tasks"), named("busy")], rows }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::{Layer, Operation, Origin, Pattern, Value};
    use crate::schedule::Config;

    #[test]
    fn a_board_shows_what_runs_and_then_what_ran() {
        let work = |name: &'static str| {
            let operation = Operation::new(name, 4, |_, _| Ok(Value::new((), 0)));
            Layer::of(operation, 4, Origin::caller())
        };
        let read = work("<read>").build();
        let plan = Plan::of(&[work("map").reads(&read, Pattern::OneToOne).build().layer().clone()]);
        let tally = Arc::new(Tally::new(&plan, &Config::settings().unwrap(), 3));
        let board = Board::default();
        assert!(board.html().contains("nothing runs yet"));
        board.observe(&plan, Event::Started { tally: &tally });
        let Bundle { html, text, .. } = board.bundle(Ok("http://127.0.0.1:1/?token=1"));
        assert!(text.contains("0 of 8\u{a0}tasks"), "{text}");
        for part in ["0 of 8\u{a0}tasks", "&lt;read&gt;", "worker 2", "<a href=\"http://127.0.0.1:1/?token=1\""] {
            assert!(html.contains(part), "{part} is not in {html}");
        }
        board.observe(&plan, Event::Finished { tally: &tally, complete: false });
        assert!(board.bundle(Err("no port")).html.contains("no port") && board.html().contains("stopped after"));
        board.observe(&plan, Event::Started { tally: &Arc::new(Tally::new(&plan, &Config::settings().unwrap(), 1)) });
        assert!(!board.html().contains("stopped after"), "what ended makes room for what runs");
    }
}
