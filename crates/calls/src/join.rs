//! The operator: entries of the log in, facts out.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;

use ringfence_event::{
    CallFacts, CallState, Event, FactsRevision, Flag, Keys, Name, Time, Unknown, ext,
};
use serde::{Deserialize, Serialize};

use crate::apply::Evidence;
use crate::judge::{Question, Rests};
use crate::lookups::{Queues, Waiting};
use crate::reading::Reading;
use crate::site::Site;
use crate::snapshot::{self, SnapshotError};
use crate::{Board, JoinConfig, LiveCall, Stats, live};

/// A receive time this far from the clock is believed only when others agree.
const FAR: i64 = 24 * 3_600_000;
const AGREED: u8 = 3;
/// A tick this far behind says that our own clock was set back; less is how busy logs are written.
const SET_BACK: i64 = 10_000;
/// How often answers are looked at again, by receive time.
const POLL: i64 = 200;
const SWEEP: i64 = 1_000;
/// Programs times sites. They come from credentials, so only an operator can make more.
const SITES: usize = 1_024;

/// The call join. See the crate's front page.
#[derive(Debug)]
pub struct Join {
    pub(crate) config: JoinConfig,
    pub(crate) state: State,
    index: HashMap<(Name, Name), usize>,
    board: Arc<Board>,
}

/// All that a snapshot holds.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct State {
    /// Receive time of the log.
    pub(crate) now: Time,
    /// Receive times far from the clock, in a row, and the last of them.
    far: (u8, Time),
    pub(crate) sites: Vec<Site>,
    pub(crate) queues: Queues,
    polled: Time,
    swept: Time,
    /// Questions answered early because too many waited.
    pub(crate) hurried: u64,
}

impl Join {
    /// A join that knows nothing yet.
    #[must_use]
    pub fn new(config: JoinConfig) -> Self {
        let never = Time(i64::MIN);
        let state = State {
            now: never,
            far: (0, never),
            sites: Vec::new(),
            queues: Queues::default(),
            polled: never,
            swept: never,
            hurried: 0,
        };
        Self::of(config, state)
    }

    /// Takes the event at `offset` of the log in. Facts about it, and revised facts about earlier
    /// events, are added to `out`; an event about which nothing is known gets none.
    pub fn on_event(&mut self, offset: u64, event: &Event, out: &mut Vec<FactsRevision>) {
        self.clock(event.received, false, out);
        let Some(at) = self.site(&event.keys) else {
            return;
        };
        let now = self.state.now;
        let config = &self.config;
        let Some(site) = self.state.sites.get_mut(at) else {
            return;
        };
        let source = site.source_index(&event.keys.source, config);
        let t = match source.and_then(|i| site.sources.get_mut(i)) {
            // Detail records are written long after they happened: their delay is no skew.
            Some(s) if s.live || !s.cdr => s.correct(event.time, event.received),
            _ => event.time,
        };
        let ahead = t > now + config.max_ahead_ms;
        let behind = now.since(t) > config.late_ms;
        let r = Reading::of(event);
        let mut call = r.call.and_then(|id| site.calls.serial_of(id));
        let telephony = is_telephony(event.class_uid);
        if telephony && behind {
            site.too_old += 1;
        } else if telephony && let Some(source) = source {
            site.ahead += u64::from(ahead);
            let evidence = Evidence {
                r,
                source,
                t: if ahead { now } else { t },
                now,
                trusted: event.trusted && !event.flags.contains(&Flag::Unauthenticated),
            };
            call = site.apply(&evidence, config).or(call);
            site.show(Some(source), now, config);
        }
        let question = Question {
            agent: r.agent.map(Into::into),
            customer: r.customer.map(Into::into),
            number: r.caller.map(Into::into),
            call,
            t: if telephony && ahead { now } else { t },
            arrived: now,
            skewed: behind || (ahead && !telephony),
        };
        let mut first = site.judge(&question, now, telephony, config);
        if says_nothing(&first.facts) {
            return;
        }
        // Telephony events are evidence themselves and are answered once. So is what names no
        // agent: nothing can be waited for.
        let answered = telephony || question.agent.is_none() || question.skewed;
        if !answered {
            first.facts.settled = false;
            if first.facts.state == CallState::None || first.rests == Rests::Wait {
                first.facts.state = CallState::Unknown;
                first.facts.reason = Some(Unknown::Settling);
                first.facts.trusted = false;
            }
            self.state.queues.settling.push_back(Waiting {
                site: at,
                due: now + config.settle_ms,
                offset,
                question,
                first: first.facts.clone(),
            });
        }
        out.push(FactsRevision {
            offset,
            version: 1,
            facts: first.facts,
        });
        self.hurry(out);
    }

    /// What those may know who decide while the join works.
    #[must_use]
    pub fn board(&self) -> Arc<Board> {
        Arc::clone(&self.board)
    }

