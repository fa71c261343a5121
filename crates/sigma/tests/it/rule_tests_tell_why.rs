//! `*.test.yml` beside a rule.

use ringfence_sigma::{Options, TestFile, run_tests};

const RULES: &str = "
title: Failed
name: failed
logsource: {product: pbx}
detection: {s: {status: 401}, condition: s}
---
title: Guessing
name: guessing
correlation:
  type: event_count
  rules: [failed]
  group-by: [user]
  timespan: 1m
  condition: {gte: 2}
";

fn run(tests: &str) -> Vec<String> {
    let tests = TestFile::parse(tests, "r.test.yml").unwrap();
    let outcomes = run_tests(RULES, "r.yml", &tests, &Options::default()).unwrap();
    let line = |o: &ringfence_sigma::Outcome| {
        format!(
            "{} {} {}: {}",
            o.line,
            if o.passed { "ok" } else { "FAILED" },
            o.name,
            o.words
        )
    };
    outcomes.iter().map(line).collect()
}

#[test]
fn scenarios_pass_or_fail_in_words() {
    let told = run("positive:
  - name: two guesses
    events:
      - {user: a, status: 401}
      - {user: a, status: 401, at: 30}
  - name: two slow guesses
    events:
      - {user: a, status: 401}
      - {user: a, status: 401, at: 90}
negative:
  - name: one guess
    event: {user: a, status: 401}
  - name: guesses elsewhere
    logsource: {product: crm}
    events:
      - {user: a, status: 401}
      - {user: a, status: 401}
  - name: guesses
    rule: guessing
    events:
      - {user: a, status: 401}
      - {user: a, status: 401}
");
    assert_eq!(
        told,
        [
            "2 ok two guesses: `Guessing` matched at event 2 of 2",
            "6 FAILED two slow guesses: nothing matched in 2 events; a match was wanted",
            "11 ok one guess: silent over 1 events",
            "13 ok guesses elsewhere: silent over 2 events",
            "18 FAILED guesses: `Guessing` matched at event 2 of 2; silence was wanted",
        ]
    );
}

#[test]
fn mistakes_in_test_files_have_lines() {
    for (tests, line) in [
        ("postive: []", 1),
        ("positive:\n  - event: {a: 1}", 2),
        ("positive:\n  - name: x\n    evnt: {a: 1}", 3),
        ("positive:\n  - name: x\n    events: []", 2),
        ("positive:\n  - name: x\n    event: {a: 1, at: noon}", 3),
        ("", 1),
    ] {
        let error = TestFile::parse(tests, "r.test.yml").unwrap_err();
        assert_eq!(error.line, line, "{tests}: {error}");
    }
}

#[test]
fn rules_that_do_not_load_are_no_test_failure_but_an_error() {
    let tests = TestFile::parse("positive: [{name: x, event: {a: 1}}]", "r.test.yml").unwrap();
    let errors = run_tests("title: x", "r.yml", &tests, &Options::default()).unwrap_err();
    assert!(errors[0].to_string().starts_with("r.yml:1: "));
}
