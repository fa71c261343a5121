//! Patches (RFC 7644, section 3.5.2).

use serde_json::Value;

use crate::error::ScimError;
use crate::filter::Filter;
use crate::path::{Target, target};
use crate::resource::{
    Object, canonical, container, is_primary, merge, must_be_whole, not_primary, put, set,
};
use crate::schema::{Attribute, Mutability, Place, ResourceType};

/// Most operations in one request.
const MOST_OPERATIONS: usize = 1_000;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Operation {
    Add,
    Replace,
    Remove,
}

/// Applies a patch to a resource: all of it, or, with an error, none of it.
///
/// # Errors
/// When the request is no patch, a path leads nowhere, a value is of the wrong kind, or what only the
/// server sets is to be changed.
pub fn patch(
    of: &'static ResourceType,
    resource: &Object,
    request: &Value,
) -> Result<Object, ScimError> {
    let operations = field(request, "Operations").and_then(Value::as_array);
    let operations =
        operations.ok_or_else(|| ScimError::syntax("Operations: is not a list of operations"))?;
    if operations.len() > MOST_OPERATIONS {
        let detail = format!("Operations: at most {MOST_OPERATIONS}");
        return Err(ScimError::syntax(detail));
    }
    let mut changed = resource.clone();
    for operation in operations {
        apply(of, &mut changed, operation)?;
    }
    must_be_whole(of, &changed)?;
    Ok(changed)
}

/// A field of a request, by its name in whatever case.
fn field<'v>(of: &'v Value, name: &str) -> Option<&'v Value> {
    let fields = of.as_object()?;
    fields
        .iter()
        .find_map(|(known, value)| known.eq_ignore_ascii_case(name).then_some(value))
}

fn apply(of: &'static ResourceType, into: &mut Object, request: &Value) -> Result<(), ScimError> {
    let word = field(request, "op")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let operation = match word.to_ascii_lowercase().as_str() {
        "add" => Operation::Add,
        "replace" => Operation::Replace,
        "remove" => Operation::Remove,
        _ => return Err(ScimError::syntax("op: is add, replace or remove")),
    };
    let value = field(request, "value");
    let path = match field(request, "path") {
        None | Some(Value::Null) => None,
        Some(Value::String(path)) => Some(path.as_str()),
        Some(_) => return Err(ScimError::path("path: is not a text")),
    };
    let Some(path) = path else {
        let Some(Value::Object(value)) = value else {
            return match operation {
                Operation::Remove => Err(ScimError::target("remove: say what, with a path")),
                _ => Err(ScimError::value("value: without a path it is an object")),
            };
        };
        if operation == Operation::Remove {
            return Err(ScimError::target("remove: say what, with a path"));
        }
        return merge(of, into, value, |into, place, value| {
            write(into, place, value, operation);
        });
    };
    match target(of, path)? {
        Target::PassedOver => Ok(()),
        Target::Extension(id) => extension(of, into, id, operation, value),
        Target::Values {
            place,
            picked,
            part,
        } => {
            if place.attribute.mutability == Mutability::ReadOnly {
                return Err(ScimError::read_only(place.attribute.name));
            }
            if let Some(part) = part.filter(|part| part.mutability != Mutability::ReadWrite) {
                return Err(ScimError::read_only(part.name));
            }
            match (&picked, part) {
                (None, None) => whole(into, place, operation, value),
                (None, Some(part)) if !place.attribute.many => {
                    part_of(into, place, part, operation, value)
                }
                _ => values(into, place, picked.as_ref(), part, operation, value),
            }
        }
    }
}

fn extension(
    of: &ResourceType,
    into: &mut Object,
    id: &'static str,
    operation: Operation,
    value: Option<&Value>,
) -> Result<(), ScimError> {
    if operation == Operation::Remove {
        into.shift_remove(id);
        return Ok(());
    }
    let Some(Value::Object(_)) = value else {
        return Err(ScimError::value("value: is not an object"));
    };
    let document = Object::from_iter([(id.to_owned(), value.cloned().unwrap_or_default())]);
    merge(of, into, &document, |into, place, value| {
        write(into, place, value, operation);
    })
}

