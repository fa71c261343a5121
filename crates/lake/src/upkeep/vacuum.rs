//! Files that are no longer part of the table leave the disk.

use std::fs;
use std::io::ErrorKind;
use std::sync::{Arc, PoisonError};

use crate::disk::now_ms;
use crate::error::{Doing, LakeError};
use crate::lake::Lake;

/// What a vacuum did, or would do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Vacuumed {
    /// Files deleted.
    pub files: usize,
    /// Their bytes.
    pub bytes: u64,
    /// Files that have to stay some time yet, for readers that may still use them.
    pub waiting: usize,
}

impl Lake {
    /// Deletes files that were replaced longer ago than `Config::file_retention`. With
    /// `dry_run` it only counts.
    ///
    /// # Errors
    /// When a file cannot be deleted.
    pub fn vacuum(&self, dry_run: bool) -> Result<Vacuumed, LakeError> {
        self.writable()?;
        let _turn = self.upkeep.lock().unwrap_or_else(PoisonError::into_inner);
        let keep = i64::try_from(self.config.file_retention.as_millis()).unwrap_or(i64::MAX);
        let until = now_ms().saturating_sub(keep);
        let snapshot = Arc::clone(&self.shared().snapshot);
        let mut done = Vacuumed::default();
        let mut gone = Vec::new();
        for (path, remove) in &snapshot.removed {
            // A tombstone without a time is as old as can be.
            if remove.deletion_timestamp.unwrap_or(0) > until {
                done.waiting += 1;
                continue;
            }
            let file = self.dir.join(path);
            let size = match fs::metadata(&file) {
                Ok(found) => found.len(),
                Err(e) if e.kind() == ErrorKind::NotFound => {
                    gone.push(path.clone());
                    continue;
                }
                Err(e) => return Err(e).doing("read", &file),
            };
            if !dry_run {
                fs::remove_file(&file).doing("remove", &file)?;
                gone.push(path.clone());
            }
            done.files += 1;
            done.bytes += size;
        }
        if !dry_run {
            self.forget_removed(&gone);
        }
        Ok(done)
    }
}
