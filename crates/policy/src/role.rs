//! The roles, and who holds one where.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What somebody does in a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Serves customers.
    Agent,
    /// Leads agents.
    Supervisor,
    /// Hears calls to judge how they went.
    QualityReviewer,
    /// Works with alerts and events.
    Analyst,
    /// Looks after telephony and sources.
    TelephonyEngineer,
    /// Answers to those whose data it is.
    PrivacyOfficer,
    /// Sees everything for a time and changes nothing.
    Auditor,
    /// Decides who may do what and runs the product.
    Administrator,
    /// An application that sends events and asks for decisions.
    Integration,
    /// A directory that makes accounts and switches them off.
    Provisioner,
    /// The token of scripts on the machine itself.
    Automation,
}

/// All roles.
pub const ROLES: [Role; 11] = [
    Role::Agent,
    Role::Supervisor,
    Role::QualityReviewer,
    Role::Analyst,
    Role::TelephonyEngineer,
    Role::PrivacyOfficer,
    Role::Auditor,
    Role::Administrator,
    Role::Integration,
    Role::Provisioner,
    Role::Automation,
];

impl Role {
    /// As policies, the API and the database write it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Supervisor => "supervisor",
            Self::QualityReviewer => "quality_reviewer",
            Self::Analyst => "analyst",
            Self::TelephonyEngineer => "telephony_engineer",
            Self::PrivacyOfficer => "privacy_officer",
            Self::Auditor => "auditor",
            Self::Administrator => "administrator",
            Self::Integration => "integration",
            Self::Provisioner => "provisioner",
            Self::Automation => "automation",
        }
    }

    /// As a sentence says it.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::QualityReviewer => "quality reviewer",
            Self::TelephonyEngineer => "telephony engineer",
            Self::PrivacyOfficer => "privacy officer",
            other => other.name(),
        }
    }

    /// Whether people may be given it; the others are for programs.
    #[must_use]
    pub fn is_for_people(self) -> bool {
        !matches!(
            self,
            Self::Integration | Self::Provisioner | Self::Automation
        )
    }

    /// Whether programs may be given it; the others are for people. A supervisor hears recordings,
    /// which nobody who may make services does.
    #[must_use]
    pub fn is_for_services(self) -> bool {
        matches!(
            self,
            Self::Analyst
                | Self::Auditor
                | Self::TelephonyEngineer
                | Self::Integration
                | Self::Provisioner
                | Self::Automation
        )
    }

    /// Whether it is given for a time only.
    #[must_use]
    pub fn must_expire(self) -> bool {
        self == Self::Auditor
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Role {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        ROLES
            .into_iter()
            .find(|role| role.name() == text)
            .ok_or_else(|| {
                let all = ROLES.map(Role::name).join("`, `");
                format!("a role is one of `{all}`")
            })
    }
}

/// Where a role holds.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Program {
    /// In every program, and for the installation as a whole; written `*`.
    All,
    /// In this one.
    One(String),
}

impl Program {
    /// As Cedar's entities are called; `*` is no program's name (names are letters, digits, `._-`).
    #[must_use]
    pub fn id(&self) -> &str {
        match self {
            Self::All => "*",
            Self::One(name) => name,
        }
    }
}

impl From<&str> for Program {
    fn from(text: &str) -> Self {
        match text {
            "*" => Self::All,
            name => Self::One(name.to_owned()),
        }
    }
}

/// Somebody holds a role in a program.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Assignment {
    /// Which.
    pub role: Role,
    /// Where.
    pub program: Program,
}
