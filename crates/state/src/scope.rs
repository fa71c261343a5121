//! Which programs a caller may see.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// The programs of a caller. It becomes part of every statement's `WHERE`, so that a
/// row outside it is not filtered out later but never read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Every program: the administrator of the whole installation, and the product's
    /// own work.
    All,
    /// These programs; an empty set sees nothing.
    Programs(BTreeSet<String>),
}

impl Scope {
    /// A scope of one program.
    #[must_use]
    pub fn program(name: impl Into<String>) -> Self {
        Self::Programs(BTreeSet::from([name.into()]))
    }

    /// Whether rows of `program` lie inside.
    #[must_use]
    pub fn allows(&self, program: &str) -> bool {
        match self {
            Self::All => true,
            Self::Programs(programs) => programs.contains(program),
        }
    }

    /// Whether everything `other` sees lies inside.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::All, _) => true,
            (Self::Programs(_), Self::All) => false,
            (Self::Programs(mine), Self::Programs(theirs)) => theirs.is_subset(mine),
        }
    }

    /// How a scope is stored with a principal or a webhook.
    pub(crate) fn to_text(&self) -> String {
        match self {
            Self::All => "*".to_owned(),
            Self::Programs(programs) => serde_json::json!(programs).to_string(),
        }
    }

    /// Reads what [`Scope::to_text`] wrote; anything else is nothing, never everything.
    pub(crate) fn from_text(text: &str) -> Self {
        match text {
            "*" => Self::All,
            other => Self::Programs(serde_json::from_str(other).unwrap_or_default()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn survives_storage_and_fails_closed() {
        for scope in [
            Scope::All,
            Scope::program("bank"),
            Scope::Programs(BTreeSet::new()),
        ] {
            assert_eq!(Scope::from_text(&scope.to_text()), scope);
        }
        assert!(!Scope::from_text("garbage").allows("bank"));
    }
}
