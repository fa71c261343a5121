//! Asks witnesses to cosign each checkpoint (C2SP tlog-witness), and says which of them cannot.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::future::join_all;
use ringfence_event::{Own, Severity, ext};
use ringfence_evidence::Folder;
use ringfence_sources::{Intake, Sink as _};
use ringfence_tlog::witness::{AddCheckpoint, answer};
use ringfence_tlog::{Checkpoint, Note, Signature, Tiles, VerifierKey, consistency, cosigned};
use ringfence_witness::{FetchError, Remote, RemoteError};
use serde_json::json;
use thiserror::Error;
use tokio_util::sync::CancellationToken;

use super::EvidenceLog;
use crate::clock;
use crate::config::EvidenceConfig;
use crate::evidence_config::WAIT;

/// At most so often, however fast the log grows.
const PACE: Duration = Duration::from_secs(1);
/// Whoever did not cosign is asked again after so long: one that is away keeps the others waiting.
const AGAIN: Duration = Duration::from_secs(10);

/// Asks witnesses.
pub(crate) struct Cosigner {
    log: Arc<EvidenceLog>,
    asked: Vec<Asked>,
    trouble_after: Duration,
}

/// One witness, as the log knows it.
struct Asked {
    key: VerifierKey,
    remote: Remote,
    /// What it signed last, as far as we know, and its line.
    signed: Option<(Note, Signature)>,
    again_at: Instant,
    failing: Option<Failing>,
}

/// Since when a witness does not cosign, and why.
struct Failing {
    since: Instant,
    why: String,
    told: bool,
}

/// Why there is no cosignature.
#[derive(Debug, Error)]
enum CosignError {
    #[error(transparent)]
    Fetch(#[from] FetchError),
    #[error("it refused (status {0}): its log says why")]
    Refused(u16),
    #[error("it saw {seen} entries, and the log has {size}: the log was rolled back")]
    Ahead { seen: u64, size: u64 },
    #[error(
        "it answered with its cosignature of an older checkpoint, of {0} entries: it was replayed"
    )]
    Replayed(u64),
    #[error("its cosignature is false")]
    False,
    #[error("its answer holds no cosignature with its key")]
    Nothing,
    #[error("the log's own files: {0}")]
    Own(String),
}

impl Cosigner {
    /// Prepares requests.
    ///
    /// # Errors
    /// When an address or a file of the configuration is none.
    pub(crate) fn new(
        log: &Arc<EvidenceLog>,
        config: &EvidenceConfig,
    ) -> Result<Self, RemoteError> {
        let latest = log.cosigned().latest();
        let mut asked = Vec::new();
        for one in &config.witnesses {
            let line = latest.as_ref().and_then(|note| {
                let mut lines = note.signatures().iter();
                let line = lines.find(|line| cosigned(note, line, &one.key).is_some())?;
                Some((note.clone(), line.clone()))
            });
            asked.push(Asked {
                key: one.key.clone(),
                remote: Remote::new(&one.url, one.ca_file.as_deref(), WAIT)?,
                signed: line,
                again_at: Instant::now(),
                failing: None,
            });
        }
        Ok(Self {
            log: Arc::clone(log),
            asked,
            trouble_after: config.trouble_after,
        })
    }

    /// Runs until `cancel`.
    pub(crate) async fn run(mut self, intake: Arc<Intake>, cancel: CancellationToken) {
        while !self.asked.is_empty() {
            tokio::select! {
                () = cancel.cancelled() => return,
                () = tokio::time::sleep(PACE) => {}
            }
            // Nothing that is waited for here holds up the end.
            tokio::select! {
                () = cancel.cancelled() => return,
                () = self.round() => {}
            }
            self.tell(&intake).await;
        }
    }

    async fn round(&mut self) {
        let Some(note) = self.log.newest() else {
            return;
        };
        let now = Instant::now();
        let folder = Folder::new(&self.log.folder);
        let due = self.asked.iter_mut().filter(|one| one.is_due(&note, now));
        let answers: Vec<_> = due.map(|one| one.ask(&note, &folder)).collect();
        // All about the same checkpoint, or the cosignatures would never meet under one.
        if join_all(answers).await.is_empty() {
            return;
        }
        let mut together = note;
        for one in &self.asked {
            if let Some((signed, line)) = &one.signed
                && signed.text() == together.text()
            {
                together.add(line.clone());
            }
        }
        let log = Arc::clone(&self.log);
        let kept = tokio::task::spawn_blocking(move || log.cosigned().keep(together)).await;
        if let Ok(Err(error)) = kept {
            tracing::error!(%error, "a cosigned checkpoint cannot be written");
        }
    }

