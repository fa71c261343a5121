//! Text of unknown kind becomes fields; fields that fit no rule become a Base Event.

use std::borrow::Cow;

use jiff::tz::TimeZone;
use memchr::memmem;
use ringfence_event::{BASE, Event, Flag, LogSource, Map, Origin, Time, clip};
use serde_json::Value;

use crate::parsed::{Format, Parsed};
use crate::when::TimeFormat;
use crate::{Cef, Leef, Limits, Reject, Syslog, envelope, json, kv, path};

/// Reads one record of text: syslog with what is inside it, CEF, LEEF, JSON, `key=value`, or a line.
pub(crate) fn read(
    text: &str,
    received: Time,
    zone: &TimeZone,
    limits: &Limits,
) -> Result<Parsed, Reject> {
    let text = text.trim_end_matches(['\r', '\n', '\0']);
    let (text, masked) = scrub(text);
    let mut parsed = match Syslog::parse(&text, received, zone)? {
        Some(syslog) => {
            let body = body(syslog.message, received, zone, limits)
                // A body that only claims to be something stays text: the frame was sound.
                .unwrap_or_else(|_| Parsed::default());
            syslog.into_parsed(body)
        }
        None => body(&text, received, zone, limits)?,
    };
    if parsed.formats == Format::Json.into() {
        return Ok(parsed);
    }
    if parsed.formats == Parsed::default().formats {
        parsed.formats = Format::Text.into();
        parsed.fill("message", text.trim());
        parsed.message = Some(text.trim().to_owned());
    }
    parsed.raw = Some(text.into_owned());
    parsed.masked |= masked;
    Ok(parsed)
}

/// What is inside a frame, or the whole text. Without known structure, nothing.
fn body(text: &str, received: Time, zone: &TimeZone, limits: &Limits) -> Result<Parsed, Reject> {
    let text = text.trim();
    // `@cee:` marks JSON inside syslog (Common Event Expression).
    let object = text.strip_prefix("@cee:").map_or(text, str::trim_start);
    if object.starts_with('{') {
        return Ok(Parsed {
            formats: Format::Json.into(),
            fields: json::object(object.as_bytes(), limits)?,
            ..Parsed::default()
        });
    }
    if Cef::is_claimed(text) {
        return Ok(Cef::parse(text, limits)?.into_parsed(received, zone));
    }
    if Leef::is_claimed(text) {
        return Ok(Leef::parse(text, limits)?.into_parsed(received, zone));
    }
    Ok(
        kv::parse(text, limits.fields).map_or_else(Parsed::default, |fields| Parsed {
            formats: Format::Kv.into(),
            fields,
            ..Parsed::default()
        }),
    )
}

/// Signalling inside a log line or a field: what reveals keys and credentials is masked before
/// anything else sees it.
fn scrub(text: &str) -> (Cow<'_, str>, bool) {
    if !looks_like_signalling(text) {
        return (Cow::Borrowed(text), false);
    }
    match ringfence_sip::mask_text(text.as_bytes()) {
        Cow::Borrowed(_) => (Cow::Borrowed(text), false),
        Cow::Owned(bytes) => (
            Cow::Owned(String::from_utf8_lossy(&bytes).into_owned()),
            true,
        ),
    }
}

fn looks_like_signalling(text: &str) -> bool {
    let bytes = text.as_bytes();
    [
        &b"SIP/2.0"[..],
        b"a=crypto:",
        b"Authorization:",
        b"application/dtmf-relay",
    ]
    .iter()
    .any(|needle| memmem::find(bytes, needle).is_some())
}

/// [`scrub`] for each text of an object.
pub(crate) fn scrub_map(map: &mut Map) -> bool {
    // Depth is bounded by the reader's limit.
    let mut any = false;
    for (_, value) in map.iter_mut() {
        any |= scrub_value(value);
    }
    any
}

fn scrub_value(value: &mut Value) -> bool {
    match value {
        Value::String(text) => {
            let (clean, masked) = scrub(text);
            if masked {
                let clean = clean.into_owned();
                *text = clean;
            }
            masked
        }
        Value::Array(items) => items.iter_mut().fold(false, |any, v| scrub_value(v) | any),
        Value::Object(map) => scrub_map(map),
        _ => false,
    }
}

/// Names under which logs commonly carry their time and their line for a person.
const TIMES: [&str; 7] = [
    "time",
    "timestamp",
    "@timestamp",
    "ts",
    "event_time",
    "SystemTime",
    "datetime",
];
const MESSAGES: [&str; 6] = ["message", "msg", "Message", "MESSAGE", "event", "name"];

/// A Base Event: nothing in it is lost, and nothing about it is claimed.
pub(crate) fn event(parsed: &Parsed, origin: &Origin, received: Time) -> Event {
    let mut event = envelope::open(origin, received, BASE, 0);
    event.flag(Flag::Unmapped);
    event.logsource = logsource(parsed);
    if parsed.formats.has(Format::Syslog) {
        event.keys.device = path::get_text(&parsed.fields, "hostname").map(Cow::into_owned);
    }
    let line = MESSAGES
        .iter()
        .find_map(|name| path::get_text(&parsed.fields, name));
    event.message = parsed
        .message
        .clone()
        .or_else(|| line.map(Cow::into_owned))
        .map(|line| clip(&line, 1000).into_owned());
    event
}

/// SigmaHQ's rules look system logs up as `linux` with the program as service.
fn logsource(parsed: &Parsed) -> LogSource {
    let program = path::get_text(&parsed.fields, "appname");
    match program {
        Some(program)
            if parsed.formats.has(Format::Syslog)
                && !parsed.formats.has(Format::Cef)
                && !parsed.formats.has(Format::Leef) =>
        {
            LogSource {
                product: Some("linux".to_owned()),
                service: Some(program.to_ascii_lowercase()),
                category: None,
            }
        }
        _ => LogSource::default(),
    }
}

/// When an unmapped record says that it happened.
pub(crate) fn time(parsed: &Parsed, zone: &TimeZone) -> Option<Time> {
    parsed.time.or_else(|| {
        TIMES
            .iter()
            .filter_map(|name| path::get(&parsed.fields, name))
            .find_map(|value| TimeFormat::Auto.read(value, zone))
    })
}
