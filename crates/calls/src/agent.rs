//! One agent: calls, states and role, as intervals that can be asked about any recent moment.

use std::collections::VecDeque;
use std::sync::Arc;

use ringfence_event::{AgentState, Time};
use serde::{Deserialize, Serialize};

use crate::JoinConfig;
use crate::call::Leg;
use crate::timeline::Timeline;

const LEGS: usize = 64;
const JUDGED: usize = 256;
/// A state that an agent's system reports this soon after a call began may be of the time before
/// it: two systems, two clocks.
const STATE_SLACK: i64 = 5_000;

#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Agent {
    pub(crate) role: Option<Role>,
    pub(crate) extension: Option<Arc<str>>,
    /// Which of the site's sources have spoken about this agent's telephone; a bit each.
    pub(crate) sources: u64,
    pub(crate) states: Timeline<State, 64>,
    /// When this agent's telephone was heard of.
    pub(crate) touched: Timeline<(), 64>,
    /// By beginning.
    legs: Vec<Leg>,
    /// Offsets of this agent's answered look-ups, oldest first.
    pub(crate) judged: VecDeque<u64>,
    /// The latest moment that one of them was about.
    #[serde(default)]
    pub(crate) judged_to: Option<Time>,
    /// Evidence about this time or later came after answers: answers since then are judged again.
    pub(crate) dirty_from: Option<Time>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Role {
    pub(crate) name: String,
    pub(crate) since: Time,
    pub(crate) trusted: bool,
}

/// [`AgentState`] with an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum State {
    Offline,
    Available,
    Away,
    WrapUp,
    OnCall,
}

/// What the agent was doing at a moment.
#[derive(Debug, Clone)]
pub(crate) enum Doing<'a> {
    /// On these calls, the one that says most first; none are known if only the state says so.
    Live(Vec<&'a Leg>),
    /// After-call work; of this call, if it is known.
    WrapUp(Option<&'a Leg>),
    Idle,
}

impl Agent {
    pub(crate) fn set_role(&mut self, name: &str, since: Time, trusted: bool) {
        let newer = self.role.as_ref().is_none_or(|r| {
            // Nobody talks himself into a role over a feed that anyone can forge.
            (trusted && !r.trusted) || (trusted == r.trusted && since >= r.since)
        });
        if newer {
            let name = name.to_owned();
            self.role = Some(Role {
                name,
                since,
                trusted,
            });
        }
    }

    pub(crate) fn replace_legs(&mut self, call: u64, legs: impl Iterator<Item = Leg>) {
        self.legs.retain(|l| l.call != call);
        for leg in legs {
            let place = self
                .legs
                .partition_point(|l| (l.from, l.call) < (leg.from, leg.call));
            self.legs.insert(place, leg);
        }
        while self.legs.len() > LEGS {
            // Forged calls push out forged calls first.
            let gone = self.legs.iter().position(|l| !l.trusted).unwrap_or(0);
            self.legs.remove(gone);
        }
    }

    /// Remembers an answered look-up about `t`; returns one that is forgotten for it.
    pub(crate) fn remember(&mut self, offset: u64, t: Time) -> Option<u64> {
        self.judged_to = self.judged_to.max(Some(t));
        self.judged.push_back(offset);
        (self.judged.len() > JUDGED)
            .then(|| self.judged.pop_front())
            .flatten()
    }

    /// When a leg ended or, where nobody said, must have ended: the agent's next state that a
    /// call does not allow, or the longest that a call may last.
    pub(crate) fn end_of(&self, leg: &Leg, config: &JoinConfig) -> Time {
        if let Some(to) = leg.to {
            return to;
        }
        let begun = leg.answered.unwrap_or(leg.from);
        let freed = |s: State| matches!(s, State::Available | State::WrapUp | State::Offline);
        self.states
            .after(begun + STATE_SLACK)
            .find(|(_, s)| freed(*s))
            .map_or(leg.from + config.max_call_ms, |(at, _)| {
                at.min(leg.from + config.max_call_ms)
            })
    }
}

/// An agent as far as a moment is asked about.
pub(crate) trait Seen {
    /// A leg as it is kept here.
    type Kept: AsRef<Leg>;

    /// The agent's legs by beginning.
    fn legs(&self) -> &[Self::Kept];

    /// When a leg ended or must have ended.
    fn end(&self, leg: &Self::Kept, config: &JoinConfig) -> Time;

    /// What the agent's own system said at `t`, and since when.
    fn state(&self, t: Time) -> Option<(Time, State)>;

    /// When the agent's telephone was last heard of at `t`.
    fn heard_of(&self, t: Time) -> Option<Time>;

    /// Which of the site's sources have spoken about it.
    fn sources(&self) -> u64;

    fn doing(&self, t: Time, config: &JoinConfig) -> Doing<'_> {
        let live = self
            .legs()
            .iter()
            .filter(|l| l.as_ref().from - config.slack_ms <= t && t < self.end(l, config));
        let mut live: Vec<&Leg> = live.map(AsRef::as_ref).collect();
        let state = self.state(t);
        if !live.is_empty() || self.says_on_call(state, t, config) {
            // The word of a trusted source first, then talking before ringing, then the latest.
            live.sort_by_key(|l| (!l.trusted, l.answered.is_none(), -l.from.0));
            return Doing::Live(live);
        }
        let last = self.last_ended(t, config);
        if let Some((leg, end)) = last
            && t.since(end) <= config.wrap_up_ms
        {
            return Doing::WrapUp(Some(leg));
        }
        match state {
            Some((since, State::WrapUp)) if t.since(since) <= config.max_wrap_up_ms => {
                Doing::WrapUp(last.map(|(leg, _)| leg))
            }
            _ => Doing::Idle,
        }
    }

    /// The agent's last answered call that was over at `t`, and when it was.
    fn last_ended(&self, t: Time, config: &JoinConfig) -> Option<(&Leg, Time)> {
        let answered = self.legs().iter().filter(|l| l.as_ref().answered.is_some());
        answered
            .map(|l| (l.as_ref(), self.end(l, config)))
            .filter(|(_, end)| *end <= t)
            .max_by_key(|(_, end)| *end)
    }

    /// A call of this agent begins after `t`.
    fn next_after(&self, t: Time) -> Option<&Leg> {
        let mut legs = self.legs().iter().map(AsRef::as_ref);
        legs.find(|l| l.from > t)
    }

    /// The state counts unless a call that it was about has been seen to end.
    fn says_on_call(&self, state: Option<(Time, State)>, t: Time, config: &JoinConfig) -> bool {
        let Some((since, State::OnCall)) = state else {
            return false;
        };
        let over = |l: &Leg| l.to.is_some_and(|to| to <= t && to > since);
        t.since(since) <= config.max_call_ms && !self.legs().iter().any(|l| over(l.as_ref()))
    }
}

