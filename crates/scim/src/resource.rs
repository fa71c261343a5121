//! A resource as a client writes it.

use serde_json::{Map, Value};

use crate::error::ScimError;
use crate::path::{Named, named};
use crate::schema::{Attribute, Kind, Mutability, Place, ResourceType, part};

/// A resource, by the names that its schema gives: what is known, and nothing else. Attributes of an
/// extension are in an object under its URN.
pub type Object = Map<String, Value>;

/// Longest text, bytes.
const MOST_TEXT: usize = 1_024;
/// Most values of an attribute other than the members of a group.
const MOST_VALUES: usize = 32;
/// Most members of a group.
const MOST_MEMBERS: usize = 20_000;

/// Reads a resource to be made, or to take the place of another. What only the server sets, and what it
/// does not keep, is passed over (RFC 7644, sections 3.3 and 3.5.1).
///
/// # Errors
/// When it is no object, a value is of another kind than its schema says, or a required one is absent.
pub fn read(of: &ResourceType, document: &Value) -> Result<Object, ScimError> {
    let document = document
        .as_object()
        .ok_or_else(|| ScimError::syntax("the body is not a JSON object"))?;
    must_be_of(of, document)?;
    let mut object = Object::new();
    merge(of, &mut object, document, |into, place, value| {
        set(into, place, value);
        Ok(())
    })?;
    must_be_whole(of, &object)?;
    Ok(object)
}

/// Whether it says that it is of this type, where it says anything.
fn must_be_of(of: &ResourceType, document: &Object) -> Result<(), ScimError> {
    let (_, schemas) = match document
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case("schemas"))
    {
        Some(found) => found,
        None => {
            return Err(ScimError::value(format!(
                "schemas: `{}` is missing",
                of.schema.id
            )));
        }
    };
    let known = |schema: &Value| {
        let schema = schema.as_str();
        schema.is_some_and(|schema| schema.eq_ignore_ascii_case(of.schema.id))
    };
    match schemas.as_array().is_some_and(|all| all.iter().any(known)) {
        true => Ok(()),
        false => Err(ScimError::value(format!(
            "schemas: `{}` is not among them",
            of.schema.id
        ))),
    }
}

/// Nothing that is required was left out or taken away.
pub(crate) fn must_be_whole(of: &ResourceType, object: &Object) -> Result<(), ScimError> {
    let missing = of.places().find(|place| {
        let there = container(object, place.extension)
            .is_some_and(|inner| inner.contains_key(place.attribute.name));
        place.attribute.required && !there
    });
    match missing {
        Some(place) => Err(ScimError::value(format!(
            "{}: is required",
            place.attribute.name
        ))),
        None => Ok(()),
    }
}

/// Hands on each known attribute of a document that clients may set.
pub(crate) fn merge(
    of: &ResourceType,
    into: &mut Object,
    document: &Object,
    mut each: impl FnMut(&mut Object, Place, Value) -> Result<(), ScimError>,
) -> Result<(), ScimError> {
    for (name, value) in document {
        match named(of, name) {
            Named::Attribute(place, None) => {
                if place.attribute.mutability != Mutability::ReadOnly {
                    each(into, place, canonical(place.attribute, value)?)?;
                }
            }
            // Entra ID writes `name.givenName` as a name in an object.
            Named::Attribute(place, Some(part)) => {
                if part.mutability == Mutability::ReadWrite && !place.attribute.many {
                    let mut whole = current(into, place).unwrap_or_default();
                    put(&mut whole, part.name, canonical(part, value)?);
                    set(into, place, Value::Object(whole));
                }
            }
            Named::Extension(id) => {
                let inner = match value {
                    Value::Null => continue,
                    Value::Object(inner) => inner,
                    _ => return Err(ScimError::value(format!("{id}: is not an object"))),
                };
                for (name, value) in inner {
                    if let Some(place) = of.place(Some(id), name) {
                        each(into, place, canonical(place.attribute, value)?)?;
                    }
                }
            }
            Named::PassedOver | Named::Nothing => {}
        }
    }
    Ok(())
}

