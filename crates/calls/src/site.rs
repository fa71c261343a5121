//! What is known at one site of one program.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ringfence_event::{Name, Time};
use serde::{Deserialize, Serialize};

use crate::JoinConfig;
use crate::agent::Agent;
use crate::calls::Calls;
use crate::contacts::Contacts;
use crate::lookups::Judged;
use crate::lru::Lru;
use crate::shown::Shown;
use crate::source::Source;

/// Sources at a site that the join can tell apart: they are bits of a word.
const SOURCES: usize = 64;

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Site {
    pub(crate) program: Name,
    pub(crate) name: Name,
    pub(crate) sources: Vec<Source>,
    pub(crate) agents: Lru<Arc<str>, Agent>,
    pub(crate) calls: Calls,
    pub(crate) extensions: Lru<Arc<str>, Seat>,
    pub(crate) customers: Lru<Arc<str>, Contacts>,
    pub(crate) numbers: Lru<Arc<str>, Contacts>,
    /// Answered look-ups that late evidence may change, by offset.
    pub(crate) judged: BTreeMap<u64, Judged>,
    /// Of these, the ones whose answer depends on whether the telephony was heard.
    pub(crate) unsure: BTreeSet<u64>,
    /// Of these, the ones that wait for detail records.
    pub(crate) cdr_wait: BTreeSet<u64>,
    /// Agents about whom late evidence came.
    pub(crate) dirty: Vec<Arc<str>>,
    pub(crate) longest_call: i64,
    /// Evidence that was too old to use.
    pub(crate) too_old: u64,
    /// Evidence from the future; its receive time was used.
    pub(crate) ahead: u64,
    /// Answered look-ups that were forgotten before their time.
    pub(crate) forgotten: u64,
    /// Agents of whom something else is to be shown.
    #[serde(skip)]
    pub(crate) changed: Vec<Arc<str>>,
    /// What others are shown of this site.
    #[serde(skip)]
    pub(crate) shown: Arc<Shown>,
}

/// Who sits at an extension.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Seat {
    pub(crate) agent: Arc<str>,
    pub(crate) since: Time,
    pub(crate) trusted: bool,
}

impl Site {
    pub(crate) fn new(program: Name, name: Name) -> Self {
        Self {
            program,
            name,
            sources: Vec::new(),
            agents: Lru::default(),
            calls: Calls::default(),
            extensions: Lru::default(),
            customers: Lru::default(),
            numbers: Lru::default(),
            judged: BTreeMap::new(),
            unsure: BTreeSet::new(),
            cdr_wait: BTreeSet::new(),
            dirty: Vec::new(),
            longest_call: 0,
            too_old: 0,
            ahead: 0,
            forgotten: 0,
            changed: Vec::new(),
            shown: Arc::default(),
        }
    }

    /// The place of a source; `None` past the number that can be told apart.
    pub(crate) fn source_index(&mut self, name: &Name, config: &JoinConfig) -> Option<usize> {
        if let Some(i) = self.sources.iter().position(|s| s.name == *name) {
            return Some(i);
        }
        (self.sources.len() < SOURCES).then(|| {
            let delivery = config.delivery(&self.program, name);
            self.sources.push(Source::new(name.clone(), delivery));
            self.sources.len() - 1
        })
    }

    /// How late the site's telephony may deliver, ms.
    pub(crate) fn delivery(&self) -> i64 {
        let live = self.sources.iter().filter(|s| s.live);
        live.map(|s| s.delivery).max().unwrap_or(0)
    }

    /// Text that tells this site from all others, for uids.
    pub(crate) fn wall(&self) -> String {
        format!("{}/{}", self.program, self.name)
    }

    /// Changes what is known of an agent, and shows it with the next [`Site::show`].
    pub(crate) fn change_agent<R>(
        &mut self,
        id: &Arc<str>,
        config: &JoinConfig,
        change: impl FnOnce(&mut Agent) -> R,
    ) -> Option<R> {
        if !self.changed.contains(id) {
            self.changed.push(id.clone());
        }
        self.with_agent(id, config, change)
    }

    /// Changes our notes in an agent's record, made if there is none.
    pub(crate) fn with_agent<R>(
        &mut self,
        id: &Arc<str>,
        config: &JoinConfig,
        change: impl FnOnce(&mut Agent) -> R,
    ) -> Option<R> {
        if self.agents.get(id).is_none() {
            let agents = &mut self.agents;
            let gone = agents.insert(config.limits.agents, id.clone(), Agent::default());
            self.changed.extend(gone.map(|(id, _)| id));
        }
        self.agents.touch(&**id);
        self.agents.get_mut(id).map(change)
    }

