//! What a log costs: appending in batches, proving, and checking all of it.
//!
//! `cargo bench -p ringfence-evidence`; `RINGFENCE_BENCH_ENTRIES` says how many entries (a million).
//! Beside it the limit: the same bytes written to one file and synced as often, and hashed twice.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    missing_docs,
    reason = "a bench"
)]

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use ringfence_crypto::{Ed25519Key, sha256};
use ringfence_evidence::{Folder, Held, Leaf, Log, commit, prove, verify};
use ringfence_tlog::{KeyKind, Signer, Tiles, consistency, leaf};

const BATCH: u64 = 10_000;

fn entry(n: u64) -> String {
    let leaf = Leaf {
        time: 1_795_000_000_000 + n as i64,
        kind: "authentication".to_owned(),
        commitment: commit(&[n as u8; 32], "{}"),
    };
    leaf.to_string()
}

fn bytes_in(folder: &Path) -> (u64, u64) {
    let (mut bytes, mut files) = (0, 0);
    for one in std::fs::read_dir(folder).unwrap() {
        let one = one.unwrap();
        let meta = one.metadata().unwrap();
        let (b, f) = match meta.is_dir() {
            true => bytes_in(&one.path()),
            false => (meta.len(), 1),
        };
        bytes += b;
        files += f;
    }
    (bytes, files)
}

fn rate(what: &str, count: u64, took: Duration) {
    let each = took.as_secs_f64() / count as f64;
    println!(
        "{what:<44} {:>12.0}/s {:>12.3} µs each",
        1.0 / each,
        each * 1e6
    );
}

fn main() {
    let asked = std::env::var("RINGFENCE_BENCH_ENTRIES").ok();
    let size: u64 = asked.and_then(|n| n.parse().ok()).unwrap_or(1_000_000);
    let dir = tempfile::tempdir_in(
        std::env::var("RINGFENCE_BENCH_DIR").unwrap_or_else(|_| ".".to_owned()),
    )
    .unwrap();
    let key = Ed25519Key::from_seed([7; 32]).unwrap();
    let signer = Signer::new("bench.example/evidence", KeyKind::Log, key).unwrap();
    let public = signer.public().clone();
    let mut log = Log::open(Folder::new(&dir.path().join("log")), signer).unwrap();

    let (mut took, mut slowest) = (Duration::ZERO, Duration::ZERO);
    let mut limit = Duration::ZERO;
    let mut plain = File::create(dir.path().join("plain")).unwrap();
    let mut at = 0;
    while at < size {
        let end = (at + BATCH).min(size);
        let batch: Vec<_> = (at..end).map(entry).collect();
        let began = Instant::now();
        log.append(&batch).unwrap();
        let this = began.elapsed();
        took += this;
        slowest = slowest.max(this);
        let began = Instant::now();
        let mut hash = [0; 32];
        for entry in &batch {
            hash = sha256(entry.as_bytes());
            hash = sha256(&[hash, hash].concat());
        }
        plain.write_all(&batch.concat().into_bytes()).unwrap();
        plain.write_all(&hash).unwrap();
        plain.sync_all().unwrap();
        limit += began.elapsed();
        at = end;
    }
    println!("{size} entries, batches of {BATCH}");
    rate("append", size, took);
    rate("the limit: hash twice, write, sync", size, limit);
    println!(
        "{:<44} {:>12.3} ms",
        "slowest batch",
        slowest.as_secs_f64() * 1e3
    );
    let (bytes, files) = bytes_in(log.folder().root());
    println!(
        "{:<44} {:>12.1} bytes an entry, {files} files",
        "on disk",
        bytes as f64 / size as f64
    );

    let began = Instant::now();
    log.append(&[entry(size)]).unwrap();
    println!(
        "{:<44} {:>12.3} ms",
        "one entry by itself",
        began.elapsed().as_secs_f64() * 1e3
    );
    let size = log.size();

    let mut slowest = Duration::ZERO;
    let began = Instant::now();
    for n in 0..1_000 {
        let index = n * 7_919_777 % size;
        let one = Instant::now();
        let proof = prove(log.folder(), log.checkpoint(), index, None).unwrap();
        slowest = slowest.max(one.elapsed());
        let hash = leaf(entry(index).as_bytes());
        proof
            .verify(&hash, public.name(), std::slice::from_ref(&public))
            .unwrap();
    }
    rate("inclusion proof, made and checked", 1_000, began.elapsed());
    println!("{:<44} {:>12.3} ms", "slowest", slowest.as_secs_f64() * 1e3);

    let began = Instant::now();
    consistency(&mut Tiles::new(log.folder(), size), size / 2 + 1, size).unwrap();
    println!(
        "{:<44} {:>12.3} ms",
        "consistency proof from the half",
        began.elapsed().as_secs_f64() * 1e3
    );
    let began = Instant::now();
    let report = verify(
        log.folder(),
        log.checkpoint(),
        &public,
        &Held::default(),
        None,
    )
    .unwrap();
    assert_eq!(report.faults, []);
    rate("the whole, verified", size, began.elapsed());
    let began = Instant::now();
    let signer = Signer::new(
        "bench.example/evidence",
        KeyKind::Log,
        Ed25519Key::from_seed([7; 32]).unwrap(),
    );
    Log::open(Folder::new(log.folder().root()), signer.unwrap()).unwrap();
    println!(
        "{:<44} {:>12.3} ms",
        "opened again",
        began.elapsed().as_secs_f64() * 1e3
    );
}
