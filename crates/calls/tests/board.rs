//! What is shown beside the join is what the join itself says, after each event of any log.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    missing_docs,
    reason = "test code"
)]

mod common;

use std::collections::BTreeSet;

use common::{adapt, call_event, event, look, ms};
use proptest::prelude::*;
use ringfence_calls::{Board, Join, JoinConfig, Limits, Standing};
use ringfence_event::{CallState, Event, Time, ext};
use ringfence_simulate::Shift;
use serde_json::json;

const AGENTS: [&str; 5] = ["a", "b", "c", "d", "nobody"];
const CUSTOMERS: [&str; 3] = ["C-1", "C-2", "C-3"];
/// Around the moment that the log has reached, s.
const MOMENTS: [i64; 9] = [-15, -7, -2, 0, 1, 5, 70, 700, 18_000];

/// The join's own answer, as far as the board gives one.
fn own(join: &Join, program: &str, agent: &str, customer: &str, now: Time) -> Option<Standing> {
    let facts = join.ask(program, agent, Some(customer), now)?;
    Some(Standing {
        state: facts.state,
        reason: facts.reason,
        trusted: facts.trusted,
        same_customer: facts.same_customer,
        minutes_since: facts.minutes_since,
    })
}

fn differs(join: &Join, board: &Board, agents: &[&str]) -> Option<String> {
    if board.now() != join.now() {
        return Some(format!("{:?} {:?}", board.now(), join.now()));
    }
    for program in ["default", "other"] {
        let known: BTreeSet<&str> = join.agents_of(program).collect();
        let shown = board.agents_of(program);
        let shown: Vec<&str> = shown.iter().map(|id| &**id).collect();
        if shown != known.into_iter().collect::<Vec<_>>() {
            return Some(format!("agents of {program}: {shown:?}"));
        }
        for agent in agents {
            for at in MOMENTS {
                let now = join.now() + at * 1_000;
                for customer in &CUSTOMERS[..2] {
                    let (own, shown) = (
                        own(join, program, agent, customer, now),
                        board.ask(program, agent, Some(customer), now),
                    );
                    if own != shown {
                        return Some(format!("{agent} {at}: {own:?} {shown:?}"));
                    }
                }
                let (own, shown) = (
                    join.customers_of(program, agent, now),
                    board.customers_of(program, agent, now),
                );
                if own != shown {
                    return Some(format!("customers of {agent} {at}: {own:?} {shown:?}"));
                }
            }
        }
    }
    None
}

/// One thing that happens: when after the one before, how late it is told, and what.
type Happens = (u16, u8, u8, u8, u8, u8);

