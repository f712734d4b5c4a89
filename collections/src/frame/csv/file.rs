//! The files of a frame: looked into, cut into blocks.

use std::io::Read;

use serde::{Deserialize, Serialize};

use super::cut;
use crate::file::{FileError, Snapshot};
use crate::frame::FrameError;

/// One file and the partitions that it becomes; a compressed one is one block.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct File {
    pub(super) seen: Snapshot,
    /// Where the first row begins.
    begin: u64,
    /// Its first partition in the frame.
    pub(super) first: usize,
    /// Number of its partitions.
    pub(super) blocks: usize,
}

/// The beginning of a file.
pub(super) struct Head {
    pub(super) bytes: Vec<u8>,
    /// Whether there is no more.
    whole: bool,
}

impl File {
    pub(super) fn new(seen: Snapshot, begin: usize, blocksize: u64, first: usize) -> Self {
        let begin = begin as u64;
        let bytes = seen.size.saturating_sub(begin);
        let blocks = if seen.gzip { 1 } else { bytes.div_ceil(blocksize).max(1) as usize };
        File { seen, begin, first, blocks }
    }

    /// Where block `block` is cut off from the one before; lines belong to the block they begin behind.
    fn cut(&self, block: usize) -> u64 {
        let bytes = u128::from(self.seen.size.saturating_sub(self.begin));
        self.begin + (bytes * block as u128 / self.blocks as u128) as u64
    }

    /// The bytes between two cuts, and where they begin.
    pub(super) fn block(&self, block: usize) -> Result<(u64, Vec<u8>), FrameError> {
        self.seen.must_be_unchanged()?;
        let (from, to) = (self.cut(block), self.cut(block + 1));
        let mut bytes = Vec::with_capacity((to - from) as usize);
        let length = if self.seen.gzip { u64::MAX } else { to - from };
        self.from(from)?.take(length).read_to_end(&mut bytes).map_err(|source| self.seen.failed(source))?;
        Ok((from, bytes))
    }

    /// Appends what is missing of the last line of block `block`, of which `bytes` ends inside quotes or not;
    /// false if the line does not end.
    pub(super) fn finish_line(
        &self,
        block: usize,
        bytes: &mut Vec<u8>,
        mut inside: bool,
        quote: Option<u8>,
    ) -> Result<bool, FrameError> {
        /// No line is longer: a quote is open.
        const LONGEST: usize = 256 << 20;
        if block + 1 == self.blocks {
            return Ok(!inside);
        }
        let mut rest = self.from(self.cut(block + 1))?;
        let mut chunk = vec![0; 64 << 10];
        let enough = bytes.len() + LONGEST;
        while bytes.len() < enough {
            let length = rest.read(&mut chunk).map_err(|source| self.seen.failed(source))?;
            if length == 0 {
                return Ok(!inside);
            }
            let read = &chunk[..length];
            if let Some(end) = cut::line_end(quote, read, inside) {
                bytes.extend_from_slice(&read[..end]);
                return Ok(true);
            }
            inside ^= cut::flips(quote, read);
            bytes.extend_from_slice(read);
        }
        Ok(false)
    }

    fn from(&self, byte: u64) -> Result<Box<dyn Read>, FileError> {
        self.seen.open_at(byte).map_err(|source| self.seen.failed(source))
    }
}

impl Head {
    /// At least `least` bytes, if there are so many, and the line of the header.
    pub(super) fn of(seen: &Snapshot, least: usize, quote: Option<u8>) -> Result<Head, FrameError> {
        let mut source = seen.open_at(0).map_err(|source| seen.failed(source))?;
        let mut head = Head { bytes: Vec::new(), whole: false };
        let mut wanted = least;
        loop {
            let missing = (wanted - head.bytes.len()) as u64;
            let read = (&mut source).take(missing).read_to_end(&mut head.bytes);
            head.whole = (read.map_err(|source| seen.failed(source))? as u64) < missing;
            if head.is_compressed() {
                return Err(FrameError::Compressed { path: seen.path.clone() });
            }
            let start = head.text();
            if head.whole || cut::line_end(quote, &head.bytes[start..], false).is_some() {
                return Ok(head);
            }
            wanted *= 2;
        }
    }

    /// Whether it is compressed by zstd, zip, bzip2 or xz.
    fn is_compressed(&self) -> bool {
        let magic: [&[u8]; 4] = [b"\x28\xb5\x2f\xfd", b"PK\x03\x04", b"BZh", b"\xfd7zXZ"];
        magic.iter().any(|magic| self.bytes.starts_with(magic))
    }

    /// Where the text begins: behind a byte order mark and empty lines.
    pub(super) fn text(&self) -> usize {
        let mark = if self.bytes.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
        let blank = self.bytes[mark..].iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        mark + blank
    }

    /// Behind the first line.
    pub(super) fn second_line(&self, quote: Option<u8>) -> usize {
        let start = self.text();
        cut::line_end(quote, &self.bytes[start..], false).map_or(self.bytes.len(), |end| start + end)
    }

    /// The bytes from `start` on that are whole lines.
    pub(super) fn lines(&self, start: usize, quote: Option<u8>) -> &[u8] {
        let rest = &self.bytes[start..];
        match cut::line_ends(quote, rest, false).last() {
            _ if self.whole => rest,
            Some(end) => &rest[..end],
            None => &[],
        }
    }
}
