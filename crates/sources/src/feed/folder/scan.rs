//! What lies in a folder now.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use glob::{MatchOptions, Pattern};

use super::mark::Inode;

/// Files looked at in one folder; a folder with more is told, and the rest of it left alone.
const MOST_FILES: usize = 20_000;
/// `**` reaches so many folders deep.
const DEEPEST: usize = 8;
const NAMES: MatchOptions = MatchOptions {
    case_sensitive: true,
    require_literal_separator: true,
    require_literal_leading_dot: true,
};

/// A file that is there.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    pub(super) path: PathBuf,
    pub(super) inode: Inode,
    pub(super) version: Version,
    /// Its name fits the pattern.
    pub(super) wanted: bool,
}

/// What changes when a file is written to: size, and time of change in ns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Version {
    pub(super) size: u64,
    pub(super) changed: i64,
}

/// A folder as seen at one moment.
#[derive(Debug, Default)]
pub(super) struct Sight {
    pub(super) files: Vec<Seen>,
    /// There were more files than are looked at.
    pub(super) cut: bool,
}

/// Looks through a folder, as deep as the pattern reaches.
///
/// # Errors
/// When the folder itself cannot be read.
pub(super) fn scan(folder: &Path, pattern: &Pattern) -> io::Result<Sight> {
    let text = pattern.as_str();
    let depth = if text.contains("**") {
        DEEPEST
    } else {
        text.matches('/').count()
    };
    let mut sight = Sight::default();
    let mut folders = vec![(folder.to_owned(), 0)];
    while let Some((at, level)) = folders.pop() {
        let entries = match fs::read_dir(&at) {
            Ok(entries) => entries,
            Err(error) if level == 0 => return Err(error),
            // A sub-folder that went away, or is not ours to read.
            Err(_) => continue,
        };
        for entry in entries.flatten() {
            // Links are not followed: a link out of the folder is nobody's log.
            let Ok(meta) = entry.metadata() else { continue };
            if meta.is_dir() && level < depth {
                folders.push((entry.path(), level + 1));
            }
            if !meta.is_file() {
                continue;
            }
            if sight.files.len() >= MOST_FILES {
                sight.cut = true;
                return Ok(sight);
            }
            let path = entry.path();
            let wanted = path
                .strip_prefix(folder)
                .is_ok_and(|name| pattern.matches_path_with(name, NAMES));
            sight.files.push(Seen {
                inode: (meta.dev(), meta.ino()),
                version: Version {
                    size: meta.len(),
                    changed: meta.mtime().wrapping_mul(1_000_000_000) + meta.mtime_nsec(),
                },
                path,
                wanted,
            });
        }
    }
    // A file with two names is one file: the name that is asked for speaks for it.
    sight
        .files
        .sort_by(|a, b| (a.inode, !a.wanted, &a.path).cmp(&(b.inode, !b.wanted, &b.path)));
    sight.files.dedup_by_key(|f| f.inode);
    // Oldest first, so that what comes out is in the order of time as far as files tell.
    sight.files.sort_by_key(|f| f.version.changed);
    Ok(sight)
}
