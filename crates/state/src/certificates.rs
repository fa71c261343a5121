//! Client certificates: which our authority made for whom, until when, and which are revoked.

use ringfence_crypto::TokenHash;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::limits::millis;
use crate::open::State;
use crate::scope::Scope;
use crate::sources;
use crate::sql::{Row, Sql, Tx, count, query};

/// Who makes a certificate that follows another one.
const RENEWAL: &str = "renewal";

/// Certificates of one source or service that are good at a time.
const MOST: u64 = 100;

/// Whether a token alone lets a source or service in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CertificateUse {
    /// A token or a certificate.
    #[default]
    Accepted,
    /// Not without its certificate.
    Required,
}

impl CertificateUse {
    pub(crate) const fn text(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Required => "required",
        }
    }

    /// What cannot be read back is the stricter one.
    pub(crate) fn read(row: &Row) -> Result<Self> {
        Ok(match row.try_get::<String>("certificate")?.as_str() {
            "accepted" => Self::Accepted,
            _ => Self::Required,
        })
    }
}

/// Whose a certificate is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Holder {
    /// The id of a source.
    Source(String),
    /// The id of a service.
    Service(String),
}

impl Holder {
    fn ids(&self) -> (Option<&str>, Option<&str>) {
        match self {
            Self::Source(id) => (Some(id), None),
            Self::Service(id) => (None, Some(id)),
        }
    }
}

/// A certificate that was made.
#[derive(Debug, Clone)]
pub struct NewCertificate {
    /// SHA-256 of it in DER.
    pub fingerprint: TokenHash,
    /// Its serial number, hexadecimal.
    pub serial: String,
    /// From when on it is good.
    pub not_before_ms: i64,
    /// Until when it is good.
    pub not_after_ms: i64,
}

/// A certificate as stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Certificate {
    /// SHA-256 of it in DER, hexadecimal.
    pub fingerprint: String,
    /// The source whose it is.
    pub source_id: Option<String>,
    /// The service whose it is.
    pub service_id: Option<String>,
    /// Its serial number, hexadecimal.
    pub serial: String,
    /// From when on it is good.
    pub not_before_ms: i64,
    /// Until when it is good by what it says itself.
    pub not_after_ms: i64,
    /// Until when it is taken: less than that once it was renewed.
    pub until_ms: i64,
    /// When it was made.
    pub made_ms: i64,
    /// Who made it.
    pub made_by: String,
    /// When it last let somebody in. Behind by up to a minute.
    pub last_used_ms: Option<i64>,
    /// When it was revoked, if it is.
    pub revoked_ms: Option<i64>,
    /// Who revoked it.
    pub revoked_by: Option<String>,
}

impl Certificate {
    pub(crate) fn read(row: &Row) -> Result<Self> {
        Ok(Self {
            fingerprint: row.try_get("fingerprint")?,
            source_id: row.try_get("source_id")?,
            service_id: row.try_get("principal_id")?,
            serial: row.try_get("serial")?,
            not_before_ms: row.try_get("not_before_ms")?,
            not_after_ms: row.try_get("not_after_ms")?,
            until_ms: row.try_get("until_ms")?,
            made_ms: row.try_get("made_ms")?,
            made_by: row.try_get("made_by")?,
            last_used_ms: row.try_get("last_used_ms")?,
            revoked_ms: row.try_get("revoked_ms")?,
            revoked_by: row.try_get("revoked_by")?,
        })
    }
}

impl State {
    /// Keeps whose a new certificate is: from then on it lets them in.
    ///
    /// # Errors
    /// When there is no such holder within the caller's programs, it is switched off, or has too many
    /// certificates already.
    pub async fn add_certificate(
        &self,
        scope: &Scope,
        holder: &Holder,
        new: &NewCertificate,
        by: &str,
        now_ms: i64,
    ) -> Result<Certificate> {
        let mut tx = self.begin().await?;
        must_be_there(&mut tx, scope, holder).await?;
        let made = insert(&mut tx, holder, new, (by, None), now_ms).await?;
        tx.commit().await?;
        self.certificate_index().invalidate();
        Ok(made)
    }

    /// Keeps a certificate that follows another one of the same holder, which stays good for
    /// `overlap` at most.
    ///
    /// # Errors
    /// When the old one is good no longer, or as [`State::add_certificate`].
    pub async fn renew_certificate(
        &self,
        old: TokenHash,
        new: &NewCertificate,
        overlap: std::time::Duration,
        now_ms: i64,
    ) -> Result<Certificate> {
        let mut tx = self.begin().await?;
        let row = query(
            "SELECT * FROM certificates WHERE fingerprint = $1 AND revoked_ms IS NULL
             AND until_ms > $2",
        )
        .bind(old.to_hex())
        .bind(now_ms)
        .fetch_optional(&mut tx)
        .await?;
        let row = row.ok_or_else(|| Error::not_found("certificate", &old.to_hex()))?;
        let old = Certificate::read(&row)?;
        let holder = match (old.source_id, old.service_id) {
            (Some(id), _) => Holder::Source(id),
            (None, Some(id)) => Holder::Service(id),
            (None, None) => return Err(Error::Corrupt("holder of a certificate")),
        };
        must_be_there(&mut tx, &Scope::All, &holder).await?;
        let until_ms = old.until_ms.min(now_ms.saturating_add(millis(overlap)));
        query("UPDATE certificates SET until_ms = $1 WHERE fingerprint = $2")
            .bind(until_ms)
            .bind(old.fingerprint.clone())
            .execute(&mut tx)
            .await?;
        let from = (RENEWAL, Some(old.fingerprint.as_str()));
        let made = insert(&mut tx, &holder, new, from, now_ms).await?;
        tx.commit().await?;
        self.certificate_index().invalidate();
        Ok(made)
    }

