//! What a rule author reads: file, line, what is wrong. One case a line.

use ringfence_sigma::{Options, RuleSet, parse};

use crate::data::rules;

fn errors(source: &str) -> Vec<String> {
    let parsed = parse(source, "r.yml");
    let mut errors = parsed.errors;
    errors.extend(RuleSet::compile(parsed.documents, &Options::default()).1);
    errors.iter().map(ToString::to_string).collect()
}

#[test]
fn each_mistake_has_its_line_and_its_words() {
    let head = "title: t\nlogsource: {}\ndetection:\n";
    for (rest, line, words) in [
        (
            "  s: {f|contians: a}\n  condition: s",
            4,
            "unknown modifier `contians`",
        ),
        (
            "  s: {f: a}\n  condition: t",
            5,
            "no selection of that name",
        ),
        (
            "  s: {f: a}\n  condition: s | count() > 5",
            5,
            "write a correlation",
        ),
        ("  s: {f: a}", 4, "`condition` is missing"),
        (
            "  s:\n    f|re: '(a'\n  condition: s",
            5,
            "is no regular expression",
        ),
        ("  s:\n    f|re: '(?=a)'\n  condition: s", 5, "look-around"),
        (
            "  s:\n    g: 1\n    f|cidr: 10/8\n  condition: s",
            6,
            "is no network",
        ),
        ("  s:\n    f|gt: five\n  condition: s", 5, "is not a number"),
        (
            "  s:\n    f|exists: maybe\n  condition: s",
            5,
            "must be true or false",
        ),
        ("  s:\n    f|base64: 'a*'\n  condition: s", 5, "wildcards"),
        (
            "  s:\n    f|expand: '%who%'\n  condition: s",
            5,
            "placeholder `%who%`",
        ),
        (
            "  s:\n    f|re|contains: a\n  condition: s",
            5,
            "do not fit together",
        ),
        (
            "  s:\n    f|contains|i: a\n  condition: s",
            5,
            "belong behind `re`",
        ),
        ("  s:\n    f: []\n  condition: s", 5, "at least one value"),
        (
            "  s:\n    f: {a: 1}\n  condition: s",
            5,
            "flat list of values",
        ),
        ("  s: {}\n  condition: s", 4, "at least one field"),
        (
            "  s:\n    f: 1\n    f: 2\n  condition: s",
            6,
            "stands here twice",
        ),
        ("  s: {f: a}\n  condition: (s", 5, "without a `)`"),
        ("  s: {f: a\n  condition: s", 5, "not valid YAML"),
    ] {
        let got = errors(&format!("{head}{rest}"));
        let want = format!("r.yml:{line}: ");
        let fits = got.len() == 1 && got[0].starts_with(&want) && got[0].contains(words);
        assert!(fits, "{rest}\nwant {want}…{words}…\ngot  {got:?}");
    }
}

#[test]
fn frames_and_correlations_are_checked_too() {
    let base = "title: b\nname: b\nlogsource: {}\ndetection: {s: {f: 1}, condition: s}\n---\n";
    let correlation = "title: c\nname: c\ncorrelation:\n  type: ";
    for (source, line, words) in [
        ("title: t\n".to_owned(), 1, "no `detection`"),
        (
            "logsource: {}\ndetection: {condition: s}".to_owned(),
            1,
            "`title` is missing",
        ),
        (
            "title: t\ndetection: {condition: s}".to_owned(),
            1,
            "`logsource` is missing",
        ),
        (
            "title: t\nlevel: urgent\nlogsource: {}\ndetection: {}".to_owned(),
            2,
            "informational",
        ),
        (
            format!("{base}{correlation}value_sum"),
            9,
            "not supported yet",
        ),
        (format!("{base}{correlation}magic"), 9, "one of event_count"),
        (
            format!("{base}{correlation}event_count\n  rules: [b]"),
            9,
            "`timespan` is missing",
        ),
        (
            format!("{base}{correlation}event_count\n  rules: [b]\n  timespan: 5x"),
            11,
            "`timespan` must be",
        ),
        (
            format!("{base}{correlation}event_count\n  rules: [b]\n  timespan: 5m"),
            9,
            "`condition` is missing",
        ),
        (
            format!("{base}{correlation}temporal\n  rules:\n    - b\n    - x\n  timespan: 5m"),
            12,
            "rule `x` is not loaded",
        ),
        (
            format!("{base}{correlation}temporal\n  rules: [b, c]\n  timespan: 5m"),
            10,
            "refers to itself",
        ),
        (
            format!("{base}{}", base.trim_end_matches("---\n")),
            6,
            "`b` is already used at r.yml:1",
        ),
    ] {
        let got = errors(&source);
        let want = format!("r.yml:{line}: ");
        let fits = got.len() == 1 && got[0].starts_with(&want) && got[0].contains(words);
        assert!(fits, "{source}\nwant {want}…{words}…\ngot  {got:?}");
    }
}

