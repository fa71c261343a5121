//! A witness against real logs: good ones, forks, rollbacks, and servers that lie.

use std::path::Path;

mod http;
mod lies;
mod stranger;

use proptest::prelude::*;
use ringfence_evidence::{Folder, KeyFile, Log};
use ringfence_tlog::witness::{AddCheckpoint, Refusal};
use ringfence_tlog::{
    Checkpoint, Hash, KeyKind, Note, Signer, Tile, TileSource, Tiles, consistency, cosignature,
    verify_consistency,
};

use crate::{FetchError, NotSigned, Setup, StoreError, Trouble, Witness};

const NOW: i64 = 1_795_000_000_000;

/// A log of some folder, with its own past.
struct Made {
    log: Log,
    dir: tempfile::TempDir,
}

/// What a server shows; tests change it on the way.
struct Served<'a> {
    folder: &'a Folder,
    spoil: fn(Tile, Vec<u8>) -> Result<Vec<u8>, FetchError>,
}

impl TileSource for Served<'_> {
    type Error = FetchError;

    fn tile(&mut self, tile: Tile) -> Result<Vec<u8>, FetchError> {
        let bytes = self.folder.tile(tile).map_err(|_| FetchError::Missing)?;
        (self.spoil)(tile, bytes)
    }
}

fn key(dir: &Path) -> Signer {
    let file = KeyFile::at(&dir.join("log.key"));
    file.open(KeyKind::Log, "rf.example", "evidence").unwrap()
}

fn log(signer: &Signer) -> Made {
    let dir = tempfile::tempdir().unwrap();
    let log = Log::open(Folder::new(&dir.path().join("evidence")), signer.clone()).unwrap();
    Made { log, dir }
}

impl Made {
    fn grow(&mut self, to: u64, word: &str) -> Note {
        let from = self.log.size();
        let entries: Vec<_> = (from..to).map(|n| format!("{word} {n}")).collect();
        self.log.append(&entries).unwrap().clone()
    }

    fn served(&self) -> Served<'_> {
        Served {
            folder: self.log.folder(),
            spoil: |_, bytes| Ok(bytes),
        }
    }

    fn request(&self, old: u64) -> AddCheckpoint {
        let size = self.log.size();
        AddCheckpoint {
            old,
            proof: consistency(&mut Tiles::new(self.log.folder(), size), old, size).unwrap(),
            checkpoint: self.log.checkpoint().clone(),
        }
    }
}

struct Bench {
    dir: tempfile::TempDir,
    signer: Signer,
}

impl Bench {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let signer = key(dir.path());
        Self { dir, signer }
    }

    fn setup(&self) -> Setup {
        Setup {
            name: "w.example".to_owned(),
            data: self.dir.path().join("witness"),
            logs: vec![self.signer.public().clone()],
        }
    }

    fn open(&self) -> Witness {
        Witness::open(&self.setup(), NOW).unwrap()
    }

    fn origin(&self) -> &str {
        self.signer.public().name()
    }

    /// One look, as a round takes it down.
    fn look(&self, witness: &Witness, shown: &[u8], tiles: Served<'_>) -> Result<(), Trouble> {
        self.look_at(witness, shown, tiles, NOW)
    }

    fn look_at(
        &self,
        witness: &Witness,
        shown: &[u8],
        tiles: Served<'_>,
        now: i64,
    ) -> Result<(), Trouble> {
        let one = witness.watched(self.origin()).unwrap();
        let done = one
            .log
            .look(shown, tiles, &witness.signer, &witness.store, now);
        witness.take_down(one, &done, Some(60_000), now);
        done
    }

    fn alarms(&self) -> Vec<serde_json::Value> {
        let file = self.dir.path().join("witness/alarms.jsonl");
        let text = std::fs::read_to_string(file).unwrap_or_default();
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    fn forks(&self) -> Vec<std::path::PathBuf> {
        let all = std::fs::read_dir(self.dir.path().join("witness/forks")).unwrap();
        all.map(|one| one.unwrap().path()).collect()
    }
}

fn names(witness: &Witness) -> Vec<String> {
    witness
        .alarms()
        .into_iter()
        .map(|(_, name, _)| name)
        .collect()
}

fn signed(witness: &Witness) -> Option<Note> {
    let id = crate::kept::id_of(witness.status()["logs"][0]["origin"].as_str().unwrap());
    let text = witness.checkpoint(&id)?;
    Some(Note::parse(text.as_bytes()).unwrap())
}

fn size_of(note: &Note) -> u64 {
    Checkpoint::parse(note.text()).unwrap().size
}

