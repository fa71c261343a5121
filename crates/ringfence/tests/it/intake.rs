//! Sending records over HTTP.

use std::io::Write as _;

use reqwest::Method;
use serde_json::{Value, json};

use crate::running::{ADMIN, Server, Start, eventually, lines, look_up, send};

fn server() -> (tempfile::TempDir, Server) {
    let dir = tempfile::tempdir().unwrap();
    let server = Start::on(&dir.path().join("data")).run();
    (dir, server)
}

/// The row with this uid, as soon as it can be seen; the promise is 2 s.
fn row(server: &Server, uid: &str) -> Value {
    eventually("the event is visible within 2 s", 2, || {
        let sql = format!("SELECT * FROM events WHERE ocsf_get(ocsf, 'metadata.uid') = '{uid}'");
        server.sql(&sql).into_iter().next()
    })
}

#[test]
fn what_was_acknowledged_is_visible_to_sql_within_two_seconds() {
    let (_dir, server) = server();
    let token = server.source("crm", &json!({}));
    let batch = lines(&[
        look_up("vis-1", "4711", "C-1"),
        look_up("vis-2", "4712", "C-2"),
    ]);
    let (status, answer) = server.events(&token, batch);
    assert_eq!(
        (status, answer["accepted"].as_u64()),
        (200, Some(2)),
        "{answer}"
    );
    eventually("both are visible", 2, || {
        let found =
            server.sql("SELECT agent, customer FROM events WHERE class_uid = 6001 ORDER BY agent");
        (found.len() == 2).then(|| {
            assert_eq!(found[0], json!({"agent": "4711", "customer": "C-1"}));
            assert_eq!(found[1], json!({"agent": "4712", "customer": "C-2"}));
        })
    });
    assert_eq!(server.stop().code(), Some(0));
}

#[test]
fn json_lines_an_array_a_mapped_record_and_one_object_are_all_understood() {
    let (_dir, server) = server();
    let token = server.source("crm", &json!({}));
    let array = json!([look_up("a-1", "1", "C-1"), look_up("a-2", "2", "C-2")]);
    let mapped = json!({"ts": "2026-11-22T09:30:00Z", "user": "4711", "action": "view", "customer_id": "C-1001"});
    let unmapped = json!({"who": "knows", "what": 7});
    for body in [array, mapped, unmapped, look_up("a-3", "3", "C-3")] {
        let (status, answer) = server.events(&token, body.to_string());
        assert_eq!(status, 200, "{answer}");
        assert_eq!(answer["rejected"], 0, "{answer}");
    }
    eventually("all five are visible", 5, || {
        let sql = "SELECT count(*) AS n FROM events WHERE source = 'crm'";
        (server.count(sql) == 5).then_some(())
    });
    let by_class = server.sql("SELECT class_uid, count(*) AS n FROM events WHERE source = 'crm' GROUP BY class_uid ORDER BY class_uid");
    assert_eq!(
        by_class,
        [
            json!({"class_uid": 0, "n": 1}),
            json!({"class_uid": 6001, "n": 4})
        ]
    );
    let found = server.sql("SELECT flags FROM events WHERE class_uid = 0 AND source = 'crm'");
    assert!(found[0].to_string().contains("unmapped"), "{found:?}");
}

#[test]
fn a_bad_line_is_refused_with_its_place_and_reason_and_kept_in_quarantine() {
    let (_dir, server) = server();
    let token = server.source("crm", &json!({}));
    let body = format!(
        "{}\n{{\"half\": \n{}\n",
        look_up("q-1", "1", "C-1"),
        look_up("q-2", "2", "C-2")
    );
    let (status, answer) = server.events(&token, body);
    assert_eq!(status, 200, "{answer}");
    assert_eq!(
        (answer["accepted"].as_u64(), answer["rejected"].as_u64()),
        (Some(2), Some(1))
    );
    let refused = &answer["rejections"][0];
    assert_eq!(
        (refused["line"].as_u64(), refused["code"].as_str()),
        (Some(2), Some("syntax")),
        "{answer}"
    );
    assert!(!refused["reason"].as_str().unwrap().is_empty());

    let kept = eventually("the line is in quarantine", 5, || {
        let (_, list) = server.get("/api/v1/quarantine");
        list["items"].as_array()?.first().cloned()
    });
    assert_eq!(kept["line"], 2, "{kept}");
    assert_eq!(kept["reason"], refused["reason"]);
    assert!(kept["sample"].as_str().unwrap().contains("half"), "{kept}");

    // Nothing in it could be used: the status says so.
    let (status, answer) = server.events(&token, "no json at all");
    assert_eq!(
        (status, answer["accepted"].as_u64()),
        (400, Some(0)),
        "{answer}"
    );
}

