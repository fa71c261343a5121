//! Views and queries that somebody keeps under a name.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::id::new_id;
use crate::names;
use crate::open::State;
use crate::sql::{Row, json, query};

/// How many one person may have of each kind.
const MOST: i64 = 200;
/// Bytes of one.
const MAX_CONTENT: usize = 32 << 10;

/// What kind of thing is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SavedKind {
    /// Filters of the list of alerts.
    Alerts,
    /// A search.
    Query,
}

impl SavedKind {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Alerts => "alerts",
            Self::Query => "query",
        }
    }

    fn read(text: &str) -> Result<Self> {
        [Self::Alerts, Self::Query]
            .into_iter()
            .find(|kind| kind.as_str() == text)
            .ok_or(Error::Corrupt("kind of something saved"))
    }
}

/// Something to keep.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewSaved {
    /// What kind of thing it is.
    pub kind: SavedKind,
    /// What its owner calls it.
    pub name: String,
    /// What the console makes of it.
    pub content: serde_json::Map<String, serde_json::Value>,
}

/// Something kept.
#[derive(Debug, Clone, Serialize)]
pub struct Saved {
    /// Its id.
    pub id: String,
    /// What kind of thing it is.
    pub kind: SavedKind,
    /// What its owner calls it.
    pub name: String,
    /// What the console makes of it.
    pub content: serde_json::Value,
    /// When it was saved.
    pub created_ms: i64,
}

impl State {
    /// What `owner` (a principal's id) keeps, by name.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn list_saved(&self, owner: &str, kind: Option<SavedKind>) -> Result<Vec<Saved>> {
        let rows = query(
            "SELECT * FROM saved WHERE owner = $1 AND ($2 = '' OR kind = $2) ORDER BY kind, name",
        )
        .bind(owner.to_owned())
        .bind(kind.map_or("", SavedKind::as_str).to_owned())
        .fetch_all(self.reader())
        .await?;
        rows.iter().map(read).collect()
    }

    /// Keeps something; what has the same kind and name gives way.
    ///
    /// # Errors
    /// When the name is empty, longer than 80 characters or not visible text, the content is
    /// longer than 32 KiB, or there are 200 of them already.
    pub async fn keep_saved(&self, owner: &str, new: &NewSaved, now_ms: i64) -> Result<Saved> {
        names::name("name", &new.name)?;
        names::text_field("name", &new.name, 80)?;
        let content = serde_json::to_string(&new.content).unwrap_or_default();
        if content.len() > MAX_CONTENT {
            return Err(Error::invalid("content", "must not be longer than 32 KiB"));
        }
        let mut tx = self.begin().await?;
        query("DELETE FROM saved WHERE owner = $1 AND kind = $2 AND name = $3")
            .bind(owner.to_owned())
            .bind(new.kind.as_str().to_owned())
            .bind(new.name.clone())
            .execute(&mut tx)
            .await?;
        let there = query("SELECT COUNT(*) AS n FROM saved WHERE owner = $1 AND kind = $2")
            .bind(owner.to_owned())
            .bind(new.kind.as_str().to_owned())
            .fetch_one(&mut tx)
            .await?;
        if there.try_get::<i64>("n")? >= MOST {
            let reason = format!("{MOST} are kept already: delete one first");
            return Err(Error::Conflict(reason));
        }
        let id = new_id(now_ms)?;
        query(
            "INSERT INTO saved (id, owner, kind, name, content, created_ms)
             VALUES ($1, $2, $3, $4, $5, $6)",
        )
        .bind(id.clone())
        .bind(owner.to_owned())
        .bind(new.kind.as_str().to_owned())
        .bind(new.name.clone())
        .bind(content)
        .bind(now_ms)
        .execute(&mut tx)
        .await?;
        let row = query("SELECT * FROM saved WHERE id = $1")
            .bind(id)
            .fetch_one(&mut tx)
            .await?;
        tx.commit().await?;
        read(&row)
    }

    /// Forgets something.
    ///
    /// # Errors
    /// When `owner` keeps nothing of this id.
    pub async fn forget_saved(&self, owner: &str, id: &str) -> Result<()> {
        let mut tx = self.begin().await?;
        let done = query("DELETE FROM saved WHERE owner = $1 AND id = $2")
            .bind(owner.to_owned())
            .bind(id.to_owned())
            .execute(&mut tx)
            .await?;
        if done == 0 {
            return Err(Error::not_found("saved view or query", id));
        }
        tx.commit().await
    }
}

fn read(row: &Row) -> Result<Saved> {
    Ok(Saved {
        id: row.try_get("id")?,
        kind: SavedKind::read(&row.try_get::<String>("kind")?)?,
        name: row.try_get("name")?,
        content: json(row, "content")?,
        created_ms: row.try_get("created_ms")?,
    })
}
