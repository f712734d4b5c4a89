//! The interpreter over evcxr.

use super::{Failure, Launch, scripted::Script};

/// Acts under the names cargo, rustup and rustc, and as the runtime of cells; does not return then.
pub fn hook() {}

/// How cells are run in earnest.
pub fn launch() -> Launch {
    Script::new().launch_broken(Failure::new("NotBuilt", "this kernel was built without its interpreter"))
}
