//! Compaction, retention, erasure and vacuum: rows are where they should be, once, whatever
//! happens in between.
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
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use common::{DAY, NOON, count, offsets, row, rows};
use ringfence_lake::{
    Config, Erasable, Erasure, Facts, Lake, Pace, Retention, RetentionRule, Row, Scope,
};

fn open(dir: &Path) -> Lake {
    let config = Config {
        file_retention: Duration::ZERO,
        ..Config::default()
    };
    Lake::open(dir, config).unwrap()
}

/// Commits of ten rows that each touch two days.
fn fill(lake: &Lake, commits: u64) {
    let from = lake.committed_offset().map_or(0, |offset| offset + 1);
    for commit in from / 10..from / 10 + commits {
        let time = |o: u64| NOON + (o as i64 % 2) * DAY + 1000 * o as i64;
        let rows: Vec<_> = (commit * 10..commit * 10 + 10)
            .map(|o| row(o, time(o), if o % 5 == 0 { "blue" } else { "gold" }))
            .collect();
        lake.push(&rows).unwrap();
        lake.commit(commit * 10 + 9).unwrap();
    }
}

/// Names of the Parquet files on the disk.
fn on_disk(dir: &Path) -> BTreeSet<String> {
    let days = fs::read_dir(dir).unwrap().map(|d| d.unwrap().path());
    days.filter(|d| d.is_dir() && !d.ends_with("_delta_log"))
        .flat_map(|d| fs::read_dir(d).unwrap().map(|f| f.unwrap().path()))
        .map(|file| file.to_str().unwrap().to_owned())
        .collect()
}

fn in_table(lake: &Lake) -> BTreeSet<String> {
    let files = lake.files().into_iter();
    files
        .map(|file| file.to_str().unwrap().to_owned())
        .collect()
}

async fn times_in_file_order(lake: &Lake) -> bool {
    let sql = "SELECT CAST(day AS VARCHAR) AS d, spine_offset FROM events WHERE program <> 'x'";
    let result = lake.query(sql, Scope::All, ringfence_lake::Limits::default());
    let rows = result.await.unwrap().rows;
    let mut last = std::collections::HashMap::new();
    rows.iter().all(|row| {
        let offset = row["spine_offset"].as_i64().unwrap();
        let day = row["d"].as_str().unwrap().to_owned();
        last.insert(day, offset)
            .is_none_or(|before| before < offset)
    })
}

#[tokio::test]
async fn compaction_leaves_every_row_in_one_sorted_file_a_day() {
    let dir = tempfile::tempdir().unwrap();
    let lake = open(dir.path());
    fill(&lake, 40);
    assert_eq!(lake.status().files, 80);
    let done = lake.compact(true, &Pace::full()).unwrap();
    assert_eq!(
        (lake.status().files, done.rows >= 400),
        (2, true),
        "{done:?}"
    );
    assert_eq!(offsets(&lake).await, (0..400).collect::<Vec<_>>());
    assert!(times_in_file_order(&lake).await);
    assert_eq!(lake.committed_offset(), Some(399));
    assert_eq!(lake.compact(true, &Pace::full()).unwrap().merges, 0);

    assert!(on_disk(dir.path()).len() > 80, "readers may still use them");
    let vacuumed = lake.vacuum(true).unwrap();
    assert_eq!(vacuumed.files, on_disk(dir.path()).len() - 2);
    assert_eq!(lake.vacuum(false).unwrap(), vacuumed);
    assert_eq!(on_disk(dir.path()), in_table(&lake));
    fill(&lake, 3);
    drop(lake);
    let lake = open(dir.path());
    assert_eq!(offsets(&lake).await, (0..430).collect::<Vec<_>>());
}

#[test]
fn files_wait_for_their_readers_before_a_vacuum_takes_them() {
    let dir = tempfile::tempdir().unwrap();
    let lake = Lake::open(dir.path(), Config::default()).unwrap();
    fill(&lake, 8);
    lake.compact(true, &Pace::full()).unwrap();
    let vacuumed = lake.vacuum(false).unwrap();
    assert_eq!((vacuumed.files, vacuumed.waiting), (0, 16));
    assert_eq!(on_disk(dir.path()).len(), 18);
    drop(lake);
    // A restart does not take them either, and forgets none.
    let lake = open(dir.path());
    assert_eq!(on_disk(dir.path()).len(), 18);
    assert_eq!(lake.vacuum(false).unwrap().files, 16);
}

