//! A disk that fails: clear refusals, no loss, and recovery by itself.
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

use common::{at, entry, fill, known, open, payloads, read_all, segments, small};
use ringfence_spine::disk::{Disk, Fault, SimDisk};
use ringfence_spine::{LocalConfig, Outcome, Spine, SpineError};

/// Breaks the disk under a log with entries, heals it, and looks at the log in
/// this life and, after a power cut, in the next.
async fn survives(fault: Fault, is_expected: fn(&SpineError) -> bool) {
    for before in [0, 1, 3, 20] {
        let disk = SimDisk::new();
        let spine = open(&disk, small()).unwrap();
        fill(&spine, 0, before).await;
        disk.break_down(fault);
        for attempt in 0..3 {
            let error = spine
                .append(vec![known(100), entry(101)])
                .await
                .unwrap_err();
            assert!(is_expected(&error), "attempt {attempt}: {error}");
            assert!(error.is_temporary());
        }
        assert_eq!(spine.durable(), at(before));
        assert_eq!(spine.head(), at(before));
        assert!(spine.failure().is_some());
        disk.heal();
        // Not a duplicate: what was refused was not applied.
        let outcomes = spine.append(vec![known(100)]).await.unwrap();
        assert_eq!(outcomes, [Outcome::Appended(at(before))]);
        assert!(spine.failure().is_none());
        fill(&spine, 200, 210).await;
        let all = read_all(&spine).await;
        assert_eq!(all.len() as u64, before + 11);
        let after = open(&disk.after_power_cut(before), small()).unwrap();
        assert_eq!(
            read_all(&after).await,
            all,
            "what was acknowledged after the repair"
        );
    }
}

#[tokio::test]
async fn a_full_disk() {
    survives(Fault::Capacity(0), |error| {
        matches!(error, SpineError::DiskFull { .. })
    })
    .await;
}

#[tokio::test]
async fn a_disk_that_fills_up_in_the_middle_of_a_block() {
    for room in 0..200 {
        let disk = SimDisk::new();
        let spine = open(&disk, small()).unwrap();
        fill(&spine, 0, 3).await;
        let used = disk
            .list()
            .unwrap()
            .iter()
            .map(|file| file.len as usize)
            .sum::<usize>();
        disk.break_down(Fault::Capacity(used + room));
        let mut refused = None;
        let mut number = 3;
        while refused.is_none() {
            match spine.append(vec![known(number)]).await {
                Ok(_) => number += 1,
                Err(error) => refused = Some(error),
            }
        }
        assert!(
            matches!(refused, Some(SpineError::DiskFull { .. })),
            "{refused:?}"
        );
        disk.heal();
        fill(&spine, number, number + 3).await;
        let after = open(&disk.after_power_cut(room as u64), small()).unwrap();
        let expected = (0..number + 3)
            .map(|n| format!("payload {n}"))
            .collect::<Vec<_>>();
        assert_eq!(payloads(&read_all(&after).await), expected, "room {room}");
    }
}

#[tokio::test]
async fn a_file_system_that_turns_read_only() {
    survives(Fault::ReadOnly, |error| {
        matches!(error, SpineError::ReadOnly { .. })
    })
    .await;
}

#[tokio::test]
async fn a_write_that_fails() {
    survives(Fault::Write, |error| matches!(error, SpineError::Io { .. })).await;
}

/// After a failed sync Linux shows pages that it will never write again. A log
/// that calls sync once more and believes it loses what it then acknowledges.
#[tokio::test]
async fn a_sync_that_fails_and_loses_its_pages() {
    survives(Fault::Sync, |error| matches!(error, SpineError::Io { .. })).await;
}

#[tokio::test]
async fn entries_that_nobody_waits_for_outlast_the_failure_in_order() {
    for fault in [
        Fault::Capacity(0),
        Fault::Write,
        Fault::Sync,
        Fault::ReadOnly,
    ] {
        let disk = SimDisk::new();
        let spine = open(&disk, small()).unwrap();
        fill(&spine, 0, 2).await;
        disk.break_down(fault);
        spine.append_relaxed(vec![known(2)]).await.unwrap();
        assert!(spine.append(vec![known(50)]).await.is_err());
        spine
            .append_relaxed(vec![known(3), known(4)])
            .await
            .unwrap();
        assert!(spine.flush().await.is_err());
        assert!(spine.commit_position("join", at(1), None).await.is_err());
        disk.heal();
        // Nobody calls: the writer tries again by itself.
        spine.wait(at(4)).await.unwrap();
        let after = open(&disk.after_power_cut(9), small()).unwrap();
        let expected = (0..5).map(|n| format!("payload {n}")).collect::<Vec<_>>();
        assert_eq!(payloads(&read_all(&after).await), expected, "{fault:?}");
    }
}

#[tokio::test]
async fn opening_on_a_disk_that_cannot_be_written_is_refused_clearly() {
    let disk = SimDisk::new();
    fill(&open(&disk, small()).unwrap(), 0, 30).await;
    disk.break_down(Fault::ReadOnly);
    let error = open(&disk, small()).map(drop).unwrap_err();
    assert!(matches!(error, SpineError::ReadOnly { .. }), "{error}");
    disk.heal();
    assert_eq!(open(&disk, small()).unwrap().durable(), at(30));
}

#[tokio::test]
async fn a_failing_disk_leaves_no_litter() {
    let disk = SimDisk::new();
    let spine = open(
        &disk,
        LocalConfig {
            segment_bytes: 1,
            ..small()
        },
    )
    .unwrap();
    fill(&spine, 0, 3).await;
    let before = segments(&disk);
    disk.break_down(Fault::Capacity(0));
    for _ in 0..5 {
        assert!(spine.append(vec![known(9)]).await.is_err());
    }
    assert_eq!(segments(&disk), before);
}
