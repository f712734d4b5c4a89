//! The folder of a kernel: locked while the kernel lives, removed with it, or by the next kernel when it was killed. A lock
//! tells the dead from the living also where kernels share the folder of temporary files and not the list of processes, as
//! containers do. Imports nothing in-house.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::Path;

use tempfile::TempDir;

/// How the names of such folders begin; the number of the kernel's process follows, for people who look.
const PREFIX: &str = "lazuli-kernel-";
const LOCK: &str = "lock";

/// A kernel's own folder, which goes when this is dropped.
#[derive(Debug)]
pub struct Folder {
    folder: TempDir,
    #[expect(dead_code, reason = "it is only held")]
    lock: File,
}

impl Folder {
    /// Makes one in `parent`, after it has removed what kernels left there that were killed.
    pub fn make(parent: &Path) -> io::Result<Folder> {
        sweep(parent);
        let prefix = format!("{PREFIX}{}-", std::process::id());
        let folder = tempfile::Builder::new().prefix(&prefix).tempdir_in(parent)?;
        // Locked before it has its name, so that nobody finds it unlocked.
        let unnamed = folder.path().join("lock.new");
        let lock = File::create(&unnamed)?;
        // On a disk without locks nobody else can lock it either, and then nobody takes it for left.
        let _ = lock.try_lock();
        fs::rename(unnamed, folder.path().join(LOCK))?;
        Ok(Folder { folder, lock })
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }
}

fn sweep(parent: &Path) {
    for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
        if !entry.file_name().to_string_lossy().starts_with(PREFIX) {
            continue;
        }
        // Another user's, or not locked yet.
        let Ok(lock) = OpenOptions::new().write(true).open(entry.path().join(LOCK)) else { continue };
        if lock.try_lock().is_ok() {
            // Another kernel may have been faster.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(parent: &Path) -> Vec<String> {
        let entries = fs::read_dir(parent).expect("a folder").flatten();
        entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
    }

    #[test]
    fn the_next_kernel_removes_what_a_killed_one_left_and_nothing_that_lives() {
        let parent = tempfile::tempdir().expect("a folder");
        let living = Folder::make(parent.path()).expect("a folder");
        // Its lock goes, as with its process, and its folder stays.
        let Folder { folder, .. } = Folder::make(parent.path()).expect("a folder");
        let killed = folder.keep();
        fs::create_dir(parent.path().join(format!("{PREFIX}1-young"))).expect("a folder that has no lock yet");
        assert_eq!(names(parent.path()).len(), 3);
        let next = Folder::make(parent.path()).expect("a folder");
        assert!(!killed.exists());
        assert!(living.path().join(LOCK).exists() && next.path().exists());
        assert_eq!(names(parent.path()).len(), 3);
        drop((living, next));
        assert_eq!(names(parent.path()), [format!("{PREFIX}1-young")]);
    }
}
