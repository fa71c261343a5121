//! What a mail says: the one line that matters, the first steps, a link.
//!
//! Names, numbers and messages in an alert come from outside. They may not break out of a header,
//! steer a terminal, or plant a link that a mail program makes clickable.

use std::fmt::Write as _;

use serde_json::Value;

const MAX_SUBJECT: usize = 120;
const MAX_LINE: usize = 400;
const MAX_STEPS: usize = 10;
/// Alerts that a digest tells one by one; of the rest it tells the number.
const MAX_LISTED: usize = 50;

/// Subject and body of a mail, in plain text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Composed {
    /// One line without control characters.
    pub subject: String,
    /// Lines that end in a line feed.
    pub body: String,
    /// The alert that it is about, if it is about one: mails about one alert make one thread.
    pub thread: Option<String>,
}

/// Writes a mail about changes, as a webhook's body tells them. `link` is the address of an alert
/// with `{id}` in it.
#[must_use]
pub fn compose(payloads: &[&str], link: &str) -> Composed {
    let told: Vec<Told> = payloads.iter().map(|p| Told::read(p)).collect();
    match told.as_slice() {
        [] => test(),
        [one] if one.is_test => test(),
        [one] => single(one, link),
        many => digest(many, link),
    }
}

fn test() -> Composed {
    Composed {
        subject: "[Ringfence] Test mail".to_owned(),
        body: "This is a test. Alerts will look for you here.\n".to_owned(),
        thread: None,
    }
}

fn single(told: &Told, link: &str) -> Composed {
    let mut body = format!("{}\n\n", told.message);
    let mut line = |name: &str, value: &str| {
        if !value.is_empty() {
            let _ = writeln!(body, "{name:<10}{value}");
        }
    };
    line("Alert", &told.title);
    line("Severity", told.severity());
    line("About", &told.about);
    line("Program", &told.program);
    line("Site", &told.site);
    line("Status", told.what());
    line("Since", &told.since);
    line("Findings", &told.findings.to_string());
    if !told.steps.is_empty() {
        body.push_str("\nFirst steps\n");
        for (i, step) in told.steps.iter().enumerate() {
            let _ = writeln!(body, "{}. {step}", i + 1);
        }
    }
    let _ = writeln!(body, "\n{}", told.link(link));
    Composed {
        subject: subject(&format!(
            "[Ringfence] {}: {}: {}{}",
            told.severity(),
            told.title,
            told.about,
            told.ending()
        )),
        body,
        thread: (!told.id.is_empty()).then(|| told.id.clone()),
    }
}

fn digest(all: &[Told], link: &str) -> Composed {
    let told: Vec<_> = all.iter().filter(|t| !t.is_test).collect();
    let highest = told.iter().max_by_key(|t| t.severity_id);
    let highest = highest.map_or("none", |t| t.severity());
    let mut body = format!(
        "{} changes of alerts came in a short time; the highest severity is {highest}.\n",
        told.len()
    );
    for t in told.iter().take(MAX_LISTED) {
        let _ = write!(
            body,
            "\n{} ({}, {})\n  {}\n  {}\n",
            t.message,
            t.severity(),
            t.what(),
            t.title,
            t.link(link)
        );
    }
    let more = told.len().saturating_sub(MAX_LISTED);
    if more > 0 {
        let _ = writeln!(body, "\nand {more} more");
    }
    Composed {
        subject: subject(&format!(
            "[Ringfence] {} alerts, the highest {highest}",
            told.len()
        )),
        body,
        thread: None,
    }
}

/// One change, made harmless.
#[derive(Default)]
struct Told {
    is_test: bool,
    kind: String,
    id: String,
    severity_id: u64,
    title: String,
    message: String,
    about: String,
    program: String,
    site: String,
    since: String,
    findings: u64,
    steps: Vec<String>,
}

impl Told {
    fn read(payload: &str) -> Self {
        let Ok(value) = serde_json::from_str::<Value>(payload) else {
            return Self::default();
        };
        let kind = value.get("type").and_then(Value::as_str).unwrap_or("");
        let alert = value.pointer("/data/alert").unwrap_or(&Value::Null);
        let raw = |key: &str| alert.get(key).and_then(Value::as_str).unwrap_or("");
        let text = |key: &str| harmless(raw(key));
        let number = |key: &str| alert.get(key).and_then(Value::as_u64).unwrap_or(0);
        let since = alert.get("first_time_ms").and_then(Value::as_i64);
        let steps = alert.get("first_steps").and_then(Value::as_array);
        let steps = steps.into_iter().flatten().filter_map(Value::as_str);
        Self {
            is_test: kind == "webhook.test",
            kind: kind.to_owned(),
            id: raw("id")
                .chars()
                .filter(char::is_ascii_alphanumeric)
                .take(64)
                .collect(),
            severity_id: number("severity_id"),
            title: text("title"),
            message: text("message"),
            about: format!("{} {}", text("entity_kind"), text("entity_value")),
            program: text("program"),
            site: text("site"),
            since: since.map_or_else(String::new, |ms| ringfence_event::Time(ms).to_string()),
            findings: number("finding_count"),
            steps: steps.take(MAX_STEPS).map(one_line).collect(),
        }
    }

