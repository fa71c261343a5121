//! What an evidence log does for who writes it, and for who doubts it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    missing_docs,
    reason = "test code"
)]

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use ringfence_crypto::Ed25519Key;
use ringfence_evidence::{
    Fault, Folder, Held, Leaf, Log, LogError, Report, Row, Rows, commit, prove, verify,
};
use ringfence_tlog::{KeyKind, Note, Signer, Tile, cosign, leaf};

const NAME: &str = "rf.example/evidence/0a1b2c3d";

fn signer(seed: u8) -> Signer {
    let key = Ed25519Key::from_seed([seed; 32]).unwrap();
    Signer::new(NAME, KeyKind::Log, key).unwrap()
}

fn witness() -> Signer {
    let key = Ed25519Key::from_seed([9; 32]).unwrap();
    Signer::new("witness.example/w", KeyKind::Cosigner, key).unwrap()
}

fn text(n: u64) -> String {
    format!("{{\"n\":{n}}}")
}

fn entry(n: u64) -> String {
    let leaf = Leaf {
        time: 1_795_000_000_000 + n as i64,
        kind: "account".to_owned(),
        commitment: commit(&[n as u8; 32], &text(n)),
    };
    leaf.to_string()
}

fn entries(range: std::ops::Range<u64>) -> Vec<String> {
    range.map(entry).collect()
}

fn open(folder: &Path) -> Result<Log, LogError> {
    Log::open(Folder::new(folder), signer(1))
}

/// A log of `size` entries that was written in batches.
fn log_of(folder: &Path, size: u64, batch: u64) -> Log {
    let mut log = open(folder).unwrap();
    let mut done = 0;
    while done < size {
        let end = (done + batch).min(size);
        log.append(&entries(done..end)).unwrap();
        done = end;
    }
    log
}

/// The records as they were put down.
struct Kept(BTreeMap<u64, Row>);

impl Kept {
    fn of(size: u64) -> Self {
        let row = |n| (n, Row::Kept([n as u8; 32], text(n)));
        Self((0..size).map(row).collect())
    }
}

impl Rows for Kept {
    fn row(&mut self, index: u64) -> io::Result<Option<Row>> {
        Ok(self.0.get(&index).cloned())
    }
}

fn check(folder: &Path, held: &Held, rows: Option<&mut dyn Rows>) -> Report {
    let folder = Folder::new(folder);
    let note = Note::parse(&folder.checkpoint().unwrap().unwrap()).unwrap();
    verify(&folder, &note, signer(1).public(), held, rows).unwrap()
}

fn faults(folder: &Path) -> Vec<Fault> {
    check(folder, &Held::default(), None).faults
}

fn files(root: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(root).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => found.extend(files(&path)),
            false => found.push(path),
        }
    }
    found
}

