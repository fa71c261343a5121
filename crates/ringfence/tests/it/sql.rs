//! Asking with SQL.

use serde_json::json;

use crate::running::{Start, eventually, look_up};

#[test]
fn one_select_is_answered_and_anything_else_is_refused_in_words() {
    let dir = tempfile::tempdir().unwrap();
    let server = Start::on(&dir.path().join("data")).run();
    let token = server.source("crm", &json!({}));
    server.events(&token, look_up("s-1", "4711", "C-1").to_string());
    eventually("it is there", 2, || {
        (server.count("SELECT count(*) AS n FROM events WHERE agent = '4711' AND class_uid = 6001")
            == 1)
            .then_some(())
    });
    let outside = dir.path().join("out.csv");
    let refused = [
        "DELETE FROM events".to_owned(),
        "INSERT INTO events VALUES (1)".to_owned(),
        "UPDATE events SET agent = 'x'".to_owned(),
        "DROP TABLE events".to_owned(),
        "CREATE TABLE t (a INT)".to_owned(),
        "CREATE VIEW v AS SELECT * FROM events".to_owned(),
        "SET datafusion.execution.batch_size = 1".to_owned(),
        "SELECT 1; SELECT 2".to_owned(),
        "EXPLAIN ANALYZE SELECT 1".to_owned(),
        "SHOW TABLES".to_owned(),
        format!("COPY (SELECT * FROM events) TO '{}'", outside.display()),
        "CREATE EXTERNAL TABLE e STORED AS CSV LOCATION '/etc/passwd'".to_owned(),
        "SELECT * FROM '/etc/passwd'".to_owned(),
        "SELECT * FROM information_schema.tables".to_owned(),
        "SELECT * FROM read_csv('/etc/passwd')".to_owned(),
        "SELECT agent FROM".to_owned(),
    ];
    for sql in refused {
        let (status, answer) = server.post("/api/v1/query", &json!({"sql": sql}));
        assert_eq!(status, 400, "{sql}: {answer}");
        let detail = answer["detail"].as_str().unwrap();
        assert!(
            detail.len() > 10 && !detail.contains("root:"),
            "{sql}: {detail}"
        );
    }
    assert!(!outside.exists());
    let (_, answer) = server.post("/api/v1/query", &json!({"sql": "DELETE FROM events"}));
    let detail = answer["detail"].as_str().unwrap();
    assert!(
        detail.contains("DELETE") && detail.contains("single SELECT"),
        "{detail}"
    );
    // Nothing of that changed anything.
    assert_eq!(
        server.count("SELECT count(*) AS n FROM events WHERE class_uid = 6001"),
        1
    );
}

#[test]
fn an_answer_has_the_asked_number_of_rows_and_says_when_it_was_cut() {
    let dir = tempfile::tempdir().unwrap();
    let server = Start::on(&dir.path().join("data")).run();
    let token = server.source("crm", &json!({}));
    let body: String = (0..20)
        .map(|n| format!("{}\n", look_up(&format!("r-{n}"), "1", "C-1")))
        .collect();
    assert_eq!(server.events(&token, body).1["accepted"], 20);
    eventually("all are there", 2, || {
        (server.count("SELECT count(*) AS n FROM events WHERE class_uid = 6001") == 20)
            .then_some(())
    });
    let sql = "SELECT event_id FROM events WHERE class_uid = 6001";
    let (status, cut) = server.post("/api/v1/query", &json!({"sql": sql, "limit": 7}));
    assert_eq!(status, 200, "{cut}");
    assert_eq!(
        (cut["rows"].as_array().unwrap().len(), &cut["truncated"]),
        (7, &json!(true))
    );
    let (_, whole) = server.post("/api/v1/query", &json!({"sql": sql}));
    assert_eq!(
        (whole["rows"].as_array().unwrap().len(), &whole["truncated"]),
        (20, &json!(false))
    );
}
