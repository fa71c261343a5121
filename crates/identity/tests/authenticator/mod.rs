//! An authenticator and a browser in software, which do as they are told: also what they never would.

use ringfence_crypto::stand_in::{Public, Signer};
use ringfence_crypto::{EcdsaForm, RsaPadding, sha256, to_base64url};
use serde_json::{Map, Value, json};

pub const ORIGIN: &str = "https://rf.example";
pub const CHALLENGE: &[u8] = b"0123456789abcdef0123456789abcdef";

/// A private key, its credential id and its public key in COSE.
pub struct Device {
    pub signer: Signer,
    pub id: Vec<u8>,
    pub cose: Vec<u8>,
}

/// What authenticator and browser say in one ceremony.
#[derive(Clone)]
pub struct Said {
    /// `clientDataJSON`, member by member.
    pub client_data: Map<String, Value>,
    /// Bytes before it.
    pub before: Vec<u8>,
    pub rp_id: String,
    pub flags: u8,
    pub count: u32,
    pub id: Vec<u8>,
    pub cose: Vec<u8>,
    /// Bytes behind the authenticator's data: extensions, or what does not belong there.
    pub behind: Vec<u8>,
    pub format: &'static str,
    /// In CBOR.
    pub statement: Vec<u8>,
}

impl Device {
    pub fn es256() -> Self {
        Self::of(Signer::es256(EcdsaForm::Der).unwrap())
    }

    pub fn ed25519() -> Self {
        Self::of(Signer::ed25519().unwrap())
    }

    pub fn rs256() -> Self {
        Self::of(Signer::rsa(RsaPadding::Pkcs1).unwrap())
    }

    fn of(signer: Signer) -> Self {
        let cose = match signer.public() {
            Public::Es256 { x, y } => map(&[
                (int(1), int(2)),
                (int(3), int(-7)),
                (int(-1), int(1)),
                (int(-2), bytes(&x)),
                (int(-3), bytes(&y)),
            ]),
            Public::Ed25519(x) => map(&[
                (int(1), int(1)),
                (int(3), int(-8)),
                (int(-1), int(6)),
                (int(-2), bytes(&x)),
            ]),
            Public::Rsa { n, e } => map(&[
                (int(1), int(3)),
                (int(3), int(-257)),
                (int(-1), bytes(&n)),
                (int(-2), bytes(&e)),
            ]),
        };
        let id = sha256(&cose).to_vec();
        Self { signer, id, cose }
    }

    /// A registration as it should be, to be changed.
    pub fn creating(&self) -> Said {
        Said {
            client_data: client_data("webauthn.create"),
            before: Vec::new(),
            rp_id: "rf.example".to_owned(),
            flags: 0x5d,
            count: 1,
            id: self.id.clone(),
            cose: self.cose.clone(),
            behind: Vec::new(),
            format: "none",
            statement: map(&[]),
        }
    }

    /// A sign-in as it should be, to be changed.
    pub fn getting(&self) -> Said {
        Said {
            client_data: client_data("webauthn.get"),
            flags: 0x1d,
            count: 2,
            ..self.creating()
        }
    }

    /// What the browser sends for a registration.
    pub fn created(&self, said: &Said) -> Value {
        let object = map(&[
            (text("fmt"), text(said.format)),
            (text("attStmt"), said.statement.clone()),
            (text("authData"), bytes(&said.authenticator_data())),
        ]);
        answer(
            &said.id,
            json!({
                "clientDataJSON": to_base64url(&said.client_data()),
                "attestationObject": to_base64url(&object),
                "transports": ["internal", "hybrid"],
            }),
        )
    }

    /// What the browser sends for a sign-in, signed.
    pub fn got(&self, said: &Said) -> Value {
        let (client_data, data) = (said.client_data(), said.authenticator_data());
        let message = [data.as_slice(), &sha256(&client_data)].concat();
        answer(
            &said.id,
            json!({
                "clientDataJSON": to_base64url(&client_data),
                "authenticatorData": to_base64url(&data),
                "signature": to_base64url(&self.signer.sign(&message)),
                "userHandle": "AAECAwQFBgcICQoLDA0ODw",
            }),
        )
    }
}

impl Said {
    pub fn client_data(&self) -> Vec<u8> {
        let text = Value::Object(self.client_data.clone()).to_string();
        [self.before.as_slice(), text.as_bytes()].concat()
    }

    pub fn authenticator_data(&self) -> Vec<u8> {
        let mut data = sha256(self.rp_id.as_bytes()).to_vec();
        data.push(self.flags);
        data.extend(self.count.to_be_bytes());
        if self.flags & 0x40 != 0 {
            data.extend(*b"ringfence aaguid");
            data.extend(u16::try_from(self.id.len()).unwrap().to_be_bytes());
            data.extend(&self.id);
            data.extend(&self.cose);
        }
        data.extend(&self.behind);
        data
    }
}

fn client_data(ceremony: &str) -> Map<String, Value> {
    let Value::Object(data) = json!({
        "type": ceremony,
        "challenge": to_base64url(CHALLENGE),
        "origin": ORIGIN,
        "crossOrigin": false,
        "other_keys_can_be_added_here": "do not compare clientDataJSON against a template",
    }) else {
        panic!("an object");
    };
    data
}

fn answer(id: &[u8], response: Value) -> Value {
    json!({
        "id": to_base64url(id),
        "rawId": to_base64url(id),
        "type": "public-key",
        "authenticatorAttachment": "platform",
        "clientExtensionResults": { "credProps": { "rk": true } },
        "response": response,
    })
}

pub fn int(number: i64) -> Vec<u8> {
    match u64::try_from(number) {
        Ok(number) => head(0, number),
        Err(_) => head(1, number.unsigned_abs() - 1),
    }
}

pub fn bytes(of: &[u8]) -> Vec<u8> {
    [head(2, of.len() as u64).as_slice(), of].concat()
}

pub fn text(of: &str) -> Vec<u8> {
    [head(3, of.len() as u64).as_slice(), of.as_bytes()].concat()
}

pub fn map(members: &[(Vec<u8>, Vec<u8>)]) -> Vec<u8> {
    let mut out = head(5, members.len() as u64);
    for (name, value) in members {
        out.extend(name);
        out.extend(value);
    }
    out
}

fn head(kind: u8, argument: u64) -> Vec<u8> {
    let bytes = argument.to_be_bytes();
    match argument {
        0..=23 => vec![kind << 5 | bytes[7]],
        24..=0xff => vec![kind << 5 | 24, bytes[7]],
        0x100..=0xffff => vec![kind << 5 | 25, bytes[6], bytes[7]],
        _ => [&[kind << 5 | 27], bytes.as_slice()].concat(),
    }
}
