//! The stream of alert changes: durable, numbered, resumable.
//!
//! Numbers are handed out inside the transaction that makes the change, by one row that
//! every writer locks; so they have no gaps and their order is the order of commits. A
//! reader that has seen number n has seen everything up to n.

use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use crate::alert::Alert;
use crate::error::Result;
use crate::limits::Limits;
use crate::open::State;
use crate::outbox::enqueue;
use crate::scope::Scope;
use crate::settings::bump;
use crate::sql::{Row, Sql, Tx, bigint, count, json, query};

const CHUNK: usize = 500;
const MAX_PAGE: u32 = 500;

/// What happened to an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// It is new.
    Opened,
    /// A finding raised its severity.
    Escalated,
    /// More findings joined it.
    MoreFindings,
    /// Somebody is on it.
    Acknowledged,
    /// It got a verdict, or another one.
    Closed,
    /// It is open again.
    Reopened,
    /// It has another assignee, or none.
    Assigned,
    /// Somebody wrote a note.
    Noted,
}

impl ChangeKind {
    /// As stored and shown.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Escalated => "escalated",
            Self::MoreFindings => "more_findings",
            Self::Acknowledged => "acknowledged",
            Self::Closed => "closed",
            Self::Reopened => "reopened",
            Self::Assigned => "assigned",
            Self::Noted => "noted",
        }
    }
}

/// One change, with the alert as it was right after it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AlertChange {
    /// Its number, the `id` of a server-sent event.
    pub id: u64,
    /// What happened.
    pub kind: ChangeKind,
    /// When.
    pub at_ms: i64,
    /// The alert after it.
    pub alert: Alert,
}

/// Changes after some number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangePage {
    /// In order; only those of the caller's programs.
    pub changes: Vec<AlertChange>,
    /// Go on after this number.
    pub position: u64,
    /// Changes in between are no longer kept: the reader lists alerts afresh.
    pub gap: bool,
}

impl State {
    /// Changes after number `after`, oldest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn changes_since(&self, scope: &Scope, after: u64, limit: u32) -> Result<ChangePage> {
        let limit = limit.clamp(1, MAX_PAGE);
        // Read before the rows, so that everything up to it is among the rows.
        let edges = query(
            "SELECT value, (SELECT MIN(id) FROM changes) AS oldest FROM counters
             WHERE name = 'change'",
        )
        .fetch_one(self.reader())
        .await?;
        let latest = count(&edges, "value")?;
        let oldest: Option<i64> = edges.try_get("oldest")?;
        let oldest = oldest.and_then(|oldest| u64::try_from(oldest).ok());
        // Numbers from the future: the database was restored from an older copy.
        if after > latest {
            return Ok(ChangePage {
                changes: Vec::new(),
                position: latest,
                gap: true,
            });
        }
        let mut sql = Sql::new("SELECT id, kind, at_ms, alert FROM changes WHERE id > ");
        sql.bind(bigint(after))
            .within(scope)
            .push(" ORDER BY id LIMIT ")
            .bind(i64::from(limit));
        let rows = sql.query().fetch_all(self.reader()).await?;
        let changes: Vec<AlertChange> = rows.iter().map(read).collect::<Result<_>>()?;
        let full = u32::try_from(changes.len()).is_ok_and(|count| count == limit);
        let last = changes.last().map_or(after, |change| change.id);
        // A page that is not full has looked at everything there is.
        let position = if full { last } else { last.max(latest) };
        let gap = after < oldest.map_or(latest, |oldest| oldest.saturating_sub(1));
        Ok(ChangePage {
            changes,
            position,
            gap,
        })
    }

    /// A live stream that begins after number `after` (a client's `Last-Event-ID`), or
    /// now.
    #[must_use]
    pub fn subscribe(&self, scope: Scope, after: Option<u64>) -> ChangeStream {
        let mut news = self.last_change().subscribe();
        let latest = u64::try_from(*news.borrow_and_update()).unwrap_or(0);
        // The first read must look at the table whatever the signal says.
        news.mark_changed();
        ChangeStream {
            state: self.clone(),
            scope,
            position: after.unwrap_or(latest),
            news,
        }
    }
}

