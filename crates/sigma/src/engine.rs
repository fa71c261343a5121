//! The engine: a rule set, and what correlations remember from event to event.

use std::sync::Arc;

use crate::correlation::Correlation;
use crate::correlation::group::{Firing, Hit};
use crate::correlation::state::{CorrelationState, Restored, State};
use crate::correlation::store::{GroupKey, Limits, Store};
use crate::evaluate::matched_text;
use crate::record::Record;
use crate::rule::{LogSource, Rule};
use crate::ruleset::{Logic, RuleSet};
use crate::scan::Scan;

/// Longest group-by or counted value that is kept as it is; longer ones are cut and
/// told apart by a hash.
const MOST_VALUE: usize = 200;
/// Most fields that a match explains.
const MOST_REASONS: usize = 32;

/// Which event is being judged, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventRef {
    /// Stands for the event in correlation matches. Judged again, it counts once.
    pub id: u128,
    /// When it happened, in milliseconds: what windows measure, so that a backlog that
    /// arrives in one minute is not taken for one minute's work. Trusted by the engine:
    /// pass at most the time of receipt, and the time of receipt for an event whose own
    /// date is not usable, so that no sender can empty a window with a date to come.
    pub time_ms: i64,
    /// When it was received, in milliseconds (the record's own time when files are
    /// replayed): what memory is given up by.
    pub received_ms: i64,
}

impl EventRef {
    /// An event that happened when it was received.
    #[must_use]
    pub const fn at(id: u128, time_ms: i64) -> Self {
        Self {
            id,
            time_ms,
            received_ms: time_ms,
        }
    }
}

/// A rule that matched.
#[derive(Debug, Clone)]
pub struct Match {
    /// The rule.
    pub rule: Arc<Rule>,
    /// Its number in the rule set.
    pub index: usize,
    /// Why, for a detection; empty for a correlation.
    pub fields: Vec<MatchedField>,
    /// Who and how often, for a correlation.
    pub correlation: Option<CorrelationMatch>,
}

/// One reason of a match.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MatchedField {
    /// The field's name; empty for a keyword, which may stand anywhere.
    pub name: String,
    /// The text that matched, at most 1,024 characters of it.
    pub value: String,
    /// What the rule asked of the field, in words.
    pub predicate: String,
}

/// What a correlation found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CorrelationMatch {
    /// The group-by fields and their values.
    pub group: Vec<(String, String)>,
    /// Events, values or rules counted. Counting stops at the larger of 128 and one
    /// more than the condition asks for.
    pub count: u64,
    /// The count at which the condition begins to hold.
    pub threshold: u64,
    /// The newest contributing events, at most 100, oldest first.
    pub events: Vec<u128>,
    /// Time of the oldest counted event.
    pub first_ms: i64,
    /// Time of the newest counted event.
    pub last_ms: i64,
}

/// Figures about what correlations hold in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct EngineStats {
    /// Groups over all correlations.
    pub groups: usize,
    /// Remembered events and groups, at about 100 bytes each.
    pub entries: usize,
    /// Groups given up early because a limit was reached.
    pub evicted: u64,
}

/// Judges events one after the other. Not shared between threads: give each its own,
/// over the same rule set, or route all events of a group to one engine.
#[derive(Debug)]
pub struct Engine {
    rules: Arc<RuleSet>,
    limits: Limits,
    scan: Scan,
    /// By rule number; empty for detections.
    stores: Vec<Store>,
}

/// A rule's match waiting to be fed into a correlation.
struct Feed {
    rank: usize,
    correlation: usize,
    position: usize,
    /// What the match itself says of fields, if it came from a correlation.
    group: Arc<[(String, String)]>,
}

impl Engine {
    /// An engine with empty memory.
    #[must_use]
    pub fn new(rules: Arc<RuleSet>, limits: Limits) -> Self {
        let stores = rules.entries.iter().map(|_| Store::default()).collect();
        Self {
            rules,
            limits,
            scan: Scan::default(),
            stores,
        }
    }

    /// The rules in force.
    #[must_use]
    pub fn rules(&self) -> &Arc<RuleSet> {
        &self.rules
    }