    /// The certificates of a holder, newest first.
    ///
    /// # Errors
    /// When there is no such holder within the caller's programs.
    pub async fn list_certificates(
        &self,
        scope: &Scope,
        holder: &Holder,
    ) -> Result<Vec<Certificate>> {
        if let Holder::Source(id) = holder {
            self.source(scope, id).await?;
        }
        let rows = of(holder).query().fetch_all(self.reader()).await?;
        rows.iter().map(Certificate::read).collect()
    }

    /// Revokes a certificate, and those that were asked for with it: whoever stole its key may have
    /// renewed it. The next request with it is refused, on connections that are open too.
    /// Doing so again changes nothing.
    ///
    /// # Errors
    /// When the holder has no such certificate within the caller's programs.
    pub async fn revoke_certificate(
        &self,
        scope: &Scope,
        holder: &Holder,
        fingerprint: &str,
        by: &str,
        now_ms: i64,
    ) -> Result<Certificate> {
        let mut tx = self.begin().await?;
        if let Holder::Source(id) = holder {
            sources::fetch(&mut tx, scope, id).await?;
        }
        let (source, service) = holder.ids();
        query(
            "UPDATE certificates SET revoked_ms = COALESCE(revoked_ms, $1),
                 revoked_by = COALESCE(revoked_by, $2)
             WHERE (source_id = $4 OR principal_id = $5) AND fingerprint IN (
                 WITH RECURSIVE line (fingerprint) AS (
                     SELECT fingerprint FROM certificates WHERE fingerprint = $3 UNION
                     SELECT c.fingerprint FROM certificates c
                     JOIN line ON c.follows = line.fingerprint)
                 SELECT fingerprint FROM line)",
        )
        .bind(now_ms)
        .bind(by)
        .bind(fingerprint)
        .bind(source)
        .bind(service)
        .execute(&mut tx)
        .await?;
        let sql = of(holder);
        let rows = sql.query().fetch_all(&mut tx).await?;
        let all: Vec<_> = rows.iter().map(Certificate::read).collect::<Result<_>>()?;
        let revoked = all.into_iter().find(|one| one.fingerprint == fingerprint);
        let revoked = revoked.ok_or_else(|| Error::not_found("certificate", fingerprint))?;
        tx.commit().await?;
        self.certificate_index().invalidate();
        Ok(revoked)
    }
}

fn of(holder: &Holder) -> Sql {
    let (source, service) = holder.ids();
    let mut sql = Sql::new("SELECT * FROM certificates WHERE ");
    match (source, service) {
        (Some(id), _) => sql.push("source_id = ").bind(id.to_owned()),
        (None, id) => sql
            .push("principal_id = ")
            .bind(id.unwrap_or_default().to_owned()),
    };
    sql.push(" ORDER BY made_ms DESC, fingerprint");
    sql
}

/// A holder that is switched off gets no certificates.
async fn must_be_there(tx: &mut Tx, scope: &Scope, holder: &Holder) -> Result<()> {
    let off = match holder {
        Holder::Source(id) => sources::fetch(tx, scope, id).await?.disabled_ms,
        Holder::Service(id) => {
            let row =
                query("SELECT disabled_ms FROM principals WHERE id = $1 AND kind = 'service'")
                    .bind(id.as_str())
                    .fetch_optional(&mut *tx)
                    .await?;
            let row = row.ok_or_else(|| Error::not_found("service", id))?;
            row.try_get("disabled_ms")?
        }
    };
    match off {
        Some(_) => Err(Error::Conflict("it is switched off".to_owned())),
        None => Ok(()),
    }
}

async fn insert(
    tx: &mut Tx,
    holder: &Holder,
    new: &NewCertificate,
    (by, follows): (&str, Option<&str>),
    now_ms: i64,
) -> Result<Certificate> {
    let (source, service) = holder.ids();
    let living = query(
        "SELECT COUNT(*) AS n FROM certificates WHERE (source_id = $1 OR principal_id = $2)
         AND revoked_ms IS NULL AND until_ms > $3",
    )
    .bind(source)
    .bind(service)
    .bind(now_ms)
    .fetch_one(&mut *tx)
    .await?;
    if count(&living, "n")? >= MOST {
        let reason = format!("it has {MOST} certificates that are good: revoke some first");
        return Err(Error::Conflict(reason));
    }
    query(
        "INSERT INTO certificates (fingerprint, source_id, principal_id, serial, not_before_ms,
             not_after_ms, until_ms, made_ms, made_by, follows)
         VALUES ($1, $2, $3, $4, $5, $6, $6, $7, $8, $9)",
    )
    .bind(new.fingerprint.to_hex())
    .bind(source)
    .bind(service)
    .bind(new.serial.clone())
    .bind(new.not_before_ms)
    .bind(new.not_after_ms)
    .bind(now_ms)
    .bind(by)
    .bind(follows)
    .execute(&mut *tx)
    .await?;
    let row = query("SELECT * FROM certificates WHERE fingerprint = $1")
        .bind(new.fingerprint.to_hex())
        .fetch_one(tx)
        .await?;
    Certificate::read(&row)
}
