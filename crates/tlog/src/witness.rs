//! What a witness is asked and what it answers (C2SP tlog-witness v1.0.0, `add-checkpoint`).

use std::fmt;

use crate::checkpoint::{Checkpoint, CheckpointError, size_of};
use crate::hash::Hash;
use crate::note::{Note, NoteError, Signature};
use crate::proof::{ProofError, verify_consistency};
use crate::vkey::VerifierKey;

/// Hashes of a proof that a request may carry.
const MOST_PROOF: usize = 63;

/// The body of `POST …/add-checkpoint`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddCheckpoint {
    /// The size that the witness signed last, as far as the log knows.
    pub old: u64,
    /// From there to the checkpoint.
    pub proof: Vec<Hash>,
    /// What is to be cosigned.
    pub checkpoint: Note,
}

/// What a witness remembers of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// Entries of the checkpoint that it cosigned last; 0 for none.
    pub size: u64,
    /// Its root.
    pub root: Hash,
}

/// Why a witness does not sign. The number is the status of HTTP that the specification gives it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// 400.
    #[error("the request is none: {0}")]
    Request(&'static str),
    /// 404: a log that this witness does not follow.
    #[error("this witness does not follow the log `{0}`")]
    UnknownLog(String),
    /// 403: not signed by the log.
    #[error("the log did not sign that checkpoint: {0}")]
    Signature(NoteError),
    /// 409: the proof is from another size than the one that was signed last.
    #[error("the checkpoint that was signed last has {0} entries")]
    Conflict(u64),
    /// 422: it does not follow from what was signed before.
    #[error("the checkpoint does not follow from the one that was signed last: {0}")]
    Inconsistent(ProofError),
}

impl Refusal {
    /// Status of HTTP.
    #[must_use]
    pub fn status(&self) -> u16 {
        match self {
            Self::Request(_) => 400,
            Self::UnknownLog(_) => 404,
            Self::Signature(_) => 403,
            Self::Conflict(_) => 409,
            Self::Inconsistent(_) => 422,
        }
    }
}

impl AddCheckpoint {
    /// Reads a body.
    ///
    /// # Errors
    /// When it is none.
    pub fn parse(body: &[u8]) -> Result<Self, Refusal> {
        let wrong = Refusal::Request;
        let text = std::str::from_utf8(body).map_err(|_| wrong("not UTF-8"))?;
        let (head, note) = text
            .split_once("\n\n")
            .ok_or(wrong("no empty line before the checkpoint"))?;
        let mut lines = head.split('\n');
        let old = lines.next().and_then(|line| line.strip_prefix("old "));
        let old = old
            .and_then(size_of)
            .ok_or(wrong("it begins with `old` and a size"))?;
        let mut proof = Vec::new();
        for line in lines {
            if proof.len() == MOST_PROOF {
                return Err(wrong("a proof has at most 63 hashes"));
            }
            proof.push(Hash::parse(line).map_err(|_| wrong("a line of the proof is no hash"))?);
        }
        let checkpoint = Note::parse(note.as_bytes());
        let checkpoint = checkpoint.map_err(|_| wrong("what follows the empty line is no note"))?;
        Ok(Self {
            old,
            proof,
            checkpoint,
        })
    }

    /// Which log it is about; not believed yet.
    ///
    /// # Errors
    /// When the note is no checkpoint.
    pub fn origin(&self) -> Result<String, Refusal> {
        let read = Checkpoint::parse(self.checkpoint.text());
        Ok(read
            .map_err(|_| Refusal::Request("the note is no checkpoint"))?
            .origin)
    }

    /// Whether a witness that remembers `seen` of this log, which has these keys, may sign. If it may,
    /// the answer is what it has to remember, durably, before it answers; nothing may come between.
    ///
    /// # Errors
    /// Why not.
    pub fn judge(&self, keys: &[VerifierKey], seen: &Seen) -> Result<Seen, Refusal> {
        let origin = self.origin()?;
        let opened = Checkpoint::open(&self.checkpoint, &origin, keys);
        let checkpoint = opened.map_err(|error| match error {
            CheckpointError::Note(error) => Refusal::Signature(error),
            CheckpointError::Origin(origin) => Refusal::UnknownLog(origin),
            CheckpointError::Shape(why) => Refusal::Request(why),
        })?;
        if self.old > checkpoint.size {
            return Err(Refusal::Request(
                "the old size is above that of the checkpoint",
            ));
        }
        if self.old != seen.size {
            return Err(Refusal::Conflict(seen.size));
        }
        let new = (checkpoint.size, &checkpoint.root);
        verify_consistency((seen.size, &seen.root), new, &self.proof)
            .map_err(Refusal::Inconsistent)?;
        let Checkpoint { size, root, .. } = checkpoint;
        Ok(Seen { size, root })
    }
}

impl Seen {
    /// A log of which nothing was signed yet.
    #[must_use]
    pub fn nothing() -> Self {
        let root = crate::EMPTY;
        Self { size: 0, root }
    }
}

/// The body.
impl fmt::Display for AddCheckpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "old {}", self.old)?;
        self.proof
            .iter()
            .try_for_each(|hash| writeln!(f, "{hash}"))?;
        write!(f, "\n{}", self.checkpoint)
    }
}

/// The lines of a witness's answer.
///
/// # Errors
/// When a line is no signature, or there are more than a note may have.
pub fn answer(body: &str) -> Result<Vec<Signature>, NoteError> {
    let lines = body.strip_suffix('\n').ok_or(NoteError::Shape)?;
    let lines = (1..).zip(lines.split('\n'));
    lines
        .map(|(at, line)| Signature::parse(line).ok_or(NoteError::Line(at)))
        .collect()
}
