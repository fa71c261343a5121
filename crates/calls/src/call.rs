//! One call, as the sum of its marks.

use std::sync::Arc;

use ringfence_event::{Consent, Direction, RecordingState, Time};
use serde::{Deserialize, Serialize};

use crate::timeline::Timeline;

const MARKS: usize = 32;
const IDS: usize = 4;
const CUSTOMERS: usize = 4;

/// What one piece of evidence says about a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Step {
    /// Rings at the agent, or the agent dials.
    Ring,
    /// The agent talks.
    Answer,
    /// The agent is off the call, which goes on.
    Leave,
}

/// A step at a moment. The order of fields is the order of marks.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Mark {
    pub(crate) at: Time,
    pub(crate) step: Step,
    pub(crate) agent: Arc<str>,
    pub(crate) trusted: bool,
}

/// An agent's part in a call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Leg {
    pub(crate) call: u64,
    pub(crate) from: Time,
    pub(crate) answered: Option<Time>,
    pub(crate) to: Option<Time>,
    pub(crate) trusted: bool,
}

/// Who was identified on a call, and when; shared with those who are shown it.
pub(crate) type Customers = Arc<Vec<(Time, Arc<str>)>>;

impl AsRef<Self> for Leg {
    fn as_ref(&self) -> &Self {
        self
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Call {
    pub(crate) uid: String,
    /// The sources' ids of it.
    pub(crate) ids: Vec<Arc<str>>,
    /// Has an agent, or a trusted source vouches for it.
    pub(crate) established: bool,
    /// Earliest evidence, by event time.
    pub(crate) first: Time,
    marks: Vec<Mark>,
    end: Option<Time>,
    /// An end that anyone could have forged: counts if no trusted source knows the call.
    doubtful_end: Option<Time>,
    /// A final error; means the end of a call that nobody answered (a refused change of a call
    /// that goes on looks the same).
    failed: Option<Time>,
    answered: bool,
    trusted: bool,
    /// Who had a leg when it was last derived.
    pub(crate) assigned: Vec<Arc<str>>,
    pub(crate) caller: Option<Arc<str>>,
    pub(crate) customers: Customers,
    pub(crate) direction: Option<Direction>,
    pub(crate) attestation: Option<String>,
    pub(crate) encrypted: Option<bool>,
    pub(crate) consent: Timeline<ConsentStep, 8>,
    pub(crate) recording: Timeline<RecordingStep, 16>,
    pub(crate) held: Timeline<bool, 4>,
}

/// [`Consent`] in the order in which steps of one millisecond apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum ConsentStep {
    Announced,
    Given,
    Refused,
    Withdrawn,
}

/// [`RecordingState`] in the order in which steps of one millisecond apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum RecordingStep {
    On,
    Paused,
    Off,
}

impl Call {
    pub(crate) fn new(uid: String, id: Arc<str>, first: Time) -> Self {
        Self {
            uid,
            ids: vec![id],
            established: false,
            first,
            marks: Vec::new(),
            end: None,
            doubtful_end: None,
            failed: None,
            answered: false,
            trusted: false,
            assigned: Vec::new(),
            caller: None,
            customers: Arc::default(),
            direction: None,
            attestation: None,
            encrypted: None,
            consent: Timeline::default(),
            recording: Timeline::default(),
            held: Timeline::default(),
        }
    }

    pub(crate) fn mark(&mut self, at: Time, step: Step, agent: &Arc<str>, trusted: bool) {
        self.first = self.first.min(at);
        self.trusted |= trusted;
        self.answered |= step == Step::Answer;
        let mark = Mark {
            at,
            step,
            agent: agent.clone(),
            trusted,
        };
        let place = self.marks.partition_point(|m| *m < mark);
        if self.marks.len() < MARKS && self.marks.get(place) != Some(&mark) {
            self.marks.insert(place, mark);
        }
    }

    /// A call ends once: the earliest report stands.
    pub(crate) fn finish(&mut self, at: Time, trusted: bool) {
        self.trusted |= trusted;
        let end = if trusted {
            &mut self.end
        } else {
            &mut self.doubtful_end
        };
        *end = Some(end.map_or(at, |e| e.min(at)));
    }

    /// The attempt came to nothing.
    pub(crate) fn fail(&mut self, at: Time) {
        self.failed = Some(self.failed.map_or(at, |f| f.min(at)));
    }

