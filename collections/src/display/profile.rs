//! What the last runs cost: what ran when on which worker, memory and processor over time, each layer's share and
//! the slowest tasks. As a picture with tables, and as polars frames. Imports: frame, schedule.

use std::cmp::Reverse;
use std::sync::Arc;

use polars::prelude::{DataFrame as PolarsFrame, df};

use super::course::{named, notes, picture, summary};
use super::markup::Element;
use super::table::{self, Column, Row};
use super::{Bundle, Draw, channel, wording};
use crate::frame::Table;
use crate::schedule::{self, LayerReport, RunReport, TaskRecord};

/// So many of the slowest tasks are listed.
const SLOWEST: usize = 10;
/// More layers than this are left out of the table: those that took least.
const MOST_LAYERS: usize = 20;
const NOTHING: &str = "nothing has run yet: `compute()` something first";

/// What one or more runs cost, as [`profile`] returns it.
#[derive(Clone, Debug)]
#[must_use = "a profile is seen when it is the last expression of a cell, or given to `display`"]
pub struct Profile {
    runs: Vec<Arc<RunReport>>,
}

/// The profile of the last run that ended: what ran when, with memory and processor over time, what each layer took,
/// and the ten slowest tasks. Made from what every run records as it goes; a run with `config().profile(false)` has
/// the layers alone.
///
/// ```standalone_crate
/// use lazuli::prelude::*;
/// # fn main() -> lazuli::Result<()> {
/// random((2000, 2000), (500, 500), 7).sin().sum().compute()?;
/// assert!(profile().text().contains("slowest tasks"));
/// # Ok(()) }
/// ```
pub fn profile() -> Profile {
    Profile::of(schedule::last_run().into_iter().collect())
}

impl Profile {
    pub(super) fn of(runs: Vec<Arc<RunReport>>) -> Profile {
        Profile { runs }
    }

    /// The profile of the last `runs` runs, oldest first: at most sixteen, fewer where they had millions of tasks.
    ///
    /// ```standalone_crate
    /// use lazuli::prelude::*;
    /// # fn main() -> lazuli::Result<()> {
    /// let x = from_sequence(0..100, 4);
    /// (x.sum().compute()?, x.count().compute()?);
    /// assert_eq!(profile().last(2).layers().column("run").unwrap().n_unique().unwrap(), 2);
    /// # Ok(()) }
    /// ```
    pub fn last(&self, runs: usize) -> Profile {
        let all = schedule::last_runs();
        Profile::of(all[all.len().saturating_sub(runs)..].to_vec())
    }

    /// The profile in words.
    ///
    /// ```standalone_crate
    /// use lazuli::prelude::*;
    /// assert!(profile().text().contains("nothing has run yet"));
    /// ```
    pub fn text(&self) -> String {
        if self.runs.is_empty() {
            return NOTHING.to_owned();
        }
        self.runs.iter().map(|run| words(run)).collect::<Vec<_>>().join("\n\n")
    }

    /// The picture of the last of the runs as SVG; none before anything ran.
    ///
    /// ```standalone_crate
    /// use lazuli::prelude::*;
    /// # fn main() -> lazuli::Result<()> {
    /// from_sequence(0..100, 4).sum().compute()?;
    /// assert!(profile().svg().unwrap().starts_with("<svg"));
    /// # Ok(()) }
    /// ```
    pub fn svg(&self) -> Option<String> {
        self.runs.last().map(|run| picture(run).svg)
    }

