//! The pipeline without a spine: for replays and hunts at the command line.
//!
//! Same normaliser, same join, same detector, in the same order. When files are replayed, the
//! record's own time stands in for receive time, so last Tuesday's capture gives last Tuesday's
//! findings.

use std::collections::BTreeMap;
use std::sync::Arc;

use ringfence_calls::{Join, JoinConfig};
use ringfence_detect::{Detector, Pack};
use ringfence_event::{CallFacts, Event, FactsRevision, Finding, Time};

/// Silence after the last record, so that everything that settles has settled.
const AFTERMATH_MS: i64 = 10_000;

/// Events in, findings out.
pub struct Offline {
    join: Join,
    detector: Detector,
    next: u64,
    now: Time,
}

impl Offline {
    /// With nothing seen yet.
    #[must_use]
    pub fn new(pack: Pack, calls: JoinConfig) -> Self {
        Self {
            join: Join::new(calls),
            detector: Detector::new(pack),
            next: 0,
            now: Time(i64::MIN),
        }
    }

    /// Takes an event; its `received` must not lie behind that of the one before.
    pub fn event(&mut self, event: &Arc<Event>, out: &mut Vec<Finding>) {
        self.tick(event.received, out);
        let offset = self.next;
        self.next += 1;
        let mut facts = Vec::new();
        self.join.on_event(offset, event, &mut facts);
        let mut first: BTreeMap<u64, CallFacts> = BTreeMap::new();
        let mut later = Vec::new();
        for revision in facts {
            if revision.version == 1 && revision.offset == offset {
                first.insert(offset, revision.facts);
            } else {
                later.push(revision);
            }
        }
        self.detector
            .on_event(offset, event, first.get(&offset), out);
        self.revise(&later, out);
    }

    /// Time passes: what was waiting for it settles.
    pub fn tick(&mut self, now: Time, out: &mut Vec<Finding>) {
        // A tick a second, as the server writes them; over a long gap only its end matters.
        let from = if self.now == Time(i64::MIN) {
            now
        } else {
            self.now
        };
        let mut at = if now.since(from) > AFTERMATH_MS {
            now - AFTERMATH_MS
        } else {
            from
        };
        while at < now {
            at = (at + 1_000).min(now);
            let mut facts = Vec::new();
            self.join.on_tick(at, &mut facts);
            self.revise(&facts, out);
        }
        self.now = self.now.max(now);
    }

    /// The input has ended.
    pub fn finish(&mut self, out: &mut Vec<Finding>) {
        if self.now > Time(i64::MIN) {
            self.tick(self.now + AFTERMATH_MS, out);
        }
    }

    fn revise(&mut self, facts: &[FactsRevision], out: &mut Vec<Finding>) {
        for revision in facts {
            self.detector.on_revision(revision, out);
        }
    }
}
