//! Passkeys, one-time codes and recovery codes.

use ringfence_crypto::{from_base64url, to_base64url, to_hex};
use ringfence_identity::webauthn::{Passkey, Proof};
use serde::Serialize;

use crate::error::{Error, Result};
use crate::id::new_id;
use crate::names;
use crate::open::State;
use crate::sql::{Row, Tx, bigint, query};

/// Factors of one kind that a person has at most.
const MOST: usize = 20;

/// What a factor is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FactorKind {
    /// A WebAuthn credential.
    Passkey,
    /// A device that shows one-time codes (RFC 6238).
    Totp,
}

/// What somebody proves themselves with, as they see it.
#[derive(Debug, Clone, Serialize)]
pub struct Factor {
    /// Its id.
    pub id: String,
    /// What it is.
    pub kind: FactorKind,
    /// What its owner calls it.
    pub name: String,
    /// When it was added, ms.
    pub added_ms: i64,
    /// When it was last used, ms.
    pub used_ms: Option<i64>,
    /// A passkey that its maker copies to other devices of its owner.
    pub synced: Option<bool>,
}

/// A passkey and whose it is.
#[derive(Debug, Clone)]
pub struct KnownPasskey {
    /// Id of the factor.
    pub factor: String,
    /// Id of the person.
    pub person: String,
    /// Their WebAuthn user handle.
    pub handle: Vec<u8>,
    /// The passkey itself.
    pub passkey: Passkey,
}

/// A device with one-time codes.
#[derive(Debug, Clone)]
pub struct OneTimeCode {
    /// Id of the factor.
    pub factor: String,
    /// Its secret as it was sealed.
    pub sealed: Vec<u8>,
    /// The step of the last code that was taken; that and earlier ones are replays.
    pub last_step: Option<u64>,
}

