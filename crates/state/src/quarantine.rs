//! Input that could not be read: kept for a person, within bounds.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;

use crate::cursor::Cursor;
use crate::error::Result;
use crate::id::new_ids;
use crate::list::{Page, PageRequest};
use crate::names::clip;
use crate::open::State;
use crate::scope::Scope;
use crate::settings::bump;
use crate::sql::{Row, Sql, Tx, bigint, count, query};

const MAX_SAMPLE: usize = 8 * 1024;
const MAX_TEXT: usize = 1_000;
/// What a row costs beside its sample.
const ROW_COST: u64 = 200;
const CHUNK: usize = 200;
const EVICT: i64 = 500;

/// A record that was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewQuarantined {
    /// The program of the source.
    pub program: String,
    /// The source's name within its program.
    pub source: String,
    /// When it was received.
    pub received_ms: i64,
    /// Its line in the batch or file, from 1.
    pub line: Option<u64>,
    /// The byte at which reading failed.
    pub offset: Option<u64>,
    /// A stable code, such as `E-JSON-001`.
    pub code: String,
    /// What is wrong, for a person.
    pub reason: String,
    /// The record, secrets masked by the caller; the first 8 KiB are kept.
    pub sample: Vec<u8>,
}

/// A refused record as kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Quarantined {
    /// Its id.
    pub id: String,
    /// The program of the source.
    pub program: String,
    /// The source; nothing for one that is built in and has no row.
    pub source_id: Option<String>,
    /// The source's name when it sent this.
    pub source: String,
    /// When it was received.
    pub received_ms: i64,
    /// Its line in the batch or file.
    pub line: Option<u64>,
    /// The byte at which reading failed.
    pub offset: Option<u64>,
    /// A stable code.
    pub code: String,
    /// What is wrong.
    pub reason: String,
    /// The beginning of the record.
    pub sample: String,
    /// `text`, or `base64` when the bytes are no printable text.
    pub sample_encoding: String,
    /// The size of the whole record.
    pub record_bytes: u64,
}

/// How full the quarantine is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct QuarantineStats {
    /// Rows kept.
    pub rows: u64,
    /// Bytes kept.
    pub bytes: u64,
    /// Rows dropped for newer ones since the installation began.
    pub dropped: u64,
}

