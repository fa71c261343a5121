//! What is wrong with a policy file, and where.

use std::fmt;

use miette::Diagnostic;

/// A file of policies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyFile {
    /// As mistakes name it.
    pub name: String,
    /// Cedar.
    pub text: String,
}

/// Something that is wrong with a file. One is enough for the whole set to be refused: a policy that
/// is left out may have been a prohibition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// Of which file.
    pub file: String,
    /// Line from 1, where one is known.
    pub line: Option<usize>,
    /// In words.
    pub reason: String,
}

impl Mistake {
    pub(crate) fn new(file: &str, line: Option<usize>, reason: impl Into<String>) -> Self {
        Self {
            file: file.to_owned(),
            line,
            reason: reason.into(),
        }
    }

    /// What Cedar says of a text, with the line of the first place that it points to.
    pub(crate) fn of(file: &PolicyFile, error: &dyn Diagnostic) -> Self {
        let mut reason = error.to_string();
        if let Some(help) = error.help() {
            reason.push_str(&format!(": {help}"));
        }
        let offset = error
            .labels()
            .and_then(|mut labels| labels.next())
            .map(|label| label.offset());
        let line = offset.and_then(|at| Some(line_of(file.text.get(..at)?)));
        Self::new(&file.name, line, reason)
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}: {}", self.file, self.reason),
            None => write!(f, "{}: {}", self.file, self.reason),
        }
    }
}

impl std::error::Error for Mistake {}

/// The line, from 1, on which a text ends.
pub(crate) fn line_of(before: &str) -> usize {
    before.matches('\n').count() + 1
}
