//! Checkpoints: what a log says it is (C2SP tlog-checkpoint v1.0.0).

use std::fmt;

use crate::hash::Hash;
use crate::note::{Note, NoteError};
use crate::vkey::VerifierKey;

/// The size and root of a log at some moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log: unique in the world.
    pub origin: String,
    /// Entries.
    pub size: u64,
    /// Root of the tree of all of them.
    pub root: Hash,
    /// Lines that the log adds; nobody checks them.
    pub extensions: Vec<String>,
}

/// Why a note is no checkpoint of a log that one believes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// No note, or not signed.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// Not an origin, a size and a root, each on its line.
    #[error("not a checkpoint: {0}")]
    Shape(&'static str),
    /// Of another log.
    #[error("the checkpoint is of `{0}`")]
    Origin(String),
}

impl Checkpoint {
    /// Reads the text of a note.
    ///
    /// # Errors
    /// When it is written in any other way.
    pub fn parse(text: &str) -> Result<Self, CheckpointError> {
        let shape = CheckpointError::Shape;
        let body = text
            .strip_suffix('\n')
            .ok_or(shape("its text has no last line"))?;
        let mut lines = body.split('\n');
        let mut line = |what| {
            lines
                .next()
                .filter(|line| !line.is_empty())
                .ok_or(shape(what))
        };
        let origin = line("its first line names no log")?.to_owned();
        let size = line("its second line is no size")?;
        let size = size_of(size).ok_or(shape("its second line is no size"))?;
        let root = Hash::parse(line("its third line is no hash")?);
        let root = root.map_err(|_| shape("its third line is no hash"))?;
        let extensions: Vec<_> = lines.map(str::to_owned).collect();
        if extensions.iter().any(String::is_empty) {
            return Err(shape("a line of its is empty"));
        }
        Ok(Self {
            origin,
            size,
            root,
            extensions,
        })
    }

    /// Reads a note and believes it only if one of the log's keys signed it and it is of this log.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub fn open(note: &Note, origin: &str, keys: &[VerifierKey]) -> Result<Self, CheckpointError> {
        note.verify(keys)?;
        let checkpoint = Self::parse(note.text())?;
        match checkpoint.origin == origin {
            true => Ok(checkpoint),
            false => Err(CheckpointError::Origin(checkpoint.origin)),
        }
    }

    /// The note without signatures.
    ///
    /// # Errors
    /// When the origin or an extension has what no note has.
    pub fn note(&self) -> Result<Note, CheckpointError> {
        let note = Note::new(self.to_string())?;
        // What is written has to be read as the same.
        match Self::parse(note.text())? == *self {
            true => Ok(note),
            false => Err(CheckpointError::Shape(
                "a line of it has an end of line within",
            )),
        }
    }
}

/// The text of its note.
impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n{}\n{}", self.origin, self.size, self.root)?;
        self.extensions
            .iter()
            .try_for_each(|line| writeln!(f, "{line}"))
    }
}

/// Digits without leading zeros.
pub(crate) fn size_of(text: &str) -> Option<u64> {
    let plain = text == "0" || !text.starts_with('0');
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    (plain && digits).then(|| text.parse().ok())?
}
