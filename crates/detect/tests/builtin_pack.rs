//! Our own rules: they load, say something, and their tests pass.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    missing_docs,
    reason = "test code"
)]

use std::collections::BTreeSet;
use std::path::Path;

use ringfence_detect::{Pack, TestFile, builtin, run_tests};

fn folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../rules")
}

#[test]
fn every_rule_file_is_in_the_binary() {
    let on_disk: BTreeSet<String> = std::fs::read_dir(folder())
        .unwrap()
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .filter(|n| n.ends_with(".yml") && !n.ends_with(".test.yml"))
        .map(|n| format!("builtin/{n}"))
        .collect();
    let built_in: BTreeSet<String> = builtin::files().into_iter().map(|f| f.name).collect();
    assert_eq!(on_disk, built_in);
    assert!(built_in.len() >= 15);
}

#[test]
fn all_rules_load_and_say_one_line() {
    let pack = Pack::compile(&builtin::files(), &Default::default());
    assert_eq!(pack.mistakes(), &[]);
    for rule in pack.rules() {
        let alerting = rule.level > ringfence_sigma::Level::Informational;
        assert_eq!(
            rule.ringfence("message").is_some(),
            alerting,
            "{}",
            rule.title
        );
        assert!(
            rule.description.is_some() && !rule.id.is_empty(),
            "{}",
            rule.title
        );
    }
}

#[test]
fn every_rule_passes_its_own_tests() {
    let mut run = 0;
    for file in builtin::files() {
        let name = file
            .name
            .trim_start_matches("builtin/")
            .replace(".yml", ".test.yml");
        let text = std::fs::read_to_string(folder().join(&name))
            .unwrap_or_else(|e| panic!("{name}: {e}: every rule has positive and negative tests"));
        let tests = TestFile::parse(&text, &name).unwrap();
        for outcome in run_tests(&file.text, &file.name, &tests, &Default::default()).unwrap() {
            assert!(
                outcome.passed,
                "{name}:{} {}: {}",
                outcome.line, outcome.name, outcome.words
            );
            run += 1;
        }
    }
    assert!(run >= 45, "{run}");
}
