//! What runs, live: bars, what each worker does, memory and processor, and the graph, in a cell and on a page of its own.
//!
//! `run` draws one run; `board` watches all that go on and draws the cell; here is the handle that users hold.
//! Imports: graph, schedule.

mod board;
mod run;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::page::Page;
use super::{Bundle, Draw, channel};
use crate::schedule::{Watch, watch};
use board::Board;

/// A live view of what runs, as [`dashboard`] returns it.
#[derive(Clone, Debug)]
#[must_use = "a dashboard is seen when it is the last expression of a cell, or at its `url()`"]
pub struct Dashboard {
    open: Arc<Open>,
}

/// Opens the dashboard: as the last expression of a cell it shows, while this and later cells compute, how far each
/// run is, what each worker does, memory and processor, and the graph. The same is served as a page, on this machine
/// only and only to those who know its address, so that it can stand beside the notebook. Called again, it moves to the
/// new cell.
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
    let mut current = locked(&CURRENT);
    Dashboard { open: current.get_or_insert_with(|| Arc::new(Open::new())).clone() }
}

/// The one dashboard of this process, while it is open.
static CURRENT: Mutex<Option<Arc<Open>>> = Mutex::new(None);

#[derive(Debug)]
struct Open {
    board: Arc<Board>,
    /// None once it is closed, whoever still holds it.
    live: Mutex<Option<Live>>,
}

/// What ends when the dashboard is closed.
#[derive(Debug)]
struct Live {
    /// Or why there is none.
    page: Result<Page, String>,
    _watch: Watch,
}

impl Open {
    fn new() -> Open {
        let board = Board::new();
        let page = Page::serve({
            let board = board.clone();
            move || board.html()
        });
        let live = Live { page: page.map_err(|error| error.to_string()), _watch: watch(board.clone()) };
        Open { board, live: Mutex::new(Some(live)) }
    }

    /// Where its page is, or why there is none.
    fn address(&self) -> Result<String, String> {
        match &*locked(&self.live) {
            Some(live) => live.page.as_ref().map(|page| page.url().to_owned()).map_err(Clone::clone),
            None => Err(CLOSED.to_owned()),
        }
    }
}

const CLOSED: &str = "the dashboard was closed";

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Dashboard {
    /// Where the page is, with the token that opens it; none where it could not be served, or was closed.
    ///
    /// ```
    /// assert!(lazuli::display::dashboard().url().unwrap().contains("?token="));
    /// ```
    pub fn url(&self) -> Option<String> {
        self.open.address().ok()
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
        let mut current = locked(&CURRENT);
        let live = locked(&self.open.live).take();
        if current.as_ref().is_some_and(|open| Arc::ptr_eq(open, &self.open)) {
            *current = None;
        }
        drop(current);
        if live.is_some() {
            drop(live);
            self.open.board.leave(CLOSED);
        }
    }

    /// Shows the view as the result of a cell; it goes on there.
    pub fn evcxr_display(&self) {
        self.show();
    }
}

impl Draw for Dashboard {
    fn bundle(&self) -> Bundle {
        self.open.board.bundle(self.open.address().as_deref().map_err(String::as_str))
    }

    fn show(&self) {
        let name = channel::display_id();
        channel::show(&self.bundle(), Some(&name));
        self.open.board.goes_on_at(name, self.open.address());
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpStream;

    use super::*;

    #[test]
    fn a_dashboard_that_was_closed_is_closed_for_all_who_hold_it() {
        let board = dashboard();
        let url = board.url().unwrap();
        let (address, _) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
        assert!(TcpStream::connect(address).is_ok());
        dashboard().close();
        assert_eq!(board.url(), None);
        assert!(board.bundle().html.contains(CLOSED));
        while TcpStream::connect(address).is_ok() {
            std::thread::yield_now();
        }
        let next = dashboard();
        board.close();
        assert!(next.url().is_some_and(|other| other != url), "another one stays open");
        next.close();
    }
}