#[test]
fn what_was_appended_is_there_after_a_restart_and_can_be_proved() {
    let dir = tempfile::tempdir().unwrap();
    let log = log_of(dir.path(), 700, 33);
    let old = log.checkpoint().clone();
    drop(log);
    let mut log = open(dir.path()).unwrap();
    assert_eq!((log.size(), log.checkpoint()), (700, &old));
    log.append(&entries(700..1_000)).unwrap();

    let held = Held {
        remembered: vec![old],
        ..Held::default()
    };
    let mut rows = Kept::of(1_000);
    rows.0.insert(5, Row::Erased);
    let report = check(dir.path(), &held, Some(&mut rows));
    assert_eq!(report.faults, []);
    assert_eq!((report.records, report.erased), (999, 1));
    assert_eq!(
        (report.follows.as_slice(), report.is_self_consistent_only()),
        ([700].as_slice(), false)
    );

    let keys = [signer(1).public().clone()];
    for n in [0, 255, 256, 699, 700, 999] {
        let proof = prove(log.folder(), log.checkpoint(), n, None).unwrap();
        let hash = leaf(entry(n).as_bytes());
        assert_eq!(proof.verify(&hash, NAME, &keys).unwrap().size, 1_000, "{n}");
    }
    let beyond = prove(log.folder(), log.checkpoint(), 1_000, None);
    assert!(matches!(
        beyond,
        Err(LogError::NoSuchEntry {
            index: 1_000,
            size: 1_000
        })
    ));
    // Partial tiles make room for the whole ones.
    let partial = files(dir.path());
    let partial: Vec<_> = partial
        .iter()
        .filter(|p| p.to_string_lossy().contains(".p/"))
        .collect();
    assert!(
        partial
            .iter()
            .all(|p| !p.to_string_lossy().contains("/000.p/")
                || p.to_string_lossy().contains("tile/1/")),
        "{partial:?}"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn batches_of_any_size_make_the_same_log(batches in proptest::collection::vec(1_u64..700, 1..8)) {
        let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let mut size = 0;
        for batch in batches {
            // Opened anew for each, as after a restart.
            let mut log = open(one.path()).unwrap();
            prop_assert_eq!(log.size(), size);
            log.append(&entries(size..size + batch)).unwrap();
            size += batch;
        }
        let whole = log_of(other.path(), size, size);
        let one = open(one.path()).unwrap();
        prop_assert_eq!(one.checkpoint(), whole.checkpoint());
        let report = check(one.folder().root(), &Held::default(), Some(&mut Kept::of(size)));
        prop_assert_eq!(&report.faults, &vec![]);
        prop_assert!(report.is_self_consistent_only());
    }
}

#[test]
fn a_crash_between_tiles_and_checkpoint_loses_nothing_acknowledged() {
    let dir = tempfile::tempdir().unwrap();
    drop(log_of(dir.path(), 300, 100));
    let before: BTreeMap<_, _> = files(dir.path())
        .into_iter()
        .map(|file| (file.clone(), fs::read(file).unwrap()))
        .collect();
    let mut log = open(dir.path()).unwrap();
    log.append(&entries(300..600)).unwrap();
    drop(log);
    // As if the power had gone before the checkpoint, with any of the new files cut, missing or empty.
    let new = files(dir.path()).into_iter();
    let new: Vec<_> = new.filter(|file| !before.contains_key(file)).collect();
    assert!(new.len() >= 4, "{new:?}");
    for (n, file) in new.iter().enumerate() {
        let bytes = fs::read(file).unwrap();
        match n % 3 {
            0 => fs::remove_file(file).unwrap(),
            1 => fs::write(file, &bytes[..bytes.len() / 2]).unwrap(),
            _ => fs::write(file, vec![0; bytes.len()]).unwrap(),
        }
    }
    fs::write(dir.path().join("checkpoint.new"), "half a check").unwrap();
    for (file, bytes) in &before {
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, bytes).unwrap();
    }

    let mut log = open(dir.path()).unwrap();
    assert_eq!(log.size(), 300);
    assert_eq!(faults(dir.path()), []);
    log.append(&entries(300..612)).unwrap();
    assert_eq!(faults(dir.path()), []);
}

#[test]
fn any_changed_bit_is_named() {
    let dir = tempfile::tempdir().unwrap();
    const SIZE: u64 = 520;
    let log = log_of(dir.path(), SIZE, SIZE);
    drop(log);
    let mut seen = 0;
    for file in files(&dir.path().join("tile")) {
        let good = fs::read(&file).unwrap();
        let tile = Tile::parse(file.strip_prefix(dir.path()).unwrap().to_str().unwrap()).unwrap();
        // Every bit would take minutes: one of each hash and entry, and of each length.
        for at in (0..good.len()).step_by(37).chain([0, 1, good.len() - 1]) {
            let mut bad = good.clone();
            bad[at] ^= 1 << (at % 8);
            fs::write(&file, &bad).unwrap();
            let faults = faults(dir.path());
            let named = match tile {
                Tile::Hashes { level: 0, index, .. } => {
                    let index = index * 256 + at as u64 / 32;
                    faults.contains(&Fault::Entry { index })
                }
                Tile::Hashes { .. } => faults.iter().any(|f| matches!(f, Fault::Node { first, last, .. } if (first..=last).contains(&&(at as u64 / 32 * 256)))),
                Tile::Entries { index, .. } => {
                    let index = index * 256 + (at as u64) / (entry(0).len() as u64 + 2);
                    faults.first() == Some(&Fault::Entry { index })
                        || faults.contains(&Fault::Length { tile }) && faults.contains(&Fault::Entry { index })
                }
            };
            assert!(named, "{tile} at {at}: {faults:?}");
            seen += 1;
        }
        fs::write(&file, &good[..good.len() - 1]).unwrap();
        assert!(
            faults(dir.path()).contains(&Fault::Length { tile }),
            "{tile} cut"
        );
        fs::remove_file(&file).unwrap();
        let missing = faults(dir.path());
        assert!(
            matches!(&missing[0], Fault::Unreadable { tile: t, .. } if *t == tile),
            "{missing:?}"
        );
        fs::write(&file, &good).unwrap();
    }
    assert!(seen > 500, "{seen}");
    assert_eq!(faults(dir.path()), []);
}

