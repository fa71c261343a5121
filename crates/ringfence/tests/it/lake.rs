//! The lake looked after.

use std::fs;

use serde_json::{Value, json};

use crate::running::{ADMIN, Start, eventually, look_up, ringfence};

#[test]
fn an_erased_customer_stays_away_after_a_crash_and_is_no_part_of_an_export() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let server = Start::on(&data).run();
    let token = server.source("crm", &json!({}));
    let body: String = (0..20)
        .map(|n| {
            format!(
                "{}\n",
                look_up(&format!("r-{n}"), "1", &format!("=C-{}", n % 2))
            )
        })
        .collect();
    assert_eq!(server.events(&token, body).1["accepted"], 20);
    let of = |customer: &str| {
        format!(
            "SELECT count(*) AS n FROM events WHERE class_uid = 6001 AND customer = '{customer}'"
        )
    };
    eventually("all are there", 5, || {
        (server.count(&of("=C-0")) + server.count(&of("=C-1")) == 20).then_some(())
    });

    let asked = |dry_run: bool| json!({"key": "customer", "value": "=C-1", "dry_run": dry_run});
    let refused = server.request(reqwest::Method::POST, "/api/v1/lake/erase", &token);
    assert_eq!(crate::running::send(refused.json(&asked(false))).0, 403);
    let (status, counted) = server.post("/api/v1/lake/erase", &asked(true));
    assert_eq!(status, 200, "{counted}");
    assert!(counted["rows"].as_u64().unwrap() >= 10, "{counted}");
    assert_eq!(server.count(&of("=C-1")), 10, "counting takes nothing away");
    let (status, erased) = server.post("/api/v1/lake/erase", &asked(false));
    assert_eq!(
        (status, erased["rows"].as_u64() >= Some(10)),
        (200, true),
        "{erased}"
    );
    assert_eq!(server.count(&of("=C-1")), 0);
    // Who erased what key, and not which value.
    let record = eventually("the erasure is on record", 5, || {
        let rows = server.sql("SELECT message, ocsf, raw FROM events WHERE class_uid = 6005");
        rows.into_iter().next()
    });
    assert!(
        record["message"]
            .as_str()
            .unwrap()
            .contains("by `customer`")
    );
    assert!(!record.to_string().contains("=C-1"), "{record}");

    // What the lake had not committed is read from the event log again.
    server.kill_now();
    drop(server);
    let server = Start::on(&data).run();
    eventually("the others are back", 10, || {
        (server.count(&of("=C-0")) == 10).then_some(())
    });
    assert_eq!(server.count(&of("=C-1")), 0);
    let (status, stated) = server.get("/api/v1/lake");
    assert_eq!(status, 200, "{stated}");
    for (path, body) in [
        ("/api/v1/lake/compact", json!({})),
        ("/api/v1/lake/retain", json!({"dry_run": true})),
        ("/api/v1/lake/vacuum", json!({})),
    ] {
        let (status, answer) = server.post(path, &body);
        assert_eq!(status, 200, "{path}: {answer}");
    }
    assert_eq!(server.stop().code(), Some(0));

    let export = |format: &str| {
        let file = dir.path().join(format!("out.{format}"));
        let (data, file) = (data.to_str().unwrap(), file.to_str().unwrap());
        let condition = "class_uid = 6001 -- all of them";
        let arguments = [
            "lake",
            "export",
            "--data",
            data,
            "--as",
            format,
            "--where",
            condition,
            "--from",
            "2020-01-01",
            "--output",
            file,
        ];
        let done = ringfence(&arguments);
        assert_eq!(done.code, 0, "{}", done.err);
        assert!(done.out.contains("\"rows\":10"), "{}", done.out);
        assert_eq!(
            ringfence(&arguments).code,
            2,
            "an export overwrites nothing"
        );
        fs::read(file).unwrap()
    };
    let lines = String::from_utf8(export("jsonl")).unwrap();
    let rows: Vec<Value> = lines
        .lines()
        .map(|l| serde_json::from_str(l).unwrap())
        .collect();
    assert!(
        rows.iter()
            .all(|row| row["customer"] == "=C-0" && row["raw"].is_string())
    );
    let csv = String::from_utf8(export("csv")).unwrap();
    assert!(
        csv.contains(",\"'=C-0\",") && !csv.contains(",=C-0,"),
        "{csv}"
    );
    assert!(export("parquet").starts_with(b"PAR1"));
}

#[test]
fn only_an_administrator_looks_after_the_lake() {
    let dir = tempfile::tempdir().unwrap();
    let server = Start::on(&dir.path().join("data")).run();
    let token = server.source("crm", &json!({}));
    for path in ["compact", "retain", "vacuum"] {
        let path = format!("/api/v1/lake/{path}");
        let request = server.request(reqwest::Method::POST, &path, &token);
        assert_eq!(
            crate::running::send(request.json(&json!({}))).0,
            403,
            "{path}"
        );
    }
    let odd = json!({"key": "message", "value": "x", "dry_run": true});
    let request = server.request(reqwest::Method::POST, "/api/v1/lake/erase", ADMIN);
    let (status, answer) = crate::running::send(request.json(&odd));
    assert_eq!(status, 400);
    assert!(
        answer["detail"].as_str().unwrap().contains("call_uid"),
        "{answer}"
    );
}
