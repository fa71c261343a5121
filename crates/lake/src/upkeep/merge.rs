//! Sorted files read as one sorted stream of batches, without the rows that have to go.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::path::{Path, PathBuf};

use arrow::array::{AsArray, BooleanArray};
use arrow::compute::{filter_record_batch, interleave_record_batch};
use arrow::datatypes::{Int64Type, TimestampMillisecondType};
use arrow::record_batch::RecordBatch;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder,
};

use crate::error::{Doing, LakeError};
use crate::parquet_file::SLICE_ROWS;
use crate::schema;

/// Rows read from each file at a time: what is in memory is this times the files.
const READ_ROWS: usize = 1024;

/// Which rows stay.
pub(crate) type Keep<'a> = &'a dyn Fn(&RecordBatch) -> Result<BooleanArray, LakeError>;

/// Several files of one day as one stream in the order of the table.
pub(crate) struct Merge<'a> {
    sources: Vec<Source>,
    /// The next row of each source: its place in the order, then which source.
    next: BinaryHeap<Reverse<(i64, i64, usize)>>,
    keep: Option<Keep<'a>>,
}

struct Source {
    path: PathBuf,
    reader: ParquetRecordBatchReader,
    batch: RecordBatch,
    row: usize,
    /// Where its batch is among those of the slice being put together.
    slot: usize,
}

impl<'a> Merge<'a> {
    pub(crate) fn open(paths: Vec<PathBuf>, keep: Option<Keep<'a>>) -> Result<Self, LakeError> {
        let mut sources = Vec::with_capacity(paths.len());
        for path in paths {
            let reader = open(&path)?.with_batch_size(READ_ROWS).build()?;
            sources.push(Source {
                path,
                reader,
                batch: RecordBatch::new_empty(schema::file_schema()),
                row: 0,
                slot: 0,
            });
        }
        let mut merge = Self {
            sources,
            next: BinaryHeap::new(),
            keep,
        };
        for source in 0..merge.sources.len() {
            merge.refill(source)?;
        }
        Ok(merge)
    }

    /// The next rows, at most [`SLICE_ROWS`], or nothing at the end.
    pub(crate) fn next(&mut self) -> Result<Option<RecordBatch>, LakeError> {
        let mut batches: Vec<RecordBatch> = Vec::new();
        for source in &mut self.sources {
            source.slot = batches.len();
            batches.push(source.batch.clone());
        }
        let mut indices = Vec::with_capacity(SLICE_ROWS);
        while indices.len() < SLICE_ROWS
            && let Some(Reverse((_, _, at))) = self.next.pop()
        {
            let Some(source) = self.sources.get_mut(at) else {
                break;
            };
            indices.push((source.slot, source.row));
            source.row += 1;
            if source.row < source.batch.num_rows() {
                self.queue(at);
            } else if self.refill(at)?
                && let Some(source) = self.sources.get_mut(at)
            {
                source.slot = batches.len();
                batches.push(source.batch.clone());
            }
        }
        if indices.is_empty() {
            return Ok(None);
        }
        let batches: Vec<&RecordBatch> = batches.iter().collect();
        Ok(Some(interleave_record_batch(&batches, &indices)?))
    }

    /// The next batch of a source that has a row to keep; false at its end.
    fn refill(&mut self, at: usize) -> Result<bool, LakeError> {
        let Some(source) = self.sources.get_mut(at) else {
            return Ok(false);
        };
        loop {
            let Some(batch) = source.reader.next() else {
                source.batch = RecordBatch::new_empty(schema::file_schema());
                return Ok(false);
            };
            let mut batch = batch.map_err(|e| damaged(&source.path, &e))?;
            if let Some(keep) = self.keep {
                batch = filter_record_batch(&batch, &keep(&batch)?)?;
            }
            if batch.num_rows() > 0 {
                source.batch = batch;
                source.row = 0;
                self.queue(at);
                return Ok(true);
            }
        }
    }

    fn queue(&mut self, at: usize) {
        let Some(source) = self.sources.get(at) else {
            return;
        };
        // The first columns of the table are `time` and, third, the offset (schema.rs).
        let columns = source.batch.columns();
        let time = columns
            .first()
            .and_then(|a| a.as_primitive_opt::<TimestampMillisecondType>());
        let offset = columns
            .get(2)
            .and_then(|a| a.as_primitive_opt::<Int64Type>());
        if let (Some(time), Some(offset)) = (time, offset)
            && source.row < time.len()
        {
            let place = (time.value(source.row), offset.value(source.row), at);
            self.next.push(Reverse(place));
        }
    }
}

/// Calls `each` with the batches of some columns of a file, leaving out the row groups
/// whose bloom filter rules `needle` (column, value) out.
pub(crate) fn scan(
    path: &Path,
    columns: &[&str],
    needle: Option<(&str, &str)>,
    each: &mut dyn FnMut(&RecordBatch) -> Result<(), LakeError>,
) -> Result<(), LakeError> {
    let mut builder = open(path)?.with_batch_size(SLICE_ROWS);
    let groups = builder.metadata().num_row_groups();
    if let Some((column, value)) = needle
        && let Some(index) = schema::COLUMNS.iter().position(|c| c.name == column)
    {
        let mut left = Vec::new();
        for group in 0..groups {
            let filter = builder.get_row_group_column_bloom_filter(group, index)?;
            if filter.is_none_or(|filter| filter.check(value)) {
                left.push(group);
            }
        }
        builder = builder.with_row_groups(left);
    }
    let mask = ProjectionMask::columns(builder.parquet_schema(), columns.iter().copied());
    for batch in builder.with_projection(mask).build()? {
        each(&batch.map_err(|e| damaged(path, &e))?)?;
    }
    Ok(())
}

fn open(path: &Path) -> Result<ParquetRecordBatchReaderBuilder<File>, LakeError> {
    let file = File::open(path).doing("open", path)?;
    // Fails for a file whose columns are not ours: another engine may have rewritten it.
    let options = ArrowReaderOptions::new().with_schema(schema::file_schema());
    ParquetRecordBatchReaderBuilder::try_new_with_options(file, options)
        .map_err(|e| damaged(path, &e))
}

fn damaged(path: &Path, reason: &dyn std::fmt::Display) -> LakeError {
    LakeError::File {
        path: path.to_owned(),
        reason: reason.to_string(),
    }
}
