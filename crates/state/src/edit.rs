//! What people do to an alert.
//!
//! Every edit is idempotent: asking for what already is changes nothing, makes no
//! history, and is no error, whatever version the caller thinks it has. So a client may
//! repeat a request whose answer it lost.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::alert::{Alert, Status, Verdict};
use crate::changes::{ChangeKind, record};
use crate::error::{Error, Result};
use crate::id::{derived_id, new_id};
use crate::names;
use crate::open::State;
use crate::scope::Scope;
use crate::sql::{Sql, Tx, bigint, query};

const MAX_REASON: usize = 2_000;
const MAX_NOTE: usize = 10_000;
const MAX_NOTES: i64 = 1_000;

/// One thing to do to an alert.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case", deny_unknown_fields)]
pub enum AlertEdit {
    /// Somebody is on it.
    Acknowledge {},
    /// It is done, or its verdict was wrong and is now another.
    Close {
        /// What it turned out to be.
        verdict: Verdict,
        /// Why; never empty.
        reason: String,
    },
    /// It is not done after all.
    Reopen {},
    /// Somebody else works on it, or nobody.
    Assign {
        /// Who.
        assignee: Option<String>,
    },
    /// Something to remember.
    Note {
        /// What.
        text: String,
        /// Makes repeating the request harmless: one key is one note on an alert.
        #[serde(default)]
        key: Option<String>,
    },
}

/// What an edit came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Edited {
    /// The alert as it is now.
    pub alert: Alert,
    /// Whether the edit changed anything.
    pub changed: bool,
}

impl State {
    /// Edits one alert. With `expected_version` (an ETag), an alert that somebody else
    /// edited meanwhile is left alone.
    ///
    /// # Errors
    /// When there is no such alert within the caller's programs, the edit is invalid
    /// (closing needs a reason), or the version is not the expected one.
    pub async fn edit_alert(
        &self,
        scope: &Scope,
        id: &str,
        edit: &AlertEdit,
        expected_version: Option<u64>,
        actor: &str,
        now_ms: i64,
    ) -> Result<Edited> {
        check(edit, actor)?;
        let mut tx = self.begin().await?;
        let (edited, kind) =
            edit_in(&mut tx, scope, id, edit, expected_version, actor, now_ms).await?;
        let changed = vec![(kind, edited.alert.clone())];
        let changes = record(&mut tx, self.limits(), changed, now_ms).await?;
        self.commit(tx, &changes).await?;
        Ok(edited)
    }
}

/// What can be judged without the alert.
pub(crate) fn check(edit: &AlertEdit, actor: &str) -> Result<()> {
    names::name("actor", actor)?;
    match edit {
        AlertEdit::Close { reason, .. } if reason.trim().is_empty() => {
            Err(Error::invalid("reason", "closing an alert needs a reason"))
        }
        AlertEdit::Close { reason, .. } => names::text_field("reason", reason, MAX_REASON),
        AlertEdit::Assign {
            assignee: Some(assignee),
        } => names::name("assignee", assignee),
        AlertEdit::Note { text, .. } if text.trim().is_empty() => {
            Err(Error::invalid("text", "must not be empty"))
        }
        AlertEdit::Note { text, key } => {
            names::text_field("text", text, MAX_NOTE)?;
            key.as_deref()
                .map_or(Ok(()), |key| names::text_field("key", key, 128))
        }
        AlertEdit::Acknowledge {} | AlertEdit::Reopen {} | AlertEdit::Assign { assignee: None } => {
            Ok(())
        }
    }
}

/// One edit within a transaction; the caller records the change.
pub(crate) async fn edit_in(
    tx: &mut Tx,
    scope: &Scope,
    id: &str,
    edit: &AlertEdit,
    expected_version: Option<u64>,
    actor: &str,
    now_ms: i64,
) -> Result<(Edited, Option<ChangeKind>)> {
    let mut sql = Sql::new("SELECT * FROM alerts WHERE id = ");
    sql.bind(id.to_owned()).within(scope);
    let row = sql.query().fetch_optional(&mut *tx).await?;
    let mut alert = Alert::read(&row.ok_or_else(|| Error::not_found("alert", id))?)?;
    let current = alert.version;
    let Some((kind, detail)) = step(&mut alert, edit, now_ms)? else {
        return Ok((
            Edited {
                alert,
                changed: false,
            },
            None,
        ));
    };
    // A note that is there already is no change, so it is written before the check.
    if let AlertEdit::Note { text, key } = edit
        && !write_note(tx, &alert, text, key.as_deref(), actor, now_ms).await?
    {
        return Ok((
            Edited {
                alert,
                changed: false,
            },
            None,
        ));
    }
    if expected_version.is_some_and(|expected| expected != current) {
        let reason = format!("the alert changed meanwhile: it is at version {current} now");
        return Err(Error::Conflict(reason));
    }
    alert.version = current + 1;
    alert.updated_ms = now_ms;
    write(tx, &alert).await?;
    write_history(tx, &alert, actor, (kind.as_str(), detail), now_ms).await?;
    Ok((
        Edited {
            alert,
            changed: true,
        },
        Some(kind),
    ))
}

