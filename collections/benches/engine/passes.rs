//! Chains that fusion makes one pass, against the loop that one would write by hand.

use lazuli::graph::Failure;
use lazuli::prelude::*;
use rayon::prelude::*;

use super::dask::Dask;
use super::rounds::{Rounds, timed};
use super::table::{Table, nothing};

const ELEMENTS: usize = 10_000_000;
const PARTITIONS: usize = 8;
/// Elements that Dask gets, for which it needs about a second.
const OF_DASK: usize = 1_000_000;
/// The length of the array along each of two axes, and of its chunks.
const SIDE: usize = 4000;
const CHUNK: usize = 1000;
/// What one turn of a loop written by hand works on: it stays in the cache.
const STRETCH: usize = 1 << 14;

/// A chain, by us and by hand: both give the same number.
struct Chain<'a> {
    /// What Dask's side calls it.
    name: &'static str,
    title: &'static str,
    elements: usize,
    of_dask: usize,
    ours: &'a dyn Fn() -> lazuli::Result<f64>,
    by_hand: &'a dyn Fn() -> f64,
    promised: &'static str,
}

/// Prints how long each chain takes.
pub fn measure(rounds: usize, dask: &mut Dask) -> Result<(), Failure> {
    let table = Table::begin(
        "Fused chains over data in memory, ns an element (Dask's bags: 1 000 000 elements, the faster of its threads and processes)",
        &["chain", "Lazuli", "by hand with rayon", "by hand / Lazuli", "Dask", "Dask / Lazuli", "promised"],
    );
    let numbers: Vec<u64> = (0..ELEMENTS as u64).collect();
    let bag = from_sequence(numbers.iter().copied(), PARTITIONS);
    let integers = bag.map(scaled).filter(is_even).map(halved).sum();
    let waves = bag.map(wave).filter(is_positive).map(squared).sum();
    let chains = [
        Chain {
            name: "bag-integers",
            title: "bag of 10 million `u64`: map, filter, map, sum",
            elements: ELEMENTS,
            of_dask: OF_DASK,
            ours: &|| Ok(integers.compute()? as f64),
            by_hand: &|| by_hand(&numbers, |n| n.map(scaled).filter(is_even).map(halved).sum::<u64>()) as f64,
            promised: "≥ 0.5 by hand, ≥ 10 Dask",
        },
        Chain {
            name: "bag-waves",
            title: "bag of 10 million `u64`: map to a sine, filter, map, sum",
            elements: ELEMENTS,
            of_dask: OF_DASK,
            ours: &|| waves.compute(),
            by_hand: &|| by_hand(&numbers, |n| n.map(wave).filter(is_positive).map(squared).sum::<f64>()),
            promised: "≥ 0.7 by hand, ≥ 10 Dask",
        },
    ];
    for chain in chains {
        chain.measure(&table, rounds, dask)?;
    }

    let x = random((SIDE, SIDE), (CHUNK, CHUNK), 7).persist()?;
    let whole = x.compute()?.into_inner();
    let elements = whole.as_slice().expect("computed arrays are in standard order");
    let sum = ((&x * 2.0 + 1.0).sqrt() - &x).sum();
    let array = Chain {
        name: "array",
        title: "array of 4000 × 4000 `f64` in 16 chunks: `((x * 2 + 1).sqrt() - x).sum()`",
        elements: SIDE * SIDE,
        of_dask: SIDE * SIDE,
        ours: &|| sum.compute(),
        by_hand: &|| elements.par_chunks(STRETCH).map(sum_of_roots).sum(),
        promised: "≥ 0.7 by hand, ≥ 2 Dask",
    };
    array.measure(&table, rounds, dask)
}

impl Chain<'_> {
    fn measure(&self, table: &Table, rounds: usize, dask: &mut Dask) -> Result<(), Failure> {
        let (mut ours, mut hands, mut dasks) = (Rounds::default(), Rounds::default(), Rounds::default());
        // Who comes first after Dask finds the caches full of other things: they take turns.
        for round in 0..=rounds {
            let mut found = 0.0;
            let mut our_round = || {
                let (sum, took) = timed(|| Ok((self.ours)()?))?;
                found = sum;
                Ok::<_, Failure>(took)
            };
            if round % 2 == 0 {
                ours.count(our_round()?);
            }
            let (expected, took) = timed(|| Ok((self.by_hand)()))?;
            hands.count(took);
            if round % 2 == 1 {
                ours.count(our_round()?);
            }
            if (found - expected).abs() > 1e-9 * expected.abs() {
                return Err(format!("{} gives {found}, and by hand {expected}", self.title).into());
            }
            if let Some(took) = dask.round(self.name, self.of_dask) {
                dasks.count(took);
            }
        }
        let is_there = dask.reason().is_none();
        let (to_hands, to_dasks) = (hands.against(&ours), is_there.then(|| dasks.against(&ours)));
        let (ours, hands) = (ours.median(self.elements), hands.median(self.elements));
        let theirs = is_there.then(|| dasks.median(self.of_dask));
        table.row(&[
            self.title.to_owned(),
            format!("{:.2}", ours * 1e9),
            format!("{:.2}", hands * 1e9),
            format!("{to_hands:.2}"),
            theirs.map_or_else(nothing, |theirs| format!("{:.1}", theirs * 1e9)),
            to_dasks.map_or_else(nothing, |ratio| format!("{:.1}", ratio * self.elements as f64 / self.of_dask as f64)),
            self.promised.to_owned(),
        ]);
        Ok(())
    }
}

/// The sum of what `chain` makes of each stretch of the numbers, on all cores.
fn by_hand<S>(numbers: &[u64], chain: impl Fn(std::iter::Copied<std::slice::Iter<u64>>) -> S + Sync) -> S
where
    S: Send + std::iter::Sum,
{
    let stretches: Vec<S> = numbers.par_chunks(STRETCH).map(|stretch| chain(stretch.iter().copied())).collect();
    stretches.into_iter().sum()
}

// Functions of one element are inlined by both sides, as closures written in place would be.

#[inline]
fn scaled(number: u64) -> u64 {
    number * 3 + 1
}

#[inline]
fn is_even(number: &u64) -> bool {
    number.is_multiple_of(2)
}

#[inline]
fn halved(number: u64) -> u64 {
    number / 2
}

#[inline]
fn wave(number: u64) -> f64 {
    (number as f64).sqrt().sin()
}

#[inline]
fn is_positive(height: &f64) -> bool {
    *height > 0.0
}

#[inline]
fn squared(height: f64) -> f64 {
    height * height
}

/// With eight sums side by side, without which the processor's wide registers stay empty; counted, since an iterator
/// that is not inlined would keep them empty too.
fn sum_of_roots(stretch: &[f64]) -> f64 {
    let root = |x: f64| (x * 2.0 + 1.0).sqrt() - x;
    let (blocks, rest) = stretch.as_chunks::<8>();
    let mut sums = [0.0; 8];
    for block in blocks {
        for i in 0..8 {
            sums[i] += root(block[i]);
        }
    }
    sums.into_iter().sum::<f64>() + rest.iter().map(|&x| root(x)).sum::<f64>()
}
