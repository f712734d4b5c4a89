//! Random numbers by counting: number i of a chunk is a function of seed, chunk and i, so no order of tasks
//! changes it, and the loop that fills a chunk becomes vector instructions.
//!
//! The function is that of SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators",
//! OOPSLA 2014): a counter in steps of an odd number, its bits mixed. Imports: nothing in-house.

use std::convert::Infallible;

use rand::rand_core::{TryRng, utils::fill_bytes_via_next_word};

/// The odd number nearest to 2^64 divided by the golden ratio.
const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

/// The random numbers of one chunk.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stream(u64);

impl Stream {
    /// Where the counter of chunk `chunk` starts: anywhere, so that chunks do not meet.
    pub(super) fn new(seed: u64, chunk: u64) -> Self {
        Stream(mixed(mixed(seed.wrapping_add(STEP)) ^ mixed(chunk).wrapping_mul(STEP)))
    }

    /// Sixty-four random bits.
    #[inline]
    fn bits(self, place: u64) -> u64 {
        mixed(self.0.wrapping_add(place.wrapping_mul(STEP)))
    }

    /// A number from 0 up to but not including 1.
    #[inline]
    pub(super) fn uniform<T: Uniform>(self, place: u64) -> T {
        T::uniform(self.bits(place))
    }

    /// Bits for the number at `place`, for distributions that take as many as they need.
    #[inline]
    pub(super) fn at(self, place: u64) -> Draws {
        Draws { first: self.bits(place), taken: 0 }
    }
}

/// Bits for one number: those of its place, then those of a stream that begins with them.
#[derive(Debug)]
pub(super) struct Draws {
    first: u64,
    taken: u64,
}

impl TryRng for Draws {
    type Error = Infallible;

    #[inline]
    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok((self.try_next_u64()? >> 32) as u32)
    }

    #[inline]
    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let taken = self.taken;
        self.taken += 1;
        Ok(if taken == 0 { self.first } else { Stream(self.first).bits(taken) })
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        fill_bytes_via_next_word(bytes, || self.try_next_u64())
    }
}

#[inline]
fn mixed(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

/// A float made of random bits: they become the fraction of a number from 1 to 2, less 1.
pub(super) trait Uniform {
    fn uniform(bits: u64) -> Self;
}

impl Uniform for f64 {
    #[inline]
    fn uniform(bits: u64) -> f64 {
        f64::from_bits(1_f64.to_bits() | (bits >> 12)) - 1.0
    }
}

impl Uniform for f32 {
    #[inline]
    fn uniform(bits: u64) -> f32 {
        f32::from_bits(1_f32.to_bits() | (bits >> 41) as u32) - 1.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_counter_is_that_of_splitmix64() {
        // The first numbers of the published generator for the state 1234567.
        let numbers = [1, 2, 3].map(|place| Stream(1_234_567).bits(place));
        assert_eq!(numbers, [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]);
    }

    /// Mean, variance and neighbours, within five standard errors of what they should be.
    #[test]
    fn numbers_are_uniform_and_unrelated() {
        const N: u64 = 1_000_000;
        let error = |variance: f64| 5.0 * (variance / N as f64).sqrt();
        for (one, other) in [(Stream::new(7, 0), Stream::new(7, 1)), (Stream::new(0, 5), Stream::new(1, 5))] {
            let (mut sum, mut squares, mut next, mut across) = (0.0, 0.0, 0.0, 0.0);
            for place in 0..N {
                let x = one.uniform::<f64>(place) - 0.5;
                sum += x;
                squares += x * x;
                next += x * (one.uniform::<f64>(place + 1) - 0.5);
                across += x * (other.uniform::<f64>(place) - 0.5);
            }
            assert!((sum / N as f64).abs() < error(1.0 / 12.0));
            assert!((squares / N as f64 - 1.0 / 12.0).abs() < error(1.0 / 180.0));
            assert!((next / N as f64).abs() < error(1.0 / 144.0));
            assert!((across / N as f64).abs() < error(1.0 / 144.0));
        }
    }

    #[test]
    fn every_number_is_below_one() {
        assert_eq!(f64::uniform(0), 0.0);
        assert!(f64::uniform(u64::MAX) < 1.0 && f32::uniform(u64::MAX) < 1.0);
    }
}
