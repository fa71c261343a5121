//! Records of the evidence log: what its entries commit to.

use std::collections::BTreeSet;
use std::path::Path;

use ringfence_crypto::{from_hex, random_array, to_hex};

use crate::cursor::Cursor;
use crate::db::Pool;
use crate::error::{Error, Result};
use crate::list::{Page, PageRequest};
use crate::names::clip;
use crate::open::State;
use crate::positions::{Position, advance};
use crate::scope::Scope;
use crate::sql::{Row, Sql, Tx, bigint, count, query};
use crate::sqlite;

/// Rows of one statement.
const CHUNK: usize = 200;
/// Bytes of what people search by; the record has it whole.
const MAX_WORD: usize = 200;

/// A record to be logged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEvidence {
    /// Offset of its event on the event log.
    pub spine: u64,
    /// Which record of that event.
    pub part: u8,
    /// When it happened.
    pub time_ms: i64,
    /// Its kind: small letters, digits and `-`.
    pub kind: String,
    /// Whose it is.
    pub program: String,
    /// Who did it; empty when nobody is known.
    pub actor: String,
    /// To whom or what; empty when that is nobody.
    pub target: String,
    /// What the log commits to: JSON.
    pub record: String,
}

/// A record of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// Number of its entry in the log, from 0.
    pub index: u64,
    /// When it happened.
    pub time_ms: i64,
    /// Its kind.
    pub kind: String,
    /// Whose it is.
    pub program: String,
    /// Who did it.
    pub actor: String,
    /// To whom or what.
    pub target: String,
    /// Salt and text; nothing when it was erased.
    pub record: Option<([u8; 32], String)>,
}

/// Which records.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EvidenceFilter {
    /// Of this person, service or agent.
    pub actor: Option<String>,
    /// About this person, service, record or policy.
    pub target: Option<String>,
    /// Of this kind.
    pub kind: Option<String>,
    /// From this time on.
    pub from_ms: Option<i64>,
    /// Before this time.
    pub until_ms: Option<i64>,
}

impl EvidenceFilter {
    /// Adds what it wants to a `WHERE`.
    pub(crate) fn push(&self, sql: &mut Sql) {
        if let Some(actor) = &self.actor {
            sql.push(" AND actor = ").bind(word(actor));
        }
        if let Some(target) = &self.target {
            sql.push(" AND target = ").bind(word(target));
        }
        if let Some(kind) = &self.kind {
            sql.push(" AND kind = ").bind(kind.clone());
        }
        if let Some(from) = self.from_ms {
            sql.push(" AND time_ms >= ").bind(from);
        }
        if let Some(until) = self.until_ms {
            sql.push(" AND time_ms < ").bind(until);
        }
    }
}

impl State {
    /// Takes records down in their order, each with a new salt and the next number, and moves a consumer on
    /// to `position`. A record that is there already, by event and part, is left as it is.
    ///
    /// # Errors
    /// When the database cannot be written; then nothing of it is there.
    pub async fn add_evidence(
        &self,
        new: &[NewEvidence],
        position: Position<'_>,
        now_ms: i64,
    ) -> Result<Vec<Evidence>> {
        let mut tx = self.begin().await?;
        let known = known(&mut tx, new).await?;
        let row = query("SELECT COALESCE(MAX(idx) + 1, 0) AS n FROM evidence")
            .fetch_one(&mut tx)
            .await?;
        let mut next = count(&row, "n")?;
        let mut added = Vec::new();
        for chunk in new.chunks(CHUNK) {
            let fresh: Vec<_> = chunk
                .iter()
                .filter(|one| !known.contains(&(one.spine, one.part)))
                .collect();
            if !fresh.is_empty() {
                insert(&mut tx, &fresh, &mut next, &mut added).await?;
            }
        }
        advance(&mut tx, position, now_ms).await?;
        tx.commit().await?;
        Ok(added)
    }

    /// How many records were taken down, erased ones included.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn evidence_size(&self) -> Result<u64> {
        let row = query("SELECT COALESCE(MAX(idx) + 1, 0) AS n FROM evidence")
            .fetch_one(self.reader())
            .await?;
        count(&row, "n")
    }

    /// Records in the order of the log, from number `from` on, at most `most`.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn evidence_from(&self, from: u64, most: u32) -> Result<Vec<Evidence>> {
        in_order(self.reader(), from, most).await
    }

    /// One record.
    ///
    /// # Errors
    /// When there is none of that number in these programs.
    pub async fn evidence(&self, scope: &Scope, index: u64) -> Result<Evidence> {
        let mut sql = Sql::new("SELECT * FROM evidence WHERE idx = ");
        sql.bind(bigint(index)).within(scope);
        let row = sql.query().fetch_optional(self.reader()).await?;
        let none = || Error::not_found("entry of the evidence log", &index.to_string());
        read(&row.ok_or_else(none)?)
    }

    /// Records that a filter wants, the newest first.
    ///
    /// # Errors
    /// When the cursor belongs to another list.
    pub async fn list_evidence(
        &self,
        scope: &Scope,
        filter: &EvidenceFilter,
        page: &PageRequest,
    ) -> Result<Page<Evidence>> {
        let tag = Cursor::tag(&format!("evidence {filter:?} {scope:?}"));
        let mut sql = Sql::new("SELECT * FROM evidence WHERE 1 = 1");
        filter.push(&mut sql);
        if let Some(cursor) = page.after(tag)? {
            sql.push(" AND idx < ").bind(cursor.key);
        }
        sql.within(scope)
            .push(" ORDER BY idx DESC LIMIT ")
            .bind(page.one_more());
        let rows = sql.query().fetch_all(self.reader()).await?;
        let kept = rows.iter().map(read).collect::<Result<Vec<_>>>()?;
        Ok(page.cut(kept, |last| Cursor {
            tag,
            key: bigint(last.index),
            id: String::new(),
        }))
    }
}

