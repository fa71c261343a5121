//! The answer to one question: what was this agent doing with the telephone at that moment?

use std::sync::Arc;

use ringfence_event::{CallFacts, CallState, Time, Unknown};
use serde::{Deserialize, Serialize};

use crate::JoinConfig;
use crate::agent::{Agent, Doing, Seen};
use crate::call::Leg;
use crate::describe::minutes;
use crate::sight::{Sight, Telephony};
use crate::site::Site;

/// What an event asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Question {
    pub(crate) agent: Option<Arc<str>>,
    pub(crate) customer: Option<Arc<str>>,
    pub(crate) number: Option<Arc<str>>,
    /// A call that the event names itself.
    pub(crate) call: Option<u64>,
    /// The event's time by our clock.
    pub(crate) t: Time,
    /// Receive time.
    pub(crate) arrived: Time,
    /// The event's time is not usable.
    pub(crate) skewed: bool,
}

/// An answer and what it rests on.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Answer {
    pub(crate) facts: CallFacts,
    pub(crate) rests: Rests,
}

/// Whether more evidence is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rests {
    /// On evidence; only late evidence can change it.
    Firm,
    /// On nothing newer than the event: wait, if there is time.
    Wait,
    /// On a silence, which a backlog may still fill, or on its being a usual one.
    Silence,
    /// On a detail record that is due later.
    Record,
}

impl Site {
    /// Judges with what is known now. With `last`, there is no time to wait.
    pub(crate) fn judge(&self, q: &Question, now: Time, last: bool, config: &JoinConfig) -> Answer {
        let mut facts = CallFacts::default();
        let mut rests = Rests::Firm;
        let named = q.call.and_then(|c| self.calls.get(c));
        // An event that names only a call or its caller is about the agent on that call.
        let on_it = named.and_then(|c| on_call(c, q, config));
        let id = q.agent.as_ref().or(on_it.as_ref());
        let agent = id.and_then(|id| self.agents.get(id));
        let mut legs: Vec<&Leg> = Vec::new();

        if let Some(named) = named {
            self.describe(&mut facts, named, q.t, config);
        }
        match id {
            None => facts.reason = Some(Unknown::NoAgent),
            Some(_) if q.skewed => facts.reason = Some(Unknown::TimeSkewed),
            Some(_) => {
                let judged = self.telephony().judge(agent, q.t, now, last, config);
                (facts.state, facts.reason) = (judged.state, judged.reason);
                facts.trusted = judged.trusted;
                (legs, rests) = (judged.legs, judged.rests);
            }
        }
        // Of an event that names its call, the agent's other call says nothing: a refused attempt
        // is not recorded because the agent's own call is.
        if named.is_none() {
            for leg in &legs {
                if let Some(call) = self.calls.get(leg.call) {
                    self.describe(&mut facts, call, q.t, config);
                }
            }
        }
        facts.same_customer = self.same_customer(q, &legs, config);
        facts.agent = id.map(|id| id.to_string());
        if let Some(agent) = agent {
            self.describe_agent(&mut facts, agent, q.t, config);
        }
        if !q.skewed {
            facts.customer_minutes_since =
                self.customer_minutes(q.customer.as_deref(), q.number.as_deref(), q.t, config);
        }
        let hours = config.hours.get(self.name.as_str());
        facts.after_hours = hours.and_then(|h| h.is_open(q.t)).map(|open| !open);
        facts.settled = true;
        Answer { facts, rests }
    }

    /// Absent while nobody is identified on the call or the event names no customer.
    fn same_customer(&self, q: &Question, legs: &[&Leg], config: &JoinConfig) -> Option<bool> {
        let asked = q.customer.as_ref()?;
        let by = q.t + config.settle_ms;
        let calls = legs.iter().filter_map(|l| self.calls.get(l.call));
        let mut known = calls.flat_map(|c| c.customers_by(by)).peekable();
        known.peek()?;
        Some(known.any(|c| c == asked))
    }