#[test]
fn records_that_were_changed_removed_or_swapped_are_named() {
    let dir = tempfile::tempdir().unwrap();
    drop(log_of(dir.path(), 300, 300));
    let of = |change: &dyn Fn(&mut BTreeMap<u64, Row>)| {
        let mut rows = Kept::of(300);
        change(&mut rows.0);
        check(dir.path(), &Held::default(), Some(&mut rows)).faults
    };
    let changed = of(&|rows| _ = rows.insert(7, Row::Kept([7; 32], "{\"n\":8}".to_owned())));
    assert_eq!(changed, [Fault::Record { index: 7 }]);
    let salted = of(&|rows| _ = rows.insert(7, Row::Kept([8; 32], text(7))));
    assert_eq!(salted, [Fault::Record { index: 7 }]);
    assert_eq!(
        of(&|rows| _ = rows.remove(&299)),
        [Fault::NoRecord { index: 299 }]
    );
    let swapped = of(&|rows| {
        let (a, b) = (rows[&1].clone(), rows[&2].clone());
        rows.insert(1, b);
        rows.insert(2, a);
    });
    assert_eq!(
        swapped,
        [Fault::Record { index: 1 }, Fault::Record { index: 2 }]
    );
}

#[test]
fn a_log_that_its_owner_wrote_anew_is_found_out_by_who_remembers() {
    let (dir, forged) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut remembered = Vec::new();
    let mut log = open(dir.path()).unwrap();
    for size in [100, 200, 300] {
        let old = log.size();
        log.append(&entries(old..size)).unwrap();
        remembered.push(log.checkpoint().clone());
    }
    // With the log's own key: entry 150 never happened.
    let mut log = open(forged.path()).unwrap();
    let mut all = entries(0..400);
    all.remove(150);
    log.append(&all).unwrap();
    assert_eq!(faults(forged.path()), [], "it agrees with itself");
    let held = Held {
        remembered: remembered.clone(),
        ..Held::default()
    };
    let report = check(forged.path(), &held, None);
    assert_eq!(
        report.faults,
        [
            Fault::Rewritten { size: 200 },
            Fault::Rewritten { size: 300 }
        ]
    );
    assert_eq!(report.follows, [100]);

    let short = tempfile::tempdir().unwrap();
    drop(log_of(short.path(), 250, 250));
    let report = check(short.path(), &held, None);
    assert_eq!(
        report.faults,
        [Fault::RolledBack {
            remembered: 300,
            size: 250
        }]
    );
    assert_eq!(report.follows, [100, 200]);
}

