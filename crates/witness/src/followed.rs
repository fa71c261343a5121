//! One log as a witness follows it: what is judged and what is remembered are one step.

use std::fmt::Write as _;
use std::sync::{Mutex, MutexGuard, PoisonError};

use ringfence_tlog::witness::{AddCheckpoint, Refusal, Seen};
use ringfence_tlog::{
    Checkpoint, CheckpointError, Hash, Note, ProofError, Signature, Signer, TileSource, Tiles,
    TilesError, VerifierKey, consistency, cosign, root, verify_consistency,
};

use crate::fetch::FetchError;
use crate::kept::{Kept, Signed, Standing};
use crate::store::{Store, StoreError};
use crate::trouble::{FORK, NotSigned, Trouble};

/// How often a look begins anew because somebody asked for a cosignature meanwhile.
const MOST_TRIES: usize = 3;

/// A log and what is remembered of it.
#[derive(Debug)]
pub(crate) struct Followed {
    key: VerifierKey,
    kept: Mutex<Kept>,
}

/// What changed about an alarm.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// By name, with what happened.
    Raised(&'static str, String),
    /// By name.
    Over(String),
}

/// Two checkpoints that the log's key signed, and what shows that they cannot both be true.
struct Contradiction {
    second: Note,
    /// Entries of the first one, and the proof from there to the second.
    size: u64,
    proof: Vec<Hash>,
    /// The root that the proof shows for those entries, where it cannot be read out of the proof itself.
    prefix: Option<Hash>,
}

impl Followed {
    pub fn new(key: VerifierKey, kept: Kept) -> Self {
        let kept = Mutex::new(kept);
        Self { key, kept }
    }

    pub fn key(&self) -> &VerifierKey {
        &self.key
    }

    pub fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Signs what follows from what was signed before, and remembers it first.
    pub fn add(
        &self,
        request: &AddCheckpoint,
        signer: &Signer,
        store: &Store,
        now_ms: i64,
    ) -> Result<Signature, NotSigned> {
        let mut kept = self.kept();
        if let Some(why) = &kept.beside.forked {
            return Err(NotSigned::Forked(why.clone()));
        }
        let keys = std::slice::from_ref(&self.key);
        let seen = kept.seen();
        let next = match request.judge(keys, &seen) {
            Ok(next) => next,
            Err(refusal) => {
                if let Some(found) = contradiction(request, &seen, &refusal) {
                    let why = close(&mut kept, store, found, now_ms)?;
                    return Err(NotSigned::Forked(why));
                }
                return Err(refusal.into());
            }
        };
        // Only whose signatures were checked: the log's, and ours.
        let mut note = Note::new(request.checkpoint.text())
            .map_err(|_| Refusal::Request("the note is no checkpoint"))?;
        let theirs = request.checkpoint.signatures().iter();
        let is_log = |s: &&Signature| (s.name.as_str(), s.id) == (self.key.name(), self.key.id());
        theirs.filter(is_log).for_each(|s| note.add(s.clone()));
        let time = u64::try_from(now_ms / 1_000).unwrap_or(0);
        let line = cosign(&note, signer, time);
        note.add(line.clone());
        let signed = Signed::open(note, &self.key, signer.public());
        let signed = signed.map_err(|_| Refusal::Request("the note is no checkpoint"))?;
        let same = (signed.checkpoint.size, signed.checkpoint.root) == (next.size, next.root);
        if !same {
            return Err(Refusal::Request("the note is no checkpoint").into());
        }
        kept.remember(store, signed)?;
        if !kept.beside.signed {
            kept.save(store)?;
        }
        Ok(line)
    }

