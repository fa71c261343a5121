//! Records of every kind that a source can send, and what becomes of them.
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

use std::collections::BTreeSet;
use std::io::Read as _;

use ringfence_event::{Event, Flag, Looked, RawRecord, Severity, Time, ext, lookup};
use ringfence_normalise::{RejectCode, Settings};
use serde_json::{Value, json};
use support::{csv, normaliser, now, one, one_from, origin, record, schema};

fn logsource(e: &Event) -> (Option<&str>, Option<&str>, Option<&str>) {
    let l = &e.logsource;
    (
        l.product.as_deref(),
        l.service.as_deref(),
        l.category.as_deref(),
    )
}

fn field(e: &Event, name: &str) -> Value {
    lookup(e, None, name).map_or(Value::Null, |l: Looked<'_>| l.to_json())
}

#[test]
fn a_failed_ssh_login_is_an_authentication_event() {
    let e = one("<38>Nov 22 09:34:58 pbx sshd[812]: Failed password for invalid user admin from 203.0.113.9 port 4242 ssh2").unwrap();
    schema::assert_valid(&e);
    assert_eq!((e.class_uid, e.activity_id), (3002, 1));
    assert_eq!(
        logsource(&e),
        (Some("linux"), Some("sshd"), Some("authentication"))
    );
    assert_eq!(e.keys.user.as_deref(), Some("admin"));
    assert_eq!(e.keys.agent, None);
    assert_eq!(e.keys.src_ip.as_deref(), Some("203.0.113.9"));
    assert_eq!(e.keys.device.as_deref(), Some("pbx"));
    assert_eq!(e.time, now() - 2000);
    assert_eq!(e.flags, []);
    assert_eq!(field(&e, "facility"), json!("auth"));
    assert_eq!(field(&e, "status_id"), json!(2));
    assert_eq!(field(&e, "procid"), json!("812"));
    assert!(e.raw.unwrap().starts_with("<38>Nov"));
}

#[test]
fn sudo_and_session_ends_are_understood() {
    for (line, activity, status) in [
        (
            "Accepted publickey for ann from 2001:db8::1 port 5 ssh2: ED25519",
            1,
            1,
        ),
        ("pam_unix(sshd:session): session closed for user ann", 2, 1),
    ] {
        let e = one(&format!("<38>Nov 22 09:34:58 pbx sshd[812]: {line}")).unwrap();
        schema::assert_valid(&e);
        assert_eq!(
            (e.activity_id, field(&e, "status_id")),
            (activity, json!(status)),
            "{line}"
        );
    }
    for (line, status) in [
        (
            "    ann : TTY=pts/0 ; PWD=/home/ann ; USER=root ; COMMAND=/bin/ls -l",
            1,
        ),
        (
            "    ann : 3 incorrect password attempts ; TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/bin/sh",
            2,
        ),
    ] {
        let e = one(&format!("<86>Nov 22 09:34:58 pbx sudo: {line}")).unwrap();
        schema::assert_valid(&e);
        assert_eq!(
            (e.activity_id, field(&e, "status_id")),
            (7, json!(status)),
            "{line}"
        );
        assert_eq!(e.keys.user.as_deref(), Some("ann"));
    }
}

#[test]
fn json_inside_syslog_is_the_record() {
    let e = one(r#"<134>1 2026-11-22T09:34:00Z crm app 1 - [m@1 tenant="x"] {"action":"view","user":"4711","customer_id":"C-1","severity":"own"}"#).unwrap();
    schema::assert_valid(&e);
    assert_eq!((e.class_uid, e.activity_id), (6001, 2));
    assert_eq!(e.keys.agent.as_deref(), Some("4711"));
    assert_eq!(e.keys.customer.as_deref(), Some("C-1"));
    assert_eq!(e.time, now() - 60_000);
    assert_eq!(field(&e, "severity"), json!("own"));
    assert_eq!(field(&e, "hostname"), json!("crm"));
    assert_eq!(field(&e, "sd.m@1.tenant"), json!("x"));
    assert_eq!(field(&e, "tenant"), json!("x"));
    assert_eq!(
        logsource(&e),
        (Some("contact_center"), None, Some("record_access"))
    );
}

#[test]
fn cef_inside_syslog_is_network_activity() {
    let e = one("<134>Nov 22 09:34:00 fw CEF:0|Sec|Wall|1.0|100|blocked|7|src=10.0.0.1 spt=5060 dst=10.0.0.2 dpt=5061 proto=UDP act=blocked cs1=toll cs1Label=Policy").unwrap();
    schema::assert_valid(&e);
    assert_eq!((e.class_uid, e.activity_id), (4001, 5));
    assert_eq!(e.keys.dst_ip.as_deref(), Some("10.0.0.2"));
    assert_eq!(e.severity, Severity::High);
    assert_eq!(field(&e, "Policy"), json!("toll"));
    assert_eq!(logsource(&e), (Some("wall"), None, Some("firewall")));
}

#[test]
fn what_fits_no_rule_is_kept_whole_as_a_base_event() {
    for (text, message) in [
        (
            r#"{"msg":"hello","n":1,"timestamp":"2026-11-22T09:30:00Z"}"#,
            Some("hello"),
        ),
        ("time=2026-11-22T09:30:00Z level=warn n=1", None),
        ("just a line", Some("just a line")),
        ("<13>Nov 22 09:30:00 host app: text", Some("text")),
    ] {
        let e = one(text).unwrap();
        schema::assert_valid(&e);
        assert_eq!(e.class_uid, 0, "{text}");
        assert_eq!(e.message.as_deref(), message, "{text}");
        assert!(e.flags.contains(&Flag::Unmapped));
        assert_eq!(
            e.flags.contains(&Flag::TimeMissing),
            text == "just a line",
            "{text}"
        );
    }
    assert_eq!(
        field(
            &one("time=2026-11-22T09:30:00Z level=warn n=1").unwrap(),
            "level"
        ),
        json!("warn")
    );
}

#[test]
fn reserved_names_are_taken_out_and_the_event_says_so() {
    for text in [
        r#"{"action":"view","user":"4711","customer_id":"C-1","call":{"state":"live"},"rf.agent":"x"}"#,
        r#"{"class_uid":6001,"activity_id":2,"time":1795340000000,"metadata":{},"rf":{"agent":"x"},"call.state":"live"}"#,
    ] {
        let e = one(text).unwrap();
        assert!(e.flags.contains(&Flag::ReservedStripped), "{text}");
        assert!(
            !serde_json::to_string(&e).unwrap().contains("live"),
            "{text}"
        );
    }
}

#[test]
fn program_and_trust_come_from_the_credential() {
    let mut origin = origin();
    origin.authority.authenticated = false;
    let text =
        r#"{"event":"call.answered","call_id":"c1","agent":"1","program":"other","ts":1795340000}"#;
    let e = one_from(&origin, text).unwrap();
    assert_eq!(e.keys.program.as_str(), "acme");
    assert!(!e.trusted && e.flags.contains(&Flag::Unauthenticated));
    assert!(one(text).unwrap().trusted);
}

#[test]
fn a_class_that_is_not_granted_is_refused() {
    let mut origin = origin();
    origin.authority.classes = Some(BTreeSet::from([6001]));
    for text in [
        r#"{"event":"call.answered","call_id":"c1","agent":"1"}"#,
        r#"{"class_uid":99904001,"activity_id":2,"time":1,"call_uid":"c1"}"#,
    ] {
        let e = one_from(&origin, text).unwrap_err();
        assert_eq!(e.code, RejectCode::ClassNotAllowed, "{text}");
        assert!(e.reason.contains("99904001"));
    }
    assert!(
        one_from(&origin, "free text").is_ok(),
        "an unmapped record claims nothing"
    );
}

#[test]
fn ocsf_of_wrong_types_is_refused_by_field() {
    for (text, field) in [
        (r#"{"class_uid":"6001","time":1}"#, "class_uid"),
        (r#"{"class_uid":6001,"time":"now"}"#, "time"),
        (
            r#"{"class_uid":6001,"activity_id":300,"time":1}"#,
            "activity_id",
        ),
        (
            r#"{"class_uid":6001,"activity_id":2,"type_uid":600101,"time":1}"#,
            "type_uid",
        ),
        (
            r#"{"class_uid":6001,"category_uid":4,"time":1}"#,
            "category_uid",
        ),
        (r#"{"class_uid":6001,"time":1,"actor":"ann"}"#, "actor"),
        (
            r#"{"class_uid":6001,"time":1,"actor":{"user":{"uid":[1]}}}"#,
            "actor.user.uid",
        ),
        (
            r#"{"class_uid":6001,"time":1,"metadata":{"uid":7}}"#,
            "metadata.uid",
        ),
        (
            r#"{"class_uid":6001,"time":1,"web_resources":{}}"#,
            "web_resources",
        ),
        (
            r#"{"class_uid":6001,"time":1,"severity_id":"high"}"#,
            "severity_id",
        ),
    ] {
        let e = one(text).unwrap_err();
        assert_eq!(e.code, RejectCode::FieldType, "{text}");
        assert!(e.reason.contains(&format!("`{field}`")), "{text}: {e}");
    }
}

#[test]
fn ocsf_of_a_class_unknown_to_us_is_taken() {
    let e = one(r#"{"class_uid":5001,"activity_id":1,"time":1795339800000,"metadata":{"uid":"u-1"},"severity_id":4}"#).unwrap();
    assert_eq!(
        (e.class_uid, e.uid.as_deref(), e.severity),
        (5001, Some("u-1"), Severity::High)
    );
    assert_eq!(e.record, None);
}

#[test]
fn clocks_that_are_off_are_flagged_and_kept() {
    let at = |ms: i64| {
        let text = format!(r#"{{"class_uid":6001,"activity_id":2,"metadata":{{}},"time":{ms}}}"#);
        let e = one(&text).unwrap();
        assert_eq!((e.time, e.received), (Time(ms), now()));
        e.flags.contains(&Flag::TimeSkewed)
    };
    let (minute, hour) = (60_000, 3_600_000);
    assert!(!at(now().0 - 23 * hour) && at(now().0 - 25 * hour));
    assert!(!at(now().0 + 4 * minute) && at(now().0 + 6 * minute));
    assert!(at(i64::MAX) && at(i64::MIN));
}

#[test]
fn a_body_loses_only_its_broken_records() {
    let body = "{\"action\":\"view\",\"user\":\"1\",\"customer_id\":\"C\"}\n{\"a\":\n\n{\"class_uid\":true,\"time\":1}\n{\"b\":1}";
    let origin = origin();
    let batch = normaliser(vec![]).json_body(&record(&origin, body.as_bytes()));
    let rejects: Vec<_> = batch
        .rejects()
        .map(|(i, span, e)| (i, &body[span.clone()], e.position.line, e.code))
        .collect();
    assert_eq!(
        rejects,
        [
            (1, "{\"a\":", 2, RejectCode::Syntax),
            (
                2,
                "{\"class_uid\":true,\"time\":1}",
                4,
                RejectCode::FieldType
            )
        ]
    );
    assert_eq!(
        batch
            .events()
            .map(|(i, e)| (i, e.class_uid))
            .collect::<Vec<_>>(),
        [(0, 6001), (3, 0)]
    );
}

#[test]
fn splunk_envelopes_carry_text_objects_and_ocsf() {
    let body = concat!(
        r#"{"time":"1795339800.250","host":"pbx","sourcetype":"syslog","event":"<38>Nov 22 09:00:00 h sshd[1]: Failed password for root from 10.0.0.1 port 1 ssh2"}"#,
        r#"{"time":1795339800,"host":"crm1","event":{"action":"export","user":"4711","customer_id":"C-9","host":"own"},"fields":{"env":"prod"}}"#,
        r#"{"event":{"class_uid":6001,"activity_id":2,"time":1795339800000,"metadata":{"uid":"x"}}} {"fields":{}}"#,
    );
    let origin = origin();
    let batch = normaliser(vec![]).hec_body(&record(&origin, body.as_bytes()));
    let events: Vec<_> = batch.events().map(|(_, e)| e).collect();
    assert_eq!(events[0].time, Time(1_795_339_800_250));
    assert_eq!(field(events[0], "host"), json!("pbx"));
    assert_eq!(
        (events[1].activity_id, field(events[1], "env")),
        (7, json!("prod"))
    );
    assert_eq!(events[1].keys.device.as_deref(), Some("own"));
    assert_eq!(events[2].uid.as_deref(), Some("x"));
    let (index, _, reject) = batch.rejects().next().unwrap();
    assert_eq!(
        (index, reject.reason.as_str()),
        (3, "field `event` is missing")
    );
}

const CDR: &str = r#""","+12125550100","600","from-trunk","""Ann"" <+12125550100>","PJSIP/trunk-00000001","PJSIP/1001-00000002","Queue","sales,t","2026-11-22 09:30:00","2026-11-22 09:30:08","2026-11-22 09:34:00",240,232,"ANSWERED","DOCUMENTATION","1795339800.17",""
"","1002","0012125550111","from-internal","","PJSIP/1002-00000003","PJSIP/trunk-00000004","Dial","","2026-11-22 09:31:00","","2026-11-22 09:31:20",20,0,"NO ANSWER","DOCUMENTATION","1795339860.19",""
"broken"#;

#[test]
fn asterisk_cdrs_need_no_header() {
    let batch = csv(CDR);
    let events: Vec<_> = batch.events().map(|(_, e)| e).collect();
    for e in &events {
        schema::assert_valid(e);
        assert_eq!((e.class_uid, e.activity_id), (ext::CALL, 8));
    }
    let (first, second) = (events[0], events[1]);
    assert_eq!(first.keys.agent.as_deref(), Some("1001"));
    assert_eq!(first.keys.caller.as_deref(), Some("+12125550100"));
    assert_eq!(first.keys.call.as_deref(), Some("1795339800.17"));
    assert_eq!(first.ocsf["talk_time"], 232_000);
    assert_eq!(first.ocsf["answer_time"], 1_795_339_808_000_i64);
    assert_eq!(
        first.ocsf["caller"],
        json!({"number": "+12125550100", "name": "Ann"})
    );
    assert_eq!(
        (&first.ocsf["queue"], first.uid.as_deref()),
        (&json!("sales"), None)
    );
    assert_eq!(second.ocsf["direction"], "outbound");
    assert_eq!(second.keys.agent.as_deref(), Some("1002"));
    assert_eq!(second.keys.caller.as_deref(), Some("+12125550111"));
    assert_eq!(second.ocsf.get("answer_time"), None);
    let (_, _, reject) = batch.rejects().next().unwrap();
    assert_eq!(reject.to_string(), "line 3, column 1: quote is not closed");
}

#[test]
fn cdrs_with_a_sequence_have_an_identity_of_their_own() {
    let header = "src,dst,dcontext,clid,channel,dstchannel,lastapp,lastdata,start,answer,end,duration,billsec,disposition,uniqueid,linkedid,sequence\n";
    let row = "1001,1002,int,,PJSIP/1001-1,PJSIP/1002-2,Dial,,2026-11-22 09:30:00,2026-11-22 09:30:05,2026-11-22 09:31:00,60,55,ANSWERED,17.2,17.1,41";
    let batch = csv(&format!("{header}{row}"));
    let (_, e) = batch.events().next().unwrap();
    schema::assert_valid(e);
    assert_eq!(e.uid.as_deref(), Some("17.2-41"));
    assert_eq!(e.keys.call.as_deref(), Some("17.1"));
    assert_eq!(
        (&e.ocsf["direction"], &e.ocsf["direction_id"]),
        (&json!("internal"), &json!(3))
    );
}

#[test]
fn a_source_says_its_time_zone_and_its_mappings() {
    let mut settings = Settings {
        mappings: vec!["crm-access".into()],
        ..Settings::default()
    };
    assert!(settings.set_timezone("America/New_York") && !settings.set_timezone("Nowhere"));
    let set = std::sync::Arc::new(ringfence_normalise::MappingSet::with_builtin(vec![]));
    let n = ringfence_normalise::Normaliser::new(set, settings);
    let origin = origin();
    let e = n
        .normalise(&record(
            &origin,
            br#"{"action":"view","user":"1","customer_id":"C","ts":"2026-11-22 04:30:00"}"#,
        ))
        .unwrap();
    assert_eq!(e[0].time.to_rfc3339(), "2026-11-22T09:30:00.000Z");
    let e = n
        .normalise(&record(
            &origin,
            br#"{"event":"call.answered","call_id":"1"}"#,
        ))
        .unwrap();
    assert_eq!(e[0].class_uid, 0, "call-events is not among its mappings");
}

#[test]
fn signalling_inside_a_log_line_is_masked() {
    let e = one(r#"{"msg":"INVITE sip:1@x SIP/2.0\r\nAuthorization: Digest username=\"a\", response=\"0123456789abcdef0123456789abcdef\"\r\n\r\n"}"#).unwrap();
    assert!(e.flags.contains(&Flag::Masked));
    assert!(
        !serde_json::to_string(&e)
            .unwrap()
            .contains("0123456789abcdef")
    );
}

#[test]
fn signalling_inside_an_ocsf_message_is_masked() {
    let e = one(r#"{"class_uid":0,"time":1,"message":"SIP/2.0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0\r\n"}"#).unwrap();
    assert!(e.flags.contains(&Flag::Masked));
    assert!(!serde_json::to_string(&e).unwrap().contains("c2VjcmV0"));
}

#[test]
fn nothing_and_too_much_are_refused() {
    assert_eq!(one(" \n").unwrap_err().code, RejectCode::Empty);
    assert_eq!(
        one(&"x".repeat(300_000)).unwrap_err().code,
        RejectCode::TooLong
    );
}

#[test]
fn windows_events_keep_their_log_source() {
    for file in ["windows/attack.jsonl.gz", "windows/regression.jsonl.gz"] {
        let Some(bytes) = support::testdata(file) else {
            return;
        };
        let mut text = String::new();
        flate2::read::GzDecoder::new(&*bytes)
            .read_to_string(&mut text)
            .unwrap();
        let (origin, n) = (origin(), normaliser(vec![]));
        let mut classes = std::collections::BTreeMap::new();
        for line in text.lines() {
            let record = RawRecord {
                origin: &origin,
                received: now(),
                peer: None,
                bytes: line.as_bytes(),
            };
            let e = n.normalise(&record).unwrap().remove(0);
            let own: Value = serde_json::from_str(line).unwrap();
            for (name, is) in [
                ("product", &e.logsource.product),
                ("service", &e.logsource.service),
                ("category", &e.logsource.category),
            ] {
                if let Some(want) = own[name].as_str().filter(|s| !s.is_empty()) {
                    assert_eq!(is.as_deref(), Some(want), "{name}: {line}");
                }
            }
            let found = schema::mistakes(&e.to_ocsf());
            assert!(found.is_empty(), "{found:#?}: {line}");
            assert_eq!(
                e.record.as_ref().map(serde_json::Map::len),
                own.as_object().map(serde_json::Map::len)
            );
            *classes.entry(e.class_uid).or_insert(0) += 1;
        }
        println!("{file}: {classes:?}");
        assert!(classes[&1007] > 0 && classes[&0] > 0);
    }
}

#[test]
fn windows_log_sources_are_told_without_help() {
    for (text, want) in [
        (
            r#"{"EventID":11,"Channel":"Microsoft-Windows-Sysmon/Operational","Computer":"w"}"#,
            (Some("windows"), Some("sysmon"), Some("file_event")),
        ),
        (
            r#"{"EventID":4104,"Channel":"Microsoft-Windows-PowerShell/Operational","Computer":"w"}"#,
            (Some("windows"), Some("powershell"), Some("ps_script")),
        ),
        (
            r#"{"EventID":7045,"Channel":"System","Computer":"w"}"#,
            (Some("windows"), Some("system"), None),
        ),
        (
            r#"{"EventID":4625,"Channel":"Security","Computer":"w","TargetUserName":"ann","TargetUserSid":"S-1-5-21-1","LogonType":3,"IpAddress":"-"}"#,
            (Some("windows"), Some("security"), Some("authentication")),
        ),
    ] {
        let e = one(text).unwrap();
        schema::assert_valid(&e);
        assert_eq!(logsource(&e), want, "{text}");
    }
}
