//! Cosignatures: somebody else saw this checkpoint, at this time, and it followed from what they saw
//! before (C2SP tlog-cosignature v1.0.1, Ed25519).

use crate::note::{Note, NoteError, Signature};
use crate::vkey::{Signer, VerifierKey};

/// Bytes of the time before the signature.
const TIME: usize = 8;

/// A cosignature that was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cosignature {
    /// Whose.
    pub witness: String,
    /// When, in seconds since 1970, by the witness's clock.
    pub time: u64,
}

/// The line that a witness puts under a checkpoint at `time`, in seconds since 1970.
#[must_use]
pub fn cosign(note: &Note, witness: &Signer, time: u64) -> Signature {
    let time = time.min(i64::MAX as u64);
    let made = witness.sign(message(note, time).as_bytes());
    Signature {
        name: witness.name().to_owned(),
        id: witness.id(),
        bytes: [time.to_be_bytes().as_slice(), &made].concat(),
    }
}

/// The cosignatures of known witnesses under a checkpoint; those of unknown ones are passed over.
///
/// # Errors
/// When that of a known one is false.
pub fn cosignature(note: &Note, witnesses: &[VerifierKey]) -> Result<Vec<Cosignature>, NoteError> {
    let mut checked: Vec<Cosignature> = Vec::new();
    for (signature, key) in note.known(witnesses) {
        let made = cosigned(note, signature, key);
        let made = made.ok_or_else(|| NoteError::False(signature.name.clone()))?;
        // One witness counts once, whatever stands there twice.
        if checked.iter().all(|other| other.witness != made.witness) {
            checked.push(made);
        }
    }
    Ok(checked)
}

/// What one line says, if it is of this witness and over this checkpoint, wherever it stands: a line that is
/// true over an older checkpoint was replayed.
#[must_use]
pub fn cosigned(note: &Note, line: &Signature, witness: &VerifierKey) -> Option<Cosignature> {
    if (line.name.as_str(), line.id) != (witness.name(), witness.id()) {
        return None;
    }
    let (time, made) = line.bytes.split_first_chunk::<TIME>()?;
    let time = u64::from_be_bytes(*time);
    let fits = i64::try_from(time).is_ok() && witness.verify(message(note, time).as_bytes(), made);
    fits.then(|| Cosignature {
        witness: line.name.clone(),
        time,
    })
}

fn message(note: &Note, time: u64) -> String {
    format!("cosignature/v1\ntime {time}\n{}", note.text())
}
