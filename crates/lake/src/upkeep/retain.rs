//! Rows that are older than their period go.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, PoisonError};

use arrow::array::{AsArray, BooleanArray};
use arrow::datatypes::{Int32Type, TimestampMillisecondType};
use arrow::record_batch::RecordBatch;

use super::merge;
use super::pace::Pace;
use super::retention::Retention;
use super::rewrite::Purpose;
use crate::delta::DataFile;
use crate::disk::now_ms;
use crate::error::LakeError;
use crate::lake::Lake;
use crate::schema;

const DAY_MS: i64 = 86_400_000;
const CLASS: &str = "class_uid";

/// What retention did, or would do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retained {
    /// Rows that went.
    pub rows: u64,
    /// Files that went whole.
    pub removed: usize,
    /// Files written anew without some of their rows.
    pub rewritten: usize,
}

impl Lake {
    /// Takes rows out of the table whose period is over. With `dry_run` it only counts.
    ///
    /// Time is that of the system, but never more than a day past the newest row: a clock
    /// that jumps ahead expires nothing.
    ///
    /// # Errors
    /// [`LakeError::Stopped`] when the pace was told to stop; disk and format errors. What
    /// was done until then stays done.
    pub fn retain(
        &self,
        retention: &Retention,
        dry_run: bool,
        pace: &Pace,
    ) -> Result<Retained, LakeError> {
        self.writable()?;
        let mut done = Retained::default();
        let _turn = self.upkeep.lock().unwrap_or_else(PoisonError::into_inner);
        let snapshot = Arc::clone(&self.shared().snapshot);
        let files = snapshot.files.values();
        let newest = files.clone().map(|file| age(file).1).max();
        let Some(newest) = newest else {
            return Ok(done);
        };
        let expiry = Expiry {
            retention,
            now: now_ms().min(newest.saturating_add(DAY_MS)),
        };
        for file in files {
            pace.go_on()?;
            let gone = match expiry.rows_gone(&self.dir, file) {
                Err(LakeError::File { path, reason }) => {
                    tracing::warn!(path = %path.display(), reason, "left a file of the lake as it is");
                    continue;
                }
                other => other?,
            };
            if gone == 0 {
                continue;
            }
            let whole = gone == file.rows;
            let one = [Arc::clone(file)];
            let changed = if dry_run {
                Ok(())
            } else if whole {
                self.replace(&one, None, Purpose::Retain)
            } else {
                let keep = |batch: &RecordBatch| expiry.keep(batch);
                self.rewrite(&one, Purpose::Retain, Some(&keep), pace)
                    .map(|_| ())
            };
            match changed {
                Ok(()) => {
                    done.rows += gone;
                    done.removed += usize::from(whole);
                    done.rewritten += usize::from(!whole);
                }
                // Another writer has it: next time.
                Err(LakeError::Conflict) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(done)
    }
}

/// Oldest and newest receive time of a file's rows. Files that were written before the log
/// said it count as new as they can be.
fn age(file: &DataFile) -> (i64, i64) {
    file.received.unwrap_or((file.written_ms, file.written_ms))
}

struct Expiry<'a> {
    retention: &'a Retention,
    now: i64,
}

impl Expiry<'_> {
    /// Rows received before this are gone after so many days.
    fn cutoff(&self, days: u32) -> i64 {
        self.now.saturating_sub(i64::from(days) * DAY_MS)
    }

    /// How many rows of a file have to go. Only files in which every row is past the
    /// shortest period are looked into, so that a file is not written anew each day.
    fn rows_gone(&self, dir: &Path, file: &DataFile) -> Result<u64, LakeError> {
        let (_, newest) = age(file);
        let periods = self.retention.periods();
        let past = |days: Option<&u32>| days.is_some_and(|days| newest < self.cutoff(*days));
        if past(periods.last()) {
            return Ok(file.rows);
        }
        if !past(periods.first()) {
            return Ok(0);
        }
        let mut gone = 0;
        let columns = [schema::RECEIVED, CLASS, schema::PROGRAM];
        merge::scan(&dir.join(&file.path), &columns, None, &mut |batch| {
            let keep = self.keep(batch)?;
            gone += u64::try_from(keep.len() - keep.true_count()).unwrap_or(0);
            Ok(())
        })?;
        Ok(gone)
    }

    fn keep(&self, batch: &RecordBatch) -> Result<BooleanArray, LakeError> {
        let received = batch.column_by_name(schema::RECEIVED);
        let received = received.and_then(|a| a.as_primitive_opt::<TimestampMillisecondType>());
        let class = batch.column_by_name(CLASS);
        let class = class.and_then(|a| a.as_primitive_opt::<Int32Type>());
        let program = batch.column_by_name(schema::PROGRAM);
        let program = program.and_then(|a| a.as_string_view_opt());
        let (Some(received), Some(class), Some(program)) = (received, class, program) else {
            // What cannot be judged stays.
            return Ok(BooleanArray::from(vec![true; batch.num_rows()]));
        };
        let mut cutoffs: HashMap<(Option<&str>, Option<i32>), i64> = HashMap::new();
        let rows = received.values().iter().zip(class.iter().zip(program));
        let keep = rows.map(|(received, (class, program))| {
            let cutoff = cutoffs.entry((program, class)).or_insert_with(|| {
                let class = class.and_then(|class| u32::try_from(class).ok());
                self.cutoff(self.retention.days_of(program, class))
            });
            Some(*received >= *cutoff)
        });
        Ok(keep.collect())
    }
}
