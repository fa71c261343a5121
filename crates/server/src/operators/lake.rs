//! The lake as a consumer: every event and finding becomes a row, once.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use ringfence_event::{
    CallFacts, Entry, Event, EventId, FactsRevision, Finding, Keys, Looked, Time, activity_name,
    class_of,
};
use ringfence_lake::{Facts, Lake, LakeError, Row};
use ringfence_spine::Offset;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::OperatorError;
use super::reader::{RETRY_AFTER, Reader, Step};
use crate::entries::Entries;
use crate::gauges::Gauges;
use crate::pairing::{Pairing, Ready};

const NAME: &str = "lake";
/// How often it looks whether a commit is due.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// Events kept at hand whose facts may still change: reading one of them from the log again costs
/// a thousand times as much. Detection keeps as many.
const MOST_OPEN: usize = 50_000;

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
    let mut commits = Commits {
        lake: Arc::clone(&lake),
        gauges: Arc::clone(&gauges),
        running: None,
        not_before: Instant::now(),
    };
    let mut rows = Rows {
        lake: Arc::clone(&lake),
        open: BTreeMap::new(),
        recalled: HashMap::new(),
    };
    loop {
        let (batch, after) = match reader.step(pairing.next()).await {
            Step::Batch(batch, after) => (batch, after),
            Step::Pause => {
                commits.look(&reader, pairing.resume_at()).await;
                continue;
            }
            Step::End => {
                commits.finish(&reader).await;
                if pairing.resume_at() > start {
                    commits.start(pairing.resume_at());
                    commits.finish(&reader).await;
                }
                return Ok(());
            }
        };
        let mut ready = Vec::new();
        gauges.tail_cpu.run(|| {
            for (offset, entry) in &batch {
                pairing.push(*offset, entry, &mut ready);
            }
        });
        pairing.skip_to(after);
        if !reader.complete(&mut ready).await {
            return Ok(());
        }
        rows.recall(&entries, &ready).await;
        gauges.tail_cpu.run(|| rows.work(&ready))?;
        commits.look(&reader, pairing.resume_at()).await;
        // Rows come faster than files are written: the log holds what memory should not.
        while lake.is_overfull() && !cancel.is_cancelled() {
            commits.finish(&reader).await;
            tokio::time::sleep_until(commits.not_before).await;
            commits.look(&reader, pairing.resume_at()).await;
        }
    }
}

/// What a row about an event says of it: a tenth of the event.
struct About {
    id: EventId,
    keys: Keys,
    time: Time,
    received: Time,
}

impl About {
    fn of(event: &Event) -> Self {
        Self {
            id: event.id,
            keys: event.keys.clone(),
            time: event.time,
            received: event.received,
        }
    }
}

/// Rows under way to the hot tail, in the order of the log.
struct Rows {
    lake: Arc<Lake>,
    open: BTreeMap<u64, About>,
    /// The same of events that one batch needs besides.
    recalled: HashMap<u64, About>,
}

impl Rows {
    /// Reads events of the log again whose facts are revised and that are not at hand, as after
    /// a restart. The spine keeps a week by default; facts are revised within hours.
    async fn recall(&mut self, entries: &Entries, ready: &[Ready]) {
        let first = ready.iter().find_map(|item| match item {
            Ready::Entry { offset, .. } => Some(*offset),
            _ => None,
        });
        // What is revised in the batch that brings it is at hand by then.
        let unknown = |item: &Ready| match item {
            Ready::Revision { revision, .. } => Some(revision.offset)
                .filter(|o| first.is_none_or(|f| *o < f) && !self.open.contains_key(o)),
            _ => None,
        };
        let wanted: BTreeSet<u64> = ready.iter().filter_map(unknown).collect();
        if wanted.is_empty() {
            return;
        }
        match entries.again(&wanted).await {
            Ok(found) => {
                for (offset, entry) in found {
                    if let Entry::Event(event) = &*entry {
                        self.recalled.insert(offset, About::of(event));
                    }
                }
            }
            Err(error) => {
                tracing::error!(%error, operator = NAME, "the event log cannot be read");
            }
        }
    }