impl State {
    /// The factors of a person, oldest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn factors(&self, person: &str) -> Result<Vec<Factor>> {
        let rows = query("SELECT * FROM factors WHERE person_id = $1 ORDER BY added_ms, id")
            .bind(person)
            .fetch_all(self.reader())
            .await?;
        rows.iter().map(read).collect()
    }

    /// Adds a passkey.
    ///
    /// # Errors
    /// When it is somebody's already, the name is invalid, or there are too many.
    pub async fn add_passkey(
        &self,
        person: &str,
        passkey: &Passkey,
        name: &str,
        now_ms: i64,
    ) -> Result<()> {
        let mut tx = self.begin().await?;
        add_passkey(&mut tx, person, passkey, name, now_ms).await?;
        tx.commit().await
    }

    /// Adds a device with one-time codes, whose secret the caller sealed and whose code of `step`
    /// proved that it is there.
    ///
    /// # Errors
    /// When the name is invalid, or there are too many.
    pub async fn add_one_time_codes(
        &self,
        person: &str,
        sealed: &[u8],
        step: u64,
        name: &str,
        now_ms: i64,
    ) -> Result<()> {
        let mut tx = self.begin().await?;
        add_one_time_codes(&mut tx, person, sealed, step, name, now_ms).await?;
        tx.commit().await
    }

    /// Takes a factor away.
    ///
    /// # Errors
    /// When there is none of this id, or it is the last that its owner can sign in with.
    pub async fn remove_factor(&self, person: &str, factor: &str) -> Result<Factor> {
        let mut tx = self.begin().await?;
        let rows = query("SELECT * FROM factors WHERE person_id = $1")
            .bind(person)
            .fetch_all(&mut tx)
            .await?;
        let all: Vec<_> = rows.iter().map(read).collect::<Result<_>>()?;
        let gone = all.iter().find(|known| known.id == factor).cloned();
        let gone = gone.ok_or_else(|| Error::not_found("factor", factor))?;
        let password = query("SELECT password_hash FROM people WHERE id = $1")
            .bind(person)
            .fetch_one(&mut tx)
            .await?
            .try_get::<Option<String>>("password_hash")?;
        // One-time codes open nothing without a password.
        let opens = |kind| kind == FactorKind::Passkey || password.is_some();
        if !all
            .iter()
            .any(|known| known.id != factor && opens(known.kind))
        {
            let reason = "it is the last that you can sign in with: add another one first";
            return Err(Error::Conflict(reason.to_owned()));
        }
        query("DELETE FROM factors WHERE id = $1")
            .bind(factor)
            .execute(&mut tx)
            .await?;
        tx.commit().await?;
        Ok(gone)
    }

    /// The passkey of a credential id, if its owner may sign in.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn passkey(&self, credential: &[u8]) -> Result<Option<KnownPasskey>> {
        let row = query(
            "SELECT f.*, h.handle FROM factors f JOIN people h ON h.id = f.person_id
             JOIN principals p ON p.id = f.person_id
             WHERE f.credential = $1 AND p.disabled_ms IS NULL AND h.enrolled_ms IS NOT NULL",
        )
        .bind(to_base64url(credential))
        .fetch_optional(self.reader())
        .await?;
        row.map(|row| {
            Ok(KnownPasskey {
                factor: row.try_get("id")?,
                person: row.try_get("person_id")?,
                handle: bytes(&row, "handle")?,
                passkey: passkey(&row)?,
            })
        })
        .transpose()
    }

    /// The passkeys of a person, so that none is made twice.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn passkeys_of(&self, person: &str) -> Result<Vec<Passkey>> {
        let rows = query("SELECT * FROM factors WHERE person_id = $1 AND kind = 'passkey'")
            .bind(person)
            .fetch_all(self.reader())
            .await?;
        rows.iter().map(passkey).collect()
    }

    /// The WebAuthn user handle of a person.
    ///
    /// # Errors
    /// When there is no such person.
    pub async fn handle_of(&self, person: &str) -> Result<Vec<u8>> {
        let row = query("SELECT handle FROM people WHERE id = $1")
            .bind(person)
            .fetch_optional(self.reader())
            .await?
            .ok_or_else(|| Error::not_found("person", person))?;
        bytes(&row, "handle")
    }

    /// Notes the use of a passkey. Answers whether its counter still was what it was proved against:
    /// of two uses at once with one counter, the second is a replay.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn used_passkey(
        &self,
        known: &KnownPasskey,
        proof: &Proof,
        now_ms: i64,
    ) -> Result<bool> {
        let mut tx = self.begin().await?;
        let done = query(
            "UPDATE factors SET sign_count = $1, backup_state = $2, used_ms = $3
             WHERE id = $4 AND sign_count = $5",
        )
        .bind(i64::from(proof.sign_count))
        .bind(i64::from(proof.backup_state))
        .bind(now_ms)
        .bind(known.factor.clone())
        .bind(i64::from(known.passkey.sign_count))
        .execute(&mut tx)
        .await?;
        tx.commit().await?;
        Ok(done == 1)
    }

    /// Takes a one-time code: answers whether none of this step or a later one was taken before.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn use_one_time_code(&self, factor: &str, step: u64, now_ms: i64) -> Result<bool> {
        let mut tx = self.begin().await?;
        let done = query(
            "UPDATE factors SET last_step = $1, used_ms = $2
             WHERE id = $3 AND (last_step IS NULL OR last_step < $1)",
        )
        .bind(bigint(step))
        .bind(now_ms)
        .bind(factor)
        .execute(&mut tx)
        .await?;
        tx.commit().await?;
        Ok(done == 1)
    }

    /// Takes a recovery code, which is good once.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn use_recovery_code(
        &self,
        person: &str,
        digest: &[u8; 32],
        now_ms: i64,
    ) -> Result<bool> {
        let mut tx = self.begin().await?;
        let done = query(
            "UPDATE recovery_codes SET used_ms = $1
             WHERE digest = $2 AND person_id = $3 AND used_ms IS NULL",
        )
        .bind(now_ms)
        .bind(to_hex(digest))
        .bind(person)
        .execute(&mut tx)
        .await?;
        tx.commit().await?;
        Ok(done == 1)
    }

    /// Puts new recovery codes in the place of all that a person has.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn renew_recovery_codes(&self, person: &str, digests: &[[u8; 32]]) -> Result<()> {
        let mut tx = self.begin().await?;
        set_recovery(&mut tx, person, digests).await?;
        tx.commit().await
    }
}

pub(super) async fn add_passkey(
    tx: &mut Tx,
    person: &str,
    passkey: &Passkey,
    name: &str,
    now_ms: i64,
) -> Result<()> {
    room(tx, person, name).await?;
    query(
        "INSERT INTO factors (id, person_id, kind, name, added_ms, credential, public_key,
             sign_count, backup_eligible, backup_state, aaguid, transports)
         VALUES ($1, $2, 'passkey', $3, $4, $5, $6, $7, $8, $9, $10, $11)",
    )
    .bind(new_id(now_ms)?)
    .bind(person)
    .bind(name)
    .bind(now_ms)
    .bind(to_base64url(&passkey.id))
    .bind(to_base64url(&passkey.public_key))
    .bind(i64::from(passkey.sign_count))
    .bind(i64::from(passkey.backup_eligible))
    .bind(i64::from(passkey.backup_state))
    .bind(to_hex(&passkey.aaguid))
    .bind(passkey.transports.join(","))
    .execute(tx)
    .await
    .map_err(|error| match error.is_unique_violation() {
        true => Error::Conflict("this passkey is known already".to_owned()),
        false => error,
    })?;
    Ok(())
}