    /// Shows which witnesses do not cosign for too long, and puts on the log when that begins and ends.
    async fn tell(&mut self, intake: &Intake) {
        let mut trouble = Vec::new();
        for one in &mut self.asked {
            let name = one.key.name();
            let Some(failing) = &mut one.failing else {
                continue;
            };
            let lasts = failing.since.elapsed();
            let ended = failing.why.is_empty();
            if !ended && lasts >= self.trouble_after {
                trouble.push(format!(
                    "the witness {name} has not cosigned the evidence log for {} s: {}",
                    lasts.as_secs(),
                    failing.why
                ));
            }
            let change = match (failing.told, ended) {
                (false, false) if lasts >= self.trouble_after => Some(false),
                (true, true) => Some(true),
                _ => None,
            };
            if let Some(well) = change {
                let own = event(name, well, &failing.why, lasts);
                if let Err(error) = intake.own(own.event()).await {
                    tracing::error!(%error, "the state of a witness could not be recorded");
                    continue;
                }
                failing.told = !well;
            }
            if ended {
                one.failing = None;
            }
        }
        self.log.cosigned().note_trouble(trouble);
    }
}

/// A witness that cannot cosign, or can again.
fn event(name: &str, well: bool, why: &str, lasts: Duration) -> Own {
    let secs = lasts.as_secs();
    let (activity, status, severity, message) = match well {
        true => (
            2,
            1,
            Severity::Informational,
            format!("the witness {name} cosigns again, after {secs} s"),
        ),
        false => (
            1,
            2,
            Severity::Medium,
            format!("the witness {name} has not cosigned for {secs} s: {why}"),
        ),
    };
    Own::new("witness", ext::SOURCE, activity, clock::now())
        .severity(severity)
        .message(message)
        .with("status_id", status)
        .with("resources", json!([{ "uid": name, "type": "witness" }]))
}

impl Asked {
    fn is_due(&self, note: &Note, now: Instant) -> bool {
        let done = self.signed.as_ref();
        done.is_none_or(|(signed, _)| signed.text() != note.text()) && now >= self.again_at
    }

    async fn ask(&mut self, note: &Note, folder: &Folder) {
        match self.cosign(note, folder).await {
            Ok(line) => {
                self.signed = Some((note.clone(), line));
                // Why it ends is told first.
                match &mut self.failing {
                    Some(failing) if failing.told => failing.why.clear(),
                    failing => *failing = None,
                }
            }
            Err(error) => {
                let why = error.to_string();
                tracing::warn!(witness = self.key.name(), why, "a witness did not cosign");
                self.again_at = Instant::now() + AGAIN;
                let since = Instant::now();
                let failing = self.failing.get_or_insert(Failing {
                    since,
                    why: String::new(),
                    told: false,
                });
                failing.why = why;
            }
        }
    }

    async fn cosign(&self, note: &Note, folder: &Folder) -> Result<Signature, CosignError> {
        let mut old = self.signed.as_ref().map_or(0, |(signed, _)| size(signed));
        let mut told = false;
        loop {
            let body = request(note, old, folder).await?;
            let (status, body) = self.remote.post("add-checkpoint", body).await?;
            match status {
                200 => return self.line(note, &body),
                // It remembers another size than we do, and says which.
                409 if !told => {
                    let text = std::str::from_utf8(&body).ok();
                    let seen = text.and_then(|text| text.trim_end().parse().ok());
                    let seen = seen.ok_or(CosignError::Refused(409))?;
                    let size = size(note);
                    if seen > size {
                        return Err(CosignError::Ahead { seen, size });
                    }
                    (old, told) = (seen, true);
                }
                other => return Err(CosignError::Refused(other)),
            }
        }
    }

    /// The line of its answer that is its own, over this checkpoint and no other.
    fn line(&self, note: &Note, body: &[u8]) -> Result<Signature, CosignError> {
        let text = std::str::from_utf8(body).map_err(|_| CosignError::Nothing)?;
        let lines = answer(text).map_err(|_| CosignError::Nothing)?;
        let own =
            |line: &&Signature| (line.name.as_str(), line.id) == (self.key.name(), self.key.id());
        let mut found = lines.iter().filter(own).peekable();
        if found.peek().is_none() {
            return Err(CosignError::Nothing);
        }
        for line in found {
            if cosigned(note, line, &self.key).is_some() {
                return Ok(line.clone());
            }
            if let Some((before, _)) = &self.signed
                && cosigned(before, line, &self.key).is_some()
            {
                return Err(CosignError::Replayed(size(before)));
            }
        }
        Err(CosignError::False)
    }
}

/// The body, with the proof from `old` on.
async fn request(note: &Note, old: u64, folder: &Folder) -> Result<String, CosignError> {
    let (checkpoint, folder) = (note.clone(), Folder::new(folder.root()));
    let work = move || {
        let mut tree = Tiles::new(&folder, size(&checkpoint));
        let proof = consistency(&mut tree, old, size(&checkpoint));
        proof.map(|proof| AddCheckpoint {
            old,
            proof,
            checkpoint,
        })
    };
    let own = |error: &dyn std::fmt::Display| CosignError::Own(error.to_string());
    let done = tokio::task::spawn_blocking(work).await;
    let request = done.map_err(|e| own(&e))?.map_err(|e| own(&e))?;
    Ok(request.to_string())
}

fn size(note: &Note) -> u64 {
    Checkpoint::parse(note.text()).map_or(0, |checkpoint| checkpoint.size)
}
