//! What a witness remembers of one log.

use std::collections::BTreeMap;

use ringfence_crypto::{sha256, to_hex};
use ringfence_tlog::witness::Seen;
use ringfence_tlog::{Checkpoint, Cosignature, Note, VerifierKey, cosignature};
use serde::{Deserialize, Serialize};

use crate::store::{Store, StoreError};

/// The name of the files about a log: hex of SHA-256 over its origin.
pub(crate) fn id_of(origin: &str) -> String {
    to_hex(&sha256(origin.as_bytes()))
}

/// What was signed last, and what is known besides.
#[derive(Debug)]
pub(crate) struct Kept {
    id: String,
    /// With the log's signature and ours. The truth about what was signed.
    pub signed: Option<Signed>,
    pub beside: Beside,
}

/// A checkpoint that the witness put its name under.
#[derive(Debug, Clone)]
pub(crate) struct Signed {
    pub note: Note,
    pub checkpoint: Checkpoint,
    pub ours: Option<Cosignature>,
}

/// What no cosignature rests on.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Beside {
    pub origin: String,
    /// Something was signed, so that the file with it may not be missing.
    pub signed: bool,
    /// Entries of the largest checkpoint that the log's server showed.
    pub shown: u64,
    /// When the log was followed first, and when it showed something valid last.
    pub since_ms: i64,
    pub heard_ms: i64,
    /// Why the log is not signed any more.
    pub forked: Option<String>,
    /// Alarms that are not over, by name.
    pub standing: BTreeMap<String, Standing>,
}

/// An alarm that is not over.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Standing {
    pub since_ms: i64,
    pub what: String,
}

impl Kept {
    /// Reads what is there, and believes it only if both signatures are good.
    pub fn load(
        store: &Store,
        log: &VerifierKey,
        witness: &VerifierKey,
        now_ms: i64,
    ) -> Result<Self, StoreError> {
        let id = id_of(log.name());
        let path = store.of_log(&id, "json");
        let beside = match store.read(&path)? {
            None => Beside {
                origin: log.name().to_owned(),
                since_ms: now_ms,
                ..Beside::default()
            },
            Some(bytes) => serde_json::from_slice(&bytes).map_err(|error| StoreError::Changed {
                path,
                why: error.to_string(),
            })?,
        };
        let path = store.of_log(&id, "checkpoint");
        let changed = |why: String| StoreError::Changed {
            path: path.clone(),
            why,
        };
        let signed = match store.read(&path)? {
            None if beside.signed => return Err(changed("it was removed".to_owned())),
            None => None,
            Some(bytes) => {
                let note = Note::parse(&bytes).map_err(|error| changed(error.to_string()))?;
                let signed = Signed::open(note, log, witness).map_err(changed)?;
                Some(signed)
            }
        };
        Ok(Self { id, signed, beside })
    }

    /// As the judge wants it.
    pub fn seen(&self) -> Seen {
        match &self.signed {
            None => Seen::nothing(),
            Some(Signed { checkpoint, .. }) => Seen {
                size: checkpoint.size,
                root: checkpoint.root,
            },
        }
    }

    /// Remembers what is to be signed. When this comes back it is on disk.
    pub fn remember(&mut self, store: &Store, signed: Signed) -> Result<(), StoreError> {
        let text = signed.note.to_string();
        store.replace(&store.of_log(&self.id, "checkpoint"), text.as_bytes())?;
        self.signed = Some(signed);
        Ok(())
    }

    /// Writes what is known besides.
    pub fn save(&mut self, store: &Store) -> Result<(), StoreError> {
        self.beside.signed = self.signed.is_some();
        let text = serde_json::to_vec_pretty(&self.beside).unwrap_or_default();
        store.replace(&store.of_log(&self.id, "json"), &text)
    }

    /// Forgets the log, by the word of an operator: what was signed is put to the proofs.
    pub fn forget(&mut self, store: &Store, now_ms: i64) -> Result<(), StoreError> {
        // First, so that a crash in between leaves nothing that has to be there.
        self.beside = Beside {
            origin: self.beside.origin.clone(),
            since_ms: now_ms,
            ..Beside::default()
        };
        let text = serde_json::to_vec_pretty(&self.beside).unwrap_or_default();
        store.replace(&store.of_log(&self.id, "json"), &text)?;
        let aside = format!("{}-{now_ms}.accepted", self.id);
        store.put_aside(&store.of_log(&self.id, "checkpoint"), &aside)?;
        self.signed = None;
        Ok(())
    }

    /// The name of the files.
    pub fn id(&self) -> &str {
        &self.id
    }
}

impl Signed {
    /// A note with the signatures of both.
    pub fn open(note: Note, log: &VerifierKey, witness: &VerifierKey) -> Result<Self, String> {
        let checkpoint = Checkpoint::open(&note, log.name(), std::slice::from_ref(log));
        let checkpoint = checkpoint.map_err(|error| error.to_string())?;
        let ours = cosignature(&note, std::slice::from_ref(witness));
        let ours = ours.map_err(|error| error.to_string())?.into_iter().next();
        if ours.is_none() {
            return Err("the witness did not sign it".to_owned());
        }
        Ok(Self {
            note,
            checkpoint,
            ours,
        })
    }
}
