//! Sigma filters: global exceptions that leave rule files alone.

use std::sync::Arc;

use ringfence_sigma::{Engine, EventRef, Limits, LogSource, Options, RuleSet, parse};

use crate::data::{Event, rules};

const RULES: &str = "
title: One
id: one
logsource: {product: windows}
detection: {s: {f: 1}, condition: s}
---
title: Two
id: two
logsource: {product: linux}
detection: {s: {f: 1}, condition: s}
---
";

fn hits(filter: &str, product: &str, user: &str) -> usize {
    let set = rules(&format!("{RULES}{filter}"));
    let source = LogSource {
        product: Some(product),
        ..LogSource::default()
    };
    let event: Event = serde_json::from_str(&format!(r#"{{"f":1,"user":"{user}"}}"#)).unwrap();
    let mut engine = Engine::new(Arc::new(set), Limits::default());
    engine.evaluate(source, &event, EventRef::at(1, 0)).len()
}

#[test]
fn a_filter_excludes_from_the_rules_it_names() {
    let filter = "title: F\nlogsource: {product: windows}\nfilter:\n  rules: [one]\n  \
                  s: {user|startswith: adm_}\n  condition: not s";
    assert_eq!(hits(filter, "windows", "bob"), 1);
    assert_eq!(hits(filter, "windows", "adm_bob"), 0);
    assert_eq!(hits(filter, "linux", "adm_bob"), 1);
}

#[test]
fn any_means_every_rule_of_the_log_source() {
    let filter = "title: F\nlogsource: {product: linux}\nfilter:\n  rules: any\n  \
                  s: {user: x}\n  condition: not s";
    assert_eq!(hits(filter, "windows", "x"), 1);
    assert_eq!(hits(filter, "linux", "x"), 0);
}

#[test]
fn a_filter_for_a_rule_that_is_not_there_is_reported() {
    let filter = "title: F\nlogsource: {}\nfilter: {rules: [nine], s: {f: 1}, condition: not s}";
    let parsed = parse(&format!("{RULES}{filter}"), "f.yml");
    let (set, errors) = RuleSet::compile(parsed.documents, &Options::default());
    assert_eq!(set.len(), 2);
    assert!(
        errors[0]
            .to_string()
            .starts_with("f.yml:12: rule `nine` is not loaded"),
        "{errors:?}"
    );
}
