//! What the call join knows about an event: the `call.*` facts.
//!
//! Rules ask for them by the names below; [`CallFacts::get`] is the one list of those names.

use serde::{Deserialize, Serialize, Serializer};

use crate::Looked;

/// `call.state`: what the agent that the event names was doing with the telephone at that moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallState {
    /// On a call (ringing at the agent counts).
    Live,
    /// The last call ended within the wrap-up window, or the agent is set to wrap-up.
    WrapUp,
    /// No call. Said only while the agent's telephony source is fresh.
    None,
    /// Not known: see `call.reason`.
    #[default]
    Unknown,
}

/// `call.reason`: why the state is unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unknown {
    /// The event names no agent.
    NoAgent,
    /// Facts that are under way may still change the answer; a revision follows within seconds.
    Settling,
    /// No telephony source has ever spoken for this site.
    NoTelephony,
    /// The site's telephony source has fallen silent: blind.
    TelephonySilent,
    /// The site reports calls only when they end; a revision follows when the record is due.
    CdrPending,
    /// The event's own time is not usable.
    TimeSkewed,
}

/// `call.direction`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// From outside to an agent.
    Inbound,
    /// From an agent to outside.
    Outbound,
    /// Between agents.
    Internal,
}

/// `call.consent`: recording consent on the call.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Consent {
    /// Nothing is known.
    #[default]
    Unknown,
    /// The announcement was played.
    Announced,
    /// Given.
    Given,
    /// Refused.
    Refused,
    /// Given, then withdrawn.
    Withdrawn,
}

/// `call.recording`: state of the recording.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecordingState {
    /// Nothing is known.
    #[default]
    Unknown,
    /// Recording.
    On,
    /// Paused.
    Paused,
    /// Stopped or not started.
    Off,
}

/// `call.agent_state`: the agent's state as the telephony reports it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AgentState {
    /// Nothing is known.
    #[default]
    Unknown,
    /// Ready for a call.
    Available,
    /// On a call.
    OnCall,
    /// After-call work.
    WrapUp,
    /// Signed in, not taking calls.
    Away,
    /// Signed out.
    Offline,
}

/// Everything that the join says about one event. Absent means not known.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct CallFacts {
    /// `call.state`.
    pub state: CallState,
    /// `call.reason`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Unknown>,
    /// `call.settled`: no revision of these facts is due.
    #[serde(default)]
    pub settled: bool,
    /// `call.uid`: minted by Ringfence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uid: Option<String>,
    /// `call.customer`: the customer that the call is with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<String>,
    /// `call.caller`: the outside number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caller: Option<String>,
    /// `call.agent`: agent on the call, for events that name only the call or its caller.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// `call.direction`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub direction: Option<Direction>,
    /// `call.same_customer`: the event's customer is the one on the call; absent while the call
    /// has no identified customer or the event names none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub same_customer: Option<bool>,
    /// `call.minutes_since`: since this agent's last call ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minutes_since: Option<f64>,
    /// `call.customer_minutes_since`: since the event's customer was last on, or tried to reach,
    /// any line of the site; 0 while they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer_minutes_since: Option<f64>,
    /// `call.consent`.
    #[serde(default)]
    pub consent: Consent,
    /// `call.recording`.
    #[serde(default)]
    pub recording: RecordingState,
    /// `call.attestation`: A, B or C.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attestation: Option<String>,
    /// `call.encrypted`: signalling and media of the call are encrypted as far as seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encrypted: Option<bool>,
    /// `call.agent_state`.
    #[serde(default)]
    pub agent_state: AgentState,
    /// `call.role`: the agent's role as signed in: `agent`, `supervisor`, `quality`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// `call.trusted`: the telephony behind these facts may decide about access.
    #[serde(default)]
    pub trusted: bool,
    /// `rf.after_hours`: outside the site's opening hours, by its own clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after_hours: Option<bool>,
}

/// Facts about one event, by its place on the spine. A later version replaces an earlier one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FactsRevision {
    /// Offset of the event on the spine.
    pub offset: u64,
    /// 1 for the first answer.
    pub version: u32,
    /// The facts.
    pub facts: CallFacts,
}

