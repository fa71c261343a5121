//! A provider's public keys (RFC 7517, RFC 7518 section 6, RFC 8037).

use ringfence_crypto::{EcdsaForm, RsaPadding, VerifyKey, from_base64url};
use serde_json::{Map, Value};

use super::error::JwtError;
use crate::json;

const MOST_TEXT: usize = 256 * 1024;
const MOST_KEYS: usize = 100;

/// What a token may be signed with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Alg {
    /// RSA with PKCS #1 v1.5 and SHA-256: what every provider has.
    Rs256,
    /// RSA with PSS and SHA-256.
    Ps256,
    /// ECDSA with P-256 and SHA-256.
    Es256,
    /// Ed25519, under its old name `EdDSA` or the new one of RFC 9864.
    EdDsa,
}

impl Alg {
    /// All there are.
    pub const ALL: [Self; 4] = [Self::Rs256, Self::Ps256, Self::Es256, Self::EdDsa];

    /// The name in headers and in a provider's metadata.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Ps256 => "PS256",
            Self::Es256 => "ES256",
            Self::EdDsa => "EdDSA",
        }
    }

    /// The algorithm of that name. `none` and those with a shared secret have none.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        let named = Self::ALL.into_iter().find(|alg| alg.name() == name);
        named.or((name == "Ed25519").then_some(Self::EdDsa))
    }
}

/// The keys of a set that can be used here.
#[derive(Debug, Clone, Default)]
pub struct Jwks(Vec<Key>);

#[derive(Debug, Clone)]
struct Key {
    id: Option<String>,
    alg: Alg,
    key: VerifyKey,
}

impl Jwks {
    /// Reads a key set. Keys that are of no use here, for other purposes, of other kinds or too
    /// weak, are passed over (RFC 7517, section 5).
    ///
    /// # Errors
    /// When it is no key set, or too long for one.
    pub fn parse(text: &str) -> Result<Self, JwtError> {
        if text.len() > MOST_TEXT {
            return Err(JwtError::TooLong);
        }
        let set = json::object(text.as_bytes()).ok_or(JwtError::KeySet)?;
        let keys = set
            .get("keys")
            .and_then(Value::as_array)
            .ok_or(JwtError::KeySet)?;
        if keys.len() > MOST_KEYS {
            return Err(JwtError::TooLong);
        }
        let objects = keys.iter().filter_map(Value::as_object);
        Ok(Self(objects.flat_map(usable).collect()))
    }

    /// Whether no key of the set can be used.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The keys that fit a token's header. Without a `kid` there must be no choice (OpenID Connect
    /// Core, section 10.1).
    pub(super) fn fitting(&self, kid: Option<&str>, alg: Alg) -> Vec<&VerifyKey> {
        let fits =
            |key: &&Key| key.alg == alg && kid.is_none_or(|kid| key.id.as_deref() == Some(kid));
        let fitting: Vec<_> = self.0.iter().filter(fits).map(|key| &key.key).collect();
        match (kid, fitting.len()) {
            (None, 2..) => Vec::new(),
            _ => fitting,
        }
    }
}

/// A key with each algorithm that it may be used for: an RSA key that names none has two.
fn usable(jwk: &Map<String, Value>) -> Vec<Key> {
    let text = |name: &str| jwk.get(name).and_then(Value::as_str);
    let number = |name: &str| text(name).and_then(|text| from_base64url(text).ok());
    let for_signatures = match (jwk.get("use"), jwk.get("key_ops")) {
        (Some(purpose), _) if purpose != "sig" => false,
        (_, Some(Value::Array(ops))) => ops.iter().any(|op| op == "verify"),
        (_, ops) => ops.is_none(),
    };
    // One that is not a text is refused with the key, not taken for none.
    let proper = ["kid", "alg"]
        .iter()
        .all(|name| jwk.get(*name).is_none_or(Value::is_string));
    if !for_signatures || !proper {
        return Vec::new();
    }
    let made = match (text("kty"), text("crv")) {
        (Some("RSA"), _) => rsa(number("n"), number("e")),
        (Some("EC"), Some("P-256")) => {
            let (x, y) = (
                number("x").unwrap_or_default(),
                number("y").unwrap_or_default(),
            );
            let key = VerifyKey::es256(&x, &y, EcdsaForm::Fixed);
            key.map(|key| vec![(Alg::Es256, key)]).unwrap_or_default()
        }
        (Some("OKP"), Some("Ed25519")) => {
            let key = VerifyKey::ed25519(&number("x").unwrap_or_default());
            key.map(|key| vec![(Alg::EdDsa, key)]).unwrap_or_default()
        }
        _ => Vec::new(),
    };
    let named = |alg: Alg| text("alg").is_none_or(|name| Alg::of_name(name) == Some(alg));
    let keys = made.into_iter().filter(|(alg, _)| named(*alg));
    keys.map(|(alg, key)| Key {
        id: text("kid").map(str::to_owned),
        alg,
        key,
    })
    .collect()
}

fn rsa(n: Option<Vec<u8>>, e: Option<Vec<u8>>) -> Vec<(Alg, VerifyKey)> {
    let (n, e) = (n.unwrap_or_default(), e.unwrap_or_default());
    let with = |alg, padding| Some((alg, VerifyKey::rsa(&n, &e, padding).ok()?));
    let both = [
        with(Alg::Rs256, RsaPadding::Pkcs1),
        with(Alg::Ps256, RsaPadding::Pss),
    ];
    both.into_iter().flatten().collect()
}
