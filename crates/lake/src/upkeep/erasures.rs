//! What was erased, kept for as long as it could come back.
//!
//! Rows reach the lake from the event log, which still holds them for a while: a restart
//! reads the part again that was not committed, and facts that come late make a row anew.
//! So an erasure is written down before it begins, applies to every row up to its offset
//! whenever it comes, and is forgotten when the log cannot hold any of them any more. The
//! file names what was erased; that is why it is forgotten.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use arrow::array::{AsArray, BooleanArray};
use arrow::datatypes::Int64Type;
use arrow::record_batch::RecordBatch;
use serde::{Deserialize, Serialize};

use crate::disk;
use crate::error::{Doing, LakeError};
use crate::row::Row;
use crate::schema;

/// In the lake's folder; a name that begins with `_` is nothing to other engines.
const FILE: &str = "_ringfence_erasures.json";
/// How long an erasure is kept: far longer than the event log keeps entries (7 days).
const KEEP_MS: i64 = 30 * 86_400_000;

/// A column by which rows can be erased.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Erasable {
    /// A customer's id.
    Customer,
    /// An agent's id.
    Agent,
    /// A caller's number.
    Caller,
    /// A call.
    CallUid,
    /// A device.
    Device,
    /// One event.
    EventId,
}

impl Erasable {
    /// All of them, as columns are named.
    pub const ALL: [Self; 6] = [
        Self::Customer,
        Self::Agent,
        Self::Caller,
        Self::CallUid,
        Self::Device,
        Self::EventId,
    ];

    /// The column's name.
    #[must_use]
    pub const fn column(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::Agent => "agent",
            Self::Caller => "caller",
            Self::CallUid => "call_uid",
            Self::Device => "device",
            Self::EventId => "event_id",
        }
    }

    /// The column of that name, if rows can be erased by it.
    #[must_use]
    pub fn of(column: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|key| key.column() == column)
    }

    fn value<'r>(self, row: &'r Row<'_>) -> Option<&'r str> {
        match self {
            Self::Customer => row.customer.as_deref(),
            Self::Agent => row.agent.as_deref(),
            Self::Caller => row.caller.as_deref(),
            Self::CallUid => row.call_uid.as_deref(),
            Self::Device => row.device.as_deref(),
            Self::EventId => Some(&row.event_id),
        }
    }
}

/// Rows that somebody wants gone: those with this value of this key, up to an offset.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Erasure {
    /// Which column.
    pub key: Erasable,
    /// Its value, the whole of it.
    pub value: String,
    /// Only in this program; nothing for all.
    #[serde(default)]
    pub program: Option<String>,
    /// The last entry of the event log that it covers: what comes later is new.
    pub through: u64,
    /// When it was asked for, milliseconds since 1970.
    pub asked_ms: i64,
    /// Whether every file was gone through.
    #[serde(default)]
    pub(crate) done: bool,
}

impl Erasure {
    /// An erasure of the rows with this value of this key, up to an entry of the event log.
    #[must_use]
    pub fn new(key: Erasable, value: impl Into<String>, through: u64, asked_ms: i64) -> Self {
        Self {
            key,
            value: value.into(),
            program: None,
            through,
            asked_ms,
            done: false,
        }
    }

    /// The same in one program only.
    #[must_use]
    pub fn within(self, program: Option<String>) -> Self {
        Self { program, ..self }
    }

    fn covers(&self, row: &Row<'_>) -> bool {
        row.offset <= self.through
            && self.key.value(row) == Some(&self.value)
            && self.program.as_ref().is_none_or(|p| *p == row.program)
    }

    /// The columns that [`matches`](Self::matches) looks at.
    pub(crate) fn columns(&self) -> [&'static str; 3] {
        [self.key.column(), schema::PROGRAM, schema::OFFSET]
    }

