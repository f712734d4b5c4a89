//! A sample of the standard library.

use std::collections::HashMap;

thread_local! {
    static COUNTER: std::cell::Cell<i32> = const { std::cell::Cell::new(1) };
}

types! {
    let ages: HashMap<String, u32> = HashMap::<String, u32>::new();
    let age: Option<u32> = ages.get("ada").cloned();
    let names: Vec<String> = ages.keys().cloned().collect::<Vec<_>>();
    let total: u32 = ages.values().sum::<u32>();
    let old: Option<u32> = ages.clone().insert("bob".to_string(), 3);
    let entry: u32 = *ages.clone().entry("eve".into()).or_insert(1);
    let squares: Vec<i64> = (1..10).map(|x| x * x).filter(|x| x % 2 == 0).collect::<Vec<i64>>();
    let words: Vec<String> = "a b".split_whitespace().map(|word| word.to_uppercase()).collect::<Vec<_>>();
    let pairs: Vec<(i64, String)> = squares.iter().zip(words.iter().cloned()).map(|(a, b)| (*a, b)).collect::<Vec<_>>();
    let number: f64 = "42".parse::<f64>()?;
    let text: String = std::fs::read_to_string("x")?;
    let start: std::time::Instant = std::time::Instant::now();
    let took: std::time::Duration = start.elapsed();
    let seconds: f64 = took.as_secs_f64();
    let shared: std::sync::Arc<std::sync::Mutex<Vec<u8>>> = std::sync::Arc::new(std::sync::Mutex::new(vec![1u8]));
    let first: Option<u8> = shared.lock().unwrap().first().copied();
    let sorted: Vec<i64> = { let mut v = squares.clone(); v.sort_by_key(|x| -x); v };
    let largest: Option<i64> = squares.iter().copied().max();
    let mean: f64 = squares.iter().sum::<i64>() as f64 / squares.len() as f64;
    let text: String = format!("{age:?}");
    let array: [u8; 4] = [0u8; 4];
    let length: u32 = u64::MAX.count_ones();
    let handle: f32 = std::thread::spawn(|| 1.5f32).join().unwrap();
    let boxed: Box<dyn Fn(i32) -> i32> = Box::new(|x| x + 1) as Box<dyn Fn(i32) -> i32>;
    let joined: String = words.join(",");
    let bytes: Vec<u8> = text.as_bytes().to_vec();
    let tree: std::collections::BTreeMap<i64, usize> = squares.iter().map(|x| (*x, 1usize)).collect::<std::collections::BTreeMap<_, _>>();
    let channel: (std::sync::mpsc::Sender<i32>, std::sync::mpsc::Receiver<i32>) = std::sync::mpsc::channel::<i32>();
    let folded: f64 = squares.iter().fold(0.0, |sum, x| sum + *x as f64);
    let chunked: Vec<i64> = squares.chunks(2).map(|chunk| chunk.iter().sum::<i64>()).collect::<Vec<_>>();
    let counted: i32 = COUNTER.with(|count| count.get());
    let mode: u32 = { use std::os::unix::fs::PermissionsExt; std::fs::metadata("x")?.permissions().mode() };
    let output: std::process::Output = std::process::Command::new("ls").arg("-l").output()?;
    let status: Option<i32> = output.status.code();
    let lines: Vec<usize> = std::io::BufRead::lines(std::io::stdin().lock()).map(|line| line.unwrap().len()).collect::<Vec<_>>();
    let home: Option<String> = std::env::var("HOME").ok();
    let since: u64 = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?.as_secs();
    let entries: Vec<std::path::PathBuf> = std::fs::read_dir(".")?.filter_map(|entry| entry.ok()).map(|entry| entry.path()).collect::<Vec<_>>();
    let stream: std::net::TcpStream = std::net::TcpStream::connect("localhost:80")?;
    let once: String = std::sync::OnceLock::<String>::new().get_or_init(|| "x".into()).clone();
    let cell: std::rc::Rc<std::cell::RefCell<Vec<Option<u16>>>> = std::rc::Rc::new(std::cell::RefCell::new(vec![Some(1u16)]));
    let popped: Option<u16> = cell.borrow_mut().pop().flatten();
    let position: Option<usize> = words.iter().position(|word| word == "a");
    let split: (Vec<i64>, Vec<i64>) = squares.iter().partition::<Vec<i64>, _>(|x| **x < 10);
    let windowed: Option<i64> = squares.windows(2).map(|pair| pair[1] - pair[0]).min_by_key(|x| x.abs());
    let matched: &str = match age { Some(n) if n > 3 => "old", _ => "young" };
    let power: f64 = 2f64.powi(10).sqrt();
    let wide: u128 = 7u8 as u128 * 3;
    let reversed: String = "abc".chars().rev().collect::<String>();
    let grouped: HashMap<bool, Vec<i64>> = squares.iter().fold(HashMap::<bool, Vec<i64>>::new(), |mut groups, n| {
        groups.entry(n % 2 == 0).or_default().push(*n);
        groups
    });
    let longest: Option<&str> = "one three".split(' ').max_by_key(|word| word.len());
    let heap: Option<std::cmp::Reverse<i64>> = squares.iter().map(|n| std::cmp::Reverse(*n)).collect::<std::collections::BinaryHeap<_>>().pop();
    let results: Result<Vec<i32>, std::num::ParseIntError> = ["1", "x"].iter().map(|text| text.parse::<i32>()).collect::<Result<Vec<_>, _>>();
    let nested: Vec<char> = words.iter().flat_map(|word| word.chars()).skip_while(|c| c.is_numeric()).step_by(2).collect::<Vec<_>>();
    let scanned: Vec<i64> = squares.iter().scan(0, |sum, n| { *sum += n; Some(*sum) }).take_while(|sum| *sum < 50).collect::<Vec<_>>();
    let atomic: usize = std::sync::atomic::AtomicUsize::new(3).fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    let scoped: i64 = std::thread::scope(|scope| scope.spawn(|| squares.iter().sum::<i64>()).join().unwrap_or(0));
    let of_references: i64 = &3i64 + &4i64;
    let shifted: u64 = 1u64 << 3u8;
    let wrapped: std::num::Wrapping<u8> = std::num::Wrapping(3u8) + std::num::Wrapping(4);
    let ones: u32 = 5u32.count_ones().checked_add(1).unwrap_or(0);
    let loaded: u64 = std::sync::atomic::AtomicU64::new(1).load(std::sync::atomic::Ordering::Relaxed);
    let nonzero: Option<u32> = std::num::NonZeroU32::new(3).map(|n| n.get());
    let ordered: Option<std::cmp::Ordering> = (1, 2.5).partial_cmp(&(1, 3.5));
}
