//! What a user gets from connectors: against stand-ins for the vendors that speak the shapes that
//! the vendors document, with the real intake and the real event log.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::print_stdout,
    missing_docs,
    reason = "test code"
)]

mod connect;
mod entra;
mod files;
mod genesys;
mod okta;
mod stub;
mod twilio;
mod world;