#[test]
fn a_job_that_is_stopped_leaves_no_file() {
    let dir = tempfile::tempdir().unwrap();
    let lake = open(dir.path());
    fill(&lake, 10);
    let before = on_disk(dir.path());
    let pace = Pace::full();
    pace.stop();
    assert!(lake.compact(true, &pace).is_err());
    assert_eq!(on_disk(dir.path()), before);
    assert_eq!(in_table(&lake), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn queries_and_ingest_go_on_while_files_are_merged() {
    let dir = tempfile::tempdir().unwrap();
    let lake = Arc::new(open(dir.path()));
    fill(&lake, 30);
    let merging = {
        let lake = Arc::clone(&lake);
        std::thread::spawn(move || {
            let mut merges = 0;
            while lake.committed_offset() < Some(899) {
                merges += lake.compact(true, &Pace::full()).unwrap().merges;
            }
            merges
        })
    };
    let writing = {
        let lake = Arc::clone(&lake);
        std::thread::spawn(move || {
            for _ in 0..60 {
                fill(&lake, 1);
            }
        })
    };
    while !writing.is_finished() {
        let found = offsets(&lake).await;
        assert_eq!(found, (0..found.len() as i64).collect::<Vec<_>>());
    }
    writing.join().unwrap();
    assert!(merging.join().unwrap() > 0);
    assert_eq!(offsets(&lake).await, (0..900).collect::<Vec<_>>());
    drop(lake);
    assert_eq!(
        offsets(&open(dir.path())).await,
        (0..900).collect::<Vec<_>>()
    );
}

const CHILD: &str = "RINGFENCE_LAKE_HAMMER";

/// Not a test by itself: what `killed_at_any_moment_…` starts and kills.
#[test]
fn hammer() {
    let Some(dir) = std::env::var_os(CHILD) else {
        return;
    };
    let config = Config {
        file_retention: Duration::ZERO,
        checkpoint_every: 3,
        log_retention: Duration::ZERO,
        ..Config::default()
    };
    let lake = Arc::new(Lake::open(dir, config).unwrap());
    let beside = Arc::clone(&lake);
    std::thread::spawn(move || {
        loop {
            beside.compact(true, &Pace::full()).unwrap();
            beside.vacuum(false).unwrap();
        }
    });
    loop {
        fill(&lake, 1);
        println!("\ncommitted {}", lake.committed_offset().unwrap());
    }
}

#[tokio::test]
async fn killed_at_any_moment_of_commits_and_merges_it_loses_and_doubles_nothing() {
    use std::io::BufRead as _;
    let kills = std::env::var("RINGFENCE_PROVE_KILLS").map_or(6, |text| text.parse().unwrap());
    let dir = tempfile::tempdir().unwrap();
    let mut committed = None;
    for kill in 0..kills {
        let mut child = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "hammer", "--nocapture", "--test-threads=1"])
            .env(CHILD, dir.path())
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let out = std::io::BufReader::new(child.stdout.take().unwrap());
        let mut lines = 0;
        for line in out.lines() {
            let line = line.unwrap();
            if let Some(offset) = line.strip_prefix("committed ") {
                committed = offset.parse::<u64>().ok().max(committed);
                lines += 1;
                if lines == 3 + kill * 7 % 11 {
                    child.kill().unwrap();
                }
            }
        }
        child.wait().unwrap();
        assert!(lines > 0, "the child did not work");
        let lake = open(dir.path());
        let reached = lake.committed_offset().unwrap();
        assert!(Some(reached) >= committed, "an answered commit is there");
        let all: Vec<_> = (0..=reached as i64).collect();
        assert_eq!(offsets(&lake).await, all);
        lake.vacuum(false).unwrap();
        assert_eq!(on_disk(dir.path()), in_table(&lake), "no file is left over");
    }
}

fn of(offset: u64, received_ms: i64, class_uid: u32, program: &str) -> Row<'static> {
    Row {
        received_ms,
        class_uid,
        // What a wrong clock says about the event's own time expires nothing.
        ..row(
            offset,
            if offset.is_multiple_of(2) { 0 } else { NOON },
            program,
        )
    }
}

#[tokio::test]
async fn rows_go_when_their_period_by_receive_time_is_over() {
    let dir = tempfile::tempdir().unwrap();
    let lake = open(dir.path());
    let ages = [(0, 10), (1, 40), (2, 100), (3, 100), (4, 400), (5, 0)];
    for (offset, days) in ages {
        let class = if offset == 2 { 4001 } else { 3002 };
        let program = if offset == 3 { "gold" } else { "blue" };
        lake.push(&[of(offset, NOON - days * DAY, class, program)])
            .unwrap();
        lake.commit(offset).unwrap();
    }
    let retention = Retention {
        days: 366,
        frameworks: Vec::new(),
        rules: vec![
            RetentionRule {
                class: Some(4001),
                program: None,
                days: 90,
            },
            RetentionRule {
                class: None,
                program: Some("gold".into()),
                days: 30,
            },
        ],
    };
    let would = lake.retain(&retention, true, &Pace::full()).unwrap();
    assert_eq!((would.rows, count(&lake).await), (3, 6));
    assert_eq!(
        lake.retain(&retention, false, &Pace::full()).unwrap(),
        would
    );
    assert_eq!(offsets(&lake).await, [0, 1, 5]);
    assert_eq!(
        lake.retain(&retention, false, &Pace::full()).unwrap().rows,
        0
    );

    // In one file: rows of several periods part.
    let dir = tempfile::tempdir().unwrap();
    let lake = open(dir.path());
    let rows: Vec<_> = (0..10)
        .map(|o| {
            of(
                2 * o,
                NOON - 100 * DAY,
                if o < 4 { 4001 } else { 3002 },
                "blue",
            )
        })
        .collect();
    lake.push(&rows).unwrap();
    lake.commit(18).unwrap();
    lake.push(&[of(21, NOON, 3002, "blue")]).unwrap();
    lake.commit(21).unwrap();
    let done = lake.retain(&retention, false, &Pace::full()).unwrap();
    assert_eq!((done.rows, done.rewritten, done.removed), (4, 1, 0));
    assert_eq!(offsets(&lake).await, [8, 10, 12, 14, 16, 18, 21]);
}