    /// A row for each task that ran: `run`, `operation`, `partition`, `built_in`, `worker`, how many seconds after the
    /// start of its run it `started` and how many `seconds` it took, and `bytes` of its value.
    ///
    /// ```standalone_crate
    /// use lazuli::prelude::*;
    /// # fn main() -> lazuli::Result<()> {
    /// from_sequence(0..100, 4).map(|n| n * n).sum().compute()?;
    /// let tasks = from_polars(&*profile().tasks(), 1)?;
    /// let by_worker = tasks.group_by(["worker"]).agg([col("seconds").sum()])?;
    /// assert!(by_worker.compute()?.height() >= 1);
    /// # Ok(()) }
    /// ```
    pub fn tasks(&self) -> Table {
        let rows: Vec<_> = self.rows(|run| &run.records);
        let layers = || rows.iter().map(|(_, run, task)| &run.layers[task.layer as usize]);
        let tasks = || rows.iter().map(|(_, _, task)| task);
        frame(df!(
            "run" => rows.iter().map(|row| row.0).collect::<Vec<_>>(),
            "operation" => layers().map(|layer| &*layer.title).collect::<Vec<_>>(),
            "partition" => tasks().map(|task| task.partition).collect::<Vec<_>>(),
            "built_in" => layers().map(|layer| layer.origin.to_string()).collect::<Vec<_>>(),
            "worker" => tasks().map(|task| task.worker).collect::<Vec<_>>(),
            "started" => tasks().map(|task| task.started().as_secs_f64()).collect::<Vec<_>>(),
            "seconds" => tasks().map(|task| task.took().as_secs_f64()).collect::<Vec<_>>(),
            "bytes" => tasks().map(|task| task.bytes).collect::<Vec<_>>(),
        ))
    }

    /// A row for each layer that ran, those that were fused as one: `run`, `operation`, `built_in`, how many `tasks`,
    /// their `seconds` summed over workers, and `bytes` of their values.
    ///
    /// ```standalone_crate
    /// use lazuli::prelude::*;
    /// # fn main() -> lazuli::Result<()> {
    /// from_sequence(0..100, 4).map(|n| n * n).sum().compute()?;
    /// assert_eq!(profile().layers().get_column_names()[1], "operation");
    /// # Ok(()) }
    /// ```
    pub fn layers(&self) -> Table {
        let rows: Vec<_> = self.rows(|run| &run.layers);
        let layers = || rows.iter().map(|(_, _, layer)| layer);
        frame(df!(
            "run" => rows.iter().map(|row| row.0).collect::<Vec<_>>(),
            "operation" => layers().map(|layer| &*layer.title).collect::<Vec<_>>(),
            "built_in" => layers().map(|layer| layer.origin.to_string()).collect::<Vec<_>>(),
            "tasks" => layers().map(|layer| layer.tasks).collect::<Vec<_>>(),
            "seconds" => layers().map(|layer| layer.busy.as_secs_f64()).collect::<Vec<_>>(),
            "bytes" => layers().map(|layer| layer.bytes).collect::<Vec<_>>(),
        ))
    }

    /// A row for each look at the machine: `run`, `seconds` after its start, bytes of values `held`, bytes that the
    /// process and its workers occupied (`resident`), and `processor` seconds they had used since the start.
    ///
    /// ```standalone_crate
    /// use lazuli::prelude::*;
    /// # fn main() -> lazuli::Result<()> {
    /// random((4000, 4000), (500, 500), 7).sin().sum().compute()?;
    /// assert_eq!(profile().samples().width(), 5);
    /// # Ok(()) }
    /// ```
    pub fn samples(&self) -> Table {
        let rows: Vec<_> = self.rows(|run| &run.samples);
        let samples = || rows.iter().map(|(_, _, sample)| sample);
        frame(df!(
            "run" => rows.iter().map(|row| row.0).collect::<Vec<_>>(),
            "seconds" => samples().map(|sample| sample.at.as_secs_f64()).collect::<Vec<_>>(),
            "held" => samples().map(|sample| sample.held).collect::<Vec<_>>(),
            "resident" => samples().map(|sample| sample.resident).collect::<Vec<_>>(),
            "processor" => samples().map(|sample| sample.cpu.as_secs_f64()).collect::<Vec<_>>(),
        ))
    }

    /// Shows the profile as the result of a cell.
    pub fn evcxr_display(&self) {
        channel::show_result(&self.bundle());
    }

