//! `ringfence witness`: a process on another machine that follows logs, cosigns and tells.

mod config;
mod front;

use std::net::SocketAddr;
use std::sync::Arc;

use ringfence_sources::{Door, Identity, TlsClients, tcp_listener};
use ringfence_tlog::VerifierKey;
use ringfence_witness::{Pull, Remote, RemoteError, Setup, StoreError, Witness, run, run_once};
use thiserror::Error;
use tokio_util::sync::CancellationToken;

use crate::http::{self, Most};
use crate::{clock, config::ConfigError};

pub use config::{LogToFollow, WitnessFile};

/// Connections at the same time: logs and people who look.
const MOST: Most = Most {
    connections: 200,
    of_one_address: 50,
};

/// Why a witness does not run.
#[derive(Debug, Error)]
pub enum WitnessError {
    /// The configuration.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Its folder.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A server, or an authority.
    #[error(transparent)]
    Remote(#[from] RemoteError),
    /// Its certificate.
    #[error(transparent)]
    Tls(#[from] ringfence_sources::TlsError),
    /// Its address.
    #[error("cannot listen on `{address}`: {source}")]
    Bind {
        /// Which.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
}

/// A witness that was opened, and what it is to do.
#[derive(Debug)]
pub struct WitnessProcess {
    witness: Arc<Witness>,
    pulls: Vec<Pull>,
    file: WitnessFile,
}

impl WitnessProcess {
    /// Takes the folder of the configuration.
    ///
    /// # Errors
    /// When the folder is in use, or was changed, or an authority cannot be read.
    pub fn open(file: WitnessFile) -> Result<Self, WitnessError> {
        let mut pulls = Vec::new();
        for log in &file.logs {
            let Some(url) = &log.url else { continue };
            pulls.push(Pull {
                origin: log.key.name().to_owned(),
                remote: Remote::new(url, log.ca_file.as_deref(), log.timeout)?,
                every: log.every,
                silent_after: log.silent_after,
            });
        }
        let setup = Setup {
            name: file.name.clone(),
            data: file.data.clone(),
            logs: file.logs.iter().map(|log| log.key.clone()).collect(),
        };
        let witness = Arc::new(Witness::open(&setup, now())?);
        Ok(Self {
            witness,
            pulls,
            file,
        })
    }

    /// The key that its cosignatures are checked with.
    #[must_use]
    pub fn key(&self) -> &VerifierKey {
        self.witness.key()
    }

    /// Looks at each log once; the alarms that stand afterwards: log, name, and what happened.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub async fn once(&self) -> Result<Vec<(String, String, String)>, WitnessError> {
        run_once(&self.witness, &self.pulls, self.file.webhook.as_ref(), now).await?;
        Ok(self.witness.alarms())
    }

    /// Follows a log anew. Whether it follows such a log at all is the answer.
    ///
    /// # Errors
    /// When the state cannot be written.
    pub fn accept(&self, origin: &str) -> Result<bool, WitnessError> {
        Ok(self.witness.accept(origin, now())?)
    }

    /// Listens and follows until `stop`. `serving` is told the address, if there is one.
    ///
    /// # Errors
    /// When it cannot listen.
    pub async fn run(
        self,
        stop: CancellationToken,
        serving: impl FnOnce(Option<SocketAddr>),
    ) -> Result<(), WitnessError> {
        let mut address = None;
        let mut listening = None;
        if let Some(asked) = self.file.listen {
            let bind = |source| WitnessError::Bind {
                address: asked,
                source,
            };
            let identity = match (&self.file.tls_cert, &self.file.tls_key) {
                (Some(cert), Some(key)) => Identity::load(cert, key)?,
                _ => Identity::self_signed(&self.file.data, None)?,
            };
            let door = Door::new(identity, &[b"h2", b"http/1.1"], TlsClients::default())?;
            let socket = tcp_listener(asked).map_err(bind)?;
            address = Some(socket.local_addr().map_err(bind)?);
            let router = front::router(Arc::clone(&self.witness));
            let serve = http::serve(socket, router, Arc::new(door), MOST, stop.clone());
            listening = Some(tokio::spawn(serve));
        }
        serving(address);
        let webhook = self.file.webhook.as_ref();
        run(self.witness, self.pulls, webhook, now, stop).await?;
        if let Some(listening) = listening {
            let _ = listening.await;
        }
        Ok(())
    }
}

fn now() -> i64 {
    clock::now().0
}
