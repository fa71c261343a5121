//! One event against all rules: candidates from the prefilter, then their expressions.

use crate::evaluate::holds;
use crate::record::Record;
use crate::rule::LogSource;
use crate::ruleset::RuleSet;
use crate::slots::Slots;

/// Working memory, reused from event to event.
#[derive(Debug, Default)]
pub(crate) struct Scan {
    slots: Slots,
    /// Counts events. Answers carry it, so that nothing has to be cleared.
    event: u32,
    /// By predicate: twice the event's count, plus one if the predicate holds.
    answers: Vec<u32>,
    /// By rule: the last event for which it was a candidate.
    candidates: Vec<u32>,
    found: Vec<u32>,
}

impl Scan {
    /// Numbers of the detections that match, ascending.
    pub fn run(&mut self, rules: &RuleSet, source: LogSource<'_>, record: &dyn Record) -> Vec<u32> {
        self.next_event(rules);
        let Self {
            slots,
            event,
            candidates,
            found,
            ..
        } = self;
        found.clear();
        for bucket in rules.buckets(source) {
            bucket.candidates(&rules.predicates, record, slots, &mut |rule| {
                if let Some(seen) = candidates.get_mut(rule as usize)
                    && *seen != *event
                {
                    *seen = *event;
                    found.push(rule);
                }
            });
        }
        let mut hits = std::mem::take(&mut self.found);
        hits.retain(|rule| {
            rules
                .expr(*rule)
                .is_some_and(|e| e.holds(&mut |p| self.answer(rules, p, record)))
        });
        hits.sort_unstable();
        hits
    }

    /// Predicates because of which a rule matched the event just run.
    pub fn reasons(&mut self, rules: &RuleSet, rule: u32, record: &dyn Record) -> Vec<u32> {
        let mut out = Vec::new();
        if let Some(expr) = rules.expr(rule) {
            expr.reasons(&mut |p| self.answer(rules, p, record), &mut out);
        }
        out
    }

    /// The same by trying every rule, with nothing remembered between predicates.
    pub fn full(rules: &RuleSet, source: LogSource<'_>, record: &dyn Record) -> Vec<usize> {
        let mut test = |id| {
            let mut slots = Slots::default();
            slots.next_event(rules.predicates.field_count());
            let predicate = rules.predicates.get(id);
            predicate.is_some_and(|p| holds(p, &rules.predicates, record, &mut slots))
        };
        let mut hits = Vec::new();
        for bucket in rules.accepting(source) {
            let matching = |rule: &&u32| rules.expr(**rule).is_some_and(|e| e.holds(&mut test));
            hits.extend(
                bucket
                    .rules
                    .iter()
                    .filter(matching)
                    .map(|rule| *rule as usize),
            );
        }
        hits.sort_unstable();
        hits
    }

    fn answer(&mut self, rules: &RuleSet, id: u32, record: &dyn Record) -> bool {
        let known = self.answers.get(id as usize).copied().unwrap_or(0);
        if known >> 1 == self.event {
            return known & 1 == 1;
        }
        let predicate = rules.predicates.get(id);
        let answer =
            predicate.is_some_and(|p| holds(p, &rules.predicates, record, &mut self.slots));
        if let Some(slot) = self.answers.get_mut(id as usize) {
            *slot = (self.event << 1) | u32::from(answer);
        }
        answer
    }

    fn next_event(&mut self, rules: &RuleSet) {
        // One bit less than 32, since answers are shifted by one.
        if self.event >= u32::MAX >> 1 {
            *self = Self::default();
        }
        self.event += 1;
        self.answers.resize(rules.predicates.len(), 0);
        self.candidates.resize(rules.len(), 0);
        self.slots.next_event(rules.predicates.field_count());
    }
}
