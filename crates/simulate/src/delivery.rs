//! The way from a system to us: clocks that differ, delays, silences.

use ringfence_event::Time;

use crate::dice::Dice;
use crate::world::{MINUTE, SECOND};
use crate::{Feed, Place, Shift, Silence};

pub(crate) struct Delivery {
    dice: Dice,
    pub(crate) silences: Vec<Silence>,
    /// How far each feed's clock is off.
    clocks: [i64; 14],
    /// Never delivered.
    pub(crate) lost: u64,
}

impl Delivery {
    pub(crate) fn new(shift: &Shift) -> Self {
        let mut dice = Dice::new(shift.seed, 2);
        let mut clocks = [0; 14];
        for clock in &mut clocks {
            *clock = dice.between(-400, 400);
        }
        let span = (shift.end().since(shift.start) - 30 * MINUTE).max(MINUTE);
        let slot = span / i64::from(shift.silences.max(1));
        let mut silences = Vec::new();
        for i in 0..i64::from(shift.silences) {
            // Each in its own part of the shift, so that they do not meet.
            let latest = (slot - 15 * MINUTE).max(0);
            let from = shift.start + 15 * MINUTE + i * slot + dice.between(0, latest);
            silences.push(Silence {
                from,
                to: from + dice.between(4 * MINUTE, 12 * MINUTE),
                backlog: dice.chance(0.5),
            });
        }
        Self {
            dice,
            silences,
            clocks,
            lost: 0,
        }
    }

    /// When a report of something at `t` arrives, and the time that it carries; `None` if it is
    /// lost.
    pub(crate) fn deliver(&mut self, t: Time, feed: Feed, place: Place) -> Option<(Time, Time)> {
        let clock = self.clocks.get(feed as usize + 7 * place as usize);
        let time = t + clock.copied().unwrap_or(0);
        let mut at = t + self.delay(feed);
        let silence = self.silences.iter().find(|s| s.from <= t && t < s.to);
        if let Some(s) = silence.filter(|_| feed.is_telephony()) {
            // Detail records are kept by the telephone system until they are fetched.
            if !(s.backlog || feed == Feed::Cdr) {
                self.lost += 1;
                return None;
            }
            // What waited arrives in its order, sixty times as fast as it happened.
            at = s.to + t.since(s.from) / 60 + self.dice.between(0, 20);
        }
        Some((at, time))
    }

    fn delay(&mut self, feed: Feed) -> i64 {
        let usual = match feed {
            Feed::Cdr => return self.dice.between(SECOND, 20 * SECOND),
            Feed::Sip => 40,
            Feed::Crm => 250,
            Feed::Dialer => 300,
            Feed::Agents | Feed::Auth => 500,
            Feed::Recorder => 700,
        };
        if self.dice.chance(0.03) {
            return self.dice.between(usual, 1_500);
        }
        self.dice.between(5, usual)
    }
}
