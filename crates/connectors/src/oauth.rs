//! OAuth 2.0 client credentials (RFC 6749 §4.4): a token that is kept while it is good.

use std::sync::Arc;
use std::time::{Duration, Instant};

use reqwest::{RequestBuilder, Url};
use serde::Deserialize;
use tokio::sync::Mutex;

use crate::http::{Answer, Http, shape};
use crate::pull::PullError;
use crate::secret::{SecretRef, SecretText};

/// A new token is fetched this long before the old one ends.
const EARLY: Duration = Duration::from_secs(60);
/// Life of a token whose answer does not say (§5.1 only recommends it).
const UNSAID: u64 = 900;
const MOST_ANSWER: usize = 64 << 10;

/// How a client says who it is (§2.3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ClientAuth {
    /// HTTP Basic.
    Basic,
    /// In the body.
    Body,
}

/// Where tokens come from.
#[derive(Debug, Clone)]
pub(crate) struct OAuth {
    pub token_url: Url,
    pub client_id: String,
    pub client_secret: SecretRef,
    pub scope: Option<String>,
    pub auth: ClientAuth,
}

/// Signs requests with a token, fetched when needed and kept while it lasts.
#[derive(Debug)]
pub(crate) struct Tokens {
    from: OAuth,
    kept: Mutex<Option<Arc<Token>>>,
}

/// A token, and what came with it.
#[derive(Debug)]
pub(crate) struct Token {
    pub text: SecretText,
    until: Instant,
    /// Salesforce: which server to ask.
    pub instance_url: Option<String>,
}

#[derive(Deserialize)]
struct Granted {
    access_token: String,
    expires_in: Option<u64>,
    instance_url: Option<String>,
}

impl Tokens {
    pub fn new(from: OAuth) -> Self {
        Self {
            from,
            kept: Mutex::new(None),
        }
    }

    /// A token that is good now.
    pub async fn token(&self, http: &Http) -> Result<Arc<Token>, PullError> {
        let mut kept = self.kept.lock().await;
        if let Some(token) = kept.as_ref().filter(|t| Instant::now() + EARLY < t.until) {
            return Ok(Arc::clone(token));
        }
        let token = Arc::new(self.fetch(http).await?);
        *kept = Some(Arc::clone(&token));
        Ok(token)
    }

    /// Sends a request with a token. One that is refused is forgotten, and the request tried with
    /// a new one: vendors revoke tokens before their time.
    pub async fn send(
        &self,
        http: &Http,
        most: usize,
        request: impl Fn(&Token) -> Result<RequestBuilder, PullError> + Send,
    ) -> Result<Answer, PullError> {
        let token = self.token(http).await?;
        let first = request(&token)?.bearer_auth(token.text.reveal());
        match http.send(first, most).await {
            Err(PullError::Refused(401)) => {}
            done => return done,
        }
        self.forget(&token).await;
        let token = self.token(http).await?;
        let again = request(&token)?.bearer_auth(token.text.reveal());
        http.send(again, most).await
    }

    async fn forget(&self, token: &Arc<Token>) {
        let mut kept = self.kept.lock().await;
        if kept.as_ref().is_some_and(|k| Arc::ptr_eq(k, token)) {
            *kept = None;
        }
    }

    async fn fetch(&self, http: &Http) -> Result<Token, PullError> {
        let from = &self.from;
        let secret = from.client_secret.read()?;
        let mut form = vec![("grant_type", "client_credentials")];
        if let Some(scope) = &from.scope {
            form.push(("scope", scope));
        }
        let mut request = http.post(from.token_url.clone());
        match from.auth {
            ClientAuth::Basic => {
                request = request.basic_auth(&from.client_id, Some(secret.reveal()));
            }
            ClientAuth::Body => {
                form.push(("client_id", &from.client_id));
                form.push(("client_secret", secret.reveal()));
            }
        }
        let body = crate::http::form(&form);
        let request = request
            .header("content-type", "application/x-www-form-urlencoded")
            .header("accept", "application/json")
            .body(body);
        let answer = match http.send(request, MOST_ANSWER).await {
            // §5.2: a wrong client is told with 400 or 401.
            Err(PullError::Status(status @ 400)) => return Err(PullError::Refused(status)),
            other => other?,
        };
        let granted: Granted = serde_json::from_slice(&answer.body)
            .map_err(|_| shape("the token endpoint gave no token"))?;
        let life = Duration::from_secs(granted.expires_in.unwrap_or(UNSAID).clamp(1, 86_400));
        // A token shorter than the margin is used once rather than never.
        let until = Instant::now() + life.max(EARLY + Duration::from_secs(1));
        Ok(Token {
            text: SecretText::new(granted.access_token),
            until,
            instance_url: granted.instance_url,
        })
    }
}
