//! Generic code that most cells need, compiled once. To drop one expression of polars is sixty functions, which rustc
//! would make again in each cell that has one. A cell uses what this crate has of them, because both are compiled without
//! optimization: only then does rustc share instances between crates.
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
    bag: Bag<i64>;
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
