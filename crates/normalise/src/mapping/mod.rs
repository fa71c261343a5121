//! Mapping files: what a user writes to bring any log to OCSF without code.

mod apply;
mod builtin;
mod choose;
mod explain;
mod read;
mod rule;
mod take;
mod template;
mod toml_reader;
mod view;

use std::fmt;

use ringfence_event::Event;
use serde::Serialize;
use thiserror::Error;

use crate::parsed::Parsed;
use crate::{Reject, Settings};

pub(crate) use apply::Mapped;
pub use explain::{Explanation, FieldTrace, RuleTrace};
pub use read::fuzz_mapping;
use rule::{Rule, When};
use view::View;

/// One mistake in a mapping file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Mistake {
    /// The file as it was named.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// What is wrong and what to write instead.
    pub message: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.message)
    }
}

/// All mistakes of a file at once.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub struct MappingErrors(pub Vec<Mistake>);

impl fmt::Display for MappingErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<_> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}

/// One mapping file, checked.
#[derive(Debug, Clone)]
pub struct Mapping {
    name: String,
    description: Option<String>,
    /// What a record must be like to be for any rule of the file.
    when: When,
    rules: Vec<Rule>,
}

impl Mapping {
    /// Reads a mapping file. `file` names it in mistakes; without a `name` of its own, the
    /// mapping is called like the file.
    ///
    /// # Errors
    /// Every mistake in it, each with its line.
    pub fn parse(file: &str, text: &str) -> Result<Self, MappingErrors> {
        read::mapping(file, text)
    }

    /// Its name, by which a source chooses it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it is for.
    #[must_use]
    pub fn description(&self) -> Option<&str> {
        self.description.as_deref()
    }

    /// Names of its rules in the order in which they are tried.
    pub fn rules(&self) -> impl Iterator<Item = &str> {
        self.rules.iter().map(|rule| rule.name.as_str())
    }
}

/// A record holds more events than it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooMany;

/// Mappings in the order in which they are tried: the first rule that fits a record is used.
#[derive(Debug, Clone, Default)]
pub struct MappingSet {
    mappings: Vec<Mapping>,
}

impl MappingSet {
    /// No mapping at all.
    #[must_use]
    pub fn empty() -> Self {
        Self::default()
    }

    /// The user's mappings first, then those that come with Ringfence. A built-in mapping whose
    /// name the user took is replaced.
    #[must_use]
    pub fn with_builtin(mut own: Vec<Mapping>) -> Self {
        for mapping in builtin::mappings() {
            if !own.iter().any(|m| m.name == mapping.name) {
                own.push(mapping);
            }
        }
        Self { mappings: own }
    }

    /// All mappings.
    #[must_use]
    pub fn mappings(&self) -> &[Mapping] {
        &self.mappings
    }

    /// Source text of the built-in mappings: file name and TOML.
    #[must_use]
    pub fn builtin_files() -> &'static [(&'static str, &'static str)] {
        builtin::FILES
    }

    /// Applies the first rule that fits, and those below it in its file while they say `continue`.
    /// No event: no rule fits.
    ///
    /// # Errors
    /// When the record would become more than `most` events.
    pub(crate) fn apply(
        &self,
        parsed: &Parsed,
        settings: &Settings,
        most: usize,
    ) -> Result<Vec<Mapped>, TooMany> {
        let mut out = Vec::new();
        for mapping in self.chosen(settings) {
            if mapping.when.refusal(View::whole(parsed)).is_some() {
                continue;
            }
            for rule in &mapping.rules {
                let mut full = false;
                let refusal = rule.visit(parsed, &mut |view| {
                    full = out.len() >= most;
                    if !full {
                        out.push(rule.apply(view, &settings.timezone, &mut None));
                    }
                    !full
                });
                if full {
                    return Err(TooMany);
                }
                if refusal.is_none() && !rule.goes_on {
                    return Ok(out);
                }
            }
            if !out.is_empty() {
                break;
            }
        }
        Ok(out)
    }

    pub(crate) fn explain(
        &self,
        parsed: &Parsed,
        settings: &Settings,
        event: Result<Vec<Event>, Reject>,
    ) -> Explanation {
        let mut tried = Vec::new();
        for mapping in self.chosen(settings) {
            let closed = || mapping.when.refusal(View::whole(parsed));
            for rule in &mapping.rules {
                if let Some(refusal) = closed() {
                    tried.push(RuleTrace::of(mapping, rule, Some(refusal)));
                    continue;
                }
                let mut trace = Some(Vec::new());
                let mut mapped = None;
                let refusal = rule.visit(parsed, &mut |view| {
                    mapped = Some(rule.apply(view, &settings.timezone, &mut trace));
                    false
                });
                let Some(mapped) = mapped else {
                    tried.push(RuleTrace::of(mapping, rule, refusal));
                    continue;
                };
                let done = explain::Done {
                    chosen: RuleTrace::of(mapping, rule, None),
                    traces: trace.unwrap_or_default(),
                    warnings: mapped.warnings,
                };
                return Explanation::mapped(parsed, tried, done, event);
            }
        }
        Explanation::unmapped(parsed, tried, event)
    }

    fn chosen<'s>(&'s self, settings: &'s Settings) -> impl Iterator<Item = &'s Mapping> {
        self.mappings.iter().filter(|mapping| {
            settings.mappings.is_empty() || settings.mappings.contains(&mapping.name)
        })
    }
}
