//! A backup is whole or it is none, in both shapes.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "test code"
)]

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use ringfence_backup::{
    BackupError, Finished, Source, Stored, Summary, Writer, is_half_restored, prune,
};
use tempfile::TempDir;

const FILES: [(&str, &[u8]); 3] = [
    ("spine/00000000000000000000.seg", b"segment"),
    ("lake/day=2026-01-01/rf-1.parquet", b"PAR1 rows PAR1"),
    ("state.db", b""),
];

fn made(ms: i64) -> Summary {
    Summary {
        version: "0.1.0".to_owned(),
        made_ms: ms,
        newest_event_ms: Some(7),
        state: true,
        ..Summary::default()
    }
}

fn write(out: &Path, files: &[(&str, &[u8])], ms: i64) -> Result<Finished, BackupError> {
    let mut writer = Writer::begin(out)?;
    for (path, bytes) in files {
        writer.put(Source {
            path,
            len: bytes.len() as u64,
            sealed: path.starts_with("lake/"),
            open: || Ok(*bytes),
        })?;
    }
    writer.finish(made(ms))
}

/// A tar file and a folder of backups.
fn places(dir: &TempDir) -> [PathBuf; 2] {
    let folder = dir.path().join("all");
    fs::create_dir(&folder).unwrap();
    [dir.path().join("one.tar"), folder]
}

fn tree(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(tree(&path));
        } else {
            found.push(path);
        }
    }
    found.sort();
    found
}

#[test]
fn what_was_put_in_comes_out_for_its_owner_alone() {
    let dir = tempfile::tempdir().unwrap();
    for (i, out) in places(&dir).iter().enumerate() {
        let finished = write(out, &FILES, 1).unwrap();
        let stored = Stored::open(out).unwrap();
        assert_eq!(*stored.manifest(), finished.manifest);
        stored.expect(finished.manifest.digest()).unwrap();
        assert!(matches!(
            stored.expect("00"),
            Err(BackupError::NotExpected { .. })
        ));
        let data = dir.path().join(format!("data{i}"));
        stored.extract(&data).unwrap();
        assert!(!is_half_restored(&data));
        assert_eq!(tree(&data).len(), FILES.len());
        for (path, bytes) in FILES {
            let path = data.join(path);
            assert_eq!(fs::read(&path).unwrap(), bytes);
            assert_eq!(
                fs::metadata(&path).unwrap().permissions().mode() & 0o777,
                0o600
            );
        }
        let archive = fs::metadata(&finished.place).unwrap().permissions().mode();
        assert_eq!(archive & 0o777, 0o600, "{}", finished.place.display());
    }
}

#[test]
fn a_folder_that_is_not_empty_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("one.tar");
    write(&out, &FILES, 1).unwrap();
    let data = dir.path().join("data");
    fs::create_dir(&data).unwrap();
    fs::write(data.join("mine"), b"x").unwrap();
    let refused = Stored::open(&out).unwrap().extract(&data);
    assert!(matches!(refused, Err(BackupError::NotEmpty(_))));
    assert_eq!(tree(&data), [data.join("mine")]);
}

#[test]
fn no_changed_bit_and_no_missing_end_passes() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("one.tar");
    write(&out, &FILES, 1).unwrap();
    let whole = fs::read(&out).unwrap();
    let broken = dir.path().join("broken.tar");
    // Whatever was written when the power went: every length but the whole. The end of a tar file
    // is padding, and its loss loses nothing.
    let manifest_end = whole.iter().rposition(|b| *b != 0).unwrap() + 1;
    for len in (0..manifest_end).step_by(97) {
        fs::write(&broken, &whole[..len]).unwrap();
        assert!(Stored::open(&broken).is_err(), "{len} of {}", whole.len());
    }
    // Content of each file, and the manifest.
    for needle in [&b"segment"[..], b"PAR1 rows", b"\"newest_event_ms\": 7"] {
        let at = whole
            .windows(needle.len())
            .position(|w| w == needle)
            .unwrap();
        let mut changed = whole.clone();
        changed[at + needle.len() - 1] ^= 1;
        fs::write(&broken, &changed).unwrap();
        let refused = Stored::open(&broken);
        assert!(
            matches!(refused, Err(BackupError::Damaged { .. })),
            "{refused:?}"
        );
    }
}