    /// What `of` finds in each run, with the run and its number.
    fn rows<'a, T>(&'a self, of: fn(&'a RunReport) -> &'a Vec<T>) -> Vec<(u32, &'a RunReport, &'a T)> {
        let runs = (0..).zip(self.runs.iter().map(|run| &**run));
        runs.flat_map(|(number, run)| of(run).iter().map(move |row| (number, run, row))).collect()
    }
}

fn frame(made: polars::prelude::PolarsResult<PolarsFrame>) -> Table {
    Table::new(made.expect("the columns are named once and equally long"))
}

impl Draw for Profile {
    fn bundle(&self) -> Bundle {
        let mut html = String::new();
        let mut whole = Element::new(&mut html, "div");
        if self.runs.is_empty() {
            whole.text(NOTHING);
        }
        for run in &self.runs {
            draw(run, &mut whole);
        }
        drop(whole);
        Bundle { html, text: self.text(), svg: self.svg() }
    }
}

fn draw(run: &RunReport, whole: &mut Element) {
    whole.child("div").markup(&picture(run).html());
    let mut tables = whole.child("div").with("style", "display:flex;flex-wrap:wrap");
    let mut left = tables.child("div").with("style", "margin-right:28px");
    let layers = columns("operation", &["tasks", "time", "share", "made"]);
    table::Table { columns: layers, rows: numbered(layer_cells(run)) }.draw(&mut left);
    if let Some(others) = other_layers(run) {
        left.child("div").with("style", "opacity:0.7;font-size:12px").text(&others);
    }
    drop(left);
    let slowest = task_cells(run);
    if !slowest.is_empty() {
        let mut right = tables.child("div");
        right.child("div").with("style", "opacity:0.7;font-size:12px").text("slowest tasks");
        let tasks = columns("task", &["time", "made", "worker"]);
        table::Table { columns: tasks, rows: numbered(slowest) }.draw(&mut right);
    }
}

fn words(run: &RunReport) -> String {
    let mut lines = vec![[summary(run)].into_iter().chain(notes(run)).collect::<Vec<_>>().join("; ")];
    lines.extend(aligned(layer_cells(run)));
    lines.extend(other_layers(run).map(|others| format!("  {others}")));
    let slowest = task_cells(run);
    if !slowest.is_empty() {
        lines.push("slowest tasks".to_owned());
        lines.extend(aligned(slowest));
    }
    lines.join("\n")
}

/// Lines whose cells stand below each other; all are as long as the longest, so that is cut.
fn aligned(rows: Vec<Vec<String>>) -> Vec<String> {
    let clipped = |row: Vec<String>| row.iter().map(|cell| wording::clipped(cell, wording::NAME)).collect();
    let rows: Vec<Vec<String>> = rows.into_iter().map(clipped).collect();
    let columns = rows.first().map_or(0, Vec::len);
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("  {cell:<width$}"));
        cells.collect::<String>().trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}

/// A column of words, those of numbers, and where things were built.
fn columns(first: &str, numbers: &[&str]) -> Vec<Column> {
    let numbers = numbers.iter().map(|name| Column::of_numbers(name));
    [Column::of_words(first)].into_iter().chain(numbers).chain([Column::of_words("built in")]).collect()
}

fn numbered(cells: Vec<Vec<String>>) -> Vec<Row> {
    let row = |(index, cells): (usize, Vec<String>)| Row::Cells { label: (index + 1).to_string(), cells };
    cells.into_iter().enumerate().map(row).collect()
}

/// The layers that ran.
fn layers(run: &RunReport) -> impl Iterator<Item = &LayerReport> {
    run.layers.iter().filter(|layer| layer.tasks > 0)
}

/// `15 more layers took 3 ms`, if not all are listed.
fn other_layers(run: &RunReport) -> Option<String> {
    let mut times: Vec<_> = layers(run).map(|layer| Reverse(layer.busy)).collect();
    times.sort();
    let others = times.get(MOST_LAYERS..).filter(|others| !others.is_empty())?;
    let more = if others.len() == 1 {
        "1 more layer".to_owned()
    } else {
        format!("{} more layers", wording::count(others.len()))
    };
    Some(format!("{more} took {}", wording::time(others.iter().map(|Reverse(busy)| *busy).sum())))
}

