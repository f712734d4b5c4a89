//! Laws: however a table is cut, on whatever scheduler, it is the table that polars makes of the whole.

use std::path::{Path, PathBuf};

use polars::df;
use polars::io::SerReader;
use polars::prelude::{
    CsvReadOptions, DataFrame as PolarsFrame, DataType, Expr, IntoLazy, NamedFrom, Series, SortMultipleOptions,
};
use polars::prelude::{NULL, col, len, lit, when};
use proptest::prelude::*;

use super::{CsvOptions, DataFrame, from_polars, read_csv, read_csv_with};
use crate::{Scheduler, with_config};

/// A folder of its own for one test.
struct Folder(PathBuf);

impl Folder {
    fn new(test: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("lazuli-{}-{test}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        Folder(folder)
    }

    fn write(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.join(name);
        std::fs::write(&path, text).unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// What `frame` computes to, the same on every scheduler.
fn computed(frame: &DataFrame) -> PolarsFrame {
    let [first, second, third] = Scheduler::ALL.map(|scheduler| with_config(scheduler, || frame.compute().unwrap()));
    for other in [second, third] {
        assert!(first.equals_missing(&other), "schedulers differ: {first} and {other}");
    }
    assert_eq!(**first.schema(), **frame.schema().shared(), "the schema was known before");
    first.into_inner()
}

fn whole(path: &Path) -> PolarsFrame {
    let options = CsvReadOptions::default().with_infer_schema_length(None);
    options.try_into_reader_with_file_path(Some(path.to_owned())).unwrap().finish().unwrap()
}

#[track_caller]
fn check_equal(found: &PolarsFrame, expected: &PolarsFrame) {
    assert!(found.equals_missing(expected), "found {found:?}\nexpected {expected:?}");
}

/// Equal up to the last digits of floating point numbers.
#[track_caller]
fn check_close(found: &PolarsFrame, expected: &PolarsFrame) {
    assert_eq!(found.schema(), expected.schema());
    assert_eq!(found.height(), expected.height(), "found {found}\nexpected {expected}");
    for (left, right) in found.columns().iter().zip(expected.columns()) {
        if !left.dtype().is_float() {
            assert!(left.equals_missing(right), "found {left:?}\nexpected {right:?}");
            continue;
        }
        let [left, right] = [left, right].map(|column| column.cast(&DataType::Float64).unwrap());
        for (a, b) in left.f64().unwrap().iter().zip(right.f64().unwrap().iter()) {
            let near =
                |a: f64, b: f64| (a - b).abs() <= 1e-6 * a.abs().max(b.abs()).max(1.0) || a.is_nan() && b.is_nan();
            let close = a.is_none() && b.is_none() || a.zip(b).is_some_and(|(a, b)| near(a, b));
            assert!(close, "found {left:?}\nexpected {right:?}");
        }
    }
}

fn error(result: crate::Result<DataFrame>) -> String {
    result.unwrap_err().to_string()
}

/// Fields as people write them: quoted or not, with separators, quotes and line ends inside.
fn field() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => "[a-z]{0,6}",
        1 => "[a-z ,\"\n]{0,12}".prop_map(|text| format!("\"{}\"", text.replace('"', "\"\""))),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_block_size_reads_what_polars_reads(
        rows in prop::collection::vec((any::<i32>(), field(), field()), 1..60),
        blocksize in 1_u64..400,
        windows in any::<bool>(),
        ended in any::<bool>(),
    ) {
        let folder = Folder::new("blocks");
        let end = if windows { "\r\n" } else { "\n" };
        let lines: Vec<_> = rows.iter().map(|(n, a, b)| format!("{n},{a},{b}")).collect();
        let text = format!("n,a,b{end}{}{}", lines.join(end), if ended { end } else { "" });
        let path = folder.write("x.csv", text);
        let expected = whole(&path);
        let frame = read_csv_with(&path, CsvOptions::new().blocksize(blocksize)).unwrap();
        let found = computed(&frame);
        prop_assert!(found.equals_missing(&expected), "found {found:?}\nexpected {expected:?}");
        prop_assert_eq!(frame.len().unwrap(), expected.height());
    }

    #[test]
    fn any_partitioning_aggregates_as_polars_does(
        rows in prop::collection::vec((prop::option::of(0_i64..4), prop::option::of(-100_i64..100), prop::option::of(-1e3..1e3)), 1..80),
        npartitions in 1_usize..90,
        keep in any::<bool>(),
    ) {
        let (k, i, x): (Vec<_>, Vec<_>, Vec<_>) = itertools(rows);
        let whole = df!("k" => k, "i" => i, "x" => x).unwrap();
        let aggregations = aggregations();
        let mut expected = whole.clone().lazy();
        if !keep {
            expected = expected.filter(col("k").is_not_null());
        }
        let order = SortMultipleOptions::default().with_nulls_last(true);
        let expected = expected.group_by_stable([col("k")]).agg(&aggregations).sort(["k"], order).collect().unwrap();
        let frame = from_polars(&whole, npartitions).unwrap();
        let grouped = frame.group_by(["k"]).dropna(!keep).agg(&aggregations).unwrap();
        check_close(&computed(&grouped), &expected);

        let expected = whole.clone().lazy().select(&aggregations).collect().unwrap();
        check_close(&computed(&frame.select(&aggregations).unwrap()), &expected);
    }

    #[test]
    fn any_partitioning_keeps_rows_as_polars_does(
        values in prop::collection::vec(prop::option::of(-50_i64..50), 0..60),
        npartitions in 1_usize..70,
        n in 0_usize..70,
    ) {
        let whole = df!("v" => values).unwrap();
        let steps = |frame: polars::prelude::LazyFrame| {
            frame.filter(col("v").gt(lit(-20))).with_columns([(col("v") * lit(2)).alias("w")]).select([col("w"), col("v")])
        };
        let expected = steps(whole.clone().lazy()).collect().unwrap();
        let frame = from_polars(&whole, npartitions).unwrap();
        let found = frame.filter(col("v").gt(lit(-20))).unwrap();
        let found = found.with_columns([(col("v") * lit(2)).alias("w")]).unwrap().select([col("w"), col("v")]).unwrap();
        check_equal(&computed(&found), &expected);
        check_equal(&found.head(n).unwrap(), &expected.head(Some(n)));
        check_equal(&found.tail(n).unwrap(), &expected.tail(Some(n)));
        prop_assert_eq!(found.len().unwrap(), expected.height());
    }
}

fn itertools<A, B, C>(rows: Vec<(A, B, C)>) -> (Vec<A>, Vec<B>, Vec<C>) {
    let mut columns = (Vec::new(), Vec::new(), Vec::new());
    for (a, b, c) in rows {
        columns.0.push(a);
        columns.1.push(b);
        columns.2.push(c);
    }
    columns
}

/// Every aggregation that can be divided, under names of its own.
fn aggregations() -> Vec<Expr> {
    let f32 = || col("x").cast(DataType::Float32);
    vec![
        col("i").sum().alias("sum"),
        col("x").sum().alias("sum of floats"),
        col("i").mean().alias("mean"),
        f32().mean().alias("mean of f32"),
        col("x").min().alias("min"),
        col("i").max().alias("max"),
        col("x").count().alias("count"),
        len(),
        col("i").len().alias("len of i"),
        col("i").first().alias("first"),
        col("i").last().alias("last"),
        col("x").var(1).alias("var"),
        col("i").std(1).alias("std"),
        // (polars itself says 0 where a group has no value.)
        when(col("x").count().gt(lit(0))).then(col("x").std(0)).otherwise(lit(NULL)).alias("std of all"),
        col("i").gt(lit(0)).sum().alias("positive"),
        col("x").filter(col("i").gt(lit(0))).sum().alias("sum of some"),
        (col("i").max() - col("i").min()).alias("range"),
        (col("i") * lit(2)).sum().cast(DataType::Float64).alias("twice"),
    ]
}

#[test]
fn wildcards_in_agg_do_not_mean_the_key() {
    let whole = df!("k" => [1_i64, 1, 2], "a" => [1_i64, 2, 3], "b" => [1.0, 2.0, 3.0]).unwrap();
    let sums = from_polars(&whole, 2).unwrap().group_by(["k"]).agg([col("*").sum()]).unwrap();
    check_equal(&computed(&sums), &df!("k" => [1_i64, 2], "a" => [3_i64, 3], "b" => [3.0, 3.0]).unwrap());
}

#[test]
fn groups_may_have_several_keys_and_expressions_as_keys() {
    let whole = df!("a" => [3_i64, 1, 2, 1], "b" => ["y", "x", "x", "x"], "v" => [1_i64, 2, 3, 4]).unwrap();
    let frame = from_polars(&whole, 3).unwrap();
    let sums = frame.group_by([col("b"), (col("a") % lit(2)).alias("odd")]).agg([col("v").sum()]).unwrap();
    let expected = df!("b" => ["x", "x", "y"], "odd" => [0_i64, 1, 1], "v" => [3_i64, 6, 1]).unwrap();
    check_equal(&computed(&sums), &expected);
}

#[test]
fn a_large_group_by_starts_no_threads_of_the_streaming_engine() {
    let k = Series::new("k".into(), (0..200_000_i64).map(|row| row % 7).collect::<Vec<_>>());
    let whole = PolarsFrame::new_infer_height(vec![k.into()]).unwrap();
    let grouped = from_polars(&whole, 4).unwrap().group_by(["k"]).agg([len(), col("k").std(1).alias("s")]).unwrap();
    assert_eq!(grouped.compute().unwrap().height(), 7);
    let threads = std::fs::read_dir("/proc/self/task").into_iter().flatten();
    let names = threads.filter_map(|thread| std::fs::read_to_string(thread.unwrap().path().join("comm")).ok());
    let started: Vec<_> = names.filter(|name| name.starts_with("async-executor")).collect();
    assert!(started.is_empty(), "{started:?}");
}

#[test]
fn what_needs_other_rows_is_refused() {
    let frame = from_polars(df!("k" => [1_i64], "x" => [1_i64], "s" => ["a"]).unwrap(), 1).unwrap();
    let beyond = error(frame.with_columns([col("x") - col("x").mean()]));
    assert!(beyond.starts_with("with_columns: `") && beyond.contains("looks at more than one row"), "{beyond}");
    let beyond = error(frame.filter(col("x").gt(col("x").shift(lit(1)))));
    assert!(beyond.starts_with("filter: `") && beyond.contains("looks at more than one row"), "{beyond}");
    let whole = error(frame.group_by(["k"]).agg([col("x").median()]));
    assert!(whole.contains("cannot be put together from partitions; what can: sum, mean"), "{whole}");
    let whole = error(frame.group_by(["k"]).agg([(col("x") - col("x").mean()).sum()]));
    assert!(whole.contains("cannot be put together"), "{whole}");
    let whole = error(frame.group_by(["k"]).agg([col("x")]));
    assert!(whole.contains("cannot be put together"), "{whole}");
    let typed = error(frame.group_by(["k"]).agg([col("s").mean()]));
    assert!(typed.ends_with("is the mean of a str: it needs numbers"), "{typed}");
}

#[test]
fn a_wrong_name_or_type_fails_where_it_is_written() {
    let frame = from_polars(df!("fare" => [1.0], "zone" => ["a"]).unwrap(), 1).unwrap();
    let expected = r#"select: there is no column "fere" (did you mean "fare"?); the columns are fare, zone"#;
    assert_eq!(error(frame.select([col("fere")])), expected);
    let expected = r#"group_by: there is no column "passengers"; the columns are fare, zone"#;
    assert_eq!(error(frame.group_by(["zone"]).agg([col("passengers").sum()])), expected);
    let text = error(frame.filter(col("fare")));
    assert!(text.starts_with("filter: ") && text.contains("Boolean") && !text.contains("Resolved plan"), "{text}");
    let text = error(frame.with_columns([col("zone") - col("fare")]));
    assert!(text.starts_with("with_columns: ") && !text.contains("Resolved plan"), "{text}");
    let text = error(frame.select([col("fare"), col("zone").alias("fare")]));
    assert!(text.starts_with("select: ") && text.contains("fare"), "{text}");
    assert_eq!(error(from_polars(df!("a" => [1]).unwrap(), 0)), "the number of partitions must be at least 1");
}

#[test]
fn dask_lays_out_ten_rows_in_three_partitions_so() {
    let frame = from_polars(df!("v" => (0..10).collect::<Vec<i64>>()).unwrap(), 3).unwrap();
    let lengths: Vec<_> = (0..3).map(|partition| frame.get_partition(partition).unwrap().len().unwrap()).collect();
    assert_eq!(lengths, [4, 3, 3]);
    assert_eq!(from_polars(df!("v" => [1, 2, 3]).unwrap(), 8).unwrap().npartitions(), 3);
}

/// The frame that the fixtures of Dask's semantics speak of, its NaN as null.
fn fixture() -> DataFrame {
    let k = [Some("a"), Some("b"), None, Some("a"), Some("c"), None, Some("b"), Some("a"), Some("c"), Some("a")];
    let x = [Some(1.0), Some(2.0), Some(3.0), None, Some(5.0), Some(6.0), Some(7.0), Some(8.0), None, Some(10.0)];
    from_polars(df!("k" => k, "x" => x, "i" => (0..10).collect::<Vec<i64>>()).unwrap(), 3).unwrap()
}

#[test]
fn groups_are_those_of_dask() {
    let g = fixture().group_by(["k"]);
    let check = |aggregation: Expr, values: [Option<f64>; 3]| {
        let frame = computed(&g.agg([aggregation.cast(DataType::Float64).alias("v")]).unwrap());
        check_close(&frame, &df!("k" => ["a", "b", "c"], "v" => values).unwrap());
    };
    check(col("x").sum(), [Some(19.0), Some(9.0), Some(5.0)]);
    check(col("x").mean(), [Some(6.333333), Some(4.5), Some(5.0)]);
    check(col("x").count(), [Some(3.0), Some(2.0), Some(1.0)]);
    check(len(), [Some(4.0), Some(2.0), Some(2.0)]);
    check(col("x").var(1), [Some(22.333333), Some(12.5), None]);
    let with_null = computed(&g.dropna(false).agg([col("x").sum()]).unwrap());
    let expected = df!("k" => [Some("a"), Some("b"), Some("c"), None], "x" => [19.0, 9.0, 5.0, 9.0]).unwrap();
    check_equal(&with_null, &expected);
}

#[test]
fn reductions_are_those_of_dask() {
    let one = |frame: &DataFrame, aggregation: Expr| {
        let frame = computed(&frame.select([aggregation.cast(DataType::Float64)]).unwrap());
        frame.columns()[0].f64().unwrap().get(0)
    };
    let df = fixture();
    let none = df.filter(col("i").gt(lit(100))).unwrap();
    assert_eq!(one(&df, col("x").sum()), Some(42.0));
    assert!((one(&df, col("x").var(1)).unwrap() - 9.642857).abs() < 1e-6);
    assert!((one(&df, col("x").std(0)).unwrap() - 2.904738).abs() < 1e-6);
    assert_eq!(one(&none, col("x").sum()), Some(0.0));
    assert_eq!(one(&none, col("i").max()), None);
    assert_eq!(one(&none, col("x").mean()), None);
    assert_eq!(one(&df.filter(col("i").gt(lit(6))).unwrap(), col("i").var(1)), Some(1.0));
}

#[test]
fn several_files_are_read_in_the_order_of_their_names() {
    let folder = Folder::new("several");
    for (name, rows) in [("b.csv", "3\n4\n"), ("a.csv", "1\n2"), ("c.csv", "")] {
        folder.write(name, format!("n\n{rows}"));
    }
    let frame = read_csv(folder.0.join("*.csv")).unwrap();
    assert_eq!(frame.npartitions(), 3);
    check_equal(&computed(&frame), &df!("n" => [1_i64, 2, 3, 4]).unwrap());
}

#[test]
fn a_header_alone_is_a_frame_without_rows() {
    let folder = Folder::new("header");
    for text in ["a,b", "a,b\n", "\u{feff}a,b\r\n"] {
        let frame = read_csv(folder.write("x.csv", text)).unwrap();
        assert_eq!(frame.columns(), ["a", "b"]);
        assert_eq!(computed(&frame).shape(), (0, 2));
        assert!(frame.is_empty().unwrap());
    }
    let path = folder.write("x.csv", "");
    assert!(error(read_csv(&path)).ends_with("is empty: a CSV file begins with a line of column names"));
}

#[test]
fn a_nan_in_a_file_is_a_null() {
    let folder = Folder::new("nan");
    let frame = read_csv(folder.write("x.csv", "x\n1.5\nNaN\n\n2.5\n")).unwrap();
    check_equal(&computed(&frame), &df!("x" => [Some(1.5), None, None, Some(2.5)]).unwrap());
}

#[test]
fn options_say_how_a_file_is_read() {
    let folder = Folder::new("options");
    let path = folder.write("x.csv", "1;2026-01-02;?\n2;2026-01-03;'\n");
    let options =
        CsvOptions::new().separator(b';').has_header(false).parse_dates(true).null_values(["?"]).blocksize(20);
    let frame = read_csv_with(&path, options.dtype("column_1", DataType::Int16)).unwrap();
    assert_eq!(frame.schema().to_string(), "column_1 i16, column_2 date, column_3 str");
    let table = computed(&frame);
    assert_eq!((frame.npartitions(), table.height(), table.column("column_3").unwrap().null_count()), (2, 2, 1));
    let absent = error(read_csv_with(&path, CsvOptions::new().dtype("id", DataType::Int8)));
    assert!(absent.starts_with(r#"read_csv: there is no column "id"; the columns are 1;2026"#), "{absent}");
    assert_eq!(error(read_csv_with(&path, CsvOptions::new().blocksize(0))), "the block size must be at least 1");
    let lone = folder.write("y.csv", "a\n5\" pipe\n6\" pipe\n7\" pipe\n");
    let frame = read_csv_with(&lone, CsvOptions::new().quote(None).blocksize(8)).unwrap();
    check_equal(&computed(&frame), &df!("a" => ["5\" pipe", "6\" pipe", "7\" pipe"]).unwrap());
}

#[test]
fn a_gzip_file_is_one_partition() {
    use std::io::Write;
    let folder = Folder::new("gzip");
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(b"n\n1\n2\n").unwrap();
    let path = folder.write("x.csv.gz", encoder.finish().unwrap());
    let frame = read_csv_with(&path, CsvOptions::new().blocksize(1)).unwrap();
    assert_eq!(frame.npartitions(), 1);
    check_equal(&computed(&frame), &df!("n" => [1_i64, 2]).unwrap());
    let path = folder.write("x.csv.zst", b"\x28\xb5\x2f\xfd....");
    assert!(error(read_csv(&path)).ends_with("is compressed; plain and gzip files can be read"));
}

#[test]
fn a_line_that_does_not_fit_is_named() {
    let folder = Folder::new("malformed");
    let run = |name: &str, text: String| {
        let frame = read_csv_with(folder.write(name, text), CsvOptions::new().blocksize(100_000))?;
        frame.compute()
    };
    let good = |lines| "1,\"a\nb\"\n".repeat(lines);
    let far = run("far.csv", format!("n,t\n{}x,c\n{}", good(50_000), good(3))).unwrap_err().to_string();
    assert!(far.starts_with("read_csv failed in partition 4 of 5"), "{far}");
    assert!(
        far.contains("far.csv, line 100002 (byte 400004): could not parse `x` as dtype `i64` at column 'n'"),
        "{far}"
    );
    assert!(far.contains("`CsvOptions::dtype`"), "{far}");
    let near = run("ragged.csv", format!("n,t\n{}1,2,3\n", good(2))).unwrap_err().to_string();
    assert!(
        near.ends_with("ragged.csv, line 6 (byte 20): more fields than the 2 columns of the header: 1,2,3"),
        "{near}"
    );
    let open = run("open.csv", format!("n,t\n{}2,\"c\n{}", good(40_000), "3,d\n".repeat(9))).unwrap_err().to_string();
    assert!(open.contains("open.csv, line 80002 (byte 320004): a quote that is opened here is never closed"), "{open}");
    let text = folder.write("latin.csv", b"n,t\n1,caf\xe9\n");
    assert!(error(read_csv(text)).ends_with("latin.csv, line 2 (byte 4): the text is not UTF-8"));
}

#[test]
fn files_that_do_not_go_together_are_refused() {
    let folder = Folder::new("headers");
    folder.write("1.csv", "a,b\n1,2\n");
    folder.write("2.csv", "a,c\n1,2\n");
    let text = error(read_csv(folder.0.join("*.csv")));
    assert!(text.contains("2.csv has the columns a, c, but ") && text.ends_with("1.csv has a, b"), "{text}");
    let text = error(read_csv("no/such/*.csv"));
    assert!(text.starts_with("no file matches `no/such/*.csv`, looked for from /"), "{text}");
    let text = error(read_csv("no/[such.csv"));
    assert!(text.starts_with("`no/[such.csv` is no pattern of file names"), "{text}");
}

#[test]
fn a_file_that_changed_since_is_not_read() {
    let folder = Folder::new("changed");
    let path = folder.write("x.csv", "n\n1\n");
    let frame = read_csv(&path).unwrap();
    folder.write("x.csv", "n\n1\n2\n");
    let text = frame.compute().unwrap_err().to_string();
    assert!(text.ends_with("x.csv changed since this frame was built; read it again"), "{text}");
}

#[test]
fn the_head_of_a_large_file_reads_its_first_block_alone() {
    let folder = Folder::new("head");
    let path = folder.write("x.csv", format!("n\n{}x\n", "1\n".repeat(300_000)));
    let frame = read_csv_with(&path, CsvOptions::new().blocksize(1000)).unwrap();
    assert_eq!(frame.head(3).unwrap().height(), 3);
    assert!(frame.compute().is_err(), "the last line is malformed");
}

#[test]
fn persisted_partitions_are_not_read_again() {
    let folder = Folder::new("persist");
    let path = folder.write("x.csv", "n\n1\n2\n");
    let frame = read_csv(&path).unwrap().persist().unwrap();
    std::fs::remove_file(&path).unwrap();
    assert_eq!(frame.filter(col("n").gt(lit(1))).unwrap().len().unwrap(), 1);
}

#[test]
fn sums_of_32_bit_integers_do_not_wrap_around() {
    let near = df!("k" => [1_i64, 1, 1], "i" => [i32::MAX, i32::MAX, 1], "u" => [u32::MAX, u32::MAX, 1]).unwrap();
    let sums = [col("i").sum(), (col("u").sum() / lit(2)).alias("half")];
    let expected = df!("i" => [2 * i64::from(i32::MAX) + 1], "half" => [u64::from(u32::MAX)]).unwrap();
    for partitions in 1..4 {
        let frame = from_polars(&near, partitions).unwrap();
        check_equal(&computed(&frame.select(&sums).unwrap()), &expected);
        let grouped = computed(&frame.group_by(["k"]).agg(&sums).unwrap());
        check_equal(&grouped.drop("k").unwrap(), &expected);
    }
}

/// A file of the columns c0 to c9: numbers, and texts in odd ones.
fn ten_columns(folder: &Folder, rows: usize) -> PathBuf {
    let names: Vec<_> = (0..10).map(|column| format!("c{column}")).collect();
    let mut text = names.join(",") + "\n";
    for row in 0..rows {
        let field = |column: usize| match column % 2 {
            0 => format!("{}", row * 7 % (column + 2)),
            _ => format!("\"t, {}\"", row % (column + 1)),
        };
        text += &((0..10).map(field).collect::<Vec<_>>().join(",") + "\n");
    }
    folder.write("ten.csv", text)
}

#[test]
fn steps_after_a_scan_read_the_columns_they_need() {
    let folder = Folder::new("needed");
    let path = ten_columns(&folder, 200);
    let frame = read_csv_with(&path, CsvOptions::new().blocksize(1000)).unwrap();
    assert!(frame.npartitions() > 3);
    let all = whole(&path);
    let kept = frame.persist().unwrap();
    check_equal(&computed(&kept), &all);
    let expressions = [col("c4").sum(), col("c5").max()];
    for (fused, apart) in [
        (frame.select([col("c5"), col("c2")]), kept.select([col("c5"), col("c2")])),
        (frame.filter(col("c0").gt(lit(0))), kept.filter(col("c0").gt(lit(0)))),
        (frame.select(&expressions), kept.select(&expressions)),
        (frame.group_by(["c3"]).agg(&expressions), kept.group_by(["c3"]).agg(&expressions)),
        (frame.select([lit(1).alias("one"), col("c9")]), kept.select([lit(1).alias("one"), col("c9")])),
        (
            frame.with_columns([(col("c0") + col("c2")).alias("s")]).unwrap().select([col("s")]),
            kept.with_columns([(col("c0") + col("c2")).alias("s")]).unwrap().select([col("s")]),
        ),
    ] {
        check_equal(&computed(&fused.unwrap()), &computed(&apart.unwrap()));
    }
    assert_eq!(frame.len().unwrap(), 200);
}

#[test]
fn a_column_that_is_not_needed_is_not_parsed() {
    let folder = Folder::new("unparsed");
    // The types are taken from the beginning of the file: what does not fit comes later.
    let good = "1,2,3\n".repeat(60_000);
    let path = folder.write("x.csv", format!("a,b,c\n{good}1,two,3\n"));
    let frame = read_csv(&path).unwrap();
    let sums = computed(&frame.select([col("a").sum(), col("c").sum()]).unwrap());
    check_equal(&sums, &df!("a" => [60_001_i64], "c" => [180_003_i64]).unwrap());
    let text = frame.select([col("b").sum()]).unwrap().compute().unwrap_err().to_string();
    assert!(text.starts_with("read_csv failed") && text.contains("line 60002"), "{text}");
}

#[test]
fn a_failure_in_joined_steps_is_that_of_its_operation() {
    let folder = Folder::new("stages");
    let path = folder.write("x.csv", "a,b\n1,x\n2,7\n");
    let frame = read_csv(&path).unwrap().filter(col("a").gt(lit(0))).unwrap();
    let numbers = [col("b").strict_cast(DataType::Int64).alias("n")];
    let (cast, line) = (frame.with_columns(numbers).unwrap(), line!());
    let text = cast.group_by(["a"]).agg([col("n").sum()]).unwrap().compute().unwrap_err().to_string();
    assert!(text.starts_with("with_columns failed") && text.contains(&format!("line {line}")), "{text}");
}
