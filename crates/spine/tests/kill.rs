//! `kill -9` at any moment: every acknowledged entry is there, exactly once.
//!
//! The test starts itself as a child process that appends and prints what was
//! acknowledged, and kills it. `RINGFENCE_PROVE_KILLS` says how often.
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

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use common::{Random, read_all};
use ringfence_spine::{Entry, LocalConfig, LocalSpine, Outcome, Spine};

const FOLDER: &str = "RINGFENCE_HAMMER_FOLDER";
const FROM: &str = "RINGFENCE_HAMMER_FROM";
const CALLERS: u64 = 8;
/// How far a restarted caller goes back: what it repeats was possibly applied.
const REPEATED: u64 = 100;

fn config() -> LocalConfig {
    LocalConfig {
        segment_bytes: 256 << 10,
        ..LocalConfig::default()
    }
}

fn marker(caller: u64, number: u64) -> Entry {
    let text = format!("{caller} {number} {}", "x".repeat((number % 400) as usize));
    Entry::new(1, text).with_identity(u128::from(caller) << 64 | u128::from(number))
}

#[test]
fn killed_at_random_moments_it_loses_nothing_and_repeats_nothing() {
    let kills = std::env::var("RINGFENCE_PROVE_KILLS").map_or(5, |text| text.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let mut random = Random(kills);
    // For each caller, one past the highest number that was acknowledged.
    let mut acknowledged = vec![0; CALLERS as usize];
    for _ in 0..kills {
        let lines = 1 + random.below(300);
        run_and_kill(folder.path(), lines, &mut acknowledged);
    }
    let total = acknowledged.iter().sum::<u64>();
    let found = count(folder.path());
    for (caller, &end) in acknowledged.iter().enumerate() {
        for number in 0..end {
            let times = found.get(&(caller as u64, number)).copied().unwrap_or(0);
            assert_eq!(
                times, 1,
                "caller {caller} marker {number} is there {times} times"
            );
        }
    }
    let more = found.len() as u64 - total;
    assert!(
        found.values().all(|&times| times == 1),
        "an identity was applied twice"
    );
    println!("{kills} kills, {total} markers acknowledged, all there once, {more} more in flight");
    assert!(total > 0);
}

/// Starts a child where the last one stopped, reads so many acknowledgements and
/// kills it.
fn run_and_kill(folder: &Path, lines: u64, acknowledged: &mut [u64]) {
    let from = acknowledged
        .iter()
        .map(u64::to_string)
        .collect::<Vec<_>>()
        .join(",");
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "hammer", "--nocapture", "--test-threads=1"])
        .env(FOLDER, folder)
        .env(FROM, from)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut seen = 0;
    let mut line = String::new();
    // A last line without its end was cut by the kill and says nothing.
    while output.read_line(&mut line).unwrap() > 0 && line.ends_with('\n') {
        if let Some(numbers) = line.trim().strip_prefix("acknowledged ") {
            let (caller, end) = numbers.split_once(' ').unwrap();
            let slot = &mut acknowledged[caller.parse::<usize>().unwrap()];
            *slot = (*slot).max(end.parse().unwrap());
            seen += 1;
            if seen == lines {
                // SIGKILL; what it printed until then is still read.
                child.kill().unwrap();
            }
        }
        line.clear();
    }
    child.wait().unwrap();
    assert!(
        seen >= lines,
        "the child ended by itself after {seen} acknowledgements"
    );
}

fn count(folder: &Path) -> HashMap<(u64, u64), u32> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let spine = LocalSpine::open(folder, config()).unwrap();
    let mut found = HashMap::new();
    for (_, entry) in runtime.block_on(read_all(&spine)) {
        let text = std::str::from_utf8(&entry.payload).unwrap();
        let mut words = text.split(' ');
        let mut number = || words.next().unwrap().parse::<u64>().unwrap();
        let (caller, number) = (number(), number());
        assert_eq!(entry, marker(caller, number), "the payload is whole");
        *found.entry((caller, number)).or_default() += 1;
    }
    found
}

/// The child. Run by itself it appends for a while and looks.
#[test]
fn hammer() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .build()
        .unwrap();
    if let Ok(folder) = std::env::var(FOLDER) {
        let from = std::env::var(FROM).unwrap();
        let from = from
            .split(',')
            .map(|number| number.parse().unwrap())
            .collect::<Vec<_>>();
        runtime.block_on(append(Path::new(&folder), &from, u64::MAX));
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    runtime.block_on(append(folder.path(), &[0; CALLERS as usize], 200));
    assert_eq!(count(folder.path()).len() as u64, CALLERS * 200);
}

async fn append(folder: &Path, from: &[u64], until: u64) {
    let spine = Arc::new(LocalSpine::open(folder, config()).unwrap());
    let callers = from.iter().zip(0..).map(|(&from, caller)| {
        let spine = Arc::clone(&spine);
        tokio::spawn(async move {
            let mut random = Random(caller);
            let mut next = from.saturating_sub(REPEATED);
            while next < until {
                let end = until.min(next + 1 + random.below(40));
                let batch = (next..end).map(|number| marker(caller, number)).collect();
                let outcomes = spine.append(batch).await.unwrap();
                for (number, outcome) in (next..end).zip(outcomes) {
                    assert!(
                        number >= from || outcome == Outcome::Duplicate,
                        "applied twice"
                    );
                }
                // One write a line; the test harness does not capture it.
                let line = format!("acknowledged {caller} {end}\n");
                std::io::stdout().lock().write_all(line.as_bytes()).unwrap();
                next = end;
            }
        })
    });
    for caller in callers.collect::<Vec<_>>() {
        caller.await.unwrap();
    }
    spine.close().await;
}
