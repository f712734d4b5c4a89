//! What processes use of the machine: memory and processor time. Linux only; elsewhere nothing is known.

use std::fs;
use std::time::Duration;

use super::memory::page_size;

/// A process to ask about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Process {
    This,
    Other(u32),
}

/// Bytes of memory that `process` occupies; none where it is gone.
pub(super) fn resident(process: Process) -> u64 {
    let file = match process {
        Process::This => "/proc/self/statm".to_owned(),
        Process::Other(process) => format!("/proc/{process}/statm"),
    };
    let pages = fs::read_to_string(file).ok().and_then(|text| text.split(' ').nth(1)?.parse::<u64>().ok());
    pages.map_or(0, |pages| pages * page_size())
}

/// Processor time that `process` has used, in its own code and in the system's; none where it is gone.
#[expect(unsafe_code, reason = "std has no clocks of processes")]
pub(super) fn processor(process: Process) -> Duration {
    let mut clock = libc::CLOCK_PROCESS_CPUTIME_ID;
    if let Process::Other(process) = process {
        // SAFETY: writes the clock when it returns 0.
        if unsafe { libc::clock_getcpuclockid(process as libc::pid_t, &mut clock) } != 0 {
            return Duration::ZERO;
        }
    }
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: writes the time when it returns 0.
    match unsafe { libc::clock_gettime(clock, &mut time) } {
        0 => Duration::new(time.tv_sec as u64, time.tv_nsec as u32),
        _ => Duration::ZERO,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_process_occupies_grows_with_what_it_writes() {
        // Other tests may give memory back meanwhile.
        let grows = |_| {
            let before = resident(Process::This);
            let written = vec![1_u8; 64 << 20];
            std::hint::black_box(&written);
            resident(Process::This) >= before + (60 << 20)
        };
        assert!((0..100).any(grows));
    }

    #[test]
    fn the_processor_time_of_a_process_grows_with_its_work() {
        let before = processor(Process::This);
        let mut sum = 0_u64;
        while processor(Process::This) < before + Duration::from_millis(5) {
            sum = std::hint::black_box(sum + 1);
        }
        let mut busy = std::process::Command::new("sh").args(["-c", "while :; do :; done"]).spawn().unwrap();
        let other = Process::Other(busy.id());
        while processor(other) < Duration::from_millis(5) {
            std::thread::yield_now();
        }
        assert!(resident(other) > 0 && resident(Process::This) > resident(other));
        busy.kill().unwrap();
        busy.wait().unwrap();
        assert_eq!((processor(other), resident(other)), (Duration::ZERO, 0));
    }
}
