//! One piece of the hot tail: column builders while it grows, then a batch whose
//! late columns can still be replaced.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, AsArray, BooleanArray, Date32Array, Int32Builder, Int64Builder, StringViewBuilder,
    TimestampMillisecondArray, UInt32Array,
};
use arrow::compute::filter;
use arrow::record_batch::RecordBatch;

use crate::day;
use crate::error::LakeError;
use crate::revisions::Revisions;
use crate::row::{Facts, Row};
use crate::schema::{self, COLUMNS, From, Store};

/// Chunks of fewer rows than this are packed tight when they are sealed.
const SMALL_ROWS: usize = 2048;

/// A chunk that still takes rows.
pub(crate) struct Builder {
    columns: Vec<ColumnBuilder>,
    offsets: Vec<u64>,
    late: Vec<Facts>,
    bytes: usize,
}

enum ColumnBuilder {
    Long(Int64Builder),
    Int(Int32Builder),
    Text(StringViewBuilder),
    Late,
}

/// A chunk that is full, or that a query or a commit has looked at.
pub(crate) struct Chunk {
    /// Never used for other rows: who has a copy can tell that it is one.
    id: u64,
    revisions: Revisions,
    /// Finished columns by position; the late ones are made from `late` when asked for.
    columns: Vec<Option<ArrayRef>>,
    day: ArrayRef,
    offsets: Vec<u64>,
    late: Vec<Facts>,
    bytes: usize,
    batch: Option<RecordBatch>,
}

impl Builder {
    pub(crate) fn new() -> Self {
        let columns = COLUMNS
            .iter()
            .map(|column| match (column.from, column.store) {
                (From::Time(_) | From::Long(_), _) => ColumnBuilder::Long(Int64Builder::new()),
                (From::Int(_), _) => ColumnBuilder::Int(Int32Builder::new()),
                (From::Late(_), _) => ColumnBuilder::Late,
                // Few distinct values: keep each text once.
                (From::Text(_), Store::Dictionary) => {
                    ColumnBuilder::Text(StringViewBuilder::new().with_deduplicate_strings())
                }
                (From::Text(_), _) => ColumnBuilder::Text(StringViewBuilder::new()),
            })
            .collect();
        Self {
            columns,
            offsets: Vec::new(),
            late: Vec::new(),
            bytes: 0,
        }
    }

    /// Appends a row and says how many bytes it takes.
    pub(crate) fn push(&mut self, row: &Row<'_>) -> usize {
        let mut bytes = size_of::<Facts>() + size_of::<u64>();
        for (column, builder) in COLUMNS.iter().zip(&mut self.columns) {
            bytes += 8;
            match (column.from, builder) {
                (From::Time(get) | From::Long(get), ColumnBuilder::Long(to)) => {
                    to.append_value(get(row));
                }
                (From::Int(get), ColumnBuilder::Int(to)) => to.append_option(get(row)),
                (From::Text(get), ColumnBuilder::Text(to)) => {
                    let text = get(row);
                    bytes += text.map_or(0, str::len) + 8;
                    to.append_option(text);
                }
                _ => {}
            }
        }
        bytes += row.enrichment.as_ref().map_or(0, |text| text.len());
        self.offsets.push(row.offset);
        self.late.push(Facts {
            call_uid: owned(&row.call_uid),
            call_state: owned(&row.call_state),
            enrichment: owned(&row.enrichment),
        });
        self.bytes += bytes;
        bytes
    }

    pub(crate) fn len(&self) -> usize {
        self.offsets.len()
    }

    pub(crate) fn revise(&mut self, offset: u64, facts: &Facts) -> bool {
        !revise(&self.offsets, &mut self.late, offset, facts).is_empty()
    }

    pub(crate) fn finish(self, id: u64) -> Result<Chunk, LakeError> {
        let mut columns = Vec::with_capacity(COLUMNS.len());
        let mut days = None;
        let small = self.offsets.len() < SMALL_ROWS;
        for (column, builder) in COLUMNS.iter().zip(self.columns) {
            columns.push(match builder {
                ColumnBuilder::Long(mut values) if matches!(column.from, From::Time(_)) => {
                    let values = values.finish();
                    if column.name == schema::TIME {
                        days = Some(values.values().iter().map(|ms| day::of(*ms)).collect());
                    }
                    let time: TimestampMillisecondArray = values.reinterpret_cast();
                    Some(Arc::new(time.with_timezone("UTC")) as ArrayRef)
                }
                ColumnBuilder::Long(mut values) => Some(Arc::new(values.finish()) as ArrayRef),
                ColumnBuilder::Int(mut values) => Some(Arc::new(values.finish()) as ArrayRef),
                ColumnBuilder::Text(mut values) => {
                    let values = values.finish();
                    // A block of text is allocated whole. A chunk that a query sealed early
                    // must not hold twenty nearly empty ones.
                    let values = if small { values.gc() } else { values };
                    Some(Arc::new(values) as ArrayRef)
                }
                ColumnBuilder::Late => None,
            });
        }
        let days: Vec<i32> = days.unwrap_or_default();
        Ok(Chunk {
            id,
            revisions: Revisions::default(),
            columns,
            day: Arc::new(Date32Array::from(days)),
            offsets: self.offsets,
            late: self.late,
            bytes: self.bytes,
            batch: None,
        })
    }
}

