//! The engine's picture of the table: files by name, and copies of the hot tail's chunks.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, UInt32Array};
use arrow::compute::interleave;
use arrow::datatypes::UInt32Type;
use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;

use super::wire::Files;
use crate::delta::Snapshot;
use crate::lake::View;

/// Buffers that a revised column may share with its earlier versions. Beyond that it is
/// copied, so that what nobody sees any more is given back.
const MOST_BUFFERS: usize = 16;

#[derive(Debug, Default)]
pub(crate) struct Mirror {
    /// Files only; shared with the queries that see it.
    files: Arc<Snapshot>,
    chunks: HashMap<u64, RecordBatch>,
}

impl Mirror {
    pub(crate) fn files(&mut self, change: Files) {
        let snapshot = Arc::make_mut(&mut self.files);
        for path in change.removed {
            snapshot.files.remove(&path);
        }
        for file in change.added {
            snapshot.files.insert(file.path.clone(), Arc::new(file));
        }
    }

    pub(crate) fn chunk(&mut self, id: u64, batch: RecordBatch) {
        self.chunks.insert(id, batch);
    }

    /// Puts late facts into a chunk.
    pub(crate) fn facts(&mut self, id: u64, facts: &RecordBatch) -> Result<(), ArrowError> {
        let Some(batch) = self.chunks.get_mut(&id) else {
            return Err(unknown(id));
        };
        let rows = facts.column(0).as_primitive_opt::<UInt32Type>();
        let Some(rows) = rows else {
            return Err(ArrowError::SchemaError("no places of rows".to_owned()));
        };
        let picks = picks(rows, batch.num_rows());
        let mut columns = batch.columns().to_vec();
        let schema = facts.schema();
        for (field, late) in schema.fields().iter().zip(facts.columns()).skip(1) {
            let place = batch.schema().index_of(field.name())?;
            if let Some(column) = columns.get_mut(place) {
                *column = packed(interleave(&[column.as_ref(), late.as_ref()], &picks)?);
            }
        }
        *batch = RecordBatch::try_new(batch.schema(), columns)?;
        Ok(())
    }

    /// What a query sees. Chunks that it does not name are in files by now and go.
    pub(crate) fn view(&mut self, ids: &[u64]) -> Result<View, ArrowError> {
        let chunk = |id: &u64| self.chunks.get(id).cloned().ok_or_else(|| unknown(*id));
        let tail = ids.iter().map(chunk).collect::<Result<Vec<_>, _>>()?;
        // In no order: a chunk that was split, or that rows were erased from, has a new id in its old place.
        let named: HashSet<_> = ids.iter().collect();
        self.chunks.retain(|id, _| named.contains(id));
        Ok(View {
            snapshot: Arc::clone(&self.files),
            tail,
        })
    }
}

fn unknown(id: u64) -> ArrowError {
    ArrowError::InvalidArgumentError(format!("chunk {id} was not sent"))
}

/// For each row where it comes from: (0, its place) as it was, (1, n) the n-th late one.
fn picks(rows: &UInt32Array, of: usize) -> Vec<(usize, usize)> {
    let mut picks: Vec<_> = (0..of).map(|row| (0, row)).collect();
    for (n, row) in rows.values().iter().enumerate() {
        if let Some(pick) = picks.get_mut(*row as usize) {
            *pick = (1, n);
        }
    }
    picks
}

fn packed(column: ArrayRef) -> ArrayRef {
    match column.as_string_view_opt() {
        Some(text) if text.data_buffers().len() > MOST_BUFFERS => Arc::new(text.gc()),
        _ => column,
    }
}

#[cfg(test)]
mod tests {
    use arrow::datatypes::Schema;

    use super::*;

    #[test]
    fn chunks_stay_in_whatever_order_they_are_named() {
        let mut mirror = Mirror::default();
        let batch = RecordBatch::new_empty(Arc::new(Schema::empty()));
        (1..=3).for_each(|id| mirror.chunk(id, batch.clone()));
        for _ in 0..2 {
            assert_eq!(mirror.view(&[3, 2]).unwrap().tail.len(), 2);
        }
        assert!(
            mirror.view(&[1]).is_err(),
            "what a view does not name is gone"
        );
    }
}
