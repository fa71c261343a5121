//! The Delta transaction log, as far as the lake needs it: protocol reader 1, writer 2.
//!
//! The protocol is a folder of numbered JSON files, each an atomic set of actions
//! (<https://github.com/delta-io/delta/blob/master/PROTOCOL.md>). Replaying them gives
//! the files that make up the table. We write the log ourselves because that is a few
//! hundred lines, and because the `txn` action lets data and spine position commit as one.

mod action;
mod checkpoint;
mod log;
mod snapshot;

pub(crate) use action::Action;
pub(crate) use log::Log;
pub use log::fuzz_log_entry;
pub(crate) use snapshot::{DataFile, Snapshot};
