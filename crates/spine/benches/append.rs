//! What durable appends cost, beside what the disk can do in the same run.
//!
//! `cargo bench -p ringfence-spine --bench append`; `RINGFENCE_BENCH_FOLDER` names
//! the folder to write in, `RINGFENCE_BENCH_EVENTS` how many entries.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "a bench reports to the terminal and stops at the first surprise"
)]

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use ringfence_spine::{Compression, Entry, LocalConfig, LocalSpine, Offset, Spine as _};

const PAYLOAD: usize = 500;
const BLOCK: u64 = 1_000;
const TASKS: u64 = 64;

fn main() {
    let setting = |name| std::env::var(name).ok();
    let events = setting("RINGFENCE_BENCH_EVENTS").map_or(400_000, |text| text.parse().unwrap());
    let parent = setting("RINGFENCE_BENCH_FOLDER").unwrap_or_else(|| "target".into());
    std::fs::create_dir_all(&parent).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .build()
        .unwrap();

    println!("entries of {PAYLOAD} B, {events} of them in blocks of {BLOCK}, fdatasync each block");
    println!(
        "{:<44}{:>12}{:>12}{:>12}",
        "case", "events/s", "MB/s", "ms/commit"
    );
    for round in 1..=2 {
        println!("round {round}");
        let scratch = tempfile::tempdir_in(&parent).unwrap();
        raw(scratch.path(), events);
        for compression in [Compression::None, Compression::Zstd1] {
            for identities in [false, true] {
                let scratch = tempfile::tempdir_in(&parent).unwrap();
                let config = LocalConfig {
                    compression,
                    ..LocalConfig::default()
                };
                runtime.block_on(blocks(scratch.path(), config, events, identities));
            }
        }
        let scratch = tempfile::tempdir_in(&parent).unwrap();
        raw_single(scratch.path());
        for window in [0, 1] {
            let scratch = tempfile::tempdir_in(&parent).unwrap();
            let window = Duration::from_millis(window);
            let config = LocalConfig {
                window,
                ..LocalConfig::default()
            };
            runtime.block_on(singles(scratch.path(), config));
        }
        let scratch = tempfile::tempdir_in(&parent).unwrap();
        runtime.block_on(recovery(scratch.path(), events));
    }
}

/// Text that compresses about like security events do.
fn payload(number: u64) -> Bytes {
    let hash = number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let mut text = format!(
        r#"{{"time":{},"class_uid":3002,"activity_id":1,"severity_id":1,"actor":{{"user":{{"name":"agent{:03}"}}}},"src_endpoint":{{"ip":"10.{}.{}.{}"}},"session":{{"uid":"{hash:016x}"}},"message":""#,
        1_790_000_000_000 + number,
        hash % 200,
        hash >> 8 & 3,
        hash >> 16 & 255,
        hash >> 24 & 255,
    );
    let mut state = hash;
    while text.len() < PAYLOAD - 2 {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        text.push_str(
            ["login ", "accepted ", "from ", "queue ", "sales "][(state >> 60) as usize % 5],
        );
        text.push((b'a' + (state >> 40) as u8 % 26) as char);
    }
    text.truncate(PAYLOAD - 2);
    text.push_str("\"}");
    Bytes::from(text)
}

fn entries(from: u64, count: u64, identities: bool) -> Vec<Entry> {
    let entry = |number| {
        let entry = Entry::new(1, payload(number));
        if identities {
            entry.with_identity(u128::from(number) << 64 | 7)
        } else {
            entry
        }
    };
    (from..from + count).map(entry).collect()
}

/// The limit: the same bytes, the same syncs, nothing else.
fn raw(folder: &Path, events: u64) {
    let block = entries(0, BLOCK, false)
        .iter()
        .flat_map(|entry| entry.payload.to_vec())
        .collect::<Vec<_>>();
    let mut file = File::create(folder.join("raw")).unwrap();
    let begun = Instant::now();
    for _ in 0..events / BLOCK {
        file.write_all(&block).unwrap();
        file.sync_data().unwrap();
    }
    report(
        "limit: write + fdatasync of the payloads",
        events,
        events / BLOCK,
        begun.elapsed(),
    );
}

fn raw_single(folder: &Path) {
    let (block, syncs) = (entries(0, 1, false).remove(0).payload, 300);
    let mut file = File::create(folder.join("raw")).unwrap();
    let begun = Instant::now();
    for _ in 0..syncs {
        file.write_all(&block).unwrap();
        file.sync_data().unwrap();
    }
    report(
        "limit: one write + fdatasync each",
        syncs,
        syncs,
        begun.elapsed(),
    );
}

async fn blocks(folder: &Path, config: LocalConfig, events: u64, identities: bool) {
    let name = format!(
        "blocks, {:?}, {}",
        config.compression,
        if identities {
            "identities"
        } else {
            "no identities"
        }
    );
    let spine = LocalSpine::open(folder, config).unwrap();
    let mut spent = Duration::ZERO;
    for from in (0..events).step_by(BLOCK as usize) {
        let batch = entries(from, BLOCK, identities);
        // Making the entries is not what is measured.
        let begun = Instant::now();
        spine.append(batch).await.unwrap();
        spent += begun.elapsed();
    }
    report(&name, events, events / BLOCK, spent);
    if !identities {
        let begun = Instant::now();
        let mut next = Offset::ZERO;
        while next < spine.durable() {
            next = spine
                .read(next, 1 << 20)
                .await
                .unwrap()
                .last()
                .unwrap()
                .0
                .plus(1);
        }
        report(
            &format!(
                "  read back, {:.0} B an entry on disk",
                spine.metrics().bytes as f64 / events as f64
            ),
            events,
            0,
            begun.elapsed(),
        );
    }
}

async fn singles(folder: &Path, config: LocalConfig) {
    const EACH: u64 = 150;
    let name = format!("single appends, {TASKS} tasks, window {:?}", config.window);
    let spine = Arc::new(LocalSpine::open(folder, config).unwrap());
    let begun = Instant::now();
    let tasks = (0..TASKS).map(|task| {
        let spine = Arc::clone(&spine);
        tokio::spawn(async move {
            for number in 0..EACH {
                spine
                    .append(entries(task * EACH + number, 1, true))
                    .await
                    .unwrap();
            }
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.unwrap();
    }
    report(
        &name,
        TASKS * EACH,
        spine.metrics().commits,
        begun.elapsed(),
    );
}

async fn recovery(folder: &Path, events: u64) {
    let spine = LocalSpine::open(folder, LocalConfig::default()).unwrap();
    for from in (0..events).step_by(BLOCK as usize) {
        spine.append(entries(from, BLOCK, true)).await.unwrap();
    }
    drop(spine);
    let begun = Instant::now();
    let spine = LocalSpine::open(folder, LocalConfig::default()).unwrap();
    report(
        "open: verify the end, rebuild identities",
        spine.recovery().identities as u64,
        0,
        begun.elapsed(),
    );
}

fn report(case: &str, events: u64, commits: u64, spent: Duration) {
    let seconds = spent.as_secs_f64();
    let rate = events as f64 / seconds;
    let megabytes = rate * PAYLOAD as f64 / 1e6;
    let commit = if commits == 0 {
        0.0
    } else {
        seconds * 1e3 / commits as f64
    };
    println!("{case:<44}{rate:>12.0}{megabytes:>12.1}{commit:>12.2}");
}