/// A live stream of changes.
///
/// A commit only wakes it; what it yields is read from the table. So there is one path
/// for live and resumed readers, a slow reader costs no memory and loses nothing, and
/// the program filter is the one in the SQL.
pub struct ChangeStream {
    state: State,
    scope: Scope,
    position: u64,
    news: watch::Receiver<i64>,
}

impl ChangeStream {
    /// Waits for changes and answers at least one, or a gap. Dropping the future loses
    /// nothing.
    ///
    /// # Errors
    /// When the database cannot be read; the next call tries again.
    pub async fn next(&mut self) -> Result<ChangePage> {
        loop {
            let page = self
                .state
                .changes_since(&self.scope, self.position, MAX_PAGE)
                .await?;
            self.position = page.position;
            if page.gap || !page.changes.is_empty() {
                return Ok(page);
            }
            // The sender lives in the state that this stream holds.
            let position = bigint(self.position);
            let _ = self.news.wait_for(|latest| *latest > position).await;
        }
    }
}

impl std::fmt::Debug for ChangeStream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ChangeStream")
            .field("position", &self.position)
            .finish_non_exhaustive()
    }
}

/// Numbers and stores changes, and queues those that webhooks are told.
pub(crate) async fn record(
    tx: &mut Tx,
    limits: &Limits,
    changed: Vec<(Option<ChangeKind>, Alert)>,
    now_ms: i64,
) -> Result<Vec<AlertChange>> {
    let changed: Vec<_> = changed
        .into_iter()
        .filter_map(|(kind, alert)| Some((kind?, alert)))
        .collect();
    if changed.is_empty() {
        return Ok(Vec::new());
    }
    let amount = bigint(changed.len() as u64);
    let last = bump(tx, "change", amount).await?;
    let numbers = u64::try_from(last - amount + 1).unwrap_or(1)..;
    let changes: Vec<_> = numbers
        .zip(changed)
        .map(|(id, (kind, alert))| AlertChange {
            id,
            kind,
            at_ms: now_ms,
            alert,
        })
        .collect();
    for chunk in changes.chunks(CHUNK) {
        insert(tx, chunk).await?;
    }
    query("DELETE FROM changes WHERE id <= $1")
        .bind(last.saturating_sub(i64::from(limits.changes_kept)))
        .execute(tx)
        .await?;
    enqueue(tx, limits, &changes, now_ms).await?;
    Ok(changes)
}

async fn insert(tx: &mut Tx, changes: &[AlertChange]) -> Result<()> {
    let mut sql =
        Sql::new("INSERT INTO changes (id, program, alert_id, kind, at_ms, alert) VALUES ");
    for (index, change) in changes.iter().enumerate() {
        sql.push(if index == 0 { "(" } else { ", (" });
        sql.bind(bigint(change.id)).push(", ");
        sql.bind(change.alert.program.clone()).push(", ");
        sql.bind(change.alert.id.clone()).push(", ");
        sql.bind(change.kind.as_str()).push(", ");
        sql.bind(change.at_ms).push(", ");
        sql.bind(serde_json::json!(change.alert).to_string())
            .push(")");
    }
    sql.query().execute(tx).await?;
    Ok(())
}

fn read(row: &Row) -> Result<AlertChange> {
    let kind: String = row.try_get("kind")?;
    let kind = serde_json::from_value(serde_json::Value::String(kind))
        .map_err(|_| crate::error::Error::Corrupt("change kind"))?;
    Ok(AlertChange {
        id: count(row, "id")?,
        kind,
        at_ms: row.try_get("at_ms")?,
        alert: json(row, "alert")?,
    })
}
