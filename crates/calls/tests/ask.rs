//! What somebody who decides now is told.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    missing_docs,
    reason = "test code"
)]

mod common;

use common::{Desk, call_event, ms, name};
use ringfence_calls::JoinConfig;
use ringfence_event::{CallState, Flag, Unknown};
use serde_json::json;

fn desk() -> Desk {
    Desk::new(JoinConfig::default())
}

fn state(d: &Desk, t: f64, agent: &str) -> Option<CallState> {
    let facts = d.join.ask("default", agent, None, ms(t))?;
    Some(facts.state)
}

#[test]
fn the_call_of_this_moment_and_whom_it_is_with() {
    let mut d = desk();
    d.call(10.0, 2, "1", "a", json!({"customer": {"uid": "C-1"}}));
    let about = |customer| {
        d.join
            .ask("default", "a", Some(customer), ms(20.0))
            .unwrap()
    };
    assert_eq!(about("C-1").state, CallState::Live);
    assert!(about("C-1").trusted);
    assert_eq!(
        (about("C-1").same_customer, about("C-2").same_customer),
        (Some(true), Some(false))
    );
    assert_eq!(d.join.customers_of("default", "a", ms(20.0)), ["C-1"]);
    assert!(d.join.customers_of("default", "b", ms(20.0)).is_empty());
    d.call(30.0, 5, "1", "a", json!({}));
    assert_eq!(state(&d, 31.0, "a"), Some(CallState::WrapUp));
    assert_eq!(d.join.customers_of("default", "a", ms(31.0)), ["C-1"]);
    d.quiet(31, 900);
    assert_eq!(state(&d, 900.0, "a"), Some(CallState::None));
    assert!(d.join.customers_of("default", "a", ms(900.0)).is_empty());
}

#[test]
fn asking_changes_nothing() {
    let mut d = desk();
    d.call(10.0, 2, "1", "a", json!({"customer": {"uid": "C-1"}}));
    let saved = |d: &Desk| {
        let mut bytes = Vec::new();
        d.join.snapshot(&mut bytes).unwrap();
        bytes
    };
    let before = saved(&d);
    for agent in ["a", "b", "nobody"] {
        let _ = d.join.ask("default", agent, Some("C-9"), ms(5_000.0));
        let _ = d.join.customers_of("default", agent, ms(5_000.0));
    }
    assert_eq!(saved(&d), before);
}

/// Unknown is not none.
#[test]
fn a_silent_telephony_says_unknown() {
    let mut d = desk();
    d.quiet(0, 600);
    assert_eq!(state(&d, 600.0, "a"), Some(CallState::None));
    let late = d.join.ask("default", "a", None, ms(100_000.0)).unwrap();
    assert_eq!(
        (late.state, late.reason),
        (CallState::Unknown, Some(Unknown::TelephonySilent))
    );
}

#[test]
fn nobody_is_an_agent_by_the_word_of_a_feed_that_anyone_can_forge() {
    let mut d = desk();
    let mut forged = call_event("s", "feed", 10.0, 2, "9", "ghost");
    forged.trusted = false;
    forged.flags.push(Flag::Unauthenticated);
    d.put(10.0, forged);
    assert_eq!(state(&d, 11.0, "ghost"), None);
    let agents: Vec<_> = d.join.agents_of("default").collect();
    assert!(
        agents.contains(&"a") && !agents.contains(&"ghost"),
        "{agents:?}"
    );
}

#[test]
fn programs_are_walls_and_the_busy_site_answers() {
    let mut d = desk();
    d.quiet(0, 60);
    let mut elsewhere = call_event("t", "dialer-t", 20.0, 2, "7", "a");
    d.put(20.0, elsewhere.clone());
    assert_eq!(
        state(&d, 60.0, "a"),
        Some(CallState::Live),
        "of two sites the one with the call"
    );
    elsewhere.keys.program = name("clinic");
    elsewhere.keys.agent = Some("z".to_owned());
    elsewhere.ocsf.insert("agent".into(), json!({"uid": "z"}));
    d.put(60.0, elsewhere);
    assert_eq!(state(&d, 61.0, "z"), None, "an agent of another program");
    assert!(d.join.ask("clinic", "z", None, ms(61.0)).is_some());
    assert!(d.join.ask("clinic", "a", None, ms(61.0)).is_none());
    assert!(d.join.ask("", "a", None, ms(61.0)).is_none());
}
