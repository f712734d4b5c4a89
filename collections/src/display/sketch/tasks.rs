//! A graph of few tasks, drawn task by task. Imports: graph.

use super::graph::Graph;
use super::{Card, Link};
use crate::graph::TaskId;

/// The cards and links of all tasks, in the order in which they run.
pub(super) fn drawn(graph: &Graph) -> (Vec<Card>, Vec<Link>) {
    let Some(plan) = graph.plan() else { return (Vec::new(), Vec::new()) };
    let card =
        |task| graph.card_of_task(plan.layer_index(task), plan.partition(task), Some(Graph::order_in_plan(plan, task)));
    let place = |task| (plan.layer_index(task), Some(plan.partition(task)));
    let links = plan.tasks().flat_map(|task| {
        let mut reads = plan.reads(task).to_vec();
        reads.sort();
        reads.dedup();
        let link = move |read: TaskId| Link {
            from: read.index(),
            to: task.index(),
            pattern: String::new(),
            bytes: None,
            critical: graph.leads(place(read), place(task)),
        };
        reads.into_iter().map(link)
    });
    (plan.tasks().map(card).collect(), links.collect())
}
