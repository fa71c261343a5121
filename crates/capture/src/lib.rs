//! From captured bytes to what the applications said to each other.
//!
//! Three readers, all sans-IO (bytes in, records out; time comes from the packets):
//!
//! - [`CaptureReader`] reads pcap and pcapng files as they arrive, in bounded memory, and
//!   says at which byte a file breaks off.
//! - [`Pipeline`] takes the packets through link layer, IP (fragments put together), UDP
//!   and TCP (streams put in order) and hands out [`Datagram`]s and [`StreamBytes`].
//! - [`hep`] reads and writes HEP3, the encapsulation that SIP servers mirror their traffic
//!   with.
//!
//! What the payloads mean is not known here. Nothing is dropped in silence: every packet
//! ends in an output or in one of the [`Counters`].
//!
//! Checksums are not verified: captures taken on the sending host carry unfinished ones.

mod counters;
mod error;
mod file;
mod fragment;
pub mod hep;
mod ip;
mod link;
mod pipeline;
mod read;
mod tcp;

pub use counters::Counters;
pub use error::CaptureError;
pub use file::{CaptureReader, FileKind, Packet, detect};
pub use link::LinkType;
pub use pipeline::{Datagram, Limits, Output, Pipeline, Proto, StreamBytes};

#[doc(hidden)]
pub use file::fuzz_capture;
#[doc(hidden)]
pub use pipeline::fuzz_pipeline;
