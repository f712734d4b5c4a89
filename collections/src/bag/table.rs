//! A value for each key, in the order in which the keys were first seen.
//!
//! What finds a key knows hashes and positions only, and is compiled here; a cell that counts elements of
//! a new type compiles no hash table of its own, but how its elements are hashed and compared.

use std::hash::{BuildHasher, Hash, Hasher};

use foldhash::fast::{FixedState, FoldHasher};
use hashbrown::HashTable;

/// Pairs of key and value, found by key.
pub(super) struct Table<K, A> {
    pub(super) pairs: Vec<(K, A)>,
    index: Index,
}

/// A key that is not in a table yet, by its hash.
pub(super) struct New(u64);

impl<K, A> Default for Table<K, A> {
    fn default() -> Self {
        Table { pairs: Vec::new(), index: Index(HashTable::new()) }
    }
}

impl<K: Hash + Eq, A> Table<K, A> {
    /// Where the pair of `key` is in `pairs`, or how to add it.
    pub(super) fn position(&self, key: &K) -> Result<usize, New> {
        let mut hasher = KeyHasher::new();
        key.hash(&mut hasher);
        let (hash, pairs) = (hasher.finish(), &self.pairs);
        self.index.position(hash, &|position| pairs[position].0 == *key).ok_or(New(hash))
    }

    /// Adds the pair of a key that was looked for last, in vain.
    pub(super) fn add(&mut self, new: New, key: K, value: A) {
        self.index.add(new.0, self.pairs.len());
        self.pairs.push((key, value));
    }

    /// Makes of the value at `position` another one.
    pub(super) fn change(&mut self, position: usize, change: impl FnOnce(A) -> A) {
        let (key, value) = self.pairs.swap_remove(position);
        self.pairs.push((key, change(value)));
        let last = self.pairs.len() - 1;
        self.pairs.swap(position, last);
    }
}

/// Positions of keys with their hashes.
struct Index(HashTable<(u64, usize)>);

impl Index {
    /// The position of the key with this hash that `is_it`.
    #[inline(never)]
    fn position(&self, hash: u64, is_it: &dyn Fn(usize) -> bool) -> Option<usize> {
        let same = |&(other, position): &(u64, usize)| other == hash && is_it(position);
        self.0.find(hash, same).map(|&(_, position)| position)
    }

    #[inline(never)]
    fn add(&mut self, hash: u64, position: usize) {
        self.0.insert_unique(hash, (hash, position), |&(hash, _)| hash);
    }
}

/// The hasher of keys, compiled here.
struct KeyHasher(FoldHasher<'static>);

impl KeyHasher {
    #[inline(never)]
    fn new() -> Self {
        KeyHasher(FixedState::default().build_hasher())
    }
}

impl Hasher for KeyHasher {
    #[inline(never)]
    fn write(&mut self, bytes: &[u8]) {
        self.0.write(bytes);
    }

    #[inline(never)]
    fn write_u64(&mut self, number: u64) {
        self.0.write_u64(number);
    }

    fn write_u8(&mut self, number: u8) {
        self.write_u64(number.into());
    }

    fn write_u32(&mut self, number: u32) {
        self.write_u64(number.into());
    }

    fn write_usize(&mut self, number: usize) {
        self.write_u64(number as u64);
    }

    #[inline(never)]
    fn finish(&self) -> u64 {
        self.0.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_changed_in_its_place() {
        let mut table = Table::default();
        for word in ["lapis", "lazuli", "blue", "lazuli", "lapis"] {
            match table.position(&word) {
                Ok(position) => table.change(position, |count| count + 1),
                Err(new) => table.add(new, word, 1),
            }
        }
        assert_eq!(table.pairs, [("lapis", 2), ("lazuli", 2), ("blue", 1)]);
    }
}