    fn describe_agent(&self, facts: &mut CallFacts, agent: &Agent, t: Time, config: &JoinConfig) {
        facts.role = agent.role.as_ref().map(|r| r.name.clone());
        if let Some((_, state)) = agent.states.at(t) {
            facts.agent_state = state.into();
        }
        let last = agent.last_ended(t, config);
        facts.minutes_since = last.map(|(_, end)| minutes(t.since(end)));
    }

    pub(crate) fn telephony(&self) -> Telephony<'_> {
        Telephony {
            sources: &self.sources,
            longest_call: self.longest_call,
        }
    }
}

/// What an agent was doing at a moment, and how well that is known.
#[derive(Debug)]
pub(crate) struct Judged<'a> {
    pub(crate) state: CallState,
    pub(crate) reason: Option<Unknown>,
    pub(crate) trusted: bool,
    /// The legs that it is about, the one that says most first.
    pub(crate) legs: Vec<&'a Leg>,
    pub(crate) rests: Rests,
}

impl Telephony<'_> {
    /// Judges an agent at `t` with what is heard at `now`.
    pub(crate) fn judge<'a>(
        &self,
        agent: Option<&'a impl Seen>,
        t: Time,
        now: Time,
        last: bool,
        config: &JoinConfig,
    ) -> Judged<'a> {
        let firm = |state, trusted, legs| Judged {
            state,
            reason: None,
            trusted,
            legs,
            rests: Rests::Firm,
        };
        match agent.map_or(Doing::Idle, |a| a.doing(t, config)) {
            Doing::Live(on) => {
                let first = on.first().map(|l| l.trusted);
                let trusted = first.unwrap_or_else(|| self.all_trusted(agent));
                firm(CallState::Live, trusted, on)
            }
            Doing::WrapUp(of) => {
                let trusted = of.map_or_else(|| self.all_trusted(agent), |l| l.trusted);
                firm(CallState::WrapUp, trusted, of.into_iter().collect())
            }
            Doing::Idle => self.idle(agent, t, now, last, config),
        }
    }

    /// No call is known: may we say that there was none?
    fn idle<'a>(
        &self,
        agent: Option<&'a impl Seen>,
        t: Time,
        now: Time,
        last: bool,
        config: &JoinConfig,
    ) -> Judged<'a> {
        let judged = |state, reason, trusted, rests| Judged {
            state,
            reason,
            trusted,
            legs: Vec::new(),
            rests,
        };
        let none = |trusted, rests| judged(CallState::None, None, trusted, rests);
        let unknown = |why, rests| judged(CallState::Unknown, Some(why), false, rests);
        match self.sight(agent, t, now, config) {
            Sight::Clear { trusted } => none(trusted, Rests::Firm),
            Sight::NotYet { .. } if !last => unknown(Unknown::Settling, Rests::Wait),
            Sight::NotYet {
                quiet_is_usual: true,
                trusted,
            } => none(trusted, Rests::Silence),
            Sight::NotYet { .. } | Sight::Silent => {
                unknown(Unknown::TelephonySilent, Rests::Silence)
            }
            Sight::RecordPending => unknown(Unknown::CdrPending, Rests::Record),
            Sight::Nothing => unknown(Unknown::NoTelephony, Rests::Firm),
        }
    }

    /// For what rests on an agent's state and on no call: its trusted sources vouch for it.
    fn all_trusted(&self, agent: Option<&impl Seen>) -> bool {
        let seen = agent.map_or(0, Seen::sources);
        let mut mine = (self.sources.iter().enumerate()).filter(|(i, _)| seen >> i & 1 == 1);
        seen != 0 && mine.all(|(_, s)| s.trusted)
    }
}

/// The agent on a call at the moment of a question; failing that, the last who was on it.
fn on_call(call: &crate::call::Call, q: &Question, config: &JoinConfig) -> Option<Arc<str>> {
    let legs = call.legs(q.call?);
    let covers = |l: &Leg| l.from - config.slack_ms <= q.t && l.to.is_none_or(|to| q.t <= to);
    let best = legs
        .iter()
        .max_by_key(|(_, l)| (covers(l), l.answered.is_some(), l.from))?;
    Some(best.0.clone())
}
