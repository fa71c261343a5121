//! What really happened.

use ringfence_event::Time;
use serde::Serialize;

/// The ground truth of a story.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Truth {
    /// Agents who look records up without a reason.
    pub insiders: Vec<String>,
    /// Their look-ups, one for each event.
    pub illicit: Vec<Illicit>,
    /// When the telephony feeds were silent.
    pub silences: Vec<Silence>,
    /// Agents whose log-in is used in two places at once.
    pub shared_logins: Vec<String>,
    /// Addresses that attack the SIP edge.
    pub attackers: Vec<String>,
}

/// One illegitimate look-up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Illicit {
    /// Who.
    pub agent: String,
    /// `metadata.uid` of the event.
    pub uid: String,
    /// When, by the true clock.
    pub time: Time,
    /// How it was hidden.
    pub way: Way,
    /// The agent was on no call and more than the wrap-up window (3 minutes) away from the last,
    /// while the telephony could be heard: nobody can find the others by calls.
    pub exposed: bool,
}

/// How an insider goes about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// In the pause after a call.
    BetweenCalls,
    /// A few records during a break.
    Break,
    /// Many records in a few minutes.
    Bulk,
    /// An export after the shift.
    AfterHoursExport,
}

/// A span without telephony events, by the true clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Silence {
    /// First moment of it.
    pub from: Time,
    /// First moment after it.
    pub to: Time,
    /// What was missed was delivered afterwards.
    pub backlog: bool,
}
