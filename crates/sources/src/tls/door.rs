//! The server's side of TLS where client certificates are taken, as it is at a moment: our own
//! authority may be made, or be followed by another, while the server runs.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use ringfence_event::Time;
use rustls::ServerConfig;
use rustls::pki_types::CertificateDer;

use super::authority::CertificateAuthority;
use super::identity::certificates;
use super::server::{ClientAuth, server_config};
use super::{Identity, TlsError};
use crate::clock;

/// A server's identity, and whose client certificates it takes.
#[derive(Debug)]
pub struct Door {
    identity: Identity,
    alpn: &'static [&'static [u8]],
    /// Without a certificate nobody comes in.
    must: bool,
    ours: Arc<CertificateAuthority>,
    /// Further authorities, from a file.
    theirs: Vec<CertificateDer<'static>>,
    built: Mutex<Built>,
}

#[derive(Debug)]
struct Built {
    ours: Vec<CertificateDer<'static>>,
    config: Arc<ServerConfig>,
}

impl Door {
    /// Takes certificates of our own authority and of those in a PEM file; with `must`, nobody comes in
    /// without one. As long as there is no authority, none is asked for, so that no browser offers its
    /// user's certificates.
    ///
    /// # Errors
    /// When the file cannot be read or holds no usable authority, or the identity cannot be used.
    pub fn new(
        identity: Identity,
        alpn: &'static [&'static [u8]],
        ours: Arc<CertificateAuthority>,
        client_ca: Option<&Path>,
        must: bool,
    ) -> Result<Self, TlsError> {
        let theirs = match client_ca {
            Some(file) => {
                // Read once more by itself, so that a mistake in it names it.
                ClientAuth::required(file)?;
                certificates(file)?
            }
            None => Vec::new(),
        };
        if must && theirs.is_empty() {
            ours.ensure(clock::now())?;
        }
        let trusted = ours.trusted(clock::now());
        let config = build(&identity, alpn, &trusted, &theirs, must)?;
        let built = Mutex::new(Built {
            ours: trusted,
            config,
        });
        Ok(Self {
            identity,
            alpn,
            must,
            ours,
            theirs,
            built,
        })
    }

    /// The configuration for a connection that begins now. Sessions of one before it are not resumed.
    #[must_use]
    pub fn config(&self, now: Time) -> Arc<ServerConfig> {
        let trusted = self.ours.trusted(now);
        let mut built = self.built.lock().unwrap_or_else(PoisonError::into_inner);
        if built.ours != trusted {
            match build(&self.identity, self.alpn, &trusted, &self.theirs, self.must) {
                Ok(config) => {
                    *built = Built {
                        ours: trusted,
                        config,
                    }
                }
                Err(error) => tracing::error!(%error, "the authority cannot be trusted"),
            }
        }
        Arc::clone(&built.config)
    }
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