#[test]
fn what_follows_is_signed_and_remembered_across_restarts() {
    let bench = Bench::new();
    let mut made = log(&bench.signer);
    let witness = bench.open();
    for (size, asked) in [
        (5, true),
        (8, false),
        (300, true),
        (70_000, false),
        (70_001, true),
    ] {
        let note = made.grow(size, "a");
        if asked {
            let old = signed(&witness).map_or(0, |note| size_of(&note));
            let line = witness
                .add(made.request(old).to_string().as_bytes(), NOW)
                .unwrap();
            let mut cosigned = note.clone();
            cosigned.add(line);
            let keys = [witness.key().clone()];
            assert_eq!(cosignature(&cosigned, &keys).unwrap().len(), 1);
        } else {
            bench
                .look(&witness, note.to_string().as_bytes(), made.served())
                .unwrap();
        }
        assert_eq!(size_of(&signed(&witness).unwrap()), size);
    }
    let key = witness.key().clone();
    let before = signed(&witness).unwrap();
    assert!(matches!(
        Witness::open(&bench.setup(), NOW),
        Err(StoreError::InUse(_))
    ));
    drop(witness);
    let witness = bench.open();
    assert_eq!((witness.key(), signed(&witness).unwrap()), (&key, before));
    assert!(names(&witness).is_empty());
}

#[test]
fn a_state_that_was_changed_is_never_a_new_beginning() {
    let bench = Bench::new();
    let mut made = log(&bench.signer);
    let note = made.grow(5, "a");
    let witness = bench.open();
    bench
        .look(&witness, note.to_string().as_bytes(), made.served())
        .unwrap();
    drop(witness);
    let logs = bench.dir.path().join("witness/logs");
    let id = crate::kept::id_of(bench.origin());
    let file = logs.join(format!("{id}.checkpoint"));
    let good = std::fs::read(&file).unwrap();
    let refused = |what: &str| {
        let opened = Witness::open(&bench.setup(), NOW);
        assert!(matches!(opened, Err(StoreError::Changed { .. })), "{what}");
    };
    std::fs::remove_file(&file).unwrap();
    refused("removed");
    std::fs::write(&file, note.to_string()).unwrap();
    refused("without our signature");
    std::fs::write(&file, &good[..good.len() - 9]).unwrap();
    refused("cut");
    std::fs::write(&file, &good).unwrap();
    // A crash while a file was written leaves one beside it, and nothing else.
    std::fs::write(file.with_extension("new"), "half").unwrap();
    assert_eq!(size_of(&signed(&bench.open()).unwrap()), 5);
    let other = Setup {
        name: "other.example".to_owned(),
        ..bench.setup()
    };
    assert!(matches!(
        Witness::open(&other, NOW),
        Err(StoreError::Name { .. })
    ));
}

#[test]
fn nothing_is_signed_that_is_not_remembered() {
    let bench = Bench::new();
    let mut made = log(&bench.signer);
    made.grow(5, "a");
    let witness = bench.open();
    // A folder in the place of the file that is written first: the disk does not take it.
    let id = crate::kept::id_of(bench.origin());
    let beside = bench.dir.path().join(format!("witness/logs/{id}.new"));
    std::fs::create_dir(&beside).unwrap();
    let body = made.request(0).to_string();
    let done = witness.add(body.as_bytes(), NOW);
    assert!(matches!(done, Err(NotSigned::Store(_))), "{done:?}");
    assert!(signed(&witness).is_none());
    let note = made.log.checkpoint().to_string();
    let told = bench.look(&witness, note.as_bytes(), made.served());
    assert!(matches!(told, Err(Trouble::Store(_))), "{told:?}");
    assert_eq!(
        (names(&witness), bench.alarms().len()),
        (vec!["store".to_owned()], 1)
    );
    std::fs::remove_dir(&beside).unwrap();
    assert!(witness.add(body.as_bytes(), NOW).is_ok());
    assert_eq!(size_of(&signed(&witness).unwrap()), 5);
    bench
        .look(&witness, note.as_bytes(), made.served())
        .unwrap();
    assert!(names(&witness).is_empty());
}

#[test]
fn a_fork_is_proved_kept_and_never_signed_again() {
    // A power of two, whose proof leaves out the old root, and a size that is none; the same size, and more.
    for (first, second, asked) in [
        (7, 7, false),
        (7, 7, true),
        (7, 9, false),
        (7, 9, true),
        (8, 300, false),
        (300, 70_000, false),
    ] {
        let bench = Bench::new();
        let (mut one, mut two) = (log(&bench.signer), log(&bench.signer));
        let witness = bench.open();
        let good = one.grow(first, "a");
        bench
            .look(&witness, good.to_string().as_bytes(), one.served())
            .unwrap();
        let bad = two.grow(second, "b");
        if asked {
            let request = two.request(first).to_string();
            let refused = witness.add(request.as_bytes(), NOW);
            assert!(matches!(refused, Err(NotSigned::Forked(_))), "{refused:?}");
        } else {
            let told = bench.look(&witness, bad.to_string().as_bytes(), two.served());
            assert!(matches!(told, Err(Trouble::Forked(_))), "{told:?}");
        }
        assert_eq!(names(&witness), ["fork"]);
        let forks = bench.forks();
        let [folder] = forks.as_slice() else {
            panic!("{forks:?}")
        };
        third_party(&bench.signer, folder);

        // Not even what follows from what was signed, and not after a restart.
        drop(witness);
        let witness = bench.open();
        one.grow(first + 3, "a");
        let again = witness.add(one.request(first).to_string().as_bytes(), NOW);
        assert!(matches!(again, Err(NotSigned::Forked(_))), "{again:?}");
        let good = one.log.checkpoint().to_string();
        let again = bench.look(&witness, good.as_bytes(), one.served());
        assert!(matches!(again, Err(Trouble::Forked(_))), "{again:?}");
        assert_eq!(bench.alarms().len(), 1, "told once");

        assert!(witness.accept(bench.origin(), NOW).unwrap());
        assert!(!witness.accept("nobody", NOW).unwrap());
        let good = one.log.checkpoint().to_string();
        bench.look(&witness, good.as_bytes(), one.served()).unwrap();
        assert_eq!(size_of(&signed(&witness).unwrap()), first + 3);
        assert!(names(&witness).is_empty());
    }
}

