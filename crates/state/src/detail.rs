//! One alert with everything around it.

use serde::Serialize;

use crate::alert::{Alert, AlertRule, Finding, HistoryEntry, Note};
use crate::cursor::Cursor;
use crate::error::{Error, Result};
use crate::list::{Page, PageRequest};
use crate::open::State;
use crate::scope::Scope;
use crate::sql::{Row, Sql, bigint, count, json, query};

/// Rows of each kind that come with an alert; findings have a list of their own.
const MAX_ROWS: i64 = 1_000;
const FINDINGS_SHOWN: u32 = 20;

/// An alert, its rules, its newest findings, and what people did and wrote.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AlertDetail {
    /// The alert.
    pub alert: Alert,
    /// The rules behind it, most findings first.
    pub rules: Vec<AlertRule>,
    /// Its newest kept findings, newest first.
    pub findings: Vec<Finding>,
    /// Notes, oldest first.
    pub notes: Vec<Note>,
    /// What was done, oldest first.
    pub history: Vec<HistoryEntry>,
}

impl State {
    /// One alert's row.
    ///
    /// # Errors
    /// When there is none within the caller's programs.
    pub async fn alert(&self, scope: &Scope, id: &str) -> Result<Alert> {
        let mut sql = Sql::new("SELECT * FROM alerts WHERE id = ");
        sql.bind(id.to_owned()).within(scope);
        let row = sql.query().fetch_optional(self.reader()).await?;
        Alert::read(&row.ok_or_else(|| Error::not_found("alert", id))?)
    }

    /// One alert with everything around it.
    ///
    /// # Errors
    /// When there is none within the caller's programs.
    pub async fn alert_detail(&self, scope: &Scope, id: &str) -> Result<AlertDetail> {
        let alert = self.alert(scope, id).await?;
        let newest = PageRequest {
            limit: Some(FINDINGS_SHOWN),
            cursor: None,
        };
        let rules = "SELECT * FROM alert_rules WHERE alert_id = $1
             ORDER BY finding_count DESC, rule_id LIMIT $2";
        let notes = "SELECT * FROM alert_notes WHERE alert_id = $1 ORDER BY id LIMIT $2";
        let history = "SELECT * FROM alert_history WHERE alert_id = $1 ORDER BY id LIMIT $2";
        Ok(AlertDetail {
            rules: self.around(rules, id, rule).await?,
            findings: self.alert_findings(scope, id, &newest).await?.items,
            notes: self.around(notes, id, note).await?,
            history: self.around(history, id, entry).await?,
            alert,
        })
    }

    /// The kept findings of an alert, newest first. Between its first and its newest
    /// ones some may be missing; `seq` shows where.
    ///
    /// # Errors
    /// When there is no such alert within the caller's programs.
    pub async fn alert_findings(
        &self,
        scope: &Scope,
        id: &str,
        page: &PageRequest,
    ) -> Result<Page<Finding>> {
        self.alert(scope, id).await?;
        let tag = Cursor::tag(&format!("findings {id}"));
        let mut sql = Sql::new("SELECT * FROM findings WHERE alert_id = ");
        sql.bind(id.to_owned()).within(scope);
        if let Some(cursor) = page.after(tag)? {
            sql.push(" AND seq < ").bind(cursor.key);
        }
        sql.push(" ORDER BY seq DESC LIMIT ").bind(page.one_more());
        let rows = sql.query().fetch_all(self.reader()).await?;
        let findings = rows.iter().map(finding).collect::<Result<Vec<_>>>()?;
        let cursor = |last: &Finding| Cursor {
            tag,
            key: bigint(last.seq),
            id: String::new(),
        };
        Ok(page.cut(findings, cursor))
    }

    async fn around<T>(
        &self,
        statement: &'static str,
        alert_id: &str,
        read: impl Fn(&Row) -> Result<T>,
    ) -> Result<Vec<T>> {
        let rows = query(statement)
            .bind(alert_id.to_owned())
            .bind(MAX_ROWS)
            .fetch_all(self.reader())
            .await?;
        rows.iter().map(read).collect()
    }
}

fn severity(row: &Row) -> Result<u8> {
    u8::try_from(row.try_get::<i64>("severity_id")?).map_err(|_| Error::Corrupt("severity"))
}

fn rule(row: &Row) -> Result<AlertRule> {
    Ok(AlertRule {
        rule_id: row.try_get("rule_id")?,
        title: row.try_get("title")?,
        severity_id: severity(row)?,
        finding_count: count(row, "finding_count")?,
        last_time_ms: row.try_get("last_time_ms")?,
    })
}

fn finding(row: &Row) -> Result<Finding> {
    Ok(Finding {
        seq: count(row, "seq")?,
        uid: row.try_get("uid")?,
        rule_id: row.try_get("rule_id")?,
        severity_id: severity(row)?,
        time_ms: row.try_get("time_ms")?,
        received_ms: row.try_get("received_ms")?,
        message: row.try_get("message")?,
        reason: json(row, "reason")?,
        event_ids: json(row, "event_ids")?,
    })
}

fn note(row: &Row) -> Result<Note> {
    Ok(Note {
        id: row.try_get("id")?,
        at_ms: row.try_get("at_ms")?,
        actor: row.try_get("actor")?,
        text: row.try_get("body")?,
    })
}

fn entry(row: &Row) -> Result<HistoryEntry> {
    Ok(HistoryEntry {
        at_ms: row.try_get("at_ms")?,
        actor: row.try_get("actor")?,
        action: row.try_get("action")?,
        detail: json(row, "detail")?,
    })
}
