//! A source's clock and signs of life.
//!
//! *Heard around t* is decided by event time: times of a source's events that lie close together
//! form spans, and only inside a span may the absence of a call be believed. A silence is a hole
//! between spans; a backlog that arrives later fills the hole. How close is close: twenty times
//! the source's mean gap (for arrivals at random a longer gap has odds of 2 in 10^9), at most the
//! configured bound.

use ringfence_event::{Name, Time};
use serde::{Deserialize, Serialize};

use crate::JoinConfig;

/// Constant clock differences up to this are left alone.
const SKEW_IGNORED: i64 = 2_000;
/// A larger one is a source with a broken clock, not with a skewed one.
const SKEW_BELIEVED: i64 = 3_600_000;
/// Delays in one look at a source's clock, at least.
const SKEW_SAMPLES: u32 = 64;
/// How long a look takes by receive time, at least: a backlog that comes in is as late for a burst
/// of events, and soon less so; a clock stays wrong.
const SKEW_LOOK: i64 = 30_000;
/// A delay that varies by more is delay, not skew.
const SKEW_SPREAD: i64 = 2_000;
/// Of so many delays, one may be longer than that.
const SKEW_STRAGGLERS: u32 = 20;
const SPANS: usize = 32;
const GAPS_LEARNED: u32 = 32;
const GAP_FACTOR: i64 = 20;
const GAP_SUSPECT: i64 = 5;
const GAP_FLOOR: i64 = 3_000;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Source {
    pub(crate) name: Name,
    /// Reports calls of agents while they last.
    pub(crate) live: bool,
    /// Sends detail records.
    pub(crate) cdr: bool,
    pub(crate) trusted: bool,
    /// How late it may deliver, ms: 0 for a source that tells what happens as it happens.
    #[serde(default)]
    pub(crate) delivery: i64,
    /// Receive time of the latest event.
    pub(crate) heard: Time,
    /// The latest event time.
    latest: Time,
    /// Receive time of the last event from before the current span: a backlog comes in.
    late: Time,
    /// Mean gap between events in microseconds of event time.
    gap: i64,
    gaps: u32,
    spans: Vec<(Time, Time)>,
    skew: Skew,
}

/// How far off a source's clock is, and the look at it that is under way: delays are receive time
/// minus event time.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
struct Skew {
    offset: i64,
    count: u32,
    least: i64,
    /// Delays of the look that were longer than the spread allows.
    #[serde(default)]
    stragglers: u32,
    /// Receive time at which the look began.
    #[serde(default)]
    since: i64,
}

impl Source {
    pub(crate) fn new(name: Name, delivery: i64) -> Self {
        Self {
            name,
            delivery,
            live: false,
            cdr: false,
            trusted: false,
            heard: Time(i64::MIN),
            latest: Time(i64::MIN),
            late: Time(i64::MIN),
            gap: 0,
            gaps: 0,
            spans: Vec::new(),
            skew: Skew::default(),
        }
    }

    /// The part of it that says what was heard at `since` and later.
    pub(crate) fn since(&self, since: Time) -> Self {
        let mut part = Self::new(self.name.clone(), self.delivery);
        part.follow(self, since);
        part
    }

    /// Becomes that part of another; the skew, which no answer rests on, stays.
    pub(crate) fn follow(&mut self, of: &Self, since: Time) {
        let Self {
            name: _,
            live,
            cdr,
            trusted,
            delivery,
            heard,
            latest,
            late,
            gap,
            gaps,
            spans,
            skew: _,
        } = of;
        (self.live, self.cdr, self.trusted) = (*live, *cdr, *trusted);
        (self.delivery, self.heard, self.latest) = (*delivery, *heard, *latest);
        (self.late, self.gap, self.gaps) = (*late, *gap, *gaps);
        // The last one is where a span goes on, however long ago.
        let from = spans.partition_point(|span| span.1 < since);
        let from = from.min(spans.len().saturating_sub(1));
        self.spans.clear();
        let part = spans.get(from..);
        self.spans.extend_from_slice(part.unwrap_or_default());
    }

    /// The event's time by our clock, as far as the source's constant offset is known.
    pub(crate) fn correct(&mut self, time: Time, received: Time) -> Time {
        if self.delivery > 0 {
            // Its delay is delivery, and says nothing about its clock.
            return time;
        }
        self.skew.sample(received, received.since(time));
        time + self.skew.offset
    }

    /// Notes a sign of life with this (usable, corrected) event time.
    pub(crate) fn hear(&mut self, t: Time, now: Time, config: &JoinConfig) {
        self.heard = self.heard.max(now);
        let limit = self.limit(config);
        if self.latest.0 != i64::MIN && t > self.latest {
            // An outage must not teach that outages are normal.
            let gap = t.since(self.latest).min(limit).saturating_mul(1_000);
            self.gaps = self.gaps.saturating_add(1);
            let weight = i64::from(self.gaps.min(64));
            self.gap += (gap - self.gap) / weight;
        }
        if self.current().is_some_and(|from| t < from) {
            self.late = now;
        }
        self.latest = self.latest.max(t);
        self.cover(t, limit);
    }

    /// Longer quiet than this is silence.
    pub(crate) fn limit(&self, config: &JoinConfig) -> i64 {
        let (floor, bound) = if self.live {
            (GAP_FLOOR, config.fresh_ms)
        } else {
            (config.fresh_ms, config.cdr_fresh_ms)
        };
        if self.gaps < GAPS_LEARNED {
            return bound + self.delivery;
        }
        let learned = self.gap.saturating_mul(GAP_FACTOR) / 1_000;
        learned.clamp(floor.min(bound), bound) + self.delivery
    }

