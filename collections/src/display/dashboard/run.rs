//! One run as the dashboard shows it: bar, course, workers and graph, while it goes on and as it ended.
//! Imports: graph, schedule.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::locked;
use crate::display::markup::Element;
use crate::display::progress::Bar;
use crate::display::sketch::{Detail, Sketch, View};
use crate::display::table::{Column, Row, Table};
use crate::display::{course, graph, wording};
use crate::graph::{Layer, Plan};
use crate::schedule::{RunReport, Tally};

/// A run that goes on, or has ended.
#[derive(Debug)]
pub(super) struct Run {
    tally: Arc<Tally>,
    ended: AtomicBool,
    /// Locked while it is drawn, which the end of the run has to wait for.
    picture: Mutex<Picture>,
}

#[derive(Debug)]
struct Picture {
    bar: Bar,
    state: State,
}

#[derive(Debug)]
enum State {
    Running(Running),
    /// What is to be drawn of it, when someone looks.
    Ended(Arc<RunReport>, Sketch),
    /// It was drawn after its end and stays as it is.
    Drawn(String),
}

/// What is known of a run while it goes on.
#[derive(Debug)]
struct Running {
    report: Arc<RunReport>,
    /// Its layers, and those that it is asked for, as the user built them: let go when it is over, with all that they
    /// hold.
    layers: Vec<Arc<Layer>>,
    targets: Vec<Arc<Layer>>,
}

impl Run {
    pub(super) fn new(plan: &Plan, tally: Arc<Tally>) -> Run {
        let running = Running::of(plan, &tally);
        let picture = Picture { bar: Bar::new(plan, tally.clone()), state: State::Running(running) };
        Run { tally, ended: AtomicBool::new(false), picture: Mutex::new(picture) }
    }

    pub(super) fn is_of(&self, tally: &Arc<Tally>) -> bool {
        Arc::ptr_eq(&self.tally, tally)
    }

    pub(super) fn goes_on(&self) -> bool {
        !self.ended.load(Ordering::Relaxed)
    }

    /// The run is over.
    pub(super) fn end(&self, complete: bool) {
        let mut picture = locked(&self.picture);
        picture.bar.end(complete);
        if let State::Running(running) = &mut picture.state {
            running.look(&self.tally);
            if let Some(report) = Arc::get_mut(&mut running.report) {
                (report.ended, report.complete) = (true, complete);
            }
            picture.state = State::Ended(running.report.clone(), running.sketch());
        }
        self.ended.store(true, Ordering::Relaxed);
    }

    pub(super) fn text(&self) -> String {
        locked(&self.picture).bar.text()
    }

    pub(super) fn html(&self) -> String {
        let Picture { bar, state } = &mut *locked(&self.picture);
        match state {
            State::Running(running) => {
                running.look(&self.tally);
                drawn(bar, &running.report, &running.sketch())
            }
            State::Ended(report, sketch) => {
                let html = drawn(bar, report, sketch);
                *state = State::Drawn(html.clone());
                html
            }
            State::Drawn(html) => html.clone(),
        }
    }
}

impl Running {
    fn of(plan: &Plan, tally: &Tally) -> Running {
        let mut targets: Vec<usize> = plan.targets().iter().map(|&target| plan.layer_index(target)).collect();
        targets.dedup();
        // The last part of a layer that runs is the layer as it was built, which reads others as they were built.
        let built = |index: usize| plan.layers()[index].parts().last().cloned();
        Running {
            report: Arc::new(tally.so_far(plan.layers(), Vec::new())),
            layers: plan.layers().to_vec(),
            targets: targets.into_iter().filter_map(built).collect(),
        }
    }

    /// Takes what is new.
    fn look(&mut self, tally: &Tally) {
        let known = Arc::get_mut(&mut self.report).map(|report| std::mem::take(&mut report.records));
        self.report = Arc::new(tally.so_far(&self.layers, known.unwrap_or_default()));
    }

    /// The picture that `visualize()` gives, before the run and after it.
    fn sketch(&self) -> Sketch {
        Sketch::of(&self.targets, &View::of(Detail::Fitting), std::slice::from_ref(&self.report))
    }
}

fn drawn(bar: &Bar, report: &RunReport, sketch: &Sketch) -> String {
    let mut html = String::new();
    let mut whole = Element::new(&mut html, "div");
    whole.child("div").markup(&bar.bundle().html);
    whole.child("div").markup(&course::picture(report).html());
    if course::is_recorded(report) {
        workers(report).draw(&mut whole);
    }
    whole.child("div").markup(&graph::draw(sketch).html());
    drop(whole);
    html
}

