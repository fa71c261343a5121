//! What a rule concluded.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{DETECTION_FINDING, Event, EventId, Keys, Map, Severity, Time};

/// What groups findings for a person: the same agent, caller, address, source…
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Story {
    /// Kind of the entity: `agent`, `caller`, `src_ip`, `source`, `customer`, `device`, `rule`.
    pub kind: String,
    /// Which one.
    pub value: String,
}

/// One conclusion of a rule, with the events that made it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// Same for the same rule and the same events, so that applying it twice changes nothing.
    pub uid: EventId,
    /// Rule's id.
    pub rule_id: String,
    /// Rule's title.
    pub rule_title: String,
    /// From the rule's level.
    pub severity: Severity,
    /// Keys of the event that completed it.
    pub keys: Keys,
    /// Event time of that event.
    pub time: Time,
    /// Receive time of that event.
    pub received: Time,
    /// What it groups by.
    pub story: Story,
    /// It is a story of its own: nothing of the same joins it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub alone: bool,
    /// The one line that matters.
    pub message: String,
    /// Why: matched fields, and the threshold against what happened.
    pub reason: Value,
    /// Contributing events, newest last, bounded.
    pub events: Vec<EventId>,
    /// Rule's tags.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// What to do first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub first_steps: Vec<String>,
}

impl Finding {
    /// The finding as an OCSF Detection Finding (class 2004), for the lake and the outside.
    #[must_use]
    pub fn to_event(&self) -> Event {
        let mut e = Event::new(self.keys.clone(), DETECTION_FINDING, 1, self.received);
        e.id = self.uid;
        e.uid = Some(self.uid.to_string());
        e.time = self.time;
        e.severity = self.severity;
        e.message = Some(self.message.clone());
        e.ocsf = Map::from_iter([
            (
                "finding_info".to_owned(),
                json!({
                    "uid": self.uid.to_string(),
                    "title": self.rule_title,
                    "desc": self.message,
                    "types": self.tags,
                    "analytic": {
                        "uid": self.rule_id, "name": self.rule_title, "type": "Rule", "type_id": 1
                    },
                    "related_events": self.events.iter()
                        .map(|id| json!({ "uid": id.to_string() })).collect::<Vec<_>>(),
                }),
            ),
            ("is_alert".to_owned(), Value::Bool(true)),
            ("status_id".to_owned(), json!(1)),
            ("status".to_owned(), json!("New")),
        ]);
        e.record = Some(Map::from_iter([("reason".to_owned(), self.reason.clone())]));
        e
    }
}
