//! The evidence log: a transparency log of what happened, in a folder that anybody may be shown.
//!
//! What happened is a *record*: a line of JSON that the state store keeps under access control, beside a
//! salt. The log's entry ([`Leaf`]) says when, of which kind, and a commitment to the record with its
//! salt. So the folder can be public, and erasing a record with its salt leaves the log as it was.
//!
//! [`Log`] appends: entries, then tiles, then a signed checkpoint. What a checkpoint says is durable; what
//! lies beyond it after a crash counts as not written. [`verify()`] reads a log as somebody does who
//! trusts nobody but a key and the checkpoints that they remember, [`verify_range`] some entries of it, and
//! [`bundle::check`] what was taken out of one.
//!
//! Where it stops: it knows no server, no clock and no state store. One [`Log`] may append to a folder at
//! a time; who opens it sees to that. The arithmetic is that of `ringfence-tlog`.

pub mod bundle;
mod fault;
mod folder;
mod held;
mod key;
mod leaf;
mod log;
mod range;
mod verify;

pub use fault::Fault;
pub use folder::Folder;
pub use held::{Held, Paths};
pub use key::{KeyFile, KeyFileError};
pub use leaf::{Leaf, LeafError, SALT, commit};
pub use log::{Log, LogError, prove};
pub use range::verify_range;
pub use verify::{Report, Row, Rows, verify};

#[doc(hidden)]
pub mod fuzz;
