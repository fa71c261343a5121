//! What the engine asks of an event: fields by name, and all its text.

use std::borrow::Cow;

use serde_json::{Map, Value as Json};

/// How deep nested objects are walked for keywords and dotted paths.
const MOST_DEPTH: usize = 16;

/// An event that rules can be asked about.
pub trait Record {
    /// The field called `name`, or `None` where the event does not have it.
    /// `Some(Value::Null)` is a field that is there and empty.
    fn get(&self, name: &str) -> Option<Value<'_>>;

    /// Gives every text and number in the event to `f`, until `f` returns true.
    /// Keyword rules search what this yields.
    fn each_text(&self, f: &mut dyn FnMut(&str) -> bool);
}

/// A field's value.
#[derive(Debug, Clone, PartialEq)]
pub enum Value<'a> {
    /// Present without a value.
    Null,
    /// True or false; rules see the words `true` and `false`.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Any other number.
    Float(f64),
    /// Text.
    Str(Cow<'a, str>),
    /// Several values; a test holds if it holds for any of them.
    List(Vec<Value<'a>>),
    /// A nested object: present, but nothing to compare with.
    Object,
}

impl<'a> Value<'a> {
    /// A JSON value as a rule sees it.
    #[must_use]
    pub fn from_json(json: &'a Json) -> Self {
        match json {
            Json::Null => Self::Null,
            Json::Bool(b) => Self::Bool(*b),
            Json::Number(n) => match (n.as_i64(), n.as_f64()) {
                (Some(i), _) => Self::Int(i),
                // Past i64 the decimal text is exact and a float is not.
                _ if n.is_u64() => Self::Str(Cow::Owned(n.to_string())),
                (None, Some(f)) => Self::Float(f),
                (None, None) => Self::Str(Cow::Owned(n.to_string())),
            },
            Json::String(s) => Self::Str(Cow::Borrowed(s)),
            Json::Array(items) => Self::List(items.iter().map(Self::from_json).collect()),
            Json::Object(_) => Self::Object,
        }
    }

    /// The text that patterns are matched against; lists and objects have none.
    #[must_use]
    pub fn text(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Bool(true) => Some(Cow::Borrowed("true")),
            Self::Bool(false) => Some(Cow::Borrowed("false")),
            Self::Int(i) => Some(Cow::Owned(i.to_string())),
            Self::Float(f) => Some(Cow::Owned(match whole(*f) {
                Some(i) => i.to_string(),
                None => f.to_string(),
            })),
            Self::Str(s) => Some(Cow::Borrowed(s)),
            Self::Null | Self::List(_) | Self::Object => None,
        }
    }

    /// Calls `f` with this value, or with each element of a list (of lists).
    pub(crate) fn each(&self, f: &mut dyn FnMut(&Value<'_>)) {
        match self {
            Self::List(items) => items.iter().for_each(|item| item.each(f)),
            one => f(one),
        }
    }
}

/// The integer that a float stands for, if it stands for one exactly.
/// `10.0` and `10` are one number to a rule, whichever way the log wrote it.
pub(crate) fn whole(f: f64) -> Option<i64> {
    const LIMIT: f64 = 9_223_372_036_854_774_784.0; // largest f64 below 2^63
    #[allow(
        clippy::cast_possible_truncation,
        reason = "whole and within i64, checked here"
    )]
    (f.fract() == 0.0 && f.abs() <= LIMIT).then_some(f as i64)
}

/// The event's own key first, then a dotted path through nested objects; a list on
/// the way stands for each of its elements.
impl Record for Map<String, Json> {
    fn get(&self, name: &str) -> Option<Value<'_>> {
        match Map::get(self, name) {
            Some(json) => Some(Value::from_json(json)),
            None if name.contains('.') => path(self, name, MOST_DEPTH),
            None => None,
        }
    }

    fn each_text(&self, f: &mut dyn FnMut(&str) -> bool) {
        for json in self.values() {
            if texts(json, f, MOST_DEPTH) {
                return;
            }
        }
    }
}

fn path<'a>(map: &'a Map<String, Json>, name: &str, depth: usize) -> Option<Value<'a>> {
    if let Some(json) = Map::get(map, name) {
        return Some(Value::from_json(json));
    }
    if depth == 0 {
        return None;
    }
    // The shortest head that is a key decides: no backtracking, so hostile keys
    // cannot make a look-up expensive.
    let (head, rest) = name
        .match_indices('.')
        .filter_map(|(at, _)| Some((map.get_key_value(name.get(..at)?)?.1, name.get(at + 1..)?)))
        .next()?;
    match head {
        Json::Object(inner) => path(inner, rest, depth - 1),
        Json::Array(items) => {
            let found: Vec<_> = items
                .iter()
                .filter_map(|item| path(item.as_object()?, rest, depth - 1))
                .collect();
            (!found.is_empty()).then_some(Value::List(found))
        }
        _ => None,
    }
}

fn texts(json: &Json, f: &mut dyn FnMut(&str) -> bool, depth: usize) -> bool {
    match json {
        Json::Null => false,
        Json::Array(items) => depth > 0 && items.iter().any(|item| texts(item, f, depth - 1)),
        Json::Object(map) => depth > 0 && map.values().any(|item| texts(item, f, depth - 1)),
        scalar => Value::from_json(scalar).text().is_some_and(|text| f(&text)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn get(json: &Json, name: &str) -> Option<String> {
        Record::get(json.as_object().unwrap(), name).map(|v| format!("{v:?}"))
    }

    #[test]
    fn own_key_wins_over_path_and_lists_spread() {
        let event = json!({"a.b": 1, "a": {"b": 2, "c": [{"d": 3}, {"d": null}, {"e": 0}]}});
        assert_eq!(get(&event, "a.b").unwrap(), "Int(1)");
        assert_eq!(get(&event, "a.c.d").unwrap(), "List([Int(3), Null])");
        assert_eq!(get(&event, "a.x"), None);
        assert_eq!(get(&event, "a").unwrap(), "Object");
    }

    #[test]
    fn whole_floats_read_like_integers() {
        assert_eq!(
            Value::Float(4_611_686_018_427_387_904.0).text().unwrap(),
            "4611686018427387904"
        );
        assert_eq!(Value::Float(1.5).text().unwrap(), "1.5");
    }
}
