//! Every scheduler against what a graph means, and what runs promise when memory is short or something fails.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::state::{Change, Next, Outcome, RunState};
use super::usage::{Process, resident};
use super::*;
use crate::graph::{Layer, Node, Operation, Origin, Pattern, Picture, Task, fuse};

/// What a layer of a random graph does.
#[derive(Clone, Debug)]
struct Recipe {
    tasks: usize,
    inputs: Vec<(usize, Shape)>,
    by_itself: bool,
}

#[derive(Clone, Copy, Debug)]
enum Shape {
    OneToOne,
    All,
    Tree,
    Pick,
    Blocks,
}

/// A number that depends on the layer, the partition and everything read, in order.
fn mixed(layer: usize, partition: usize, reads: impl Iterator<Item = u64>) -> u64 {
    let start = (layer as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ partition as u64;
    reads.fold(start, |mixed, read| (mixed.rotate_left(7) ^ read).wrapping_mul(0xbf58_476d_1ce4_e5b9))
}

fn reads(shape: Shape, task: usize, tasks: usize, partitions: usize) -> Vec<usize> {
    match shape {
        Shape::OneToOne => vec![task],
        Shape::All => (0..partitions).collect(),
        Shape::Tree => {
            (task * partitions.div_ceil(tasks)..((task + 1) * partitions.div_ceil(tasks)).min(partitions)).collect()
        }
        Shape::Pick => vec![(task * 7 + 3) % partitions],
        Shape::Blocks => (0..partitions).filter(|partition| (partition + task) % 3 == 0).collect(),
    }
}

fn pattern(shape: Shape, tasks: usize, partitions: usize) -> Pattern {
    match shape {
        Shape::OneToOne => Pattern::OneToOne,
        Shape::All => Pattern::All,
        Shape::Tree => Pattern::Tree(partitions.div_ceil(tasks)),
        Shape::Pick => Pattern::Pick((0..tasks).map(|task| reads(shape, task, tasks, partitions)[0]).collect()),
        Shape::Blocks => Pattern::Blocks(Arc::new(move |task, out| out.extend(reads(shape, task, tasks, partitions)))),
    }
}

fn run_mix(layer: &usize, task: Task) -> Result<Value, Failure> {
    let partition = task.partition();
    let mut read = Vec::new();
    for value in task.into_values() {
        read.push(value.take::<u64>()?);
    }
    Ok(Value::new(mixed(*layer, partition, read.into_iter()), 1000))
}

fn build(recipes: &[Recipe]) -> Vec<Node> {
    let mut nodes: Vec<Node> = Vec::new();
    for (number, recipe) in recipes.iter().enumerate() {
        let mut layer = Layer::of(Operation::new("mix", number, run_mix), recipe.tasks, Origin::caller());
        for &(input, shape) in &recipe.inputs {
            layer = layer.reads(&nodes[input], pattern(shape, recipe.tasks, recipes[input].tasks));
        }
        nodes.push(if recipe.by_itself { layer.by_itself() } else { layer }.build());
    }
    nodes
}

/// What every partition is, computed by following the recipes.
fn meaning(recipes: &[Recipe]) -> Vec<Vec<u64>> {
    let mut made: Vec<Vec<u64>> = Vec::new();
    for (number, recipe) in recipes.iter().enumerate() {
        let partition = |task| {
            let read = recipe.inputs.iter().flat_map(|&(input, shape)| {
                let partitions = reads(shape, task, recipe.tasks, recipes[input].tasks);
                partitions.into_iter().map(|partition| made[input][partition]).collect::<Vec<_>>()
            });
            mixed(number, task, read)
        };
        let partitions = (0..recipe.tasks).map(partition).collect();
        made.push(partitions);
    }
    made
}

/// Graphs in which chains, trees, diamonds and layers of other lengths meet.
fn recipes() -> impl Strategy<Value = Vec<Recipe>> {
    let input = (any::<prop::sample::Index>(), 0..8_u8);
    let layer = (1..9_usize, prop::collection::vec(input, 0..3), any::<bool>(), any::<u8>());
    prop::collection::vec(layer, 1..14).prop_map(|layers| {
        let mut recipes: Vec<Recipe> = Vec::new();
        for (number, (tasks, inputs, by_itself, like)) in layers.into_iter().enumerate() {
            let inputs: Vec<(usize, u8)> = if number == 0 {
                Vec::new()
            } else {
                inputs.iter().map(|(index, shape)| (index.index(number), *shape)).collect()
            };
            // Mostly as long as what it reads, so that there is something to fuse.
            let tasks = match inputs.first() {
                Some(&(input, _)) if like % 4 > 0 => recipes[input].tasks,
                _ => tasks,
            };
            let shape = |(input, shape): (usize, u8)| {
                let same: &Recipe = &recipes[input];
                let shape = match shape {
                    0..=3 if same.tasks == tasks => Shape::OneToOne,
                    0 | 4 => Shape::All,
                    1 | 5 => Shape::Tree,
                    2 | 6 => Shape::Pick,
                    _ => Shape::Blocks,
                };
                (input, shape)
            };
            let inputs = inputs.into_iter().map(shape).collect();
            recipes.push(Recipe { tasks, inputs, by_itself: by_itself && like % 2 == 0 });
        }
        recipes
    })
}

fn layers(nodes: &[&Node]) -> Vec<Arc<Layer>> {
    nodes.iter().map(|node| node.layer().clone()).collect()
}

fn numbers(values: Vec<Value>) -> Vec<u64> {
    values.into_iter().map(|value| value.take().unwrap()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Fused or not, on any scheduler, with any number of workers and hardly any memory: the same values.
    #[test]
    fn every_scheduler_computes_what_the_graph_means(
        recipes in recipes(),
        targets in prop::collection::vec(any::<prop::sample::Index>(), 1..3),
        workers in 1..6_usize,
        memory in prop::option::of(20_000..60_000_u64),
    ) {
        let nodes = build(&recipes);
        let made = meaning(&recipes);
        let targets: Vec<usize> = targets.iter().map(|target| target.index(nodes.len())).collect();
        let expected: Vec<u64> = targets.iter().flat_map(|&target| made[target].clone()).collect();
        let layers = layers(&targets.iter().map(|&target| &nodes[target]).collect::<Vec<_>>());
        for scheduler in Scheduler::ALL {
            // A process is long in starting: always the same number of them.
            let workers = if scheduler == Scheduler::Processes { 2 } else { workers };
            let mut choices = config().scheduler(scheduler).workers(workers);
            if let Some(memory) = memory {
                choices = choices.memory(memory);
            }
            let computed = with_config(choices, || run(&layers));
            prop_assert_eq!(numbers(computed.unwrap()), expected.clone(), "{}", scheduler.name());
        }
    }

    /// Steps of any run, in any order of finishing: the state is what it says it is, and never stuck.
    #[test]
    fn the_run_state_keeps_its_invariants(
        recipes in recipes(),
        fused in any::<bool>(),
        choices in prop::collection::vec(any::<(u8, u8, u16, bool)>(), 400),
        budget in 1_000..200_000_u64,
    ) {
        let nodes = build(&recipes);
        let targets = layers(&[nodes.last().unwrap()]);
        let plan = Plan::of(&if fused { fuse(&targets) } else { targets });
        let mut state = RunState::new(&plan, budget);
        let mut model = Model::new(&plan);
        let mut choices = choices.into_iter().cycle();
        while !state.is_done() {
            let (action, which, bytes, spills) = choices.next().unwrap();
            match state.next(&plan, 0) {
                Next::Start(task) if action % 7 == 0 => state.lost(&plan, task),
                Next::Start(task) => model.start(&plan, task),
                Next::Spill(victims) => {
                    for victim in victims {
                        prop_assert!(state.can_spill(victim));
                        state.spilled(victim);
                        model.on_disk.insert(victim);
                    }
                }
                Next::Wait => prop_assert!(!model.running.is_empty(), "stuck"),
                // All that one task reads is more than there may be.
                // Or it is what cannot be spilled.
                Next::CannotFit(large) => {
                    prop_assert!(model.running.is_empty() && large.bytes > budget);
                    return Ok(());
                }
            }
            if action % 3 == 0 && let Some(&task) = model.running.iter().nth(which as usize % model.running.len().max(1)) {
                let outcome = Outcome { bytes: bytes.into(), spills };
                if state.finished(&plan, task, outcome, |change| model.note(change)).is_err() {
                    return Ok(());
                }
                model.finish(task, outcome);
            }
            model.check(&plan, &state)?;
        }
    }
}

/// What is true of a run by definition, recomputed from the list of what happened.
struct Model {
    targets: BTreeSet<TaskId>,
    running: BTreeSet<TaskId>,
    finished: BTreeMap<TaskId, u64>,
    on_disk: BTreeSet<TaskId>,
    ready: BTreeSet<TaskId>,
    released: BTreeSet<TaskId>,
}

impl Model {
    fn new(plan: &Plan) -> Model {
        Model {
            targets: plan.targets().iter().copied().collect(),
            running: BTreeSet::new(),
            finished: BTreeMap::new(),
            on_disk: BTreeSet::new(),
            ready: plan.tasks().filter(|&task| plan.reads(task).is_empty()).collect(),
            released: BTreeSet::new(),
        }
    }

    fn start(&mut self, plan: &Plan, task: TaskId) {
        assert!(plan.reads(task).iter().all(|read| self.finished.contains_key(read)), "it reads what is not made");
        assert!(self.running.insert(task) && !self.finished.contains_key(&task), "it runs once");
    }

    fn note(&mut self, change: Change) {
        match change {
            Change::Ready(task) => assert!(self.ready.insert(task)),
            Change::Released(task) => assert!(self.released.insert(task), "released once"),
        }
    }

    fn finish(&mut self, task: TaskId, outcome: Outcome) {
        self.running.remove(&task);
        self.finished.insert(task, outcome.bytes);
    }

    fn check(&mut self, plan: &Plan, state: &RunState) -> Result<(), TestCaseError> {
        state.check_invariants(plan, &self.running);
        let is_wanted = |task: &TaskId| {
            self.targets.contains(task)
                || plan.tasks().any(|reader| !self.finished.contains_key(&reader) && plan.reads(reader).contains(task))
        };
        let held: BTreeSet<TaskId> = self.finished.keys().filter(|task| is_wanted(task)).copied().collect();
        let released: BTreeSet<TaskId> = self.finished.keys().filter(|task| !is_wanted(task)).copied().collect();
        prop_assert_eq!(&self.released, &released);
        self.on_disk.retain(|task| held.contains(task));
        let memory: u64 = held.difference(&self.on_disk).map(|task| self.finished[task]).sum();
        prop_assert_eq!(state.memory(), memory);
        let startable = |task: &TaskId| {
            !self.finished.contains_key(task)
                && !self.running.contains(task)
                && plan.reads(*task).iter().all(|read| self.finished.contains_key(read))
        };
        prop_assert_eq!(state.ready(), plan.tasks().filter(startable).count());
        Ok(())
    }
}

/// `tasks` tasks that do `work`, one layer over another's partitions.
fn layer(
    name: &'static str,
    tasks: usize,
    inputs: &[(&Node, Pattern)],
    work: fn(Task) -> Result<Value, Failure>,
) -> Node {
    let mut layer = Layer::of(Operation::of(name, work), tasks, Origin::caller());
    for (node, pattern) in inputs {
        layer = layer.reads(node, pattern.clone());
    }
    layer.drawn(Picture { collection: "Bag", detail: "u64".into(), grid: [].into() }).build()
}

fn each_scheduler(check: impl Fn(Scheduler)) {
    for scheduler in Scheduler::ALL {
        with_config(scheduler, || check(scheduler));
    }
}

#[test]
fn a_panic_in_one_of_ten_thousand_tasks_names_operation_partition_and_line() {
    let all = layer("range", 10_000, &[], |task| Ok(Value::new(task.partition() as u64, 8)));
    let line = line!() + 2;
    let odd = layer("check", 10_000, &[(&all, Pattern::OneToOne)], |task| {
        assert_ne!(task.partition(), 5000, "five thousand is not allowed");
        Ok(Value::new(1_u64, 8))
    });
    let sum = layer("sum", 1, &[(&odd, Pattern::All)], |task| Ok(Value::new(task.values(0).len() as u64, 8)));
    each_scheduler(|scheduler| {
        let text = run(&layers(&[&sum])).unwrap_err().to_string();
        let place = format!("tests.rs, line {line}");
        for part in [
            "check failed in partition 5000 of 10000",
            &place,
            "five thousand is not allowed",
            "partition 5000 of `range`",
        ] {
            assert!(text.contains(part), "{}: {part}: {text}", scheduler.name());
        }
        assert_eq!(numbers(run(&layers(&[&all])).unwrap()).len(), 10_000, "the next run works");
    });
}

/// The report of the last run of `node`: tests run beside each other.
fn report_of(node: &Node) -> Arc<RunReport> {
    let is_its = |run: &Arc<RunReport>| run.layers.iter().any(|layer| layer.parts.contains(&node.layer().key()));
    last_runs().into_iter().rev().find(is_its).expect("the run is remembered")
}

/// A hundred partitions of a megabyte, all needed once more after all were read.
fn revisited() -> Node {
    revisit(100, |task| Ok(Value::new(vec![(task.partition() as u64) << 32; 1 << 17], 1 << 20)))
}

fn revisit(partitions: usize, make: fn(Task) -> Result<Value, Failure>) -> Node {
    let made = layer("make", partitions, &[], make);
    let sums = layer("sum", partitions, &[(&made, Pattern::OneToOne)], |task| {
        Ok(Value::new(task.get::<Vec<u64>>(0)?.iter().map(|n| n >> 32).sum::<u64>(), 8))
    });
    let total = layer("total", 1, &[(&sums, Pattern::All)], |task| {
        Ok(Value::new(task.all::<u64>(0)?.into_iter().sum::<u64>(), 8))
    });
    let total = (&total, Pattern::Pick(vec![0; partitions].into()));
    layer("share", partitions, &[(&made, Pattern::OneToOne), total], |task| {
        Ok(Value::new(task.get::<Vec<u64>>(0)?.iter().map(|n| n >> 32).sum::<u64>() * 1000 / task.get::<u64>(1)?, 8))
    })
}

#[test]
fn what_does_not_fit_goes_to_the_disk_and_comes_back() {
    let shares: Vec<u64> = (0..100).map(|n| n * 1000 / 4950).collect();
    each_scheduler(|scheduler| {
        let node = revisited();
        let computed = with_config(config().memory("20 MB"), || run(&layers(&[&node])));
        assert_eq!(numbers(computed.unwrap()), shares, "{}", scheduler.name());
        let spilled = report_of(&node).spilled;
        assert!(spilled > 40 << 20, "{}: {spilled} bytes were spilled", scheduler.name());
    });
}

#[test]
fn what_cannot_fit_is_an_error_with_operation_size_and_remedy() {
    let refused = |node: &Node, memory: &str| {
        with_config(config().memory(memory), || run(&layers(&[node]))).unwrap_err().to_string()
    };
    let one = layer("make", 3, &[], |_| Ok(Value::new(vec![0_u8; 1 << 20], 1 << 20)));
    let all = layer("join", 1, &[(&one, Pattern::All)], |_| Ok(Value::new(0_u64, 8)));
    each_scheduler(|_| {
        let text = refused(&one, "1 MB");
        assert!(text.starts_with("make in partition") && text.contains("its value takes 1.0 MiB"), "{text}");
        let text = refused(&one, "2.5 MB");
        assert!(text.contains("the results so far take") && text.contains("config().memory"), "{text}");
        let text = refused(&all, "2.5 MB");
        assert!(text.starts_with("join") && text.contains("all that it reads takes 3.0 MiB"), "{text}");
    });
}

#[test]
fn what_cannot_be_put_on_the_disk_is_an_error_before_memory_is_full() {
    static MADE: AtomicUsize = AtomicUsize::new(0);
    let local = layer("open", 100, &[], |_| {
        MADE.fetch_add(1, Ordering::Relaxed);
        Ok(Value::local(vec![0_u8; 1 << 20], 1 << 20))
    });
    let all = layer("join", 1, &[(&local, Pattern::All)], |_| Ok(Value::new(0_u64, 8)));
    for scheduler in Scheduler::LOCAL {
        MADE.store(0, Ordering::Relaxed);
        let choices = config().scheduler(scheduler).memory("10.5 MB");
        let text = with_config(choices, || run(&layers(&[&all]))).unwrap_err().to_string();
        assert!(text.starts_with("open in partition 11 of 100"), "{text}");
        assert!(text.contains("values that cannot be put on the disk it takes 11.0 MiB"), "{text}");
        assert_eq!(MADE.load(Ordering::Relaxed), 11, "{}", scheduler.name());
    }
    // What frees as much as it makes goes on.
    let pairs = layer("pair", 100, &[(&local, Pattern::OneToOne)], |_| Ok(Value::new(1_u64, 8)));
    let sum = layer("sum", 1, &[(&pairs, Pattern::All)], |task| Ok(Value::new(task.values(0).len() as u64, 8)));
    let sum = with_config(config().memory("10.5 MB"), || run(&layers(&[&sum])));
    assert_eq!(numbers(sum.unwrap()), [100]);
}

#[test]
fn a_folder_that_takes_nothing_is_an_error_and_the_next_run_works() {
    let node = revisited();
    each_scheduler(|_| {
        let choices = config().memory("20 MB").spill_folder("/proc");
        let text = with_config(choices, || run(&layers(&[&node]))).unwrap_err().to_string();
        assert!(text.contains("in /proc") && text.contains("spill_folder"), "{text}");
        assert!(run(&layers(&[&node])).is_ok());
    });
}

#[test]
fn a_run_that_takes_too_long_is_stopped() {
    let slow = layer("sleep", 2000, &[], |_: Task| {
        std::thread::sleep(Duration::from_millis(5));
        Ok(Value::new(0_u64, 8))
    });
    each_scheduler(|_| {
        let begun = Instant::now();
        let timeout = Duration::from_millis(100);
        let error = with_config(config().timeout(timeout), || run(&layers(&[&slow]))).unwrap_err();
        assert!(matches!(error, RunError::TimedOut { .. }), "{error}");
        assert!(error.to_string().contains("100ms"), "{error}");
        assert!(begun.elapsed() < Duration::from_secs(4));
    });
}

#[test]
fn retry_runs_what_is_missing_and_nothing_else() {
    static BROKEN: AtomicBool = AtomicBool::new(true);
    static SLOW: AtomicUsize = AtomicUsize::new(0);
    let slow = layer("slow", 1, &[], |_| {
        SLOW.fetch_add(1, Ordering::Relaxed);
        Ok(Value::new(6_u64, 8))
    });
    // Two readers keep the value until both are done.
    let shaky = layer("shaky", 2, &[(&slow, Pattern::Pick([0, 0].into()))], |task| {
        match task.partition() == 1 && BROKEN.load(Ordering::Relaxed) {
            true => Err("not yet".into()),
            false => Ok(Value::new(task.get::<u64>(0)? * 7, 8)),
        }
    });
    for scheduler in [Scheduler::Synchronous, Scheduler::Threads] {
        BROKEN.store(true, Ordering::Relaxed);
        SLOW.store(0, Ordering::Relaxed);
        with_config(config().scheduler(scheduler).workers(1), || {
            let targets = layers(&[&shaky, &slow]);
            assert!(run(&targets).unwrap_err().to_string().contains("not yet"));
            BROKEN.store(false, Ordering::Relaxed);
            assert_eq!(numbers(resume(&targets).unwrap()), [42, 42, 6]);
            assert_eq!(SLOW.load(Ordering::Relaxed), 1, "{}", scheduler.name());
            assert_eq!(numbers(run(&targets).unwrap()), [42, 42, 6]);
            assert_eq!(SLOW.load(Ordering::Relaxed), 2, "what was kept is gone with the next run");
        });
    }
}

#[test]
fn retry_of_a_chain_starts_from_what_the_failed_task_read() {
    static BROKEN: AtomicBool = AtomicBool::new(true);
    static RAN: AtomicUsize = AtomicUsize::new(0);
    fn slow(value: u64) -> Result<Value, Failure> {
        RAN.fetch_add(1, Ordering::Relaxed);
        std::thread::sleep(Duration::from_millis(5));
        Ok(Value::new(value, 8))
    }
    // Each is the only reader of the one before.
    let load = layer("load", 1, &[], |_| slow(6));
    let clean = layer("clean", 1, &[(&load, Pattern::All)], |task| slow(task.get::<u64>(0)? + 1));
    let count = layer("count", 1, &[(&clean, Pattern::All)], |task| match BROKEN.load(Ordering::Relaxed) {
        true => Err("not yet".into()),
        false => Ok(Value::new(task.get::<u64>(0)? * 6, 8)),
    });
    each_scheduler(|scheduler| {
        BROKEN.store(scheduler != Scheduler::Processes, Ordering::Relaxed);
        RAN.store(0, Ordering::Relaxed);
        let targets = layers(&[&count]);
        if scheduler == Scheduler::Processes {
            // Other processes have statics of their own, and are broken for ever.
            assert!(run(&targets).unwrap_err().to_string().contains("not yet"));
            let here = with_config(Scheduler::Synchronous, || resume(&targets));
            assert_eq!((numbers(here.unwrap()), RAN.load(Ordering::Relaxed)), (vec![42], 0));
            return;
        }
        assert!(run(&targets).unwrap_err().to_string().contains("not yet"));
        BROKEN.store(false, Ordering::Relaxed);
        assert_eq!(numbers(resume(&targets).unwrap()), [42]);
        assert_eq!(RAN.load(Ordering::Relaxed), 2, "{}", scheduler.name());
    });
}

#[test]
fn what_the_user_holds_is_neither_counted_nor_spilled_in_a_retry() {
    static BROKEN: AtomicBool = AtomicBool::new(true);
    let held = Operation::holding("held", vec![7_u8; 2 << 20], |held, _| Ok(Value::new(held.clone(), 2 << 20)));
    let held = Layer::of(held, 1, Origin::caller()).by_itself().build();
    let shaky = layer("shaky", 2, &[(&held, Pattern::Pick([0, 0].into()))], |task| {
        let fails = task.partition() == 1 && BROKEN.load(Ordering::Relaxed);
        if fails { Err("not yet".into()) } else { Ok(Value::new(u64::from(task.get::<Vec<u8>>(0)?[0]), 8)) }
    });
    with_config(config().memory("1 MB").workers(1), || {
        assert!(run(&layers(&[&shaky])).unwrap_err().to_string().contains("not yet"));
        BROKEN.store(false, Ordering::Relaxed);
        assert_eq!(numbers(resume(&layers(&[&shaky])).unwrap()), [7, 7]);
    });
}

#[test]
fn runs_of_several_threads_take_turns() {
    static STOP: AtomicBool = AtomicBool::new(false);
    static DONE: [AtomicUsize; 2] = [const { AtomicUsize::new(0) }; 2];
    const TASKS: usize = 100_000;
    fn work(run: usize, task: &Task) -> Result<Value, Failure> {
        if !STOP.load(Ordering::Relaxed) {
            std::thread::sleep(Duration::from_millis(1));
        }
        DONE[run].fetch_add(1, Ordering::Relaxed);
        Ok(Value::new(task.partition() as u64, 8))
    }
    let first = layer("first", TASKS, &[], |task| work(0, &task));
    let second = layer("second", TASKS, &[], |task| work(1, &task));
    let short = layer("short", 10, &[], |task| Ok(Value::new(task.partition() as u64, 8)));
    let done = |run: usize| DONE[run].load(Ordering::Relaxed);
    let wait_for = |run: usize, tasks: usize| {
        let wanted = done(run) + tasks;
        while done(run) < wanted {
            assert!(done(1 - run) < TASKS, "one run waited for the end of the other");
            std::thread::yield_now();
        }
    };
    std::thread::scope(|scope| {
        let runs = |node| scope.spawn(move || with_config(Scheduler::Threads, || run(&layers(&[node])).unwrap().len()));
        let one = runs(&first);
        wait_for(0, 1);
        let other = runs(&second);
        wait_for(1, 100);
        wait_for(0, 100);
        wait_for(1, 100);
        with_config(Scheduler::Threads, || assert_eq!(run(&layers(&[&short])).unwrap().len(), 10));
        assert!(done(0) < TASKS || done(1) < TASKS, "a short run waited for both long ones");
        STOP.store(true, Ordering::Relaxed);
        assert_eq!((one.join().unwrap(), other.join().unwrap()), (TASKS, TASKS));
    });
}

#[test]
fn what_a_task_computes_follows_the_choices_of_its_run() {
    let node = layer("nested", 8, &[], |_| Ok(Value::new(Config::settings()?.memory, 8)));
    for scheduler in Scheduler::LOCAL {
        let choices = config().scheduler(scheduler).memory(123_456_789);
        let budgets = with_config(&choices, || run(&layers(&[&node]))).unwrap();
        assert_eq!(numbers(budgets), [123_456_789; 8], "{}", scheduler.name());
        assert_ne!(Config::settings().unwrap().memory, 123_456_789, "and this thread has its own again");
    }
    let crowd = config().scheduler(Scheduler::Threads).workers(50).memory(123_456_789);
    assert_eq!(numbers(with_config(crowd, || run(&layers(&[&node]))).unwrap()), [123_456_789; 8]);
}

#[test]
fn a_run_is_cancelled_from_code() {
    // Cancels every run of the process: in one of its own.
    const CHILD: &str = "LAZULI_TEST_CANCEL";
    if std::env::var_os(CHILD).is_none() {
        let name = "schedule::tests::a_run_is_cancelled_from_code";
        let mut child = std::process::Command::new(std::env::current_exe().unwrap());
        let output = child.args(["--exact", name]).env(CHILD, "").output().unwrap();
        let printed = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && printed.contains("1 passed"), "{printed}");
        return;
    }
    let asks = layer("ask", 10_000, &[], |task| {
        if task.partition() == 100 {
            assert_eq!(cancel_all(), 1);
        }
        Ok(Value::new(0_u64, 8))
    });
    for scheduler in Scheduler::LOCAL {
        with_config(scheduler, || {
            assert!(matches!(run(&layers(&[&asks])), Err(RunError::Cancelled)), "{}", scheduler.name());
            let report = report_of(&asks);
            assert!(!report.complete && report.tasks() < 10_000);
        });
    }
}

#[test]
fn many_runs_leave_no_thread_no_file_and_no_memory() {
    let count = |folder: &str| std::fs::read_dir(folder).unwrap().count();
    let node = revisit(20, |task| Ok(Value::new(vec![(task.partition() as u64) << 32; 1 << 13], 1 << 16)));
    let failing = layer("fail", 3, &[], |_| Err("no".into()));
    let crowd = 2 * threads::usual();
    let round = |number: usize| {
        let processes = (number % 50 == 0).then_some((Scheduler::Processes, 2));
        for (scheduler, workers) in [(Scheduler::Synchronous, 1), (Scheduler::Threads, 2), (Scheduler::Threads, crowd)]
            .into_iter()
            .chain(processes)
        {
            let choices = config().scheduler(scheduler).workers(workers).memory("400 kB");
            assert_eq!(numbers(with_config(&choices, || run(&layers(&[&node]))).unwrap()).len(), 20);
            with_config(&choices, || run(&layers(&[&failing]))).unwrap_err();
        }
    };
    (0..10).for_each(round);
    let before = (count("/proc/self/task"), count("/proc/self/fd"), resident(Process::This));
    (0..334).for_each(round);
    let after = (count("/proc/self/task"), count("/proc/self/fd"), resident(Process::This));
    // Other tests run beside this one.
    assert!(after.0 <= before.0 + 20 && after.1 <= before.1 + 20, "{before:?} {after:?}");
    assert!(after.2 < before.2 + (300 << 20), "{before:?} {after:?}");
}

#[test]
fn observers_see_each_task_queued_started_finished_and_released() {
    #[derive(Default)]
    struct Seen(Mutex<Vec<(String, usize)>>, usize);
    impl Observer for Seen {
        fn observe(&self, plan: &Plan, event: Event) {
            if plan.len() != self.1 {
                return;
            }
            let (what, task) = match event {
                Event::TaskQueued { task } => ("queued", task),
                Event::TaskStarted { task, .. } => ("started", task),
                Event::TaskFinished { task, .. } => ("finished", task),
                Event::Released { task } => ("released", task),
                _ => return,
            };
            self.0.lock().unwrap().push((what.to_owned(), task.index()));
        }
    }
    let first = layer("first", 1237, &[], |task| Ok(Value::new(task.partition() as u64, 8)));
    let last = layer("last", 1, &[(&first, Pattern::All)], |task| Ok(Value::new(task.values(0).len() as u64, 8)));
    each_scheduler(|scheduler| {
        let seen = Arc::new(Seen(Mutex::default(), 1238));
        let watching = watch(seen.clone());
        run(&layers(&[&last])).unwrap();
        drop(watching);
        let seen = std::mem::take(&mut *seen.0.lock().unwrap());
        let at = |what: &str, task: usize| {
            let places = seen.iter().enumerate().filter(|(_, (w, t))| w == what && *t == task).map(|(at, _)| at);
            let places: Vec<usize> = places.collect();
            assert!(places.len() <= 1, "{what} {task} {}", scheduler.name());
            places.first().copied()
        };
        for task in 0..1237 {
            assert!(at("queued", task).is_some() && at("queued", task) < at("started", task));
            assert!(at("started", task) < at("finished", task) && at("finished", task) < at("released", task));
            assert!(at("finished", task) < at("queued", 1237));
        }
        assert!(at("queued", 1237) < at("started", 1237) && at("released", 1237).is_none());
    });
}

/// A run in two processes.
fn in_processes(node: &Node) -> Result<Vec<Value>, RunError> {
    with_config(config().scheduler(Scheduler::Processes).workers(2), || run(&layers(&[node])))
}

#[test]
fn tasks_of_the_process_scheduler_run_elsewhere() {
    let node = layer("pid", 8, &[], |_| Ok(Value::new(u64::from(std::process::id()), 8)));
    let here = u64::from(std::process::id());
    assert!(numbers(in_processes(&node).unwrap()).iter().all(|&process| process != here));
}

#[test]
fn a_worker_that_is_killed_loses_nothing() {
    static FOLDER: &str = "lazuli-test-killed";
    let folder = std::env::temp_dir().join(FOLDER);
    _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    // Each worker is killed in the middle of its first task, as from outside; the task then finds that it was there.
    let node = layer("work", 40, &[], |task| {
        let mark = std::env::temp_dir().join(FOLDER).join(task.partition().to_string());
        if task.partition() % 13 == 5 && std::fs::create_dir(&mark).is_ok() {
            std::process::Command::new("kill").args(["-9", &std::process::id().to_string()]).status()?;
        }
        Ok(Value::new(task.partition() as u64, 8))
    });
    let lost = Arc::new(AtomicUsize::new(0));
    struct Lost(Arc<AtomicUsize>);
    impl Observer for Lost {
        fn observe(&self, plan: &Plan, event: Event) {
            if plan.len() == 40 && matches!(event, Event::TaskLost { .. }) {
                self.0.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
    let watching = watch(Arc::new(Lost(lost.clone())));
    assert_eq!(numbers(in_processes(&node).unwrap()), (0..40).collect::<Vec<_>>());
    drop(watching);
    assert_eq!(lost.load(Ordering::Relaxed), 3);
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn a_task_that_ends_every_worker_fails_by_name_and_the_next_run_works() {
    let node = layer("deadly", 4, &[], |task| {
        if task.partition() == 2 {
            std::process::abort();
        }
        Ok(Value::new(1_u64, 8))
    });
    let text = in_processes(&node).unwrap_err().to_string();
    assert!(
        text.starts_with("deadly failed in partition 2 of 4") && text.contains("ended 3 worker processes"),
        "{text}"
    );
    assert!(text.contains("SIGABRT"), "{text}");
    let fine = layer("fine", 4, &[], |_| Ok(Value::new(1_u64, 8)));
    assert_eq!(numbers(in_processes(&fine).unwrap()), [1; 4]);
}

#[test]
fn what_cannot_travel_is_refused_with_what_to_do() {
    let here = 3_u64;
    let captured = Operation::with_closure("map", move |n: u64| n + here, |f, _| Ok(Value::new(f(1), 8)));
    let node = Layer::of(captured, 2, Origin::caller()).build();
    let text = in_processes(&node).unwrap_err().to_string();
    assert!(text.starts_with("map (built in ") && text.contains("map_with(parameters, |parameters"), "{text}");
    let called = crate::delayed::call(move |n: u64| n + here, (1,));
    let text = in_processes(crate::lazy::Lazy::node(&called)).unwrap_err().to_string();
    assert!(text.contains("`call(|captured, ..| .., (captured, ..))`") && !text.contains("_with"), "{text}");

    struct Refuses;
    impl serde::Serialize for Refuses {
        fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(serde::ser::Error::custom("a lock is nothing to write"))
        }
    }
    impl<'de> serde::Deserialize<'de> for Refuses {
        fn deserialize<D: serde::Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
            Ok(Refuses)
        }
    }
    let refused = Operation::new("lock", (Refuses, 1), |_, _| Ok(Value::new(1_u64, 8)));
    let text = in_processes(&Layer::of(refused, 1, Origin::caller()).build()).unwrap_err().to_string();
    assert!(text.starts_with("lock (built in ") && text.contains("a lock is nothing to write"), "{text}");

    struct Unwritten;
    let node = layer("open", 1, &[], |_| Ok(Value::local(Unwritten, 0)));
    let text = in_processes(&node).unwrap_err().to_string();
    assert!(text.starts_with("open failed") && text.contains("Unwritten cannot be sent"), "{text}");

    // What this process holds is read here, and sent.
    let held = Operation::holding("held", vec![5_u64, 6], |held, task| Ok(Value::new(held[task.partition()], 8)));
    let held = Layer::of(held, 2, Origin::caller()).build();
    let twice = layer("twice", 2, &[(&held, Pattern::OneToOne)], |task| Ok(Value::new(2 * task.get::<u64>(0)?, 8)));
    assert_eq!(numbers(in_processes(&twice).unwrap()), [10, 12]);
}

#[test]
fn workers_have_the_folder_and_the_environment_of_the_run_and_stop_in_the_middle_of_a_task() {
    let node = layer("folder", 2, &[], |_| Ok(Value::new(std::env::current_dir()?.display().to_string(), 8)));
    let here = std::env::current_dir().unwrap().display().to_string();
    for value in in_processes(&node).unwrap() {
        assert_eq!(value.get::<String>().unwrap(), &here);
    }
    let endless = layer("endless", 2, &[], |_| {
        std::thread::sleep(Duration::from_secs(3600));
        Ok(Value::new(0_u64, 8))
    });
    let begun = Instant::now();
    let error = with_config(config().timeout(Duration::from_millis(200)), || in_processes(&endless)).unwrap_err();
    assert!(matches!(error, RunError::TimedOut { .. }), "{error}");
    assert!(begun.elapsed() < Duration::from_secs(20));
}

/// A value that cannot be read again: who tries panics, or waits for an hour.
#[derive(Clone, serde::Serialize)]
struct Stubborn {
    waits: bool,
    bytes: Vec<u8>,
}

impl<'de> serde::Deserialize<'de> for Stubborn {
    fn deserialize<D: serde::Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        #[derive(serde::Deserialize)]
        struct Written {
            waits: bool,
            #[expect(dead_code, reason = "it must be there")]
            bytes: Vec<u8>,
        }
        if !Written::deserialize(input)?.waits {
            panic!("never again");
        }
        std::thread::sleep(Duration::from_secs(3600));
        Err(serde::de::Error::custom("an hour later"))
    }
}

#[test]
fn a_value_that_cannot_be_read_back_is_an_error_of_its_operation() {
    let node = layer("stubborn", 2, &[], |_| Ok(Value::new(Stubborn { waits: false, bytes: Vec::new() }, 8)));
    let text = in_processes(&node).unwrap_err().to_string();
    assert!(text.starts_with("stubborn failed in partition 0 of 2") && text.contains("never again"), "{text}");
    assert!(!report_of(&node).layers.is_empty());
}

#[test]
fn a_run_stops_while_a_worker_reads_what_is_large() {
    let stubborn = |_: &(), _: Task| Ok(Value::new(Stubborn { waits: true, bytes: vec![1; 1 << 20] }, 1 << 20));
    let held = Layer::of(Operation::holding("held", (), stubborn), 4, Origin::caller()).by_itself().build();
    let join = layer("join", 1, &[(&held, Pattern::All)], |_| Ok(Value::new(1_u64, 8)));
    let error = with_config(config().timeout(Duration::from_millis(300)), || in_processes(&join)).unwrap_err();
    assert!(matches!(error, RunError::TimedOut { .. }), "{error}");
}

/// The report of a run of `node`, made when it ends: later runs of other tests do not push it out.
fn reported(config: Config, node: &Node) -> RunReport {
    struct Keep(Key, Mutex<Option<RunReport>>);
    impl Observer for Keep {
        fn observe(&self, plan: &Plan, event: Event) {
            if let Event::Finished { tally, complete } = event
                && plan.layers().iter().any(|layer| layer.key() == self.0)
            {
                *self.1.lock().unwrap() = Some(tally.report(plan, complete));
            }
        }

        fn watches_tasks(&self) -> bool {
            false
        }
    }
    let keep = Arc::new(Keep(node.layer().key(), Mutex::new(None)));
    let _watch = watch(keep.clone());
    with_config(config, || run(&[node.layer().clone()]).unwrap());
    keep.1.lock().unwrap().take().unwrap()
}

#[test]
fn a_report_knows_every_task_and_the_longest_chain() {
    let layer = |name, tasks, milliseconds: u64| {
        let operation = Operation::new(name, milliseconds, |milliseconds, task| {
            std::thread::sleep(Duration::from_millis(*milliseconds));
            Ok(Value::local(task.partition(), 8))
        });
        Layer::of(operation, tasks, Origin::interned("cell 1/lib.rs", 1)).by_itself()
    };
    let read = layer("read", 4, 1).build();
    let slow = layer("slow", 1, 20).build();
    let both = layer("both", 4, 1).reads(&read, Pattern::OneToOne).reads(&slow, Pattern::All).build();
    let report = reported(config().workers(2), &both);
    assert_eq!((report.workers, report.records.len()), (2, 9));
    let record = |index: &u32| &report.records[*index as usize];
    let path: Vec<_> = report.critical_path.iter().map(record).collect();
    let names: Vec<_> = path.iter().map(|record| report.layers[record.layer as usize].operation).collect();
    assert_eq!(names, ["slow", "both"]);
    assert!(report.span() >= Duration::from_millis(21) && report.span() <= report.busy());
    assert!(path[0].ended() <= path[1].started() && path[1].ended() <= report.wall);
    assert!(report.records.iter().all(|record| record.worker < 2));
    assert!(!report.samples.is_empty(), "it ran for longer than one look");
}

#[test]
fn a_run_without_profile_keeps_its_counts_alone() {
    let operation = Operation::of("counted", |task| Ok(Value::local(task.partition(), 8)));
    let node = Layer::of(operation, 3, Origin::caller()).by_itself().build();
    let report = reported(config().profile(false), &node);
    assert_eq!((report.layers[0].tasks, report.records.len(), report.samples.len()), (3, 0, 0));
}
