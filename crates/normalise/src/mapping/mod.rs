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

use std::fmt;

use jiff::tz::TimeZone;
use ringfence_event::{Event, Time};
use serde::Serialize;
use thiserror::Error;

use crate::parsed::Parsed;
use crate::{Reject, Settings};

pub(crate) use apply::Mapped;
pub use explain::{Explanation, FieldTrace, RuleTrace};
pub use read::fuzz_mapping;
use rule::Rule;

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

    /// Applies the first rule that fits.
    pub(crate) fn apply(
        &self,
        parsed: &Parsed,
        received: Time,
        settings: &Settings,
    ) -> Option<Mapped> {
        let rule = self
            .chosen(settings)
            .flat_map(|mapping| &mapping.rules)
            .find(|rule| rule.refusal(parsed).is_none())?;
        Some(rule.apply(parsed, received, &settings.timezone, &mut None))
    }

    pub(crate) fn explain(
        &self,
        parsed: &Parsed,
        received: Time,
        settings: &Settings,
        event: Result<Vec<Event>, Reject>,
    ) -> Explanation {
        let mut tried = Vec::new();
        for mapping in self.chosen(settings) {
            for rule in &mapping.rules {
                match rule.refusal(parsed) {
                    Some(because) => tried.push(RuleTrace::of(mapping, rule, Some(because))),
                    None => {
                        let chosen = RuleTrace::of(mapping, rule, None);
                        let zone: &TimeZone = &settings.timezone;
                        let mut trace = Some(Vec::new());
                        let mapped = rule.apply(parsed, received, zone, &mut trace);
                        let traces = trace.unwrap_or_default();
                        let done = explain::Done {
                            chosen,
                            traces,
                            warnings: mapped.warnings,
                        };
                        return Explanation::mapped(parsed, tried, done, event);
                    }
                }
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
