//! The power goes at any write: what was acknowledged is there, once.
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

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use common::{Random, at, open, read_all, small};
use ringfence_spine::disk::SimDisk;
use ringfence_spine::{Compression, Entry, LocalConfig, LocalSpine, Offset, Outcome, Spine};

const EVENT: u8 = 1;
const DERIVED: u8 = 2;
const CONSUMER: &str = "join";

/// What the outside world was told, over all lives of the log.
#[derive(Default)]
struct Told {
    acknowledged: HashMap<u128, Option<Offset>>,
    position: Offset,
}

/// Crash points; `make prove` asks for more.
fn rounds() -> u64 {
    std::env::var("RINGFENCE_PROVE_CRASHES").map_or(150, |text| text.parse().unwrap())
}

#[test]
fn nothing_acknowledged_is_lost_and_nothing_is_there_twice() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let (mut crashes, mut cuts, mut deletions) = (0, 0, 0);
    for seed in 0..rounds() {
        let mut random = Random(seed);
        // Half of the logs delete behind themselves. A retry is promised to be
        // recognised within the window, so the window holds more than one life
        // can write.
        let deletes = random.below(2) == 1;
        let (lives, batch, keep_bytes) = if deletes {
            (10, 1, 0)
        } else {
            (4, 3, u64::MAX)
        };
        let config = LocalConfig {
            compression: [Compression::None, Compression::Zstd1][random.below(2) as usize],
            hot_bytes: [0, 2_000][random.below(2) as usize],
            keep_bytes,
            dedup_identities: if deletes { 250 } else { 100_000 },
            ..small()
        };
        let told = Arc::new(Mutex::new(Told::default()));
        let mut disk = SimDisk::new();
        for life in 0..lives {
            disk.die_after(1 + random.below(if deletes { 80 } else { 120 }));
            if let Ok(spine) = open(&disk, config.clone()) {
                runtime.block_on(live(Arc::new(spine), &told, seed * 10 + life, batch));
            }
            crashes += 1;
            disk = disk.after_power_cut(random.below(u64::MAX));
            // The look at it deletes nothing.
            let looking = LocalConfig {
                keep_bytes: u64::MAX,
                ..config.clone()
            };
            let spine = open(&disk, looking)
                .unwrap_or_else(|error| panic!("seed {seed} life {life}: {error}"));
            cuts += u64::from(spine.recovery().cut.is_some());
            deletions += u64::from(spine.tail() > Offset::ZERO);
            runtime.block_on(check(&spine, &told, seed));
        }
    }
    println!("{crashes} crashes, {cuts} torn ends cut, {deletions} logs with deleted segments");
    assert!(cuts > 0, "the crashes tear ends");
    assert!(deletions > 0, "retention runs");
}

/// Callers and one stateful consumer work until the power goes.
async fn live(spine: Arc<LocalSpine>, told: &Arc<Mutex<Told>>, life: u64, batch: u64) {
    let Some(mut consumer) = Consumer::resume(Arc::clone(&spine), Arc::clone(told)).await else {
        return;
    };
    // What it did last in the life before comes first.
    if spine.durable() > consumer.next && !consumer.step().await {
        return;
    }
    let callers = (0..3)
        .map(|caller| {
            let (spine, told) = (Arc::clone(&spine), Arc::clone(told));
            tokio::spawn(call(spine, told, life * 10 + caller, batch))
        })
        .collect::<Vec<_>>();
    let consumer = tokio::spawn(async move { while consumer.step().await {} });
    for caller in callers {
        caller.await.unwrap();
    }
    // It may be waiting for entries that will never come.
    consumer.abort();
    if let Err(error) = consumer.await {
        assert!(error.is_cancelled(), "{error}");
    }
}

async fn call(spine: Arc<LocalSpine>, told: Arc<Mutex<Told>>, caller: u64, size: u64) {
    let mut random = Random(caller);
    let mut sent: VecDeque<u128> = VecDeque::new();
    for batch in 0.. {
        let mut entries = Vec::new();
        for n in 0..=random.below(size) {
            // Every third is a retry of something recent.
            let retry = (random.below(3) == 0 && !sent.is_empty())
                .then(|| sent[random.below(sent.len() as u64) as usize]);
            let identity = retry.unwrap_or(u128::from(caller) << 32 | batch << 8 | u128::from(n));
            entries.push(event(identity));
        }
        let identities = entries
            .iter()
            .map(|entry| entry.identity.unwrap())
            .collect::<Vec<_>>();
        sent.extend(&identities);
        sent.drain(..sent.len().saturating_sub(5));
        let Ok(outcomes) = spine.append(entries).await else {
            break;
        };
        let mut told = told.lock().unwrap();
        for (identity, outcome) in identities.into_iter().zip(outcomes) {
            match outcome {
                Outcome::Appended(offset) => {
                    let before = told.acknowledged.insert(identity, Some(offset));
                    assert!(!matches!(before, Some(Some(_))), "appended twice");
                }
                Outcome::Duplicate => {
                    told.acknowledged.entry(identity).or_default();
                }
            }
        }
    }
}

