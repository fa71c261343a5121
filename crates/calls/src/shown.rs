//! What a site shows of its agents to those who ask about this moment.
//!
//! Of an agent's history only that is shown which questions about [`BACK`] ago or later can be
//! answered by, so that showing a change costs a fraction of taking its event in.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use ringfence_event::Time;

use crate::JoinConfig;
use crate::agent::{Agent, Seen, State};
use crate::call::{Customers, Leg};
use crate::calls::Calls;
use crate::site::Site;
use crate::source::Source;
use crate::timeline::Timeline;

/// Questions may be about moments so long before the log's, ms: clocks are set back by less than
/// this without anybody saying so.
pub(crate) const BACK: i64 = 15_000;

/// Written by the site alone, for the fraction of a microsecond that one event's changes take.
#[derive(Debug, Default)]
pub(crate) struct Shown(RwLock<Sheet>);

/// All that is shown, as of one event.
#[derive(Debug, Default)]
pub(crate) struct Sheet {
    /// Nothing is said of moments before this one.
    pub(crate) since: Option<Time>,
    pub(crate) sources: Vec<Source>,
    pub(crate) longest_call: i64,
    pub(crate) agents: HashMap<Arc<str>, ShownAgent>,
}

/// An agent from some moment on.
#[derive(Debug, Default)]
pub(crate) struct ShownAgent {
    sources: u64,
    states: Timeline<State, 64>,
    touched: Timeline<(), 64>,
    legs: Vec<ShownLeg>,
}

/// A leg with what an answer needs of its agent and its call.
#[derive(Debug)]
pub(crate) struct ShownLeg {
    leg: Leg,
    end: Time,
    /// Nothing, when the call is forgotten.
    customers: Option<Customers>,
    /// Among all legs of the agent.
    place: usize,
}

impl Shown {
    /// Were writing to panic, the join would end with it, and the log's time stand still for all to
    /// see: what is read then is as old as that.
    pub(crate) fn read(&self) -> RwLockReadGuard<'_, Sheet> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Sheet> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Site {
    /// Shows what has changed, as one change: agents, and the source that was heard.
    pub(crate) fn show(&mut self, heard: Option<usize>, now: Time, config: &JoinConfig) {
        self.changed.append(&mut self.calls.lost);
        if self.changed.is_empty() && heard.is_none() {
            return;
        }
        let shown = Arc::clone(&self.shown);
        self.write(&mut shown.write(), heard, now, config);
    }

    /// Shows everything anew, as one change: after a restart, and when the clock was set back.
    pub(crate) fn show_all(&mut self, now: Time, config: &JoinConfig) {
        let all = self.agents.iter().map(|(id, _)| Arc::clone(id));
        self.changed = all.collect();
        let shown = Arc::clone(&self.shown);
        let mut sheet = shown.write();
        *sheet = Sheet::default();
        self.write(&mut sheet, None, now, config);
    }

    fn write(&mut self, sheet: &mut Sheet, heard: Option<usize>, now: Time, config: &JoinConfig) {
        let since = now - BACK;
        sheet.since = Some(since);
        sheet.longest_call = self.longest_call;
        let fresh = sheet.sources.len();
        for source in self.sources.iter().skip(fresh) {
            sheet.sources.push(source.since(since));
        }
        let heard = heard.filter(|i| *i < fresh);
        if let Some(i) = heard
            && let (Some(shown), Some(source)) = (sheet.sources.get_mut(i), self.sources.get(i))
        {
            shown.follow(source, since);
        }
        for id in self.changed.drain(..) {
            let Some(agent) = self.agents.get(&id).filter(|a| a.sources != 0) else {
                sheet.agents.remove(&id);
                continue;
            };
            match sheet.agents.get_mut(&id) {
                Some(shown) => shown.follow(agent, &self.calls, since, config),
                None => {
                    let shown = sheet.agents.entry(id).or_default();
                    shown.follow(agent, &self.calls, since, config);
                }
            }
        }
    }
}

impl ShownAgent {
    fn follow(&mut self, agent: &Agent, calls: &Calls, since: Time, config: &JoinConfig) {
        self.sources = agent.sources;
        self.states.follow(&agent.states, since);
        self.touched.follow(&agent.touched, since);
        self.legs.clear();
        // Of what is over, the answered leg that ended last and the one that was hung up last.
        let (mut ended, mut hung_up) = (None, None);
        let later = |end: Time, than: Option<(usize, Time)>| than.is_none_or(|(_, t)| end >= t);
        for (place, leg) in agent.legs().iter().enumerate() {
            let end = agent.end_of(leg, config);
            if end > since {
                self.legs.push(ShownLeg::of(place, leg, end, calls));
                continue;
            }
            if leg.answered.is_some() && later(end, ended) {
                ended = Some((place, end));
            }
            if leg.to.is_some() && later(end, hung_up) {
                hung_up = Some((place, end));
            }
        }
        let hung_up = hung_up.filter(|_| hung_up != ended);
        for (place, end) in ended.into_iter().chain(hung_up) {
            let before = self.legs.partition_point(|leg| leg.place < place);
            let leg = agent.legs().get(place);
            let shown = leg.map(|leg| ShownLeg::of(place, leg, end, calls));
            self.legs.splice(before..before, shown);
        }
    }

    /// Who was identified on a call of this agent.
    pub(crate) fn customers(&self, call: u64) -> Option<&Customers> {
        let leg = self.legs.iter().find(|shown| shown.leg.call == call)?;
        leg.customers.as_ref()
    }
}

impl ShownLeg {
    fn of(place: usize, leg: &Leg, end: Time, calls: &Calls) -> Self {
        Self {
            leg: leg.clone(),
            end,
            customers: calls.get(leg.call).map(|call| call.customers.clone()),
            place,
        }
    }
}

impl AsRef<Leg> for ShownLeg {
    fn as_ref(&self) -> &Leg {
        &self.leg
    }
}

impl Seen for ShownAgent {
    type Kept = ShownLeg;

    fn legs(&self) -> &[ShownLeg] {
        &self.legs
    }

    fn end(&self, leg: &ShownLeg, _: &JoinConfig) -> Time {
        leg.end
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
