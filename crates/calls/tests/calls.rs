//! What the join says about look-ups and calls, one situation a test.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    missing_docs,
    reason = "test code"
)]

mod common;

use common::{Desk, call_event, event, look, ms};
use ringfence_calls::{JoinConfig, LiveState, OpeningHours};
use ringfence_event::{AgentState, CallState, Consent, Flag, RecordingState, Time, Unknown, ext};
use serde_json::{Value, json};

fn desk() -> Desk {
    Desk::new(JoinConfig::default())
}

fn nothing() -> Value {
    json!({})
}

fn with(customer: &str) -> Value {
    json!({"customer": {"uid": customer}, "caller": {"number": "+12025550100"}})
}

#[test]
fn a_look_up_on_a_call_knows_call_and_customer() {
    let mut d = desk();
    d.call(
        10.0,
        1,
        "1",
        "a",
        json!({"direction": "inbound", "attestation": "A"}),
    );
    d.call(14.0, 2, "1", "a", nothing());
    d.call(20.0, 7, "1", "a", with("C-1"));
    let same = d.look(25.0, "a", "C-1");
    let other = d.look(26.0, "a", "C-2");
    d.tick(30.0);
    let f = d.facts(same);
    assert_eq!(
        (f.state, f.settled, f.trusted),
        (CallState::Live, true, true)
    );
    assert_eq!(
        (f.same_customer, f.customer.as_deref()),
        (Some(true), Some("C-1"))
    );
    assert_eq!(
        (f.attestation.as_deref(), f.customer_minutes_since),
        (Some("A"), Some(0.0))
    );
    assert_eq!(d.facts(other).same_customer, Some(false));
    assert_eq!(d.versions(same), [1, 2]);
}

#[test]
fn none_is_said_only_after_settling() {
    let mut d = desk();
    d.quiet(5, 600);
    let o = d.look(601.0, "a", "C-1");
    let first = d.facts(o);
    assert_eq!(
        (first.state, first.reason),
        (CallState::Unknown, Some(Unknown::Settling))
    );
    assert!(!first.settled && !first.trusted);
    d.heartbeat(602.0);
    d.tick(603.1);
    let f = d.facts(o);
    assert_eq!(
        (f.state, f.settled, f.trusted),
        (CallState::None, true, true)
    );
    assert_eq!(f.agent_state, AgentState::Available);
}

#[test]
fn a_call_that_is_reported_late_is_found_in_time() {
    let mut d = desk();
    d.quiet(5, 600);
    let o = d.look(605.0, "a", "C-1");
    d.call_late(606.4, 604.9, 2, "1", "a", nothing());
    d.tick(607.1);
    assert_eq!(d.facts(o).state, CallState::Live);
}

#[test]
fn after_call_work_and_call_backs_are_seen() {
    let mut d = desk();
    d.call(10.0, 2, "1", "a", with("C-1"));
    d.quiet(11, 100);
    d.call(100.0, 5, "1", "a", nothing());
    d.quiet(110, 200);
    let soon = d.look(200.0, "a", "C-1");
    d.quiet(210, 700);
    let later = d.look(701.0, "a", "C-1");
    d.heartbeat(702.0);
    d.tick(704.0);
    let f = d.facts(soon);
    assert_eq!((f.state, f.same_customer), (CallState::WrapUp, Some(true)));
    let f = d.facts(later);
    assert_eq!(f.state, CallState::None);
    assert_eq!(f.customer_minutes_since, Some(10.01));
    assert_eq!(f.minutes_since, Some(10.01));
}

#[test]
fn an_abandoned_attempt_counts_by_the_number_too() {
    let mut d = desk();
    d.call(10.0, 2, "1", "b", with("C-1"));
    d.call(60.0, 5, "1", "b", nothing());
    d.quiet(70, 4_000);
    let number = json!({"caller": {"number": "+12025550100"}, "disposition": "abandoned"});
    d.call(4_000.0, 1, "2", "", number.clone());
    d.call(4_030.0, 5, "2", "", number);
    let o = d.look(4_330.0, "a", "C-1");
    assert_eq!(d.facts(o).customer_minutes_since, Some(5.0));
}

