//! What the browser says of the page that asked (WebAuthn, section 5.8.1).

use ringfence_crypto::{constant_time_eq, from_base64url};
use serde_json::Value;

use super::refused::Refused;
use super::relying_party::RelyingParty;
use crate::json;

/// A guess at a challenge must be hopeless (WebAuthn, section 13.4.3).
const LEAST_CHALLENGE: usize = 16;

/// Checks it for a ceremony, `webauthn.create` or `webauthn.get` (section 7.1, steps 5 to 11; section
/// 7.2, steps 9 to 14). Members that are not known are passed over: browsers add some on purpose.
pub(crate) fn check(
    text: &[u8],
    ceremony: &str,
    challenge: &[u8],
    party: &RelyingParty,
) -> Result<(), Refused> {
    let form = Refused::Form("response.clientDataJSON");
    // "UTF-8 decode" of the Encoding standard takes a byte order mark away.
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let data = json::object(text).ok_or(form)?;
    let said = |name: &str| data.get(name).and_then(Value::as_str).ok_or(form);
    if said("type")? != ceremony {
        return Err(Refused::Ceremony);
    }
    let answered = from_base64url(said("challenge")?).map_err(|_| Refused::Challenge)?;
    // A caller who lost the challenge must not let in whoever sends an empty one.
    if challenge.len() < LEAST_CHALLENGE || !constant_time_eq(&answered, challenge) {
        return Err(Refused::Challenge);
    }
    if !party.is_ours(said("origin")?) {
        return Err(Refused::Origin);
    }
    match (data.get("crossOrigin"), data.get("topOrigin")) {
        (None | Some(Value::Bool(false)), None) => Ok(()),
        (None | Some(Value::Bool(_)), _) => Err(Refused::CrossOrigin),
        _ => Err(form),
    }
}