/// Sets an attribute, or adds to its values.
fn write(into: &mut Object, place: Place, value: Value, operation: Operation) {
    let before = container(into, place.extension).and_then(|inner| inner.get(place.attribute.name));
    let value = match (operation, before, value) {
        (Operation::Add, Some(Value::Array(before)), Value::Array(added)) => {
            Value::Array(joined(before, added))
        }
        // Parts that are not named stay.
        (
            Operation::Add | Operation::Replace,
            Some(Value::Object(before)),
            Value::Object(parts),
        ) => {
            let mut whole = before.clone();
            for (name, value) in parts {
                whole.insert(name, value);
            }
            Value::Object(whole)
        }
        (_, _, value) => value,
    };
    set(into, place, value);
}

/// Values with more of them; what is there already is not doubled.
fn joined(before: &[Value], added: Vec<Value>) -> Vec<Value> {
    let mut all = before.to_vec();
    for new in added {
        if is_primary(&new) {
            for value in &mut all {
                if is_primary(value) {
                    not_primary(value);
                }
            }
        }
        let same = |value: &Value| value == &new || is_same_member(value, &new);
        if !all.iter().any(same) {
            all.push(new);
        }
    }
    all
}

/// Whether two values refer to the same resource, such as members do.
fn is_same_member(one: &Value, other: &Value) -> bool {
    one.get("type").is_none()
        && one.get("value").is_some()
        && one.get("value") == other.get("value")
}

fn whole(
    into: &mut Object,
    place: Place,
    operation: Operation,
    value: Option<&Value>,
) -> Result<(), ScimError> {
    match (operation, value) {
        // Entra ID takes members out by naming them beside the path.
        (Operation::Remove, Some(value)) if place.attribute.many && !value.is_null() => {
            let gone = canonical(place.attribute, value)?;
            let gone = gone.as_array().cloned().unwrap_or_default();
            keep(into, place, |value| {
                !gone
                    .iter()
                    .any(|gone| gone == value || is_same_member(value, gone))
            });
        }
        (Operation::Remove, _) => set(into, place, Value::Null),
        (_, Some(value)) => {
            write(into, place, canonical(place.attribute, value)?, operation);
        }
        (_, None) => return Err(ScimError::value("value: is missing")),
    }
    Ok(())
}

fn keep(into: &mut Object, place: Place, mut kept: impl FnMut(&Value) -> bool) {
    let before = container(into, place.extension).and_then(|inner| inner.get(place.attribute.name));
    if let Some(Value::Array(values)) = before {
        let left = values.iter().filter(|value| kept(value)).cloned().collect();
        set(into, place, left);
    }
}

fn part_of(
    into: &mut Object,
    place: Place,
    part: &'static Attribute,
    operation: Operation,
    value: Option<&Value>,
) -> Result<(), ScimError> {
    let before = container(into, place.extension).and_then(|inner| inner.get(place.attribute.name));
    let mut whole = before
        .and_then(Value::as_object)
        .cloned()
        .unwrap_or_default();
    put(&mut whole, part.name, new_value(part, operation, value)?);
    set(into, place, Value::Object(whole));
    Ok(())
}

fn new_value(
    of: &Attribute,
    operation: Operation,
    value: Option<&Value>,
) -> Result<Value, ScimError> {
    match (operation, value) {
        (Operation::Remove, _) => Ok(Value::Null),
        (_, Some(value)) => canonical(of, value),
        (_, None) => Err(ScimError::value("value: is missing")),
    }
}

/// Changes the values that a filter picks, or a part of each.
fn values(
    into: &mut Object,
    place: Place,
    picked: Option<&Filter>,
    part: Option<&'static Attribute>,
    operation: Operation,
    value: Option<&Value>,
) -> Result<(), ScimError> {
    let before = container(into, place.extension).and_then(|inner| inner.get(place.attribute.name));
    let mut all = before
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default();
    let is_picked = |value: &Value| picked.is_none_or(|filter| filter.picks(value));
    let found = all.iter().any(is_picked);
    match (operation, part) {
        // What is to be gone and is gone is no mistake.
        (Operation::Remove, None) => all.retain(|value| !is_picked(value)),
        (_, None) => {
            let parts = match value {
                Some(Value::Object(_)) => new_parts(place.attribute, value)?,
                _ => return Err(ScimError::value("value: is not an object")),
            };
            change(&mut all, picked, found, |value| value.extend(parts.clone()))?;
        }
        (_, Some(part)) => {
            let new = new_value(part, operation, value)?;
            if operation == Operation::Remove && !found {
                return Ok(());
            }
            change(&mut all, picked, found, |value| {
                put(value, part.name, new.clone())
            })?;
        }
    }
    all.retain(|value| value.as_object().is_none_or(|parts| !parts.is_empty()));
    set(into, place, canonical(place.attribute, &Value::Array(all))?);
    Ok(())
}

