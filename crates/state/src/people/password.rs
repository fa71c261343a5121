//! Passwords, wrong guesses and the lock that they bring (PCI DSS 8.3.4, 8.3.7).

use ringfence_crypto::PasswordHash;
use ringfence_identity::Login;

use crate::error::{Error, Result};
use crate::id::new_id;
use crate::limits::millis;
use crate::open::State;
use crate::people::factors::{self, OneTimeCode};
use crate::sql::{Row, Tx, query};

/// Passwords that may not come again, the one in force among them.
const REMEMBERED: i64 = 4;

/// What a person who says a name can prove themselves with.
#[derive(Debug, Clone)]
pub struct SignInAs {
    /// Id of the person.
    pub person: String,
    /// Their password, if they have one.
    pub password: Option<PasswordHash>,
    /// Wrong guesses have locked it until then.
    pub locked_until_ms: Option<i64>,
    /// Their devices with one-time codes.
    pub one_time_codes: Vec<OneTimeCode>,
}

impl State {
    /// Who signs in with a name, if anybody may.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn sign_in_as(&self, login: &Login, now_ms: i64) -> Result<Option<SignInAs>> {
        let row = query(
            "SELECT h.* FROM people h JOIN principals p ON p.id = h.id
             WHERE h.login = $1 AND p.disabled_ms IS NULL AND h.enrolled_ms IS NOT NULL",
        )
        .bind(login.as_str())
        .fetch_optional(self.reader())
        .await?;
        match row {
            Some(row) => self.prove_with(&row, now_ms).await.map(Some),
            None => Ok(None),
        }
    }

    /// The same of a person whose password was right, for their next step.
    ///
    /// # Errors
    /// As [`State::sign_in_as`].
    pub async fn sign_in_by_id(&self, person: &str, now_ms: i64) -> Result<Option<SignInAs>> {
        let row = query(
            "SELECT h.* FROM people h JOIN principals p ON p.id = h.id
             WHERE h.id = $1 AND p.disabled_ms IS NULL AND h.enrolled_ms IS NOT NULL",
        )
        .bind(person)
        .fetch_optional(self.reader())
        .await?;
        match row {
            Some(row) => self.prove_with(&row, now_ms).await.map(Some),
            None => Ok(None),
        }
    }

    async fn prove_with(&self, row: &Row, now_ms: i64) -> Result<SignInAs> {
        let person: String = row.try_get("id")?;
        let hash: Option<String> = row.try_get("password_hash")?;
        let locked: Option<i64> = row.try_get("locked_until_ms")?;
        Ok(SignInAs {
            one_time_codes: factors::one_time_codes(self, &person).await?,
            person,
            password: hash.as_deref().map(parse).transpose()?,
            locked_until_ms: locked.filter(|until| *until > now_ms),
        })
    }

    /// Counts a wrong password or code of a person; answers until when their password is locked, if
    /// it was this one that locked it.
    ///
    /// # Errors
    /// When the database cannot be written: then the guess must not go unpunished by an answer.
    pub async fn count_wrong(&self, person: &str, now_ms: i64) -> Result<Option<i64>> {
        let limits = &self.limits().sign_in;
        let mut tx = self.begin().await?;
        // A lock that is over leaves no guesses behind.
        query(
            "UPDATE people SET wrong = 0, locked_until_ms = NULL
             WHERE id = $1 AND locked_until_ms <= $2",
        )
        .bind(person)
        .bind(now_ms)
        .execute(&mut tx)
        .await?;
        let row = query("UPDATE people SET wrong = wrong + 1 WHERE id = $1 RETURNING wrong")
            .bind(person)
            .fetch_one(&mut tx)
            .await?;
        let wrong: i64 = row.try_get("wrong")?;
        let mut locked = None;
        if wrong == i64::from(limits.wrong) {
            let until = now_ms.saturating_add(millis(limits.locked_for));
            query("UPDATE people SET locked_until_ms = $1 WHERE id = $2")
                .bind(until)
                .bind(person)
                .execute(&mut tx)
                .await?;
            locked = Some(until);
        }
        tx.commit().await?;
        Ok(locked)
    }

    /// The passwords that a person may not take again: the last four (PCI DSS 8.3.7).
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn last_passwords(&self, person: &str) -> Result<Vec<PasswordHash>> {
        let rows = query(
            "SELECT password_hash FROM people WHERE id = $1 AND password_hash IS NOT NULL
             UNION ALL SELECT password_hash FROM old_passwords WHERE person_id = $1",
        )
        .bind(person)
        .fetch_all(self.reader())
        .await?;
        let hash = |text: String| parse(&text);
        rows.iter()
            .map(|row| row.try_get("password_hash").and_then(hash))
            .collect()
    }

    /// Sets a person's password; that before is remembered.
    ///
    /// # Errors
    /// When there is no such person, or the database cannot be written.
    pub async fn set_password(&self, person: &str, hash: &PasswordHash, now_ms: i64) -> Result<()> {
        let mut tx = self.begin().await?;
        set(&mut tx, person, hash, now_ms).await?;
        tx.commit().await
    }

    /// Writes the same password hashed in today's way.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn rehash_password(
        &self,
        person: &str,
        before: &PasswordHash,
        after: &PasswordHash,
    ) -> Result<()> {
        let mut tx = self.begin().await?;
        query("UPDATE people SET password_hash = $1 WHERE id = $2 AND password_hash = $3")
            .bind(after.reveal())
            .bind(person)
            .bind(before.reveal())
            .execute(&mut tx)
            .await?;
        tx.commit().await
    }
}

pub(super) async fn set(tx: &mut Tx, person: &str, hash: &PasswordHash, now_ms: i64) -> Result<()> {
    remember(tx, person, now_ms).await?;
    let done = query("UPDATE people SET password_hash = $1, password_ms = $2 WHERE id = $3")
        .bind(hash.reveal())
        .bind(now_ms)
        .bind(person)
        .execute(tx)
        .await?;
    match done {
        0 => Err(Error::not_found("person", person)),
        _ => Ok(()),
    }
}

/// There is no password any longer; it is remembered as one that may not come again.
pub(super) async fn forget(tx: &mut Tx, person: &str) -> Result<()> {
    remember(tx, person, 0).await?;
    query("UPDATE people SET password_hash = NULL, password_ms = NULL WHERE id = $1")
        .bind(person)
        .execute(tx)
        .await?;
    Ok(())
}

async fn remember(tx: &mut Tx, person: &str, now_ms: i64) -> Result<()> {
    query(
        "INSERT INTO old_passwords (id, person_id, password_hash)
         SELECT $1, id, password_hash FROM people WHERE id = $2 AND password_hash IS NOT NULL",
    )
    .bind(new_id(now_ms)?)
    .bind(person)
    .execute(&mut *tx)
    .await?;
    query(
        "DELETE FROM old_passwords WHERE person_id = $1 AND id NOT IN
         (SELECT id FROM old_passwords WHERE person_id = $1 ORDER BY id DESC LIMIT $2)",
    )
    .bind(person)
    .bind(REMEMBERED - 1)
    .execute(tx)
    .await?;
    Ok(())
}

fn parse(text: &str) -> Result<PasswordHash> {
    PasswordHash::parse(text).map_err(|_| Error::Corrupt("password hash"))
}