pub(super) async fn add_one_time_codes(
    tx: &mut Tx,
    person: &str,
    sealed: &[u8],
    step: u64,
    name: &str,
    now_ms: i64,
) -> Result<()> {
    room(tx, person, name).await?;
    query(
        "INSERT INTO factors (id, person_id, kind, name, added_ms, sealed, last_step)
         VALUES ($1, $2, 'totp', $3, $4, $5, $6)",
    )
    .bind(new_id(now_ms)?)
    .bind(person)
    .bind(name)
    .bind(now_ms)
    .bind(to_base64url(sealed))
    .bind(bigint(step))
    .execute(tx)
    .await?;
    Ok(())
}

pub(super) async fn set_recovery(tx: &mut Tx, person: &str, digests: &[[u8; 32]]) -> Result<()> {
    query("DELETE FROM recovery_codes WHERE person_id = $1")
        .bind(person)
        .execute(&mut *tx)
        .await?;
    for digest in digests {
        query("INSERT INTO recovery_codes (digest, person_id) VALUES ($1, $2)")
            .bind(to_hex(digest))
            .bind(person)
            .execute(&mut *tx)
            .await?;
    }
    Ok(())
}

pub(super) async fn one_time_codes(state: &State, person: &str) -> Result<Vec<OneTimeCode>> {
    let rows = query("SELECT * FROM factors WHERE person_id = $1 AND kind = 'totp'")
        .bind(person)
        .fetch_all(state.reader())
        .await?;
    let device = |row: &Row| {
        let last: Option<i64> = row.try_get("last_step")?;
        Ok(OneTimeCode {
            factor: row.try_get("id")?,
            sealed: bytes(row, "sealed")?,
            last_step: last.and_then(|step| u64::try_from(step).ok()),
        })
    };
    rows.iter().map(device).collect()
}

async fn room(tx: &mut Tx, person: &str, name: &str) -> Result<()> {
    names::name("name", name)?;
    let there = query("SELECT id FROM factors WHERE person_id = $1")
        .bind(person)
        .fetch_all(tx)
        .await?;
    if there.len() >= MOST {
        let reason = format!("there are {MOST} already: take one away first");
        return Err(Error::Conflict(reason));
    }
    Ok(())
}

fn read(row: &Row) -> Result<Factor> {
    let kind = match row.try_get::<String>("kind")?.as_str() {
        "passkey" => FactorKind::Passkey,
        "totp" => FactorKind::Totp,
        _ => return Err(Error::Corrupt("kind of a factor")),
    };
    Ok(Factor {
        id: row.try_get("id")?,
        kind,
        name: row.try_get("name")?,
        added_ms: row.try_get("added_ms")?,
        used_ms: row.try_get("used_ms")?,
        synced: row
            .try_get::<Option<i64>>("backup_state")?
            .map(|state| state != 0),
    })
}

fn passkey(row: &Row) -> Result<Passkey> {
    let number = |column| row.try_get::<Option<i64>>(column);
    let aaguid = row.try_get::<Option<String>>("aaguid")?.unwrap_or_default();
    let aaguid = ringfence_crypto::from_hex(&aaguid).unwrap_or_default();
    let transports: String = row
        .try_get::<Option<String>>("transports")?
        .unwrap_or_default();
    Ok(Passkey {
        id: bytes(row, "credential")?,
        public_key: bytes(row, "public_key")?,
        sign_count: number("sign_count")?
            .and_then(|count| u32::try_from(count).ok())
            .ok_or(Error::Corrupt("counter of a passkey"))?,
        backup_eligible: number("backup_eligible")? == Some(1),
        backup_state: number("backup_state")? == Some(1),
        aaguid: aaguid.try_into().unwrap_or_default(),
        transports: transports
            .split(',')
            .filter(|transport| !transport.is_empty())
            .map(str::to_owned)
            .collect(),
    })
}

fn bytes(row: &Row, column: &'static str) -> Result<Vec<u8>> {
    let text: Option<String> = row.try_get(column)?;
    text.and_then(|text| from_base64url(&text).ok())
        .ok_or(Error::Corrupt(column))
}