impl State {
    /// Keeps refused records; the oldest go when there are too many.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn quarantine(&self, records: &[NewQuarantined], now_ms: i64) -> Result<()> {
        if records.is_empty() {
            return Ok(());
        }
        let limits = self.limits();
        let mut tx = self.begin().await?;
        // Of a batch larger than everything that is kept, only the end is worth writing.
        let most = usize::try_from(limits.quarantine_rows).unwrap_or(usize::MAX);
        let skip = records.len().saturating_sub(most);
        let kept = records.get(skip..).unwrap_or_default();
        let mut ids = new_ids(now_ms, kept.len())?;
        let sources = source_ids(&mut tx, kept).await?;
        let mut bytes = 0_u64;
        for chunk in kept.chunks(CHUNK) {
            bytes += insert(&mut tx, chunk, &sources, &mut ids).await?;
        }
        let mut rows = bump(&mut tx, "quarantine_rows", bigint(kept.len() as u64)).await?;
        let mut bytes = bump(&mut tx, "quarantine_bytes", bigint(bytes)).await?;
        let mut dropped = bigint(skip as u64);
        while rows > i64::from(limits.quarantine_rows) || bytes > bigint(limits.quarantine_bytes) {
            let over = (rows - i64::from(limits.quarantine_rows)).clamp(1, EVICT);
            let gone = evict(&mut tx, over).await?;
            if gone.rows == 0 {
                break;
            }
            rows = bump(&mut tx, "quarantine_rows", -bigint(gone.rows)).await?;
            bytes = bump(&mut tx, "quarantine_bytes", -bigint(gone.bytes)).await?;
            dropped += bigint(gone.rows);
        }
        if dropped > 0 {
            bump(&mut tx, "quarantine_dropped", dropped).await?;
        }
        tx.commit().await
    }

    /// Refused records, newest first, of one source if given.
    ///
    /// # Errors
    /// When the cursor belongs to another list.
    pub async fn list_quarantine(
        &self,
        scope: &Scope,
        source_id: Option<&str>,
        page: &PageRequest,
    ) -> Result<Page<Quarantined>> {
        let tag = Cursor::tag(&format!("quarantine {source_id:?} {scope:?}"));
        let mut sql = Sql::new("SELECT * FROM quarantine WHERE 1 = 1");
        if let Some(source_id) = source_id {
            sql.push(" AND source_id = ").bind(source_id.to_owned());
        }
        if let Some(cursor) = page.after(tag)? {
            sql.push(" AND id < ").bind(cursor.id);
        }
        sql.within(scope)
            .push(" ORDER BY id DESC LIMIT ")
            .bind(page.one_more());
        let rows = sql.query().fetch_all(self.reader()).await?;
        let kept = rows.iter().map(read).collect::<Result<Vec<_>>>()?;
        Ok(page.cut(kept, |last| Cursor {
            tag,
            key: 0,
            id: last.id.clone(),
        }))
    }

    /// Deletes refused records by id; answers how many there were.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn delete_quarantine(&self, scope: &Scope, ids: &[String]) -> Result<u64> {
        let mut tx = self.begin().await?;
        let mut gone = Gone::default();
        for chunk in ids.chunks(CHUNK) {
            let mut sql = Sql::new("DELETE FROM quarantine WHERE id IN ");
            sql.list(chunk.iter().cloned())
                .within(scope)
                .push(" RETURNING row_bytes");
            gone.add(&sql.query().fetch_all(&mut tx).await?)?;
        }
        bump(&mut tx, "quarantine_rows", -bigint(gone.rows)).await?;
        bump(&mut tx, "quarantine_bytes", -bigint(gone.bytes)).await?;
        tx.commit().await?;
        Ok(gone.rows)
    }

    /// How full the quarantine is, all programs together.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn quarantine_stats(&self) -> Result<QuarantineStats> {
        let rows = query("SELECT name, value FROM counters")
            .fetch_all(self.reader())
            .await?;
        let mut stats = QuarantineStats::default();
        for row in &rows {
            match row.try_get::<String>("name")?.as_str() {
                "quarantine_rows" => stats.rows = count(row, "value")?,
                "quarantine_bytes" => stats.bytes = count(row, "value")?,
                "quarantine_dropped" => stats.dropped = count(row, "value")?,
                _ => {}
            }
        }
        Ok(stats)
    }
}

/// Rows that went, so that the counters can follow.
#[derive(Default)]
struct Gone {
    rows: u64,
    bytes: u64,
}

impl Gone {
    fn add(&mut self, rows: &[Row]) -> Result<()> {
        for row in rows {
            self.rows += 1;
            self.bytes += count(row, "row_bytes")?;
        }
        Ok(())
    }
}

/// The ids of the sources that sent these, by program and name.
async fn source_ids<'r>(
    tx: &mut Tx,
    records: &'r [NewQuarantined],
) -> Result<HashMap<(&'r str, &'r str), String>> {
    let mut ids = HashMap::new();
    for record in records {
        let Entry::Vacant(place) = ids.entry((record.program.as_str(), record.source.as_str()))
        else {
            continue;
        };
        let row = query("SELECT id FROM sources WHERE program = $1 AND name = $2")
            .bind(record.program.as_str())
            .bind(record.source.as_str())
            .fetch_optional(&mut *tx)
            .await?;
        place.insert(row.map_or(Ok(String::new()), |row| row.try_get("id"))?);
    }
    Ok(ids)
}

