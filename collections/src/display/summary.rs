//! What a lazy collection says of itself: facts known without computing, a picture, the layers below it.
//! Imports: graph.

use super::Bundle;
use super::figure::Figure;
use super::markup::Element;
use super::sketch::{Detail, Sketch, View};
use super::table::{Column, Row, Table};
use super::wording;
use crate::graph::Node;

#[derive(Debug)]
pub(super) struct Summary<'a> {
    /// Its type, as it is written in Rust.
    pub title: String,
    pub node: &'a Node,
    pub facts: Vec<(&'static str, String)>,
    pub picture: Option<Figure>,
    /// Columns, where it has them: names and types.
    pub schema: Vec<(String, String)>,
}

const FAINT: &str = "opacity:0.7";

impl<'a> Summary<'a> {
    /// The type and facts alone.
    pub(super) fn of(title: String, node: &'a Node, facts: Vec<(&'static str, String)>) -> Self {
        Summary { title, node, facts, picture: None, schema: Vec::new() }
    }

    pub(super) fn bundle(mut self) -> Bundle {
        let layer = self.node.layer();
        let sketch = Sketch::of(std::slice::from_ref(layer), &View::of(Detail::Layers), &[]);
        self.facts.push(("built in", layer.origin().to_string()));
        Bundle { html: self.html(&sketch), text: self.text(&sketch), svg: self.picture.map(|picture| picture.svg) }
    }

    fn html(&self, sketch: &Sketch) -> String {
        let mut html = String::new();
        let mut whole = Element::new(&mut html, "div");
        let mut head = whole.child("div");
        head.child("b").text(&self.title);
        head.child("span").with("style", format!("{FAINT};margin-left:10px")).text("lazy: compute() runs it");
        drop(head);
        let mut parts = whole.child("div").with("style", "display:flex");
        let mut left = parts.child("div").with("style", "margin-right:24px");
        facts(&self.facts).draw(&mut left);
        drop(left);
        if let Some(picture) = &self.picture {
            parts.child("div").markup(&picture.html());
        }
        if !self.schema.is_empty() {
            schema(&self.schema).draw(&mut parts.child("div"));
        }
        drop(parts);
        let mut details = whole.child("details");
        details.child("summary").with("style", "cursor:pointer").text(&format!("graph: {}", sketch.summary()));
        layers(sketch).draw(&mut details);
        drop(details);
        drop(whole);
        html
    }

    fn text(&self, sketch: &Sketch) -> String {
        let mut text = format!("{} (lazy)", self.title);
        for (name, fact) in &self.facts {
            text += &format!("\n  {name:<10} {fact}");
        }
        text += &format!("\n  graph      {}", sketch.summary());
        if !self.schema.is_empty() {
            let columns: Vec<_> = self.schema.iter().take(20).map(|(name, dtype)| format!("{name} {dtype}")).collect();
            let more = if self.schema.len() > columns.len() { ", …" } else { "" };
            text += &format!("\n  columns    {}{more}", columns.join(", "));
        }
        text
    }
}

fn facts(facts: &[(&'static str, String)]) -> Table {
    let row =
        |(name, fact): &(&'static str, String)| Row::Cells { label: (*name).to_owned(), cells: vec![fact.clone()] };
    Table { columns: vec![Column::default()], rows: facts.iter().map(row).collect() }
}

fn schema(columns: &[(String, String)]) -> Table {
    let named = |name: &str| Column { name: name.to_owned(), ..Column::default() };
    let row = |(index, (name, dtype)): (usize, &(String, String))| Row::Cells {
        label: index.to_string(),
        cells: vec![name.clone(), dtype.clone()],
    };
    Table { columns: vec![named("column"), named("type")], rows: columns.iter().enumerate().map(row).collect() }
}

/// The layers as a table, inputs first.
fn layers(sketch: &Sketch) -> Table {
    let named = |name: &str, numeric| Column { name: name.to_owned(), numeric, ..Column::default() };
    let columns =
        vec![named("operation", false), named("tasks", true), named("makes", false), named("built in", false)];
    let row = |(index, card): (usize, &super::sketch::Card)| Row::Cells {
        label: index.to_string(),
        cells: vec![
            card.title.clone(),
            wording::count(card.tasks),
            format!("{} {}", card.collection, card.detail),
            card.origin.clone(),
        ],
    };
    Table { columns, rows: sketch.cards.iter().enumerate().map(row).collect() }
}
