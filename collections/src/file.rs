//! The files that collections read: which ones a pattern names, and a file as it was when the graph was built.
//! Imports: nothing in-house.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use flate2::read::MultiGzDecoder;
use serde::{Deserialize, Serialize};

/// A file that cannot be found or read, or is another than it was.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// No file to read.
    #[error("no file matches `{pattern}`, looked for from {}", .folder.display())]
    NoFile {
        /// The path or pattern that was given.
        pattern: String,
        /// The working folder.
        folder: PathBuf,
    },
    /// A pattern of file names that cannot be read.
    #[error("`{pattern}` is no pattern of file names: {source}")]
    Pattern {
        /// The pattern that was given.
        pattern: String,
        /// What is wrong with it.
        source: glob::PatternError,
    },
    /// A file that cannot be read.
    #[error("cannot read {}: {source}", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// A file that is another than when the collection was built.
    #[error("{} changed since this {collection} was built; read it again", .path.display())]
    Changed {
        /// The file.
        path: PathBuf,
        /// What reads it.
        collection: Collection,
    },
}

/// The files that match `pattern`, in the order of their names, as absolute paths: the working folder may change
/// before they are read.
pub(crate) fn find(pattern: &Path) -> Result<Vec<PathBuf>, FileError> {
    let absolute = std::path::absolute(pattern).map_err(|source| failed(pattern, source))?;
    if absolute.is_file() {
        return Ok(vec![absolute]);
    }
    let text = pattern.to_string_lossy().into_owned();
    let found = match glob::glob(&absolute.to_string_lossy()) {
        Ok(found) => found,
        Err(source) => return Err(FileError::Pattern { pattern: text, source }),
    };
    let mut files = Vec::new();
    for path in found {
        let path = path.map_err(|error| FileError::Io { path: error.path().to_owned(), source: error.into() })?;
        if path.is_file() {
            files.push(path);
        }
    }
    if files.is_empty() {
        let folder = std::env::current_dir().unwrap_or_default();
        return Err(FileError::NoFile { pattern: text, folder });
    }
    Ok(files)
}

fn failed(path: &Path, source: io::Error) -> FileError {
    FileError::Io { path: path.to_owned(), source }
}

/// The collections that read files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Collection {
    /// A bag of lines.
    Bag,
    /// A data frame.
    Frame,
}

impl std::fmt::Display for Collection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Collection::Bag => "bag",
            Collection::Frame => "frame",
        })
    }
}

/// A file as it was when a collection of it was built. Offsets into a compressed one count uncompressed bytes.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Snapshot {
    pub(crate) path: PathBuf,
    /// What reads it, for errors.
    collection: Collection,
    /// Whether it is compressed, which its first bytes tell, not its name.
    pub(crate) gzip: bool,
    /// Bytes on the disk.
    pub(crate) size: u64,
    modified: Option<SystemTime>,
}

impl Snapshot {
    /// Looks at the file for a `collection`.
    pub(crate) fn of(path: PathBuf, collection: Collection) -> Result<Snapshot, FileError> {
        let look = || -> io::Result<(fs::Metadata, Vec<u8>)> {
            let file = File::open(&path)?;
            let mut magic = Vec::new();
            (&file).take(2).read_to_end(&mut magic)?;
            Ok((file.metadata()?, magic))
        };
        let (metadata, magic) = look().map_err(|source| failed(&path, source))?;
        let (gzip, size, modified) = (magic == [0x1f, 0x8b], metadata.len(), metadata.modified().ok());
        Ok(Snapshot { path, collection, gzip, size, modified })
    }

    /// The error of a file that was written to since it was looked at.
    pub(crate) fn must_be_unchanged(&self) -> Result<(), FileError> {
        let now = fs::metadata(&self.path).map_err(|source| self.failed(source))?;
        let same = now.len() == self.size && now.modified().ok() == self.modified;
        if same { Ok(()) } else { Err(FileError::Changed { path: self.path.clone(), collection: self.collection }) }
    }

    /// What the file contains from `byte` on.
    pub(crate) fn open_at(&self, byte: u64) -> io::Result<Box<dyn Read>> {
        let mut file = File::open(&self.path)?;
        if self.gzip {
            let mut decoded = MultiGzDecoder::new(BufReader::new(file));
            io::copy(&mut (&mut decoded).take(byte), &mut io::sink())?;
            Ok(Box::new(decoded))
        } else {
            file.seek(SeekFrom::Start(byte))?;
            Ok(Box::new(file))
        }
    }

    /// The number, from 1, of the line that begins at `byte`.
    pub(crate) fn line_at(&self, byte: u64) -> Result<u64, FileError> {
        let count = || -> io::Result<u64> {
            let mut before = BufReader::with_capacity(1 << 20, self.open_at(0)?.take(byte));
            let mut line = 1;
            loop {
                let bytes = before.fill_buf()?;
                if bytes.is_empty() {
                    return Ok(line);
                }
                line += memchr::memchr_iter(b'\n', bytes).count() as u64;
                let length = bytes.len();
                before.consume(length);
            }
        };
        count().map_err(|source| self.failed(source))
    }

    /// The error of an operation on the file.
    pub(crate) fn failed(&self, source: io::Error) -> FileError {
        failed(&self.path, source)
    }
}