fn current(object: &Object, place: Place) -> Option<Object> {
    container(object, place.extension)?
        .get(place.attribute.name)?
        .as_object()
        .cloned()
}

/// The object that the attributes of an extension, or the resource's own, stand in.
pub(crate) fn container<'o>(object: &'o Object, extension: Option<&str>) -> Option<&'o Object> {
    match extension {
        None => Some(object),
        Some(id) => object.get(id)?.as_object(),
    }
}

/// The values of an attribute that has several, to change them where they stand.
pub(crate) fn values_mut(object: &mut Object, place: Place) -> Option<&mut Vec<Value>> {
    let inner = match place.extension {
        None => object,
        Some(id) => object.get_mut(id)?.as_object_mut()?,
    };
    inner.get_mut(place.attribute.name)?.as_array_mut()
}

/// Sets an attribute; nothing, an empty list and an object of nothings take it away (RFC 7643, section 2.5).
pub(crate) fn set(object: &mut Object, place: Place, value: Value) {
    let name = place.attribute.name;
    match place.extension {
        None => put(object, name, value),
        Some(id) => {
            let inner = object.entry(id).or_insert_with(|| Object::new().into());
            if let Some(inner) = inner.as_object_mut() {
                put(inner, name, value);
                if inner.is_empty() {
                    object.remove(id);
                }
            }
        }
    }
}

pub(crate) fn put(object: &mut Object, name: &str, value: Value) {
    let nothing = match &value {
        Value::Null => true,
        Value::Array(values) => values.is_empty(),
        Value::Object(parts) => parts.is_empty(),
        _ => false,
    };
    match nothing {
        // A later attribute does not take the place of this one in the order.
        true => drop(object.shift_remove(name)),
        false => drop(object.insert(name.to_owned(), value)),
    }
}

/// An attribute has no more values than it may.
pub(crate) fn must_fit(attribute: &Attribute, count: usize) -> Result<(), ScimError> {
    let most = match attribute.name {
        "members" => MOST_MEMBERS,
        _ => MOST_VALUES,
    };
    match count <= most {
        true => Ok(()),
        false => Err(ScimError::value(format!(
            "{}: at most {most}",
            attribute.name
        ))),
    }
}

/// A value as its schema has it: names in their own case, nothing unknown in it.
pub(crate) fn canonical(attribute: &Attribute, value: &Value) -> Result<Value, ScimError> {
    if attribute.many {
        must_fit(attribute, value.as_array().map_or(1, Vec::len))?;
    }
    canonical_of_any_size(attribute, value)
}

/// The same of however many: what is taken away is never too much.
pub(crate) fn canonical_of_any_size(
    attribute: &Attribute,
    value: &Value,
) -> Result<Value, ScimError> {
    if value.is_null() {
        return Ok(Value::Null);
    }
    if !attribute.many {
        return single(attribute, value);
    }
    let one = std::slice::from_ref(value);
    let values = value.as_array().map_or(one, Vec::as_slice);
    let values = values.iter().map(|value| single(attribute, value));
    let mut values = values.collect::<Result<Vec<_>, _>>()?;
    tidy(&mut values);
    Ok(Value::Array(values))
}

/// Takes out values that say nothing. One is the primary one; the last that says so (RFC 7643, section 2.4).
pub(crate) fn tidy(values: &mut Vec<Value>) {
    values.retain(|value| value.as_object().is_none_or(|parts| !parts.is_empty()));
    let primary = values.iter_mut().rev().filter(|value| is_primary(value));
    primary.skip(1).for_each(not_primary);
}

pub(crate) fn not_primary(value: &mut Value) {
    if let Some(parts) = value.as_object_mut() {
        parts.insert("primary".to_owned(), false.into());
    }
}

pub(crate) fn is_primary(value: &Value) -> bool {
    value.get("primary") == Some(&Value::Bool(true))
}

