//! What witnesses said of the log, as it is kept and shown.

use std::io;
use std::sync::{Mutex, PoisonError};

use ringfence_evidence::Folder;
use ringfence_tlog::{Checkpoint, Note, Tiles, VerifierKey, cosignature, root};

use crate::config::EvidenceConfig;

/// The newest checkpoint that enough witnesses cosigned, and what is wrong with witnesses.
pub(crate) struct Cosigned {
    folder: Folder,
    witnesses: Vec<VerifierKey>,
    demanded: usize,
    latest: Mutex<Option<Note>>,
    trouble: Mutex<Vec<String>>,
}

impl Cosigned {
    /// Reads what is kept beside a log of `size` entries, if it can be opened. What is not of this log as it is
    /// now is not shown, and said.
    pub(super) fn open(
        folder: Folder,
        key: &VerifierKey,
        size: Option<u64>,
        config: &EvidenceConfig,
    ) -> Self {
        let keys = config.witnesses.iter().map(|one| one.key.clone());
        let mut this = Self {
            folder,
            witnesses: keys.collect(),
            demanded: config.cosignatures,
            latest: Mutex::default(),
            trouble: Mutex::default(),
        };
        match size.map_or(Ok(None), |size| kept(&this.folder, key, size)) {
            Ok(note) => {
                let enough = note.filter(|note| this.signatures(note) >= this.demanded.max(1));
                this.latest = Mutex::new(enough);
            }
            Err(why) => tracing::error!(why, "the cosigned checkpoint is not that of this log"),
        }
        this
    }

    /// How many witnesses have to have signed what is shown.
    pub(super) fn demanded(&self) -> usize {
        self.demanded
    }

    /// The newest checkpoint that enough of them signed.
    pub(crate) fn latest(&self) -> Option<Note> {
        let latest = self.latest.lock();
        latest.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How many entries it has.
    pub(crate) fn size(&self) -> Option<u64> {
        self.latest().as_ref().map(size)
    }

    /// What is wrong with witnesses, each in a line.
    pub(crate) fn trouble(&self) -> Vec<String> {
        let trouble = self.trouble.lock();
        trouble.unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn note_trouble(&self, trouble: Vec<String>) {
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = trouble;
    }

    /// Keeps a checkpoint, if enough witnesses signed it and no newer one is there.
    pub(super) fn keep(&self, mut note: Note) -> io::Result<()> {
        let mut latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(before) = &*latest {
            if before.text() == note.text() {
                let mut both = before.clone();
                let lines = note.signatures().iter().cloned();
                lines.for_each(|line| both.add(line));
                note = both;
            }
            if size(before) > size(&note) || *before == note {
                return Ok(());
            }
        }
        if self.signatures(&note) < self.demanded.max(1) {
            return Ok(());
        }
        self.folder.keep_cosigned(note.to_string().as_bytes())?;
        *latest = Some(note);
        Ok(())
    }

    /// Witnesses that signed; none where a line is false.
    fn signatures(&self, note: &Note) -> usize {
        cosignature(note, &self.witnesses).map_or(0, |signed| signed.len())
    }
}

fn size(note: &Note) -> u64 {
    Checkpoint::parse(note.text()).map_or(0, |checkpoint| checkpoint.size)
}

/// The note of the folder, if it is one of the log as it is now.
fn kept(folder: &Folder, key: &VerifierKey, size: u64) -> Result<Option<Note>, String> {
    let Some(bytes) = folder.cosigned().map_err(|error| error.to_string())? else {
        return Ok(None);
    };
    let note = Note::parse(&bytes).map_err(|error| error.to_string())?;
    let keys = std::slice::from_ref(key);
    let checkpoint =
        Checkpoint::open(&note, key.name(), keys).map_err(|error| error.to_string())?;
    if checkpoint.size > size {
        return Err(format!(
            "witnesses saw {} entries, and the log has {size}: it was rolled back",
            checkpoint.size
        ));
    }
    let made = root(&mut Tiles::new(folder, size), checkpoint.size);
    match made.map_err(|error| error.to_string())? == checkpoint.root {
        true => Ok(Some(note)),
        false => Err(format!(
            "the first {} entries are not those that witnesses saw: the log was rewritten",
            checkpoint.size
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ringfence_crypto::Ed25519Key;
    use ringfence_evidence::Log;
    use ringfence_tlog::{KeyKind, Signer, cosign};

    use crate::config::WitnessConfig;

    fn signer(name: &str, kind: KeyKind) -> Signer {
        let key = Ed25519Key::from_seed([name.len() as u8; 32]).unwrap();
        Signer::new(name, kind, key).unwrap()
    }

    fn config(witnesses: &[&Signer], cosignatures: usize) -> EvidenceConfig {
        let one = |signer: &&Signer| WitnessConfig {
            url: "https://w.example".to_owned(),
            key: signer.public().clone(),
            ca_file: None,
        };
        EvidenceConfig {
            witnesses: witnesses.iter().map(one).collect(),
            cosignatures,
            trouble_after: std::time::Duration::from_secs(1),
        }
    }

    fn signed(note: &Note, by: &[&Signer]) -> Note {
        let mut with = note.clone();
        by.iter()
            .for_each(|witness| with.add(cosign(note, witness, 1)));
        with
    }

    #[test]
    fn only_what_enough_witnesses_signed_is_kept_and_only_of_this_log() {
        let dir = tempfile::tempdir().unwrap();
        let folder = || Folder::new(dir.path());
        let key = signer("rf.example/evidence", KeyKind::Log);
        let (one, two) = (
            signer("w.1", KeyKind::Cosigner),
            signer("w.two", KeyKind::Cosigner),
        );
        let mut log = Log::open(folder(), key.clone()).unwrap();
        let first = log.append(&["a", "b"]).unwrap().clone();
        let config = config(&[&one, &two], 2);
        let open = |size| Cosigned::open(folder(), key.public(), Some(size), &config);

        let cosigned = open(2);
        cosigned.keep(signed(&first, &[&one])).unwrap();
        assert_eq!(cosigned.size(), None, "one of two");
        cosigned.keep(signed(&first, &[&one, &two])).unwrap();
        assert_eq!((cosigned.size(), open(2).size()), (Some(2), Some(2)));
        let second = log.append(&["c"]).unwrap().clone();
        cosigned.keep(signed(&second, &[&two])).unwrap();
        assert_eq!(cosigned.size(), Some(2), "the newer one has too few");
        cosigned.keep(signed(&second, &[&two, &one])).unwrap();
        cosigned.keep(signed(&first, &[&two, &one])).unwrap();
        assert_eq!((cosigned.size(), open(3).size()), (Some(3), Some(3)));

        // A log that was set back, or is another one.
        assert_eq!(open(2).size(), None);
        let other = tempfile::tempdir().unwrap();
        let mut forged = Log::open(Folder::new(other.path()), key.clone()).unwrap();
        forged.append(&["a", "x", "c", "d"]).unwrap();
        let kept = folder().cosigned().unwrap().unwrap();
        forged.folder().keep_cosigned(&kept).unwrap();
        let folder = Folder::new(other.path());
        assert_eq!(
            Cosigned::open(folder, key.public(), Some(4), &config).size(),
            None
        );
    }
}
