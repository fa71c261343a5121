//! Tests beside rules: `name.yml` is tried by `name.test.yml`.
//!
//! ```yaml
//! positive:
//!   - name: three guesses in a minute
//!     events:
//!       - { user: "100", status: 401 }
//!       - { user: "100", status: 401, at: 20 }
//!       - { user: "100", status: 401, at: 40 }
//! negative:
//!   - name: one guess
//!     event: { user: "100", status: 401 }
//! ```
//! A positive scenario passes if any rule of the file matches any of its events, a
//! negative one if none does. `rule: ID` in a scenario asks for that rule only. `at`
//! is the event's time in seconds (without it, that of the event before), and
//! `logsource` its log source (without it, that of the file's first detection); both
//! may stand in an event or, for all its events, in the scenario. Everything else in
//! an event is a field.

use std::sync::Arc;

use serde_json::{Map, Value as Json};

use crate::correlation::store::Limits;
use crate::document::{Document, Parsed, expected, parse};
use crate::engine::{Engine, EventRef};
use crate::error::{Problem, RuleError};
use crate::rule::{RuleKind, RuleLogSource};
use crate::ruleset::{Options, RuleSet};
use crate::yaml::{self, Node, Scalar};

/// A test file.
#[derive(Debug, Clone, PartialEq)]
pub struct TestFile {
    /// Scenarios in the order written.
    pub scenarios: Vec<Scenario>,
}

/// Events, and whether they should be found.
#[derive(Debug, Clone, PartialEq)]
pub struct Scenario {
    /// What happens, in the author's words.
    pub name: String,
    /// Line in the test file.
    pub line: usize,
    /// Whether a match is wanted.
    pub expect: Expect,
    /// Id or name of the one rule that is meant; any rule if absent.
    pub rule: Option<String>,
    events: Vec<TestEvent>,
}

/// Whether a scenario should be found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expect {
    /// At least one match.
    Match,
    /// No match.
    Silence,
}

#[derive(Debug, Clone, PartialEq)]
struct TestEvent {
    at_ms: i64,
    logsource: Option<RuleLogSource>,
    fields: Map<String, Json>,
}

/// How a scenario went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The scenario's name.
    pub name: String,
    /// Its line in the test file.
    pub line: usize,
    /// Whether it went as wanted.
    pub passed: bool,
    /// What happened, in words.
    pub words: String,
}

type Result<T> = std::result::Result<T, (usize, Problem)>;

impl TestFile {
    /// Reads a test file. `file` is used in messages only.
    ///
    /// # Errors
    /// The first mistake, with its line.
    pub fn parse(source: &str, file: &str) -> std::result::Result<Self, RuleError> {
        Self::read(source).map_err(|(line, problem)| {
            let problem = Box::new(problem);
            RuleError {
                file: file.to_owned(),
                line,
                rule: None,
                problem,
            }
        })
    }

    fn read(source: &str) -> Result<Self> {
        let documents = yaml::load(source)?;
        let mut scenarios = Vec::new();
        for node in &documents {
            let entries = node
                .map()
                .ok_or((node.line, expected("test file", "a map")))?;
            for (key, list) in entries {
                let expect = match key.text.as_str() {
                    "positive" => Expect::Match,
                    "negative" => Expect::Silence,
                    other => return Err((key.line, expected(other, "`positive` or `negative`"))),
                };
                for item in list.items() {
                    scenarios.push(Scenario::read(item, expect)?);
                }
            }
        }
        match scenarios.is_empty() {
            true => Err((1, Problem::Missing("positive"))),
            false => Ok(Self { scenarios }),
        }
    }
}

