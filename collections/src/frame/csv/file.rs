//! The files of a frame as they were when it was built: found, looked into, cut into blocks.

use std::fs;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use flate2::read::MultiGzDecoder;
use serde::Serialize;

use super::cut;
use crate::frame::FrameError;

/// One file and the partitions that it becomes.
#[derive(Clone, Debug, Serialize)]
pub(super) struct File {
    pub(super) path: PathBuf,
    /// Whether it is compressed; then it is one block, and offsets count uncompressed bytes.
    gzip: bool,
    size: u64,
    modified: Option<SystemTime>,
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
    gzip: bool,
}

impl File {
    pub(super) fn new(
        path: PathBuf,
        gzip: bool,
        begin: usize,
        blocksize: u64,
        first: usize,
    ) -> Result<Self, FrameError> {
        let metadata = fs::metadata(&path).map_err(|source| io_error(&path, source))?;
        let (size, begin) = (metadata.len(), begin as u64);
        let blocks = if gzip { 1 } else { size.saturating_sub(begin).div_ceil(blocksize).max(1) as usize };
        Ok(File { path, gzip, size, modified: metadata.modified().ok(), begin, first, blocks })
    }

    /// Where block `block` is cut off from the one before; lines belong to the block they begin behind.
    fn cut(&self, block: usize) -> u64 {
        let bytes = u128::from(self.size.saturating_sub(self.begin));
        self.begin + (bytes * block as u128 / self.blocks as u128) as u64
    }

    /// The bytes between two cuts, and where they begin.
    pub(super) fn block(&self, block: usize) -> Result<(u64, Vec<u8>), FrameError> {
        self.must_be_unchanged()?;
        let (from, to) = (self.cut(block), self.cut(block + 1));
        let mut bytes = Vec::with_capacity((to - from) as usize);
        let length = if self.gzip { u64::MAX } else { to - from };
        self.from(from)?.take(length).read_to_end(&mut bytes).map_err(|source| io_error(&self.path, source))?;
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
            let length = rest.read(&mut chunk).map_err(|source| io_error(&self.path, source))?;
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

    /// The number, from 1, of the line that begins at `byte`.
    pub(super) fn line_at(&self, byte: u64) -> Result<u64, FrameError> {
        let mut before = io::BufReader::with_capacity(1 << 20, self.from(0)?.take(byte));
        let mut line = 1;
        loop {
            let bytes = io::BufRead::fill_buf(&mut before).map_err(|source| io_error(&self.path, source))?;
            if bytes.is_empty() {
                return Ok(line);
            }
            line += memchr::memchr_iter(b'\n', bytes).count() as u64;
            let length = bytes.len();
            io::BufRead::consume(&mut before, length);
        }
    }

    fn from(&self, byte: u64) -> Result<Box<dyn Read>, FrameError> {
        let open = || -> io::Result<Box<dyn Read>> {
            let mut file = fs::File::open(&self.path)?;
            if self.gzip {
                let mut decoded = MultiGzDecoder::new(io::BufReader::new(file));
                io::copy(&mut (&mut decoded).take(byte), &mut io::sink())?;
                Ok(Box::new(decoded))
            } else {
                file.seek(SeekFrom::Start(byte))?;
                Ok(Box::new(file))
            }
        };
        open().map_err(|source| io_error(&self.path, source))
    }

    fn must_be_unchanged(&self) -> Result<(), FrameError> {
        let now = fs::metadata(&self.path).map_err(|source| io_error(&self.path, source))?;
        let same = now.len() == self.size && now.modified().ok() == self.modified;
        if same { Ok(()) } else { Err(FrameError::Changed { path: self.path.clone() }) }
    }
}

impl Head {
    /// At least `least` bytes, if there are so many, and the line of the header.
    pub(super) fn of(path: &Path, least: usize, quote: Option<u8>) -> Result<Head, FrameError> {
        let fail = |source| io_error(path, source);
        let mut file = io::BufReader::with_capacity(32 << 10, fs::File::open(path).map_err(fail)?);
        let gzip = match io::BufRead::fill_buf(&mut file).map_err(fail)? {
            [0x1f, 0x8b, ..] => true,
            [0x28, 0xb5, 0x2f, 0xfd, ..]
            | [b'P', b'K', 3, 4, ..]
            | [b'B', b'Z', b'h', ..]
            | [0xfd, b'7', b'z', b'X', b'Z', ..] => {
                return Err(FrameError::Compressed { path: path.to_owned() });
            }
            _ => false,
        };
        let mut source: Box<dyn Read> = if gzip { Box::new(MultiGzDecoder::new(file)) } else { Box::new(file) };
        let mut head = Head { bytes: Vec::new(), whole: false, gzip };
        let mut wanted = least;
        loop {
            let missing = (wanted - head.bytes.len()) as u64;
            let read = (&mut source).take(missing).read_to_end(&mut head.bytes).map_err(fail)?;
            head.whole = (read as u64) < missing;
            let start = head.text();
            if head.whole || cut::line_end(quote, &head.bytes[start..], false).is_some() {
                return Ok(head);
            }
            wanted *= 2;
        }
    }

    pub(super) fn gzip(&self) -> bool {
        self.gzip
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

/// The absolute paths of the files that match `pattern`, in the order of their names.
pub(super) fn find(pattern: &Path) -> Result<Vec<PathBuf>, FrameError> {
    let folder = || std::env::current_dir().unwrap_or_default();
    let text = pattern.to_string_lossy().into_owned();
    let absolute = std::path::absolute(pattern).map_err(|source| io_error(pattern, source))?;
    if absolute.is_file() {
        return Ok(vec![absolute]);
    }
    let matches = glob::glob(&absolute.to_string_lossy())
        .map_err(|source| FrameError::Pattern { pattern: text.clone(), source })?;
    let mut paths = Vec::new();
    for path in matches {
        let path = path.map_err(|error| {
            let at = error.path().to_owned();
            io_error(&at, error.into())
        })?;
        if path.is_file() {
            paths.push(path);
        }
    }
    if paths.is_empty() {
        return Err(FrameError::NoFile { pattern: text, folder: folder() });
    }
    Ok(paths)
}

pub(super) fn io_error(path: &Path, source: io::Error) -> FrameError {
    FrameError::Io { path: path.to_owned(), source }
}
