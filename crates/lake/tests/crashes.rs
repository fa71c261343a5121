//! What a crash leaves behind, and that nothing is lost or doubled.
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

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use common::{DAY, NOON, count, offsets, row, rows};
use proptest::prelude::*;
use ringfence_lake::{Config, Lake, LakeError};

fn open(dir: &Path) -> Lake {
    Lake::open(dir, Config::default()).unwrap()
}

fn entry(dir: &Path, version: u64) -> PathBuf {
    dir.join(format!("_delta_log/{version:020}.json"))
}

fn parquet_files(dir: &Path) -> Vec<PathBuf> {
    let days = fs::read_dir(dir)
        .unwrap()
        .map(|d| d.unwrap().path())
        .filter(|d| d.file_name().unwrap().to_str().unwrap().starts_with("day="));
    let mut files: Vec<_> = days
        .flat_map(|d| fs::read_dir(d).unwrap().map(|f| f.unwrap().path()))
        .collect();
    files.sort();
    files
}

#[tokio::test]
async fn the_committed_offset_survives_and_replays_are_skipped() {
    let dir = tempfile::tempdir().unwrap();
    let lake = open(dir.path());
    assert_eq!(lake.committed_offset(), None);
    assert_eq!(lake.push(&rows(0, 50, "gold")).unwrap(), 50);
    lake.commit(29).unwrap();
    drop(lake);
    let lake = open(dir.path());
    assert_eq!(lake.committed_offset(), Some(29));
    assert_eq!(lake.push(&rows(0, 60, "gold")).unwrap(), 30);
    assert_eq!(
        lake.push(&rows(40, 20, "gold")).unwrap(),
        1,
        "only the highest may repeat"
    );
    lake.commit(58).unwrap();
    assert!(matches!(lake.commit(57), Err(LakeError::Backwards { .. })));
    assert_eq!(lake.commit(58).unwrap().rows, 0);
    drop(lake);
    assert_eq!(
        offsets(&open(dir.path())).await,
        (0..59).collect::<Vec<_>>()
    );
}

