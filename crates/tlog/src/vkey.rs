//! Keys with names: who signs notes, and how others know them (C2SP signed-note, “Verifier keys”).

use std::sync::Arc;

use ringfence_crypto::{Ed25519Key, VerifyKey, from_base64, sha256, to_base64};

/// What a key signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum KeyKind {
    /// Notes: signature type 0x01.
    Log,
    /// Checkpoints of others, with the time: signature type 0x04.
    Cosigner,
}

impl KeyKind {
    /// As keys and signatures name it (C2SP signed-note, “Signature types”).
    #[must_use]
    pub fn byte(self) -> u8 {
        match self {
            Self::Log => 0x01,
            Self::Cosigner => 0x04,
        }
    }
}

/// Why a text is no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum VKeyError {
    /// Not `name+id+key`.
    #[error("a key is written `name+id+key`: a name without spaces or `+`, eight digits, base64")]
    Shape,
    /// The id does not follow from name and key.
    #[error("the key's id does not follow from its name and key: it was changed or cut")]
    Id,
    /// Neither a key of Ed25519 for notes nor one for cosignatures.
    #[error("a key of that type is not taken: only Ed25519 (types 1 and 4)")]
    Type,
    /// Not a point of the curve, or not 32 bytes.
    #[error("not a public key of Ed25519")]
    Key,
}

/// The public half of a named key.
#[derive(Clone)]
pub struct VerifierKey {
    name: Arc<str>,
    kind: KeyKind,
    public: [u8; 32],
    id: u32,
    key: VerifyKey,
}

impl VerifierKey {
    /// A key of a name.
    ///
    /// # Errors
    /// When the name can be none, or the bytes are no key.
    pub fn new(name: &str, kind: KeyKind, public: [u8; 32]) -> Result<Self, VKeyError> {
        if !is_name(name) {
            return Err(VKeyError::Shape);
        }
        let key = VerifyKey::ed25519(&public).map_err(|_| VKeyError::Key)?;
        Ok(Self {
            name: name.into(),
            kind,
            public,
            id: id_of(name, kind, &public),
            key,
        })
    }

    /// From the text that [`VerifierKey`] is displayed as.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, VKeyError> {
        // Base64 has a `+` too: the first two belong to the form.
        let (name, rest) = text.split_once('+').ok_or(VKeyError::Shape)?;
        let (id, coded) = rest.split_once('+').ok_or(VKeyError::Shape)?;
        let digits = id.len() == 8 && id.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        let id = u32::from_str_radix(id, 16).ok().filter(|_| digits);
        let id = id.ok_or(VKeyError::Shape)?;
        let bytes = from_base64(coded).map_err(|_| VKeyError::Shape)?;
        let (kind, public) = bytes.split_first().ok_or(VKeyError::Shape)?;
        let kind = match kind {
            0x01 => KeyKind::Log,
            0x04 => KeyKind::Cosigner,
            _ => return Err(VKeyError::Type),
        };
        let public = public.try_into().map_err(|_| VKeyError::Key)?;
        let key = Self::new(name, kind, public)?;
        match key.id == id {
            true => Ok(key),
            false => Err(VKeyError::Id),
        }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it signs.
    #[must_use]
    pub fn kind(&self) -> KeyKind {
        self.kind
    }

    /// Which key of its name it is.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.id
    }

    /// Whether it made `signature` over `message`.
    pub(crate) fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        self.key.verify(&[message], signature)
    }
}

impl PartialEq for VerifierKey {
    fn eq(&self, other: &Self) -> bool {
        (&self.name, self.kind, self.public) == (&other.name, other.kind, other.public)
    }
}

impl Eq for VerifierKey {}

impl std::fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let key = [[self.kind.byte()].as_slice(), &self.public].concat();
        write!(f, "{}+{:08x}+{}", self.name, self.id, to_base64(&key))
    }
}

impl std::fmt::Debug for VerifierKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self}")
    }
}

/// Makes a signature of 64 bytes over a message.
type Make = dyn Fn(&[u8]) -> Vec<u8> + Send + Sync;

/// A named key that signs, behind whoever keeps it.
#[derive(Clone)]
pub struct Signer {
    public: VerifierKey,
    make: Arc<Make>,
}

impl Signer {
    /// A key that is at hand.
    ///
    /// # Errors
    /// When the name can be none.
    pub fn new(name: &str, kind: KeyKind, key: Ed25519Key) -> Result<Self, VKeyError> {
        let public = key.public();
        Self::kept_by(name, kind, public, move |message| key.sign(message))
    }

    /// A key that something else keeps, which signs with it.
    ///
    /// # Errors
    /// When the name can be none, or the bytes are no key.
    pub fn kept_by(
        name: &str,
        kind: KeyKind,
        public: [u8; 32],
        make: impl Fn(&[u8]) -> Vec<u8> + Send + Sync + 'static,
    ) -> Result<Self, VKeyError> {
        let public = VerifierKey::new(name, kind, public)?;
        let make = Arc::new(make);
        Ok(Self { public, make })
    }

    /// How others know it.
    #[must_use]
    pub fn public(&self) -> &VerifierKey {
        &self.public
    }

    pub(crate) fn name(&self) -> &str {
        self.public.name()
    }

    pub(crate) fn id(&self) -> u32 {
        self.public.id()
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Vec<u8> {
        (self.make)(message)
    }
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Signer({})", self.public)
    }
}

/// Whether a key may have this name.
pub(crate) fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.contains(|c: char| c.is_whitespace() || c == '+' || c.is_control())
}

fn id_of(name: &str, kind: KeyKind, public: &[u8; 32]) -> u32 {
    let hash = sha256(&[name.as_bytes(), b"\n", &[kind.byte()], public].concat());
    hash.first_chunk::<4>()
        .map_or(0, |id| u32::from_be_bytes(*id))
}
