//! What clients leave out of their requests. Imports nothing in-house; pure.
//!
//! The protocol gives these fields a meaning when they are absent; the message types we parse into require them.

use serde_json::{Value, json};

/// Adds the fields that a request of this type may lack.
pub(super) fn fill(msg_type: &str, content: &mut Value) {
    let defaults = match msg_type {
        "execute_request" => json!({ "silent": false, "store_history": true }),
        "history_request" => json!({
            "raw": true, "output": false, "unique": false, "start": 0, "stop": i32::MAX, "n": i32::MAX,
        }),
        "shutdown_request" => json!({ "restart": false }),
        "comm_open" | "comm_msg" | "comm_close" => json!({ "data": {} }),
        _ => return,
    };
    if let (Value::Object(content), Value::Object(defaults)) = (content, defaults) {
        for (field, value) in defaults {
            content.entry(field).or_insert(value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jupyter_protocol::JupyterMessageContent;

    #[test]
    fn the_least_that_clients_send_can_be_read() {
        for (msg_type, least) in [
            ("execute_request", json!({ "code": "1" })),
            ("history_request", json!({ "hist_access_type": "search", "pattern": "*" })),
            ("history_request", json!({ "hist_access_type": "range", "session": 0 })),
            ("shutdown_request", json!({})),
            ("comm_open", json!({ "comm_id": "1", "target_name": "t" })),
        ] {
            let mut content = least;
            fill(msg_type, &mut content);
            assert!(JupyterMessageContent::from_type_and_content(msg_type, content).is_ok(), "{msg_type}");
        }
    }

    #[test]
    fn what_is_there_stays() {
        let mut content = json!({ "code": "1", "silent": true });
        fill("execute_request", &mut content);
        assert_eq!(content["silent"], true);
    }
}