fn single(attribute: &Attribute, value: &Value) -> Result<Value, ScimError> {
    let name = attribute.name;
    let wrong = |what: &str| Err(ScimError::value(format!("{name}: is not {what}")));
    match (attribute.kind, value) {
        (Kind::Text | Kind::Reference(_) | Kind::DateTime, Value::String(text)) => {
            if text.len() > MOST_TEXT {
                let detail = format!("{name}: has more than {MOST_TEXT} bytes");
                return Err(ScimError::value(detail));
            }
            Ok(value.clone())
        }
        (Kind::Text | Kind::Reference(_) | Kind::DateTime, _) => wrong("a text"),
        (Kind::Bool, Value::Bool(_)) => Ok(value.clone()),
        // Entra ID writes "True" and "False".
        (Kind::Bool, Value::String(text)) if text.eq_ignore_ascii_case("true") => Ok(true.into()),
        (Kind::Bool, Value::String(text)) if text.eq_ignore_ascii_case("false") => Ok(false.into()),
        (Kind::Bool, _) => wrong("true or false"),
        (Kind::Complex(_), Value::Object(parts)) => {
            let mut whole = Object::new();
            for (name, value) in parts {
                if let Some(part) =
                    part(attribute, name).filter(|part| part.mutability != Mutability::ReadOnly)
                {
                    put(&mut whole, part.name, canonical(part, value)?);
                }
            }
            Ok(Value::Object(whole))
        }
        (Kind::Complex(_), _) => wrong("an object"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{AGENT_EXTENSION, GROUP, USER};
    use serde_json::json;

    const CORE: &str = "urn:ietf:params:scim:schemas:core:2.0:User";

    #[test]
    fn keeps_what_the_schema_knows_by_its_own_names() {
        let read = read(
            &USER,
            &json!({
                "schemas": [CORE, AGENT_EXTENSION], "USERNAME": "Ann", "id": "mine", "password": "x",
                "meta": {"location": "x"}, "groups": [{"value": "admins"}], "roles": [{"value": "admin"}],
                "name": {"GivenName": "Ann", "shoe": 1}, "active": "False", "emails": [
                    {"value": "a@x", "primary": true}, {"value": "b@x", "primary": true}, {}],
                "displayName": null, "name.familyName": "Lee", "shoeSize": 43,
                AGENT_EXTENSION.to_uppercase(): {"Agent": "4711"},
            }),
        );
        assert_eq!(
            Value::Object(read.unwrap()),
            json!({
                "userName": "Ann", "name": {"givenName": "Ann", "familyName": "Lee"}, "active": false,
                "emails": [{"value": "a@x", "primary": false}, {"value": "b@x", "primary": true}],
                AGENT_EXTENSION: {"agent": "4711"},
            })
        );
    }

    #[test]
    fn says_what_is_wrong() {
        let group = "urn:ietf:params:scim:schemas:core:2.0:Group";
        for (of, document, detail) in [
            (&USER, json!([]), "the body is not a JSON object"),
            (&USER, json!({"userName": "x"}), "is missing"),
            (
                &USER,
                json!({"schemas": [group], "userName": "x"}),
                "is not among them",
            ),
            (&USER, json!({"schemas": [CORE]}), "userName: is required"),
            (
                &USER,
                json!({"schemas": [CORE], "userName": null}),
                "userName: is required",
            ),
            (
                &USER,
                json!({"schemas": [CORE], "userName": 5}),
                "userName: is not a text",
            ),
            (
                &USER,
                json!({"schemas": [CORE], "userName": "x", "active": "no"}),
                "active: is not true or false",
            ),
            (
                &USER,
                json!({"schemas": [CORE], "userName": "x", "name": "x"}),
                "name: is not an object",
            ),
            (
                &USER,
                json!({"schemas": [CORE], "userName": "x".repeat(2000)}),
                "has more than",
            ),
            (
                &GROUP,
                json!({"schemas": [group], "displayName": "x", "members": vec![json!({}); 20_001]}),
                "at most",
            ),
        ] {
            let error = read(of, &document).unwrap_err();
            assert!(error.detail.contains(detail), "{}", error.detail);
            assert!(error.kind.is_some());
        }
    }
}
