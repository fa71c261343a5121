//! The lake as a consumer: every event and finding becomes a row, once.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use ringfence_event::{CallFacts, Entry, Event, EventId, FactsRevision, activity_name, class_of};
use ringfence_lake::{Facts, Lake, LakeError, Row};
use ringfence_spine::Offset;
use tokio_util::sync::CancellationToken;

use super::OperatorError;
use super::reader::{Reader, Step};
use crate::entries::Entries;
use crate::gauges::Gauges;
use crate::pairing::{Pairing, Ready};

const NAME: &str = "lake";
/// How often it looks whether a commit is due.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// Events kept at hand whose facts may still change: reading one of them from the log again costs
/// a thousand times as much.
const MOST_OPEN: usize = 20_000;

/// Runs until `cancel`, then commits what is in the hot tail.
///
/// # Errors
/// When rows cannot be built.
pub async fn run(
    entries: Arc<Entries>,
    lake: Arc<Lake>,
    gauges: Arc<Gauges>,
    cancel: CancellationToken,
) -> Result<(), OperatorError> {
    let start = match lake.committed_offset() {
        Some(committed) => committed.saturating_add(1),
        None => entries.spine().tail().0,
    };
    entries
        .spine()
        .commit_position(NAME, Offset(start), None)
        .await?;
    let mut pairing = Pairing::resume(start);
    let mut reader = Reader::new(NAME, &entries, LOOK_EVERY, &cancel);
    // Files are written beside the work: rows become visible meanwhile.
    let mut committing: Option<Committing> = None;
    let mut rows = Rows {
        lake: Arc::clone(&lake),
        waiting: Vec::new(),
        open: BTreeMap::new(),
    };
    loop {
        let (batch, after) = match reader.step(pairing.next()).await {
            Step::Batch(batch, after) => (batch, after),
            end => {
                let ending = matches!(end, Step::End);
                if let Some(running) = committing.take_if(|c| ending || c.is_finished()) {
                    finish(&reader, running).await;
                }
                let done = pairing.resume_at();
                let wanted = done > start && (ending || lake.commit_due());
                if wanted && committing.is_none() {
                    committing = Some(commit(&lake, &gauges, done));
                }
                if ending {
                    if let Some(last) = committing {
                        finish(&reader, last).await;
                    }
                    return Ok(());
                }
                continue;
            }
        };
        let mut ready = Vec::new();
        gauges.tail_cpu.run(|| {
            for (offset, entry) in &batch {
                pairing.push(*offset, entry, &mut ready);
            }
        });
        pairing.skip_to(after);
        let mut ready = ready.into_iter();
        while let Some((as_of, revision)) = gauges.tail_cpu.run(|| rows.work(&mut ready))? {
            let entry = again(&entries, revision.offset).await;
            gauges
                .tail_cpu
                .run(|| rows.revised(entry.as_deref(), as_of, &revision));
        }
    }
}

/// Rows under way to the hot tail, in the order of the log.
struct Rows {
    lake: Arc<Lake>,
    waiting: Vec<Row>,
    open: BTreeMap<u64, Arc<Entry>>,
}

impl Rows {
    /// Works off what is ready, up to a revision of an event that has to be read from the log.
    fn work(
        &mut self,
        ready: &mut impl Iterator<Item = Ready>,
    ) -> Result<Option<(u64, FactsRevision)>, LakeError> {
        for item in ready {
            match item {
                Ready::Entry {
                    offset,
                    entry,
                    facts,
                } => {
                    self.waiting.extend(row_of(offset, &entry, facts.as_ref()));
                    if facts.is_some_and(|f| !f.settled) {
                        self.open.insert(offset, entry);
                        if self.open.len() > MOST_OPEN {
                            self.open.pop_first();
                        }
                    }
                }
                Ready::Revision { as_of, revision } => {
                    // In order: the row that it is about may be among those not pushed yet.
                    self.push()?;
                    let at = revision.offset;
                    if !self.lake.revise(at, &facts_of(&revision.facts)) {
                        let Some(known) = self.open.get(&at).cloned() else {
                            return Ok(Some((as_of, revision)));
                        };
                        self.revised(Some(&known), as_of, &revision);
                    }
                    if revision.facts.settled {
                        self.open.remove(&at);
                    }
                }
            }
        }
        self.push()?;
        Ok(None)
    }

    fn push(&mut self) -> Result<(), LakeError> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        self.lake.push(&std::mem::take(&mut self.waiting))?;
        Ok(())
    }

    /// A row of its own for facts that came too late for that of the event.
    fn revised(&mut self, entry: Option<&Entry>, as_of: u64, revision: &FactsRevision) {
        let Some(Entry::Event(event)) = entry else {
            return;
        };
        let row = revision_row(as_of, revision, event);
        // The event itself may have been erased: its facts go with it.
        if !self.lake.erased(&at(revision.offset, &row)) {
            self.waiting.push(row);
        }
    }
}

/// After a restart the event is read from the spine again, which keeps a week by default; facts
/// are revised within hours.
async fn again(entries: &Entries, offset: u64) -> Option<Arc<Entry>> {
    match entries.one(offset).await {
        Ok(None) => {
            tracing::warn!(
                offset,
                "facts of an event that is no longer kept were revised"
            );
            None
        }
        Ok(found) => found,
        Err(error) => {
            tracing::error!(%error, operator = NAME, "the event log cannot be read");
            None
        }
    }
}

