//! Pictures of small graphs, and of graphs too large to draw. Imports: graph, schedule.

mod exports;
mod runs;
mod sizes;

use std::time::{Duration, Instant};

use super::sketch::{Detail, Sketch, View};
use super::{Bundle, Draw, Drawing, chunks, graph};
use crate::graph::{Layer, Node, Operation, Origin, Pattern, Picture, Value};
use crate::schedule::{self, RunReport, Scheduler};

/// A layer whose tasks make eight bytes each, built in cell 3, line 2.
fn layer(name: &'static str, tasks: usize, inputs: &[(&Node, Pattern)], picture: Picture) -> Node {
    let operation = Operation::new(name, (name.to_owned(), tasks), |_, task| Ok(Value::new(task.partition(), 8)));
    let layer = Layer::of(operation, tasks, Origin::interned("cell 3/lib.rs", 2)).drawn(picture);
    inputs.iter().fold(layer, |layer, (node, pattern)| layer.reads(node, pattern.clone())).build()
}

fn array(detail: &str, grid: &[usize]) -> Picture {
    Picture { collection: "Array", detail: detail.into(), grid: grid.into() }
}

/// A graph whose every name is long, means something to markup and turns its line around; some of it is fused.
pub(super) fn long_names(tasks: usize) -> Node {
    let name: &'static str = format!("<b>🦀\u{202e}{}", "operation ".repeat(1_000)).leak();
    let made = |tasks, inputs: &[(&Node, Pattern)]| {
        let operation = Operation::new(name, (tasks, inputs.len()), |_, _| Ok(Value::new((), 8)));
        let picture = Picture { collection: "Bag", detail: name.into(), grid: [].into() };
        let layer = Layer::of(operation, tasks, Origin::interned(name, 2)).drawn(picture);
        inputs.iter().fold(layer, |layer, (node, pattern)| layer.reads(node, pattern.clone())).build()
    };
    let first = made(tasks, &[]);
    let next = made(tasks, &[(&first, Pattern::OneToOne)]);
    made(1, &[(&next, Pattern::All)])
}

/// The promise of what shows [`long_names`]: every name is cut, and with that put in order.
pub(super) fn check_names(shown: &str) {
    assert!(!shown.contains('\u{202e}'), "not all names are cut in {shown}");
    assert!(
        shown.contains('…') && shown.len() < 200_000,
        "{} bytes: {}",
        shown.len(),
        &shown[..2_000.min(shown.len())]
    );
}

fn delayed() -> Picture {
    Picture { collection: "Delayed", detail: "i64".into(), grid: [].into() }
}

/// The sum of `x + sin(x)`, in `rows` times `columns` chunks.
fn chunked_sum(rows: usize, columns: usize) -> Node {
    let tasks = rows * columns;
    let whole = || array("f64 (1000, 1000)", &[rows, columns]);
    let x = layer("random", tasks, &[], whole());
    let sin = layer("sin", tasks, &[(&x, Pattern::OneToOne)], whole());
    let add = layer("add", tasks, &[(&x, Pattern::OneToOne), (&sin, Pattern::OneToOne)], whole());
    let partial = layer("sum", tasks, &[(&add, Pattern::OneToOne)], whole());
    let tree = tasks.div_ceil(8);
    let tree = layer("combine", tree, &[(&partial, Pattern::Tree(8))], array("f64", &[tree]));
    layer("total", 1, &[(&tree, Pattern::All)], delayed())
}

/// A run of nothing.
pub(super) fn report() -> RunReport {
    RunReport {
        begun: Instant::now(),
        wall: Duration::from_millis(120),
        ended: true,
        complete: true,
        scheduler: Scheduler::Threads,
        workers: 3,
        budget: 1 << 30,
        spilled: 0,
        layers: Vec::new(),
        records: Vec::new(),
        critical_path: Vec::new(),
        samples: Vec::new(),
    }
}

fn chain(length: usize) -> Node {
    let start = layer("start", 1, &[], delayed());
    (0..length).fold(start, |node, _| layer("step", 1, &[(&node, Pattern::OneToOne)], delayed()))
}

/// The promise of a capped drawing: every form of it together.
fn check_size(bundle: &Bundle) {
    let size = bundle.html.len() + bundle.text.len() + bundle.svg.as_ref().map_or(0, String::len);
    assert!(size <= 200_000, "{size} bytes");
}