#[test]
fn a_silent_source_makes_blind_and_never_none() {
    let mut d = desk();
    d.quiet(5, 600);
    let o = d.look(700.0, "a", "C-1");
    d.tick(702.0);
    d.tick(703.1);
    let f = d.facts(o);
    assert_eq!(
        (f.state, f.reason),
        (CallState::Unknown, Some(Unknown::TelephonySilent))
    );
    assert!(f.settled);
    // It comes back without having told what happened: still blind about that time, and about
    // agents of whom nothing has been heard since.
    d.quiet(800, 900);
    let since = d.look(880.0, "b", "C-1");
    d.quiet(890, 900);
    assert_eq!(d.facts(o).state, CallState::Unknown);
    assert_eq!(d.facts(since).reason, Some(Unknown::TelephonySilent));
    d.agent(900.0, "b", "available");
    let o = d.look(910.0, "b", "C-1");
    d.quiet(911, 930);
    assert_eq!(d.facts(o).state, CallState::None);
}

#[test]
fn a_backlog_is_used_to_judge_again() {
    let mut d = desk();
    d.quiet(5, 600);
    let on_call = d.look(700.0, "a", "C-1");
    let idle = d.look(700.0, "b", "C-1");
    d.tick(710.0);
    for t in (600..900).step_by(10) {
        let ocsf = json!({"class_uid": ext::CALL, "activity_id": 99, "time": ms(f64::from(t)).0});
        d.put(901.0, event("s", "dialer", 0, &ocsf));
        if t == 690 {
            d.call_late(901.0, 690.0, 2, "1", "a", nothing());
        }
    }
    d.quiet(902, 950);
    assert_eq!(d.facts(on_call).state, CallState::Live);
    assert_eq!(d.facts(idle).state, CallState::None);
    assert_eq!(d.versions(on_call), [1, 2, 3]);
}

fn record(t: f64, id: &str, start: f64, answer: f64, customer: &str) -> Value {
    json!({"class_uid": ext::CALL, "activity_id": 8, "time": ms(t).0, "call_uid": id,
        "agent": {"uid": "c"}, "customer": {"uid": customer}, "disposition": "answered",
        "start_time": ms(start).0, "answer_time": ms(answer).0, "end_time": ms(t).0})
}

#[test]
fn a_site_with_detail_records_only_is_judged_when_they_arrive() {
    let mut d = desk();
    let put = |d: &mut Desk, at, e: Value| d.put(at, event("far", "cdr", 0, &e));
    put(&mut d, 100.0, record(100.0, "1", 10.0, 20.0, "C-1"));
    let lookup = |d: &mut Desk, t| d.put(t, look("far", t, "c", "C-9"));
    let idle = lookup(&mut d, 400.0);
    let on_call = lookup(&mut d, 600.0);
    d.tick(650.0);
    let f = d.facts(idle);
    assert_eq!((f.reason, f.settled), (Some(Unknown::CdrPending), false));
    put(&mut d, 700.0, record(700.0, "2", 500.0, 510.0, "C-2"));
    d.tick(702.0);
    assert_eq!(d.facts(on_call).state, CallState::Live);
    let f = d.facts(idle);
    assert_eq!((f.state, f.settled), (CallState::None, true));
}

#[test]
fn a_record_that_does_not_come_is_overdue_while_others_do() {
    let mut d = desk();
    let put = |d: &mut Desk, t: f64| {
        let mut e = record(t, &format!("r{t}"), t - 60.0, t - 50.0, "C-1");
        e["agent"]["uid"] = "else".into();
        d.put(t, event("far", "cdr", 0, &e))
    };
    for t in (0..2_000).step_by(100) {
        put(&mut d, f64::from(t));
    }
    let o = d.put(2_000.0, look("far", 2_000.0, "c", "C-9"));
    for t in (2_100..9_200).step_by(100) {
        assert_ne!(d.facts(o).state, CallState::None, "{t}");
        put(&mut d, f64::from(t));
    }
    d.tick(9_260.0);
    assert_eq!(d.facts(o).state, CallState::None);
}

#[test]
fn both_agents_of_a_transfer_are_judged_right() {
    let mut d = desk();
    d.call(10.0, 2, "1", "a", with("C-1"));
    d.call(300.0, 3, "1", "a", json!({"transfer_to": {"uid": "b"}}));
    d.call(305.0, 2, "1", "b", nothing());
    d.quiet(310, 800);
    let (a, b) = (d.look(801.0, "a", "C-1"), d.look(801.0, "b", "C-1"));
    d.heartbeat(802.0);
    d.tick(804.0);
    assert_eq!(d.facts(a).state, CallState::None);
    assert_eq!(
        (d.facts(b).state, d.facts(b).same_customer),
        (CallState::Live, Some(true))
    );
    assert_eq!(
        d.facts(a).customer_minutes_since,
        Some(0.0),
        "the customer still is on the line"
    );
}

