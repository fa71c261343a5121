//! Sources: who may send events, as what, and how often one is expected.

use std::collections::BTreeSet;

use ipnet::IpNet;
use ringfence_crypto::{Token, TokenKind};
use serde::{Deserialize, Serialize};

use crate::certificates::CertificateUse;
use crate::error::{Error, Result};
use crate::id::new_id;
use crate::names;
use crate::open::State;
use crate::scope::Scope;
use crate::source_edit::MintedSource;
use crate::sql::{Row, Sql, Tx, json, query};

/// More sources than this are refused: they all live in memory.
const MAX_SOURCES: i64 = 5_000;
const MAX_PEERS: usize = 256;

/// The OCSF classes a source may send.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Classes {
    /// `"*"`.
    All(AllClasses),
    /// A list of class uids.
    These(BTreeSet<u32>),
}

/// The text `*`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum AllClasses {
    /// Every class.
    #[serde(rename = "*")]
    Star,
}

impl Classes {
    /// Every class.
    #[must_use]
    pub fn all() -> Self {
        Self::All(AllClasses::Star)
    }

    /// Whether events of this class may be sent.
    #[must_use]
    pub fn allows(&self, class_uid: u32) -> bool {
        match self {
            Self::All(_) => true,
            Self::These(classes) => classes.contains(&class_uid),
        }
    }
}

/// What a user says about a source to be made.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct NewSource {
    /// What people call it; unique within its program.
    pub name: String,
    /// How it sends, such as `http` or `syslog-udp`.
    pub kind: String,
    /// The program its events belong to, whatever they say themselves.
    pub program: String,
    /// The site its events belong to.
    pub site: String,
    /// The OCSF classes it may send.
    pub classes: Classes,
    /// Rights beyond sending, such as `call-state`.
    pub grants: BTreeSet<String>,
    /// Networks it may send from; empty means anywhere.
    pub allowed_peers: Vec<IpNet>,
    /// Alarm when it is silent for this many seconds.
    pub expect_every_secs: Option<u32>,
}

/// A source as stored. Its token is not part of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Source {
    /// The id that quarantine rows and counters name.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// How it sends.
    pub kind: String,
    /// The program its events belong to.
    pub program: String,
    /// The site its events belong to.
    pub site: String,
    /// The OCSF classes it may send.
    pub classes: Classes,
    /// Rights beyond sending.
    pub grants: BTreeSet<String>,
    /// Networks it may send from; empty means anywhere.
    pub allowed_peers: Vec<IpNet>,
    /// Alarm when it is silent for this many seconds.
    pub expect_every_secs: Option<u32>,
    /// When it was made.
    pub created_ms: i64,
    /// When it was switched off, if it is.
    pub disabled_ms: Option<i64>,
    /// When it last sent something. Behind by some seconds on looked-up credentials.
    pub last_seen_ms: Option<i64>,
    /// Whether a token alone lets it in.
    pub certificate: CertificateUse,
    /// By what certificates of other authorities it is known: `sha-256:…`, `dns:…`, `uri:…`.
    pub certificate_names: Vec<String>,
}

impl Source {
    /// Whether a peer at `address` may send as this source; one that is not known may, where it is not
    /// bound to addresses.
    #[must_use]
    pub fn allows_peer(&self, address: Option<std::net::IpAddr>) -> bool {
        let known = address.map(|address| address.to_canonical());
        let mut allowed = self.allowed_peers.iter();
        self.allowed_peers.is_empty()
            || known.is_some_and(|address| allowed.any(|network| network.contains(&address)))
    }

    /// Whether it was granted a right such as `call-state`.
    #[must_use]
    pub fn has_grant(&self, grant: &str) -> bool {
        self.grants.contains(grant)
    }

    pub(crate) fn read(row: &Row) -> Result<Self> {
        let every: Option<i64> = row.try_get("expect_every_secs")?;
        Ok(Self {
            id: row.try_get("id")?,
            name: row.try_get("name")?,
            kind: row.try_get("kind")?,
            program: row.try_get("program")?,
            site: row.try_get("site")?,
            classes: json(row, "classes")?,
            grants: json(row, "grants")?,
            allowed_peers: json(row, "allowed_peers")?,
            expect_every_secs: every.and_then(|secs| u32::try_from(secs).ok()),
            created_ms: row.try_get("created_ms")?,
            disabled_ms: row.try_get("disabled_ms")?,
            last_seen_ms: row.try_get("last_seen_ms")?,
            certificate: CertificateUse::read(row)?,
            certificate_names: json(row, "certificate_names")?,
        })
    }
}

impl State {
    /// Nobody is let in by what was so before.
    pub(crate) fn sources_changed(&self) {
        self.source_index().invalidate();
        self.certificate_index().invalidate();
    }

    /// Makes a source and its token. The token is in the answer and nowhere else.
    ///
    /// # Errors
    /// When a field is invalid, the program lies outside `scope`, or the name is taken.
    pub async fn create_source(
        &self,
        scope: &Scope,
        new: NewSource,
        now_ms: i64,
    ) -> Result<MintedSource> {
        if !scope.allows(&new.program) {
            return Err(Error::invalid("program", "lies outside your programs"));
        }
        let token = Token::mint(TokenKind::Source)?;
        let id = new_id(now_ms)?;
        let mut tx = self.begin().await?;
        insert(&mut tx, &id, &new, Some(&token), now_ms).await?;
        let source = fetch(&mut tx, scope, &id).await?;
        tx.commit().await?;
        self.sources_changed();
        Ok(MintedSource { source, token })
    }

