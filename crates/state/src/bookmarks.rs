//! Where readers of things outside go on: how far a watched file was read, for example.
//!
//! A reader saves its bookmark *after* what lies before it is on the spine. Killed between the two
//! it reads that part again, and the spine recognises it.

use crate::error::{Error, Result};
use crate::names;
use crate::open::State;
use crate::sql::query;

/// A bookmark's value is a short text.
const MAX_VALUE: usize = 16 << 10;

impl State {
    /// All bookmarks of a reader, by name.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn bookmarks(&self, owner: &str) -> Result<Vec<(String, String)>> {
        let rows = query("SELECT name, value FROM bookmarks WHERE owner = $1 ORDER BY name")
            .bind(owner.to_owned())
            .fetch_all(self.reader())
            .await?;
        rows.iter()
            .map(|row| Ok((row.try_get("name")?, row.try_get("value")?)))
            .collect()
    }

    /// Sets bookmarks, and removes those without a value: all of it or nothing.
    ///
    /// # Errors
    /// When a name has control characters or more than 200 characters, a value is longer than
    /// 16 KiB, or the database cannot be written.
    pub async fn set_bookmarks(
        &self,
        owner: &str,
        marks: &[(String, Option<String>)],
        now_ms: i64,
    ) -> Result<()> {
        names::text_field("owner", owner, 200)?;
        let mut tx = self.begin().await?;
        for (name, value) in marks {
            names::text_field("name", name, 200)?;
            let Some(value) = value else {
                query("DELETE FROM bookmarks WHERE owner = $1 AND name = $2")
                    .bind(owner.to_owned())
                    .bind(name.clone())
                    .execute(&mut tx)
                    .await?;
                continue;
            };
            if value.len() > MAX_VALUE {
                return Err(Error::invalid("value", "must not be longer than 16 KiB"));
            }
            query(
                "INSERT INTO bookmarks (owner, name, value, updated_ms) VALUES ($1, $2, $3, $4)
                 ON CONFLICT (owner, name) DO UPDATE
                 SET value = excluded.value, updated_ms = excluded.updated_ms",
            )
            .bind(owner.to_owned())
            .bind(name.clone())
            .bind(value.clone())
            .bind(now_ms)
            .execute(&mut tx)
            .await?;
        }
        tx.commit().await
    }
}
