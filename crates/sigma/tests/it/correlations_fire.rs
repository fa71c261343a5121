//! Correlations over time, told as stories: events go in, findings come out.

use std::sync::Arc;

use ringfence_sigma::{Engine, EventRef, Limits, LogSource, Match};

use crate::data::{Event, rules};

const BASE: &str = "
title: Failed
name: failed
logsource: {}
detection: {s: {result: fail}, condition: s}
---
title: Succeeded
name: ok
logsource: {}
detection: {s: {result: ok}, condition: s}
---
title: Exported
name: export
logsource: {}
detection: {s: {action: export}, condition: s}
---
";

pub struct Story {
    pub engine: Engine,
    next: u128,
}

impl Story {
    pub fn new(correlation: &str) -> Self {
        Self::with(correlation, Limits::default())
    }

    pub fn with(correlation: &str, limits: Limits) -> Self {
        let set = rules(&format!("{BASE}{correlation}"));
        Self {
            engine: Engine::new(Arc::new(set), limits),
            next: 0,
        }
    }

    pub fn at(&mut self, seconds: i64, event: &str) -> Vec<Match> {
        self.next += 1;
        let event: Event = serde_json::from_str(event).unwrap();
        let time = EventRef::at(self.next, seconds * 1000);
        self.engine.evaluate(LogSource::default(), &event, time)
    }

    fn titles(&mut self, seconds: i64, event: &str) -> Vec<String> {
        self.at(seconds, event)
            .iter()
            .map(|m| m.rule.title.clone())
            .collect()
    }
}

pub const GUESSES: &str = "title: Guessing\nid: guessing\nname: guessing\ncorrelation:\n  \
    type: event_count\n  rules: [failed]\n  group-by: [user]\n  timespan: 10m\n  \
    condition: {gte: 3}";
const FAIL_A: &str = r#"{"result":"fail","user":"a"}"#;
const FAIL_B: &str = r#"{"result":"fail","user":"b"}"#;

#[test]
fn event_count_fires_at_the_threshold_for_its_group() {
    let mut story = Story::new(GUESSES);
    assert!(story.at(0, FAIL_A).is_empty(), "the base rule is silent");
    assert!(story.at(1, FAIL_B).is_empty());
    assert!(story.at(2, FAIL_A).is_empty());
    let found = story.at(3, FAIL_A);
    let hit = found[0].correlation.as_ref().unwrap();
    assert_eq!(hit.group, [("user".to_owned(), "a".to_owned())]);
    assert_eq!((hit.count, hit.threshold), (3, 3));
    assert_eq!(hit.events, [1, 3, 4]);
    assert_eq!((hit.first_ms, hit.last_ms), (0, 3000));
}

#[test]
fn ten_thousand_events_make_a_handful_of_findings() {
    let mut story = Story::new(GUESSES);
    // One a second for 10,000 s; the window is 600 s.
    let findings: usize = (0..10_000)
        .map(|second| story.at(second, FAIL_A).len())
        .sum();
    assert_eq!(findings, 17);
    assert!(story.engine.stats().entries < 200);
}

#[test]
fn windows_slide_and_late_events_still_count() {
    let mut story = Story::new(GUESSES);
    story.at(0, FAIL_A);
    story.at(1, FAIL_A);
    assert!(story.at(601, FAIL_A).is_empty(), "the first two are over");
    story.at(900, FAIL_A);
    assert_eq!(
        story.at(500, FAIL_A).len(),
        1,
        "500 to 900 lie within ten minutes"
    );
    assert!(story.at(100, FAIL_A).is_empty());
}

#[test]
fn a_clock_that_was_ahead_for_a_while_takes_nothing_from_others() {
    let mut story = Story::new(GUESSES);
    story.at(3_600, FAIL_A);
    // The clock is right again.
    story.at(0, FAIL_B);
    story.at(1, FAIL_B);
    story.at(2, FAIL_A);
    assert_eq!(story.at(3, FAIL_B).len(), 1, "user b was forgotten");
}