impl Seen for Agent {
    type Kept = Leg;

    fn legs(&self) -> &[Leg] {
        &self.legs
    }

    fn end(&self, leg: &Leg, config: &JoinConfig) -> Time {
        self.end_of(leg, config)
    }

    fn state(&self, t: Time) -> Option<(Time, State)> {
        self.states.at(t)
    }

    fn heard_of(&self, t: Time) -> Option<Time> {
        self.touched.at(t).map(|(at, ())| at)
    }

    fn sources(&self) -> u64 {
        self.sources
    }
}

impl State {
    pub(crate) fn of(s: AgentState) -> Option<Self> {
        Some(match s {
            AgentState::Unknown => return None,
            AgentState::Available => Self::Available,
            AgentState::OnCall => Self::OnCall,
            AgentState::WrapUp => Self::WrapUp,
            AgentState::Away => Self::Away,
            AgentState::Offline => Self::Offline,
        })
    }
}

impl From<State> for AgentState {
    fn from(s: State) -> Self {
        match s {
            State::Available => Self::Available,
            State::OnCall => Self::OnCall,
            State::WrapUp => Self::WrapUp,
            State::Away => Self::Away,
            State::Offline => Self::Offline,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leg(call: u64, from: i64, to: Option<i64>) -> Leg {
        Leg {
            call,
            from: Time(from * 1_000),
            answered: Some(Time(from * 1_000)),
            to: to.map(|t| Time(t * 1_000)),
            trusted: true,
        }
    }

    fn agent(legs: &[Leg]) -> Agent {
        let mut a = Agent::default();
        for l in legs {
            a.replace_legs(l.call, [l.clone()].into_iter());
        }
        a
    }

    fn doing(a: &Agent, t: i64) -> &'static str {
        match a.doing(Time(t * 1_000), &JoinConfig::default()) {
            Doing::Live(_) => "live",
            Doing::WrapUp(_) => "wrap_up",
            Doing::Idle => "idle",
        }
    }

    #[test]
    fn two_calls_at_once() {
        let a = agent(&[leg(1, 100, Some(200)), leg(2, 150, Some(400))]);
        assert_eq!(doing(&a, 50), "idle");
        assert_eq!(doing(&a, 99), "live", "clocks differ a little");
        assert_eq!(doing(&a, 300), "live");
        assert_eq!(doing(&a, 580), "wrap_up");
        assert_eq!(doing(&a, 581), "idle");
    }

    #[test]
    fn a_lost_end_is_made_good_by_the_next_state_or_the_bound() {
        let mut a = agent(&[leg(1, 100, None)]);
        assert_eq!(doing(&a, 100 + 4 * 3_600 - 1), "live");
        assert_eq!(doing(&a, 100 + 5 * 3_600), "idle");
        a.states.add(Time(103_000), State::Available);
        assert_eq!(doing(&a, 300), "live", "may be of the time before the call");
        a.states.add(Time(200_000), State::Available);
        assert_eq!(doing(&a, 190), "live");
        assert_eq!(doing(&a, 390), "idle");
    }

    #[test]
    fn a_state_alone_is_enough_and_bounded() {
        let mut a = Agent::default();
        a.states.add(Time(0), State::OnCall);
        assert_eq!(doing(&a, 60), "live");
        assert_eq!(doing(&a, 5 * 3_600), "idle");
        a.states.add(Time(100_000), State::WrapUp);
        assert_eq!(doing(&a, 100 + 14 * 60), "wrap_up");
        assert_eq!(doing(&a, 100 + 16 * 60), "idle", "no hiding behind a state");
    }

    #[test]
    fn an_on_call_state_whose_call_ended_is_over() {
        let mut a = agent(&[leg(1, 10, Some(100))]);
        a.states.add(Time(11_000), State::OnCall);
        assert_eq!(doing(&a, 290), "idle");
    }

    #[test]
    fn a_forged_role_does_not_replace_a_trusted_one() {
        let mut a = Agent::default();
        a.set_role("agent", Time(5), true);
        a.set_role("supervisor", Time(9), false);
        assert_eq!(a.role.as_ref().unwrap().name, "agent");
        a.set_role("quality", Time(9), true);
        assert_eq!(a.role.as_ref().unwrap().name, "quality");
    }
}
