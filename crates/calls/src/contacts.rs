//! When a customer, or a number, was last on a line of the site or tried to be.

use std::sync::Arc;

use ringfence_event::Time;
use serde::{Deserialize, Serialize};

use crate::JoinConfig;

const CONTACTS: usize = 4;
const NUMBERS: usize = 4;

/// Recent contacts of one customer or one number.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Contacts {
    /// By beginning.
    calls: Vec<Contact>,
    /// Numbers that this customer called from.
    pub(crate) numbers: Vec<Arc<str>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Contact {
    call: u64,
    from: Time,
    to: Option<Time>,
}

impl Contacts {
    pub(crate) fn note(&mut self, call: u64, from: Time, to: Option<Time>) {
        self.calls.retain(|c| c.call != call);
        let place = self
            .calls
            .partition_point(|c| (c.from, c.call) < (from, call));
        self.calls.insert(place, Contact { call, from, to });
        if self.calls.len() > CONTACTS {
            self.calls.remove(0);
        }
    }

    pub(crate) fn forget(&mut self, call: u64) {
        self.calls.retain(|c| c.call != call);
    }

    pub(crate) fn called_from(&mut self, number: &Arc<str>) {
        if !self.numbers.contains(number) {
            self.numbers.push(number.clone());
            if self.numbers.len() > NUMBERS {
                self.numbers.remove(0);
            }
        }
    }

    /// Milliseconds since the last contact at `t`, 0 while one lasts.
    pub(crate) fn since(&self, t: Time, config: &JoinConfig) -> Option<i64> {
        let begun = self.calls.iter().filter(|c| c.from - config.slack_ms <= t);
        begun
            .map(|c| {
                let end = c.to.unwrap_or(c.from + config.max_call_ms);
                t.since(end).max(0)
            })
            .min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_contact_before_the_moment_counts() {
        let config = JoinConfig::default();
        let mut c = Contacts::default();
        let minute = |m: i64| Time(m * 60_000);
        c.note(2, minute(100), None);
        c.note(1, minute(10), Some(minute(20)));
        assert_eq!(c.since(minute(5), &config), None);
        assert_eq!(c.since(minute(15), &config), Some(0));
        assert_eq!(c.since(minute(35), &config), Some(15 * 60_000));
        assert_eq!(c.since(minute(101), &config), Some(0));
        c.note(2, minute(100), Some(minute(102)));
        assert_eq!(c.since(minute(103), &config), Some(60_000));
    }
}
