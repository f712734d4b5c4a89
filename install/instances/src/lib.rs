//! Generic code that most cells need, compiled once. To drop one expression of polars is sixty functions, which rustc
//! would make again in each cell that has one. A cell uses what this crate has of them. A stage has it once for each level
//! of optimization that cells are compiled with.
//!
//! Nothing here is called. What is worth a line is what makes a cell of `cargo lab bench cells` faster.

#![deny(missing_docs, missing_debug_implementations)]

use lazuli::Error;
use lazuli::prelude::*;
use lazuli_cell::{Failure, Store, show};

/// What cells do with variables of some types, and with a last expression.
macro_rules! variables {
    ($($name:ident: $T:ty;)*) => {$(
        /// Cells keep, take and show such values.
        pub fn $name(store: &mut Store, value: $T) {
            show!(value);
            store.put::<$T>("", 0, value);
            if store.has::<$T>("", 0) {
                let _value = store.take::<$T>("");
            }
        }
    )*};
}

variables! {
    data_frame: DataFrame;
    table: Table;
    expression: Expr;
    expressions: Vec<Expr>;
    array: Array<f64>;
    array_of_integers: Array<i64>;
    bag_of_integers: Bag<i64>;
    bag_of_floats: Bag<f64>;
    bag_of_texts: Bag<String>;
    delayed_float: Delayed<f64>;
    delayed_integer: Delayed<i64>;
    delayed_count: Delayed<usize>;
    float: f64;
    integer: i64;
    count: usize;
    truth: bool;
    text: String;
    floats: Vec<f64>;
    integers: Vec<i64>;
    texts: Vec<String>;
}

/// Bags of many types of elements.
///
/// # Errors
/// Those of a run.
pub fn bags() -> Result<(), Failure> {
    macro_rules! bags {
        ($($T:ty),*) => {$({
            let bag = from_sequence(Vec::<$T>::new(), 2).map(|element| element).filter(|_| true);
            let bag = bag.flat_map(|element| vec![element]);
            show!(bag.count().compute()?);
            show!(bag.take(1)?);
            show!(bag.compute()?);
        })*};
    }
    bags!(i32, i64, u32, u64, usize, f64, String, (String, usize));
    Ok(())
}

/// Bags of numbers.
///
/// # Errors
/// Those of a run.
pub fn numbers() -> Result<(), Failure> {
    macro_rules! numbers {
        ($($T:ty),*) => {$({
            let bag = from_sequence(Vec::<$T>::new(), 2);
            show!(bag.sum().compute()?);
            show!(compute!(bag.min(), bag.max(), bag.mean())?);
        })*};
    }
    numbers!(i32, i64, u64, usize, f64);
    Ok(())
}

/// Bags of what is equal or not, and more or less.
///
/// # Errors
/// Those of a run.
pub fn counted() -> Result<(), Failure> {
    macro_rules! counted {
        ($($T:ty),*) => {$({
            let bag = from_sequence(Vec::<$T>::new(), 2);
            show!(bag.distinct().compute()?);
            show!(bag.topk(3).compute()?);
            show!(bag.frequencies().topk_by_key(3, |(_, times)| *times).compute()?);
        })*};
    }
    counted!(i32, i64, u32, u64, usize, String);
    Ok(())
}

/// Calls of functions with one argument and two, values or other calls, and with many calls.
///
/// # Errors
/// Those of a run.
pub fn calls() -> Result<(), Failure> {
    macro_rules! calls {
        ($($T:ty),*) => {$({
            let value = <$T>::default();
            let one = call(|one: $T| one, (value.clone(),));
            let two = call(|one: $T, _: $T| one, (value.clone(), value.clone()));
            let mixed = call(|one: $T, _: $T| one, (&two, value));
            let many = call(|all: Vec<$T>| all, (vec![one, mixed],));
            show!(call(|one: $T, all: Vec<$T>| (one, all), (&two, &many)).compute()?);
        })*};
    }
    calls!(i32, i64, u64, f64, String);
    Ok(())
}

/// A cell that makes a frame.
///
/// # Errors
/// Those of the frame.
pub fn new_frame() -> Result<DataFrame, Failure> {
    let numbers = polars::df!["f" => [1.0], "i" => [1_i64], "n" => [1_i32], "u" => [1_u64]]?;
    let texts = polars::df!["s" => ["a"], "t" => [String::new()], "b" => [true]]?;
    show!(numbers.column("f")?.get(0)?);
    println!("{}", numbers.column("f")?.sum_reduce()?.value());
    show!(numbers);
    Ok(from_polars(texts, 1)?)
}

/// A cell that works with a frame.
///
/// # Errors
/// Those of the frame.
pub fn frame(frame: &DataFrame) -> Result<Table, Failure> {
    let one = frame.filter(col("v").gt(lit(0.5)).and(col("n").eq(lit(1))))?.select([col("v"), len()])?;
    let more = one.with_columns([col("v").sum().alias("sum"), col("v").mean(), col("v").min(), col("v").max()])?;
    Ok(more.group_by(["g"]).agg([col("v").sum()])?.compute()?)
}

/// What `?` does with the library's errors.
///
/// # Errors
/// The one given.
pub fn failing(error: Error) -> Result<(), Failure> {
    Err(error)?
}
