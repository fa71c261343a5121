//! What durable appends cost, beside what the disk can do in the same run.
//!
//! `cargo bench -p ringfence-spine --bench append`; `RINGFENCE_BENCH_FOLDER` names
//! the folder to write in, `RINGFENCE_BENCH_EVENTS` how many entries a case has.
//! Cases take turns over several rounds and the median counts, so that a busy
//! machine hits all alike; the processor time beside it hardly depends on others.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "a bench reports to the terminal and stops at the first surprise"
)]

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use ringfence_spine::{Compression, Entry, LocalConfig, LocalSpine, Offset, Spine as _};
use rustix::time::{ClockId, clock_gettime};

const PAYLOAD: usize = 500;
const BLOCK: u64 = 1_000;
const BLOCKS_MADE: u64 = 16;
const TASKS: u64 = 64;
const SYNCS: u64 = 200;
const ROUNDS: usize = 5;

fn main() {
    let setting = |name| std::env::var(name).ok();
    let events = setting("RINGFENCE_BENCH_EVENTS").map_or(100_000, |text| text.parse().unwrap());
    let parent =
        setting("RINGFENCE_BENCH_FOLDER").unwrap_or_else(|| env!("CARGO_TARGET_TMPDIR").into());
    std::fs::create_dir_all(&parent).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .build()
        .unwrap();
    let stock = Stock::new();
    let mut table = Table::default();
    for _ in 0..ROUNDS {
        let scratch = || tempfile::tempdir_in(&parent).unwrap();
        raw(&mut table, scratch().path(), &stock, events);
        for compression in [Compression::None, Compression::Zstd1] {
            for identities in [false, true] {
                let config = LocalConfig {
                    compression,
                    ..LocalConfig::default()
                };
                let folder = scratch();
                let work = blocks(
                    &mut table,
                    folder.path(),
                    config,
                    &stock,
                    events,
                    identities,
                );
                runtime.block_on(work);
            }
        }
        raw_single(&mut table, scratch().path(), &stock);
        for window in [Duration::ZERO, LocalConfig::default().window] {
            let config = LocalConfig {
                window,
                ..LocalConfig::default()
            };
            let folder = scratch();
            runtime.block_on(singles(&mut table, folder.path(), config, &stock));
        }
    }
    println!("{PAYLOAD} B an entry, {events} entries in blocks of {BLOCK}, median of {ROUNDS}");
    println!(
        "{:<48}{:>12}{:>10}{:>14}{:>16}",
        "case", "events/s", "MB/s", "ms a commit", "CPU us an event"
    );
    table.print();
}

/// Payloads made beforehand: making them is not what is measured.
struct Stock(Vec<Bytes>);

impl Stock {
    fn new() -> Self {
        Self((0..BLOCKS_MADE * BLOCK).map(payload).collect())
    }