    /// Who sits at this extension.
    pub(crate) fn seated(&self, extension: Option<&str>) -> Option<Arc<str>> {
        self.extensions.get(extension?).map(|s| s.agent.clone())
    }

    /// Evidence about `t` concerns this agent. Answers that it came too late for are judged again.
    pub(crate) fn concern(&mut self, id: &Arc<str>, source: usize, t: Time, config: &JoinConfig) {
        self.change_agent(id, config, |agent| {
            agent.sources |= 1 << source;
            agent.touched.add(t, ());
        });
        self.review_answered(id, t, config);
    }

    /// Answers about this agent and `t` or later are judged again, if there are any.
    pub(crate) fn review_answered(&mut self, id: &Arc<str>, t: Time, config: &JoinConfig) {
        let to = self.agents.get(id).and_then(|agent| agent.judged_to);
        if to.is_some_and(|to| to >= t - config.slack_ms) {
            self.review(id, t, config);
        }
    }

    /// Answers about this agent since `from` are judged again.
    pub(crate) fn review(&mut self, id: &Arc<str>, from: Time, config: &JoinConfig) {
        let newly = self.with_agent(id, config, |agent| {
            let newly = agent.dirty_from.is_none();
            agent.dirty_from = Some(agent.dirty_from.map_or(from, |d| d.min(from)));
            newly
        });
        if newly == Some(true) {
            self.dirty.push(id.clone());
        }
    }

    /// Derives everything that hangs on a call again.
    pub(crate) fn refresh(&mut self, serial: u64, config: &JoinConfig) {
        let Some(call) = self.calls.get_mut(serial) else {
            return;
        };
        let legs = call.legs(serial);
        let mut concerned = std::mem::take(&mut call.assigned);
        for (agent, _) in &legs {
            if !concerned.contains(agent) {
                concerned.push(agent.clone());
            }
        }
        call.assigned.clone_from(&concerned);
        let vouched = call.is_trusted() || legs.iter().any(|(_, l)| l.answered.is_some());
        let (first, ended) = (call.first, call.ended());
        let caller = call.caller.clone();
        let customers: Vec<Arc<str>> = call.customers().cloned().collect();
        if vouched {
            self.calls.establish(serial, &config.limits);
        }
        for agent in &concerned {
            let own = legs.iter().filter(|(a, _)| a == agent);
            let own: Vec<_> = own.map(|(_, l)| l.clone()).collect();
            self.change_agent(agent, config, |a| a.replace_legs(serial, own.into_iter()));
        }
        if let Some(number) = &caller {
            let cap = config.limits.numbers;
            contact(&mut self.numbers, cap, number, |c| {
                c.note(serial, first, ended);
            });
        }
        for customer in &customers {
            let cap = config.limits.customers;
            contact(&mut self.customers, cap, customer, |c| {
                c.note(serial, first, ended);
                if let Some(number) = &caller {
                    c.called_from(number);
                }
            });
        }
    }

    /// Undoes what hung on a call that was found to be another one.
    pub(crate) fn unhook(&mut self, merged: u64, into: u64, config: &JoinConfig) {
        let Some(call) = self.calls.get(into) else {
            return;
        };
        let (caller, customers) = (call.caller.clone(), call.customers().cloned().collect());
        let agents: Vec<Arc<str>> = call.legs(into).into_iter().map(|(a, _)| a).collect();
        for agent in &agents {
            self.change_agent(agent, config, |a| {
                a.replace_legs(merged, std::iter::empty())
            });
        }
        if let Some(c) = caller.and_then(|c| self.numbers.get_mut(&c)) {
            c.forget(merged);
        }
        let customers: Vec<Arc<str>> = customers;
        for customer in customers {
            if let Some(c) = self.customers.get_mut(&customer) {
                c.forget(merged);
            }
        }
    }
}

fn contact(
    map: &mut Lru<Arc<str>, Contacts>,
    cap: usize,
    key: &Arc<str>,
    change: impl FnOnce(&mut Contacts),
) {
    if map.get(key).is_none() {
        map.insert(cap, key.clone(), Contacts::default());
    }
    map.touch(&**key);
    if let Some(c) = map.get_mut(key) {
        change(c);
    }
}
