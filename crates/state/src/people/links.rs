//! Links: whom a provider of sign-in calls somebody, and who that is here.

use ringfence_identity::Login;
use serde::Serialize;

use crate::error::{Error, Result};
use crate::id::new_id;
use crate::open::State;
use crate::people::account;
use crate::sql::{Row, Tx, query};

/// Links that one person has at most.
const MOST: usize = 10;

/// An account of somebody at a provider.
#[derive(Debug, Clone, Serialize)]
pub struct Link {
    /// Its id.
    pub id: String,
    /// The provider's name for itself.
    pub issuer: String,
    /// The person there.
    pub subject: String,
    /// Since when, ms.
    pub linked_ms: i64,
    /// When it was last signed in with, ms.
    pub used_ms: Option<i64>,
}

/// Whose an account at a provider is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Linked {
    /// Id of the link.
    pub link: String,
    /// Id of the person.
    pub person: String,
    /// Whether they may sign in at all.
    pub is_enabled: bool,
}

impl State {
    /// The links of a person, oldest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn links(&self, person: &str) -> Result<Vec<Link>> {
        let rows = query("SELECT * FROM identities WHERE person_id = $1 ORDER BY linked_ms, id")
            .bind(person)
            .fetch_all(self.reader())
            .await?;
        rows.iter().map(read).collect()
    }

    /// Whose an account at a provider is, if it is anybody's.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn linked(&self, issuer: &str, subject: &str) -> Result<Option<Linked>> {
        let row = query(
            "SELECT i.id, i.person_id, p.disabled_ms, h.enrolled_ms FROM identities i
             JOIN people h ON h.id = i.person_id JOIN principals p ON p.id = i.person_id
             WHERE i.issuer = $1 AND i.subject = $2",
        )
        .bind(issuer)
        .bind(subject)
        .fetch_optional(self.reader())
        .await?;
        row.map(|row| {
            let disabled: Option<i64> = row.try_get("disabled_ms")?;
            let enrolled: Option<i64> = row.try_get("enrolled_ms")?;
            Ok(Linked {
                link: row.try_get("id")?,
                person: row.try_get("person_id")?,
                is_enabled: disabled.is_none() && enrolled.is_some(),
            })
        })
        .transpose()
    }

    /// Links an account at a provider to a person, who proved that both are theirs.
    ///
    /// # Errors
    /// When it is somebody's already, or they have too many.
    pub async fn link(
        &self,
        person: &str,
        issuer: &str,
        subject: &str,
        now_ms: i64,
    ) -> Result<Link> {
        let mut tx = self.begin().await?;
        let link = insert(&mut tx, person, issuer, subject, now_ms).await?;
        tx.commit().await?;
        Ok(link)
    }

    /// Links an account at a provider to whoever has this sign-in name, at their first sign-in: that is
    /// their enrolment, and any code for another is good no longer. Nobody if there is no such person, or
    /// they are switched off, have enrolled or been linked before, or administer anything: these link
    /// accounts themselves.
    ///
    /// # Errors
    /// When the account is somebody's already, or the database cannot be written.
    pub async fn link_first(
        &self,
        login: &Login,
        issuer: &str,
        subject: &str,
        now_ms: i64,
    ) -> Result<Option<Linked>> {
        let mut tx = self.begin().await?;
        let row = query(
            "SELECT h.id FROM people h JOIN principals p ON p.id = h.id
             WHERE h.login = $1 AND h.enrolled_ms IS NULL AND p.disabled_ms IS NULL
             AND h.password_hash IS NULL
             AND NOT EXISTS (SELECT 1 FROM factors f WHERE f.person_id = h.id)
             AND NOT EXISTS (SELECT 1 FROM identities i WHERE i.person_id = h.id)
             AND NOT EXISTS (SELECT 1 FROM assignments a
                             WHERE a.principal_id = h.id AND a.role = 'administrator')
             AND NOT EXISTS (SELECT 1 FROM reserves r
                             WHERE r.principal_id = h.id AND r.role = 'administrator')",
        )
        .bind(login.as_str())
        .fetch_optional(&mut tx)
        .await?;
        let Some(row) = row else { return Ok(None) };
        let person: String = row.try_get("id")?;
        let link = insert(&mut tx, &person, issuer, subject, now_ms).await?;
        query("UPDATE people SET enrolled_ms = $1 WHERE id = $2")
            .bind(now_ms)
            .bind(person.clone())
            .execute(&mut tx)
            .await?;
        query("DELETE FROM enrolments WHERE person_id = $1")
            .bind(person.clone())
            .execute(&mut tx)
            .await?;
        tx.commit().await?;
        self.principals_changed();
        Ok(Some(Linked {
            link: link.id,
            person,
            is_enabled: true,
        }))
    }

    /// Takes a link away; sessions that were opened with it end. `keep_a_way_in`: not the last that its
    /// owner can sign in with.
    ///
    /// # Errors
    /// When they have none of this id, or it is the last way in: theirs, or that of anybody who
    /// administers.
    pub async fn unlink(
        &self,
        person: &str,
        link: &str,
        keep_a_way_in: bool,
        now_ms: i64,
    ) -> Result<Link> {
        let mut tx = self.begin().await?;
        let rows = query("SELECT * FROM identities WHERE person_id = $1")
            .bind(person)
            .fetch_all(&mut tx)
            .await?;
        let all: Vec<_> = rows.iter().map(read).collect::<Result<_>>()?;
        let gone = all.iter().find(|known| known.id == link).cloned();
        let gone = gone.ok_or_else(|| Error::not_found("link", link))?;
        if keep_a_way_in && all.len() == 1 && !has_way_in(&mut tx, person).await? {
            let reason = "it is the last that you can sign in with: add a passkey first";
            return Err(Error::Conflict(reason.to_owned()));
        }
        let had = account::administered(&mut tx, now_ms).await?;
        for statement in [
            "DELETE FROM sessions WHERE identity_id = $1",
            "DELETE FROM identities WHERE id = $1",
        ] {
            query(statement).bind(link).execute(&mut tx).await?;
        }
        account::must_keep_administrator(&mut tx, had, now_ms).await?;
        tx.commit().await?;
        self.session_index().invalidate();
        Ok(gone)
    }

    /// Ends the sessions that were opened with a provider's account: those of a subject, of a session
    /// there, or of both, as far as they are said. Answers whose those were.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn end_provider_sessions(
        &self,
        issuer: &str,
        subject: Option<&str>,
        session: Option<&str>,
    ) -> Result<Vec<String>> {
        if subject.is_none() && session.is_none() {
            return Ok(Vec::new());
        }
        let mut tx = self.begin().await?;
        let rows = query(
            "DELETE FROM sessions WHERE identity_id IN
                 (SELECT id FROM identities WHERE issuer = $1 AND COALESCE($2, subject) = subject)
             AND COALESCE($3, provider_session, '') = COALESCE(provider_session, '')
             RETURNING principal_id",
        )
        .bind(issuer)
        .bind(subject)
        .bind(session)
        .fetch_all(&mut tx)
        .await?;
        tx.commit().await?;
        self.session_index().invalidate();
        let mut whose: Vec<String> = rows
            .iter()
            .map(|row| row.try_get("principal_id"))
            .collect::<Result<_>>()?;
        whose.sort();
        whose.dedup();
        Ok(whose)
    }
}

