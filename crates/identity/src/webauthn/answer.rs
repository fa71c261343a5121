//! The JSON that `PublicKeyCredential.toJSON()` gives (WebAuthn, section 5.1.1).

use ringfence_crypto::from_base64url;
use serde_json::{Map, Value};

use super::data::MOST_ID;
use super::refused::Refused;
use crate::json;

/// Room for an attestation statement with a chain of certificates, which we did not ask for.
const MOST_ANSWER: usize = 64 * 1024;
/// WebAuthn, section 5.4.3.
const MOST_HANDLE: usize = 64;
/// Ways to reach an authenticator, and how long the name of one may be.
const MOST_TRANSPORTS: usize = 8;
const MOST_TRANSPORT: usize = 32;

/// Whose an answer claims to be. Nothing of it is proved yet: it tells which passkey to check with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claimed {
    /// The credential's id.
    pub credential_id: Vec<u8>,
    /// The handle that the person was registered under, where the authenticator told it. It has to
    /// be that of the passkey's owner; where nobody was named before, it has to be there (section
    /// 7.2, step 6).
    pub user_handle: Option<Vec<u8>>,
}

/// Reads whose an answer to a request claims to be.
///
/// # Errors
/// When it is not of the form that browsers send.
pub fn claimed(answer: &str) -> Result<Claimed, Refused> {
    let answer = Answer::read(answer)?;
    let user_handle = match answer.response.get("userHandle") {
        None | Some(Value::Null) => None,
        Some(_) => Some(answer.bytes("response.userHandle", "userHandle")?),
    };
    // Some authenticators say "none" by an empty one.
    let user_handle = user_handle.filter(|handle| !handle.is_empty());
    if user_handle
        .as_ref()
        .is_some_and(|handle| handle.len() > MOST_HANDLE)
    {
        return Err(Refused::Form("response.userHandle"));
    }
    Ok(Claimed {
        credential_id: answer.id,
        user_handle,
    })
}

/// What both ceremonies' answers have.
pub(crate) struct Answer {
    pub(crate) id: Vec<u8>,
    response: Map<String, Value>,
}

impl Answer {
    pub(crate) fn read(answer: &str) -> Result<Self, Refused> {
        if answer.len() > MOST_ANSWER {
            return Err(Refused::TooLong);
        }
        let mut answer = json::object(answer.as_bytes()).ok_or(Refused::Form("object"))?;
        if answer.get("type").and_then(Value::as_str) != Some("public-key") {
            return Err(Refused::Form("type"));
        }
        let raw_id = answer.get("rawId").and_then(Value::as_str);
        let raw_id = raw_id.ok_or(Refused::Form("rawId"))?;
        if answer.get("id").and_then(Value::as_str) != Some(raw_id) {
            return Err(Refused::Form("id"));
        }
        let id = from_base64url(raw_id).map_err(|_| Refused::Form("rawId"))?;
        if !(1..=MOST_ID).contains(&id.len()) {
            return Err(Refused::CredentialId);
        }
        let Some(Value::Object(response)) = answer.remove("response") else {
            return Err(Refused::Form("response"));
        };
        Ok(Self { id, response })
    }

    /// A member of the response that is base64url; `path` is its name for people.
    pub(crate) fn bytes(&self, path: &'static str, name: &str) -> Result<Vec<u8>, Refused> {
        let text = self.response.get(name).and_then(Value::as_str);
        let bytes = text.and_then(|text| from_base64url(text).ok());
        bytes.ok_or(Refused::Form(path))
    }

    /// How the authenticator can be reached, unknown ways included (section 7.1, step 28). A hint
    /// that a browser sent unsigned: what is out of bounds is left out.
    pub(crate) fn transports(&self) -> Vec<String> {
        let listed = self.response.get("transports").and_then(Value::as_array);
        let plain = |name: &&str| {
            let mut bytes = name.bytes();
            (1..=MOST_TRANSPORT).contains(&name.len())
                && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        };
        let names = listed.into_iter().flatten().filter_map(Value::as_str);
        let mut transports = Vec::new();
        for name in names.filter(plain).take(MOST_TRANSPORTS) {
            if !transports.iter().any(|known| known == name) {
                transports.push(name.to_owned());
            }
        }
        transports
    }
}
