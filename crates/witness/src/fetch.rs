//! Files of a log over HTTP, from a server that nobody trusts.

use std::path::{Path, PathBuf};
use std::time::Duration;

use reqwest::{Certificate, Client, RequestBuilder, Response, Url};
use ringfence_tlog::{HASH, Tile, TileSource, WIDTH};
use tokio::runtime::Handle;
use tokio::time::Instant;

/// A note is no larger, by the rule of `ringfence-tlog`.
const MOST_NOTE: usize = 1 << 16;
/// A bundle has 256 entries of 64 KiB at most.
const MOST_BUNDLE: usize = 256 * (2 + 65_535);
/// For a connection.
const CONNECT: Duration = Duration::from_secs(5);

/// A server below whose address the files of a log, or what a witness answers, are found.
#[derive(Debug, Clone)]
pub struct Remote {
    client: Client,
    base: Url,
}

/// Why there can be no requests.
#[derive(Debug, thiserror::Error)]
pub enum RemoteError {
    /// The address.
    #[error("`{0}` is no address such as `https://rf.example:8443/evidence`")]
    Url(String),
    /// The authority.
    #[error("`{}` is no PEM certificate: {why}", .path.display())]
    Ca {
        /// The file.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// The address of a receiver of alarms. It may hold a secret, so it is not said.
    #[error("an address is wanted that begins with `https://`, or leads to this machine")]
    Webhook,
    /// TLS.
    #[error("TLS cannot be set up on this machine: {0}")]
    Tls(String),
}

/// Why a file cannot be had. Never with what the server says.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// No connection, no trust in the certificate, or the exchange broke off.
    #[error("the server cannot be reached: {0}")]
    Unreachable(String),
    /// Not in time.
    #[error("the server did not answer in time")]
    Slow,
    /// The answer leads elsewhere, and is not followed.
    #[error("the server leads elsewhere (status {0}), and that is not followed")]
    Redirect(u16),
    /// More bytes than any such file has.
    #[error("the server's answer is larger than {0} bytes, which no such file is")]
    TooLarge(usize),
    /// There is no such file.
    #[error("the server has no such file")]
    Missing,
    /// Another status.
    #[error("the server answered with status {0}")]
    Status(u16),
}

impl FetchError {
    /// Its name in alarms.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Unreachable(_) => "unreachable",
            Self::Slow => "slow",
            Self::Redirect(_) => "redirect",
            Self::TooLarge(_) => "too-large",
            Self::Missing => "missing",
            Self::Status(_) => "status",
        }
    }
}

impl Remote {
    /// What lies below an address. With `ca` only the authority in that file is trusted.
    ///
    /// # Errors
    /// When the address or the file is none.
    pub fn new(url: &str, ca: Option<&Path>, wait: Duration) -> Result<Self, RemoteError> {
        // reqwest takes the process's provider; whoever comes first sets it, all set the same.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let wrong = || RemoteError::Url(url.to_owned());
        // A base that ends in `/` is one that paths are put below.
        let base = Url::parse(&format!("{}/", url.trim_end_matches('/')));
        let base = base.map_err(|_| wrong())?;
        if base.host_str().is_none() || base.query().is_some() || base.fragment().is_some() {
            return Err(wrong());
        }
        let mut builder = Client::builder()
            .connect_timeout(CONNECT.min(wait))
            .timeout(wait)
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("ringfence/", env!("CARGO_PKG_VERSION")));
        if let Some(path) = ca {
            let failed = |why: String| RemoteError::Ca {
                path: path.to_owned(),
                why,
            };
            let pem = std::fs::read(path).map_err(|error| failed(error.to_string()))?;
            let one = Certificate::from_pem(&pem).map_err(|error| failed(error.to_string()))?;
            builder = builder.tls_certs_only([one]);
        }
        let client = builder.build();
        let client = client.map_err(|error| RemoteError::Tls(cause(&error)))?;
        Ok(Self { client, base })
    }

    /// Whether nobody stands between: encrypted, or this machine.
    #[must_use]
    pub fn is_private(&self) -> bool {
        is_private(&self.base)
    }

    /// The log's checkpoint.
    ///
    /// # Errors
    /// When it cannot be had.
    pub async fn checkpoint(&self) -> Result<Vec<u8>, FetchError> {
        self.get("checkpoint", MOST_NOTE).await
    }

    /// A tile, or the whole one that took its place.
    ///
    /// # Errors
    /// When neither can be had.
    pub async fn tile(&self, tile: Tile) -> Result<Vec<u8>, FetchError> {
        let most = match tile {
            Tile::Hashes { .. } => HASH * usize::from(WIDTH),
            Tile::Entries { .. } => MOST_BUNDLE,
        };
        match self.get(&tile.to_string(), most).await {
            Err(FetchError::Missing) => self.get(&tile.whole().to_string(), most).await,
            got => got,
        }
    }

    /// Posts a text, and reads status and body of whatever is answered.
    ///
    /// # Errors
    /// When nothing is answered, too much, or an address elsewhere.
    pub async fn post(&self, path: &str, body: String) -> Result<(u16, Vec<u8>), FetchError> {
        let request = self.client.post(self.at(path)?).body(body);
        let response = sent(request).await?;
        let status = response.status().as_u16();
        Ok((status, bounded(response, MOST_NOTE).await?))
    }

    async fn get(&self, path: &str, most: usize) -> Result<Vec<u8>, FetchError> {
        let response = sent(self.client.get(self.at(path)?)).await?;
        match response.status().as_u16() {
            200 => bounded(response, most).await,
            404 => Err(FetchError::Missing),
            other => Err(FetchError::Status(other)),
        }
    }

    fn at(&self, path: &str) -> Result<Url, FetchError> {
        let joined = self.base.join(path);
        joined.map_err(|error| FetchError::Unreachable(error.to_string()))
    }
}

/// Tiles for code that does not wait: on a thread of its own beside a runtime, and until some moment.
pub(crate) struct Blocking<'a> {
    pub remote: &'a Remote,
    pub handle: Handle,
    pub until: Instant,
}

impl TileSource for Blocking<'_> {
    type Error = FetchError;

    fn tile(&mut self, tile: Tile) -> Result<Vec<u8>, FetchError> {
        // The timer belongs to the runtime, so that it is made inside of it.
        self.handle.block_on(async {
            let got = tokio::time::timeout_at(self.until, self.remote.tile(tile)).await;
            got.unwrap_or(Err(FetchError::Slow))
        })
    }
}

/// Encrypted, or this machine.
pub(crate) fn is_private(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let ip = host.trim_matches(['[', ']']).parse::<std::net::IpAddr>();
    let here = host == "localhost" || ip.is_ok_and(|ip| ip.is_loopback());
    match url.scheme() {
        "https" => true,
        "http" => here,
        _ => false,
    }
}

async fn sent(request: RequestBuilder) -> Result<Response, FetchError> {
    let response = request.send().await.map_err(|error| failed(&error))?;
    match response.status().is_redirection() {
        true => Err(FetchError::Redirect(response.status().as_u16())),
        false => Ok(response),
    }
}

async fn bounded(mut response: Response, most: usize) -> Result<Vec<u8>, FetchError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| failed(&error))? {
        if body.len() + chunk.len() > most {
            return Err(FetchError::TooLarge(most));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn failed(error: &reqwest::Error) -> FetchError {
    match error.is_timeout() {
        true => FetchError::Slow,
        false => FetchError::Unreachable(cause(error)),
    }
}

/// What lies at the bottom: the words above it name the address.
fn cause(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}