    /// Judges one event. The same events in the same order give the same matches.
    ///
    /// Detections come first, by rule number, then correlations in the order in which
    /// they build on each other. Rules that only feed correlations are not reported.
    pub fn evaluate(
        &mut self,
        source: LogSource<'_>,
        record: &dyn Record,
        event: EventRef,
    ) -> Vec<Match> {
        let rules = Arc::clone(&self.rules);
        let mut matches = Vec::new();
        let mut feeds = Vec::new();
        let nothing: Arc<[(String, String)]> = Arc::default();
        let hits = self.scan.run(&rules, source, record);
        for number in hits {
            let Some(entry) = rules.entries.get(number as usize) else {
                continue;
            };
            if entry.emits {
                matches.push(Match {
                    rule: Arc::clone(&entry.rule),
                    index: number as usize,
                    fields: self.reasons(&rules, number, record),
                    correlation: None,
                });
            }
            push_feeds(&rules, &entry.feeds, &nothing, &mut feeds);
        }
        while let Some(feed) = next(&mut feeds) {
            self.feed(&rules, &feed, record, event, &mut feeds, &mut matches);
        }
        matches
    }

    /// Puts other rules in force. Correlations that are the same in both sets go on
    /// where they were; the others start empty.
    pub fn swap(&mut self, rules: Arc<RuleSet>) -> Restored {
        let state = self.snapshot();
        self.rules = rules;
        self.restore(state)
    }

    /// What correlations remember.
    #[must_use]
    pub fn snapshot(&self) -> State {
        let mut correlations = Vec::new();
        for (entry, store) in self.rules.entries.iter().zip(&self.stores) {
            if let Logic::Correlation(correlation) = &entry.logic {
                correlations.push(CorrelationState::of(entry.rule.key(), correlation, store));
            }
        }
        State { correlations }
    }

    /// Replaces the memory by a state, as far as the rules are still the same.
    pub fn restore(&mut self, state: State) -> Restored {
        let mut restored = Restored::default();
        self.scan = Scan::default();
        self.stores = self
            .rules
            .entries
            .iter()
            .map(|_| Store::default())
            .collect();
        for saved in state.correlations {
            let fits = |(_, entry): &(usize, &crate::ruleset::Entry)| match &entry.logic {
                Logic::Correlation(correlation) => saved.is_of(entry.rule.key(), correlation),
                Logic::Detection(_) => false,
            };
            let found = self.rules.entries.iter().enumerate().find(fits);
            if let Some((number, entry)) = found
                && let Logic::Correlation(correlation) = &entry.logic
                && let Some(store) = self.stores.get_mut(number)
            {
                *store = saved.into_store(correlation);
                restored.kept += 1;
            } else {
                restored.dropped += 1;
            }
        }
        restored
    }

    /// What correlations hold in memory.
    #[must_use]
    pub fn stats(&self) -> EngineStats {
        self.stores
            .iter()
            .fold(EngineStats::default(), |sum, store| EngineStats {
                groups: sum.groups + store.len(),
                entries: sum.entries + store.weight(),
                evicted: sum.evicted + store.evicted(),
            })
    }

    fn reasons(&mut self, rules: &RuleSet, number: u32, record: &dyn Record) -> Vec<MatchedField> {
        let mut predicates = self.scan.reasons(rules, number, record);
        predicates.truncate(MOST_REASONS);
        let explain = |id: u32| {
            let predicate = rules.predicates.get(id)?;
            Some(MatchedField {
                name: rules.predicates.field_name(predicate.field).to_owned(),
                value: matched_text(predicate, &rules.predicates, record),
                predicate: predicate.spec.words(&rules.predicates),
            })
        };
        predicates.into_iter().filter_map(explain).collect()
    }

