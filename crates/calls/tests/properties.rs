//! What holds for any log.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    missing_docs,
    reason = "test code"
)]

mod common;

use common::{adapt, last_words};
use proptest::prelude::*;
use ringfence_calls::{Join, JoinConfig, Limits, fuzz_snapshot};
use ringfence_event::{CallFacts, Event, FactsRevision};
use ringfence_simulate::{Item, Shift, Story};

fn story(seed: u64) -> Story {
    let shift = Shift {
        seed,
        agents: 12,
        insiders: 1,
        hours: 1,
        branch_agents: 3,
        customers: 3_000,
        ..Shift::default()
    };
    shift.run()
}

fn run(join: &mut Join, from: u64, events: &[Event], out: &mut Vec<FactsRevision>) {
    for (i, e) in events.iter().enumerate() {
        join.on_event(from + i as u64, e, out);
    }
}

fn finish(join: &mut Join, events: &[Event], out: &mut Vec<FactsRevision>) {
    let end = events.last().unwrap().received;
    for s in 0..60 {
        join.on_tick(end + s * 1_000, out);
    }
}

fn saved(join: &Join) -> Vec<u8> {
    let mut bytes = Vec::new();
    join.snapshot(&mut bytes).unwrap();
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_restored_join_goes_on_as_if_nothing_had_happened(seed in 1u64..50, cut in 0.0f64..1.0) {
        let events: Vec<Event> = story(seed).items.iter().map(adapt).collect();
        let cut = (events.len() as f64 * cut) as usize;
        let (mut whole, mut out) = (Join::new(JoinConfig::default()), Vec::new());
        run(&mut whole, 0, &events[..cut], &mut out);
        let snapshot = saved(&whole);
        let mut restored = Join::restore(JoinConfig::default(), &snapshot).unwrap();
        prop_assert!(saved(&restored) == snapshot);
        let (mut a, mut b) = (Vec::new(), Vec::new());
        run(&mut whole, cut as u64, &events[cut..], &mut a);
        run(&mut restored, cut as u64, &events[cut..], &mut b);
        finish(&mut whole, &events, &mut a);
        finish(&mut restored, &events, &mut b);
        prop_assert!(a == b);
        prop_assert_eq!(whole.stats(), restored.stats());
    }

    #[test]
    fn order_of_arrival_within_the_settle_time_changes_no_final_answer(
        seed in 1u64..50,
        jitter in proptest::collection::vec(0i64..1_500, 64),
    ) {
        // A source without a learned cadence: what is silence must not depend on the order.
        let mut items = story(seed).items;
        items.truncate(900);
        let answers = |delay: &dyn Fn(usize, &Item) -> i64| {
            let mut order: Vec<(i64, usize)> = items.iter().enumerate()
                .map(|(i, item)| (item.time.0 + 500 + delay(i, item), i))
                .collect();
            order.sort_unstable();
            let mut join = Join::new(JoinConfig::default());
            let (mut out, mut last) = (Vec::new(), None);
            for (at, i) in order {
                let mut e = adapt(&items[i]);
                e.received = ringfence_event::Time(at);
                join.on_event(i as u64, &e, &mut out);
                last = Some(e.received);
            }
            for s in 0..120 {
                join.on_tick(last.unwrap() + s * 1_000, &mut out);
            }
            // Of look-ups: an event that is evidence itself is answered once, as it arrives.
            let looked = |i: &u64| items[*i as usize].feed == ringfence_simulate::Feed::Crm;
            let mut words = last_words(&out);
            words.retain(|i, _| looked(i));
            // A call's uid is given with the first sign to arrive, so calls are numbered here as
            // they appear: the same events must be of the same call.
            let mut numbers = std::collections::HashMap::new();
            words.into_iter().map(|(i, mut f)| {
                f.uid = f.uid.map(|uid| {
                    let next = numbers.len();
                    format!("call {}", numbers.entry(uid).or_insert(next))
                });
                (i, essence(&f))
            }).collect::<Vec<_>>()
        };
        let straight = answers(&|_, _| 0);
        let shuffled = answers(&|i, _| jitter[i % jitter.len()]);
        let differ = straight.iter().zip(&shuffled).find(|(a, b)| a != b);
        prop_assert!(differ.is_none(), "{:?}", differ);
        prop_assert_eq!(straight.len(), shuffled.len());
    }

    #[test]
    fn any_bytes_are_a_snapshot_or_refused(data: Vec<u8>) {
        fuzz_snapshot(&data);
    }
}

fn essence(f: &CallFacts) -> String {
    let what = (f.state, f.reason, f.settled, &f.uid, &f.customer);
    format!(
        "{what:?} {:?} {:?} {:?}",
        f.same_customer, f.minutes_since, f.role
    )
}

#[test]
fn mutated_snapshots_are_refused_or_read() {
    let (mut join, mut out) = (Join::new(JoinConfig::default()), Vec::new());
    let events: Vec<Event> = story(1).items.iter().take(60).map(adapt).collect();
    run(&mut join, 0, &events, &mut out);
    let whole = saved(&join);
    let body = &whole[whole.iter().position(|b| *b == b'\n').unwrap() + 1..];
    for i in (0..body.len()).step_by(body.len() / 200 + 1) {
        let mut bytes = body.to_vec();
        bytes[i] = bytes[i].wrapping_add(1);
        fuzz_snapshot(&bytes);
        fuzz_snapshot(&body[..i]);
    }
}

#[test]
fn a_flood_stays_within_its_bounds_and_agents_stay_known() {
    let limits = Limits {
        calls: 50,
        strangers: 40,
        agents: 30,
        customers: 60,
        numbers: 60,
        settling: 20,
        judged: 25,
    };
    let config = JoinConfig {
        limits,
        ..JoinConfig::default()
    };
    let mut d = common::Desk::new(config);
    d.call(1.0, 2, "ours", "a", serde_json::json!({}));
    let mut size = 0;
    for i in 0..6_000 {
        let t = 2.0 + f64::from(i) / 100.0;
        let invite = serde_json::json!({"class_uid": ringfence_event::ext::SIGNALLING,
            "activity_id": 1, "time": common::ms(t).0, "call_uid": format!("x{i}"),
            "sip": {"method": "INVITE", "from_user": "+4930123456", "to_user": "900"}});
        let mut e = common::event("s", "edge", 0, &invite);
        e.trusted = false;
        d.put(t, e);
        d.look(t, &format!("nobody{}", i % 500), &format!("C-{i}"));
        if i % 7 == 0 {
            d.look(t, "a", "C-1");
        }
        if i == 3_000 {
            size = saved(&d.join).len();
        }
    }
    let s = d.join.stats();
    assert!(
        s.calls <= 50 && s.strangers <= 40 && s.agents <= 30,
        "{s:?}"
    );
    assert!(
        s.settling <= 20 && s.judged <= 25 && s.contacts <= 120,
        "{s:?}"
    );
    assert!(
        s.evicted_strangers > 5_000 && s.hurried > 0,
        "losses are counted: {s:?}"
    );
    assert!(
        saved(&d.join).len() < size * 3 / 2,
        "no growth under a steady flood"
    );
    assert_eq!(d.join.live_calls().count(), 1);
    let o = d.look(63.0, "a", "C-1");
    assert_eq!(d.facts(o).state, ringfence_event::CallState::Live);
}
