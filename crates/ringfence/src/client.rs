//! The CLI's side of the API.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, bail};
use reqwest::{Certificate, Client, Identity, Method, RequestBuilder, Response, Url};
use ringfence_connectors::is_loopback;
use serde_json::Value;

use crate::args::Server;
use crate::output::Failure;

/// A connection to one server with one token.
pub struct Api {
    client: Client,
    base: Url,
    token: Option<String>,
}

impl Api {
    /// Prepares a connection. Nothing is sent yet.
    pub fn new(server: &Server) -> Result<Self, Failure> {
        Self::build(server, None).map_err(Failure::usage)
    }

    /// The same with a client certificate in the place of a token.
    pub fn with_certificate(server: &Server, key: &Path, cert: &Path) -> Result<Self, Failure> {
        let identity = identity(key, cert).map_err(Failure::usage)?;
        Self::build(server, Some(identity)).map_err(Failure::usage)
    }

    fn build(server: &Server, identity: Option<Identity>) -> anyhow::Result<Self> {
        let base =
            Url::parse(&server.server).with_context(|| format!("`{}` is no URL", server.server))?;
        let mut builder = Client::builder()
            .connect_timeout(Duration::from_secs(10))
            .redirect(reqwest::redirect::Policy::none());
        if let Some(path) = &server.ca_file {
            builder = builder.tls_certs_only([certificate(path)?]);
        }
        let certified = identity.is_some();
        if let Some(identity) = identity {
            if base.scheme() != "https" {
                bail!("`{base}` is not encrypted: a certificate is shown over https only");
            }
            builder = builder.identity(identity);
        }
        let token = ["RINGFENCE_TOKEN", "RINGFENCE_ADMIN_TOKEN"]
            .into_iter()
            .find_map(|name| std::env::var(name).ok().filter(|t| !t.is_empty()));
        // The certificate is to speak for itself.
        let token = token.filter(|_| !certified);
        if base.scheme() == "http" && !is_loopback(&base) && token.is_some() {
            bail!("`{base}` is not encrypted: a token is only sent over https, or to this machine");
        }
        Ok(Self {
            client: builder.build()?,
            base,
            token,
        })
    }

    /// The same server with another token.
    pub fn with_token(&self, token: &str) -> Self {
        Self {
            client: self.client.clone(),
            base: self.base.clone(),
            token: Some(token.to_owned()),
        }
    }

    /// A request to a path of the API.
    pub fn request(&self, method: Method, path: &str) -> anyhow::Result<RequestBuilder> {
        let url = self.base.join(path)?;
        let request = self.client.request(method, url);
        Ok(match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        })
    }

    /// The answer as JSON, or the server's problem in words.
    pub async fn json(&self, request: RequestBuilder) -> Result<Value, Failure> {
        let response = self.send(request).await?;
        response
            .json()
            .await
            .context("the server's answer is not JSON")
            .map_err(Failure::input)
    }

    /// The answer, if it is a success.
    pub async fn send(&self, request: RequestBuilder) -> Result<Response, Failure> {
        let response = request.send().await.map_err(|e| self.unreachable(&e))?;
        if response.status().is_success() {
            return Ok(response);
        }
        let status = response.status();
        let problem: Option<Value> = response.json().await.ok();
        let detail = problem
            .as_ref()
            .and_then(|p| p.get("detail"))
            .and_then(Value::as_str);
        let hint = match status.as_u16() {
            401 if self.token.is_none() => " (set RINGFENCE_TOKEN)",
            _ => "",
        };
        let detail = detail.unwrap_or("no reason given");
        Err(Failure::input_text(format!(
            "the server answered {status}: {detail}{hint}"
        )))
    }

    fn unreachable(&self, error: &reqwest::Error) -> Failure {
        let why = if error.is_connect() {
            "nothing answers there: is `ringfence serve` running?"
        } else if error.is_timeout() {
            "no answer in time"
        } else {
            "the connection broke"
        };
        let mut cause: &dyn std::error::Error = error;
        while let Some(inner) = cause.source() {
            cause = inner;
        }
        Failure::input_text(format!("cannot reach {}: {why} ({cause})", self.base))
    }
}

fn identity(key: &Path, cert: &Path) -> anyhow::Result<Identity> {
    let read = |path: &Path| {
        std::fs::read(path).with_context(|| format!("cannot read `{}`", path.display()))
    };
    let both = [read(key)?, read(cert)?].concat();
    let (key, cert) = (key.display(), cert.display());
    Identity::from_pem(&both)
        .with_context(|| format!("`{key}` and `{cert}` are no key and certificate"))
}

fn certificate(path: &Path) -> anyhow::Result<Certificate> {
    let pem = std::fs::read(path).with_context(|| format!("cannot read `{}`", path.display()))?;
    Certificate::from_pem(&pem)
        .with_context(|| format!("`{}` is no PEM certificate", path.display()))
}

/// Runs a future to its end on a small runtime.
pub fn block_on<F: Future<Output = Result<T, Failure>>, T>(work: F) -> Result<T, Failure> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(Failure::from)?
        .block_on(work)
}
