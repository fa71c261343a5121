//! Which channels make up a call, so that its end is known: when the last of them is gone.

use std::collections::HashMap;

/// Channels at a time; more than any one telephone system carries.
const MOST: usize = 100_000;

/// The channels that one connection has heard of.
#[derive(Debug, Default)]
pub struct Legs {
    calls: HashMap<String, usize>,
    legs: HashMap<String, String>,
}

impl Legs {
    /// A channel is part of a call. Answers the call that it was the last channel of before.
    pub fn at(&mut self, leg: &str, call: &str) -> Option<String> {
        if self.legs.get(leg).is_some_and(|known| known == call) {
            return None;
        }
        let left = self.drop_leg(leg).filter(|(_, legs)| *legs == 0);
        if self.legs.len() < MOST {
            self.legs.insert(leg.to_owned(), call.to_owned());
            *self.calls.entry(call.to_owned()).or_default() += 1;
        }
        left.map(|(call, _)| call)
    }

    /// A channel is gone. Answers its call and how many channels are left of it; `None` for one
    /// that was not known.
    pub fn gone(&mut self, leg: &str) -> Option<(String, usize)> {
        self.drop_leg(leg)
    }

    fn drop_leg(&mut self, leg: &str) -> Option<(String, usize)> {
        let call = self.legs.remove(leg)?;
        let left = self.calls.get(&call).map_or(0, |n| n.saturating_sub(1));
        if left == 0 {
            self.calls.remove(&call);
        } else {
            self.calls.insert(call.clone(), left);
        }
        Some((call, left))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_over_with_its_last_channel() {
        let mut legs = Legs::default();
        assert_eq!(legs.at("1", "1"), None);
        assert_eq!(legs.at("2", "1"), None);
        assert_eq!(legs.gone("1"), Some(("1".to_owned(), 1)));
        assert_eq!(legs.gone("2"), Some(("1".to_owned(), 0)));
        assert_eq!(legs.gone("2"), None);
    }

    #[test]
    fn a_channel_that_joins_another_call_leaves_its_own() {
        let mut legs = Legs::default();
        legs.at("1", "1");
        legs.at("2", "2");
        assert_eq!(legs.at("2", "1"), Some("2".to_owned()));
        assert_eq!(legs.gone("2"), Some(("1".to_owned(), 1)));
    }
}