/// Notes a sign-in, within the transaction that opens its session.
pub(crate) async fn used(tx: &mut Tx, person: &str, link: &str, now_ms: i64) -> Result<()> {
    let done = query("UPDATE identities SET used_ms = $1 WHERE id = $2 AND person_id = $3")
        .bind(now_ms)
        .bind(link)
        .bind(person)
        .execute(tx)
        .await?;
    // It was taken away while its owner signed in.
    match done {
        0 => Err(Error::not_found("link", link)),
        _ => Ok(()),
    }
}

/// Whether somebody can sign in with what they have here: a passkey, or a password with codes.
async fn has_way_in(tx: &mut Tx, person: &str) -> Result<bool> {
    let found = query(
        "SELECT f.id FROM factors f JOIN people h ON h.id = f.person_id
         WHERE h.id = $1 AND (f.kind = 'passkey' OR h.password_hash IS NOT NULL) LIMIT 1",
    )
    .bind(person)
    .fetch_optional(tx)
    .await?;
    Ok(found.is_some())
}

async fn insert(
    tx: &mut Tx,
    person: &str,
    issuer: &str,
    subject: &str,
    now_ms: i64,
) -> Result<Link> {
    let rows = query("SELECT id FROM identities WHERE person_id = $1")
        .bind(person)
        .fetch_all(&mut *tx)
        .await?;
    if rows.len() >= MOST {
        let reason = format!("{MOST} at most: take one away first");
        return Err(Error::invalid("link", reason));
    }
    let link = Link {
        id: new_id(now_ms)?,
        issuer: issuer.to_owned(),
        subject: subject.to_owned(),
        linked_ms: now_ms,
        used_ms: None,
    };
    query(
        "INSERT INTO identities (id, issuer, subject, person_id, linked_ms)
         VALUES ($1, $2, $3, $4, $5)",
    )
    .bind(link.id.clone())
    .bind(issuer)
    .bind(subject)
    .bind(person)
    .bind(now_ms)
    .execute(tx)
    .await
    .map_err(|e| account::taken(e, "link", "that account is somebody's here already"))?;
    Ok(link)
}

fn read(row: &Row) -> Result<Link> {
    Ok(Link {
        id: row.try_get("id")?,
        issuer: row.try_get("issuer")?,
        subject: row.try_get("subject")?,
        linked_ms: row.try_get("linked_ms")?,
        used_ms: row.try_get("used_ms")?,
    })
}