fn event(identity: u128) -> Entry {
    Entry::new(EVENT, identity.to_string()).with_identity(identity)
}

/// The derived record of the event at an offset.
fn derived(offset: Offset) -> Entry {
    let identity = u128::from(offset.0) | 1 << 100;
    Entry::new(DERIVED, offset.to_string()).with_identity(identity)
}

/// Sums all payloads up and derives one record from each event.
struct Consumer {
    spine: Arc<LocalSpine>,
    told: Arc<Mutex<Told>>,
    next: Offset,
    state: Bytes,
}

impl Consumer {
    async fn resume(spine: Arc<LocalSpine>, told: Arc<Mutex<Told>>) -> Option<Self> {
        let (next, state) = match spine.position(CONSUMER).await.ok()? {
            Some(position) => (position.offset, position.state.unwrap()),
            None => (Offset::ZERO, summary(&[])),
        };
        Some(Self {
            spine,
            told,
            next,
            state,
        })
    }

    /// Reads, appends, commits; waits if there was nothing. False when the power
    /// is off.
    async fn step(&mut self) -> bool {
        let Ok(block) = self.spine.read(self.next, 800).await else {
            return false;
        };
        if block.is_empty() {
            return self.spine.wait(self.next).await.is_ok();
        }
        let mut out = Vec::new();
        for (offset, entry) in block {
            self.state = fold(&self.state, &entry);
            self.next = offset.plus(1);
            if entry.kind == EVENT {
                out.push(derived(offset));
            }
        }
        let state = Some(self.state.clone());
        if self.spine.append_relaxed(out).await.is_err()
            || self
                .spine
                .commit_position(CONSUMER, self.next, state)
                .await
                .is_err()
        {
            return false;
        }
        self.told.lock().unwrap().position = self.next;
        true
    }
}

fn summary(entries: &[Entry]) -> Bytes {
    entries
        .iter()
        .fold(Bytes::from_static(&[0; 16]), |state, entry| {
            fold(&state, entry)
        })
}

fn fold(state: &Bytes, entry: &Entry) -> Bytes {
    let sum = u128::from_le_bytes(state[..].try_into().unwrap());
    let digest = entry
        .payload
        .iter()
        .fold(7_u128, |sum, byte| sum * 31 + u128::from(*byte));
    Bytes::copy_from_slice(
        &sum.wrapping_mul(1_000_003)
            .wrapping_add(digest)
            .to_le_bytes(),
    )
}

async fn check(spine: &LocalSpine, told: &Mutex<Told>, seed: u64) {
    let all = read_all(spine).await;
    let mut found = BTreeMap::new();
    for (offset, entry) in &all {
        let twice = found.insert(entry.identity.unwrap(), *offset);
        assert_eq!(
            twice, None,
            "seed {seed}: {entry:?} at {offset} is there twice"
        );
        if entry.kind == EVENT {
            assert_eq!(
                entry,
                &event(entry.identity.unwrap()),
                "seed {seed}: another payload"
            );
        }
    }
    let tail = spine.tail();
    let position = spine.position(CONSUMER).await.unwrap();
    let told = told.lock().unwrap();
    for (identity, offset) in &told.acknowledged {
        match (offset, found.get(identity)) {
            (Some(offset), _) if *offset < tail => {}
            (Some(told), Some(found)) => assert_eq!(told, found, "seed {seed}: moved"),
            (None, Some(_)) => {}
            // Its first append was before a crash, unacknowledged, and since deleted.
            (None, None) if tail > Offset::ZERO => {}
            (_, None) => panic!("seed {seed}: {identity} was acknowledged and is lost"),
        }
    }
    let reached = position
        .as_ref()
        .map_or(Offset::ZERO, |position| position.offset);
    assert!(
        reached >= told.position,
        "seed {seed}: a committed position is lost"
    );
    assert!(reached >= tail, "seed {seed}: deleted before it was read");
    assert!(reached <= spine.durable(), "seed {seed}: beyond the log");
    if let Some(position) = position {
        let read = all.iter().filter(|(offset, _)| *offset < reached);
        let read = read.map(|(_, entry)| entry.clone()).collect::<Vec<_>>();
        if tail == at(0) {
            assert_eq!(
                position.state,
                Some(summary(&read)),
                "seed {seed}: state of another place"
            );
        }
        // What the consumer derived before its snapshot is in the log.
        for (offset, entry) in all.iter().filter(|(offset, _)| *offset < reached) {
            let wanted = derived(*offset).identity.unwrap();
            assert!(
                entry.kind != EVENT || found.contains_key(&wanted),
                "seed {seed}: no output"
            );
        }
    }
}