#[test]
fn one_bad_rule_does_not_keep_its_neighbours_out() {
    let good = "title: good\nlogsource: {}\ndetection: {s: {f: 1}, condition: s}\n";
    let source = format!(
        "{good}---\ntitle: bad\n---\n{}",
        good.replace("good", "better")
    );
    let parsed = parse(&source, "r.yml");
    assert_eq!((parsed.documents.len(), parsed.errors.len()), (2, 1));
    assert_eq!(parsed.errors[0].rule.as_deref(), Some("bad"));
    assert_eq!(
        RuleSet::compile(parsed.documents, &Options::default())
            .0
            .len(),
        2
    );
}

#[test]
fn what_the_author_says_about_a_rule_is_kept() {
    let set = rules(
        "title: Guess\nid: 7\nname: guess\nlevel: high\nstatus: test\nauthor: me\ndate: 2026-01-02\n\
         description: d\nreferences: [r]\ntags: [attack.t1110]\nfalsepositives: [f]\nfields: [a]\n\
         ringfence: {message: '{f} guessed', story: [f]}\nlogsource: {product: pbx}\n\
         detection: {s: {f: 1}, condition: s}",
    );
    let rule = set.rules().next().unwrap();
    assert_eq!((rule.id.as_str(), rule.key()), ("7", "7"));
    assert_eq!(rule.level, ringfence_sigma::Level::High);
    assert_eq!(rule.date.as_deref(), Some("2026-01-02"));
    assert_eq!(rule.tags, ["attack.t1110"]);
    assert_eq!(rule.ringfence("message").unwrap(), "{f} guessed");
    assert_eq!(rule.logsource.product.as_deref(), Some("pbx"));
}

#[test]
fn rules_that_would_eat_the_machine_are_refused() {
    let head = "title: t\nlogsource: {}\ndetection:\n";
    let dashes = "    - ' -a -b -c -d'\n".repeat(200);
    let regexes: String = (0..300).map(|i| format!("    - 'a{i}'\n")).collect();
    let many: String = (0..5000).map(|i| format!("    - 'a{i}'\n")).collect();
    let twice = vec!["s"; 200].join(" or ");
    for (rest, words) in [
        (
            format!("  s:\n   f|windash:\n{dashes}  condition: s"),
            "number of tests",
        ),
        (
            format!("  s:\n   f|re:\n{regexes}  condition: s"),
            "number of tests",
        ),
        (
            format!("  s:\n   f:\n{many}  condition: {twice}"),
            "unfolds to more",
        ),
        (
            format!("  s: {{f|windash: '{}'}}\n  condition: s", " -a".repeat(9)),
            "1024 values",
        ),
        (
            format!("  s: {}{}\n  condition: s", "[".repeat(90), "]".repeat(90)),
            "nesting depth",
        ),
        (
            format!("  s: {{f: a}}\n  condition: {}s", "(".repeat(90)),
            "nested deeper",
        ),
        ("#".repeat(2 << 20), "file size"),
    ] {
        let got = errors(&format!("{head}{rest}"));
        assert!(got.len() == 1 && got[0].contains(words), "{words}: {got:?}");
    }
}
