//! Look-up without a call, measured on simulated shifts: who is accused, who is not, how soon.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::disallowed_methods,
    missing_docs,
    reason = "test code"
)]

mod common;

use std::collections::{BTreeMap, BTreeSet};

use common::adapt;
use ringfence_calls::{Join, JoinConfig};
use ringfence_event::{CallFacts, CallState, FactsRevision, Time, Unknown, WEB_RESOURCES};
use ringfence_simulate::{Feed, Place, Shift, Story, Truth};

/// What the rule "look-up without a call" asks for.
fn fires(facts: &CallFacts) -> bool {
    facts.settled
        && facts.state == CallState::None
        && !matches!(facts.role.as_deref(), Some("supervisor" | "quality"))
        && facts.customer_minutes_since.is_none_or(|m| m > 15.0)
}

#[derive(Default)]
struct Outcome {
    /// By agent: look-ups that raised the alarm.
    accused: BTreeMap<String, usize>,
    /// Longest wait for an alarm at a place whose telephony is live.
    slowest: i64,
    /// Look-ups in a silence, by what was said.
    silent: BTreeMap<String, usize>,
    illicit_found: usize,
    illicit_exposed: usize,
    /// Innocent look-ups that raised the alarm.
    wronged: Vec<String>,
}

fn judge(story: &Story) -> Outcome {
    let mut join = Join::new(JoinConfig::default());
    let mut out: Vec<FactsRevision> = Vec::new();
    let mut events = Vec::new();
    let mut result = Outcome::default();
    let mut alarms: BTreeMap<u64, Time> = BTreeMap::new();
    let mut seen = 0;
    let mut now = story.items[0].at;
    let mut note = |out: &[FactsRevision], now: Time| {
        for r in &out[seen..] {
            if fires(&r.facts) {
                alarms.entry(r.offset).or_insert(now);
            }
        }
        seen = out.len();
    };
    for item in &story.items {
        // The log has a tick each second.
        while item.at.since(now) >= 1_000 {
            now = now + 1_000;
            join.on_tick(now, &mut out);
            note(&out, now);
        }
        let event = adapt(item);
        let lookup = event.class_uid == WEB_RESOURCES && event.activity_id != 5;
        join.on_event(events.len() as u64, &event, &mut out);
        note(&out, item.at);
        events.push(lookup.then_some((event.keys.agent, event.uid.unwrap())));
    }
    for s in 0..4 * 3_600 {
        join.on_tick(now + s * 1_000, &mut out);
    }
    note(&out, now + 4 * 3_600_000);

    let illicit: BTreeMap<_, _> = story.truth.illicit.iter().map(|i| (&i.uid, i)).collect();
    result.illicit_exposed = illicit.values().filter(|i| i.exposed).count();
    for (offset, raised) in &alarms {
        let Some((Some(agent), uid)) = &events[*offset as usize] else {
            continue;
        };
        *result.accused.entry(agent.clone()).or_default() += 1;
        let item = &story.items[*offset as usize];
        match illicit.get(uid) {
            Some(i) => result.illicit_found += usize::from(i.exposed),
            None => result
                .wronged
                .push(format!("{agent} {} {:?}", item.time, item.place)),
        }
        let first = out.iter().filter(|r| r.offset == *offset);
        let blind = first
            .clone()
            .any(|r| r.facts.reason == Some(Unknown::TelephonySilent));
        if item.place == Place::Main && !blind {
            result.slowest = result.slowest.max(raised.since(item.at));
        }
    }
    let lasts = common::last_words(&out);
    for (offset, item) in story.items.iter().enumerate() {
        let s = story
            .truth
            .silences
            .iter()
            .find(|s| s.from <= item.time && item.time < s.to);
        let looked = item.feed == Feed::Crm && item.place == Place::Main;
        if let Some(s) = s.filter(|s| looked && !s.backlog && item.time > s.from + 1_000) {
            assert!(s.to > s.from);
            let Some(f) = lasts.get(&(offset as u64)) else {
                continue;
            };
            let said = format!("{:?} {:?}", f.state, f.reason);
            *result.silent.entry(said).or_default() += 1;
        }
    }
    result
}

/// Two shifts at a time.
fn measure(seeds: u64) -> Vec<(u64, Truth, Outcome)> {
    let half = |odd: u64| {
        let mine = (1..=seeds).filter(move |s| s % 2 == odd);
        mine.map(|seed| {
            let story = Shift::of_seed(seed).run();
            let outcome = judge(&story);
            (seed, story.truth, outcome)
        })
        .collect::<Vec<_>>()
    };
    std::thread::scope(|s| {
        let other = s.spawn(|| half(1));
        let mut all = half(0);
        all.extend(other.join().unwrap());
        all.sort_by_key(|(seed, ..)| *seed);
        all
    })
}

#[test]
fn insiders_are_found_and_honest_work_is_left_alone() {
    let seeds = if std::env::var_os("RINGFENCE_PROVE").is_some() {
        20
    } else {
        3
    };
    let (mut found, mut missed, mut wronged, mut slowest) = (0, Vec::new(), Vec::new(), 0);
    let (mut looked, mut exposed) = (0, 0);
    let measured = measure(seeds);
    for (seed, story, result) in measured {
        let insiders: BTreeSet<_> = story.insiders.iter().cloned().collect();
        let accused: BTreeSet<_> = result.accused.keys().cloned().collect();
        found += insiders.intersection(&accused).count();
        missed.extend(
            insiders
                .difference(&accused)
                .map(|a| format!("seed {seed} {a}")),
        );
        wronged.extend(
            accused
                .difference(&insiders)
                .map(|a| format!("seed {seed} {a}")),
        );
        slowest = slowest.max(result.slowest);
        looked += result.illicit_found;
        exposed += result.illicit_exposed;
        println!(
            "seed {seed}: accused {:?}, wronged {:?}, silence {:?}",
            result.accused, result.wronged, result.silent
        );
        let none = result
            .silent
            .iter()
            .filter(|(s, _)| s.starts_with("None"))
            .map(|(_, n)| n);
        assert_eq!(
            none.sum::<usize>(),
            0,
            "blind is never none: {:?}",
            result.silent
        );
        assert!(
            result.silent.is_empty() || result.silent.contains_key("Unknown Some(TelephonySilent)"),
            "{:?}",
            result.silent
        );
    }
    let recall = found as f64 / (found + missed.len()).max(1) as f64;
    let precision = found as f64 / (found + wronged.len()).max(1) as f64;
    println!("agents: recall {recall:.3} precision {precision:.3} over {seeds} seeds");
    println!("missed {missed:?}; wronged {wronged:?}");
    println!("look-ups: {looked} of {exposed} exposed ones found; slowest alarm {slowest} ms");
    assert!(recall >= 0.97, "missed {missed:?}");
    assert!(precision >= 0.9, "wronged {wronged:?}");
    assert!(slowest <= 5_000, "slowest alarm after {slowest} ms");
}
