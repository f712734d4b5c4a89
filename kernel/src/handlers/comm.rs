//! Comms, the channels of widgets: the kernel has none. Imports nothing in-house; pure.

use jupyter_protocol::{CommClose, CommInfoReply, CommOpen};

/// No comm is open.
pub(crate) fn info() -> CommInfoReply {
    CommInfoReply::default()
}

/// Nobody here knows the target, so the comm is closed again: that is what the protocol asks for.
pub(crate) fn refuse(open: &CommOpen) -> CommClose {
    CommClose { comm_id: open.comm_id.clone(), data: serde_json::Map::new() }
}
