//! A transparency log, as arithmetic: bytes in, bytes out.
//!
//! A log is a list that only grows. Its entries are the leaves of a Merkle tree (RFC 6962); a *checkpoint*
//! is a signed note that names the tree's size and root. Whoever holds a checkpoint can be shown that an
//! entry is in that log ([`inclusion`]), and that a later checkpoint changed nothing of what was there
//! ([`consistency`]). The tree is kept and served as *tiles* ([`Tile`]): files that never change. A
//! *witness* signs only checkpoints that follow from the one that it signed before ([`witness`]), so that
//! a log which shows different people different pasts is found out.
//!
//! The formats are those of C2SP: signed-note v1.0.0, tlog-checkpoint v1.0.0, tlog-tiles v0.1.0,
//! tlog-cosignature v1.0.1, tlog-witness v1.0.0, tlog-proof v1. Hashes are SHA-256, signatures Ed25519.
//!
//! Where it stops: it reads no file, asks no server and knows no clock. Tiles come from whoever calls
//! ([`TileSource`]) and may be forged: nothing that is proved rests on them but through a checked
//! signature. What an entry says is not its matter. A check that cannot be made fails.

mod bundle;
mod checkpoint;
mod cosignature;
mod frontier;
mod hash;
mod note;
mod proof;
mod proof_file;
mod tile;
mod tiles;
mod vkey;
pub mod witness;

pub use bundle::{Bundle, BundleError, MOST_ENTRY};
pub use checkpoint::{Checkpoint, CheckpointError};
pub use cosignature::{Cosignature, cosign, cosignature, cosigned};
pub use frontier::Frontier;
pub use hash::{EMPTY, HASH, Hash, leaf, node};
pub use note::{Note, NoteError, Signature};
pub use proof::{
    ProofError, Subtrees, consistency, inclusion, root, verify_consistency, verify_inclusion,
};
pub use proof_file::{LogProof, LogProofError};
pub use tile::{Tile, TileError, WIDTH};
pub use tiles::{TileSource, Tiles, TilesError, above};
pub use vkey::{KeyKind, Signer, VKeyError, VerifierKey};

#[doc(hidden)]
pub mod fuzz;
