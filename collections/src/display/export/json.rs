//! A sketch as JSON. Imports: nothing.

use serde_json::{Value, json};

use crate::display::sketch::{Card, Cost, Link, Ran, Sketch};
use crate::display::wording;

/// No more operations are named that were fused.
const MOST_PARTS: usize = 40;

/// What the drawing shows.
pub(in crate::display) fn json(sketch: &Sketch) -> String {
    let value = json!({
        "layers": sketch.layers,
        "tasks": sketch.tasks,
        "run": sketch.ran.as_ref().map(run),
        "notes": sketch.notes,
        "cards": sketch.cards.iter().map(card).collect::<Vec<_>>(),
        "links": sketch.links.iter().map(link).collect::<Vec<_>>(),
    });
    format!("{value:#}\n")
}

fn run(ran: &Ran) -> Value {
    json!({
        "seconds": ran.wall.as_secs_f64(),
        "complete": ran.complete,
        "work_seconds": ran.busy.as_secs_f64(),
        "span_seconds": ran.span.map(|span| span.as_secs_f64()),
    })
}

fn card(card: &Card) -> Value {
    let opened: Vec<_> = card.opened.iter().map(self::card).collect();
    let parts: Vec<_> = card.parts.iter().take(MOST_PARTS).map(|part| wording::clipped(part, wording::NAME)).collect();
    let workers: Vec<_> = card.workers.iter().map(|(worker, busy)| (worker, busy.as_secs_f64())).collect();
    json!({
        "title": wording::clipped(&card.title, wording::REMARK),
        "fused": card.parts.len(),
        "parts": parts,
        "kind": if card.by_task { "task" } else { "layer" },
        "layers": card.layers,
        "tasks": card.tasks,
        "place": card.place,
        "collection": card.collection,
        "detail": wording::clipped(&card.detail, wording::REMARK),
        "grid": card.grid,
        "origin": wording::clipped_before(&card.origin, wording::REMARK),
        "order": card.order,
        "cost": card.cost.map(cost),
        "seconds_of_workers": workers,
        "critical": card.critical,
        "opened": opened,
    })
}

fn cost(cost: Cost) -> Value {
    json!({ "seconds": cost.busy.as_secs_f64(), "bytes": cost.bytes, "tasks": cost.tasks, "fused": cost.fused })
}

fn link(link: &Link) -> Value {
    let Link { from, to, pattern, bytes, critical } = link;
    json!({ "from": from, "to": to, "pattern": pattern, "bytes": bytes, "critical": critical })
}
