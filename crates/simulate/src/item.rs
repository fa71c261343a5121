//! One thing that a system reports.

use ringfence_event::Time;
use serde::Serialize;

use crate::ocsf;

/// A report, in the order of arrival.
#[derive(Debug, Clone)]
pub struct Item {
    /// When it arrives.
    pub at: Time,
    /// When it happened, by the clock of the system that reports it.
    pub time: Time,
    /// Which system reports it.
    pub feed: Feed,
    /// Where: the site that the feed's credential stands for.
    pub place: Place,
    pub(crate) number: u64,
    pub(crate) seed: u64,
    pub(crate) what: What,
}

/// A system that reports: each has its own source, and each place has its own of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Feed {
    /// The customer database: look-ups, searches, exports.
    Crm,
    /// The dialer or distributor: calls while they last.
    Dialer,
    /// The desktop: sign-in and state of agents.
    Agents,
    /// The recorder: recording and consent.
    Recorder,
    /// A capture at the SIP edge.
    Sip,
    /// Call detail records.
    Cdr,
    /// Log-ins.
    Auth,
}

/// A site of the center.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// Has a dialer that reports calls while they last.
    Main,
    /// Has detail records only.
    Branch,
}

impl Feed {
    /// Name for a source.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Crm => "crm",
            Self::Dialer => "dialer",
            Self::Agents => "agents",
            Self::Recorder => "recorder",
            Self::Sip => "sip",
            Self::Cdr => "cdr",
            Self::Auth => "auth",
        }
    }

    /// Falls silent in a silence of the telephony.
    pub(crate) const fn is_telephony(self) -> bool {
        matches!(self, Self::Dialer | Self::Agents | Self::Sip | Self::Cdr)
    }
}

impl Place {
    /// Name for a site.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Main => "main",
            Self::Branch => "branch",
        }
    }
}

impl Item {
    /// The producer's own id of the event (`metadata.uid`): the same in every run, so that a
    /// retry is told from a repetition.
    #[must_use]
    pub fn uid(&self) -> String {
        uid(self.seed, self.number)
    }

    /// The item as an OCSF event, as it is posted to the intake.
    #[must_use]
    pub fn to_ocsf_json(&self) -> serde_json::Value {
        ocsf::event(self)
    }
}

pub(crate) fn uid(seed: u64, number: u64) -> String {
    format!("sim-{seed:x}-{number:x}")
}

pub(crate) type AgentNo = u32;
pub(crate) type CustomerNo = u32;
pub(crate) type CallNo = u32;

/// What is reported. Small, because a shift has hundreds of thousands; text is made when it goes
/// out.
#[derive(Debug, Clone)]
pub(crate) enum What {
    SignIn(AgentNo),
    SignOut(AgentNo),
    State(AgentNo, State),
    Call(CallStep),
    Record(Box<Detail>),
    Recording(CallNo, AgentNo, u8),
    Consent(CallNo, AgentNo, u8),
    /// `activity` as in OCSF Web Resources Activity; how many records; whether from the agent's
    /// own machine.
    LookUp {
        agent: AgentNo,
        customer: Option<CustomerNo>,
        activity: u8,
        records: u32,
    },
    Logon {
        agent: AgentNo,
        elsewhere: bool,
        failed: bool,
    },
    Sip(Box<SipMessage>),
    /// A sign of life of a feed.
    Heartbeat,
    /// A log line about nothing in particular.
    Line(u32),
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum State {
    Available,
    OnCall,
    WrapUp,
    Away,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct CallStep {
    pub(crate) call: CallNo,
    /// As in our Call Activity.
    pub(crate) activity: u8,
    pub(crate) agent: Option<AgentNo>,
    pub(crate) customer: Option<CustomerNo>,
    /// Whose number is on the line.
    pub(crate) line: CustomerNo,
    pub(crate) outbound: bool,
    pub(crate) to: Option<AgentNo>,
    pub(crate) disposition: Option<&'static str>,
    /// Its SIP dialog is heard as well.
    pub(crate) signalled: bool,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Detail {
    pub(crate) call: CallNo,
    pub(crate) agent: Option<AgentNo>,
    pub(crate) customer: Option<CustomerNo>,
    pub(crate) line: CustomerNo,
    pub(crate) outbound: bool,
    pub(crate) start: Time,
    pub(crate) answer: Option<Time>,
    pub(crate) end: Time,
}

#[derive(Debug, Clone)]
pub(crate) struct SipMessage {
    /// The address at the other end.
    pub(crate) outside: String,
    /// The PBX sent it.
    pub(crate) ours: bool,
    pub(crate) method: &'static str,
    /// A response, with this status.
    pub(crate) status: Option<(u16, &'static str)>,
    pub(crate) call_id: String,
    pub(crate) from_user: String,
    pub(crate) to_user: String,
    pub(crate) agent: &'static str,
    pub(crate) transport: &'static str,
    pub(crate) credentials: bool,
}
