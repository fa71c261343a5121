//! Which attributes an answer has (RFC 7644, section 3.9).

use serde_json::Value;

use crate::path::{Named, named};
use crate::resource::Object;
use crate::schema::{Attribute, Place, ResourceType};

/// The attributes that a client wants, or does not want.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    only: Vec<String>,
    without: Vec<String>,
}

impl Selection {
    /// From the two parameters, each a list of names with commas between them.
    #[must_use]
    pub fn new(attributes: Option<&str>, excluded: Option<&str>) -> Self {
        let names = |text: Option<&str>| {
            let names = text.unwrap_or_default().split(',').map(str::trim);
            names
                .filter(|name| !name.is_empty())
                .map(str::to_owned)
                .collect()
        };
        Self {
            only: names(attributes),
            without: names(excluded),
        }
    }

    /// Whether an answer needs an attribute of this name at all; for what costs something to find.
    #[must_use]
    pub fn wants(&self, of: &ResourceType, attribute: &str) -> bool {
        let names = |list: &[String]| {
            list.iter().any(|name| match named(of, name) {
                Named::Attribute(place, _) => place.attribute.name == attribute,
                _ => false,
            })
        };
        let whole = |name: &String| {
            matches!(named(of, name), Named::Attribute(place, None)
            if place.attribute.name == attribute)
        };
        match self.only.is_empty() {
            true => !self.without.iter().any(whole),
            false => names(&self.only),
        }
    }

    /// Takes out what is not wanted. What is always returned stays, and so does `schemas`.
    pub fn apply(&self, of: &ResourceType, resource: &mut Object) {
        if !self.only.is_empty() {
            let mut kept = Object::new();
            if let Some(schemas) = resource.get("schemas") {
                kept.insert("schemas".to_owned(), schemas.clone());
            }
            for place in of.places().filter(|place| place.attribute.always) {
                take(resource, &mut kept, place, None);
            }
            for name in &self.only {
                match named(of, name) {
                    Named::Attribute(place, part) => take(resource, &mut kept, place, part),
                    Named::Extension(id) => {
                        if let Some(value) = resource.get(id) {
                            kept.insert(id.to_owned(), value.clone());
                        }
                    }
                    Named::PassedOver | Named::Nothing => {}
                }
            }
            *resource = kept;
        }
        for name in &self.without {
            match named(of, name) {
                Named::Attribute(place, part) if !place.attribute.always => {
                    leave_out(resource, place, part);
                }
                Named::Extension(id) => drop(resource.shift_remove(id)),
                _ => {}
            }
        }
    }
}

fn inner(resource: &mut Object, place: Place) -> Option<&mut Object> {
    match place.extension {
        None => Some(resource),
        Some(id) => resource.get_mut(id)?.as_object_mut(),
    }
}

fn take(from: &mut Object, into: &mut Object, place: Place, part: Option<&Attribute>) {
    let name = place.attribute.name;
    let Some(value) = inner(from, place)
        .and_then(|inner| inner.get(name))
        .cloned()
    else {
        return;
    };
    let into = match place.extension {
        None => into,
        Some(id) => {
            let inner = into.entry(id).or_insert_with(|| Object::new().into());
            let Some(inner) = inner.as_object_mut() else {
                return;
            };
            inner
        }
    };
    let Some(part) = part else {
        into.insert(name.to_owned(), value);
        return;
    };
    let only = |value: &Value, before: Option<&Value>| {
        let mut kept = before
            .and_then(Value::as_object)
            .cloned()
            .unwrap_or_default();
        if let Some(value) = value.get(part.name) {
            kept.insert(part.name.to_owned(), value.clone());
        }
        Value::Object(kept)
    };
    let before = into.get(name);
    let kept = match &value {
        Value::Array(values) => {
            let values = values.iter().enumerate();
            values
                .map(|(at, value)| only(value, before.and_then(|before| before.get(at))))
                .collect()
        }
        value => only(value, before),
    };
    into.insert(name.to_owned(), kept);
}

fn leave_out(resource: &mut Object, place: Place, part: Option<&Attribute>) {
    let name = place.attribute.name;
    let Some(inner) = inner(resource, place) else {
        return;
    };
    let Some(part) = part else {
        inner.shift_remove(name);
        return;
    };
    let values = match inner.get_mut(name) {
        Some(Value::Array(values)) => values.iter_mut().collect(),
        Some(value) => vec![value],
        None => Vec::new(),
    };
    for value in values.into_iter().filter_map(Value::as_object_mut) {
        value.shift_remove(part.name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{AGENT_EXTENSION, USER};
    use serde_json::json;

    fn selected(attributes: &str, excluded: &str) -> Value {
        let ann = json!({
            "schemas": ["s"], "id": "7", "userName": "ann", "name": {"givenName": "A", "familyName": "L"},
            "emails": [{"value": "a@x", "type": "work"}, {"value": "b@x"}],
            AGENT_EXTENSION: {"agent": "4711"},
        });
        let mut ann = ann.as_object().unwrap().clone();
        Selection::new(Some(attributes), Some(excluded)).apply(&USER, &mut ann);
        ann.into()
    }

    #[test]
    fn an_answer_has_what_was_asked_for() {
        let with = |more: Value| {
            let mut all = json!({"schemas": ["s"], "id": "7"});
            all.as_object_mut()
                .unwrap()
                .extend(more.as_object().unwrap().clone());
            all
        };
        assert_eq!(selected("username", ""), with(json!({"userName": "ann"})));
        assert_eq!(selected("nothing", ""), with(json!({})));
        assert_eq!(
            selected("name.givenName, emails.value", ""),
            with(
                json!({"name": {"givenName": "A"}, "emails": [{"value": "a@x"}, {"value": "b@x"}]})
            )
        );
        assert_eq!(
            selected(&format!("{AGENT_EXTENSION}:agent"), ""),
            with(json!({AGENT_EXTENSION: {"agent": "4711"}}))
        );
        let left = selected("", "id,schemas,emails,name.givenName");
        assert_eq!(
            left,
            with(json!({
                "userName": "ann", "name": {"familyName": "L"}, AGENT_EXTENSION: {"agent": "4711"}
            }))
        );
        assert!(selected("", AGENT_EXTENSION).get(AGENT_EXTENSION).is_none());
    }

    #[test]
    fn tells_what_need_not_be_found() {
        let wants =
            |attributes, excluded| Selection::new(attributes, excluded).wants(&USER, "groups");
        assert!(wants(None, None));
        assert!(wants(Some("groups.value"), None));
        assert!(!wants(Some("userName"), None));
        assert!(!wants(None, Some("groups")));
        assert!(wants(None, Some("groups.value")));
    }
}