    /// Makes or updates a source that the configuration declares, under an id of the
    /// caller's. Idempotent. Without a token it can only be used by listeners that
    /// know their source from the configuration.
    ///
    /// # Errors
    /// As [`State::create_source`].
    pub async fn ensure_source(
        &self,
        id: &str,
        new: NewSource,
        token: Option<&Token>,
        now_ms: i64,
    ) -> Result<Source> {
        names::word("id", id)?;
        let mut tx = self.begin().await?;
        insert(&mut tx, id, &new, token, now_ms).await?;
        let source = fetch(&mut tx, &Scope::All, id).await?;
        tx.commit().await?;
        self.sources_changed();
        Ok(source)
    }

    /// All sources of the caller's programs, by program and name.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn list_sources(&self, scope: &Scope) -> Result<Vec<Source>> {
        let mut sql = Sql::new("SELECT * FROM sources WHERE 1 = 1");
        sql.within(scope).push(" ORDER BY program, name, id");
        let rows = sql.query().fetch_all(self.reader()).await?;
        rows.iter().map(Source::read).collect()
    }

    /// One source.
    ///
    /// # Errors
    /// When there is none within the caller's programs.
    pub async fn source(&self, scope: &Scope, id: &str) -> Result<Source> {
        let mut sql = Sql::new("SELECT * FROM sources WHERE id = ");
        sql.bind(id.to_owned()).within(scope);
        let row = sql.query().fetch_optional(self.reader()).await?;
        Source::read(&row.ok_or_else(|| Error::not_found("source", id))?)
    }

    /// Notes when sources last sent something; called every few seconds for all at once.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn touch_sources(&self, seen: &[(String, i64)]) -> Result<()> {
        let mut tx = self.begin().await?;
        for (id, seen_ms) in seen {
            query(
                "UPDATE sources SET last_seen_ms = $1
                 WHERE id = $2 AND (last_seen_ms IS NULL OR last_seen_ms < $1)",
            )
            .bind(*seen_ms)
            .bind(id.clone())
            .execute(&mut tx)
            .await?;
        }
        tx.commit().await
    }

    /// Sources that sent nothing for longer than expected. One that never sent counts
    /// from its making.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn silent_sources(&self, scope: &Scope, now_ms: i64) -> Result<Vec<Source>> {
        let mut sql = Sql::new(
            "SELECT * FROM sources WHERE disabled_ms IS NULL AND expect_every_secs IS NOT NULL
             AND COALESCE(last_seen_ms, created_ms) + expect_every_secs * 1000 < ",
        );
        sql.bind(now_ms)
            .within(scope)
            .push(" ORDER BY program, name, id");
        let rows = sql.query().fetch_all(self.reader()).await?;
        rows.iter().map(Source::read).collect()
    }
}

pub(crate) async fn fetch(tx: &mut Tx, scope: &Scope, id: &str) -> Result<Source> {
    let mut sql = Sql::new("SELECT * FROM sources WHERE id = ");
    sql.bind(id.to_owned()).within(scope);
    let row = sql.query().fetch_optional(&mut *tx).await?;
    Source::read(&row.ok_or_else(|| Error::not_found("source", id))?)
}

pub(crate) fn check(new: &NewSource) -> Result<()> {
    names::name("name", &new.name)?;
    names::word("kind", &new.kind)?;
    names::name("program", &new.program)?;
    names::name("site", &new.site)?;
    if new.allowed_peers.len() > MAX_PEERS {
        return Err(Error::invalid(
            "allowed_peers",
            format!("at most {MAX_PEERS} networks"),
        ));
    }
    if new.expect_every_secs == Some(0) {
        return Err(Error::invalid("expect_every_secs", "must be at least 1"));
    }
    new.grants
        .iter()
        .try_for_each(|grant| names::word("grants", grant))
}

/// A conflict on the id is an update (configured sources); one on the name is an error.
/// A source switched off by a person stays off.
async fn insert(
    tx: &mut Tx,
    id: &str,
    new: &NewSource,
    token: Option<&Token>,
    now_ms: i64,
) -> Result<()> {
    check(new)?;
    let row = query("SELECT COUNT(*) AS n FROM sources")
        .fetch_one(&mut *tx)
        .await?;
    if row.try_get::<i64>("n")? >= MAX_SOURCES {
        return Err(Error::Conflict(format!(
            "there are {MAX_SOURCES} sources already"
        )));
    }
    let done = query(
        "INSERT INTO sources (id, name, kind, program, site, classes, grants, allowed_peers,
             expect_every_secs, token_hash, created_ms)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
         ON CONFLICT (id) DO UPDATE SET name = excluded.name, kind = excluded.kind,
             program = excluded.program, site = excluded.site, classes = excluded.classes,
             grants = excluded.grants, allowed_peers = excluded.allowed_peers,
             expect_every_secs = excluded.expect_every_secs, token_hash = excluded.token_hash",
    )
    .bind(id.to_owned())
    .bind(new.name.clone())
    .bind(new.kind.clone())
    .bind(new.program.clone())
    .bind(new.site.clone())
    .bind(serde_json::json!(new.classes).to_string())
    .bind(serde_json::json!(new.grants).to_string())
    .bind(serde_json::json!(new.allowed_peers).to_string())
    .bind(new.expect_every_secs.map(i64::from))
    .bind(token.map(|token| token.hash().to_hex()))
    .bind(now_ms)
    .execute(tx)
    .await;
    done.map(drop).map_err(|error| taken(error, &new.name))
}

/// Two sources of one program with one name would be told apart by nobody.
pub(crate) fn taken(error: Error, name: &str) -> Error {
    if error.is_unique_violation() {
        Error::Conflict(format!(
            "a source named `{name}`, or its token, exists already"
        ))
    } else {
        error
    }
}
