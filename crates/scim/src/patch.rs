//! Patches (RFC 7644, section 3.5.2).

mod members;
#[cfg(test)]
mod tests;

use serde_json::Value;

use crate::error::ScimError;
use crate::filter::Filter;
use crate::path::{Target, target};
use crate::resource::{
    Object, canonical, canonical_of_any_size, container, is_primary, merge, must_be_whole,
    must_fit, not_primary, put, set, tidy, values_mut,
};
use crate::schema::{Attribute, Mutability, Place, ResourceType};
use members::{Members, Named, has_members};

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
    let mut members = Members::new();
    for operation in operations {
        apply(of, &mut changed, &mut members, operation)?;
    }
    for place in of.places().filter(|place| has_members(place.attribute)) {
        members.settle(&mut changed, place);
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

fn apply(
    of: &'static ResourceType,
    into: &mut Object,
    members: &mut Members,
    request: &Value,
) -> Result<(), ScimError> {
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
            write(into, members, place, value, operation)
        });
    };
    match target(of, path)? {
        Target::PassedOver => Ok(()),
        Target::Extension(id) => extension(of, into, members, id, operation, value),
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
            let removes = operation == Operation::Remove && part.is_none();
            match (&picked, part) {
                (None, None) => return whole(into, members, place, operation, value),
                (None, Some(part)) if !place.attribute.many => {
                    return part_of(into, place, part, operation, value);
                }
                (Some(filter), None) if removes && has_members(place.attribute) => {
                    if let Some(gone) = Named::picked(filter) {
                        return members.remove(into, place, std::iter::once(gone));
                    }
                }
                _ => {}
            }
            if has_members(place.attribute) {
                members.settle(into, place);
            }
            let count = values_mut(into, place).map_or(0, |all| all.len());
            members.look(count, path, !removes)?;
            values(into, place, picked.as_ref(), part, operation, value)
        }
    }
}

fn extension(
    of: &ResourceType,
    into: &mut Object,
    members: &mut Members,
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
        write(into, members, place, value, operation)
    })
}

/// Sets an attribute, or adds to its values.
fn write(
    into: &mut Object,
    members: &mut Members,
    place: Place,
    value: Value,
    operation: Operation,
) -> Result<(), ScimError> {
    let value = match (operation, value) {
        (Operation::Add, Value::Array(added)) => {
            match add(into, members, place, added)? {
                // There was none before.
                Some(all) => Value::Array(all),
                None => return Ok(()),
            }
        }
        (Operation::Add | Operation::Replace, Value::Object(parts)) => {
            // Parts that are not named stay.
            let before = container(into, place.extension)
                .and_then(|inner| inner.get(place.attribute.name)?.as_object());
            let mut whole = before.cloned().unwrap_or_default();
            whole.extend(parts);
            Value::Object(whole)
        }
        (_, value) => value,
    };
    if has_members(place.attribute) {
        members.replaced();
    }
    set(into, place, value);
    Ok(())
}

/// Adds to the values of an attribute; what is there already is not doubled. Where there are none, all
/// that was to be added comes back.
fn add(
    into: &mut Object,
    members: &mut Members,
    place: Place,
    added: Vec<Value>,
) -> Result<Option<Vec<Value>>, ScimError> {
    if has_members(place.attribute) {
        return members.add(into, place, added);
    }
    let Some(all) = values_mut(into, place) else {
        return Ok(Some(added));
    };
    for new in added {
        if is_primary(&new) {
            let primary = all.iter_mut().filter(|value| is_primary(value));
            primary.for_each(not_primary);
        }
        let same = |value: &Value| value == &new || is_same_member(value, &new);
        if !all.iter().any(same) {
            all.push(new);
        }
    }
    must_fit(place.attribute, all.len())?;
    Ok(None)
}

