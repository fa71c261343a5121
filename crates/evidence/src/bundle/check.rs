//! A bundle, read as somebody does who has nothing but it and the log's key.

use std::io::{self, BufRead};

use ringfence_crypto::{Sha256, from_base64};
use ringfence_tlog::{
    Checkpoint, CheckpointError, LogProof, LogProofError, Note, NoteError, ProofError, VKeyError,
    VerifierKey, leaf, verify_inclusion,
};

use super::{FORMAT, Header, Item, Line, LineError, MOST_LINE, Seal};
use crate::fault::Fault;
use crate::held::{Held, follow, open};
use crate::leaf::{Leaf, commit};
use crate::verify::Report;

pub use crate::held::Paths;

/// Faults of records that are named; of more there is no use.
const MOST_FAULTS: usize = 100;

/// Why nothing can be said of a file as a bundle.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// The file.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// Not a bundle.
    #[error("line 1 is not the first of a bundle (`{FORMAT}`): {0}")]
    NoBundle(String),
    /// The key that the bundle names is none.
    #[error("the bundle's key: {0}")]
    Key(#[from] VKeyError),
    /// Of another log, or by another key.
    #[error("wrong key: the bundle is of `{of}`, and the key is that of `{given}`")]
    WrongKey {
        /// The key of the bundle.
        of: String,
        /// The key that it was to be checked with.
        given: String,
    },
    /// The checkpoint is not the log's.
    #[error("the bundle's checkpoint: {0}")]
    Checkpoint(#[from] CheckpointError),
}

/// One thing that is wrong with a bundle.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BundleFault {
    /// A line that is none.
    #[error("line {line}: {why}")]
    Line {
        /// From 1.
        line: u64,
        /// Why.
        why: LineError,
    },
    /// A line that is longer than any.
    #[error(
        "line {line} has more than {MOST_LINE} bytes, which no line has: nothing after it is checked"
    )]
    TooLong {
        /// From 1.
        line: u64,
    },
    /// A record that is not proved.
    #[error("line {line}: entry {index}: {why}")]
    Record {
        /// From 1.
        line: u64,
        /// Of the entry, from 0.
        index: u64,
        /// Why.
        why: Unproved,
    },
    /// Records that a bundle of the whole log has not.
    #[error(
        "line {line}: entries {first} to {last} are missing, and the bundle is of the whole log"
    )]
    Missing {
        /// Where they should stand.
        line: u64,
        /// The first, from 0.
        first: u64,
        /// The last.
        last: u64,
    },
    /// It ends before its last line.
    #[error("cut off: the bundle ends after line {line} without its last line")]
    CutOff {
        /// The last whole one.
        line: u64,
    },
    /// Something follows the last line.
    #[error("line {line}: something stands after the bundle's last line")]
    After {
        /// From 1.
        line: u64,
    },
    /// The last line is not signed by the log.
    #[error("the last line is not signed by the log: {0}")]
    Forged(NoteError),
    /// What is signed in the last line is something else.
    #[error("the last line signs something else than this log's bundle")]
    NoSeal,
    /// Another number of records.
    #[error(
        "the last line says {said} records, and there are {got}: some were taken out or put in"
    )]
    Count {
        /// As was signed.
        said: u64,
        /// As there are.
        got: u64,
    },
    /// Other lines.
    #[error("the lines are not those that were signed: one of them was changed, removed or moved")]
    Digest,
    /// Something about the checkpoint.
    #[error(transparent)]
    Log(#[from] Fault),
}

/// Why a record is not proved.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unproved {
    /// Not after the one before it.
    #[error("it is not in the order of the log, or there twice")]
    Order,
    /// No entry of an evidence log.
    #[error("it is no entry of an evidence log")]
    Leaf,
    /// Another record.
    #[error("the record is not the one that was logged")]
    Record,
    /// The proof is none.
    #[error(transparent)]
    NoProof(LogProofError),
    /// The proof of another entry.
    #[error("the proof is that of entry {0}")]
    Index(u64),
    /// A proof to another checkpoint.
    #[error("the proof is to another checkpoint than the bundle's")]
    Checkpoint,
    /// The proof proves something else.
    #[error(transparent)]
    Proof(#[from] ProofError),
}

