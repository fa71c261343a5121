//! Records of the evidence log for whoever takes them elsewhere, and for those whom they are about.

use std::ops::Range;

use crate::cursor::Cursor;
use crate::error::{Error, Result};
use crate::evidence::{Evidence, EvidenceFilter, read, word};
use crate::list::{Page, PageRequest};
use crate::open::State;
use crate::scope::Scope;
use crate::sql::{Sql, bigint, count};

impl State {
    /// How many records before number `below` a filter wants. Whoever needs to know whether there are more
    /// than `most` is answered `most + 1` then, and no more is counted.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn count_evidence(
        &self,
        scope: &Scope,
        filter: &EvidenceFilter,
        below: u64,
        most: u64,
    ) -> Result<u64> {
        let mut sql = Sql::new("SELECT COUNT(*) AS n FROM (SELECT idx FROM evidence WHERE idx < ");
        sql.bind(bigint(below));
        filter.push(&mut sql);
        sql.within(scope)
            .push(" LIMIT ")
            .bind(bigint(most.saturating_add(1)))
            .push(") AS wanted");
        count(&sql.query().fetch_one(self.reader()).await?, "n")
    }

    /// Records with these numbers that a filter wants, in the order of the log, at most `most`.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn evidence_in_order(
        &self,
        scope: &Scope,
        filter: &EvidenceFilter,
        numbers: Range<u64>,
        most: u32,
    ) -> Result<Vec<Evidence>> {
        let mut sql = Sql::new("SELECT * FROM evidence WHERE idx >= ");
        sql.bind(bigint(numbers.start))
            .push(" AND idx < ")
            .bind(bigint(numbers.end));
        filter.push(&mut sql);
        sql.within(scope)
            .push(" ORDER BY idx LIMIT ")
            .bind(i64::from(most));
        let rows = sql.query().fetch_all(self.reader()).await?;
        rows.iter().map(read).collect()
    }

    /// Records of what somebody did, and of what was done to them, in whatever program; the newest first.
    ///
    /// # Errors
    /// When the cursor belongs to another list.
    pub async fn evidence_about(&self, who: &str, page: &PageRequest) -> Result<Page<Evidence>> {
        let tag = Cursor::tag(&format!("evidence about {who}"));
        let after = page.after(tag)?.map(|cursor| cursor.key);
        // Each half by its own index: whoever did much is not looked for in all of it.
        let mut sql = Sql::new("SELECT * FROM (SELECT * FROM evidence WHERE actor = ");
        half(&mut sql, who, after, page);
        sql.push(") AS did UNION SELECT * FROM (SELECT * FROM evidence WHERE target = ");
        half(&mut sql, who, after, page);
        sql.push(") AS suffered ORDER BY idx DESC LIMIT ")
            .bind(page.one_more());
        let rows = sql.query().fetch_all(self.reader()).await?;
        let kept = rows.iter().map(read).collect::<Result<Vec<_>>>()?;
        Ok(page.cut(kept, |last| Cursor {
            tag,
            key: bigint(last.index),
            id: String::new(),
        }))
    }

    /// One of these records.
    ///
    /// # Errors
    /// When there is none of that number about them.
    pub async fn evidence_about_one(&self, who: &str, index: u64) -> Result<Evidence> {
        let mut sql = Sql::new("SELECT * FROM evidence WHERE idx = ");
        sql.bind(bigint(index)).push(" AND (actor = ");
        sql.bind(word(who)).push(" OR target = ");
        sql.bind(word(who)).push(")");
        let row = sql.query().fetch_optional(self.reader()).await?;
        let none = || Error::not_found("entry of the evidence log about you", &index.to_string());
        read(&row.ok_or_else(none)?)
    }
}

fn half(sql: &mut Sql, who: &str, after: Option<i64>, page: &PageRequest) {
    sql.bind(word(who));
    if let Some(after) = after {
        sql.push(" AND idx < ").bind(after);
    }
    sql.push(" ORDER BY idx DESC LIMIT ").bind(page.one_more());
}
