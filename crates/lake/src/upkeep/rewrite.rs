//! The one step under every upkeep job: some files of a day become one file, or none.

use std::fs;
use std::sync::Arc;
use std::time::Instant;

use super::merge::{Keep, Merge};
use super::pace::Pace;
use crate::delta::{Action, DataFile, Snapshot};
use crate::disk::now_ms;
use crate::error::{Doing, LakeError};
use crate::lake::Lake;
use crate::parquet_file::{self, FileWriter, PREFIX};

/// What a rewrite is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// The same rows in fewer files: readers that follow the log have nothing to do.
    Compact,
    /// Rows that are too old have gone.
    Retain,
    /// Rows that somebody had erased have gone.
    Erase,
}

impl Purpose {
    fn operation(self) -> &'static str {
        match self {
            Self::Compact => "OPTIMIZE",
            Self::Retain | Self::Erase => "DELETE",
        }
    }
}

impl Lake {
    /// Replaces files of one day by one file with the rows that `keep` lets stay; with no
    /// row left, by nothing. Says how many rows the new file has. The caller holds the turn
    /// for upkeep.
    pub(crate) fn rewrite(
        &self,
        files: &[Arc<DataFile>],
        purpose: Purpose,
        keep: Option<Keep<'_>>,
        pace: &Pace,
    ) -> Result<u64, LakeError> {
        let paths = files.iter().map(|file| self.dir.join(&file.path)).collect();
        let mut merge = Merge::open(paths, keep)?;
        let day = files.first().and_then(|file| file.day);
        let most: u64 = files.iter().map(|file| file.rows).sum();
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        let mut writer = FileWriter::create(
            &self.dir,
            &self.new_path(day)?,
            most,
            self.config.zstd_level,
            &self.config,
        )?;
        loop {
            let since = Instant::now();
            let Some(rows) = merge.next()? else {
                break;
            };
            writer.write(&rows)?;
            pace.rest(since)?;
        }
        pace.go_on()?;
        let written = if writer.rows() == 0 {
            None
        } else {
            let written = writer.finish()?;
            Some(DataFile { day, ..written })
        };
        let rows = written.as_ref().map_or(0, |file| file.rows);
        self.replace(files, written, purpose).map(|()| rows)
    }

    /// Removes files from the table and adds one, if there is one, in one entry.
    pub(crate) fn replace(
        &self,
        files: &[Arc<DataFile>],
        written: Option<DataFile>,
        purpose: Purpose,
    ) -> Result<(), LakeError> {
        let now = now_ms();
        let data_change = purpose != Purpose::Compact;
        let mut actions = vec![Action::commit_info(purpose.operation(), now)];
        let removed = files.iter();
        actions.extend(removed.map(|file| Action::remove(&file.path, now, data_change)));
        actions.extend(written.iter().map(|file| Action::add(file, data_change)));
        // Ingest only adds files. Whoever removed one of ours has rewritten it already.
        let all_there = |newest: &Snapshot| {
            let there = files.iter().all(|f| newest.files.contains_key(&f.path));
            there.then_some(()).ok_or(LakeError::Conflict)
        };
        let done = self.publish(actions, all_there, |_| {});
        if done.is_err() {
            self.discard(written.as_slice());
        }
        done
    }

    /// A name that no file of that day has or had.
    fn new_path(&self, day: Option<i32>) -> Result<String, LakeError> {
        let folder = parquet_file::folder(day);
        fs::create_dir_all(self.dir.join(&folder)).doing("create", &self.dir.join(&folder))?;
        let snapshot = Arc::clone(&self.shared().snapshot);
        let mut number = now_ms();
        loop {
            let path = format!("{folder}/{PREFIX}m{number:014}.parquet");
            let known = snapshot.files.contains_key(&path) || snapshot.removed.contains_key(&path);
            if !known && !self.dir.join(&path).exists() {
                return Ok(path);
            }
            number += 1;
        }
    }
}
