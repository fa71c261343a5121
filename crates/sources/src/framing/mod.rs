//! Where one record ends and the next begins on a byte stream.
//!
//! A framer looks at the front of a connection's buffer and takes whole records off it without
//! copying. It knows nothing of what stands inside a record. Whatever a peer sends, no byte is
//! dropped without being handed over or counted, and no buffer grows past the record limit.

mod hep;
mod syslog;

use bytes::{Bytes, BytesMut};

pub use hep::{HepFramer, auth_key, fuzz_hep_framing, without_keys};
pub use syslog::{SyslogFramer, fuzz_syslog_framing};

/// What the front of the buffer held.
#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    /// One whole record, framing removed.
    Record(Bytes),
    /// The start of a record that is longer than allowed. The framer skips its rest and finds the
    /// next one.
    Oversize(Bytes),
    /// These bytes begin no record and there is no telling where the next one begins.
    Broken(Bytes),
    /// Only part of a record is there.
    More,
}

/// The framing of one connection.
#[derive(Debug)]
pub enum Framer {
    /// RFC 6587 and RFC 5425.
    Syslog(SyslogFramer),
    /// HEP version 3.
    Hep(HepFramer),
}

impl Framer {
    /// Takes the next record off the front of `buf`.
    pub fn step(&mut self, buf: &mut BytesMut) -> Step {
        match self {
            Self::Syslog(framer) => framer.step(buf),
            Self::Hep(framer) => framer.step(buf),
        }
    }

    /// The peer has closed: what is left in `buf` is a record, a broken one, or nothing.
    pub fn finish(&mut self, buf: &mut BytesMut) -> Step {
        match self {
            Self::Syslog(framer) => framer.finish(buf),
            Self::Hep(_) if buf.is_empty() => Step::More,
            Self::Hep(_) => Step::Broken(buf.split().freeze()),
        }
    }

    /// Whether a record has begun and is not complete. A peer may be silent between records for
    /// long, but not inside one.
    #[must_use]
    pub fn is_inside(&self, buf: &BytesMut) -> bool {
        !buf.is_empty() || matches!(self, Self::Syslog(framer) if framer.is_skipping())
    }
}
