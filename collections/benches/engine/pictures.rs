//! What it costs to draw a graph: time and bytes of pictures of ten thousand tasks, before and after they ran.

use lazuli::display::Draw;
use lazuli::graph::Failure;
use lazuli::prelude::*;

use super::rounds::{Rounds, timed};
use super::table::Table;

/// A picture of a graph.
struct Picture {
    title: &'static str,
    drawn: fn(&Drawing) -> lazuli::Result<Drawing>,
}

const PICTURES: [Picture; 6] = [
    Picture { title: "layers", drawn: |drawing| Ok(drawing.clone()) },
    Picture { title: "layers, as they run", drawn: |drawing| Ok(drawing.optimized()) },
    Picture { title: "layers, by order", drawn: |drawing| Ok(drawing.by_order()) },
    Picture { title: "one layer opened", drawn: |drawing| drawing.open("sin") },
    Picture { title: "left to right", drawn: |drawing| Ok(drawing.left_to_right()) },
    Picture { title: "tasks, as far as they go", drawn: |drawing| Ok(drawing.tasks()) },
];

/// Prints what pictures of a mapped array and its tree sum cost, and of two hundred tasks, each drawn.
pub fn measure(rounds: usize) -> Result<(), Failure> {
    let table = Table::begin(
        "Pictures: every form together, HTML, SVG and text, of 12 668 tasks and of as many as are drawn one by one",
        &["picture", "before a run, ms", "after it, ms", "bytes after it", "promised"],
    );
    let all = Picture { title: "each task of a small graph", drawn: |drawing| Ok(drawing.tasks()) };
    let mut seed = 0;
    for (Picture { title, drawn }, side) in PICTURES.iter().map(|picture| (picture, 50)).chain([(&all, 4)]) {
        let (mut before, mut after, mut bytes) = (Rounds::default(), Rounds::default(), 0);
        for _ in 0..=rounds {
            // Each time another graph, which has not run yet.
            seed += 1;
            let total = random((side * 20, side * 20), (20, 20), seed).sin().sqrt().abs().sum();
            before.count(timed(|| Ok(drawn(&total.visualize())?.bundle()))?.1);
            total.compute()?;
            let (bundle, took) = timed(|| Ok(drawn(&total.visualize())?.bundle()))?;
            bytes = bundle.html.len() + bundle.text.len() + bundle.svg.map_or(0, |svg| svg.len());
            after.count(took);
        }
        let shown = |rounds: &Rounds| format!("{:.1}", rounds.median(1) * 1e3);
        let cells = [(*title).to_owned(), shown(&before), shown(&after), bytes.to_string()];
        table.row(&[&cells[..], &["≤ 100 ms, ≤ 200 000".to_owned()]].concat());
    }
    Ok(())
}