#[test]
fn sip_and_dialer_are_one_call_where_a_source_names_both() {
    let mut d = desk();
    let sip = |t: f64, more: Value| {
        let mut o = json!({"class_uid": ext::SIGNALLING, "activity_id": 1, "time": ms(t).0,
            "call_uid": "sip@1", "sip": {"from_user": "+12025550100", "to_user": "x-a",
            "transport": "udp"}});
        o["sip"]
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        event("s", "sbc", ms(t).0, &o)
    };
    d.put(10.0, sip(10.0, json!({"method": "INVITE"})));
    d.put(
        11.0,
        sip(11.0, json!({"status_code": 180, "cseq_method": "INVITE"})),
    );
    let ringing = d.look(12.0, "a", "C-1");
    d.put(
        15.0,
        sip(15.0, json!({"status_code": 200, "cseq_method": "INVITE"})),
    );
    d.call(
        16.0,
        7,
        "d-1",
        "a",
        json!({"customer": {"uid": "C-1"}, "sip": {"call_id": "sip@1"}}),
    );
    let talking = d.look(20.0, "a", "C-1");
    d.tick(25.0);
    let f = d.facts(talking);
    assert_eq!(d.facts(ringing).state, CallState::Live);
    assert_eq!((f.same_customer, f.encrypted), (Some(true), Some(false)));
    assert_eq!(f.caller.as_deref(), Some("+12025550100"));
    assert_eq!(d.join.live_calls().count(), 1);
    d.put(30.0, sip(30.0, json!({"method": "BYE"})));
    assert_eq!(d.join.live_calls().count(), 0);
}

#[test]
fn a_forged_feed_informs_and_does_not_decide() {
    let mut d = desk();
    d.call(10.0, 2, "1", "a", nothing());
    let forged = |t: f64, activity, call, agent| {
        let mut e = call_event("s", "udp", t, activity, call, agent);
        e.flag(Flag::Unauthenticated);
        e
    };
    d.put(20.0, forged(20.0, 5, "1", "a"));
    d.put(21.0, forged(21.0, 2, "9", "b"));
    let (a, b) = (d.look(30.0, "a", "C-1"), d.look(30.0, "b", "C-1"));
    d.tick(35.0);
    assert_eq!(
        (d.facts(a).state, d.facts(a).trusted),
        (CallState::Live, true)
    );
    assert_eq!(
        (d.facts(b).state, d.facts(b).trusted),
        (CallState::Live, false)
    );
}

#[test]
fn sites_and_programs_are_walls() {
    let mut d = desk();
    d.call(10.0, 2, "1", "a", with("C-1"));
    let o = d.put(20.0, look("other", 20.0, "a", "C-1"));
    d.tick(30.0);
    let f = d.facts(o);
    assert_eq!(
        (f.state, f.reason),
        (CallState::Unknown, Some(Unknown::NoTelephony))
    );
    assert_eq!((f.uid, f.customer_minutes_since), (None, None));
    let mut e = look("s", 31.0, "a", "C-1");
    e.keys.program = common::name("else");
    let o = d.put(31.0, e);
    assert_eq!(d.facts(o).uid, None);
}

#[test]
fn wild_times_change_nothing_for_others() {
    let mut d = desk();
    d.quiet(5, 600);
    for wild in [0, 4_070_908_800_000, i64::MAX, i64::MIN] {
        let mut e = call_event("s", "dialer", 600.0, 5, "x", "b");
        e.time = Time(wild);
        d.put(600.0, e);
        let mut e = look("s", 600.0, "b", "C-1");
        e.time = Time(wild);
        let o = d.put(600.0, e);
        assert_eq!(d.facts(o).reason, Some(Unknown::TimeSkewed));
    }
    let o = d.look(601.0, "a", "C-1");
    d.heartbeat(602.0);
    d.tick(604.0);
    assert_eq!(d.facts(o).state, CallState::None);
    assert_eq!((d.join.stats().too_old, d.join.stats().ahead), (2, 2));
}

#[test]
fn answers_come_in_time_after_our_clock_was_set_back() {
    let mut d = desk();
    d.quiet(1, 20);
    // An hour ahead for a while: entries are received and ticks are written by that clock.
    d.quiet(3_600, 3_640);
    d.tick(3_640.0);
    // Back again.
    d.tick(40.0);
    d.quiet(41, 60);
    let o = d.look(60.0, "a", "C-1");
    for t in 61..=66 {
        d.heartbeat(f64::from(t));
        d.tick(f64::from(t));
    }
    let f = d.facts(o);
    assert!(f.settled, "{f:?}");
    assert_ne!(f.reason, Some(Unknown::Settling));
}

