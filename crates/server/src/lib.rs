//! Build, run, drain: the parts of Ringfence wired into one process.
//!
//! [`pipeline`] is the picture: sources, spine, call join, detection, lake, alerts. [`Server`]
//! opens everything, serves, and on the way down stops in the order that loses nothing: listeners
//! first, then intake, then the consumers, then the stores. [`Offline`] is the same pipeline
//! without a spine, for replays at the command line.
//!
//! This crate holds no detection, no parsing and no storage of its own.

mod access_config;
mod access_time;
pub mod backup;
mod bookmarks;
pub mod child;
pub mod clock;
pub mod config;
mod connectors;
mod costs;
mod desk;
pub mod doctor;
mod ending;
mod entries;
mod evidence;
mod evidence_config;
mod folders;
mod gauges;
mod holders;
mod http;
mod inside;
mod lake_config;
mod lifecycle;
mod live;
pub mod logs;
mod mail;
mod metrics;
mod offline;
mod open;
mod operators;
mod outbox;
mod pace;
mod pairing;
mod people;
pub mod pipeline;
pub mod policies;
mod providers;
mod quarantine;
mod queries;
pub mod rules;
mod server;
pub mod store;
mod time_kept;
mod trial;
mod upkeep;
pub mod verification;
mod watch;
mod witness;
mod written;

pub use config::{Config, ConfigError};
pub use mail::MailSettings;
pub use offline::Offline;
pub use open::normaliser;
pub use people::{Recovered, Waiting, recover_administrator};
pub use server::{Server, ServerError};
pub use store::{StateConfig, StorePlaceError};
pub use witness::{LogToFollow, WitnessError, WitnessFile, WitnessProcess};
pub use written::Mistake;
