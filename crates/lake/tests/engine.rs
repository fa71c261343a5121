//! An engine on the other side of two pipes answers as the lake itself does.
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

use std::collections::BTreeSet;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::Duration;

use common::rows;
use ringfence_lake::{
    AskError, Config, EngineSettings, Facts, Lake, Limits, Link, QueryError, Scope, run_engine,
};
use serde_json::Value;

/// An engine on a thread of its own.
fn engine(lake: &Arc<Lake>, dir: &std::path::Path) -> Link {
    let (ours, theirs) = UnixStream::pair().unwrap();
    let settings = EngineSettings {
        dir: dir.to_owned(),
        threads: 1,
        footer_cache_bytes: 1 << 20,
        memory_bytes: 64 << 20,
    };
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap();
        let input = theirs.try_clone().unwrap();
        runtime.block_on(run_engine(settings, input, theirs))
    });
    ours.set_nonblocking(true).unwrap();
    let ours = tokio::net::UnixStream::from_std(ours).unwrap();
    let (read, write) = ours.into_split();
    Link::new(Arc::clone(lake), read, write)
}

async fn ask(link: &Link, sql: &str, scope: Scope) -> Result<Vec<Value>, AskError> {
    let mut pieces = link.ask(sql.to_owned(), scope, Limits::default()).await?;
    let mut text = b"[".to_vec();
    while let Some(piece) = pieces.next().await? {
        text.extend(piece);
    }
    text.push(b']');
    Ok(serde_json::from_slice(&text).unwrap())
}

/// The same from the lake itself.
async fn here(lake: &Lake, sql: &str, scope: Scope) -> Vec<Value> {
    let answer = lake.query(sql, scope, Limits::default()).await.unwrap();
    answer.rows.into_iter().map(Value::Object).collect()
}

fn facts(state: &str) -> Facts {
    Facts {
        call_state: Some(state.to_owned()),
        enrichment: Some(format!("{{\"call.state\":\"{state}\"}}")),
        ..Facts::default()
    }
}

#[tokio::test]
async fn an_engine_sees_each_row_once_while_rows_come_are_revised_and_become_files() {
    let dir = tempfile::tempdir().unwrap();
    let lake = Arc::new(Lake::open(dir.path(), Config::default()).unwrap());
    let link = engine(&lake, dir.path());
    let questions = [
        "SELECT * FROM events ORDER BY spine_offset, event_id",
        "SELECT call_state, count(*) AS n FROM events GROUP BY call_state ORDER BY call_state",
        "SELECT count(*) AS n FROM events",
    ];
    for round in 0..6u64 {
        let from = round * 100;
        lake.push(&rows(from, 100, "gold")).unwrap();
        // Rows that a query has already carried over, and rows that it has not.
        for offset in (0..from + 100).step_by(7) {
            lake.revise(offset, &facts(&format!("state-{round}")));
        }
        for sql in questions {
            let there = ask(&link, sql, Scope::All).await.unwrap();
            assert_eq!(there, here(&lake, sql, Scope::All).await, "{round}: {sql}");
        }
        if round % 2 == 1 {
            // In the middle of a chunk: half of it becomes a file.
            lake.commit(from + 50).unwrap();
        }
    }
}

#[tokio::test]
async fn the_wall_between_programs_stands_in_the_engine() {
    let dir = tempfile::tempdir().unwrap();
    let lake = Arc::new(Lake::open(dir.path(), Config::default()).unwrap());
    lake.push(&rows(0, 10, "gold")).unwrap();
    lake.push(&rows(10, 10, "tin")).unwrap();
    lake.commit(14).unwrap();
    let link = engine(&lake, dir.path());
    let sql = "SELECT DISTINCT program FROM events WHERE true OR program = 'tin'";
    for (program, seen) in [("gold", 1), ("tin", 1), ("nobody", 0)] {
        let scope = Scope::Programs(BTreeSet::from([program.to_owned()]));
        let answer = ask(&link, sql, scope).await.unwrap();
        assert_eq!(answer.len(), seen, "{program}: {answer:?}");
        assert!(answer.iter().all(|row| row["program"] == program));
    }
}

