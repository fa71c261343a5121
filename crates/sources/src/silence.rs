//! When a source that should speak does not: "no data" must never look like "no alerts".
//!
//! Pure logic: it is told when sources were last heard and what time it is, and answers with what
//! changed. Whoever asks turns the answers into `SOURCE` events.
//!
//! It errs on the loud side: a pause that raised an alarm is never learned as normal.

use std::collections::BTreeMap;

use ringfence_event::{Name, Time};

/// Learned limits are never shorter than this: a source that usually speaks each second may pause.
const MIN_LEARNED: i64 = 5 * 60_000;
/// Nor longer: half a day of silence is worth a look, whatever was usual.
const MAX_LEARNED: i64 = 12 * 3_600_000;
/// Gaps to have seen before a learned limit counts.
const LEARN_FROM: u32 = 20;
/// A pause is unusual when it is so many times the longest recent one.
const FACTOR: i64 = 4;
/// A source that returned counts as back when it has kept its word for this long, so that one
/// stray record does not switch the alarm off and on.
const SETTLE: i64 = 60_000;

/// What is known about how often a source speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expectation {
    /// At least once in so many milliseconds. It is watched from the start: a source that never
    /// spoke is silent too.
    Every(i64),
    /// Learned from what it does. Unknown, and therefore quiet, until it has been heard a while.
    Learned,
}

/// A change that someone should hear of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transition {
    /// The source.
    pub source: Name,
    /// Silent, or heard again.
    pub change: Change,
    /// When the silence began: the last record, or the start of the watch when there was none.
    pub begin: Time,
    /// How long it has lasted, or did last, in milliseconds.
    pub duration: i64,
}

/// Which way a source changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It was expected and is not heard.
    Silent,
    /// It is heard again.
    Recovered,
}

/// How a source stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Not heard yet, or not long enough to say.
    Unknown,
    /// Heard as expected.
    Heard,
    /// Not heard.
    Silent,
}

/// Watches sources for silence.
#[derive(Debug, Clone, Default)]
pub struct SilenceDetector {
    sources: BTreeMap<Name, Watch>,
}

#[derive(Debug, Clone)]
struct Watch {
    expectation: Expectation,
    since: Time,
    last: Option<Time>,
    gaps: u32,
    longest: i64,
    state: State,
}

#[derive(Debug, Clone, Copy)]
enum State {
    Quiet,
    Silent { begin: Time },
    Returning { begin: Time, back: Time },
}

impl SilenceDetector {
    /// Begins to watch a source at `now`, or changes what is expected of it.
    pub fn watch(&mut self, source: Name, expectation: Expectation, now: Time) {
        self.sources
            .entry(source)
            .and_modify(|watch| watch.expectation = expectation)
            .or_insert(Watch {
                expectation,
                since: now,
                last: None,
                gaps: 0,
                longest: 0,
                state: State::Quiet,
            });
    }

    /// Forgets a source.
    pub fn unwatch(&mut self, source: &Name) {
        self.sources.remove(source);
    }

    /// A source was last heard at `at`. Older news than it has are ignored; a source that is not
    /// watched is not noted.
    pub fn heard(&mut self, source: &Name, at: Time) {
        if let Some(watch) = self.sources.get_mut(source) {
            watch.heard(at);
        }
    }

    /// What changed, as of `now`. Each change is told once.
    pub fn check(&mut self, now: Time) -> Vec<Transition> {
        let mut out = Vec::new();
        for (source, watch) in &mut self.sources {
            if let Some((change, begin, end)) = watch.check(now) {
                out.push(Transition {
                    source: source.clone(),
                    change,
                    begin,
                    duration: end.since(begin),
                });
            }
        }
        out
    }

    /// How a source stands; `None` when it is not watched.
    #[must_use]
    pub fn standing(&self, source: &Name) -> Option<Standing> {
        self.sources.get(source).map(Watch::standing)
    }
}

impl Watch {
    fn heard(&mut self, at: Time) {
        let Some(last) = self.last.replace(at) else {
            return;
        };
        if at <= last {
            self.last = Some(last);
            return;
        }
        // An outage teaches nothing about what is normal.
        if matches!(self.state, State::Quiet) {
            self.gaps = self.gaps.saturating_add(1);
            // Old long pauses fade: by a half in about 350 hearings.
            self.longest = (self.longest - self.longest / 512).max(at.since(last));
        }
    }

    fn check(&mut self, now: Time) -> Option<(Change, Time, Time)> {
        let limit = self.limit()?;
        let last = self.last.unwrap_or(self.since);
        let overdue = now.since(last) > limit;
        match self.state {
            State::Quiet if overdue => {
                self.state = State::Silent { begin: last };
                Some((Change::Silent, last, now))
            }
            State::Silent { begin } if last > begin && !overdue => {
                self.state = State::Returning { begin, back: last };
                None
            }
            State::Returning { begin, .. } if overdue => {
                // A stray record: the silence goes on, and was told already.
                self.state = State::Silent { begin };
                None
            }
            State::Returning { begin, back } if now.since(back) >= limit.min(SETTLE) => {
                self.state = State::Quiet;
                Some((Change::Recovered, begin, back))
            }
            _ => None,
        }
    }

