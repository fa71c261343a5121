//! The server's side of TLS as it is at a moment: our own authority may be made, or be followed by another,
//! and files may be renewed, while the server runs.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use ringfence_event::Time;
use rustls::ServerConfig;
use rustls::pki_types::CertificateDer;

use super::authority::CertificateAuthority;
use super::identity::certificates;
use super::server::{ClientAuth, authorities, server_config};
use super::{Identity, TlsError};
use crate::clock;

/// The files are looked at when somebody connects, at most so often.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// Whose client certificates are taken.
#[derive(Debug, Clone, Default)]
pub struct Clients {
    /// Our own authority.
    pub ours: Option<Arc<CertificateAuthority>>,
    /// Further authorities, in a PEM file.
    pub file: Option<PathBuf>,
    /// Without a certificate nobody comes in.
    pub must: bool,
}

/// A server's identity, and whose client certificates it takes.
#[derive(Debug)]
pub struct Door {
    alpn: &'static [&'static [u8]],
    clients: Clients,
    built: Mutex<Built>,
}

/// What a file looked like: when it was written, and how long it was.
type Look = Option<(SystemTime, u64)>;

#[derive(Debug)]
struct Built {
    identity: Identity,
    ours: Vec<CertificateDer<'static>>,
    /// Further authorities.
    theirs: Vec<CertificateDer<'static>>,
    config: Arc<ServerConfig>,
    looks: Vec<Look>,
    looked: Instant,
}

impl Door {
    /// As long as there is no authority, no certificate is asked for, so that no browser offers its
    /// user's.
    ///
    /// # Errors
    /// When the file cannot be read or holds no usable authority, or the identity cannot be used.
    pub fn new(
        identity: Identity,
        alpn: &'static [&'static [u8]],
        clients: Clients,
    ) -> Result<Self, TlsError> {
        // Before they are read: what is written meanwhile is read again.
        let looks = looks(&identity, &clients);
        let theirs = theirs(clients.file.as_deref())?;
        if let Some(ours) = &clients.ours
            && clients.must
            && theirs.is_empty()
        {
            ours.ensure(clock::now())?;
        }
        let ours = trusted(&clients, clock::now());
        let config = build(&identity, alpn, &ours, &theirs, clients.must)?;
        Ok(Self {
            alpn,
            clients,
            built: Mutex::new(Built {
                identity,
                ours,
                theirs,
                config,
                looks,
                looked: Instant::now(),
            }),
        })
    }

    /// The configuration for a connection that begins now. Sessions of one before it are not resumed.
    #[must_use]
    pub fn config(&self, now: Time) -> Arc<ServerConfig> {
        let ours = trusted(&self.clients, now);
        let mut built = self.built.lock().unwrap_or_else(PoisonError::into_inner);
        if built.looked.elapsed() >= LOOK_EVERY {
            built.looked = Instant::now();
            self.look(&mut built);
        }
        if built.ours != ours {
            let Built {
                identity, theirs, ..
            } = &*built;
            match build(identity, self.alpn, &ours, theirs, self.clients.must) {
                Ok(config) => (built.ours, built.config) = (ours, config),
                Err(error) => tracing::error!(%error, "the authority cannot be trusted"),
            }
        }
        Arc::clone(&built.config)
    }

    /// Takes up what was written into the files. What cannot be used leaves everything as it is: a
    /// certificate and its key are seldom written at the same moment.
    fn look(&self, built: &mut Built) {
        let looks = looks(&built.identity, &self.clients);
        if built.looks == looks {
            return;
        }
        built.looks = looks;
        let renewed = || -> Result<_, TlsError> {
            let identity = built.identity.again()?;
            let theirs = theirs(self.clients.file.as_deref())?;
            let must = self.clients.must;
            let config = build(&identity, self.alpn, &built.ours, &theirs, must)?;
            Ok((identity, theirs, config))
        };
        match renewed() {
            Ok((identity, theirs, config)) => {
                let certificate_sha256 = identity.fingerprint();
                tracing::info!(certificate_sha256, "TLS files were read again");
                (built.identity, built.theirs, built.config) = (identity, theirs, config);
            }
            Err(error) => {
                tracing::warn!(%error, "TLS files changed and cannot be used: what was read before stays");
            }
        }
    }
}

fn looks(identity: &Identity, clients: &Clients) -> Vec<Look> {
    let files = identity.files().into_iter().chain(clients.file.as_deref());
    let look = |file: &Path| {
        let data = std::fs::metadata(file).ok()?;
        Some((data.modified().ok()?, data.len()))
    };
    files.map(look).collect()
}

fn trusted(clients: &Clients, now: Time) -> Vec<CertificateDer<'static>> {
    let ours = clients.ours.as_ref();
    ours.map(|ours| ours.trusted(now)).unwrap_or_default()
}

/// The authorities in a file; a mistake in it names it.
fn theirs(file: Option<&Path>) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let Some(file) = file else {
        return Ok(Vec::new());
    };
    authorities(file)?;
    certificates(file)
}

fn build(
    identity: &Identity,
    alpn: &[&[u8]],
    ours: &[CertificateDer<'static>],
    theirs: &[CertificateDer<'static>],
    must: bool,
) -> Result<Arc<ServerConfig>, TlsError> {
    let all = ours.iter().chain(theirs).cloned().collect();
    server_config(identity, ClientAuth::of(all, must)?, alpn)
}
