//! The first story: who opens customers' records without a reason.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Instant;

use serde_json::{Value, json};

use crate::running::{ADMIN, Answer, Start, lines, look_up, now_ms, program, ringfence};

const WITHOUT_CALL: &str = "Customer record opened without a call";

fn read(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn set<'a>(items: impl Iterator<Item = &'a Value>) -> BTreeSet<String> {
    items.map(|v| v.as_str().unwrap().to_owned()).collect()
}

/// Insiders of whom at least one look-up can be told from honest work.
fn exposed(truth: &Value) -> BTreeSet<String> {
    let illicit = truth["illicit"].as_array().unwrap();
    set(illicit
        .iter()
        .filter(|i| i["exposed"] == true)
        .map(|i| &i["agent"]))
}

const SHIFT: [&str; 9] = [
    "simulate",
    "--agents",
    "40",
    "--insiders",
    "2",
    "--hours",
    "2",
    "--seed",
    "7",
];

#[test]
fn a_shift_written_to_a_file_and_replayed_names_the_insiders() {
    let dir = tempfile::tempdir().unwrap();
    let (shift, truth) = (
        dir.path().join("shift.ndjson"),
        dir.path().join("truth.json"),
    );
    let (shift, truth_arg) = (shift.to_str().unwrap(), truth.to_str().unwrap());
    let made = ringfence(&[&SHIFT[..], &["--out", shift, "--truth", truth_arg]].concat());
    assert_eq!(made.code, 0, "{}", made.err);
    let again = dir.path().join("again.ndjson");
    ringfence(&[&SHIFT[..], &["--out", again.to_str().unwrap()]].concat());
    assert!(
        std::fs::read(shift).unwrap() == std::fs::read(again).unwrap(),
        "one seed, one shift"
    );

    let replayed = ringfence(&["replay", "--format", "jsonl", shift]);
    assert_eq!(replayed.code, 1, "findings: {}", replayed.err);
    let findings: Vec<Value> = replayed
        .out
        .lines()
        .map(|l| serde_json::from_str(l).unwrap())
        .collect();
    let accused = findings.iter().filter(|f| f["rule"] == WITHOUT_CALL);
    let accused = set(accused.map(|f| &f["story"]["value"]));
    assert_eq!(accused, exposed(&read(&truth)));
}

#[test]
fn a_shift_sent_to_the_server_raises_alerts_on_the_insiders_and_few_others() {
    let dir = tempfile::tempdir().unwrap();
    let server = Start::on(&dir.path().join("data")).run();
    let truth = dir.path().join("truth.json");
    let url = server.url("");
    let sent: Answer = program(
        &[
            &SHIFT[..],
            &["--truth", truth.to_str().unwrap(), "--server", &url],
        ]
        .concat(),
    )
    .env("RINGFENCE_ADMIN_TOKEN", ADMIN)
    .output()
    .unwrap()
    .into();
    assert_eq!(sent.code, 0, "{}", sent.err);
    let sent: Value = serde_json::from_str(&sent.out).unwrap();
    assert_eq!(
        (&sent["rejected"], &sent["duplicates"]),
        (&json!(0), &json!(0))
    );
    let truth = read(&truth);
    let insiders = exposed(&truth);
    assert!(!insiders.is_empty());
    for insider in &insiders {
        server.alert(20, |a| {
            a["entity_kind"] == "agent"
                && a["entity_value"] == **insider
                && a["severity_id"].as_u64() >= Some(4)
        });
    }
    let alerts = server.alerts();
    let mut known = set(truth["shared_logins"].as_array().unwrap().iter());
    known.extend(insiders);
    let others: Vec<_> = alerts
        .iter()
        .filter(|a| a["entity_kind"] == "agent" && a["severity_id"].as_u64() >= Some(4))
        .filter(|a| !known.contains(a["entity_value"].as_str().unwrap()))
        .collect();
    assert!(others.len() <= 1, "{others:#?}");
    let agents = alerts
        .iter()
        .filter(|a| a["entity_kind"] == "agent")
        .count();
    assert!(agents <= 12, "{agents} of 40 agents have an alert");
    // A site whose telephony fell silent is said to be blind.
    if !truth["silences"].as_array().unwrap().is_empty() {
        server.alert(5, |a| {
            a["title"]
                .as_str()
                .unwrap()
                .contains("telephony source silent")
        });
    }
}

#[test]
fn a_look_up_without_a_call_raises_an_alert_within_five_seconds_of_the_event() {
    let dir = tempfile::tempdir().unwrap();
    let server = Start::on(&dir.path().join("data")).run();
    let dialer = server.source("dialer", &json!({"grants": ["call-state"]}));
    let crm = server.source("crm", &json!({}));
    let agent = |no: u32, activity: u32, uid: &str, state: Option<&str>| {
        json!({
            "class_uid": 99_904_004, "category_uid": 4, "activity_id": activity, "severity_id": 1,
            "type_uid": 9_990_400_400_u64 + u64::from(activity), "time": now_ms(),
            "metadata": {"version": "1.8.0", "uid": uid, "product": {"name": "Dialer"}},
            "agent": {"uid": no.to_string(), "role": "agent", "state": state},
        })
    };
    let call = |activity: u32, uid: &str| {
        json!({
            "class_uid": 99_904_001, "category_uid": 4, "activity_id": activity, "severity_id": 1,
            "type_uid": 9_990_400_100_u64 + u64::from(activity), "time": now_ms(),
            "metadata": {"version": "1.8.0", "uid": uid, "product": {"name": "Dialer"}},
            "call_uid": "c-1", "agent": {"uid": "4712"}, "caller": {"number": "+12125550100"},
            "customer": {"uid": "C-2002"}, "direction": "inbound", "direction_id": 1,
        })
    };
    let sign_on = [
        agent(4711, 1, "d-1", Some("available")),
        agent(4711, 3, "d-2", Some("available")),
        agent(4712, 1, "d-3", Some("available")),
        call(1, "d-4"),
        call(2, "d-5"),
        call(7, "d-6"),
    ];
    assert_eq!(server.events(&dialer, lines(&sign_on)).1["accepted"], 6);
    let began = Instant::now();
    // 4712 looks up who is on the line, 4711 somebody who never called.
    let both = lines(&[
        look_up("l-1", "4712", "C-2002"),
        look_up("l-2", "4711", "C-1001"),
    ]);
    assert_eq!(server.events(&crm, both).1["accepted"], 2);
    // The dialer goes on telling what it sees: its feed is fresh.
    let mut beat = 0;
    let alert = loop {
        beat += 1;
        let alive = agent(4713, 3, &format!("beat-{beat}"), Some("available"));
        assert_eq!(server.events(&dialer, alive.to_string()).0, 200);
        let found = server
            .alerts()
            .into_iter()
            .find(|a| a["title"] == WITHOUT_CALL);
        let passed = began.elapsed();
        assert!(
            passed.as_millis() < 5_000,
            "no alert within 5 s: {:#?}",
            server.sql(
                "SELECT agent, customer, call_state, enrichment FROM events WHERE class_uid = 6001"
            )
        );
        if let Some(found) = found {
            break found;
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    };
    assert_eq!(
        (&alert["entity_value"], &alert["finding_count"]),
        (&json!("4711"), &json!(1)),
        "{alert}"
    );
    assert!(
        alert["message"].as_str().unwrap().contains("C-1001"),
        "{alert}"
    );
    assert!(
        !server.alerts().iter().any(|a| a["entity_value"] == "4712"),
        "an honest look-up"
    );
}
