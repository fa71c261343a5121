//! One file a command.

pub mod alerts;
pub mod backup;
pub mod certificate;
pub mod child;
pub mod connectors;
pub mod doctor;
pub mod explain;
pub mod hunt;
mod inputs;
pub mod lake;
pub mod mail;
pub mod manual;
pub mod map;
mod mirror;
pub mod policy;
pub mod query;
pub mod recover;
pub mod replay;
pub mod rules;
pub mod serve;
pub mod service;
pub mod simulate;
pub mod source;
pub mod state;
pub mod status;
pub mod verify;
pub mod witness;
