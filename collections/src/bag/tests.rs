//! Laws of bags: any partitioning, on either scheduler, equals a `Vec`; the semantics of Dask where it
//! has them; what errors say.

use std::fmt::Debug;
use std::fs;
use std::path::PathBuf;

use proptest::prelude::*;

use crate::bag::{self, Bag, TextOptions, from_sequence, read_text, read_text_with};
use crate::graph::{self, Origin};
use crate::lazy::{self, Lazy};
use crate::{Scheduler, with_config};

/// Both schedulers compute `expected`.
fn check<L: Lazy<Output: PartialEq<E> + Debug>, E: Debug>(lazy: &L, expected: E) {
    for scheduler in Scheduler::LOCAL {
        let computed = with_config(scheduler, || lazy::compute(lazy)).expect("it computes");
        assert_eq!(computed, expected, "{}", scheduler.name());
    }
}

fn partitions<T: bag::Element>(bag: &Bag<T>) -> Vec<Vec<T>> {
    bag.to_delayed().iter().map(|partition| partition.compute().expect("it computes")).collect()
}

/// A folder of its own for a test, removed when the test is done.
struct Folder(PathBuf);

impl Folder {
    fn new(test: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("lazuli-bag-{test}-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder can be made");
        Folder(folder)
    }

    fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, content).expect("a file can be written");
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        _ = fs::remove_dir_all(&self.0);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_maps_equals_iterators(numbers in prop::collection::vec(-50_i64..50, 0..60), n in 1_usize..12) {
        let bag = from_sequence(numbers.clone(), n);
        prop_assert!(bag.npartitions() <= n);
        let (shift, odd) = (3, |number: &i64| number % 2 != 0);
        let repeat = |number: i64| (0..number.rem_euclid(4)).map(move |index| (number, index));
        check(&bag.map(|number| number * 2).map(move |number| number + shift),
            numbers.iter().map(|number| number * 2 + 3).collect::<Vec<_>>());
        check(&bag.map_with(shift, |shift, number| shift - number), numbers.iter().map(|number| 3 - number).collect::<Vec<_>>());
        check(&bag.filter(odd), numbers.iter().copied().filter(odd).collect::<Vec<_>>());
        check(&bag.map(|number| number).filter(odd), numbers.iter().copied().filter(odd).collect::<Vec<_>>());
        check(&bag.flat_map(repeat), numbers.iter().copied().flat_map(repeat).collect::<Vec<_>>());
        check(&bag.map_partitions(|part| part.into_iter().map(|number| number.to_string()).collect()),
            numbers.iter().map(i64::to_string).collect::<Vec<_>>());
        check(&bag, numbers);
    }

    #[test]
    fn what_reduces_equals_iterators(numbers in prop::collection::vec(-50_i64..50, 1..200), n in 1_usize..100) {
        let bag = from_sequence(numbers.clone(), n);
        check(&bag.sum(), numbers.iter().sum::<i64>());
        check(&bag.count(), numbers.len());
        check(&bag.min(), *numbers.iter().min().expect("there is one"));
        check(&bag.max(), *numbers.iter().max().expect("there is one"));
        check(&bag.mean(), numbers.iter().sum::<i64>() as f64 / numbers.len() as f64);
        let text = numbers.iter().map(|number| number.to_string() + ",").collect::<String>();
        check(&bag.fold(String::new(), |text, number| text + &number.to_string() + ",", |a, b| a + &b), text);
        check(&bag.map(|number| number).fold(0, |sum, number| sum + number, |a, b| a + b), numbers.iter().sum::<i64>());
        check(&bag.reduction(|part| part.len(), |lengths| lengths.into_iter().sum()), numbers.len());
    }

    #[test]
    fn what_groups_is_the_same_for_any_partitioning(numbers in prop::collection::vec(0_u8..20, 0..100), n in 1_usize..30) {
        let bag = from_sequence(numbers.clone(), n);
        let mut first = Vec::new();
        for number in &numbers {
            if !first.contains(number) {
                first.push(*number);
            }
        }
        let count = |wanted: u8| numbers.iter().filter(|number| **number == wanted).count();
        let pairs: Vec<(u8, usize)> = first.iter().map(|number| (*number, count(*number))).collect();
        check(&bag.frequencies(), pairs.clone());
        check(&bag.foldby(|number| *number, 0, |count, _| count + 1, |a: usize, b| a + b), pairs.clone());
        check(&bag.distinct(), first);
        let mut greatest = numbers.clone();
        greatest.sort_by(|a, b| b.cmp(a));
        greatest.truncate(5);
        check(&bag.topk(5), greatest);
        let mut rarest = pairs;
        rarest.sort_by_key(|(_, count)| *count);
        rarest.truncate(3);
        check(&bag.frequencies().topk_by_key(3, |(_, count)| std::cmp::Reverse(*count)), rarest);
    }

    #[test]
    fn partitions_can_be_cut_and_joined(length in 0_usize..60, n in 1_usize..20, m in 1_usize..40, first in 0_usize..70) {
        let numbers: Vec<usize> = (0..length).collect();
        let bag = from_sequence(numbers.clone(), n);
        let resized = bag.repartition(m);
        prop_assert_eq!(resized.npartitions(), m);
        check(&resized, numbers.clone());
        check(&bag.chain(&resized), [numbers.clone(), numbers.clone()].concat());
        prop_assert_eq!(bag.take(first).expect("it computes"), &numbers[..first.min(length)]);
        let range = bag::range(length as u64, m);
        prop_assert!(range.npartitions() == m.min(length).max(1));
        check(&range, (0..length as u64).collect::<Vec<_>>());
    }

    #[test]
    fn lines_are_those_of_the_file_for_any_blocksize(text in "[aé\r\n]{0,80}", blocksize in 1_u64..100) {
        let folder = Folder::new("blocks");
        let path = folder.file("text.txt", &text);
        let lines: Vec<&str> = text.lines().collect();
        check(&read_text(&path).expect("the file is there"), lines.clone());
        let blocks = read_text_with(&path, TextOptions::new().blocksize(blocksize)).expect("the file is there");
        prop_assert_eq!(blocks.npartitions(), text.len().div_ceil(blocksize as usize).max(1));
        check(&blocks, lines);
    }
}

