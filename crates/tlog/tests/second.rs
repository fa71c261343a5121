//! What one implementation writes the other reads: `tlog_tiles` and `signed_note` from crates.io.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    missing_docs,
    reason = "test code"
)]

use std::collections::BTreeMap;

use proptest::prelude::*;
use ringfence_crypto::{Ed25519Key, to_base64};
use ringfence_tlog::{
    Bundle, Checkpoint, Frontier, HASH, Hash, KeyKind, Note, ProofError, Signer, Tile, TileSource,
    Tiles, VerifierKey, above, consistency, inclusion, leaf, root, verify_consistency,
    verify_inclusion,
};
use signed_note::{Note as OtherNote, StandardSigner, StandardVerifier, VerifierList};
use tlog_tiles::tile::Tile as OtherTile;
use tlog_tiles::tlog::{self, HashReader};

/// A log by the other implementation, with its stored hashes.
#[derive(Default)]
struct Other(Vec<tlog::Hash>);

impl HashReader for Other {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<tlog::Hash>, tlog::Error> {
        Ok(indexes.iter().map(|at| self.0[*at as usize]).collect())
    }
}

impl Other {
    fn of(size: u64) -> Self {
        let mut other = Self::default();
        for n in 0..size {
            let new = tlog::stored_hashes(n, &entry(n), &other).unwrap();
            other.0.extend(new);
        }
        other
    }

    fn root(&self, size: u64) -> Hash {
        Hash(tlog::tree_hash(size, self).unwrap().0)
    }
}

/// Our files, as an appender writes them: leaf by leaf, the tiles that are new at each size.
#[derive(Default, Clone)]
struct Files(BTreeMap<String, Vec<u8>>);

impl TileSource for &Files {
    type Error = String;

    fn tile(&mut self, tile: Tile) -> Result<Vec<u8>, String> {
        let found = self
            .0
            .get(&tile.to_string())
            .or_else(|| self.0.get(&tile.whole().to_string()));
        found.cloned().ok_or_else(|| format!("no {tile}"))
    }
}

impl Files {
    /// Of `sizes` that were published one after another.
    fn of(sizes: &[u64]) -> Self {
        let mut files = Self::default();
        let mut old = 0;
        for size in sizes {
            for tile in Tile::added(old, *size) {
                let bytes = files.made(tile);
                files.0.insert(tile.to_string(), bytes);
            }
            old = *size;
        }
        files
    }

    fn made(&self, tile: Tile) -> Vec<u8> {
        match tile {
            Tile::Entries { index, width } => {
                let mut bundle = Bundle::default();
                for n in 0..u64::from(width) {
                    bundle.push(&entry(index * 256 + n)).unwrap();
                }
                bundle.bytes().to_vec()
            }
            Tile::Hashes {
                level: 0,
                index,
                width,
            } => {
                let hashes = (0..u64::from(width)).map(|n| leaf(&entry(index * 256 + n)));
                hashes.flat_map(|hash| hash.0).collect()
            }
            Tile::Hashes {
                level,
                index,
                width,
            } => {
                let below = |n| Tile::Hashes {
                    level: level - 1,
                    index: index * 256 + n,
                    width: 256,
                };
                let hash = |n| above(&self.0[&below(n).to_string()]).unwrap();
                let hashes = (0..u64::from(width)).map(hash);
                hashes.flat_map(|hash| hash.0).collect()
            }
        }
    }
}

fn entry(n: u64) -> Vec<u8> {
    format!("entry {n}").into_bytes()
}

fn ours(theirs: &[tlog::Hash]) -> Vec<Hash> {
    theirs.iter().map(|hash| Hash(hash.0)).collect()
}

#[test]
fn every_proof_of_small_trees_is_theirs() {
    const MOST: u64 = 70;
    let other = Other::of(MOST);
    let files = Files::of(&(1..=MOST).collect::<Vec<_>>());
    let mut frontier = Frontier::default();
    for new in 1..=MOST {
        frontier.push(leaf(&entry(new - 1)));
        let mut tiles = Tiles::new(&files, new);
        let head = other.root(new);
        assert_eq!(
            (frontier.root(), root(&mut tiles, new)),
            (head, Ok(head)),
            "root of {new}"
        );
        for n in 0..new {
            let path = inclusion(&mut tiles, n, new).unwrap();
            assert_eq!(
                path,
                ours(&tlog::prove_record(new, n, &other).unwrap()),
                "{n} in {new}"
            );
            let hash = leaf(&entry(n));
            assert_eq!(
                verify_inclusion(&hash, n, new, &head, &path),
                Ok(()),
                "{n} in {new}"
            );
        }
        for old in 1..=new {
            let path = consistency(&mut tiles, old, new).unwrap();
            let theirs = ours(&tlog::prove_tree(new, old, &other).unwrap());
            assert_eq!(path, theirs, "{old} in {new}");
            let (old, new) = ((old, &other.root(old)), (new, &head));
            assert_eq!(
                verify_consistency(old, new, &path),
                Ok(()),
                "{old:?} in {new:?}"
            );
        }
    }
}