    pub(crate) fn begun(&mut self, at: Time) {
        self.first = self.first.min(at);
    }

    pub(crate) fn vouch(&mut self, trusted: bool) {
        self.trusted |= trusted;
    }

    pub(crate) fn identify(&mut self, at: Time, customer: &str) {
        let known = self.customers.iter().find(|(_, c)| **c == *customer);
        if known.is_some_and(|(since, _)| *since <= at) {
            return;
        }
        let customers = Arc::make_mut(&mut self.customers);
        if let Some(known) = customers.iter_mut().find(|(_, c)| **c == *customer) {
            known.0 = at;
        } else if customers.len() < CUSTOMERS {
            customers.push((at, customer.into()));
        }
        customers.sort();
    }

    pub(crate) fn add_id(&mut self, id: Arc<str>) -> bool {
        let fits = self.ids.len() < IDS && !self.ids.contains(&id);
        if fits {
            self.ids.push(id);
        }
        fits
    }

    /// Encrypted means every part that was seen.
    pub(crate) fn saw_encryption(&mut self, encrypted: Option<bool>) {
        if let Some(encrypted) = encrypted {
            self.encrypted = Some(self.encrypted.unwrap_or(true) && encrypted);
        }
    }

    /// Takes over what another record of the same conversation knows.
    pub(crate) fn absorb(&mut self, other: Self) {
        for m in &other.marks {
            self.mark(m.at, m.step, &m.agent, m.trusted);
        }
        for (at, customer) in &*other.customers {
            self.identify(*at, customer);
        }
        for id in other.ids {
            self.add_id(id);
        }
        self.first = self.first.min(other.first);
        self.trusted |= other.trusted;
        self.end = min_known(self.end, other.end);
        self.doubtful_end = min_known(self.doubtful_end, other.doubtful_end);
        self.failed = min_known(self.failed, other.failed);
        self.answered |= other.answered;
        self.saw_encryption(other.encrypted);
        self.caller = self.caller.take().or(other.caller);
        self.direction = self.direction.or(other.direction);
        self.attestation = self.attestation.take().or(other.attestation);
    }

    pub(crate) fn ended(&self) -> Option<Time> {
        self.end
            .or(self.doubtful_end.filter(|_| !self.trusted))
            .or(self.failed.filter(|_| !self.answered))
            .map(|end| end.max(self.first))
    }

    pub(crate) fn is_trusted(&self) -> bool {
        self.trusted
    }

    /// Customers identified by `t`, earliest first.
    pub(crate) fn customers_by(&self, t: Time) -> impl DoubleEndedIterator<Item = &Arc<str>> {
        identified_by(&self.customers, t)
    }

    pub(crate) fn customers(&self) -> impl DoubleEndedIterator<Item = &Arc<str>> {
        self.customers.iter().map(|(_, c)| c)
    }

    /// The agents' parts, derived from all marks in order of event time.
    pub(crate) fn legs(&self, call: u64) -> Vec<(Arc<str>, Leg)> {
        let mut legs: Vec<(Arc<str>, Leg)> = Vec::new();
        for m in &self.marks {
            let open = legs
                .iter()
                .rposition(|(a, l)| *a == m.agent && l.to.is_none());
            let open = open.and_then(|i| legs.get_mut(i)).map(|(_, leg)| leg);
            match (m.step, open) {
                (Step::Leave, Some(leg)) => leg.to = Some(m.at),
                (Step::Answer, Some(leg)) => leg.answered = leg.answered.or(Some(m.at)),
                (Step::Leave, None) | (Step::Ring, Some(_)) => {}
                (Step::Ring | Step::Answer, None) => {
                    let leg = Leg {
                        call,
                        from: m.at,
                        answered: (m.step == Step::Answer).then_some(m.at),
                        to: None,
                        trusted: m.trusted,
                    };
                    legs.push((m.agent.clone(), leg));
                }
            }
            if m.step == Step::Answer {
                // It no longer rings at the others.
                for (_, leg) in legs.iter_mut().filter(|(a, _)| *a != m.agent) {
                    if leg.answered.is_none() && leg.to.is_none() {
                        leg.to = Some(m.at);
                    }
                }
            }
        }
        if let Some(end) = self.ended() {
            for (_, leg) in &mut legs {
                leg.to = Some(leg.to.map_or(end, |to| to.min(end)).max(leg.from));
            }
        }
        legs
    }
}