/// An operation of a chain, on a bag and on a `Vec`.
#[derive(Clone, Copy, Debug)]
enum Step {
    Add(i64),
    Keep(i64),
    Repeat(i64),
    /// To another type and back.
    Write,
    /// On the partition as a whole; what follows it owns what it reads.
    Reverse,
}

impl Step {
    fn any() -> impl Strategy<Value = Step> {
        prop_oneof![
            (-9_i64..9).prop_map(Step::Add),
            (1_i64..4).prop_map(Step::Keep),
            (0_i64..3).prop_map(Step::Repeat),
            Just(Step::Write),
            Just(Step::Reverse),
        ]
    }

    fn lazy(self, bag: &Bag<i64>) -> Bag<i64> {
        match self {
            Step::Add(n) => bag.map_with(n, |n, number| number + n),
            Step::Keep(n) => bag.filter_with(n, |n, number| number % n == 0),
            Step::Repeat(n) => bag.flat_map_with(n, |n, number| vec![number; *n as usize]),
            Step::Write => bag.map(|number| number.to_string()).map(|text| text.parse().expect("it was a number")),
            Step::Reverse => bag.map_partitions(|part| part.into_iter().rev().collect()),
        }
    }

    /// On a partition.
    fn eager(self, part: Vec<i64>) -> Vec<i64> {
        match self {
            Step::Add(n) => part.iter().map(|number| number + n).collect(),
            Step::Keep(n) => part.into_iter().filter(|number| number % n == 0).collect(),
            Step::Repeat(n) => part.iter().flat_map(|number| vec![*number; n as usize]).collect(),
            Step::Write => part,
            Step::Reverse => part.into_iter().rev().collect(),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Long enough for several batches a partition.
    #[test]
    fn any_chain_in_one_pass_equals_a_vec(
        numbers in prop::collection::vec(-1000_i64..1000, 0..3000),
        n in 1_usize..5,
        steps in prop::collection::vec(Step::any(), 0..6),
    ) {
        let mut bag = from_sequence(numbers, n);
        let mut parts = partitions(&bag);
        for step in &steps {
            bag = step.lazy(&bag);
            parts = parts.into_iter().map(|part| step.eager(part)).collect();
        }
        prop_assert_eq!(partitions(&bag), parts.clone());
        let all = parts.concat();
        check(&bag.count(), all.len());
        check(&bag.sum(), all.iter().sum::<i64>());
        check(&bag.fold(0_i64, |hash, number| hash * 31 % 1_000_003 + number, |a, b| a + b),
            parts.iter().map(|part| part.iter().fold(0, |hash, number| hash * 31 % 1_000_003 + number)).sum::<i64>());
        let mut table: Vec<(i64, usize)> = Vec::new();
        for number in &all {
            match table.iter_mut().find(|(key, _)| *key == number % 50) {
                Some((_, count)) => *count += 1,
                None => table.push((number % 50, 1)),
            }
        }
        check(&bag.map(|number| number % 50).frequencies(), table.clone());
        check(&bag.foldby(|number| number % 50, 0, |count, _| count + 1, |a: usize, b| a + b), table);
        let mut descending = all.clone();
        descending.sort_by(|a, b| b.cmp(a));
        descending.truncate(7);
        check(&bag.topk(7), descending);
        if let (Some(least), Some(greatest)) = (all.iter().min(), all.iter().max()) {
            check(&bag.min(), *least);
            check(&bag.max(), *greatest);
            check(&bag.mean(), all.iter().sum::<i64>() as f64 / all.len() as f64);
        }
        check(&bag, all);
    }

    #[test]
    fn what_a_source_makes_goes_through_a_chain(length in 0_u64..5000, n in 1_usize..6) {
        let numbers = bag::range(length, n).map(|number| number * 3).filter(|number| number % 2 == 0);
        check(&numbers.map(|number| number + 1).sum(), (0..length).map(|n| n * 3).filter(|n| n % 2 == 0).map(|n| n + 1).sum::<u64>());
        let folder = Folder::new("chain");
        let text: String = (0..length).map(|number| format!("{number} {}\r\n", number % 7)).collect();
        let options = TextOptions::new().blocksize((text.len() / n).max(1) as u64);
        let lines = read_text_with(folder.file("numbers.txt", &text), options).expect("the file is there");
        let last = lines.flat_map(|line| line.split(' ').map(str::to_owned).collect::<Vec<_>>()).filter(|word| word.len() == 1);
        check(&last, text.split_whitespace().filter(|word| word.len() == 1).collect::<Vec<_>>());
    }

    #[test]
    fn a_panic_names_its_operation_wherever_it_is_in_a_chain(bad in 0_i64..4000, which in 0_usize..5, n in 1_usize..4) {
        let fails = move |at: usize, number: i64| assert!(!(at == which && number == bad), "met {number}");
        let bag = from_sequence(0..4000_i64, n);
        let begun = Origin::caller().line();
        let chain = bag.map(move |number| { fails(0, number); number })
            .filter(move |number| { fails(1, *number); true })
            .flat_map(move |number| { fails(2, number); [number] })
            .map_local(move |number| { fails(3, number); number })
            .fold(0, move |sum, number| { fails(4, number); sum + number }, |a, b| a + b);
        for scheduler in Scheduler::LOCAL {
            let text = with_config(scheduler, || chain.compute()).expect_err("it panics").to_string();
            let name = ["map", "filter", "flat_map", "map_local", "fold"][which];
            prop_assert!(text.starts_with(&format!("{name} failed")), "{text}");
            let line = format!("(built in collections/src/bag/tests.rs, line {})", begun + 1 + which as u32);
            prop_assert!(text.contains(&line) && text.contains(&format!("met {bad}")), "{text}");
        }
    }
}

#[test]
fn a_chain_on_a_source_is_one_task_a_partition() {
    let chain = bag::range(10, 2).map(|n| n + 1).filter(|n| n % 2 == 0).map(|n| n.to_string()).distinct();
    check(&chain, vec!["2", "4", "6", "8", "10"]);
    let fused = graph::fuse(&[chain.node().layer().clone()]);
    assert_eq!(graph::Plan::of(&fused).len(), 3, "two passes, and what joins their tables");
}

#[test]
fn what_is_mapped_locally_needs_no_codec() {
    #[derive(Clone, Debug, PartialEq)]
    struct Plain(&'static str);
    let plain = from_sequence(0..4, 2).map_local(|n| Plain(if n % 2 == 0 { "even" } else { "odd" }));
    check(&plain, vec![Plain("even"), Plain("odd"), Plain("even"), Plain("odd")]);
    check(&plain.count(), 4);
    check(&plain.map(|plain| plain.0.len()), vec![4, 3, 4, 3]);
    check(
        &plain.foldby(|plain| plain.0.to_owned(), 0, |count, _| count + 1, |a, b| a + b),
        vec![("even".to_owned(), 2), ("odd".to_owned(), 2)],
    );
}

#[test]
fn everything_but_captures_can_be_written() {
    let bag = from_sequence(0..10_i64, 2);
    let least = 3;
    let travelling = [
        bag.map(|n| n * 2).node().clone(),
        bag.filter_with(least, |least, n| n > least).node().clone(),
        bag.flat_map(|n| [n, n]).node().clone(),
        bag.map_partitions(|part| vec![part.len()]).node().clone(),
        bag.fold(0, |a, b| a + b, |a, b| a + b).node().clone(),
        bag.foldby(|n| n % 2, 0, |a, b| a + b, |a, b| a + b).node().clone(),
        bag.reduction(|part| part.len(), |lengths| lengths.len()).node().clone(),
        bag.topk_by_key(2, |n| -n).node().clone(),
        bag.map(|n| n % 3).frequencies().node().clone(),
        bag.max().node().clone(),
        bag.mean().node().clone(),
    ];
    for node in &travelling {
        let mut layer = node.layer();
        while let Some(input) = layer.inputs().first() {
            assert!(matches!(layer.operation().travel(), graph::Travel::Anywhere(_)), "{layer:?}");
            layer = &input.layer;
        }
    }
    let captures = bag.map(move |n| n + least);
    assert!(matches!(captures.node().layer().operation().travel(), graph::Travel::Captures { .. }));
    assert!(matches!(bag.map_local(|n| n).node().layer().operation().travel(), graph::Travel::Stays));
}

#[test]
fn dask_agrees() {
    let cases: Vec<serde_json::Value> =
        serde_json::from_str(include_str!("../../tests/fixtures/dask-semantics.json")).expect("the fixture is JSON");
    let agree = |call: &str, ours: String| {
        let case = cases.iter().find(|case| case["section"] == "BAG" && case["call"] == call);
        let expected = case.unwrap_or_else(|| panic!("no case {call}"))["result"].as_str().expect("a text");
        assert_eq!(ours, if expected.starts_with('!') { "error" } else { expected }, "{call}");
    };
    fn text<T: serde::Serialize>(result: crate::Result<T>) -> String {
        result.map_or("error".to_owned(), |value| serde_json::to_string(&value).expect("it is plain"))
    }
    let b = from_sequence(0..10, 3);
    let e = b.filter(|_| false);
    let add = |a, b| a + b;
    agree("P(b)", text(Ok(partitions(&b))));
    agree("P(db.range(10,npartitions=3))", text(Ok(partitions(&bag::range(10, 3)))));
    agree("seq(range(5),npartitions=8).npartitions", from_sequence(0..5, 8).npartitions().to_string());
    agree("b.fold(add)", text(b.fold(0, add, add).compute()));
    agree("b.fold(add,initial=10)", text(b.fold(10, add, add).compute()));
    agree("b.filter(lambda q:q>4).fold(add)", text(b.filter(|q| *q > 4).fold(0, add, add).compute()));
    agree("b.filter(lambda q:q>4).max()", text(b.filter(|q| *q > 4).max().compute()));
    agree("e.sum()", text(e.sum().compute()));
    agree("e.count()", text(e.count().compute()));
    agree("e.max()", text(e.max().compute()));
    agree("e.mean()", text(e.mean().compute()));
    agree("P(b.repartition(2))", text(Ok(partitions(&b.repartition(2)))));
}

#[test]
fn nan_is_the_least_the_greatest_and_the_first() {
    let bag = from_sequence([2.0, f64::NAN, 1.0], 3);
    assert!(bag.min().compute().expect("it computes").is_nan());
    assert!(bag.max().compute().expect("it computes").is_nan());
    let top = bag.topk(2).compute().expect("it computes");
    assert!(top[0].is_nan() && top[1] == 2.0);
}

#[test]
fn gzip_and_many_files_are_read_in_order_of_their_names() {
    use std::io::Write;
    let folder = Folder::new("gzip");
    folder.file("2.txt", "second\r\n\nlast");
    folder.file("3.txt", "");
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all("première\n".as_bytes()).expect("memory takes all");
    folder.file("1.txt", gzip.finish().expect("memory takes all"));
    let lines = read_text(folder.0.join("*.txt")).expect("there are files");
    assert_eq!(lines.npartitions(), 3);
    check(&lines, vec!["première", "second", "", "last"]);
}

#[test]
fn errors_of_reading_say_what_and_where() {
    let folder = Folder::new("errors");
    let build = |name: &str| read_text(folder.0.join(name)).expect_err("nothing to read").to_string();
    let run = |bag: crate::Result<Bag<String>>| bag.and_then(|bag| bag.compute()).expect_err("it fails").to_string();

    let text = build("no-such-*.txt");
    assert!(text.contains("no file matches") && text.contains("no-such-*.txt"), "{text}");
    let text = build("a[.txt");
    assert!(text.contains("is no pattern of file names"), "{text}");

    let path = folder.file("latin1.txt", b"fine\nna\xefve\nfine\n");
    for options in [TextOptions::new(), TextOptions::new().blocksize(5)] {
        let text = run(read_text_with(&path, options));
        assert!(text.contains("latin1.txt is not UTF-8 text: line 2, byte 7 of the file"), "{text}");
    }

    let text = run(read_text_with(&path, TextOptions::new().blocksize(0)));
    assert!(text.contains("the block size is 0"), "{text}");
    let path = folder.file("no.gz", b"\x1f\x8b this is not gzip");
    let text = run(read_text_with(&path, TextOptions::new().blocksize(9)));
    assert!(text.contains("no.gz is compressed and cannot be cut into blocks"), "{text}");
    let text = run(read_text(&path));
    assert!(text.contains("cannot read") && text.contains("no.gz: invalid gzip header"), "{text}");
    check(&read_text(folder.file("text.gz", "by name alone")).expect("it is text"), vec!["by name alone"]);

    let path = folder.file("changing.txt", "before");
    let bag = read_text(&path);
    folder.file("changing.txt", "after it was built");
    let text = run(bag);
    assert!(text.contains("changing.txt changed since this bag was built"), "{text}");
    let bag = read_text(&path);
    fs::remove_file(&path).expect("it is there");
    let text = run(bag);
    assert!(text.starts_with("read_text failed") && text.contains("changing.txt: No such file"), "{text}");
}

#[test]
fn errors_of_running_name_operation_partition_and_line() {
    let bag = from_sequence([1, 0, 2], 3).map(|n| 10 / n);
    for scheduler in Scheduler::LOCAL {
        let text = with_config(scheduler, || bag.sum().compute()).expect_err("it divides by zero").to_string();
        assert!(text.starts_with("map failed in partition 1 of 3 (built in "), "{text}");
        assert!(text.contains("bag/tests.rs, line") && text.contains("divide by zero"), "{text}");
    }
    let text = from_sequence([1], 1).filter(|_| false).min().compute().expect_err("it is empty").to_string();
    assert!(text.contains("the min of a bag without elements does not exist"), "{text}");
}

#[test]
#[should_panic(expected = "`npartitions` is 0")]
fn a_bag_of_no_partitions_is_refused() {
    _ = from_sequence([1], 0);
}

#[test]
fn elements_move_where_nobody_else_reads_them_and_are_cloned_where_someone_does() {
    use std::sync::atomic::{AtomicUsize, Ordering};
    static CLONES: AtomicUsize = AtomicUsize::new(0);
    #[derive(serde::Serialize, serde::Deserialize)]
    struct Counted(u8);
    impl Clone for Counted {
        fn clone(&self) -> Self {
            CLONES.fetch_add(1, Ordering::Relaxed);
            Counted(self.0)
        }
    }
    let made = bag::range(6, 2).map(|n| Counted(n as u8)).filter(|counted| counted.0 > 0).map(|counted| counted.0);
    check(&made, vec![1, 2, 3, 4, 5]);
    assert_eq!(CLONES.load(Ordering::Relaxed), 0);
    let held = from_sequence((0..6).map(Counted), 2);
    check(&held.map(|counted| counted.0).sum(), 15);
    assert_eq!(CLONES.load(Ordering::Relaxed), 6 * Scheduler::LOCAL.len());
}

#[test]
fn only_what_is_kept_is_cloned_where_elements_own_memory() {
    use std::sync::atomic::{AtomicUsize, Ordering};
    static CLONES: AtomicUsize = AtomicUsize::new(0);
    #[derive(serde::Serialize, serde::Deserialize)]
    struct Named(String);
    impl Clone for Named {
        fn clone(&self) -> Self {
            CLONES.fetch_add(1, Ordering::Relaxed);
            Named(self.0.clone())
        }
    }
    let held = from_sequence((0..1000).map(|n| Named(n.to_string())), 2);
    let long = held.filter(|named| named.0.len() > 2 && named.0.ends_with("99")).map(|named| named.0);
    check(&long, (1..10).map(|n| format!("{n}99")).collect::<Vec<_>>());
    assert_eq!(CLONES.load(Ordering::Relaxed), 9 * Scheduler::LOCAL.len());
}

#[test]
fn the_same_work_runs_once_and_other_work_has_another_key() {
    let bag = from_sequence(0..10_i64, 2);
    let doubled = || bag.map(|n| n * 2).sum().node().layer().key();
    assert_eq!(doubled(), doubled());
    assert_ne!(bag.sum().node().layer().key(), bag.max().node().layer().key());
    assert_ne!(bag.min().node().layer().key(), bag.max().node().layer().key());
    assert_ne!(bag.topk(2).node().layer().key(), bag.topk(3).node().layer().key());
    let scaled = |scale: i64| bag.map_with(scale, |scale, n| scale * n).node().layer().key();
    assert_eq!(scaled(2), scaled(2));
    assert_ne!(scaled(2), scaled(3));
}

#[test]
fn a_reduction_aggregates_even_one_partition() {
    for partitions in 1..4 {
        let reduced = from_sequence(0..3, partitions).reduction(|part| part.len(), |lengths| lengths.len() * 100);
        check(&reduced, partitions * 100);
    }
}
