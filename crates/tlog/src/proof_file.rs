//! A proof that somebody can check years later, without the log (C2SP tlog-proof v1).

use std::fmt;

use ringfence_crypto::{from_base64, to_base64};

use crate::checkpoint::{Checkpoint, CheckpointError, size_of};
use crate::hash::Hash;
use crate::note::{Note, NoteError};
use crate::proof::{ProofError, verify_inclusion};
use crate::vkey::VerifierKey;

const FIRST: &str = "c2sp.org/tlog-proof@v1";
/// Hashes from a leaf to the root of the largest tree.
const MOST_PATH: usize = 64;

/// A place in a log, the way from there to the root of a checkpoint, and that checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogProof {
    /// What the entry is made of, for whoever knows how; nobody vouches for it by itself.
    pub extra: Option<Vec<u8>>,
    /// Of the entry, from 0.
    pub index: u64,
    /// The leaf's sibling first.
    pub path: Vec<Hash>,
    /// As the log signed it, with whoever cosigned it.
    pub checkpoint: Note,
}

/// Why a proof file proves nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LogProofError {
    /// Not a file of this kind.
    #[error("line {line} of the proof is wrong: {why}")]
    Shape {
        /// From 1.
        line: usize,
        /// What should stand there.
        why: &'static str,
    },
    /// Its checkpoint is none that one believes.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The entry is not in it.
    #[error(transparent)]
    Proof(#[from] ProofError),
}

impl LogProof {
    /// Reads a file.
    ///
    /// # Errors
    /// Says which line is wrong.
    pub fn parse(bytes: &[u8]) -> Result<Self, LogProofError> {
        let shape = |line, why| LogProofError::Shape { line, why };
        let text = std::str::from_utf8(bytes).map_err(|_| shape(1, "not UTF-8"))?;
        let (head, note) = text.split_once("\n\n").ok_or(shape(1, "no empty line"))?;
        let mut lines = (1..).zip(head.split('\n')).peekable();
        if lines.next().is_none_or(|(_, first)| first != FIRST) {
            return Err(shape(1, "it begins with `c2sp.org/tlog-proof@v1`"));
        }
        let mut extra = None;
        if let Some((line, coded)) = lines
            .peek()
            .and_then(|(n, l)| Some((*n, l.strip_prefix("extra ")?)))
        {
            let wrong = |_| shape(line, "`extra` is base64");
            extra = Some(from_base64(coded).map_err(wrong)?);
            lines.next();
        }
        let (line, index) = lines.next().unwrap_or((2, ""));
        let index = index.strip_prefix("index ").and_then(size_of);
        let index = index.ok_or(shape(line, "`index` and a number"))?;
        let mut path = Vec::new();
        for (line, hash) in lines {
            if path.len() == MOST_PATH {
                return Err(shape(line, "no path is so long"));
            }
            path.push(Hash::parse(hash).map_err(|_| shape(line, "a hash in base64"))?);
        }
        let checkpoint = Note::parse(note.as_bytes()).map_err(CheckpointError::from)?;
        Ok(Self {
            extra,
            index,
            path,
            checkpoint,
        })
    }

    /// Whether the entry whose hash is `leaf` was in the log of `origin` when one of its `keys` signed.
    /// Cosignatures are checked by [`crate::cosignature`].
    ///
    /// # Errors
    /// Says what does not fit.
    pub fn verify(
        &self,
        leaf: &Hash,
        origin: &str,
        keys: &[VerifierKey],
    ) -> Result<Checkpoint, LogProofError> {
        let checkpoint = Checkpoint::open(&self.checkpoint, origin, keys)?;
        verify_inclusion(
            leaf,
            self.index,
            checkpoint.size,
            &checkpoint.root,
            &self.path,
        )?;
        Ok(checkpoint)
    }
}

/// The file.
impl fmt::Display for LogProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{FIRST}")?;
        if let Some(extra) = &self.extra {
            writeln!(f, "extra {}", to_base64(extra))?;
        }
        writeln!(f, "index {}", self.index)?;
        self.path
            .iter()
            .try_for_each(|hash| writeln!(f, "{hash}"))?;
        write!(f, "\n{}", self.checkpoint)
    }
}

impl From<NoteError> for LogProofError {
    fn from(error: NoteError) -> Self {
        Self::Checkpoint(error.into())
    }
}
