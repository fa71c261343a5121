//! The event log as records: each act its own, and of what fails or is asked again and again one for the
//! first in a minute and one for the rest of it. Whoever guesses passwords fills no log.
//!
//! A function of the event log alone: read again from [`Fold::resume_at`], it says the same.

use std::collections::BTreeMap;
use std::sync::Arc;

use ringfence_event::{Entry, Event, Intent};
use ringfence_state::NewEvidence;

use super::record::{self, Facts};

const MINUTE: i64 = 60_000;
/// Different failures of a kind and minute that have records of their own; and of decisions that let
/// somebody, of what was read, and of requests of known accounts that were not good.
const MOST_FAILURES: usize = 64;
const MOST_OTHERS: usize = 5_000;

/// What repeats.
type Key = (Sort, u8, String, String, String);

/// Kind and result.
type Sort = (String, &'static str);

/// Records of the event log, under way.
#[derive(Debug, Default)]
pub(crate) struct Fold {
    minute: i64,
    seen: BTreeMap<Key, Seen>,
    /// By kind and result, what comes beyond those.
    others: BTreeMap<Sort, Seen>,
    own: BTreeMap<Sort, usize>,
    /// The first that can repeat in this minute.
    minute_began: Option<u64>,
    /// The same, once something is counted that is not written yet.
    pending: Option<u64>,
    /// Requests that were begun, and of which nothing more was told yet.
    begun: BTreeMap<String, (u64, Arc<Intent>)>,
}

#[derive(Debug)]
struct Seen {
    offset: u64,
    event: Arc<Event>,
    facts: Facts,
    more: u64,
    until: i64,
}

impl Fold {
    /// What an entry of the event log adds.
    pub(crate) fn take(&mut self, offset: u64, entry: &Entry, out: &mut Vec<NewEvidence>) {
        let received = match entry {
            Entry::Event(event) => event.received,
            Entry::Tick(tick) => tick.now,
            Entry::Intent(intent) => {
                let begun = (offset, Arc::new(Intent::clone(intent)));
                self.begun.insert(intent.request.clone(), begun);
                return;
            }
            _ => return,
        };
        self.turn(received.0, out);
        let Entry::Event(event) = entry else { return };
        let Some(kind) = record::kind(event) else {
            return;
        };
        if record::is_start(event) {
            self.broken_off(out);
        }
        if let Some(request) = record::request(event) {
            self.begun.remove(request);
        }
        let facts = record::facts(event);
        let failed = facts.result == "failure";
        if !failed && kind != "decision" && kind != "read" {
            out.push(record::of(offset, &kind, event, &facts));
            return;
        }
        let detail = event.ocsf.get("status_detail").and_then(|d| d.as_str());
        let key = (
            (kind.clone(), facts.result),
            event.activity_id,
            facts.who.clone(),
            facts.target.clone(),
            detail.unwrap_or_default().to_owned(),
        );
        let first = *self.minute_began.get_or_insert(offset);
        if let Some(seen) = self.seen.get_mut(&key) {
            seen.more += 1;
            seen.until = event.time.0;
            self.pending.get_or_insert(first);
            return;
        }
        let seen = Seen {
            offset,
            event: Arc::clone(event),
            facts: facts.clone(),
            more: 0,
            until: event.time.0,
        };
        // Requests come from accounts that are known, no faster than these may ask.
        let most = match failed && kind != "request" {
            true => MOST_FAILURES,
            false => MOST_OTHERS,
        };
        let own = self.own.entry(key.0.clone()).or_default();
        if *own >= most {
            let others = self.others.entry(key.0).or_insert(seen);
            others.more += 1;
            others.until = event.time.0;
            self.pending.get_or_insert(first);
            return;
        }
        *own += 1;
        out.push(record::of(offset, &kind, event, &facts));
        self.seen.insert(key, seen);
    }

    /// Where to read again after a crash: nothing that is counted and not written may be missed.
    pub(crate) fn resume_at(&self, next: u64) -> u64 {
        let begun = self.begun.values().map(|(offset, _)| *offset);
        begun.chain(self.pending).min().unwrap_or(next)
    }

    /// Of what was under way when the server ended, nobody knows whether it was done.
    fn broken_off(&mut self, out: &mut Vec<NewEvidence>) {
        let mut begun: Vec<_> = std::mem::take(&mut self.begun).into_values().collect();
        begun.sort_by_key(|(offset, _)| *offset);
        for (offset, intent) in begun {
            if let Some(kind) = record::kind(&intent.event) {
                out.push(record::broken_off(offset, &kind, &intent.event));
            }
        }
    }

    /// Ends the minute when it is over.
    fn turn(&mut self, now: i64, out: &mut Vec<NewEvidence>) {
        let minute = now.div_euclid(MINUTE);
        // One wrong clock turns nothing back.
        if minute <= self.minute {
            return;
        }
        self.minute = minute;
        for seen in std::mem::take(&mut self.seen).into_values() {
            if let Some(kind) = record::kind(&seen.event)
                && seen.more > 0
            {
                let more = (seen.more, seen.until);
                out.push(record::repeats(
                    seen.offset,
                    &kind,
                    &seen.event,
                    &seen.facts,
                    more,
                ));
            }
        }
        for ((kind, result), seen) in std::mem::take(&mut self.others) {
            let more = (seen.more, seen.until);
            out.push(record::others(
                seen.offset,
                &kind,
                result,
                &seen.event,
                more,
            ));
        }
        self.own.clear();
        self.pending = None;
        self.minute_began = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ringfence_event::{EventId, Own, Tick, Time};
    use serde_json::json;

    const START: i64 = 1_795_000_020_000;

    fn entry(id: u128, own: Own) -> Entry {
        let mut event = own.event();
        event.id = EventId(id);
        Entry::Event(Arc::new(event))
    }

    fn failure(id: u128, login: &str, second: i64) -> Entry {
        let own = Own::new("authentication", 3002, 1, Time(START + second * 1_000));
        let own = own
            .with("status_id", 2)
            .with("user", json!({ "uid": login }));
        entry(id, own.message("was not let in"))
    }

    fn ada_changes_ben(id: u128, second: i64) -> Event {
        let own = Own::new("account", 3001, 5, Time(START + second * 1_000));
        let own = own.with("actor", json!({"user": {"uid": "ada"}}));
        let mut event = own.with("user", json!({"uid": "ben"})).event();
        event.id = EventId(id);
        event
    }

    fn act(id: u128, second: i64) -> Entry {
        Entry::Event(Arc::new(ada_changes_ben(id, second)))
    }

    fn tick(second: i64) -> Entry {
        let now = Time(START + second * 1_000);
        Entry::Tick(Tick { now })
    }

    fn fold(entries: &[Entry]) -> (Vec<NewEvidence>, u64) {
        let (mut fold, mut out) = (Fold::default(), Vec::new());
        for (offset, entry) in entries.iter().enumerate() {
            fold.take(offset as u64, entry, &mut out);
        }
        (out, fold.resume_at(entries.len() as u64))
    }

    fn parts(records: &[NewEvidence]) -> Vec<(u64, u8)> {
        records.iter().map(|one| (one.spine, one.part)).collect()
    }

    #[test]
    fn each_act_is_a_record_with_its_six_facts() {
        let (records, resume) = fold(&[act(1, 0), act(2, 0)]);
        assert_eq!((parts(&records), resume), (vec![(0, 0), (1, 0)], 2));
        let record: serde_json::Value = serde_json::from_str(&records[0].record).unwrap();
        for (name, wanted) in [
            ("who", json!("ada")),
            ("target", json!("ben")),
            ("when", json!(START)),
            ("result", json!("success")),
            ("origin", json!("ringfence")),
            ("type_uid", json!(300_105)),
        ] {
            assert_eq!(record[name], wanted, "{name}");
        }
        assert_eq!(
            (records[0].actor.as_str(), records[0].target.as_str()),
            ("ada", "ben")
        );
    }

    #[test]
    fn what_others_send_is_no_evidence_whatever_it_says() {
        let Entry::Event(event) = act(1, 0) else {
            return;
        };
        let forged = Event {
            own: false,
            trusted: true,
            ..Event::clone(&event)
        };
        assert_eq!(fold(&[Entry::Event(Arc::new(forged))]), (vec![], 1));
    }

    fn intent(id: u128, request: &str, second: i64) -> Entry {
        Entry::Intent(Box::new(Intent {
            request: request.to_owned(),
            event: ada_changes_ben(id, second),
        }))
    }

    fn done(id: u128, request: &str, second: i64) -> Entry {
        let mut event = ada_changes_ben(id, second);
        let asked = json!({ "uid": request });
        event.ocsf.insert("http_request".to_owned(), asked);
        Entry::Event(Arc::new(event))
    }

    fn start(id: u128, second: i64) -> Entry {
        let own = Own::new("lifecycle", 6002, 3, Time(START + second * 1_000));
        entry(id, own.message("started"))
    }

    #[test]
    fn what_was_done_is_one_record_and_what_broke_off_another() {
        let mut entries = vec![
            intent(1, "a", 0),
            intent(2, "b", 0),
            done(3, "a", 0),
            act(4, 1),
        ];
        let (records, resume) = fold(&entries);
        assert_eq!((parts(&records), resume), (vec![(2, 0), (3, 0)], 1));
        entries.push(start(5, 9));
        entries.push(intent(6, "c", 10));
        let (records, resume) = fold(&entries);
        assert_eq!(
            (parts(&records), resume),
            (vec![(2, 0), (3, 0), (1, 0), (4, 0)], 5)
        );
        let lost: serde_json::Value = serde_json::from_str(&records[2].record).unwrap();
        assert_eq!(
            (&lost["result"], &lost["who"]),
            (&json!("unknown"), &json!("ada"))
        );
        // Read again from where it is to go on, it says the same again and no more.
        let (mut again, mut more) = (Fold::default(), Vec::new());
        for (offset, entry) in entries.iter().enumerate().skip(1) {
            again.take(offset as u64, entry, &mut more);
        }
        assert_eq!(more, records);
    }

    #[test]
    fn a_card_number_is_in_no_record() {
        let own = Own::new("account", 3001, 1, Time(START));
        let own = own
            .message("4111 1111 1111 1111 was made")
            .with("user", json!({"uid": "u", "name": "card 4111111111111111"}));
        let (records, _) = fold(&[entry(1, own)]);
        let record = &records[0].record;
        assert!(!record.contains("1111 1111 1111"), "{record}");
        assert!(record.contains("card 411111******1111"), "{record}");
    }

    #[test]
    fn repeated_failures_are_one_record_and_a_count() {
        let mut entries: Vec<_> = (0..50).map(|n| failure(n, "eve", n as i64 / 2)).collect();
        entries.push(failure(50, "mallory", 26));
        let (records, resume) = fold(&entries);
        assert_eq!(
            (parts(&records), resume),
            (vec![(0, 0), (50, 0)], 0),
            "the count is still open"
        );
        entries.push(tick(60));
        let (records, resume) = fold(&entries);
        assert_eq!(
            (parts(&records), resume),
            (vec![(0, 0), (50, 0), (0, 1)], 52)
        );
        let counted: serde_json::Value = serde_json::from_str(&records[2].record).unwrap();
        assert_eq!(counted["repeats"]["count"], 49);
        assert_eq!(counted["repeats"]["until"], START + 24_000);
    }

    #[test]
    fn a_flood_of_different_names_is_bounded() {
        let mut entries: Vec<_> = (0..1_000)
            .map(|n| failure(n, &format!("u{n}"), 0))
            .collect();
        entries.push(tick(60));
        let (records, _) = fold(&entries);
        assert_eq!(records.len(), MOST_FAILURES + 1);
        let others: serde_json::Value =
            serde_json::from_str(&records[MOST_FAILURES].record).unwrap();
        assert_eq!(others["others"]["count"], 1_000 - MOST_FAILURES as u64);
    }

    #[test]
    fn read_again_from_where_it_says_it_says_the_same() {
        let mut entries = Vec::new();
        for n in 0..400_u128 {
            let second = n as i64 / 2;
            entries.push(match n % 7 {
                0 => act(n, second),
                1 => tick(second),
                _ => failure(n, ["eve", "mallory", "trudy"][n as usize % 3], second),
            });
        }
        let (whole, _) = fold(&entries);
        for cut in (0..entries.len()).step_by(13) {
            // Killed after `cut` entries: what was said is there, and it reads on where it said it would.
            let (said, resume) = fold(&entries[..cut]);
            let (mut again, mut more) = (Fold::default(), Vec::new());
            for (offset, entry) in entries.iter().enumerate().skip(resume as usize) {
                again.take(offset as u64, entry, &mut more);
            }
            let known = parts(&said);
            let mut all = said;
            all.extend(
                more.into_iter()
                    .filter(|one| !known.contains(&(one.spine, one.part))),
            );
            let acts = |all: &[NewEvidence]| {
                let mut acts: Vec<_> = all
                    .iter()
                    .filter(|one| one.kind == "account")
                    .cloned()
                    .collect();
                acts.sort_by_key(|one| one.spine);
                acts
            };
            assert_eq!(acts(&all), acts(&whole), "cut at {cut}");
            let counted = |all: &[NewEvidence]| {
                let mut count = 0;
                for one in all.iter().filter(|one| one.kind == "authentication") {
                    let record: serde_json::Value = serde_json::from_str(&one.record).unwrap();
                    count += record["repeats"]["count"].as_u64().unwrap_or(1);
                }
                count
            };
            assert_eq!(counted(&all), counted(&whole), "cut at {cut}");
        }
    }
}
