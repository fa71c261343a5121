//! The HTTP API: who asks, what they may ask, and what the answer looks like.
//!
//! [`router`] serves everything under one [`App`]: intake, alerts, queries, sources, webhooks,
//! health and metrics. It stops at HTTP: it opens no socket and owns no data. Errors are
//! `application/problem+json` (RFC 9457); `openapi.json` beside this crate is the contract, and a
//! test holds the server to it.

mod acts;
mod alerts;
mod app;
mod auth;
mod authzen;
mod body;
mod bulk;
mod bundle;
mod certificates;
mod connectors;
mod console;
mod elastic;
mod emergencies;
mod events;
mod evidence;
mod gate;
mod groups;
mod health;
mod lake;
mod leftover;
mod manage;
mod me;
mod my_evidence;
mod named;
mod object;
pub mod occasions;
mod otlp;
mod pace;
mod people;
mod policies;
mod preview;
mod problem;
mod query;
mod recorded;
mod records;
mod requests;
mod reviews;
mod routes;
mod rows;
mod rules;
mod saved;
mod scim;
mod services;
mod session;
mod sign_in;
mod sql_shape;
mod stream;
mod timeline;
mod trail;
mod understand;
mod why;

pub use app::{
    App, Evidence, Inside, Limits, LiveCall, Readiness, RuleTrial, TrialError, TrialOver,
    UpkeepJob, Working,
};
pub use auth::{Peer, network_of, origin_of};
pub use body::fuzz_body;
pub use gate::{Needs, Route};
pub use pace::{Paces, Rates};
pub use problem::Problem;
pub use query::{Document, Queries};
pub use routes::{router, routes};
pub use sign_in::SignIn;
pub use trail::Leaves;
