//! What somebody holds a log to: checkpoints that they saw before, and witnesses.

use ringfence_tlog::{
    Checkpoint, CheckpointError, Cosignature, Hash, Note, VerifierKey, cosignature, cosigned,
    verify_consistency,
};

use crate::fault::Fault;
use crate::verify::Report;

/// What somebody holds a log to.
#[derive(Debug, Clone, Default)]
pub struct Held {
    /// Checkpoints that were seen before, signed by the log.
    pub remembered: Vec<Note>,
    /// Keys of witnesses whose cosignature counts.
    pub witnesses: Vec<VerifierKey>,
    /// How many of them have to have signed.
    pub quorum: usize,
    /// A checkpoint that the log keeps with cosignatures, of the same size as the newest or less.
    pub cosigned: Option<Note>,
}

/// Gives the proof that the tree of the larger size begins with that of the smaller one; why not, in words.
pub type Paths<'a> = &'a mut dyn FnMut(u64, u64) -> Result<Vec<Hash>, String>;

/// Believes a checkpoint that the key signed.
pub(crate) fn begin(note: &Note, key: &VerifierKey) -> Result<Report, CheckpointError> {
    let checkpoint = Checkpoint::open(note, key.name(), std::slice::from_ref(key))?;
    Ok(Report {
        witnessed: checkpoint.size,
        checkpoint,
        cosigned: Vec::new(),
        follows: Vec::new(),
        records: 0,
        erased: 0,
        faults: Vec::new(),
    })
}

/// Believes a checkpoint that the key signed, and says who else signed it.
pub(crate) fn open(note: &Note, key: &VerifierKey, held: &Held) -> Result<Report, CheckpointError> {
    let mut report = begin(note, key)?;
    report.cosigned = cosignatures(note, held, &mut report);
    Ok(report)
}

/// Says when too few witnesses signed.
pub(crate) fn quorum(held: &Held, report: &mut Report) {
    let (got, wanted) = (report.cosigned.len(), held.quorum);
    if got < wanted {
        report.fault(Fault::Quorum { got, wanted });
    }
}

/// The good cosignatures of a note. Of a false one it is said whether it was replayed.
pub(crate) fn cosignatures(note: &Note, held: &Held, report: &mut Report) -> Vec<Cosignature> {
    let error = match cosignature(note, &held.witnesses) {
        Ok(cosigned) => return cosigned,
        Err(error) => error,
    };
    let older = held.remembered.iter().chain(&held.cosigned);
    let mut older = older.filter(|older| older.text() != note.text());
    let replayed = older.find_map(|older| {
        let mut lines = note.signatures().iter();
        lines.find_map(|line| {
            let mut keys = held.witnesses.iter();
            let made = keys.find_map(|witness| cosigned(older, line, witness))?;
            let size = Checkpoint::parse(older.text()).ok()?.size;
            let witness = made.witness;
            Some(Fault::Replayed { witness, size })
        })
    });
    report.fault(replayed.unwrap_or(Fault::Witness(error)));
    Vec::new()
}

/// The remembered checkpoints that this log signed.
pub(crate) fn remembered<'a>(
    held: &'a Held,
    key: &'a VerifierKey,
) -> impl Iterator<Item = Result<Checkpoint, Fault>> + 'a {
    let keys = std::slice::from_ref(key);
    held.remembered
        .iter()
        .map(|note| Checkpoint::open(note, key.name(), keys).map_err(Fault::Remembered))
}

/// Holds a checkpoint to the remembered ones, older and later ones, and to the one that the log keeps with
/// cosignatures, by proofs of consistency; and counts the witnesses.
pub(crate) fn follow(held: &Held, key: &VerifierKey, report: &mut Report, paths: Paths<'_>) {
    for known in remembered(held, key) {
        match known {
            Err(fault) => report.fault(fault),
            Ok(known) => {
                if compare(&known, Whose::Remembered, report, paths) {
                    report.follows.push(known.size);
                }
            }
        }
    }
    if let Some(note) = &held.cosigned {
        match Checkpoint::open(note, key.name(), std::slice::from_ref(key)) {
            Err(error) => report.fault(Fault::Cosigned(error)),
            Ok(known) => {
                let more = cosignatures(note, held, report);
                if compare(&known, Whose::Witnesses, report, paths)
                    && more.len() >= report.cosigned.len()
                {
                    (report.cosigned, report.witnessed) = (more, known.size);
                }
            }
        }
    }
    quorum(held, report);
}

/// Who holds a log to a checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Whose {
    /// Somebody remembers it.
    Remembered,
    /// Witnesses signed it, and the log keeps it itself.
    Witnesses,
}

/// Whether one of the two checkpoints follows from the other; a fault if not.
fn compare(known: &Checkpoint, whose: Whose, report: &mut Report, paths: Paths<'_>) -> bool {
    let here = report.checkpoint.clone();
    let (old, new) = match known.size <= here.size {
        true => (known, &here),
        false => (&here, known),
    };
    // What needs no proof is asked for none.
    let path = match old.size == new.size || old.size == 0 {
        true => Ok(Vec::new()),
        false => paths(old.size, new.size),
    };
    let (remembered, size) = (known.size, here.size);
    match path {
        Err(why) => report.fault(Fault::Uncompared {
            remembered,
            size,
            why,
        }),
        Ok(path) => {
            match (
                verify_consistency((old.size, &old.root), (new.size, &new.root), &path),
                whose,
            ) {
                (Ok(()), _) => return true,
                (Err(_), Whose::Remembered) => report.fault(Fault::Rewritten { size: old.size }),
                (Err(_), Whose::Witnesses) => {
                    report.fault(Fault::CosignedOther { size: old.size });
                }
            }
        }
    }
    false
}