    pub(crate) fn matches(&self, batch: &RecordBatch) -> BooleanArray {
        let text = |name| {
            let column = batch.column_by_name(name);
            column.and_then(|a| a.as_string_view_opt())
        };
        let offsets = batch.column_by_name(schema::OFFSET);
        let offsets = offsets.and_then(|a| a.as_primitive_opt::<Int64Type>());
        let (Some(keys), Some(programs), Some(offsets)) =
            (text(self.key.column()), text(schema::PROGRAM), offsets)
        else {
            return BooleanArray::from(vec![false; batch.num_rows()]);
        };
        let through = i64::try_from(self.through).unwrap_or(i64::MAX);
        let wanted = self.program.as_deref();
        let rows = keys.iter().zip(programs).zip(offsets.values());
        let matches = rows.map(|((key, program), offset)| {
            let here = wanted.is_none() || program == wanted;
            Some(key == Some(&self.value) && here && *offset <= through)
        });
        matches.collect()
    }
}

// The value names a person.
impl std::fmt::Debug for Erasure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Erasure")
            .field("key", &self.key)
            .field("through", &self.through)
            .field("done", &self.done)
            .finish_non_exhaustive()
    }
}

/// The erasures that still matter.
#[derive(Clone, Debug, Default)]
pub(crate) struct Erasures {
    all: Vec<Erasure>,
    /// The furthest that one of them reaches. Rows beyond it, which is every row once the
    /// log has gone on, cost one comparison.
    reach: Option<u64>,
}

impl Erasures {
    fn of(all: Vec<Erasure>) -> Self {
        let reach = all.iter().map(|erasure| erasure.through).max();
        Self { all, reach }
    }

    pub(crate) fn read(lake: &Path) -> Result<Self, LakeError> {
        let path = path(lake);
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(Self::default()),
            Err(e) => return Err(e).doing("read", &path),
        };
        // Not readable is not empty: erased rows would come back.
        let erasures = serde_json::from_slice(&text).map_err(|e| LakeError::File {
            path,
            reason: e.to_string(),
        })?;
        Ok(Self::of(erasures))
    }

    pub(crate) fn write(&self, lake: &Path) -> Result<(), LakeError> {
        let text = serde_json::to_vec(&self.all).unwrap_or_default();
        disk::write_whole(&path(lake), &text)
    }

    /// With one more, and without those that are over or that it repeats.
    pub(crate) fn with(&self, erasure: Erasure, committed: Option<u64>) -> Self {
        let now = erasure.asked_ms;
        let over = |e: &&Erasure| {
            let old = committed >= Some(e.through) && now.saturating_sub(e.asked_ms) > KEEP_MS;
            let same = e.key == erasure.key && e.value == erasure.value;
            e.done && (old || same && e.program == erasure.program)
        };
        let mut left: Vec<_> = self.all.iter().filter(|e| !over(e)).cloned().collect();
        left.push(erasure);
        Self::of(left)
    }

    pub(crate) fn with_done(&self, erasure: &Erasure) -> Self {
        let mut all = self.all.clone();
        for e in all.iter_mut().filter(|e| *e == erasure) {
            e.done = true;
        }
        Self::of(all)
    }

    /// Those that a crash interrupted.
    pub(crate) fn pending(&self) -> Vec<Erasure> {
        self.all.iter().filter(|e| !e.done).cloned().collect()
    }

    /// Whether one of them could be about a row at this offset.
    pub(crate) fn reach(&self, offset: u64) -> bool {
        Some(offset) <= self.reach
    }

    pub(crate) fn cover(&self, row: &Row<'_>) -> bool {
        self.reach(row.offset) && self.all.iter().any(|erasure| erasure.covers(row))
    }

    pub(crate) fn matches(&self, batch: &RecordBatch) -> Result<BooleanArray, LakeError> {
        let mut any = BooleanArray::from(vec![false; batch.num_rows()]);
        for erasure in &self.all {
            any = arrow::compute::or(&any, &erasure.matches(batch))?;
        }
        Ok(any)
    }
}

fn path(lake: &Path) -> PathBuf {
    lake.join(FILE)
}
