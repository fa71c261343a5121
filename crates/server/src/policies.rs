//! Policies: our own and those of a folder, read again when they change. As a whole or not at all: a
//! folder with a mistake leaves in force what was.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use ringfence_access::Access;
use ringfence_event::{Own, Severity};
use ringfence_policy::{Change, Mistake, Policies, PolicyFile, Trace, builtin};
use ringfence_sources::{Intake, Sink as _};
use ringfence_state::State;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::clock;
use crate::folders::{Folders, Watch};

/// OCSF User Access Management, activity Other.
const CLASS: u32 = 3005;
const OTHER: u8 = 99;
/// What the last run left behind of its policies.
const SETTING: &str = "policies";

/// Our own policies and those of a folder; a file of the name of one of ours takes its place.
///
/// # Errors
/// Everything that is wrong with them.
pub fn load(folder: Option<&Path>) -> Result<Policies, Vec<Mistake>> {
    load_with(folder, Vec::new())
}

/// The same with files that are not there yet, in the place of those of the same name.
///
/// # Errors
/// Everything that is wrong with them.
pub fn load_with(
    folder: Option<&Path>,
    proposed: Vec<PolicyFile>,
) -> Result<Policies, Vec<Mistake>> {
    let mut files = builtin::files();
    for path in folder.map(|f| folders(f).files()).unwrap_or_default() {
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
    for new in proposed {
        files.retain(|file| file.name != new.name);
        files.push(new);
    }
    Policies::load(&files)
}

/// The folder as it looks now, to be watched.
pub(crate) fn watched(folder: Option<&Path>) -> Option<(PathBuf, Watch)> {
    folder.map(|folder| (folder.to_owned(), folders(folder).watch()))
}

/// Tells what changed while the server was stopped, then watches the folder, if there is one, until
/// `cancel`.
pub(crate) async fn keep(
    watched: Option<(PathBuf, Watch)>,
    access: Arc<Access>,
    state: State,
    intake: Arc<Intake>,
    cancel: CancellationToken,
) {
    let told = since_last_run(&access.policies(), &state, &intake).await;
    if let Err(error) = told {
        tracing::error!(
            error,
            "what policies were before the start could not be told"
        );
    }
    let Some((folder, mut watch)) = watched else {
        return;
    };
    while watch.changed(&cancel).await {
        let of = folder.clone();
        let Ok(loaded) = tokio::task::spawn_blocking(move || load(Some(&of))).await else {
            return;
        };
        match loaded {
            Ok(policies) => {
                let trace = policies.trace();
                let changes = access.replace(policies);
                let done = tell(&state, &intake, &changes, &trace, "running").await;
                if let Err(error) = done {
                    tracing::error!(error, "the change of a policy could not be recorded");
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

/// A folder can be written, and a release can come with other policies, while nobody watches.
async fn since_last_run(policies: &Policies, state: &State, intake: &Intake) -> Result<(), String> {
    let trace = policies.trace();
    let before = state.setting(SETTING).await.map_err(|e| e.to_string())?;
    let before = before.and_then(|text| serde_json::from_str::<Trace>(&text).ok());
    let changes = match &before {
        Some(before) if *before == trace => return Ok(()),
        Some(before) => policies.changes_since_trace(before),
        // The first start: nothing was in force.
        None => Vec::new(),
    };
    tell(state, intake, &changes, &trace, "stopped").await
}

/// Every change of a policy is an event with what it was, as far as that is known, and what it is.
/// Only what is on the log is remembered as told.
async fn tell(
    state: &State,
    intake: &Intake,
    changes: &[Change],
    trace: &Trace,
    server: &str,
) -> Result<(), String> {
    for change in changes {
        let (id, verb) = (&change.id, change.verb.word());
        tracing::warn!(policy = id, verb, server, "a policy is another one now");
        let policy = json!({
            "uid": id, "version": trace.fingerprint, "change": verb, "server": server,
            "before": change.before, "after": change.after,
        });
        let own = Own::new("policy", CLASS, OTHER, clock::now())
            .message(format!("policy {id} {verb}"))
            .severity(Severity::Medium)
            .with("activity_name", "Policy")
            .with("policy", policy);
        intake.own(own.event()).await.map_err(|e| e.to_string())?;
    }
    let text = serde_json::to_string(trace).map_err(|e| e.to_string())?;
    state
        .set_setting(SETTING, &text)
        .await
        .map_err(|e| e.to_string())
}

fn folders(folder: &Path) -> Folders {
    Folders {
        roots: vec![folder.to_owned()],
        most_depth: 0,
        most_files: 1_000,
        // What is too long is a mistake that is told, not a file that is overlooked.
        most_bytes: u64::MAX,
        wanted: |path| path.extension().is_some_and(|e| e == "cedar"),
    }
}