fn customer(offset: u64, customer: &str, program: &str) -> Row<'static> {
    Row {
        customer: Some(customer.to_owned().into()),
        ..row(offset, NOON + 1000 * offset as i64, program)
    }
}

#[tokio::test]
async fn an_erased_customer_is_gone_from_files_tail_and_what_is_still_to_come() {
    let dir = tempfile::tempdir().unwrap();
    let lake = open(dir.path());
    let who = |o: u64| if o % 4 == 1 { "C-1" } else { "C-2" };
    let all: Vec<_> = (0..40).map(|o| customer(o, who(o), "gold")).collect();
    lake.push(&all[..20]).unwrap();
    lake.commit(19).unwrap();
    lake.push(&all[20..30]).unwrap();

    // The log reaches offset 39 when somebody asks; ten rows are still on their way.
    let erasure = Erasure::new(Erasable::Customer, "C-1", 39, NOON);
    let found = lake.count_erasable(&erasure).unwrap();
    assert_eq!((found.file_rows, found.files, found.tail_rows), (5, 1, 3));
    assert_eq!(count(&lake).await, 30, "counting changes nothing");
    assert_eq!(lake.erase(erasure, &Pace::full()).unwrap(), found);
    let left = |upto: i64| (0..upto).filter(|o| o % 4 != 1).collect::<Vec<_>>();
    assert_eq!(offsets(&lake).await, left(30));
    lake.push(&all[30..35]).unwrap();
    lake.commit(34).unwrap();
    drop(lake);

    // After a restart the rest is read from the log again.
    let lake = open(dir.path());
    lake.push(&all[30..]).unwrap();
    assert!(lake.erased(&all[37]), "nor may it come back by another way");
    assert_eq!(offsets(&lake).await, left(40));
    // What the customer does later is new.
    lake.push(&[customer(40, "C-1", "gold")]).unwrap();
    lake.commit(40).unwrap();
    lake.vacuum(false).unwrap();
    assert_eq!(on_disk(dir.path()), in_table(&lake));
    let mut expected = left(40);
    expected.push(40);
    assert_eq!(offsets(&lake).await, expected);
}

#[tokio::test]
async fn an_erasure_holds_inside_its_program() {
    let dir = tempfile::tempdir().unwrap();
    let lake = open(dir.path());
    let rows: Vec<_> = (0..10)
        .map(|o| customer(o, "C-1", if o < 5 { "gold" } else { "blue" }))
        .collect();
    lake.push(&rows[..7]).unwrap();
    lake.commit(6).unwrap();
    lake.push(&rows[7..]).unwrap();
    let erasure = Erasure::new(Erasable::Customer, "C-1", 9, NOON).within(Some("blue".into()));
    let done = lake.erase(erasure, &Pace::full()).unwrap();
    assert_eq!((done.file_rows, done.tail_rows), (2, 3));
    assert_eq!(offsets(&lake).await, (0..5).collect::<Vec<_>>());
}

#[tokio::test]
async fn an_erasure_that_was_interrupted_is_finished_later() {
    let dir = tempfile::tempdir().unwrap();
    let lake = open(dir.path());
    for o in 0..6 {
        lake.push(&[customer(o, "C-1", "gold")]).unwrap();
        lake.commit(o).unwrap();
    }
    let stopped = Pace::full();
    stopped.stop();
    let erasure = Erasure::new(Erasable::Customer, "C-1", 5, NOON);
    assert!(lake.erase(erasure, &stopped).is_err());
    drop(lake);
    let lake = open(dir.path());
    assert_eq!(count(&lake).await, 6);
    assert_eq!(lake.resume_erasures(&Pace::full()).unwrap(), 1);
    assert_eq!(lake.resume_erasures(&Pace::full()).unwrap(), 0);
    assert_eq!(count(&lake).await, 0);
    assert_eq!(lake.status().files, 0, "a file without rows is no file");
    assert_eq!(lake.committed_offset(), Some(5));
}

#[tokio::test]
async fn a_call_that_is_named_only_later_is_erased_all_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let lake = open(dir.path());
    lake.push(&rows(0, 3, "gold")).unwrap();
    let erasure = Erasure::new(Erasable::CallUid, "call-9", 2, NOON);
    lake.erase(erasure, &Pace::full()).unwrap();
    let facts = Facts {
        call_uid: Some("call-9".into()),
        ..Facts::default()
    };
    assert!(lake.revise(1, &facts));
    assert_eq!(offsets(&lake).await, [0, 2]);
}
