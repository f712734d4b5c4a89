//! The tasks that could start now, first of which is that with the smallest number.

/// A set of small numbers as bits, and bits over words that are not zero, and so on up: inserting, removing and
/// finding the first touch one word a level, of which there are four for sixteen million.
/// (van Emde Boas, "Preserving order in a forest in less than logarithmic time", 1975, with words for clusters.)
#[derive(Debug)]
pub(super) struct ReadySet {
    /// From the bits themselves to the one word over all.
    levels: Vec<Vec<u64>>,
    len: usize,
}

impl ReadySet {
    /// An empty set of numbers below `end`.
    pub(super) fn new(end: usize) -> Self {
        let mut levels = Vec::new();
        let mut bits = end;
        loop {
            bits = bits.div_ceil(64).max(1);
            levels.push(vec![0; bits]);
            if bits == 1 {
                return ReadySet { levels, len: 0 };
            }
        }
    }

    #[inline]
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Adds a number that is not there.
    #[inline]
    pub(super) fn insert(&mut self, number: u32) {
        let mut number = number as usize;
        self.len += 1;
        for level in &mut self.levels {
            let word = &mut level[number / 64];
            let was_empty = *word == 0;
            *word |= 1 << (number % 64);
            if !was_empty {
                break;
            }
            number /= 64;
        }
    }

    /// Removes a number that is there.
    #[inline]
    pub(super) fn remove(&mut self, number: u32) {
        let mut number = number as usize;
        self.len -= 1;
        for level in &mut self.levels {
            let word = &mut level[number / 64];
            *word &= !(1 << (number % 64));
            if *word != 0 {
                break;
            }
            number /= 64;
        }
    }

    /// All numbers, ascending.
    pub(super) fn iter(&self) -> impl Iterator<Item = u32> {
        let bits = |(index, &word): (usize, &u64)| {
            (0..64).filter(move |bit| word >> bit & 1 == 1).map(move |bit| index as u32 * 64 + bit)
        };
        self.levels[0].iter().enumerate().filter(|(_, word)| **word != 0).flat_map(bits)
    }

    /// The smallest number.
    #[inline]
    pub(super) fn first(&self) -> Option<u32> {
        if self.len == 0 {
            return None;
        }
        let down = |number: usize, level: &Vec<u64>| number * 64 + level[number].trailing_zeros() as usize;
        Some(self.levels.iter().rev().fold(0, down) as u32)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_ready_set_is_an_ordered_set(end in 1_usize..10_000, steps in prop::collection::vec(any::<u32>(), 0..400)) {
            let (mut ready, mut expected) = (ReadySet::new(end), BTreeSet::new());
            for step in steps {
                let number = step % end as u32;
                if expected.insert(number) {
                    ready.insert(number);
                } else {
                    expected.remove(&number);
                    ready.remove(number);
                }
                prop_assert_eq!(ready.first(), expected.first().copied());
                prop_assert_eq!(ready.len(), expected.len());
                prop_assert!(ready.iter().eq(expected.iter().copied()));
            }
        }
    }
}
