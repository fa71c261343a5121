//! Somebody whom a provider vouches for.

use ringfence_event::Secret;
use ringfence_identity::jwt::IdToken;
use serde_json::{Map, Value};

use crate::config::Mfa;

/// Somebody whom a provider vouches for. Prints no token.
#[derive(Debug)]
pub struct Vouched {
    /// The provider's name for itself.
    pub issuer: String,
    /// The person there: with the issuer, the only lasting name they have.
    pub subject: String,
    /// Their session there, if the provider names it.
    pub session: Option<String>,
    /// When they signed in there, in seconds since 1970, if the provider says so.
    pub auth_time_s: Option<i64>,
    /// They showed more than one factor there, as the provider says and the configuration believes.
    pub is_mfa: bool,
    pub(crate) claims: Map<String, Value>,
    pub(crate) access_token: Secret<String>,
}

impl Vouched {
    pub(crate) fn of(
        id: IdToken,
        claims: Map<String, Value>,
        access_token: Secret<String>,
        mfa: &Mfa,
    ) -> Self {
        let by_class = id.acr.as_ref().is_some_and(|acr| mfa.acr.contains(acr));
        let by_methods = id.amr.iter().any(|method| mfa.amr.contains(method));
        Self {
            is_mfa: by_class || by_methods,
            issuer: id.issuer,
            subject: id.subject,
            session: id.session,
            auth_time_s: id.auth_time_s,
            claims,
            access_token,
        }
    }
}

/// What claims say of somebody under a name by which they may be known here. An address for mail counts only
/// where the provider says that it made sure of it: whoever could name any would be anybody.
pub(crate) fn matching(claims: &Map<String, Value>, claim: &str) -> Option<String> {
    let text = claims.get(claim)?.as_str()?;
    let made_sure = match claim {
        "email" => match claims.get("email_verified") {
            Some(Value::Bool(verified)) => *verified,
            // Some providers write it so.
            Some(Value::String(verified)) => verified == "true",
            _ => false,
        },
        _ => true,
    };
    made_sure.then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_address_for_mail_counts_only_when_verified() {
        let said = |value: Value| {
            let claims = value.as_object().unwrap().clone();
            matching(&claims, "email")
        };
        let some = Some("ann@example.com".to_owned());
        assert_eq!(
            said(json!({"email": "ann@example.com", "email_verified": true})),
            some
        );
        assert_eq!(
            said(json!({"email": "ann@example.com", "email_verified": "true"})),
            some
        );
        for verified in [json!(false), json!("false"), json!(1), json!(null)] {
            assert_eq!(
                said(json!({"email": "ann@example.com", "email_verified": verified})),
                None
            );
        }
        assert_eq!(said(json!({"email": "ann@example.com"})), None);
        let claims = json!({"preferred_username": "ann"});
        let claims = claims.as_object().unwrap();
        assert_eq!(
            matching(claims, "preferred_username").as_deref(),
            Some("ann")
        );
        assert_eq!(matching(claims, "upn"), None);
    }
}
