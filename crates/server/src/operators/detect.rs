//! Detection as a consumer: events and facts in, findings out.

use std::sync::Arc;

use ringfence_detect::{Detector, DetectorError, Pack};
use ringfence_event::{Entry, Finding};
use ringfence_sources::spine_entry;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::reader::{Reader, Step};
use super::saved::{pack, unpack};
use super::{OperatorError, SAVE_EVERY};
use crate::entries::Entries;
use crate::gauges::Gauges;
use crate::pairing::{Pairing, Ready};

const NAME: &str = "detect";

/// Runs until `cancel`, then saves its state. A new pack is taken up between two batches, so that
/// no event is judged by half of it and none is left out.
///
/// # Errors
/// When the saved state cannot be read.
pub async fn run(
    entries: Arc<Entries>,
    mut packs: watch::Receiver<Pack>,
    gauges: Arc<Gauges>,
    cancel: CancellationToken,
) -> Result<(), OperatorError> {
    let rules = packs.borrow_and_update().clone();
    let (mut detector, start) = restore(&entries, rules).await?;
    let mut pairing = Pairing::resume(start);
    let mut saved = start;
    let mut reader = Reader::new(NAME, &entries, SAVE_EVERY, &cancel);
    loop {
        if packs.has_changed().unwrap_or(false) {
            let restored = detector.swap(packs.borrow_and_update().clone());
            tracing::info!(
                kept = restored.kept,
                dropped = restored.dropped,
                "new rules are in force"
            );
        }
        let (batch, after) = match reader.step(pairing.next()).await {
            Step::Batch(batch, after) => (batch, after),
            end => {
                let at = pairing.resume_at();
                if at != saved {
                    let state = gauges.snapshot_cpu.run(|| pack(|to| detector.snapshot(to)));
                    if reader.save_state(at, state).await {
                        saved = at;
                    }
                }
                match end {
                    Step::End => return Ok(()),
                    _ => continue,
                }
            }
        };
        let mut ready = Vec::new();
        gauges.detect_cpu.run(|| {
            for (offset, entry) in &batch {
                pairing.push(*offset, entry, &mut ready);
            }
        });
        pairing.skip_to(after);
        if !reader.complete(&mut ready).await {
            return Ok(());
        }
        let mut found = Vec::new();
        gauges.detect_cpu.run(|| {
            for item in ready {
                judge(&mut detector, &item, &mut found);
            }
        });
        gauges.detector(detector.stats(), pairing.waiting());
        gauges.found(&found);
        if !found.is_empty() && !reader.say(found.into_iter().map(as_entry).collect()).await {
            return Ok(());
        }
    }
}

/// A finding's uid is its identity on the spine: what is found again after a restart is recognised
/// there.
fn as_entry(finding: Finding) -> ringfence_spine::Entry {
    let uid = finding.uid.0;
    spine_entry(Entry::Finding(Box::new(finding)), Some(uid))
}

fn judge(detector: &mut Detector, item: &Ready, found: &mut Vec<Finding>) {
    match item {
        Ready::Entry {
            offset,
            entry,
            facts,
        } => {
            if let Entry::Event(event) = &**entry {
                detector.on_event(*offset, event, facts.as_ref(), found);
            }
        }
        Ready::Far { .. } => {}
        Ready::Revision { revision, .. } => detector.on_revision(revision, found),
    }
}

async fn restore(entries: &Entries, rules: Pack) -> Result<(Detector, u64), OperatorError> {
    let Some(position) = entries.spine().position(NAME).await? else {
        let tail = entries.spine().tail();
        entries.spine().commit_position(NAME, tail, None).await?;
        return Ok((Detector::new(rules), tail.0));
    };
    let detector = match &position.state {
        None => Detector::new(rules),
        Some(state) => {
            let saved = |e: DetectorError| OperatorError::Saved {
                operator: NAME,
                why: e.to_string(),
            };
            Detector::restore(rules, &unpack(NAME, state)?).map_err(saved)?
        }
    };
    Ok((detector, position.offset.0))
}
