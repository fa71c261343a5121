//! What is taken out of a log can be checked with nothing but itself and the key.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "test code"
)]

use std::path::Path;

use proptest::prelude::*;
use ringfence_crypto::Ed25519Key;
use ringfence_evidence::bundle::{
    BundleError, BundleReport, By, FORMAT, Filter, Header, Item, Line, Writer, check,
};
use ringfence_evidence::{Fault, Folder, Held, Leaf, Log, Row, Rows, commit, verify_range};
use ringfence_tlog::{KeyKind, Note, Signer, Tiles, VerifierKey, consistency, cosign};

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
    format!("{{\"n\":{n},\"what\":\"gave \\\"Zoë\\\" a role\"}}")
}

fn entry(n: u64) -> String {
    let leaf = Leaf {
        time: 1_795_000_000_000 + n as i64,
        kind: "account".to_owned(),
        commitment: commit(&[n as u8; 32], &text(n)),
    };
    leaf.to_string()
}

fn grown(folder: &Path, to: u64) -> Log {
    let mut log = Log::open(Folder::new(folder), signer(1)).unwrap();
    let new: Vec<_> = (log.size()..to).map(entry).collect();
    log.append(&new).unwrap();
    log
}

fn header(checkpoint: &Note) -> Header {
    Header {
        format: FORMAT.to_owned(),
        key: signer(1).public().to_string(),
        checkpoint: checkpoint.to_string(),
        at_ms: 1_795_000_000_000,
        by: By {
            id: "p-1".to_owned(),
            name: "Ada".to_owned(),
        },
        programs: None,
        filter: Filter {
            kind: Some("account".to_owned()),
            ..Filter::default()
        },
    }
}

fn written(log: &Log, header: Header, indices: &[u64], erased: &[u64]) -> Vec<u8> {
    let (mut writer, mut out) = Writer::begin(log.folder().clone(), header).unwrap();
    for n in indices {
        let record = (!erased.contains(n)).then(|| ([*n as u8; 32], text(*n)));
        writer.record(*n, record, &mut out).unwrap();
    }
    let signed = log.seal(writer.end()).unwrap();
    out.extend(Writer::last(signed.to_string()));
    out
}

/// One of seven records out of 700, of which one was erased.
fn sample(folder: &Path) -> Vec<u8> {
    let log = grown(folder, 700);
    let header = header(log.checkpoint());
    written(&log, header, &[0, 5, 255, 256, 511, 690, 699], &[256])
}

fn checked(bundle: &[u8], key: &VerifierKey, held: &Held) -> Result<BundleReport, BundleError> {
    let mut none = |_, _| Err("there is no log here".to_owned());
    check(bundle, Some(key), held, &mut none)
}

fn faults(bundle: &[u8]) -> Vec<String> {
    match checked(bundle, signer(1).public(), &Held::default()) {
        Ok(report) => report.faults.iter().map(ToString::to_string).collect(),
        Err(error) => vec![error.to_string()],
    }
}

fn lines(bundle: &[u8]) -> Vec<String> {
    let text = std::str::from_utf8(bundle).unwrap();
    text.split_inclusive('\n').map(str::to_owned).collect()
}

/// The bundle with a record of it changed.
fn with_item(bundle: &[u8], line: usize, change: impl Fn(&mut Item)) -> Vec<u8> {
    let mut all = lines(bundle);
    let Ok(Line::Item(mut item)) = Line::parse(all[line].trim_end().as_bytes()) else {
        panic!("line {line} is no record");
    };
    change(&mut item);
    all[line] = format!("{}\n", Line::Item(item));
    all.concat().into_bytes()
}

