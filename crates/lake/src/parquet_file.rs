//! Rows to Parquet files: split by day, sorted by time, compressed, with bloom filters.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::BufWriter;
use std::ops::Range;
use std::path::{Path, PathBuf};

use arrow::array::AsArray;
use arrow::compute::interleave_record_batch;
use arrow::datatypes::{Int64Type, TimestampMillisecondType};
use arrow::record_batch::RecordBatch;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::file::metadata::SortingColumn;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;

use crate::config::Config;
use crate::day;
use crate::delta::DataFile;
use crate::disk::{self, TEMPORARY, now_ms};
use crate::error::{Doing, LakeError};
use crate::schema::{self, COLUMNS, Store};

/// Begins the name of every file that we write, so that nothing else is ever cleaned up.
pub(crate) const PREFIX: &str = "rf-";
/// Folder of rows whose day is one too many (Hive's and Delta's name for null).
const NULL_DAY: &str = "__HIVE_DEFAULT_PARTITION__";
/// Most day folders that one commit writes to. Hostile clocks could otherwise turn a
/// thousand events into a thousand files; the rows beyond share the null partition.
const MAX_DAYS: usize = 32;
/// Rows handed to the encoder at a time.
pub(crate) const SLICE_ROWS: usize = 8192;
/// Rows of a page at most; a batch of a merge has as many, and a look-up reads no more of the columns
/// that it only shows. Pages of long texts end sooner, at the usual size of 1 MiB.
const PAGE_ROWS: usize = 8192;
/// Footer key under which a file's data key will be named once files are encrypted.
/// Absent means that the file is in the clear.
pub const KEY_ID: &str = "ringfence.key_id";

/// A row's place: its sort key, then where it is now.
struct Place {
    time: i64,
    offset: i64,
    batch: usize,
    row: usize,
}

/// Writes the rows as one file a day and syncs them. The files are on disk under their
/// final names, but no part of the table until the log says so.
pub(crate) fn write(
    lake: &Path,
    name: &str,
    batches: &[RecordBatch],
    config: &Config,
) -> Result<Vec<DataFile>, LakeError> {
    let stored: Vec<usize> = (0..COLUMNS.len()).collect();
    let batches = batches
        .iter()
        .map(|b| b.project(&stored))
        .collect::<Result<Vec<_>, _>>()?;
    let batches: Vec<&RecordBatch> = batches.iter().collect();
    let places = sorted(&batches);
    let mut files: Vec<DataFile> = Vec::new();
    for (day, ranges) in by_day(&places) {
        let folder = folder(day);
        let path = format!("{folder}/{PREFIX}{name}.parquet");
        fs::create_dir_all(lake.join(&folder)).doing("create", &lake.join(&folder))?;
        let places = ranges
            .into_iter()
            .filter_map(|range| places.get(range))
            .flatten();
        let places: Vec<&Place> = places.collect();
        match write_file(lake, &path, &batches, &places, config) {
            Ok(written) => files.push(DataFile { day, ..written }),
            Err(error) => {
                for file in &files {
                    let _ = fs::remove_file(lake.join(&file.path));
                }
                return Err(error);
            }
        }
    }
    if !files.is_empty() {
        disk::sync_dir(lake)?;
    }
    Ok(files)
}

/// Name of the folder of a day.
pub(crate) fn folder(day: Option<i32>) -> String {
    let day = day.map_or_else(|| NULL_DAY.to_owned(), day::name);
    format!("{}={day}", schema::DAY)
}

/// All rows in the order of the table: time, then spine offset.
fn sorted(batches: &[&RecordBatch]) -> Vec<Place> {
    let rows = batches.iter().map(|b| b.num_rows()).sum();
    let mut places = Vec::with_capacity(rows);
    for (batch, record) in batches.iter().enumerate() {
        let time = record.column_by_name(schema::TIME);
        let offset = record.column_by_name(schema::OFFSET);
        let time = time.and_then(|a| a.as_primitive_opt::<TimestampMillisecondType>());
        let offset = offset.and_then(|a| a.as_primitive_opt::<Int64Type>());
        if let (Some(time), Some(offset)) = (time, offset) {
            let keys = time.values().iter().zip(offset.values()).enumerate();
            places.extend(keys.map(|(row, (t, o))| Place {
                time: *t,
                offset: *o,
                batch,
                row,
            }));
        }
    }
    // Stable: rows of one record keep their order.
    places.sort_by_key(|place| (place.time, place.offset));
    places
}