fn new_parts(of: &Attribute, value: Option<&Value>) -> Result<Object, ScimError> {
    let value = canonical(
        &Attribute { many: false, ..*of },
        value.unwrap_or(&Value::Null),
    )?;
    Ok(value.as_object().cloned().unwrap_or_default())
}

/// Changes what was picked. Where nothing was, and the filter says what a value would be, it is made:
/// directories write `emails[type eq "work"].value` for the first address too.
fn change(
    all: &mut Vec<Value>,
    picked: Option<&Filter>,
    found: bool,
    mut each: impl FnMut(&mut Object),
) -> Result<(), ScimError> {
    if !found {
        let made = picked.and_then(Filter::equalities);
        let mut made = made.ok_or_else(|| ScimError::target("the path picks no value"))?;
        each(&mut made);
        all.push(Value::Object(made));
        return Ok(());
    }
    for value in all.iter_mut() {
        if picked.is_none_or(|filter| filter.picks(value))
            && let Some(value) = value.as_object_mut()
        {
            each(value);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{AGENT_EXTENSION, GROUP, USER};
    use proptest::prelude::*;
    use serde_json::json;

    fn object(value: Value) -> Object {
        value.as_object().unwrap().clone()
    }

    fn ann() -> Object {
        object(json!({
            "userName": "ann", "name": {"givenName": "Ann", "familyName": "Lee"}, "active": true,
            "emails": [{"value": "a@x", "type": "work", "primary": true}],
            AGENT_EXTENSION: {"agent": "4711"},
        }))
    }

    fn patched(operations: Value) -> Result<Value, ScimError> {
        patch(&USER, &ann(), &json!({"Operations": operations})).map(Value::Object)
    }

    fn part(value: &Value, pointer: &str) -> Value {
        value.pointer(pointer).cloned().unwrap_or_default()
    }

    #[test]
    fn what_directories_send_is_applied() {
        let agent = format!("{AGENT_EXTENSION}:agent");
        let pointer = format!("/{AGENT_EXTENSION}/agent");
        for (operation, pointer, after) in [
            (
                json!({"op": "replace", "path": "active", "value": false}),
                "/active",
                json!(false),
            ),
            (
                json!({"op": "Replace", "path": "active", "value": "False"}),
                "/active",
                json!(false),
            ),
            (
                json!({"op": "Replace", "value": {"active": false}}),
                "/active",
                json!(false),
            ),
            (
                json!({"op": "add", "path": "displayName", "value": "A"}),
                "/displayName",
                json!("A"),
            ),
            (
                json!({"op": "replace", "path": "name.givenName", "value": "B"}),
                "/name",
                json!({"givenName": "B", "familyName": "Lee"}),
            ),
            (
                json!({"op": "replace", "path": "name", "value": {"givenName": "B"}}),
                "/name",
                json!({"givenName": "B", "familyName": "Lee"}),
            ),
            (
                json!({"op": "replace", "value": {"name.givenName": "B"}}),
                "/name",
                json!({"givenName": "B", "familyName": "Lee"}),
            ),
            (
                json!({"op": "remove", "path": "name.givenName"}),
                "/name",
                json!({"familyName": "Lee"}),
            ),
            (
                json!({"op": "remove", "path": "name"}),
                "/name",
                json!(null),
            ),
            (
                json!({"op": "add", "path": "emails[type eq \"work\"].value", "value": "b@x"}),
                "/emails",
                json!([{"value": "b@x", "type": "work", "primary": true}]),
            ),
            (
                json!({"op": "Add", "path": "emails[type eq \"home\"].value", "value": "b@x"}),
                "/emails/1",
                json!({"type": "home", "value": "b@x"}),
            ),
            (
                json!({"op": "add", "path": "emails", "value": [{"value": "b@x", "primary": true}]}),
                "/emails",
                json!([{"value": "a@x", "type": "work", "primary": false}, {"value": "b@x", "primary": true}]),
            ),
            (
                json!({"op": "replace", "path": "emails", "value": [{"value": "b@x"}]}),
                "/emails",
                json!([{"value": "b@x"}]),
            ),
            (
                json!({"op": "remove", "path": "emails[value eq \"a@x\"]"}),
                "/emails",
                json!(null),
            ),
            (
                json!({"op": "remove", "path": "emails[value eq \"z@x\"]"}),
                "/emails/0/value",
                json!("a@x"),
            ),
            (
                json!({"op": "add", "path": agent, "value": "5"}),
                &pointer,
                json!("5"),
            ),
            (
                json!({"op": "remove", "path": AGENT_EXTENSION}),
                &pointer,
                json!(null),
            ),
            (
                json!({"op": "add", "value": {AGENT_EXTENSION: {"agent": "6"}}}),
                &pointer,
                json!("6"),
            ),
            (
                json!({"op": "replace", "path": "title", "value": "Dr"}),
                "/title",
                json!(null),
            ),
            (
                json!({"op": "replace", "path": "password", "value": "x"}),
                "/password",
                json!(null),
            ),
        ] {
            let after_all =
                patched(json!([operation])).unwrap_or_else(|e| panic!("{operation}: {e}"));
            assert_eq!(part(&after_all, pointer), after, "{operation}");
        }
    }

    #[test]
    fn members_come_and_go() {
        let group =
            object(json!({"displayName": "g", "members": [{"value": "1"}, {"value": "2"}]}));
        for (operation, left) in [
            (
                json!({"op": "add", "path": "members", "value": [{"value": "3"}, {"value": "2"}]}),
                "123",
            ),
            (
                json!({"op": "remove", "path": "members[value eq \"1\"]"}),
                "2",
            ),
            (
                json!({"op": "remove", "path": "members", "value": [{"value": "2"}]}),
                "1",
            ),
            (json!({"op": "remove", "path": "members"}), ""),
            (
                json!({"op": "replace", "path": "members", "value": [{"value": "9"}]}),
                "9",
            ),
            (json!({"op": "replace", "path": "members", "value": []}), ""),
        ] {
            let after = patch(&GROUP, &group, &json!({"operations": [operation]})).unwrap();
            let members = after
                .get("members")
                .and_then(Value::as_array)
                .cloned()
                .unwrap_or_default();
            let ids: String = members.iter().filter_map(|m| m["value"].as_str()).collect();
            assert_eq!(ids, left, "{operation}");
        }
    }

    #[test]
    fn what_must_not_be_is_refused_and_nothing_is_changed() {
        for (operation, kind) in [
            (
                json!({"op": "replace", "path": "id", "value": "x"}),
                "mutability",
            ),
            (
                json!({"op": "add", "path": "groups", "value": [{"value": "admins"}]}),
                "mutability",
            ),
            (
                json!({"op": "add", "path": "groups[value eq \"x\"]", "value": {"value": "y"}}),
                "mutability",
            ),
            (
                json!({"op": "replace", "path": "meta.created", "value": "x"}),
                "mutability",
            ),
            (json!({"op": "remove", "path": "userName"}), "invalidValue"),
            (
                json!({"op": "replace", "path": "active", "value": 1}),
                "invalidValue",
            ),
            (json!({"op": "replace", "path": "active"}), "invalidValue"),
            (json!({"op": "remove"}), "noTarget"),
            (
                json!({"op": "replace", "path": "emails[type co \"x\"].value", "value": "b"}),
                "noTarget",
            ),
            (
                json!({"op": "replace", "path": "shoeSize", "value": 1}),
                "invalidPath",
            ),
            (
                json!({"op": "replace", "path": 5, "value": 1}),
                "invalidPath",
            ),
            (json!({"op": "move", "path": "active"}), "invalidSyntax"),
            (json!({"op": "add", "value": 1}), "invalidValue"),
            (json!([]), "invalidSyntax"),
        ] {
            let error =
                patched(json!([{"op": "replace", "path": "active", "value": false}, operation]));
            assert_eq!(error.unwrap_err().kind, Some(kind), "{operation}");
        }
        assert!(patch(&USER, &ann(), &json!({})).is_err());
        assert!(patch(&USER, &ann(), &json!([])).is_err());
    }

    proptest! {
        #[test]
        fn nothing_panics_and_what_comes_out_can_be_read_again(
            op in "add|replace|remove",
            path in "(name|emails|active|userName|id|\\.|value|givenName|\\[type eq \"work\"\\]|urn:){1,5}",
            value in prop::sample::select(vec![
                json!(null), json!(true), json!("x"), json!({}), json!([]), json!({"value": "b"}),
                json!([{"value": "b", "primary": true}, {"value": "c", "primary": true}]),
            ]),
        ) {
            let operation = json!([{"op": op, "path": path, "value": value}]);
            if let Ok(after) = patched(operation) {
                let mut document = after.clone();
                document["schemas"] = json!([USER.schema_id()]);
                let again = crate::read(&USER, &document).map(Value::Object);
                prop_assert_eq!(again, Ok(after));
            }
        }
    }
}
