//! What several tests need.
#![allow(dead_code, reason = "each test file uses a part of it")]

use std::sync::Arc;
use std::time::Duration;

use ringfence_spine::disk::{Disk, SimDisk};
use ringfence_spine::{Block, Entry, LocalConfig, LocalSpine, Offset, Spine, SpineError};

/// Settings that make small logs do what large ones do.
pub fn small() -> LocalConfig {
    LocalConfig {
        segment_bytes: 700,
        window: Duration::ZERO,
        retry: Duration::from_millis(1),
        clock: || 1_000,
        ..LocalConfig::default()
    }
}

pub fn open(disk: &SimDisk, config: LocalConfig) -> Result<LocalSpine, SpineError> {
    LocalSpine::open_on(Arc::new(disk.clone()), config)
}

pub fn entry(number: u64) -> Entry {
    Entry::new((number % 7) as u8, format!("payload {number}"))
}

pub fn known(number: u64) -> Entry {
    entry(number).with_identity(u128::from(number) << 40 | 1)
}

/// Everything that is durable, in small reads, checked to be dense.
pub async fn read_all(spine: &dyn Spine) -> Block {
    let mut all = Block::new();
    let mut next = spine.tail();
    loop {
        let block = spine.read(next, 3_000).await.unwrap();
        let Some((last, _)) = block.last() else { break };
        let after = last.plus(1);
        for (offset, entry) in block {
            assert_eq!(offset, next, "offsets are dense");
            next = offset.plus(1);
            all.push((offset, entry));
        }
        assert_eq!(next, after);
    }
    assert_eq!(next, spine.durable());
    all
}

pub fn payloads(block: &Block) -> Vec<String> {
    block
        .iter()
        .map(|(_, entry)| String::from_utf8(entry.payload.to_vec()).unwrap())
        .collect()
}

pub fn segments(disk: &dyn Disk) -> Vec<String> {
    let mut names = disk
        .list()
        .unwrap()
        .into_iter()
        .map(|file| file.name)
        .collect::<Vec<_>>();
    names.retain(|name| name.ends_with(".seg"));
    names.sort();
    names
}

pub async fn fill(spine: &dyn Spine, from: u64, to: u64) {
    for number in from..to {
        spine.append(vec![known(number)]).await.unwrap();
    }
}

pub fn at(offset: u64) -> Offset {
    Offset(offset)
}

/// SplitMix64, so that a seed names a run.
pub struct Random(pub u64);

impl Random {
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % bound
    }
}