#[tokio::test]
async fn a_crash_between_file_and_log_entry_leaves_no_trace() {
    let dir = tempfile::tempdir().unwrap();
    let lake = open(dir.path());
    lake.push(&rows(0, 10, "gold")).unwrap();
    lake.commit(9).unwrap();
    lake.push(&rows(10, 10, "gold")).unwrap();
    lake.commit(19).unwrap();
    drop(lake);
    // The state of the disk before the second entry was linked.
    fs::remove_file(entry(dir.path(), 2)).unwrap();
    let first = &parquet_files(dir.path())[0];
    fs::write(
        first.with_file_name("rf-00000000000000000029.parquet.tmp"),
        b"PAR1 half",
    )
    .unwrap();
    fs::write(
        dir.path().join("_delta_log/.00000000000000000002.77.tmp"),
        b"{\"add\"",
    )
    .unwrap();
    let foreign = first.with_file_name("notes.txt");
    fs::write(&foreign, b"not ours").unwrap();
    assert_eq!(parquet_files(dir.path()).len(), 4);

    let lake = open(dir.path());
    assert_eq!(parquet_files(dir.path()), [foreign, first.clone()]);
    assert_eq!(
        fs::read_dir(dir.path().join("_delta_log")).unwrap().count(),
        2
    );
    assert_eq!(lake.committed_offset(), Some(9));
    assert_eq!(lake.push(&rows(10, 10, "gold")).unwrap(), 10);
    lake.commit(19).unwrap();
    assert_eq!(offsets(&lake).await, (0..20).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_torn_newest_entry_is_set_aside() {
    for torn in [
        &b""[..],
        b"{\"commitInfo\":{}}\n{\"txn\":{\"appId\":\"ringf",
        b"\0\0\0\0",
    ] {
        let dir = tempfile::tempdir().unwrap();
        let lake = open(dir.path());
        lake.push(&rows(0, 10, "gold")).unwrap();
        lake.commit(9).unwrap();
        drop(lake);
        fs::write(entry(dir.path(), 2), torn).unwrap();
        assert_eq!(
            Lake::open_read_only(dir.path()).unwrap().committed_offset(),
            Some(9)
        );
        let lake = open(dir.path());
        assert_eq!(lake.committed_offset(), Some(9));
        lake.push(&rows(10, 10, "gold")).unwrap();
        lake.commit(19).unwrap();
        assert_eq!(count(&lake).await, 20);
        drop(lake);
        assert_eq!(open(dir.path()).committed_offset(), Some(19));
    }
}

#[test]
fn damage_in_the_middle_of_the_log_is_an_error_that_names_the_entry() {
    let dir = tempfile::tempdir().unwrap();
    let lake = open(dir.path());
    for end in [9, 19, 29] {
        lake.push(&rows(end - 9, 10, "gold")).unwrap();
        lake.commit(end).unwrap();
    }
    drop(lake);
    let second = fs::read(entry(dir.path(), 2)).unwrap();
    fs::write(entry(dir.path(), 2), b"torn").unwrap();
    let error = Lake::open(dir.path(), Config::default())
        .unwrap_err()
        .to_string();
    assert!(error.contains("00000000000000000002.json"), "{error}");
    fs::remove_file(entry(dir.path(), 2)).unwrap();
    let error = Lake::open(dir.path(), Config::default())
        .unwrap_err()
        .to_string();
    assert!(error.contains("missing"), "{error}");
    fs::write(entry(dir.path(), 2), second).unwrap();
    assert_eq!(open(dir.path()).committed_offset(), Some(29));
}

#[tokio::test]
async fn a_failed_commit_changes_nothing_and_can_be_repeated() {
    let dir = tempfile::tempdir().unwrap();
    let lake = open(dir.path());
    lake.push(&rows(0, 10, "gold")).unwrap();
    // A file where the day's folder should be, for the second of two days.
    lake.push(&[row(10, NOON + DAY, "gold")]).unwrap();
    let obstacle = dir.path().join("day=2026-02-01");
    fs::write(&obstacle, b"").unwrap();
    let error = lake.commit(10).unwrap_err();
    assert!(error.to_string().contains("day=2026-02-01"), "{error}");
    assert_eq!(lake.committed_offset(), None);
    assert_eq!(count(&lake).await, 11);
    assert_eq!(lake.status().tail_rows, 11);
    fs::remove_file(obstacle).unwrap();
    assert_eq!(lake.commit(10).unwrap().rows, 11);
    assert_eq!(offsets(&lake).await, (0..11).collect::<Vec<_>>());
}

#[test]
fn one_writer_at_a_time() {
    let dir = tempfile::tempdir().unwrap();
    let lake = open(dir.path());
    assert!(matches!(
        Lake::open(dir.path(), Config::default()),
        Err(LakeError::Locked(_))
    ));
    let reader = Lake::open_read_only(dir.path()).unwrap();
    assert!(matches!(
        reader.push(&rows(0, 1, "gold")),
        Err(LakeError::ReadOnly)
    ));
    assert!(matches!(reader.commit(1), Err(LakeError::ReadOnly)));
    drop(lake);
    open(dir.path());
    let empty = tempfile::tempdir().unwrap();
    assert!(Lake::open_read_only(empty.path()).is_err());
}

#[tokio::test]
async fn checkpoints_replace_old_entries() {
    let dir = tempfile::tempdir().unwrap();
    let config = Config {
        checkpoint_every: 4,
        log_retention: std::time::Duration::ZERO,
        ..Config::default()
    };
    let lake = Lake::open(dir.path(), config.clone()).unwrap();
    for i in 0..10 {
        lake.push(&rows(i * 5, 5, "gold")).unwrap();
        lake.commit(i * 5 + 4).unwrap();
    }
    drop(lake);
    assert!(!entry(dir.path(), 0).exists() && !entry(dir.path(), 7).exists());
    assert!(entry(dir.path(), 8).exists() && entry(dir.path(), 10).exists());
    assert!(
        entry(dir.path(), 8)
            .with_extension("checkpoint.parquet")
            .exists()
    );
    assert!(
        !entry(dir.path(), 4)
            .with_extension("checkpoint.parquet")
            .exists()
    );
    let lake = Lake::open(dir.path(), config).unwrap();
    assert_eq!(lake.committed_offset(), Some(49));
    assert_eq!(offsets(&lake).await, (0..50).collect::<Vec<_>>());
    lake.push(&rows(50, 5, "gold")).unwrap();
    lake.commit(54).unwrap();
    assert_eq!(count(&lake).await, 55);
}

/// While one thread pushes and commits, every query sees a prefix without gap or double.
#[tokio::test(flavor = "multi_thread")]
async fn a_query_during_commits_sees_each_row_once() {
    let dir = tempfile::tempdir().unwrap();
    let lake = Arc::new(open(dir.path()));
    let done = Arc::new(AtomicBool::new(false));
    let writer = {
        let (lake, done) = (Arc::clone(&lake), Arc::clone(&done));
        std::thread::spawn(move || {
            for i in 0..40 {
                lake.push(&rows(i * 25, 25, "gold")).unwrap();
                if i % 2 == 0 {
                    // Not all of it: some rows stay in the tail.
                    lake.commit(i * 25 + 20).unwrap();
                }
            }
            done.store(true, Ordering::SeqCst);
        })
    };
    let mut asked = 0;
    let mut seen = 0;
    while !done.load(Ordering::SeqCst) || asked == 0 {
        let found = offsets(&lake).await;
        assert_eq!(found, (0..found.len() as i64).collect::<Vec<_>>());
        assert!(found.len() >= seen, "rows do not go away");
        seen = found.len();
        asked += 1;
    }
    writer.join().unwrap();
    assert_eq!(offsets(&lake).await.len(), 1000);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// Pushes, commits and crashes in any order: after replaying from the committed
    /// offset every row is there once.
    #[test]
    fn exactly_once_whatever_happens(steps in prop::collection::vec((0u8..4, 1u64..30), 1..25)) {
        let dir = tempfile::tempdir().unwrap();
        let spine = 200u64;
        let mut lake = open(dir.path());
        let mut next = 0;
        for (step, n) in steps {
            match step {
                0 | 1 => {
                    let end = (next + n).min(spine);
                    lake.push(&rows(next, end - next, "gold")).unwrap();
                    next = end;
                }
                2 => {
                    let through = next.saturating_sub(n / 3).saturating_sub(1);
                    if next > 0 && lake.committed_offset().is_none_or(|c| c <= through) {
                        lake.commit(through).unwrap();
                    }
                }
                // A crash: half the time after the files and before the log entry.
                _ => {
                    let version = lake.status().version.unwrap();
                    drop(lake);
                    if n % 2 == 0 && version > 0 {
                        fs::remove_file(entry(dir.path(), version)).unwrap();
                    }
                    lake = open(dir.path());
                    next = lake.committed_offset().map_or(0, |offset| offset + 1);
                }
            }
        }
        lake.push(&rows(next, spine - next, "gold")).unwrap();
        if lake.committed_offset() != Some(spine - 1) {
            lake.commit(spine - 1).unwrap();
        }
        drop(lake);
        let lake = Lake::open_read_only(dir.path()).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        prop_assert_eq!(runtime.block_on(offsets(&lake)), (0..200).collect::<Vec<_>>());
    }
}

#[test]
fn a_commit_is_due_by_time_or_by_size_and_never_for_nothing() {
    let open = |commit_every, tail_bytes| {
        let dir = tempfile::tempdir().unwrap();
        let config = Config {
            commit_every,
            tail_bytes,
            ..Config::default()
        };
        let lake = Lake::open(dir.path(), config).unwrap();
        (dir, lake)
    };
    let (hour, never) = (std::time::Duration::from_secs(3600), usize::MAX);
    for (every, bytes, empty, filled) in [
        (hour, never, false, false),
        (hour, 2000, false, true),
        (std::time::Duration::ZERO, never, false, true),
    ] {
        let (_dir, lake) = open(every, bytes);
        assert_eq!(lake.commit_due(), empty);
        lake.push(&rows(0, 20, "gold")).unwrap();
        assert_eq!(lake.commit_due(), filled);
        lake.commit(19).unwrap();
        assert!(!lake.commit_due());
    }
}
