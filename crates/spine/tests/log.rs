//! What callers and consumers of a healthy log get.
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

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use common::{at, entry, fill, known, open, payloads, read_all, small};
use ringfence_spine::disk::SimDisk;
use ringfence_spine::{
    Compression, Entry, LocalConfig, LocalSpine, Offset, Outcome, Spine, SpineError,
};

#[tokio::test]
async fn entries_come_back_in_order_from_memory_and_from_files() {
    for (compression, hot_bytes) in [
        (Compression::None, 0),
        (Compression::Zstd1, 0),
        (Compression::None, 1 << 20),
    ] {
        let disk = SimDisk::new();
        let spine = open(
            &disk,
            LocalConfig {
                compression,
                hot_bytes,
                ..small()
            },
        )
        .unwrap();
        for batch in 0..50 {
            let entries = (0..3).map(|n| entry(batch * 3 + n)).collect();
            let outcomes = spine.append(entries).await.unwrap();
            let expected = (0..3)
                .map(|n| Outcome::Appended(at(batch * 3 + n)))
                .collect::<Vec<_>>();
            assert_eq!(outcomes, expected);
        }
        assert_eq!(
            (spine.tail(), spine.durable(), spine.head()),
            (at(0), at(150), at(150))
        );
        let all = read_all(&spine).await;
        for (number, (offset, got)) in (0..150).zip(&all) {
            assert_eq!((*offset, got), (at(number), &entry(number)));
        }
        // From every offset, also in the middle of a block, in any order.
        for from in (0..150).rev() {
            let block = spine.read(at(from), 1).await.unwrap();
            assert_eq!(block, [(at(from), entry(from))]);
        }
        drop(spine);
        let spine = open(&disk, small()).unwrap();
        assert_eq!(read_all(&spine).await, all);
        assert!(
            common::segments(&disk).len() > 5,
            "the log is in several segments"
        );
    }
}

#[tokio::test]
async fn an_identity_is_applied_once_across_batches_and_restarts() {
    let disk = SimDisk::new();
    let spine = open(&disk, small()).unwrap();
    let batch = vec![known(1), known(2), known(1), entry(3), entry(3)];
    let outcomes = spine.append(batch.clone()).await.unwrap();
    let appended = |n| Outcome::Appended(at(n));
    let expected = [
        appended(0),
        appended(1),
        Outcome::Duplicate,
        appended(2),
        appended(3),
    ];
    assert_eq!(outcomes, expected);
    drop(spine);

    let spine = open(&disk, small()).unwrap();
    assert_eq!(spine.recovery().identities, 2);
    let outcomes = spine.append(batch).await.unwrap();
    let duplicate = Outcome::Duplicate;
    assert_eq!(
        outcomes,
        [duplicate, duplicate, duplicate, appended(4), appended(5)]
    );
    assert_eq!(spine.append(vec![known(2)]).await.unwrap(), [duplicate]);
    assert_eq!(spine.metrics().duplicates, 4);
    assert_eq!(spine.durable(), at(6));
}