/// The sorted rows of each day; the smallest days beyond [`MAX_DAYS`] go together.
fn by_day(places: &[Place]) -> BTreeMap<Option<i32>, Vec<Range<usize>>> {
    let mut days: Vec<(i32, Range<usize>)> = Vec::new();
    for chunk in places.chunk_by(|a, b| day::of(a.time) == day::of(b.time)) {
        let from = days.last().map_or(0, |(_, range)| range.end);
        let first = chunk.first().map_or(0, |place| day::of(place.time));
        days.push((first, from..from + chunk.len()));
    }
    let mut by_size: Vec<_> = days
        .iter()
        .map(|(day, range)| (range.len(), *day))
        .collect();
    by_size.sort_unstable_by(|a, b| b.cmp(a));
    let too_many: Vec<i32> = by_size.iter().skip(MAX_DAYS).map(|(_, day)| *day).collect();
    let mut grouped: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for (day, range) in days {
        let day = (!too_many.contains(&day)).then_some(day);
        grouped.entry(day).or_default().push(range);
    }
    grouped
}

fn write_file(
    lake: &Path,
    path: &str,
    batches: &[&RecordBatch],
    places: &[&Place],
    config: &Config,
) -> Result<DataFile, LakeError> {
    let level = config.fresh_zstd_level;
    let mut file = FileWriter::create(lake, path, places.len(), level, config)?;
    for slice in places.chunks(SLICE_ROWS) {
        let indices: Vec<_> = slice.iter().map(|place| (place.batch, place.row)).collect();
        file.write(&interleave_record_batch(batches, &indices)?)?;
    }
    file.finish()
}

/// One file being written under a temporary name. Dropped unfinished, it leaves nothing.
pub(crate) struct FileWriter {
    writer: Option<ArrowWriter<BufWriter<File>>>,
    facts: DataFile,
    target: PathBuf,
    temporary: PathBuf,
}

impl FileWriter {
    /// `path` is the file's name under the lake's folder; its own folder exists. `rows` is how
    /// many will come at most, `level` that of zstd.
    pub(crate) fn create(
        lake: &Path,
        path: &str,
        rows: usize,
        level: i32,
        config: &Config,
    ) -> Result<Self, LakeError> {
        let target = lake.join(path);
        let temporary = lake.join(format!("{path}{TEMPORARY}"));
        let file = File::create(&temporary).doing("create", &temporary)?;
        // Every reader knows the types from Parquet itself; the Arrow schema would be 4 kB a file.
        let options = ArrowWriterOptions::new()
            .with_properties(properties(rows, level, config))
            .with_skip_arrow_metadata(true);
        let file = BufWriter::with_capacity(1 << 18, file);
        let writer = ArrowWriter::try_new_with_options(file, schema::file_schema(), options)?;
        let facts = DataFile {
            path: path.to_owned(),
            written_ms: now_ms(),
            ..DataFile::default()
        };
        Ok(Self {
            writer: Some(writer),
            facts,
            target,
            temporary,
        })
    }

    /// Appends rows of the file schema, which come in the order of the table.
    pub(crate) fn write(&mut self, rows: &RecordBatch) -> Result<(), LakeError> {
        let facts = &mut self.facts;
        widen(&mut facts.programs, rows);
        let time = |name| {
            rows.column_by_name(name)
                .and_then(|a| a.as_primitive_opt::<TimestampMillisecondType>())
        };
        extend(
            &mut facts.time,
            time(schema::TIME).map(|a| a.values().as_ref()),
        );
        extend(
            &mut facts.received,
            time(schema::RECEIVED).map(|a| a.values().as_ref()),
        );
        let offsets = rows.column_by_name(schema::OFFSET);
        let offsets = offsets.and_then(|a| a.as_primitive_opt::<Int64Type>());
        extend(&mut facts.offsets, offsets.map(|a| a.values().as_ref()));
        facts.rows += u64::try_from(rows.num_rows()).unwrap_or(u64::MAX);
        if let Some(writer) = &mut self.writer {
            writer.write(rows)?;
        }
        Ok(())
    }

    /// Rows written so far.
    pub(crate) fn rows(&self) -> u64 {
        self.facts.rows
    }

    /// Syncs the file and gives it its final name.
    pub(crate) fn finish(mut self) -> Result<DataFile, LakeError> {
        let Some(writer) = self.writer.take() else {
            return Ok(DataFile::default());
        };
        let file = writer
            .into_inner()?
            .into_inner()
            .map_err(std::io::IntoInnerError::into_error);
        let file = file.doing("write", &self.temporary)?;
        file.sync_all().doing("sync", &self.temporary)?;
        self.facts.size = file.metadata().doing("read", &self.temporary)?.len();
        fs::rename(&self.temporary, &self.target).doing("rename", &self.temporary)?;
        self.target.parent().map_or(Ok(()), disk::sync_dir)?;
        Ok(std::mem::take(&mut self.facts))
    }
}