    fn severity(&self) -> &'static str {
        match self.severity_id {
            1 => "informational",
            2 => "low",
            3 => "medium",
            4 => "high",
            5 => "critical",
            6 => "fatal",
            _ => "unknown",
        }
    }

    fn what(&self) -> &'static str {
        match self.kind.as_str() {
            "alert.opened" => "new",
            "alert.escalated" => "now more severe",
            "alert.closed" => "closed",
            _ => "changed",
        }
    }

    fn ending(&self) -> &'static str {
        match self.kind.as_str() {
            "alert.closed" => " (closed)",
            "alert.escalated" => " (more severe)",
            _ => "",
        }
    }

    fn link(&self, template: &str) -> String {
        template.replace("{id}", &self.id)
    }
}

/// A text from outside: one line, and nothing that a mail program turns into a link.
fn harmless(text: &str) -> String {
    let broken = text
        .replace("://", "[:]//")
        .replace("www.", "www[.]")
        .replace("mailto:", "mailto[:]");
    one_line(&broken)
}

/// One line of bounded length: no line ends, no controls, no marks that turn the direction.
fn one_line(text: &str) -> String {
    let safe = ringfence_event::neutralise(text);
    ringfence_event::clip(&safe, MAX_LINE).into_owned()
}

fn subject(text: &str) -> String {
    let safe = ringfence_event::neutralise(text);
    ringfence_event::clip(&safe, MAX_SUBJECT).into_owned()
}

/// Fuzz entry: whatever a payload holds, the subject is one line of bounded length and the body
/// has no control character but line feeds.
#[doc(hidden)]
pub fn fuzz_compose(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let alert = serde_json::json!({
        "type": "alert.opened",
        "data": {"alert": {
            "id": text, "title": text, "message": text, "entity_kind": "agent",
            "entity_value": text, "program": text, "site": text, "severity_id": 4,
            "first_steps": ["Look at it"],
        }},
    })
    .to_string();
    for payloads in [&[alert.as_str()][..], &[&alert, &alert], &[&text]] {
        let made = compose(payloads, "https://rf.example/alerts/{id}");
        assert!(
            made.subject.len() <= MAX_SUBJECT + "…".len(),
            "a bounded subject"
        );
        assert!(!made.subject.contains(char::is_control), "one line");
        let hostile = |c: char| c.is_control() && c != '\n';
        assert!(!made.body.contains(hostile), "no controls in the body");
        let foreign = made.body.replace("https://rf.example", "");
        assert!(!foreign.contains("://"), "no link but ours");
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn payload(kind: &str, message: &str) -> String {
        json!({"type": kind, "data": {"alert": {
            "id": "a1", "title": "Customer record opened without a call", "message": message,
            "entity_kind": "agent", "entity_value": "4711", "program": "default", "site": "berlin",
            "severity_id": 4, "finding_count": 3, "first_time_ms": 0,
            "first_steps": ["Ask the supervisor", "Look at the timeline"],
        }}})
        .to_string()
    }

    const LINK: &str = "https://rf.example/alerts/{id}";

    #[test]
    fn one_alert_is_told_with_its_first_steps_and_a_link() {
        let made = compose(
            &[&payload(
                "alert.opened",
                "Agent 4711 opened C-1 without a call",
            )],
            LINK,
        );
        assert_eq!(
            made.subject,
            "[Ringfence] high: Customer record opened without a call: agent 4711"
        );
        assert!(
            made.body
                .starts_with("Agent 4711 opened C-1 without a call\n")
        );
        assert!(
            made.body
                .contains("1. Ask the supervisor\n2. Look at the timeline\n")
        );
        assert!(made.body.ends_with("https://rf.example/alerts/a1\n"));
        assert_eq!(made.thread.as_deref(), Some("a1"));
    }

    #[test]
    fn many_are_told_in_one() {
        let all: Vec<_> = (0..60)
            .map(|i| payload("alert.opened", &format!("no {i}")))
            .collect();
        let all: Vec<_> = all.iter().map(String::as_str).collect();
        let made = compose(&all, LINK);
        assert_eq!(made.subject, "[Ringfence] 60 alerts, the highest high");
        assert!(made.body.contains("no 49") && !made.body.contains("no 50"));
        assert!(made.body.ends_with("and 10 more\n"));
    }

    #[test]
    fn hostile_text_neither_breaks_out_nor_links() {
        let evil =
            "x\r\nBcc: all@example.com\r\n\r\nhttps://evil.example www.evil.example \u{202e}";
        let made = compose(&[&payload("alert.opened", evil)], LINK);
        assert!(!made.body.contains("\nBcc:") && !made.body.contains("https://evil"));
        assert!(!made.body.contains("www.evil") && !made.body.contains('\u{202e}'));
    }

    proptest! {
        #[test]
        fn nothing_hostile_gets_through(data in proptest::collection::vec(any::<u8>(), 0..300)) {
            fuzz_compose(&data);
        }
    }
}
