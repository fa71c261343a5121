//! A seeded shift of a contact center: what its systems would report, and the truth behind it.
//!
//! [`Shift`] says how large the center is and what happens in it; [`Shift::run`] gives the
//! [`Story`]: [`Item`]s in the order in which they arrive, and the [`Truth`] (who the insiders
//! are, which look-ups were illegitimate, when the telephony was silent). The same shift gives the
//! same story, byte for byte.
//!
//! The story is told as systems tell it: every item becomes one OCSF event
//! ([`Item::to_ocsf_json`]) that goes through the same intake as real input. Honest work includes
//! all that looks like an insider and is not: after-call work, call-backs, reviews by supervisors,
//! calls that are reported only when they end, a telephony feed that falls silent.
//!
//! The crate stops at making events: it sends nothing and judges nothing.

mod agents;
mod attackers;
mod call;
mod delivery;
mod dice;
mod insiders;
mod item;
mod ocsf;
mod people;
mod shift;
mod signalling;
mod story;
mod truth;
mod world;

pub use item::{Feed, Item, Place};
pub use shift::Shift;
pub use story::Story;
pub use truth::{Illicit, Silence, Truth, Way};