#[test]
fn events_without_the_group_field_are_not_counted() {
    let mut story = Story::new(GUESSES);
    let total: usize = (0..10)
        .map(|t| story.at(t, r#"{"result":"fail"}"#).len())
        .sum();
    assert_eq!((total, story.engine.stats().groups), (0, 0));
}

#[test]
fn conditions_may_be_ranges() {
    for (condition, counts) in [
        ("{gt: 2}", vec![3]),
        ("{eq: 2}", vec![2]),
        ("{gte: 2, lte: 3}", vec![2]),
        ("{lt: 2}", vec![1]),
    ] {
        let mut story = Story::new(&GUESSES.replace("{gte: 3}", condition));
        let fired = |t| {
            story
                .at(t, FAIL_A)
                .first()
                .map(|m| m.correlation.clone().unwrap().count)
        };
        let got: Vec<_> = (0..6).filter_map(fired).collect();
        assert_eq!(got, counts, "{condition}");
    }
}

#[test]
fn value_count_counts_different_values() {
    let mut story = Story::new(
        "title: Spraying\ncorrelation:\n  type: value_count\n  rules: [failed]\n  \
         group-by: [src]\n  timespan: 1m\n  condition: {field: user, gte: 3}",
    );
    let event = |user| format!(r#"{{"result":"fail","src":"x","user":"{user}"}}"#);
    for (t, user) in [(0, "a"), (1, "b"), (2, "a"), (3, "b")] {
        assert!(story.at(t, &event(user)).is_empty());
    }
    let hit = story.at(4, &event("c"))[0].correlation.clone().unwrap();
    assert_eq!(hit.count, 3);
    assert_eq!(hit.events, [3, 4, 5], "the newest event of each value");
}

#[test]
fn temporal_wants_all_rules_in_any_order() {
    let correlation = "title: Both\ncorrelation:\n  type: temporal\n  rules: [failed, ok]\n  \
                       group-by: [user]\n  timespan: 1m";
    let ok = r#"{"result":"ok","user":"a"}"#;
    let mut story = Story::new(correlation);
    assert!(story.at(0, ok).is_empty());
    assert!(story.at(1, FAIL_B).is_empty(), "another user");
    assert_eq!(story.at(2, FAIL_A).len(), 1);
    let mut story = Story::new(correlation);
    story.at(0, ok);
    assert!(story.at(60, FAIL_A).is_empty(), "too late");
}

#[test]
fn temporal_ordered_wants_them_in_order() {
    let correlation = "title: Then\ncorrelation:\n  type: temporal_ordered\n  \
                       rules: [failed, ok, export]\n  group-by: [user]\n  timespan: 1m";
    let (ok, export) = (
        r#"{"result":"ok","user":"a"}"#,
        r#"{"action":"export","user":"a"}"#,
    );
    let mut story = Story::new(correlation);
    for (t, event) in [(0, export), (1, ok), (2, FAIL_A), (3, export)] {
        assert!(story.at(t, event).is_empty(), "{t}");
    }
    story.at(4, ok);
    let hit = story.at(5, export)[0].correlation.clone().unwrap();
    assert_eq!(hit.events, [3, 5, 6]);
    // An event that is two steps at once cannot stand for both.
    let mut story = Story::new(correlation);
    story.at(0, FAIL_A);
    assert!(
        story
            .at(1, r#"{"result":"ok","action":"export","user":"a"}"#)
            .is_empty()
    );
    assert_eq!(story.at(2, export).len(), 1);
}

#[test]
fn aliases_join_fields_of_different_names() {
    let mut story = Story::new(
        "title: Joined\ncorrelation:\n  type: temporal\n  rules: [failed, export]\n  \
         group-by: [who]\n  timespan: 1m\n  aliases:\n    who: {failed: user, export: actor}",
    );
    story.at(0, FAIL_A);
    assert!(story.at(1, r#"{"action":"export","actor":"b"}"#).is_empty());
    let found = story.at(2, r#"{"action":"export","actor":"a"}"#);
    let group = &found[0].correlation.as_ref().unwrap().group;
    assert_eq!(*group, [("who".to_owned(), "a".to_owned())]);
}

#[test]
fn correlations_build_on_correlations() {
    let mut story = Story::new(&format!(
        "title: Guessed it\ncorrelation:\n  type: temporal_ordered\n  rules: [guessing, ok]\n  \
         group-by: [user]\n  timespan: 10m\n---\n{GUESSES}"
    ));
    for t in 0..3 {
        assert!(
            story.at(t, FAIL_A).is_empty(),
            "the inner correlation is silent"
        );
    }
    assert_eq!(
        story.titles(5, r#"{"result":"ok","user":"a"}"#),
        ["Guessed it"]
    );
}

#[test]
fn generate_lets_base_rules_speak() {
    let mut story = Story::new(&format!("{GUESSES}\ngenerate: true"));
    assert_eq!(story.titles(0, FAIL_A), ["Failed"]);
    assert_eq!(
        story.titles(0, r#"{"result":"ok"}"#),
        ["Succeeded"],
        "named by no correlation"
    );
}

#[test]
fn memory_is_bounded_and_the_oldest_goes_first() {
    let mut story = Story::with(
        GUESSES,
        Limits {
            groups: 10,
            entries: 1000,
        },
    );
    story.at(0, FAIL_A);
    story.at(0, FAIL_A);
    for user in 0..50 {
        story.at(1, &format!(r#"{{"result":"fail","user":"u{user}"}}"#));
    }
    let stats = story.engine.stats();
    assert_eq!((stats.groups, stats.evicted), (10, 41));
    assert!(story.at(2, FAIL_A).is_empty(), "user a was forgotten");

    let mut story = Story::with(
        GUESSES,
        Limits {
            groups: 1000,
            entries: 30,
        },
    );
    for user in 0..50 {
        story.at(1, &format!(r#"{{"result":"fail","user":"u{user}"}}"#));
    }
    assert!(story.engine.stats().entries <= 30);
}

#[test]
fn groups_that_are_over_are_forgotten() {
    let mut story = Story::new(GUESSES);
    for user in 0..50 {
        story.at(0, &format!(r#"{{"result":"fail","user":"u{user}"}}"#));
    }
    story.at(601, FAIL_A);
    assert_eq!(story.engine.stats().groups, 1);
}