#[test]
fn tiles_are_theirs_byte_for_byte() {
    const MOST: u64 = 70_000;
    let other = Other::of(MOST);
    let files = Files::of(&[1, 255, 256, 257, 65_535, 65_536, MOST]);
    let mut checked = 0;
    for (path, bytes) in &files.0 {
        let Tile::Hashes {
            level,
            index,
            width,
        } = Tile::parse(path).unwrap()
        else {
            continue;
        };
        let theirs = OtherTile::new(8, level, index, u32::from(width), false);
        assert_eq!(&theirs.read_data(&other).unwrap(), bytes, "{path}");
        checked += 1;
    }
    assert!(checked > 275, "{checked} tiles");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn proofs_of_any_sizes_hold_and_no_changed_one_does(
        (old, new, at) in (1_u64..3_000).prop_flat_map(|new| (1..=new, Just(new), 0..new)),
        bit in 0_usize..4_096,
    ) {
        let other = Other::of(new);
        let files = Files::of(&[old, new]);
        let mut tiles = Tiles::new(&files, new);
        let (before, after) = (other.root(old), other.root(new));
        let path = inclusion(&mut tiles, at, new).unwrap();
        let hash = leaf(&entry(at));
        prop_assert_eq!(verify_inclusion(&hash, at, new, &after, &path), Ok(()));
        let grown = consistency(&mut tiles, old, new).unwrap();
        prop_assert_eq!(verify_consistency((old, &before), (new, &after), &grown), Ok(()));

        let flip = |path: &[Hash]| {
            let mut path = path.to_vec();
            let which = bit / 256 % path.len();
            path[which].0[bit / 8 % HASH] ^= 1 << (bit % 8);
            path
        };
        if !path.is_empty() {
            prop_assert!(verify_inclusion(&hash, at, new, &after, &flip(&path)).is_err());
            prop_assert!(verify_inclusion(&hash, at, new, &after, &path[1..]).is_err());
        }
        if !grown.is_empty() {
            prop_assert!(verify_consistency((old, &before), (new, &after), &flip(&grown)).is_err());
            prop_assert!(verify_consistency((old, &before), (new, &after), &grown[1..]).is_err());
        }
        let wrong = leaf(b"another");
        prop_assert!(verify_inclusion(&wrong, at, new, &after, &path).is_err());
        prop_assert!(verify_consistency((old, &wrong), (new, &after), &grown).is_err());
        let back = ProofError::RolledBack { old: new + 1, new };
        prop_assert_eq!(verify_consistency((new + 1, &after), (new, &after), &[]), Err(back));
    }
}

#[test]
fn notes_and_keys_are_read_by_the_other() {
    let seed = [9; 32];
    let signer = Signer::new(
        "log.example/evidence",
        KeyKind::Log,
        Ed25519Key::from_seed(seed).unwrap(),
    );
    let signer = signer.unwrap();
    let vkey = signer.public().to_string();
    let checkpoint = Checkpoint {
        origin: "log.example/evidence".to_owned(),
        size: 12_345,
        root: leaf(b"x"),
        extensions: Vec::new(),
    };
    let mut note = checkpoint.note().unwrap();
    note.sign(&signer);

    let theirs = OtherNote::from_bytes(note.to_string().as_bytes()).unwrap();
    let verifier = StandardVerifier::new(&vkey).unwrap();
    let (good, unknown) = theirs
        .verify(&VerifierList::new(vec![Box::new(verifier)]))
        .unwrap();
    assert_eq!((good.len(), unknown.len()), (1, 0));
    let text = tlog_tiles::checkpoint::Checkpoint::from_bytes(theirs.text()).unwrap();
    assert_eq!(
        (text.origin(), text.size(), text.hash().0),
        ("log.example/evidence", 12_345, checkpoint.root.0)
    );

    // The same key by the other's form of a private key, over the same text: the same note.
    let private = to_base64(&[[1].as_slice(), &seed].concat());
    let id = vkey.split('+').nth(1).unwrap();
    let other =
        StandardSigner::new(&format!("PRIVATE+KEY+log.example/evidence+{id}+{private}")).unwrap();
    let mut signed = OtherNote::new(checkpoint.to_string().as_bytes(), &[]).unwrap();
    signed.add_sigs(&[&other]).unwrap();
    let read = Note::parse(&signed.to_bytes()).unwrap();
    let keys = [VerifierKey::parse(&vkey).unwrap()];
    assert_eq!(
        Checkpoint::open(&read, "log.example/evidence", &keys).unwrap(),
        checkpoint
    );
    assert_eq!(read, note);
}
