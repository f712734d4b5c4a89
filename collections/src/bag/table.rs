//! A value for each key, in the order in which the keys were first seen.
//!
//! What finds a key knows hashes and positions only, and is compiled here; a cell that counts elements of
//! a new type compiles no hash table of its own, but how its elements are hashed and compared.

use std::hash::{BuildHasher, Hash, Hasher};

use foldhash::fast::{FixedState, FoldHasher};
use hashbrown::HashTable;

/// Pairs of key and value, found by key.
#[derive(Clone)]
pub(super) struct Table<K, A> {
    pub(super) pairs: Vec<(K, A)>,
    index: Index,
}

impl<K: Hash + Eq, A> Table<K, A> {
    pub(super) fn new() -> Self {
        Table { pairs: Vec::new(), index: Index(HashTable::new()) }
    }

    /// Where the pair of `key` is in `pairs`. If that is behind their end, the key is new, and its pair must be
    /// pushed before the next key is looked for.
    pub(super) fn position(&mut self, key: &K) -> usize {
        let mut hasher = KeyHasher::new();
        key.hash(&mut hasher);
        let pairs = &self.pairs;
        self.index.position(hasher.finish(), pairs.len(), &mut |position| pairs[position].0 == *key)
    }
}

/// Positions of keys with their hashes.
#[derive(Clone)]
struct Index(HashTable<(u64, usize)>);

impl Index {
    /// The position of the key with this hash that `is_it`; if there is none, it is noted to be at `next`.
    #[inline(never)]
    fn position(&mut self, hash: u64, next: usize, is_it: &mut dyn FnMut(usize) -> bool) -> usize {
        let same = |&(other, position): &(u64, usize)| other == hash && is_it(position);
        self.0.entry(hash, same, |&(hash, _)| hash).or_insert((hash, next)).get().1
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
