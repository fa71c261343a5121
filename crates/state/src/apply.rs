//! Findings into alerts, exactly once.
//!
//! One transaction holds the findings' identities, the alerts, the change stream, the
//! outbox and the consumer's position. A crash before its commit leaves nothing; one
//! after it leaves a position behind which nobody applies again. Findings that come a
//! second time in a batch cut differently are known by their uid.

use std::collections::{HashMap, HashSet};

use crate::alert::Alert;
use crate::changes::{AlertChange, ChangeKind, record};
use crate::error::Result;
use crate::finding::NewFinding;
use crate::limits::Limits;
use crate::open::State;
use crate::positions::{Position, advance};
use crate::sql::{Sql, Tx, bigint, query};
use crate::story::{Story, joins};

/// Rows of one multi-row statement; SQLite takes 32,766 arguments.
const CHUNK: usize = 500;

/// What a batch did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// One change for each alert that the batch touched.
    pub changes: Vec<AlertChange>,
    /// Findings that were new.
    pub fresh: usize,
    /// Findings that had been applied before.
    pub repeated: usize,
}

impl State {
    /// Groups findings into alerts and moves the consumer's position, all or nothing.
    /// A batch whose position was passed before changes nothing.
    ///
    /// # Errors
    /// When the database cannot be written; the same call is then safe to repeat.
    pub async fn apply_findings(
        &self,
        batch: &[NewFinding],
        position: Option<Position<'_>>,
        now_ms: i64,
    ) -> Result<Applied> {
        let mut tx = self.begin().await?;
        if let Some(position) = position
            && !advance(&mut tx, position, now_ms).await?
        {
            return Ok(Applied {
                changes: Vec::new(),
                fresh: 0,
                repeated: batch.len(),
            });
        }
        let mut fresh = remember(&mut tx, batch, now_ms).await?;
        let count = fresh.len();
        let mut stories = Stories::default();
        for finding in batch {
            // Removing it makes the second of two equal findings in one batch a repeat.
            if fresh.remove(finding.stored_uid().as_ref()) {
                self.group(&mut tx, &mut stories, finding.bounded(), now_ms)
                    .await?;
            }
        }
        for story in &stories.all {
            self.save(&mut tx, story, now_ms).await?;
        }
        let changed: Vec<_> = stories
            .all
            .into_iter()
            .map(|story| (kind(&story), story.alert))
            .collect();
        let changes = record(&mut tx, self.limits(), changed, now_ms).await?;
        self.commit(tx, &changes).await?;
        Ok(Applied {
            changes,
            fresh: count,
            repeated: batch.len() - count,
        })
    }

    async fn group(
        &self,
        tx: &mut Tx,
        stories: &mut Stories,
        finding: NewFinding,
        now_ms: i64,
    ) -> Result<()> {
        let key = (finding.program.clone(), finding.story_key.clone());
        let known = stories.current.get(&key).copied();
        if known.is_none() {
            match newest_of_story(tx, &finding).await? {
                Some(alert) => stories.resume(key.clone(), alert),
                None => {
                    stories.open(key, Story::open(finding, None, now_ms));
                    return Ok(());
                }
            }
        }
        let Some(story) = stories.current_mut(&key) else {
            return Ok(());
        };
        if joins(&story.alert, &finding, self.limits().story_window) {
            story.add(finding, now_ms);
        } else {
            let previous = Some(story.alert.id.clone());
            stories.open(key, Story::open(finding, previous, now_ms));
        }
        Ok(())
    }

    async fn save(&self, tx: &mut Tx, story: &Story, now_ms: i64) -> Result<()> {
        if story.findings.is_empty() {
            return Ok(());
        }
        write_alert(tx, &story.alert).await?;
        write_rules(tx, story).await?;
        write_sample(tx, story, self.limits()).await?;
        let action = match (story.opened, story.escalated_from) {
            (true, _) => (
                "opened",
                serde_json::json!({ "rule_id": story.alert.rule_id }),
            ),
            (false, Some(from)) => (
                "escalated",
                serde_json::json!({ "from": from, "to": story.alert.severity_id }),
            ),
            (false, None) => return Ok(()),
        };
        crate::edit::write_history(tx, &story.alert, "ringfence", action, now_ms).await
    }
}

/// The stories that a batch touches; a story may have two alerts in one batch when a
/// pause longer than the window lies within it.
#[derive(Default)]
struct Stories {
    all: Vec<Story>,
    current: HashMap<(String, String), usize>,
}

impl Stories {
    fn resume(&mut self, key: (String, String), alert: Alert) {
        self.open(key, Story::resume(alert));
    }

    fn open(&mut self, key: (String, String), story: Story) {
        self.current.insert(key, self.all.len());
        self.all.push(story);
    }

    fn current_mut(&mut self, key: &(String, String)) -> Option<&mut Story> {
        let index = *self.current.get(key)?;
        self.all.get_mut(index)
    }
}

fn kind(story: &Story) -> Option<ChangeKind> {
    match (
        story.opened,
        story.escalated_from,
        story.findings.is_empty(),
    ) {
        // Read to see whether the finding joins it; it did not.
        (false, _, true) => None,
        (true, ..) => Some(ChangeKind::Opened),
        (false, Some(_), _) => Some(ChangeKind::Escalated),
        (false, None, _) => Some(ChangeKind::MoreFindings),
    }
}