impl Drop for FileWriter {
    fn drop(&mut self) {
        // Gives the space back at once: the disk may be full. Nothing there after `finish`.
        if self.writer.take().is_some() || self.temporary.exists() {
            let _ = fs::remove_file(&self.temporary);
        }
    }
}

fn extend(bounds: &mut Option<(i64, i64)>, values: Option<&[i64]>) {
    let values = values.unwrap_or_default();
    if let (Some(min), Some(max)) = (values.iter().min(), values.iter().max()) {
        let (low, high) = bounds.unwrap_or((*min, *max));
        *bounds = Some((low.min(*min), high.max(*max)));
    }
}

/// Keeps the smallest and largest program of the rows seen so far.
fn widen(programs: &mut Option<(String, String)>, rows: &RecordBatch) {
    let column = rows
        .column_by_name(schema::PROGRAM)
        .and_then(|a| a.as_string_view_opt());
    let mut last = None;
    for program in column.iter().flat_map(|column| column.iter().flatten()) {
        // Programs come in runs: look closer only when the value changes.
        if last.replace(program) == Some(program) {
            continue;
        }
        let (min, max) = programs.get_or_insert_with(|| (program.to_owned(), program.to_owned()));
        if program < min.as_str() {
            program.clone_into(min);
        }
        if program > max.as_str() {
            program.clone_into(max);
        }
    }
}

fn properties(rows: usize, level: i32, config: &Config) -> WriterProperties {
    let level = ZstdLevel::try_new(level).unwrap_or_default();
    let sorted_by = [schema::TIME, schema::OFFSET].iter().filter_map(|name| {
        let column_idx = i32::try_from(COLUMNS.iter().position(|c| c.name == *name)?).ok()?;
        Some(SortingColumn {
            column_idx,
            descending: false,
            nulls_first: false,
        })
    });
    let group_rows = config.row_group_rows.max(1);
    let distinct = rows.clamp(1, group_rows) as u64;
    let mut builder = WriterProperties::builder()
        .set_created_by(concat!("ringfence-lake ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_compression(Compression::ZSTD(level))
        .set_max_row_group_row_count(Some(group_rows))
        .set_data_page_row_count_limit(PAGE_ROWS)
        .set_sorting_columns(Some(sorted_by.collect()))
        .set_column_index_truncate_length(Some(32))
        .set_statistics_truncate_length(Some(64))
        .set_statistics_enabled(EnabledStatistics::Page)
        .set_bloom_filter_fpp(0.01);
    for column in COLUMNS {
        let path = || ColumnPath::from(column.name);
        let plain = |b: parquet::file::properties::WriterPropertiesBuilder, encoding| {
            b.set_column_dictionary_enabled(path(), false)
                .set_column_encoding(path(), encoding)
        };
        // A filter of this size is made and filled first, then folded to what was seen.
        let filter = |b: parquet::file::properties::WriterPropertiesBuilder| {
            b.set_column_bloom_filter_enabled(path(), true)
                .set_column_bloom_filter_max_ndv(path(), distinct)
        };
        builder = match column.store {
            Store::Dictionary => builder,
            Store::Packed => plain(builder, Encoding::DELTA_BINARY_PACKED),
            Store::Key => filter(builder),
            Store::UniqueKey => filter(plain(builder, Encoding::DELTA_BYTE_ARRAY)),
            Store::Text => plain(builder, Encoding::DELTA_LENGTH_BYTE_ARRAY)
                .set_column_statistics_enabled(path(), EnabledStatistics::None),
        };
    }
    builder.build()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(day: i64, row: usize) -> Place {
        Place {
            time: day * 86_400_000,
            offset: 0,
            batch: 0,
            row,
        }
    }

    #[test]
    fn rows_of_too_many_days_share_the_null_partition() {
        // Day 7 has two rows, so it is the one day sure to keep its own folder.
        let mut places: Vec<_> = (0..100).map(|day| place(day, 0)).collect();
        places.insert(8, place(7, 1));
        let grouped = by_day(&places);
        assert_eq!(grouped.len(), MAX_DAYS + 1);
        assert_eq!(grouped[&Some(7)], vec![7..9]);
        let rows: usize = grouped.values().flatten().map(ExactSizeIterator::len).sum();
        assert_eq!(rows, 101);
    }
}
