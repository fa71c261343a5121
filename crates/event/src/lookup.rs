//! Field look-up for rules (DESIGN §8, "names in rules").
//!
//! Order: `call.*` and `rf.*`, which only Ringfence may say; then the record's own fields as they
//! came, first under the whole name, then as a dotted path; then OCSF attributes by dotted path.

use std::borrow::Cow;

use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::{CallFacts, Event, Map, activity_name, class_of};

/// A value found under a name.
#[derive(Debug, Clone, PartialEq)]
pub enum Looked<'a> {
    /// A JSON value of the record or of OCSF.
    Json(&'a Value),
    /// Text.
    Text(Cow<'a, str>),
    /// Whole number.
    Int(i64),
    /// Number.
    Float(f64),
    /// Truth value.
    Bool(bool),
}

impl Serialize for Looked<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Json(value) => value.serialize(to),
            Self::Text(text) => to.serialize_str(text),
            Self::Int(n) => to.serialize_i64(*n),
            Self::Float(n) => to.serialize_f64(*n),
            Self::Bool(b) => to.serialize_bool(*b),
        }
    }
}

impl Looked<'_> {
    /// The value as JSON.
    #[must_use]
    pub fn to_json(&self) -> Value {
        match self {
            Self::Json(v) => (*v).clone(),
            Self::Text(s) => Value::String(s.clone().into_owned()),
            Self::Int(n) => (*n).into(),
            Self::Float(n) => (*n).into(),
            Self::Bool(b) => (*b).into(),
        }
    }
}

/// Finds the value that a rule means by `name`. `None` means that the field is absent, which is
/// not the same as a JSON null.
#[must_use]
pub fn lookup<'a>(
    event: &'a Event,
    facts: Option<&'a CallFacts>,
    name: &str,
) -> Option<Looked<'a>> {
    if name.starts_with("call.") {
        return facts?.get(name);
    }
    if let Some(rest) = name.strip_prefix("rf.") {
        return own(event, facts, rest, name);
    }
    if let Some(record) = &event.record
        && let Some(v) = get_path(record, name)
    {
        return Some(Looked::Json(v));
    }
    if let Some(v) = envelope(event, name) {
        return Some(v);
    }
    get_path(&event.ocsf, name).map(Looked::Json)
}

/// Hands every text of the event's own record to `f` (for Sigma keyword rules) until it returns
/// `true`. Returns whether it did.
pub fn each_text(event: &Event, f: &mut dyn FnMut(&str) -> bool) -> bool {
    if let Some(raw) = &event.raw {
        return f(raw);
    }
    let map = event.record.as_ref().unwrap_or(&event.ocsf);
    event.message.as_deref().is_some_and(&mut *f) || map.values().any(|v| walk(v, f, 0))
}

fn own<'a>(
    event: &'a Event,
    facts: Option<&'a CallFacts>,
    rest: &str,
    name: &str,
) -> Option<Looked<'a>> {
    let k = &event.keys;
    let text = |s: Option<&'a String>| s.map(|s| Looked::Text(s.as_str().into()));
    match rest {
        "agent" => text(k.agent.as_ref()).or_else(|| facts?.get("call.agent")),
        "customer" => text(k.customer.as_ref()),
        "caller" => text(k.caller.as_ref()).or_else(|| facts?.get("call.caller")),
        "call" => facts
            .and_then(|f| f.get("call.uid"))
            .or_else(|| text(k.call.as_ref())),
        "device" => text(k.device.as_ref()),
        "user" => text(k.user.as_ref()),
        "src_ip" => text(k.src_ip.as_ref()),
        "dst_ip" => text(k.dst_ip.as_ref()),
        "program" => Some(Looked::Text(k.program.as_str().into())),
        "site" => Some(Looked::Text(k.site.as_str().into())),
        "source" => Some(Looked::Text(k.source.as_str().into())),
        "trusted" => Some(Looked::Bool(event.trusted)),
        "flags" => {
            let all: Vec<_> = event.flags.iter().map(|f| f.as_str()).collect();
            (!all.is_empty()).then(|| Looked::Text(all.join(",").into()))
        }
        _ => facts?.get(name),
    }
}

