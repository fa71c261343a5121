//! Trying a rule before it is in force: on records that somebody pastes, or on what the event log
//! has of the last hours. Same reader, same detector and, for the log, the same facts as live.

use std::sync::Arc;
use std::time::{Duration, Instant};

use ringfence_api::{RuleTrial, TrialError, TrialOver};
use ringfence_calls::JoinConfig;
use ringfence_detect::{Detector, Pack, PackFile};
use ringfence_event::{Entry, Event, EventId, Finding, Name, Origin, Time};
use ringfence_normalise::Normaliser;
use ringfence_spine::Offset;
use ringfence_state::Scope;
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::entries::Entries;
use crate::offline::Offline;
use crate::pairing::{Pairing, Ready};

/// A trial ends here, whatever is left.
const LONGEST: Duration = Duration::from_secs(20);
/// Findings that are shown; the others are counted.
const SHOWN: usize = 200;
/// Name of the pasted rule in messages.
const FILE: &str = "rule.yml";

/// Runs trials, one at a time: they cost a processor.
pub(crate) struct Trials {
    entries: Arc<Entries>,
    normaliser: Normaliser,
    calls: JoinConfig,
    turn: Arc<Semaphore>,
}

/// What a trial came to.
#[derive(Default)]
struct Outcome {
    events: u64,
    found: Vec<Finding>,
    /// The line of each pasted record, by the identity that its event got.
    lines: std::collections::HashMap<EventId, u64>,
    refused: Vec<String>,
    truncated: bool,
}

impl Trials {
    pub(crate) fn new(entries: Arc<Entries>, normaliser: Normaliser, calls: JoinConfig) -> Self {
        Self {
            entries,
            normaliser,
            calls,
            turn: Arc::new(Semaphore::new(1)),
        }
    }

    /// Tries a rule. Whoever drops the answer stops the trial.
    pub(crate) async fn run(
        self: Arc<Self>,
        trial: RuleTrial,
        scope: Scope,
        now: Time,
    ) -> Result<Value, TrialError> {
        let turn = Arc::clone(&self.turn).try_acquire_owned();
        let turn = turn.map_err(|_| TrialError::Busy)?;
        let stop = CancellationToken::new();
        let _dropped = stop.clone().drop_guard();
        let runtime = tokio::runtime::Handle::current();
        let work = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            let started = Instant::now();
            let file = PackFile {
                name: FILE.to_owned(),
                text: trial.rule,
            };
            let pack = Pack::compile(&[file], &Default::default());
            let mistakes: Vec<_> = pack.mistakes().iter().map(mistake).collect();
            let rules = pack.len();
            let mut outcome = Outcome::default();
            if rules > 0 {
                outcome = match trial.over {
                    TrialOver::Pasted(text) => self.pasted(pack, &text, now),
                    TrialOver::Hours(hours) => {
                        let since = now - i64::from(hours) * 3_600_000;
                        runtime.block_on(self.logged(pack, since, &scope, &stop))?
                    }
                };
            }
            Ok(told(&outcome, rules, &mistakes, started.elapsed()))
        });
        work.await
            .unwrap_or_else(|e| Err(TrialError::Failed(e.to_string())))
    }

    /// Records as a file of them would be read: their own time stands in for receive time.
    fn pasted(&self, pack: Pack, text: &str, now: Time) -> Outcome {
        let mut outcome = Outcome::default();
        let name = |s| Name::new(s).ok();
        let (Some(source), Some(program)) = (name("trial"), name("default")) else {
            return outcome;
        };
        let origin = Origin::local(source, program.clone(), program);
        let mut offline = Offline::new(pack, self.calls.clone());
        let mut events: Vec<Arc<Event>> = Vec::new();
        for (line, text) in (1..).zip(text.lines()) {
            let mut take = |event: Event| {
                outcome.lines.insert(event.id, line);
                events.push(Arc::new(event));
            };
            let report = ringfence_sources::read_text(
                &format!("line {line}"),
                text.as_bytes(),
                &self.normaliser,
                &origin,
                now,
                &mut take,
            );
            let reasons = report.reasons.into_iter();
            outcome.refused.extend(reasons.map(|why| {
                let why = why.strip_prefix("line 1: ").unwrap_or(&why).to_owned();
                format!("line {line}: {why}")
            }));
        }
        events.sort_by_key(|event| event.received);
        outcome.events = events.len() as u64;
        for event in &events {
            offline.event(event, &mut outcome.found);
        }
        offline.finish(&mut outcome.found);
        outcome
    }

    /// The event log from `since` on, with the facts that were said then.
    async fn logged(
        &self,
        pack: Pack,
        since: Time,
        scope: &Scope,
        stop: &CancellationToken,
    ) -> Result<Outcome, TrialError> {
        let failed = |e: ringfence_spine::SpineError| TrialError::Failed(e.to_string());
        let until = Instant::now() + LONGEST;
        let spine = self.entries.spine();
        let end = spine.durable();
        let start = self.first_since(since, end).await.map_err(failed)?;
        let mut detector = Detector::new(pack);
        let mut pairing = Pairing::resume(start);
        let mut outcome = Outcome::default();
        loop {
            if Instant::now() >= until || stop.is_cancelled() {
                outcome.truncated = true;
                break;
            }
            if pairing.next() >= end.0 {
                break;
            }
            let (batch, after) = self.entries.apart(pairing.next()).await.map_err(failed)?;
            let mut ready = Vec::new();
            for (offset, entry) in &batch {
                pairing.push(*offset, entry, &mut ready);
            }
            pairing.skip_to(after);
            let read = Pairing::complete(&self.entries, &mut ready).await;
            read.map_err(failed)?;
            for item in ready {
                judge(&mut detector, &item, scope, &mut outcome);
            }
        }
        Ok(outcome)
    }

    /// Where on the log the first entry stands that came at `since` or later: halves what is left,
    /// as receive times only grow but for small steps of the clock.
    async fn first_since(
        &self,
        since: Time,
        end: Offset,
    ) -> Result<u64, ringfence_spine::SpineError> {
        let (mut low, mut high) = (self.entries.spine().tail().0, end.0);
        while high.saturating_sub(low) > 4_096 {
            let middle = low + (high - low) / 2;
            let (batch, _) = self.entries.apart(middle).await?;
            let received = batch.iter().find_map(|(_, entry)| match &**entry {
                Entry::Event(event) => Some(event.received),
                Entry::Tick(tick) => Some(tick.now),
                _ => None,
            });
            match received {
                Some(received) if received < since => low = middle,
                _ => high = middle,
            }
        }
        Ok(low)
    }
}

