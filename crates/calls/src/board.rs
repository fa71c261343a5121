//! What whoever decides now may know of the join, without waiting for it.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use ringfence_event::{CallState, Name, Time, Unknown};

use crate::JoinConfig;
use crate::agent::{Doing, Seen as _};
use crate::call::identified_by;
use crate::describe::minutes;
use crate::shown::{Sheet, Shown, ShownAgent};
use crate::sight::Telephony;

/// Agents as the join knows them, kept up by the join with each event that it takes in. An answer
/// after an event reflects it whole, as [`crate::Join::ask`] would.
///
/// Readers wait for no more than the fraction of a microsecond in which one event's changes are
/// written; neither for the join's sweeps nor for its snapshots.
#[derive(Debug)]
pub struct Board {
    config: JoinConfig,
    now: AtomicI64,
    sites: RwLock<Vec<(Name, Arc<Shown>)>>,
}

/// What is known of an agent at a moment, seen from a customer's record.
#[derive(Debug, Clone, PartialEq)]
pub struct Standing {
    /// On a call?
    pub state: CallState,
    /// Why that is unknown.
    pub reason: Option<Unknown>,
    /// Rests on authenticated sources alone.
    pub trusted: bool,
    /// The call is with the customer in question; absent while that is not known.
    pub same_customer: Option<bool>,
    /// Since the agent's last call ended.
    pub minutes_since: Option<f64>,
}

impl Board {
    pub(crate) fn new(config: JoinConfig) -> Self {
        Self {
            config,
            now: AtomicI64::new(i64::MIN),
            sites: RwLock::default(),
        }
    }

    pub(crate) fn add(&self, program: Name, site: Arc<Shown>) {
        let mut sites = self.sites.write().unwrap_or_else(PoisonError::into_inner);
        sites.push((program, site));
    }

    pub(crate) fn set_now(&self, now: Time) {
        self.now.store(now.0, Ordering::Release);
    }

    /// Receive time of the log, as far as the join has read it. What is asked afterwards is known
    /// at least as far.
    #[must_use]
    pub fn now(&self) -> Time {
        Time(self.now.load(Ordering::Acquire))
    }

    /// What is known of an agent of a program at `now`, seen from a customer's record; see
    /// [`crate::Join::ask`]. Of moments more than some seconds before the log's, as when a clock was
    /// set back, nothing is known: unknown is not none.
    #[must_use]
    pub fn ask(
        &self,
        program: &str,
        agent: &str,
        customer: Option<&str>,
        now: Time,
    ) -> Option<Standing> {
        let answers = self.each(program, agent, |sheet, agent| {
            let standing = sheet.standing(agent, customer, now, &self.config);
            (rank(standing.state, standing.trusted), standing)
        });
        let best = answers.into_iter().max_by_key(|(rank, _)| *rank);
        best.map(|(_, standing)| standing)
    }

    /// The agents of a program whom trusted telephony has spoken of, in order.
    #[must_use]
    pub fn agents_of(&self, program: &str) -> Vec<Arc<str>> {
        let mut found = Vec::new();
        for site in self.sites_of(program) {
            let sheet = site.read();
            let known = sheet.agents.iter();
            let known = known.filter(|(_, agent)| sheet.telephony().vouches_for(agent.sources()));
            found.extend(known.map(|(id, _)| Arc::clone(id)));
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    /// The customers on the calls that an agent has, or is wrapping up, at `now`.
    #[must_use]
    pub fn customers_of(&self, program: &str, agent: &str, now: Time) -> Vec<String> {
        let of = |sheet: &Sheet, agent: &ShownAgent| {
            let legs = match agent.doing(now, &self.config) {
                _ if sheet.is_past(now) => Vec::new(),
                Doing::Live(legs) => legs,
                Doing::WrapUp(leg) => leg.into_iter().collect(),
                Doing::Idle => Vec::new(),
            };
            let calls = legs.into_iter().filter_map(|leg| agent.customers(leg.call));
            let customers = calls.flat_map(|known| known.iter());
            customers.map(|(_, id)| id.to_string()).collect::<Vec<_>>()
        };
        let mut found: Vec<_> = self
            .each(program, agent, of)
            .into_iter()
            .flatten()
            .collect();
        found.sort();
        found.dedup();
        found
    }

    /// Asks each site of a program whose trusted telephony knows the agent.
    fn each<T>(&self, program: &str, agent: &str, of: impl Fn(&Sheet, &ShownAgent) -> T) -> Vec<T> {
        let mut all = Vec::with_capacity(1);
        for site in self.sites_of(program) {
            let sheet = site.read();
            if let Some(agent) = sheet.agents.get(agent)
                && sheet.telephony().vouches_for(agent.sources())
            {
                all.push(of(&sheet, agent));
            }
        }
        all
    }

    fn sites_of(&self, program: &str) -> Vec<Arc<Shown>> {
        let sites = self.sites.read().unwrap_or_else(PoisonError::into_inner);
        let own = sites.iter().filter(|(name, _)| name.as_str() == program);
        own.map(|(_, site)| Arc::clone(site)).collect()
    }
}

/// Where several sites know an agent of this name: the one where something goes on answers, and one
/// that is blind before one that sees nothing.
pub(crate) fn rank(state: CallState, trusted: bool) -> (bool, u8) {
    let rank = match state {
        CallState::Live => 3,
        CallState::WrapUp => 2,
        CallState::Unknown => 1,
        CallState::None => 0,
    };
    (rank >= 2 && trusted, rank)
}

impl Sheet {
    fn telephony(&self) -> Telephony<'_> {
        Telephony {
            sources: &self.sources,
            longest_call: self.longest_call,
        }
    }

    fn is_past(&self, now: Time) -> bool {
        self.since.is_none_or(|since| now < since)
    }

    fn standing(
        &self,
        agent: &ShownAgent,
        customer: Option<&str>,
        now: Time,
        config: &JoinConfig,
    ) -> Standing {
        if self.is_past(now) {
            return Standing {
                state: CallState::Unknown,
                reason: Some(Unknown::Settling),
                trusted: false,
                same_customer: None,
                minutes_since: None,
            };
        }
        let judged = self.telephony().judge(Some(agent), now, now, true, config);
        let calls = judged.legs.iter();
        let calls = calls.filter_map(|leg| agent.customers(leg.call));
        let by = now + config.settle_ms;
        let mut known = calls.flat_map(|c| identified_by(c, by)).peekable();
        let last = agent.last_ended(now, config);
        Standing {
            state: judged.state,
            reason: judged.reason,
            trusted: judged.trusted,
            same_customer: customer.and_then(|asked| {
                known.peek()?;
                Some(known.any(|id| **id == *asked))
            }),
            minutes_since: last.map(|(_, end)| minutes(now.since(end))),
        }
    }
}