#[test]
fn witnesses_count_once_and_only_those_that_one_knows() {
    let dir = tempfile::tempdir().unwrap();
    let log = log_of(dir.path(), 10, 10);
    let held = Held {
        witnesses: vec![witness().public().clone()],
        quorum: 1,
        ..Held::default()
    };
    let key = signer(1);
    let of = |note: &Note| verify(log.folder(), note, key.public(), &held, None).unwrap();
    assert_eq!(
        of(log.checkpoint()).faults,
        [Fault::Quorum { got: 0, wanted: 1 }]
    );
    let mut note = log.checkpoint().clone();
    note.add(cosign(&note, &witness(), 1_795_000_000));
    let report = of(&note);
    assert_eq!(
        (report.faults.len(), report.cosigned[0].time),
        (0, 1_795_000_000)
    );
    // The cosignature of another checkpoint.
    let other = log_of(tempfile::tempdir().unwrap().path(), 11, 11);
    let mut replayed = other.checkpoint().clone();
    replayed.add(note.signatures()[1].clone());
    let report = verify(other.folder(), &replayed, key.public(), &held, None).unwrap();
    assert!(
        matches!(report.faults[0], Fault::Witness(_)),
        "{:?}",
        report.faults
    );
}

#[test]
fn the_log_is_held_to_what_witnesses_cosigned() {
    let dir = tempfile::tempdir().unwrap();
    let mut log = log_of(dir.path(), 10, 10);
    let mut cosigned = log.checkpoint().clone();
    cosigned.add(cosign(&cosigned, &witness(), 1_795_000_000));
    let folder = log.folder();
    folder
        .keep_cosigned(cosigned.to_string().as_bytes())
        .unwrap();
    let kept = folder.cosigned().unwrap().unwrap();
    assert_eq!(Note::parse(&kept).unwrap(), cosigned);
    log.append(&entries(10..20)).unwrap();
    let held = |note: &Note, quorum| Held {
        witnesses: vec![witness().public().clone()],
        quorum,
        cosigned: Some(note.clone()),
        ..Held::default()
    };
    let report = check(dir.path(), &held(&cosigned, 1), None);
    assert_eq!((report.faults, report.witnessed), (vec![], 10));
    assert_eq!((report.cosigned.len(), report.follows), (1, vec![]));
    let report = check(dir.path(), &held(&cosigned, 2), None);
    assert_eq!(report.faults, [Fault::Quorum { got: 1, wanted: 2 }]);

    // The same key wrote another past; and one that is shorter.
    let other = tempfile::tempdir().unwrap();
    let mut all = entries(0..30);
    all.remove(3);
    open(other.path()).unwrap().append(&all).unwrap();
    let report = check(other.path(), &held(&cosigned, 1), None);
    assert_eq!(report.faults, [Fault::CosignedOther { size: 10 }]);
    let short = tempfile::tempdir().unwrap();
    drop(log_of(short.path(), 9, 9));
    let report = check(short.path(), &held(&cosigned, 1), None);
    let more = Fault::CosignedMore {
        cosigned: 10,
        size: 9,
    };
    assert!(report.faults.contains(&more), "{:?}", report.faults);

    // The line of an older checkpoint under the newest, known to whoever has the older one.
    let mut replayed = log.checkpoint().clone();
    replayed.add(cosigned.signatures()[1].clone());
    let remembers = Held {
        remembered: vec![cosigned],
        cosigned: None,
        ..held(&replayed, 0)
    };
    let told = verify(
        log.folder(),
        &replayed,
        signer(1).public(),
        &remembers,
        None,
    )
    .unwrap();
    let witness = "witness.example/w".to_owned();
    assert_eq!(told.faults, [Fault::Replayed { witness, size: 10 }]);
}

#[test]
fn a_log_is_not_opened_over_what_is_not_its_own() {
    let dir = tempfile::tempdir().unwrap();
    drop(log_of(dir.path(), 300, 300));
    let other = Log::open(Folder::new(dir.path()), signer(2));
    assert!(matches!(other, Err(LogError::Checkpoint(_))), "another key");
    let tile = dir.path().join("tile/0/001.p/44");
    let good = fs::read(&tile).unwrap();
    fs::write(&tile, vec![0; good.len()]).unwrap();
    assert!(matches!(open(dir.path()), Err(LogError::Root(300))));
    fs::write(&tile, &good).unwrap();
    fs::remove_file(dir.path().join("checkpoint")).unwrap();
    assert!(matches!(open(dir.path()), Err(LogError::NoCheckpoint)));
}
