//! A sketch in the language of Mermaid. Imports: nothing.

use std::fmt::Write;

use crate::display::colour::Colouring;
use crate::display::layout::Direction;
use crate::display::palette::{self, INK};
use crate::display::sketch::{Card, Sketch, tells_path};
use crate::display::wording;

/// The drawing as a `flowchart`.
pub(in crate::display) fn mermaid(sketch: &Sketch) -> String {
    let colouring = Colouring::of(sketch);
    let direction = if sketch.direction == Direction::Down { "TD" } else { "LR" };
    let mut chart = format!("flowchart {direction}\n");
    for (index, card) in sketch.cards.iter().enumerate() {
        let name = format!("n{index}");
        let own = node(&name, card, &colouring, sketch.shows_path());
        if card.opened.is_empty() {
            chart += &own;
            continue;
        }
        let task = |(number, task)| node(&format!("{name}_{number}"), task, &colouring, tells_path(&card.opened));
        let tasks: String = card.opened.iter().enumerate().map(task).collect();
        chart += &format!("  subgraph opened{index}[\" \"]\n{own}{tasks}  end\n");
    }
    // Writing to a String cannot fail.
    for link in &sketch.links {
        let label = link.label();
        let label = if label.is_empty() { label } else { format!("|\"{}\"|", escaped(&label)) };
        let _ = writeln!(chart, "  n{} -->{label} n{}", link.from, link.to);
    }
    let critical = sketch.links.iter().enumerate().filter(|(_, link)| sketch.shows_path() && link.critical);
    let critical: Vec<_> = critical.map(|(index, _)| index.to_string()).collect();
    if !critical.is_empty() {
        let _ = writeln!(chart, "  linkStyle {} stroke:{INK},stroke-width:4px", critical.join(","));
    }
    chart
}

fn node(name: &str, card: &Card, colouring: &Colouring, with_path: bool) -> String {
    let (fill, edge) = (colouring.fill(card), palette::collection(card.collection));
    let bold = if with_path && card.critical { ",stroke-width:4px" } else { "" };
    format!("  {name}[\"{}\"]\n  style {name} fill:{fill},stroke:{edge},color:{INK}{bold}\n", label(card, colouring))
}

/// The lines on a card.
fn label(card: &Card, colouring: &Colouring) -> String {
    let mut lines = vec![wording::clipped(&card.name(), wording::NAME)];
    if !card.by_task {
        lines.push(wording::clipped(&card.detail, wording::NAME));
    }
    lines.push(colouring.cost(card));
    lines.retain(|line| !line.is_empty());
    lines.iter().map(|line| escaped(line)).collect::<Vec<_>>().join("<br>")
}

/// Text within quotes. What could mean something to Mermaid, to Markdown or to HTML is written as its number.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for character in text.chars() {
        match character {
            ' ' | ',' | '(' | ')' | ':' | '.' => escaped.push(character),
            _ if character.is_alphanumeric() || !character.is_ascii() && !character.is_control() => {
                escaped.push(character);
            }
            _ if character.is_control() => escaped.push(' '),
            _ => {
                let _ = write!(escaped, "#{};", u32::from(character));
            }
        }
    }
    escaped
}
