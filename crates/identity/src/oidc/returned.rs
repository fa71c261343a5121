//! What a browser brings back from a provider, in the query of an address.

use ringfence_event::Secret;
use url::form_urlencoded;

/// Longest query that is looked at, and longest value in it.
const MOST_QUERY: usize = 8_192;
const MOST_VALUE: usize = 4_096;
/// The reasons of RFC 6749, section 4.1.2.1, and OpenID Connect Core 1.0, section 3.1.2.6: others are not
/// repeated, nor is anything that describes them.
const REASONS: [&str; 11] = [
    "invalid_request",
    "unauthorized_client",
    "access_denied",
    "unsupported_response_type",
    "invalid_scope",
    "server_error",
    "temporarily_unavailable",
    "interaction_required",
    "login_required",
    "account_selection_required",
    "consent_required",
];

/// What a browser brought back.
#[derive(Debug)]
pub struct Returned {
    /// Which sign-in it says it belongs to. Never empty.
    pub state: String,
    /// Which provider says so (RFC 9207), if one does.
    pub issuer: Option<String>,
    /// What came of it.
    pub outcome: Outcome,
}

/// What came of a sign-in at a provider.
#[derive(Debug)]
pub enum Outcome {
    /// A code.
    Code(Secret<String>),
    /// Nothing, for a reason.
    Refused(&'static str),
}

impl Returned {
    /// Reads a query. `None` for one in which something is missing, stands twice (RFC 6749, section
    /// 3.1) or is too long, and for one with a code as well as a reason why there is none.
    #[must_use]
    pub fn parse(query: &str) -> Option<Self> {
        if query.len() > MOST_QUERY {
            return None;
        }
        let (mut state, mut issuer, mut code, mut error) = (None, None, None, None);
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let place = match name.as_ref() {
                "state" => &mut state,
                "iss" => &mut issuer,
                "code" => &mut code,
                "error" => &mut error,
                _ => continue,
            };
            let fits = (1..=MOST_VALUE).contains(&value.len());
            if !fits || place.replace(value.into_owned()).is_some() {
                return None;
            }
        }
        let outcome = match (code, error) {
            (Some(code), None) => Outcome::Code(Secret::new(code)),
            (None, Some(error)) => {
                let known = REASONS.into_iter().find(|known| *known == error);
                Outcome::Refused(known.unwrap_or("another reason"))
            }
            _ => return None,
        };
        Some(Self {
            state: state?,
            issuer,
            outcome,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_or_a_reason_and_never_both_nor_twice() {
        let read = |query: &str| match Returned::parse(query)?.outcome {
            Outcome::Code(code) => Some(format!("code {}", code.expose())),
            Outcome::Refused(why) => Some(why.to_owned()),
        };
        assert_eq!(
            read("state=s&code=a%20b&session_state=x").as_deref(),
            Some("code a b")
        );
        assert_eq!(
            read("error=access_denied&state=s").as_deref(),
            Some("access_denied")
        );
        let page = "state=s&error=%3Cb%3E&error_description=%3Cscript%3E";
        assert_eq!(read(page).as_deref(), Some("another reason"));
        for query in [
            "",
            "code=a",
            "state=s",
            "state=&code=a",
            "state=s&code=",
            "state=s&code=a&code=b",
            "state=s&state=t&code=a",
            "state=s&code=a&error=access_denied",
            "state=s&code=a&iss=x&iss=y",
            &format!("state=s&code={}", "a".repeat(MOST_VALUE + 1)),
            &format!("state=s&code=a&x={}", "a".repeat(MOST_QUERY)),
        ] {
            assert_eq!(read(query), None, "{query:.40}");
        }
        let named = Returned::parse("state=s&code=a&iss=https%3A%2F%2Fop.example").unwrap();
        assert_eq!(named.issuer.as_deref(), Some("https://op.example"));
        assert!(!format!("{named:?}").contains("Secret(\"a\")"));
    }
}
