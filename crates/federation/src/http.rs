//! Requests to a provider: to where it said, bounded in time and size, without redirects.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use reqwest::{Certificate, Client, RequestBuilder, redirect::Policy};
use url::Url;

use crate::failure::{Failure, SetupError};

const CONNECT: Duration = Duration::from_secs(5);
/// Somebody waits for it.
const WHOLE: Duration = Duration::from_secs(10);

/// A client for one provider.
#[derive(Debug, Clone)]
pub(crate) struct Http(Client);

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub status: u16,
    pub body: Bytes,
}

impl Http {
    /// A client that trusts whom the system trusts, and these.
    pub fn new(extra_ca_pem: Option<&[u8]>) -> Result<Self, SetupError> {
        // reqwest takes the process's provider; whoever comes first sets it, all set the same.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let mut client = Client::builder()
            .connect_timeout(CONNECT)
            .timeout(WHOLE)
            .redirect(Policy::none())
            .user_agent(concat!("ringfence/", env!("CARGO_PKG_VERSION")));
        if let Some(pem) = extra_ca_pem {
            let extra = Certificate::from_pem_bundle(pem).map_err(|_| SetupError::ExtraCa)?;
            if extra.is_empty() {
                return Err(SetupError::ExtraCa);
            }
            client = client.tls_certs_merge(extra);
        }
        client.build().map(Self).map_err(|_| SetupError::Tls)
    }

    /// Gets something that everybody may have, or, with `token`, what it opens.
    pub async fn get(&self, url: Url, token: Option<&str>, most: usize) -> Result<Bytes, Failure> {
        let mut request = self.0.get(url);
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        match self.send(request, most).await? {
            Answer { status: 200, body } => Ok(body),
            Answer { status, .. } => Err(Failure::Status(status)),
        }
    }

    /// A request with a form; see [`Http::send`].
    pub fn post(&self, url: Url, form: String) -> RequestBuilder {
        self.0
            .post(url)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form)
    }

    /// Sends it, and reads an answer of at most `most` bytes, whatever its status.
    pub async fn send(&self, request: RequestBuilder, most: usize) -> Result<Answer, Failure> {
        let request = request.header("accept", "application/json");
        let mut response = request.send().await.map_err(|e| unreachable(&e))?;
        let status = response.status().as_u16();
        let mut body = BytesMut::new();
        while let Some(chunk) = response.chunk().await.map_err(|e| unreachable(&e))? {
            if body.len() + chunk.len() > most {
                return Err(Failure::TooLarge(most));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answer {
            status,
            body: body.freeze(),
        })
    }
}

/// The kinds of failure that a person can do something about; never the address.
fn unreachable(error: &reqwest::Error) -> Failure {
    Failure::Unreachable(if error.is_timeout() {
        "not in time"
    } else if error.is_connect() {
        "the connection or its certificate was refused"
    } else {
        "the exchange broke off"
    })
}
