//! Policies: our own and those of a folder, read again when they change. As a whole or not at all: a
//! folder with a mistake leaves in force what was.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use ringfence_access::Access;
use ringfence_event::{Event, Keys, LogSource, Name, Severity, Time};
use ringfence_policy::{Change, Mistake, Policies, PolicyFile, builtin};
use ringfence_sources::Intake;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::clock;

/// How often the folder is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// Files of a folder.
const MOST_FILES: usize = 1_000;
/// OCSF User Access Management, activity Other.
const CLASS: u32 = 3005;
const OTHER: u8 = 99;

/// Our own policies and those of a folder; a file of the name of one of ours takes its place.
///
/// # Errors
/// Everything that is wrong with them.
pub fn load(folder: Option<&Path>) -> Result<Policies, Vec<Mistake>> {
    let mut files = builtin::files();
    for path in folder.map(listed).unwrap_or_default() {
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let text = std::fs::read_to_string(&path).map_err(|e| {
            let (file, reason) = (path.display().to_string(), format!("cannot be read: {e}"));
            vec![Mistake {
                file,
                line: None,
                reason,
            }]
        })?;
        files.retain(|file| file.name != name);
        files.push(PolicyFile { name, text });
    }
    Policies::load(&files)
}

/// Watches a folder until `cancel`.
pub(crate) async fn watch(
    folder: PathBuf,
    access: Arc<Access>,
    intake: Arc<Intake>,
    cancel: CancellationToken,
) {
    let mut known = picture(&folder);
    loop {
        tokio::select! {
            () = cancel.cancelled() => return,
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
        let now = picture(&folder);
        if now == known {
            continue;
        }
        known = now;
        match load(Some(&folder)) {
            Ok(policies) => {
                let fingerprint = policies.fingerprint().to_owned();
                for change in access.replace(policies) {
                    tell(&intake, &change, &fingerprint).await;
                }
            }
            Err(mistakes) => {
                for mistake in mistakes.iter().take(20) {
                    tracing::error!(%mistake, "policies cannot be used: the ones before stay in force");
                }
            }
        }
    }
}

/// Every change of a policy is an event with what it was and what it is.
async fn tell(intake: &Intake, change: &Change, fingerprint: &str) {
    let verb = match (&change.before, &change.after) {
        (None, _) => "added",
        (_, None) => "removed",
        _ => "changed",
    };
    tracing::warn!(policy = change.id, verb, "a policy is another one now");
    let Some(event) = event(change, verb, fingerprint, clock::now()) else {
        return;
    };
    if let Err(error) = intake.own(event).await {
        tracing::error!(%error, "the change of a policy could not be recorded");
    }
}

fn event(change: &Change, verb: &str, fingerprint: &str, now: Time) -> Option<Event> {
    let name = |text: &str| Name::new(text).ok();
    let keys = Keys::of(name("default")?, name("default")?, name("ringfence")?);
    let mut event = Event::new(keys, CLASS, OTHER, now);
    event.message = Some(format!("policy {} {verb}", change.id));
    event.severity = Severity::Medium;
    event.trusted = true;
    event.logsource = LogSource {
        product: Some("ringfence".into()),
        service: None,
        category: Some("policy".into()),
    };
    let policy = json!({
        "uid": change.id, "version": fingerprint, "change": verb,
        "before": change.before, "after": change.after,
    });
    event.ocsf.insert("activity_name".into(), json!("Policy"));
    event.ocsf.insert("policy".into(), policy);
    Some(event)
}

fn listed(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths: Vec<_> = entries
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|e| e == "cedar"))
        .take(MOST_FILES)
        .collect();
    paths.sort();
    paths
}

fn picture(folder: &Path) -> Vec<(PathBuf, u64, Option<SystemTime>)> {
    let facts = |path: PathBuf| {
        let meta = std::fs::metadata(&path).ok()?;
        Some((path, meta.len(), meta.modified().ok()))
    };
    listed(folder).into_iter().filter_map(facts).collect()
}