    /// Quiet for so long that it makes one wonder, though it is not silence yet: five mean gaps,
    /// which happens by chance once in 150 times.
    pub(crate) fn is_suspect(&self, now: Time) -> bool {
        let learned = self.gaps >= GAPS_LEARNED;
        learned && now.since(self.position()) > self.gap.saturating_mul(GAP_SUSPECT) / 1_000
    }

    pub(crate) fn is_silent(&self, now: Time, config: &JoinConfig) -> bool {
        now.since(self.position()) > self.limit(config)
    }

    /// A backlog is coming in: what it has not told yet is not known.
    pub(crate) fn is_catching_up(&self, now: Time, config: &JoinConfig) -> bool {
        now.since(self.late) <= config.settle_ms
    }

    /// How far its story has come: a source that tells of old times only is as good as silent.
    fn position(&self) -> Time {
        self.heard.min(self.latest + SKEW_IGNORED)
    }

    /// Since when this source has been heard without a hole up to `t` and beyond.
    pub(crate) fn span(&self, t: Time) -> Option<(Time, Time)> {
        let around = |s: &(Time, Time)| s.0 <= t && t <= s.1;
        self.spans.iter().rev().copied().find(around)
    }

    /// The beginning of the span that goes on now.
    pub(crate) fn current(&self) -> Option<Time> {
        self.spans.last().map(|s| s.0)
    }

    /// Nothing that happened after `t` has been heard of yet.
    pub(crate) fn is_ahead(&self, t: Time) -> bool {
        t > self.latest
    }

    fn cover(&mut self, t: Time, limit: i64) {
        if let Some(last) = self.spans.last_mut()
            && t >= last.0
            && t <= last.1 + limit
        {
            last.1 = last.1.max(t);
            return;
        }
        let (mut from, mut to) = (t, t);
        let place = self.spans.partition_point(|s| s.1 + limit < t);
        while let Some(s) = self.spans.get(place).copied().filter(|s| s.0 - limit <= t) {
            from = from.min(s.0);
            to = to.max(s.1);
            self.spans.remove(place);
        }
        self.spans.insert(place, (from, to));
        if self.spans.len() > SPANS {
            self.spans.remove(0);
        }
    }
}

impl Skew {
    fn sample(&mut self, received: Time, delay: i64) {
        // One wild time stamp says nothing about a clock.
        if delay.saturating_abs() > SKEW_BELIEVED {
            return;
        }
        if self.count == 0 || delay < self.least - SKEW_SPREAD {
            *self = Self {
                offset: self.offset,
                count: 1,
                least: delay,
                stragglers: 0,
                since: received.0,
            };
            return;
        }
        self.count = self.count.saturating_add(1);
        self.least = self.least.min(delay);
        self.stragglers += u32::from(delay > self.least + SKEW_SPREAD);
        if self.count >= SKEW_SAMPLES && received.0.saturating_sub(self.since) >= SKEW_LOOK {
            if self.stragglers <= self.count / SKEW_STRAGGLERS {
                let large = self.least.saturating_abs() > SKEW_IGNORED;
                self.offset = if large { self.least } else { 0 };
            }
            self.count = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source() -> Source {
        let mut s = Source::new(Name::new("dialer").unwrap(), 0);
        s.live = true;
        s
    }

    #[test]
    fn silence_is_a_hole_and_a_backlog_fills_it() {
        let config = JoinConfig::default();
        let mut s = source();
        let hear = |s: &mut Source, t: i64| s.hear(Time(t), Time(t), &config);
        for i in 0..200 {
            hear(&mut s, 500 * i);
        }
        assert_eq!(s.limit(&config), 10_000);
        for i in 600..700 {
            hear(&mut s, 500 * i);
        }
        let inside = |s: &Source, t| s.span(Time(t)).is_some();
        assert!(inside(&s, 50_000) && inside(&s, 320_000));
        assert!(
            !inside(&s, 200_000),
            "nothing was heard between 100 s and 300 s"
        );
        for i in 200..600 {
            hear(&mut s, 500 * i);
        }
        assert!(inside(&s, 200_000));
        assert_eq!(s.spans.len(), 1);
    }

    #[test]
    fn a_constant_difference_is_skew_and_a_varying_one_is_delay() {
        let mut behind = source();
        let mut ahead = source();
        let mut backlog = source();
        // A scan of the site, heard of 40 minutes later together with everything else.
        let mut burst = source();
        for i in 0..1_000 {
            burst.correct(Time(i), Time(2_400_000 + i / 10));
        }
        for i in 0..100 {
            let t = Time(i * 1_000);
            behind.correct(t, t + 5_000 + i % 7);
            ahead.correct(t + 7_000, t + i % 7);
            backlog.correct(t, Time(200_000 + i));
        }
        for wild in [i64::MAX, i64::MIN, 4_070_908_800_000] {
            behind.correct(Time(wild), Time(5_000));
        }
        assert_eq!(behind.correct(Time(0), Time(5_000)), Time(5_000));
        assert_eq!(ahead.correct(Time(10_000), Time(3_000)), Time(3_000));
        assert_eq!(backlog.correct(Time(0), Time(5_000)), Time(0));
        assert_eq!(burst.correct(Time(0), Time(5_000)), Time(0));
    }

    #[test]
    fn spans_are_bounded() {
        let config = JoinConfig::default();
        let mut s = source();
        for i in 0..1_000 {
            s.hear(Time(i * 100_000), Time(i * 100_000), &config);
        }
        assert_eq!(s.spans.len(), SPANS);
    }
}
