//! Small files into large ones, a day at a time.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};

use super::pace::Pace;
use super::rewrite::Purpose;
use crate::delta::DataFile;
use crate::disk::now_ms;
use crate::error::LakeError;
use crate::lake::Lake;

/// Files of about one size that are merged together. Each row is rewritten once for every
/// factor of eight between a commit's file and a large one.
const FAN_IN: usize = 8;
/// Most files read at a time: each takes some megabytes, for pages and what unpacks them.
const MOST_FILES: usize = FAN_IN;
/// A day to which nothing was added for so long is done with: what is left of it is merged
/// however little it is.
const QUIET_MS: i64 = 3_600_000;

/// What a compaction did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Compacted {
    /// Merges, each one entry of the log.
    pub merges: usize,
    /// Files that were merged.
    pub files: usize,
    /// Rows in them.
    pub rows: u64,
    /// Bytes before, minus bytes after.
    pub saved_bytes: i64,
}

impl Lake {
    /// Merges small files of each day until no merge is due. With `all`, days that still
    /// grow are merged down to as few files as the size allows, too; without, only so far
    /// as it does not rewrite the same rows again and again.
    ///
    /// # Errors
    /// [`LakeError::Stopped`] between two merges when the pace was told to stop; disk and
    /// format errors. What was merged until then stays merged.
    pub fn compact(&self, all: bool, pace: &Pace) -> Result<Compacted, LakeError> {
        self.writable()?;
        let mut done = Compacted::default();
        // Files that could not be rewritten, such as another engine's: once is enough.
        let mut left_alone: Vec<String> = Vec::new();
        loop {
            let _turn = self.upkeep.lock().unwrap_or_else(PoisonError::into_inner);
            let snapshot = Arc::clone(&self.shared().snapshot);
            let files = snapshot.files.values();
            let files = files.filter(|file| !left_alone.contains(&file.path));
            let target = self.config.compact_bytes;
            let Some(group) = choose(files, target, now_ms(), all) else {
                return Ok(done);
            };
            let before: u64 = group.iter().map(|file| file.size).sum();
            match self.rewrite(&group, Purpose::Compact, None, pace) {
                Ok(rows) => {
                    let files = &self.shared().snapshot.files;
                    let new = files
                        .values()
                        .filter(|f| !snapshot.files.contains_key(&f.path));
                    // A commit of the same moment may be among them; the figure is for people.
                    let after: u64 = new.filter(|f| f.rows == rows).map(|f| f.size).sum();
                    done.merges += 1;
                    done.files += group.len();
                    done.rows += rows;
                    done.saved_bytes += before.cast_signed().saturating_sub(after.cast_signed());
                }
                Err(LakeError::Conflict) => {}
                Err(LakeError::File { path, reason }) => {
                    tracing::warn!(path = %path.display(), reason, "left a file of the lake as it is");
                    let paths = group.iter().map(|file| file.path.clone());
                    left_alone.extend(paths.filter(|p| self.dir.join(p) == path));
                }
                Err(error) => return Err(error),
            }
        }
    }
}

/// The next files to merge: those of the day with the most to gain.
fn choose<'a>(
    files: impl Iterator<Item = &'a Arc<DataFile>>,
    target: u64,
    now: i64,
    all: bool,
) -> Option<Vec<Arc<DataFile>>> {
    let mut days: BTreeMap<Option<i32>, Vec<&Arc<DataFile>>> = BTreeMap::new();
    for file in files {
        days.entry(file.day).or_default().push(file);
    }
    let groups = days.values_mut().filter_map(|files| {
        let newest = files.iter().map(|file| file.written_ms).max()?;
        let quiet = all || now.saturating_sub(newest) >= QUIET_MS;
        // Large enough is large enough.
        files.retain(|file| file.size < target / 4 * 3);
        files.sort_by_key(|file| (file.size, file.written_ms));
        let least = if quiet { 2 } else { FAN_IN };
        let mut group: Vec<Arc<DataFile>> = Vec::new();
        let (mut bytes, mut largest) = (0, 0);
        for file in files.iter().take(MOST_FILES) {
            // Smallest first: a file joins while it is not large beside those before it, so
            // that a large file is not rewritten for the sake of a few small ones.
            let fits = bytes + file.size <= target;
            let alike = quiet || group.len() < 2 || file.size <= largest * 4;
            if !fits || !alike {
                break;
            }
            bytes += file.size;
            largest = largest.max(file.size);
            group.push(Arc::clone(file));
        }
        (group.len() >= least).then_some(group)
    });
    groups.max_by_key(Vec::len)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;
    const NOW: i64 = 100 * QUIET_MS;

    fn files(sizes: &[u64], written_ms: i64) -> Vec<Arc<DataFile>> {
        let file = |(i, size): (usize, &u64)| {
            Arc::new(DataFile {
                path: format!("day=2026-01-01/{i}"),
                day: Some(1),
                size: *size,
                written_ms,
                ..DataFile::default()
            })
        };
        sizes.iter().enumerate().map(file).collect()
    }

    fn chosen(sizes: &[u64], written_ms: i64, all: bool) -> Option<Vec<u64>> {
        let files = files(sizes, written_ms);
        let group = choose(files.iter(), 256 * MIB, NOW, all)?;
        Some(group.iter().map(|file| file.size).collect())
    }

    #[test]
    fn a_growing_day_waits_for_enough_files_of_one_size() {
        assert_eq!(chosen(&[MIB; 7], NOW, false), None);
        assert_eq!(chosen(&[MIB; 8], NOW, false), Some(vec![MIB; 8]));
        let mixed = [MIB, MIB, MIB, 100 * MIB, MIB, MIB, MIB, MIB, MIB];
        assert_eq!(chosen(&mixed, NOW, false), Some(vec![MIB; 8]));
    }

    #[test]
    fn a_quiet_day_is_merged_whatever_is_left() {
        let old = NOW - QUIET_MS;
        assert_eq!(
            chosen(&[MIB, 90 * MIB], old, false),
            Some(vec![MIB, 90 * MIB])
        );
        assert_eq!(chosen(&[MIB, 90 * MIB], NOW, false), None);
        assert_eq!(
            chosen(&[MIB, 90 * MIB], NOW, true),
            Some(vec![MIB, 90 * MIB])
        );
        assert_eq!(chosen(&[MIB], old, true), None);
    }

    #[test]
    fn no_file_grows_past_the_target() {
        let large = [150 * MIB, 150 * MIB];
        assert_eq!(chosen(&large, 0, true), None);
        assert_eq!(
            chosen(&[200 * MIB, MIB], 0, true),
            None,
            "large enough already"
        );
    }
}
