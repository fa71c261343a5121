//! Every kind of event that Ringfence emits is sound OCSF 1.8.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::print_stdout,
    missing_docs,
    reason = "test code"
)]

mod support;

use ringfence_event::{
    Event, EventId, Finding, Keys, LogSource, Severity, Story, activity_name, classes, ext,
};
use serde_json::{Value, json};
use support::{now, origin, schema};

fn keys() -> Keys {
    let o = origin();
    Keys::of(o.program, o.site, o.source)
}

#[test]
fn the_table_of_classes_is_that_of_the_schema() {
    let compiled: Value = serde_json::from_str(&support::text("ocsf/compiled.json")).unwrap();
    for class in classes() {
        let spec = &compiled["classes"][class.uid.to_string()];
        // OCSF 1.8 itself spells class 1008 `event_log_actvity`; we do not.
        if class.uid != 1008 {
            assert_eq!(spec["name"], class.name);
        }
        assert_eq!(spec["caption"], class.caption);
        assert_eq!(spec["category_uid"], class.category_uid, "{}", class.name);
        let activities = spec["attributes"]["activity_id"]["e"].as_object().unwrap();
        let ours = class
            .activities
            .iter()
            .map(|(id, caption)| (id.to_string(), *caption));
        let ours: Vec<_> = ours
            .chain([("0".into(), "Unknown"), ("99".into(), "Other")])
            .collect();
        assert_eq!(
            ours.len(),
            activities.len(),
            "{}: {activities:?}",
            class.name
        );
        for (id, caption) in ours {
            assert_eq!(activities[&id], caption, "{}", class.name);
        }
    }
}

#[test]
fn findings_and_source_health_are_sound() {
    let finding = Finding {
        uid: EventId(1),
        rule_id: "r-1".into(),
        rule_title: "Look-up without a call".into(),
        severity: Severity::High,
        keys: keys(),
        time: now(),
        received: now(),
        story: Story {
            kind: "agent".into(),
            value: "4711".into(),
        },
        alone: false,
        message: "agent 4711 opened C-1".into(),
        reason: json!({"matched": ["x"]}),
        events: vec![EventId(2)],
        tags: vec!["attack.t1530".into()],
        first_steps: vec![],
    };
    schema::assert_valid(&finding.to_event());
    let mut e = Event::new(keys(), ext::SOURCE, 1, now());
    e.logsource = LogSource::default();
    e.ocsf.insert("source_name".into(), json!("pbx"));
    e.ocsf.insert("silent_for".into(), json!(90_000));
    schema::assert_valid(&e);
}

/// All attributes that the vocabulary of our own classes has, at once.
#[test]
fn our_own_classes_know_all_their_attributes() {
    let people = json!({
        "call_uid": "c-1", "direction": "inbound", "direction_id": 1,
        "agent": {"uid": "4711", "name": "Ann", "role": "agent", "extension": "1001", "state": "on_call"},
        "customer": {"uid": "C-1", "name": "Bob"},
        "caller": {"number": "+12125550100", "name": "Bob"}, "callee": {"number": "600", "name": "Sales"},
    });
    let more = [
        (
            ext::CALL,
            json!({
                "queue": "sales", "disposition": "answered", "start_time": 1, "answer_time": 2, "end_time": 3,
                "duration": 4, "talk_time": 5, "attestation": "A", "is_encrypted": true,
                "transfer_to": {"uid": "4712"}
            }),
        ),
        (ext::RECORDING, json!({"recording": {"uid": "r"}})),
        (
            ext::CONSENT,
            json!({"consent_state_id": 2, "consent_state": "Given"}),
        ),
        (ext::AGENT, json!({})),
    ];
    for (class, more) in more {
        for (activity, _) in ringfence_event::class_of(class).unwrap().activities {
            let mut e = Event::new(keys(), class, *activity, now());
            e.ocsf = people.as_object().unwrap().clone();
            e.ocsf.extend(more.as_object().unwrap().clone());
            e.ocsf
                .insert("device".into(), json!({"hostname": "ws", "type_id": 0}));
            schema::assert_valid(&e);
            assert_ne!(activity_name(class, *activity), "Unknown");
        }
    }
}

#[test]
fn the_check_itself_finds_what_is_wrong() {
    let mut e = Event::new(keys(), 6001, 2, now());
    e.ocsf = json!({
        "web_resources": [{"uid": 5, "colour": "red"}], "status_id": 77, "src_endpoint": {"ip": "x"},
        "tls": "yes", "severity_id": 1
    }).as_object().unwrap().clone();
    let found = schema::mistakes(&e.to_ocsf()).join("\n");
    for part in [
        "web_resources[0].uid: 5 is no",
        "colour: unknown",
        "status_id: 77",
        "no IP address",
        "tls: not an object",
    ] {
        assert!(found.contains(part), "{part}: {found}");
    }
    let empty = Event::new(keys(), 3002, 1, now());
    let found = schema::mistakes(&empty.to_ocsf()).join("\n");
    assert!(
        found.contains("required `user`") && found.contains("none of"),
        "{found}"
    );
}
