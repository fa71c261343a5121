//! What the tests share: an origin, a clock, the compiled OCSF schema.

#![allow(dead_code, reason = "each test file uses its own part")]

pub mod schema;

use std::sync::Arc;

use ringfence_event::{Event, Name, Origin, RawRecord, Time};
use ringfence_normalise::{Batch, Mapping, MappingSet, Normaliser, Reject, Settings};

pub const NOW: &str = "2026-11-22T09:35:00Z";

pub fn now() -> Time {
    Time::parse_rfc3339(NOW).unwrap()
}

pub fn origin() -> Origin {
    let n = |s| Name::new(s).unwrap();
    Origin::local(n("crm"), n("acme"), n("berlin"))
}

pub fn normaliser(own: Vec<Mapping>) -> Normaliser {
    Normaliser::new(Arc::new(MappingSet::with_builtin(own)), Settings::default())
}

pub fn record<'a>(origin: &'a Origin, bytes: &'a [u8]) -> RawRecord<'a> {
    RawRecord {
        origin,
        received: now(),
        peer: None,
        bytes,
    }
}

/// One record with the built-in mappings.
pub fn one(text: &str) -> Result<Event, Reject> {
    one_from(&origin(), text)
}

pub fn one_from(origin: &Origin, text: &str) -> Result<Event, Reject> {
    let mut events = normaliser(vec![]).normalise(&record(origin, text.as_bytes()))?;
    assert_eq!(events.len(), 1);
    Ok(events.remove(0))
}

pub fn csv(text: &str) -> Batch {
    normaliser(vec![]).csv_body(&record(&origin(), text.as_bytes()))
}

/// Path from the repository's root.
pub fn path(name: &str) -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(name)
}

#[allow(clippy::disallowed_methods, reason = "a test reads its files")]
pub fn text(name: &str) -> String {
    std::fs::read_to_string(path(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
}

/// A file of the shared test data; `None` where the folder is not there outside CI.
#[allow(clippy::disallowed_methods, reason = "a test reads its files")]
pub fn testdata(name: &str) -> Option<Vec<u8>> {
    let root = std::env::var("RINGFENCE_TESTDATA")
        .unwrap_or_else(|_| path("../shared/data").to_string_lossy().into_owned());
    match std::fs::read(std::path::Path::new(&root).join(name)) {
        Ok(bytes) => Some(bytes),
        Err(e) if std::env::var("CI").is_ok() => panic!("{root}/{name}: {e}"),
        Err(e) => {
            println!("not run: {root}/{name}: {e}");
            None
        }
    }
}