    fn feed(
        &mut self,
        rules: &RuleSet,
        feed: &Feed,
        record: &dyn Record,
        event: EventRef,
        feeds: &mut Vec<Feed>,
        matches: &mut Vec<Match>,
    ) {
        let Some(entry) = rules.entries.get(feed.correlation) else {
            return;
        };
        let Logic::Correlation(correlation) = &entry.logic else {
            return;
        };
        let Some(store) = self.stores.get_mut(feed.correlation) else {
            return;
        };
        let Some((key, hit)) = place(correlation, feed, record, event) else {
            return;
        };
        let Some(firing) = store.add(correlation, &self.limits, &key, &hit) else {
            return;
        };
        let names = correlation.group_by.iter().cloned();
        let group: Vec<_> = names.zip(key.iter().cloned()).collect();
        push_feeds(rules, &entry.feeds, &group.clone().into(), feeds);
        if entry.emits {
            let Firing {
                count,
                events,
                first_ms,
                last_ms,
            } = firing;
            let threshold = correlation.threshold();
            let found = CorrelationMatch {
                group,
                count,
                threshold,
                events,
                first_ms,
                last_ms,
            };
            matches.push(Match {
                rule: Arc::clone(&entry.rule),
                index: feed.correlation,
                fields: Vec::new(),
                correlation: Some(found),
            });
        }
    }
}

fn push_feeds(
    rules: &RuleSet,
    targets: &[(usize, usize)],
    group: &Arc<[(String, String)]>,
    feeds: &mut Vec<Feed>,
) {
    for (correlation, position) in targets {
        let Some(entry) = rules.entries.get(*correlation) else {
            continue;
        };
        if let Logic::Correlation(inner) = &entry.logic {
            feeds.push(Feed {
                rank: inner.rank,
                correlation: *correlation,
                position: *position,
                group: Arc::clone(group),
            });
        }
    }
}

/// The next feed: lower ranks first, so that a correlation has seen all its inputs
/// before it is fed on; later positions first, so that one event does not take the
/// place of the step before itself.
fn next(feeds: &mut Vec<Feed>) -> Option<Feed> {
    let order = |feed: &Feed| (feed.rank, feed.correlation, usize::MAX - feed.position);
    let (at, _) = feeds
        .iter()
        .enumerate()
        .min_by_key(|(_, feed)| order(feed))?;
    Some(feeds.swap_remove(at))
}

/// The group and the entry that a match becomes. A match without a group-by field
/// belongs to no group and is not counted, nor is one without the counted field.
fn place(
    correlation: &Correlation,
    feed: &Feed,
    record: &dyn Record,
    event: EventRef,
) -> Option<(GroupKey, Hit)> {
    let input = correlation.inputs.get(feed.position)?;
    let lookup = |names: &[String]| {
        names
            .iter()
            .map(|name| value_of(name, &feed.group, record))
            .collect::<Option<Vec<_>>>()
    };
    let key = lookup(&input.group_by)?;
    let value = match input.fields.is_empty() {
        true => None,
        false => Some(lookup(&input.fields)?.join("\u{1f}")),
    };
    let hit = Hit {
        time_ms: event.time_ms,
        received_ms: event.received_ms,
        event: event.id,
        position: feed.position,
        value,
    };
    Some((key.into(), hit))
}

fn value_of(name: &str, group: &[(String, String)], record: &dyn Record) -> Option<String> {
    if let Some((_, value)) = group.iter().find(|(known, _)| known == name) {
        return Some(value.clone());
    }
    let mut texts = Vec::new();
    record
        .get(name)?
        .each(&mut |one| texts.extend(one.text().map(|text| bounded(&text))));
    (!texts.is_empty()).then(|| bounded(&texts.join(",")))
}

fn bounded(text: &str) -> String {
    if text.len() <= MOST_VALUE {
        return text.to_owned();
    }
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    let start: String = text.chars().take(MOST_VALUE / 4).collect();
    format!("{start}…{:016x}", hasher.finish())
}

impl RuleSet {
    /// Numbers of the detections that match, by trying every rule that accepts the log
    /// source. Slow; it is what the prefilter is proved against.
    #[doc(hidden)]
    #[must_use]
    pub fn full_scan(&self, source: LogSource<'_>, record: &dyn Record) -> Vec<usize> {
        Scan::full(self, source, record)
    }
}
