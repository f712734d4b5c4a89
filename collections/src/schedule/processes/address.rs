//! Names of functions and tables that hold in every process: the build-id of the object that contains them, and
//! their offset in it. Objects lie elsewhere in each process, but alike.
//!
//! Linux only: the loader tells which objects there are, and their notes tell their build-ids.

#![expect(unsafe_code, reason = "what the loader knows is behind C pointers")]

use std::ffi::{CStr, OsStr, c_int, c_void};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};

/// What tells one shared object from every other, whatever it is called: a hash of what it contains.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct BuildId(Arc<[u8]>);

impl std::fmt::Display for BuildId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().take(6).try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// The name of an address.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Name {
    pub(super) object: BuildId,
    offset: usize,
}

/// A shared object, or the program itself, that is loaded in this process.
#[derive(Clone, Debug)]
pub(super) struct Object {
    pub(super) id: BuildId,
    /// Empty for the program itself.
    pub(super) path: PathBuf,
    base: usize,
    /// Where its segments begin and end.
    segments: Vec<(usize, usize)>,
}

/// An object that is not loaded here, or that has no build-id.
#[derive(Debug, thiserror::Error)]
pub(super) enum AddressError {
    #[error(
        "code that is not in this process is needed (build-id {0}); a program or library was built anew since this one started"
    )]
    NotLoaded(BuildId),
    #[error("no object with a build-id contains the code; link with `-Wl,--build-id=sha1`")]
    NoBuildId,
}

/// Objects seen so far. They are never unloaded: values hold their code.
static SEEN: Mutex<Vec<Object>> = Mutex::new(Vec::new());

/// The object that contains `address`, and the name of the address.
pub(super) fn name(address: usize) -> Result<(Object, Name), AddressError> {
    let contains = |object: &Object| object.segments.iter().any(|(start, end)| (*start..*end).contains(&address));
    let object = find(contains).ok_or(AddressError::NoBuildId)?;
    let name = Name { object: object.id.clone(), offset: address - object.base };
    Ok((object, name))
}

/// The address that `name` has in this process.
pub(super) fn address(name: &Name) -> Result<usize, AddressError> {
    let object = find(|object| object.id == name.object).ok_or_else(|| AddressError::NotLoaded(name.object.clone()))?;
    Ok(object.base + name.offset)
}

fn find(wanted: impl Fn(&Object) -> bool) -> Option<Object> {
    let mut seen = SEEN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(object) = seen.iter().find(|object| wanted(object)) {
        return Some(object.clone());
    }
    *seen = loaded();
    seen.iter().find(|object| wanted(object)).cloned()
}

/// All objects in this process that have a build-id.
fn loaded() -> Vec<Object> {
    unsafe extern "C" fn note(info: *mut libc::dl_phdr_info, _: usize, objects: *mut c_void) -> c_int {
        // SAFETY: the loader hands out a valid description, and `loaded` a vector.
        let (info, objects) = unsafe { (&*info, &mut *objects.cast::<Vec<Object>>()) };
        let base = info.dlpi_addr as usize;
        // SAFETY: the loader says how many headers there are.
        let headers = unsafe { std::slice::from_raw_parts(info.dlpi_phdr, info.dlpi_phnum.into()) };
        let range = |header: &libc::Elf64_Phdr| {
            let start = base + header.p_vaddr as usize;
            (start, start + header.p_memsz as usize)
        };
        // SAFETY: segments of notes are mapped, as they lie in loaded ones.
        let notes = headers.iter().filter(|header| header.p_type == libc::PT_NOTE).map(range);
        let id = notes.filter_map(|(start, end)| build_id(unsafe { bytes(start, end) })).next();
        if let Some(id) = id {
            // SAFETY: a name that ends in 0.
            let path = OsStr::from_bytes(unsafe { CStr::from_ptr(info.dlpi_name) }.to_bytes()).into();
            let segments = headers.iter().filter(|header| header.p_type == libc::PT_LOAD).map(range).collect();
            objects.push(Object { id: BuildId(id.into()), path, base, segments });
        }
        0
    }
    let mut objects: Vec<Object> = Vec::new();
    // SAFETY: the callback gets the vector that it expects.
    unsafe { libc::dl_iterate_phdr(Some(note), (&raw mut objects).cast()) };
    objects
}

/// # Safety
/// Memory from `start` to `end` can be read, and stays.
unsafe fn bytes(start: usize, end: usize) -> &'static [u8] {
    // SAFETY: the caller says so.
    unsafe { std::slice::from_raw_parts(start as *const u8, end - start) }
}

/// The build-id in a segment of notes: of the owner `GNU`, type 3.
fn build_id(mut notes: &[u8]) -> Option<&[u8]> {
    const BUILD_ID: u32 = 3;
    let number = |bytes: &[u8]| Some(u32::from_le_bytes(bytes.get(..4)?.try_into().ok()?));
    loop {
        let (owner, length, kind) = (number(notes)?, number(notes.get(4..)?)?, number(notes.get(8..)?)?);
        let padded = |length: u32| (length as usize).next_multiple_of(4);
        let rest = notes.get(12..)?;
        let (name, rest) = (rest.get(..owner as usize)?, rest.get(padded(owner)..)?);
        if kind == BUILD_ID && name == b"GNU\0" {
            return rest.get(..length as usize);
        }
        notes = rest.get(padded(length)..)?;
    }
}

/// Loads an object that this process does not have yet.
pub(super) fn load(path: &std::path::Path, id: &BuildId) -> Result<(), String> {
    if find(|object| object.id == *id).is_some() {
        return Ok(());
    }
    let name = std::ffi::CString::new(path.as_os_str().as_bytes()).map_err(|error| error.to_string())?;
    // SAFETY: loading runs initialisers, as it did in the process that had the object first.
    let handle = unsafe { libc::dlopen(name.as_ptr(), libc::RTLD_NOW | libc::RTLD_GLOBAL) };
    if handle.is_null() {
        // SAFETY: a text that ends in 0, valid until the next call.
        let reason = unsafe { CStr::from_ptr(libc::dlerror()) };
        return Err(reason.to_string_lossy().into_owned());
    }
    match find(|object| object.id == *id) {
        Some(_) => Ok(()),
        None => Err(format!("{} is another file than it was", path.display())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_and_tables_have_names_that_lead_back() {
        static TABLE: [u64; 3] = [1, 2, 3];
        fn generic<T>() -> usize {
            size_of::<T>()
        }
        for place in
            [generic::<u8> as *const () as usize, generic::<String> as *const () as usize, TABLE.as_ptr() as usize]
        {
            let (object, name) = name(place).unwrap();
            assert_eq!(address(&name).unwrap(), place);
            assert_eq!(object.id, name.object);
        }
        assert!(name(0x10).unwrap_err().to_string().contains("build-id"));
    }
}
