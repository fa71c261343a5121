//! The state moves from one database to another, and nothing of it is lost.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "test code"
)]

mod common;

use std::path::{Path, PathBuf};

use common::*;
use ringfence_crypto::{Token, TokenHash, TokenKind};
use ringfence_state::{
    AlertEdit, Error, Holder, NewCertificate, NewEvidence, NewQuarantined, NewSaved, NewWebhook,
    SavedKind, Scope, State, Store, Verdict, move_state,
};
use sqlx::{AssertSqlSafe, Connection as _, Row as _, SqliteConnection};

/// A state with rows in every table, more than one page of some, and what is hard to carry:
/// absence, quotes, other scripts.
async fn lived_in(place: &Store) {
    let state = open(place).await;
    state.instance_id(T0).await.unwrap();
    let token = Token::preset(TokenKind::Admin, "token-of-the-operator").unwrap();
    state.preset_automation(&token, T0).await.unwrap();
    people(&state).await;
    let view = NewSaved {
        kind: SavedKind::Alerts,
        name: "Mine".to_owned(),
        content: serde_json::Map::new(),
    };
    state.keep_saved("admin", &view, T0).await.unwrap();
    let crm = state.create_source(&ALL, source("crm", "bank"), T0).await;
    let new = NewCertificate {
        fingerprint: TokenHash::of("a certificate"),
        serial: "0a".to_owned(),
        not_before_ms: T0,
        not_after_ms: T0 + HOUR,
    };
    let holder = Holder::Source(crm.unwrap().source.id);
    let made = state.add_certificate(&ALL, &holder, &new, "ada", T0);
    made.await.unwrap();
    directory(&state).await;
    let hook = NewWebhook {
        name: "It's \"ours\"".to_owned(),
        url: "https://hooks.example/x".to_owned(),
        scope: Scope::All,
        min_severity_id: 0,
    };
    state.create_webhook(&ALL, hook, T0).await.unwrap();
    let ids = open_alerts(&state, 0..1_203).await;
    state.apply_findings(&[], at(77), T0).await.unwrap();
    let note = AlertEdit::Note {
        text: "Zürich 北 \u{1f4de} ''; --".to_owned(),
        key: None,
    };
    let close = AlertEdit::Close {
        verdict: Verdict::Benign,
        reason: "a drill".to_owned(),
    };
    for edit in [note, close] {
        state
            .edit_alert(&ALL, &ids[0], &edit, None, "Ann", T0)
            .await
            .unwrap();
    }
    let refused = |line| NewQuarantined {
        program: "bank".to_owned(),
        source: "crm".to_owned(),
        received_ms: T0,
        line,
        offset: None,
        code: "E-JSON-001".to_owned(),
        reason: "no value".to_owned(),
        sample: b"{\0".to_vec(),
    };
    state
        .quarantine(&[refused(None), refused(Some(3))], T0)
        .await
        .unwrap();
    let mark = ("a.log".to_owned(), Some("1,2".to_owned()));
    state.set_bookmarks("files", &[mark], T0).await.unwrap();
    let record = NewEvidence {
        spine: 7,
        part: 0,
        time_ms: T0,
        kind: "account".to_owned(),
        program: "bank".to_owned(),
        actor: "ann".to_owned(),
        target: "ben".to_owned(),
        record: "{\"what\":\"Ä \\u0000\"}".to_owned(),
    };
    let read = at(8).unwrap();
    state.add_evidence(&[record], read, T0).await.unwrap();
    state.close().await;
}

async fn tables(path: &Path) -> Vec<String> {
    let mut file = sqlite(path).await;
    let rows = sqlx::query(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_%' ESCAPE '\\'
         ORDER BY name",
    );
    let rows = rows.fetch_all(&mut file).await.unwrap();
    rows.iter().map(|row| row.get("name")).collect()
}

async fn sqlite(path: &Path) -> SqliteConnection {
    let url = format!("sqlite://{}", path.display());
    SqliteConnection::connect(&url).await.unwrap()
}