#[test]
fn a_bundle_is_checked_years_later_while_the_log_grows() {
    let dir = tempfile::tempdir().unwrap();
    let log = grown(dir.path(), 700);
    let header = header(log.checkpoint());
    let (mut writer, mut out) = Writer::begin(log.folder().clone(), header).unwrap();
    drop(log);
    // Meanwhile partial tiles make room for whole ones.
    let log = grown(dir.path(), 1_500);
    for n in [3, 690, 699] {
        writer
            .record(n, Some(([n as u8; 32], text(n))), &mut out)
            .unwrap();
    }
    assert!(writer.record(700, None, &mut out).is_err());
    out.extend(Writer::last(log.seal(writer.end()).unwrap().to_string()));
    let report = checked(&out, signer(1).public(), &Held::default()).unwrap();
    assert_eq!(report.faults, []);
    assert_eq!((report.log.records, report.log.checkpoint.size), (3, 700));
    assert_eq!(report.header.by.name, "Ada");
    assert!(report.log.is_self_consistent_only());
}

#[test]
fn whatever_is_done_to_a_bundle_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let good = sample(dir.path());
    let report = checked(&good, signer(1).public(), &Held::default()).unwrap();
    assert_eq!(report.faults, []);
    assert_eq!((report.log.records, report.log.erased), (6, 1));
    let all = lines(&good);

    let changed = with_item(&good, 3, |item| {
        item.text = item.text.as_ref().map(|text| text.replace("Zo", "Jo"));
    });
    let told = faults(&changed);
    assert_eq!(
        told[0],
        "line 4: entry 255: the record is not the one that was logged"
    );
    assert!(told[1].contains("changed, removed or moved"), "{told:?}");

    // The same record, said to be another one.
    let moved = with_item(&good, 3, |item| item.index = 254);
    assert!(faults(&moved)[0].contains("line 4: entry 254: the proof is that of entry 255"));
    // Another entry with a commitment of its own.
    let invented = with_item(&good, 2, |item| {
        item.entry = entry(77);
        item.text = Some(text(77));
        item.salt = Some(ringfence_crypto::to_base64(&[77; 32]));
    });
    let told = faults(&invented);
    assert!(
        told[0].contains("line 3: entry 5: the proof does not lead to the checkpoint's root"),
        "{told:?}"
    );
    // A record that was erased, so that nobody reads it.
    let hidden = with_item(&good, 2, |item| {
        (item.text, item.salt, item.erased) = (None, None, true);
    });
    assert_eq!(faults(&hidden).len(), 1, "only the seal knows");

    let named = |lines: Vec<&str>, wanted: &str| {
        let told = faults(lines.concat().as_bytes()).join("; ");
        assert!(told.contains(wanted), "{wanted}: {told}");
    };
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    let without = |at: usize| [&all[..at], &all[at + 1..]].concat();
    named(without(8), "cut off: the bundle ends after line 8");
    let half = &good[..good.len() - all[8].len() - 10];
    assert!(faults(half)[0].contains("cut off: the bundle ends after line 7"));
    named(without(4), "the last line says 7 records, and there are 6");
    let mut twice = all.clone();
    twice.insert(4, all[3]);
    named(
        twice,
        "line 5: entry 255: it is not in the order of the log",
    );
    let mut turned = all.clone();
    turned.swap(2, 3);
    named(turned, "line 4: entry 5: it is not in the order of the log");
    let mut more = all.clone();
    more.push(all[1]);
    named(more, "line 10: something stands after");
    named(without(0), "line 1 is not the first of a bundle");
    named(vec![], "the file is empty");
    let mut other = all.clone();
    other[2] = "{\"index\":5}\n";
    named(other, "line 3: it cannot be read");
}

