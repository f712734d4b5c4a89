//! Pictures of graphs that ran. Imports: graph, schedule.

use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::display::layout::Direction;
use crate::display::sketch::Colour;
use crate::graph::{Plan, TaskId};
use crate::schedule::{LayerReport, TaskRecord};

/// A run as it might have been: the tasks of a layer take longer the higher their partition is, a worker each in turn.
pub(super) fn ran(node: &Node) -> Arc<RunReport> {
    let plan = Plan::fused(&[node.layer().clone()], &|_, _| false);
    let record = |task: TaskId| {
        let (layer, partition) = (plan.layer_index(task) as u32, plan.partition(task) as u32);
        let took = 1_000_000 * u64::from(10 - layer % 10) + 200_000 * u64::from(partition % 50);
        TaskRecord { task: task.0, layer, partition, worker: partition % 3, bytes: 800, started: 0, took }
    };
    let records: Vec<TaskRecord> = plan.tasks().map(record).collect();
    let layer = |(index, layer): (usize, &Arc<Layer>)| {
        let own = || records.iter().filter(|record| record.layer == index as u32);
        LayerReport {
            parts: layer.parts().iter().map(|part| part.key()).collect(),
            operation: layer.operation().name(),
            title: layer.title(),
            origin: layer.origin(),
            collection: layer.picture().collection,
            partitions: layer.tasks(),
            tasks: own().count() as u64,
            busy: own().map(|record| record.took()).sum(),
            bytes: own().map(|record| record.bytes).sum(),
        }
    };
    // The last that each task reads takes longest.
    let mut critical_path = vec![plan.len() as u32 - 1];
    while let Some(read) = plan.reads(TaskId(critical_path[0])).last() {
        critical_path.insert(0, read.0);
    }
    let layers = plan.layers().iter().enumerate().map(layer).collect();
    Arc::new(RunReport { layers, records, critical_path, ..report() })
}

/// The same run when the first half of its tasks is done.
fn half_run(node: &Node) -> Arc<RunReport> {
    let mut run = RunReport::clone(&ran(node));
    run.records.truncate(run.records.len() / 2);
    run.critical_path.clear();
    (run.ended, run.complete) = (false, false);
    for (index, layer) in run.layers.iter_mut().enumerate() {
        layer.tasks = run.records.iter().filter(|record| record.layer == index as u32).count() as u64;
    }
    Arc::new(run)
}

/// `x + sin(x)`, each by itself, and its sum: nothing of it is fused.
fn unfused(rows: usize, columns: usize) -> Node {
    let by_itself = |name: &'static str, tasks, inputs: &[(&Node, Pattern)], picture| {
        let operation = Operation::new(name, (name.to_owned(), tasks), |_, task| Ok(Value::new(task.partition(), 8)));
        let layer = Layer::of(operation, tasks, Origin::interned("cell 3/lib.rs", 2)).drawn(picture).by_itself();
        inputs.iter().fold(layer, |layer, (node, pattern)| layer.reads(node, pattern.clone())).build()
    };
    let tasks = rows * columns;
    let whole = || array("f64 (1000, 1000)", &[rows, columns]);
    let x = by_itself("random", tasks, &[], whole());
    let sin = by_itself("sin", tasks, &[(&x, Pattern::OneToOne)], whole());
    let add = by_itself("add", tasks, &[(&x, Pattern::OneToOne), (&sin, Pattern::OneToOne)], whole());
    let cut = by_itself("select", 2, &[(&x, Pattern::Pick([0, 1].into()))], array("f64 (10,)", &[2]));
    by_itself("sum", 1, &[(&add, Pattern::All), (&cut, Pattern::All)], delayed())
}

fn view(detail: Detail, colour: Option<Colour>, direction: Direction, optimized: bool) -> View {
    View { detail, colour, direction, optimized }
}

fn sketch(node: &Node, view: &View, runs: &[Arc<RunReport>]) -> Sketch {
    Sketch::of(&[node.layer().clone()], view, runs)
}

fn svg(node: &Node, view: &View) -> String {
    graph::draw(&sketch(node, view, &[ran(node)])).svg
}

#[test]
fn a_run_colours_its_own_graph_and_no_other() {
    let node = chunked_sum(3, 7);
    let view = View::of(Detail::Layers);
    let run = |node: &Node| {
        schedule::run(&[node.layer().clone()]).unwrap();
        schedule::last_run().unwrap()
    };
    let (own, other) = (run(&node), run(&chain(3)));
    let drawn = sketch(&node, &view, &[own.clone(), other.clone()]);
    assert!(drawn.cards.iter().all(|card| card.cost.is_some()) && drawn.ran.is_some(), "the latest of its own");
    assert_eq!(drawn.links[0].label(), "1:1", "what was fused moved no bytes");
    let drawn = sketch(&node, &view, &[other]);
    assert!(drawn.cards.iter().all(|card| card.cost.is_none()) && drawn.ran.is_none());
}

