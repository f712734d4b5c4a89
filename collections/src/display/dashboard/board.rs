//! Watches runs and shows them: to a cell that it draws anew, to a page that asks. Imports: graph, schedule.

use std::sync::{Arc, Mutex, MutexGuard, Weak};
use std::time::{Duration, Instant};

use super::locked;
use super::run::Run;
use crate::display::markup::Element;
use crate::display::{Bundle, channel};
use crate::graph::Plan;
use crate::schedule::{Event, Observer, Tally};

/// The cell is not drawn anew more often.
const BETWEEN_UPDATES: Duration = Duration::from_millis(250);

const NOTHING: &str = "nothing runs yet";

/// Watches runs and draws them.
#[derive(Debug)]
pub(super) struct Board {
    /// Those that go on, and the last that ended. Locked for a moment only: runs that begin and end wait for it.
    runs: Mutex<Vec<Arc<Run>>>,
    /// The cell that shows it.
    view: Mutex<Option<Shown>>,
    /// Itself, for a thread that draws later.
    own: Weak<Board>,
}

/// Where in the notebook the board is shown.
#[derive(Debug)]
struct Shown {
    name: String,
    /// Of its page; or why there is none.
    address: Result<String, String>,
    drawn: Instant,
    /// Whether a thread waits to draw what came too soon after that.
    awaited: bool,
}

impl Observer for Board {
    fn observe(&self, plan: &Plan, event: Event) {
        match event {
            Event::Started { tally } => self.begin(Run::new(plan, tally.clone())),
            Event::Finished { tally, complete } => self.end(tally, complete),
            _ => {}
        }
    }

    fn watches_tasks(&self) -> bool {
        false
    }

    fn pulse(&self, _: &Arc<Tally>) {
        if let Some(shown) = &mut *self.view()
            && shown.wait().is_zero()
        {
            self.draw(shown);
        }
    }
}

impl Board {
    pub(super) fn new() -> Arc<Board> {
        Arc::new_cyclic(|own| Board { runs: Mutex::default(), view: Mutex::default(), own: own.clone() })
    }

    /// Draws the cell of that name anew from now on.
    pub(super) fn goes_on_at(&self, name: String, address: Result<String, String>) {
        *self.view() = Some(Shown { name, address, drawn: Instant::now(), awaited: false });
    }

    /// Draws the cell for the last time, with why it has no page any more.
    pub(super) fn leave(&self, why: &str) {
        if let Some(mut shown) = self.view().take() {
            shown.address = Err(why.to_owned());
            self.draw(&mut shown);
        }
    }

    pub(super) fn text(&self) -> String {
        match &*self.runs() {
            [] => NOTHING.to_owned(),
            runs => runs.iter().map(|run| run.text()).collect::<Vec<_>>().join("\n"),
        }
    }

    /// What a cell shows: the board, below the address of its page, or below why there is none.
    pub(super) fn bundle(&self, address: Result<&str, &str>) -> Bundle {
        let mut html = String::new();
        let mut whole = Element::new(&mut html, "div");
        let mut line = whole.child("div").with("style", "font-size:12px");
        match address {
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

    pub(super) fn html(&self) -> String {
        let mut html = String::new();
        let mut whole = Element::new(&mut html, "div");
        let runs = self.runs();
        if runs.is_empty() {
            whole.child("p").text(NOTHING);
        }
        for run in &runs {
            whole.markup(&run.html());
        }
        drop(whole);
        html
    }

    fn runs(&self) -> Vec<Arc<Run>> {
        locked(&self.runs).clone()
    }

    fn view(&self) -> MutexGuard<'_, Option<Shown>> {
        locked(&self.view)
    }

    /// What ended makes room for what begins.
    fn begin(&self, run: Run) {
        let mut runs = locked(&self.runs);
        runs.retain(|run| run.goes_on());
        runs.push(Arc::new(run));
    }

    fn end(&self, tally: &Arc<Tally>, complete: bool) {
        if let Some(run) = self.runs().iter().find(|run| run.is_of(tally)) {
            run.end(complete);
        }
        let mut view = self.view();
        let Some(shown) = &mut *view else { return };
        let wait = shown.wait();
        // Many short runs one after another would wait for the notebook more than they compute.
        if wait.is_zero() || tally.elapsed() >= BETWEEN_UPDATES {
            self.draw(shown);
        } else if !shown.awaited {
            shown.awaited = self.draw_after(wait);
        }
    }

    /// Draws the cell later, with what came until then; says whether there is a thread to do it.
    fn draw_after(&self, wait: Duration) -> bool {
        let board = self.own.clone();
        let draw = move || {
            std::thread::sleep(wait);
            if let Some(board) = board.upgrade()
                && let Some(shown) = &mut *board.view()
                && shown.awaited
            {
                board.draw(shown);
            }
        };
        std::thread::Builder::new().name("lazuli-dashboard-cell".to_owned()).spawn(draw).is_ok()
    }

    fn draw(&self, shown: &mut Shown) {
        if channel::connect() {
            (shown.drawn, shown.awaited) = (Instant::now(), false);
            channel::update(&self.bundle(shown.address.as_deref().map_err(String::as_str)), &shown.name);
        }
    }
}

impl Shown {
    /// How long it must not be drawn anew.
    fn wait(&self) -> Duration {
        BETWEEN_UPDATES.saturating_sub(self.drawn.elapsed())
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
        let board = Board::new();
        assert!(board.html().contains("nothing runs yet"));
        board.observe(&plan, Event::Started { tally: &tally });
        let Bundle { html, text, .. } = board.bundle(Ok("http://127.0.0.1:1/?token=1"));
        assert!(text.contains("0 of 8\u{a0}tasks"), "{text}");
        for part in ["0 of 8\u{a0}tasks", "&lt;read&gt;", "worker 2", "<a href=\"http://127.0.0.1:1/?token=1\""] {
            assert!(html.contains(part), "{part} is not in {html}");
        }
        assert!(!html.contains("<details"), "what is drawn anew while it is looked at is never folded");
        board.observe(&plan, Event::Finished { tally: &tally, complete: false });
        assert!(board.bundle(Err("no port")).html.contains("no port") && board.html().contains("stopped after"));
        assert_eq!(board.html(), board.html(), "what ended changes no more");
        board.observe(&plan, Event::Started { tally: &Arc::new(Tally::new(&plan, &Config::settings().unwrap(), 1)) });
        assert!(!board.html().contains("stopped after"), "what ended makes room for what runs");
    }
}
