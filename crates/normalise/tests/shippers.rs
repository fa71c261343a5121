//! What shippers and sensors send, in their own words, and what becomes of it.
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

use ringfence_event::{Event, Flag, Severity, Time, lookup};
use serde_json::{Value, json};
use support::{normaliser, one, origin, record, schema, text};

fn document(document: &Value) -> Event {
    let origin = origin();
    let text = document.to_string();
    let mut events = normaliser(vec![])
        .document(&record(&origin, text.as_bytes()))
        .unwrap();
    assert_eq!(events.len(), 1);
    events.remove(0)
}

fn field(e: &Event, name: &str) -> Value {
    lookup(e, None, name).map_or(Value::Null, |l| l.to_json())
}

fn logsource(e: &Event) -> [Option<&str>; 3] {
    let l = &e.logsource;
    [&l.product, &l.service, &l.category].map(Option::as_deref)
}

#[test]
fn every_sample_of_shippers_and_sensors_is_a_valid_event() {
    for (file, count) in [("eve.ndjson", 11), ("beats.ndjson", 9)] {
        let body = text(&format!("samples/intake/{file}"));
        let mut seen = 0;
        for line in body.lines() {
            let e = document(&serde_json::from_str(line).unwrap());
            assert!(!e.flags.contains(&Flag::Unmapped), "{line}");
            assert!(!e.flags.contains(&Flag::TimeMissing), "{line}");
            schema::assert_valid(&e);
            seen += 1;
        }
        assert_eq!(seen, count, "{file}");
    }
}

#[test]
fn suricata_alerts_are_findings_with_their_rule() {
    let body = text("samples/intake/eve.ndjson");
    let e = one(body.lines().next().unwrap()).unwrap();
    assert_eq!(
        (e.class_uid, e.activity_id, e.severity),
        (2004, 1, Severity::High)
    );
    assert_eq!(
        e.time,
        Time::parse_rfc3339("2026-11-22T09:30:00.251Z").unwrap()
    );
    assert_eq!(field(&e, "finding_info.analytic.uid"), json!("1:2008578"));
    assert_eq!(field(&e, "alert.signature_id"), json!(2_008_578));
    assert_eq!(e.keys.src_ip.as_deref(), Some("203.0.113.9"));
    let classes: Vec<_> = body
        .lines()
        .map(|line| {
            let e = one(line).unwrap();
            (e.class_uid, e.activity_id)
        })
        .collect();
    let (dns, http, sip, network) = (4003, 4002, 99_904_005, 4001);
    assert_eq!(
        classes,
        [
            (2004, 1),
            (dns, 1),
            (dns, 2),
            (dns, 1),
            (http, 3),
            (sip, 1),
            (sip, 2),
            (network, 2),
            (network, 6),
            (network, 6),
            (network, 6),
        ]
    );
}

#[test]
fn suricata_is_known_inside_syslog_too() {
    let eve = text("samples/intake/eve.ndjson");
    let line = format!(
        "<142>1 2026-11-22T09:30:01Z ids suricata 7 - - {}",
        eve.lines().next().unwrap()
    );
    let e = one(&line).unwrap();
    assert_eq!(
        (e.class_uid, e.keys.src_ip.as_deref()),
        (2004, Some("203.0.113.9"))
    );
    let line = format!(
        "<142>Nov 22 09:30:01 ids suricata[7]: @cee: {}",
        eve.lines().next().unwrap()
    );
    assert_eq!(one(&line).unwrap().class_uid, 2004);
}

#[test]
fn winlogbeat_is_windows_under_windows_names() {
    let body = text("samples/intake/beats.ndjson");
    let lines: Vec<Value> = body
        .lines()
        .map(|l| serde_json::from_str(l).unwrap())
        .collect();
    let e = document(&lines[0]);
    assert_eq!((e.class_uid, e.activity_id), (3002, 1));
    assert_eq!(logsource(&e)[..2], [Some("windows"), Some("security")]);
    assert_eq!(e.keys.user.as_deref(), Some("ann"));
    assert_eq!(e.keys.src_ip.as_deref(), Some("203.0.113.9"));
    assert_eq!(field(&e, "EventID"), json!(4625));
    assert_eq!(field(&e, "TargetUserName"), json!("ann"));
    assert_eq!(field(&e, "winlog.event_data.TargetUserName"), json!("ann"));
    assert_eq!(field(&e, "status"), json!("Failure"));
    assert_eq!(
        e.time,
        Time::parse_rfc3339("2026-11-22T09:29:59.123Z").unwrap()
    );

    let e = document(&lines[1]);
    assert_eq!((e.class_uid, e.activity_id), (1007, 1));
    assert_eq!(
        logsource(&e),
        [Some("windows"), Some("sysmon"), Some("process_creation")]
    );
    assert_eq!(field(&e, "Image"), json!(r"C:\Windows\System32\whoami.exe"));
}

