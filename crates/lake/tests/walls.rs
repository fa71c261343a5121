//! A scoped query sees the rows of its programs, whatever its SQL says.
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

use common::{column, only, rows};
use ringfence_lake::{Config, Lake, LakeError, Limits, QueryResult, Scope};
use serde_json::json;

/// Rows of three programs, mixed in files and in the tail.
fn three_programs() -> (tempfile::TempDir, Lake) {
    let dir = tempfile::tempdir().unwrap();
    let lake = Lake::open(dir.path(), Config::default()).unwrap();
    let programs = ["gold", "silver", "tin"];
    let mixed = |from: u64| {
        let rows = (from..from + 30).flat_map(|o| rows(o, 1, programs[o as usize % 3]));
        rows.collect::<Vec<_>>()
    };
    lake.push(&mixed(0)).unwrap();
    lake.commit(29).unwrap();
    lake.push(&rows(30, 10, "tin")).unwrap();
    lake.commit(39).unwrap();
    lake.push(&mixed(40)).unwrap();
    (dir, lake)
}

async fn scoped(lake: &Lake, sql: &str, scope: Scope) -> Result<QueryResult, LakeError> {
    lake.query(sql, scope, Limits::default()).await
}

#[tokio::test]
async fn no_sql_reaches_another_program() {
    let (_dir, lake) = three_programs();
    for sql in [
        "SELECT raw FROM events",
        "SELECT raw FROM events WHERE program = 'tin' OR true",
        "SELECT raw FROM events WHERE program <> 'gold' OR program = 'gold'",
        "SELECT raw FROM events UNION ALL SELECT raw FROM events",
        "SELECT raw FROM events UNION SELECT raw FROM events WHERE program IN ('silver', 'tin')",
        "SELECT raw FROM (SELECT * FROM (SELECT * FROM events))",
        "SELECT (SELECT max(raw) FROM events) AS raw",
        "SELECT max(raw) AS raw FROM events",
        "SELECT min(raw) AS raw FROM events",
        "WITH all_events AS (SELECT * FROM events) SELECT raw FROM all_events",
        "WITH events AS (SELECT * FROM events) SELECT raw FROM events",
        "SELECT b.raw FROM events a JOIN events b ON a.program <> b.program OR true",
        "SELECT b.raw FROM events a RIGHT JOIN events b ON a.event_id = b.event_id",
        "SELECT b.raw FROM events a FULL JOIN events b ON false WHERE b.raw IS NOT NULL",
        "SELECT raw FROM events WHERE event_id IN (SELECT event_id FROM events)",
        "SELECT raw FROM events a WHERE EXISTS (SELECT 1 FROM events b WHERE b.program <> a.program OR true)",
        "SELECT raw FROM ringfence.public.events",
        "SELECT raw FROM public.events",
        "SELECT 'x' AS program, raw FROM events AS program",
        "SELECT raw FROM events ORDER BY program DESC LIMIT 5",
        "SELECT raw FROM events EXCEPT SELECT 'nothing'",
        "SELECT first_value(raw) OVER (PARTITION BY program) AS raw FROM events",
    ] {
        let result = scoped(&lake, sql, only(&["gold"])).await;
        let result = result.unwrap_or_else(|e| panic!("{sql}: {e}"));
        assert!(!result.rows.is_empty(), "{sql}");
        for raw in column(&result.rows, "raw") {
            assert!(raw.ends_with("of gold"), "{sql} gave {raw}");
        }
    }
}

#[tokio::test]
async fn counts_and_distinct_values_stop_at_the_wall() {
    let (_dir, lake) = three_programs();
    for (scope, rows, programs) in [
        (only(&["gold"]), 20, 1),
        (only(&["tin"]), 30, 1),
        (only(&["gold", "silver"]), 40, 2),
        (only(&["nobody"]), 0, 0),
        (only(&[]), 0, 0),
        (only(&["' OR true --"]), 0, 0),
        (Scope::All, 70, 3),
    ] {
        let sql = "SELECT count(*) AS rows, count(DISTINCT program) AS programs FROM events";
        let result = scoped(&lake, sql, scope.clone()).await.unwrap();
        assert_eq!(result.rows[0]["rows"], json!(rows), "{scope:?}");
        assert_eq!(result.rows[0]["programs"], json!(programs), "{scope:?}");
        let plain = scoped(&lake, "SELECT count(*) AS n FROM events", scope.clone())
            .await
            .unwrap();
        assert_eq!(plain.rows[0]["n"], json!(rows), "{scope:?}");
        let one = scoped(&lake, "SELECT 1 AS one FROM events", scope)
            .await
            .unwrap();
        assert_eq!(one.rows.len(), rows);
    }
}

/// An expression that fails on one row would tell that the row exists.
#[tokio::test]
async fn errors_tell_nothing_of_other_programs() {
    let (_dir, lake) = three_programs();
    for sql in [
        "SELECT raw FROM events WHERE 1 / (CASE WHEN raw LIKE '%tin%' THEN 0 ELSE 1 END) = 1",
        "SELECT raw FROM events WHERE 1 / (CASE WHEN program = 'tin' THEN 0 ELSE 1 END) = 1",
        "SELECT 1 / (CASE WHEN raw LIKE '%tin%' THEN 0 ELSE 1 END) AS x FROM events",
        "SELECT raw FROM events WHERE CAST(CASE WHEN raw LIKE '%tin%' THEN 'x' ELSE '1' END AS int) = 1",
    ] {
        assert_eq!(
            scoped(&lake, sql, only(&["gold"]))
                .await
                .unwrap()
                .rows
                .len(),
            20,
            "{sql}"
        );
        let error = scoped(&lake, sql, only(&["tin"])).await;
        assert!(
            error.is_err(),
            "the same question fails where it may look: {sql}"
        );
    }
}