/// The row as if it had come with the event that it is about.
fn at(offset: u64, row: &Row) -> Row {
    Row {
        offset,
        ..row.clone()
    }
}

/// A commit under way, and what it answers: the offset from which to read on after a restart.
type Committing = tokio::task::JoinHandle<Option<u64>>;

/// Commits on a thread that may block. A failure is told and tried again: the rows stay in the
/// tail and the log.
fn commit(lake: &Arc<Lake>, gauges: &Arc<Gauges>, done: u64) -> Committing {
    let (lake, gauges) = (Arc::clone(lake), Arc::clone(gauges));
    let commit = move || gauges.files_cpu.run(|| lake.commit(done.saturating_sub(1)));
    tokio::task::spawn_blocking(move || match commit() {
        Ok(committed) => {
            tracing::debug!(
                rows = committed.rows,
                bytes = committed.bytes,
                "committed to the lake"
            );
            Some(done)
        }
        Err(error) => {
            tracing::error!(%error, operator = NAME, "the lake cannot be written yet");
            None
        }
    })
}

async fn finish(reader: &Reader<'_>, committing: Committing) {
    match committing.await {
        Ok(Some(done)) => {
            reader.save(done, None).await;
        }
        Ok(None) => {}
        Err(error) => {
            tracing::error!(%error, operator = NAME, "a commit to the lake broke off");
        }
    }
}

fn row_of(offset: u64, entry: &Entry, facts: Option<&CallFacts>) -> Option<Row> {
    match entry {
        Entry::Event(event) => Some(event_row(offset, event, facts, None)),
        Entry::Finding(finding) => Some(event_row(
            offset,
            &finding.to_event(),
            None,
            Some(finding.rule_id.clone()),
        )),
        Entry::Enriched(_) | Entry::Tick(_) => None,
    }
}

fn event_row(offset: u64, e: &Event, facts: Option<&CallFacts>, rule_id: Option<String>) -> Row {
    let class = class_of(e.class_uid);
    let facts = facts.map(facts_of).unwrap_or_default();
    let flags: Vec<_> = e.flags.iter().map(|f| f.as_str()).collect();
    let k = &e.keys;
    let text = |name: &str| e.ocsf.get(name).and_then(|v| v.as_str()).map(str::to_owned);
    Row {
        offset,
        event_id: e.id.to_string(),
        time_ms: e.time.0,
        received_ms: e.received.0,
        class_uid: e.class_uid,
        class_name: class
            .map(|c| c.caption.to_owned())
            .or_else(|| text("class_name")),
        category_uid: class.map_or(e.class_uid % 100_000 / 1_000, |c| c.category_uid),
        activity_id: u32::from(e.activity_id),
        activity_name: match class {
            Some(c) => Some(activity_name(c.uid, e.activity_id).to_owned()),
            None => text("activity_name"),
        },
        type_uid: e.type_uid(),
        severity_id: e.severity.id(),
        severity: Some(e.severity.caption().to_owned()),
        status_id: e
            .ocsf
            .get("status_id")
            .and_then(|v| v.as_u64())
            .and_then(|n| u8::try_from(n).ok()),
        status: text("status"),
        message: e.message.clone(),
        program: k.program.to_string(),
        site: Some(k.site.to_string()),
        source: Some(k.source.to_string()),
        call_uid: facts.call_uid.or_else(|| k.call.clone()),
        agent: k.agent.clone(),
        customer: k.customer.clone(),
        caller: k.caller.clone(),
        device: k.device.clone(),
        src_ip: k.src_ip.clone(),
        dst_ip: k.dst_ip.clone(),
        actor_user: k.user.clone(),
        rule_id,
        flags: (!flags.is_empty()).then(|| flags.join(",")),
        call_state: facts.call_state,
        enrichment: facts.enrichment,
        ocsf: serde_json::to_string(&e.ocsf).unwrap_or_default(),
        raw: e.raw_text(),
    }
}

fn facts_of(facts: &CallFacts) -> Facts {
    let map = facts.to_map();
    let text = |name: &str| map.get(name).and_then(|v| v.as_str()).map(str::to_owned);
    Facts {
        call_uid: text("call.uid"),
        call_state: text("call.state"),
        enrichment: serde_json::to_string(&map).ok(),
    }
}

/// A row of its own for facts that came after their event was written: class 0, the keys and the
/// time of the event, and in `raw` which event it is about.
fn revision_row(as_of: u64, revision: &FactsRevision, event: &Event) -> Row {
    let about = serde_json::json!({
        "revises_event_id": event.id.to_string(), "version": revision.version,
    });
    let mut revised = Event::new(event.keys.clone(), 0, 0, event.received);
    // No sender's event has this id: theirs are hashes.
    revised.id = EventId((u128::from(revision.offset) << 32) | u128::from(revision.version));
    revised.time = event.time;
    revised.message = Some("call facts revised".to_owned());
    revised.raw = Some(about.to_string());
    event_row(as_of, &revised, Some(&revision.facts), None)
}