#[test]
fn pictures_after_a_run_show_what_it_measured() {
    let node = unfused(10, 10);
    let layers = view(Detail::Layers, None, Direction::Down, false);
    insta::assert_snapshot!("graph_after_a_run", svg(&node, &layers));
    insta::assert_snapshot!(
        "graph_opened",
        svg(&node, &View { detail: Detail::Opened("select".into()), ..layers.clone() })
    );
    insta::assert_snapshot!("graph_by_worker", svg(&node, &View { colour: Some(Colour::Worker), ..layers.clone() }));
    let right = view(Detail::Tasks, Some(Colour::Bytes), Direction::Right, true);
    insta::assert_snapshot!("graph_left_to_right", svg(&unfused(1, 2), &right));
    insta::assert_snapshot!(sketch(&node, &layers, &[ran(&node)]).text(), @"
    5 layers, 303 tasks; ran in 120 ms: 4.2 s of work, span 23 ms: at most 179.1 workers busy
       0  random ×100  Array f64 (1000, 1000)  1.5 s, 78.1 KiB  on the critical path
       1  sin ×100  Array f64 (1000, 1000)  ← 0 (1:1 · 78.1 KiB)  1.4 s, 78.1 KiB
       2  add ×100  Array f64 (1000, 1000)  ← 0 (1:1 · 78.1 KiB), 1 (1:1 · 78.1 KiB)  1.3 s, 78.1 KiB
       3  select ×2  Array f64 (10,)  ← 0 (pick · 78.1 KiB)  14 ms, 1.6 KiB  on the critical path
       4  sum ×1  Delayed i64  ← 2 (all to all · 78.1 KiB), 3 (all to all · 1.6 KiB)  6.0 ms, 800 B  on the critical path
    ");
    let opened = View { detail: Detail::Opened("select".into()), ..layers };
    insta::assert_snapshot!(sketch(&unfused(2, 2), &opened, &[ran(&unfused(2, 2))]).text(), @"
    5 layers, 15 tasks; ran in 120 ms: 132 ms of work, span 23 ms: at most 5.6 workers busy
       0  random ×4  Array f64 (1000, 1000)  41 ms, 3.1 KiB  on the critical path
       1  sin ×4  Array f64 (1000, 1000)  ← 0 (1:1 · 3.1 KiB)  37 ms, 3.1 KiB
       2  add ×4  Array f64 (1000, 1000)  ← 0 (1:1 · 3.1 KiB), 1 (1:1 · 3.1 KiB)  33 ms, 3.1 KiB
       3  select ×2  Array f64 (10,)  ← 0 (pick · 3.1 KiB)  14 ms, 1.6 KiB  on the critical path
            select(0,)  7.0 ms, 800 B
            select(1,)  7.2 ms, 800 B  on the critical path
       4  sum ×1  Delayed i64  ← 2 (all to all · 3.1 KiB), 3 (all to all · 1.6 KiB)  6.0 ms, 800 B  on the critical path
    ");
}

#[test]
fn fused_layers_are_one_card_that_names_them() {
    let node = chunked_sum(5, 20);
    let optimized = view(Detail::Layers, None, Direction::Down, true);
    insta::assert_snapshot!(sketch(&node, &optimized, &[ran(&node)]).text(), @"
    3 layers, 114 tasks; ran in 120 ms: 1.6 s of work, span 39 ms: at most 41.6 workers busy
       0  random → sin → add → sum ×100  Array f64 (1000, 1000)  1.5 s, 78.1 KiB
       1  combine ×13  Array f64  ← 0 (tree · 78.1 KiB)  133 ms, 10.2 KiB
       2  total ×1  Delayed i64  ← 1 (all to all · 10.2 KiB)  8.0 ms, 800 B
    ");
    let run = ran(&node);
    let drawn = sketch(&node, &optimized, &[run.clone()]);
    for (card, report) in drawn.cards.iter().zip(&run.layers) {
        let cost = card.cost.unwrap();
        assert_eq!((&*card.title, cost.busy, cost.bytes), (&*report.title, report.busy, report.bytes));
    }
    let steps = ["map", "filter", "round", "scale", "shift"];
    let first = layer("load", 9, &[], array("f64", &[9]));
    let last = steps.iter().fold(first, |node, step| layer(step, 9, &[(&node, Pattern::OneToOne)], array("f64", &[9])));
    let drawn = sketch(&last, &optimized, &[]);
    assert_eq!(drawn.cards[0].title, "load → map → … → shift");
    assert!(drawn.cards[0].hover().contains("runs as one: load → map → filter → round → scale → shift"));
}

#[test]
fn boxes_stay_where_they_are_while_a_graph_runs_and_when_it_has_run() {
    let nodes = [unfused(10, 10), unfused(1, 3), chunked_sum(4, 4), chain(3)];
    let details = [Detail::Fitting, Detail::Layers, Detail::Tasks, Detail::Opened("sin".into())];
    for (node, detail) in nodes.iter().flat_map(|node| details.iter().map(move |detail| (node, detail))) {
        for (direction, optimized) in [(Direction::Down, false), (Direction::Right, true)] {
            let view = view(detail.clone(), None, direction, optimized);
            let places = |runs: &[Arc<RunReport>]| {
                let svg = graph::draw(&sketch(node, &view, runs)).svg;
                let moved = |part: &str| part.split_once(')').map(|(place, _)| place.to_owned());
                svg.split("translate(").skip(1).map(moved).collect::<Vec<_>>()
            };
            assert_eq!(places(&[]), places(&[half_run(node)]), "{view:?} while it runs");
            assert_eq!(places(&[]), places(&[ran(node)]), "{view:?}");
        }
    }
}

#[test]
fn cards_show_the_chunks_of_an_array_whether_its_tasks_differ_or_not() {
    let node = unfused(4, 4);
    let view = View::of(Detail::Layers);
    let drawn = |run: RunReport| graph::draw(&sketch(&node, &view, &[Arc::new(run)])).svg;
    let chunks = |svg: &str| svg.matches("stroke-width=\"0.7\"").count();
    let differ = RunReport::clone(&ran(&node));
    let mut alike = differ.clone();
    alike.records.iter_mut().for_each(|record| record.took = 1_000_000);
    let (alike, differ) = (drawn(alike), drawn(differ));
    let before = graph::draw(&sketch(&node, &view, &[])).svg;
    assert_eq!(chunks(&alike), chunks(&before), "nothing is to be told of one chunk that is not true of all");
    // Three arrays of four times four chunks, in the colours of their tasks; lines between them.
    assert_eq!((chunks(&differ), differ.matches("l0 32").count()), (chunks(&before) - 3, 9));
}

#[test]
fn cards_say_what_they_are_coloured_by() {
    let node = unfused(10, 10);
    let bytes = svg(&node, &view(Detail::Layers, Some(Colour::Bytes), Direction::Down, false));
    let time = svg(&node, &view(Detail::Layers, Some(Colour::Time), Direction::Down, false));
    assert!(bytes.contains(">78.1 KiB</text>") && !bytes.contains(">1.5 s</text>"));
    assert!(time.contains(">1.5 s</text>") && !time.contains(">78.1 KiB</text>"));
}

#[test]
fn each_task_has_its_own_time_and_worker() {
    let node = unfused(2, 3);
    let tasks = sketch(&node, &View::of(Detail::Tasks), &[ran(&node)]);
    let of = |place: &str| tasks.cards.iter().find(|card| card.title == "sin" && card.place == place).unwrap();
    let (first, last) = (of("(0, 0)"), of("(1, 2)"));
    let took = |card: &crate::display::sketch::Card| card.cost.unwrap().busy;
    assert_eq!(took(last) - took(first), Duration::from_millis(1));
    assert!(last.hover().contains("800 B, by worker 2"), "{}", last.hover());
    let mut unrecorded = RunReport::clone(&ran(&node));
    unrecorded.records.clear();
    unrecorded.critical_path.clear();
    let unrecorded = [Arc::new(unrecorded)];
    let by_worker = sketch(&node, &view(Detail::Tasks, Some(Colour::Worker), Direction::Down, false), &unrecorded);
    assert_eq!(by_worker.notes, ["not coloured by worker: this was run with config().profile(false)"]);
    let tasks = sketch(&node, &View::of(Detail::Tasks), &unrecorded);
    let random = tasks.cards.iter().filter(|card| card.title == "random").map(took);
    assert!(
        random.clone().count() == 6 && random.clone().all(|time| Some(time) == random.clone().next()),
        "their mean"
    );
}

#[test]
fn the_critical_path_is_one_chain() {
    let node = unfused(2, 3);
    let tasks = sketch(&node, &View::of(Detail::Tasks), &[ran(&node)]);
    let path: Vec<_> = tasks.cards.iter().filter(|card| card.critical).map(|card| card.name()).collect();
    assert_eq!(path, ["random(0, 1)", "select(1,)", "sum"]);
    let links = tasks.links.iter().filter(|link| link.critical).count();
    assert_eq!(links, path.len() - 1);
    assert!(tasks.text().contains("span"), "{}", tasks.text());
}

#[test]
fn a_colour_that_needs_a_run_says_so() {
    let node = unfused(2, 2);
    for (colour, word) in [(Colour::Time, "time"), (Colour::Bytes, "bytes"), (Colour::Worker, "worker")] {
        let drawn = sketch(&node, &view(Detail::Layers, Some(colour), Direction::Down, false), &[]);
        assert_eq!(drawn.notes, [format!("not coloured by {word}: compute() this first")]);
        assert!(graph::draw(&drawn).svg.contains("compute() this first"));
    }
    let ordered = sketch(&node, &view(Detail::Layers, Some(Colour::Order), Direction::Down, false), &[]);
    assert!(ordered.notes.is_empty() && ordered.cards.last().unwrap().order == Some(1.0));
}
