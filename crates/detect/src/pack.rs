//! Rule texts to a rule set, with every mistake named.

use std::collections::HashMap;
use std::sync::Arc;

use ringfence_event::Severity;
use ringfence_sigma::{Document, Level, Options, Rule, RuleError, RuleKind, RuleSet, parse};

use crate::message::Template;

/// One rule file.
#[derive(Debug, Clone)]
pub struct PackFile {
    /// Its name in messages.
    pub name: String,
    /// Its text.
    pub text: String,
}

/// What is wrong with a rule file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// File.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// Rule, where its name could be read.
    pub rule: Option<String>,
    /// What is wrong and what to do.
    pub what: String,
}

/// What the `ringfence:` block of a rule says about its findings.
#[derive(Debug, Clone)]
pub(crate) struct Telling {
    pub severity: Severity,
    pub message: Option<Template>,
    /// Kinds of entity to group by, the first that the event has.
    pub story: Vec<String>,
    /// Each finding is an alert of its own.
    pub alone: bool,
    pub first_steps: Vec<String>,
}

/// A compiled set of rules.
#[derive(Debug, Clone, Default)]
pub struct Pack {
    pub(crate) rules: Arc<RuleSet>,
    pub(crate) telling: Arc<HashMap<String, Telling>>,
    mistakes: Arc<Vec<Mistake>>,
}

/// Entities that a rule may group by.
const STORIES: &[&str] = &[
    "agent", "caller", "customer", "src_ip", "dst_ip", "device", "user", "call", "source", "site",
    "rule",
];

impl Pack {
    /// Compiles files. What is wrong is left out and told by [`Self::mistakes`]; the rest is in
    /// force.
    #[must_use]
    pub fn compile(files: &[PackFile], options: &Options) -> Self {
        let mut documents = Vec::new();
        let mut mistakes = Vec::new();
        let mut telling = HashMap::new();
        for file in files {
            let parsed = parse(&file.text, &file.name);
            mistakes.extend(parsed.errors.iter().map(Mistake::from));
            documents.extend(parsed.documents);
        }
        documents.retain(|document| match tell(document) {
            Ok(told) => {
                telling
                    .entry(document.rule().key().to_owned())
                    .or_insert(told);
                true
            }
            Err(what) => {
                let rule = document.rule();
                mistakes.push(Mistake {
                    file: rule.file.clone(),
                    line: rule.line,
                    rule: Some(rule.key().to_owned()),
                    what,
                });
                false
            }
        });
        let (rules, errors) = RuleSet::compile(documents, options);
        mistakes.extend(errors.iter().map(Mistake::from));
        mistakes.sort_by(|a, b| (&a.file, a.line).cmp(&(&b.file, b.line)));
        Self {
            rules: Arc::new(rules),
            telling: Arc::new(telling),
            mistakes: Arc::new(mistakes),
        }
    }

    /// Whether it is the same compilation.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.rules, &other.rules)
    }

    /// Rules in force.
    pub fn rules(&self) -> impl Iterator<Item = &Arc<Rule>> {
        self.rules.rules()
    }

    /// How many rules are in force.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rules.len()
    }

    /// Whether no rule is in force.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// What is wrong, by file and line.
    #[must_use]
    pub fn mistakes(&self) -> &[Mistake] {
        &self.mistakes
    }
}

impl From<&RuleError> for Mistake {
    fn from(e: &RuleError) -> Self {
        Self {
            file: e.file.clone(),
            line: e.line,
            rule: e.rule.clone(),
            what: e.problem.to_string(),
        }
    }
}

impl std::fmt::Display for Mistake {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.what)
    }
}

fn tell(document: &Document) -> Result<Telling, String> {
    let rule = document.rule();
    let text = |key: &str| rule.ringfence(key).and_then(|v| v.as_str());
    let texts = |key: &str| -> Result<Vec<String>, String> {
        match rule.ringfence(key) {
            None => Ok(Vec::new()),
            Some(serde_json::Value::String(one)) => Ok(vec![one.clone()]),
            Some(serde_json::Value::Array(items)) => items
                .iter()
                .map(|i| i.as_str().map(str::to_owned))
                .collect::<Option<_>>()
                .ok_or_else(|| format!("`ringfence.{key}` must be a list of texts")),
            Some(_) => Err(format!(
                "`ringfence.{key}` must be a text or a list of texts"
            )),
        }
    };
    if let Some(block) = rule.ringfence.as_object() {
        for key in block.keys() {
            if !["message", "story", "alone", "first_steps"].contains(&key.as_str()) {
                return Err(format!(
                    "unknown key `ringfence.{key}`: message, story, alone and first_steps are known"
                ));
            }
        }
    }
    let story = texts("story")?;
    if let Some(bad) = story.iter().find(|s| !STORIES.contains(&s.as_str())) {
        return Err(format!(
            "`ringfence.story` cannot be `{bad}`: use one of {}",
            STORIES.join(", ")
        ));
    }
    let alone = match rule.ringfence("alone") {
        None => false,
        Some(serde_json::Value::Bool(alone)) => *alone,
        Some(_) => return Err("`ringfence.alone` is true or false".to_owned()),
    };
    let message = text("message")
        .map(Template::parse)
        .transpose()
        .map_err(|e| e.to_string())?;
    let severity = match rule.level {
        Level::Informational => Severity::Informational,
        Level::Low => Severity::Low,
        Level::Medium => Severity::Medium,
        Level::High => Severity::High,
        Level::Critical => Severity::Critical,
    };
    let story = if !story.is_empty() {
        story
    } else if rule.kind == RuleKind::Filter {
        Vec::new()
    } else {
        ["agent", "src_ip", "caller", "user", "device", "source"]
            .map(str::to_owned)
            .to_vec()
    };
    Ok(Telling {
        severity,
        message,
        story,
        alone,
        first_steps: texts("first_steps")?,
    })
}
