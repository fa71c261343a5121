//! What telephone systems say on their control sockets: bytes in, messages out.
//!
//! No socket, no clock. Who logs in, and what is asked for, is the caller's business.

mod ami;
mod esl;
mod legs;

pub use ami::{AmiReader, fuzz_ami};
pub use esl::{EslFrame, EslReader, fuzz_esl};
pub use legs::Legs;

/// What a reader found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found<T> {
    /// A whole message.
    Message(T),
    /// One that is longer than any real one: skipped to its end.
    TooLong,
}
