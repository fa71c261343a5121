//! What Ringfence does in the world outside: today, signed webhooks and mail.
//!
//! A webhook is a request that Ringfence sends to an address that a user typed.
//! Two things make that safe: the receiver can prove that the message is ours and
//! fresh (Standard Webhooks signatures, [`WebhookSender`]), and the address cannot
//! be used to reach what only Ringfence's own host can reach ([`Guard`]).
//!
//! Where it stops: it knows no alert and no database. The outbox that holds what is
//! due is a trait ([`Outbox`]); the server implements it over the state store.
//! Blocking, step-down and isolation join here when their issues come.

mod address;
mod allow;
mod connect;
mod guard;
mod mail;
mod outbox;
mod resolve;
mod retry;
mod runner;
mod sender;
mod tls;

pub use address::{Refusal, check_address};
pub use allow::{AllowError, AllowList};
pub use guard::{Blocked, Guard, Target};
pub use mail::{
    Batch, Composed, Item, MailConfig, MailError, MailOutbox, Mailer, Password, Security, compose,
    run_mail,
};
pub use outbox::{Delivery, Outbox, Outcome};
pub use resolve::{Resolve, SystemResolver};
pub use retry::{MAX_ATTEMPTS, next_attempt, retry_after_ms};
pub use runner::{Limits, run};
pub use sender::{SendError, SenderConfig, Sent, WebhookSender};
pub use tls::TlsError;

#[doc(hidden)]
pub use guard::fuzz_guard;
#[doc(hidden)]
pub use mail::{fuzz_address, fuzz_compose, fuzz_reply};