/// Stores the identities of the batch and answers those that were not stored before.
async fn remember(tx: &mut Tx, batch: &[NewFinding], now_ms: i64) -> Result<HashSet<String>> {
    let mut fresh = HashSet::with_capacity(batch.len());
    for chunk in batch.chunks(CHUNK) {
        let mut sql = Sql::new("INSERT INTO findings_seen (uid, seen_ms) VALUES ");
        for (index, finding) in chunk.iter().enumerate() {
            sql.push(if index == 0 { "(" } else { ", (" });
            sql.bind(finding.stored_uid().into_owned())
                .push(", ")
                .bind(now_ms)
                .push(")");
        }
        sql.push(" ON CONFLICT (uid) DO NOTHING RETURNING uid");
        for row in sql.query().fetch_all(&mut *tx).await? {
            fresh.insert(row.try_get("uid")?);
        }
    }
    Ok(fresh)
}

/// The alert that a story would go on with: the newest that is not closed, else the
/// newest at all, to be linked from the next one.
async fn newest_of_story(tx: &mut Tx, finding: &NewFinding) -> Result<Option<Alert>> {
    let row = query(
        "SELECT * FROM alerts WHERE program = $1 AND story_key = $2
         ORDER BY CASE WHEN status = 'closed' THEN 1 ELSE 0 END, last_received_ms DESC, id DESC
         LIMIT 1",
    )
    .bind(finding.program.clone())
    .bind(finding.story_key.clone())
    .fetch_optional(&mut *tx)
    .await?;
    row.as_ref().map(Alert::read).transpose()
}

async fn write_alert(tx: &mut Tx, alert: &Alert) -> Result<()> {
    // Status, verdict and assignee belong to people and are not in the update.
    query(
        "INSERT INTO alerts (id, program, site, story_key, entity_kind, entity_value,
             severity_id, status, rule_id, title, message, first_steps, lead_time_ms, tags,
             finding_count, first_time_ms, last_time_ms, first_received_ms, last_received_ms,
             previous_id, created_ms, updated_ms, version)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17,
             $18, $19, $20, $21, $22, $23)
         ON CONFLICT (id) DO UPDATE SET severity_id = excluded.severity_id,
             rule_id = excluded.rule_id, title = excluded.title, message = excluded.message,
             first_steps = excluded.first_steps, lead_time_ms = excluded.lead_time_ms,
             tags = excluded.tags, finding_count = excluded.finding_count,
             first_time_ms = excluded.first_time_ms, last_time_ms = excluded.last_time_ms,
             first_received_ms = excluded.first_received_ms,
             last_received_ms = excluded.last_received_ms,
             updated_ms = excluded.updated_ms, version = excluded.version",
    )
    .bind(alert.id.clone())
    .bind(alert.program.clone())
    .bind(alert.site.clone())
    .bind(alert.story_key.clone())
    .bind(alert.entity_kind.clone())
    .bind(alert.entity_value.clone())
    .bind(i64::from(alert.severity_id))
    .bind(alert.status.as_str())
    .bind(alert.rule_id.clone())
    .bind(alert.title.clone())
    .bind(alert.message.clone())
    .bind(serde_json::json!(alert.first_steps).to_string())
    .bind(alert.lead_time_ms)
    .bind(serde_json::json!(alert.tags).to_string())
    .bind(bigint(alert.finding_count))
    .bind(alert.first_time_ms)
    .bind(alert.last_time_ms)
    .bind(alert.first_received_ms)
    .bind(alert.last_received_ms)
    .bind(alert.previous_id.clone())
    .bind(alert.created_ms)
    .bind(alert.updated_ms)
    .bind(bigint(alert.version))
    .execute(tx)
    .await?;
    Ok(())
}

async fn write_rules(tx: &mut Tx, story: &Story) -> Result<()> {
    for (rule_id, share) in &story.rules {
        query(
            "INSERT INTO alert_rules (alert_id, rule_id, title, severity_id, finding_count,
                 last_time_ms)
             VALUES ($1, $2, $3, $4, $5, $6)
             ON CONFLICT (alert_id, rule_id) DO UPDATE SET title = excluded.title,
                 finding_count = alert_rules.finding_count + excluded.finding_count,
                 severity_id = CASE WHEN excluded.severity_id > alert_rules.severity_id
                     THEN excluded.severity_id ELSE alert_rules.severity_id END,
                 last_time_ms = CASE WHEN excluded.last_time_ms > alert_rules.last_time_ms
                     THEN excluded.last_time_ms ELSE alert_rules.last_time_ms END",
        )
        .bind(story.alert.id.clone())
        .bind(rule_id.clone())
        .bind(share.title.clone())
        .bind(i64::from(share.severity_id))
        .bind(bigint(share.count))
        .bind(share.last_time_ms)
        .execute(tx)
        .await?;
    }
    Ok(())
}

async fn write_sample(tx: &mut Tx, story: &Story, limits: &Limits) -> Result<()> {
    for (seq, finding) in story.kept(limits) {
        query(
            "INSERT INTO findings (alert_id, seq, uid, program, rule_id, severity_id, time_ms,
                 received_ms, message, reason, event_ids)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
             ON CONFLICT (alert_id, seq) DO NOTHING",
        )
        .bind(story.alert.id.clone())
        .bind(bigint(*seq))
        .bind(finding.uid.clone())
        .bind(finding.program.clone())
        .bind(finding.rule_id.clone())
        .bind(i64::from(finding.severity_id))
        .bind(finding.time_ms)
        .bind(finding.received_ms)
        .bind(finding.message.clone())
        .bind(finding.reason.to_string())
        .bind(serde_json::json!(finding.event_ids).to_string())
        .execute(tx)
        .await?;
    }
    let (first, newest) = story.kept_edges(limits);
    query("DELETE FROM findings WHERE alert_id = $1 AND seq > $2 AND seq <= $3")
        .bind(story.alert.id.clone())
        .bind(bigint(first))
        .bind(bigint(newest))
        .execute(tx)
        .await?;
    Ok(())
}
