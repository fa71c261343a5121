//! What somebody holds a log to: checkpoints that they saw before, and witnesses.

use ringfence_tlog::{
    Checkpoint, CheckpointError, Hash, Note, VerifierKey, cosignature, verify_consistency,
};

use crate::verify::{Fault, Report};

/// What somebody holds a log to.
#[derive(Debug, Clone, Default)]
pub struct Held {
    /// Checkpoints that were seen before, signed by the log.
    pub remembered: Vec<Note>,
    /// Keys of witnesses whose cosignature counts.
    pub witnesses: Vec<VerifierKey>,
    /// How many of them have to have signed.
    pub quorum: usize,
}

/// Gives the proof that the tree of the larger size begins with that of the smaller one; why not, in words.
pub type Paths<'a> = &'a mut dyn FnMut(u64, u64) -> Result<Vec<Hash>, String>;

/// Believes a checkpoint that the key signed, and says who else signed it.
pub(crate) fn open(note: &Note, key: &VerifierKey, held: &Held) -> Result<Report, CheckpointError> {
    let checkpoint = Checkpoint::open(note, key.name(), std::slice::from_ref(key))?;
    let mut report = Report {
        checkpoint,
        cosigned: Vec::new(),
        follows: Vec::new(),
        records: 0,
        erased: 0,
        faults: Vec::new(),
    };
    match cosignature(note, &held.witnesses) {
        Ok(cosigned) => report.cosigned = cosigned,
        Err(error) => report.fault(Fault::Witness(error)),
    }
    let (got, wanted) = (report.cosigned.len(), held.quorum);
    if got < wanted {
        report.fault(Fault::Quorum { got, wanted });
    }
    Ok(report)
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

/// Holds a checkpoint to the remembered ones, older and later ones, by proofs of consistency.
pub(crate) fn follow(held: &Held, key: &VerifierKey, report: &mut Report, paths: Paths<'_>) {
    for known in remembered(held, key) {
        let known = match known {
            Ok(known) => known,
            Err(fault) => {
                report.fault(fault);
                continue;
            }
        };
        let here = &report.checkpoint;
        let (old, new) = match known.size <= here.size {
            true => (&known, here),
            false => (here, &known),
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
                match verify_consistency((old.size, &old.root), (new.size, &new.root), &path) {
                    Ok(()) => report.follows.push(remembered),
                    Err(_) => report.fault(Fault::Rewritten { size: old.size }),
                }
            }
        }
    }
}
