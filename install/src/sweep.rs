//! Old staged builds go once no process runs from them.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Removes every build below `builds` but `keep` and those that a process has mapped; says how many it removed.
///
/// A build that cannot be removed stays for the next time: nothing depends on its going.
pub fn old_builds(builds: &Path, keep: Option<&Path>) -> usize {
    let used = mapped_below(builds);
    let folders = fs::read_dir(builds).into_iter().flatten().flatten().map(|entry| entry.path());
    let unused =
        folders.filter(|folder| Some(folder.as_path()) != keep && !used.contains(folder) && !is_being_made(folder));
    unused.filter(|folder| fs::remove_dir_all(folder).is_ok()).count()
}

/// `unfinished-PID` belongs to a set-up that may still be at work.
fn is_being_made(folder: &Path) -> bool {
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    name.strip_prefix("unfinished-").is_some_and(|process| Path::new("/proc").join(process).exists())
}

/// The builds that some process has a program or library of in its memory.
pub fn mapped_below(builds: &Path) -> BTreeSet<PathBuf> {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let maps = processes.filter_map(|entry| fs::read_to_string(entry.path().join("maps")).ok());
    // maps has real paths; the data folder may be behind a link.
    let real = fs::canonicalize(builds).unwrap_or_else(|_| builds.to_owned());
    maps.flat_map(|text| builds_in(&text, &real)).map(|name| builds.join(name)).collect()
}

fn builds_in(maps: &str, builds: &Path) -> Vec<PathBuf> {
    let paths = maps.lines().filter_map(|line| line.find('/').map(|at| Path::new(&line[at..])));
    let inside = paths.filter_map(|path| path.strip_prefix(builds).ok()?.components().next());
    inside.map(|name| PathBuf::from(name.as_os_str())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_build_in_use_is_read_from_a_process_map() {
        let maps = "7f00-7f10 r-xp 00000000 fe:00 7 /home/ada/.local/share/lazuli/builds/ab12/bin/liblazuli.so\n\
                    7f20-7f30 rw-p 00000000 00:00 0\n\
                    7f30-7f40 r-xp 00000000 fe:00 9 /usr/lib/libc.so.6\n";
        let found = builds_in(maps, Path::new("/home/ada/.local/share/lazuli/builds"));
        assert_eq!(found, [PathBuf::from("ab12")]);
    }

    #[test]
    fn unused_builds_go_and_the_kept_one_stays() {
        let builds = std::env::temp_dir().join(format!("lazuli-sweep-{}", std::process::id()));
        for name in ["old", "new"] {
            fs::create_dir_all(builds.join(name)).unwrap();
        }
        assert_eq!(old_builds(&builds, Some(&builds.join("new"))), 1);
        assert!(builds.join("new").exists() && !builds.join("old").exists());
        fs::remove_dir_all(builds).unwrap();
    }
}