async fn insert(
    tx: &mut Tx,
    records: &[NewQuarantined],
    sources: &HashMap<(&str, &str), String>,
    ids: impl Iterator<Item = String>,
) -> Result<u64> {
    let mut sql = Sql::new(
        "INSERT INTO quarantine (id, program, source_id, source, received_ms, line, byte_offset, code,
             reason, sample, sample_encoding, record_bytes, row_bytes) VALUES ",
    );
    let mut total = 0;
    for (index, (record, id)) in records.iter().zip(ids).enumerate() {
        let (sample, encoding) = sample(&record.sample);
        let reason = clip(&record.reason, MAX_TEXT).to_owned();
        let bytes = ROW_COST + sample.len() as u64 + reason.len() as u64;
        total += bytes;
        sql.push(if index == 0 { "(" } else { ", (" });
        sql.bind(id)
            .push(", ")
            .bind(record.program.clone())
            .push(", ");
        let source = sources.get(&(record.program.as_str(), record.source.as_str()));
        sql.bind(source.map_or("", String::as_str)).push(", ");
        sql.bind(record.source.clone())
            .push(", ")
            .bind(record.received_ms)
            .push(", ");
        sql.bind(record.line.map(bigint))
            .push(", ")
            .bind(record.offset.map(bigint))
            .push(", ");
        sql.bind(clip(&record.code, 64).to_owned())
            .push(", ")
            .bind(reason)
            .push(", ");
        sql.bind(sample).push(", ").bind(encoding).push(", ");
        sql.bind(bigint(record.sample.len() as u64))
            .push(", ")
            .bind(bigint(bytes))
            .push(")");
    }
    sql.query().execute(tx).await?;
    Ok(total)
}

async fn evict(tx: &mut Tx, rows: i64) -> Result<Gone> {
    let removed = query(
        "DELETE FROM quarantine WHERE id IN (SELECT id FROM quarantine ORDER BY id LIMIT $1)
         RETURNING row_bytes",
    )
    .bind(rows)
    .fetch_all(&mut *tx)
    .await?;
    let mut gone = Gone::default();
    gone.add(&removed)?;
    Ok(gone)
}

/// Text where a person can read it. PostgreSQL takes no NUL in TEXT, and other controls
/// would be lost or dangerous on the way to a screen: such samples travel in base64.
fn sample(bytes: &[u8]) -> (String, &'static str) {
    let start = bytes.get(..MAX_SAMPLE).unwrap_or(bytes);
    let text = match std::str::from_utf8(start) {
        Ok(text) => Some(text),
        // The cap may have cut the last character in two; that is no reason for base64.
        Err(error) if error.error_len().is_none() && start.len() < bytes.len() => start
            .get(..error.valid_up_to())
            .and_then(|valid| std::str::from_utf8(valid).ok()),
        Err(_) => None,
    };
    let printable =
        |text: &&str| !text.contains(|c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t'));
    match text.filter(printable) {
        Some(text) => (text.to_owned(), "text"),
        None => (STANDARD.encode(start), "base64"),
    }
}

fn read(row: &Row) -> Result<Quarantined> {
    let position = |column| -> Result<Option<u64>> {
        let value: Option<i64> = row.try_get(column)?;
        Ok(value.and_then(|value| u64::try_from(value).ok()))
    };
    let source_id: String = row.try_get("source_id")?;
    Ok(Quarantined {
        id: row.try_get("id")?,
        program: row.try_get("program")?,
        source_id: Some(source_id).filter(|id| !id.is_empty()),
        source: row.try_get("source")?,
        received_ms: row.try_get("received_ms")?,
        line: position("line")?,
        offset: position("byte_offset")?,
        code: row.try_get("code")?,
        reason: row.try_get("reason")?,
        sample: row.try_get("sample")?,
        sample_encoding: row.try_get("sample_encoding")?,
        record_bytes: count(row, "record_bytes")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_stay_readable_where_they_can() {
        assert_eq!(sample(b"plain\ttext"), ("plain\ttext".to_owned(), "text"));
        assert_eq!(sample(b"\x1b[31m").1, "base64");
        assert_eq!(sample(&[0xff, 0x00]), ("/wA=".to_owned(), "base64"));
        let long = "ä".repeat(MAX_SAMPLE);
        assert_eq!(
            sample(long.as_bytes()),
            ("ä".repeat(MAX_SAMPLE / 2), "text")
        );
        let odd = format!("x{long}");
        assert_eq!(sample(odd.as_bytes()).0.len(), MAX_SAMPLE - 1);
    }
}
