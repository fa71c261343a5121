//! Credentials that end soon: certificates, and the tokens of services.

use serde::Serialize;

use crate::error::Result;
use crate::open::State;
use crate::sql::{Row, query};

/// How long before its end a credential is to be renewed.
const SOON_MS: i64 = 14 * 86_400_000;

/// What ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EndingKind {
    /// A client certificate.
    Certificate,
    /// The token of a service, and the service with it.
    Token,
}

/// A credential that ends soon and was not renewed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Ending {
    /// What.
    pub credential: EndingKind,
    /// Whose: `source` or `service`.
    pub holder: String,
    /// Id of its holder.
    pub id: String,
    /// What people call its holder.
    pub name: String,
    /// The program of a source.
    pub program: Option<String>,
    /// When it ends.
    pub ends_ms: i64,
    /// SHA-256 of a certificate in DER, hexadecimal.
    pub fingerprint: Option<String>,
    /// Serial number of a certificate, hexadecimal.
    pub serial: Option<String>,
    /// Whether that was told.
    #[serde(skip)]
    pub told: bool,
}

impl Ending {
    /// What ends, in words.
    #[must_use]
    pub fn words(&self) -> String {
        let what = match self.credential {
            EndingKind::Certificate => "a certificate",
            EndingKind::Token => "the token",
        };
        format!("{what} of {} {}", self.holder, self.name)
    }

    fn read(row: &Row) -> Result<Self> {
        let fingerprint: Option<String> = row.try_get("fingerprint")?;
        Ok(Self {
            credential: match fingerprint {
                Some(_) => EndingKind::Certificate,
                None => EndingKind::Token,
            },
            holder: row.try_get("holder")?,
            id: row.try_get("id")?,
            name: row.try_get("name")?,
            program: row.try_get("program")?,
            ends_ms: row.try_get("ends_ms")?,
            fingerprint,
            serial: row.try_get("serial")?,
            told: row.try_get::<Option<i64>>("warned_ms")?.is_some(),
        })
    }
}

impl State {
    /// Credentials that are good and end within two weeks, the next one first. A certificate that was
    /// renewed is to end, and is none of them.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn ending_soon(&self, now_ms: i64) -> Result<Vec<Ending>> {
        let rows = query(
            "SELECT * FROM (
                 SELECT 'source' AS holder, s.id, s.name, s.program, c.until_ms AS ends_ms,
                     c.fingerprint, c.serial, c.warned_ms
                 FROM certificates c JOIN sources s ON s.id = c.source_id
                 WHERE c.revoked_ms IS NULL AND c.until_ms = c.not_after_ms AND s.disabled_ms IS NULL
                 UNION ALL
                 SELECT 'service', p.id, p.name, CAST(NULL AS TEXT), c.until_ms,
                     c.fingerprint, c.serial, c.warned_ms
                 FROM certificates c JOIN principals p ON p.id = c.principal_id
                 WHERE c.revoked_ms IS NULL AND c.until_ms = c.not_after_ms AND p.disabled_ms IS NULL
                 UNION ALL
                 SELECT 'service', p.id, p.name, CAST(NULL AS TEXT), p.expires_ms,
                     CAST(NULL AS TEXT), CAST(NULL AS TEXT), p.warned_ms
                 FROM principals p WHERE p.kind = 'service' AND p.disabled_ms IS NULL) ending
             WHERE ends_ms > $1 AND ends_ms < $2 ORDER BY ends_ms, id, fingerprint",
        )
        .bind(now_ms)
        .bind(now_ms.saturating_add(SOON_MS))
        .fetch_all(self.reader())
        .await?;
        rows.iter().map(Ending::read).collect()
    }

    /// Notes that it was told that a credential ends.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn told_of_ending(&self, ending: &Ending, now_ms: i64) -> Result<()> {
        let (sql, id) = match &ending.fingerprint {
            Some(fingerprint) => (
                "UPDATE certificates SET warned_ms = $1
                 WHERE fingerprint = $2 AND warned_ms IS NULL",
                fingerprint,
            ),
            None => (
                "UPDATE principals SET warned_ms = $1 WHERE id = $2 AND warned_ms IS NULL",
                &ending.id,
            ),
        };
        let mut tx = self.begin().await?;
        query(sql)
            .bind(now_ms)
            .bind(id.clone())
            .execute(&mut tx)
            .await?;
        tx.commit().await
    }
}