/// Customers identified by `t`, earliest first.
pub(crate) fn identified_by(
    customers: &Customers,
    t: Time,
) -> impl DoubleEndedIterator<Item = &Arc<str>> {
    let by = customers.iter().filter(move |(at, _)| *at <= t);
    by.map(|(_, customer)| customer)
}

impl From<ConsentStep> for Consent {
    fn from(step: ConsentStep) -> Self {
        match step {
            ConsentStep::Announced => Self::Announced,
            ConsentStep::Given => Self::Given,
            ConsentStep::Refused => Self::Refused,
            ConsentStep::Withdrawn => Self::Withdrawn,
        }
    }
}

impl From<RecordingStep> for RecordingState {
    fn from(step: RecordingStep) -> Self {
        match step {
            RecordingStep::On => Self::On,
            RecordingStep::Paused => Self::Paused,
            RecordingStep::Off => Self::Off,
        }
    }
}

fn min_known(a: Option<Time>, b: Option<Time>) -> Option<Time> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn call() -> Call {
        Call::new("u".into(), "1".into(), Time(0))
    }

    fn legs(c: &Call) -> Vec<(String, i64, Option<i64>)> {
        let mut legs: Vec<_> = c
            .legs(1)
            .into_iter()
            .map(|(a, l)| (a.to_string(), l.from.0, l.to.map(|t| t.0)))
            .collect();
        legs.sort();
        legs
    }

    #[test]
    fn a_transfer_gives_both_agents_their_part() {
        let mut c = call();
        let (a, b): (Arc<str>, Arc<str>) = ("a".into(), "b".into());
        c.finish(Time(90), true);
        c.mark(Time(50), Step::Ring, &b, true);
        c.mark(Time(50), Step::Leave, &a, true);
        c.mark(Time(10), Step::Answer, &a, true);
        assert_eq!(
            legs(&c),
            [("a".into(), 10, Some(50)), ("b".into(), 50, Some(90))]
        );
    }

    #[test]
    fn ringing_stops_for_the_others_when_one_answers() {
        let mut c = call();
        let (a, b): (Arc<str>, Arc<str>) = ("a".into(), "b".into());
        c.mark(Time(1), Step::Ring, &a, true);
        c.mark(Time(2), Step::Ring, &b, true);
        c.mark(Time(5), Step::Answer, &b, true);
        assert_eq!(legs(&c), [("a".into(), 1, Some(5)), ("b".into(), 2, None)]);
    }

    #[test]
    fn nobody_can_hang_up_for_another() {
        let mut c = call();
        c.mark(Time(1), Step::Answer, &"a".into(), true);
        c.finish(Time(5), false);
        assert_eq!(legs(&c), [("a".into(), 1, None)]);
        c.finish(Time(9), true);
        assert_eq!(legs(&c), [("a".into(), 1, Some(9))]);
    }

    #[test]
    fn an_end_before_the_beginning_leaves_nothing_open() {
        let mut c = call();
        c.finish(Time(5), true);
        c.mark(Time(7), Step::Answer, &"a".into(), true);
        assert_eq!(legs(&c), [("a".into(), 7, Some(7))]);
    }

    proptest! {
        #[test]
        fn order_and_repetition_of_marks_do_not_matter(
            marks in proptest::collection::vec((0i64..50, 0u8..4, 0u8..3), 1..20),
            seed in any::<u64>(),
        ) {
            let put = |c: &mut Call, (at, step, agent): (i64, u8, u8)| {
                let agent: Arc<str> = agent.to_string().into();
                match step {
                    0 => c.mark(Time(at), Step::Ring, &agent, true),
                    1 => c.mark(Time(at), Step::Answer, &agent, true),
                    2 => c.mark(Time(at), Step::Leave, &agent, true),
                    _ => c.finish(Time(at), true),
                }
            };
            let (mut a, mut b) = (call(), call());
            let mut shuffled = marks.clone();
            let len = shuffled.len();
            for i in 0..len {
                shuffled.swap(i, (seed as usize).wrapping_mul(i + 7) % len);
            }
            marks.iter().for_each(|m| put(&mut a, *m));
            shuffled.iter().chain(&marks).for_each(|m| put(&mut b, *m));
            prop_assert_eq!(legs(&a), legs(&b));
            prop_assert!(a.legs(1).iter().all(|(_, l)| l.to.is_none_or(|to| to >= l.from)));
        }
    }
}
