//! What a shift is like.

use ringfence_event::Time;
use serde::{Deserialize, Serialize};

use crate::Story;

/// A shift to simulate. The default is story 1 of the design: 200 agents, 3 of them insiders, for
/// 8 hours, with everything that makes honest work look suspicious.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Shift {
    /// The same seed gives the same story.
    pub seed: u64,
    /// People at work, supervisors and quality staff included.
    pub agents: u32,
    /// How many of them look records up without a reason.
    pub insiders: u32,
    /// Length in hours.
    pub hours: u32,
    /// When it begins.
    pub start: Time,
    /// How many of the agents work at a branch ([`crate::Place::Branch`]) whose telephone system
    /// reports calls only when they end. Its items need a credential of another site than the
    /// rest.
    pub branch_agents: u32,
    /// How often the telephony feeds fall silent for some minutes.
    pub silences: u32,
    /// SIP attackers at the edge.
    pub attackers: bool,
    /// Each call's SIP dialog with the carrier, as an edge reports it.
    pub signalling: bool,
    /// Log lines and log-ins that have nothing to do with calls.
    pub noise: bool,
    /// Customers of the center.
    pub customers: u32,
    /// Mean time between an agent's after-call work and the next call, in seconds: the less, the
    /// more calls.
    pub idle_seconds: u32,
}

impl Default for Shift {
    fn default() -> Self {
        Self {
            seed: 1,
            agents: 200,
            insiders: 3,
            hours: 8,
            start: Time(1_767_362_400_000),
            branch_agents: 20,
            silences: 1,
            attackers: true,
            signalling: false,
            noise: true,
            customers: 50_000,
            idle_seconds: 75,
        }
    }
}

impl Shift {
    /// The default shift with another seed.
    #[must_use]
    pub fn of_seed(seed: u64) -> Self {
        Self {
            seed,
            ..Self::default()
        }
    }

    /// Tells the story of this shift.
    #[must_use]
    pub fn run(&self) -> Story {
        Story::of(self)
    }

    pub(crate) fn end(&self) -> Time {
        self.start + i64::from(self.hours) * 3_600_000
    }
}
