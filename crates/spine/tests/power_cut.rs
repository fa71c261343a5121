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
    std::env::var("RINGFENCE_PROVE_CRASHES").map_or(500, |text| text.parse().unwrap())
}

#[test]
fn nothing_acknowledged_is_lost_and_nothing_is_there_twice() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let (mut crashes, mut cuts, mut deletions) = (0, 0, 0);
    for seed in 0..rounds() {
        let mut random = Random(seed);
        let config = LocalConfig {
            compression: [Compression::None, Compression::Zstd1][random.below(2) as usize],
            hot_bytes: [0, 2_000][random.below(2) as usize],
            // Half of the logs also delete behind themselves.
            keep_bytes: [u64::MAX, 2_000][random.below(2) as usize],
            dedup_identities: 400,
            ..small()
        };
        let told = Arc::new(Mutex::new(Told::default()));
        let mut disk = SimDisk::new();
        for life in 0..4 {
            disk.die_after(1 + random.below(120));
            if let Ok(spine) = open(&disk, config.clone()) {
                runtime.block_on(live(Arc::new(spine), &told, seed * 10 + life));
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
    assert!(
        cuts > crashes / 20,
        "the crashes tear ends: {cuts} of {crashes}"
    );
    assert!(
        deletions > crashes / 20,
        "retention runs: {deletions} of {crashes}"
    );
}

/// Callers and one stateful consumer work until the power goes.
async fn live(spine: Arc<LocalSpine>, told: &Arc<Mutex<Told>>, life: u64) {
    let callers = (0..3)
        .map(|caller| {
            tokio::spawn(call(
                Arc::clone(&spine),
                Arc::clone(told),
                life * 10 + caller,
            ))
        })
        .collect::<Vec<_>>();
    let consumer = tokio::spawn(consume(Arc::clone(&spine), Arc::clone(told)));
    for caller in callers {
        caller.await.unwrap();
    }
    // It may be waiting for entries that will never come.
    consumer.abort();
    if let Err(error) = consumer.await {
        assert!(error.is_cancelled(), "{error}");
    }
}

async fn call(spine: Arc<LocalSpine>, told: Arc<Mutex<Told>>, caller: u64) {
    let mut random = Random(caller);
    let mut sent: VecDeque<u128> = VecDeque::new();
    for batch in 0.. {
        let mut entries = Vec::new();
        for n in 0..=random.below(3) {
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

/// Counts events and sums their payloads; derives one record from each.
async fn consume(spine: Arc<LocalSpine>, told: Arc<Mutex<Told>>) {
    let Ok(start) = spine.position(CONSUMER).await else {
        return;
    };
    let (mut next, mut state) = match start {
        Some(position) => (position.offset, position.state.unwrap()),
        None => (Offset::ZERO, summary(&[])),
    };
    loop {
        let Ok(block) = spine.read(next, 800).await else {
            return;
        };
        let mut out = Vec::new();
        for (offset, entry) in block {
            state = fold(&state, &entry);
            next = offset.plus(1);
            if entry.kind == EVENT {
                out.push(derived(offset));
            }
        }
        if spine.append_relaxed(out).await.is_err()
            || spine
                .commit_position(CONSUMER, next, Some(state.clone()))
                .await
                .is_err()
        {
            return;
        }
        told.lock().unwrap().position = next;
        if spine.wait(next).await.is_err() {
            return;
        }
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
        assert_eq!(twice, None, "seed {seed}: one identity twice");
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