/// What was found.
#[derive(Debug, Clone)]
pub struct BundleReport {
    /// What the bundle says of itself.
    pub header: Header,
    /// The checkpoint, and how many records are what was logged. Its faults are among those below.
    pub log: Report,
    /// What is wrong, at most a hundred records.
    pub faults: Vec<BundleFault>,
}

/// Reads a bundle to its end, line by line. Without a key the one that it names itself is taken, which
/// proves no more than that it agrees with itself.
///
/// # Errors
/// When it is no bundle, of another log, or its checkpoint was not signed.
pub fn check(
    input: impl BufRead,
    key: Option<&VerifierKey>,
    held: &Held,
    paths: Paths<'_>,
) -> Result<BundleReport, BundleError> {
    let mut lines = Lines {
        input,
        line: Vec::new(),
        number: 0,
    };
    let header = match lines.next()? {
        Piece::Line => match Line::parse(lines.text()) {
            Ok(Line::Header(header)) => header,
            Ok(_) => {
                return Err(BundleError::NoBundle(
                    "it is another line of one".to_owned(),
                ));
            }
            Err(error) => return Err(BundleError::NoBundle(error.to_string())),
        },
        Piece::Part | Piece::TooLong => {
            return Err(BundleError::NoBundle("it has no end".to_owned()));
        }
        Piece::End => return Err(BundleError::NoBundle("the file is empty".to_owned())),
    };
    let own = VerifierKey::parse(&header.key)?;
    let key = key.unwrap_or(&own).clone();
    if key != own {
        let (of, given) = (own.to_string(), key.to_string());
        return Err(BundleError::WrongKey { of, given });
    }
    let note = Note::parse(header.checkpoint.as_bytes()).map_err(CheckpointError::from)?;
    let mut log = open(&note, &key, held)?;
    follow(held, &key, &mut log, paths);
    let faults = log.faults.drain(..).map(BundleFault::Log).collect();
    let report = BundleReport {
        header,
        log,
        faults,
    };
    let mut digest = Sha256::new();
    digest.update(&lines.line);
    let mut reading = Reading {
        report,
        note,
        key,
        digest,
        count: 0,
        next: 0,
    };
    reading.all(&mut lines)?;
    Ok(reading.report)
}

/// A bundle under way.
struct Reading {
    report: BundleReport,
    /// The checkpoint as it is signed.
    note: Note,
    key: VerifierKey,
    digest: Sha256,
    count: u64,
    /// The least number that the next entry may have.
    next: u64,
}

impl Reading {
    fn all<R: BufRead>(&mut self, lines: &mut Lines<R>) -> io::Result<()> {
        loop {
            let piece = lines.next()?;
            let line = lines.number;
            match piece {
                Piece::Line => {}
                Piece::Part | Piece::End => {
                    let line = line - u64::from(matches!(piece, Piece::Part));
                    self.report.faults.push(BundleFault::CutOff { line });
                    return Ok(());
                }
                Piece::TooLong => {
                    self.report.faults.push(BundleFault::TooLong { line });
                    return Ok(());
                }
            }
            match Line::parse(lines.text()) {
                Ok(Line::Seal(signed)) => {
                    self.whole(line);
                    self.seal(&signed);
                    break;
                }
                Ok(Line::Item(item)) => {
                    self.count += 1;
                    self.item(line, &item);
                }
                Ok(Line::Header(_)) => {
                    let why = LineError::Form;
                    self.fault(BundleFault::Line { line, why });
                }
                Err(why) => {
                    self.count += 1;
                    self.fault(BundleFault::Line { line, why });
                }
            }
            self.digest.update(&lines.line);
        }
        if !matches!(lines.next()?, Piece::End) {
            let line = lines.number;
            self.report.faults.push(BundleFault::After { line });
        }
        Ok(())
    }

