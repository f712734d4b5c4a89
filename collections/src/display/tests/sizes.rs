//! No picture is large, whatever is drawn. Imports: graph.

use super::runs::ran;
use super::*;
use crate::display::colour::Colouring;
use crate::display::layout::Direction;
use crate::display::profile::Profile;
use crate::display::sketch::Colour;
use crate::display::summary::Summary;

/// What can be asked of a drawing.
fn options(drawing: &Drawing, operation: &str) -> Vec<Drawing> {
    vec![
        drawing.clone(),
        drawing.tasks(),
        drawing.layers().optimized(),
        drawing.left_to_right(),
        drawing.by_time(),
        drawing.by_bytes(),
        drawing.by_order(),
        drawing.by_worker(),
        drawing.by_layer(),
        drawing.open(operation).unwrap(),
        drawing.open(operation).unwrap().optimized().by_order(),
    ]
}

#[test]
fn a_hundred_thousand_nodes_stay_small_with_every_option() {
    for drawing in options(&Drawing::of(&[&chunked_sum(1_000, 100)]), "sin") {
        check_size(&drawing.bundle());
        check_exports(&drawing);
    }
    for drawing in options(&Drawing::of(&[&chain(100_000)]), "step") {
        check_size(&drawing.bundle());
        check_exports(&drawing);
    }
}

#[test]
fn nothing_and_one_node_are_drawn_with_every_option() {
    let one = Drawing::of(&[&layer("load", 1, &[], delayed())]);
    for drawing in options(&one, "load") {
        check_size(&drawing.bundle());
        assert!(drawing.svg().contains("load") && drawing.dot().contains("load") && drawing.mermaid().contains("load"));
    }
    let nothing = Drawing::of(&[]);
    assert!(nothing.open("load").unwrap_err().to_string().ends_with("it is empty"));
    for drawing in [nothing.tasks(), nothing.layers().optimized(), nothing.by_order(), nothing.left_to_right()] {
        assert!(drawing.text().starts_with("0\u{a0}layers") && drawing.svg().ends_with("</svg>"));
        check_exports(&drawing);
    }
}

fn check_exports(drawing: &Drawing) {
    for text in [drawing.dot(), drawing.mermaid(), drawing.json()] {
        assert!(text.len() < 200_000, "{} bytes", text.len());
    }
}

#[test]
fn as_many_cards_as_there_may_be_stay_small_after_a_run() {
    let mut node = layer("load", 64, &[], array("f64 (1000, 1000)", &[8, 8]));
    for step in 1..50 {
        let grid: &[usize] = if step % 2 == 0 { &[8, 8] } else { &[64] };
        let pattern = Pattern::Pick((0..64).rev().collect());
        node = layer("reverse", 64, &[(&node, pattern)], array("f64 (1000, 1000)", grid));
    }
    let run = ran(&node);
    for colour in [Colour::Time, Colour::Order, Colour::Worker] {
        let view = View { colour: Some(colour), ..View::of(Detail::Layers) };
        let sketch = Sketch::of(&[node.layer().clone()], &view, &[run.clone()]);
        let figure = graph::draw(&sketch);
        check_size(&Bundle { html: figure.html(), text: sketch.text(), svg: Some(figure.svg) });
    }
}

fn check_bundle_of_names(bundle: &Bundle) {
    check_names(&bundle.text);
    check_names(&bundle.html);
    bundle.svg.iter().for_each(|svg| check_names(svg));
    check_size(bundle);
}

#[test]
fn names_of_ten_thousand_characters_are_cut_wherever_they_are_shown() {
    for node in [long_names(3), long_names(70)] {
        let operation = node.layer().operation().name();
        for drawing in options(&Drawing::of(&[&node]), operation) {
            check_bundle_of_names(&drawing.bundle());
            [drawing.dot(), drawing.mermaid(), drawing.json()].iter().for_each(|text| check_names(text));
        }
        for view in [View::of(Detail::Fitting), View { optimized: true, ..View::of(Detail::Layers) }] {
            let sketch = Sketch::of(&[node.layer().clone()], &view, &[ran(&node)]);
            let figure = graph::draw(&sketch);
            check_bundle_of_names(&Bundle { html: figure.html(), text: sketch.text(), svg: Some(figure.svg) });
        }
        check_bundle_of_names(&Profile::of(vec![ran(&node)]).bundle());
        let summary = Summary::of(format!("Bag<{operation}>"), &node, vec![("made by", operation.to_owned())]);
        let schema = vec![(operation.to_owned(), operation.to_owned()); 10_000];
        check_bundle_of_names(&Summary { schema, ..summary }.bundle());
    }
}

