//! What a log costs: appending, proving and checking. Beside it the same by `tlog_tiles`, and the limit: SHA-256 alone.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    missing_docs,
    reason = "bench code"
)]

use divan::counter::ItemsCount;
use ringfence_tlog::{Frontier, Hash, leaf, node};

fn main() {
    divan::main();
}

const ENTRIES: u64 = 100_000;
/// As large as an entry of the evidence log.
const ENTRY: [u8; 64] = [7; 64];

#[divan::bench]
fn append(bencher: divan::Bencher<'_, '_>) {
    bencher.counter(ItemsCount::new(ENTRIES)).bench_local(|| {
        let mut frontier = Frontier::default();
        for _ in 0..ENTRIES {
            frontier.push(leaf(&ENTRY));
        }
        frontier.root()
    });
}

/// Two hashes for each entry, which is what any tree takes.
#[divan::bench]
fn limit_two_hashes(bencher: divan::Bencher<'_, '_>) {
    bencher.counter(ItemsCount::new(ENTRIES)).bench_local(|| {
        let mut last = Hash::default();
        for _ in 0..ENTRIES {
            last = node(&leaf(&ENTRY), &last);
        }
        last
    });
}

#[divan::bench]
fn append_by_tlog_tiles(bencher: divan::Bencher<'_, '_>) {
    bencher.counter(ItemsCount::new(ENTRIES)).bench_local(|| {
        let mut kept = Vec::new();
        for n in 0..ENTRIES {
            let new = tlog_tiles::tlog::stored_hashes(n, &ENTRY, &Kept(&kept)).unwrap();
            kept.extend(new);
        }
        kept.len()
    });
}

struct Kept<'a>(&'a [tlog_tiles::tlog::Hash]);

impl tlog_tiles::tlog::HashReader for Kept<'_> {
    fn read_hashes(
        &self,
        indexes: &[u64],
    ) -> Result<Vec<tlog_tiles::tlog::Hash>, tlog_tiles::tlog::Error> {
        Ok(indexes.iter().map(|at| self.0[*at as usize]).collect())
    }
}
