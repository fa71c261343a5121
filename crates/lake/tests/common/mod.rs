//! Rows and questions that the tests share.
#![allow(dead_code, reason = "each test file uses a part of it")]

use std::collections::BTreeSet;

use ringfence_lake::{Lake, LakeError, Limits, QueryError, QueryResult, Row, Scope};
use serde_json::{Map, Value};

/// 2026-01-31T12:00:00Z.
pub const NOON: i64 = 1_769_860_800_000;
pub const DAY: i64 = 86_400_000;

pub fn row(offset: u64, time_ms: i64, program: &str) -> Row<'static> {
    let raw = format!("record {offset} of {program}");
    Row {
        offset,
        event_id: format!("ev-{offset:08}").into(),
        time_ms,
        received_ms: time_ms.saturating_add(7),
        class_uid: 3002,
        class_name: Some("Authentication".into()),
        category_uid: 3,
        activity_id: 1,
        type_uid: 300_201,
        severity_id: 1,
        message: Some(format!("agent {} signed in", offset % 7).into()),
        program: program.to_owned().into(),
        agent: Some(format!("agent-{}", offset % 7).into()),
        caller: offset
            .is_multiple_of(3)
            .then(|| format!("+1555{:07}", offset % 11).into()),
        src_ip: Some(format!("10.0.0.{}", offset % 250).into()),
        ocsf: format!(r#"{{"class_uid":3002,"actor":{{"user":{{"name":"u{offset}"}}}}}}"#).into(),
        raw: raw.into(),
        ..Row::default()
    }
}

/// `count` rows a second apart, from `offset` on.
pub fn rows(offset: u64, count: u64, program: &str) -> Vec<Row<'static>> {
    (offset..offset + count)
        .map(|o| row(o, NOON + 1000 * o as i64, program))
        .collect()
}

pub fn only(programs: &[&str]) -> Scope {
    Scope::Programs(
        programs
            .iter()
            .map(ToString::to_string)
            .collect::<BTreeSet<_>>(),
    )
}

pub async fn ask(lake: &Lake, sql: &str) -> QueryResult {
    let all = lake.query(sql, Scope::All, Limits::default()).await;
    all.unwrap_or_else(|e| panic!("{sql}: {e}"))
}

pub async fn refusal(lake: &Lake, sql: &str) -> QueryError {
    match lake.query(sql, Scope::All, Limits::default()).await {
        Err(LakeError::Query(error)) => error,
        Err(other) => panic!("{sql}: {other}"),
        Ok(result) => panic!("{sql} was answered: {:?}", result.rows),
    }
}

pub async fn count(lake: &Lake) -> i64 {
    let result = ask(lake, "SELECT count(*) AS n FROM events").await;
    result.rows[0]["n"].as_i64().unwrap()
}

/// Every spine offset in the table, in order, repetitions included.
pub async fn offsets(lake: &Lake) -> Vec<i64> {
    let limits = Limits {
        rows: 1_000_000,
        ..Limits::default()
    };
    let sql = "SELECT spine_offset FROM events ORDER BY spine_offset";
    let result = lake.query(sql, Scope::All, limits).await.unwrap();
    assert!(!result.truncated);
    result
        .rows
        .iter()
        .map(|row| row["spine_offset"].as_i64().unwrap())
        .collect()
}

pub fn column<'a>(rows: &'a [Map<String, Value>], name: &str) -> Vec<&'a str> {
    rows.iter().map(|row| row[name].as_str().unwrap()).collect()
}
