//! A sample of polars' own interface.

use polars::prelude::*;

types! {
    let frame: DataFrame = df!("a" => [1i64, 2], "b" => ["x", "y"])?;
    let height: usize = frame.height();
    let column: Column = frame.column("a")?.clone();
    let sum: i64 = frame.column("a")?.as_materialized_series().sum::<i64>()?;
    let plan: LazyFrame = frame.clone().lazy().filter(col("a").gt(lit(1)));
    let expression: Expr = col("a") * lit(2);
    let out: DataFrame = plan.clone().group_by([col("b")]).agg([col("a").sum()]).collect()?;
    let names: Vec<PlSmallStr> = frame.get_column_names_owned();
    let series: Series = Series::new("s".into(), [1.0f64, 2.0]);
    let numbers: ChunkedArray<Float64Type> = series.f64()?.clone();
    let maximum: Option<f64> = numbers.max();
    let shape: (usize, usize) = frame.shape();
    let dtype: DataType = column.dtype().clone();
    let head: DataFrame = frame.head(Some(3));
    let joined: LazyFrame = frame.clone().lazy().join(frame.clone().lazy(), [col("a")], [col("a")], JoinArgs::new(JoinType::Inner));
    let scanned: LazyFrame = LazyCsvReader::new("x.csv".into()).finish()?;
    let conditional: Expr = when(col("a").gt(lit(1))).then(lit("many")).otherwise(lit("one")).alias("size");
    let ranked: Expr = col("a").sort(SortOptions::default()).over([col("b")])?;
    let text: Expr = col("b").str().to_uppercase().str().len_chars();
    let time: Expr = col("t").cast(DataType::Date).dt().year();
    let filled: Expr = col("a").fill_null(lit(0)).is_between(lit(0), lit(9), ClosedInterval::Both);
    let wide: LazyFrame = frame.clone().lazy().with_columns([col("a").mean().alias("m"), col("a").std(1).alias("s")]);
    let sorted: DataFrame = frame.sort(["a"], SortMultipleOptions::default())?;
    let stacked: DataFrame = frame.vstack(&frame)?;
    let values: Vec<Option<i64>> = frame.column("a")?.i64()?.iter().collect::<Vec<_>>();
    let texts: Vec<String> = frame.column("b")?.str()?.iter().flatten().map(str::to_owned).collect::<Vec<_>>();
    let nulls: usize = column.null_count();
}
