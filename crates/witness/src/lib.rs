//! A witness: it follows logs from elsewhere, signs what follows from what it saw before, and tells when a
//! log contradicts itself (C2SP tlog-witness, tlog-cosignature).
//!
//! [`Witness`] remembers of each log the checkpoint that it signed last. It is asked ([`Witness::add`]) or
//! asks itself ([`run`]); either way nothing stands between the judgement and the disk, and no cosignature
//! leaves before what it says is remembered. A log that shows two pasts is never signed again, and both of
//! its checkpoints are kept for whoever wants to check that.
//!
//! Where it stops: what may be signed is judged by `ringfence-tlog`; who listens for requests, and how the
//! configuration is written, is the matter of the crate above. [`Remote`] is how files of a log are read
//! over HTTP by whoever does not trust the server.

mod alarm;
mod fetch;
mod followed;
mod kept;
mod run;
mod store;
mod trouble;
mod witness;

#[cfg(test)]
mod tests;

pub use alarm::{Alarm, Webhook};
pub use fetch::{FetchError, Remote, RemoteError};
pub use run::{Pull, run, run_once};
pub use store::StoreError;
pub use trouble::{NotSigned, Trouble};
pub use witness::{Setup, Witness};
