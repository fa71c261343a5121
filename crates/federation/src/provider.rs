//! A provider: where to send a browser, and who came back.

use std::sync::Arc;

use ringfence_crypto::{RandomError, random_array, to_base64url};
use ringfence_event::Secret;
use ringfence_identity::jwt::{
    Expected, ExpectedLogout, Jwks, JwtError, LogoutToken, check_access_token, check_claims,
    check_logout_claims, verify, verify_logout,
};
use ringfence_identity::oidc::{Granted, Metadata, code_challenge, issuer, person, refusal};
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;
use url::{Url, form_urlencoded};

use crate::config::ProviderConfig;
use crate::failure::{Failure, SetupError};
use crate::http::{Answer, Http};
use crate::known::{Known, Renewal};
use crate::vouched::{Vouched, matching};

/// Largest answer to a code, and to a question about a person.
const MOST: usize = 64 << 10;
/// Codes exchanged at a time.
const EXCHANGING: usize = 16;
/// Somebody who is to sign in anew did so within this time, in seconds.
const ANEW_S: u64 = 300;

/// What a browser keeps, sealed, while somebody is at a provider.
#[derive(Clone, Serialize, Deserialize)]
pub struct Asked {
    /// Comes back with the answer.
    pub state: String,
    /// Comes back inside the identity token.
    nonce: String,
    /// Goes with the code (RFC 7636).
    verifier: String,
    /// They are to sign in anew there, whatever session they have.
    anew: bool,
}

impl Asked {
    /// New, of 256 random bits each.
    ///
    /// # Errors
    /// When the operating system gives no randomness.
    pub fn new(anew: bool) -> Result<Self, RandomError> {
        let text = || random_array::<32>().map(|bytes| to_base64url(&bytes));
        Ok(Self {
            state: text()?,
            nonce: text()?,
            verifier: text()?,
            anew,
        })
    }
}

impl std::fmt::Debug for Asked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Asked([redacted])")
    }
}

/// What somebody who came back is judged against.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// What the browser kept.
    pub asked: &'a Asked,
    /// Who it says the answer is from (RFC 9207).
    pub issuer: Option<&'a str>,
    /// Where the browser was sent back to.
    pub redirect_uri: &'a str,
    /// Now, in seconds since 1970.
    pub now_s: i64,
}

/// A provider that vouches for people.
#[derive(Debug)]
pub struct Provider {
    config: ProviderConfig,
    http: Http,
    known: Known,
    exchanging: Semaphore,
}

impl Provider {
    /// A provider that nobody has asked yet.
    ///
    /// # Errors
    /// When its address or the file of authorities cannot be used.
    pub fn new(config: ProviderConfig) -> Result<Self, SetupError> {
        issuer(&config.issuer)?;
        Ok(Self {
            http: Http::new(config.extra_ca_pem.as_deref())?,
            known: Known::of(config.issuer.clone()),
            exchanging: Semaphore::new(EXCHANGING),
            config,
        })
    }

