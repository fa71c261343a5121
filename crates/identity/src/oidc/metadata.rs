//! What a provider publishes of itself (OpenID Connect Discovery 1.0, section 3; RFC 8414).

use serde_json::{Map, Value};
use url::Url;

use super::address::{AddressError, endpoint, issuer};
use crate::json;
use crate::jwt::Alg;

const MOST_TEXT: usize = 256 * 1024;

/// Why metadata are not used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MetadataError {
    /// No JSON object in which each name stands once, or one of more than 256 KiB.
    #[error("what the provider publishes of itself is no JSON object")]
    Form,
    /// They are another issuer's (OpenID Connect Discovery 1.0, section 4.3).
    #[error("the provider calls itself otherwise than `issuer` in the configuration")]
    Issuer,
    /// Something that is needed is missing or of another kind.
    #[error("what the provider publishes of itself has no proper `{0}`")]
    Member(&'static str),
    /// An address that is not used.
    #[error("the provider's `{0}` {1}")]
    Address(&'static str, AddressError),
    /// No way of signing that is allowed here.
    #[error("the provider signs with nothing that is taken here: RS256, PS256, ES256, EdDSA")]
    Algorithms,
    /// No way to show a client's secret that is known here.
    #[error("the provider takes no `client_secret_basic` and no `client_secret_post`")]
    Secret,
}

/// What a provider is asked by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metadata {
    /// Its name, letter by letter.
    pub issuer: String,
    /// Where browsers are sent.
    pub authorization_endpoint: Url,
    /// Where codes are exchanged.
    pub token_endpoint: Url,
    /// Where its keys are.
    pub jwks_uri: Url,
    /// Where it says more of a person.
    pub userinfo_endpoint: Option<Url>,
    /// What it may sign with, of what is allowed here. Never empty.
    pub algorithms: Vec<Alg>,
    /// It names itself in what browsers bring back (RFC 9207): when it does not, it was not it.
    pub names_itself: bool,
    /// A client's secret goes into a header, else into the body.
    secret_in_header: Option<bool>,
}

impl Metadata {
    /// Reads the metadata of an issuer.
    ///
    /// # Errors
    /// Names what cannot be used.
    pub fn parse(text: &[u8], of: &str) -> Result<Self, MetadataError> {
        if text.len() > MOST_TEXT {
            return Err(MetadataError::Form);
        }
        let said = json::object(text).ok_or(MetadataError::Form)?;
        if said.get("issuer").and_then(Value::as_str) != Some(of) {
            return Err(MetadataError::Issuer);
        }
        let clear = issuer(of).is_ok_and(|url| url.scheme() == "http");
        let optional = |name: &'static str| match said.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => endpoint(text, clear)
                .map(Some)
                .map_err(|why| MetadataError::Address(name, why)),
            Some(_) => Err(MetadataError::Member(name)),
        };
        let needed = |name| optional(name)?.ok_or(MetadataError::Member(name));
        let types = texts(&said, "response_types_supported")?;
        if types.is_some_and(|types| !types.contains(&"code")) {
            return Err(MetadataError::Member("response_types_supported"));
        }
        // RS256 is what every provider has (OpenID Connect Core 1.0, section 15.1).
        let names = texts(&said, "id_token_signing_alg_values_supported")?;
        let names = names.unwrap_or_else(|| vec![Alg::Rs256.name()]);
        let mut algorithms: Vec<_> = names.into_iter().filter_map(Alg::of_name).collect();
        algorithms.dedup();
        if algorithms.is_empty() {
            return Err(MetadataError::Algorithms);
        }
        // Section 3: nothing said is `client_secret_basic`.
        let ways = texts(&said, "token_endpoint_auth_methods_supported")?;
        let secret_in_header = match ways {
            None => Some(true),
            Some(ways) if ways.contains(&"client_secret_basic") => Some(true),
            Some(ways) if ways.contains(&"client_secret_post") => Some(false),
            Some(_) => None,
        };
        let names_itself = match said.get("authorization_response_iss_parameter_supported") {
            None => false,
            Some(Value::Bool(says)) => *says,
            Some(_) => {
                let name = "authorization_response_iss_parameter_supported";
                return Err(MetadataError::Member(name));
            }
        };
        Ok(Self {
            issuer: of.to_owned(),
            authorization_endpoint: needed("authorization_endpoint")?,
            token_endpoint: needed("token_endpoint")?,
            jwks_uri: needed("jwks_uri")?,
            userinfo_endpoint: optional("userinfo_endpoint")?,
            algorithms,
            names_itself,
            secret_in_header,
        })
    }

    /// Whether a client's secret goes into a header; else it goes into the body (RFC 6749, section 2.3.1).
    ///
    /// # Errors
    /// When the provider takes neither.
    pub fn secret_in_header(&self) -> Result<bool, MetadataError> {
        self.secret_in_header.ok_or(MetadataError::Secret)
    }
}

