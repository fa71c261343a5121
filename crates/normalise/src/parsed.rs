//! A record after reading, before it is mapped.

use std::fmt;

use ringfence_event::{Map, Severity, Time};
use serde::Serialize;

/// What a record is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
#[repr(u8)]
pub enum Format {
    /// A JSON object.
    Json = 1,
    /// A row of a table.
    Csv = 2,
    /// `key=value` pairs.
    Kv = 4,
    /// ArcSight Common Event Format.
    Cef = 8,
    /// RFC 5424 or RFC 3164.
    Syslog = 16,
    /// A line of text without known structure.
    Text = 32,
    /// Log Event Extended Format.
    Leef = 64,
}

impl Format {
    /// All formats.
    pub const ALL: [Self; 7] = [
        Self::Json,
        Self::Csv,
        Self::Kv,
        Self::Cef,
        Self::Leef,
        Self::Syslog,
        Self::Text,
    ];

    /// The format as mapping files write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Csv => "csv",
            Self::Kv => "kv",
            Self::Cef => "cef",
            Self::Syslog => "syslog",
            Self::Text => "text",
            Self::Leef => "leef",
        }
    }
}

/// A set of formats: a JSON object inside syslog is both.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Formats(u8);

impl Formats {
    /// Adds one.
    pub const fn add(&mut self, format: Format) {
        self.0 |= format as u8;
    }

    /// Whether it is in the set.
    #[must_use]
    pub const fn has(self, format: Format) -> bool {
        self.0 & format as u8 != 0
    }

    /// Whether the sets share a format.
    #[must_use]
    pub const fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

impl From<Format> for Formats {
    fn from(format: Format) -> Self {
        Self(format as u8)
    }
}

impl fmt::Display for Formats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = Format::ALL
            .into_iter()
            .filter(|format| self.has(*format))
            .map(Format::as_str)
            .collect();
        f.write_str(&names.join(" in "))
    }
}

/// The fields of one record under their own names, and what its frame says about it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Parsed {
    /// What it is.
    pub formats: Formats,
    /// Its fields.
    pub fields: Map,
    /// Its text, where it is not JSON.
    pub raw: Option<String>,
    /// Time that the frame carries (syslog header, CEF `rt`, HEC `time`, OTLP).
    pub time: Option<Time>,
    /// Severity that the frame carries.
    pub severity: Option<Severity>,
    /// Its line for a person.
    pub message: Option<String>,
    /// Identity that its producer gave it outside of its fields.
    pub uid: Option<String>,
    /// Secrets in it were masked.
    pub masked: bool,
}

impl Parsed {
    /// Adds a field unless the record has one of that name already.
    pub fn fill(&mut self, name: &str, value: impl Into<serde_json::Value>) {
        if !self.fields.contains_key(name) {
            self.fields.insert(name.to_owned(), value.into());
        }
    }
}
