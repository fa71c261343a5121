//! Lists of alerts, a page at a time, and how many there are.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::alert::{Alert, Status};
use crate::cursor::Cursor;
use crate::error::{Error, Result};
use crate::filter::AlertFilter;
use crate::open::State;
use crate::scope::Scope;
use crate::sql::{Sql, count};

const DEFAULT_LIMIT: u32 = 50;
const MAX_LIMIT: u32 = 500;

/// Which page of a list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PageRequest {
    /// Rows on the page: 1 to 500, 50 if absent.
    pub limit: Option<u32>,
    /// The `next` of the page before; absent for the first.
    pub cursor: Option<String>,
}

impl PageRequest {
    pub(crate) fn limit(&self) -> u32 {
        self.limit.unwrap_or(DEFAULT_LIMIT).clamp(1, MAX_LIMIT)
    }

    /// One row more than shown says whether there is a next page.
    pub(crate) fn one_more(&self) -> i64 {
        i64::from(self.limit()) + 1
    }

    pub(crate) fn after(&self, tag: u32) -> Result<Option<Cursor>> {
        let read = self
            .cursor
            .as_deref()
            .map(|text| Cursor::decode(text, tag))
            .transpose();
        read.map_err(|error| Error::invalid("cursor", error.to_string()))
    }

    pub(crate) fn cut<T>(&self, mut items: Vec<T>, cursor: impl Fn(&T) -> Cursor) -> Page<T> {
        let limit = usize::try_from(self.limit()).unwrap_or(usize::MAX);
        let more = items.len() > limit;
        items.truncate(limit);
        let next = items
            .last()
            .filter(|_| more)
            .map(|item| cursor(item).encode());
        Page { items, next }
    }
}

/// A page of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Page<T> {
    /// Its rows.
    pub items: Vec<T>,
    /// The cursor of the next page; absent on the last.
    pub next: Option<String>,
}

/// The order of a list of alerts. Both sort by what never or hardly changes, so that an
/// alert that gets more findings does not wander between pages.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlertOrder {
    /// Last opened first.
    #[default]
    Newest,
    /// Most severe first, of equal ones the last opened.
    MostSevere,
}

/// How many alerts there are.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct AlertCounts {
    /// Not looked at.
    pub open: u64,
    /// Somebody is on it.
    pub acknowledged: u64,
    /// Done.
    pub closed: u64,
    /// Those not closed, by severity.
    pub by_severity: BTreeMap<u8, u64>,
}

impl State {
    /// A page of alerts.
    ///
    /// # Errors
    /// When the cursor belongs to another order, filter or caller.
    pub async fn list_alerts(
        &self,
        scope: &Scope,
        filter: &AlertFilter,
        order: AlertOrder,
        page: &PageRequest,
    ) -> Result<Page<Alert>> {
        let tag = Cursor::tag(&format!("alerts {order:?} {}", filter.text_form(scope)));
        let cursor = page.after(tag)?;
        let mut sql = Sql::new("SELECT * FROM alerts WHERE 1 = 1");
        filter.push(&mut sql, scope)?;
        match (order, cursor) {
            (AlertOrder::Newest, Some(cursor)) => {
                sql.push(" AND id < ").bind(cursor.id);
            }
            (AlertOrder::MostSevere, Some(cursor)) => {
                sql.push(" AND (severity_id, id) < (")
                    .bind(cursor.key)
                    .push(", ");
                sql.bind(cursor.id).push(")");
            }
            (_, None) => {}
        }
        sql.push(match order {
            AlertOrder::Newest => " ORDER BY id DESC LIMIT ",
            AlertOrder::MostSevere => " ORDER BY severity_id DESC, id DESC LIMIT ",
        });
        sql.bind(page.one_more());
        let rows = sql.query().fetch_all(self.reader()).await?;
        let alerts = rows.iter().map(Alert::read).collect::<Result<Vec<_>>>()?;
        Ok(page.cut(alerts, |alert| Cursor {
            tag,
            key: i64::from(alert.severity_id),
            id: alert.id.clone(),
        }))
    }

    /// How many alerts match, by status and severity.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn count_alerts(&self, scope: &Scope, filter: &AlertFilter) -> Result<AlertCounts> {
        let mut sql = Sql::new("SELECT status, severity_id, COUNT(*) AS n FROM alerts WHERE 1 = 1");
        filter.push(&mut sql, scope)?;
        sql.push(" GROUP BY status, severity_id");
        let mut counts = AlertCounts::default();
        for row in sql.query().fetch_all(self.reader()).await? {
            let status = Status::read(&row.try_get::<String>("status")?)?;
            let n = count(&row, "n")?;
            match status {
                Status::Open => counts.open += n,
                Status::Acknowledged => counts.acknowledged += n,
                Status::Closed => counts.closed += n,
            }
            if status != Status::Closed {
                let severity = u8::try_from(row.try_get::<i64>("severity_id")?).unwrap_or(0);
                *counts.by_severity.entry(severity).or_default() += n;
            }
        }
        Ok(counts)
    }
}
