//! Upkeep of the lake: in the background at a share of one processor, and when somebody asks.

use std::sync::Arc;
use std::time::{Duration, Instant};

use ringfence_api::UpkeepJob;
use ringfence_event::Own;
use ringfence_lake::{Erasure, Lake, LakeError, Pace, Retention};
use ringfence_sources::{Intake, Sink as _};
use ringfence_spine::{LocalSpine, Spine as _};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::clock;

/// OCSF Datastore Activity, and in it Delete.
const DATASTORE: u32 = 6005;
const DELETE: u8 = 7;
/// How often it looks for files to merge and to delete.
const LOOK_EVERY: Duration = Duration::from_secs(60);
/// How often retention is applied.
const RETAIN_EVERY: Duration = Duration::from_secs(24 * 3600);
/// When it is applied first after a start, which has other things to do.
const RETAIN_FIRST: Duration = Duration::from_secs(600);
/// How long the event log keeps entries at most while new ones come (`LocalConfig::keep_age`).
const LOG_KEEPS_DAYS: u32 = 7;

/// What upkeep works with.
#[derive(Clone)]
pub(crate) struct Upkeep {
    pub lake: Arc<Lake>,
    pub intake: Arc<Intake>,
    pub spine: Arc<LocalSpine>,
    pub retention: Arc<Retention>,
    /// Share of one processor that the background takes.
    pub share: f64,
}

impl Upkeep {
    /// Runs until `cancel`.
    pub(crate) async fn run(self, cancel: CancellationToken) {
        let pace = Pace::share(self.share);
        let mut retain_at = Instant::now() + RETAIN_FIRST;
        loop {
            tokio::select! {
                () = cancel.cancelled() => return,
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
            let retain = Instant::now() >= retain_at;
            let (this, its) = (self.clone(), pace.clone());
            let mut round = tokio::task::spawn_blocking(move || this.round(retain, &its));
            let done = tokio::select! {
                done = &mut round => done,
                () = cancel.cancelled() => {
                    pace.stop();
                    let _ = round.await;
                    return;
                }
            };
            match done {
                Ok(Ok(told)) => {
                    for (what, fields) in told {
                        self.tell("default", what, fields).await;
                    }
                    if retain {
                        retain_at = Instant::now() + RETAIN_EVERY;
                    }
                }
                // Tried again at the next look.
                Ok(Err(error)) => tracing::error!(%error, "upkeep of the lake failed"),
                Err(error) => tracing::error!(%error, "upkeep of the lake broke off"),
            }
        }
    }

    fn round(&self, retain: bool, pace: &Pace) -> Result<Vec<(String, Value)>, LakeError> {
        let mut told = Vec::new();
        let resumed = self.lake.resume_erasures(pace)?;
        if resumed > 0 {
            let what = format!("{resumed} interrupted erasures were finished");
            told.push((what, json!({"job": "erase", "resumed": resumed})));
        }
        let merged = self.lake.compact(false, pace)?;
        if merged.merges > 0 {
            tracing::debug!(
                files = merged.files,
                rows = merged.rows,
                "merged files of the lake"
            );
        }
        if retain {
            let gone = self.lake.retain(&self.retention, false, pace)?;
            if gone.rows > 0 {
                let what = format!("{} rows were past their retention and are gone", gone.rows);
                told.push((what, json!({"job": "retain", "rows": gone.rows})));
            }
        }
        self.lake.vacuum(false)?;
        Ok(told)
    }

    /// Does what somebody asked for, and records what took rows away.
    pub(crate) async fn ask(&self, job: UpkeepJob) -> Result<Value, LakeError> {
        let this = self.clone();
        // A task of its own: whoever asked may go away, the record is made all the same.
        let asked = tokio::spawn(async move {
            let (program, by) = match &job {
                UpkeepJob::Erase { program, by, .. } => (program.clone(), Some(by.clone())),
                UpkeepJob::Retain { by, .. } => (None, Some(by.clone())),
                _ => (None, None),
            };
            let worker = this.clone();
            let done = tokio::task::spawn_blocking(move || worker.work(job));
            let (answer, told) = done.await.map_err(|_| LakeError::Stopped)??;
            if let Some((what, mut fields)) = told {
                if let Value::Object(map) = &mut fields {
                    map.insert("by".into(), json!(by));
                }
                let program = program.as_deref().unwrap_or("default");
                this.tell(program, what, fields).await;
            }
            Ok(answer)
        });
        asked.await.map_err(|_| LakeError::Stopped)?
    }

    /// The answer, and what the event log should know of it.
    fn work(&self, job: UpkeepJob) -> Result<(Value, Option<(String, Value)>), LakeError> {
        let pace = Pace::full();
        Ok(match job {
            UpkeepJob::Status => {
                let status = self.lake.status();
                let answer = json!({
                    "file_rows": status.file_rows, "files": status.files,
                    "file_bytes": status.file_bytes, "tail_rows": status.tail_rows,
                    "tail_bytes": status.tail_bytes, "version": status.version,
                    "committed_offset": self.lake.committed_offset(),
                });
                (answer, None)
            }
            UpkeepJob::Compact => {
                let done = self.lake.compact(true, &pace)?;
                let answer = json!({
                    "merges": done.merges, "files": done.files, "rows": done.rows,
                    "saved_bytes": done.saved_bytes,
                });
                (answer, None)
            }
            UpkeepJob::Vacuum { dry_run } => {
                let done = self.lake.vacuum(dry_run)?;
                let answer = json!({
                    "dry_run": dry_run, "files": done.files, "bytes": done.bytes,
                    "waiting": done.waiting,
                });
                (answer, None)
            }
            UpkeepJob::Retain { dry_run, .. } => {
                let done = self.lake.retain(&self.retention, dry_run, &pace)?;
                let answer = json!({
                    "dry_run": dry_run, "rows": done.rows, "files_removed": done.removed,
                    "files_rewritten": done.rewritten,
                });
                let what = format!("{} rows were past their retention and are gone", done.rows);
                let told = (!dry_run && done.rows > 0)
                    .then(|| (what, json!({"job": "retain", "rows": done.rows})));
                (answer, told)
            }
            UpkeepJob::Erase {
                key,
                value,
                program,
                dry_run,
                ..
            } => {
                let now = clock::now().0;
                let through = self.spine.durable().0.saturating_sub(1);
                let erasure = Erasure::new(key, value, through, now).within(program);
                let done = if dry_run {
                    self.lake.count_erasable(&erasure)?
                } else {
                    self.lake.erase(erasure, &pace)?
                };
                let fields = json!({
                    "dry_run": dry_run, "rows": done.file_rows + done.tail_rows,
                    "file_rows": done.file_rows, "files": done.files, "tail_rows": done.tail_rows,
                    "log_keeps_days": LOG_KEEPS_DAYS,
                });
                // Which value is not said: the record of an erasure must not keep what it erased.
                let rows = done.file_rows + done.tail_rows;
                let what = format!("{rows} rows were erased by `{}`", key.column());
                let told = json!({
                    "job": "erase", "key": key.column(), "rows": rows, "files": done.files,
                    "through": through,
                });
                (fields, (!dry_run).then_some((what, told)))
            }
        })
    }

    async fn tell(&self, program: &str, message: String, fields: Value) {
        let own = Own::new("upkeep", DATASTORE, DELETE, clock::now())
            .program(program)
            .message(message)
            .with("upkeep", fields);
        if let Err(error) = self.intake.own(own.event()).await {
            tracing::error!(%error, "an upkeep job of the lake could not be recorded");
        }
    }
}
