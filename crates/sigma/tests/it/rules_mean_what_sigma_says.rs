//! The rule language, one case a line: detection, event, whether it matches.

use std::sync::Arc;

use ringfence_sigma::{Engine, EventRef, Limits, LogSource, Options, Placeholders, RuleSet, parse};

use crate::data::{Event, rules};

const ANY: LogSource<'static> = LogSource {
    product: None,
    service: None,
    category: None,
};

fn rule(detection: &str) -> String {
    let indented = detection.replace('\n', "\n  ");
    format!("title: t\nlogsource: {{}}\ndetection:\n  {indented}")
}

fn matches_with(set: RuleSet, event: &str) -> bool {
    let event: Event = serde_json::from_str(event).unwrap();
    let slow = set.full_scan(ANY, &event);
    let mut engine = Engine::new(Arc::new(set), Limits::default());
    let found = engine.evaluate(ANY, &event, EventRef::at(1, 0));
    assert_eq!(slow.len(), found.len(), "prefilter and full scan differ");
    !found.is_empty()
}

fn check(cases: &[(&str, &str, bool)]) {
    for (detection, event, want) in cases {
        // A case is one selection unless it writes its own condition.
        let whole = match detection.contains("condition:") {
            true => (*detection).to_owned(),
            false => format!("s: {detection}\ncondition: s"),
        };
        let got = matches_with(rules(&rule(&whole)), event);
        assert_eq!(got, *want, "{detection} on {event}");
    }
}

