//! SigmaHQ over real Windows attack events: load, evaluate, parse and evaluate.
//!
//! Needs the shared test data (`RINGFENCE_TESTDATA`); without it there is nothing to run.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    missing_docs,
    reason = "bench code"
)]

use std::io::Read;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use divan::Bencher;
use divan::counter::ItemsCount;
use flate2::read::GzDecoder;
use ringfence_sigma::{Engine, EventRef, Limits, LogSource, Options, RuleSet, parse};
use serde_json::{Map, Value};

type Event = Map<String, Value>;

fn main() {
    if data().is_some() {
        divan::main();
    }
}

fn data() -> Option<PathBuf> {
    let default = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data");
    let path = PathBuf::from(std::env::var("RINGFENCE_TESTDATA").unwrap_or(default.into()));
    path.is_dir().then_some(path)
}

fn sources() -> &'static [(String, String)] {
    static SOURCES: OnceLock<Vec<(String, String)>> = OnceLock::new();
    SOURCES.get_or_init(|| {
        let path = data().unwrap().join("sigma/sigmahq-rules.tar.gz");
        let mut archive = tar::Archive::new(GzDecoder::new(std::fs::File::open(path).unwrap()));
        let mut sources = Vec::new();
        for entry in archive.entries().unwrap() {
            let mut entry = entry.unwrap();
            let name = entry.path().unwrap().display().to_string();
            if name.ends_with(".yml") {
                let mut text = String::new();
                entry.read_to_string(&mut text).unwrap();
                sources.push((name, text));
            }
        }
        sources
    })
}

fn load() -> RuleSet {
    let documents = sources()
        .iter()
        .flat_map(|(name, text)| parse(text, name).documents);
    RuleSet::compile(documents.collect(), &Options::default()).0
}

fn rules() -> Arc<RuleSet> {
    static RULES: OnceLock<Arc<RuleSet>> = OnceLock::new();
    Arc::clone(RULES.get_or_init(|| Arc::new(load())))
}

fn lines() -> &'static [String] {
    static LINES: OnceLock<Vec<String>> = OnceLock::new();
    LINES.get_or_init(|| {
        let file = std::fs::File::open(data().unwrap().join("windows/attack.jsonl.gz")).unwrap();
        let mut text = String::new();
        GzDecoder::new(file).read_to_string(&mut text).unwrap();
        text.lines().map(str::to_owned).collect()
    })
}

fn source(event: &Event) -> LogSource<'_> {
    let part = |key| event.get(key).and_then(Value::as_str);
    LogSource {
        product: part("product"),
        service: part("service"),
        category: part("category"),
    }
}

fn judge(engine: &mut Engine, event: &Event) -> usize {
    engine
        .evaluate(source(event), event, EventRef::at(0, 0))
        .len()
}

#[divan::bench(sample_count = 3, sample_size = 1)]
fn load_sigmahq(bencher: Bencher<'_, '_>) {
    bencher
        .counter(ItemsCount::new(sources().len()))
        .bench_local(load);
}

#[divan::bench(sample_count = 20, sample_size = 1)]
fn evaluate(bencher: Bencher<'_, '_>) {
    let events: Vec<Event> = lines()
        .iter()
        .map(|l| serde_json::from_str(l).unwrap())
        .collect();
    let mut engine = Engine::new(rules(), Limits::default());
    bencher
        .counter(ItemsCount::new(events.len()))
        .bench_local(|| {
            events
                .iter()
                .map(|event| judge(&mut engine, event))
                .sum::<usize>()
        });
}

#[divan::bench(sample_count = 20, sample_size = 1)]
fn parse_and_evaluate(bencher: Bencher<'_, '_>) {
    let mut engine = Engine::new(rules(), Limits::default());
    bencher
        .counter(ItemsCount::new(lines().len()))
        .bench_local(|| {
            let judge = |line: &String| judge(&mut engine, &serde_json::from_str(line).unwrap());
            lines().iter().map(judge).sum::<usize>()
        });
}