    /// Judges what the log's server shows, reads the files that prove it, and signs.
    pub fn look<S: TileSource<Error = FetchError>>(
        &self,
        shown: &[u8],
        mut tiles: S,
        signer: &Signer,
        store: &Store,
        now_ms: i64,
    ) -> Result<(), Trouble> {
        let note = Note::parse(shown).map_err(|error| Trouble::Malformed(error.to_string()))?;
        let keys = std::slice::from_ref(&self.key);
        let checkpoint = Checkpoint::open(&note, self.key.name(), keys);
        let checkpoint = checkpoint.map_err(|error| match error {
            CheckpointError::Note(error) => Trouble::WrongKey(error),
            CheckpointError::Origin(origin) => Trouble::OtherLog(origin),
            CheckpointError::Shape(why) => Trouble::Malformed(why.to_owned()),
        })?;
        for _ in 0..MOST_TRIES {
            let (seen, signed) = {
                let kept = self.kept();
                if let Some(why) = &kept.beside.forked {
                    return Err(Trouble::Forked(why.clone()));
                }
                let remembered = kept.beside.shown;
                if checkpoint.size < remembered {
                    let size = checkpoint.size;
                    return Err(Trouble::RolledBack { remembered, size });
                }
                (kept.seen(), kept.signed.is_some())
            };
            // A log that waits for others to sign shows less than what this witness signed already.
            if checkpoint.size < seen.size {
                break;
            }
            if signed && (checkpoint.size, checkpoint.root) == (seen.size, seen.root) {
                break;
            }
            match self.sign(&note, &checkpoint, &seen, &mut tiles, signer, store, now_ms) {
                // Somebody asked for a cosignature in between.
                Err(Step::Again) => {}
                Err(Step::Trouble(trouble)) => return Err(trouble),
                Ok(()) => break,
            }
        }
        let mut kept = self.kept();
        kept.beside.shown = kept.beside.shown.max(checkpoint.size);
        kept.beside.heard_ms = now_ms;
        Ok(kept.save(store)?)
    }

    #[allow(
        clippy::too_many_arguments,
        reason = "one step of `look`, with all that it has at hand"
    )]
    fn sign<S: TileSource<Error = FetchError>>(
        &self,
        note: &Note,
        checkpoint: &Checkpoint,
        seen: &Seen,
        tiles: &mut S,
        signer: &Signer,
        store: &Store,
        now_ms: i64,
    ) -> Result<(), Step> {
        let size = checkpoint.size;
        let mut tree = Tiles::new(Lent(tiles), size);
        let proof = consistency(&mut tree, seen.size, size).map_err(|e| of_tiles(e, size))?;
        let request = AddCheckpoint {
            old: seen.size,
            proof,
            checkpoint: note.clone(),
        };
        match self.add(&request, signer, store, now_ms) {
            Ok(_) => Ok(()),
            Err(NotSigned::Refused(Refusal::Conflict(_))) => Err(Step::Again),
            Err(NotSigned::Store(error)) => Err(Step::Trouble(error.into())),
            Err(NotSigned::Forked(why)) => Err(Step::Trouble(Trouble::Forked(why))),
            Err(NotSigned::Refused(_)) => {
                // Either the files are not those of the checkpoint, or the log has two pasts. If its own
                // files prove another root for the first entries, it is the second.
                let prefix = root(&mut tree, seen.size).map_err(|e| of_tiles(e, size))?;
                let new = (size, &checkpoint.root);
                let proved = verify_consistency((seen.size, &prefix), new, &request.proof).is_ok();
                if !proved || prefix == seen.root {
                    return Err(Step::Trouble(Trouble::WrongTiles(size)));
                }
                let found = Contradiction {
                    second: note.clone(),
                    size: seen.size,
                    prefix: Some(prefix),
                    proof: request.proof,
                };
                let mut kept = self.kept();
                // What was signed meanwhile is no less contradicted, if it stands where it stood.
                if kept.seen() != *seen {
                    return Err(Step::Again);
                }
                let why = close(&mut kept, store, found, now_ms).map_err(Trouble::from)?;
                Err(Step::Trouble(Trouble::Forked(why)))
            }
        }
    }

    /// Takes down how a look ended, and says which alarms begin and which are over.
    pub fn settle(
        &self,
        outcome: &Result<(), Trouble>,
        silent_after_ms: Option<i64>,
        store: &Store,
        now_ms: i64,
    ) -> (Vec<Change>, Result<(), StoreError>) {
        let mut kept = self.kept();
        let mut changes = Vec::new();
        let mut raise = |kept: &mut Kept, name: &'static str, what: String| {
            let new = !kept.beside.standing.contains_key(name);
            if new {
                let standing = Standing {
                    since_ms: now_ms,
                    what: what.clone(),
                };
                kept.beside.standing.insert(name.to_owned(), standing);
                changes.push(Change::Raised(name, what));
            }
        };
        match outcome {
            Ok(()) => {
                let over: Vec<_> = kept.beside.standing.keys().cloned().collect();
                for name in over.into_iter().filter(|name| name != FORK) {
                    kept.beside.standing.remove(&name);
                    changes.push(Change::Over(name));
                }
            }
            Err(trouble) => {
                if trouble.is_alarm() {
                    raise(&mut kept, trouble.name(), trouble.to_string());
                }
                // What the log's key signed is no silence, whatever else it is.
                if matches!(trouble, Trouble::RolledBack { .. } | Trouble::Forked(_)) {
                    kept.beside.heard_ms = now_ms;
                }
                let heard = kept.beside.heard_ms.max(kept.beside.since_ms);
                let quiet = now_ms.saturating_sub(heard);
                if let Some(most) = silent_after_ms
                    && quiet > most
                {
                    let silent = Trouble::Silent {
                        secs: u64::try_from(quiet / 1_000).unwrap_or(0),
                        last: trouble.to_string(),
                    };
                    raise(&mut kept, silent.name(), silent.to_string());
                }
            }
        }
        // Whoever cannot write any more says so all the same.
        let saved = match changes.is_empty() {
            true => Ok(()),
            false => kept.save(store),
        };
        (changes, saved)
    }
}

