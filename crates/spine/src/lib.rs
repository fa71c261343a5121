//! The durable log under everything.
//!
//! Every fact that Ringfence learns passes through here once: sources append it
//! and acknowledge it to their senders when it is durable, consumers (the call
//! join, detection, the lake) read it at their own pace, and what they conclude is
//! appended again. This crate keeps the order, the promise and the place of each
//! consumer. It does not know what an event is: payloads are opaque bytes.
//!
//! # The promises
//! - **Durable means synced.** [`Spine::append`] answers after `fdatasync`, and no
//!   consumer ever sees an entry that a power cut could still take away.
//! - **Once.** An entry with an identity that is among the most recent ones
//!   (1,000,000 by default) is answered [`Outcome::Duplicate`], across restarts.
//! - **Nothing is skipped.** A torn end was never acknowledged and is cut off;
//!   any other damage stops the log with the file, the byte and what to do.
//! - **Nothing unread is deleted.** A consumer that stands still fills the log up
//!   to its limit; then appends are refused, loudly.
//! - **Nothing grows.** Bytes in flight, entries in memory, identities and files
//!   are bounded; callers wait, or are told that there is no room.
//!
//! # Where things are
//! [`Spine`] is the contract, [`LocalSpine`] keeps it with files, and
//! [`ReadOnlySpine`] looks into such files from outside. All storage goes through
//! [`disk::Disk`], so that [`disk::SimDisk`] can cut the power at any write.
//!
//! The spine stops at one machine. Past that a NATS JetStream behind the same
//! trait takes over, a block a message.

mod block;
mod config;
mod copy;
mod cpu;
mod dedup;
pub mod disk;
mod entry;
mod error;
mod hot;
mod local;
mod log;
mod metrics;
mod offline;
mod positions;
mod reader;
mod recovery;
mod segment;
mod shared;
mod spine;
mod writer;

pub use config::{Compression, LocalConfig};
pub use copy::{Copied, Pinned, SegmentCopy};
pub use cpu::CpuMeter;
pub use entry::{Block, Entry, Offset, Outcome, Position};
pub use error::SpineError;
pub use local::LocalSpine;
pub use metrics::{BATCH_BUCKETS, COMMIT_BUCKETS_US, Metrics};
pub use offline::ReadOnlySpine;
pub use recovery::{Cut, Recovery};
pub use spine::Spine;

#[doc(hidden)]
pub use block::fuzz_block;
#[doc(hidden)]
pub use positions::fuzz_position;
#[doc(hidden)]
pub use segment::fuzz_segment;
