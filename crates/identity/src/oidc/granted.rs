//! What a provider gives for a code, or says of a person.

use ringfence_event::Secret;
use serde_json::{Map, Value};

use crate::json;

/// The reasons of RFC 6749, section 5.2: others are not repeated.
const REASONS: [&str; 6] = [
    "invalid_request",
    "invalid_client",
    "invalid_grant",
    "unauthorized_client",
    "unsupported_grant_type",
    "invalid_scope",
];

/// An answer that gives nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum GrantError {
    /// No JSON object in which each name stands once.
    #[error("the provider's answer to the code is no JSON object")]
    Form,
    /// Something that is needed is missing or of another kind.
    #[error("the provider's answer to the code has no proper `{0}`")]
    Member(&'static str),
}

/// What a provider gave for a code (OpenID Connect Core 1.0, section 3.1.3.3).
#[derive(Debug)]
pub struct Granted {
    /// Who it is, signed.
    pub id_token: Secret<String>,
    /// What more can be asked with.
    pub access_token: Secret<String>,
}

impl Granted {
    /// Reads a successful answer.
    ///
    /// # Errors
    /// Says what is missing, and nothing of what is there.
    pub fn parse(text: &[u8]) -> Result<Self, GrantError> {
        let said = json::object(text).ok_or(GrantError::Form)?;
        let member = |name: &'static str| {
            let text = said.get(name).and_then(Value::as_str);
            let text = text.filter(|text| !text.is_empty());
            text.ok_or(GrantError::Member(name))
        };
        if !member("token_type")?.eq_ignore_ascii_case("Bearer") {
            return Err(GrantError::Member("token_type"));
        }
        Ok(Self {
            id_token: Secret::new(member("id_token")?.to_owned()),
            access_token: Secret::new(member("access_token")?.to_owned()),
        })
    }
}

/// Why a provider refused a code, if it says so in the words of the standard.
#[must_use]
pub fn refusal(text: &[u8]) -> Option<&'static str> {
    let said = json::object(text)?;
    let reason = said.get("error")?.as_str()?;
    REASONS.into_iter().find(|known| *known == reason)
}

/// What a provider says of a person when asked with their access token. `None` for what is no JSON object,
/// and for what it says of somebody else (OpenID Connect Core 1.0, section 5.3.2).
#[must_use]
pub fn person(text: &[u8], subject: &str) -> Option<Map<String, Value>> {
    let claims = json::object(text)?;
    let of = claims.get("sub").and_then(Value::as_str) == Some(subject);
    of.then_some(claims)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_whole_answer_is_one_and_it_prints_nothing() {
        let whole = br#"{"token_type":"bearer","id_token":"a.b.c","access_token":"x-secret"}"#;
        let granted = Granted::parse(whole).unwrap();
        assert_eq!(granted.id_token.expose(), "a.b.c");
        assert!(!format!("{granted:?}").contains("x-secret"));
        for (text, why) in [
            ("[]", GrantError::Form),
            ("{}", GrantError::Member("token_type")),
            (
                r#"{"token_type":"DPoP","id_token":"a","access_token":"b"}"#,
                GrantError::Member("token_type"),
            ),
            (
                r#"{"token_type":"Bearer","access_token":"b"}"#,
                GrantError::Member("id_token"),
            ),
        ] {
            assert_eq!(Granted::parse(text.as_bytes()).unwrap_err(), why, "{text}");
        }
    }

    #[test]
    fn a_reason_is_one_of_the_standards_and_a_person_the_one_asked_for() {
        assert_eq!(
            refusal(br#"{"error":"invalid_grant"}"#),
            Some("invalid_grant")
        );
        assert_eq!(refusal(br#"{"error":"<script>"}"#), None);
        assert!(person(br#"{"sub":"a","email":"x"}"#, "a").is_some());
        assert!(person(br#"{"sub":"b","email":"x"}"#, "a").is_none());
        assert!(person(b"eyJh.b.c", "a").is_none());
    }
}