#[test]
fn text_is_compared_without_case_and_with_wildcards() {
    check(&[
        (r"{f: abc}", r#"{"f":"ABC"}"#, true),
        (r"{f: abc}", r#"{"f":"abcd"}"#, false),
        (r"{f: ÄÖ}", r#"{"f":"äö"}"#, true),
        (r"{f: 'a*c'}", r#"{"f":"aXXc"}"#, true),
        (r"{f: 'a?c'}", r#"{"f":"ac"}"#, false),
        (r"{f: 'a?c'}", r#"{"f":"aéc"}"#, true),
        (r"{f: 'a\*c'}", r#"{"f":"a*c"}"#, true),
        (r"{f: 'a\*c'}", r#"{"f":"abc"}"#, false),
        (r"{f: 'a\\*'}", r#"{"f":"a\\b"}"#, true),
        (r"{f: 'C:\Temp\x'}", r#"{"f":"c:\\temp\\X"}"#, true),
        (r"{f: '*'}", r#"{"f":""}"#, true),
        (r"{f: '*'}", r#"{"g":1}"#, false),
        (r"{f: ['a', 'b']}", r#"{"f":"b"}"#, true),
        (r"{f: a, g: b}", r#"{"f":"a"}"#, false),
        (r"[{f: a}, {g: b}]", r#"{"g":"b"}"#, true),
    ]);
}

#[test]
fn modifiers_of_text() {
    check(&[
        (r"{f|contains: ell}", r#"{"f":"HELLO"}"#, true),
        (r"{f|contains: 'e*o'}", r#"{"f":"hello!"}"#, true),
        (r"{f|startswith: he}", r#"{"f":"Hello"}"#, true),
        (r"{f|startswith: el}", r#"{"f":"Hello"}"#, false),
        (r"{f|endswith: '\cmd.exe'}", r#"{"f":"C:\\CMD.EXE"}"#, true),
        (r"{f|endswith: cmd}", r#"{"f":"cmd.exe"}"#, false),
        (r"{f|contains|all: [a, b]}", r#"{"f":"xbxa"}"#, true),
        (r"{f|contains|all: [a, b]}", r#"{"f":"xb"}"#, false),
        (r"{f|cased: Abc}", r#"{"f":"Abc"}"#, true),
        (r"{f|cased: Abc}", r#"{"f":"abc"}"#, false),
        (r"{f|contains|cased: Bc}", r#"{"f":"aBcd"}"#, true),
        (r"{f|startswith|cased: Bc}", r#"{"f":"bcd"}"#, false),
        (r"{f|neq: a}", r#"{"f":"b"}"#, true),
        (r"{f|neq: a}", r#"{"f":"A"}"#, false),
        (r"{f|neq: a}", r#"{}"#, true),
        (r"{f|neq: [a, b]}", r#"{"f":"b"}"#, false),
        (
            r"{f|contains|windash: ' -enc'}",
            r#"{"f":"x /ENC y"}"#,
            true,
        ),
        (
            r"{f|contains|windash: ' -enc'}",
            r#"{"f":"x ―enc y"}"#,
            true,
        ),
        (
            r"{f|contains|windash: ' -enc'}",
            r#"{"f":"x +enc y"}"#,
            false,
        ),
        (
            r"{f|windash|contains|all: [' -a', ' /b']}",
            r#"{"f":"x /a –b -b"}"#,
            true,
        ),
        (r"{f|base64: foo}", r#"{"f":"Zm9v"}"#, true),
        (
            r"{f|base64offset|contains: foobar}",
            r#"{"f":"x9vYmFyZ"}"#,
            false,
        ),
        (
            r"{f|base64offset|contains: /bin/bash}",
            r#"{"f":"eHgvYmluL2Jhc2g="}"#,
            true,
        ),
        (
            r"{f|base64offset|contains: /bin/bash}",
            r#"{"f":"eC9iaW4vYmFzaA=="}"#,
            true,
        ),
        (
            r"{f|wide|base64offset|contains: ping}",
            r#"{"f":"cABpAG4AZwA="}"#,
            true,
        ),
        (r"{f|utf16be|base64: A}", r#"{"f":"AEE="}"#, true),
        (r"{f|utf16|base64: A}", r#"{"f":"//5BAA=="}"#, true),
        (
            r"{f|utf16le|contains: ab}",
            "{\"f\":\"xa\\u0000b\\u0000\"}",
            true,
        ),
    ]);
}

#[test]
fn regular_expressions_keep_case_unless_told() {
    check(&[
        (r"{f|re: 'a\d+'}", r#"{"f":"xa12"}"#, true),
        (r"{f|re: 'a\d+'}", r#"{"f":"A12"}"#, false),
        (r"{f|re|i: 'a\d+'}", r#"{"f":"A12"}"#, true),
        (r"{f|re: '^b'}", r#"{"f":"a\nb"}"#, false),
        (r"{f|re|m: '^b'}", r#"{"f":"a\nb"}"#, true),
        (r"{f|re: 'a.b'}", r#"{"f":"a\nb"}"#, false),
        (r"{f|re|s: 'a.b'}", r#"{"f":"a\nb"}"#, true),
        (r"{f|re|i|s: 'A.B'}", r#"{"f":"a\nb"}"#, true),
        (r"{f|re: '^(GET|POST)$'}", r#"{"f":"POST"}"#, true),
        (r"{f|re: '^5\d\d$'}", r#"{"f":503}"#, true),
        (r"{f|re|i: 'straße|ſ'}", r#"{"f":"S"}"#, true),
        (r"{f|re|i: 'k'}", r#"{"f":"K"}"#, true),
    ]);
}

#[test]
fn numbers_compare_as_numbers_and_as_text() {
    check(&[
        (r"{f: 10}", r#"{"f":10}"#, true),
        (r"{f: 10}", r#"{"f":"10"}"#, true),
        (r"{f: 10}", r#"{"f":10.0}"#, true),
        (r"{f: 10}", r#"{"f":"10.0"}"#, false),
        (r"{f: '10'}", r#"{"f":10}"#, true),
        (r"{f: 1.5}", r#"{"f":1.5}"#, true),
        (r"{f: 10}", r#"{"f":100}"#, false),
        (r"{f|contains: 46}", r#"{"f":4624}"#, true),
        (r"{f: true}", r#"{"f":true}"#, true),
        (r"{f: true}", r#"{"f":"True"}"#, true),
        (r"{f: 'true'}", r#"{"f":true}"#, true),
        (
            r"{f: 18446744073709551615}",
            r#"{"f":18446744073709551615}"#,
            true,
        ),
        (r"{f|gt: 5}", r#"{"f":6}"#, true),
        (r"{f|gt: 5}", r#"{"f":5}"#, false),
        (r"{f|gte: 5}", r#"{"f":"5"}"#, true),
        (r"{f|lt: 5}", r#"{"f":4.9}"#, true),
        (r"{f|lte: -1}", r#"{"f":-1}"#, true),
        (r"{f|lt: 5}", r#"{"f":"low"}"#, false),
        (r"{f|lt: 5}", r#"{}"#, false),
    ]);
}

#[test]
fn null_empty_and_absent_are_three_things() {
    check(&[
        (r"{f: null}", r#"{}"#, true),
        (r"{f: null}", r#"{"f":null}"#, true),
        (r"{f: null}", r#"{"f":""}"#, false),
        (r"{f: ''}", r#"{"f":""}"#, true),
        (r"{f: ''}", r#"{}"#, false),
        (r"{f: ''}", r#"{"f":null}"#, false),
        (r"{f|exists: true}", r#"{"f":null}"#, true),
        (r"{f|exists: true}", r#"{}"#, false),
        (r"{f|exists: false}", r#"{}"#, true),
        (r"{f|exists: false}", r#"{"f":""}"#, false),
        (r"{f: [null, a]}", r#"{}"#, true),
        (r"{f|contains: ''}", r#"{}"#, false),
        (
            "a: {g: 1}\nf: {f: null}\ncondition: a and not f",
            r#"{"g":1}"#,
            false,
        ),
        (
            "a: {g: 1}\nf: {f: null}\ncondition: a and not f",
            r#"{"g":1,"f":"x"}"#,
            true,
        ),
        (
            "a: {g: 1}\nf: {f: x}\ncondition: a and not f",
            r#"{"g":1}"#,
            true,
        ),
        ("f: {f: x}\ncondition: not f", r#"{}"#, true),
    ]);
}

#[test]
fn fields_can_be_compared_with_each_other() {
    check(&[
        (r"{f|fieldref: g}", r#"{"f":"A","g":"a"}"#, true),
        (r"{f|fieldref|cased: g}", r#"{"f":"A","g":"a"}"#, false),
        (r"{f|fieldref: g}", r#"{"f":"A"}"#, false),
        (r"{f|fieldref: g}", r#"{}"#, false),
        (
            r"{f|fieldref|startswith: g}",
            r#"{"f":"abc","g":"AB"}"#,
            true,
        ),
        (r"{f|fieldref|endswith: g}", r#"{"f":"abc","g":"bc"}"#, true),
        (r"{f|fieldref|contains: g}", r#"{"f":"abc","g":"x"}"#, false),
        (r"{f|fieldref|neq: g}", r#"{"f":"a","g":"b"}"#, true),
        (r"{f|fieldref: g}", r#"{"f":1,"g":"1"}"#, true),
        (
            "a: {x: 1}\nf: {f|fieldref: g}\ncondition: a and not f",
            r#"{"x":1}"#,
            true,
        ),
    ]);
}

#[test]
fn addresses_and_dates() {
    check(&[
        (r"{f|cidr: 10.0.0.0/8}", r#"{"f":"10.1.2.3"}"#, true),
        (r"{f|cidr: 10.0.0.0/8}", r#"{"f":"11.1.2.3"}"#, false),
        (r"{f|cidr: 10.0.0.0/8}", r#"{"f":"::ffff:10.1.2.3"}"#, true),
        (r"{f|cidr: 'fe80::/10'}", r#"{"f":"FE80::1"}"#, true),
        (r"{f|cidr: 10.0.0.0/8}", r#"{"f":"ten"}"#, false),
        (
            r"{f|cidr: [10.0.0.0/8, 192.0.2.1]}",
            r#"{"f":"192.0.2.1"}"#,
            true,
        ),
        (r"{f|hour: 22}", r#"{"f":"2025-08-02T22:15:00Z"}"#, true),
        (r"{f|hour|gte: 22}", r#"{"f":"2025-08-02T23:15:00Z"}"#, true),
        (r"{f|hour|lt: 6}", r#"{"f":"2025-08-02T23:15:00Z"}"#, false),
        (r"{f|minute: 15}", r#"{"f":"2025-08-02 23:15"}"#, true),
        (r"{f|day: 2}", r#"{"f":"2025-08-02"}"#, true),
        (r"{f|week: 31}", r#"{"f":"2025-08-02"}"#, true),
        (r"{f|month: 8}", r#"{"f":1754179200000}"#, true),
        (r"{f|year|neq: 2025}", r#"{"f":"2025-08-02"}"#, false),
    ]);
}

#[test]
fn keywords_are_looked_for_everywhere() {
    check(&[
        (
            r"[mimikatz, 'a?b']",
            r#"{"x":{"y":["run MIMIKATZ now"]}}"#,
            true,
        ),
        (r"[mimikatz, 'a?b']", r#"{"x":"1aXb2"}"#, true),
        (r"[mimikatz]", r#"{"mimikatz":"key only"}"#, false),
        (r"{'|all': [one, two]}", r#"{"a":"one","b":"two"}"#, true),
        (r"{'|all': [one, two]}", r#"{"a":"one"}"#, false),
        (r"{'|re': 'x\d{3}'}", r#"{"a":1,"b":"x123"}"#, true),
        (r"mimikatz", r#"{"a":"mimikatz"}"#, true),
        (r"[4711]", r#"{"a":47110}"#, true),
        (
            "k: [evil]\nf: {a: 1}\ncondition: k and not f",
            r#"{"a":1,"b":"evil"}"#,
            false,
        ),
        ("k: [evil]\ncondition: not k", r#"{"b":"good"}"#, true),
    ]);
}

#[test]
fn lists_and_nested_objects_in_events() {
    check(&[
        (r"{f: b}", r#"{"f":["a","b"]}"#, true),
        (r"{f|contains|all: [a, b]}", r#"{"f":["xa","xb"]}"#, true),
        (r"{a.b.c: 1}", r#"{"a":{"b":{"c":1}}}"#, true),
        (r"{a.b.c: 1}", r#"{"a.b.c":1}"#, true),
        (r"{a.b: 2}", r#"{"a":[{"b":1},{"b":2}]}"#, true),
        (r"{a.b: null}", r#"{"a":{}}"#, true),
        (r"{a|exists: true}", r#"{"a":{"b":1}}"#, true),
        (r"{a: null}", r#"{"a":{"b":1}}"#, false),
    ]);
}

#[test]
fn conditions() {
    let three = "sel_a: {a: 1}\nsel_b: {b: 1}\n_hidden: {c: 1}\n";
    for (condition, event, want) in [
        ("1 of sel_*", r#"{"b":1}"#, true),
        ("all of sel_*", r#"{"b":1}"#, false),
        ("all of them", r#"{"a":1,"b":1}"#, true),
        ("1 of them", r#"{"c":1}"#, false),
        ("1 of _hid*", r#"{"c":1}"#, true),
        ("2 of sel*", r#"{"a":1,"b":1}"#, true),
        ("sel_a or sel_b and _hidden", r#"{"a":1}"#, true),
        ("(sel_a or sel_b) and _hidden", r#"{"a":1}"#, false),
        ("not (sel_a or sel_b)", r#"{}"#, true),
        ("not sel_a and not 1 of sel_b*", r#"{"b":1}"#, false),
        ("[sel_a and sel_b, _hidden]", r#"{"c":1}"#, true),
    ] {
        check(&[(&format!("{three}condition: {condition}"), event, want)]);
    }
}

#[test]
fn placeholders_come_from_the_configuration() {
    let text = rule("s:\n  user|expand: '%admins%'\ncondition: s");
    let values = vec!["root".to_owned(), "adm_*".to_owned()];
    let options = Options {
        placeholders: Placeholders::from([("admins".to_owned(), values)]),
    };
    for (event, want) in [
        (r#"{"user":"ADM_x"}"#, true),
        (r#"{"user":"%admins%"}"#, false),
    ] {
        let (set, errors) = RuleSet::compile(parse(&text, "t.yml").documents, &options);
        assert!(errors.is_empty());
        assert_eq!(matches_with(set, event), want, "{event}");
    }
}

#[test]
fn log_sources_are_strict() {
    let source = |p, s, c| LogSource {
        product: p,
        service: s,
        category: c,
    };
    for (rule, event, want) in [
        (
            "{product: windows}",
            source(Some("windows"), Some("sysmon"), None),
            true,
        ),
        (
            "{product: windows}",
            source(None, Some("sysmon"), None),
            false,
        ),
        (
            "{product: windows}",
            source(Some("Windows"), None, None),
            false,
        ),
        (
            "{service: sshd}",
            source(Some("linux"), Some("sshd"), None),
            true,
        ),
        (
            "{product: a, category: c}",
            source(Some("a"), None, None),
            false,
        ),
        (
            "{product: a, category: c}",
            source(Some("a"), Some("x"), Some("c")),
            true,
        ),
        ("{}", source(Some("a"), Some("b"), Some("c")), true),
        ("{definition: anything}", ANY, true),
    ] {
        let text = format!("title: t\nlogsource: {rule}\ndetection: {{s: {{f: 1}}, condition: s}}");
        let set = rules(&text);
        let record: Event = serde_json::from_str(r#"{"f":1}"#).unwrap();
        let slow = set.full_scan(event, &record).len();
        let mut engine = Engine::new(Arc::new(set), Limits::default());
        let found = engine.evaluate(event, &record, EventRef::at(1, 0)).len();
        assert_eq!((found == 1, slow == 1), (want, want), "{rule} on {event:?}");
    }
}

#[test]
fn a_match_names_fields_values_and_reasons() {
    let set = rules(&rule(
        "s:\n  Image|endswith: \\Cmd.exe\n  id: 4\n  x: null\ncondition: s",
    ));
    let mut engine = Engine::new(Arc::new(set), Limits::default());
    let event: Event = serde_json::from_str(r#"{"Image":"C:\\CMD.EXE","id":4}"#).unwrap();
    let found = engine.evaluate(ANY, &event, EventRef::at(1, 0));
    let told: Vec<_> = found[0]
        .fields
        .iter()
        .map(|f| format!("{} {} ({})", f.name, f.predicate, f.value))
        .collect();
    assert_eq!(
        told,
        [
            r"Image ends with `\Cmd.exe` (C:\CMD.EXE)",
            "id is 4 (4)",
            "x is null or absent ()"
        ]
    );
}
