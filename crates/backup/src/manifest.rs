//! What a backup holds: every file with its length and digest, and a digest over the list.

use std::collections::BTreeMap;
use std::path::Path;

use ringfence_crypto::sha256_hex;
use serde::{Deserialize, Serialize};

use crate::error::{BackupError, Result};

/// The format that this release writes.
const FORMAT: u32 = 1;
/// Name of the manifest inside a tar file.
pub(crate) const NAME: &str = "manifest.json";
/// A manifest larger than this is not ours: it would be a million files.
pub(crate) const MAX_BYTES: u64 = 256 << 20;
const MAX_PATH: usize = 512;

/// What a backup says of itself. Times are in milliseconds since 1970.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// The release that wrote it.
    pub version: String,
    /// The installation, as its state store names it.
    pub instance: Option<String>,
    /// When it was made.
    pub made_ms: i64,
    /// When the newest event in it was received.
    pub newest_event_ms: Option<i64>,
    /// One past the newest entry of the event log.
    pub log_end: u64,
    /// Version of the lake's table.
    pub lake_version: Option<u64>,
    /// Whether the state store is part of it; it is not when it lives in PostgreSQL.
    pub state: bool,
}

/// One file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileEntry {
    /// Path inside the data folder, with `/`.
    pub path: String,
    /// Bytes.
    pub len: u64,
    /// SHA-256 in hexadecimal digits.
    pub sha256: String,
    /// Whether a file of this name and length never changes: the next backup into the same folder
    /// need not read it again.
    #[serde(default)]
    pub sealed: bool,
}

/// The whole list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    format: u32,
    /// What the backup says of itself.
    pub summary: Summary,
    /// Its files, by path.
    pub files: Vec<FileEntry>,
    /// Over everything above.
    sha256: String,
}

impl Manifest {
    /// A manifest over these files.
    #[must_use]
    pub fn new(summary: Summary, mut files: Vec<FileEntry>) -> Self {
        files.sort_by(|a, b| a.path.cmp(&b.path));
        let mut manifest = Self {
            format: FORMAT,
            summary,
            files,
            sha256: String::new(),
        };
        manifest.sha256 = manifest.digest_of_rest();
        manifest
    }

    /// The digest by which this very backup can be recognised.
    #[must_use]
    pub fn digest(&self) -> &str {
        &self.sha256
    }

    /// Bytes of all files.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|f| f.len).sum()
    }

    /// As text.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        let mut text = serde_json::to_vec_pretty(self).unwrap_or_default();
        text.push(b'\n');
        text
    }

    /// Reads a manifest and believes it only if its digest and all its paths are in order.
    ///
    /// # Errors
    /// Says what does not fit; `place` names the archive in messages.
    pub fn parse(text: &[u8], place: &Path) -> Result<Self> {
        #[derive(Deserialize)]
        struct Head {
            format: u32,
        }
        let damaged = |why: &dyn std::fmt::Display| BackupError::damaged(place, why);
        let head: Head = serde_json::from_slice(text).map_err(|e| damaged(&e))?;
        if head.format > FORMAT {
            return Err(BackupError::Newer(head.format));
        }
        let manifest: Self = serde_json::from_slice(text).map_err(|e| damaged(&e))?;
        if manifest.digest_of_rest() != manifest.sha256 {
            return Err(damaged(&"its manifest was changed"));
        }
        let mut before: Option<&str> = None;
        for file in &manifest.files {
            if !is_inside(&file.path) {
                return Err(damaged(
                    &"its manifest names a file outside the data folder",
                ));
            }
            // Sorted and strictly rising: no path stands twice.
            if before.is_some_and(|b| b >= file.path.as_str()) {
                return Err(damaged(&"its manifest names a file twice"));
            }
            before = Some(&file.path);
        }
        Ok(manifest)
    }

    /// The files by path.
    pub(crate) fn by_path(&self) -> BTreeMap<&str, &FileEntry> {
        self.files.iter().map(|f| (f.path.as_str(), f)).collect()
    }

    fn digest_of_rest(&self) -> String {
        let rest = Self {
            sha256: String::new(),
            ..self.clone()
        };
        sha256_hex(&serde_json::to_vec(&rest).unwrap_or_default())
    }
}

/// Whether a path stays inside the folder that it is joined to. Fails closed: only plain names.
pub(crate) fn is_inside(path: &str) -> bool {
    let plain = |part: &str| !matches!(part, "" | "." | "..");
    path.len() <= MAX_PATH
        && path != NAME
        && !path.contains(['\0', '\\'])
        && path.split('/').all(plain)
}

/// Fuzz entry: arbitrary bytes never panic, and what is believed reads back as the same.
#[doc(hidden)]
pub fn fuzz_manifest(data: &[u8]) {
    let place = Path::new("fuzz");
    if let Ok(manifest) = Manifest::parse(data, place) {
        let again = Manifest::parse(&manifest.to_json(), place).ok();
        assert_eq!(
            again.as_ref(),
            Some(&manifest),
            "what was read is written the same"
        );
    }
    let path = String::from_utf8_lossy(data);
    if is_inside(&path) {
        let joined = Path::new("/data").join(path.as_ref());
        assert!(joined.starts_with("/data"), "an accepted path stays inside");
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn entry(path: &str) -> FileEntry {
        FileEntry {
            path: path.to_owned(),
            len: 3,
            sha256: sha256_hex(b"abc"),
            sealed: true,
        }
    }

    fn parsed(manifest: &Manifest) -> Result<Manifest> {
        Manifest::parse(&manifest.to_json(), Path::new("x"))
    }

    #[test]
    fn a_changed_word_is_noticed() {
        let manifest = Manifest::new(Summary::default(), vec![entry("spine/a"), entry("b")]);
        assert_eq!(parsed(&manifest).unwrap(), manifest);
        let text = String::from_utf8(manifest.to_json()).unwrap();
        let changed = text.replace("spine/a", "spine/c");
        assert!(Manifest::parse(changed.as_bytes(), Path::new("x")).is_err());
    }

    #[test]
    fn a_path_that_leaves_the_folder_or_stands_twice_is_refused() {
        for path in [
            "../x",
            "/etc/passwd",
            "a//b",
            "a/./b",
            "",
            "a/..",
            "manifest.json",
        ] {
            let manifest = Manifest::new(Summary::default(), vec![entry(path)]);
            assert!(parsed(&manifest).is_err(), "{path}");
        }
        let twice = Manifest::new(Summary::default(), vec![entry("a"), entry("a")]);
        assert!(parsed(&twice).is_err());
    }

    #[test]
    fn a_later_format_says_so() {
        let text = br#"{"format": 2, "unheard": "of"}"#;
        let refused = Manifest::parse(text, Path::new("x"));
        assert!(matches!(refused, Err(BackupError::Newer(2))));
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_are_safe(data in proptest::collection::vec(any::<u8>(), 0..300)) {
            fuzz_manifest(&data);
        }

        #[test]
        fn paths_of_any_shape_stay_inside(path in "[a-z./\\\\]{0,20}") {
            fuzz_manifest(path.as_bytes());
        }
    }
}