#[test]
fn another_key_a_forged_seal_and_a_forged_checkpoint_are_told_apart() {
    let dir = tempfile::tempdir().unwrap();
    let good = sample(dir.path());
    let wrong = checked(&good, signer(2).public(), &Held::default());
    assert!(matches!(wrong, Err(BundleError::WrongKey { .. })));

    let all = lines(&good);
    let sealed = |signer: &Signer, count: &str| {
        let Ok(Line::Seal(signed)) = Line::parse(all[8].trim_end().as_bytes()) else {
            panic!("the last line is no seal");
        };
        let note = Note::parse(signed.as_bytes()).unwrap();
        let mut note = Note::new(note.text().replace("records 7", count)).unwrap();
        note.sign(signer);
        let last = String::from_utf8(Writer::last(note.to_string())).unwrap();
        faults(&[all[..8].concat(), last].concat().into_bytes())
    };
    assert_eq!(sealed(&signer(1), "records 7"), [] as [&str; 0]);
    assert!(sealed(&signer(1), "records 8")[0].contains("says 8 records, and there are 7"));
    let told = sealed(&signer(2), "records 7");
    assert!(
        told[0].contains("the last line is not signed by the log"),
        "{told:?}"
    );
    // A signature of the log under something else of its own.
    let checkpoint = Folder::new(dir.path()).checkpoint().unwrap().unwrap();
    let checkpoint = String::from_utf8(checkpoint).unwrap();
    let last = String::from_utf8(Writer::last(checkpoint)).unwrap();
    let told = faults(&[all[..8].concat(), last].concat().into_bytes());
    assert!(told[0].contains("signs something else"), "{told:?}");

    let Ok(Line::Header(mut header)) = Line::parse(all[0].trim_end().as_bytes()) else {
        panic!("the first line is no header");
    };
    let note = Note::parse(header.checkpoint.as_bytes()).unwrap();
    let mut forged = Note::new(note.text().replace("700", "701")).unwrap();
    forged.add(note.signatures()[0].clone());
    header.checkpoint = forged.to_string();
    let first = format!("{}\n", Line::Header(header));
    let told = checked(
        [vec![first], all[1..].to_vec()]
            .concat()
            .concat()
            .as_bytes(),
        signer(1).public(),
        &Held::default(),
    );
    assert!(matches!(told, Err(BundleError::Checkpoint(_))), "{told:?}");
}

#[test]
fn a_bundle_of_the_whole_log_has_no_gap() {
    let dir = tempfile::tempdir().unwrap();
    let log = grown(dir.path(), 20);
    let header = Header {
        filter: Filter::default(),
        ..header(log.checkpoint())
    };
    let all: Vec<u64> = (0..20).collect();
    let whole = written(&log, header.clone(), &all, &[]);
    assert_eq!(faults(&whole), [] as [&str; 0]);
    let most: Vec<u64> = (2..18).filter(|n| *n != 7).collect();
    let told = faults(&written(&log, header, &most, &[]));
    assert_eq!(told.len(), 3, "{told:?}");
    for (fault, wanted) in told.iter().zip(["0 to 1", "7 to 7", "18 to 19"]) {
        assert!(
            fault.contains(&format!("entries {wanted} are missing")),
            "{fault}"
        );
    }
}

#[test]
fn witnesses_and_remembered_checkpoints_count() {
    let dir = tempfile::tempdir().unwrap();
    let old = grown(dir.path(), 300).checkpoint().clone();
    let log = grown(dir.path(), 700);
    let mut note = log.checkpoint().clone();
    let line = cosign(&note, &witness(), 1_795_000_000);
    note.add(line);
    let bundle = written(&log, header(&note), &[1, 2], &[]);
    let later = grown(dir.path(), 900).checkpoint().clone();
    let held = Held {
        remembered: vec![old, log.checkpoint().clone(), later],
        witnesses: vec![witness().public().clone()],
        quorum: 1,
        ..Held::default()
    };
    // Without the log only the same checkpoint can be compared.
    let report = checked(&bundle, signer(1).public(), &held).unwrap();
    assert_eq!(
        (report.log.cosigned.len(), report.log.follows.as_slice()),
        (1, [700].as_slice())
    );
    assert_eq!(report.faults.len(), 2, "{:?}", report.faults);
    let folder = Folder::new(dir.path());
    let mut paths = |old, new| {
        let proof = consistency(&mut Tiles::new(&folder, new), old, new);
        proof.map_err(|error| error.to_string())
    };
    let key = signer(1).public().clone();
    let report = check(bundle.as_slice(), Some(&key), &held, &mut paths).unwrap();
    assert_eq!(report.faults, []);
    assert_eq!(report.log.follows, [300, 700, 900]);

    let alone = written(&log, header(log.checkpoint()), &[1], &[]);
    let told = checked(&alone, &key, &held).unwrap().faults;
    assert!(
        told.iter()
            .any(|fault| fault.to_string().contains("0 of the 1 witnesses"))
    );
    // A log of the same name and key that says something else.
    let elsewhere = tempfile::tempdir().unwrap();
    let mut forked = Log::open(Folder::new(elsewhere.path()), signer(1)).unwrap();
    forked
        .append(&(1..701).map(entry).collect::<Vec<_>>())
        .unwrap();
    let held = Held {
        remembered: vec![forked.checkpoint().clone()],
        ..Held::default()
    };
    let told = checked(&alone, &key, &held).unwrap().faults;
    assert!(
        told[0].to_string().contains("the log was rewritten"),
        "{told:?}"
    );
}