    /// Works off what is ready.
    fn work(&mut self, ready: &[Ready]) -> Result<(), LakeError> {
        let (mut waiting, mut settled) = (Vec::new(), Vec::new());
        for item in ready {
            match item {
                Ready::Far { .. } => {}
                Ready::Entry {
                    offset,
                    entry,
                    facts,
                } => match &**entry {
                    Entry::Event(event) => {
                        waiting.push(event_row(*offset, event, facts.as_ref()));
                        if facts.as_ref().is_some_and(|f| !f.settled) {
                            self.keep(*offset, event);
                        }
                    }
                    Entry::Finding(finding) => {
                        self.push(&mut waiting)?;
                        self.lake
                            .push(&[finding_row(*offset, finding, &finding.to_event())])?;
                    }
                    Entry::Enriched(_) | Entry::Tick(_) | Entry::Intent(_) => {}
                },
                Ready::Revision { as_of, revision } => {
                    // In order: the row that it is about may be among those not pushed yet.
                    self.push(&mut waiting)?;
                    let at = revision.offset;
                    if !self.lake.revise(at, &facts_of(&revision.facts)) {
                        let known = self.open.get(&at).or_else(|| self.recalled.get(&at));
                        match known {
                            Some(about) => self.revised(about, *as_of, revision)?,
                            None => tracing::warn!(
                                offset = at,
                                "facts of an event that is no longer kept were revised"
                            ),
                        }
                    }
                    if revision.facts.settled {
                        settled.push(at);
                    }
                }
            }
        }
        // Only now: what is settled can be revised once more, and be so in the same batch.
        for offset in settled {
            self.open.remove(&offset);
        }
        self.recalled.clear();
        self.push(&mut waiting)
    }

    fn keep(&mut self, offset: u64, event: &Event) {
        self.open.insert(offset, About::of(event));
        if self.open.len() > MOST_OPEN {
            self.open.pop_first();
        }
    }

    fn push(&self, waiting: &mut Vec<Row<'_>>) -> Result<(), LakeError> {
        if !waiting.is_empty() {
            self.lake.push(waiting)?;
            waiting.clear();
        }
        Ok(())
    }

    /// A row of its own for facts that came too late for that of the event.
    fn revised(
        &self,
        about: &About,
        as_of: u64,
        revision: &FactsRevision,
    ) -> Result<(), LakeError> {
        let late = late_event(revision, about);
        let row = event_row(as_of, &late, Some(&revision.facts));
        // The event itself may have been erased: its facts go with it.
        let of_event = Row {
            offset: revision.offset,
            ..row.clone()
        };
        if !self.lake.erased(&of_event) {
            self.lake.push(&[row])?;
        }
        Ok(())
    }
}

/// A commit under way, and what it answers: the offset from which to read on after a restart.
type Committing = tokio::task::JoinHandle<Option<u64>>;

/// Files are written beside the work: rows become visible meanwhile.
struct Commits {
    lake: Arc<Lake>,
    gauges: Arc<Gauges>,
    running: Option<Committing>,
    not_before: Instant,
}

impl Commits {
    /// Starts a commit if one is due and none is running.
    async fn look(&mut self, reader: &Reader<'_>, done: u64) {
        if self.running.as_ref().is_some_and(Committing::is_finished) {
            self.finish(reader).await;
        }
        let may = self.running.is_none() && Instant::now() >= self.not_before;
        if may && self.lake.commit_due() {
            self.start(done);
        }
    }

    /// Commits on a thread that may block. A failure is told and tried again: the rows stay in
    /// the tail and the log.
    fn start(&mut self, done: u64) {
        let (lake, gauges) = (Arc::clone(&self.lake), Arc::clone(&self.gauges));
        let commit = move || gauges.files_cpu.run(|| lake.commit(done.saturating_sub(1)));
        self.running = Some(tokio::task::spawn_blocking(move || match commit() {
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
        }));
    }

