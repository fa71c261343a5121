//! Rows that somebody had erased, wherever they are: hot tail, files, and what is yet to come.

use std::sync::{Arc, PoisonError};

use arrow::compute::not;
use arrow::record_batch::RecordBatch;

use super::erasures::Erasure;
use super::merge;
use super::pace::Pace;
use super::rewrite::Purpose;
use crate::delta::DataFile;
use crate::error::LakeError;
use crate::lake::Lake;

/// What an erasure did, or would do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Erased {
    /// Rows in files.
    pub file_rows: u64,
    /// Files that hold them.
    pub files: usize,
    /// Rows in the hot tail.
    pub tail_rows: u64,
}

impl Lake {
    /// Counts the rows that [`erase`](Self::erase) would take out.
    ///
    /// # Errors
    /// Disk and format errors.
    pub fn count_erasable(&self, erasure: &Erasure) -> Result<Erased, LakeError> {
        let (snapshot, tail) = {
            let mut shared = self.shared();
            (Arc::clone(&shared.snapshot), shared.tail.batches()?)
        };
        let mut found = Erased::default();
        for batch in &tail {
            found.tail_rows += count(erasure.matches(batch).true_count());
        }
        for file in snapshot.files.values() {
            let rows = self.erasable_in(file, erasure)?;
            found.file_rows += rows;
            found.files += usize::from(rows > 0);
        }
        Ok(found)
    }

    /// Takes rows out of the tail and of every file, and keeps them out: those that are
    /// still on their way from the event log, up to the erasure's offset, are not taken.
    /// The old files leave the disk with the next [`vacuum`](Self::vacuum) after
    /// `Config::file_retention`.
    ///
    /// The erasure is written down first. When this fails or the process dies half-way,
    /// [`resume_erasures`](Self::resume_erasures) finishes it.
    ///
    /// # Errors
    /// Disk and format errors, and a file of another engine that cannot be rewritten.
    pub fn erase(&self, erasure: Erasure, pace: &Pace) -> Result<Erased, LakeError> {
        self.writable()?;
        let tail_rows = {
            // No commit is under way: what is in the tail is not about to be in a file.
            let _no_commit = self.writer();
            let shared = self.shared();
            let erasures = shared
                .erasures
                .with(erasure.clone(), shared.snapshot.committed());
            drop(shared);
            erasures.write(&self.dir)?;
            let mut shared = self.shared();
            shared.erasures = Arc::new(erasures);
            let matches = |batch: &RecordBatch| Ok(erasure.matches(batch));
            shared.tail.erase(&matches)?
        };
        let mut done = self.erase_from_files(&erasure, pace)?;
        done.tail_rows = count(tail_rows);
        Ok(done)
    }

    /// Finishes erasures that a crash or an error interrupted, and says how many.
    ///
    /// # Errors
    /// As [`erase`](Self::erase).
    pub fn resume_erasures(&self, pace: &Pace) -> Result<usize, LakeError> {
        self.writable()?;
        let pending = self.shared().erasures.pending();
        for erasure in &pending {
            self.erase_from_files(erasure, pace)?;
        }
        Ok(pending.len())
    }

    fn erase_from_files(&self, erasure: &Erasure, pace: &Pace) -> Result<Erased, LakeError> {
        let mut done = Erased::default();
        {
            let _turn = self.upkeep.lock().unwrap_or_else(PoisonError::into_inner);
            // Files that appear later hold no such row: the tail takes none any more. Only
            // another engine can replace files meanwhile; then the rest is looked at again.
            while !self.erase_once(erasure, &mut done, pace)? {}
        }
        let _no_other = self.writer();
        let erasures = self.shared().erasures.with_done(erasure);
        erasures.write(&self.dir)?;
        self.shared().erasures = Arc::new(erasures);
        Ok(done)
    }

    /// Goes through the files of the newest snapshot; false when that changed below it.
    fn erase_once(
        &self,
        erasure: &Erasure,
        done: &mut Erased,
        pace: &Pace,
    ) -> Result<bool, LakeError> {
        let snapshot = Arc::clone(&self.shared().snapshot);
        for file in snapshot.files.values() {
            pace.go_on()?;
            let rows = self.erasable_in(file, erasure)?;
            if rows == 0 {
                continue;
            }
            let one = [Arc::clone(file)];
            let keep = |batch: &RecordBatch| Ok(not(&erasure.matches(batch))?);
            match self.rewrite(&one, Purpose::Erase, Some(&keep), pace) {
                Ok(_) => {}
                Err(LakeError::Conflict) => return Ok(false),
                Err(error) => return Err(error),
            }
            done.file_rows += rows;
            done.files += 1;
        }
        Ok(true)
    }

    fn erasable_in(&self, file: &DataFile, erasure: &Erasure) -> Result<u64, LakeError> {
        let first = file
            .offsets
            .and_then(|(first, _)| u64::try_from(first).ok());
        if first.is_some_and(|first| first > erasure.through) {
            return Ok(0);
        }
        let needle = Some((erasure.key.column(), erasure.value.as_str()));
        let mut rows = 0;
        let path = self.dir.join(&file.path);
        merge::scan(&path, &erasure.columns(), needle, &mut |batch| {
            rows += count(erasure.matches(batch).true_count());
            Ok(())
        })?;
        Ok(rows)
    }
}

fn count(rows: usize) -> u64 {
    u64::try_from(rows).unwrap_or(u64::MAX)
}