struct Kept;

impl Rows for Kept {
    fn row(&mut self, index: u64) -> std::io::Result<Option<Row>> {
        Ok(match index {
            300 => Some(Row::Erased),
            301 => Some(Row::Kept([0; 32], text(301))),
            302 => None,
            n => Some(Row::Kept([n as u8; 32], text(n))),
        })
    }
}

#[test]
fn a_range_is_checked_by_its_own_tiles() {
    let dir = tempfile::tempdir().unwrap();
    let old = grown(dir.path(), 300).checkpoint().clone();
    let note = grown(dir.path(), 1_000).checkpoint().clone();
    let (key, held) = (signer(1).public().clone(), Held::default());
    let range = |range, held: &Held| {
        let folder = Folder::new(dir.path());
        verify_range(&folder, &note, &key, held, range, Some(&mut Kept)).unwrap()
    };
    let remembered = Held {
        remembered: vec![old],
        ..Held::default()
    };
    let report = range(250..300, &remembered);
    assert_eq!(
        (report.faults.as_slice(), report.records),
        ([].as_slice(), 50)
    );
    assert_eq!(report.follows, [300]);
    let report = range(299..304, &held);
    assert_eq!((report.records, report.erased), (2, 1));
    let wanted = [Fault::Record { index: 301 }, Fault::NoRecord { index: 302 }];
    assert_eq!(report.faults, wanted);
    let beyond = range(990..2_000, &held);
    let wanted = Fault::NoEntries {
        asked: 2_000,
        size: 1_000,
    };
    assert_eq!(
        (beyond.faults.as_slice(), beyond.records),
        ([wanted].as_slice(), 10)
    );

    // What lies beside it is not read, and what is in it is named.
    let bundle = dir.path().join("tile/entries/001");
    let mut bytes = std::fs::read(&bundle).unwrap();
    let at = bytes.iter().position(|b| *b == b'z').unwrap_or(40);
    bytes[at] ^= 1;
    std::fs::write(&bundle, &bytes).unwrap();
    assert_eq!(range(0..256, &held).faults, []);
    let told = range(256..300, &held).faults;
    assert!(
        matches!(told.as_slice(), [Fault::Entry { .. }, ..]),
        "{told:?}"
    );
    std::fs::remove_file(&bundle).unwrap();
    let told = range(256..258, &held).faults;
    assert!(
        matches!(told[0], Fault::Unread { index: 256, .. }),
        "{told:?}"
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn no_byte_of_a_bundle_can_be_changed(at: prop::sample::Index, bit in 0_u8..8, cut: bool) {
        let dir = tempfile::tempdir().unwrap();
        let log = grown(dir.path(), 40);
        let good = written(&log, header(log.checkpoint()), &[1, 17, 39], &[17]);
        let at = at.index(good.len());
        let mut bad = good.clone();
        match cut {
            true => bad.truncate(at),
            false => bad[at] ^= 1 << bit,
        }
        prop_assert!(!faults(&bad).is_empty());
        prop_assert_eq!(faults(&good), Vec::<String>::new());
    }
}

#[test]
fn a_bundle_of_another_year_is_still_one() {
    let bundle = include_bytes!("golden/bundle.jsonl");
    let report = checked(bundle, signer(1).public(), &Held::default()).unwrap();
    assert_eq!(report.faults, []);
    assert_eq!((report.log.records, report.log.erased), (2, 1));
}
