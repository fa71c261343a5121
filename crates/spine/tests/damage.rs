//! Files that are not what was written: cut what was never promised, refuse the rest.
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

use common::{at, fill, known, open, payloads, read_all, segments, small};
use proptest::prelude::*;
use ringfence_spine::disk::{Disk, Fault, SimDisk};
use ringfence_spine::{Block, Cut, LocalConfig, Offset, Outcome, ReadOnlySpine, Spine, SpineError};

async fn log_of(entries: u64) -> SimDisk {
    let disk = SimDisk::new();
    fill(&open(&disk, small()).unwrap(), 0, entries).await;
    disk
}

fn size(disk: &SimDisk, name: &str) -> usize {
    let files = disk.list().unwrap();
    files.iter().find(|file| file.name == name).unwrap().len as usize
}

#[tokio::test]
async fn a_torn_end_is_cut_and_reported() {
    let disk = log_of(2).await;
    let name = segments(&disk).remove(0);
    let whole = size(&disk, &name);
    let block = (whole - 128) / 2;
    let file = disk.open(&name).unwrap();
    file.truncate(whole as u64 - 1).unwrap();
    file.sync().unwrap();

    let spine = open(&disk, small()).unwrap();
    let cut = Cut {
        file: name,
        position: (whole - block) as u64,
        bytes: block as u64 - 1,
    };
    assert_eq!(spine.recovery().cut, Some(cut));
    assert_eq!(payloads(&read_all(&spine).await), ["payload 0"]);
    // It was never acknowledged, so its identity is free.
    assert_eq!(
        spine.append(vec![known(1)]).await.unwrap(),
        [Outcome::Appended(at(1))]
    );
    drop(spine);
    assert_eq!(open(&disk, small()).unwrap().recovery().cut, None);
}

#[tokio::test]
async fn garbage_behind_the_end_is_cut() {
    for garbage in [
        &b"x"[..],
        &[0; 1000],
        b"RFB1 and what looks like a block",
        &[0xFF; 60],
    ] {
        let disk = log_of(3).await;
        let file = disk.open(&segments(&disk)[0]).unwrap();
        file.append(garbage).unwrap();
        file.sync().unwrap();
        let spine = open(&disk, small()).unwrap();
        assert_eq!(
            spine.recovery().cut.as_ref().unwrap().bytes,
            garbage.len() as u64
        );
        assert_eq!(read_all(&spine).await.len(), 3);
    }
}

#[tokio::test]
async fn any_flipped_bit_before_the_last_block_is_named_with_file_and_byte() {
    let disk = log_of(4).await;
    let name = segments(&disk).remove(0);
    assert_eq!(segments(&disk).len(), 1);
    let whole = size(&disk, &name);
    let last_block = whole - (whole - 128) / 4;
    for position in 0..last_block {
        disk.rot(&name, position);
        let error = open(&disk, small()).map(drop).unwrap_err();
        let SpineError::Corrupt {
            file,
            position: found,
            ..
        } = &error
        else {
            panic!("byte {position}: {error}")
        };
        assert_eq!(file, &name);
        assert!(
            *found as usize <= position,
            "byte {position} is in the block at {found}"
        );
        assert!(error.to_string().contains("backup"), "{error}");
        disk.rot(&name, position);
    }
    assert_eq!(read_all(&open(&disk, small()).unwrap()).await.len(), 4);
}

#[tokio::test]
async fn damage_in_an_older_segment_is_found_when_it_is_read_at_the_latest() {
    let disk = log_of(40).await;
    let names = segments(&disk);
    for position in 128..size(&disk, &names[1]) {
        disk.rot(&names[1], position);
        let error = match open(&disk, small()) {
            // Bodies of older segments are not read at open.
            Ok(spine) => {
                let start: u64 = names[1].trim_end_matches(".seg").parse().unwrap();
                let mut next = at(start);
                loop {
                    match spine.read(next, 1).await {
                        Ok(block) => next = block.last().unwrap().0.plus(1),
                        Err(error) => break error,
                    }
                }
            }
            Err(error) => error,
        };
        assert!(
            matches!(&error, SpineError::Corrupt { file, .. } if *file == names[1]),
            "{error}"
        );
        disk.rot(&names[1], position);
    }
}

#[tokio::test]
async fn a_missing_segment_is_not_skipped() {
    for index in 1..4 {
        let disk = log_of(40).await;
        disk.remove(&segments(&disk)[index]).unwrap();
        let error = open(&disk, small()).map(drop).unwrap_err();
        assert!(matches!(error, SpineError::Missing { .. }), "{error}");
    }
}

#[tokio::test]
async fn a_renamed_segment_is_refused() {
    let disk = log_of(3).await;
    disk.rename(&segments(&disk)[0], "00000000000000000007.seg")
        .unwrap();
    let error = open(&disk, small()).map(drop).unwrap_err();
    assert!(matches!(error, SpineError::Corrupt { .. }), "{error}");
}

