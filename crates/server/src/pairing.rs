//! Brings events and what the call join said about them together again.
//!
//! The join appends its facts to the spine after the events that they are about. Whoever wants
//! both (detection, the lake) reads the log through a [`Pairing`]: it holds what is not yet
//! answered and gives everything out in the order of the log. [`Pairing::resume_at`] is the one
//! number that a consumer has to remember: everything before it was given out, nothing after it.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use ringfence_event::{CallFacts, Entry, FactsRevision};
use ringfence_spine::SpineError;

use crate::entries::Entries;

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
    /// The same of an event that waited so long that it has to be read again: see
    /// [`Pairing::complete`].
    Far {
        /// Its offset on the spine.
        offset: u64,
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

/// Entries that are held as a whole. Of the events behind them only the places are known: they
/// can be read again, and a join that has fallen behind must not cost the memory of all that.
const MOST_HELD: usize = 16_384;

/// The operator. Its memory is what the join has not answered yet: some entries, and a number for
/// each of the others, which [`crate::pace`] keeps from becoming too many.
#[derive(Debug, Default)]
pub struct Pairing {
    held: VecDeque<(u64, Option<Arc<Entry>>)>,
    /// Parts of an answer whose last one is still to come, and where the first one stands.
    parts: Vec<Arc<Entry>>,
    parts_at: u64,
    through: u64,
    next: u64,
}

impl Pairing {
    /// Starts at an offset that [`Self::resume_at`] gave.
    #[must_use]
    pub fn resume(at: u64) -> Self {
        Self {
            through: at,
            next: at,
            ..Self::default()
        }
    }

    /// Where to start again so that nothing is given out twice or left out.
    #[must_use]
    pub fn resume_at(&self) -> u64 {
        let at = self.held.front().map_or(self.next, |(offset, _)| *offset);
        match self.parts.is_empty() {
            true => at,
            false => at.min(self.parts_at),
        }
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
                if said.part == 0 {
                    // What was begun before, a restart of the join broke off.
                    self.parts.clear();
                    self.parts_at = offset;
                }
                if said.more {
                    self.parts.push(Arc::clone(entry));
                    return;
                }
                let mut first = HashMap::new();
                let mut later = Vec::new();
                let mut parts = std::mem::take(&mut self.parts);
                parts.push(Arc::clone(entry));
                for r in parts.iter().flat_map(|part| facts_in(part)) {
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
            Entry::Tick(_) | Entry::Intent(_) => {}
            Entry::Event(_) | Entry::Finding(_) => {
                let far = self.held.len() >= MOST_HELD && matches!(**entry, Entry::Event(_));
                let held = (!far).then(|| Arc::clone(entry));
                self.held.push_back((offset, held));
                self.release(&mut HashMap::new(), out);
            }
        }
    }

    /// Reads again what is only known by its place, so that no [`Ready::Far`] is left.
    ///
    /// # Errors
    /// When the spine cannot be read; then nothing has changed.
    pub async fn complete(entries: &Entries, ready: &mut Vec<Ready>) -> Result<(), SpineError> {
        let far = |item: &Ready| match item {
            Ready::Far { offset, .. } => Some(*offset),
            _ => None,
        };
        let offsets: BTreeSet<u64> = ready.iter().filter_map(far).collect();
        if offsets.is_empty() {
            return Ok(());
        }
        let mut found: HashMap<_, _> = entries.again(&offsets).await?.into_iter().collect();
        let near = |item| match item {
            Ready::Far { offset, facts } => {
                let entry = found.remove(&offset)?;
                Some(Ready::Entry {
                    offset,
                    entry,
                    facts,
                })
            }
            other => Some(other),
        };
        // One that cannot be read is told of there, and left out as it is everywhere.
        *ready = std::mem::take(ready).into_iter().filter_map(near).collect();
        Ok(())
    }

    fn release(&mut self, first: &mut HashMap<u64, CallFacts>, out: &mut Vec<Ready>) {
        while let Some((offset, entry)) = self.held.front() {
            let is_event = entry
                .as_deref()
                .is_none_or(|e| matches!(e, Entry::Event(_)));
            if is_event && *offset >= self.through {
                return;
            }
            let facts = first.remove(offset);
            let Some((offset, entry)) = self.held.pop_front() else {
                return;
            };
            out.push(match entry {
                Some(entry) => Ready::Entry {
                    offset,
                    entry,
                    facts,
                },
                None => Ready::Far { offset, facts },
            });
        }
    }
}

fn facts_in(part: &Entry) -> &[FactsRevision] {
    match part {
        Entry::Enriched(said) => &said.facts,
        _ => &[],
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
        part(through, facts, 0, false)
    }

    /// One part of an answer.
    fn part(through: u64, facts: &[(u64, u32)], part: u32, more: bool) -> Arc<Entry> {
        let facts = facts.iter().map(|&(offset, version)| FactsRevision {
            offset,
            version,
            facts: CallFacts::default(),
        });
        Arc::new(Entry::Enriched(Enriched {
            through,
            facts: facts.collect(),
            part,
            more,
        }))
    }

    fn tick_entry() -> Arc<Entry> {
        Arc::new(Entry::Tick(Tick { now: Time(1) }))
    }

    fn log() -> Vec<Arc<Entry>> {
        vec![
            event(),
            event(),
            said(2, &[(0, 1)]),
            event(),
            tick_entry(),
            event(),
            said(4, &[(3, 1), (0, 2)]),
            said(6, &[]),
            event(),
            // An answer in parts that broke off, and the same one again.
            part(9, &[(5, 2)], 0, true),
            part(9, &[(5, 2)], 0, true),
            tick_entry(),
            part(9, &[(3, 2)], 1, true),
            part(9, &[(8, 1)], 2, false),
            event(),
        ]
    }

    fn words(out: &[Ready]) -> Vec<String> {
        out.iter()
            .map(|r| match r {
                Ready::Entry { offset, facts, .. } => {
                    format!("{offset}{}", if facts.is_some() { "+" } else { "" })
                }
                Ready::Far { offset, facts } => {
                    format!("{offset}far{}", if facts.is_some() { "+" } else { "" })
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
        assert_eq!(
            words(&out),
            ["0+", "1", "3+", "0v2", "5", "8+", "5v2", "3v2"]
        );
        assert_eq!((p.resume_at(), p.waiting()), (14, 1));
    }

    #[test]
    fn beyond_a_bound_only_places_are_held() {
        let mut p = Pairing::default();
        let (mut out, event) = (Vec::new(), event());
        let last = MOST_HELD as u64 + 1;
        (0..=last).for_each(|offset| p.push(offset, &event, &mut out));
        assert_eq!(
            (p.waiting(), Arc::strong_count(&event)),
            (MOST_HELD + 2, MOST_HELD + 1)
        );
        p.push(last + 1, &said(last + 1, &[(last, 1)]), &mut out);
        let words = words(&out);
        assert_eq!(words[MOST_HELD - 1], (MOST_HELD - 1).to_string());
        assert_eq!(
            words[MOST_HELD..],
            [format!("{MOST_HELD}far"), format!("{last}far+")]
        );
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
