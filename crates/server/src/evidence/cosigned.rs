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
                let known: Vec<_> = note.signatures().iter().map(|s| s.id).collect();
                let more = before.signatures().iter();
                let more: Vec<_> = more.filter(|s| !known.contains(&s.id)).cloned().collect();
                more.into_iter().for_each(|line| note.add(line));
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