    /// Waits for the end of the commit that is running.
    async fn finish(&mut self, reader: &Reader<'_>) {
        let Some(running) = self.running.take() else {
            return;
        };
        match running.await {
            Ok(Some(done)) => {
                reader.save(done, None).await;
            }
            Ok(None) => self.not_before = Instant::now() + RETRY_AFTER,
            Err(error) => {
                tracing::error!(%error, operator = NAME, "a commit to the lake broke off");
            }
        }
    }
}

fn finding_row<'a>(offset: u64, finding: &'a Finding, event: &'a Event) -> Row<'a> {
    Row {
        rule_id: Some(Cow::Borrowed(&finding.rule_id)),
        ..event_row(offset, event, None)
    }
}

fn event_row<'a>(offset: u64, e: &'a Event, facts: Option<&CallFacts>) -> Row<'a> {
    let class = class_of(e.class_uid);
    let facts = facts.map(facts_of).unwrap_or_default();
    let flags: Vec<_> = e.flags.iter().map(|f| f.as_str()).collect();
    let k = &e.keys;
    let text = |name: &str| e.ocsf.get(name).and_then(|v| v.as_str()).map(Cow::Borrowed);
    let key = |key: &'a Option<String>| key.as_deref().map(Cow::Borrowed);
    let ocsf = serde_json::to_string(&e.ocsf).unwrap_or_default();
    let raw = match e.is_its_own_record() {
        true => ocsf.clone().into(),
        false => e.raw_text(),
    };
    Row {
        offset,
        event_id: e.id.to_string().into(),
        time_ms: e.time.0,
        received_ms: e.received.0,
        class_uid: e.class_uid,
        class_name: class
            .map(|c| Cow::Borrowed(c.caption))
            .or_else(|| text("class_name")),
        category_uid: class.map_or(e.class_uid % 100_000 / 1_000, |c| c.category_uid),
        activity_id: u32::from(e.activity_id),
        activity_name: match class {
            Some(c) => Some(activity_name(c.uid, e.activity_id).into()),
            None => text("activity_name"),
        },
        type_uid: e.type_uid(),
        severity_id: e.severity.id(),
        severity: Some(e.severity.caption().into()),
        status_id: e
            .ocsf
            .get("status_id")
            .and_then(|v| v.as_u64())
            .and_then(|n| u8::try_from(n).ok()),
        status: text("status"),
        message: key(&e.message),
        program: k.program.as_str().into(),
        site: Some(k.site.as_str().into()),
        source: Some(k.source.as_str().into()),
        call_uid: facts.call_uid.map(Cow::Owned).or_else(|| key(&k.call)),
        agent: key(&k.agent),
        customer: key(&k.customer),
        caller: key(&k.caller),
        device: key(&k.device),
        src_ip: key(&k.src_ip),
        dst_ip: key(&k.dst_ip),
        actor_user: key(&k.user),
        rule_id: None,
        flags: (!flags.is_empty()).then(|| flags.join(",").into()),
        call_state: facts.call_state.map(Cow::Owned),
        enrichment: facts.enrichment.map(Cow::Owned),
        ocsf: ocsf.into(),
        raw,
    }
}

fn facts_of(facts: &CallFacts) -> Facts {
    Facts {
        call_uid: facts.uid.clone(),
        call_state: facts.get("call.state").map(|state| match state {
            Looked::Text(state) => state.into_owned(),
            other => other.to_json().to_string(),
        }),
        enrichment: Some(facts.to_json()),
    }
}

/// An event of its own for facts that came after theirs was written: class 0, the keys and the
/// time of theirs, and in `raw` which one it is.
fn late_event(revision: &FactsRevision, about: &About) -> Event {
    let raw = serde_json::json!({
        "revises_event_id": about.id.to_string(), "version": revision.version,
    });
    let mut late = Event::new(about.keys.clone(), 0, 0, about.received);
    // No sender's event has this id: theirs are hashes.
    late.id = EventId((u128::from(revision.offset) << 32) | u128::from(revision.version));
    late.time = about.time;
    late.message = Some("call facts revised".to_owned());
    late.raw = Some(raw.to_string());
    late
}
