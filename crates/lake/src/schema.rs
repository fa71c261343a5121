//! The table `events`: one list of columns from which the Arrow schema, the Delta
//! schema, the Parquet settings and the row-to-column code all follow.

use std::sync::{Arc, LazyLock};

use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use serde_json::json;

use crate::row::{Facts, Row};

/// Name of the partition column: the UTC day of `time`.
pub(crate) const DAY: &str = "day";
/// Name of the column behind the program wall.
pub(crate) const PROGRAM: &str = "program";
/// Name of the event time column.
pub(crate) const TIME: &str = "time";
/// Name of the receive time column.
pub(crate) const RECEIVED: &str = "received_time";
/// Name of the spine position column.
pub(crate) const OFFSET: &str = "spine_offset";

/// One column: its name, how it is filled and how it is stored.
pub(crate) struct Column {
    pub(crate) name: &'static str,
    pub(crate) from: From,
    pub(crate) store: Store,
}

/// How a column is filled from a row.
#[derive(Clone, Copy)]
pub(crate) enum From {
    Time(fn(&Row<'_>) -> i64),
    Long(fn(&Row<'_>) -> i64),
    Int(fn(&Row<'_>) -> Option<i32>),
    Text(for<'r> fn(&'r Row<'_>) -> Option<&'r str>),
    /// Text that a late enrichment may still change while the row is in the tail.
    Late(fn(&Facts) -> Option<&str>),
}

/// How a column is stored in Parquet.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Store {
    /// Rising or clustered integers: delta packing.
    Packed,
    /// Few distinct values: dictionary.
    Dictionary,
    /// A join key: dictionary while it pays, and a bloom filter for needle queries.
    Key,
    /// Nearly unique keys: a dictionary would only be thrown away, a bloom filter helps.
    UniqueKey,
    /// Long text, nearly unique: compression alone, and no statistics, which nobody
    /// could use and which would copy content into footers.
    Text,
}

const fn column(name: &'static str, from: From, store: Store) -> Column {
    Column { name, from, store }
}

/// Every stored column, in table order. The partition column `day` follows them.
pub(crate) const COLUMNS: &[Column] = &[
    column(TIME, From::Time(|r| r.time_ms), Store::Packed),
    column(RECEIVED, From::Time(|r| r.received_ms), Store::Packed),
    column(OFFSET, From::Long(|r| clamp(r.offset)), Store::Packed),
    column(
        "event_id",
        From::Text(|r| Some(&r.event_id)),
        Store::UniqueKey,
    ),
    column(
        "class_uid",
        From::Int(|r| int(r.class_uid)),
        Store::Dictionary,
    ),
    column(
        "class_name",
        From::Text(|r| r.class_name.as_deref()),
        Store::Dictionary,
    ),
    column(
        "category_uid",
        From::Int(|r| int(r.category_uid)),
        Store::Dictionary,
    ),
    column(
        "activity_id",
        From::Int(|r| int(r.activity_id)),
        Store::Dictionary,
    ),
    column(
        "activity_name",
        From::Text(|r| r.activity_name.as_deref()),
        Store::Dictionary,
    ),
    column(
        "type_uid",
        From::Long(|r| clamp(r.type_uid)),
        Store::Dictionary,
    ),
    column(
        "severity_id",
        From::Int(|r| Some(r.severity_id.into())),
        Store::Dictionary,
    ),
    column(
        "severity",
        From::Text(|r| r.severity.as_deref()),
        Store::Dictionary,
    ),
    column(
        "status_id",
        From::Int(|r| r.status_id.map(i32::from)),
        Store::Dictionary,
    ),
    column(
        "status",
        From::Text(|r| r.status.as_deref()),
        Store::Dictionary,
    ),
    column(
        "message",
        From::Text(|r| r.message.as_deref()),
        Store::Dictionary,
    ),
    column(PROGRAM, From::Text(|r| Some(&r.program)), Store::Dictionary),
    column("site", From::Text(|r| r.site.as_deref()), Store::Dictionary),
    column(
        "source",
        From::Text(|r| r.source.as_deref()),
        Store::Dictionary,
    ),
    column(
        "call_uid",
        From::Late(|f| f.call_uid.as_deref()),
        Store::Key,
    ),
    column("agent", From::Text(|r| r.agent.as_deref()), Store::Key),
    column(
        "customer",
        From::Text(|r| r.customer.as_deref()),
        Store::Key,
    ),
    column("caller", From::Text(|r| r.caller.as_deref()), Store::Key),
    column("device", From::Text(|r| r.device.as_deref()), Store::Key),
    column("src_ip", From::Text(|r| r.src_ip.as_deref()), Store::Key),
    column("dst_ip", From::Text(|r| r.dst_ip.as_deref()), Store::Key),
    column(
        "user_name",
        From::Text(|r| r.actor_user.as_deref()),
        Store::Key,
    ),
    column(
        "rule_id",
        From::Text(|r| r.rule_id.as_deref()),
        Store::Dictionary,
    ),
    column(
        "flags",
        From::Text(|r| r.flags.as_deref()),
        Store::Dictionary,
    ),
    column(
        "call_state",
        From::Late(|f| f.call_state.as_deref()),
        Store::Dictionary,
    ),
    column(
        "enrichment",
        From::Late(|f| f.enrichment.as_deref()),
        Store::Text,
    ),
    column("ocsf", From::Text(|r| Some(&r.ocsf)), Store::Text),
    column("raw", From::Text(|r| Some(&r.raw)), Store::Text),
];

// Delta has no unsigned types. Nothing real reaches these bounds, and a clamped
// value keeps the order that statistics rely on.
fn clamp(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

fn int(value: u32) -> Option<i32> {
    Some(i32::try_from(value).unwrap_or(i32::MAX))
}

impl Column {
    fn field(&self) -> Field {
        let (data_type, nullable) = match self.from {
            From::Time(_) => (timestamp(), false),
            From::Long(_) => (DataType::Int64, false),
            From::Int(_) => (DataType::Int32, true),
            // Views: a filtered or sorted batch shares the bytes instead of copying them.
            From::Text(_) | From::Late(_) => (DataType::Utf8View, true),
        };
        Field::new(self.name, data_type, nullable)
    }
}

/// The type of `time` and `received_time`.
pub(crate) fn timestamp() -> DataType {
    DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into()))
}

/// What a Parquet file holds: every column but `day`, which is in its path.
pub(crate) fn file_schema() -> SchemaRef {
    static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
        Arc::new(Schema::new(
            COLUMNS.iter().map(Column::field).collect::<Vec<_>>(),
        ))
    });
    Arc::clone(&SCHEMA)
}

/// What SQL sees: the file's columns and `day`.
pub(crate) fn table_schema() -> SchemaRef {
    static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
        let day = Field::new(DAY, DataType::Date32, true);
        let mut fields: Vec<_> = file_schema().fields().iter().cloned().collect();
        fields.push(Arc::new(day));
        Arc::new(Schema::new(fields))
    });
    Arc::clone(&SCHEMA)
}

