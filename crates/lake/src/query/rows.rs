//! Answers: batches as rows of JSON, within limits.

use std::future::Future;
use std::sync::Arc;
use std::time::Instant;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::json::WriterBuilder;
use arrow::json::writer::LineDelimited;
use arrow::record_batch::RecordBatch;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tokio::sync::mpsc;
use tokio::task::AbortHandle;

use super::scope::Limits;
use crate::error::{LakeError, QueryError};

pub(crate) type Item = Result<RecordBatch, QueryError>;

/// A column of an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// Its name, unique within the answer.
    pub name: String,
    /// Its type: `text`, `integer`, `bigint`, `double`, `boolean`, `timestamp`, `date`, …
    #[serde(rename = "type")]
    pub kind: String,
}

/// A whole answer.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct QueryResult {
    /// The columns, in order.
    pub columns: Vec<Column>,
    /// One object a row; timestamps as RFC 3339 text in UTC.
    pub rows: Vec<Map<String, Value>>,
    /// Whether a limit cut the answer off.
    pub truncated: bool,
}

/// An answer that comes a batch at a time. Dropping it stops the query.
#[derive(Debug)]
pub struct Rows {
    schema: SchemaRef,
    answer: Answer,
    left_rows: usize,
    left_bytes: usize,
    truncated: bool,
    done: bool,
}

impl Rows {
    pub(crate) fn new(schema: &Schema, answer: Answer) -> Self {
        Self {
            schema: unique(schema),
            left_rows: answer.limits.rows,
            left_bytes: answer.limits.answer_bytes,
            answer,
            truncated: false,
            done: false,
        }
    }

    /// The columns, in order.
    pub fn columns(&self) -> Vec<Column> {
        let columns = self.schema.fields().iter();
        columns
            .map(|f| Column {
                name: f.name().clone(),
                kind: kind(f.data_type()),
            })
            .collect()
    }

    /// Whether a limit has cut the answer off; final once [`Rows::next`] has given `None`.
    pub fn truncated(&self) -> bool {
        self.truncated
    }

    /// The next rows, or nothing at the end.
    pub async fn next(&mut self) -> Result<Option<Vec<Map<String, Value>>>, LakeError> {
        let Some(text) = self.next_json().await? else {
            return Ok(None);
        };
        let text = [b"[", text.as_slice(), b"]"].concat();
        let rows = serde_json::from_slice(&text);
        let broken = |e| QueryError::Failed(format!("a row is not JSON: {e}"));
        Ok(Some(rows.map_err(broken)?))
    }

    /// The next rows as JSON objects with commas between them, or nothing at the end.
    pub(crate) async fn next_json(&mut self) -> Result<Option<Vec<u8>>, QueryError> {
        while !self.done {
            let Some(batch) = self.answer.next().await? else {
                self.done = true;
                break;
            };
            if batch.num_rows() == 0 {
                continue;
            }
            let text = self.cut(&batch);
            let text = text.map_err(|e| QueryError::Failed(e.to_string()))?;
            if !text.is_empty() {
                return Ok(Some(text));
            }
        }
        Ok(None)
    }

    /// All the rows that are left.
    pub async fn collect(mut self) -> Result<QueryResult, LakeError> {
        let mut rows = Vec::new();
        while let Some(mut some) = self.next().await? {
            rows.append(&mut some);
        }
        Ok(QueryResult {
            columns: self.columns(),
            rows,
            truncated: self.truncated,
        })
    }

    /// The rows of a batch that the limits still allow.
    fn cut(&mut self, batch: &RecordBatch) -> Result<Vec<u8>, LakeError> {
        let mut take = batch.num_rows().min(self.left_rows);
        let mut rows = 0;
        let mut out = Vec::new();
        // In slices, so that the text in between stays small.
        for from in (0..take).step_by(1024) {
            let slice = batch.slice(from, 1024.min(take - from));
            let text = json_lines(&self.schema, &slice)?;
            for line in text.split(|b| *b == b'\n').filter(|line| !line.is_empty()) {
                if line.len() > self.left_bytes {
                    take = rows;
                    break;
                }
                self.left_bytes -= line.len();
                if !out.is_empty() {
                    out.push(b',');
                }
                out.extend_from_slice(line);
                rows += 1;
            }
            if rows == take {
                break;
            }
        }
        self.left_rows -= rows;
        if rows < batch.num_rows() {
            self.truncated = true;
            self.done = true;
        }
        Ok(out)
    }
}

/// The receiving end of a running query.
#[derive(Debug)]
pub(crate) struct Answer {
    batches: mpsc::Receiver<Item>,
    task: AbortHandle,
    limits: Limits,
    started: Instant,
}

impl Answer {
    pub(crate) fn new(
        batches: mpsc::Receiver<Item>,
        task: AbortHandle,
        limits: Limits,
        started: Instant,
    ) -> Self {
        Self {
            batches,
            task,
            limits,
            started,
        }
    }

    /// Waits as long as the limit allows. The clock runs on the asker's runtime: a query
    /// that never yields keeps its own thread busy, but not the one who waits.
    pub(crate) async fn within<T>(&self, work: impl Future<Output = T>) -> Result<T, QueryError> {
        let left = self.limits.time.saturating_sub(self.started.elapsed());
        let timeout = QueryError::timeout(&self.limits);
        tokio::time::timeout(left, work).await.map_err(|_| timeout)
    }

    async fn next(&mut self) -> Result<Option<RecordBatch>, QueryError> {
        let left = self.limits.time.saturating_sub(self.started.elapsed());
        let timeout = QueryError::timeout(&self.limits);
        tokio::time::timeout(left, self.batches.recv())
            .await
            .map_err(|_| timeout)?
            .transpose()
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn json_lines(schema: &SchemaRef, batch: &RecordBatch) -> Result<Vec<u8>, LakeError> {
    let batch = RecordBatch::try_new(Arc::clone(schema), batch.columns().to_vec())?;
    let builder = WriterBuilder::new().with_explicit_nulls(true);
    let mut writer = builder.build::<_, LineDelimited>(Vec::new());
    writer.write(&batch)?;
    writer.finish()?;
    Ok(writer.into_inner())
}

/// JSON objects have one value a name, SQL answers may repeat one: `time`, `time_2`.
fn unique(schema: &Schema) -> SchemaRef {
    let mut names: Vec<String> = Vec::with_capacity(schema.fields().len());
    let fields = schema.fields().iter().map(|field| {
        let mut name = field.name().clone();
        let mut count = 1;
        while names.contains(&name) {
            count += 1;
            name = format!("{}_{count}", field.name());
        }
        names.push(name.clone());
        Field::clone(field).with_name(name).with_nullable(true)
    });
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

fn kind(data_type: &DataType) -> String {
    match data_type {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => "text",
        DataType::Int8 | DataType::Int16 | DataType::Int32 | DataType::UInt8 | DataType::UInt16 => {
            "integer"
        }
        DataType::Int64 | DataType::UInt32 | DataType::UInt64 => "bigint",
        DataType::Float16 | DataType::Float32 | DataType::Float64 => "double",
        DataType::Boolean => "boolean",
        DataType::Timestamp(..) => "timestamp",
        DataType::Date32 | DataType::Date64 => "date",
        other => return other.to_string().to_lowercase(),
    }
    .to_owned()
}
