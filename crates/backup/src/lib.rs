//! Backups: archives that are whole or do not exist, and are checked before they are trusted.
//!
//! A backup is a list of files with their digests, the [`Manifest`], and the files. It is written
//! last and under a name of its own, so that what was broken off never passes for a backup. Two
//! shapes: one tar file, or a folder that keeps every backup made into it and stores what they
//! have in common once.
//!
//! Restoring reads everything and compares every digest before the first file is written, and a
//! folder that is being restored carries a mark until it is complete ([`is_half_restored`]).
//!
//! Where it stops: it does not know what the files mean. Which ones make a consistent copy, and in
//! which order they are read, is decided by the server, which knows all the stores.

mod error;
mod folder;
mod manifest;
mod place;
mod restore;
mod tarball;
mod writer;

pub use error::BackupError;
pub use manifest::{FileEntry, Manifest, Summary};
pub use restore::{Stored, is_half_restored, prune};
pub use writer::{Finished, Scratch, Source, Writer};

#[doc(hidden)]
pub use manifest::fuzz_manifest;