#[test]
fn one_record_from_2099_in_a_replayed_file_does_not_move_the_clock() {
    let mut d = desk();
    d.call(10.0, 2, "1", "a", nothing());
    let mut e = call_event("s", "dialer", 0.0, 99, "x", "");
    e.time = Time(4_070_908_800_000);
    e.received = e.time;
    d.join.on_event(900, &e, &mut d.out);
    let o = d.look(20.0, "a", "C-1");
    d.tick(25.0);
    assert_eq!(d.facts(o).state, CallState::Live);
}

#[test]
fn recording_and_consent_are_as_of_the_moment() {
    let mut d = desk();
    d.call(10.0, 2, "1", "a", nothing());
    let put = |d: &mut Desk, t: f64, class: u32, activity: u8| {
        let e =
            json!({"class_uid": class, "activity_id": activity, "time": ms(t).0, "call_uid": "1"});
        d.put(t, event("s", "recorder", ms(t).0, &e))
    };
    put(&mut d, 11.0, ext::CONSENT, 1);
    put(&mut d, 12.0, ext::CONSENT, 2);
    let start = put(&mut d, 13.0, ext::RECORDING, 1);
    let before = d.look(14.0, "a", "C-1");
    put(&mut d, 14.5, ext::RECORDING, 2);
    put(&mut d, 15.0, ext::CONSENT, 4);
    d.tick(20.0);
    let f = d.facts(before);
    assert_eq!(
        (f.recording, f.consent),
        (RecordingState::On, Consent::Given)
    );
    assert_eq!(
        d.facts(start).agent.as_deref(),
        Some("a"),
        "names only the call"
    );
    let live = d.join.live_calls().next().unwrap();
    assert_eq!(
        (live.recording, live.consent),
        (RecordingState::Paused, Consent::Withdrawn)
    );
    assert_eq!(
        (live.state, live.agents),
        (LiveState::Talking, vec!["a".to_owned()])
    );
}

#[test]
fn what_an_agents_call_says_is_not_said_of_another_that_an_event_names() {
    let mut d = desk();
    d.call(10.0, 2, "1", "a", with("C-1"));
    let put = |d: &mut Desk, t: f64, more: Value| {
        let mut e = json!({"time": ms(t).0, "agent": {"uid": "a"}});
        let e = (e.as_object_mut().unwrap(), more);
        e.0.extend(e.1.as_object().unwrap().clone());
        d.put(
            t,
            event("s", "dialer", ms(t).0, &Value::Object(e.0.clone())),
        )
    };
    put(
        &mut d,
        11.0,
        json!({"class_uid": ext::RECORDING, "activity_id": 1, "call_uid": "1"}),
    );
    put(
        &mut d,
        11.0,
        json!({"class_uid": ext::CONSENT, "activity_id": 2, "call_uid": "1"}),
    );
    let own = put(
        &mut d,
        12.0,
        json!({"class_uid": ext::CALL, "activity_id": 4, "call_uid": "1"}),
    );
    let other = put(
        &mut d,
        13.0,
        json!({"class_uid": ext::SIGNALLING, "activity_id": 1, "call_uid": "2",
            "sip": {"method": "INVITE", "from_user": "a", "to_user": "+881612345"}}),
    );
    let (own, other) = (d.facts(own), d.facts(other));
    assert_eq!(
        (own.recording, own.consent, own.customer.as_deref()),
        (RecordingState::On, Consent::Given, Some("C-1"))
    );
    assert_ne!(own.uid, other.uid);
    assert_eq!(
        (other.recording, other.consent, other.customer),
        (RecordingState::Unknown, Consent::Unknown, None)
    );
    assert_eq!(other.agent.as_deref(), Some("a"));
}

#[test]
fn opening_hours_are_those_of_the_site() {
    let mut config = JoinConfig::default();
    // The test's time begins at 2026-01-02 14:00 UTC, a Friday.
    let hours = OpeningHours::new("UTC", [("fri", "08:00-15:00")]).unwrap();
    config.hours.insert("s".to_owned(), hours);
    let mut d = Desk::new(config);
    let (open, closed) = (d.look(60.0, "a", "C-1"), d.look(3_700.0, "a", "C-1"));
    assert_eq!(d.facts(open).after_hours, Some(false));
    assert_eq!(d.facts(closed).after_hours, Some(true));
}