/// The layers, those that took longest first.
fn layer_cells(run: &RunReport) -> Vec<Vec<String>> {
    let all = run.busy().as_secs_f64().max(1e-12);
    let mut layers: Vec<_> = layers(run).collect();
    layers.sort_by_key(|layer| Reverse(layer.busy));
    let cells = |layer: &&LayerReport| {
        vec![
            layer.title.to_string(),
            wording::count(layer.tasks as usize),
            wording::time(layer.busy),
            format!("{:.0} %", 100.0 * layer.busy.as_secs_f64() / all),
            wording::bytes(layer.bytes),
            layer.origin.to_string(),
        ]
    };
    layers.iter().take(MOST_LAYERS).map(cells).collect()
}

/// The slowest tasks, the slowest first.
fn task_cells(run: &RunReport) -> Vec<Vec<String>> {
    let mut records: Vec<&TaskRecord> = run.records.iter().collect();
    let slowest_first = |record: &&TaskRecord| Reverse(record.took());
    if records.len() > SLOWEST {
        records.select_nth_unstable_by_key(SLOWEST, slowest_first);
        records.truncate(SLOWEST);
    }
    records.sort_by_key(slowest_first);
    let cells = |record: &&TaskRecord| {
        let layer = &run.layers[record.layer as usize];
        vec![
            named(layer, record),
            wording::time(record.took()),
            wording::bytes(record.bytes),
            record.worker.to_string(),
            layer.origin.to_string(),
        ]
    };
    records.iter().map(cells).collect()
}

#[cfg(test)]
mod tests {
    use smallvec::SmallVec;

    use super::*;
    use crate::display::tests::report;
    use crate::graph::Origin;
    use crate::schedule::MOST_RECORDS;

    fn layers(count: usize) -> Vec<LayerReport> {
        let layer = |number: usize| LayerReport {
            parts: SmallVec::new(),
            title: format!("step {number}").into(),
            operation: "step",
            origin: Origin::caller(),
            collection: "Bag",
            partitions: 100,
            tasks: 100,
            busy: std::time::Duration::from_millis(number as u64 + 1),
            bytes: 8,
        };
        (0..count).map(layer).collect()
    }

    fn shown(run: RunReport) -> (String, String) {
        let Bundle { html, text, svg } = Profile::of(vec![Arc::new(run)]).bundle();
        (html + &svg.unwrap(), text)
    }

    #[test]
    fn what_a_profile_leaves_out_it_says() {
        let record = TaskRecord { task: 0, layer: 0, partition: 0, worker: 0, bytes: 8, started: 0, took: 1_000 };
        let whole = RunReport { layers: layers(20), records: vec![record; 2_000], ..report() };
        let (html, text) = shown(whole.clone());
        for note in ["recorded", "are drawn", "more layer"] {
            assert!(!html.contains(note) && !text.contains(note), "{note}: nothing is left out of {text}");
        }
        let unrecorded = RunReport { records: Vec::new(), ..whole.clone() };
        let wide = RunReport { workers: 64, ..whole.clone() };
        let mut long = RunReport { records: vec![record; MOST_RECORDS], ..whole.clone() };
        long.layers[0].tasks = 2_000_000;
        for (run, note) in [
            (unrecorded, "tasks were not recorded one by one: config().profile(false)"),
            (wide, "the first 40 of 64\u{a0}workers are drawn"),
            (long, "the first 1\u{a0}000\u{a0}000\u{a0}tasks were recorded"),
            (RunReport { layers: layers(23), ..whole.clone() }, "3 more layers took 6.0 ms"),
        ] {
            let (html, text) = shown(run);
            assert!(html.contains(note) && text.contains(note), "{note} is not in {text}");
        }
    }
}
