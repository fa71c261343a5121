//! Files to documents: which kind each is, and whether its frame is right.
//!
//! A detection's logic stays a tree here; [`crate::RuleSet::compile`] reads it once
//! placeholders and filters are known.

use crate::correlation::CorrelationSpec;
use crate::error::{Problem, RuleError};
use crate::rule::{Level, Rule, RuleKind};
use crate::yaml::{self, Node};

/// One document of a rule file, checked as far as it can be alone.
#[derive(Debug, Clone)]
pub struct Document {
    pub(crate) rule: Rule,
    pub(crate) body: Body,
}

/// The part of a document that holds its logic.
#[derive(Debug, Clone)]
pub(crate) enum Body {
    Detection(Node),
    Correlation(CorrelationSpec),
    Filter { targets: Targets, filter: Node },
}

/// Which rules a filter applies to.
#[derive(Debug, Clone)]
pub(crate) enum Targets {
    /// Every rule whose log source the filter covers.
    Any,
    /// Rules by id or name.
    Named(Vec<String>),
}

/// What a file held: the documents that can be used, and what is wrong with the rest.
#[derive(Debug, Default)]
pub struct Parsed {
    /// Documents whose frame is right.
    pub documents: Vec<Document>,
    /// Documents that cannot be used, with file and line.
    pub errors: Vec<RuleError>,
}

impl Document {
    /// The description of the rule in this document.
    #[must_use]
    pub fn rule(&self) -> &Rule {
        &self.rule
    }
}

/// Reads a rule file of one or more YAML documents. `file` is used in messages only.
///
/// A document that is wrong does not keep its neighbours from loading; YAML that does
/// not parse does, because past the mistake nothing can be trusted.
#[must_use]
pub fn parse(source: &str, file: &str) -> Parsed {
    let mut parsed = Parsed::default();
    let error = |line, rule, problem: Problem| RuleError {
        file: file.to_owned(),
        line,
        rule,
        problem: Box::new(problem),
    };
    let nodes = match yaml::load(source) {
        Ok(nodes) => nodes,
        Err((line, problem)) => {
            parsed.errors.push(error(line, None, problem));
            return parsed;
        }
    };
    for node in nodes {
        // A file may end with `---`; that is no document.
        if node.scalar() == Some(yaml::Scalar::Null) {
            continue;
        }
        let name = ["id", "name", "title"]
            .iter()
            .find_map(|key| node.get(key).and_then(Node::text))
            .map(str::to_owned);
        match read(&node, file) {
            Ok(document) => parsed.documents.push(document),
            Err((line, problem)) => parsed.errors.push(error(line, name, problem)),
        }
    }
    parsed
}

fn read(node: &Node, file: &str) -> Result<Document, (usize, Problem)> {
    if let Some(key) = first_repeated_key(node) {
        return Err(key);
    }
    let kind = if node.get("correlation").is_some() {
        RuleKind::Correlation
    } else if node.get("filter").is_some() {
        RuleKind::Filter
    } else if node.get("detection").is_some() {
        RuleKind::Detection
    } else {
        return Err((node.line, Problem::NotARule));
    };
    let rule = Rule::read(node, kind, file);
    if rule.title.is_empty() {
        return Err((rule.line, Problem::Missing("title")));
    }
    if let Some(level) = node.get("level") {
        level.text().and_then(Level::parse).ok_or_else(|| {
            let expected = "one of informational, low, medium, high, critical";
            (
                level.line,
                Problem::Expected {
                    what: "level".to_owned(),
                    expected,
                },
            )
        })?;
    }
    if kind != RuleKind::Correlation && node.get("logsource").and_then(Node::map).is_none() {
        return Err((rule.line, Problem::Missing("logsource")));
    }
    let body = match kind {
        RuleKind::Detection => Body::Detection(section(node, "detection")?.clone()),
        RuleKind::Correlation => {
            let generate = node.get("generate").and_then(Node::scalar);
            let spec = CorrelationSpec::read(section(node, "correlation")?, generate)?;
            Body::Correlation(spec)
        }
        RuleKind::Filter => {
            let filter = section(node, "filter")?.clone();
            Body::Filter {
                targets: targets(&filter)?,
                filter,
            }
        }
    };
    Ok(Document { rule, body })
}

fn section<'a>(node: &'a Node, name: &'static str) -> Result<&'a Node, (usize, Problem)> {
    let section = node.get(name).ok_or((node.line, Problem::Missing(name)))?;
    match section.map() {
        Some(_) => Ok(section),
        None => Err((section.line, expected(name, "a map"))),
    }
}

fn targets(filter: &Node) -> Result<Targets, (usize, Problem)> {
    let rules = filter
        .get("rules")
        .ok_or((filter.line, Problem::Missing("rules")))?;
    let names = rules.texts();
    if let [only] = names.as_slice()
        && matches!(only.as_str(), "any" | "all")
    {
        return Ok(Targets::Any);
    }
    if names.is_empty() {
        return Err((
            rules.line,
            expected("rules", "`any` or a list of rule ids or names"),
        ));
    }
    Ok(Targets::Named(names))
}

/// YAML forbids repeated keys; parsers that keep the last one make half of a rule
/// vanish without a word.
fn first_repeated_key(node: &Node) -> Option<(usize, Problem)> {
    if let Some(key) = node.repeated_key() {
        return Some((
            key.line,
            Problem::Yaml(format!("key `{}` stands here twice", key.text)),
        ));
    }
    let children: Box<dyn Iterator<Item = &Node>> = match node.map() {
        Some(entries) => Box::new(entries.iter().map(|(_, child)| child)),
        None if node.scalar().is_some() => return None,
        None => Box::new(node.items().iter()),
    };
    children.into_iter().find_map(first_repeated_key)
}

pub(crate) fn expected(what: &str, expected: &'static str) -> Problem {
    Problem::Expected {
        what: what.to_owned(),
        expected,
    }
}

#[doc(hidden)]
pub fn fuzz_parse(data: &[u8]) {
    let Ok(source) = std::str::from_utf8(data) else {
        return;
    };
    let lines = lines(source);
    let parsed = parse(source, "fuzz.yml");
    for error in &parsed.errors {
        assert!(
            (1..=lines).contains(&error.line),
            "line {} of {lines}",
            error.line
        );
    }
    let (_, errors) = crate::RuleSet::compile(parsed.documents, &crate::Options::default());
    for error in &errors {
        assert!(
            (1..=lines).contains(&error.line),
            "line {} of {lines}",
            error.line
        );
    }
}

/// The last line an error can name: YAML ends lines at a CR alone too (YAML 1.2.2 §5.4), and
/// what is missing at the end may be noticed on the line after it.
pub(crate) fn lines(source: &str) -> usize {
    let text = source.replace("\r\n", "\n");
    text.split(['\r', '\n']).count() + 1
}