fn judge(detector: &mut Detector, item: &Ready, scope: &Scope, outcome: &mut Outcome) {
    match item {
        Ready::Entry {
            offset,
            entry,
            facts,
        } => {
            if let Entry::Event(event) = &**entry
                && scope.allows(event.keys.program.as_str())
            {
                outcome.events += 1;
                detector.on_event(*offset, event, facts.as_ref(), &mut outcome.found);
            }
        }
        Ready::Far { .. } => {}
        Ready::Revision { revision, .. } => detector.on_revision(revision, &mut outcome.found),
    }
}

fn mistake(m: &ringfence_detect::Mistake) -> Value {
    json!({"file": m.file, "line": m.line, "rule": m.rule, "what": m.what})
}

fn told(outcome: &Outcome, rules: usize, mistakes: &[Value], took: Duration) -> Value {
    let shown = outcome.found.iter().take(SHOWN);
    let hits: Vec<_> = shown
        .map(|f| {
            let line = f.events.last().and_then(|id| outcome.lines.get(id));
            let ids: Vec<_> = f.events.iter().map(ToString::to_string).collect();
            json!({
                "rule": f.rule_id, "title": f.rule_title, "severity_id": f.severity.id(),
                "time_ms": f.time.0, "message": f.message, "event": line, "event_ids": ids,
                "reason": f.reason,
            })
        })
        .collect();
    let refused = outcome.refused.iter().take(20);
    let refused =
        refused.map(|why| json!({"file": "records", "line": null, "rule": null, "what": why}));
    let mistakes: Vec<_> = mistakes.iter().cloned().chain(refused).collect();
    json!({
        "rules": rules, "events": outcome.events, "hits": hits, "hit_count": outcome.found.len(),
        "mistakes": mistakes, "truncated": outcome.truncated,
        "took_ms": u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
    })
}
