//! What a user gets from the real program: started, fed, asked, killed and started again.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::print_stdout,
    clippy::print_stderr,
    missing_docs,
    reason = "test code"
)]

mod access;
mod alerts;
#[path = "../../../identity/tests/authenticator/mod.rs"]
#[allow(dead_code, reason = "a part of it is used here")]
mod authenticator;
mod backup;
mod browser;
mod bulk;
mod bundle;
mod certificates;
mod cli;
mod config;
mod connectors;
mod console;
mod contract;
mod crash;
mod disk;
mod doctor;
mod emergencies;
mod engine;
mod evidence;
mod federation;
mod folder;
mod intake;
mod issuer;
mod lake;
mod listeners;
mod mail;
mod neighbours;
mod otlp;
mod passkeys;
mod pbx;
mod people;
mod postgres;
mod reviews;
mod rules;
mod running;
mod scim;
mod shippers;
mod slow;
mod sql;
mod story;
mod understand;
mod upgrade;
mod walk;
mod webhooks;
mod witness;
