//! Memory that will be read soon, asked for while something else is computed, so that it is in the cache by then: a
//! pass reads what is new to it in its first loop only, and would leave the memory idle in all others.
//! Imports: nothing in-house.

#![expect(unsafe_code, reason = "the instruction is only there as a function that takes a pointer")]

use std::ops::Range;

/// Bytes that are read at once, on all but a few processors.
pub(crate) const LINE: usize = 64;

/// Asks for the memory at `addresses`.
#[inline]
pub(crate) fn prefetch(addresses: Range<usize>) {
    let mut address = addresses.start;
    while address < addresses.end {
        prefetch_line(address);
        address += LINE;
    }
}

/// Asks for the line of memory in which `address` lies; on processors for which we cannot, does nothing.
#[inline]
pub(crate) fn prefetch_line(address: usize) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: this is a hint: it reads nothing that the program can see, and fails at no address.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(std::ptr::without_provenance(address)) }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = address;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn to_ask_for_what_is_no_memory_does_nothing() {
        prefetch(0..4096);
        prefetch_line(usize::MAX);
    }
}
