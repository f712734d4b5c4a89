//! Arrays of random numbers. A distribution is a variant, and a line in the function that draws a chunk.

use std::sync::Arc;

use rand_distr::{Distribution as _, StandardNormal};
use serde::{Deserialize, Serialize};

use super::create::checked;
use super::dtype::{DtypeId, for_float};
use super::pass::{Pass, Source};
use super::raw::RawArray;
use super::shape::{IntoChunks, PerAxis};
use super::stream::Stream;
use super::tile::Typed;
use super::{Array, ArrayError, Chunks, Float};
use crate::graph::{Operation, Work};

/// Random numbers, uniform from 0 up to but not including 1; see [`Array::random`] for `f32`.
///
/// Equal seed, shape and chunks give equal numbers, on every scheduler: each chunk has a stream of its own.
///
/// ```
/// use lazuli::array::random;
/// let x = random((1000, 1000), (100, 100), 7);
/// assert!((x.mean().compute()? - 0.5).abs() < 0.01);
/// assert_eq!(random(9, 4, 1).compute()?, random(9, 4, 1).compute()?);
/// assert_ne!(random(9, 4, 1).compute()?, random(9, 4, 2).compute()?);
/// # Ok::<(), lazuli::Error>(())
/// ```
///
/// # Panics
/// When `chunks` do not fit `shape`, as every function that makes an array.
#[track_caller]
pub fn random(shape: impl PerAxis, chunks: impl IntoChunks, seed: u64) -> Array<f64> {
    Array::random(shape, chunks, seed)
}

/// Random numbers from the normal distribution; see [`Array::normal`] for `f32`.
///
/// ```
/// let x = lazuli::array::normal(100_000, 10_000, 5.0, 2.0, 7);
/// assert!((x.mean().compute()? - 5.0).abs() < 0.05);
/// # Ok::<(), lazuli::Error>(())
/// ```
///
/// # Panics
/// When `chunks` do not fit `shape`, or `deviation` is negative, infinite or NaN.
#[track_caller]
pub fn normal(shape: impl PerAxis, chunks: impl IntoChunks, mean: f64, deviation: f64, seed: u64) -> Array<f64> {
    Array::normal(shape, chunks, mean, deviation, seed)
}

impl<T: Float> Array<T> {
    /// Random numbers of `f32` or `f64`, uniform from 0 up to but not including 1; see [`random`].
    ///
    /// ```
    /// let x = lazuli::Array::<f32>::random(1000, 100, 7);
    /// assert!(x.max().compute()? < 1.0);
    /// # Ok::<(), lazuli::Error>(())
    /// ```
    #[track_caller]
    pub fn random(shape: impl PerAxis, chunks: impl IntoChunks, seed: u64) -> Self {
        let chunks = checked(shape.per_axis(), chunks.into_chunks());
        Array::of(drawn(Distribution::Uniform, chunks, seed, T::ID))
    }

    /// Random numbers of `f32` or `f64` from the normal distribution; see [`normal`].
    ///
    /// ```
    /// let x = lazuli::Array::<f32>::normal(100_000, 10_000, 0.0, 1.0, 7);
    /// assert!(x.max().compute()? > 3.0);
    /// # Ok::<(), lazuli::Error>(())
    /// ```
    #[track_caller]
    pub fn normal(shape: impl PerAxis, chunks: impl IntoChunks, mean: f64, deviation: f64, seed: u64) -> Self {
        let chunks = checked(shape.per_axis(), chunks.into_chunks());
        Array::of(drawn(bell(mean, deviation), chunks, seed, T::ID))
    }
}

#[track_caller]
fn bell(mean: f64, deviation: f64) -> Distribution {
    if !deviation.is_finite() || deviation < 0.0 {
        panic!("{}", ArrayError::Deviation { deviation });
    }
    Distribution::Normal { mean, deviation }
}

#[derive(Clone, Copy, Serialize, Deserialize)]
enum Distribution {
    Uniform,
    Normal { mean: f64, deviation: f64 },
}

#[derive(Serialize, Deserialize)]
struct Draw {
    distribution: Distribution,
    chunks: Chunks,
    seed: u64,
    dtype: DtypeId,
}

#[track_caller]
fn drawn(distribution: Distribution, chunks: Chunks, seed: u64, dtype: DtypeId) -> RawArray {
    let draw = Draw { distribution, chunks: chunks.clone(), seed, dtype };
    let name = match distribution {
        Distribution::Uniform => "random",
        Distribution::Normal { .. } => "normal",
    };
    RawArray::made(Operation::joining(name, draw, draws), chunks, dtype, &[])
}

fn draws(Draw { distribution, chunks, seed, dtype }: Draw) -> Arc<dyn Work> {
    let source: Source = for_float!(dtype, T => match distribution {
        Distribution::Uniform => from_stream(seed, |stream, place| stream.uniform::<T>(place)),
        Distribution::Normal { mean, deviation } => {
            let (mean, deviation) = (mean as T, deviation as T);
            from_stream(seed, move |stream, place| {
                let number: T = StandardNormal.sample(&mut stream.at(place));
                mean + deviation * number
            })
        }
    });
    Pass::source(chunks, dtype, source)
}

/// The numbers that `draw` makes at each place of the stream of a chunk.
fn from_stream<T: Typed>(seed: u64, draw: impl Fn(Stream, u64) -> T + Send + Sync + 'static) -> Source {
    Arc::new(move |made, partition, place| {
        let stream = Stream::new(seed, partition as u64);
        for (made, place) in T::unwrap(made).iter_mut().zip(place..) {
            *made = draw(stream, place);
        }
    })
}
