//! What a layer is called: a hash of the work itself, so that the same work on the same inputs has
//! the same key and runs once. Source of the idea: Dask's `tokenize`.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use xxhash_rust::xxh3::Xxh3;

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
        let mut hash = Xxh3::new();
        hash.update(operation.as_bytes());
        hash.update(&[0]);
        hash.update(&code.to_le_bytes());
        hash.update(&tasks.to_le_bytes());
        hash.update(&parameters.len().to_le_bytes());
        hash.update(parameters);
        for Key(input) in inputs {
            hash.update(&input.to_le_bytes());
        }
        Key(hash.digest128())
    }

    /// A key equal to no other: for work that cannot be compared, such as a closure with captures.
    pub(crate) fn unique() -> Key {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        Key::of_work("unique", 0, 0, &number.to_le_bytes(), std::iter::empty())
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
