//! A log read from outside, while another process writes it.
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

use common::{at, fill, open, payloads, segments, small};
use ringfence_spine::disk::{Disk, SimDisk};
use ringfence_spine::{LocalConfig, LocalSpine, Offset, ReadOnlySpine, Spine, SpineError};

fn numbers(log: &ReadOnlySpine, from: u64) -> Vec<String> {
    let mut all = Vec::new();
    let mut next = at(from);
    loop {
        let block = log.read(next, 500).unwrap();
        let Some((last, _)) = block.last() else {
            return all;
        };
        assert_eq!(block[0].0, next);
        next = last.plus(1);
        all.extend(payloads(&block));
    }
}

fn expected(from: u64, to: u64) -> Vec<String> {
    (from..to).map(|n| format!("payload {n}")).collect()
}

#[tokio::test]
async fn it_sees_what_is_written_as_it_grows_and_takes_no_lock() {
    let folder = tempfile::tempdir().unwrap();
    let spine = LocalSpine::open(folder.path(), small()).unwrap();
    let log = ReadOnlySpine::open(folder.path()).unwrap();
    assert!(numbers(&log, 0).is_empty());
    fill(&spine, 0, 25).await;
    assert_eq!(numbers(&log, 0), expected(0, 25));
    fill(&spine, 25, 60).await;
    assert_eq!(numbers(&log, 13), expected(13, 60));
    spine
        .commit_position("lake", at(9), Some("state".into()))
        .await
        .unwrap();
    assert_eq!(log.position("lake").unwrap().unwrap().offset, at(9));
    assert_eq!(log.tail().unwrap(), Offset::ZERO);
    assert!(log.read(at(60), 100).unwrap().is_empty());
    assert!(log.read(at(999), 100).unwrap().is_empty());
}

#[tokio::test]
async fn a_block_that_is_being_written_is_the_end() {
    let disk = SimDisk::new();
    let spine = open(&disk, small()).unwrap();
    fill(&spine, 0, 30).await;
    let name = segments(&disk).pop().unwrap();
    disk.open(&name)
        .unwrap()
        .append(b"RFB1\x01\x00 half a block")
        .unwrap();
    let log = ReadOnlySpine::open_on(Arc::new(disk));
    assert_eq!(numbers(&log, 0), expected(0, 30));
}

#[tokio::test]
async fn damage_and_gaps_are_refused() {
    let disk = SimDisk::new();
    fill(&open(&disk, small()).unwrap(), 0, 40).await;
    let names = segments(&disk);
    let log = ReadOnlySpine::open_on(Arc::new(disk.clone()));
    disk.rot(&names[1], 300);
    let error = log.read(at(0), usize::MAX).unwrap_err();
    assert!(matches!(error, SpineError::Corrupt { .. }), "{error}");
    disk.remove(&names[1]).unwrap();
    let error = log.read(at(0), usize::MAX).unwrap_err();
    assert!(matches!(error, SpineError::Missing { .. }), "{error}");
}

#[tokio::test]
async fn what_retention_deleted_is_said_to_be_gone() {
    let disk = SimDisk::new();
    let config = LocalConfig {
        keep_bytes: 0,
        dedup_identities: 1,
        ..small()
    };
    let spine = open(&disk, config).unwrap();
    fill(&spine, 0, 40).await;
    spine.commit_position("lake", at(40), None).await.unwrap();
    spine.flush().await.unwrap();
    let log = ReadOnlySpine::open_on(Arc::new(disk));
    let error = log.read(at(0), 100).unwrap_err();
    assert!(matches!(error, SpineError::Gone { .. }), "{error}");
    let tail = log.tail().unwrap();
    assert_eq!(numbers(&log, tail.0), expected(tail.0, 40));
}

#[test]
fn a_folder_that_does_not_exist_is_not_made() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing");
    assert!(ReadOnlySpine::open(&missing).is_err());
    assert!(!missing.exists());
}
