//! Records that were handed over already, word for word.
//!
//! Windows overlap, so most of what a round brings was there in the round before. The event log
//! would recognise it, at the price of reading it all again; here it costs a digest. Bounded, and
//! forgotten in a restart: the event log is what makes things right, this makes them cheap.

use std::collections::{HashSet, VecDeque};

use ringfence_sources::Naming;

use crate::pull::Record;

/// Digests that are kept, 16 bytes each twice: about 4 MB.
const MOST: usize = 65_536;

/// The most recent records.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    order: VecDeque<u128>,
    set: HashSet<u128>,
}

impl Seen {
    /// Leaves out what was seen; answers how many that were.
    pub fn leave_out(&self, records: &mut Vec<Record>) -> u64 {
        let before = records.len();
        records.retain(|record| !self.set.contains(&digest(record)));
        (before - records.len()) as u64
    }

    /// The digests of records, to be remembered when they are durable.
    pub fn digests(records: &[Record]) -> Vec<u128> {
        records.iter().map(digest).collect()
    }

    /// Remembers records that are durable.
    pub fn remember(&mut self, digests: Vec<u128>) {
        for digest in digests {
            if self.set.insert(digest) {
                self.order.push_back(digest);
            }
        }
        while self.order.len() > MOST {
            if let Some(oldest) = self.order.pop_front() {
                self.set.remove(&oldest);
            }
        }
    }

    /// Forgets everything: what is asked for again is to be looked at again.
    pub fn clear(&mut self) {
        self.order.clear();
        self.set.clear();
    }
}

/// Of the record and its name: one that has changed is another, and so is one that only looks the
/// same.
fn digest(record: &Record) -> u128 {
    let mut text = match &record.naming {
        Naming::Key(name, n) | Naming::Place(name, n) => format!("{name}\0{n}\0").into_bytes(),
        Naming::Arrival => Vec::new(),
    };
    text.extend_from_slice(&record.bytes);
    ringfence_crypto::sha256_128(&text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_left_out_until_it_changes() {
        let mut seen = Seen::default();
        let record = |text: &'static str| Record::json(text, "id");
        let mut first = vec![record("{\"a\":1}")];
        assert_eq!(seen.leave_out(&mut first), 0);
        seen.remember(Seen::digests(&first));
        let mut again = vec![record("{\"a\":1}"), record("{\"a\":2}")];
        assert_eq!((seen.leave_out(&mut again), again.len()), (1, 1));
        seen.remember((0..70_000).collect());
        assert_eq!((seen.set.len(), seen.order.len()), (MOST, MOST));
        seen.clear();
        assert_eq!(seen.leave_out(&mut first), 0);
    }
}
