//! Bags of lines: text files, each one partition or cut into blocks at line ends.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use flate2::read::MultiGzDecoder;
use serde::Serialize;

use super::{Bag, BagError, layer};
use crate::error::Result;
use crate::graph::{Operation, Origin, Value};

/// How text files are read; what [`read_text_with`] takes.
#[derive(Clone, Debug, Default)]
pub struct TextOptions {
    blocksize: Option<u64>,
}

impl TextOptions {
    /// One partition a file.
    pub fn new() -> Self {
        TextOptions::default()
    }

    /// Bytes of a file that become one partition, about: blocks are cut at line ends.
    pub fn blocksize(self, bytes: u64) -> Self {
        TextOptions { blocksize: Some(bytes) }
    }
}

/// The lines, without their ends, of the text files that match `pattern`, in the order of their names: one
/// partition a file. Files whose names end in `.gz` are decompressed.
///
/// ```
/// use lazuli::prelude::*;
/// # fn main() -> lazuli::Result<()> {
/// # let folder = std::env::temp_dir().join("lazuli-doc-text");
/// # std::fs::create_dir_all(&folder).unwrap();
/// # std::fs::write(folder.join("1.txt"), "lapis\nlazuli\n").unwrap();
/// # std::fs::write(folder.join("2.txt"), "blue").unwrap();
/// let lines = read_text(folder.join("*.txt"))?;
/// assert_eq!(lines.compute()?, ["lapis", "lazuli", "blue"]);
/// # Ok(()) }
/// ```
#[track_caller]
pub fn read_text(pattern: impl AsRef<Path>) -> Result<Bag<String>> {
    build(pattern.as_ref(), TextOptions::new(), Origin::caller())
}

/// [`read_text`] with several partitions a file.
///
/// ```
/// use lazuli::prelude::*;
/// # fn main() -> lazuli::Result<()> {
/// # let file = std::env::temp_dir().join("lazuli-doc-text-blocks.txt");
/// # std::fs::write(&file, "a line\n".repeat(1000)).unwrap();
/// let lines = read_text_with(&file, TextOptions::new().blocksize(1000))?;
/// assert_eq!((lines.npartitions(), lines.count().compute()?), (7, 1000));
/// # Ok(()) }
/// ```
#[track_caller]
pub fn read_text_with(pattern: impl AsRef<Path>, options: TextOptions) -> Result<Bag<String>> {
    build(pattern.as_ref(), options, Origin::caller())
}

fn build(pattern: &Path, options: TextOptions, origin: Origin) -> Result<Bag<String>> {
    let mut texts = Vec::new();
    for path in matching(pattern)? {
        texts.push(Text::look(path, options.blocksize, texts.last())?);
    }
    let partitions = texts.last().map_or(0, |last| last.first + last.blocks);
    let operation = Operation::new("read_text", texts, |texts, task| {
        let text = texts.partition_point(|text| text.first <= task.partition()) - 1;
        Ok(texts[text].lines(task.partition() - texts[text].first)?)
    });
    Ok(Bag::from_node(layer(operation, partitions, "String", origin).build()))
}

/// The files that match `pattern`, sorted, as absolute paths: the working folder may change before they are read.
fn matching(pattern: &Path) -> Result<Vec<PathBuf>, BagError> {
    let io = |source| BagError::Io { path: pattern.to_owned(), source };
    let folder = std::env::current_dir().map_err(io)?;
    let pattern = pattern.to_string_lossy().into_owned();
    let absolute = folder.join(&pattern);
    let found = match glob::glob(&absolute.to_string_lossy()) {
        Ok(found) => found,
        Err(source) => return Err(BagError::Pattern { pattern, source }),
    };
    let mut files = Vec::new();
    for path in found {
        let path = path.map_err(|error| BagError::Io { path: error.path().to_owned(), source: error.into() })?;
        if !path.is_dir() {
            files.push(path);
        }
    }
    if files.is_empty() { Err(BagError::NoFile { pattern, folder }) } else { Ok(files) }
}

/// One file as it was when the bag was built, and the partitions that it becomes.
#[derive(Clone, Debug, Serialize)]
struct Text {
    path: PathBuf,
    gzip: bool,
    size: u64,
    modified: Option<SystemTime>,
    /// Its first partition in the bag.
    first: usize,
    /// Number of its partitions.
    blocks: usize,
}

