//! A rule's description: everything about it but its logic.

use serde::Serialize;
use serde_json::{Map, Value as Json};

use crate::yaml::Node;

/// A rule as its author describes it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Rule {
    /// The rule's id, usually a UUID. Empty if the author gave none.
    pub id: String,
    /// The name by which correlations may refer to it.
    pub name: Option<String>,
    /// One line that says what was detected.
    pub title: String,
    /// How bad a match is.
    pub level: Level,
    /// `stable`, `test`, `experimental`, `deprecated` or `unsupported`.
    pub status: Option<String>,
    /// What the rule detects, at length.
    pub description: Option<String>,
    /// Where the idea comes from.
    pub references: Vec<String>,
    /// Tags such as `attack.t1110`.
    pub tags: Vec<String>,
    /// Who wrote it.
    pub author: Option<String>,
    /// Known harmless causes of a match.
    pub falsepositives: Vec<String>,
    /// Fields worth showing to an analyst.
    pub fields: Vec<String>,
    /// Which events the rule looks at.
    pub logsource: RuleLogSource,
    /// Creation date as written.
    pub date: Option<String>,
    /// Date of the last change as written.
    pub modified: Option<String>,
    /// The `ringfence:` block, free for the product's own use; null if absent.
    pub ringfence: Json,
    /// Whether this describes a detection or a correlation.
    pub kind: RuleKind,
    /// The file it came from, as the caller named it.
    pub file: String,
    /// The line of the file on which its document starts.
    pub line: usize,
}

/// What a rule looks at: single events, or the matches of other rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RuleKind {
    /// Judges one event.
    Detection,
    /// Judges matches of other rules over time.
    Correlation,
    /// Narrows other rules; never matches by itself.
    Filter,
}

/// How bad a match is, in Sigma's words. Ordered from least to most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// For enrichment only; also what a rule without a level gets.
    #[default]
    Informational,
    /// Notable, rarely an incident.
    Low,
    /// To be reviewed regularly.
    Medium,
    /// To be reviewed promptly.
    High,
    /// An incident almost certainly.
    Critical,
}

/// The log source that a rule names. A part that is `None` accepts any event.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize)]
pub struct RuleLogSource {
    /// `product`, for example `windows`.
    pub product: Option<String>,
    /// `service`, for example `sshd`.
    pub service: Option<String>,
    /// `category`, for example `process_creation`.
    pub category: Option<String>,
}

/// The log source of an event. A part that is `None` meets only rules that do not
/// name that part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct LogSource<'a> {
    /// `product`, for example `windows`.
    pub product: Option<&'a str>,
    /// `service`, for example `sshd`.
    pub service: Option<&'a str>,
    /// `category`, for example `process_creation`.
    pub category: Option<&'a str>,
}

impl RuleLogSource {
    /// Whether a rule with this log source applies to an event from `event`: every
    /// part that the rule names must equal the event's.
    #[must_use]
    pub fn accepts(&self, event: LogSource<'_>) -> bool {
        let part = |rule: &Option<String>, event: Option<&str>| match rule {
            Some(wanted) => event == Some(wanted.as_str()),
            None => true,
        };
        part(&self.product, event.product)
            && part(&self.service, event.service)
            && part(&self.category, event.category)
    }

    /// The same parts, as those of an event.
    #[must_use]
    pub fn as_event(&self) -> LogSource<'_> {
        LogSource {
            product: self.product.as_deref(),
            service: self.service.as_deref(),
            category: self.category.as_deref(),
        }
    }

    pub(crate) fn read(node: &Node) -> Self {
        let part = |key| node.get(key).and_then(Node::text).map(str::to_owned);
        Self {
            product: part("product"),
            service: part("service"),
            category: part("category"),
        }
    }
}

impl Level {
    /// Reads a level as Sigma writes it.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "informational" => Self::Informational,
            "low" => Self::Low,
            "medium" => Self::Medium,
            "high" => Self::High,
            "critical" => Self::Critical,
            _ => return None,
        })
    }
}

impl Rule {
    /// What stands for this rule across reloads: its id, else its name, else its title.
    #[must_use]
    pub fn key(&self) -> &str {
        match (&self.name, self.id.is_empty()) {
            (_, false) => &self.id,
            (Some(name), true) => name,
            (None, true) => &self.title,
        }
    }

    /// Whether a correlation or filter that says `reference` means this rule.
    pub(crate) fn is_called(&self, reference: &str) -> bool {
        (!self.id.is_empty() && self.id == reference) || self.name.as_deref() == Some(reference)
    }

    pub(crate) fn read(node: &Node, kind: RuleKind, file: &str) -> Self {
        let text = |key: &str| node.get(key).and_then(Node::text).map(str::to_owned);
        let texts = |key: &str| node.get(key).map(Node::texts).unwrap_or_default();
        let line = match node.map().and_then(<[_]>::first) {
            Some((key, _)) => key.line,
            None => node.line,
        };
        Self {
            id: text("id").unwrap_or_default(),
            name: text("name"),
            title: text("title").unwrap_or_default(),
            level: text("level")
                .and_then(|l| Level::parse(&l))
                .unwrap_or_default(),
            status: text("status"),
            description: text("description"),
            references: texts("references"),
            tags: texts("tags"),
            author: text("author"),
            falsepositives: texts("falsepositives"),
            fields: texts("fields"),
            logsource: node
                .get("logsource")
                .map(RuleLogSource::read)
                .unwrap_or_default(),
            date: text("date"),
            modified: text("modified"),
            ringfence: node.get("ringfence").map_or(Json::Null, Node::to_json),
            kind,
            file: file.to_owned(),
            line,
        }
    }

    /// A value of the `ringfence:` block.
    #[must_use]
    pub fn ringfence(&self, key: &str) -> Option<&Json> {
        self.ringfence
            .as_object()
            .and_then(|map: &Map<_, _>| map.get(key))
    }
}
