//! What can be wrong with a rule, said to the person who wrote it.

/// A rule, filter, correlation or test file that could not be used, and where.
///
/// Only the document named here is left out; everything else still loads.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}: {problem}")]
pub struct RuleError {
    /// The file as the caller named it.
    pub file: String,
    /// Line in the file, counted from 1.
    pub line: usize,
    /// Id, name or title of the rule, where it was readable.
    pub rule: Option<String>,
    /// What is wrong and what to do.
    pub problem: Box<Problem>,
}

/// The kinds of mistake. The text of each says what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// The file is not YAML.
    #[error("not valid YAML: {0}")]
    Yaml(String),
    /// The input is larger, deeper or wider than allowed.
    #[error("{what} is over the limit of {limit}; split it")]
    TooLarge {
        /// What is too large.
        what: &'static str,
        /// The limit, in the unit that `what` names.
        limit: usize,
    },
    /// A document is none of rule, correlation, filter.
    #[error("found no `detection`, `correlation` or `filter` section; add one of them")]
    NotARule,
    /// A required attribute is absent.
    #[error("`{0}` is missing; add it")]
    Missing(&'static str),
    /// An attribute has the wrong shape or value.
    #[error("`{what}` must be {expected}")]
    Expected {
        /// The attribute.
        what: String,
        /// What it should have been.
        expected: &'static str,
    },
    /// A modifier that Sigma does not define.
    #[error("unknown modifier `{0}`; see the Sigma modifiers appendix for those that exist")]
    UnknownModifier(String),
    /// Modifiers that contradict each other.
    #[error("modifiers of `{field}` do not fit together: {why}")]
    Modifiers {
        /// The field with its modifiers as written.
        field: String,
        /// What does not fit.
        why: &'static str,
    },
    /// A value that its modifier cannot use.
    #[error("value `{value}` of `{field}` {why}")]
    Value {
        /// The field with its modifiers as written.
        field: String,
        /// The value, shortened.
        value: String,
        /// Why it cannot be used.
        why: String,
    },
    /// A placeholder without a definition.
    #[error("placeholder `%{0}%` has no values; define it in the configuration")]
    Placeholder(String),
    /// The condition does not parse.
    #[error("condition `{condition}`: {why}")]
    Condition {
        /// The condition, shortened.
        condition: String,
        /// What is wrong with it.
        why: String,
    },
    /// Two rules share an id or a name.
    #[error("`{id}` is already used at {first}; give this one a new id or name")]
    Duplicate {
        /// The shared id or name.
        id: String,
        /// File and line of the rule that keeps it.
        first: String,
    },
    /// A correlation or filter names a rule that is not loaded.
    #[error("rule `{0}` is not loaded; load it too or correct the reference")]
    UnknownRule(String),
    /// Correlations that refer to each other in a circle.
    #[error("correlation refers to itself through `{0}`; break the circle")]
    Cycle(String),
    /// Valid Sigma that this engine does not evaluate yet.
    #[error("{0} is not supported yet")]
    NotSupported(String),
}

/// Shortens text for an error message, on a character boundary.
pub(crate) fn shorten(text: &str) -> String {
    const MOST: usize = 120;
    let mut out: String = text.chars().take(MOST).collect();
    if out.len() < text.len() {
        out.push('…');
    }
    out
}
