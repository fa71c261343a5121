//! What must hold of any bytes.

use crate::witness::AddCheckpoint;
use crate::{Bundle, Checkpoint, LogProof, Note, Tile, VerifierKey};

/// What is read is written as the same bytes.
pub fn note(data: &[u8]) {
    let Ok(note) = Note::parse(data) else { return };
    assert_eq!(note.to_string().as_bytes(), data, "a note has one form");
    if let Ok(checkpoint) = Checkpoint::parse(note.text()) {
        assert_eq!(
            checkpoint.to_string(),
            note.text(),
            "a checkpoint has one form"
        );
    }
}

/// As [`note`], for proofs and requests.
pub fn proof(data: &[u8]) {
    if let Ok(proof) = LogProof::parse(data) {
        assert_eq!(proof.to_string().as_bytes(), data, "a proof has one form");
    }
    if let Ok(request) = AddCheckpoint::parse(data) {
        assert_eq!(
            request.to_string().as_bytes(),
            data,
            "a request has one form"
        );
    }
}

/// As [`note`], for paths, keys and bundles.
pub fn tile(data: &[u8]) {
    for wanted in 0..4 {
        if let Ok(entries) = Bundle::parse(data, wanted) {
            let mut again = Bundle::default();
            assert!(entries.iter().all(|entry| again.push(entry).is_ok()));
            assert_eq!(again.bytes(), data, "a bundle has one form");
        }
    }
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    if let Ok(tile) = Tile::parse(text) {
        assert_eq!(tile.to_string(), text, "a tile has one path");
    }
    if let Ok(key) = VerifierKey::parse(text) {
        assert_eq!(key.to_string(), text, "a key has one form");
    }
}
