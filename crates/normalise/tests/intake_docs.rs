//! Every example in docs/intake.md and every sample does what it says.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::print_stdout,
    missing_docs,
    reason = "test code"
)]

mod support;

use ringfence_event::{Event, Flag};
use ringfence_normalise::{Mapping, MappingSet};
use serde_json::Value;
use support::{csv, normaliser, origin, record, schema, text};

/// A fenced block: the heading above it, the words behind its fence, its text.
struct Block {
    heading: String,
    kind: String,
    text: String,
}

fn blocks(markdown: &str) -> Vec<Block> {
    let (mut out, mut heading): (Vec<Block>, _) = (Vec::new(), String::new());
    let mut open = false;
    for line in markdown.lines() {
        match (line.trim_start().strip_prefix("```"), open) {
            (Some(kind), false) => {
                let block = Block {
                    heading: heading.clone(),
                    kind: kind.to_owned(),
                    text: String::new(),
                };
                out.push(block);
                open = true;
            }
            (Some(_), true) => open = false,
            (None, true) => {
                let last = out.last_mut().unwrap();
                last.text.push_str(line);
                last.text.push('\n');
            }
            (None, false) => {
                if let Some(title) = line.strip_prefix("### ") {
                    heading = title.to_owned();
                }
            }
        }
    }
    assert!(!open, "a block is not closed");
    out
}

fn event(own: Vec<Mapping>, text: &str) -> Event {
    let origin = origin();
    let events = normaliser(own).normalise(&record(&origin, text.as_bytes()));
    events.unwrap_or_else(|e| panic!("{e}: {text}")).remove(0)
}

/// `part` is in `whole`, at each depth.
fn contains(whole: &Value, part: &Value) -> bool {
    match (whole, part) {
        (Value::Object(whole), Value::Object(part)) => part
            .iter()
            .all(|(k, v)| whole.get(k).is_some_and(|w| contains(w, v))),
        (Value::Array(whole), Value::Array(part)) => {
            whole.len() == part.len() && whole.iter().zip(part).all(|(w, p)| contains(w, p))
        }
        (whole, part) => whole == part,
    }
}

#[test]
fn both_ways_of_every_example_make_the_same_event() {
    let all = blocks(&text("docs/intake.md"));
    let mut headings: Vec<&str> = all.iter().map(|b| b.heading.as_str()).collect();
    headings.dedup();
    headings.retain(|h| !h.is_empty());
    assert!(headings.len() >= 15, "{headings:?}");
    for heading in headings {
        let get = |kind: &str| {
            let found = all.iter().find(|b| b.heading == heading && b.kind == kind);
            found.map(|b| b.text.as_str())
        };
        let native = event(vec![], get("json ocsf").unwrap());
        let mapping = get("toml mapping").map(|toml| {
            Mapping::parse("example.toml", toml).unwrap_or_else(|e| panic!("{heading}: {e}"))
        });
        let raw = get("json record").or_else(|| get("text record")).unwrap();
        let mapped = event(mapping.into_iter().collect(), raw);
        for e in [&native, &mapped] {
            assert!(!e.flags.contains(&Flag::Unmapped), "{heading}");
            assert_eq!(e.flags, [], "{heading}");
            schema::assert_valid(e);
        }
        let what = |e: &Event| {
            let k = e.keys.clone();
            (
                e.class_uid,
                e.activity_id,
                e.time,
                k.agent,
                k.customer,
                k.caller,
                k.call,
                k.src_ip,
            )
        };
        assert_eq!(what(&native), what(&mapped), "{heading}");
        let result: Value = serde_json::from_str(get("json result").unwrap()).unwrap();
        let made = Value::Object(mapped.to_ocsf());
        assert!(
            contains(&made, &result),
            "{heading}: {made:#} lacks {result}"
        );
    }
}

#[test]
fn what_the_page_says_about_names_is_so() {
    let page = text("docs/intake.md");
    for (file, _) in MappingSet::builtin_files() {
        let name = file.trim_end_matches(".toml");
        assert!(
            page.contains(&format!("`{name}`")),
            "{name} is not on the page"
        );
    }
    let limits = ringfence_normalise::Limits::default();
    assert_eq!(
        (limits.record, limits.records, limits.depth, limits.fields),
        (256 * 1024, 100_000, 32, 2_000)
    );
    for value in ["256 KiB", "100,000", "32 levels", "2,000"] {
        assert!(page.contains(value), "{value}");
    }
}

#[test]
fn built_in_mappings_are_sound_and_named_after_their_files() {
    let set = MappingSet::with_builtin(vec![]);
    assert_eq!(set.mappings().len(), MappingSet::builtin_files().len());
    for (file, toml) in MappingSet::builtin_files() {
        let mapping = Mapping::parse(file, toml).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(format!("{}.toml", mapping.name()), *file);
        assert!(mapping.description().is_some() && mapping.rules().count() > 0);
    }
}

#[test]
fn samples_are_understood() {
    for (file, count) in [("events.ocsf.ndjson", 15), ("systems.ndjson", 11)] {
        let body = text(&format!("samples/intake/{file}"));
        let origin = origin();
        let batch = normaliser(vec![]).json_body(&record(&origin, body.as_bytes()));
        assert_eq!(batch.rejects().count(), 0, "{file}");
        assert_eq!(batch.events().count(), count, "{file}");
        for (_, e) in batch.events() {
            assert!(!e.flags.contains(&Flag::Unmapped), "{file}: {e:?}");
            schema::assert_valid(e);
        }
    }
    let batch = csv(&text("samples/intake/cdr.csv"));
    assert_eq!((batch.events().count(), batch.rejects().count()), (2, 0));
    for line in text("samples/intake/auth.log").lines() {
        assert_eq!(event(vec![], line).class_uid, 3002, "{line}");
    }
}

#[test]
fn map_test_says_which_rule_fits_and_what_went_where() {
    let origin = origin();
    let n = normaliser(vec![]);
    let line = br#"{"action":"view","user":"4711","customer_id":"C-1","ts":"2026-11-22T09:30:00Z","extra":1,"ip":"nowhere"}"#;
    let e = n.explain(&record(&origin, line)).unwrap();
    let shown = e.to_string();
    for part in [
        "record    json\n",
        "rule      crm-access / record access (line 4)",
        "customer_id -> keys.customer = \"C-1\"",
        "ts, time, timestamp",
        "kept      extra, ip",
        "warning   `keys.src_ip`",
        "event     Web Resources Activity: Read",
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    let e = n
        .explain(&record(&origin, br#"{"a":"\u001b[2J"}"#))
        .unwrap();
    assert!(e.matched.is_none() && e.tried.len() > 5);
    let shown = e.to_string();
    assert!(
        shown.contains("there is no `customer_id`") && !shown.contains('\u{1b}'),
        "{shown}"
    );
    assert!(
        serde_json::to_string(&e)
            .unwrap()
            .contains("\"untouched\":[\"a\"]")
    );
}
