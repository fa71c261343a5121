//! The examples of the specifications, and what a log, a witness and a proof file are refused for.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    missing_docs,
    reason = "test code"
)]

use ringfence_crypto::Ed25519Key;
use ringfence_tlog::witness::{AddCheckpoint, Refusal, Seen, answer};
use ringfence_tlog::{
    Checkpoint, CheckpointError, Cosignature, EMPTY, Frontier, Hash, KeyKind, LogProof,
    LogProofError, Note, NoteError, ProofError, Signer, Subtrees, VKeyError, VerifierKey,
    consistency, cosign, cosignature, inclusion, leaf, node,
};

const ORIGIN: &str = "rf.example/evidence";

/// All leaves, and no tiles.
struct Leaves(Vec<Hash>);

impl Leaves {
    fn of(count: u64) -> Self {
        Self((0..count).map(|n| leaf(&n.to_be_bytes())).collect())
    }
}

impl Subtrees for Leaves {
    type Error = std::convert::Infallible;

    fn subtree(&mut self, level: u8, index: u64) -> Result<Hash, Self::Error> {
        let width = 1_usize << level;
        let mut row = self.0[index as usize * width..][..width].to_vec();
        while row.len() > 1 {
            row = row
                .as_chunks::<2>()
                .0
                .iter()
                .map(|[l, r]| node(l, r))
                .collect();
        }
        Ok(row[0])
    }
}

fn signer(name: &str, kind: KeyKind, seed: u8) -> Signer {
    Signer::new(name, kind, Ed25519Key::from_seed([seed; 32]).unwrap()).unwrap()
}

fn log() -> Signer {
    signer(ORIGIN, KeyKind::Log, 1)
}

fn witness() -> Signer {
    signer("witness.example/w1", KeyKind::Cosigner, 2)
}

fn checkpoint(size: u64) -> Checkpoint {
    let mut frontier = Frontier::default();
    Leaves::of(size)
        .0
        .into_iter()
        .for_each(|leaf| frontier.push(leaf));
    Checkpoint {
        origin: ORIGIN.to_owned(),
        size,
        root: frontier.root(),
        extensions: Vec::new(),
    }
}

fn signed(size: u64) -> Note {
    let mut note = checkpoint(size).note().unwrap();
    note.sign(&log());
    note
}

#[test]
fn the_example_of_signed_note_verifies() {
    let key = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
    let note = "This is an example message.\n\n\u{2014} example.com/foo \
        Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";
    let parsed = VerifierKey::parse(key).unwrap();
    assert_eq!(parsed.to_string(), key);
    let read = Note::parse(note.as_bytes()).unwrap();
    assert_eq!(read.to_string(), note);
    assert_eq!(read.verify(std::slice::from_ref(&parsed)), Ok(()));
    let changed = note.replace("an example", "no example");
    let changed = Note::parse(changed.as_bytes()).unwrap();
    let wrong = NoteError::False("example.com/foo".to_owned());
    assert_eq!(changed.verify(&[parsed]), Err(wrong));
    assert_eq!(
        read.verify(&[log().public().clone()]),
        Err(NoteError::Unsigned)
    );
}

#[test]
fn a_key_that_was_changed_is_named_so() {
    let key = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
    for (changed, why) in [
        (key.replace("530d", "530e"), VKeyError::Id),
        (key.replace("foo", "fob"), VKeyError::Id),
        (key.replace("+530d903a", "+530D903A"), VKeyError::Shape),
        (key.replace("AekyeRr", "AukyeRr"), VKeyError::Type),
        (key.replace("U2k", "U2"), VKeyError::Shape),
        ("example.com/foo".to_owned(), VKeyError::Shape),
        (key.replace("example", "exa mple"), VKeyError::Shape),
    ] {
        assert_eq!(VerifierKey::parse(&changed), Err(why), "{changed}");
    }
}

