//! A sketch in words. Imports: nothing.

use std::time::Duration;

use super::{Card, Colour, Link, Ran, Sketch, tells_path};
use crate::display::wording;

/// A line names no more cards than this that a card reads, and no more workers.
const MOST_READS: usize = 8;

impl Sketch {
    /// The picture in words, a line for each card.
    pub(in crate::display) fn text(&self) -> String {
        let mut text = self.summary();
        let mut reads: Vec<Vec<&Link>> = self.cards.iter().map(|_| Vec::new()).collect();
        for link in &self.links {
            reads[link.to].push(link);
        }
        for (index, (card, links)) in self.cards.iter().zip(&reads).enumerate() {
            let mut line = format!("\n{index:>4}  {}", wording::clipped(&card.name(), wording::TITLE));
            if !card.by_task && !card.detail.is_empty() {
                line += &format!("  {} {}", card.collection, wording::clipped(&card.detail, wording::NAME));
            }
            line += &read(links);
            line += &measured(card, self.colour, self.shows_path());
            text += line.trim_end();
            for task in &card.opened {
                text += &format!(
                    "\n        {}{}",
                    wording::clipped(&task.name(), wording::TITLE),
                    measured(task, self.colour, tells_path(&card.opened))
                );
            }
            if card.not_opened() > 0 {
                text += &format!("\n        and {} more", wording::count(card.not_opened()));
            }
        }
        text
    }

    /// `6 layers, 231 tasks; ran in 1.2 s: ...; 48 of 300 tasks are drawn one by one`.
    pub(in crate::display) fn summary(&self) -> String {
        let ran = self.ran.iter().map(Ran::words);
        [self.counts()].into_iter().chain(ran).chain(self.notes.iter().cloned()).collect::<Vec<_>>().join("; ")
    }

    /// `6 layers, 231 tasks`.
    pub(in crate::display) fn counts(&self) -> String {
        format!("{}, {}", wording::counted(self.layers, "layer"), wording::counted(self.tasks, "task"))
    }
}

impl Ran {
    /// `ran in 1.2 s: 4.1 s of work, span 300 ms: at most 13.7 workers busy`.
    fn words(&self) -> String {
        let shape = self.shape().map_or(String::new(), |shape| format!(": {shape}"));
        format!("{}{shape}", self.time())
    }

    /// `ran in 1.2 s`.
    pub(in crate::display) fn time(&self) -> String {
        let how = match (self.ended, self.complete) {
            (false, _) => "running for",
            (true, true) => "ran in",
            (true, false) => "stopped after",
        };
        format!("{how} {}", wording::time(self.wall))
    }
}

/// `  1.2 ms, 80 B  worker 0 60 %, worker 1 40 %  on the critical path`.
fn measured(card: &Card, colour: Option<Colour>, with_path: bool) -> String {
    let cost = card.cost.map(|cost| cost.words());
    let coloured = match colour {
        Some(Colour::Worker) => Some(shares(card)).filter(|shares| !shares.is_empty()),
        Some(Colour::Order) => card.order.map(|order| format!("runs at {:.0} % of the order", order * 100.0)),
        _ => None,
    };
    let path = (with_path && card.critical).then(|| "on the critical path".to_owned());
    cost.into_iter().chain(coloured).chain(path).map(|words| format!("  {words}")).collect()
}

/// `worker 0 60 %, worker 1 40 %`.
fn shares(card: &Card) -> String {
    let all: f64 = card.workers.values().map(Duration::as_secs_f64).sum();
    let share = |(worker, busy): (&u32, &Duration)| {
        format!("worker {worker} {:.0} %", busy.as_secs_f64() / all.max(f64::MIN_POSITIVE) * 100.0)
    };
    card.workers.iter().take(MOST_READS).map(share).collect::<Vec<_>>().join(", ")
}

/// `  ← 0 (1:1), 1 (tree)`.
fn read(links: &[&Link]) -> String {
    let source = |link: &&Link| match &*link.label() {
        "" => link.from.to_string(),
        label => format!("{} ({label})", link.from),
    };
    let sources: Vec<_> = links.iter().take(MOST_READS).map(source).collect();
    match sources.len() {
        0 => String::new(),
        shown if shown < links.len() => format!("  ← {}, …", sources.join(", ")),
        _ => format!("  ← {}", sources.join(", ")),
    }
}
