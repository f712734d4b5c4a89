//! What can go wrong with a bag: in the call that builds it, or in one of its partitions.

use std::path::PathBuf;

use crate::file::FileError;

/// An error of a [`Bag`](super::Bag).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BagError {
    /// A file that cannot be found or read, or is another than when the bag was built.
    #[error(transparent)]
    File(#[from] FileError),
    /// Blocks of zero bytes.
    #[error("the block size is 0: give the bytes that a partition should have, or leave it out")]
    ZeroBlocks,
    /// A compressed file that should be cut into blocks.
    #[error("{} is compressed and cannot be cut into blocks: leave the block size out", .path.display())]
    Compressed {
        /// The file.
        path: PathBuf,
    },
    /// A file that is not text.
    #[error("{} is not UTF-8 text: line {line}, byte {offset} of the file", .path.display())]
    NotText {
        /// The file.
        path: PathBuf,
        /// The line with the first wrong byte, counted from 1.
        line: u64,
        /// Where the first wrong byte is, counted from 0; for a compressed file, in its text.
        offset: u64,
    },
    /// A value that only a bag with elements has.
    #[error("the {operation} of a bag without elements does not exist")]
    Empty {
        /// What was asked for.
        operation: &'static str,
    },
}