impl CallFacts {
    /// Names that rules may ask for.
    pub const NAMES: &'static [&'static str] = &[
        "call.state",
        "call.reason",
        "call.settled",
        "call.uid",
        "call.customer",
        "call.caller",
        "call.agent",
        "call.direction",
        "call.same_customer",
        "call.minutes_since",
        "call.customer_minutes_since",
        "call.consent",
        "call.recording",
        "call.attestation",
        "call.encrypted",
        "call.agent_state",
        "call.role",
        "call.trusted",
        "rf.after_hours",
    ];

    /// The value behind a name in [`Self::NAMES`]; `None` where it is not known.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Looked<'_>> {
        let text = |s: &'static str| Some(Looked::Text(s.into()));
        match name {
            "call.state" => text(match self.state {
                CallState::Live => "live",
                CallState::WrapUp => "wrap_up",
                CallState::None => "none",
                CallState::Unknown => "unknown",
            }),
            "call.reason" => text(match self.reason? {
                Unknown::NoAgent => "no_agent",
                Unknown::Settling => "settling",
                Unknown::NoTelephony => "no_telephony",
                Unknown::TelephonySilent => "telephony_silent",
                Unknown::CdrPending => "cdr_pending",
                Unknown::TimeSkewed => "time_skewed",
            }),
            "call.settled" => Some(Looked::Bool(self.settled)),
            "call.uid" => owned(self.uid.as_ref()),
            "call.customer" => owned(self.customer.as_ref()),
            "call.caller" => owned(self.caller.as_ref()),
            "call.agent" => owned(self.agent.as_ref()),
            "call.direction" => text(match self.direction? {
                Direction::Inbound => "inbound",
                Direction::Outbound => "outbound",
                Direction::Internal => "internal",
            }),
            "call.same_customer" => self.same_customer.map(Looked::Bool),
            "call.minutes_since" => self.minutes_since.map(Looked::Float),
            "call.customer_minutes_since" => self.customer_minutes_since.map(Looked::Float),
            "call.consent" => text(match self.consent {
                Consent::Unknown => "unknown",
                Consent::Announced => "announced",
                Consent::Given => "given",
                Consent::Refused => "refused",
                Consent::Withdrawn => "withdrawn",
            }),
            "call.recording" => text(match self.recording {
                RecordingState::Unknown => "unknown",
                RecordingState::On => "on",
                RecordingState::Paused => "paused",
                RecordingState::Off => "off",
            }),
            "call.attestation" => owned(self.attestation.as_ref()),
            "call.encrypted" => self.encrypted.map(Looked::Bool),
            "call.agent_state" => text(match self.agent_state {
                AgentState::Unknown => "unknown",
                AgentState::Available => "available",
                AgentState::OnCall => "on_call",
                AgentState::WrapUp => "wrap_up",
                AgentState::Away => "away",
                AgentState::Offline => "offline",
            }),
            "call.role" => owned(self.role.as_ref()),
            "call.trusted" => Some(Looked::Bool(self.trusted)),
            "rf.after_hours" => self.after_hours.map(Looked::Bool),
            _ => None,
        }
    }

    /// All known facts under their names as a JSON object, for the lake and the API.
    #[must_use]
    pub fn to_json(&self) -> String {
        // Texts, truth values and numbers always serialise.
        serde_json::to_string(&Named(self)).unwrap_or_default()
    }
}

/// Facts under the names of [`CallFacts::NAMES`].
struct Named<'a>(&'a CallFacts);

impl Serialize for Named<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let known = |name: &&'static str| Some((*name, self.0.get(name)?));
        // A number that JSON cannot say is not known either.
        let sound =
            |(_, value): &(_, Looked<'_>)| !matches!(value, Looked::Float(n) if !n.is_finite());
        to.collect_map(CallFacts::NAMES.iter().filter_map(known).filter(sound))
    }
}

fn owned(s: Option<&String>) -> Option<Looked<'_>> {
    s.map(|s| Looked::Text(s.as_str().into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_that_is_set_can_be_asked_for() {
        let facts = CallFacts {
            reason: Some(Unknown::Settling),
            uid: Some("u".into()),
            customer: Some("c".into()),
            caller: Some("+1".into()),
            agent: Some("a".into()),
            direction: Some(Direction::Inbound),
            same_customer: Some(true),
            minutes_since: Some(1.5),
            customer_minutes_since: Some(0.0),
            attestation: Some("A".into()),
            encrypted: Some(false),
            role: Some("agent".into()),
            after_hours: Some(false),
            ..CallFacts::default()
        };
        let told: crate::Map = serde_json::from_str(&facts.to_json()).unwrap();
        assert_eq!(told.len(), CallFacts::NAMES.len());
        assert!(facts.get("call.nothing").is_none());
    }
}