async fn number(file: &mut SqliteConnection, sql: String) -> i64 {
    let row = sqlx::query(AssertSqlSafe(sql))
        .fetch_one(file)
        .await
        .unwrap();
    row.get(0)
}

/// Whether two files hold the same rows, told by the database itself.
async fn must_be_equal(one: &Path, other: &Path) {
    let mut file = sqlite(one).await;
    let attach = format!("ATTACH '{}' AS other", other.display());
    sqlx::raw_sql(AssertSqlSafe(attach))
        .execute(&mut file)
        .await
        .unwrap();
    for table in tables(one).await {
        let rows = number(&mut file, format!("SELECT COUNT(*) FROM main.{table}")).await;
        assert!(
            rows > 0,
            "{table} is empty: the test shows nothing about it"
        );
        let there = number(&mut file, format!("SELECT COUNT(*) FROM other.{table}")).await;
        let missing = format!(
            "SELECT COUNT(*) FROM (SELECT * FROM main.{table} EXCEPT SELECT * FROM other.{table})"
        );
        assert_eq!(
            (rows, 0),
            (there, number(&mut file, missing).await),
            "{table}"
        );
    }
}

#[tokio::test]
async fn there_and_back_every_row_is_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| -> PathBuf { folder.path().join(name) };
    let (first, last) = (Store::File(path("a.db")), Store::File(path("b.db")));
    lived_in(&first).await;
    // Through PostgreSQL where this run has one, else through a third file.
    let between = match new_database().await {
        Some(database) => database,
        None => Store::File(path("between.db")),
    };
    let mut steps = Vec::new();
    let moved = move_state(&first, &between, |step| steps.push(step))
        .await
        .unwrap();
    let mut names: Vec<_> = moved.iter().map(|moved| moved.table.to_owned()).collect();
    names.sort();
    assert_eq!(
        names,
        tables(&path("a.db")).await,
        "every table has its place in the list"
    );
    let alerts = moved.iter().find(|moved| moved.table == "alerts").unwrap();
    assert_eq!(alerts.rows, 1_203);
    let told: Vec<_> = steps
        .iter()
        .filter(|s| s.table == "alerts")
        .map(|s| s.rows)
        .collect();
    assert_eq!(told, [500, 1_000, 1_203]);
    assert_eq!(move_state(&between, &last, |_| {}).await.unwrap(), moved);
    must_be_equal(&path("a.db"), &path("b.db")).await;
}

#[tokio::test]
async fn only_into_an_empty_place_and_from_one_that_nobody_uses() {
    let folder = tempfile::tempdir().unwrap();
    let from = Store::File(folder.path().join("a.db"));
    let to = match new_database().await {
        Some(database) => database,
        None => Store::File(folder.path().join("b.db")),
    };
    let missing = move_state(&from, &to, |_| {}).await.unwrap_err();
    assert!(matches!(missing, Error::NotFound { .. }), "{missing:?}");
    lived_in(&from).await;

    let server = open(&from).await;
    let busy = move_state(&from, &to, |_| {}).await.unwrap_err();
    assert!(matches!(busy, Error::InUse), "{busy:?}");
    server.close().await;
    let server = open(&to).await;
    let busy = move_state(&from, &to, |_| {}).await.unwrap_err();
    assert!(matches!(busy, Error::InUse), "{busy:?}");
    server.close().await;

    move_state(&from, &to, |_| {}).await.unwrap();
    let full = move_state(&from, &to, |_| {}).await.unwrap_err();
    assert!(full.to_string().contains("holds state already"), "{full}");
    // What is there goes on where it was.
    let state: State = open(&to).await;
    assert_eq!(state.position("alerts").await.unwrap(), Some(77));
    let next = state
        .apply_findings(&[finding("n", "n", T0, 3)], at(78), T0)
        .await
        .unwrap();
    assert_eq!(next.changes[0].id, 1_206);
}