    /// Time passes: a tick of the log.
    pub fn on_tick(&mut self, now: Time, out: &mut Vec<FactsRevision>) {
        self.clock(now, true, out);
    }

    /// Writes the state, to be restored by a later run. It comes in many small pieces.
    ///
    /// # Errors
    /// When `to` does not take it.
    pub fn snapshot(&self, to: impl io::Write) -> io::Result<()> {
        snapshot::write(&self.state, to)
    }

    /// The join as it was when the snapshot was taken: given the rest of the log, it says the same
    /// as the one that took it.
    ///
    /// # Errors
    /// [`SnapshotError`] when the bytes are no snapshot of this version. The join can then be
    /// built anew from the log.
    pub fn restore(config: JoinConfig, snapshot: &[u8]) -> Result<Self, SnapshotError> {
        Ok(Self::of(config, snapshot::read(snapshot)?))
    }

    /// Calls that are going on, earliest first.
    pub fn live_calls(&self) -> impl Iterator<Item = LiveCall> {
        live::live_calls(&self.state, &self.config).into_iter()
    }

    /// How much is kept and what had to be given up.
    #[must_use]
    pub fn stats(&self) -> Stats {
        live::stats(&self.state)
    }

    fn of(config: JoinConfig, mut state: State) -> Self {
        for site in &mut state.sites {
            // What is configured may have changed since the snapshot.
            for source in &mut site.sources {
                source.delivery = config.delivery(&site.program, &source.name);
            }
        }
        let board = Board::new(config.clone());
        for site in &mut state.sites {
            site.show_all(state.now, &config);
            board.add(site.program.clone(), Arc::clone(&site.shown));
        }
        board.set_now(state.now);
        let index = state.sites.iter().enumerate();
        let index = index
            .map(|(i, s)| ((s.program.clone(), s.name.clone()), i))
            .collect();
        Self {
            config,
            state,
            index,
            board: Arc::new(board),
        }
    }

    /// Receive time moves forward, unless a tick (`sure`) says that the clock was set back: waiting
    /// for it to come round again would leave questions without an answer. A single record that is
    /// days away from all others (a replayed file with one wild time stamp) does not move it.
    fn clock(&mut self, at: Time, sure: bool, out: &mut Vec<FactsRevision>) {
        let s = &mut self.state;
        let near = sure || s.now.0 == i64::MIN || at.since(s.now).saturating_abs() <= FAR;
        let mut back = sure && s.now.since(at) > SET_BACK;
        if near {
            s.far.0 = 0;
            s.now = if back { at } else { s.now.max(at) };
        } else {
            let agrees = at.since(s.far.1).saturating_abs() <= FAR;
            s.far = (if agrees { s.far.0 + 1 } else { 1 }, at);
            if s.far.0 >= AGREED {
                back = at < s.now;
                s.now = at;
                s.far.0 = 0;
            }
        }
        let (now, config) = (s.now, &self.config);
        s.queues.run(&mut s.sites, now, back, config, out);
        if back || now.since(s.polled) >= POLL {
            s.polled = now;
            s.queues.poll(&mut s.sites, now, back, config, out);
        }
        if back || now.since(s.swept) >= SWEEP {
            s.swept = now;
            for site in &mut s.sites {
                site.sweep(now, config, out);
            }
        }
        if back {
            for site in &mut s.sites {
                site.show_all(now, config);
            }
        }
        self.board.set_now(now);
    }

    /// Answers the oldest questions early when too many wait.
    fn hurry(&mut self, out: &mut Vec<FactsRevision>) {
        let s = &mut self.state;
        let waiting = s.queues.settling.len() + s.queues.patient.len();
        if waiting > self.config.limits.settling.max(1) {
            s.hurried += waiting as u64;
            s.queues.run(&mut s.sites, s.now, true, &self.config, out);
            s.queues.poll(&mut s.sites, s.now, true, &self.config, out);
        }
    }

    fn site(&mut self, keys: &Keys) -> Option<usize> {
        let wall = (keys.program.clone(), keys.site.clone());
        if let Some(i) = self.index.get(&wall) {
            return Some(*i);
        }
        let i = self.state.sites.len();
        (i < SITES).then(|| {
            let site = Site::new(wall.0.clone(), wall.1.clone());
            self.board.add(wall.0.clone(), Arc::clone(&site.shown));
            self.state.sites.push(site);
            self.index.insert(wall, i);
            i
        })
    }
}

fn is_telephony(class_uid: u32) -> bool {
    matches!(
        class_uid,
        ext::CALL | ext::RECORDING | ext::CONSENT | ext::AGENT | ext::SIGNALLING
    )
}

/// Facts that tell no more than the event itself.
fn says_nothing(facts: &CallFacts) -> bool {
    facts.agent.is_none() && facts.uid.is_none() && facts.customer_minutes_since.is_none()
}
