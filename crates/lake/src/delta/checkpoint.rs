//! Checkpoints: the whole snapshot as one Parquet file (Delta protocol, "Checkpoints").

use std::fs::File;
use std::sync::{Arc, LazyLock};

use arrow::datatypes::{DataType, Field, Fields, Schema, SchemaRef};
use arrow::json::{LineDelimitedWriter, ReaderBuilder};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;

use super::action::Action;
use crate::error::LakeError;

/// Encodes actions as a checkpoint file. JSON is the form in between: the log's own
/// entries are JSON, so there is one mapping of actions and not two.
pub(crate) fn encode(actions: &[Action]) -> Result<Vec<u8>, LakeError> {
    let schema = schema();
    let mut decoder = ReaderBuilder::new(Arc::clone(&schema)).build_decoder()?;
    let compression = Compression::ZSTD(ZstdLevel::default());
    let properties = WriterProperties::builder()
        .set_compression(compression)
        .build();
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, schema, Some(properties))?;
    for some in actions.chunks(1024) {
        decoder.serialize(some)?;
        if let Some(batch) = decoder.flush()? {
            writer.write(&batch)?;
        }
    }
    writer.close()?;
    Ok(bytes)
}

/// The actions of a checkpoint file, ours or another engine's.
pub(crate) fn decode(file: File) -> Result<Vec<Action>, LakeError> {
    let mut actions = Vec::new();
    for batch in ParquetRecordBatchReaderBuilder::try_new(file)?.build()? {
        let mut lines = LineDelimitedWriter::new(Vec::new());
        lines.write(&batch?)?;
        lines.finish()?;
        for line in lines
            .into_inner()
            .split(|b| *b == b'\n')
            .filter(|line| !line.is_empty())
        {
            let action = serde_json::from_slice(line)
                .map_err(|e| arrow::error::ArrowError::JsonError(e.to_string()))?;
            actions.push(action);
        }
    }
    Ok(actions)
}

/// Delta protocol, "Checkpoint Schema", without the columns that we never write.
fn schema() -> SchemaRef {
    static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
        let text = |name| Field::new(name, DataType::Utf8, true);
        let long = |name| Field::new(name, DataType::Int64, true);
        let int = |name| Field::new(name, DataType::Int32, true);
        let flag = |name| Field::new(name, DataType::Boolean, true);
        let map = |name| {
            let key = Field::new("key", DataType::Utf8, false);
            let value = Field::new("value", DataType::Utf8, true);
            let pair = DataType::Struct(Fields::from(vec![key, value]));
            Field::new(
                name,
                DataType::Map(Arc::new(Field::new("key_value", pair, false)), false),
                true,
            )
        };
        let group = |name, fields: Vec<Field>| {
            Field::new(name, DataType::Struct(Fields::from(fields)), true)
        };
        let columns = Arc::new(Field::new("element", DataType::Utf8, true));
        Arc::new(Schema::new(vec![
            group(
                "txn",
                vec![text("appId"), long("version"), long("lastUpdated")],
            ),
            group(
                "add",
                vec![
                    text("path"),
                    map("partitionValues"),
                    long("size"),
                    long("modificationTime"),
                    flag("dataChange"),
                    text("stats"),
                ],
            ),
            group(
                "remove",
                vec![text("path"), long("deletionTimestamp"), flag("dataChange")],
            ),
            group(
                "metaData",
                vec![
                    text("id"),
                    text("name"),
                    text("description"),
                    group("format", vec![text("provider"), map("options")]),
                    text("schemaString"),
                    Field::new("partitionColumns", DataType::List(columns), true),
                    map("configuration"),
                    long("createdTime"),
                ],
            ),
            group(
                "protocol",
                vec![int("minReaderVersion"), int("minWriterVersion")],
            ),
        ]))
    });
    Arc::clone(&SCHEMA)
}