    fn item(&mut self, line: u64, item: &Item) {
        let index = item.index;
        if index > self.next && self.report.header.is_of_all() {
            let (first, last) = (self.next, index - 1);
            self.fault(BundleFault::Missing { line, first, last });
        }
        match self.proved(item) {
            Ok(()) if item.erased => self.report.log.erased += 1,
            Ok(()) => self.report.log.records += 1,
            Err(why) => self.fault(BundleFault::Record { line, index, why }),
        }
        self.next = self.next.max(index.saturating_add(1));
    }

    fn proved(&self, item: &Item) -> Result<(), Unproved> {
        if item.index < self.next {
            return Err(Unproved::Order);
        }
        let proof = LogProof::parse(item.proof.as_bytes()).map_err(Unproved::NoProof)?;
        if proof.index != item.index {
            return Err(Unproved::Index(proof.index));
        }
        // Whose signature was checked once.
        if proof.checkpoint != self.note {
            return Err(Unproved::Checkpoint);
        }
        let entry = item.entry.as_bytes();
        let Checkpoint { size, root, .. } = &self.report.log.checkpoint;
        verify_inclusion(&leaf(entry), item.index, *size, root, &proof.path)?;
        let logged = Leaf::parse(entry).map_err(|_| Unproved::Leaf)?;
        let (Some(text), Some(salt)) = (&item.text, &item.salt) else {
            return Ok(());
        };
        let salt = from_base64(salt).ok().and_then(|salt| salt.try_into().ok());
        match salt.is_some_and(|salt| commit(&salt, text) == logged.commitment) {
            true => Ok(()),
            false => Err(Unproved::Record),
        }
    }

    /// Whether a bundle of the whole log goes to its end.
    fn whole(&mut self, line: u64) {
        let (first, size) = (self.next, self.report.log.checkpoint.size);
        if first < size && self.report.header.is_of_all() {
            let last = size - 1;
            self.fault(BundleFault::Missing { line, first, last });
        }
    }

    /// These are told however many there are before them.
    fn seal(&mut self, signed: &str) {
        let faults = &mut self.report.faults;
        let note = Note::parse(signed.as_bytes());
        let note = match note {
            Ok(note) => note,
            Err(error) => return faults.push(BundleFault::Forged(error)),
        };
        if let Err(error) = note.verify(std::slice::from_ref(&self.key)) {
            faults.push(BundleFault::Forged(error));
        }
        let seal = match Seal::parse(note.text()) {
            Ok(seal) if seal.log == self.key.name() => seal,
            _ => return faults.push(BundleFault::NoSeal),
        };
        let (said, got) = (seal.count, self.count);
        if said != got {
            faults.push(BundleFault::Count { said, got });
        }
        if std::mem::take(&mut self.digest).finish() != seal.digest {
            faults.push(BundleFault::Digest);
        }
    }

    fn fault(&mut self, fault: BundleFault) {
        if self.report.faults.len() < MOST_FAULTS {
            self.report.faults.push(fault);
        }
    }
}

/// A text, line by line, none of which is longer than one may be.
struct Lines<R> {
    input: R,
    /// The line at hand, with its end.
    line: Vec<u8>,
    /// Its number, from 1.
    number: u64,
}

enum Piece {
    /// A whole line.
    Line,
    /// The text ends within it.
    Part,
    TooLong,
    End,
}

impl<R: BufRead> Lines<R> {
    fn next(&mut self) -> io::Result<Piece> {
        self.line.clear();
        let most = MOST_LINE as u64 + 1;
        let read = io::Read::take(&mut self.input, most).read_until(b'\n', &mut self.line)?;
        if read == 0 {
            return Ok(Piece::End);
        }
        self.number += 1;
        Ok(match self.line.last() {
            Some(b'\n') => Piece::Line,
            _ if read > MOST_LINE => Piece::TooLong,
            _ => Piece::Part,
        })
    }

    /// Without its end.
    fn text(&self) -> &[u8] {
        self.line.strip_suffix(b"\n").unwrap_or(&self.line)
    }
}