impl Chunk {
    /// The chunk as a batch of the table schema; made once and again after a revision.
    pub(crate) fn batch(&mut self) -> Result<RecordBatch, LakeError> {
        if let Some(batch) = &self.batch {
            return Ok(batch.clone());
        }
        let mut arrays: Vec<ArrayRef> = Vec::with_capacity(COLUMNS.len() + 1);
        for (column, array) in COLUMNS.iter().zip(&self.columns) {
            match (column.from, array) {
                (From::Late(get), _) => {
                    let mut builder = StringViewBuilder::with_capacity(self.late.len());
                    self.late
                        .iter()
                        .for_each(|facts| builder.append_option(get(facts)));
                    arrays.push(Arc::new(builder.finish()));
                }
                (_, Some(array)) => arrays.push(Arc::clone(array)),
                (_, None) => {}
            }
        }
        arrays.push(Arc::clone(&self.day));
        let batch = RecordBatch::try_new(schema::table_schema(), arrays)?;
        Ok(self.batch.insert(batch).clone())
    }

    pub(crate) fn revise(&mut self, offset: u64, facts: &Facts) -> bool {
        let rows = revise(&self.offsets, &mut self.late, offset, facts);
        if rows.is_empty() {
            return false;
        }
        self.revisions.note(rows);
        self.batch = None;
        true
    }

    /// Grows with every revision of a row.
    pub(crate) fn revision(&self) -> u64 {
        self.revisions.now()
    }

    /// The late columns of the rows that were revised after `seen`, with their places in
    /// the chunk ([`schema::revision_schema`]).
    pub(crate) fn revised_since(&self, seen: u64) -> Result<RecordBatch, LakeError> {
        let rows = self.revisions.since(seen, self.late.len());
        let facts = |get: fn(&Facts) -> Option<&str>| -> ArrayRef {
            let mut builder = StringViewBuilder::with_capacity(rows.len());
            for row in &rows {
                builder.append_option(self.late.get(*row as usize).and_then(get));
            }
            Arc::new(builder.finish())
        };
        let mut arrays: Vec<ArrayRef> = vec![Arc::new(UInt32Array::from(rows.clone()))];
        arrays.extend(COLUMNS.iter().filter_map(|column| match column.from {
            From::Late(get) => Some(facts(get)),
            _ => None,
        }));
        Ok(RecordBatch::try_new(schema::revision_schema(), arrays)?)
    }

    pub(crate) fn id(&self) -> u64 {
        self.id
    }

    /// Keeps the rows for which `keep` is true, and no byte of the others. It is another
    /// chunk then, so that whoever has a copy takes it anew.
    pub(crate) fn retain(&mut self, keep: &BooleanArray, id: u64) -> Result<(), LakeError> {
        self.id = id;
        self.revisions = Revisions::default();
        let rows = self.offsets.len().max(1);
        for array in self.columns.iter_mut().flatten() {
            let kept = filter(array, keep)?;
            // A view keeps the text of its neighbours alive until it is copied.
            *array = match kept.as_string_view_opt() {
                Some(texts) => Arc::new(texts.gc()),
                None => kept,
            };
        }
        self.day = filter(&self.day, keep)?;
        let mut kept = keep.iter().map(|keep| keep == Some(true));
        self.offsets.retain(|_| kept.next().unwrap_or(false));
        let mut kept = keep.iter().map(|keep| keep == Some(true));
        self.late.retain(|_| kept.next().unwrap_or(false));
        self.bytes = self.bytes / rows * self.offsets.len();
        self.batch = None;
        Ok(())
    }

    /// Two chunks: rows through `offset`, and the rest.
    pub(crate) fn split(mut self, through: u64, ids: (u64, u64)) -> (Self, Self) {
        let at = self.offsets.partition_point(|offset| *offset <= through);
        let rest = self.offsets.len() - at;
        let bytes = self.bytes / self.offsets.len().max(1);
        let cut = |array: &ArrayRef| (array.slice(0, at), array.slice(at, rest));
        let (day, day_rest) = cut(&self.day);
        let (columns, columns_rest) = self
            .columns
            .iter()
            .map(|array| {
                array
                    .as_ref()
                    .map(cut)
                    .map_or((None, None), |(a, b)| (Some(a), Some(b)))
            })
            .unzip();
        let tail = Self {
            id: ids.1,
            revisions: Revisions::default(),
            columns: columns_rest,
            day: day_rest,
            offsets: self.offsets.split_off(at),
            late: self.late.split_off(at),
            bytes: bytes * rest,
            batch: None,
        };
        let head = Self {
            id: ids.0,
            revisions: Revisions::default(),
            columns,
            day,
            offsets: self.offsets,
            late: self.late,
            bytes: bytes * at,
            batch: None,
        };
        (head, tail)
    }

    pub(crate) fn len(&self) -> usize {
        self.offsets.len()
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(crate) fn first_offset(&self) -> u64 {
        self.offsets.first().copied().unwrap_or(u64::MAX)
    }

    pub(crate) fn last_offset(&self) -> u64 {
        self.offsets.last().copied().unwrap_or(0)
    }
}

fn owned(text: &Option<Cow<'_, str>>) -> Option<String> {
    text.as_deref().map(str::to_owned)
}

/// Sets facts, and says in which rows.
fn revise(offsets: &[u64], late: &mut [Facts], offset: u64, facts: &Facts) -> Range<usize> {
    let from = offsets.partition_point(|o| *o < offset);
    let until = offsets.partition_point(|o| *o <= offset);
    let Some(rows) = late.get_mut(from..until) else {
        return 0..0;
    };
    for row in rows {
        let set = |to: &mut Option<String>, from: &Option<String>| {
            if from.is_some() {
                to.clone_from(from);
            }
        };
        set(&mut row.call_uid, &facts.call_uid);
        set(&mut row.call_state, &facts.call_state);
        set(&mut row.enrichment, &facts.enrichment);
    }
    from..until
}
