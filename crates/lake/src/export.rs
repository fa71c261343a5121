//! Rows on their way out: JSON lines, CSV or Parquet.

use std::io::Write;

use arrow::json::reader::{Decoder, ReaderBuilder};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use serde_json::{Map, Value};

use crate::error::{LakeError, QueryError};
use crate::schema;

/// Rows decoded to columns at a time.
const BATCH_ROWS: usize = 8192;

/// Format of an export.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportFormat {
    /// One JSON object a line.
    Jsonl,
    /// Comma-separated values with a header (RFC 4180).
    Csv,
    /// Apache Parquet with the table's columns.
    Parquet,
}

/// Which rows to export, in the words of a person.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Export {
    /// An SQL condition.
    pub condition: Option<String>,
    /// Event time from which on: RFC 3339 or a date.
    pub from: Option<String>,
    /// Event time before which.
    pub to: Option<String>,
    /// Only this program.
    pub program: Option<String>,
}

impl Export {
    /// The query for [`Lake::query_stream`](crate::Lake::query_stream). The condition is
    /// the asker's own SQL and is held to the same limits as a query; the rest is text.
    #[must_use]
    pub fn sql(&self) -> String {
        let mut all: Vec<String> = Vec::new();
        if let Some(condition) = &self.condition {
            // A comment at its end must not swallow the bracket.
            all.push(format!("({condition}\n)"));
        }
        let time = |at: &String| format!("TIMESTAMP {}", literal(at));
        all.extend(self.from.iter().map(|at| format!("time >= {}", time(at))));
        all.extend(self.to.iter().map(|at| format!("time < {}", time(at))));
        all.extend(
            self.program
                .iter()
                .map(|p| format!("program = {}", literal(p))),
        );
        if all.is_empty() {
            return "SELECT * FROM events".to_owned();
        }
        format!("SELECT * FROM events WHERE {}", all.join(" AND "))
    }
}

fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// Writes rows in a format as they come.
pub struct Exporter<W: Write + Send> {
    to: To<W>,
    columns: Vec<String>,
    rows: u64,
}

enum To<W: Write + Send> {
    Jsonl(W),
    Csv(W),
    Parquet(Box<(ArrowWriter<W>, Decoder)>),
}

impl<W: Write + Send> Exporter<W> {
    /// Begins an export of the table's columns.
    ///
    /// # Errors
    /// When the beginning cannot be written.
    pub fn new(format: ExportFormat, mut to: W) -> Result<Self, LakeError> {
        let schema = schema::table_schema();
        let columns: Vec<String> = schema.fields().iter().map(|f| f.name().clone()).collect();
        let to = match format {
            ExportFormat::Jsonl => To::Jsonl(to),
            ExportFormat::Csv => {
                let header = columns.iter().map(|name| field(name)).collect::<Vec<_>>();
                written(writeln!(to, "{}\r", header.join(",")))?;
                To::Csv(to)
            }
            ExportFormat::Parquet => {
                let compression = Compression::ZSTD(ZstdLevel::default());
                let properties = WriterProperties::builder().set_compression(compression);
                let properties = Some(properties.build());
                let decoder = ReaderBuilder::new(schema.clone())
                    .with_batch_size(BATCH_ROWS)
                    .build_decoder()?;
                let writer = ArrowWriter::try_new(to, schema, properties)?;
                To::Parquet(Box::new((writer, decoder)))
            }
        };
        Ok(Self {
            to,
            columns,
            rows: 0,
        })
    }

    /// Writes rows as a query gives them.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn write(&mut self, rows: &[Map<String, Value>]) -> Result<(), LakeError> {
        self.rows += u64::try_from(rows.len()).unwrap_or(u64::MAX);
        match &mut self.to {
            To::Jsonl(to) => {
                for row in rows {
                    written(serde_json::to_writer(&mut *to, row).map_err(Into::into))?;
                    written(to.write_all(b"\n"))?;
                }
            }
            To::Csv(to) => {
                for row in rows {
                    let cells = self.columns.iter().map(|name| match row.get(name) {
                        None | Some(Value::Null) => String::new(),
                        Some(Value::String(text)) => field(text),
                        Some(other) => other.to_string(),
                    });
                    let line = cells.collect::<Vec<_>>().join(",");
                    written(writeln!(to, "{line}\r"))?;
                }
            }
            To::Parquet(both) => {
                let (writer, decoder) = &mut **both;
                for some in rows.chunks(BATCH_ROWS) {
                    decoder.serialize(some)?;
                    if let Some(batch) = decoder.flush()? {
                        writer.write(&batch)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Ends the export: what was written to, and how many rows it got.
    ///
    /// # Errors
    /// When the end cannot be written.
    pub fn finish(self) -> Result<(W, u64), LakeError> {
        let to = match self.to {
            To::Jsonl(mut to) | To::Csv(mut to) => {
                written(to.flush())?;
                to
            }
            To::Parquet(both) => both.0.into_inner()?,
        };
        Ok((to, self.rows))
    }
}

impl<W: Write + Send> std::fmt::Debug for Exporter<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Exporter")
            .field("rows", &self.rows)
            .finish_non_exhaustive()
    }
}

fn written(result: std::io::Result<()>) -> Result<(), LakeError> {
    result.map_err(|e| QueryError::Failed(format!("the export cannot be written: {e}")).into())
}

/// A text as a CSV field: quoted where RFC 4180 asks for it. What a spreadsheet would run
/// as a formula is made text with an apostrophe, because all of it comes from outside; that
/// a number of a caller (`+1…`) gets one, too, is the price.
fn field(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']);
    let mark = if formula { "'" } else { "" };
    if formula || text.contains([',', '"', '\r', '\n']) {
        format!("\"{mark}{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula() {
        assert_eq!(field("plain"), "plain");
        assert_eq!(field("a,\"b\""), "\"a,\"\"b\"\"\"");
        for text in ["=1+1", "+1555", "-2", "@SUM(A1)", "\t=1", "\r=1"] {
            assert!(field(text).starts_with("\"'"), "{text:?}");
        }
    }

    #[test]
    fn a_program_is_a_text_and_no_sql() {
        let export = Export {
            condition: Some("class_uid = 1 -- all".into()),
            program: Some("x' OR '1'='1".into()),
            ..Export::default()
        };
        assert_eq!(
            export.sql(),
            "SELECT * FROM events WHERE (class_uid = 1 -- all\n) AND program = 'x'' OR ''1''=''1'"
        );
    }
}
