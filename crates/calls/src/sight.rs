//! Could we have seen a call? The question that stands before every `none`.

use ringfence_event::Time;

use crate::JoinConfig;
use crate::agent::Seen;
use crate::source::Source;

/// A source that has said nothing for so long was taken out of service; others speak for it.
const RETIRED: i64 = 12 * 3_600_000;
/// After we begin to hear a source (a start, the end of a silence), calls that began before are
/// not known. An agent of whom nothing was heard since then is believed idle only after this.
const ACQUIRE: i64 = 15 * 60_000;
/// Slack for the delivery of a detail record.
const CDR_SLACK: i64 = 10 * 60_000;

/// What the telephony of an agent lets us say about a moment without a known call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sight {
    /// It was heard before and after: there was no call.
    Clear {
        /// All of it is trusted.
        trusted: bool,
    },
    /// Nothing newer than the moment has been heard yet.
    NotYet {
        /// It can be quiet for this long, so that "no call" may be said for now.
        quiet_is_usual: bool,
        /// All of it is trusted.
        trusted: bool,
    },
    /// Blind at that moment.
    Silent,
    /// Reports calls when they end, and that may still come.
    RecordPending,
    /// No telephony has ever spoken here.
    Nothing,
}

/// What a site hears, and from whom.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Telephony<'a> {
    pub(crate) sources: &'a [Source],
    pub(crate) longest_call: i64,
}

impl Telephony<'_> {
    /// A trusted source is among those that have spoken about an agent's telephone.
    pub(crate) fn vouches_for(&self, seen: u64) -> bool {
        let mut sources = self.sources.iter().enumerate();
        sources.any(|(i, source)| source.trusted && seen >> i & 1 == 1)
    }

    pub(crate) fn sight(
        &self,
        agent: Option<&impl Seen>,
        t: Time,
        now: Time,
        config: &JoinConfig,
    ) -> Sight {
        // The sources that have spoken about this agent's telephone; for an agent of whom none
        // has, all.
        let seen = agent.map_or(0, Seen::sources);
        let mine = |i: usize, s: &Source| (s.live || s.cdr) && (seen == 0 || seen >> i & 1 == 1);
        let mine = |s: &(usize, &Source)| mine(s.0, s.1);
        let mut sources: Vec<&Source> = self
            .sources
            .iter()
            .enumerate()
            .filter(mine)
            .map(|s| s.1)
            .collect();
        if sources.is_empty() {
            // Only sign-ins of this agent were heard, from a source that carries no calls.
            sources = self.sources.iter().filter(|s| s.live || s.cdr).collect();
        }
        if sources.is_empty() {
            return Sight::Nothing;
        }
        if sources.iter().any(|s| s.live) {
            sources.retain(|s| s.live);
        }
        // Where a trusted source speaks, one that anyone can forge cannot stand in for it.
        let trusted = sources.iter().any(|s| s.trusted);
        sources.retain(|s| s.trusted == trusted && now.since(s.heard) <= RETIRED);
        if sources.is_empty() {
            return Sight::Silent;
        }
        if sources.iter().any(|s| s.live) {
            live_sight(&sources, agent, t, now, trusted, config)
        } else {
            self.record_sight(&sources, agent, t, now, trusted, config)
        }
    }

    /// Detail records only: there was no call at `t` if a later call of the agent has been
    /// reported (the one at `t` would have ended, and been reported, before), or if the record of
    /// a call at `t` is overdue while the source was heard all along.
    fn record_sight(
        &self,
        sources: &[&Source],
        agent: Option<&impl Seen>,
        t: Time,
        now: Time,
        trusted: bool,
        config: &JoinConfig,
    ) -> Sight {
        let heard_through = |until: Time| {
            sources.iter().all(|s| {
                s.span(t).is_some_and(|(_, to)| {
                    to >= until || (s.current() <= Some(t) && !s.is_silent(now, config))
                })
            })
        };
        if sources.iter().any(|s| s.is_catching_up(now, config)) {
            return Sight::RecordPending;
        }
        let next = agent.and_then(|a| a.next_after(t + config.slack_ms));
        if let Some(end) = next.and_then(|l| l.to)
            && heard_through(end)
        {
            return Sight::Clear { trusted };
        }
        let due = t + config.cdr_due_ms.max(self.longest_call + CDR_SLACK);
        if now >= due {
            return if heard_through(due) {
                Sight::Clear { trusted }
            } else {
                Sight::Silent
            };
        }
        if sources.iter().any(|s| s.is_silent(now, config)) {
            return Sight::Silent;
        }
        Sight::RecordPending
    }
}

fn live_sight(
    sources: &[&Source],
    agent: Option<&impl Seen>,
    t: Time,
    now: Time,
    trusted: bool,
    config: &JoinConfig,
) -> Sight {
    let heard_of = agent.and_then(|a| a.heard_of(t));
    let mut not_yet = false;
    let mut quiet_is_usual = true;
    let mut known = false;
    for s in sources {
        if s.is_catching_up(now, config) {
            return Sight::Silent;
        }
        let since = match s.span(t) {
            Some((from, _)) => from,
            None if s.is_ahead(t) && !s.is_silent(now, config) => {
                not_yet = true;
                // One that is asked only now and then is never heard up to the moment.
                quiet_is_usual &= s.delivery == 0 && !s.is_suspect(now);
                s.current().unwrap_or(t)
            }
            None => return Sight::Silent,
        };
        known |= t.since(since) >= ACQUIRE || heard_of.is_some_and(|at| at >= since);
    }
    if !known {
        return Sight::Silent;
    }
    if not_yet {
        return Sight::NotYet {
            quiet_is_usual,
            trusted,
        };
    }
    Sight::Clear { trusted }
}