#[test]
fn notes_that_could_be_read_in_two_ways_are_none() {
    let good = signed(3).to_string();
    for (wrong, why) in [
        (good.replace('\u{2014}', "-"), NoteError::Line(1)),
        (good.replacen("\n\n", "\n", 1), NoteError::Shape),
        (good.trim_end().to_owned(), NoteError::Shape),
        (format!("{good}\n"), NoteError::Shape),
        (
            good.replace("rf.example/evidence\n", "rf.example/evi\tdence\n"),
            NoteError::Byte(14),
        ),
        (String::new(), NoteError::Shape),
    ] {
        assert_eq!(Note::parse(wrong.as_bytes()), Err(why), "{wrong:?}");
    }
    assert_eq!(Note::parse(b"\xff\n\n"), Err(NoteError::Byte(0)));
    assert_eq!(Note::parse(&vec![b'a'; 70_000]), Err(NoteError::TooLarge));
    let line = good.lines().last().unwrap();
    let many = format!("{good}{}", format!("{line}\n").repeat(64));
    assert_eq!(Note::parse(many.as_bytes()), Err(NoteError::TooLarge));
}

#[test]
fn a_checkpoint_is_of_one_log_and_has_one_form() {
    let keys = [log().public().clone()];
    let note = signed(3);
    assert_eq!(Checkpoint::open(&note, ORIGIN, &keys), Ok(checkpoint(3)));
    let other = CheckpointError::Origin(ORIGIN.to_owned());
    assert_eq!(
        Checkpoint::open(&note, "rf.example/other", &keys),
        Err(other)
    );
    let text = note.text();
    for (wrong, why) in [
        (
            text.replace("\n3\n", "\n03\n"),
            "its second line is no size",
        ),
        (
            text.replace("\n3\n", "\n+3\n"),
            "its second line is no size",
        ),
        (text.replace("\n3\n", "\n\n"), "its second line is no size"),
        (text.replace("=\n", "\n"), "its third line is no hash"),
        (format!("{text}\n"), "a line of its is empty"),
        ("\n".to_owned(), "its first line names no log"),
    ] {
        assert_eq!(
            Checkpoint::parse(&wrong),
            Err(CheckpointError::Shape(why)),
            "{wrong:?}"
        );
    }
    let two_lines = Checkpoint {
        origin: "a\nb".to_owned(),
        ..checkpoint(3)
    };
    assert!(two_lines.note().is_err());
}

#[test]
fn a_cosignature_says_who_saw_it_and_when() {
    let mut note = signed(5);
    note.add(cosign(&note, &witness(), 1_790_000_000));
    let read = Note::parse(note.to_string().as_bytes()).unwrap();
    let keys = [witness().public().clone()];
    let seen = Cosignature {
        witness: "witness.example/w1".to_owned(),
        time: 1_790_000_000,
    };
    assert_eq!(cosignature(&read, &keys), Ok(vec![seen]));
    assert_eq!(cosignature(&signed(5), &keys), Ok(vec![]));
    let stranger = signer("witness.example/w2", KeyKind::Cosigner, 3);
    assert_eq!(cosignature(&read, &[stranger.public().clone()]), Ok(vec![]));

    // Replayed under another checkpoint, and with another time.
    let mut replayed = signed(6);
    replayed.add(note.signatures()[1].clone());
    let wrong = NoteError::False("witness.example/w1".to_owned());
    assert_eq!(cosignature(&replayed, &keys), Err(wrong.clone()));
    let mut later = signed(5);
    let mut signature = note.signatures()[1].clone();
    signature.bytes[7] ^= 1;
    later.add(signature);
    assert_eq!(cosignature(&later, &keys), Err(wrong.clone()));
    let mut cut = signed(5);
    let mut signature = note.signatures()[1].clone();
    signature.bytes.truncate(7);
    cut.add(signature);
    assert_eq!(cosignature(&cut, &keys), Err(wrong));
}