#[tokio::test]
async fn a_log_that_is_shorter_than_its_consumers_have_read_is_refused() {
    let disk = log_of(3).await;
    let spine = open(&disk, small()).unwrap();
    spine.commit_position("lake", at(3), None).await.unwrap();
    drop(spine);
    // Rot in the last block looks like a torn end, but somebody has read it.
    let name = segments(&disk).remove(0);
    disk.rot(&name, size(&disk, &name) - 1);
    let error = open(&disk, small()).map(drop).unwrap_err();
    let SpineError::PositionOutside {
        consumer,
        position,
        end,
        ..
    } = error
    else {
        panic!("{error}")
    };
    assert_eq!((consumer.as_str(), position, end), ("lake", at(3), at(2)));
}

#[tokio::test]
async fn a_damaged_position_is_refused() {
    let disk = log_of(3).await;
    let spine = open(&disk, small()).unwrap();
    spine
        .commit_position("lake", at(3), Some("state".into()))
        .await
        .unwrap();
    drop(spine);
    disk.rot("position-lake", 20);
    let error = open(&disk, small()).map(drop).unwrap_err();
    assert!(matches!(&error, SpineError::Corrupt { file, .. } if file == "position-lake"));
}

#[tokio::test]
async fn a_segment_that_crashed_at_birth_is_removed() {
    for len in [0, 1, 127, 128] {
        let disk = log_of(20).await;
        let count = segments(&disk).len();
        let name = "00000000000000000020.seg";
        let file = disk.create(name).unwrap();
        file.append(&vec![0; len]).unwrap();
        file.sync().unwrap();
        disk.sync_dir().unwrap();
        let spine = open(&disk, small()).unwrap();
        assert_eq!(spine.recovery().removed, [name]);
        assert_eq!(segments(&disk).len(), count);
        fill(&spine, 20, 30).await;
        assert_eq!(read_all(&spine).await.len(), 30);
    }
}

#[tokio::test]
async fn a_payload_cannot_pretend_to_be_a_block() {
    // The whole file of another log inside a payload that is then torn.
    let other = log_of(2).await;
    let file = other.open_read(&segments(&other)[0]).unwrap();
    let mut bytes = vec![0; size(&other, &segments(&other)[0])];
    file.read_at(&mut bytes, 0).unwrap();

    let disk = log_of(1).await;
    let name = segments(&disk).remove(0);
    let spine = open(&disk, small()).unwrap();
    spine
        .append(vec![ringfence_spine::Entry::new(0, bytes)])
        .await
        .unwrap();
    drop(spine);
    let file = disk.open(&name).unwrap();
    file.truncate(size(&disk, &name) as u64 - 1).unwrap();
    file.sync().unwrap();
    let spine = open(&disk, small()).unwrap();
    assert!(spine.recovery().cut.is_some());
    assert_eq!(spine.durable(), at(1));
}

#[tokio::test]
async fn half_written_temporary_files_are_removed() {
    let disk = log_of(3).await;
    disk.create("position-lake.tmp")
        .unwrap()
        .append(b"half")
        .unwrap();
    let spine = open(&disk, small()).unwrap();
    assert_eq!(spine.recovery().removed, ["position-lake.tmp"]);
    assert_eq!(spine.position("lake").await.unwrap(), None);
}

#[tokio::test]
async fn a_process_that_died_after_a_failed_sync_does_not_fool_the_next() {
    let disk = SimDisk::new();
    let spine = open(&disk, LocalConfig::default()).unwrap();
    fill(&spine, 0, 2).await;
    disk.break_down(Fault::Sync);
    assert!(spine.append(vec![known(2)]).await.is_err());
    // It dies here: nothing was repaired, the page cache still shows the block.
    disk.break_down(Fault::ReadOnly);
    drop(spine);
    disk.heal();
    let spine = open(&disk, LocalConfig::default()).unwrap();
    assert_eq!(spine.durable(), at(2));
    let after = open(&disk.after_power_cut(1), LocalConfig::default()).unwrap();
    assert_eq!(after.durable(), at(2));
    assert_eq!(after.tail(), Offset::ZERO);
}

/// Everything a log shows before its end or its first complaint.
async fn readable(disk: &SimDisk) -> Vec<Block> {
    let outside = ReadOnlySpine::open_on(std::sync::Arc::new(disk.clone()));
    let mut seen = Vec::new();
    while let Ok(block) = outside.read(at(seen.len() as u64), 1) {
        if block.is_empty() {
            break;
        }
        seen.extend(block);
    }
    let mut inside = Block::new();
    if let Ok(spine) = open(disk, small()) {
        while let Ok(block) = spine.read(at(inside.len() as u64), 1).await {
            if block.is_empty() {
                break;
            }
            inside.extend(block);
        }
    }
    vec![seen, inside]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn whatever_happens_to_a_file_nothing_wrong_is_ever_read(
        file in 0..3_usize,
        flips in proptest::collection::vec(0..800_usize, 0..4),
        cut in proptest::option::of(0..800_u64),
        garbage in proptest::collection::vec(any::<u8>(), 0..80),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let disk = log_of(20).await;
            let all = readable(&disk).await;
            assert_eq!(all[0].len(), 20);
            assert_eq!(all[0], all[1]);
            let name = segments(&disk)[file].clone();
            flips.iter().for_each(|&position| disk.rot(&name, position));
            let target = disk.open(&name).unwrap();
            if let Some(len) = cut {
                target.truncate(len).unwrap();
            }
            target.append(&garbage).unwrap();
            for seen in readable(&disk).await {
                assert!(all[0].starts_with(&seen), "another entry than was written");
            }
        });
    }
}