fn texts<'a>(
    said: &'a Map<String, Value>,
    name: &'static str,
) -> Result<Option<Vec<&'a str>>, MetadataError> {
    match said.get(name) {
        None => Ok(None),
        Some(Value::Array(all)) => {
            let texts = all.iter().map(Value::as_str);
            let texts: Option<Vec<_>> = texts.collect();
            texts.map(Some).ok_or(MetadataError::Member(name))
        }
        Some(_) => Err(MetadataError::Member(name)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const ISSUER: &str = "https://op.example/realm";

    fn published() -> Value {
        json!({
            "issuer": ISSUER,
            "authorization_endpoint": "https://op.example/auth",
            "token_endpoint": "https://op.example/token",
            "jwks_uri": "https://keys.example/jwks",
            "response_types_supported": ["code", "id_token"],
            "id_token_signing_alg_values_supported": ["none", "HS256", "ES256", "RS256"],
        })
    }

    fn read(change: &Value) -> Result<Metadata, MetadataError> {
        let mut said = published();
        for (name, value) in change.as_object().unwrap() {
            said[name] = value.clone();
        }
        Metadata::parse(said.to_string().as_bytes(), ISSUER)
    }

    #[test]
    fn what_is_allowed_here_is_kept_and_the_rest_passed_over() {
        let metadata = read(&json!({})).unwrap();
        assert_eq!(metadata.algorithms, [Alg::Es256, Alg::Rs256]);
        assert_eq!(
            (metadata.names_itself, metadata.secret_in_header()),
            (false, Ok(true))
        );
        let with = read(&json!({
            "authorization_response_iss_parameter_supported": true,
            "token_endpoint_auth_methods_supported": ["private_key_jwt", "client_secret_post"],
        }));
        let with = with.unwrap();
        assert_eq!(
            (with.names_itself, with.secret_in_header()),
            (true, Ok(false))
        );
    }

    #[test]
    fn what_leads_elsewhere_or_says_too_little_is_refused() {
        use AddressError::{Clear, Credentials, Form, Tail};
        use MetadataError::{Address, Algorithms, Issuer, Member};
        for (change, why) in [
            (json!({"issuer": "https://op.example/realm/"}), Issuer),
            (json!({"issuer": ["https://op.example/realm"]}), Issuer),
            (json!({"token_endpoint": null}), Member("token_endpoint")),
            (
                json!({"token_endpoint": "http://127.0.0.1/"}),
                Address("token_endpoint", Clear),
            ),
            (
                json!({"jwks_uri": "file:///etc/passwd"}),
                Address("jwks_uri", Form),
            ),
            (
                json!({"jwks_uri": "https://u:p@op.example"}),
                Address("jwks_uri", Credentials),
            ),
            (
                json!({"authorization_endpoint": "https://a#b"}),
                Address("authorization_endpoint", Tail),
            ),
            (
                json!({"authorization_endpoint": "javascript:alert(1)"}),
                Address("authorization_endpoint", Form),
            ),
            (
                json!({"response_types_supported": ["id_token"]}),
                Member("response_types_supported"),
            ),
            (
                json!({"id_token_signing_alg_values_supported": ["none", "HS256"]}),
                Algorithms,
            ),
        ] {
            assert_eq!(read(&change), Err(why), "{change}");
        }
        let twice = format!("{{\"issuer\":\"{ISSUER}\",\"issuer\":\"x\"}}");
        assert_eq!(
            Metadata::parse(twice.as_bytes(), ISSUER),
            Err(MetadataError::Form)
        );
        let large = vec![b' '; MOST_TEXT + 1];
        assert_eq!(Metadata::parse(&large, ISSUER), Err(MetadataError::Form));
    }
}
