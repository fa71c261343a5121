//! Sigma detection: rules in, matches out.
//!
//! This engine speaks Sigma 2.1: detections with all modifiers, correlations
//! (`event_count`, `value_count`, `temporal`, `temporal_ordered`) and global filters.
//!
//! ```
//! use std::sync::Arc;
//! use ringfence_sigma::{Engine, EventRef, Limits, LogSource, Options, RuleSet, parse};
//!
//! let rules = parse(
//!     "title: Guessed password
//! logsource: { product: pbx }
//! detection:
//!   selection: { status: 401, user_agent|contains: friendly }
//!   condition: selection",
//!     "guess.yml",
//! );
//! let (rules, errors) = RuleSet::compile(rules.documents, &Options::default());
//! assert!(errors.is_empty());
//! let mut engine = Engine::new(Arc::new(rules), Limits::default());
//! let event = serde_json::json!({"status": 401, "user_agent": "Friendly-Scanner"});
//! let source = LogSource { product: Some("pbx"), ..LogSource::default() };
//! let found = engine.evaluate(source, event.as_object().unwrap(), EventRef::at(1, 0));
//! assert_eq!(found[0].rule.title, "Guessed password");
//! ```
//!
//! # How it works
//! Rules that name the same log source share a *bucket*, and an event visits the at
//! most eight buckets that accept it. Inside a bucket each rule has *witnesses*, texts
//! of which one must occur before the rule can match; they are found for all rules at
//! once, by one Aho-Corasick pass over each field. Only the few rules with a witness
//! are evaluated, and what they ask of a field is answered once an event.
//!
//! # Where it stops
//! It reads no file, looks at no clock and keeps no thread: the caller brings rule
//! texts, events and the time. Field names are taken as they are; mapping them is the
//! business of `ringfence-normalise`. It does not raise alerts; it names what matched.

mod condition;
mod correlation;
mod date;
mod detection;
mod document;
mod engine;
mod error;
mod evaluate;
mod expr;
mod fold;
mod index;
mod modifier;
mod number;
mod pattern;
mod predicate;
mod record;
mod regexes;
mod rule;
mod ruleset;
mod scan;
mod slots;
mod testing;
mod transform;
mod witness;
mod yaml;

pub use correlation::state::{Restored, State};
pub use correlation::store::Limits;
pub use document::{Document, Parsed, parse};
pub use engine::{CorrelationMatch, Engine, EngineStats, EventRef, Match, MatchedField};
pub use error::{Problem, RuleError};
pub use record::{Record, Value};
pub use rule::{Level, LogSource, Rule, RuleKind, RuleLogSource};
pub use ruleset::{Options, RuleSet};
pub use testing::{Expect, Outcome, Scenario, TestFile, run_tests};
pub use transform::Placeholders;

#[doc(hidden)]
pub use {
    condition::fuzz_condition, document::fuzz_parse, pattern::fuzz_pattern, testing::fuzz_test_file,
};
