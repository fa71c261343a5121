//! The question: who, what, on what, in which circumstances.

use serde::Serialize;

use crate::{Action, Assignment};

/// What somebody is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Somebody with an account.
    Person,
    /// A program with a token.
    Service,
    /// Somebody without an account whom an authenticated telephone system reports as an agent.
    Agent,
}

/// Who asks, or is asked about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// What they are.
    pub kind: Kind,
    /// Their id in the state; names nobody to an outsider.
    pub id: String,
    /// How the telephony calls them.
    pub agent: Option<String>,
    /// The roles that they hold at this moment.
    pub roles: Vec<Assignment>,
}

/// On what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A program; [`crate::Program::All`] is the installation as a whole.
    Program(crate::Program),
    /// A customer's record in an application.
    CustomerRecord {
        /// Whose customer.
        program: String,
        /// The customer's id.
        customer: String,
    },
    /// The media of a call.
    Recording {
        /// Which recording.
        id: String,
        /// Whose call.
        program: String,
        /// Of which call.
        call: Option<String>,
    },
}

/// What the call join knows of an agent at the moment of the question.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CallNow {
    /// `live`, `wrap_up`, `none` or `unknown`.
    pub state: String,
    /// Why it is unknown.
    pub unknown: Option<String>,
    /// The call is with the customer in question.
    pub same_customer: Option<bool>,
    /// Whole minutes since the agent's last call ended.
    pub minutes_since: Option<i64>,
}

/// A question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask<'a> {
    /// Who.
    pub who: &'a Subject,
    /// What.
    pub action: Action,
    /// On what.
    pub on: &'a Target,
    /// Whether more than a password was shown in this session.
    pub mfa: bool,
    /// The call, for records.
    pub call: Option<&'a CallNow>,
    /// In the asker's words, why without a call.
    pub stated_reason: Option<&'a str>,
}
