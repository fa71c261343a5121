//! Events a second through the join, on a simulated shift.
#![allow(clippy::unwrap_used, missing_docs, reason = "bench code")]

#[path = "../tests/common/mod.rs"]
mod common;

use divan::Bencher;
use divan::counter::ItemsCount;
use ringfence_calls::{Join, JoinConfig};
use ringfence_event::Event;
use ringfence_simulate::Shift;

fn main() {
    divan::main();
}

#[divan::bench(sample_count = 5, sample_size = 1)]
fn shift_of_200_agents(bencher: Bencher<'_, '_>) {
    let shift = Shift {
        hours: 2,
        ..Shift::default()
    };
    let events: Vec<Event> = shift.run().items.iter().map(common::adapt).collect();
    bencher
        .counter(ItemsCount::new(events.len()))
        .bench_local(|| {
            let mut join = Join::new(JoinConfig::default());
            let mut out = Vec::new();
            for (offset, e) in events.iter().enumerate() {
                join.on_event(offset as u64, e, &mut out);
            }
            out.len()
        });
}