/// What comes after a step.
enum Step {
    Again,
    Trouble(Trouble),
}

impl From<Trouble> for Step {
    fn from(trouble: Trouble) -> Self {
        Self::Trouble(trouble)
    }
}

/// A source that is used twice.
struct Lent<'a, S>(&'a mut S);

impl<S: TileSource> TileSource for Lent<'_, S> {
    type Error = S::Error;

    fn tile(&mut self, tile: ringfence_tlog::Tile) -> Result<Vec<u8>, S::Error> {
        self.0.tile(tile)
    }
}

fn of_tiles(error: TilesError<FetchError>, size: u64) -> Trouble {
    match error {
        TilesError::Source(error) => Trouble::Fetch(error),
        cut @ TilesError::Length { .. } => Trouble::Truncated(cut.to_string()),
        TilesError::Beyond { .. } | TilesError::Bundle { .. } => Trouble::WrongTiles(size),
    }
}

/// What a refused request proves: only what the log's key signed on both sides, with a proof that leads to
/// the new root. Whoever sends a wrong proof stops nothing.
fn contradiction(request: &AddCheckpoint, seen: &Seen, refusal: &Refusal) -> Option<Contradiction> {
    let Refusal::Inconsistent(ProofError::Forked { old }) = refusal else {
        return None;
    };
    let proved = *old > 0 && *old == seen.size;
    proved.then(|| Contradiction {
        second: request.checkpoint.clone(),
        size: *old,
        prefix: None,
        proof: request.proof.clone(),
    })
}

/// Keeps the proof, and signs this log never again.
fn close(
    kept: &mut Kept,
    store: &Store,
    found: Contradiction,
    now_ms: i64,
) -> Result<String, StoreError> {
    let first = kept.signed.as_ref().map(|signed| signed.note.to_string());
    let second = Checkpoint::parse(found.second.text()).map_or(0, |checkpoint| checkpoint.size);
    let mut proof = format!("old {}\n", found.size);
    if let Some(prefix) = &found.prefix {
        let _ = writeln!(proof, "root {prefix}");
    }
    for hash in &found.proof {
        let _ = writeln!(proof, "{hash}");
    }
    let files = [
        ("first", first.unwrap_or_default()),
        ("second", found.second.to_string()),
        ("proof", proof),
    ];
    let folder = store.keep_fork(&format!("{}-{now_ms}", kept.id()), &files)?;
    let why = format!(
        "the log signed two pasts: its checkpoint of {second} entries contradicts the one of {} entries \
         that was signed before; both are in `{}`",
        found.size,
        folder.display()
    );
    kept.beside.forked = Some(why.clone());
    kept.save(store)?;
    Ok(why)
}
