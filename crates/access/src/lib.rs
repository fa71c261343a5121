//! The decision desk: who may do what now.
//!
//! [`Access`] holds the policies in force, replaced as a whole or not at all, and answers two kinds of
//! question: what the one who is asking may do here ([`Access::granted`], for our own API), and what
//! somebody else may do in an application that asks about them ([`Access::evaluate`], in the words of
//! the OpenID AuthZEN Authorization API 1.0). For the second it consults what the call join knows at
//! this moment ([`Calls`]), and hands every answer to a [`Journal`].
//!
//! It stops at the decision. It opens no socket, and whoever asks has been recognised before.

mod access;
mod authzen;
mod desk;
mod replay;
mod search;

pub use access::{Access, Granted};
pub use authzen::{
    ActionNamed, Answer, Entity, Evaluation, Fault, Found, Page, Search, Searched, Semantic,
    Several, SeveralAnswers,
};
pub use desk::{Asker, Calls, Decided, Journal, Refused};

pub use replay::{Replay, replayed};

#[doc(hidden)]
pub use authzen::fuzz_authzen;