    /// Its name in addresses of ours.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.config.name
    }

    /// What people call it.
    #[must_use]
    pub fn label(&self) -> &str {
        &self.config.label
    }

    /// Its name for itself.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.config.issuer
    }

    /// Whether it answers, and can be used.
    ///
    /// # Errors
    /// Why not.
    pub async fn check(&self) -> Result<(), Failure> {
        let metadata = self.known.metadata(&self.http).await?;
        if let Some(secret) = &self.config.secret {
            metadata.secret_in_header()?;
            secret.read().map_err(Failure::Secret)?;
        }
        match self.known.keys(&self.http, &metadata).await?.is_empty() {
            true => Err(Failure::Keys(JwtError::UnknownKey)),
            false => Ok(()),
        }
    }

    /// Where a browser is sent (OpenID Connect Core 1.0, section 3.1.2.1).
    ///
    /// # Errors
    /// When the provider cannot be asked where that is.
    pub async fn ask(&self, asked: &Asked, redirect_uri: &str) -> Result<Url, Failure> {
        let metadata = self.known.metadata(&self.http).await?;
        let mut url = metadata.authorization_endpoint.clone();
        let mut scopes = vec!["openid"];
        scopes.extend(self.config.scopes.iter().map(String::as_str));
        {
            let mut query = url.query_pairs_mut();
            query
                .append_pair("response_type", "code")
                .append_pair("client_id", &self.config.client_id)
                .append_pair("redirect_uri", redirect_uri)
                .append_pair("scope", &scopes.join(" "))
                .append_pair("state", &asked.state)
                .append_pair("nonce", &asked.nonce)
                .append_pair("code_challenge", &code_challenge(&asked.verifier))
                .append_pair("code_challenge_method", "S256");
            match self.config.max_age_s {
                _ if asked.anew => {
                    query.append_pair("prompt", "login");
                    query.append_pair("max_age", "0");
                }
                Some(most) => {
                    query.append_pair("max_age", &most.to_string());
                }
                None => {}
            }
            if !self.config.mfa.acr.is_empty() {
                query.append_pair("acr_values", &self.config.mfa.acr.join(" "));
            }
        }
        Ok(url)
    }

    /// Makes sure that an answer is this provider's (RFC 9207, section 2.4): what names another one is not,
    /// nor what names none although this one always names itself.
    ///
    /// # Errors
    /// When it is not, or it cannot be known.
    pub async fn must_be_from(&self, issuer: Option<&str>) -> Result<(), Failure> {
        let metadata = self.known.metadata(&self.http).await?;
        self.is_from(issuer, &metadata)
    }

    fn is_from(&self, issuer: Option<&str>, metadata: &Metadata) -> Result<(), Failure> {
        match issuer {
            Some(named) if named == metadata.issuer => Ok(()),
            None if !metadata.names_itself => Ok(()),
            _ => Err(Failure::Mixed),
        }
    }

    /// Exchanges a code, and answers who it is. The code goes to the provider that was asked and nowhere else.
    ///
    /// # Errors
    /// When the provider does not answer, refuses the code, or gives something that is not believed.
    pub async fn redeem(
        &self,
        code: &Secret<String>,
        wanted: &Wanted<'_>,
    ) -> Result<Vouched, Failure> {
        let _place = self.exchanging.try_acquire().map_err(|_| Failure::Busy)?;
        let metadata = self.known.metadata(&self.http).await?;
        self.is_from(wanted.issuer, &metadata)?;
        let granted = self.exchange(code, wanted, &metadata).await?;
        let token = granted.id_token.expose();
        let check = |keys: &Jwks| verify(token, keys, &metadata.algorithms);
        let claims = self
            .by_known_keys(&metadata, Renewal::SignIn, check)
            .await?;
        // A provider that knows neither question nor answer was asked all the same; one that answers is
        // held to it.
        let max_age_s = match wanted.asked.anew && claims.contains_key("auth_time") {
            true => Some(ANEW_S),
            false => self.config.max_age_s,
        };
        let expected = Expected {
            issuer: &metadata.issuer,
            client_id: &self.config.client_id,
            nonce: &wanted.asked.nonce,
            now_s: wanted.now_s,
            max_age_s,
        };
        let id = check_claims(&claims, &expected)?;
        check_access_token(&claims, granted.access_token.expose())?;
        let mfa = &self.config.mfa;
        Ok(Vouched::of(id, claims, granted.access_token, mfa))
    }

    /// What somebody may be known by at their first sign-in: out of the identity token, else asked for.
    ///
    /// # Errors
    /// When it has to be asked for, and the provider does not answer.
    pub async fn known_as(&self, who: &Vouched) -> Result<Option<String>, Failure> {
        let Some(claim) = &self.config.matching else {
            return Ok(None);
        };
        if who.claims.contains_key(claim) {
            return Ok(matching(&who.claims, claim));
        }
        let metadata = self.known.metadata(&self.http).await?;
        let Some(url) = metadata.userinfo_endpoint.clone() else {
            return Ok(None);
        };
        let token = Some(who.access_token.expose().as_str());
        let text = self.http.get(url, token, MOST).await?;
        let claims = person(&text, &who.subject).ok_or(Failure::Person)?;
        Ok(matching(&claims, claim))
    }

    /// Believes the provider's word that somebody signed out there. Whoever sends it is nobody: so keys
    /// are fetched anew because of it once a minute at most, and never at the expense of a sign-in.
    ///
    /// # Errors
    /// When it is not the provider's word.
    pub async fn signed_out(&self, token: &str, now_s: i64) -> Result<LogoutToken, Failure> {
        let metadata = self.known.metadata(&self.http).await?;
        let check = |keys: &Jwks| verify_logout(token, keys, &metadata.algorithms);
        let claims = self.by_known_keys(&metadata, Renewal::Word, check).await?;
        let expected = ExpectedLogout {
            issuer: &metadata.issuer,
            client_id: &self.config.client_id,
            now_s,
        };
        Ok(check_logout_claims(&claims, &expected)?)
    }

    /// Checks by the keys that are known, and once more by new ones when a token names one that is not
    /// among them: a provider changes its keys whenever it likes.
    async fn by_known_keys<T>(
        &self,
        metadata: &Metadata,
        renewal: Renewal,
        check: impl Fn(&Jwks) -> Result<T, JwtError> + Send + Sync,
    ) -> Result<T, Failure> {
        let keys = self.known.keys(&self.http, metadata).await?;
        match check(&keys) {
            Err(JwtError::UnknownKey) => {}
            done => return Ok(done?),
        }
        let known = &self.known;
        let renewed = known
            .renewed_keys(&self.http, metadata, &keys, renewal)
            .await;
        let keys: Arc<Jwks> = renewed.ok_or(JwtError::UnknownKey)??;
        Ok(check(&keys)?)
    }

    /// OpenID Connect Core 1.0, section 3.1.3.1.
    async fn exchange(
        &self,
        code: &Secret<String>,
        wanted: &Wanted<'_>,
        metadata: &Metadata,
    ) -> Result<Granted, Failure> {
        let client_id = &self.config.client_id;
        let secret = self.config.secret.as_ref().map(|secret| secret.read());
        let secret = secret.transpose().map_err(Failure::Secret)?;
        let in_header = match &secret {
            Some(_) => metadata.secret_in_header()?,
            None => false,
        };
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("code", code.expose().as_str()),
            ("redirect_uri", wanted.redirect_uri),
            ("code_verifier", wanted.asked.verifier.as_str()),
        ];
        if !in_header {
            form.push(("client_id", client_id));
        }
        if let Some(secret) = secret.as_ref().filter(|_| !in_header) {
            form.push(("client_secret", secret.expose()));
        }
        let url = metadata.token_endpoint.clone();
        let mut request = self.http.post(url, written_as_form(&form));
        if let Some(secret) = secret.as_ref().filter(|_| in_header) {
            // RFC 6749, section 2.3.1: both are written as in a form first.
            let written = |text: &str| -> String {
                form_urlencoded::byte_serialize(text.as_bytes()).collect()
            };
            request = request.basic_auth(written(client_id), Some(written(secret.expose())));
        }
        match self.http.send(request, MOST).await? {
            Answer { status: 200, body } => Ok(Granted::parse(&body)?),
            Answer {
                status: status @ (400 | 401),
                body,
            } => Err(refusal(&body).map_or(Failure::Status(status), Failure::Code)),
            Answer { status, .. } => Err(Failure::Status(status)),
        }
    }
}

fn written_as_form(pairs: &[(&str, &str)]) -> String {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.extend_pairs(pairs);
    form.finish()
}
