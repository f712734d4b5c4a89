//! What we look for in ELF files: the build-id, which is the name of a build, and where a section lies.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::Path;

use crate::error::{Error, Result};

/// A build's name, 20 bytes with `--build-id=sha1`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildId(Vec<u8>);

impl BuildId {
    pub fn of(path: &Path) -> Result<Self> {
        let file = fs::read(path).map_err(|source| Error::Read { path: path.to_owned(), source })?;
        find(&file).ok_or_else(|| Error::NoBuildId { path: path.to_owned() })
    }

    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for BuildId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// Where the bytes of a section are in a file; none if it has no such section.
pub fn section(path: &Path, name: &str) -> Result<Option<Range<u64>>> {
    let read = || {
        let mut file = File::open(path)?;
        let mut part = |at: u64, length: u64| {
            let mut bytes = Vec::new();
            file.seek(SeekFrom::Start(at))?;
            file.by_ref().take(length).read_to_end(&mut bytes)?;
            Ok::<_, io::Error>(bytes)
        };
        let header = part(0, 64)?;
        let field = |at, width| number(&header, at, width).unwrap_or_default();
        let (size, count) = (field(58, 2), field(60, 2));
        let headers = part(field(40, 8), size * count)?;
        let range = |index: u64| {
            let start = number(&headers, index * size + 24, 8)?;
            Some(start..start.checked_add(number(&headers, index * size + 32, 8)?)?)
        };
        let Some(names) = range(field(62, 2)) else { return Ok(None) };
        let names = part(names.start, names.end - names.start)?;
        let is_wanted = |index: &u64| {
            let at = number(&headers, index * size, 4).and_then(|at| names.get(at as usize..));
            at.is_some_and(|rest| rest.split(|&byte| byte == 0).next() == Some(name.as_bytes()))
        };
        Ok((0..count).find(is_wanted).and_then(range))
    };
    read().map_err(|source| Error::Read { path: path.to_owned(), source })
}

const PROGRAM_NOTE: u64 = 4;
const NOTE_BUILD_ID: u64 = 3;

/// Walks the program headers to the notes, and the notes to the one of GNU that holds the build-id.
fn find(file: &[u8]) -> Option<BuildId> {
    let elf64_little = file.get(..6)? == b"\x7fELF\x02\x01";
    if !elf64_little {
        return None;
    }
    let headers = number(file, 32, 8)?;
    let size = number(file, 54, 2)?;
    let count = number(file, 56, 2)?;
    (0..count).map(|index| headers + index * size).filter(|&at| number(file, at, 4) == Some(PROGRAM_NOTE)).find_map(
        |at| {
            let start = number(file, at + 8, 8)? as usize;
            let length = number(file, at + 32, 8)? as usize;
            in_notes(file.get(start..start.checked_add(length)?)?)
        },
    )
}

fn in_notes(mut notes: &[u8]) -> Option<BuildId> {
    loop {
        let name_size = number(notes, 0, 4)? as usize;
        let size = number(notes, 4, 4)? as usize;
        let content = 12 + name_size.next_multiple_of(4);
        let name = notes.get(12..12 + name_size)?;
        if number(notes, 8, 4)? == NOTE_BUILD_ID && name == b"GNU\0" {
            return Some(BuildId(notes.get(content..content + size)?.to_vec()));
        }
        notes = notes.get(content + size.next_multiple_of(4)..)?;
    }
}

/// A little-endian number of `width` bytes.
fn number(bytes: &[u8], at: u64, width: usize) -> Option<u64> {
    let at = usize::try_from(at).ok()?;
    let field = bytes.get(at..at.checked_add(width)?)?;
    Some(field.iter().rev().fold(0, |sum, &byte| sum << 8 | u64::from(byte)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_very_program_has_one() {
        let own = std::env::current_exe().unwrap();
        let id = BuildId::of(&own).unwrap();
        assert_eq!(id.bytes().len(), 20);
        assert_eq!(id.to_string().len(), 40);
    }

    #[test]
    fn a_section_is_where_its_content_is() {
        let own = std::env::current_exe().unwrap();
        let Range { start, end } = section(&own, ".comment").unwrap().expect("compilers sign");
        let bytes = fs::read(&own).unwrap();
        let content = String::from_utf8_lossy(&bytes[start as usize..end as usize]);
        assert!(content.contains("rustc"), "{content}");
        assert_eq!(section(&own, ".no such").unwrap(), None);
        assert_eq!(section(&own.with_file_name("nothing"), ".comment").is_err(), true);
        assert_eq!(section(Path::new("/dev/null"), ".comment").unwrap(), None);
    }

    #[test]
    fn other_files_and_cut_ones_are_refused() {
        let mut own = fs::read(std::env::current_exe().unwrap()).unwrap();
        assert_eq!(find(b"not an object"), None);
        own.truncate(100);
        assert_eq!(find(&own), None);
    }
}
