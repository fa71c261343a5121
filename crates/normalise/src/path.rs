//! Dotted paths into records and OCSF objects.

use std::borrow::Cow;

use ringfence_event::Map;
use serde_json::Value;

/// Finds a field: first under the whole name, then as a dotted path. A number on the path is a
/// place in a list; without one, a list means its first element, as in rules.
pub(crate) fn get<'a>(map: &'a Map, name: &str) -> Option<&'a Value> {
    if let Some(value) = map.get(name) {
        return Some(value);
    }
    let (head, rest) = name.split_once('.')?;
    step(map.get(head)?, rest)
}

/// The same from a value on the way.
pub(crate) fn step<'a>(value: &'a Value, rest: &str) -> Option<&'a Value> {
    match value {
        Value::Object(map) => get(map, rest),
        Value::Array(items) => {
            let (head, tail) = match rest.split_once('.') {
                Some((head, tail)) => (head, Some(tail)),
                None => (rest, None),
            };
            match (head.parse::<usize>(), tail) {
                (Ok(at), None) => items.get(at),
                (Ok(at), Some(tail)) => step(items.get(at)?, tail),
                (Err(_), _) => step(items.first()?, rest),
            }
        }
        _ => None,
    }
}

/// Text of a scalar; objects, lists and null have none.
pub(crate) fn text(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::String(s) => Some(Cow::Borrowed(s)),
        Value::Number(n) => Some(Cow::Owned(n.to_string())),
        Value::Bool(b) => Some(Cow::Borrowed(if *b { "true" } else { "false" })),
        _ => None,
    }
}

/// Text of the field under a name, if it is a scalar that is not empty.
pub(crate) fn get_text<'a>(map: &'a Map, name: &str) -> Option<Cow<'a, str>> {
    get(map, name).and_then(text).filter(|s| !s.is_empty())
}

/// One step of an OCSF path in a mapping file: an attribute, or a place in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    /// Attribute of an object.
    Name(String),
    /// Place in a list, below 16.
    Index(usize),
}

/// Reads `web_resources[0].uid` or `web_resources.0.uid`.
pub(crate) fn steps(path: &str) -> Option<Vec<Step>> {
    let mut out = Vec::new();
    for part in path.replace('[', ".").replace(']', "").split('.') {
        let step = match part.parse::<usize>() {
            Ok(index) if index < 16 && !out.is_empty() => Step::Index(index),
            Ok(_) => return None,
            Err(_) => Step::Name(part.to_owned()),
        };
        let clean = part
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
        if part.is_empty() || !clean || out.len() >= 12 {
            return None;
        }
        out.push(step);
    }
    Some(out)
}

/// Puts a value at a path and makes the objects and lists on the way. What stands in the way and
/// is neither stays, and the value is not put.
pub(crate) fn put(map: &mut Map, path: &[Step], value: Value) -> bool {
    let Some((Step::Name(first), rest)) = path.split_first() else {
        return false;
    };
    put_in(
        map.entry(first.as_str()).or_insert(Value::Null),
        rest,
        value,
    )
}

fn put_in(at: &mut Value, path: &[Step], value: Value) -> bool {
    let Some((first, rest)) = path.split_first() else {
        *at = value;
        return true;
    };
    match first {
        Step::Name(name) => {
            if at.is_null() {
                *at = Value::Object(Map::new());
            }
            let Value::Object(map) = at else { return false };
            put_in(map.entry(name.as_str()).or_insert(Value::Null), rest, value)
        }
        Step::Index(index) => {
            if at.is_null() {
                *at = Value::Array(Vec::new());
            }
            let Value::Array(items) = at else {
                return false;
            };
            while items.len() <= *index {
                items.push(Value::Null);
            }
            items
                .get_mut(*index)
                .is_some_and(|item| put_in(item, rest, value))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn whole_names_win_over_paths_and_lists_mean_their_first() {
        let v = json!({"a.b": 1, "a": {"b": 2, "c": [{"d": 3}, {"d": 4}]}});
        let map = v.as_object().unwrap();
        assert_eq!(get(map, "a.b"), Some(&json!(1)));
        assert_eq!(get(map, "a.c.d"), Some(&json!(3)));
        assert_eq!(get(map, "a.c.1.d"), Some(&json!(4)));
        assert_eq!(get(map, "a.c.x"), None);
    }

    #[test]
    fn paths_are_built_on_the_way() {
        let mut map = Map::new();
        let path = steps("web_resources[0].uid").unwrap();
        assert!(put(&mut map, &path, json!("C1")));
        assert!(!put(
            &mut map,
            &steps("web_resources.0.uid.deeper").unwrap(),
            json!(1)
        ));
        assert_eq!(
            Value::Object(map),
            json!({"web_resources": [{"uid": "C1"}]})
        );
        for bad in ["", "a..b", "a[99]", "0.a", "a b", "A"] {
            assert_eq!(steps(bad), None, "{bad}");
        }
    }
}