#[test]
fn ecs_documents_have_their_classes() {
    let body = text("samples/intake/beats.ndjson");
    let classes: Vec<_> = body
        .lines()
        .skip(2)
        .map(|line| {
            let e = document(&serde_json::from_str(line).unwrap());
            (e.class_uid, e.activity_id)
        })
        .collect();
    assert_eq!(
        classes,
        [
            (3002, 1),
            (3002, 2),
            (1007, 1),
            (1001, 3),
            (4003, 6),
            (4002, 3),
            (4001, 6)
        ]
    );
    let e = document(&serde_json::from_str(body.lines().nth(2).unwrap()).unwrap());
    assert_eq!(e.keys.user.as_deref(), Some("root"));
    assert_eq!(e.keys.device.as_deref(), Some("pbx1"));
    assert_eq!(field(&e, "status_id"), json!(2));
}

#[test]
fn a_line_that_a_shipper_wrapped_is_what_it_was() {
    let crm = r#"{"ts":"2026-11-22T09:30:00Z","user":"4711","action":"view","customer_id":"C-1"}"#;
    for name in ["message", "log"] {
        let e = document(&json!({"@timestamp": "2026-11-22T09:31:00Z", name: crm,
            "agent": {"type": "filebeat"}, "host": {"name": "crm1"}}));
        assert_eq!(
            (e.class_uid, e.keys.customer.as_deref()),
            (6001, Some("C-1"))
        );
        assert_eq!(e.keys.agent.as_deref(), Some("4711"));
        assert_eq!(e.time, Time::parse_rfc3339("2026-11-22T09:30:00Z").unwrap());
        assert_eq!(field(&e, "host.name"), json!("crm1"));
        assert_eq!(e.record.unwrap().get(name), None, "not stored twice");
    }
    let e = document(&json!({"@timestamp": "2026-11-22T09:31:00Z", "host": "x",
        "message": "Nov 22 09:34:58 pbx sshd[812]: Failed password for root from 203.0.113.9 port 4242 ssh2"}));
    assert_eq!((e.class_uid, e.keys.user.as_deref()), (3002, Some("root")));
    // The line and what the shipper says of it are both kept.
    let kept = e.raw_text();
    for part in ["Nov 22 09:34:58 pbx sshd[812]", "\"host\":\"x\""] {
        assert!(kept.contains(part), "{part}: {kept}");
    }
    let e = document(&json!({"@timestamp": "2026-11-22T09:31:00Z",
        "message": "LEEF:2.0|Sec|SBC|4|deny|^|src=203.0.113.9^dst=10.0.0.2^dstPort=5060^cat=deny"}));
    assert_eq!((e.class_uid, e.activity_id), (4001, 5));
    // As a syslog server's template writes it.
    let e = document(
        &json!({"@timestamp": "2026-11-22T09:31:00Z", "hostname": "pbx", "appname": "sshd", "procid": "812",
        "message": "Failed password for root from 203.0.113.9 port 4242 ssh2"}),
    );
    assert_eq!((e.class_uid, e.keys.device.as_deref()), (3002, Some("pbx")));
    assert_eq!(e.time, Time::parse_rfc3339("2026-11-22T09:31:00Z").unwrap());
    // A shipper cannot say what only Ringfence may.
    let e = document(&json!({"call": {"state": "live"}, "message": crm}));
    assert!(e.flags.contains(&Flag::ReservedStripped));
    assert_eq!(e.record.unwrap().get("call"), None);
    // A sentence stays one.
    let e = document(
        &json!({"@timestamp": "2026-11-22T09:31:00Z", "message": "{it only looks so", "n": 1}),
    );
    assert_eq!(e.message.as_deref(), Some("{it only looks so"));
    assert_eq!(e.time, Time::parse_rfc3339("2026-11-22T09:31:00Z").unwrap());
    assert_eq!(field(&e, "n"), json!(1));
}

#[test]
fn leef_in_syslog_is_read_under_its_own_names() {
    let e = one(
        "<134>1 2026-11-22T09:30:00Z fw wall - - - LEEF:1.0|Sec|Wall|1.0|blocked|src=203.0.113.9\tsrcPort=5071\tdst=10.0.0.2\tdstPort=5060\tproto=UDP\tsev=8\taction=blocked\tusrName=ann",
    )
    .unwrap();
    schema::assert_valid(&e);
    assert_eq!(
        (e.class_uid, e.activity_id, e.severity),
        (4001, 5, Severity::High)
    );
    assert_eq!(field(&e, "srcPort"), json!("5071"));
    assert_eq!(field(&e, "src_endpoint.port"), json!(5071));
    assert_eq!(e.keys.user.as_deref(), Some("ann"));
    assert_eq!(logsource(&e), [Some("wall"), None, Some("firewall")]);
}
