//! What a layer is called: a hash of the work itself, so that the same work on the same inputs has
//! the same key and runs once. Source of the idea: Dask's `tokenize`.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use xxhash_rust::xxh3::xxh3_128;

/// The name of a layer: equal keys mean equal results.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(u128);

impl Key {
    /// The key of `tasks` tasks of an operation with serialized `parameters` over `inputs`.
    pub(crate) fn of_work(
        operation: &str,
        code: usize,
        tasks: usize,
        parameters: &[u8],
        inputs: impl Iterator<Item = Key>,
    ) -> Key {
        let mut work = Vec::with_capacity(256);
        work.extend_from_slice(operation.as_bytes());
        work.push(0);
        work.extend_from_slice([code, tasks, parameters.len()].map(usize::to_le_bytes).as_flattened());
        work.extend_from_slice(parameters);
        for Key(input) in inputs {
            work.extend_from_slice(&input.to_le_bytes());
        }
        Key(xxh3_128(&work))
    }

    /// A key equal to no other: for work that cannot be compared, such as a closure with captures.
    pub(crate) fn unique() -> Key {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        Key::of_work("unique", 0, 0, &number.to_le_bytes(), std::iter::empty())
    }

    /// A hash of the key, which is one itself.
    #[inline]
    pub(super) fn hash(self) -> u64 {
        self.0 as u64
    }

    /// The first eight hexadecimal digits, enough to tell layers apart in a picture.
    pub fn short(&self) -> String {
        format!("{:08x}", (self.0 >> 96) as u32)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}
