//! What a webhook's receiver is told, made safe to show.
//!
//! Names, numbers and messages come from outside. A receiver may print them in a chat,
//! a mail or a terminal, so what steers a terminal or turns the reading direction is
//! replaced before it leaves.

use serde_json::{Value, json};

use crate::changes::{AlertChange, ChangeKind};

/// Whether receivers are told. Each further finding of a known story is not news; its
/// count is on the alert.
pub(crate) fn is_news(kind: ChangeKind) -> bool {
    matches!(
        kind,
        ChangeKind::Opened | ChangeKind::Escalated | ChangeKind::Closed
    )
}

/// The body: `type`, `timestamp` and `data`, as the Standard Webhooks specification
/// recommends.
pub(crate) fn body(change: &AlertChange) -> String {
    let mut alert = json!(change.alert);
    neutralise(&mut alert);
    let timestamp = jiff::Timestamp::from_millisecond(change.at_ms)
        .map_or_else(|_| String::new(), |at| at.to_string());
    json!({
        "type": format!("alert.{}", change.kind.as_str()),
        "timestamp": timestamp,
        "data": { "change_id": change.id, "alert": alert },
    })
    .to_string()
}

/// The body of a test message that a user sends to see whether a webhook works.
pub(crate) fn test_body(now_ms: i64) -> String {
    let timestamp = jiff::Timestamp::from_millisecond(now_ms)
        .map_or_else(|_| String::new(), |at| at.to_string());
    json!({ "type": "webhook.test", "timestamp": timestamp, "data": {} }).to_string()
}

fn neutralise(value: &mut Value) {
    match value {
        Value::String(text) if text.contains(is_unsafe) => {
            *text = text.replace(is_unsafe, "\u{fffd}");
        }
        Value::Array(items) => items.iter_mut().for_each(neutralise),
        // Keys are this crate's field names.
        Value::Object(fields) => fields.values_mut().for_each(neutralise),
        _ => {}
    }
}

/// C0 and C1 controls, and the bidirectional marks of Unicode TR 9 that can make a text
/// read as another.
fn is_unsafe(char: char) -> bool {
    char.is_control()
        || matches!(char, '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steering_characters_do_not_leave() {
        let mut value = json!({ "a": ["ok", "\u{1b}[31mred"], "b": "abc\u{202e}cba", "n": 1 });
        neutralise(&mut value);
        let safe = json!({ "a": ["ok", "\u{fffd}[31mred"], "b": "abc\u{fffd}cba", "n": 1 });
        assert_eq!(value, safe);
    }
}
