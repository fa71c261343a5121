//! SQL over files and the hot tail gives the right rows.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_possible_wrap,
    clippy::print_stdout,
    missing_docs,
    reason = "test code"
)]

mod common;

use common::{DAY, NOON, ask, column, count, refusal, row, rows};
use ringfence_lake::{Config, Facts, Lake, Limits, QueryError, Scope};
use serde_json::json;

/// Half of the rows in a file, half in the tail.
async fn half_and_half() -> (tempfile::TempDir, Lake) {
    let dir = tempfile::tempdir().unwrap();
    let lake = Lake::open(dir.path(), Config::default()).unwrap();
    lake.push(&rows(0, 100, "gold")).unwrap();
    lake.commit(99).unwrap();
    lake.push(&rows(100, 100, "gold")).unwrap();
    (dir, lake)
}

#[tokio::test]
async fn new_rows_are_visible_at_once_and_stay_visible() {
    let dir = tempfile::tempdir().unwrap();
    let lake = Lake::open(dir.path(), Config::default()).unwrap();
    assert_eq!(count(&lake).await, 0);
    lake.push(&rows(0, 10, "gold")).unwrap();
    assert_eq!(count(&lake).await, 10);
    lake.push(&rows(10, 10, "gold")).unwrap();
    assert_eq!(count(&lake).await, 20);
    let done = lake.commit(14).unwrap();
    assert_eq!((done.rows, done.files), (15, 1));
    assert_eq!(lake.status().tail_rows, 5);
    assert_eq!(count(&lake).await, 20);
}

#[tokio::test]
async fn columns_have_their_values_and_types() {
    let (_dir, lake) = half_and_half().await;
    for offset in [5, 105] {
        let sql = format!("SELECT * FROM events WHERE spine_offset = {offset}");
        let result = ask(&lake, &sql).await;
        assert_eq!(result.rows.len(), 1, "{offset}");
        let got = &result.rows[0];
        let time = format!("2026-01-31T12:0{}:{:02}Z", offset / 60, offset % 60);
        assert_eq!(got["time"], json!(time));
        assert_eq!(got["class_uid"], json!(3002));
        assert_eq!(got["type_uid"], json!(300_201));
        assert_eq!(got["status_id"], json!(null));
        assert_eq!(got["event_id"], json!(format!("ev-{offset:08}")));
        assert_eq!(got["raw"], json!(format!("record {offset} of gold")));
        assert_eq!(got["day"], json!("2026-01-31"));
        let kind = |name: &str| {
            result
                .columns
                .iter()
                .find(|c| c.name == name)
                .unwrap()
                .kind
                .clone()
        };
        assert_eq!(kind("time"), "timestamp");
        assert_eq!(kind("class_uid"), "integer");
        assert_eq!(kind("spine_offset"), "bigint");
        assert_eq!(kind("raw"), "text");
        assert_eq!(kind("day"), "date");
    }
}

#[tokio::test]
async fn filters_work_on_files_and_tail_alike() {
    let (_dir, lake) = half_and_half().await;
    for (condition, rows) in [
        ("agent = 'agent-3'", 29),
        ("agent = 'nobody'", 0),
        ("agent IN ('agent-3', 'agent-4')", 57),
        ("raw LIKE '%record 1%'", 111),
        ("raw LIKE 'record 1_ of%'", 10),
        ("time >= TIMESTAMP '2026-01-31T12:03:00Z'", 20),
        ("time < '2026-01-31T12:00:10Z'", 10),
        ("time >= '2026-02-01T00:00:00Z'", 0),
        ("day = '2026-01-31'", 200),
        ("day = '2026-02-01'", 0),
        ("caller IS NULL", 133),
        ("program = 'gold' AND spine_offset BETWEEN 90 AND 109", 20),
        ("regexp_like(raw, 'record [0-9] ')", 10),
        ("ocsf_get(ocsf, 'actor.user.name') = 'u7'", 1),
        ("date_trunc('minute', time) = '2026-01-31T12:01:00Z'", 60),
        ("src_ip = '10.0.0.5' OR event_id = 'ev-00000150'", 2),
    ] {
        let sql = format!("SELECT count(*) AS n FROM events WHERE {condition}");
        assert_eq!(
            ask(&lake, &sql).await.rows[0]["n"],
            json!(rows),
            "{condition}"
        );
    }
}

