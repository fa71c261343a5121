//! Which alerts a list, a count or a bulk action is about.

use serde::{Deserialize, Serialize};

use crate::alert::Status;
use crate::error::{Error, Result};
use crate::scope::Scope;
use crate::sql::{Sql, contains_pattern};

const MAX_TEXT: usize = 200;

/// Conditions that must all hold; what is absent does not restrict.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AlertFilter {
    /// Any of these; empty means any.
    pub status: Vec<Status>,
    /// At least this severe.
    pub min_severity_id: Option<u8>,
    /// A finding of this rule is among its findings.
    pub rule_id: Option<String>,
    /// The kind of entity, such as `agent`.
    pub entity_kind: Option<String>,
    /// The entity, such as `4711`.
    pub entity_value: Option<String>,
    /// Of this program.
    pub program: Option<String>,
    /// At this site.
    pub site: Option<String>,
    /// Of this assignee; the empty text means nobody.
    pub assignee: Option<String>,
    /// This text occurs in title, message, entity or story, letter case aside.
    pub text: Option<String>,
    /// Its latest finding happened at this time or later.
    pub from_ms: Option<i64>,
    /// Its earliest finding happened before this time.
    pub to_ms: Option<i64>,
}

impl AlertFilter {
    /// The identity of filter and scope, for cursors.
    pub(crate) fn text_form(&self, scope: &Scope) -> String {
        serde_json::json!([self, scope]).to_string()
    }

    /// Appends the conditions, the scope's among them.
    pub(crate) fn push(&self, sql: &mut Sql, scope: &Scope) -> Result<()> {
        if !self.status.is_empty() {
            sql.push(" AND status IN ")
                .list(self.status.iter().map(|status| status.as_str()));
        }
        if let Some(severity) = self.min_severity_id {
            sql.push(" AND severity_id >= ").bind(i64::from(severity));
        }
        if let Some(rule) = &self.rule_id {
            sql.push(" AND EXISTS (SELECT 1 FROM alert_rules r WHERE r.alert_id = alerts.id")
                .push(" AND r.rule_id = ")
                .bind(rule.clone())
                .push(")");
        }
        let equal = [
            (" AND entity_kind = ", &self.entity_kind),
            (" AND entity_value = ", &self.entity_value),
            (" AND program = ", &self.program),
            (" AND site = ", &self.site),
        ];
        for (condition, value) in equal {
            if let Some(value) = value {
                sql.push(condition).bind(value.clone());
            }
        }
        match self.assignee.as_deref() {
            None => {}
            Some("") => drop(sql.push(" AND assignee IS NULL")),
            Some(name) => drop(sql.push(" AND assignee = ").bind(name.to_owned())),
        }
        if let Some(text) = self.text.as_deref().filter(|text| !text.is_empty()) {
            push_text(sql, text)?;
        }
        if let Some(from_ms) = self.from_ms {
            sql.push(" AND last_time_ms >= ").bind(from_ms);
        }
        if let Some(to_ms) = self.to_ms {
            sql.push(" AND first_time_ms < ").bind(to_ms);
        }
        sql.within(scope);
        Ok(())
    }
}

fn push_text(sql: &mut Sql, text: &str) -> Result<()> {
    if text.chars().count() > MAX_TEXT {
        let reason = format!("must not be longer than {MAX_TEXT} characters");
        return Err(Error::invalid("text", reason));
    }
    let pattern = contains_pattern(text);
    let columns = [
        " AND (LOWER(title) LIKE ",
        " OR LOWER(message) LIKE ",
        " OR LOWER(entity_value) LIKE ",
        " OR LOWER(story_key) LIKE ",
    ];
    for column in columns {
        sql.push(column).bind(pattern.clone()).push(" ESCAPE '\\'");
    }
    sql.push(")");
    Ok(())
}
