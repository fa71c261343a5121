//! What a rule costs, each by itself: for whoever wonders which one to write better.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use ringfence_event::Event;
use ringfence_sigma::{Engine, Limits, Options, RuleSet, parse};

use crate::pack::PackFile;
use crate::subject::{Subject, reference};

/// Events that a rule is tried on before the clock is read again.
const ROUNDS: u32 = 3;

/// Microseconds an event that each detection takes, by rule. A correlation costs what the rules
/// cost that feed it, and is left out. `clock` tells time since some moment.
pub fn costs(
    files: &[PackFile],
    events: &[Arc<Event>],
    clock: &mut dyn FnMut() -> Duration,
) -> HashMap<String, f64> {
    let mut costs = HashMap::new();
    let tried = u32::try_from(events.len()).unwrap_or(u32::MAX);
    if tried == 0 {
        return costs;
    }
    for document in files.iter().flat_map(|f| parse(&f.text, &f.name).documents) {
        let key = document.rule().key().to_owned();
        let (rules, errors) = RuleSet::compile(vec![document], &Options::default());
        if !errors.is_empty() || rules.is_empty() {
            continue;
        }
        let mut engine = Engine::new(Arc::new(rules), Limits::default());
        let mut best = Duration::MAX;
        // The first round fills what is remembered; whoever is interrupted once is not slow.
        for _ in 0..ROUNDS {
            let started = clock();
            for event in events {
                let subject = Subject { event, facts: None };
                engine.evaluate(subject.logsource(), &subject, reference(event));
            }
            best = best.min(clock().saturating_sub(started));
        }
        costs.insert(key, (best / tried).as_secs_f64() * 1e6);
    }
    costs
}

#[cfg(test)]
mod tests {
    use super::*;
    use ringfence_event::{Keys, Name, Time};

    #[test]
    fn every_detection_of_ours_has_a_cost_and_no_correlation_has() {
        let n = |s| Name::new(s).unwrap();
        let event = Event::new(Keys::of(n("p"), n("s"), n("c")), 6001, 2, Time(1));
        let mut now = Duration::ZERO;
        let mut clock = || {
            now += Duration::from_millis(1);
            now
        };
        let files = crate::builtin::files();
        let costs = costs(&files, &[Arc::new(event)], &mut clock);
        assert!(costs.len() > 20 && costs.values().all(|micros| *micros > 0.0));
        let pack = crate::Pack::compile(&files, &Default::default());
        assert!(costs.len() < pack.len());
    }
}
