//! Who may do what: Cedar policies over one typed schema.
//!
//! [`Policies`] is a set of policies that was checked against the schema as a whole, or a list of
//! everything that is wrong with it; it answers an [`Ask`] with a [`Decision`] that carries its reason
//! in words. Our own policies ([`builtin`]) are ordinary Cedar files from `policies/`.
//!
//! It stops at the decision: who somebody is, which roles they hold now and what the call join knows
//! of them are brought by the caller. It reads no file and no clock, and it is the one crate that
//! names Cedar. What cannot be decided is denied (fails closed).

mod action;
mod ask;
pub mod builtin;
mod change;
mod circumstances;
mod decision;
mod entities;
mod mistake;
mod policies;
mod role;
mod slices;
mod words;

pub use action::{ACTIONS, Action};
pub use ask::{Ask, CallNow, Kind, Subject, Target};
pub use change::{Change, Trace, Verb};
pub use decision::Decision;
pub use mistake::{Mistake, PolicyFile};
pub use policies::{Law, Policies};
pub use role::{Assignment, Program, ROLES, Role};
