//! Actions of a log entry (Delta protocol, "Actions").

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::snapshot::DataFile;
use crate::{day, schema};

/// `appId` of our `txn` action.
pub(crate) const APP_ID: &str = "ringfence-lake";

/// One line of a log entry: exactly one of the fields is set. Actions that the lake
/// does not need (`commitInfo`, `domainMetadata`, …) read as an empty one.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Action {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) add: Option<Add>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) remove: Option<Remove>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) txn: Option<Txn>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) meta_data: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) protocol: Option<Protocol>,
    #[serde(skip_serializing_if = "Option::is_none", skip_deserializing)]
    pub(crate) commit_info: Option<Value>,
}

/// A file became part of the table.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Add {
    pub(crate) path: String,
    #[serde(default)]
    pub(crate) partition_values: BTreeMap<String, Option<String>>,
    pub(crate) size: i64,
    #[serde(default)]
    pub(crate) modification_time: i64,
    pub(crate) data_change: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) stats: Option<String>,
    /// Rows deleted inside the file: a feature we refuse, so it must not be overlooked.
    #[serde(default, skip_serializing)]
    pub(crate) deletion_vector: Option<Value>,
}

/// A file is no longer part of the table; it stays on disk until its retention is over.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Remove {
    pub(crate) path: String,
    #[serde(default)]
    pub(crate) deletion_timestamp: Option<i64>,
    pub(crate) data_change: bool,
}

/// How far an application has written, committed with the files it wrote.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Txn {
    pub(crate) app_id: String,
    pub(crate) version: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) last_updated: Option<i64>,
}

/// What a reader or writer must be able to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Protocol {
    pub(crate) min_reader_version: i32,
    pub(crate) min_writer_version: i32,
}

impl Protocol {
    pub(crate) const OURS: Self = Self {
        min_reader_version: 1,
        min_writer_version: 2,
    };
}

impl Action {
    pub(crate) fn add(file: &DataFile, data_change: bool) -> Self {
        let stats = stats(file);
        let day = file.day.map(day::name);
        let add = Add {
            path: file.path.clone(),
            partition_values: BTreeMap::from([(schema::DAY.to_owned(), day)]),
            size: i64::try_from(file.size).unwrap_or(i64::MAX),
            modification_time: file.written_ms,
            data_change,
            stats: Some(stats.to_string()),
            deletion_vector: None,
        };
        Self {
            add: Some(add),
            ..Self::default()
        }
    }

    pub(crate) fn remove(path: &str, now_ms: i64, data_change: bool) -> Self {
        let remove = Remove {
            path: path.to_owned(),
            deletion_timestamp: Some(now_ms),
            data_change,
        };
        Self {
            remove: Some(remove),
            ..Self::default()
        }
    }

    pub(crate) fn txn(through: u64, now_ms: i64) -> Self {
        let version = i64::try_from(through).unwrap_or(i64::MAX);
        let txn = Txn {
            app_id: APP_ID.to_owned(),
            version,
            last_updated: Some(now_ms),
        };
        Self {
            txn: Some(txn),
            ..Self::default()
        }
    }

    pub(crate) fn protocol() -> Self {
        Self {
            protocol: Some(Protocol::OURS),
            ..Self::default()
        }
    }

    pub(crate) fn meta_data(id: &str, now_ms: i64) -> Self {
        let value = json!({
            "id": id,
            "name": "events",
            "format": {"provider": "parquet", "options": {}},
            "schemaString": schema::delta_schema(),
            "partitionColumns": [schema::DAY],
            "configuration": {},
            "createdTime": now_ms,
        });
        Self {
            meta_data: Some(value),
            ..Self::default()
        }
    }

    pub(crate) fn commit_info(operation: &str, now_ms: i64) -> Self {
        let value = json!({
            "timestamp": now_ms,
            "operation": operation,
            "operationParameters": {},
            "isBlindAppend": operation == "WRITE",
            "engineInfo": concat!("ringfence-lake/", env!("CARGO_PKG_VERSION")),
        });
        Self {
            commit_info: Some(value),
            ..Self::default()
        }
    }
}

/// Per-file statistics (Delta protocol, "Per-file Statistics"). A bound that cannot be
/// written as a timestamp is left out, which only costs pruning.
fn stats(file: &DataFile) -> Value {
    let (mut min, mut max) = (serde_json::Map::new(), serde_json::Map::new());
    for (column, bounds) in [(schema::TIME, file.time), (schema::RECEIVED, file.received)] {
        if let Some((from, to)) = bounds
            && let (Some(from), Some(to)) = (day::rfc3339(from), day::rfc3339(to))
        {
            min.insert(column.to_owned(), from.into());
            max.insert(column.to_owned(), to.into());
        }
    }
    if let Some((from, to)) = file.offsets {
        min.insert(schema::OFFSET.to_owned(), from.into());
        max.insert(schema::OFFSET.to_owned(), to.into());
    }
    if let Some((from, to)) = &file.programs {
        min.insert(schema::PROGRAM.to_owned(), from.as_str().into());
        max.insert(schema::PROGRAM.to_owned(), to.as_str().into());
    }
    json!({
        "numRecords": file.rows,
        "minValues": min,
        "maxValues": max,
        "nullCount": {schema::TIME: 0, schema::OFFSET: 0, schema::PROGRAM: 0},
    })
}
