//! The steps with which a session opens, before its first cell: evcxr tries itself out, then brings the prelude into scope.
//! Neither has anything to run, so neither is compiled: the kernel hands evcxr this very library, which exports what evcxr calls.

use crate::store::Store;

/// evcxr's own trial; and the prelude's import where all was forgotten before it.
#[unsafe(no_mangle)]
pub extern "C" fn run_user_code_0(store: *mut Store) -> *mut Store {
    store
}

/// The prelude's import.
#[unsafe(no_mangle)]
pub extern "C" fn run_user_code_1(store: *mut Store) -> *mut Store {
    store
}
