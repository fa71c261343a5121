//! Folders of files that people write, looked at again and again: polling works on every file
//! system, network ones included.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use tokio_util::sync::CancellationToken;

/// How often folders are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// Which files of which folders.
#[derive(Debug, Clone)]
pub(crate) struct Folders {
    /// Folders, or files by themselves.
    pub(crate) roots: Vec<PathBuf>,
    /// Folders inside folders. A wrong path such as `/` must not be read whole: hence this and
    /// the next two.
    pub(crate) most_depth: usize,
    /// Files of all folders together.
    pub(crate) most_files: usize,
    /// Bytes of a file.
    pub(crate) most_bytes: u64,
    /// The files that count, by path.
    pub(crate) wanted: fn(&Path) -> bool,
}

/// What the folders looked like: enough to see that something changed.
type Picture = BTreeMap<PathBuf, (u64, Option<SystemTime>)>;

/// Tells when something changed.
pub(crate) struct Watch {
    folders: Folders,
    known: Picture,
}

impl Folders {
    /// The files, in order of their paths.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        for root in self.roots.iter().filter(|root| !root.exists()) {
            tracing::warn!(path = %root.display(), "a folder or file cannot be read");
        }
        self.picture().into_keys().collect()
    }

    /// From how they look now.
    pub(crate) fn watch(self) -> Watch {
        let known = self.picture();
        Watch {
            folders: self,
            known,
        }
    }

    fn picture(&self) -> Picture {
        let mut found = Picture::new();
        for root in &self.roots {
            self.look(root, 0, &mut found);
        }
        found
    }

    fn look(&self, path: &Path, depth: usize, found: &mut Picture) {
        let Ok(meta) = std::fs::metadata(path) else {
            return;
        };
        if meta.is_dir() {
            let deeper = depth <= self.most_depth;
            let entries = deeper
                .then(|| std::fs::read_dir(path))
                .into_iter()
                .flatten();
            for entry in entries.flatten().flatten() {
                self.look(&entry.path(), depth + 1, found);
            }
        } else if (self.wanted)(path)
            && meta.len() <= self.most_bytes
            && found.len() < self.most_files
        {
            found.insert(path.to_owned(), (meta.len(), meta.modified().ok()));
        }
    }
}

impl Watch {
    /// Waits for the next change; `false` when `cancel` came first.
    pub(crate) async fn changed(&mut self, cancel: &CancellationToken) -> bool {
        loop {
            tokio::select! {
                () = cancel.cancelled() => return false,
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
            let folders = self.folders.clone();
            // A slow file system must hold nobody else up.
            let Ok(now) = tokio::task::spawn_blocking(move || folders.picture()).await else {
                return false;
            };
            if now != self.known {
                self.known = now;
                return true;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folders(root: &Path) -> Folders {
        Folders {
            roots: vec![root.to_owned()],
            most_depth: 0,
            most_files: 2,
            most_bytes: 8,
            wanted: |path| path.extension().is_some_and(|e| e == "x"),
        }
    }

    #[test]
    fn what_is_not_wanted_too_deep_too_long_or_too_many_is_left_out() {
        let dir = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(dir.path().join(name), text).unwrap();
        std::fs::create_dir(dir.path().join("deep")).unwrap();
        for (name, text) in [
            ("b.x", "b"),
            ("c.y", "not wanted"),
            ("d.x", "too long for it"),
            ("deep/e.x", "e"),
        ] {
            write(name, text);
        }
        let names = |folders: &Folders| {
            let files = folders.files().into_iter();
            let names = files.map(|f| f.strip_prefix(dir.path()).unwrap().display().to_string());
            names.collect::<Vec<_>>()
        };
        let mut folders = folders(dir.path());
        assert_eq!(names(&folders), ["b.x"]);
        folders.most_depth = 1;
        assert_eq!(names(&folders), ["b.x", "deep/e.x"]);
        write("f.x", "f");
        assert_eq!(names(&folders).len(), 2);
    }
}
