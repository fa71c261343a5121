//! `ringfence doctor`: what is misconfigured, each with what to do.
//!
//! Three places are looked at. The machine ([`machine`]): the data folder, its disk, the clock,
//! limits. The configuration: what `serve` would refuse, and whether providers of sign-in answer. And how it all goes ([`picture`]), which a
//! running server tells through its API and a data folder tells by itself, so that the same
//! questions are asked of both.

mod machine;
mod picture;
mod providers;
mod stored;

use serde::Serialize;

pub use machine::machine;
pub use picture::{PICTURE_SQL, Picture};
pub use providers::providers;
pub use stored::stored;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Something will go wrong, or is seen less well than it could be.
    Warning,
    /// Something does not work, or does not protect.
    Error,
}

/// One thing that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Complaint {
    /// Explained by `ringfence explain`.
    pub code: &'static str,
    /// How bad it is.
    pub level: Level,
    /// What it is about: a file, a source, a setting.
    pub about: String,
    /// What is wrong.
    pub what: String,
    /// What to do.
    pub todo: String,
}

impl Complaint {
    fn new(code: &'static str, level: Level, about: impl Into<String>) -> Self {
        Self {
            code,
            level,
            about: about.into(),
            what: String::new(),
            todo: String::new(),
        }
    }

    fn what(mut self, text: impl Into<String>) -> Self {
        self.what = text.into();
        self
    }

    fn todo(mut self, text: impl Into<String>) -> Self {
        self.todo = text.into();
        self
    }
}

/// A mistake in the configuration, as `serve` tells it.
#[must_use]
pub fn configuration(text: &str) -> Vec<Complaint> {
    text.lines()
        .map(|line| {
            Complaint::new("E-CONF-001", Level::Error, "configuration")
                .what(line)
                .todo("correct the line; docs/configuration.md lists every key")
        })
        .collect()
}