#[tokio::test]
async fn aggregates_order_and_limit() {
    let (_dir, lake) = half_and_half().await;
    let sql =
        "SELECT agent, count(*) AS n FROM events GROUP BY agent ORDER BY n DESC, agent LIMIT 2";
    let top = ask(&lake, sql).await;
    assert_eq!(column(&top.rows, "agent"), ["agent-0", "agent-1"]);
    assert_eq!(top.rows[0]["n"], json!(29));
    let last = ask(
        &lake,
        "SELECT event_id FROM events ORDER BY time DESC LIMIT 3",
    )
    .await;
    assert_eq!(
        column(&last.rows, "event_id"),
        ["ev-00000199", "ev-00000198", "ev-00000197"]
    );
    let first = ask(
        &lake,
        "SELECT event_id FROM events ORDER BY time LIMIT 101 OFFSET 99",
    )
    .await;
    assert_eq!(first.rows.len(), 101);
    assert_eq!(first.rows[0]["event_id"], json!("ev-00000099"));
    let joined = ask(
        &lake,
        "SELECT a.time, b.time FROM events a JOIN events b USING (event_id)",
    )
    .await;
    assert_eq!(joined.rows.len(), 200);
    assert!(joined.rows.iter().all(|row| row["time"] == row["time_2"]));
}

#[tokio::test]
async fn a_file_is_in_time_order_whatever_order_rows_came_in() {
    let dir = tempfile::tempdir().unwrap();
    let lake = Lake::open(dir.path(), Config::default()).unwrap();
    let mixed: Vec<_> = (0..500u64)
        .map(|o| row(o, NOON + (o as i64 * 7919) % 500, "gold"))
        .collect();
    lake.push(&mixed).unwrap();
    lake.commit(499).unwrap();
    let plain = ask(
        &lake,
        "SELECT CAST(time AS BIGINT) AS t, spine_offset FROM events",
    )
    .await;
    let keys: Vec<_> = plain
        .rows
        .iter()
        .map(|row| {
            (
                row["t"].as_i64().unwrap(),
                row["spine_offset"].as_i64().unwrap(),
            )
        })
        .collect();
    assert_eq!(keys.len(), 500);
    assert!(keys.is_sorted());
}

#[tokio::test]
async fn each_day_has_its_own_file() {
    let dir = tempfile::tempdir().unwrap();
    let lake = Lake::open(dir.path(), Config::default()).unwrap();
    let times = [
        NOON,
        NOON + DAY,
        NOON - 400 * DAY,
        0,
        -1,
        i64::MAX,
        i64::MIN,
    ];
    let far: Vec<_> = times
        .iter()
        .zip(0..)
        .map(|(time, o)| row(o, *time, "gold"))
        .collect();
    lake.push(&far).unwrap();
    assert_eq!(lake.commit(6).unwrap().files, 7);
    drop(lake);
    let lake = Lake::open(dir.path(), Config::default()).unwrap();
    assert_eq!(count(&lake).await, 7);
    let day = ask(
        &lake,
        "SELECT spine_offset FROM events WHERE time = '2026-02-01T12:00:00Z'",
    )
    .await;
    assert_eq!(day.rows.len(), 1);
    let old = ask(
        &lake,
        "SELECT count(*) AS n FROM events WHERE time < '1970-01-01T00:00:00Z'",
    )
    .await;
    assert_eq!(old.rows[0]["n"], json!(2));
}

