//! Alerts by mail: one for an alert, one for many when many come at once.
//!
//! The outbox is the webhooks'. What differs: a mail server is named by the configuration and not
//! by a user, so there is no guard to pass; a recipient is a person, so there is a rate, and what
//! comes faster is told in one mail.
//!
//! The client is our own: what a submission needs of RFC 5321 is a page, and it shares the trust in
//! certificates with the webhooks.

mod address;
mod mailer;
mod message;
mod reply;
mod runner;
mod session;
mod text;

pub use mailer::{MailConfig, MailError, Mailer, Password, Security};
pub use runner::{Batch, Item, MailOutbox, run_mail};
pub use text::{Composed, compose};

#[doc(hidden)]
pub use address::fuzz_address;
#[doc(hidden)]
pub use reply::fuzz_reply;
#[doc(hidden)]
pub use text::fuzz_compose;
