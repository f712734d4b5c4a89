//! A sketch in the language of Graphviz. Imports: nothing.

use std::fmt::Write;

use crate::display::colour::Colouring;
use crate::display::layout::Direction;
use crate::display::palette;
use crate::display::sketch::{Card, Sketch, tells_path};
use crate::display::wording;

/// The drawing as a `digraph`.
pub(in crate::display) fn dot(sketch: &Sketch) -> String {
    let colouring = Colouring::of(sketch);
    let direction = if sketch.direction == Direction::Down { "TB" } else { "LR" };
    let mut dot = format!("digraph {{\n  rankdir={direction}\n  graph [fontname=\"sans-serif\", fontsize=11]\n");
    dot += &format!("  label={}\n", quoted(&sketch.summary()));
    dot += "  node [shape=box, style=\"rounded,filled\", fontname=\"sans-serif\", fontsize=11]\n";
    dot += "  edge [fontname=\"sans-serif\", fontsize=9]\n";
    for (index, card) in sketch.cards.iter().enumerate() {
        let name = format!("n{index}");
        let own = node(&name, card, &colouring, sketch.shows_path());
        if card.opened.is_empty() {
            dot += &own;
            continue;
        }
        let task = |(number, task)| node(&format!("{name}_{number}"), task, &colouring, tells_path(&card.opened));
        let tasks: String = card.opened.iter().enumerate().map(task).collect();
        dot += &format!("  subgraph cluster_{name} {{\n  label=\"\"\n{own}{tasks}  }}\n");
    }
    // Writing to a String cannot fail.
    for link in &sketch.links {
        let bold = if sketch.shows_path() && link.critical { ", penwidth=2.5" } else { "" };
        let _ = writeln!(dot, "  n{} -> n{} [label={}{bold}]", link.from, link.to, quoted(&link.label()));
    }
    dot + "}\n"
}

fn node(name: &str, card: &Card, colouring: &Colouring, with_path: bool) -> String {
    let (fill, colour) = (colouring.fill(card), palette::collection(card.collection));
    let bold = if with_path && card.critical { ", penwidth=2.5" } else { "" };
    let (label, hover) = (quoted(&label(card, colouring)), quoted(&card.hover()));
    format!("  {name} [label={label}, tooltip={hover}, fillcolor=\"{fill}\", color=\"{colour}\"{bold}]\n")
}

/// The lines on a card.
fn label(card: &Card, colouring: &Colouring) -> String {
    let mut lines = vec![wording::clipped(&card.name(), wording::NAME)];
    if !card.by_task {
        lines.extend([
            wording::clipped(&card.detail, wording::NAME),
            wording::clipped_before(&card.origin, wording::NAME),
        ]);
    }
    lines.push(colouring.cost(card));
    lines.retain(|line| !line.is_empty());
    lines.join("\n")
}

/// A string of Graphviz, in which quotes and backslashes mean themselves.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            '\n' => quoted.push_str("\\n"),
            // An ampersand would begin an entity.
            '&' => quoted.push_str("&amp;"),
            _ if character.is_control() => quoted.push(' '),
            _ => quoted.push(character),
        }
    }
    quoted + "\""
}
