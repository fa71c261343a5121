//! Brings events and what the call join said about them together again.
//!
//! The join appends its facts to the spine after the events that they are about. Whoever wants
//! both (detection, the lake) reads the log through a [`Pairing`]: it holds what is not yet
//! answered and gives everything out in the order of the log. [`Pairing::resume_at`] is the one
//! number that a consumer has to remember: everything before it was given out, nothing after it.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use ringfence_event::{CallFacts, Entry, FactsRevision};

/// Something that is ready to be worked on.
#[derive(Debug)]
pub enum Ready {
    /// An event (or finding) and its first facts.
    Entry {
        /// Its offset on the spine.
        offset: u64,
        /// It.
        entry: Arc<Entry>,
        /// What the join knew about it.
        facts: Option<CallFacts>,
    },
    /// Later facts about an event that was given out before.
    Revision {
        /// The last offset that the join had seen when it said so.
        as_of: u64,
        /// The facts.
        revision: FactsRevision,
    },
}

/// The operator. Its memory is what the join has not answered yet, which the spine's own
/// backpressure bounds.
#[derive(Debug, Default)]
pub struct Pairing {
    held: VecDeque<(u64, Arc<Entry>)>,
    through: u64,
    next: u64,
}

impl Pairing {
    /// Starts at an offset that [`Self::resume_at`] gave.
    #[must_use]
    pub fn resume(at: u64) -> Self {
        Self {
            held: VecDeque::new(),
            through: at,
            next: at,
        }
    }

    /// Where to start again so that nothing is given out twice or left out.
    #[must_use]
    pub fn resume_at(&self) -> u64 {
        self.held.front().map_or(self.next, |(offset, _)| *offset)
    }

    /// The next offset that it wants to see.
    #[must_use]
    pub const fn next(&self) -> u64 {
        self.next
    }

    /// Goes on at `next`: entries before it could not be decoded.
    pub fn skip_to(&mut self, next: u64) {
        self.next = self.next.max(next);
    }

    /// Entries that wait for the join.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.held.len()
    }

    /// Takes the next entry of the log; what became ready is appended to `out`.
    pub fn push(&mut self, offset: u64, entry: &Arc<Entry>, out: &mut Vec<Ready>) {
        self.next = offset.saturating_add(1);
        match &**entry {
            Entry::Enriched(said) => {
                // Read again after a restart: its effects were given out before.
                if said.through <= self.through {
                    return;
                }
                let mut first = HashMap::new();
                let mut later = Vec::new();
                for r in &said.facts {
                    if r.version == 1 && r.offset >= self.through {
                        first.insert(r.offset, r.facts.clone());
                    } else {
                        later.push(r.clone());
                    }
                }
                self.through = said.through;
                self.release(&mut first, out);
                let as_of = said.through.saturating_sub(1);
                out.extend(
                    later
                        .into_iter()
                        .map(|revision| Ready::Revision { as_of, revision }),
                );
            }
            Entry::Tick(_) => {}
            Entry::Event(_) | Entry::Finding(_) => {
                self.held.push_back((offset, Arc::clone(entry)));
                self.release(&mut HashMap::new(), out);
            }
        }
    }

    fn release(&mut self, first: &mut HashMap<u64, CallFacts>, out: &mut Vec<Ready>) {
        while let Some((offset, entry)) = self.held.front() {
            let waits = matches!(**entry, Entry::Event(_)) && *offset >= self.through;
            if waits {
                return;
            }
            let facts = first.remove(offset);
            out.push(Ready::Entry {
                offset: *offset,
                entry: Arc::clone(entry),
                facts,
            });
            self.held.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ringfence_event::{Enriched, Event, Keys, Name, Tick, Time};

    fn event() -> Arc<Entry> {
        let n = |s| Name::new(s).unwrap();
        let keys = Keys::of(n("p"), n("s"), n("src"));
        Arc::new(Entry::Event(Arc::new(Event::new(keys, 6001, 2, Time(1)))))
    }

    fn said(through: u64, facts: &[(u64, u32)]) -> Arc<Entry> {
        let facts = facts.iter().map(|&(offset, version)| FactsRevision {
            offset,
            version,
            facts: CallFacts::default(),
        });
        Arc::new(Entry::Enriched(Enriched {
            through,
            facts: facts.collect(),
        }))
    }

    fn log() -> Vec<Arc<Entry>> {
        let tick = Arc::new(Entry::Tick(Tick { now: Time(1) }));
        vec![
            event(),
            event(),
            said(2, &[(0, 1)]),
            event(),
            tick,
            event(),
            said(4, &[(3, 1), (0, 2)]),
            said(6, &[]),
            event(),
        ]
    }

    fn words(out: &[Ready]) -> Vec<String> {
        out.iter()
            .map(|r| match r {
                Ready::Entry { offset, facts, .. } => {
                    format!("{offset}{}", if facts.is_some() { "+" } else { "" })
                }
                Ready::Revision { revision, .. } => {
                    format!("{}v{}", revision.offset, revision.version)
                }
            })
            .collect()
    }

    #[test]
    fn events_come_in_order_with_their_facts() {
        let mut p = Pairing::default();
        let mut out = Vec::new();
        for (i, e) in log().iter().enumerate() {
            p.push(i as u64, e, &mut out);
        }
        assert_eq!(words(&out), ["0+", "1", "3+", "0v2", "5"]);
        assert_eq!((p.resume_at(), p.waiting()), (8, 1));
    }

    #[test]
    fn a_restart_anywhere_gives_everything_once() {
        let log = log();
        let mut whole = Vec::new();
        let mut p = Pairing::default();
        for (i, e) in log.iter().enumerate() {
            p.push(i as u64, e, &mut whole);
        }
        for cut in 0..=log.len() {
            let mut out = Vec::new();
            let mut p = Pairing::default();
            for (i, e) in log.iter().take(cut).enumerate() {
                p.push(i as u64, e, &mut out);
            }
            let at = p.resume_at();
            let mut p = Pairing::resume(at);
            for (i, e) in log.iter().enumerate().skip(usize::try_from(at).unwrap()) {
                p.push(i as u64, e, &mut out);
            }
            assert_eq!(words(&out), words(&whole), "cut at {cut}");
        }
    }
}
