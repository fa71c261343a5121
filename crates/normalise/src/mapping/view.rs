//! A record as a rule sees it: whole, or from one element of a list in it.
//!
//! A rule with `each` makes one event of each element. Inside it, a path through the list means
//! the element at hand, where elsewhere it would mean the first; and the record that the event
//! keeps holds that one element alone, so that rules for detection see the same.

use ringfence_event::Map;
use serde_json::Value;

use crate::parsed::Parsed;
use crate::path;

/// A record and the element at hand.
#[derive(Debug, Clone, Copy)]
pub(super) struct View<'a> {
    pub parsed: &'a Parsed,
    focus: Option<&'a Focus<'a>>,
}

/// One element of a list, and the element around it.
#[derive(Debug, Clone, Copy)]
struct Focus<'a> {
    /// Dotted path of the list.
    path: &'a str,
    value: &'a Value,
    outer: Option<&'a Focus<'a>>,
}

impl<'a> View<'a> {
    pub const fn whole(parsed: &'a Parsed) -> Self {
        Self {
            parsed,
            focus: None,
        }
    }

    /// The field under a dotted path.
    pub fn get(&self, name: &str) -> Option<&'a Value> {
        let mut focus = self.focus;
        while let Some(at) = focus {
            match name.strip_prefix(at.path) {
                Some("") => return Some(at.value),
                // With a place in the list written out, another element is meant.
                Some(rest) if rest.starts_with('.') && !starts_with_place(rest) => {
                    return path::step(at.value, rest.get(1..).unwrap_or_default());
                }
                _ => focus = at.outer,
            }
        }
        path::get(&self.parsed.fields, name)
    }

    /// Text of the field, if it is a scalar that is not empty.
    pub fn text(&self, name: &str) -> Option<std::borrow::Cow<'a, str>> {
        self.get(name)
            .and_then(path::text)
            .filter(|s| !s.is_empty())
    }

    /// The record with the lists on the way cut down to the elements at hand.
    pub fn record(&self) -> Map {
        let mut on_the_way = Vec::new();
        let mut focus = self.focus;
        while let Some(at) = focus {
            on_the_way.push(*at);
            focus = at.outer;
        }
        narrow(&self.parsed.fields, 0, &on_the_way)
    }
}

/// Whether `.3.rest` begins with a place in a list.
fn starts_with_place(rest: &str) -> bool {
    rest.split('.')
        .nth(1)
        .is_some_and(|part| part.parse::<usize>().is_ok())
}

/// A copy of an object that does not copy what it leaves out. `from` is how much of the paths is
/// behind us.
fn narrow(map: &Map, from: usize, on_the_way: &[Focus<'_>]) -> Map {
    let Some(next) = on_the_way.last() else {
        return map.clone();
    };
    let head = next.path.get(from..).unwrap_or_default();
    let name = head.split('.').next().unwrap_or_default();
    let at = from + name.len();
    let mut out = Map::new();
    for (key, value) in map {
        let value = match value {
            Value::Array(_) if key == name && at == next.path.len() => {
                let inner = on_the_way.split_last().map_or(&[][..], |(_, inner)| inner);
                let element = match next.value {
                    Value::Object(element) => Value::Object(narrow(element, at + 1, inner)),
                    other => other.clone(),
                };
                Value::Array(vec![element])
            }
            Value::Object(inner) if key == name && at < next.path.len() => {
                Value::Object(narrow(inner, at + 1, on_the_way))
            }
            other => other.clone(),
        };
        out.insert(key.clone(), value);
    }
    out
}

/// Calls `one` for each element that `path` leads to, through any list on the way; stops when it
/// answers false.
pub(super) fn each<'a>(
    parsed: &'a Parsed,
    path: &'a str,
    one: &mut dyn FnMut(View<'_>) -> bool,
) -> bool {
    let (head, rest) = split(path);
    let Some(value) = parsed.fields.get(head) else {
        return true;
    };
    walk(parsed, value, path, head.len(), rest, None, one)
}

fn walk(
    parsed: &Parsed,
    value: &Value,
    path: &str,
    so_far: usize,
    rest: Option<&str>,
    outer: Option<&Focus<'_>>,
    one: &mut dyn FnMut(View<'_>) -> bool,
) -> bool {
    let here = path.get(..so_far).unwrap_or_default();
    match (value, rest) {
        (Value::Array(items), _) => items.iter().all(|item| {
            let focus = Focus {
                path: here,
                value: item,
                outer,
            };
            match (rest, item) {
                (None, _) => one(View {
                    parsed,
                    focus: Some(&focus),
                }),
                (Some(rest), Value::Object(map)) => {
                    let (head, tail) = split(rest);
                    map.get(head).is_none_or(|next| {
                        let so_far = so_far + 1 + head.len();
                        walk(parsed, next, path, so_far, tail, Some(&focus), one)
                    })
                }
                (Some(_), _) => true,
            }
        }),
        (Value::Object(map), Some(rest)) => {
            let (head, tail) = split(rest);
            map.get(head).is_none_or(|next| {
                let so_far = so_far + 1 + head.len();
                walk(parsed, next, path, so_far, tail, outer, one)
            })
        }
        // No list where one is wanted: there is nothing to make events of.
        _ => true,
    }
}

fn split(path: &str) -> (&str, Option<&str>) {
    match path.split_once('.') {
        Some((head, rest)) => (head, Some(rest)),
        None => (path, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn each_element_is_seen_with_what_is_around_it_and_kept_alone() {
        let parsed = Parsed {
            fields: json!({
                "id": "c1",
                "p": [
                    {"who": "ann", "s": [{"g": [{"t": 1}, {"t": 2}]}]},
                    {"who": "bob", "s": [{"g": []}, {"g": [{"t": 3}]}]},
                    {"who": "eve"},
                ],
            })
            .as_object()
            .unwrap()
            .clone(),
            ..Parsed::default()
        };
        let mut seen = Vec::new();
        each(&parsed, "p.s.g", &mut |view| {
            let text = |name| view.text(name).unwrap_or_default().into_owned();
            seen.push(format!(
                "{} {} {}",
                text("id"),
                text("p.who"),
                text("p.s.g.t")
            ));
            assert_eq!(text("p.0.who"), "ann", "a place that is written out");
            if view.text("p.s.g.t").as_deref() == Some("3") {
                let want = json!({"id": "c1", "p": [{"who": "bob", "s": [{"g": [{"t": 3}]}]}]});
                assert_eq!(Value::Object(view.record()), want);
            }
            true
        });
        assert_eq!(seen, ["c1 ann 1", "c1 ann 2", "c1 bob 3"]);
        let mut count = 0;
        assert!(!each(&parsed, "p.s.g", &mut |_| {
            count += 1;
            count < 2
        }));
        assert!(each(&parsed, "id", &mut |_| false), "no list, no element");
    }
}
