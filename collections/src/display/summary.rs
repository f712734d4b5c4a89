//! What a lazy collection says of itself: facts known without computing, a picture, the layers below it.
//! Imports: graph.

use super::Bundle;
use super::figure::Figure;
use super::markup::Element;
use super::sketch::{Detail, Sketch, View};
use super::table::{Column, Row, Table, ends};
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
/// So many of the first columns are shown, and so many of the last.
const FIRST_COLUMNS: usize = 15;
const LAST_COLUMNS: usize = 5;

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
        head.child("b").text(&wording::clipped(&self.title, wording::TITLE));
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
        let mut text = format!("{} (lazy)", wording::clipped(&self.title, wording::TITLE));
        for (name, fact) in &self.facts {
            text += &format!("\n  {name:<10} {}", wording::clipped(fact, wording::REMARK));
        }
        text += &format!("\n  graph      {}", sketch.summary());
        if !self.schema.is_empty() {
            let spelt = |index: Option<usize>| match index.map(|index| &self.schema[index]) {
                None => "…".to_owned(),
                Some((name, dtype)) => wording::clipped(&format!("{name} {dtype}"), wording::NAME),
            };
            let columns: Vec<_> = ends(self.schema.len(), FIRST_COLUMNS, LAST_COLUMNS).into_iter().map(spelt).collect();
            text += &format!("\n  columns    {}", columns.join(", "));
        }
        text
    }
}

fn facts(facts: &[(&'static str, String)]) -> Table {
    let row =
        |(name, fact): &(&'static str, String)| Row::Cells { label: (*name).to_owned(), cells: vec![fact.clone()] };
    Table { columns: vec![Column::default()], rows: facts.iter().map(row).collect() }
}

/// Names and types of the first and last columns.
fn schema(columns: &[(String, String)]) -> Table {
    let row = |index: Option<usize>| match index {
        None => Row::Gap,
        Some(index) => {
            let (name, dtype) = columns[index].clone();
            Row::Cells { label: index.to_string(), cells: vec![name, dtype] }
        }
    };
    let rows = ends(columns.len(), FIRST_COLUMNS, LAST_COLUMNS).into_iter().map(row).collect();
    Table { columns: vec![Column::of_words("column"), Column::of_words("type")], rows }
}

/// The layers as a table, inputs first.
fn layers(sketch: &Sketch) -> Table {
    let columns = vec![
        Column::of_words("operation"),
        Column::of_numbers("tasks"),
        Column::of_words("makes"),
        Column::of_words("built in"),
    ];
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