/// OCSF attributes that live in typed fields.
fn envelope<'a>(event: &'a Event, name: &str) -> Option<Looked<'a>> {
    Some(match name {
        "class_uid" => Looked::Int(i64::from(event.class_uid)),
        "class_name" => Looked::Text(class_of(event.class_uid)?.caption.into()),
        "activity_id" => Looked::Int(i64::from(event.activity_id)),
        "activity_name" => Looked::Text(activity_name(event.class_uid, event.activity_id).into()),
        "type_uid" => Looked::Int(i64::try_from(event.type_uid()).ok()?),
        "severity_id" => Looked::Int(i64::from(event.severity.id())),
        "severity" => Looked::Text(event.severity.caption().into()),
        "time" => Looked::Int(event.time.0),
        "message" => Looked::Text(event.message.as_deref()?.into()),
        _ => return None,
    })
}

fn get_path<'a>(map: &'a Map, name: &str) -> Option<&'a Value> {
    if let Some(v) = map.get(name) {
        return Some(v);
    }
    let (head, rest) = name.split_once('.')?;
    match map.get(head)? {
        Value::Object(inner) => get_path(inner, rest),
        // OCSF lists such as `web_resources`: a path through one means its first element.
        Value::Array(items) => match items.first()? {
            Value::Object(inner) => get_path(inner, rest),
            _ => None,
        },
        _ => None,
    }
}

fn walk(v: &Value, f: &mut dyn FnMut(&str) -> bool, depth: u8) -> bool {
    match v {
        Value::String(s) => f(s),
        Value::Number(n) => f(&n.to_string()),
        Value::Array(items) if depth < 16 => items.iter().any(|v| walk(v, f, depth + 1)),
        Value::Object(map) if depth < 16 => map.values().any(|v| walk(v, f, depth + 1)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Keys, Name, Time};
    use serde_json::json;

    fn event() -> Event {
        let n = |s| Name::new(s).unwrap();
        let mut e = Event::new(Keys::of(n("p"), n("s"), n("src")), 6001, 2, Time(5));
        e.keys.agent = Some("4711".into());
        e.record = json!({"a.b": 1, "a": {"b": 2, "c": 3}, "status": null, "message": "own"})
            .as_object()
            .cloned();
        e.ocsf = json!({"a": {"d": 4}, "web_resources": [{"uid": "C1"}]})
            .as_object()
            .cloned()
            .unwrap();
        e.message = Some("ours".into());
        e
    }

    #[test]
    fn own_names_come_first_then_ocsf() {
        let e = event();
        let get = |n| lookup(&e, None, n).map(|l| l.to_json());
        assert_eq!(get("a.b"), Some(json!(1)));
        assert_eq!(get("a.c"), Some(json!(3)));
        assert_eq!(get("a.d"), Some(json!(4)));
        assert_eq!(get("status"), Some(Value::Null));
        assert_eq!(get("absent"), None);
        assert_eq!(get("message"), Some(json!("own")));
        assert_eq!(get("web_resources.uid"), Some(json!("C1")));
        assert_eq!(get("class_name"), Some(json!("Web Resources Activity")));
    }

    #[test]
    fn reserved_names_are_never_taken_from_the_record() {
        let mut e = event();
        e.record
            .as_mut()
            .unwrap()
            .insert("call.state".into(), json!("live"));
        e.record
            .as_mut()
            .unwrap()
            .insert("rf.agent".into(), json!("someone else"));
        assert_eq!(lookup(&e, None, "call.state"), None);
        assert_eq!(
            lookup(&e, None, "rf.agent").unwrap().to_json(),
            json!("4711")
        );
    }
}