#[test]
fn events_about_nothing_get_no_facts() {
    let mut d = desk();
    let before = d.out.len();
    let e = json!({"class_uid": 0, "activity_id": 0, "time": ms(5.0).0, "message": "hello"});
    d.put(5.0, event("s", "syslog", 0, &e));
    let e = json!({"class_uid": ext::SIGNALLING, "activity_id": 1, "time": ms(5.0).0,
        "call_uid": "scan", "sip": {"method": "OPTIONS", "to_user": "100"}});
    d.put(5.0, event("s", "sbc", 0, &e));
    assert_eq!(d.out.len(), before);
}

/// A platform that is asked every 20 s for what is older than 10 s.
fn asked_now_and_then() -> Desk {
    let mut config = JoinConfig::default();
    config.delivery_ms.insert("default/dialer".into(), 30_000);
    let mut d = Desk::new(config);
    for t in (20..=600).step_by(20) {
        mark(&mut d, f64::from(t));
        if t == 300 {
            d.agent(300.0, "a", "available");
            d.agent(300.0, "b", "available");
        }
    }
    d
}

/// All that happened up to ten seconds before `t` has been told.
fn mark(d: &mut Desk, t: f64) {
    let ocsf = json!({"class_uid": ext::CALL, "activity_id": 99, "time": ms(t - 10.0).0});
    d.put(t, event("s", "dialer", ms(t - 10.0).0, &ocsf));
}

#[test]
fn a_look_up_waits_for_a_platform_that_is_asked_now_and_then() {
    let mut d = asked_now_and_then();
    let on_call = d.look(605.0, "a", "C-1");
    let idle = d.look(605.0, "b", "C-2");
    d.tick(619.0);
    for o in [on_call, idle] {
        let f = d.facts(o);
        assert_eq!(
            (f.state, f.reason),
            (CallState::Unknown, Some(Unknown::Settling))
        );
    }
    // What is told comes in any order, and proves nothing until all of it is there.
    d.call_late(620.0, 609.0, 2, "2", "c", nothing());
    d.tick(621.0);
    assert_eq!(d.facts(idle).state, CallState::Unknown);
    d.call_late(621.5, 603.0, 2, "1", "a", nothing());
    mark(&mut d, 622.0);
    d.tick(623.0);
    assert_eq!(d.facts(on_call).state, CallState::Live);
    let f = d.facts(idle);
    assert_eq!(
        (f.state, f.settled, f.trusted),
        (CallState::None, true, true)
    );
}

#[test]
fn a_platform_that_stops_answering_is_silence_and_never_proof() {
    let mut d = asked_now_and_then();
    let o = d.look(605.0, "a", "C-1");
    for t in 606..700 {
        d.tick(f64::from(t));
    }
    let f = d.facts(o);
    assert_eq!(
        (f.state, f.reason),
        (CallState::Unknown, Some(Unknown::TelephonySilent))
    );
}

#[test]
fn how_far_a_platform_has_told_counts_before_its_first_call() {
    let mut config = JoinConfig::default();
    config.delivery_ms.insert("default/cloud".into(), 30_000);
    let mut d = Desk::new(config);
    let mark = |d: &mut Desk, t: f64| {
        let ocsf = json!({"class_uid": ext::CALL, "activity_id": 99, "time": ms(t).0});
        d.put(t, event("t", "cloud", ms(t).0, &ocsf));
    };
    mark(&mut d, 100.0);
    mark(&mut d, 110.0);
    let ocsf = json!({"class_uid": ext::AGENT, "activity_id": 3, "time": ms(111.0).0,
        "agent": {"uid": "u", "state": "available"}});
    d.put(115.0, event("t", "cloud", ms(111.0).0, &ocsf));
    mark(&mut d, 120.0);
    let o = d.put(125.0, look("t", 125.0, "u", "C-1"));
    mark(&mut d, 130.0);
    d.tick(131.0);
    assert_eq!(d.facts(o).state, CallState::None);
}

#[test]
fn late_delivery_is_not_taken_for_a_wrong_clock() {
    let mut d = asked_now_and_then();
    // Many marks, each exactly ten seconds old, are no clock that is ten seconds behind.
    for t in (620..=2_400).step_by(20) {
        mark(&mut d, f64::from(t));
    }
    d.call_late(2_410.0, 2_405.0, 2, "1", "a", nothing());
    let before = d.look(2_401.0, "a", "C-1");
    mark(&mut d, 2_420.0);
    d.tick(2_421.0);
    assert_eq!(d.facts(before).state, CallState::None);
}
