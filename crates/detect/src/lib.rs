//! Detection: Sigma rules over events and what the call join knows about them.
//!
//! A [`Pack`] is rule texts compiled into one rule set with everything that is wrong with them;
//! a [`Detector`] judges events one after the other and says [`ringfence_event::Finding`]s. Our
//! own rules ([`builtin`]) are ordinary Sigma files from `rules/`.
//!
//! It stops at findings: grouping them into alerts, and doing something about them, is the
//! business of other crates. It reads no file and no clock.

pub mod builtin;
mod cost;
mod counter;
mod detector;
mod message;
mod pack;
mod subject;

pub use cost::costs;
pub use counter::Counter;
pub use detector::{Detector, DetectorError, DetectorStats};
pub use message::{Template, TemplateError};
pub use pack::{Mistake, Pack, PackFile};
pub use ringfence_sigma::{Expect, Outcome, TestFile, run_tests};
pub use subject::Subject;
