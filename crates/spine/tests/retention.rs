//! What is deleted, when, and what never is.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::print_stdout,
    missing_docs,
    reason = "test code"
)]

mod common;

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use common::{at, entry, fill, known, open, payloads, read_all, segments, small};
use ringfence_spine::disk::SimDisk;
use ringfence_spine::{LocalConfig, LocalSpine, Outcome, Spine, SpineError};

/// Settings under which everything that may be deleted is.
fn eager() -> LocalConfig {
    LocalConfig {
        keep_bytes: 0,
        dedup_identities: 1,
        ..small()
    }
}

/// Returns when the writer has seen everything that was asked of it.
async fn settled(spine: &LocalSpine) {
    spine.flush().await.unwrap();
}

#[tokio::test]
async fn only_what_every_consumer_has_read_is_deleted() {
    let disk = SimDisk::new();
    let spine = open(&disk, eager()).unwrap();
    spine.commit_position("lake", at(0), None).await.unwrap();
    spine.commit_position("calls", at(0), None).await.unwrap();
    fill(&spine, 0, 60).await;
    spine.commit_position("lake", at(60), None).await.unwrap();
    settled(&spine).await;
    assert_eq!(spine.tail(), at(0), "`calls` has read nothing");
    spine.commit_position("calls", at(33), None).await.unwrap();
    settled(&spine).await;
    let tail = spine.tail();
    assert!(at(20) < tail && tail <= at(33), "{tail}");
    let first = payloads(&spine.read(at(33), 1).await.unwrap());
    assert_eq!(first, ["payload 33"]);
    let gone = spine.read(at(0), 1).await.unwrap_err();
    assert!(matches!(gone, SpineError::Gone { .. }), "{gone}");
    let back = spine
        .commit_position("lake", at(0), None)
        .await
        .unwrap_err();
    assert!(matches!(back, SpineError::PositionOutside { .. }), "{back}");
    assert!(spine.metrics().segments_deleted > 0);

    spine.forget_consumer("calls").await.unwrap();
    settled(&spine).await;
    assert!(spine.tail() > at(50));
    let (tail, left) = (spine.tail(), read_all(&spine).await);
    drop(spine);
    let spine = open(&disk.after_power_cut(4), eager()).unwrap();
    assert!(spine.tail() >= tail);
    assert!(left.ends_with(&read_all(&spine).await));
    assert_eq!(
        spine.append(vec![known(99)]).await.unwrap(),
        [Outcome::Appended(at(60))]
    );
}

#[tokio::test]
async fn without_any_consumer_nothing_is_deleted() {
    let spine = open(&SimDisk::new(), eager()).unwrap();
    fill(&spine, 0, 60).await;
    settled(&spine).await;
    assert_eq!(spine.tail(), at(0));
}

#[tokio::test]
async fn what_was_read_is_kept_while_it_is_young_and_small() {
    static NOW: AtomicU64 = AtomicU64::new(0);
    let disk = SimDisk::new();
    let config = LocalConfig {
        keep_bytes: 1 << 20,
        keep_age: Duration::from_secs(60),
        clock: || NOW.load(Ordering::Relaxed),
        ..eager()
    };
    let spine = open(&disk, config).unwrap();
    fill(&spine, 0, 60).await;
    spine.commit_position("lake", at(60), None).await.unwrap();
    settled(&spine).await;
    assert_eq!(spine.tail(), at(0));
    NOW.store(60_001, Ordering::Relaxed);
    spine.commit_position("lake", at(60), None).await.unwrap();
    settled(&spine).await;
    assert!(spine.tail() > at(50), "{}", spine.tail());
}

#[tokio::test]
async fn segments_that_the_dedup_window_needs_are_kept() {
    let disk = SimDisk::new();
    let config = || LocalConfig {
        dedup_identities: 30,
        ..eager()
    };
    let spine = open(&disk, config()).unwrap();
    fill(&spine, 0, 100).await;
    spine.commit_position("lake", at(100), None).await.unwrap();
    settled(&spine).await;
    assert!(
        at(40) < spine.tail() && spine.tail() <= at(70),
        "{}",
        spine.tail()
    );
    drop(spine);
    let spine = open(&disk, config()).unwrap();
    for number in 70..100 {
        assert_eq!(
            spine.append(vec![known(number)]).await.unwrap(),
            [Outcome::Duplicate]
        );
    }
}

#[tokio::test]
async fn a_stuck_consumer_stops_the_log_and_loses_nothing() {
    let disk = SimDisk::new();
    let config = LocalConfig {
        max_bytes: 5_000,
        ..eager()
    };
    let spine = open(&disk, config).unwrap();
    spine.commit_position("stuck", at(0), None).await.unwrap();
    let mut number = 0;
    let error = loop {
        match spine.append(vec![entry(number)]).await {
            Ok(_) => number += 1,
            Err(error) => break error,
        }
    };
    let SpineError::LogFull {
        limit: 5_000,
        held_by,
    } = &error
    else {
        panic!("{error}")
    };
    assert_eq!(held_by, "stuck");
    assert!(error.is_temporary());
    assert!(segments(&disk).len() > 3);
    assert_eq!(read_all(&spine).await.len() as u64, number);

    spine
        .commit_position("stuck", at(number), None)
        .await
        .unwrap();
    let outcome = spine.append(vec![entry(number)]).await.unwrap();
    assert_eq!(outcome, [Outcome::Appended(at(number))]);
}