#[test]
fn gzip_and_zstd_bodies_are_inflated_and_bombs_are_not() {
    let (_dir, server) = server();
    let token = server.source("crm", &json!({}));
    let gzip = |data: &[u8]| {
        let mut e = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        e.write_all(data).unwrap();
        e.finish().unwrap()
    };
    let zstd = |data: &[u8]| zstd::encode_all(data, 3).unwrap();
    let post = |encoding: &str, body: Vec<u8>| {
        let request = server.request(Method::POST, "/api/v1/events", &token);
        send(request.header("content-encoding", encoding).body(body))
    };
    for (encoding, uid) in [("gzip", "z-1"), ("zstd", "z-2")] {
        let text = look_up(uid, "1", "C-1").to_string();
        let body = if encoding == "gzip" {
            gzip(text.as_bytes())
        } else {
            zstd(text.as_bytes())
        };
        let (status, answer) = post(encoding, body);
        assert_eq!(
            (status, answer["accepted"].as_u64()),
            (200, Some(1)),
            "{encoding}: {answer}"
        );
    }
    let zeros = vec![b' '; 40 << 20];
    for (encoding, body) in [("gzip", gzip(&zeros)), ("zstd", zstd(&zeros))] {
        assert!(body.len() < 100_000, "a bomb is small");
        let (status, answer) = post(encoding, body);
        assert_eq!(
            (status, answer["type"].as_str()),
            (413, Some("urn:ringfence:too-large")),
            "{encoding}: {answer}"
        );
    }
    let (status, _) = post("gzip", b"no gzip".to_vec());
    assert_eq!(status, 400);
    let (status, _) = post("br", b"x".to_vec());
    assert_eq!(status, 415);
    // It still serves.
    assert_eq!(
        server
            .events(&token, look_up("z-3", "1", "C-1").to_string())
            .0,
        200
    );
}

#[test]
fn sent_again_it_counts_once() {
    let (_dir, server) = server();
    let token = server.source("crm", &json!({}));
    let anonymous = |n: u32| json!({"class_uid": 6001, "activity_id": 2, "time": 1_795_339_800_000_i64, "actor": {"user": {"uid": n.to_string()}}});
    let body = lines(&[anonymous(1), anonymous(1), anonymous(2)]);
    let keyed = || {
        let request = server.request(Method::POST, "/api/v1/events", &token);
        send(
            request
                .header("idempotency-key", "audit-0930")
                .body(body.clone()),
        )
        .1
    };
    let (first, second) = (keyed(), keyed());
    // Two equal records in one body are two events; the same body again is none.
    assert_eq!(
        (first["accepted"].as_u64(), first["duplicates"].as_u64()),
        (Some(3), Some(0)),
        "{first}"
    );
    assert_eq!(
        (second["accepted"].as_u64(), second["duplicates"].as_u64()),
        (Some(0), Some(3)),
        "{second}"
    );

    let own = look_up("crm-77", "1", "C-1").to_string();
    assert_eq!(server.events(&token, own.clone()).1["accepted"], 1);
    assert_eq!(server.events(&token, own.clone()).1["duplicates"], 1);
    // The same uid from another source is another event.
    let other = server.source("crm-2", &json!({}));
    assert_eq!(server.events(&other, own).1["accepted"], 1);

    // Without any identity a repetition is a second event.
    let bare = anonymous(9).to_string();
    assert_eq!(server.events(&token, bare.clone()).1["accepted"], 1);
    assert_eq!(server.events(&token, bare).1["accepted"], 1);
    eventually("seven rows, no more", 5, || {
        (server.count("SELECT count(*) AS n FROM events WHERE class_uid = 6001") == 7).then_some(())
    });
}

