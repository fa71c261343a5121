//! What a query engine in another process does not know yet.

use std::sync::Arc;

use arrow::record_batch::RecordBatch;

use crate::delta::Snapshot;

/// Files and hot tail of one moment, as a difference.
#[derive(Debug)]
pub(crate) struct Changes {
    pub(crate) snapshot: Arc<Snapshot>,
    /// Every chunk that the query sees, oldest first.
    pub(crate) chunks: Vec<ChunkChange>,
}

/// A chunk of the hot tail, and how it differs from what was known of it.
#[derive(Debug)]
pub(crate) struct ChunkChange {
    pub(crate) id: u64,
    /// What is known once the change has been taken in.
    pub(crate) revision: u64,
    pub(crate) what: Change,
}

/// How a chunk differs.
#[derive(Debug)]
pub(crate) enum Change {
    None,
    /// Late facts of some rows ([`crate::schema::revision_schema`]).
    Revised(RecordBatch),
    New(RecordBatch),
}
