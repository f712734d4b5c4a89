//! Values that do not fit into memory, in a file without a name: nothing is left of it when the run, or the
//! process, ends in whatever way.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::unwind::Tasks;
use crate::graph::{Codec, Failure, Value};

/// The file of one run, made when the first value goes there.
#[derive(Debug)]
pub(super) struct SpillFile {
    folder: PathBuf,
    file: Mutex<Option<Open>>,
}

#[derive(Debug)]
struct Open {
    file: Arc<File>,
    /// Where the next value goes.
    end: u64,
}

/// A value on the disk; its part of the file is given back when it is dropped.
#[derive(Debug)]
pub(super) struct Spilled {
    file: Arc<File>,
    start: u64,
    length: u64,
    codec: &'static Codec,
}

/// Values cannot be written to the disk, or read back.
#[derive(Debug, thiserror::Error)]
#[error(
    "values that do not fit into memory cannot be {verb} the disk in {}: {source}; free space there, choose another \
     folder (`config().spill_folder(..)`), or allow more memory (`config().memory(\"8 GB\")`)", .folder.display()
)]
pub struct SpillError {
    verb: &'static str,
    folder: PathBuf,
    source: Failure,
}

impl Spilled {
    /// Size on the disk, and about that in memory.
    pub(super) fn bytes(&self) -> u64 {
        self.length
    }
}

impl SpillFile {
    pub(super) fn new(folder: &Path) -> Self {
        SpillFile { folder: folder.to_owned(), file: Mutex::new(None) }
    }

    /// Writes `value`, which has a codec; one value at a time.
    pub(super) fn write(&self, value: &Value) -> Result<Spilled, SpillError> {
        let written = || -> Result<Spilled, Failure> {
            let mut open = self.file.lock().unwrap_or_else(PoisonError::into_inner);
            if open.is_none() {
                *open = Some(Open { file: Arc::new(tempfile::tempfile_in(&self.folder)?), end: 0 });
            }
            let Open { file, end } = open.as_mut().expect("it was just made");
            let codec = value.codec().expect("only values with a codec are spilled");
            let mut out = BufWriter::with_capacity(1 << 20, At { file, at: *end });
            Tasks::enter().caught(|| (codec.encode)(value, &mut out))?;
            let after = out.into_inner().map_err(io::IntoInnerError::into_error)?.at;
            let (start, length) = (*end, after - *end);
            *end = after;
            Ok(Spilled { file: file.clone(), start, length, codec })
        };
        written().map_err(|source| self.failed("written to", source))
    }

    /// Reads a value back.
    pub(super) fn read(&self, spilled: &Spilled) -> Result<Value, SpillError> {
        let input = At { file: &spilled.file, at: spilled.start }.take(spilled.length);
        let mut input = BufReader::with_capacity(1 << 20, input);
        let value = Tasks::enter().caught(|| (spilled.codec.decode)(&mut input));
        value.map_err(|source| self.failed("read from", source))
    }

    fn failed(&self, verb: &'static str, source: Failure) -> SpillError {
        SpillError { verb, folder: self.folder.clone(), source }
    }
}

impl Drop for Spilled {
    #[expect(unsafe_code, reason = "std has no fallocate")]
    fn drop(&mut self) {
        use std::os::fd::AsRawFd;
        let mode = libc::FALLOC_FL_PUNCH_HOLE | libc::FALLOC_FL_KEEP_SIZE;
        // Where the file system has no holes, the space is free when the run ends.
        // SAFETY: the descriptor is open as long as `file` lives.
        unsafe { libc::fallocate(self.file.as_raw_fd(), mode, self.start as i64, self.length as i64) };
    }
}

/// A file from some place on.
struct At<'a> {
    file: &'a File,
    at: u64,
}

impl Read for At<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read_at(buffer, self.at)?;
        self.at += read as u64;
        Ok(read)
    }
}

impl Write for At<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write_at(bytes, self.at)?;
        self.at += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_come_back_whole_and_their_space_is_given_back() {
        let file = SpillFile::new(&std::env::temp_dir());
        let texts: Vec<Value> = (0..50).map(|n| Value::new(vec![format!("text {n}"); 1000 * n], n)).collect();
        let spilled: Vec<Spilled> = texts.iter().map(|value| file.write(value).unwrap()).collect();
        let blocks = |file: &File| std::os::unix::fs::MetadataExt::blocks(&file.metadata().unwrap());
        let full = blocks(&spilled[0].file);
        for (text, spilled) in texts.iter().zip(&spilled) {
            let back = file.read(spilled).unwrap();
            assert_eq!(back.get::<Vec<String>>().unwrap(), text.get::<Vec<String>>().unwrap());
            assert_eq!(back.bytes(), text.bytes());
        }
        let handle = spilled[0].file.clone();
        drop(spilled);
        assert!(blocks(&handle) * 10 < full, "{} blocks of {full} are left", blocks(&handle));
    }

    #[test]
    fn a_disk_that_is_full_is_said_with_what_to_do() {
        let full = Arc::new(File::options().read(true).write(true).open("/dev/full").unwrap());
        let file = SpillFile::new(Path::new("/full"));
        *file.file.lock().unwrap() = Some(Open { file: full, end: 0 });
        let error = file.write(&Value::new(vec![1_u8; 100], 100)).unwrap_err().to_string();
        for part in ["in /full", "No space left on device", "free space there", "spill_folder", "config().memory"] {
            assert!(error.contains(part), "{part}: {error}");
        }
    }

    #[test]
    fn a_folder_that_cannot_be_written_is_named_with_what_to_do() {
        let error = SpillFile::new(Path::new("/proc")).write(&Value::new(1_i64, 8)).unwrap_err().to_string();
        assert!(error.contains("in /proc") && error.contains("spill_folder"), "{error}");
    }
}
