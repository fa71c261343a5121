//! The hot tail: rows that are on the spine but not yet in a Parquet file.
//!
//! Rows go straight into column builders, so that a row costs its bytes and not a
//! hundred small allocations, and so that a query or a commit finds Arrow batches.
//! What a late enrichment may still change is kept apart from the finished columns.

use std::collections::HashMap;

use arrow::array::BooleanArray;
use arrow::compute::not;
use arrow::record_batch::RecordBatch;

use crate::chunk::{Builder, Chunk};
use crate::error::LakeError;
use crate::query::{Change, ChunkChange};
use crate::row::{Facts, Row};

/// Rows of a chunk: as many as one batch of a query.
const CHUNK_ROWS: usize = 8192;

#[derive(Default)]
pub(crate) struct Tail {
    sealed: Vec<Chunk>,
    open: Option<Builder>,
    /// How many of the sealed chunks a commit is writing right now.
    frozen: usize,
    bytes: usize,
    rows: usize,
    /// Chunks made so far: the next one's id.
    made: u64,
}

impl Tail {
    pub(crate) fn push(&mut self, row: &Row<'_>) -> Result<(), LakeError> {
        let open = self.open.get_or_insert_with(Builder::new);
        self.bytes += open.push(row);
        self.rows += 1;
        if open.len() >= CHUNK_ROWS {
            self.seal()?;
        }
        Ok(())
    }

    /// Adds facts to the rows at `offset`; false when none of them is still here.
    pub(crate) fn revise(&mut self, offset: u64, facts: &Facts) -> bool {
        let mut found = self
            .open
            .as_mut()
            .is_some_and(|open| open.revise(offset, facts));
        // Rows of one offset may straddle chunks, which are in ascending order.
        for chunk in self.sealed.iter_mut().skip(self.frozen).rev() {
            if chunk.last_offset() < offset {
                break;
            }
            found |= chunk.revise(offset, facts);
        }
        if found {
            self.bytes += facts.enrichment.as_ref().map_or(0, String::len);
        }
        found
    }

    /// Every row as batches of the table schema, oldest first.
    pub(crate) fn batches(&mut self) -> Result<Vec<RecordBatch>, LakeError> {
        self.seal()?;
        self.sealed.iter_mut().map(Chunk::batch).collect()
    }

    /// What somebody does not know yet who knows chunks (by id) up to a revision.
    pub(crate) fn changes(
        &mut self,
        known: &HashMap<u64, u64>,
    ) -> Result<Vec<ChunkChange>, LakeError> {
        self.seal()?;
        let change = |chunk: &mut Chunk| {
            let revision = chunk.revision();
            let what = match known.get(&chunk.id()) {
                None => Change::New(chunk.batch()?),
                Some(seen) if *seen == revision => Change::None,
                Some(seen) => Change::Revised(chunk.revised_since(*seen)?),
            };
            Ok(ChunkChange {
                id: chunk.id(),
                revision,
                what,
            })
        };
        self.sealed.iter_mut().map(change).collect()
    }

    /// The rows through `offset`, held still until [`Tail::thaw`] or [`Tail::drop_frozen`].
    pub(crate) fn freeze(&mut self, through: u64) -> Result<Vec<RecordBatch>, LakeError> {
        self.seal()?;
        let whole = self
            .sealed
            .partition_point(|chunk| chunk.last_offset() <= through);
        if self
            .sealed
            .get(whole)
            .is_some_and(|chunk| chunk.first_offset() <= through)
        {
            let ids = (self.next_id(), self.next_id());
            let (head, rest) = self.sealed.remove(whole).split(through, ids);
            self.sealed.insert(whole, rest);
            self.sealed.insert(whole, head);
        }
        self.frozen = self
            .sealed
            .partition_point(|chunk| chunk.last_offset() <= through);
        let frozen = self.sealed.iter_mut().take(self.frozen);
        let batches: Result<Vec<_>, _> = frozen.map(Chunk::batch).collect();
        if batches.is_err() {
            self.frozen = 0;
        }
        batches
    }

    /// The commit failed: its rows are ordinary rows again.
    pub(crate) fn thaw(&mut self) {
        self.frozen = 0;
    }

    /// The commit succeeded: its rows are in files.
    pub(crate) fn drop_frozen(&mut self) {
        for chunk in self.sealed.drain(..self.frozen.min(self.sealed.len())) {
            self.rows -= chunk.len();
            self.bytes = self.bytes.saturating_sub(chunk.bytes());
        }
        self.frozen = 0;
        if self.rows == 0 {
            // Idle memory stays small: give back what a burst made the list grow to.
            self.bytes = 0;
            self.sealed = Vec::new();
        }
    }

    /// Takes out the rows for which `matches` is true and says how many they were. Rows that
    /// a commit is writing are left to it.
    pub(crate) fn erase(
        &mut self,
        matches: &dyn Fn(&RecordBatch) -> Result<BooleanArray, LakeError>,
    ) -> Result<usize, LakeError> {
        self.seal()?;
        let mut erased = 0;
        for chunk in self.sealed.iter_mut().skip(self.frozen) {
            self.made += 1;
            let id = self.made;
            let gone = matches(&chunk.batch()?)?;
            let count = gone.true_count();
            if count > 0 {
                self.bytes = self.bytes.saturating_sub(chunk.bytes());
                chunk.retain(&not(&gone)?, id)?;
                self.bytes += chunk.bytes();
                self.rows -= count;
                erased += count;
            }
        }
        let mut at = 0;
        self.sealed.retain(|chunk| {
            at += 1;
            at <= self.frozen || chunk.len() > 0
        });
        Ok(erased)
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    fn seal(&mut self) -> Result<(), LakeError> {
        if let Some(open) = self.open.take() {
            let id = self.next_id();
            self.sealed.push(open.finish(id)?);
        }
        Ok(())
    }

    fn next_id(&mut self) -> u64 {
        self.made += 1;
        self.made
    }
}