/// The edit on the row in memory; `None` when all is as asked for already.
fn step(alert: &mut Alert, edit: &AlertEdit, now_ms: i64) -> Result<Option<(ChangeKind, Value)>> {
    let before = alert.status;
    match edit {
        AlertEdit::Acknowledge {} => match before {
            Status::Acknowledged => Ok(None),
            Status::Closed => Err(Error::Conflict(
                "the alert is closed: reopen it first".into(),
            )),
            Status::Open => {
                alert.status = Status::Acknowledged;
                Ok(Some((ChangeKind::Acknowledged, json!({}))))
            }
        },
        AlertEdit::Close { verdict, reason } => {
            let same = alert.verdict == Some(*verdict)
                && alert.verdict_reason.as_deref() == Some(reason.as_str());
            if before == Status::Closed && same {
                return Ok(None);
            }
            let detail = json!({ "verdict": verdict, "reason": reason, "was": alert.verdict });
            alert.status = Status::Closed;
            alert.verdict = Some(*verdict);
            alert.verdict_reason = Some(reason.clone());
            // A corrected verdict does not move the time of closing.
            alert.closed_ms = alert.closed_ms.or(Some(now_ms));
            Ok(Some((ChangeKind::Closed, detail)))
        }
        AlertEdit::Reopen {} => {
            if before == Status::Open {
                return Ok(None);
            }
            let detail = json!({ "was": before, "verdict": alert.verdict });
            alert.status = Status::Open;
            alert.verdict = None;
            alert.verdict_reason = None;
            alert.closed_ms = None;
            Ok(Some((ChangeKind::Reopened, detail)))
        }
        AlertEdit::Assign { assignee } => {
            if alert.assignee == *assignee {
                return Ok(None);
            }
            let detail = json!({ "from": alert.assignee, "to": assignee });
            alert.assignee.clone_from(assignee);
            Ok(Some((ChangeKind::Assigned, detail)))
        }
        AlertEdit::Note { .. } => Ok(Some((ChangeKind::Noted, json!({})))),
    }
}

async fn write(tx: &mut Tx, alert: &Alert) -> Result<()> {
    query(
        "UPDATE alerts SET status = $1, verdict = $2, verdict_reason = $3, assignee = $4,
             closed_ms = $5, updated_ms = $6, version = $7
         WHERE id = $8",
    )
    .bind(alert.status.as_str())
    .bind(alert.verdict.map(Verdict::as_str))
    .bind(alert.verdict_reason.clone())
    .bind(alert.assignee.clone())
    .bind(alert.closed_ms)
    .bind(alert.updated_ms)
    .bind(bigint(alert.version))
    .bind(alert.id.clone())
    .execute(tx)
    .await?;
    Ok(())
}

async fn write_note(
    tx: &mut Tx,
    alert: &Alert,
    text: &str,
    key: Option<&str>,
    actor: &str,
    now_ms: i64,
) -> Result<bool> {
    let row = query("SELECT COUNT(*) AS n FROM alert_notes WHERE alert_id = $1")
        .bind(alert.id.clone())
        .fetch_one(&mut *tx)
        .await?;
    if row.try_get::<i64>("n")? >= MAX_NOTES {
        return Err(Error::Conflict(format!(
            "the alert has {MAX_NOTES} notes already"
        )));
    }
    let id = match key {
        // The alert's own time keeps the id the same when the request is repeated later.
        Some(key) => derived_id(alert.created_ms, format!("{}\0{key}", alert.id).as_bytes()),
        None => new_id(now_ms)?,
    };
    let done = query(
        "INSERT INTO alert_notes (id, alert_id, program, at_ms, actor, body)
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (id) DO NOTHING",
    )
    .bind(id)
    .bind(alert.id.clone())
    .bind(alert.program.clone())
    .bind(now_ms)
    .bind(actor.to_owned())
    .bind(text.to_owned())
    .execute(tx)
    .await?;
    Ok(done > 0)
}

/// Adds a row to an alert's audit trail.
pub(crate) async fn write_history(
    tx: &mut Tx,
    alert: &Alert,
    actor: &str,
    (action, detail): (&'static str, Value),
    now_ms: i64,
) -> Result<()> {
    query(
        "INSERT INTO alert_history (id, alert_id, program, at_ms, actor, action, detail)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(new_id(now_ms)?)
    .bind(alert.id.clone())
    .bind(alert.program.clone())
    .bind(now_ms)
    .bind(actor.to_owned())
    .bind(action)
    .bind(detail.to_string())
    .execute(tx)
    .await?;
    Ok(())
}
