//! The shared test data, read in memory.

use std::io::Read;
use std::path::PathBuf;

use flate2::read::GzDecoder;
use ringfence_sigma::{Document, Options, RuleSet, parse};
use serde_json::{Map, Value};

pub type Event = Map<String, Value>;

/// The folder of test data. Without it a test fails on CI and is skipped, with a note,
/// on a developer's machine.
pub fn folder() -> Option<PathBuf> {
    let default = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data");
    let path = PathBuf::from(std::env::var("RINGFENCE_TESTDATA").unwrap_or(default.into()));
    if path.is_dir() {
        return Some(path);
    }
    assert!(
        std::env::var_os("CI").is_none(),
        "no test data at {}",
        path.display()
    );
    println!("skipped: no test data at {}", path.display());
    None
}

pub fn sigmahq(folder: &std::path::Path) -> Vec<Document> {
    let file = std::fs::File::open(folder.join("sigma/sigmahq-rules.tar.gz")).unwrap();
    let mut archive = tar::Archive::new(GzDecoder::new(file));
    let mut documents = Vec::new();
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        let path = entry.path().unwrap().display().to_string();
        if path.ends_with(".yml") {
            let mut source = String::new();
            entry.read_to_string(&mut source).unwrap();
            let parsed = parse(&source, &path);
            assert!(parsed.errors.is_empty(), "{}", parsed.errors[0]);
            documents.extend(parsed.documents);
        }
    }
    documents
}

pub fn events(folder: &std::path::Path, name: &str) -> Vec<Event> {
    let file = std::fs::File::open(folder.join("windows").join(name)).unwrap();
    let mut text = String::new();
    GzDecoder::new(file).read_to_string(&mut text).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// Rules from text, which must all be right.
pub fn rules(source: &str) -> RuleSet {
    let parsed = parse(source, "test.yml");
    assert!(parsed.errors.is_empty(), "{}", parsed.errors[0]);
    let (set, errors) = RuleSet::compile(parsed.documents, &Options::default());
    assert!(errors.is_empty(), "{}", errors[0]);
    set
}

/// A field value of a JSON event that names its own log source.
pub fn source(event: &Event) -> ringfence_sigma::LogSource<'_> {
    let part = |key| event.get(key).and_then(Value::as_str);
    ringfence_sigma::LogSource {
        product: part("product"),
        service: part("service"),
        category: part("category"),
    }
}