/// What each worker did so far.
fn workers(report: &RunReport) -> Table {
    let mut done = vec![(0_usize, Duration::ZERO); report.workers];
    for record in &report.records {
        if let Some((tasks, busy)) = done.get_mut(record.worker as usize) {
            (*tasks, *busy) = (*tasks + 1, *busy + record.took());
        }
    }
    let row = |(worker, &(tasks, busy)): (usize, &(usize, Duration))| Row::Cells {
        label: format!("worker {worker}"),
        cells: vec![
            wording::count(tasks),
            wording::time(busy),
            format!("{:.0} %", 100.0 * busy.as_secs_f64() / report.wall.as_secs_f64().max(1e-9)),
        ],
    };
    let columns = ["tasks", "time in tasks", "busy"].map(Column::of_numbers);
    Table { columns: columns.into(), rows: done.iter().enumerate().map(row).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::display::tests::{check_names, long_names};
    use crate::display::{Draw, Drawing};
    use crate::graph::{Node, Operation, Origin, Pattern, Value};
    use crate::schedule::{self, Config, Event, Observer};

    fn layer(name: &'static str, tasks: usize, inputs: &[(&Node, Pattern)]) -> Node {
        let operation = Operation::new(name, tasks, |_, _| Ok(Value::new((), 8)));
        let layer = Layer::of(operation, tasks, Origin::caller());
        inputs.iter().fold(layer, |layer, (node, pattern)| layer.reads(node, pattern.clone())).build()
    }

    /// A chain that is fused when it runs, and its end.
    fn chain(tasks: usize) -> Node {
        let read = layer("read", tasks, &[]);
        let map = layer("map", tasks, &[(&read, Pattern::OneToOne)]);
        let filter = layer("filter", tasks, &[(&map, Pattern::OneToOne)]);
        layer("sum", 1, &[(&filter, Pattern::All)])
    }

    /// Where everything in the graph is of what a bundle shows, which is the last of its pictures.
    fn places(html: &str) -> Vec<String> {
        let graph = html.rsplit("<img ").next().unwrap();
        let place = |span: &str| span.split_once("margin:").unwrap().1.split_once(';').unwrap().0.to_owned();
        graph.split("<span title=\"").skip(1).map(place).collect()
    }

    #[test]
    fn the_graph_has_the_layout_of_visualize_before_while_and_after_it_runs() {
        for node in [chain(4), chain(100)] {
            let plan = Plan::fused(&[node.layer().clone()], &|_, _| false);
            let drawing = Drawing::of(&[&node]);
            let before = places(&drawing.bundle().html);
            assert!(before.len() >= 7, "cards and labels of layers that are not fused");
            let tally = Arc::new(Tally::new(&plan, &Config::settings().unwrap(), 2));
            let run = Run::new(&plan, tally);
            assert!(run.html().contains("running for"));
            assert_eq!(places(&run.html()), before);
            run.end(true);
            assert_eq!(places(&run.html()), before);
            schedule::run(&[node.layer().clone()]).unwrap();
            assert_eq!(places(&drawing.bundle().html), before);
        }
    }

    #[test]
    fn names_of_ten_thousand_characters_are_cut_while_a_run_is_shown() {
        let node = long_names(3);
        let plan = Plan::of(&[node.layer().clone()]);
        let run = Run::new(&plan, Arc::new(Tally::new(&plan, &Config::settings().unwrap(), 2)));
        check_names(&run.html());
        run.end(true);
        check_names(&run.html());
        check_names(&Bar::new(&plan, run.tally.clone()).bundle().html);
    }

    /// Draws each run when it ends, before its report is kept.
    #[derive(Default)]
    struct Seen(Mutex<Vec<(usize, String)>>);

    impl Observer for Seen {
        fn observe(&self, plan: &Plan, event: Event) {
            if let Event::Finished { tally, .. } = event {
                locked(&self.0).push((plan.len(), Run::new(plan, tally.clone()).html()));
            }
        }
    }

    #[test]
    fn tasks_that_were_not_recorded_are_not_counted_as_none() {
        let seen = Arc::new(Seen::default());
        let _watch = schedule::watch(seen.clone());
        let node = layer("read", 777, &[]);
        for profile in [true, false] {
            let _restore = schedule::enter(schedule::config().profile(profile));
            schedule::run(&[node.layer().clone()]).unwrap();
        }
        let own: Vec<_> =
            locked(&seen.0).iter().filter(|(tasks, _)| *tasks == 777).map(|(_, html)| html.clone()).collect();
        assert!(own[0].contains(">busy<") && !own[0].contains("profile(false)"));
        assert!(!own[1].contains(">busy<") && own[1].contains("profile(false)"), "{}", own[1]);
    }
}
