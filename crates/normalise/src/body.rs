//! Many records at once: what became of each.

use std::ops::Range;

use ringfence_event::Event;

use crate::Reject;

/// What became of one record of a body.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// Its bytes in the body, for quarantine.
    pub span: Range<usize>,
    /// Its events, or why it is refused; positions count from the start of the body.
    pub result: Result<Vec<Event>, Reject>,
}

/// What became of a body. The place of an outcome in the list is the record's index, which
/// together with a sender's idempotency key gives its events their identity.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Batch {
    /// One for each record, in order.
    pub outcomes: Vec<Outcome>,
}

impl Batch {
    /// All events, each with the index of its record.
    pub fn events(&self) -> impl Iterator<Item = (usize, &Event)> {
        self.outcomes
            .iter()
            .enumerate()
            .flat_map(|(index, outcome)| {
                let events = outcome.result.as_deref().unwrap_or_default();
                events.iter().map(move |event| (index, event))
            })
    }

    /// All refusals, each with the index and bytes of its record.
    pub fn rejects(&self) -> impl Iterator<Item = (usize, &Range<usize>, &Reject)> {
        self.outcomes
            .iter()
            .enumerate()
            .filter_map(|(index, outcome)| {
                let reject = outcome.result.as_ref().err()?;
                Some((index, &outcome.span, reject))
            })
    }

    pub(crate) fn push(&mut self, span: Range<usize>, result: Result<Vec<Event>, Reject>) {
        self.outcomes.push(Outcome { span, result });
    }
}
