//! All of the collections' public functions, as `inference.rs` checks.

use lazuli::prelude::*;

#[derive(Clone, Serialize, Deserialize)]
pub struct Point {
    x: f64,
    name: String,
}

fn double(n: u64) -> u64 {
    2 * n
}

types! {
    let x: Array<f64> = random((1000, 1000), (100, 100), 7);
    let whole: Array<i32> = Array::<i32>::ones((10, 10), (5, 5));
    let y: Array<f64> = &x * 2.0 + &x;
    let z: Array<f64> = 1.0 - &y;
    let total: Delayed<f64> = x.sum();
    let number: f64 = x.sum().compute()?;
    let count: Delayed<i64> = whole.sum();
    let means: Array<f64> = x.mean_axis(0)?;
    let float: Delayed<f64> = whole.mean();
    let turned: Array<f64> = x.t();
    let bag: Bag<i64> = from_sequence(0..100i64, 4);
    let even: Bag<f64> = bag.filter(|n| n % 2 == 0).map(|n| n as f64 * 0.5);
    let listed: Vec<f64> = even.compute()?;
    let words: Bag<String> = read_text("*.txt")?.flat_map(|line| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>());
    let often: Bag<(String, usize)> = words.frequencies();
    let top: Vec<(String, usize)> = often.topk_by_key(3, |pair| pair.1).compute()?;
    let folded: Delayed<i64> = bag.fold(0i64, |a, b| a + b, |a, b| a + b);
    let points: Bag<Point> = bag.map(|n| Point { x: n as f64, name: n.to_string() });
    let names: Vec<String> = points.map(|p| p.name).take(3)?;
    let frame: DataFrame = read_csv("*.csv")?;
    let seen: Table = frame.filter(col("a").gt(lit(1)))?.head(5)?;
    let grouped: DataFrame = frame.group_by(["a"]).agg([col("b").sum()])?;
    let table: Table = grouped.compute()?;
    let height: usize = table.height();
    let raw: polars::prelude::DataFrame = table.clone().into_inner();
    let doubled: Delayed<u64> = call(double, (21,));
    let answer: u64 = doubled.compute()?;
    let three: Delayed<i64> = delayed(3i64);
    let sum: Delayed<i64> = call(|a: i64, b: i64| a + b, (&three, 4));
    let more: Delayed<i64> = &sum * 2 + &three;
    let less: Delayed<i64> = 10 - &three;
    let parsed: Delayed<i64> = try_call(|text: String| text.parse::<i64>(), ("7".to_string(),));
    let several: Vec<Delayed<i64>> = vec![three.clone(), sum.clone()];
    let of_all: Delayed<i64> = call(|all: Vec<i64>| all.into_iter().sum::<i64>(), (&several,));
    let text: Delayed<String> = of_all.map(|n| n.to_string());
    let root: Delayed<f64> = call(f64::sqrt, (2.0,));
    let both: (i64, Vec<f64>) = compute!(three, even)?;
    let middle: Delayed<f64> = bag.mean();
    let largest: Delayed<i64> = bag.max();
    let summed: Delayed<i64> = bag.sum();
    let keyed: Bag<(bool, usize)> = bag.foldby(|n| n % 2 == 0, 0usize, |count, _| count + 1, |a, b| a + b);
    let longest: Delayed<usize> = bag.reduction(|part| part.len(), |lengths| lengths.into_iter().max().unwrap_or(0));
    let pieces: Vec<Delayed<Vec<i64>>> = bag.to_delayed();
    let numbers: Bag<u64> = bag::range(10, 2).repartition(3).chain(&bag::range(3, 1));
    let flat: Bag<i64> = bag.map(|n| vec![n, n]).flatten();
    let scaled: Bag<i64> = bag.map_with(3i64, |factor, n| factor * n);
    let merged: Bag<usize> = bag.map_partitions(|part| vec![part.len()]);
    let moments: Bag<std::time::Instant> = bag.map_local(|_| std::time::Instant::now());
    let waited: Bag<u64> = moments.map(|moment| moment.elapsed().as_secs());
    let above: Bag<i64> = bag.filter_with(3, |least, n| n > least);
    let repeated: Bag<i64> = bag.flat_map_with(2usize, |times, n| vec![n; *times]);
    let cut: Bag<i64> = bag.map_partitions_with(1usize, |length, part| part[..*length].to_vec());
    let modular: Delayed<i64> = bag.fold_with(7i64, 1i64, |m, a, n| a * n % m, |m, a, b| a * b % m);
    let third: Bag<(i64, usize)> =
        bag.foldby_with(3i64, |w, n| n / w, 0usize, |_, count, _| count + 1, |_, a, b| a + b);
    let few: Delayed<usize> = bag.reduction_with(3usize, |most, part| part.len().min(*most), |_, counts| counts.len());
    let nearest: Bag<i64> = bag.topk_by_key_with(7i64, 2, |target, n| -(n - target).abs());
    let begun: Delayed<std::time::Instant> = call_local(std::time::Instant::now, ());
    let age: Delayed<u64> = begun.map(|begun| begun.elapsed().as_secs());

    // Arrays
    let filled: Array<f64> = full((4, 4), 0.5, (2, 2));
    let nothing: Array<f64> = zeros((4, 4), (2, 2));
    let all_one: Array<f64> = ones((4, 4), (2, 2));
    let bell: Array<f64> = normal((4, 4), (2, 2), 0.0, 1.0, 7);
    let integers: Array<i64> = Array::<i64>::zeros((4, 4), (2, 2));
    let flags: Array<bool> = Array::<bool>::full((4, 4), true, (2, 2));
    let single: Array<f32> = Array::<f32>::random((4, 4), (2, 2), 7);
    let narrow: Array<f32> = Array::<f32>::normal((4, 4), (2, 2), 0.0, 1.0, 7);
    let held: Array<f64> = from_ndarray(&ndarray::Array2::<f64>::zeros((3, 4)), (2, 2));
    let values: lazuli::array::Values<f64> = x.compute()?;
    let inner: ndarray::prelude::ArrayBase<ndarray::OwnedRepr<f64>, ndarray::prelude::Dim<ndarray::IxDynImpl>, f64> = values.into_inner();
    let kept: Array<f64> = x.persist()?;
    let shape: Vec<usize> = x.shape();
    let dimensions: usize = x.ndim();
    let size: usize = x.size();
    let bytes: usize = x.nbytes();
    let dtype: &str = x.dtype();
    let chunks: Vec<Vec<usize>> = x.chunks();
    let chunk: Vec<usize> = x.chunksize();
    let blocks: Vec<usize> = x.numblocks();
    let parts: usize = x.npartitions();
    let block: Array<f64> = x.block((0, 0))?;
    let permuted: Array<f64> = x.permuted_axes((1, 0))?;
    let cast: Array<i32> = x.astype::<i32>();
    let added: Array<i64> = integers.try_add(&integers)?;
    let subtracted: Array<i64> = integers.try_sub(&integers)?;
    let multiplied: Array<i64> = integers.try_mul(&integers)?;
    let divided: Array<f64> = integers.try_div(&integers)?;
    let negative: Array<i64> = -&integers;
    let quotient: Array<f64> = &integers / &integers;
    let moved: Array<i64> = integers.clone() + integers.clone();
    let mixed: Array<i64> = integers.clone() - &integers;
    let tripled: Array<i64> = 3 * &integers;
    let shifted: Array<f32> = &single - 0.5;
    let inverse: Array<f64> = 1.0 / &x;
    let reversed_sign: Array<f64> = -x.clone();
    let least: Delayed<i64> = integers.min();
    let most: Delayed<i64> = integers.max();
    let lower: Array<i64> = integers.min_axis(0)?;
    let upper: Array<i64> = integers.max_axis((0, 1))?;
    let sums: Array<i64> = whole.sum_axis(0)?;
    let smaller: Array<f64> = x.minimum(&y)?;
    let larger: Array<f64> = x.maximum(&y)?;
    let size_of: Array<i64> = integers.abs();
    let acos: Array<f64> = integers.acos();
    let acosh: Array<f64> = integers.acosh();
    let asin: Array<f64> = integers.asin();
    let asinh: Array<f64> = integers.asinh();
    let atan: Array<f64> = integers.atan();
    let atanh: Array<f64> = integers.atanh();
    let cbrt: Array<f64> = integers.cbrt();
    let ceil: Array<f64> = integers.ceil();
    let cos: Array<f64> = integers.cos();
    let cosh: Array<f64> = integers.cosh();
    let exp: Array<f64> = integers.exp();
    let exp2: Array<f64> = integers.exp2();
    let exp_m1: Array<f64> = integers.exp_m1();
    let floor: Array<f64> = integers.floor();
    let ln: Array<f64> = integers.ln();
    let ln_1p: Array<f64> = integers.ln_1p();
    let log10: Array<f64> = integers.log10();
    let log2: Array<f64> = integers.log2();
    let round: Array<f64> = integers.round();
    let sin: Array<f64> = integers.sin();
    let sinh: Array<f64> = integers.sinh();
    let sqrt: Array<f64> = integers.sqrt();
    let tan: Array<f64> = integers.tan();
    let tanh: Array<f64> = integers.tanh();
    let to_degrees: Array<f64> = integers.to_degrees();
    let to_radians: Array<f64> = integers.to_radians();
    let trunc: Array<f64> = integers.trunc();
    let of_single: Array<f32> = single.sin();
    let of_turned: Array<f32> = single.t();

    // Bags
    let bagged: usize = bag.npartitions();
    let many: Delayed<usize> = bag.count();
    let smallest: Delayed<i64> = bag.min();
    let different: Bag<i64> = bag.distinct();
    let five: Bag<i64> = bag.topk(5);
    let held_bag: Bag<i64> = bag.persist()?;
    let reading: TextOptions = TextOptions::new().blocksize(1 << 20);
    let lines: Bag<String> = read_text_with("*.txt", reading)?;

    // Frames
    let from_memory: DataFrame = from_polars(polars::df!("a" => [1i64], "b" => [2.0])?, 1)?;
    let from_borrowed: DataFrame = from_polars(&table.clone().into_inner(), 1)?;
    let dialect: CsvOptions = CsvOptions::new().blocksize(1 << 20).separator(b';').quote(None).has_header(true);
    let typed: CsvOptions = dialect.parse_dates(true).dtype("a", DataType::Int32).null_values(["NA"]);
    let read: DataFrame = read_csv_with("*.csv", typed)?;
    let columns: Vec<String> = frame.columns();
    let empty: bool = frame.is_empty()?;
    let rows: usize = frame.len()?;
    let pieces_of: usize = frame.npartitions();
    let part: DataFrame = frame.get_partition(0)?;
    let schema: lazuli::frame::FrameSchema = frame.schema();
    let selected: DataFrame = frame.select([col("a"), (col("b") * lit(2)).alias("c")])?;
    let wider: DataFrame = frame.with_columns([len().alias("n")])?;
    let last: Table = frame.tail(3)?;
    let held_frame: DataFrame = frame.persist()?;
    let groups: lazuli::frame::GroupBy = frame.group_by([col("a"), col("b")]);
    let with_nulls: lazuli::frame::GroupBy = groups.dropna(false);

    // Delayed values, runs, pictures
    let difference: Delayed<i64> = &three - &sum;
    let ratio: Delayed<f64> = middle.clone() / 2.0;
    let opposite: Delayed<i64> = -&three;
    let held_value: Delayed<i64> = three.persist()?;
    let scheduler: Scheduler = Scheduler::current();
    let called: &str = scheduler.name();
    let chosen: () = set_config(scheduler)?;
    let choices: Config = config().scheduler(Scheduler::Threads).workers(2).memory("1 GB").timeout(std::time::Duration::from_secs(60)).spill_folder("/var/tmp").progress(false).profile(true);
    let within: i32 = with_config(&choices, || 1);
    let run: Option<std::sync::Arc<lazuli::schedule::RunReport>> = last_run();
    let report: std::sync::Arc<lazuli::schedule::RunReport> = run.ok_or("nothing ran")?;
    let tasks: u64 = report.tasks();
    let again: i64 = report.retry(&three)?;
    let elsewhere: i64 = three.compute_with(Scheduler::Processes)?;
    let array_elsewhere: lazuli::array::Values<f64> = x.compute_with(&choices)?;
    let bag_elsewhere: Vec<i64> = bag.compute_with(&choices)?;
    let table_elsewhere: Table = frame.compute_with(&choices)?;
    let busy: Option<std::time::Duration> = report.layer(report.layers[0].parts[0]).map(|layer| layer.busy);
    let slowest: Option<std::time::Duration> = report.records.iter().map(|record| record.took()).max();
    let within_run: [std::time::Duration; 4] = [report.span(), report.busy(), report.records[0].started(), report.records[0].ended()];
    let title: String = report.layers[0].title.to_string();
    let runs: Vec<std::sync::Arc<lazuli::schedule::RunReport>> = lazuli::schedule::last_runs();
    let last: Profile = profile();
    let several: Profile = last.last(3);
    let tables: [Table; 3] = [last.tasks(), last.layers(), last.samples()];
    let profile_words: String = last.text();
    let profile_picture: Option<String> = last.svg();
    let board: Dashboard = dashboard();
    let address: Option<String> = board.url();
    let board_words: String = board.text();
    let closed: () = board.clone().close();
    let failure: lazuli::Error = x.sum_axis(7).err().ok_or("there is no such axis")?;
    let message: String = failure.to_string();
    let kind: &str = match failure.kind() { lazuli::ErrorKind::Array(_) => "array", _ => "other" };
    let drawings: [Drawing; 4] = [x.visualize(), bag.visualize(), frame.visualize(), three.visualize()];
    let in_one: Drawing = visualize!(x, bag, frame);
    let drawing: Drawing = Drawing::of(&[lazuli::lazy::Lazy::node(&x)]);
    let opened: Drawing = drawing.tasks();
    let folded_up: Drawing = drawing.layers();
    let svg: String = drawing.svg();
    let drawn: String = drawing.text();
    let looked_into: Drawing = drawing.open("sin")?;
    let otherwise: [Drawing; 2] = [drawing.left_to_right(), drawing.optimized()];
    let in_colours: [Drawing; 5] = [drawing.by_time(), drawing.by_bytes(), drawing.by_order(), drawing.by_worker(), drawing.by_layer()];
    let in_languages: [String; 3] = [drawing.dot(), drawing.mermaid(), drawing.json()];
    let pixels: Vec<u8> = drawing.png()?;
    let kept_picture: () = drawing.save("graph.svg")?;
    let shown: () = display(&x);
    let cleared: () = clear_output(true);
    let results: [(); 4] = [x.evcxr_display(), bag.evcxr_display(), frame.evcxr_display(), three.evcxr_display()];
    let computed: [(); 3] = [x.compute()?.evcxr_display(), table.evcxr_display(), drawing.evcxr_display()];
    let watched: [(); 2] = [last.evcxr_display(), board.evcxr_display()];
}