#[test]
fn a_changed_or_missing_object_of_a_folder_does_not_pass() {
    let dir = tempfile::tempdir().unwrap();
    let [_, out] = places(&dir);
    write(&out, &FILES, 1).unwrap();
    let objects = tree(&out.join("objects"));
    for object in objects {
        let bytes = fs::read(&object).unwrap();
        fs::write(&object, [&bytes[..], b"!"].concat()).unwrap();
        assert!(Stored::open(&out).is_err());
        fs::remove_file(&object).unwrap();
        assert!(Stored::open(&out).is_err());
        fs::write(&object, bytes).unwrap();
    }
    Stored::open(&out).unwrap();
}

#[test]
fn a_backup_that_was_not_finished_is_none() {
    let dir = tempfile::tempdir().unwrap();
    for out in places(&dir) {
        let mut writer = Writer::begin(&out).unwrap();
        let source = Source {
            path: "a",
            len: 1,
            sealed: false,
            open: || Ok(&b"a"[..]),
        };
        writer.put(source).unwrap();
        assert!(
            matches!(Writer::begin(&out), Err(BackupError::Busy(_))),
            "one at a time"
        );
        let scratch = writer.scratch().unwrap();
        let path = scratch.path().to_owned();
        drop((scratch, writer));
        assert!(!path.exists());
        assert!(Stored::open(&out).is_err());
        // What it left does not stand in the way of the next.
        write(&out, &FILES, 2).unwrap();
        Stored::open(&out).unwrap();
    }
}

#[test]
fn a_backup_never_replaces_another() {
    let dir = tempfile::tempdir().unwrap();
    let [tar, folder] = places(&dir);
    write(&tar, &FILES, 1).unwrap();
    assert!(matches!(
        write(&tar, &FILES, 2),
        Err(BackupError::Exists(_))
    ));
    let first = write(&folder, &FILES, 1).unwrap();
    let second = write(&folder, &FILES, 1).unwrap();
    assert_ne!(first.place, second.place);
}

#[test]
fn a_source_that_shrinks_or_fails_makes_no_backup() {
    let dir = tempfile::tempdir().unwrap();
    for out in places(&dir) {
        let mut writer = Writer::begin(&out).unwrap();
        let short = writer.put(Source {
            path: "a",
            len: 5,
            sealed: false,
            open: || Ok(&b"abc"[..]),
        });
        assert!(short.is_err());
        let gone = writer.put(Source {
            path: "b",
            len: 5,
            sealed: false,
            open: || Err::<&[u8], _>(io::ErrorKind::NotFound.into()),
        });
        assert!(gone.is_err());
    }
}

#[test]
fn a_second_backup_writes_only_what_is_new_and_pruning_keeps_what_is_needed() {
    let dir = tempfile::tempdir().unwrap();
    let [_, out] = places(&dir);
    let first = write(&out, &FILES, 1_000).unwrap();
    let more = [
        FILES[0],
        FILES[1],
        ("lake/day=2026-01-01/rf-2.parquet", b"new"),
    ];
    let second = write(&out, &more, 2_000).unwrap();
    let lake = FILES[1].1.len() as u64;
    assert_eq!(
        second.written,
        first.written - lake + 3,
        "the sealed file is there"
    );
    assert_eq!(prune(&out, 1).unwrap(), 1);
    assert!(!first.place.exists());
    let data = dir.path().join("data");
    Stored::open(&out).unwrap().extract(&data).unwrap();
    assert_eq!(fs::read(data.join(more[2].0)).unwrap(), b"new");
    // state.db was in the first only.
    assert_eq!(tree(&out.join("objects")).len(), 3);
}
