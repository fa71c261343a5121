//! The call join: who is on the telephone with whom, right now and at any recent moment.
//!
//! [`Join`] is a pure function of the log. Telephony evidence (SIP messages, dialer and PBX
//! events, detail records, agents' sign-ins) goes in as [`ringfence_event::Event`]s; for every
//! event that names an agent, customer, caller or call, [`ringfence_event::CallFacts`] come out.
//! Five ideas carry it:
//!
//! - **A call is a sorted list of marks.** What is known about a call is derived again from all
//!   its marks whenever one is added, so the order of arrival does not matter.
//! - **Judged at the event's own time.** An agent's calls are intervals; a look-up is a question
//!   about one moment, asked again when evidence about that moment comes in late.
//! - **Unknown is not none.** `none` needs proof that the telephony was heard around that moment
//!   (see `source.rs`); else the answer is `unknown` with its reason.
//! - **Trust is kept apart.** A feed that anyone can forge informs, but neither ends a call that a
//!   trusted source began nor changes a role that a trusted source gave.
//! - **Everything is bounded**, and what an outsider can create (calls without an agent) cannot
//!   push out what agents are doing.
//!
//! The crate stops at facts: it opens no source, keeps no clock, fires no rule. Programs and sites
//! are walls: agent `4711` of one is not agent `4711` of another.

mod agent;
mod apply;
mod ask;
mod board;
mod call;
mod calls;
mod config;
mod contacts;
mod describe;
mod hours;
mod join;
mod judge;
mod live;
mod lookups;
mod lru;
mod reading;
mod shown;
mod sight;
mod site;
mod snapshot;
mod source;
mod timeline;

pub use board::{Board, Standing};
pub use config::{JoinConfig, Limits};
pub use hours::{HoursError, OpeningHours};
pub use join::Join;
pub use live::{LiveCall, LiveState, Stats};
pub use snapshot::{SnapshotError, fuzz_snapshot};