    /// The longest pause that is not silence, where one is known.
    fn limit(&self) -> Option<i64> {
        match self.expectation {
            Expectation::Every(ms) => Some(ms.max(1)),
            Expectation::Learned if self.gaps < LEARN_FROM => None,
            Expectation::Learned => {
                let limit = self.longest.saturating_mul(FACTOR);
                Some(limit.clamp(MIN_LEARNED, MAX_LEARNED))
            }
        }
    }

    fn standing(&self) -> Standing {
        match self.state {
            State::Silent { .. } | State::Returning { .. } => Standing::Silent,
            State::Quiet if self.last.is_none() || self.limit().is_none() => Standing::Unknown,
            State::Quiet => Standing::Heard,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SECOND: i64 = 1_000;

    fn pbx() -> Name {
        Name::new("pbx").unwrap()
    }

    fn at(secs: i64) -> Time {
        Time(secs * SECOND)
    }

    fn watching(expectation: Expectation) -> SilenceDetector {
        let mut detector = SilenceDetector::default();
        detector.watch(pbx(), expectation, at(0));
        detector
    }

    #[test]
    fn an_expected_source_that_never_speaks_is_silent() {
        let mut detector = watching(Expectation::Every(60 * SECOND));
        assert_eq!(detector.standing(&pbx()), Some(Standing::Unknown));
        assert_eq!(detector.check(at(60)), []);
        let told = detector.check(at(61));
        assert_eq!(told.len(), 1);
        assert_eq!(told[0].change, Change::Silent);
        assert_eq!((told[0].begin, told[0].duration), (at(0), 61 * SECOND));
        assert_eq!(detector.check(at(600)), [], "told once");
    }

    #[test]
    fn silence_and_return_are_told_with_begin_and_duration() {
        let mut detector = watching(Expectation::Every(60 * SECOND));
        detector.heard(&pbx(), at(10));
        assert_eq!(detector.check(at(70)), []);
        assert_eq!(detector.check(at(71))[0].begin, at(10));
        detector.heard(&pbx(), at(500));
        assert_eq!(detector.check(at(501)), [], "not before it has settled");
        detector.heard(&pbx(), at(550));
        let told = detector.check(at(560));
        assert_eq!(told[0].change, Change::Recovered);
        assert_eq!((told[0].begin, told[0].duration), (at(10), 490 * SECOND));
        assert_eq!(detector.standing(&pbx()), Some(Standing::Heard));
    }

    #[test]
    fn a_stray_record_does_not_end_a_silence() {
        let mut detector = watching(Expectation::Every(10 * SECOND));
        assert_eq!(detector.check(at(11)).len(), 1);
        detector.heard(&pbx(), at(20));
        assert_eq!(detector.check(at(21)), []);
        assert_eq!(detector.check(at(31)), []);
        assert_eq!(detector.standing(&pbx()), Some(Standing::Silent));
        // it comes back for good
        detector.heard(&pbx(), at(40));
        assert_eq!(detector.check(at(41)), []);
        detector.heard(&pbx(), at(48));
        let told = detector.check(at(50));
        assert_eq!((told[0].begin, told[0].duration), (at(0), 40 * SECOND));
    }

    #[test]
    fn a_learned_source_is_unknown_until_heard_a_while() {
        let mut detector = watching(Expectation::Learned);
        assert_eq!(detector.check(at(100_000)), []);
        for i in 0..=i64::from(LEARN_FROM) {
            detector.heard(&pbx(), at(100_000 + i * 100));
        }
        let last = 100_000 + i64::from(LEARN_FROM) * 100;
        assert_eq!(detector.standing(&pbx()), Some(Standing::Heard));
        assert_eq!(detector.check(at(last + 400)), []);
        assert_eq!(detector.check(at(last + 401)).len(), 1);
        // The outage is not learned: the same pause again is silence again.
        let back = last + 4_000;
        for i in 0..10 {
            detector.heard(&pbx(), at(back + i * 10));
            detector.check(at(back + i * 10));
        }
        assert_eq!(detector.standing(&pbx()), Some(Standing::Heard));
        assert_eq!(detector.check(at(back + 90 + 401)).len(), 1);
    }

    #[test]
    fn old_news_and_strangers_change_nothing() {
        let mut detector = watching(Expectation::Every(60 * SECOND));
        detector.heard(&pbx(), at(100));
        detector.heard(&pbx(), at(50));
        detector.heard(&Name::new("other").unwrap(), at(100));
        assert_eq!(detector.check(at(160)), []);
        assert_eq!(detector.standing(&Name::new("other").unwrap()), None);
        detector.unwatch(&pbx());
        assert_eq!(detector.check(at(10_000)), []);
    }

    proptest! {
        #[test]
        fn changes_alternate_and_durations_are_not_negative(
            steps in prop::collection::vec((1_i64..200, any::<bool>()), 1..200),
            learned in any::<bool>(),
        ) {
            let expectation = if learned { Expectation::Learned } else { Expectation::Every(60_000) };
            let mut detector = watching(expectation);
            let (mut now, mut before) = (0, Change::Recovered);
            for (step, speaks) in steps {
                now += step;
                if speaks {
                    detector.heard(&pbx(), at(now));
                }
                for told in detector.check(at(now)) {
                    prop_assert_ne!(told.change, before);
                    prop_assert!(told.duration >= 0);
                    before = told.change;
                }
            }
        }
    }
}
