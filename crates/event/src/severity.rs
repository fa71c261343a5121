//! Severity as OCSF numbers it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// OCSF `severity_id`.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[serde(into = "u8", from = "u8")]
#[repr(u8)]
pub enum Severity {
    /// 0: not known.
    #[default]
    Unknown = 0,
    /// 1: no action needed.
    Informational = 1,
    /// 2: a person decides whether action is needed.
    Low = 2,
    /// 3: action is needed, not at once.
    Medium = 3,
    /// 4: action is needed at once.
    High = 4,
    /// 5: action is needed at once and the scope is broad.
    Critical = 5,
    /// 6: it is too late to prevent, and grave.
    Fatal = 6,
    /// 99: another value of the source.
    Other = 99,
}

impl Severity {
    /// OCSF caption.
    #[must_use]
    pub const fn caption(self) -> &'static str {
        match self {
            Self::Unknown => "Unknown",
            Self::Informational => "Informational",
            Self::Low => "Low",
            Self::Medium => "Medium",
            Self::High => "High",
            Self::Critical => "Critical",
            Self::Fatal => "Fatal",
            Self::Other => "Other",
        }
    }

    /// OCSF `severity_id`.
    #[must_use]
    pub const fn id(self) -> u8 {
        self as u8
    }
}

impl From<Severity> for u8 {
    fn from(s: Severity) -> Self {
        s.id()
    }
}

impl From<u8> for Severity {
    fn from(n: u8) -> Self {
        match n {
            0 => Self::Unknown,
            1 => Self::Informational,
            2 => Self::Low,
            3 => Self::Medium,
            4 => Self::High,
            5 => Self::Critical,
            6 => Self::Fatal,
            _ => Self::Other,
        }
    }
}

impl FromStr for Severity {
    type Err = ();

    /// Reads OCSF captions and Sigma levels, in any case.
    fn from_str(s: &str) -> Result<Self, ()> {
        Ok(match s.to_ascii_lowercase().as_str() {
            "informational" | "info" => Self::Informational,
            "low" => Self::Low,
            "medium" => Self::Medium,
            "high" => Self::High,
            "critical" => Self::Critical,
            "fatal" => Self::Fatal,
            "unknown" => Self::Unknown,
            _ => return Err(()),
        })
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.caption())
    }
}