#[tokio::test]
async fn what_is_refused_here_is_refused_there_in_the_same_words() {
    let dir = tempfile::tempdir().unwrap();
    let lake = Arc::new(Lake::open(dir.path(), Config::default()).unwrap());
    let link = engine(&lake, dir.path());
    for sql in [
        "DELETE FROM events",
        "SELECT nothing FROM events",
        "SELECT",
        "SELECT * FROM read_parquet('/etc/passwd')",
        "CREATE EXTERNAL TABLE e STORED AS CSV LOCATION 'http://127.0.0.1:1/x'",
        "SELECT 1 / (count(*) - count(*)) AS n FROM events",
    ] {
        let there = ask(&link, sql, Scope::All).await.unwrap_err();
        let here = lake.query(sql, Scope::All, Limits::default()).await;
        assert_eq!(there.to_string(), here.unwrap_err().to_string(), "{sql}");
    }
}

#[tokio::test]
async fn an_answer_comes_in_bounded_pieces_and_waits_for_its_reader() {
    let dir = tempfile::tempdir().unwrap();
    let lake = Arc::new(Lake::open(dir.path(), Config::default()).unwrap());
    lake.push(&rows(0, 4_000, "gold")).unwrap();
    let link = engine(&lake, dir.path());
    let limits = Limits {
        rows: 1_000_000,
        ..Limits::default()
    };
    let sql = "SELECT a.* FROM events a CROSS JOIN (SELECT 1 FROM events LIMIT 5) b";
    let mut slow = link.ask(sql.to_owned(), Scope::All, limits).await.unwrap();
    // Others are answered although nobody reads this one.
    for _ in 0..3 {
        let quick = ask(&link, "SELECT count(*) AS n FROM events", Scope::All).await;
        assert_eq!(quick.unwrap()[0]["n"], 4_000);
    }
    let mut text = b"[".to_vec();
    while let Some(piece) = slow.next().await.unwrap() {
        assert!(piece.len() <= 256 << 10, "{}", piece.len());
        text.extend(piece);
    }
    text.push(b']');
    let answer: Vec<Value> = serde_json::from_slice(&text).unwrap();
    assert_eq!((answer.len(), slow.truncated()), (20_000, false));
}

#[tokio::test]
async fn a_dropped_answer_and_an_expired_one_leave_the_engine_free() {
    let dir = tempfile::tempdir().unwrap();
    let lake = Arc::new(Lake::open(dir.path(), Config::default()).unwrap());
    lake.push(&rows(0, 3_000, "gold")).unwrap();
    let link = engine(&lake, dir.path());
    let endless = "SELECT count(*) AS n FROM events a, events b, events c, events d \
                   WHERE a.raw || b.raw || c.raw <> d.raw";
    let limits = Limits {
        time: Duration::from_millis(300),
        ..Limits::default()
    };
    let mut pieces = link
        .ask(endless.to_owned(), Scope::All, limits)
        .await
        .unwrap();
    let error = pieces.next().await.unwrap_err();
    assert!(
        matches!(error, AskError::Query(QueryError::Timeout(300))),
        "{error}"
    );
    let dropped = link.ask(endless.to_owned(), Scope::All, Limits::default());
    drop(dropped.await.unwrap());
    let quick = ask(&link, "SELECT count(*) AS n FROM events", Scope::All).await;
    assert_eq!(quick.unwrap()[0]["n"], 3_000);
    assert!(!link.is_lost());
}

#[tokio::test]
async fn an_engine_that_ends_or_babbles_is_noticed() {
    let dir = tempfile::tempdir().unwrap();
    let lake = Arc::new(Lake::open(dir.path(), Config::default()).unwrap());
    for says in [b"".as_slice(), b"hello, this is no frame at all"] {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        ours.set_nonblocking(true).unwrap();
        let (read, write) = tokio::net::UnixStream::from_std(ours).unwrap().into_split();
        let link = Link::new(Arc::clone(&lake), read, write);
        std::io::Write::write_all(&mut theirs, says).unwrap();
        theirs.shutdown(std::net::Shutdown::Write).unwrap();
        let error = ask(&link, "SELECT 1", Scope::All).await.unwrap_err();
        assert!(matches!(error, AskError::Lost), "{error}");
        assert!(link.is_lost());
    }
}
