//! Windows events inside the documents of collectors that nest them.
//!
//! Rules and mappings know such an event by the names that Windows gives its fields: `EventID`,
//! `Channel`, `Image`. Winlogbeat keeps them under `winlog`, the OpenTelemetry Collector under
//! names of its own. They are put beside what is there, which stays as it came.

use ringfence_event::Map;
use serde_json::Value;

use crate::path;

/// Where a collector keeps what Windows calls by the first name.
type Names = [(&'static str, &'static str); 5];

const WINLOGBEAT: Names = [
    ("EventID", "winlog.event_id"),
    ("Channel", "winlog.channel"),
    ("Computer", "winlog.computer_name"),
    ("Provider_Name", "winlog.provider_name"),
    ("EventRecordID", "winlog.record_id"),
];
const COLLECTOR: Names = [
    ("EventID", "event_id.id"),
    ("Channel", "channel"),
    ("Computer", "computer"),
    ("Provider_Name", "provider.name"),
    ("EventRecordID", "record_id"),
];

/// Puts the fields of a nested Windows event beside the others, under Windows' names.
pub(crate) fn lift(map: &mut Map) {
    // Every JSON record comes by here, and hardly any is one of these.
    let found: Map = if map.get("winlog").is_some_and(Value::is_object) {
        fields(map, &WINLOGBEAT, &["winlog.event_data", "winlog.user_data"])
    } else if map.get("event_id").is_some_and(Value::is_object) && map.contains_key("channel") {
        fields(map, &COLLECTOR, &["event_data", "user_data"])
    } else {
        return;
    };
    for (name, value) in found {
        map.entry(name).or_insert(value);
    }
}

fn fields(map: &Map, names: &Names, data: &[&str]) -> Map {
    let mut found = Map::new();
    for (name, place) in names {
        let Some(value) = path::get(map, place).filter(|v| !v.is_null()) else {
            continue;
        };
        // Winlogbeat 8 writes the number as text.
        let number = value.as_str().and_then(|text| text.parse::<i64>().ok());
        found.insert(
            (*name).to_owned(),
            number.map_or_else(|| value.clone(), Value::from),
        );
    }
    for place in data {
        match path::get(map, place) {
            // The Collector's older form: a list of objects with one name each.
            Some(Value::Object(data)) if data.get("data").is_some_and(Value::is_array) => {
                let items = data.get("data").and_then(Value::as_array);
                let pairs = items.into_iter().flatten().filter_map(Value::as_object);
                found.extend(pairs.flatten().map(|(k, v)| (k.clone(), v.clone())));
            }
            Some(Value::Object(data)) => {
                found.extend(data.iter().map(|(k, v)| (k.clone(), v.clone())));
            }
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn lifted(mut value: Value) -> Value {
        lift(value.as_object_mut().unwrap());
        value
    }

    #[test]
    fn winlogbeat_of_both_generations() {
        for id in [json!("4625"), json!(4625)] {
            let v = lifted(json!({
                "message": "An account failed to log on.",
                "winlog": {"event_id": id, "channel": "Security", "computer_name": "ws1",
                    "event_data": {"TargetUserName": "ann", "message": "inner"}},
            }));
            assert_eq!(v["EventID"], 4625);
            assert_eq!(v["Channel"], "Security");
            assert_eq!(v["Computer"], "ws1");
            assert_eq!(v["TargetUserName"], "ann");
            assert_eq!(v["message"], "An account failed to log on.");
            assert_eq!(v["winlog"]["event_data"]["TargetUserName"], "ann");
        }
    }

    #[test]
    fn the_collectors_receiver_in_both_forms() {
        for data in [
            json!({"Image": "a.exe"}),
            json!({"name": "", "data": [{"Image": "a.exe"}]}),
        ] {
            let v = lifted(json!({
                "event_id": {"id": 1, "qualifiers": 0}, "computer": "ws1",
                "channel": "Microsoft-Windows-Sysmon/Operational",
                "provider": {"name": "Microsoft-Windows-Sysmon"}, "event_data": data,
            }));
            assert_eq!(v["EventID"], 1);
            assert_eq!(v["Provider_Name"], "Microsoft-Windows-Sysmon");
            assert_eq!(v["Image"], "a.exe");
        }
    }

    #[test]
    fn others_stay_as_they_are() {
        for v in [
            json!({"winlog": "text"}),
            json!({"event_id": 7, "channel": "x"}),
            json!({}),
        ] {
            assert_eq!(lifted(v.clone()), v);
        }
    }
}
