//! Questions on their way to a final answer, and answered ones that late evidence may change.

use std::collections::VecDeque;

use ringfence_event::{CallFacts, FactsRevision, Time};
use serde::{Deserialize, Serialize};

use crate::JoinConfig;
use crate::judge::{Question, Rests};
use crate::site::Site;

/// At most so many answers that rest on silence or on due records are looked at in one sweep.
const SWEEP: usize = 4_096;

/// A question whose first answer is out and whose final answer is not.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Waiting {
    pub(crate) site: usize,
    pub(crate) due: Time,
    pub(crate) offset: u64,
    pub(crate) question: Question,
    pub(crate) first: CallFacts,
}

/// An answered question.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Judged {
    pub(crate) question: Question,
    pub(crate) version: u32,
    pub(crate) facts: CallFacts,
}

/// First in, first out: what waits for events that are under way, then what waits for a sign of
/// life of the telephony.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Queues {
    pub(crate) settling: VecDeque<Waiting>,
    pub(crate) patient: VecDeque<Waiting>,
}

impl Queues {
    /// Answers what is due at `now`; everything, if `all`.
    pub(crate) fn run(
        &mut self,
        sites: &mut [Site],
        now: Time,
        all: bool,
        config: &JoinConfig,
        out: &mut Vec<FactsRevision>,
    ) {
        while self.settling.front().is_some_and(|w| all || w.due <= now) {
            if let Some(w) = self.settling.pop_front() {
                self.decide(w, sites, now, all, config, out);
            }
        }
    }

    /// Looks again at what waits for a sign of life.
    pub(crate) fn poll(
        &mut self,
        sites: &mut [Site],
        now: Time,
        all: bool,
        config: &JoinConfig,
        out: &mut Vec<FactsRevision>,
    ) {
        for _ in 0..self.patient.len() {
            if let Some(w) = self.patient.pop_front() {
                let last = all || w.due <= now;
                self.decide(w, sites, now, last, config, out);
            }
        }
    }

    fn decide(
        &mut self,
        mut w: Waiting,
        sites: &mut [Site],
        now: Time,
        last: bool,
        config: &JoinConfig,
        out: &mut Vec<FactsRevision>,
    ) {
        let Some(site) = sites.get_mut(w.site) else {
            return;
        };
        let answer = site.judge(&w.question, now, last, config);
        if answer.rests == Rests::Wait {
            w.due = w.question.arrived + config.patience_ms + site.delivery();
            self.patient.push_back(w);
            return;
        }
        let mut facts = answer.facts;
        facts.settled = answer.rests != Rests::Record;
        let mut version = 1;
        if facts != w.first {
            version = 2;
            out.push(FactsRevision {
                offset: w.offset,
                version,
                facts: facts.clone(),
            });
        }
        let judged = Judged {
            question: w.question,
            version,
            facts,
        };
        site.remember(w.offset, judged, answer.rests, config);
        // A new record of an agent may have pushed out another's.
        site.show(None, now, config);
    }
}

impl Site {
    fn remember(&mut self, offset: u64, judged: Judged, rests: Rests, config: &JoinConfig) {
        let t = judged.question.t;
        if let Some(agent) = judged.question.agent.clone() {
            let gone = self.with_agent(&agent, config, |a| a.remember(offset, t));
            if let Some(gone) = gone.flatten() {
                self.forget(gone);
                self.forgotten += 1;
            }
        }
        self.judged.insert(offset, judged);
        self.file(offset, rests);
        if self.judged.len() > config.limits.judged
            && let Some(oldest) = self.judged.first_key_value().map(|(o, _)| *o)
        {
            self.forget(oldest);
            self.forgotten += 1;
        }
    }

    fn file(&mut self, offset: u64, rests: Rests) {
        self.unsure.remove(&offset);
        self.cdr_wait.remove(&offset);
        match rests {
            Rests::Silence | Rests::Wait => self.unsure.insert(offset),
            Rests::Record => self.cdr_wait.insert(offset),
            Rests::Firm => false,
        };
    }

    fn forget(&mut self, offset: u64) {
        self.judged.remove(&offset);
        self.unsure.remove(&offset);
        self.cdr_wait.remove(&offset);
    }

    /// Judges again whatever time or late evidence may have changed.
    pub(crate) fn sweep(&mut self, now: Time, config: &JoinConfig, out: &mut Vec<FactsRevision>) {
        while let Some((offset, oldest)) = self.judged.first_key_value() {
            if now.since(oldest.question.arrived) <= config.revise_ms {
                break;
            }
            let offset = *offset;
            self.forget(offset);
        }
        for id in std::mem::take(&mut self.dirty) {
            let Some(agent) = self.agents.get_mut(&id) else {
                continue;
            };
            let from = agent.dirty_from.take().unwrap_or(Time(i64::MIN)) - config.slack_ms;
            let judged = &self.judged;
            agent.judged.retain(|o| judged.contains_key(o));
            let touched = |o: &u64| judged.get(o).is_some_and(|j| j.question.t >= from);
            let again: Vec<u64> = agent.judged.iter().copied().filter(touched).collect();
            self.judge_again(&again, now, config, out);
        }
        // What rests on silence is given up when no backlog is expected any more.
        let unsure: Vec<u64> = self.unsure.iter().copied().take(SWEEP).collect();
        self.judge_again(&unsure, now, config, out);
        for offset in unsure {
            let judged = self.judged.get(&offset);
            if judged.is_none_or(|j| now.since(j.question.arrived) > config.backlog_ms) {
                self.unsure.remove(&offset);
            }
        }
        let due = |o: &u64| {
            let judged = self.judged.get(o);
            judged.is_none_or(|j| now.since(j.question.t) >= config.cdr_due_ms)
        };
        let overdue: Vec<u64> = self
            .cdr_wait
            .iter()
            .copied()
            .take(SWEEP)
            .filter(due)
            .collect();
        self.judge_again(&overdue, now, config, out);
    }

    fn judge_again(
        &mut self,
        offsets: &[u64],
        now: Time,
        config: &JoinConfig,
        out: &mut Vec<FactsRevision>,
    ) {
        for offset in offsets {
            let Some(judged) = self.judged.get(offset) else {
                continue;
            };
            let answer = self.judge(&judged.question, now, true, config);
            self.file(*offset, answer.rests);
            let mut facts = answer.facts;
            facts.settled = answer.rests != Rests::Record;
            if let Some(judged) = self.judged.get_mut(offset)
                && judged.facts != facts
            {
                judged.version += 1;
                judged.facts.clone_from(&facts);
                out.push(FactsRevision {
                    offset: *offset,
                    version: judged.version,
                    facts,
                });
            }
        }
    }
}
