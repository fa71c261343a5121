//! Signed notes (C2SP signed-note v1.0.0).

use ringfence_crypto::{from_base64, to_base64};

use crate::vkey::{Signer, VerifierKey, is_name};

/// Bytes of a note; a checkpoint with many cosignatures has some thousand.
const MOST_BYTES: usize = 1 << 16;
/// Signatures of a note; the specification asks for 16 at least.
const MOST_SIGNATURES: usize = 64;
/// Em dash and space, before each signature.
const DASH: &str = "\u{2014} ";

/// A text and who signed it. Nothing of it is believed before [`Note::verify`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    text: String,
    signatures: Vec<Signature>,
}

/// One line under a note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// Name of the key.
    pub name: String,
    /// Which key of that name, and of which kind.
    pub id: u32,
    /// What the key made.
    pub bytes: Vec<u8>,
}

/// Why a text is no note, or nobody signed it whom one believes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// Larger than any that one has to read.
    #[error("the note has more than {MOST_BYTES} bytes or {MOST_SIGNATURES} signatures")]
    TooLarge,
    /// A control character other than the end of a line, or no UTF-8.
    #[error("the note has a byte that no note has, at {0}")]
    Byte(usize),
    /// No empty line, or nothing before it.
    #[error("the note has no text that ends in an empty line before its signatures")]
    Shape,
    /// A line that is no signature, counted from 1 among them.
    #[error("line {0} of the note's signatures is none")]
    Line(usize),
    /// A key that one knows, with a signature that is not its own.
    #[error("the signature of `{0}` is false")]
    False(String),
    /// Nobody whom one knows.
    #[error("nobody signed the note whose key is known here")]
    Unsigned,
}

impl Note {
    /// A text that nobody signed yet. It has to end with the end of a line.
    ///
    /// # Errors
    /// When it could not be told apart from what stands under it.
    pub fn new(text: impl Into<String>) -> Result<Self, NoteError> {
        let text = text.into();
        let signatures = Vec::new();
        match text.ends_with('\n') && text.len() <= MOST_BYTES {
            true => plain(&text).map(|()| Self { text, signatures }),
            false => Err(NoteError::Shape),
        }
    }

    /// Reads a note.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub fn parse(bytes: &[u8]) -> Result<Self, NoteError> {
        if bytes.len() > MOST_BYTES {
            return Err(NoteError::TooLarge);
        }
        let whole = std::str::from_utf8(bytes).map_err(|e| NoteError::Byte(e.valid_up_to()))?;
        plain(whole)?;
        // The text keeps its last end of line; the empty line belongs to neither.
        let at = whole.rfind("\n\n").ok_or(NoteError::Shape)?;
        let (text, under) = whole.split_at_checked(at + 1).ok_or(NoteError::Shape)?;
        let under = under.strip_prefix('\n').unwrap_or(under);
        let under = under.strip_suffix('\n').ok_or(NoteError::Shape)?;
        let mut signatures = Vec::new();
        for (at, line) in under.split('\n').enumerate() {
            if at >= MOST_SIGNATURES {
                return Err(NoteError::TooLarge);
            }
            signatures.push(Signature::parse(line).ok_or(NoteError::Line(at + 1))?);
        }
        let text = text.to_owned();
        Ok(Self { text, signatures })
    }

    /// The text with its last end of line.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// All signatures, believed or not.
    #[must_use]
    pub fn signatures(&self) -> &[Signature] {
        &self.signatures
    }

    /// Signs it, in the place of an older signature of the same key.
    pub fn sign(&mut self, signer: &Signer) {
        let bytes = signer.sign(self.text.as_bytes());
        self.add(Signature {
            name: signer.name().to_owned(),
            id: signer.id(),
            bytes,
        });
    }

    /// Adds a signature, in the place of an older one of the same key.
    pub fn add(&mut self, signature: Signature) {
        let same = |s: &Signature| (&s.name, s.id) == (&signature.name, signature.id);
        self.signatures.retain(|other| !same(other));
        self.signatures.push(signature);
    }

    /// Whether one of `keys`, which are of Ed25519, signed it; unknown ones are passed over.
    ///
    /// # Errors
    /// When none did, or a known key's signature is false.
    pub fn verify(&self, keys: &[VerifierKey]) -> Result<(), NoteError> {
        let mut signed = false;
        for (signature, key) in self.known(keys) {
            if !key.verify(self.text.as_bytes(), &signature.bytes) {
                return Err(NoteError::False(signature.name.clone()));
            }
            signed = true;
        }
        if signed {
            Ok(())
        } else {
            Err(NoteError::Unsigned)
        }
    }

    /// The signatures whose name and id are those of a key.
    pub(crate) fn known<'a>(
        &'a self,
        keys: &'a [VerifierKey],
    ) -> impl Iterator<Item = (&'a Signature, &'a VerifierKey)> {
        self.signatures.iter().filter_map(|signature| {
            let same =
                |key: &&VerifierKey| key.name() == signature.name && key.id() == signature.id;
            Some((signature, keys.iter().find(same)?))
        })
    }
}

/// As it is kept and served.
impl std::fmt::Display for Note {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "{}", self.text)?;
        for signature in &self.signatures {
            writeln!(f, "{signature}")?;
        }
        Ok(())
    }
}

impl Signature {
    /// From a line, without its end.
    #[must_use]
    pub fn parse(line: &str) -> Option<Self> {
        let (name, coded) = line.strip_prefix(DASH)?.split_once(' ')?;
        let bytes = from_base64(coded).ok()?;
        let (id, bytes) = bytes.split_first_chunk::<4>()?;
        let good = is_name(name) && !bytes.is_empty();
        good.then(|| Self {
            name: name.to_owned(),
            id: u32::from_be_bytes(*id),
            bytes: bytes.to_vec(),
        })
    }
}

/// The line, without its end.
impl std::fmt::Display for Signature {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let bytes = [self.id.to_be_bytes().as_slice(), &self.bytes].concat();
        write!(f, "{DASH}{} {}", self.name, to_base64(&bytes))
    }
}

fn plain(text: &str) -> Result<(), NoteError> {
    let control = |byte: u8| byte < 0x20 && byte != b'\n';
    match text.bytes().position(control) {
        Some(at) => Err(NoteError::Byte(at)),
        None => Ok(()),
    }
}
