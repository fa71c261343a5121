//! Windows event log files (`.evtx`), chunk by chunk: each record as one flat JSON object, in the
//! shape that Sigma's rules and the mapping `windows` read.

use std::sync::{Arc, OnceLock};

use evtx::{EvtxChunkData, ParserSettings};
use ringfence_event::Map;
use serde_json::{Value, json};

/// How a file begins.
pub const EVTX_MAGIC: &[u8] = b"ElfFile\0";
/// Length of a file's head; chunks follow it.
pub const EVTX_HEAD: usize = 4_096;
/// Length of a chunk.
pub const EVTX_CHUNK: usize = 65_536;
const CHUNK_MAGIC: &[u8] = b"ElfChnk\0";
/// `UserData` holds elements in elements.
const DEEPEST: usize = 4;

/// The records of one chunk, each read or with the reason why it cannot be. A chunk that was never
/// used has none.
#[must_use]
pub fn evtx_records(chunk: Vec<u8>) -> Vec<Result<Map, String>> {
    static SETTINGS: OnceLock<Arc<ParserSettings>> = OnceLock::new();
    if !chunk.starts_with(CHUNK_MAGIC) {
        let is_unused = chunk.iter().all(|b| *b == 0);
        return match is_unused {
            true => Vec::new(),
            false => vec![Err("a chunk does not begin as one".to_owned())],
        };
    }
    let settings = SETTINGS.get_or_init(|| Arc::new(ParserSettings::new().num_threads(1)));
    let mut data = match EvtxChunkData::new(chunk, false) {
        Ok(data) => data,
        Err(error) => return vec![Err(error.to_string())],
    };
    let mut chunk = match data.parse(Arc::clone(settings)) {
        Ok(chunk) => chunk,
        Err(error) => return vec![Err(error.to_string())],
    };
    chunk
        .iter()
        .map(|record| {
            let value = record.and_then(evtx::EvtxRecord::into_json_value);
            let value = value.map_err(|error| error.to_string())?;
            flat(&value.data).ok_or_else(|| "a record without an event in it".to_owned())
        })
        .collect()
}

/// What the event says of itself, and behind it its data under their own names. A name of the head
/// wins over one in the data.
fn flat(record: &Value) -> Option<Map> {
    let event = record.get("Event")?;
    let system = event.get("System")?.as_object()?;
    let attribute = |name: &str, attribute: &str| {
        let found = system.get(name)?.get("#attributes")?.get(attribute)?;
        (!found.is_null()).then(|| found.clone())
    };
    let mut out = Map::new();
    let mut put = |name: &str, value: Option<Value>| {
        if let Some(value) = value.filter(|v| !v.is_null()) {
            out.insert(name.to_owned(), value);
        }
    };
    for name in [
        "EventID", "Channel", "Computer", "Level", "Task", "Opcode", "Keywords",
    ] {
        put(name, system.get(name).and_then(text));
    }
    put("EventRecordID", system.get("EventRecordID").and_then(text));
    put("Provider_Name", attribute("Provider", "Name"));
    put("SystemTime", attribute("TimeCreated", "SystemTime"));
    put("ExecutionProcessID", attribute("Execution", "ProcessID"));
    put("UserID", attribute("Security", "UserID"));
    for part in ["EventData", "UserData"] {
        if let Some(data) = event.get(part) {
            spread(data, &mut out, 0);
        }
    }
    Some(out)
}

/// A value that stands by itself, or inside an element with attributes.
fn text(value: &Value) -> Option<Value> {
    match value {
        Value::Object(element) => element.get("#text").cloned(),
        Value::Null => None,
        value => Some(value.clone()),
    }
}

fn spread(data: &Value, out: &mut Map, depth: usize) {
    let Some(data) = data.as_object() else { return };
    for (name, value) in data.iter().filter(|(name, _)| *name != "#attributes") {
        // `Threat Name` of Defender is `ThreatName` in rules.
        let name = name.replace(' ', "");
        match value {
            Value::Object(inner) if inner.contains_key("#text") => {
                let value = text(value).unwrap_or_default();
                out.entry(name).or_insert_with(|| list(value));
            }
            Value::Object(_) if depth < DEEPEST => spread(value, out, depth + 1),
            Value::Null => {}
            value => {
                out.entry(name).or_insert_with(|| list(value.clone()));
            }
        }
    }
}

/// Data without names come as a list, which Sigma's rules read as one text.
fn list(value: Value) -> Value {
    match value {
        Value::Array(items) if items.iter().all(Value::is_string) => {
            let words: Vec<_> = items.iter().filter_map(Value::as_str).collect();
            json!(words.join(" "))
        }
        value => value,
    }
}

#[doc(hidden)]
pub fn fuzz_evtx(data: &[u8]) {
    let mut chunk = data.to_vec();
    chunk.resize(EVTX_CHUNK, 0);
    for record in evtx_records(chunk).into_iter().flatten() {
        assert!(!record.contains_key("#attributes"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_stand_beside_the_head_under_their_own_names() {
        let record = json!({"Event": {
            "System": {
                "Provider": {"#attributes": {"Name": "Microsoft-Windows-Sysmon"}},
                "EventID": {"#attributes": {"Qualifiers": 16384}, "#text": 1},
                "TimeCreated": {"#attributes": {"SystemTime": "2026-11-22T09:30:00Z"}},
                "Channel": "Security", "Computer": "pc", "EventRecordID": 7, "Correlation": null
            },
            "EventData": {"Image": "cmd.exe", "Computer": "other", "Threat Name": "x", "Data": {"#text": ["a", "b"]}},
            "UserData": {"Cleared": {"#attributes": {"xmlns": "x"}, "SubjectUserName": "ann"}}
        }});
        let flat = Value::Object(flat(&record).unwrap());
        assert_eq!(
            flat,
            json!({
                "EventID": 1, "Channel": "Security", "Computer": "pc", "EventRecordID": 7,
                "Provider_Name": "Microsoft-Windows-Sysmon", "SystemTime": "2026-11-22T09:30:00Z",
                "Image": "cmd.exe", "ThreatName": "x", "Data": "a b", "SubjectUserName": "ann"
            })
        );
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]
        #[test]
        fn any_bytes(mut data: Vec<u8>) {
            fuzz_evtx(&data);
            data.splice(0..0, CHUNK_MAGIC.iter().copied());
            fuzz_evtx(&data);
        }
    }
}