#[test]
fn an_opened_layer_among_many_levels_forms_no_cycle() {
    let start = layer("start", 1, &[], delayed());
    let step = |node: Node, index: usize| {
        let name = if index == 50 { "middle" } else { "step" };
        layer(name, index + 2, &[(&node, Pattern::All), (&start, Pattern::All)], delayed())
    };
    let last = (0..100).fold(start.clone(), step);
    let view = View { direction: Direction::Right, ..View::of(Detail::Opened("middle".into())) };
    let sketch = Sketch::of(&[last.layer().clone()], &view, &[]);
    let opened = sketch.cards.iter().find(|card| !card.opened.is_empty()).unwrap();
    assert_eq!((&*opened.title, opened.opened.len()), ("middle", 52));
    let left_out = sketch.cards.iter().filter(|card| card.detail == "left out of the picture").count();
    assert_eq!(left_out, 2, "those before it and those after it");
    assert!(graph::draw(&sketch).svg.len() < 100_000);
    assert!(Colouring::of(&sketch).legend(&sketch).len() == 1);
}

#[test]
fn a_hundred_thousand_tasks_stay_small() {
    let tasks = Drawing::of(&[&chunked_sum(1_000, 100)]).tasks();
    assert!(tasks.text().contains("too many tasks"));
}

#[test]
fn as_many_tasks_as_there_may_be_stay_small_after_a_run() {
    let node = chunked_sum(4, 7);
    let sketch = Sketch::of(&[node.layer().clone()], &View::of(Detail::Tasks), &[ran(&node)]);
    assert!(sketch.by_task() && sketch.cards.len() > 110);
    let figure = graph::draw(&sketch);
    check_size(&Bundle { html: figure.html(), text: sketch.text(), svg: Some(figure.svg) });
}

#[test]
fn a_hundred_thousand_layers_stay_small() {
    let long = Drawing::of(&[&chain(100_000)]);
    check_size(&long.bundle());
    assert!(long.text().contains("left out of the picture"), "{}", long.text());
    let many: Vec<Node> = (0..100_000).map(|_| layer("load", 1, &[], delayed())).collect();
    check_size(&Drawing::of(&many.iter().collect::<Vec<_>>()).bundle());
    let distinct: Vec<Node> = (0..2_000).map(|tasks| layer("load", tasks, &[], delayed())).collect();
    let inputs: Vec<_> = distinct.iter().map(|node| (node, Pattern::All)).collect();
    let fan_in = Drawing::of(&[&layer("sum", 1, &inputs, delayed())]);
    check_size(&fan_in.bundle());
    insta::assert_snapshot!(fan_in.text(), @"
    2 001 layers, 1 999 001 tasks
       0  load ×1 999 000  Delayed i64
       1  sum ×1  Delayed i64  ← 0 (all to all)
    ");
}

#[test]
fn groups_of_layers_form_no_cycle() {
    // Ten strands of forty alternating steps, each strand entered late into the next.
    let mut last = layer("start", 1, &[], delayed());
    for strand in 0..10 {
        let mut node = layer("enter", strand + 1, &[(&last, Pattern::All)], delayed());
        for step in 0..40 {
            let name = ["add", "sub", "mul"][step % 3];
            node = layer(name, strand + 1, &[(&node, Pattern::OneToOne), (&last, Pattern::All)], delayed());
        }
        last = node;
    }
    let sketch = Sketch::of(&[last.layer().clone()], &View::of(Detail::Layers), &[]);
    assert!(sketch.cards.len() <= 60);
    let figure = graph::draw(&sketch);
    assert!(figure.svg.len() < 100_000);
}

#[test]
fn the_levels_of_a_tree_share_a_card_that_is_no_result() {
    let level =
        |tasks, input: &Node| layer("sum", tasks, &[(input, Pattern::Tree(10))], array("partial results", &[tasks]));
    let x = layer("random", 10_000, &[], array("f64", &[10_000]));
    let partial = layer("sum", 10_000, &[(&x, Pattern::OneToOne)], array("partial results", &[10_000]));
    let first = level(1_000, &partial);
    let last = level(10, &level(100, &first));
    let sum = layer("sum", 1, &[(&last, Pattern::Tree(10))], array("partial results", &[1]));
    insta::assert_snapshot!(Drawing::of(&[&sum]).text(), @"
    6 layers, 21 111 tasks
       0  random ×10 000  Array f64
       1  sum ×10 000  Array partial results  ← 0 (1:1)
       2  sum ×1 110  Array 3 levels of a tree  ← 1 (tree)
       3  sum ×1  Array partial results  ← 2 (tree)
    ");
    // What is read by others too is seen by itself.
    let both = layer("both", 1, &[(&sum, Pattern::All), (&first, Pattern::All)], delayed());
    let sketch = Sketch::of(&[both.layer().clone()], &View::of(Detail::Layers), &[]);
    let cards: Vec<_> = sketch.cards.iter().map(|card| card.name()).collect();
    assert_eq!(cards, ["random ×10\u{a0}000", "sum ×10\u{a0}000", "sum ×1\u{a0}000", "sum ×111", "both ×1"]);
}