/// Late facts under way to a copy of a chunk: the row's place in it, then the late columns.
pub(crate) fn revision_schema() -> SchemaRef {
    static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
        let late = COLUMNS.iter().filter(|c| matches!(c.from, From::Late(_)));
        let row = Field::new("row", DataType::UInt32, false);
        Arc::new(Schema::new(
            std::iter::once(row)
                .chain(late.map(Column::field))
                .collect::<Vec<_>>(),
        ))
    });
    Arc::clone(&SCHEMA)
}

/// The schema as Delta writes it (protocol, "Schema Serialization Format").
pub(crate) fn delta_schema() -> String {
    let fields: Vec<_> = table_schema()
        .fields()
        .iter()
        .map(|field| {
            let name = match field.data_type() {
                DataType::Timestamp(..) => "timestamp",
                DataType::Int64 => "long",
                DataType::Int32 => "integer",
                DataType::Date32 => "date",
                _ => "string",
            };
            // Nullable throughout: a reader must not rely on more than the files promise.
            json!({"name": field.name(), "type": name, "nullable": true, "metadata": {}})
        })
        .collect();
    json!({"type": "struct", "fields": fields}).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_column_is_in_both_schemas_once() {
        let mut names: Vec<_> = COLUMNS.iter().map(|c| c.name).collect();
        names.push(DAY);
        let table = table_schema();
        let from_arrow: Vec<_> = table.fields().iter().map(|f| f.name().as_str()).collect();
        assert_eq!(names, from_arrow);
        let delta: serde_json::Value = serde_json::from_str(&delta_schema()).unwrap();
        let from_delta: Vec<_> = delta["fields"]
            .as_array()
            .unwrap()
            .iter()
            .map(|f| f["name"].as_str().unwrap())
            .collect();
        assert_eq!(names, from_delta);
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), COLUMNS.len() + 1);
    }
}
