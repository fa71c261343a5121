//! Names that only Ringfence may say.

use ringfence_event::Map;
use serde_json::Value;

/// Removes `call.*` and `rf.*` from a record, as plain dotted names and as objects that would
/// resolve to such names (DESIGN §8). A scalar field named `call` or `rf` is the source's own.
pub(crate) fn strip(map: &mut Map) -> bool {
    let before = map.len();
    // Most records have none: look first, because `retain` rebuilds the map.
    if !map.iter().any(is_reserved) {
        return false;
    }
    map.retain(|name, value| !is_reserved((name, value)));
    map.len() != before
}

fn is_reserved((name, value): (&String, &Value)) -> bool {
    match name.as_str() {
        "call" | "rf" => value.is_object() || value.is_array(),
        name => name.starts_with("call.") || name.starts_with("rf."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn reserved_names_go_and_others_stay() {
        let mut v = json!({
            "call.state": "live", "rf.agent": "x", "call": {"state": "live"}, "rf": [{"agent": 1}],
            "callee": 1, "agent.id": 2, "call_id": 3
        });
        assert!(strip(v.as_object_mut().unwrap()));
        assert_eq!(v, json!({"callee": 1, "agent.id": 2, "call_id": 3}));
        let mut own = json!({"call": "c-17"});
        assert!(!strip(own.as_object_mut().unwrap()));
    }
}
