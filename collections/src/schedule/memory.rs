//! How much memory there is, and how much of it this process has. Linux only beyond its defaults.

use std::fs;
use std::path::PathBuf;
use std::sync::LazyLock;

/// The share of the machine's memory that the values of a run may take if nothing is chosen.
const SHARE: f64 = 0.6;
/// When the machine does not say how much it has.
const UNKNOWN: u64 = 4 << 30;

/// Bytes that the values of a run may take if nothing is chosen. The machine is asked once, not by every run.
pub(super) fn default_budget() -> u64 {
    static BUDGET: LazyLock<u64> = LazyLock::new(|| {
        let machine = meminfo("MemTotal:").unwrap_or(UNKNOWN);
        (cgroup_limit().map_or(machine, |limit| limit.min(machine)) as f64 * SHARE) as u64
    });
    *BUDGET
}

fn meminfo(field: &str) -> Option<u64> {
    let text = fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(field))?;
    Some(line.trim().strip_suffix(" kB")?.parse::<u64>().ok()? << 10)
}

/// What the container of this process is allowed: the smallest limit of its control groups, version 2 or 1.
fn cgroup_limit() -> Option<u64> {
    let own = fs::read_to_string("/proc/self/cgroup").ok()?;
    let limits = own.lines().filter_map(|line| {
        let mut fields = line.splitn(3, ':');
        let (_, controllers, group) = (fields.next()?, fields.next()?, fields.next()?);
        let (root, file) = match controllers {
            "" => ("/sys/fs/cgroup", "memory.max"),
            "memory" => ("/sys/fs/cgroup/memory", "memory.limit_in_bytes"),
            _ => return None,
        };
        // A group is also held to the limits of those above it; inside a container its path may not be visible.
        let mut group = PathBuf::from(format!("{root}{group}"));
        let mut least: Option<u64> = None;
        while group.starts_with(root) {
            if let Some(limit) = fs::read_to_string(group.join(file)).ok().and_then(|text| text.trim().parse().ok()) {
                least = Some(least.map_or(limit, |least| least.min(limit)));
            }
            group.pop();
        }
        least
    });
    limits.min()
}

/// The folder for values that do not fit into memory: not one that is memory itself.
pub(super) fn default_spill_folder() -> PathBuf {
    let folder = std::env::temp_dir();
    let disk = PathBuf::from("/var/tmp");
    if is_memory(&folder) && disk.is_dir() { disk } else { folder }
}

#[expect(unsafe_code, reason = "std has no statfs")]
fn is_memory(folder: &std::path::Path) -> bool {
    use std::os::unix::ffi::OsStrExt;
    let Ok(path) = std::ffi::CString::new(folder.as_os_str().as_bytes()) else { return false };
    let mut found = std::mem::MaybeUninit::<libc::statfs>::uninit();
    // SAFETY: the path ends in 0, and the structure is filled when the call returns 0.
    unsafe { libc::statfs(path.as_ptr(), found.as_mut_ptr()) == 0 && found.assume_init().f_type == libc::TMPFS_MAGIC }
}

/// Bytes in a page of memory.
#[expect(unsafe_code, reason = "std does not know the size of a page")]
pub(super) fn page_size() -> u64 {
    // SAFETY: only asks.
    unsafe { libc::sysconf(libc::_SC_PAGESIZE) as u64 }
}

/// Gives memory that was freed, and that the allocator kept for later, back to the machine.
#[expect(unsafe_code, reason = "std does not know the allocator")]
pub(super) fn give_back() {
    #[cfg(target_env = "gnu")]
    // SAFETY: allowed at any time, from any thread.
    unsafe {
        libc::malloc_trim(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_may_take_a_share_of_what_there_is() {
        assert!(default_budget() > 64 << 20);
    }
}
