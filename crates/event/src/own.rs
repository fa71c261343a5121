//! Events that Ringfence makes of what it does itself.

use serde_json::Value;

use crate::{Event, Keys, LogSource, Name, Severity, Time};

/// An event of our own under construction: trusted, from the source `ringfence`, with what every
/// event of ours says of itself.
#[derive(Debug, Clone)]
pub struct Own(Event);

impl Own {
    /// Of a part of the product (`policy`, `source`: the category that rules look it up by).
    #[must_use]
    pub fn new(part: &str, class_uid: u32, activity_id: u8, at: Time) -> Self {
        let ours = || Name::ours("default");
        let keys = Keys::of(ours(), ours(), Name::ours("ringfence"));
        let mut event = Event::new(keys, class_uid, activity_id, at);
        event.trusted = true;
        event.own = true;
        event.logsource = LogSource {
            product: Some("ringfence".to_owned()),
            service: None,
            category: Some(part.to_owned()),
        };
        Self(event)
    }

    /// In a program; what names none stays in `default`.
    #[must_use]
    pub fn program(mut self, program: &str) -> Self {
        if let Ok(program) = Name::new(program) {
            self.0.keys.program = program;
        }
        self
    }

    /// About what these keys name.
    #[must_use]
    pub fn keys(mut self, keys: Keys) -> Self {
        self.0.keys = keys;
        self
    }

    /// About somebody with an account, by the name that alerts group by.
    #[must_use]
    pub fn about_user(mut self, name: &str) -> Self {
        self.0.keys.user = Some(name.to_owned());
        self
    }

    /// One line for a person.
    #[must_use]
    pub fn message(mut self, message: impl Into<String>) -> Self {
        self.0.message = Some(message.into());
        self
    }

    /// How bad it is; informational, unless somebody says more.
    #[must_use]
    pub fn severity(mut self, severity: Severity) -> Self {
        self.0.severity = severity;
        self
    }

    /// An OCSF attribute of the class.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.0.ocsf.insert(name.to_owned(), value.into());
        self
    }

    /// The event.
    #[must_use]
    pub fn event(self) -> Event {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn it_says_what_every_event_of_ours_says() {
        let own = Own::new("policy", 3005, 99, Time(5))
            .program("bank")
            .severity(Severity::Medium)
            .message("policy a added")
            .with("policy", json!({ "uid": "a" }));
        let ocsf = Value::Object(own.event().to_ocsf());
        for (pointer, wanted) in [
            ("/type_uid", json!(300_599)),
            ("/category_uid", json!(3)),
            ("/severity_id", json!(3)),
            ("/time", json!(5)),
            ("/message", json!("policy a added")),
            ("/metadata/product/name", json!("Ringfence")),
            ("/metadata/version", json!("1.8.0")),
            ("/policy/uid", json!("a")),
        ] {
            assert_eq!(ocsf.pointer(pointer), Some(&wanted), "{pointer}");
        }
    }

    #[test]
    fn what_is_no_programs_stays_in_the_default_one() {
        let of = |program| Own::new("x", 0, 0, Time(0)).program(program).event();
        assert_eq!(of("bank").keys.program.as_str(), "bank");
        assert_eq!(of("").keys.program.as_str(), "default");
        assert_eq!(of("*").keys.program.as_str(), "default");
        assert!(Name::new(of("").keys.source.as_str()).is_ok());
    }
}