/// Several systems that tell of the same few agents, late, twice, with clocks of their own.
fn told(n: usize, at: f64, happens: Happens) -> Option<Event> {
    let (_, late, what, who, whom, which) = happens;
    let agent = AGENTS[who as usize % 4];
    let other = AGENTS[whom as usize % 4];
    let (site, source) = [
        ("s", "dialer"),
        ("s", "pbx"),
        ("t", "dialer"),
        ("s", "feed"),
    ][which as usize % 4];
    let delay = match late {
        0..150 => 0.0,
        150..220 => f64::from(late % 10),
        220..240 => f64::from(late) * 3.0,
        _ => -f64::from(late % 16),
    };
    let t = at - delay;
    let call = format!("{}", (n / 6).saturating_sub(whom as usize % 5));
    let mut e = match what % 16 {
        activity @ 1..=7 => {
            let mut e = call_event(site, source, t, activity, &call, agent);
            if activity == 3 {
                e.ocsf.insert("transfer_to".into(), json!({ "uid": other }));
            }
            e
        }
        8 => {
            let mut e = call_event(site, source, t, 8, &call, agent);
            e.ocsf.insert("start_time".into(), json!(ms(t - 90.0).0));
            e.ocsf.insert("end_time".into(), json!(ms(t).0));
            e
        }
        9 => call_event(site, source, t, 99, "", ""),
        10 | 11 => {
            let states = ["available", "on_call", "wrap_up", "away", "offline"];
            let state = states[whom as usize % 5];
            let ocsf = json!({"class_uid": ext::AGENT, "activity_id": 3, "time": ms(t).0,
                "agent": {"uid": agent, "state": state, "extension": format!("x-{agent}")}});
            event(site, source, 0, &ocsf)
        }
        12 => {
            let (method, status) =
                [("INVITE", None), ("INVITE", Some(200)), ("BYE", None)][whom as usize % 3];
            let mut sip = json!({"from_user": "+4930123456", "to_user": format!("x-{agent}")});
            match status {
                None => sip["method"] = json!(method),
                Some(status) => {
                    sip["cseq_method"] = json!(method);
                    sip["status_code"] = json!(status);
                }
            }
            let ocsf = json!({"class_uid": ext::SIGNALLING, "activity_id": 1, "time": ms(t).0,
                "call_uid": format!("sip-{call}"), "sip": sip});
            event(site, source, 0, &ocsf)
        }
        13 => look(site, t, agent, CUSTOMERS[whom as usize % 3]),
        14 => look(site, t, &format!("n{n}"), "C-9"),
        15 => {
            let mut e = call_event(site, source, t, 2, &call, agent);
            e.ocsf
                .insert("sip".into(), json!({"call_id": format!("sip-{call}")}));
            e
        }
        _ => return None,
    };
    if whom % 3 == 0 && e.class_uid == ext::CALL {
        e.keys.customer = Some(CUSTOMERS[who as usize % 3].to_owned());
    }
    e.trusted = source != "feed";
    e.received = ms(at);
    Some(e)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_board_says_what_the_join_says(
        log in proptest::collection::vec(any::<Happens>(), 1..160),
        tight in any::<bool>(),
    ) {
        let few = Limits { calls: 6, strangers: 4, agents: 4, settling: 8, ..Limits::default() };
        let config = JoinConfig {
            limits: if tight { few } else { Limits::default() },
            delivery_ms: [("default/pbx".to_owned(), 20_000)].into(),
            ..JoinConfig::default()
        };
        let mut join = Join::new(config.clone());
        let (mut out, mut at) = (Vec::new(), 1_000.0);
        for (n, happens) in log.into_iter().enumerate() {
            let board = join.board();
            at += match happens.0 {
                0..60_000 => f64::from(happens.0 % 8_000) / 1_000.0,
                // Nothing for a while; the clock is set back.
                60_000..65_000 => f64::from(happens.0 - 60_000),
                _ => -f64::from(happens.0 % 600),
            };
            match told(n, at, happens) {
                Some(event) => join.on_event(n as u64, &event, &mut out),
                None => join.on_tick(ms(at), &mut out),
            }
            let wrong = differs(&join, &board, &AGENTS);
            prop_assert!(wrong.is_none(), "after {n}: {wrong:?}");
            if n % 50 == 49 {
                let mut bytes = Vec::new();
                join.snapshot(&mut bytes).unwrap();
                join = Join::restore(config.clone(), &bytes).unwrap();
                let wrong = differs(&join, &join.board(), &AGENTS);
                prop_assert!(wrong.is_none(), "restored after {n}: {wrong:?}");
            }
        }
    }
}

#[test]
fn a_shift_is_shown_as_it_is() {
    let shift = Shift {
        agents: 12,
        insiders: 1,
        hours: 1,
        branch_agents: 3,
        customers: 3_000,
        ..Shift::default()
    };
    let events: Vec<Event> = shift.run().items.iter().map(adapt).collect();
    let (mut join, mut out) = (Join::new(JoinConfig::default()), Vec::new());
    let board = join.board();
    let mut lives = 0;
    for (offset, event) in (0..).zip(&events) {
        join.on_event(offset, event, &mut out);
        if offset % 7 == 0 {
            let agents: Vec<String> = join.agents_of("default").map(str::to_owned).collect();
            let agents: Vec<&str> = agents.iter().map(String::as_str).collect();
            assert_eq!(differs(&join, &board, &agents), None, "after {offset}");
            let is_live = |a: &&&str| {
                let standing = board.ask("default", a, None, join.now());
                standing.is_some_and(|s| s.state == CallState::Live)
            };
            lives += agents.iter().filter(is_live).count();
        }
    }
    assert!(lives > 100, "{lives}");
}

/// A clock that was set back: until the join knows, nothing is said of the past.
#[test]
fn of_the_past_nothing_is_known() {
    let mut d = common::Desk::new(JoinConfig::default());
    d.call(1_000.0, 2, "1", "a", json!({"customer": {"uid": "C-1"}}));
    let board = d.join.board();
    let state = |t| board.ask("default", "a", None, ms(t)).unwrap().state;
    assert_eq!(state(1_000.0), CallState::Live);
    assert_eq!(state(984.0), CallState::Unknown);
    assert!(board.customers_of("default", "a", ms(984.0)).is_empty());
    d.tick(900.0);
    assert_ne!(state(900.0), CallState::Live, "the call is in the future");
    assert_eq!(state(1_001.0), CallState::Live);
}
