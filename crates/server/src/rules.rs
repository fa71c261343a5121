//! Rule packs on disk: read, and read again when they change.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use ringfence_detect::{Pack, PackFile, builtin};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::config::RulesConfig;

/// How often folders are looked at. Polling works on every file system, network ones included.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// Bounds on a folder: a wrong path such as `/` must not be read whole.
const MOST_FILES: usize = 50_000;
const MOST_DEPTH: usize = 16;
/// Longest rule file.
const MOST_BYTES: u64 = 4 << 20;

/// What a folder looked like: enough to see that it changed.
type Picture = BTreeMap<PathBuf, (u64, Option<SystemTime>)>;

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
    for path in picture(&config.folders).into_keys() {
        files.push(read(&path));
    }
    files
}

/// Watches the folders until `cancel` and sends each new pack.
pub async fn watch(config: RulesConfig, packs: watch::Sender<Pack>, cancel: CancellationToken) {
    let mut known = picture(&config.folders);
    loop {
        tokio::select! {
            () = cancel.cancelled() => return,
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
        let folders = config.folders.clone();
        let Ok(now) = tokio::task::spawn_blocking(move || picture(&folders)).await else {
            return;
        };
        if now == known {
            continue;
        }
        known = now;
        let config = config.clone();
        let Ok(pack) = tokio::task::spawn_blocking(move || load(&config)).await else {
            return;
        };
        report(&pack);
        packs.send_replace(pack);
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
pub fn files(folders: &[PathBuf]) -> Vec<PathBuf> {
    picture(folders).into_keys().collect()
}

fn picture(folders: &[PathBuf]) -> Picture {
    let mut found = Picture::new();
    for folder in folders {
        look(folder, 0, &mut found);
    }
    found
}

fn look(path: &Path, depth: usize, found: &mut Picture) {
    let Ok(meta) = std::fs::metadata(path) else {
        tracing::warn!(path = %path.display(), "a rule folder cannot be read");
        return;
    };
    if meta.is_dir() && depth < MOST_DEPTH {
        for entry in std::fs::read_dir(path).into_iter().flatten().flatten() {
            look(&entry.path(), depth + 1, found);
        }
    } else if is_rule(path) && meta.len() <= MOST_BYTES && found.len() < MOST_FILES {
        found.insert(path.to_owned(), (meta.len(), meta.modified().ok()));
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
