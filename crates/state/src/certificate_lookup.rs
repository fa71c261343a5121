//! From a certificate that was shown to whom it lets in.

use std::collections::HashMap;
use std::sync::Arc;

use ringfence_crypto::TokenHash;

use crate::certificates::Certificate;
use crate::error::Result;
use crate::open::State;
use crate::principals::{Principal, read_with};
use crate::sources::Source;
use crate::sql::query;
use crate::token_index::{TokenMap, TokenOwner};

/// The time of a use is written at most so often.
const WRITE_EVERY_MS: i64 = 60_000;

/// Whom a certificate that was shown lets in.
#[derive(Debug, Clone)]
pub enum Shown {
    /// A source.
    Source(Arc<Source>),
    /// A service.
    Service(Arc<Principal>),
    /// Nobody any longer: it was revoked or renewed, or its holder was switched off.
    Ended,
    /// Nobody here: it is another authority's, for something else.
    Nobody,
}

/// What one certificate, or one name in certificates, stands for.
pub(crate) enum Stands {
    Source(Arc<Source>),
    Service(Arc<Principal>),
    Ended,
}

impl State {
    /// Whom an accepted certificate lets in: one of ours, or of another authority, by its fingerprint;
    /// else by a name in it that is written in a source. Two names of two sources let nobody in.
    ///
    /// # Errors
    /// When the certificates are not in memory and the database cannot be read; the caller then
    /// lets nobody in.
    pub async fn by_certificate(
        &self,
        fingerprint: TokenHash,
        names: &[String],
        now_ms: i64,
    ) -> Result<Shown> {
        let map = self.certificates().await?;
        if let Some(known) = map.get(&fingerprint) {
            return Ok(shown(known, now_ms));
        }
        let mut found = Shown::Nobody;
        for name in names {
            let Some(known) = map.get(&TokenHash::of(name)) else {
                continue;
            };
            let next = shown(known, now_ms);
            found = match (&found, next) {
                (Shown::Source(one), Shown::Source(other)) if one.id != other.id => Shown::Ended,
                (Shown::Ended, _) => Shown::Ended,
                (_, next) => next,
            };
        }
        Ok(found)
    }

    /// Notes when certificates last let somebody in; as [`State::touch_principals`].
    ///
    /// # Errors
    /// When the database cannot be written; the next call writes it.
    pub async fn touch_certificates(&self) -> Result<()> {
        let (Some(map), _) = self.certificate_index().get() else {
            return Ok(());
        };
        let due: Vec<_> = map
            .iter()
            .filter_map(|(hash, known)| {
                let used_ms = known.used_ms()?;
                let due = known.written_ms() <= used_ms.saturating_sub(WRITE_EVERY_MS);
                due.then_some((hash, known, used_ms))
            })
            .collect();
        if due.is_empty() {
            return Ok(());
        }
        let mut tx = self.begin().await?;
        for (hash, _, used_ms) in &due {
            query(
                "UPDATE certificates SET last_used_ms = $1
                 WHERE fingerprint = $2 AND (last_used_ms IS NULL OR last_used_ms < $1)",
            )
            .bind(*used_ms)
            .bind(hash.to_hex())
            .execute(&mut tx)
            .await?;
        }
        tx.commit().await?;
        for (_, known, used_ms) in due {
            known.written(used_ms);
        }
        Ok(())
    }

    async fn certificates(&self) -> Result<Arc<TokenMap<Stands>>> {
        let (loaded, generation) = self.certificate_index().get();
        if let Some(map) = loaded {
            return Ok(map);
        }
        let map = Arc::new(self.load_certificates().await?);
        self.certificate_index().store(Arc::clone(&map), generation);
        Ok(map)
    }

    /// Those that ended are in it too: who shows one is refused, whatever else they show.
    async fn load_certificates(&self) -> Result<TokenMap<Stands>> {
        let sources = self.load_all_sources().await?;
        let services = self.load_all_services().await?;
        let rows = query("SELECT * FROM certificates")
            .fetch_all(self.reader())
            .await?;
        let mut map = TokenMap::new();
        for row in &rows {
            let certificate = Certificate::read(row)?;
            let Some(fingerprint) = TokenHash::from_hex(&certificate.fingerprint) else {
                continue;
            };
            let source = certificate.source_id.as_ref();
            let source = source.and_then(|id| sources.get(id)).map(of_source);
            let service = certificate.service_id.as_ref();
            let service = service.and_then(|id| services.get(id)).map(of_service);
            let stands = match certificate.revoked_ms {
                Some(_) => Stands::Ended,
                None => source.or(service).unwrap_or(Stands::Ended),
            };
            let known = TokenOwner::new(Arc::new(stands), Some(certificate.until_ms));
            if let Some(used_ms) = certificate.last_used_ms {
                known.written(used_ms);
            }
            map.insert(fingerprint, known);
        }
        for source in sources.values() {
            for name in &source.certificate_names {
                let pinned = name.strip_prefix("sha-256:").map(TokenHash::from_hex);
                let Some(key) = pinned.unwrap_or_else(|| Some(TokenHash::of(name))) else {
                    continue;
                };
                map.entry(key)
                    .or_insert_with(|| TokenOwner::new(Arc::new(of_source(source)), None));
            }
        }
        Ok(map)
    }

    async fn load_all_sources(&self) -> Result<HashMap<String, Arc<Source>>> {
        let rows = query("SELECT * FROM sources")
            .fetch_all(self.reader())
            .await?;
        let read = |row| Source::read(row).map(|one| (one.id.clone(), Arc::new(one)));
        rows.iter().map(read).collect()
    }

    async fn load_all_services(&self) -> Result<HashMap<String, Arc<Principal>>> {
        let roles = self.load_roles().await?;
        let rows = query("SELECT * FROM principals WHERE kind = 'service'")
            .fetch_all(self.reader())
            .await?;
        let read = |row| read_with(row, &roles).map(|one| (one.id.clone(), Arc::new(one)));
        rows.iter().map(read).collect()
    }
}

fn shown(known: &TokenOwner<Stands>, now_ms: i64) -> Shown {
    if known.until_ms.is_some_and(|until| now_ms >= until) {
        return Shown::Ended;
    }
    let service_over = |one: &Principal| one.expires_ms.is_some_and(|at| now_ms >= at);
    match &*known.value {
        Stands::Ended => Shown::Ended,
        Stands::Service(service) if service_over(service) => Shown::Ended,
        Stands::Service(service) => {
            known.used(now_ms);
            Shown::Service(Arc::clone(service))
        }
        Stands::Source(source) => {
            known.used(now_ms);
            Shown::Source(Arc::clone(source))
        }
    }
}

fn of_source(source: &Arc<Source>) -> Stands {
    match source.disabled_ms {
        Some(_) => Stands::Ended,
        None => Stands::Source(Arc::clone(source)),
    }
}

fn of_service(service: &Arc<Principal>) -> Stands {
    match service.disabled_ms {
        Some(_) => Stands::Ended,
        None => Stands::Service(Arc::clone(service)),
    }
}
