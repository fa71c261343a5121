//! Rule packs on disk: read, and read again when they change.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use ringfence_detect::{Pack, PackFile, builtin};
use ringfence_sources::Intake;
use ringfence_state::State;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::config::RulesConfig;
use crate::folders::{Folders, Watch};
use crate::lifecycle;

/// Reads and compiles everything configured. What cannot be read or used is told by the pack's
/// mistakes; the rest is in force.
#[must_use]
pub fn load(config: &RulesConfig) -> Pack {
    Pack::compile(&sources(config), &Default::default())
}

/// The files of everything configured.
pub(crate) fn sources(config: &RulesConfig) -> Vec<PackFile> {
    let mut files = if config.builtin {
        builtin::files()
    } else {
        Vec::new()
    };
    for path in folders(&config.folders).files() {
        files.push(read(&path));
    }
    files
}

/// The folders as they look now, to be watched.
pub(crate) fn watched(config: &RulesConfig) -> Watch {
    folders(&config.folders).watch()
}

/// Watches the folders until `cancel` and sends each new pack.
pub(crate) async fn watch(
    config: RulesConfig,
    mut watch: Watch,
    packs: watch::Sender<Pack>,
    (state, intake): (State, Arc<Intake>),
    cancel: CancellationToken,
) {
    while watch.changed(&cancel).await {
        let (config, again) = (config.clone(), config.clone());
        let Ok(pack) = tokio::task::spawn_blocking(move || load(&config)).await else {
            return;
        };
        report(&pack);
        packs.send_replace(pack);
        lifecycle::tell_rules(&again, "running", &state, &intake).await;
    }
}

/// Logs what is in force and what is wrong.
pub fn report(pack: &Pack) {
    tracing::info!(
        rules = pack.len(),
        mistakes = pack.mistakes().len(),
        "rules read"
    );
    for mistake in pack.mistakes().iter().take(50) {
        tracing::warn!(file = %mistake.file, line = mistake.line, what = %mistake.what, "a rule cannot be used");
    }
}

/// A rule file; one that cannot be read becomes a mistake of its own.
#[must_use]
pub fn read(path: &Path) -> PackFile {
    let name = path.display().to_string();
    // A tab is no YAML at the start of a line: the reason arrives as a mistake with this file's
    // name, next to all others.
    let text = std::fs::read_to_string(path).unwrap_or_else(|e| format!("\t# cannot be read: {e}"));
    PackFile { name, text }
}

/// Rule files below the folders, in order: `*.yml` and `*.yaml`, tests left out.
#[must_use]
pub fn files(paths: &[PathBuf]) -> Vec<PathBuf> {
    folders(paths).files()
}

fn folders(paths: &[PathBuf]) -> Folders {
    Folders {
        roots: paths.to_vec(),
        most_depth: 15,
        most_files: 50_000,
        most_bytes: 4 << 20,
        wanted: is_rule,
    }
}

fn is_rule(path: &Path) -> bool {
    let name = path
        .file_name()
        .and_then(|n| n.to_str())
        .unwrap_or_default();
    let rule = name.ends_with(".yml") || name.ends_with(".yaml");
    let test = name.ends_with(".test.yml") || name.ends_with(".test.yaml");
    rule && !test && !name.starts_with('.')
}