#[test]
fn a_proof_file_is_checked_without_the_log() {
    let mut leaves = Leaves::of(11);
    let path = inclusion(&mut leaves, 6, 11).unwrap();
    let proof = LogProof {
        extra: Some(b"salt".to_vec()),
        index: 6,
        path,
        checkpoint: signed(11),
    };
    let file = proof.to_string();
    let read = LogProof::parse(file.as_bytes()).unwrap();
    assert_eq!(read, proof);
    let keys = [log().public().clone()];
    let entry = leaf(&6_u64.to_be_bytes());
    assert_eq!(read.verify(&entry, ORIGIN, &keys), Ok(checkpoint(11)));
    let root = LogProofError::Proof(ProofError::Root);
    assert_eq!(read.verify(&leaf(b"another"), ORIGIN, &keys), Err(root));
    let moved = LogProof {
        index: 12,
        ..read.clone()
    };
    let beyond = ProofError::NoSuchEntry {
        index: 12,
        size: 11,
    };
    assert_eq!(moved.verify(&entry, ORIGIN, &keys), Err(beyond.into()));
    let short = LogProof {
        path: read.path[1..].to_vec(),
        ..read
    };
    let length = ProofError::Length { got: 3, wanted: 4 };
    assert_eq!(short.verify(&entry, ORIGIN, &keys), Err(length.into()));

    for (wrong, line) in [
        (file.replace("@v1", "@v2"), 1),
        (file.replace("extra ", "extra -"), 2),
        (file.replace("index 6", "index 06"), 3),
        (file.replace("index 6\n", "index 6\nAAAA\n"), 4),
    ] {
        let error = LogProof::parse(wrong.as_bytes()).unwrap_err();
        assert!(
            matches!(error, LogProofError::Shape { line: at, .. } if at == line),
            "{error:?}"
        );
    }
}

#[test]
fn a_witness_signs_what_follows_and_nothing_else() {
    let keys = [log().public().clone()];
    let request = |old: u64, size: u64| AddCheckpoint {
        old,
        proof: consistency(&mut Leaves::of(size), old, size).unwrap(),
        checkpoint: signed(size),
    };
    let nothing = Seen::nothing();
    let first = request(0, 5);
    assert_eq!(
        AddCheckpoint::parse(first.to_string().as_bytes()).unwrap(),
        first
    );
    let five = first.judge(&keys, &nothing).unwrap();
    assert_eq!(
        five,
        Seen {
            size: 5,
            root: checkpoint(5).root
        }
    );
    let nine = request(5, 9).judge(&keys, &five).unwrap();
    assert_eq!(nine.size, 9);
    // The same again is signed again, with a new time.
    assert_eq!(request(9, 9).judge(&keys, &nine), Ok(nine.clone()));

    assert_eq!(request(5, 9).judge(&keys, &nine), Err(Refusal::Conflict(9)));
    let back = AddCheckpoint {
        old: 9,
        proof: vec![],
        checkpoint: signed(5),
    };
    assert_eq!(back.judge(&keys, &nine).unwrap_err().status(), 400);
    let mut forged = request(5, 9);
    forged.proof[0].0[0] ^= 1;
    assert_eq!(forged.judge(&keys, &five).unwrap_err().status(), 422);
    // Another past under the same size: a fork.
    let mut fork = Checkpoint {
        root: leaf(b"fork"),
        ..checkpoint(9)
    }
    .note()
    .unwrap();
    fork.sign(&log());
    let fork = AddCheckpoint {
        old: 9,
        proof: vec![],
        checkpoint: fork,
    };
    let forked = ProofError::Forked { old: 9 };
    assert_eq!(fork.judge(&keys, &nine), Err(Refusal::Inconsistent(forked)));
    let stranger = [witness().public().clone()];
    assert_eq!(
        first.judge(&stranger, &nothing),
        Err(Refusal::Signature(NoteError::Unsigned))
    );
    // An empty tree has one root.
    let mut empty = Checkpoint {
        size: 0,
        root: leaf(b""),
        ..checkpoint(0)
    }
    .note()
    .unwrap();
    empty.sign(&log());
    let empty = AddCheckpoint {
        old: 0,
        proof: vec![],
        checkpoint: empty,
    };
    assert_eq!(empty.judge(&keys, &nothing).unwrap_err().status(), 422);
    assert_eq!(checkpoint(0).root, EMPTY);

    let note = signed(5);
    let line = cosign(&note, &witness(), 7);
    assert_eq!(
        answer(&format!("{line}\n{line}\n")),
        Ok(vec![line.clone(), line])
    );
    assert_eq!(answer("no\n"), Err(NoteError::Line(1)));
}