/// What somebody checks who has only the folder and the log's key.
fn third_party(log: &Signer, folder: &Path) {
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    let open = |text: String| {
        let note = Note::parse(text.as_bytes()).unwrap();
        let key = log.public();
        Checkpoint::open(&note, key.name(), std::slice::from_ref(key)).unwrap()
    };
    let (first, second) = (open(read("first")), open(read("second")));
    let text = read("proof");
    let mut lines = text.lines().peekable();
    assert_eq!(lines.next(), Some(format!("old {}", first.size).as_str()));
    let root = lines.peek().and_then(|line| line.strip_prefix("root "));
    let root = root.map(|root| Hash::parse(root).unwrap());
    if root.is_some() {
        lines.next();
    }
    let proof: Vec<_> = lines.map(|line| Hash::parse(line).unwrap()).collect();
    let new = (second.size, &second.root);
    match root {
        Some(root) => {
            verify_consistency((first.size, &root), new, &proof).unwrap();
            assert_ne!(root, first.root);
        }
        None => {
            let told = verify_consistency((first.size, &first.root), new, &proof);
            let old = first.size;
            assert_eq!(told, Err(ringfence_tlog::ProofError::Forked { old }));
        }
    }
}

#[test]
fn whoever_sends_a_wrong_proof_stops_nothing() {
    let bench = Bench::new();
    let mut made = log(&bench.signer);
    made.grow(6, "a");
    let witness = bench.open();
    witness
        .add(made.request(0).to_string().as_bytes(), NOW)
        .unwrap();
    let old = made.log.checkpoint().clone();
    made.grow(9, "a");
    let good = made.request(6);
    let mut wrong = good.clone();
    wrong.proof[0] = Hash([7; 32]);
    let told = witness.add(wrong.to_string().as_bytes(), NOW).unwrap_err();
    assert_eq!(told.status(), 422, "{told}");
    // An older one again, and one whose proof begins elsewhere.
    for (old, checkpoint) in [(0, old), (3, good.checkpoint.clone())] {
        let replayed = AddCheckpoint {
            old,
            proof: Vec::new(),
            checkpoint,
        };
        let told = witness.add(replayed.to_string().as_bytes(), NOW);
        let wanted = NotSigned::Refused(Refusal::Conflict(6)).to_string();
        assert_eq!(told.unwrap_err().to_string(), wanted);
    }
    let stranger = tempfile::tempdir().unwrap();
    let mut other = log(&key(stranger.path()));
    other.grow(9, "a");
    let told = witness.add(other.request(0).to_string().as_bytes(), NOW);
    assert_eq!(told.unwrap_err().status(), 404);
    assert!(names(&witness).is_empty() && bench.forks().is_empty());
    assert!(witness.add(good.to_string().as_bytes(), NOW).is_ok());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Whatever two logs of one key do, a witness never signs two pasts.
    #[test]
    fn what_was_signed_is_one_past(steps in prop::collection::vec((0..3_u8, 1..40_u64, any::<bool>()), 1..12)) {
        let bench = Bench::new();
        let mut logs = [log(&bench.signer), log(&bench.signer), log(&bench.signer)];
        let mut witness = bench.open();
        let mut past: Vec<(u64, Hash, u8)> = Vec::new();
        for (which, more, asked) in steps {
            let made = &mut logs[usize::from(which)];
            let note = made.grow(made.log.size() + more, &format!("log {which}"));
            let old = signed(&witness).map_or(0, |note| size_of(&note));
            let done = match asked {
                true if old <= made.log.size() => witness.add(made.request(old).to_string().as_bytes(), NOW).is_ok(),
                true => false,
                false => bench.look(&witness, note.to_string().as_bytes(), made.served()).is_ok(),
            };
            if let Some(now) = signed(&witness) {
                let now = Checkpoint::parse(now.text()).unwrap();
                if past.last().is_none_or(|last| (last.0, last.1) != (now.size, now.root)) {
                    prop_assert!(done);
                    past.push((now.size, now.root, which));
                }
            }
            // As after a crash.
            drop(witness);
            witness = bench.open();
        }
        let one = past.iter().all(|(_, _, which)| *which == past[0].2);
        prop_assert!(one && past.is_sorted_by_key(|(size, ..)| *size), "{past:?}");
    }
}