#[tokio::test]
async fn late_facts_reach_rows_of_the_tail_only() {
    let dir = tempfile::tempdir().unwrap();
    let lake = Lake::open(dir.path(), Config::default()).unwrap();
    lake.push(&rows(0, 10, "gold")).unwrap();
    lake.commit(4).unwrap();
    let facts = Facts {
        call_uid: Some("call-1".into()),
        call_state: Some("live".into()),
        enrichment: Some(r#"{"call":{"state":"live"}}"#.into()),
    };
    assert!(!lake.revise(4, &facts), "it is in a file");
    assert!(
        lake.revise(5, &facts),
        "it was split off the committed chunk"
    );
    assert_eq!(count(&lake).await, 10);
    assert!(lake.revise(6, &facts), "a query has looked at it");
    lake.push(&rows(10, 1, "gold")).unwrap();
    assert!(lake.revise(10, &facts), "it is still being built");
    assert!(!lake.revise(11, &facts), "there is no such row");
    let sql = "SELECT spine_offset, ocsf_get(enrichment, 'call.state') AS s FROM events \
               WHERE call_uid = 'call-1' AND call_state = 'live' ORDER BY 1";
    let before = ask(&lake, sql).await;
    assert_eq!(before.rows.len(), 3);
    assert_eq!(column(&before.rows, "s"), ["live"; 3]);
    lake.commit(10).unwrap();
    assert_eq!(ask(&lake, sql).await, before);
}

#[tokio::test]
async fn limits_stop_a_query_with_a_reason() {
    let (_dir, lake) = half_and_half().await;
    let ask = |sql: &'static str, limits: Limits| lake.query(sql, Scope::All, limits);
    let few = ask(
        "SELECT raw FROM events",
        Limits {
            rows: 7,
            ..Limits::default()
        },
    )
    .await
    .unwrap();
    assert_eq!((few.rows.len(), few.truncated), (7, true));
    let exact = Limits {
        rows: 200,
        ..Limits::default()
    };
    assert!(
        !ask("SELECT raw FROM events", exact)
            .await
            .unwrap()
            .truncated
    );
    let small = Limits {
        answer_bytes: 500,
        ..Limits::default()
    };
    let small = ask("SELECT raw FROM events", small).await.unwrap();
    assert!(small.truncated && !small.rows.is_empty() && small.rows.len() < 30);

    // 200^5 rows: it ends by the limit, and the next query finds the thread free.
    let endless = "SELECT count(*) FROM events a, events b, events c, events d, events e \
                   WHERE a.raw || b.raw || c.raw || d.raw || e.raw = 'x'";
    let brief = Limits {
        time: std::time::Duration::from_millis(300),
        // The crossed sides alone may pass the default before the time is up.
        memory_bytes: 4 << 30,
        ..Limits::default()
    };
    let error = ask(endless, brief).await.unwrap_err();
    assert!(error.to_string().contains("300 ms"), "{error}");
    assert_eq!(count(&lake).await, 200);

    let tight = Limits {
        memory_bytes: 100_000,
        ..Limits::default()
    };
    let big = "SELECT count(*) FROM (SELECT DISTINCT a.raw, b.raw FROM events a, events b)";
    let error = ask(big, tight).await.unwrap_err();
    assert!(error.to_string().contains("more memory"), "{error}");

    // Of what is sorted only the rows that are wanted are kept.
    let sorted = "SELECT a.raw, b.raw AS other FROM events a, events b ORDER BY other DESC, a.raw";
    let room = |rows| Limits {
        rows,
        memory_bytes: 1_000_000,
        ..Limits::default()
    };
    let error = ask(sorted, room(40_000)).await.unwrap_err();
    assert!(error.to_string().contains("more memory"), "{error}");
    let first = ask(sorted, room(5)).await.unwrap();
    assert_eq!((first.rows.len(), first.truncated), (5, true));
}

#[tokio::test]
async fn hostile_text_is_refused_and_the_process_lives() {
    let (_dir, lake) = half_and_half().await;
    let deep = format!("SELECT {}1{}", "(".repeat(10_000), ")".repeat(10_000));
    assert!(matches!(
        refusal(&lake, &deep).await,
        QueryError::TooLarge(_)
    ));
    // The longest chains that the guard lets through, planned and run on a real stack.
    let ors = vec!["raw = 'x'"; 370].join(" OR ");
    let sums = vec!["1"; 1400].join("+");
    let casts = "::int::bigint".repeat(350);
    let unions = vec!["SELECT 1"; 700].join(" UNION ALL ");
    for sql in [
        format!("SELECT count(*) FROM events WHERE {ors}"),
        format!("SELECT {sums}"),
        format!("SELECT 1{casts}"),
        unions,
    ] {
        let _ = lake.query(&sql, Scope::All, Limits::default()).await;
    }
    assert_eq!(count(&lake).await, 200);
}

#[tokio::test]
async fn only_a_select_over_events_is_answered() {
    let (_dir, lake) = half_and_half().await;
    for sql in [
        "DROP TABLE events",
        "INSERT INTO events SELECT * FROM events",
        "COPY (SELECT * FROM events) TO '/tmp/out.parquet'",
        "CREATE EXTERNAL TABLE t STORED AS PARQUET LOCATION '/tmp/x'",
        "SET datafusion.catalog.information_schema = true",
        "EXPLAIN ANALYZE SELECT * FROM events",
        "SELECT * FROM '/etc/passwd'",
        "SELECT * FROM \"/etc/passwd\"",
        "SELECT * FROM information_schema.tables",
        "SELECT * FROM ringfence.public.other",
        "SELECT repeat('x', 2000000000)",
        "SELECT nothing FROM events",
    ] {
        let error = refusal(&lake, sql).await;
        let expected = matches!(error, QueryError::Refused { .. } | QueryError::Plan(_));
        assert!(expected, "{sql}: {error:?}");
    }
    let error = refusal(&lake, "SELECT time,\n  nothing FROM events")
        .await
        .to_string();
    assert!(
        error.contains("nothing") && error.contains("line 2, column 3"),
        "{error}"
    );
}
