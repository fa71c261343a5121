//! Other engines read the lake: delta-rs the log, DuckDB the files.
//!
//! `RINGFENCE_PYTHON` names a Python with `deltalake`, `duckdb` and `pyarrow`.
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

use std::path::Path;
use std::process::Command;

use common::{DAY, NOON, offsets, row};
use ringfence_lake::{Config, Erasable, Erasure, Lake, Pace, Retention};
use serde_json::{Value, json};

/// What other engines say about a lake, or nothing where their packages are missing.
fn peers(lake: &Path, arguments: &[&str]) -> Option<Value> {
    let python = std::env::var("RINGFENCE_PYTHON").unwrap_or_else(|_| "python3".into());
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/interop.py");
    let output = Command::new(&python)
        .arg(script)
        .arg(lake)
        .args(arguments)
        .output();
    let seen = match output {
        Ok(output) => {
            let errors = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(output.status.success(), "{errors}");
            serde_json::from_slice::<Value>(&output.stdout).expect(&errors)
        }
        Err(e) => json!({"missing": format!("{python}: {e}")}),
    };
    if let Some(missing) = seen.get("missing") {
        assert!(
            std::env::var_os("CI").is_none(),
            "{missing}: set RINGFENCE_PYTHON"
        );
        println!("note: not checked against other engines: {missing}");
        return None;
    }
    Some(seen)
}

fn fill(dir: &Path, commits: u64, checkpoint_every: u64) {
    let config = Config {
        checkpoint_every,
        log_retention: std::time::Duration::ZERO,
        ..Config::default()
    };
    let lake = Lake::open(dir, config).unwrap();
    for commit in 0..commits {
        // Every commit touches two days.
        let time = |o: u64| NOON + (o as i64 % 2) * DAY + o as i64;
        let rows: Vec<_> = (commit * 10..commit * 10 + 10)
            .map(|o| row(o, time(o), "gold"))
            .collect();
        lake.push(&rows).unwrap();
        lake.commit(commit * 10 + 9).unwrap();
    }
}

#[test]
fn delta_rs_and_duckdb_read_log_and_files() {
    let dir = tempfile::tempdir().unwrap();
    fill(dir.path(), 3, 100);
    let Some(seen) = peers(dir.path(), &[]) else {
        return;
    };
    assert_eq!(seen["version"], json!(3));
    assert_eq!(seen["partitions"], json!(["day"]));
    assert_eq!(
        seen["transactions"],
        json!(29),
        "the spine offset is the txn version"
    );
    assert_eq!(seen["delta_rows"], json!(30));
    assert_eq!(seen["delta_raw_7"], json!("record 7 of gold"));
    assert_eq!(seen["duckdb"], json!([30, 0, 29, 7]));
    assert_eq!(seen["duckdb_row_7"][0], json!("2026-02-01T12:00:00"));
    assert_eq!(seen["duckdb_row_7"][3], json!("gold"));
    assert_eq!(seen["compression"], json!(["ZSTD"]));
    assert_eq!(seen["key_id_present"], json!(false));
    let columns = seen["columns"].as_array().unwrap();
    assert_eq!(columns.first(), Some(&json!("time")));
    assert_eq!(columns.last(), Some(&json!("day")));
}

#[test]
fn delta_rs_reads_our_checkpoints() {
    let dir = tempfile::tempdir().unwrap();
    fill(dir.path(), 7, 5);
    assert!(
        !dir.path()
            .join("_delta_log/00000000000000000000.json")
            .exists()
    );
    let Some(seen) = peers(dir.path(), &[]) else {
        return;
    };
    assert_eq!(seen["version"], json!(7));
    assert_eq!(seen["transactions"], json!(69));
    assert_eq!(seen["duckdb"], json!([70, 0, 69, 7]));
    assert_eq!(seen["delta_rows"], json!(70));
}

#[tokio::test]
async fn we_read_checkpoints_of_delta_rs() {
    let dir = tempfile::tempdir().unwrap();
    fill(dir.path(), 4, 100);
    if peers(dir.path(), &["make-checkpoint"]).is_none() {
        return;
    }
    assert!(dir.path().join("_delta_log/_last_checkpoint").exists());
    for version in 0..4 {
        let entry = dir.path().join(format!("_delta_log/{version:020}.json"));
        std::fs::remove_file(entry).unwrap();
    }
    let lake = Lake::open(dir.path(), Config::default()).unwrap();
    assert_eq!(lake.committed_offset(), Some(39));
    assert_eq!(offsets(&lake).await, (0..40).collect::<Vec<_>>());
    lake.push(&[row(40, NOON, "gold")]).unwrap();
    lake.commit(40).unwrap();
    drop(lake);
    let seen = peers(dir.path(), &[]).unwrap();
    assert_eq!(seen["duckdb"], json!([41, 0, 40, 7]));
}

#[test]
fn other_engines_read_the_same_after_each_upkeep_job() {
    let dir = tempfile::tempdir().unwrap();
    fill(dir.path(), 12, 100);
    let config = || Config {
        checkpoint_every: 1,
        log_retention: std::time::Duration::ZERO,
        ..Config::default()
    };
    let lake = Lake::open(dir.path(), config()).unwrap();
    let look = |what: &str, expected: Value| {
        let seen = peers(dir.path(), &[])?;
        assert_eq!(seen["duckdb"], expected, "{what}");
        assert_eq!(seen["delta_rows"], expected[0], "{what}");
        assert_eq!(seen["transactions"], json!(119), "{what}");
        Some(seen)
    };
    lake.compact(true, &Pace::full()).unwrap();
    let Some(seen) = look("compaction", json!([120, 0, 119, 7])) else {
        return;
    };
    // Eight files at a time: the first eight, then what they became and the other four; each file
    // once with its path and once with its time.
    assert_eq!(
        seen["tombstones"],
        json!(2 * (8 + 5)),
        "with their times, in the checkpoint"
    );
    // Each agent has every seventh row; offset 7 must stay for the script.
    let erasure = Erasure::new(Erasable::Agent, "agent-3", 119, NOON);
    assert_eq!(lake.erase(erasure, &Pace::full()).unwrap().file_rows, 17);
    look("erasure", json!([103, 0, 119, 6]));
    let retention = Retention::default();
    assert_eq!(
        lake.retain(&retention, false, &Pace::full()).unwrap().rows,
        0
    );
    drop(lake);
    let now = Config {
        file_retention: std::time::Duration::ZERO,
        ..config()
    };
    let lake = Lake::open(dir.path(), now).unwrap();
    assert!(lake.vacuum(false).unwrap().files >= 24);
    look("vacuum", json!([103, 0, 119, 6]));
    lake.push(&[row(120, NOON, "gold")]).unwrap();
    lake.commit(120).unwrap();
    let seen = peers(dir.path(), &[]).unwrap();
    assert_eq!(seen["duckdb"], json!([104, 0, 120, 6]));
    assert_eq!(
        seen["tombstones"],
        json!(0),
        "what is vacuumed is forgotten"
    );
}
