//! Events of cloud platforms: contact centers, identity providers, audit trails.
//!
//! A [`Connector`] asks a vendor for what lies behind its [`Cursor`] ([`Pull`]), or takes what the
//! vendor sends ([`Push`]), and hands each record unchanged to the one
//! [`Sink`](ringfence_sources::Sink). What a record means stands in a mapping file, not here. A
//! cursor is saved only after everything before it is durable, and records carry the vendor's own
//! ids, so that a crash at any moment, a retry, an overlap or a replay loses nothing and doubles
//! nothing.
//!
//! [`ConnectorConfig`] is what a person writes; [`Connectors`] runs them all and is what the API
//! asks. Where the crate stops: it reads no record beyond the ids and page marks that it needs, and
//! does not know where cursors are kept ([`Cursors`]).

mod aws;
mod backoff;
mod config;
mod csv;
mod cursor;
mod http;
mod oauth;
mod pull;
mod push;
mod registry;
mod runner;
mod secret;
mod seen;
mod status;
mod vendors;
mod window;

pub use aws::{Credentials, Layout};
pub use backoff::Pace;
pub use config::{Connector, ConnectorConfig, ConnectorMistake};
pub use cursor::{Cursor, Cursors};
pub use http::is_loopback;
pub use pull::{Page, Pull, PullError, Record, Stream};
pub use push::{Push, PushError, PushRequest, Pushed};
pub use registry::{Connectors, ReplayError};
pub use secret::{SecretError, SecretRef, SecretText};
pub use status::{Counters, LastError, Status, StreamStatus};
pub use vendors::{
    BucketConfig, CloudTrailConfig, ConnectConfig, EntraConfig, Five9Config, GenesysConfig,
    OktaConfig, SalesforceConfig, SearchConfig, TwilioConfig,
};

#[doc(hidden)]
pub use csv::fuzz_csv_parts;
