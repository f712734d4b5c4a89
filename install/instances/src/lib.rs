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

/// What cells do with bags of some types of elements.
macro_rules! bags {
    ($($name:ident: $T:ty;)*) => {$(
        /// Cells make such bags, choose among their elements, and look at them.
        ///
        /// # Errors
        /// Those of a run.
        pub fn $name(elements: Vec<$T>) -> Result<(), Failure> {
            let bag = from_sequence(elements, 2).map(|element| element).filter(|_| true).flat_map(|element| vec![element]);
            show!(bag.count().compute()?);
            show!(bag.take(1)?);
            show!(bag.compute()?);
            Ok(())
        }
    )*};
}

bags! {
    elements_of_small_integers: i32;
    elements_of_integers: i64;
    elements_of_small_counts: u32;
    elements_of_natural_numbers: u64;
    elements_of_counts: usize;
    elements_of_floats: f64;
    elements_of_texts: String;
    elements_of_counted_texts: (String, usize);
}

/// What they do with bags of numbers.
macro_rules! numbers {
    ($($name:ident: $T:ty;)*) => {$(
        /// Cells reduce them.
        ///
        /// # Errors
        /// Those of a run.
        pub fn $name(bag: &Bag<$T>) -> Result<(), Failure> {
            show!(bag.sum().compute()?);
            show!(compute!(bag.min(), bag.max(), bag.mean())?);
            Ok(())
        }
    )*};
}

numbers! {
    numbers_that_are_small: i32;
    numbers_that_are_integers: i64;
    numbers_that_are_natural: u64;
    numbers_that_are_counts: usize;
    numbers_that_are_floats: f64;
}

/// What they do with bags of elements that are equal or not.
macro_rules! countable {
    ($($name:ident: $T:ty;)*) => {$(
        /// Cells count them.
        ///
        /// # Errors
        /// Those of a run.
        pub fn $name(bag: &Bag<$T>) -> Result<(), Failure> {
            show!(bag.distinct().compute()?);
            show!(bag.topk(3).compute()?);
            show!(bag.frequencies().topk_by_key(3, |(_, times)| *times).compute()?);
            Ok(())
        }
    )*};
}

countable! {
    count_small_integers: i32;
    count_integers: i64;
    count_small_counts: u32;
    count_natural_numbers: u64;
    count_counts: usize;
    count_texts: String;
}

/// What they do with calls of functions.
macro_rules! calls {
    ($($name:ident: $T:ty;)*) => {$(
        /// Cells call functions of one and two such arguments, and of many that come from calls.
        ///
        /// # Errors
        /// Those of a run.
        pub fn $name(one: $T, other: $T) -> Result<(), Failure> {
            let both = call(|one: $T, _: $T| one, (one.clone(), other.clone()));
            let changed = call(|both: $T, _: $T| both, (&both, other));
            show!(call(|all: Vec<$T>| all, (vec![changed, call(|one: $T| one, (one,))],)).compute()?);
            show!(call(|one: $T, _: $T| one, (&both, &both)).compute()?);
            Ok(())
        }
    )*};
}

calls! {
    calls_of_small_integers: i32;
    calls_of_integers: i64;
    calls_of_natural_numbers: u64;
    calls_of_floats: f64;
    calls_of_texts: String;
}

/// A cell that makes a frame.
///
/// # Errors
/// Those of the frame.
pub fn made() -> Result<DataFrame, Failure> {
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