#[test]
fn a_source_sends_and_nothing_else() {
    let (_dir, server) = server();
    let token = server.source("crm", &json!({"classes": [6001]}));
    let ask = |path: &str, token: &str| send(server.request(Method::GET, path, token));
    for path in [
        "/api/v1/alerts",
        "/api/v1/sources",
        "/api/v1/status",
        "/metrics",
        "/api/v1/rules",
    ] {
        let (status, answer) = ask(path, &token);
        assert_eq!(
            (status, answer["type"].as_str()),
            (403, Some("urn:ringfence:forbidden")),
            "{path}: {answer}"
        );
        assert_eq!(ask(path, "rfs_wrong").0, 401, "{path}");
        assert_eq!(ask(path, ADMIN).0, 200, "{path}");
    }
    let sql = server.request(Method::POST, "/api/v1/query", &token);
    assert_eq!(send(sql.json(&json!({"sql": "SELECT 1"}))).0, 403);
    let (status, answer) = server.events("rfs_wrong", "{}");
    assert_eq!(
        (status, answer["type"].as_str()),
        (401, Some("urn:ringfence:unauthorized"))
    );

    let logon = json!({"class_uid": 3002, "activity_id": 1, "time": 1, "metadata": {"uid": "l"}});
    let (status, answer) = server.events(&token, lines(&[logon, look_up("c-1", "1", "C-1")]));
    assert_eq!(
        (status, answer["accepted"].as_u64()),
        (200, Some(1)),
        "{answer}"
    );
    assert_eq!(answer["rejections"][0]["code"], "class_not_allowed");
}

#[test]
fn program_and_site_come_from_the_credential_and_never_from_the_record() {
    let (_dir, server) = server();
    let token = server.source("crm", &json!({"program": "acme", "site": "berlin"}));
    let mut record = look_up("wall-1", "4711", "C-1");
    for (key, value) in [
        ("program", "rival"),
        ("site", "rome"),
        ("source", "root"),
        ("tenant", "rival"),
    ] {
        record[key] = json!(value);
    }
    record["metadata"]["tenant_uid"] = json!("rival");
    record["call"] = json!({"state": "talking"});
    assert_eq!(server.events(&token, record.to_string()).0, 200);
    let found = row(&server, "wall-1");
    assert_eq!(
        (&found["program"], &found["site"], &found["source"]),
        (&json!("acme"), &json!("berlin"), &json!("crm")),
        "{found}"
    );
    assert!(
        found["flags"].to_string().contains("reserved_stripped"),
        "{found}"
    );
    // The administrator sees every program.
    let other = server.source("crm-rival", &json!({"program": "rival"}));
    assert_eq!(
        server
            .events(&other, look_up("wall-2", "1", "C-1").to_string())
            .0,
        200
    );
    assert_eq!(row(&server, "wall-2")["program"], "rival");
}

#[test]
fn splunk_senders_are_answered_as_splunk_does() {
    let (_dir, server) = server();
    let token = server.source("hec", &json!({}));
    let post = |path: &str, body: &str| {
        let request = reqwest::Client::new().post(server.url(path));
        send(
            request
                .header("authorization", format!("Splunk {token}"))
                .body(body.to_owned()),
        )
    };
    let record = r#"{"time": 1795339800, "host": "crm-1", "event": {"user": "4711", "action": "view", "customer_id": "C-1001"}}"#;
    for path in [
        "/services/collector",
        "/services/collector/event",
        "/services/collector/event/1.0",
    ] {
        assert_eq!(
            post(path, record),
            (200, json!({"text": "Success", "code": 0})),
            "{path}"
        );
    }
    let (status, answer) = post("/services/collector/event", "");
    assert_eq!(
        (status, answer["code"].as_u64()),
        (400, Some(5)),
        "{answer}"
    );
    let (status, answer) = post("/services/collector/event", "{\"event\": ");
    assert_eq!(
        (status, answer["code"].as_u64()),
        (400, Some(6)),
        "{answer}"
    );
    let seen = eventually("they are visible", 5, || {
        let found = server.sql("SELECT agent, customer, time FROM events WHERE source = 'hec'");
        (found.len() == 3).then(|| found[0].clone())
    });
    assert_eq!(
        (&seen["agent"], &seen["customer"]),
        (&json!("4711"), &json!("C-1001"))
    );
}