#[test]
fn few_tasks_are_all_drawn() {
    let drawing = Drawing::of(&[&chunked_sum(1, 2)]);
    insta::assert_snapshot!(drawing.text(), @"
    6 layers, 10 tasks
       0  random(0, 0)
       1  sin(0, 0)  ← 0
       2  add(0, 0)  ← 0, 1
       3  sum(0, 0)  ← 2
       4  random(0, 1)
       5  sin(0, 1)  ← 4
       6  add(0, 1)  ← 4, 5
       7  sum(0, 1)  ← 6
       8  combine  ← 3, 7
       9  total  ← 8
    ");
    insta::assert_snapshot!("graph_of_tasks", drawing.svg());
}

#[test]
fn many_tasks_are_drawn_as_layers() {
    let drawing = Drawing::of(&[&chunked_sum(10, 10)]);
    insta::assert_snapshot!(drawing.text(), @"
    6 layers, 414 tasks
       0  random ×100  Array f64 (1000, 1000)
       1  sin ×100  Array f64 (1000, 1000)  ← 0 (1:1)
       2  add ×100  Array f64 (1000, 1000)  ← 0 (1:1), 1 (1:1)
       3  sum ×100  Array f64 (1000, 1000)  ← 2 (1:1)
       4  combine ×13  Array f64  ← 3 (tree)
       5  total ×1  Delayed i64  ← 4 (all to all)
    ");
    insta::assert_snapshot!("graph_of_layers", drawing.svg());
}

#[test]
fn only_what_would_run_is_counted() {
    let x = layer("random", 100, &[], array("f64", &[100]));
    let first = layer("head", 1, &[(&x, Pattern::Pick([0].into()))], array("f64", &[1]));
    assert!(Drawing::of(&[&first]).layers().text().starts_with("2\u{a0}layers, 2\u{a0}tasks"));
}

#[test]
fn shared_layers_are_drawn_once() {
    let x = layer("random", 4, &[], array("f64", &[4]));
    let (sin, cos) = (
        layer("sin", 4, &[(&x, Pattern::OneToOne)], delayed()),
        layer("cos", 4, &[(&x, Pattern::OneToOne)], delayed()),
    );
    assert!(Drawing::of(&[&sin, &cos]).text().starts_with("3\u{a0}layers, 12\u{a0}tasks"));
}

#[test]
fn nothing_and_one_node_are_drawn() {
    assert!(Drawing::of(&[]).text().starts_with("0\u{a0}layers"));
    assert!(Drawing::of(&[]).svg().ends_with("</svg>"));
    assert_eq!(Drawing::of(&[&chain(0)]).bundle().html.matches("<span title").count(), 1);
}

#[test]
fn a_hostile_label_is_escaped_and_cut() {
    let name: &'static str = "<script>alert(\"1\")</script> '🦀' & \0";
    let picture = Picture { collection: "Bag", detail: "<img onerror=x>".repeat(10_000).into(), grid: [].into() };
    let bundle = Drawing::of(&[&layer(name, 3, &[], picture)]).layers().bundle();
    check_size(&bundle);
    for markup in [&bundle.html, bundle.svg.as_ref().unwrap()] {
        assert!(!markup.contains("<script") && !markup.contains("<img onerror") && !markup.contains('\0'));
    }
    assert!(bundle.html.contains("&lt;script&gt;alert(&quot;1&quot;)") && bundle.html.contains('🦀'));
}

#[test]
fn chunk_grids_are_drawn_for_any_number_of_axes() {
    let lengths =
        |shape: &[(usize, usize)]| shape.iter().map(|&(count, length)| vec![length; count]).collect::<Vec<_>>();
    assert!(chunks::draw(&[]).is_none());
    insta::assert_snapshot!("chunks_of_one_axis", chunks::draw(&lengths(&[(4, 25)])).unwrap().svg);
    insta::assert_snapshot!("chunks_of_two_axes", chunks::draw(&lengths(&[(10, 100), (4, 100)])).unwrap().svg);
    insta::assert_snapshot!(
        "chunks_of_five_axes",
        chunks::draw(&lengths(&[(2, 1), (2, 1), (3, 100), (4, 100), (5, 100)])).unwrap().svg
    );
    assert!(chunks::draw(&lengths(&[(100_000, 1), (100_000, 1)])).unwrap().svg.len() < 10_000);
    assert!(chunks::draw(&lengths(&[(1, 0), (1, 0)])).is_some());
}