impl Text {
    /// Looks at the file that comes after `before` in the bag.
    fn look(path: PathBuf, blocksize: Option<u64>, before: Option<&Text>) -> Result<Text, BagError> {
        let metadata = fs::metadata(&path).map_err(|source| BagError::Io { path: path.clone(), source })?;
        let gzip = path.extension().is_some_and(|extension| extension == "gz");
        let blocks = match blocksize {
            Some(0) => return Err(BagError::ZeroBlocks),
            Some(_) if gzip => return Err(BagError::Compressed { path }),
            Some(bytes) => metadata.len().div_ceil(bytes).max(1) as usize,
            None => 1,
        };
        let first = before.map_or(0, |before| before.first + before.blocks);
        Ok(Text { path, gzip, size: metadata.len(), modified: metadata.modified().ok(), first, blocks })
    }

    /// The lines of block `block`: those that begin in it.
    fn lines(&self, block: usize) -> Result<Value, BagError> {
        self.must_be_unchanged()?;
        let (begin, bytes) = self.read(block).map_err(|source| self.failed(source))?;
        let text = match std::str::from_utf8(&bytes) {
            Ok(text) => text,
            Err(error) => return Err(self.not_text(begin, &bytes[..error.valid_up_to()])),
        };
        let lines: Vec<String> = text.lines().map(str::to_owned).collect();
        let bytes = lines.len() * size_of::<String>() + text.len();
        Ok(Value::new(lines, bytes))
    }

    /// The bytes of the lines that begin in block `block`, and where the first of them begins.
    fn read(&self, block: usize) -> io::Result<(u64, Vec<u8>)> {
        let mut bytes = Vec::new();
        let file = File::open(&self.path)?;
        if self.gzip {
            MultiGzDecoder::new(BufReader::new(file)).read_to_end(&mut bytes)?;
            return Ok((0, bytes));
        }
        let (mut begin, end) = (self.cut(block), self.cut(block + 1));
        let mut file = BufReader::new(file);
        if begin > 0 {
            // A line that begins before the block ends here; if it ended just before, only its end is skipped.
            begin = begin - 1 + skip_line(&mut file, begin - 1)?;
        }
        bytes.reserve_exact(end.saturating_sub(begin) as usize);
        (&mut file).take(end.saturating_sub(begin)).read_to_end(&mut bytes)?;
        if bytes.last().is_some_and(|&last| last != b'\n') {
            file.read_until(b'\n', &mut bytes)?;
        }
        Ok((begin, bytes))
    }

    /// The byte at which block `block` begins.
    fn cut(&self, block: usize) -> u64 {
        (u128::from(self.size) * block as u128 / self.blocks as u128) as u64
    }

    fn must_be_unchanged(&self) -> Result<(), BagError> {
        let now = fs::metadata(&self.path).map_err(|source| self.failed(source))?;
        let same = now.len() == self.size && now.modified().ok() == self.modified;
        if same { Ok(()) } else { Err(BagError::Changed { path: self.path.clone() }) }
    }

    fn failed(&self, source: io::Error) -> BagError {
        BagError::Io { path: self.path.clone(), source }
    }

    /// The error for bytes that are no text right after `valid`, which begins at byte `begin`.
    fn not_text(&self, begin: u64, valid: &[u8]) -> BagError {
        let before = || -> io::Result<u64> {
            let mut lines = 0;
            let mut rest = BufReader::new(File::open(&self.path)?.take(begin));
            while !rest.fill_buf()?.is_empty() {
                let buffer = rest.buffer();
                lines += memchr::memchr_iter(b'\n', buffer).count() as u64;
                let length = buffer.len();
                rest.consume(length);
            }
            Ok(lines)
        };
        match before() {
            Ok(lines) => BagError::NotText {
                path: self.path.clone(),
                line: lines + memchr::memchr_iter(b'\n', valid).count() as u64 + 1,
                offset: begin + valid.len() as u64,
            },
            Err(source) => self.failed(source),
        }
    }
}

/// Moves `file` behind the next line end at or after byte `from`; how many bytes that is.
fn skip_line(file: &mut BufReader<File>, from: u64) -> io::Result<u64> {
    file.seek(SeekFrom::Start(from))?;
    let mut skipped = 0;
    loop {
        let buffer = file.fill_buf()?;
        let (length, found) = match memchr::memchr(b'\n', buffer) {
            Some(end) => (end + 1, true),
            None => (buffer.len(), buffer.is_empty()),
        };
        file.consume(length);
        skipped += length as u64;
        if found {
            return Ok(skipped);
        }
    }
}