    fn entries(&self, from: u64, count: u64, identities: bool) -> Vec<Entry> {
        let entry = |number: u64| {
            let entry = Entry::new(1, self.0[(number % (BLOCKS_MADE * BLOCK)) as usize].clone());
            if identities {
                entry.with_identity(u128::from(number) << 64 | 7)
            } else {
                entry
            }
        };
        (from..from + count).map(entry).collect()
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
    let words = ["login ", "accepted ", "from ", "queue ", "sales "];
    let mut state = hash;
    while text.len() < PAYLOAD - 2 {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        text.push_str(words[(state >> 60) as usize % 5]);
        text.push((b'a' + (state >> 40) as u8 % 26) as char);
    }
    text.truncate(PAYLOAD - 2);
    text.push_str("\"}");
    Bytes::from(text)
}

/// The limit: the same bytes, the same syncs, nothing else.
fn raw(table: &mut Table, folder: &Path, stock: &Stock, events: u64) {
    let block = stock
        .0
        .iter()
        .take(BLOCK as usize)
        .flatten()
        .copied()
        .collect::<Vec<_>>();
    let mut file = File::create(folder.join("raw")).unwrap();
    let watch = Watch::start();
    for _ in 0..events / BLOCK {
        file.write_all(&block).unwrap();
        file.sync_data().unwrap();
    }
    table.add(
        "a limit: write + fdatasync of the payloads",
        &watch,
        events,
        events / BLOCK,
    );
}

fn raw_single(table: &mut Table, folder: &Path, stock: &Stock) {
    let mut file = File::create(folder.join("raw")).unwrap();
    let watch = Watch::start();
    for _ in 0..SYNCS {
        file.write_all(&stock.0[0]).unwrap();
        file.sync_data().unwrap();
    }
    table.add(
        "c limit: write + fdatasync of each payload",
        &watch,
        SYNCS,
        SYNCS,
    );
}

async fn blocks(
    table: &mut Table,
    folder: &Path,
    config: LocalConfig,
    stock: &Stock,
    events: u64,
    identities: bool,
) {
    let with = if identities { "with" } else { "without" };
    let name = format!("b blocks, {:?}, {with} identities", config.compression);
    let spine = LocalSpine::open(folder, config.clone()).unwrap();
    let watch = Watch::start();
    for from in (0..events).step_by(BLOCK as usize) {
        spine
            .append(stock.entries(from, BLOCK, identities))
            .await
            .unwrap();
    }
    let metrics = spine.metrics();
    table.add(&name, &watch, events, metrics.commits);
    if identities {
        drop(spine);
        let watch = Watch::start();
        let spine = LocalSpine::open(folder, config.clone()).unwrap();
        assert_eq!(spine.recovery().head, Offset(events));
        table.add(
            &format!("e open and rebuild, {:?}", config.compression),
            &watch,
            events,
            0,
        );
        return;
    }
    let watch = Watch::start();
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
    let size = metrics.bytes / events;
    table.add(
        &format!(
            "f read, {:?}, {size} B an entry on disk",
            config.compression
        ),
        &watch,
        events,
        0,
    );
}

async fn singles(table: &mut Table, folder: &Path, config: LocalConfig, stock: &Stock) {
    const EACH: u64 = 200;
    let name = format!(
        "d single appends, {TASKS} tasks, window {:?}",
        config.window
    );
    let spine = Arc::new(LocalSpine::open(folder, config).unwrap());
    let mut work = Vec::new();
    for task in 0..TASKS {
        work.push((Arc::clone(&spine), stock.entries(task * EACH, EACH, true)));
    }
    let watch = Watch::start();
    let tasks = work.into_iter().map(|(spine, entries)| {
        tokio::spawn(async move {
            for entry in entries {
                spine.append(vec![entry]).await.unwrap();
            }
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.unwrap();
    }
    table.add(&name, &watch, TASKS * EACH, spine.metrics().commits);
}

struct Watch(Instant, f64);

impl Watch {
    fn start() -> Self {
        Self(Instant::now(), processor_seconds())
    }
}

fn processor_seconds() -> f64 {
    let now = clock_gettime(ClockId::ProcessCPUTime);
    now.tv_sec as f64 + now.tv_nsec as f64 / 1e9
}

#[derive(Default)]
struct Table(BTreeMap<String, Vec<[f64; 3]>>);

impl Table {
    fn add(&mut self, case: &str, watch: &Watch, events: u64, commits: u64) {
        let (wall, processor) = (
            watch.0.elapsed().as_secs_f64(),
            processor_seconds() - watch.1,
        );
        let rate = events as f64 / wall;
        let commit = if commits == 0 {
            0.0
        } else {
            wall * 1e3 / commits as f64
        };
        let row = [rate, commit, processor * 1e6 / events as f64];
        self.0.entry(case.to_owned()).or_default().push(row);
    }

    fn print(&self) {
        for (case, rows) in &self.0 {
            let median = |column: usize| {
                let mut values = rows.iter().map(|row| row[column]).collect::<Vec<_>>();
                values.sort_by(f64::total_cmp);
                values[values.len() / 2]
            };
            let (rate, commit, processor) = (median(0), median(1), median(2));
            let megabytes = rate * PAYLOAD as f64 / 1e6;
            println!("{case:<48}{rate:>12.0}{megabytes:>10.1}{commit:>14.2}{processor:>16.2}");
        }
    }
}
