//! Bags of lines: text files, each one partition or cut into blocks at line ends.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::pass::{self, Batch, Batches, Kind, batch_length};
use super::{Bag, BagError, layer};
use crate::error::Result;
use crate::file::{self, Collection, Snapshot};
use crate::graph::{Failure, Operation, Origin};

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
/// partition a file. Files compressed by gzip are decompressed.
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
    for path in file::find(pattern).map_err(BagError::from)? {
        texts.push(Text::look(path, options.blocksize, texts.last())?);
    }
    let partitions = texts.last().map_or(0, |last| last.first + last.blocks);
    let operation = Operation::joining("read_text", texts, |texts: Vec<Text>| {
        pass::source(Kind::of::<String>(), move |partition| {
            let text = &texts[texts.partition_point(|text| text.first <= partition) - 1];
            Ok(text.lines(partition - text.first)?)
        })
    });
    Ok(Bag::from_node(layer(operation, partitions, "String", origin).build()))
}

/// One file and the partitions that it becomes.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Text {
    file: Snapshot,
    /// Its first partition in the bag.
    first: usize,
    /// Number of its partitions.
    blocks: usize,
}

impl Text {
    /// Looks at the file that comes after `before` in the bag.
    fn look(path: PathBuf, blocksize: Option<u64>, before: Option<&Text>) -> Result<Text, BagError> {
        let file = Snapshot::of(path, Collection::Bag)?;
        let blocks = match blocksize {
            Some(0) => return Err(BagError::ZeroBlocks),
            Some(_) if file.gzip => return Err(BagError::Compressed { path: file.path }),
            Some(bytes) => file.size.div_ceil(bytes).max(1) as usize,
            None => 1,
        };
        let first = before.map_or(0, |before| before.first + before.blocks);
        Ok(Text { file, first, blocks })
    }

    /// The lines of block `block`: those that begin in it.
    fn lines(&self, block: usize) -> Result<Lines, BagError> {
        self.file.must_be_unchanged()?;
        let (begin, bytes) = self.read(block).map_err(|source| self.file.failed(source))?;
        match String::from_utf8(bytes) {
            Ok(text) => Ok(Lines { text, begin: 0, batch: Vec::new() }),
            Err(error) => Err(self.not_text(begin, &error.as_bytes()[..error.utf8_error().valid_up_to()])),
        }
    }

    /// The bytes of the lines that begin in block `block`, and where the first of them begins.
    fn read(&self, block: usize) -> io::Result<(u64, Vec<u8>)> {
        let mut bytes = Vec::new();
        if self.file.gzip {
            self.file.open_at(0)?.read_to_end(&mut bytes)?;
            return Ok((0, bytes));
        }
        let (mut begin, end) = (self.cut(block), self.cut(block + 1));
        let mut file = BufReader::new(File::open(&self.file.path)?);
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
        (u128::from(self.file.size) * block as u128 / self.blocks as u128) as u64
    }

    /// The error for bytes that are no text right after `valid`, which begins at byte `begin`.
    fn not_text(&self, begin: u64, valid: &[u8]) -> BagError {
        match self.file.line_at(begin) {
            Ok(line) => BagError::NotText {
                path: self.file.path.clone(),
                line: line + memchr::memchr_iter(b'\n', valid).count() as u64,
                offset: begin + valid.len() as u64,
            },
            Err(error) => error.into(),
        }
    }
}

/// The lines of a text.
struct Lines {
    text: String,
    /// Where the next line begins.
    begin: usize,
    batch: Vec<String>,
}

impl Batches for Lines {
    fn next(&mut self, whole: bool) -> Result<(Batch<'_>, usize), Failure> {
        let most = if whole { usize::MAX } else { batch_length::<String>() };
        self.batch.clear();
        for line in self.text[self.begin..].split_inclusive('\n').take(most) {
            self.begin += line.len();
            let content = line.strip_suffix('\n').map_or(line, |line| line.strip_suffix('\r').unwrap_or(line));
            self.batch.push(content.to_owned());
        }
        let left = self.left();
        Ok((Batch::Owned(&mut self.batch), left))
    }

    fn left(&self) -> usize {
        self.text.len() - self.begin
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
