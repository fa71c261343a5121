//! Patches as directories send them, and as nobody should.

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
        let after_all = patched(json!([operation])).unwrap_or_else(|e| panic!("{operation}: {e}"));
        assert_eq!(part(&after_all, pointer), after, "{operation}");
    }
}

#[test]
fn members_come_and_go() {
    let group = object(json!({"displayName": "g", "members": [{"value": "1"}, {"value": "2"}]}));
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

/// A group of so many members, who are called by their numbers.
fn group(members: usize) -> Object {
    let members: Vec<_> = (0..members)
        .map(|n| json!({"value": n.to_string()}))
        .collect();
    object(json!({"displayName": "g", "members": members}))
}

fn regrouped(before: &Object, operations: Value) -> Result<Vec<String>, ScimError> {
    let after = patch(&GROUP, before, &json!({"Operations": operations}))?;
    let members = after.get("members").and_then(Value::as_array);
    let ids = members.into_iter().flatten();
    Ok(ids
        .map(|member| member["value"].as_str().unwrap().to_owned())
        .collect())
}

#[test]
fn a_group_grows_to_its_limit_and_is_never_too_large_to_shrink() {
    let full = group(20_000);
    let add = |ids: &[&str]| {
        let members: Vec<_> = ids.iter().map(|id| json!({ "value": id })).collect();
        json!({"op": "add", "path": "members", "value": members})
    };
    let remove = |id: &str| json!({"op": "remove", "path": format!("members[value eq \"{id}\"]")});
    let count = |before: &Object, operations| regrouped(before, operations).map(|ids| ids.len());
    assert_eq!(count(&full, json!([add(&["1", "2"])])), Ok(20_000));
    assert_eq!(count(&full, json!([remove("7"), add(&["x"])])), Ok(20_000));
    for beyond in [
        json!([add(&["x"])]),
        json!([{"op": "add", "value": {"members": [{"value": "x"}]}}]),
        json!([remove("7"), add(&["x"]), add(&["y"])]),
        json!([{"op": "add", "path": "members[value eq \"x\"]", "value": {"$ref": "/x"}}]),
    ] {
        let error = regrouped(&full, beyond.clone()).unwrap_err();
        assert_eq!(error.detail, "members: at most 20000", "{beyond}");
    }
    // One that grew before there was a limit.
    let large = group(20_100);
    let listed: Vec<_> = (0..20_050)
        .map(|n| json!({"value": n.to_string()}))
        .collect();
    for (operation, left) in [
        (remove("7"), 20_099),
        (remove("nobody"), 20_100),
        (
            json!({"op": "remove", "path": "members[value sw \"1\"]"}),
            8_989,
        ),
        (
            json!({"op": "remove", "path": "members", "value": listed}),
            50,
        ),
        (json!({"op": "remove", "path": "members"}), 0),
    ] {
        assert_eq!(count(&large, json!([operation])), Ok(left));
    }
    let emails: Vec<_> = (0..32)
        .map(|n| json!({"value": format!("{n}@x")}))
        .collect();
    let error = patched(json!([{"op": "add", "path": "emails", "value": emails}])).unwrap_err();
    assert_eq!(error.detail, "emails: at most 32");
}

#[test]
fn many_operations_name_members_and_few_look_at_all_of_them() {
    let full = group(20_000);
    let one_each: Vec<_> = (0..1_000)
        .map(|n| match n % 2 {
            0 => json!({"op": "remove", "path": format!("members[value eq \"{n}\"]")}),
            _ => json!({"op": "add", "path": "members", "value": [{"value": format!("x{n}")}]}),
        })
        .collect();
    let ids = regrouped(&full, json!(one_each)).unwrap();
    assert_eq!((ids.len(), ids[0].as_str()), (20_000, "1"));
    assert_eq!(ids.last().map(String::as_str), Some("x999"));
    let looking = |count| {
        let one = json!({"op": "remove", "path": "members[value co \"x\"]"});
        regrouped(&full, json!(vec![one; count])).map(|ids| ids.len())
    };
    assert_eq!(looking(100), Ok(20_000));
    let error = looking(1_000).unwrap_err();
    assert!(error.detail.contains("send fewer operations"), "{error}");
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
    fn members_are_those_that_one_operation_after_another_leaves(
        operations in prop::collection::vec((0..7u8, 0..6u8), 1..20)
    ) {
        let mut ids = vec!["0".to_owned(), "1".to_owned(), "1".to_owned(), "2".to_owned()];
        let before: Vec<_> = ids.iter().map(|id| json!({ "value": id })).collect();
        let before = object(json!({"displayName": "g", "members": before}));
        let mut requests = Vec::new();
        for (what, id) in operations {
            let id = id.to_string();
            let value = json!([{ "value": id }]);
            requests.push(match what {
                0 | 1 => json!({"op": "add", "path": "members", "value": value}),
                2 => json!({"op": "add", "value": {"members": value}}),
                3 => json!({"op": "remove", "path": format!("members[value eq \"{id}\"]")}),
                4 => json!({"op": "remove", "path": "members", "value": value}),
                5 => json!({"op": "remove", "path": format!("members[value co \"{id}\"]")}),
                _ => json!({"op": "replace", "path": "members", "value": value}),
            });
            match what {
                0..=2 if ids.contains(&id) => {}
                0..=2 => ids.push(id),
                3..=5 => ids.retain(|known| *known != id),
                _ => ids = vec![id],
            }
        }
        prop_assert_eq!(regrouped(&before, json!(requests)), Ok(ids));
    }

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
