//! The table at one version of its log.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::action::{APP_ID, Action, Add, Protocol, Remove, Txn};
use crate::{day, schema};

/// One Parquet file of the table.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DataFile {
    /// Path under the lake's folder.
    pub(crate) path: String,
    pub(crate) size: u64,
    pub(crate) rows: u64,
    /// Nothing for files of the null partition, which holds rows with outlandish times.
    pub(crate) day: Option<i32>,
    /// Smallest and largest event time.
    pub(crate) time: Option<(i64, i64)>,
    /// Smallest and largest receive time, by which rows grow old.
    pub(crate) received: Option<(i64, i64)>,
    pub(crate) offsets: Option<(i64, i64)>,
    pub(crate) programs: Option<(String, String)>,
    pub(crate) written_ms: i64,
}

/// What the log says up to a version.
#[derive(Clone, Debug, Default)]
pub(crate) struct Snapshot {
    /// Number of the last entry; nothing before the first.
    pub(crate) version: Option<u64>,
    /// The table's files by path.
    pub(crate) files: BTreeMap<String, Arc<DataFile>>,
    /// Removed files that are still kept, by path.
    pub(crate) removed: BTreeMap<String, Remove>,
    pub(crate) txns: BTreeMap<String, Txn>,
    pub(crate) protocol: Option<Protocol>,
    pub(crate) meta_data: Option<Value>,
}

impl Snapshot {
    /// The spine position that the last of our commits carries.
    pub(crate) fn committed(&self) -> Option<u64> {
        u64::try_from(self.txns.get(APP_ID)?.version).ok()
    }

    /// Applies one action, or says which feature stands in the way.
    pub(crate) fn apply(&mut self, action: Action) -> Result<(), String> {
        if let Some(add) = action.add {
            if add.deletion_vector.is_some() {
                return Err("it uses deletion vectors, which Ringfence does not read".to_owned());
            }
            // A path is joined to the lake's folder: it must stay inside.
            let inside = |part: &str| !matches!(part, "" | "." | "..") && !part.contains(':');
            if !add.path.split('/').all(inside) {
                return Err(format!("it names a file outside the table: `{}`", add.path));
            }
            self.removed.remove(&add.path);
            self.files
                .insert(add.path.clone(), Arc::new(DataFile::from(&add)));
        }
        if let Some(remove) = action.remove {
            self.files.remove(&remove.path);
            self.removed.insert(remove.path.clone(), remove);
        }
        if let Some(txn) = action.txn {
            self.txns.insert(txn.app_id.clone(), txn);
        }
        if let Some(protocol) = action.protocol {
            let ours = Protocol::OURS;
            if protocol.min_reader_version > ours.min_reader_version
                || protocol.min_writer_version > ours.min_writer_version
            {
                return Err(format!(
                    "it asks for Delta reader {} and writer {}, and Ringfence speaks {} and {}",
                    protocol.min_reader_version,
                    protocol.min_writer_version,
                    ours.min_reader_version,
                    ours.min_writer_version
                ));
            }
            self.protocol = Some(protocol);
        }
        if let Some(meta_data) = action.meta_data {
            self.meta_data = Some(meta_data);
        }
        Ok(())
    }

    /// The actions that rebuild this snapshot, for a checkpoint.
    pub(crate) fn actions(&self, keep_removed_since: i64) -> Vec<Action> {
        let one = Action::default;
        let mut actions = Vec::with_capacity(self.files.len() + self.removed.len() + 3);
        if let Some(protocol) = self.protocol.clone() {
            actions.push(Action {
                protocol: Some(protocol),
                ..one()
            });
        }
        if let Some(meta_data) = self.meta_data.clone() {
            actions.push(Action {
                meta_data: Some(meta_data),
                ..one()
            });
        }
        actions.extend(self.txns.values().map(|txn| Action {
            txn: Some(txn.clone()),
            ..one()
        }));
        actions.extend(
            self.removed
                .values()
                .filter(|remove| remove.deletion_timestamp.unwrap_or(0) >= keep_removed_since)
                .map(|remove| Action {
                    remove: Some(remove.clone()),
                    ..one()
                }),
        );
        // `dataChange` is false in a checkpoint: it describes state, not an event.
        actions.extend(self.files.values().map(|file| Action::add(file, false)));
        actions
    }
}

impl From<&Add> for DataFile {
    fn from(add: &Add) -> Self {
        let stats: Value = add
            .stats
            .as_deref()
            .and_then(|s| serde_json::from_str(s).ok())
            .unwrap_or_default();
        let bounds = |column: &str| {
            Some((
                stats.get("minValues")?.get(column)?,
                stats.get("maxValues")?.get(column)?,
            ))
        };
        let times = |column: &str| {
            let (min, max) = bounds(column)?;
            let (min, max) = (min.as_str()?, max.as_str()?);
            Some((day::parse_rfc3339(min)?, day::parse_rfc3339(max)?))
        };
        Self {
            path: add.path.clone(),
            size: u64::try_from(add.size).unwrap_or(0),
            rows: stats.get("numRecords").and_then(Value::as_u64).unwrap_or(0),
            day: add
                .partition_values
                .get(schema::DAY)
                .and_then(|value| day::parse(value.as_deref()?)),
            time: times(schema::TIME),
            received: times(schema::RECEIVED),
            offsets: bounds(schema::OFFSET)
                .and_then(|(min, max)| Some((min.as_i64()?, max.as_i64()?))),
            programs: bounds(schema::PROGRAM)
                .and_then(|(min, max)| Some((min.as_str()?.to_owned(), max.as_str()?.to_owned()))),
            written_ms: add.modification_time,
        }
    }
}