/// Reads the records of a SQLite file, beside a running server, without writing anything.
pub struct EvidenceReader(Pool);

impl EvidenceReader {
    /// Opens the file.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn open(path: &Path) -> Result<Self> {
        Ok(Self(sqlite::read_only(path).await?))
    }

    /// Records in the order of the log, from number `from` on, at most `most`.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub async fn read(&self, from: u64, most: u32) -> Result<Vec<Evidence>> {
        in_order(&self.0, from, most).await
    }
}

async fn in_order(pool: &Pool, from: u64, most: u32) -> Result<Vec<Evidence>> {
    let rows = query("SELECT * FROM evidence WHERE idx >= $1 ORDER BY idx LIMIT $2")
        .bind(bigint(from))
        .bind(i64::from(most))
        .fetch_all(pool)
        .await?;
    rows.iter().map(read).collect()
}

/// Which of these are there already.
async fn known(tx: &mut Tx, new: &[NewEvidence]) -> Result<BTreeSet<(u64, u8)>> {
    let offsets = || new.iter().map(|one| one.spine);
    let (Some(first), Some(last)) = (offsets().min(), offsets().max()) else {
        return Ok(BTreeSet::new());
    };
    let rows = query("SELECT spine, part FROM evidence WHERE spine >= $1 AND spine <= $2")
        .bind(bigint(first))
        .bind(bigint(last))
        .fetch_all(tx)
        .await?;
    rows.iter()
        .map(|row| {
            let part = u8::try_from(count(row, "part")?);
            let part = part.map_err(|_| Error::Corrupt("part of a record"))?;
            Ok((count(row, "spine")?, part))
        })
        .collect()
}

async fn insert(
    tx: &mut Tx,
    new: &[&NewEvidence],
    next: &mut u64,
    added: &mut Vec<Evidence>,
) -> Result<()> {
    let mut sql = Sql::new(
        "INSERT INTO evidence (idx, spine, part, time_ms, kind, program, actor, target, salt, record) VALUES ",
    );
    for (at, one) in new.iter().enumerate() {
        let salt: [u8; 32] = random_array()?;
        sql.push(if at == 0 { "(" } else { ", (" });
        sql.bind(bigint(*next)).push(", ");
        sql.bind(bigint(one.spine)).push(", ");
        sql.bind(i64::from(one.part)).push(", ");
        sql.bind(one.time_ms).push(", ");
        sql.bind(one.kind.clone()).push(", ");
        sql.bind(one.program.clone()).push(", ");
        sql.bind(word(&one.actor)).push(", ");
        sql.bind(word(&one.target)).push(", ");
        sql.bind(to_hex(&salt)).push(", ");
        sql.bind(one.record.clone()).push(")");
        added.push(Evidence {
            index: *next,
            time_ms: one.time_ms,
            kind: one.kind.clone(),
            program: one.program.clone(),
            actor: word(&one.actor),
            target: word(&one.target),
            record: Some((salt, one.record.clone())),
        });
        *next += 1;
    }
    sql.query().execute(tx).await?;
    Ok(())
}

pub(crate) fn word(text: &str) -> String {
    clip(text, MAX_WORD).to_owned()
}

pub(crate) fn read(row: &Row) -> Result<Evidence> {
    let salt: Option<String> = row.try_get("salt")?;
    let text: Option<String> = row.try_get("record")?;
    let record = match (salt, text) {
        (Some(salt), Some(text)) => {
            let salt = from_hex(&salt).ok().and_then(|salt| salt.try_into().ok());
            Some((salt.ok_or(Error::Corrupt("salt of a record"))?, text))
        }
        _ => None,
    };
    Ok(Evidence {
        index: count(row, "idx")?,
        time_ms: row.try_get("time_ms")?,
        kind: row.try_get("kind")?,
        program: row.try_get("program")?,
        actor: row.try_get("actor")?,
        target: row.try_get("target")?,
        record,
    })
}
