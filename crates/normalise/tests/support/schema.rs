//! Checks events against the compiled OCSF schema (`ocsf/compiled.json`).

use std::collections::BTreeSet;
use std::sync::LazyLock;

use serde_json::{Map, Value};

static SCHEMA: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(&super::text("ocsf/compiled.json")).unwrap());

/// Everything that is wrong with an event, with the path of each.
pub fn mistakes(event: &Map<String, Value>) -> Vec<String> {
    let mut found = Vec::new();
    let uid = event.get("class_uid").unwrap().to_string();
    let Some(class) = SCHEMA["classes"].get(&uid) else {
        return vec![format!("class {uid} is not in the schema")];
    };
    let profiles: BTreeSet<&str> = event["metadata"]["profiles"]
        .as_array()
        .map(|all| all.iter().filter_map(Value::as_str).collect())
        .unwrap_or_default();
    object(event, class, "", &profiles, &mut found);
    let equal = |name: &str, wanted: &Value, found: &mut Vec<String>| {
        if event.get(name) != Some(wanted) {
            found.push(format!("{name} is {:?}, not {wanted}", event.get(name)));
        }
    };
    equal("class_name", &class["caption"], &mut found);
    equal("category_uid", &class["category_uid"], &mut found);
    let type_uid =
        event["class_uid"].as_u64().unwrap() * 100 + event["activity_id"].as_u64().unwrap();
    equal("type_uid", &type_uid.into(), &mut found);
    found
}

pub fn assert_valid(event: &ringfence_event::Event) {
    let ocsf = event.to_ocsf();
    let found = mistakes(&ocsf);
    let shown = serde_json::to_string_pretty(&ocsf).unwrap();
    assert!(found.is_empty(), "{found:#?}\n{shown}");
}

fn object(
    value: &Map<String, Value>,
    spec: &Value,
    path: &str,
    profiles: &BTreeSet<&str>,
    found: &mut Vec<String>,
) {
    let attributes = spec["attributes"].as_object().unwrap();
    for (name, value) in value {
        let here = if path.is_empty() {
            name.clone()
        } else {
            format!("{path}.{name}")
        };
        match attributes.get(name) {
            Some(attribute) => {
                in_profile(attribute, &here, profiles, found);
                check(value, attribute, &here, profiles, found);
            }
            None => found.push(format!("{here}: unknown attribute")),
        }
    }
    for (name, attribute) in attributes {
        let wanted = attribute["r"] == true && in_use(attribute, profiles);
        if wanted && !value.contains_key(name) {
            found.push(format!("{path}: required `{name}` is missing"));
        }
        captions(name, attribute, value, path, found);
    }
    let names = |kind: &str| -> Vec<&str> {
        let list = spec["constraints"][kind].as_array();
        list.map(|l| l.iter().filter_map(Value::as_str).collect())
            .unwrap_or_default()
    };
    let any = names("at_least_one");
    if !any.is_empty() && !any.iter().any(|name| value.contains_key(*name)) {
        found.push(format!("{path}: none of {any:?}"));
    }
    let one = names("just_one");
    if !one.is_empty() && one.iter().filter(|name| value.contains_key(**name)).count() != 1 {
        found.push(format!("{path}: not exactly one of {one:?}"));
    }
}

/// `x` beside an enumerated `x_id` (or `activity_name` beside `activity_id`) is its caption.
fn captions(
    name: &str,
    attribute: &Value,
    object: &Map<String, Value>,
    path: &str,
    found: &mut Vec<String>,
) {
    let (Some(captions), Some(stem)) = (attribute["e"].as_object(), name.strip_suffix("_id"))
    else {
        return;
    };
    let text = object
        .get(&format!("{stem}_name"))
        .or_else(|| object.get(stem));
    let (Some(id), Some(text)) = (object.get(name), text.and_then(Value::as_str)) else {
        return;
    };
    let caption = captions.get(&id.to_string()).and_then(Value::as_str);
    let same = caption.is_some_and(|c| c.eq_ignore_ascii_case(text));
    if id != 99 && !same {
        found.push(format!("{path}: {name} {id} is {caption:?}, not `{text}`"));
    }
}

fn in_use(attribute: &Value, profiles: &BTreeSet<&str>) -> bool {
    match attribute["p"].as_array() {
        Some(all) => all
            .iter()
            .filter_map(Value::as_str)
            .any(|p| profiles.contains(p)),
        None => true,
    }
}

fn in_profile(attribute: &Value, here: &str, profiles: &BTreeSet<&str>, found: &mut Vec<String>) {
    if !in_use(attribute, profiles) {
        found.push(format!("{here}: only with profile {}", attribute["p"]));
    }
}

fn check(
    value: &Value,
    attribute: &Value,
    here: &str,
    profiles: &BTreeSet<&str>,
    found: &mut Vec<String>,
) {
    if attribute["a"] != true {
        return single(value, attribute, here, profiles, found);
    }
    match value.as_array() {
        Some(items) => {
            for (place, item) in items.iter().enumerate() {
                single(
                    item,
                    attribute,
                    &format!("{here}[{place}]"),
                    profiles,
                    found,
                );
            }
        }
        None => found.push(format!("{here}: not a list")),
    }
}

fn single(
    value: &Value,
    attribute: &Value,
    here: &str,
    profiles: &BTreeSet<&str>,
    found: &mut Vec<String>,
) {
    if let Some(kind) = attribute["o"].as_str() {
        match value.as_object() {
            // OCSF's `object` is free.
            Some(_) if kind == "object" => {}
            Some(map) => object(map, &SCHEMA["objects"][kind], here, profiles, found),
            None => found.push(format!("{here}: not an object `{kind}`")),
        }
        return;
    }
    let kind = attribute["t"].as_str().unwrap();
    let base = SCHEMA["types"][kind].as_str().unwrap_or(kind);
    let fits = match base {
        "string_t" => value.is_string(),
        "boolean_t" => value.is_boolean(),
        "integer_t" => value.as_i64().is_some_and(|n| i32::try_from(n).is_ok()),
        "long_t" => value.is_i64() || value.is_u64(),
        "float_t" => value.is_number(),
        "json_t" => true,
        other => panic!("{here}: type `{other}` of the schema is not known to this test"),
    };
    if !fits {
        found.push(format!("{here}: {value} is no {kind}"));
    }
    if kind == "ip_t"
        && value
            .as_str()
            .is_none_or(|ip| ip.parse::<std::net::IpAddr>().is_err())
    {
        found.push(format!("{here}: {value} is no IP address"));
    }
    if let Some(captions) = attribute["e"].as_object() {
        let key = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned);
        if base == "integer_t" && !captions.contains_key(&key) {
            found.push(format!("{here}: {value} is not in the enumeration"));
        }
    }
}
