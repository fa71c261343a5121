//! Fuzz functions on random and on mutated input, and the prefilter on random events.

use std::sync::Arc;

use proptest::prelude::*;
use ringfence_sigma::{
    Engine, EventRef, Limits, LogSource, fuzz_condition, fuzz_parse, fuzz_pattern, fuzz_test_file,
};

use crate::data::{Event, rules};

const SEED: &str = "title: t\nid: x\nlogsource: {product: a}\ndetection:\n  s:\n    \
    f|contains|all: [a, 'b*']\n    g|re|i: 'x\\d+'\n    h|windash|base64offset|contains: ' -a'\n  \
    k: [one, 2, null]\n  condition: s and not 1 of k*\n---\ntitle: c\ncorrelation:\n  \
    type: event_count\n  rules: [x]\n  group-by: [u]\n  timespan: 5m\n  condition: {gte: 3}\n";

const TESTS: &str = "positive:\n  - name: x\n    rule: r\n    events:\n      - {a: 1}\n      - a: 2\n        \
    at: 30\n        logsource: {product: p}\nnegative: []\n";

const CONDITIONS: &[&str] = &[
    "a", "b", "(", ")", "and", "or", "not", "1 of", "all of", "them", "filter_*", "_hidden", "|",
];

/// Rules of every kind of witness, and values that nearly meet them.
const RULES: &[&str] = &[
    "{f|contains: ab}",
    "{f|startswith: ab, g: 1}",
    "{f|endswith: [ba, Ab]}",
    "{f: 'a*b?'}",
    "{f|re: 'a+b', g|exists: true}",
    "{f|re|i: '(ab|ba)$'}",
    "{f|contains|cased: aB}",
    "{f|fieldref: g}",
    "{g: 1}",
    "{g|gt: 0}",
    "{f: null}",
    "{f|neq: ab}",
    "[{f: ab}, {g: 1}]",
    "[ab, ba]",
    "{'|all': [a, b]}",
    "{f|contains|all: [a, b], g|lt: 2}",
];

fn value() -> impl Strategy<Value = serde_json::Value> {
    prop_oneof![
        "[abAB]{0,5}".prop_map(serde_json::Value::from),
        (0..3i64).prop_map(serde_json::Value::from),
        Just(serde_json::json!(1.0)),
        Just(serde_json::Value::Null),
        prop::collection::vec("[abAB]{0,3}", 0..3).prop_map(serde_json::Value::from),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn any_bytes_are_a_rule_or_an_error(data: Vec<u8>) {
        fuzz_parse(&data);
    }

    #[test]
    fn a_damaged_rule_is_a_rule_or_an_error(at in 0..SEED.len(), with in "[ -~\n]{0,6}", cut in 0usize..12) {
        let end = (at + cut).min(SEED.len());
        fuzz_parse(format!("{}{with}{}", &SEED[..at], &SEED[end..]).as_bytes());
    }

    #[test]
    fn a_damaged_test_file_is_read_or_refused(at in 0..TESTS.len(), with in "[ -~\n]{0,6}", cut in 0usize..12) {
        let end = (at + cut).min(TESTS.len());
        fuzz_test_file(format!("{}{with}{}", &TESTS[..at], &TESTS[end..]).as_bytes());
    }

    #[test]
    fn any_condition_is_read_or_refused(words in prop::collection::vec(prop::sample::select(CONDITIONS), 0..12)) {
        fuzz_condition(words.join(" ").as_bytes());
    }

    #[test]
    fn wildcards_match_what_the_plainest_matcher_matches(pattern in "[aA*?é\\\\]{0,8}", text in "[aAbé*\\\\]{0,10}") {
        fuzz_pattern(format!("{pattern}\n{text}").as_bytes());
    }

    #[test]
    fn the_prefilter_agrees_with_the_full_scan(
        events in prop::collection::vec((prop::option::of(value()), prop::option::of(value())), 1..8),
    ) {
        let rule = |(i, s): (usize, &&str)| {
            format!("title: r{i}\nlogsource: {{}}\ndetection:\n  s: {s}\n  x: {{f|contains: aa}}\n  condition: s and not x\n---\n")
        };
        let set = Arc::new(rules(&RULES.iter().enumerate().map(rule).collect::<String>()));
        let mut engine = Engine::new(Arc::clone(&set), Limits::default());
        for (f, g) in events {
            let mut event = Event::new();
            event.extend(f.map(|f| ("f".to_owned(), f)));
            event.extend(g.map(|g| ("g".to_owned(), g)));
            let source = LogSource::default();
            let found = engine.evaluate(source, &event, EventRef::at(1, 0));
            let quick: Vec<_> = found.iter().map(|m| m.index).collect();
            prop_assert_eq!(quick, set.full_scan(source, &event), "{:?}", event);
        }
    }
}

#[test]
fn lines_may_end_in_a_bare_carriage_return() {
    fuzz_parse(SEED.replace('\n', "\r").as_bytes());
    fuzz_test_file(TESTS.replace('\n', "\r").as_bytes());
    fuzz_parse(b"title: a\r\r\rlogsource: {}\rdetection: 7\r");
}