#[tokio::test]
async fn the_window_is_the_most_recent_identities_before_and_after_a_restart() {
    let disk = SimDisk::new();
    let config = || LocalConfig {
        dedup_identities: 10,
        ..small()
    };
    let mut spine = open(&disk, config()).unwrap();
    fill(&spine, 0, 100).await;
    for _ in 0..2 {
        for number in 90..100 {
            assert_eq!(
                spine.append(vec![known(number)]).await.unwrap(),
                [Outcome::Duplicate]
            );
        }
        drop(spine);
        spine = open(&disk, config()).unwrap();
        assert_eq!(spine.recovery().identities, 10);
    }
    let outcome = spine.append(vec![known(89)]).await.unwrap();
    assert_eq!(outcome, [Outcome::Appended(at(100))]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_callers_share_commits_and_each_keeps_its_order() {
    let config = LocalConfig {
        window: Duration::from_millis(1),
        ..LocalConfig::default()
    };
    let folder = tempfile::tempdir().unwrap();
    let spine = Arc::new(LocalSpine::open(folder.path(), config).unwrap());
    let callers = (0..32_u64).map(|caller| {
        let spine = Arc::clone(&spine);
        tokio::spawn(async move {
            let mut last = None;
            for n in 0..20 {
                let outcomes = spine.append(vec![known(caller * 1000 + n)]).await.unwrap();
                let Outcome::Appended(offset) = outcomes[0] else {
                    panic!("not a duplicate")
                };
                assert!(last < Some(offset), "offsets of one caller rise");
                last = Some(offset);
            }
        })
    });
    for caller in callers.collect::<Vec<_>>() {
        caller.await.unwrap();
    }
    let metrics = spine.metrics();
    assert_eq!(metrics.entries, 640);
    assert!(metrics.commits < 640, "{} commits", metrics.commits);
    assert_eq!(metrics.batch_entries.iter().sum::<u64>(), metrics.commits);
    assert_eq!(metrics.in_flight_bytes, 0);
    assert_eq!(read_all(&*spine).await.len(), 640);
}

#[tokio::test]
async fn relaxed_entries_keep_their_order_and_are_durable_after_a_flush() {
    let disk = SimDisk::new();
    let spine = open(&disk, small()).unwrap();
    spine.append_relaxed(vec![known(1)]).await.unwrap();
    spine
        .append_relaxed(vec![known(1), known(2)])
        .await
        .unwrap();
    spine.try_append(vec![known(3)]).unwrap();
    spine.flush().await.unwrap();
    let expected = ["payload 1", "payload 2", "payload 3"];
    assert_eq!(payloads(&read_all(&spine).await), expected);
    let after = open(&disk.after_power_cut(1), small()).unwrap();
    assert_eq!(payloads(&read_all(&after).await), expected);
}

#[tokio::test]
async fn waiting_ends_with_the_entry_and_survives_being_cancelled() {
    let disk = SimDisk::new();
    let spine = Arc::new(open(&disk, small()).unwrap());
    for _ in 0..3 {
        // Polled once and dropped.
        tokio::select! {
            biased;
            _ = spine.wait(at(1)) => panic!("nothing is there"),
            () = std::future::ready(()) => {}
        }
    }
    let waiter = tokio::spawn({
        let spine = Arc::clone(&spine);
        async move {
            spine.wait(at(1)).await.unwrap();
            spine.read(at(1), 1).await.unwrap()
        }
    });
    fill(&*spine, 0, 2).await;
    assert_eq!(payloads(&waiter.await.unwrap()), ["payload 1"]);
    assert!(spine.read(at(2), 1000).await.unwrap().is_empty());
    assert!(spine.read(at(99), 1000).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_consumer_finds_its_position_and_state_again() {
    let disk = SimDisk::new();
    let spine = open(&disk, small()).unwrap();
    fill(&spine, 0, 10).await;
    assert_eq!(spine.position("lake").await.unwrap(), None);
    let state = Bytes::from_static(b"seven seen");
    spine
        .commit_position("lake", at(7), Some(state.clone()))
        .await
        .unwrap();
    spine.commit_position("calls", at(10), None).await.unwrap();
    let beyond = spine
        .commit_position("lake", at(11), None)
        .await
        .unwrap_err();
    assert!(
        matches!(beyond, SpineError::PositionOutside { .. }),
        "{beyond}"
    );
    let named = spine
        .commit_position("../lake", at(1), None)
        .await
        .unwrap_err();
    assert!(matches!(named, SpineError::ConsumerName { .. }), "{named}");
    drop(spine);

    let spine = open(&disk.after_power_cut(3), small()).unwrap();
    let lake = spine.position("lake").await.unwrap().unwrap();
    assert_eq!((lake.offset, lake.state), (at(7), Some(state)));
    assert_eq!(
        spine.consumers(),
        [("calls".to_owned(), at(10)), ("lake".to_owned(), at(7))]
    );
    let calls = spine.position("calls").await.unwrap().unwrap();
    assert_eq!((calls.offset, calls.state), (at(10), None));
    spine.forget_consumer("calls").await.unwrap();
    assert_eq!(spine.position("calls").await.unwrap(), None);
}

#[tokio::test]
async fn a_full_log_makes_callers_wait_and_tells_those_who_cannot() {
    let disk = SimDisk::new();
    disk.break_down(ringfence_spine::disk::Fault::Capacity(0));
    let config = LocalConfig {
        in_flight_bytes: 1000,
        max_append_bytes: 600,
        ..small()
    };
    let spine = Arc::new(open(&disk, config).unwrap());
    let large = || vec![Entry::new(0, vec![7; 400])];
    // Nothing can be written, so what is accepted stays in flight.
    spine.try_append(large()).unwrap();
    spine.try_append(large()).unwrap();
    assert!(matches!(spine.try_append(large()), Err(SpineError::Full)));
    assert_eq!(spine.metrics().in_flight_bytes, 992);
    assert!(matches!(
        spine.append(large()).await,
        Err(SpineError::DiskFull { .. })
    ));
    let waiter = tokio::spawn({
        let spine = Arc::clone(&spine);
        async move { spine.append_relaxed(large()).await }
    });
    disk.heal();
    waiter.await.unwrap().unwrap();
    spine.flush().await.unwrap();
    assert_eq!(spine.durable(), at(3));
    let too_large = spine
        .append(vec![Entry::new(0, vec![7; 601])])
        .await
        .unwrap_err();
    assert!(
        matches!(
            too_large,
            SpineError::TooLarge {
                bytes: 697,
                limit: 600
            }
        ),
        "{too_large}"
    );
}

#[tokio::test]
async fn a_closed_log_keeps_what_it_accepted_and_refuses_the_rest() {
    let disk = SimDisk::new();
    let spine = open(&disk, small()).unwrap();
    spine.append_relaxed(vec![entry(1)]).await.unwrap();
    spine.close().await;
    assert_eq!(spine.durable(), at(1));
    assert!(matches!(
        spine.append(vec![entry(2)]).await,
        Err(SpineError::Closed)
    ));
    assert!(matches!(spine.wait(at(1)).await, Err(SpineError::Closed)));
    assert_eq!(payloads(&read_all(&spine).await), ["payload 1"]);
    open(&disk, small()).unwrap();
}

#[tokio::test]
async fn two_cannot_have_the_same_folder() {
    let folder = tempfile::tempdir().unwrap();
    let first = LocalSpine::open(folder.path(), small()).unwrap();
    let second = LocalSpine::open(folder.path(), small())
        .map(drop)
        .unwrap_err();
    assert!(matches!(second, SpineError::Locked { .. }), "{second}");
    drop(first);
    LocalSpine::open(folder.path(), small()).unwrap();
}

#[tokio::test]
async fn an_empty_log_is_empty() {
    let spine = open(&SimDisk::new(), small()).unwrap();
    assert_eq!(
        (spine.tail(), spine.durable(), spine.head()),
        (at(0), at(0), at(0))
    );
    assert_eq!(spine.append(Vec::new()).await.unwrap(), []);
    spine.flush().await.unwrap();
    assert!(spine.read(Offset::ZERO, 100).await.unwrap().is_empty());
    // An entry may be empty.
    spine
        .append(vec![Entry::new(3, Bytes::new())])
        .await
        .unwrap();
    assert_eq!(
        read_all(&spine).await,
        [(at(0), Entry::new(3, Bytes::new()))]
    );
}
