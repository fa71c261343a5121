//! Reads SIP (RFC 3261) without copying it.
//!
//! The crate turns bytes into borrowed views and stops there: it opens no socket,
//! keeps no clock, holds no transaction. Four ideas carry it:
//!
//! - **Headers on demand.** [`Message::parse`] finds the start line, the header lines
//!   and the body; a header's value is only understood when a typed accessor such as
//!   [`Message::from`] asks for it. Most consumers need five of twenty headers.
//! - **Graded strictness.** What makes a message unreadable ([`Layer::Wire`]) refuses
//!   it. What is wrong inside one header ([`Layer::Header`]) or between headers
//!   ([`Layer::Semantic`]) is listed by [`Message::validate`], so that an observer can
//!   still say who sent the broken message while a proxy can refuse it.
//! - **Secrets go first.** [`mask`] removes keys, credentials and keyed digits before
//!   anyone stores the bytes, and leaves a message that still parses.
//! - **Limits on everything.** [`Limits`] bounds length and count; nothing here is
//!   quadratic in its input and nothing panics on it.

mod access;
mod address;
mod auth;
mod error;
mod fingerprint;
mod framing;
mod header;
mod lex;
mod limits;
mod mask;
mod message;
mod multipart;
mod number;
mod params;
mod sdp;
mod start;
mod uri;
mod validate;
mod values;
mod via;

pub use address::{NameAddr, NameAddrs};
pub use auth::Credentials;
pub use error::{Layer, ParseError};
pub use fingerprint::{Fingerprint, Mark, fingerprint};
pub use framing::{Frame, FrameError, StreamFramer};
pub use header::{Header, HeaderName};
pub use limits::Limits;
pub use mask::{mask, mask_text};
pub use message::{Message, is_keepalive};
pub use multipart::{Part, Parts, parts};
pub use number::{PhoneNumber, normalise_number};
pub use params::{Param, Params};
pub use sdp::{Direction, Media, Sdp};
pub use start::StartLine;
pub use uri::{Scheme, Uri};
pub use values::{CSeq, MediaType, ReasonValue};
pub use via::{Via, Vias};

#[doc(hidden)]
pub use framing::fuzz_framing;
#[doc(hidden)]
pub use mask::fuzz_mask;
#[doc(hidden)]
pub use message::fuzz_message;