impl Scenario {
    fn read(node: &Node, expect: Expect) -> Result<Self> {
        let need = |key| node.get(key).ok_or((node.line, Problem::Missing(key)));
        let known = ["name", "rule", "event", "events", "logsource"];
        for (key, _) in node.map().unwrap_or_default() {
            if !known.contains(&key.text.as_str()) {
                return Err((
                    key.line,
                    expected(&key.text, "name, rule, event, events or logsource"),
                ));
            }
        }
        let list = match node.get("event") {
            Some(one) => std::slice::from_ref(one),
            None => need("events")?.items(),
        };
        let logsource = node.get("logsource").map(RuleLogSource::read);
        let mut events = Vec::with_capacity(list.len());
        let mut at_ms = 0;
        for item in list {
            let Json::Object(mut fields) = item.to_json() else {
                return Err((item.line, expected("event", "a map of fields")));
            };
            if let Some(at) = item.get("at") {
                at_ms = seconds(at).ok_or((at.line, expected("at", "a number of seconds")))?;
            }
            fields.shift_remove("at");
            fields.shift_remove("logsource");
            let own = item.get("logsource").map(RuleLogSource::read);
            events.push(TestEvent {
                at_ms,
                logsource: own.or_else(|| logsource.clone()),
                fields,
            });
        }
        if events.is_empty() {
            return Err((
                node.line,
                expected("events", "a list with at least one event"),
            ));
        }
        let name = need("name")?.text().unwrap_or_default().to_owned();
        let rule = node.get("rule").and_then(Node::text).map(str::to_owned);
        Ok(Self {
            name,
            line: node.line,
            expect,
            rule,
            events,
        })
    }
}

fn seconds(node: &Node) -> Option<i64> {
    match node.scalar()? {
        Scalar::Int(s) => s.checked_mul(1_000),
        #[allow(
            clippy::cast_possible_truncation,
            reason = "milliseconds of a test, saturating"
        )]
        Scalar::Float(s) => Some((s * 1_000.0) as i64),
        _ => None,
    }
}

/// Tries the rules of one file by the scenarios of another. Each scenario starts with
/// an empty memory.
///
/// # Errors
/// What keeps the rules from loading: a rule that does not load cannot be tested.
pub fn run_tests(
    rules: &str,
    file: &str,
    tests: &TestFile,
    options: &Options,
) -> std::result::Result<Vec<Outcome>, Vec<RuleError>> {
    let Parsed {
        documents,
        mut errors,
    } = parse(rules, file);
    let detection = |document: &&Document| document.rule().kind == RuleKind::Detection;
    let usual = documents
        .iter()
        .find(detection)
        .map(|d| d.rule().logsource.clone());
    let (set, more) = RuleSet::compile(documents, options);
    errors.extend(more);
    if !errors.is_empty() {
        return Err(errors);
    }
    let (set, usual) = (Arc::new(set), usual.unwrap_or_default());
    Ok(tests
        .scenarios
        .iter()
        .map(|scenario| scenario.run(&set, &usual))
        .collect())
}

impl Scenario {
    fn run(&self, rules: &Arc<RuleSet>, usual: &RuleLogSource) -> Outcome {
        let outcome = |passed, words| Outcome {
            name: self.name.clone(),
            line: self.line,
            passed,
            words,
        };
        if let Some(wanted) = &self.rule
            && !rules.rules().any(|rule| rule.is_called(wanted))
        {
            return outcome(false, format!("the rule file has no rule `{wanted}`"));
        }
        let mut engine = Engine::new(Arc::clone(rules), Limits::default());
        let mut first = None;
        for (number, event) in self.events.iter().enumerate() {
            let source = event.logsource.as_ref().unwrap_or(usual).as_event();
            let event_ref = EventRef::at(number as u128, event.at_ms);
            let mut found = engine.evaluate(source, &event.fields, event_ref);
            found.retain(|m| {
                self.rule
                    .as_deref()
                    .is_none_or(|wanted| m.rule.is_called(wanted))
            });
            if let Some(hit) = found.into_iter().next() {
                first = Some((number + 1, hit.rule.title.clone()));
                break;
            }
        }
        let total = self.events.len();
        match (self.expect, first) {
            (Expect::Match, Some((number, title))) => outcome(
                true,
                format!("`{title}` matched at event {number} of {total}"),
            ),
            (Expect::Match, None) => outcome(
                false,
                format!("nothing matched in {total} events; a match was wanted"),
            ),
            (Expect::Silence, None) => outcome(true, format!("silent over {total} events")),
            (Expect::Silence, Some((number, title))) => outcome(
                false,
                format!("`{title}` matched at event {number} of {total}; silence was wanted"),
            ),
        }
    }
}

#[doc(hidden)]
pub fn fuzz_test_file(data: &[u8]) {
    let Ok(source) = std::str::from_utf8(data) else {
        return;
    };
    let lines = crate::document::lines(source);
    match TestFile::parse(source, "fuzz.test.yml") {
        Ok(file) => assert!(file.scenarios.iter().all(|s| (1..=lines).contains(&s.line))),
        Err(error) => assert!((1..=lines).contains(&error.line)),
    }
}
