//! Records that are OCSF already.

use ringfence_event::{Event, Flag, Map, Origin, Severity, Time, class_of};
use serde_json::Value;

use crate::keys::{self, Wrong};
use crate::{Position, Reject, RejectCode, Skew, envelope, reserved, when};

/// An OCSF event says its class, and when or by whom.
pub(crate) fn is_ocsf(map: &Map) -> bool {
    map.contains_key("class_uid") && (map.contains_key("metadata") || map.contains_key("time"))
}

/// Attributes that live in typed fields of the event, or that those fields imply.
const TYPED: [&str; 10] = [
    "class_uid",
    "class_name",
    "category_uid",
    "category_name",
    "activity_id",
    "activity_name",
    "type_uid",
    "severity_id",
    "severity",
    "time",
];

/// Takes an OCSF event as it is, after checking the attributes that Ringfence reads. A class that
/// Ringfence does not know is taken as well.
pub(crate) fn event(
    mut map: Map,
    origin: &Origin,
    received: Time,
    skew: Skew,
) -> Result<Event, Reject> {
    let masked = crate::base::scrub_map(&mut map);
    let head = Head::read(&map).map_err(|wrong| refuse(&wrong))?;
    envelope::allow(origin, head.class)?;
    let mut event = envelope::open(origin, received, head.class, head.activity);
    if reserved::strip(&mut map) {
        event.flag(Flag::ReservedStripped);
    }
    keys::extract(&map, head.class, &mut event.keys).map_err(|wrong| refuse(&wrong))?;
    event.uid = head.uid;
    event.severity = head.severity;
    event.message = head.message;
    when::settle(&mut event, head.time, skew);
    // `retain` keeps the order of what stays; removing one by one would not.
    map.retain(|name, _| !TYPED.contains(&name.as_str()) && name != "message");
    if masked {
        event.flag(Flag::Masked);
    }
    event.ocsf = map;
    Ok(event)
}

fn refuse(wrong: &Wrong) -> Reject {
    let reason = format!("OCSF attribute `{}` must be {}", wrong.field, wrong.wanted);
    Reject::new(RejectCode::FieldType, Position::START, reason)
}

struct Head {
    class: u32,
    activity: u8,
    severity: Severity,
    time: Option<Time>,
    uid: Option<String>,
    message: Option<String>,
}

impl Head {
    fn read(map: &Map) -> Result<Self, Wrong> {
        let class = whole(map, "class_uid", "a whole number from 0 to 4294967295")?
            .and_then(|n| u32::try_from(n).ok())
            .ok_or_else(|| wrong("class_uid", "a whole number from 0 to 4294967295"))?;
        let activity = whole(map, "activity_id", "a whole number from 0 to 255")?
            .map(u8::try_from)
            .transpose()
            .map_err(|_| wrong("activity_id", "a whole number from 0 to 255"))?
            .unwrap_or_default();
        let type_uid = whole(map, "type_uid", "a whole number")?;
        if type_uid.is_some_and(|n| n != i64::from(class) * 100 + i64::from(activity)) {
            return Err(wrong("type_uid", "`class_uid` * 100 + `activity_id`"));
        }
        // Only classes in our table have a category that we can be sure of.
        let category = whole(map, "category_uid", "a whole number")?;
        if let (Some(category), Some(known)) = (category, class_of(class))
            && category != i64::from(known.category_uid)
        {
            return Err(wrong("category_uid", "the category of `class_uid`"));
        }
        for (field, wanted) in [
            ("metadata", "an object"),
            ("actor", "an object"),
            ("device", "an object"),
            ("src_endpoint", "an object"),
            ("dst_endpoint", "an object"),
        ] {
            if !matches!(map.get(field), None | Some(Value::Null | Value::Object(_))) {
                return Err(wrong(field, wanted));
            }
        }
        Ok(Self {
            class,
            activity,
            severity: severity(map)?,
            time: time(map)?,
            uid: uid(map)?,
            message: match map.get("message") {
                None | Some(Value::Null) => None,
                Some(Value::String(s)) => Some(s.clone()),
                Some(_) => return Err(wrong("message", "text")),
            },
        })
    }
}

fn severity(map: &Map) -> Result<Severity, Wrong> {
    let wanted = "a whole number from 0 to 6, or 99";
    if let Some(n) = whole(map, "severity_id", wanted)? {
        let id = u8::try_from(n).map_err(|_| wrong("severity_id", wanted))?;
        return Ok(Severity::from(id));
    }
    match map.get("severity") {
        None | Some(Value::Null) => Ok(Severity::Informational),
        Some(Value::String(s)) => Ok(s.parse().unwrap_or(Severity::Other)),
        Some(_) => Err(wrong("severity", "text")),
    }
}

/// `time` in milliseconds, or `time_dt` of profile `datetime`.
fn time(map: &Map) -> Result<Option<Time>, Wrong> {
    if let Some(ms) = whole(map, "time", "milliseconds since 1970 as a whole number")? {
        return Ok(Some(Time(ms)));
    }
    match map.get("time_dt") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(s)) => Time::parse_rfc3339(s)
            .map(Some)
            .map_err(|_| wrong("time_dt", "an RFC 3339 time")),
        Some(_) => Err(wrong("time_dt", "an RFC 3339 time")),
    }
}

fn uid(map: &Map) -> Result<Option<String>, Wrong> {
    match map.get("metadata").and_then(|m| m.get("uid")) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(s)) if s.len() <= keys::MAX_KEY => {
            Ok(Some(s.clone()).filter(|s| !s.is_empty()))
        }
        Some(_) => Err(wrong("metadata.uid", "text of at most 256 bytes")),
    }
}

fn whole(map: &Map, field: &str, wanted: &'static str) -> Result<Option<i64>, Wrong> {
    match map.get(field) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Number(n)) => {
            // Some writers have only floats: `1.7e12` is a whole number too.
            let float = || n.as_f64().filter(|f| f.fract() == 0.0 && f.abs() < 9e15);
            #[allow(clippy::cast_possible_truncation, reason = "whole and below 2^53")]
            let number = n.as_i64().or_else(|| float().map(|f| f as i64));
            number.map(Some).ok_or_else(|| wrong(field, wanted))
        }
        Some(_) => Err(wrong(field, wanted)),
    }
}

fn wrong(field: &str, wanted: &'static str) -> Wrong {
    Wrong {
        field: field.to_owned(),
        wanted,
    }
}