/// Whether two values refer to the same resource, such as members do.
fn is_same_member(one: &Value, other: &Value) -> bool {
    one.get("type").is_none()
        && one.get("value").is_some()
        && one.get("value") == other.get("value")
}

fn whole(
    into: &mut Object,
    members: &mut Members,
    place: Place,
    operation: Operation,
    value: Option<&Value>,
) -> Result<(), ScimError> {
    match (operation, value) {
        // Entra ID takes members out by naming them beside the path.
        (Operation::Remove, Some(value)) if place.attribute.many && !value.is_null() => {
            let gone = canonical_of_any_size(place.attribute, value)?;
            let gone = gone.as_array().map(Vec::as_slice).unwrap_or_default();
            if has_members(place.attribute) {
                return members.remove(into, place, gone.iter().map(Named::of));
            }
            keep(into, place, |value| {
                !gone
                    .iter()
                    .any(|gone| gone == value || is_same_member(value, gone))
            });
        }
        (Operation::Remove, _) => {
            if has_members(place.attribute) {
                members.replaced();
            }
            set(into, place, Value::Null);
        }
        (_, Some(value)) => {
            let value = canonical(place.attribute, value)?;
            write(into, members, place, value, operation)?;
        }
        (_, None) => return Err(ScimError::value("value: is missing")),
    }
    Ok(())
}

fn keep(into: &mut Object, place: Place, kept: impl FnMut(&Value) -> bool) {
    if let Some(values) = values_mut(into, place) {
        values.retain(kept);
        if values.is_empty() {
            set(into, place, Value::Null);
        }
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
    let is_picked = |value: &Value| picked.is_none_or(|filter| filter.picks(value));
    let new = match (operation, part) {
        // What is to be gone and is gone is no mistake.
        (Operation::Remove, None) => {
            keep(into, place, |value| !is_picked(value));
            return Ok(());
        }
        (_, None) => match value {
            Some(Value::Object(_)) => new_parts(place.attribute, value)?,
            _ => return Err(ScimError::value("value: is not an object")),
        },
        (_, Some(part)) => {
            let new = new_value(part, operation, value)?;
            Object::from_iter([(part.name.to_owned(), new)])
        }
    };
    let mut found = false;
    for value in values_mut(into, place).into_iter().flatten() {
        if is_picked(value) {
            found = true;
            if let Some(value) = value.as_object_mut() {
                change(value, &new);
            }
        }
    }
    if !found {
        if operation == Operation::Remove {
            return Ok(());
        }
        let made = make(place.attribute, picked, &new)?;
        match values_mut(into, place) {
            Some(all) => all.push(made),
            None => set(into, place, Value::Array(vec![made])),
        }
    }
    let Some(all) = values_mut(into, place) else {
        return Ok(());
    };
    tidy(all);
    if operation != Operation::Remove {
        must_fit(place.attribute, all.len())?;
    }
    if all.is_empty() {
        set(into, place, Value::Null);
    }
    Ok(())
}

fn new_parts(of: &Attribute, value: Option<&Value>) -> Result<Object, ScimError> {
    let value = value.unwrap_or(&Value::Null);
    let value = canonical(&one_of(of), value)?;
    Ok(value.as_object().cloned().unwrap_or_default())
}

/// What one value of an attribute is.
fn one_of(all: &Attribute) -> Attribute {
    Attribute {
        many: false,
        ..*all
    }
}

fn change(value: &mut Object, new: &Object) {
    for (name, new) in new {
        put(value, name, new.clone());
    }
}

/// Makes what a filter picked nothing of, where it says what a value would be: directories write
/// `emails[type eq "work"].value` for the first address too.
fn make(of: &Attribute, picked: Option<&Filter>, new: &Object) -> Result<Value, ScimError> {
    let made = picked.and_then(Filter::equalities);
    let mut made = made.ok_or_else(|| ScimError::target("the path picks no value"))?;
    change(&mut made, new);
    canonical(&one_of(of), &Value::Object(made))
}
